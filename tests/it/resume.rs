//! Checkpoints, forks, interruption and limits, as a user meets them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::cli::{directory, files, run, shakedown, stderr, stdout};

const SCENARIO: &str = "scenarios/node-failure";

/// A run with checkpoints into a fresh directory.
fn checkpointed(name: &str) -> std::path::PathBuf {
    let dir = directory(name).join("run");
    let out = dir.to_str().unwrap();
    let output =
        run(&["run", SCENARIO, "--out", out, "--plots", "svg", "--report", "-q", "--checkpoint-every", "3m"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    dir
}

fn go_on(from: &Path, more: &[&str]) -> std::process::Output {
    run(&[&["run", "-q", "--from", from.to_str().unwrap()], more].concat())
}

#[test]
fn a_continued_run_equals_the_uninterrupted_one_byte_for_byte() {
    let dir = checkpointed("continued");
    let whole = files(&dir);
    for checkpoint in ["3m0s", "9m0s"] {
        // As if the program had been killed some time after the checkpoint.
        let trace = fs::read(dir.join("trace.csv")).unwrap();
        fs::rename(dir.join("trace.jsonl"), dir.join("trace.jsonl.part")).unwrap();
        fs::write(dir.join("trace.csv.part"), &trace[..trace.len() - 1000]).unwrap();
        for gone in ["summary.json", "metrics.csv", "events.csv", "trace.csv"] {
            fs::remove_file(dir.join(gone)).unwrap();
        }
        let output = go_on(&dir.join(format!("checkpoints/{checkpoint}.checkpoint")), &[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(files(&dir) == whole, "from {checkpoint}");
    }
    // From the directory: the last one. To another place: everything anew.
    let elsewhere = directory("continued-elsewhere").join("run");
    let output = go_on(&dir, &["--out", elsewhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let same = |name: &str| fs::read(dir.join(name)).unwrap() == fs::read(elsewhere.join(name)).unwrap();
    assert!(["trace.csv", "trace.jsonl", "summary.json", "report.html"].into_iter().all(same));
}

#[test]
fn what_is_not_as_it_was_is_refused() {
    let dir = checkpointed("refused");
    let path = dir.join("checkpoints/6m0s.checkpoint");
    let whole = fs::read_to_string(&path).unwrap();
    let refuses = |expected: &str| {
        let before = fs::read(dir.join("trace.csv")).ok();
        let output = go_on(&path, &[]);
        assert_eq!(output.status.code(), Some(2), "{expected}");
        assert!(stderr(&output).contains(expected), "{expected}: {}", stderr(&output));
        assert_eq!(fs::read(dir.join("trace.csv")).ok(), before);
    };
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refuses("the checkpoint is not whole");
    fs::write(&path, whole.replacen("\"events\":", "\"events\":1", 1)).unwrap();
    refuses("the checkpoint was changed since it was written");
    fs::write(&path, whole.replacen("checkpoint 1", "checkpoint 7", 1)).unwrap();
    refuses("a checkpoint of format 7; this program reads format 1");
    fs::write(&path, &whole).unwrap();
    let inputs = fs::read_to_string(dir.join("inputs.json")).unwrap();
    fs::write(dir.join("inputs.json"), inputs.replacen("replicas: ", "replicas: 1", 1)).unwrap();
    refuses("is not what");
    fs::write(dir.join("inputs.json"), inputs.replacen("\"format\": 1", "\"format\": 2", 1)).unwrap();
    refuses("only the same version repeats a run exactly");
    fs::write(dir.join("inputs.json"), inputs).unwrap();
    let mut trace = fs::read(dir.join("trace.csv")).unwrap();
    trace[500] ^= 1;
    fs::write(dir.join("trace.csv"), &trace).unwrap();
    let output = go_on(&path, &[]);
    assert!(stderr(&output).contains("it was changed since"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_fork_without_effect_is_the_run_itself() {
    let dir = checkpointed("forked");
    let root = directory("forks");
    let fork = |name: &str, base: &Path, patch: &str| {
        let (with, out) = (root.join(format!("{name}.yaml")), root.join(name));
        fs::write(&with, patch).unwrap();
        let words = ["fork", base.to_str().unwrap(), "--at", "6m", "--with", with.to_str().unwrap()];
        (run(&[&words[..], &["--out", out.to_str().unwrap(), "--force"]].concat()), out)
    };
    let scenario = |spec: &str| {
        format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: patch}}\nspec: {spec}\n"
        )
    };
    let (output, out) = fork("nothing", &dir, &scenario("{steps: []}"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in ["trace.csv", "trace.jsonl", "summary.json"] {
        assert!(fs::read(dir.join(name)).unwrap() == fs::read(out.join(name)).unwrap(), "{name}");
    }
    let crash = "{steps: [{at: 7m, fault: {nodeCrash: {node: worker-1}}}, {at: 7m, fault: {nodeCrash: {node: worker-3}}}]}";
    let (output, out) = fork("crash", &dir.join("checkpoints/3m0s.checkpoint"), &scenario(crash));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("MISSED WITH THE CHANGE"), "{}", stdout(&output));
    // The history is shared up to the change, and only up to it.
    let (ours, theirs) = (
        fs::read_to_string(dir.join("trace.csv")).unwrap(),
        fs::read_to_string(out.join("trace.csv")).unwrap(),
    );
    let first = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b).unwrap();
    assert!(first.1.starts_with("420.000,") && first.1.contains("nodeCrash"), "{first:?}");
    // A fork is a run like any other: it can be forked again.
    let (output, again) = fork("again", &out, &scenario("{steps: []}"));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(fs::read(out.join("trace.csv")).unwrap() == fs::read(again.join("trace.csv")).unwrap());

    let (output, _) = fork("early", &dir, &scenario("{steps: [{at: 2m, kubectl: cordon worker-1}]}"));
    assert!(stderr(&output).contains("2m0s is before the fork at 6m0s"), "{}", stderr(&output));
    let (output, _) = fork("seed", &dir, &scenario("{seed: 7}"));
    assert!(stderr(&output).contains("`seed` cannot change on the way"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_interrupted_run_keeps_what_it_has_and_says_that_it_is_partial() {
    let root = directory("interrupted");
    // Long enough that nobody sees its end.
    let scenario = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: long}\nspec: {duration: 87600h}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: a:1}]}\n---\n\
        apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: any}\n\
        spec: {match: {image: \"*\"}, exits: [{after: 20m, code: 1}]}\n";
    fs::write(root.join("long.yaml"), scenario).unwrap();
    let args = ["run", "long.yaml", "--out", "out", "--trace", "csv,jsonl", "--plots", "none"];
    let mut child = shakedown(&args);
    child.current_dir(&root).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = child.spawn().unwrap();
    let trace = root.join("out/trace.csv.part");
    while fs::metadata(&trace).map_or(0, |metadata| metadata.len()) < 100_000 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stdout(&output).contains("PARTIAL: interrupted at"), "{}", stdout(&output));
    assert!(
        stderr(&output).contains("go on with: shakedown run --from out/checkpoints/"),
        "{}",
        stderr(&output)
    );

    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(root.join("out/summary.json")).unwrap()).unwrap();
    assert!(summary["partial"].as_str().unwrap().starts_with("interrupted at"), "{summary}");
    let rows = fs::read_to_string(root.join("out/trace.csv")).unwrap();
    let last = rows.lines().last().unwrap();
    assert!(rows.ends_with('\n') && last.contains(",shakedown,Run,,,Stopped,Interrupted,"), "{last}");
    let lines = fs::read_to_string(root.join("out/trace.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), rows.lines().count() - 1);
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert_eq!(summary["digest"], blake3_of(&rows));
}

fn blake3_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[test]
fn a_run_that_grows_too_large_is_stopped_and_says_how_to_go_on() {
    let output = run(&["run", SCENARIO, "--max-events", "200"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("more than 200 events, the limit for one run (raise it with --max-events)"),
        "{text}"
    );
    assert!(stdout(&output).contains("PARTIAL: stopped at"), "{}", stdout(&output));
    let output = run(&["run", SCENARIO, "--max-objects", "12"]);
    assert!(stderr(&output).contains("more than 12 objects"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["run", SCENARIO, "--max-memory", "1Mi"]);
    assert!(stderr(&output).contains("more than --max-memory allows"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}
