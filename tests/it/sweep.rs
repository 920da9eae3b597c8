//! `shakedown sweep`: the same bytes for any number of threads, after an interruption, and from shards.

use std::fs;
use std::path::Path;

use super::cli::{directory, run, stderr, stdout};

const SCENARIO: &str = "scenarios/random-failures";

/// Sweeps a few short runs into a directory.
fn sweep(out: &Path, more: &[&str]) -> std::process::Output {
    let out = out.to_str().unwrap();
    let fixed = ["sweep", SCENARIO, "--until", "4m", "--out", out];
    let vary = [
        "--vary",
        "spec.settings.nodeMonitorGracePeriod=20s,50s",
        "--vary",
        "deployment/web:spec.replicas=3,6",
    ];
    let args: Vec<&str> = fixed.iter().chain(&vary).chain(more).copied().collect();
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

/// All files of a directory with their bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            found.extend(files(&entry).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            found.push((name, fs::read(&entry).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn threads_interruptions_and_shards_leave_no_mark() {
    let dir = directory("sweep");
    let [one, two, torn, whole] = ["one", "two", "torn", "whole"].map(|name| dir.join(name));
    let output = sweep(&one, &["--seeds", "3", "--jobs", "1"]);
    assert!(stdout(&output).contains("4 points, 3 seeds each"), "{}", stdout(&output));
    let expected = files(&one);
    let names: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"runs.csv") && names.contains(&"differences.csv"), "{names:?}");
    for kind in ["distribution.svg", "heat-map.svg", "tornado.svg"] {
        assert!(names.iter().any(|name| name.ends_with(kind)), "no {kind} in {names:?}");
    }

    sweep(&two, &["--seeds", "3", "--jobs", "3"]);
    assert_eq!(files(&two), expected);

    // Interrupted in the middle of the fifth row.
    sweep(&torn, &["--seeds", "1"]);
    let runs = fs::read_to_string(torn.join("runs.csv")).unwrap();
    fs::remove_file(torn.join("runs.csv")).unwrap();
    fs::write(torn.join("runs.journal.csv"), &runs[..runs.len() - 20]).unwrap();
    sweep(&torn, &["--seeds", "3"]);
    assert_eq!(files(&torn), expected);

    let shards = [1, 2, 3].map(|index| dir.join(format!("shard-{index}")));
    for (index, shard) in (1..).zip(&shards) {
        sweep(shard, &["--seeds", "3", "--shard", &format!("{index}/3")]);
    }
    let merge = |dirs: &[&Path]| {
        let mut args = vec!["sweep", "merge", "--out", whole.to_str().unwrap()];
        args.extend(dirs.iter().map(|dir| dir.to_str().unwrap()));
        run(&args)
    };
    let lacking = merge(&[&shards[0], &shards[2]]);
    assert_eq!(lacking.status.code(), Some(2));
    assert!(stderr(&lacking).contains("missing shards: 2/3"), "{}", stderr(&lacking));
    let merged = merge(&[&shards[2], &shards[0], &shards[1]]);
    assert_eq!(merged.status.code(), Some(0), "{}", stderr(&merged));
    assert_eq!(files(&whole), expected);
}

#[test]
fn a_run_of_a_sweep_is_the_run_of_that_seed() {
    let dir = directory("sweep-run");
    sweep(&dir, &["--seeds", "2..2", "--plots", "none"]);
    let runs = fs::read_to_string(dir.join("runs.csv")).unwrap();
    let row = runs.lines().find(|line| line.contains(",2,50s,6,")).unwrap_or_else(|| panic!("{runs}"));
    let text = fs::read_to_string(Path::new(SCENARIO).join("scenario.yaml")).unwrap();
    let text = text.replace("{jitter: true}", "{nodeMonitorGracePeriod: 50s, jitter: true}");
    let web = fs::read_to_string(Path::new(SCENARIO).join("web.yaml"))
        .unwrap()
        .replace("replicas: 60", "replicas: 6");
    fs::write(dir.join("scenario.yaml"), text + "---\n" + &web).unwrap();
    let path = dir.join("scenario.yaml");
    let output = run(&["run", path.to_str().unwrap(), "--seed", "2", "--until", "4m"]);
    let digest = stdout(&output).lines().find_map(|line| line.strip_prefix("digest ")).unwrap();
    assert!(row.contains(digest), "{row}\n{digest}");
}

#[test]
fn precision_stops_at_the_same_seed_for_any_number_of_threads() {
    let dir = directory("sweep-precision");
    let few = |name: &str, jobs: &str| {
        let out = dir.join(name);
        // Known from the first look on: nothing varies so early.
        sweep(&out, &["--seeds", "60", "--precision", "pods_created=1", "--plots", "none", "--jobs", jobs]);
        fs::read_to_string(out.join("runs.csv")).unwrap()
    };
    let (one, three) = (few("one", "1"), few("three", "3"));
    assert_eq!(one, three);
    assert_eq!(one.lines().count(), 1 + 20 * 4);
}

#[test]
fn what_cannot_be_swept_is_refused() {
    let dir = directory("sweep-bad");
    let refused = |args: &[&str], expected: &str| {
        let mut all = vec!["sweep", SCENARIO, "--out", dir.to_str().unwrap()];
        all.extend(args);
        let output = run(&all);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
    };
    refused(&["--seeds", "none"], "names no seeds");
    refused(&["--shard", "4/3"], "is no shard");
    refused(&["--vary", "spec.seed"], "has no values");
    refused(&["--vary", "spec.settings.nodeMonitorGracePeriodd=20s"], "nodeMonitorGracePeriod");
    refused(&["--vary", "deployment/wep:spec.replicas=1"], "did you mean `deployment/web`?");
    refused(&["--vary", "spec.steps[99].at=1m"], "a list of 20");
    refused(&["--precision", "unavailabel_s=1"], "did you mean `unavailable_s`?");
    assert_eq!(run(&["sweep", "merge", "nowhere", "--out", "x"]).status.code(), Some(2));
}

#[test]
fn a_directory_of_another_sweep_is_left_alone() {
    let dir = directory("sweep-other");
    sweep(&dir, &["--seeds", "1", "--plots", "none"]);
    let out = dir.to_str().unwrap();
    let output = run(&["sweep", SCENARIO, "--until", "5m", "--seeds", "1", "--out", out]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("already holds another sweep"), "{}", stderr(&output));
}

/// The shell command of the only container of a Job in `scale-out/`.
fn command_of(manifest: &str) -> String {
    let text = fs::read_to_string(Path::new("scale-out").join(manifest)).unwrap();
    let after = text.split_once("exec shakedown").unwrap().1;
    let end = after
        .find(['"', ']'])
        .filter(|_| manifest.starts_with("merge"))
        .unwrap_or_else(|| after.find("\n        resources").unwrap());
    format!("exec shakedown{}", after[..end].replace('\n', " "))
}

#[test]
fn the_jobs_of_a_kubernetes_cluster_do_a_sweep() {
    let dir = directory("sweep-jobs");
    let scenario = fs::canonicalize(SCENARIO).unwrap();
    let shell = |command: &str, index: usize| {
        let here = command
            .replace("exec shakedown", &format!("exec '{}'", env!("CARGO_BIN_EXE_shakedown")))
            .replace("/scenario ", &format!("{} --until 2m --plots none ", scenario.display()))
            .replace("/results", dir.to_str().unwrap());
        let done = std::process::Command::new("sh")
            .args(["-c", &here])
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .output()
            .unwrap();
        assert!(done.status.success(), "{here}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let shard = command_of("indexed-job.yaml").replace("--seeds 10000", "--seeds 2").replace("/16", "/3");
    (0..3).for_each(|index| shell(&shard, index));
    shell(&command_of("merge-job.yaml"), 0);
    let runs = fs::read_to_string(dir.join("whole/runs.csv")).unwrap();
    assert_eq!(runs.lines().count(), 1 + 2 * 3, "two seeds at three points: {runs}");

    // The completions and the parts are as many, and Kubernetes would take both manifests.
    let text = fs::read_to_string("scale-out/indexed-job.yaml").unwrap();
    assert!(text.contains("completions: 16") && command_of("indexed-job.yaml").contains("/16"));
    for manifest in ["scale-out/indexed-job.yaml", "scale-out/merge-job.yaml"] {
        let output = run(&["lint", manifest]);
        assert_ne!(output.status.code(), Some(2), "{manifest}: {}", stderr(&output));
    }
}
