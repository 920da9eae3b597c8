//! The binary as people use it: what it prints, where, and how it ends.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SCENARIO: &str = "scenarios/node-failure";

pub(crate) fn shakedown(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

pub(crate) fn run(args: &[&str]) -> Output {
    shakedown(args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// A directory of its own for a test.
pub(crate) fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// `validate` refuses the bytes with exit status 2 and an error at a place.
fn refuses(name: &str, bytes: &[u8], expected: &str) {
    let path = directory("bad").join(name);
    fs::write(&path, bytes).unwrap();
    let output = run(&["validate", path.to_str().unwrap()]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{name}: {text}");
    assert!(text.contains(expected), "{name}: expected {expected:?} in\n{text}");
    assert!(text.contains(name), "{name} is not named in\n{text}");
    assert!(output.stdout.is_empty(), "{name}");
}

const HEAD: &str = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: bad}\nspec:\n";

#[test]
fn bad_files_are_refused_at_their_place() {
    let scenario = |rest: &str| format!("{HEAD}{rest}").into_bytes();
    refuses("field.yaml", &scenario("  durration: 5m\n"), "durration");
    refuses("unit.yaml", &scenario("  duration: 5 parsecs\n"), "parsecs");
    let step = "  steps:\n  - {at: 1m, fault: {nodeCrash: {node: worker-99}}}\n";
    refuses("missing.yaml", &scenario(step), "worker-99");
    refuses("line.yaml", &scenario("  steps:\n  - {at: 1m, kubectl: scael deploy web}\n"), "scale");
    refuses("cycle.yaml", b"a: &a\n  b: *a\n", "cycle.yaml:");
    refuses("deep.yaml", "[".repeat(10_000).as_bytes(), "deep.yaml:");
    refuses("binary.yaml", &[0xff, 0xfe, 0x00, 0x9d, 0x01], "binary.yaml");
}

#[test]
fn objects_are_shown_as_kubectl_shows_them() {
    let output = run(&["get", "nodes", "--at", "1m", "-o", "name", SCENARIO]);
    assert_eq!(stdout(&output), "node/worker-1\nnode/worker-2\nnode/worker-3\n", "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    let output = run(&["get", "pod", "nobody", SCENARIO]);
    assert_eq!(stderr(&output), "Error from server (NotFound): pods \"nobody\" not found\n");
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["get", "pdos", SCENARIO]);
    let words = "error: the server doesn't have a resource type \"pdos\"\ndid you mean `pods`?\n";
    assert_eq!(stderr(&output), words);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_recorded_run_shows_what_the_live_one_shows() {
    let out = directory("recorded").join("run");
    let dir = out.to_str().unwrap();
    let output = run(&["run", SCENARIO, "--out", dir, "--trace", "jsonl", "--plots", "none", "--quiet"]);
    assert_ne!(output.status.code(), Some(2), "{}", stderr(&output));
    for at in ["0s", "30s", "5m", "6m30s", "12m"] {
        for what in ["pods", "nodes", "deployments", "replicasets", "endpointslices", "events"] {
            let words = ["get", what, "-A", "-o", "json", "--at", at];
            let live = run(&[&words[..], &[SCENARIO]].concat());
            let replayed = run(&[&words[..], &[dir]].concat());
            assert_eq!(stdout(&live), stdout(&replayed), "{what} at {at}: {}", stderr(&replayed));
        }
    }
}

#[test]
fn causes_lead_back_to_the_scenario() {
    let output = run(&["why", "node/worker-1", "--at", "1m", SCENARIO]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).lines().count() >= 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = shakedown(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
    let _ = std::io::stdout().flush();
}

/// All files below a directory with their bytes.
pub(crate) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path.strip_prefix(dir).unwrap().to_owned(), bytes));
            }
        }
    }
    found.sort();
    found
}
