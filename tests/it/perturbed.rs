//! Every shipped scenario in two surroundings that differ in everything a run must not depend on: all bytes of all
//! outputs are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cli::{directory, files, run, shakedown, stderr, stdout};
use super::determinism::shipped_folders;

/// What surrounds a run.
struct Surroundings {
    directory: &'static str,
    zone: &'static str,
    language: &'static str,
    /// Bytes of an environment variable that nobody reads: it moves the stack and everything on it.
    environment: usize,
    hash_seed: &'static str,
}

const HERE: Surroundings =
    Surroundings { directory: "a", zone: "UTC", language: "C", environment: 0, hash_seed: "0" };
const ELSEWHERE: Surroundings = Surroundings {
    directory: "somewhere/else entirely/ünder",
    zone: "America/St_Johns",
    language: "tr_TR.UTF-8",
    environment: 100_000,
    hash_seed: "12345",
};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Runs the scenario in a copy of its folder; returns all files and what was printed.
fn outputs(folder: &Path, root: &Path, around: &Surroundings) -> Vec<(PathBuf, Vec<u8>)> {
    let place = root.join(around.directory);
    copy(folder, &place.join("scenario"));
    // Pixels take most of the time of an unoptimised build, so one scenario has to do for them.
    let plots = if folder.ends_with("node-failure") { "svg,png" } else { "svg" };
    let args =
        ["run", "scenario", "--out", "out", "--report", "--plots", plots, "--hash-seed", around.hash_seed];
    let mut command = shakedown(&args);
    command.current_dir(&place).env("TZ", around.zone).env("LANG", around.language);
    command.env("LC_ALL", around.language).env("PADDING", "x".repeat(around.environment));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {}", folder.display(), stderr(&output));
    let mut found = files(&place.join("out"));
    found.push(("stdout".into(), output.stdout));
    found.push(("stderr".into(), output.stderr));
    found
}

fn compare(folder: &Path, root: &Path) {
    let (ours, theirs) = (outputs(folder, root, &HERE), outputs(folder, root, &ELSEWHERE));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs), "{}", folder.display());
    assert!(ours.iter().any(|(name, _)| name.ends_with("trace.jsonl")), "{}", folder.display());
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(ours == theirs, "{}: {} differs", folder.display(), name.display());
    }
}

#[test]
fn no_byte_depends_on_the_surroundings() {
    let folders = shipped_folders();
    let root = directory("perturbed");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((at, folder)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| folders.get(at).map(|folder| (at, folder)))
                {
                    compare(folder, &root.join(at.to_string()));
                }
            });
        }
    });
}

#[test]
fn check_determinism_compares_two_runs_in_one_process() {
    let output = run(&["run", "scenarios/node-failure", "--check-determinism", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("records each: all equal"), "{}", stdout(&output));
}
