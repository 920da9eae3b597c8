//! `shakedown lesson` as learners see it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn lesson(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .arg("lesson")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// An empty directory.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_course_is_listed_by_parts() {
    let output = lesson(&[]);
    let list = text(&output.stdout);
    assert!(list.starts_with("The cluster\n   1  what-a-cluster-is "), "{list}");
    assert!(list.contains("\n\nProbes\n"), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 100), "{list}");
    assert!(text(&lesson(&["--lang", "zh"]).stdout).starts_with("集群\n   1  what-a-cluster-is "));
}

#[test]
fn a_lesson_asks_runs_and_answers() {
    for language in ["en", "zh"] {
        let output = lesson(&["exit-code-137", "--lang", language]);
        assert_eq!(output.status.code(), Some(0));
        insta::assert_snapshot!(format!("lesson-{language}"), text(&output.stdout));
    }
    // By number, and with the language that there is.
    let output = lesson(&["17", "--lang", "fr"]);
    assert!(text(&output.stdout).starts_with("137: out of memory"));
    assert!(text(&output.stderr).contains("there is no text in `fr`"));
}

#[test]
fn runs_are_compared() {
    let output = lesson(&["scheduling-policies"]);
    let shown = text(&output.stdout);
    for run in ["# at 1m0s\n", "# at 1m0s in packed\n", "# at 1m0s in firstFit\n"] {
        assert!(shown.contains(run), "{shown}");
    }
}

#[test]
fn an_exercise_is_copied_changed_and_checked() {
    let copy = fresh("lesson-try").join("try");
    let path = copy.to_str().unwrap();
    assert_eq!(lesson(&["throttling", "--copy", path]).status.code(), Some(0));
    let check = || lesson(&["throttling", "--check", path]);
    let before = check();
    assert_eq!(before.status.code(), Some(1));
    assert!(text(&before.stdout).ends_with("Not yet.\n"), "{}", text(&before.stdout));
    let solution = lesson(&["throttling", "--solution"]);
    let changes = text(&solution.stdout).lines().filter(|line| !line.is_empty());
    let (old, new): (Vec<&str>, Vec<&str>) = changes.partition(|line| line.starts_with("- "));
    let file = copy.join("scenario.yaml");
    let scenario = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, scenario.replace(&old[0][2..], &new[0][2..])).unwrap();
    let after = check();
    assert_eq!(after.status.code(), Some(0), "{}", text(&after.stdout));
    assert!(text(&after.stdout).ends_with("Solved.\n"));
    // Nobody's work is overwritten.
    assert_eq!(lesson(&["throttling", "--copy", path]).status.code(), Some(2));
}

#[test]
fn what_is_not_there_is_said() {
    let output = lesson(&["exit-code-136"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `exit-code-13"), "{}", text(&output.stderr));
    assert_eq!(lesson(&["throttling", "--check", "no-such-file.yaml"]).status.code(), Some(2));
}

#[test]
fn anybody_can_add_a_lesson() {
    let dir = fresh("lesson-own");
    let write = |name: &str, content: &str| std::fs::write(dir.join(name), content).unwrap();
    write(
        "scenario.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web:1}]}\n",
    );
    write(
        "en.md",
        "# Mine\n\nHello.\n\n## Q\n\nWhere?\n\n## R\n\n## A\n\nOn {{get pod web {.spec.nodeName} at 30s}}.\n\n## E\n\nNone.\n",
    );
    let output = lesson(&[dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\nA\n-\n\nOn "), "{}", text(&output.stdout));
    write("en.md", "# Mine\n\n{{get pod web}}\n");
    let output = lesson(&[dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("en.md:3: "), "{}", text(&output.stderr));
}
