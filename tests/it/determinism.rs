//! Same scenario, same seed: the same records. And leaving out events that change nothing changes nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use shakedown::kernel::SimTime;
use shakedown::scenario::{Scenario, any_line, load};
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::export::CsvWriter;

/// The folder of every shipped scenario.
pub(crate) fn shipped_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut folders = Vec::new();
    collect(&root, &mut folders);
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

/// Every shipped scenario that needs nothing but its own folder.
pub(crate) fn shipped() -> Vec<Scenario> {
    shipped_folders().iter().map(|folder| loaded(folder)).collect()
}

fn loaded(folder: &Path) -> Scenario {
    load(&[folder.to_path_buf()], &any_line)
        .unwrap_or_else(|problems| panic!("{}: {}", folder.display(), problems.render(false)))
}

fn collect(dir: &Path, folders: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        if path.join("scenario.yaml").exists() { folders.push(path) } else { collect(&path, folders) }
    }
}

fn trace_of(scenario: &Scenario, options: &RunOptions) -> (String, String) {
    let mut bytes = Vec::new();
    let mut writer = CsvWriter::new(&mut bytes);
    let mut simulation = Simulation::new(scenario, options);
    simulation.run_until(SimTime::MAX, &mut |record| writer.write(record).unwrap()).unwrap();
    simulation.finish(&mut |record| writer.write(record).unwrap());
    let digest = writer.finish().unwrap();
    (digest, String::from_utf8(bytes).unwrap())
}

/// The first line in which two traces differ.
fn first_difference(a: &str, b: &str) -> String {
    let differing = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    differing.map_or_else(|| "one is longer".to_owned(), |(a, b)| format!("{a}\n{b}"))
}

#[test]
fn two_runs_give_the_same_trace() {
    for scenario in shipped() {
        let options = RunOptions::default();
        let (first, second) = (trace_of(&scenario, &options), trace_of(&scenario, &options));
        assert_eq!(first.0, second.0, "{}: {}", scenario.name, first_difference(&first.1, &second.1));
    }
}

#[test]
fn simulating_every_tick_gives_the_same_trace() {
    for scenario in shipped() {
        let lazy = trace_of(&scenario, &RunOptions::default());
        let eager = trace_of(&scenario, &RunOptions { eager: true, ..RunOptions::default() });
        assert_eq!(lazy.0, eager.0, "{}: {}", scenario.name, first_difference(&lazy.1, &eager.1));
    }
}

#[test]
fn a_fork_goes_on_as_the_original_does() {
    let scenario = &shipped()[0];
    let run = |simulation: &mut Simulation| {
        let mut rows = Vec::new();
        simulation.run_until(SimTime::MAX, &mut |record| rows.push(format!("{record:?}"))).unwrap();
        rows
    };
    let mut original = Simulation::new(scenario, &RunOptions::default());
    original.run_until(SimTime::from_secs(200), &mut |_| {}).unwrap();
    let mut fork = original.clone();
    assert_eq!(run(&mut original), run(&mut fork));
}

#[test]
fn an_unrelated_pod_shifts_no_random_draw() {
    use shakedown::scenario::from_text;
    let scenario = |extra: &str| {
        from_text(
            "draws.yaml",
            &format!(
                "apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: draws}}
spec: {{duration: 5m, timing: ideal}}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {{name: any}}
spec:
  match: {{image: \"*\"}}
  exits: [{{after: {{exponential: {{mean: 40s}}}}, code: 1}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: watched}}
spec: {{containers: [{{name: c, image: a:1}}]}}
{extra}"
            ),
        )
        .unwrap()
    };
    let exits = |scenario: &Scenario| {
        let (_, trace) = trace_of(scenario, &RunOptions::default());
        let rows = trace.lines().filter(|row| row.contains("watched") && row.contains("ContainerExited"));
        rows.map(|row| row.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let alone = exits(&scenario(""));
    let other = "---
apiVersion: v1
kind: Pod
metadata: {name: another}
spec: {containers: [{name: c, image: a:1}]}
";
    assert!(!alone.is_empty());
    assert_eq!(alone, exits(&scenario(other)));
}

/// The digests in `results/digests.md` are a promise: a change of one belongs into the changelog. With `BLESS` in the
/// environment the table is written anew instead of checked.
#[test]
fn digests_are_those_that_were_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut table = String::from(
        "# Shipped scenarios\n\nDigests at the shipped seeds, the same on every machine. Made by `BLESS=1 cargo test digests`.\n\n\
         | scenario | digest of trace.csv |\n|---|---|\n",
    );
    for folder in shipped_folders() {
        let name = folder.strip_prefix(root.join("scenarios")).unwrap().display();
        let digest = trace_of(&loaded(&folder), &RunOptions::default()).0;
        writeln!(table, "| {name} | `{digest}` |").unwrap();
    }
    let path = root.join("results/digests.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    for (now, then) in table.lines().zip(published.lines()) {
        assert_eq!(now, then, "a digest has changed");
    }
    assert_eq!(table.lines().count(), published.lines().count(), "every scenario is listed");
}
