//! `shakedown lint` as users see it, and its findings over other people's manifests.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn lint(args: &[&str]) -> (Option<i32>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .arg("lint")
        .args(args)
        .current_dir(root)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_finding_is_shown_with_its_line_and_its_proof() {
    let (status, text) =
        lint(&["--only", "grace-period-too-short", "assets/lint/grace-period-too-short.bad.yaml"]);
    assert_eq!(status, Some(0), "a warning is no failure by default");
    let expected = "\
warning[grace-period-too-short]: Deployment default/web: container `web` needs 35s to stop (preStop 15 s, shutdown 20s) and has 30 s
  --> assets/lint/grace-period-too-short.bad.yaml:16:30
   |
16 |         lifecycle: {preStop: {sleep: {seconds: 15}}}
   |                              ^^^^^^^^^^^^^^^^^^^^^^
   |
   = note: shown by a run: deleted at 1m0s, the program is killed before it has stopped
               1m15s  SIGTERM to container app
               1m30s  SIGKILL to container app
               1m30s  container app ended with exit code 137 (Error), restart 0
   = help: make terminationGracePeriodSeconds longer than preStop plus shutdown

0 errors, 1 warning and 0 notes in 1 file
";
    assert_eq!(text, expected);
}

#[test]
fn the_exit_status_follows_deny() {
    let file = "assets/lint/latest-tag.bad.yaml";
    let only = ["--only", "latest-tag", file];
    for (level, status) in [("never", 0), ("error", 0), ("warning", 1), ("note", 1)] {
        let args: Vec<&str> = ["--deny", level].into_iter().chain(only).collect();
        assert_eq!(lint(&args).0, Some(status), "--deny {level}");
    }
    assert_eq!(lint(&["--only", "latest-tga", file]).0, Some(2), "an unknown rule is bad usage");
    assert_eq!(lint(&["no-such-file.yaml"]).0, Some(2));
    // Other tools' names work too.
    assert_eq!(lint(&["--deny", "warning", "--only", "container-image-tag", file]).0, Some(1));
    assert_eq!(
        lint(&["--deny", "warning", "--skip", "kube-linter:latest-tag", "--only", "latest-tag", file]).0,
        Some(0)
    );
}

/// `results/lint.md` has a verdict for every finding over the real manifests, and for nothing else.
#[test]
fn every_finding_over_real_manifests_has_a_verdict() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../shared/data/manifests");
    if !folder.is_dir() {
        eprintln!("not checked: there is no {}", folder.display());
        return;
    }
    let page = std::fs::read_to_string(root.join("results/lint.md")).unwrap();
    let listed: BTreeSet<(String, String, String)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let rule = cells.next()?.trim_end_matches('`').to_owned();
            Some((rule, cells.next()?.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    let mut found = BTreeSet::new();
    for name in ["online-boutique", "examples"] {
        let (_, text) = lint(&["-o", "json", &format!("../shared/data/manifests/{name}")]);
        let findings: serde_json::Value = serde_json::from_str(&text).unwrap();
        for finding in findings.as_array().unwrap() {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            let file = text("file").rsplit('/').next().unwrap().to_owned();
            found.insert((text("rule"), text("object"), format!("{file}:{}", finding["line"])));
        }
    }
    let missing: Vec<_> = found.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "without verdict: {missing:?}\nno longer found: {stale:?}"
    );
}
