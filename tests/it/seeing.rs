//! What people see of a run that is over: causes, comparison. Snapshots of the whole output.

use std::fmt::Write as _;
use std::fs;

use crate::cli::{directory, run, stderr, stdout};

/// A command line, its exit status and what it printed.
pub(crate) fn shown(args: &[&str]) -> String {
    let output = run(args);
    let mut text = format!("$ shakedown {}\n", args.join(" "));
    text.push_str(&without_digests(stdout(&output)));
    for line in stderr(&output).lines() {
        let _ = writeln!(text, "[stderr] {line}");
    }
    let _ = writeln!(text, "[exit status {}]", output.status.code().unwrap());
    text
}

/// Digests have a table of their own.
fn without_digests(text: &str) -> String {
    let mut parts = text.split("digest ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("digest ...");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    out
}

#[test]
fn why_tells_the_chain_to_the_fault() {
    let args = ["why", "pod/web-1", "--at", "6m40s", "--event", "restart", "scenarios/dependency-outage"];
    insta::assert_snapshot!(shown(&args));
}

#[test]
fn why_tells_a_cycle_once() {
    insta::assert_snapshot!(shown(&[
        "why",
        "pod/sick",
        "--at",
        "200s",
        "--event",
        "restart",
        "scenarios/liveness-restart"
    ]));
}

#[test]
fn why_says_what_might_have_been_meant() {
    insta::assert_snapshot!(shown(&["why", "pod/web-2", "scenarios/dependency-outage"]));
}

#[test]
fn diff_of_a_run_with_itself_finds_nothing() {
    let scenario = "scenarios/dependency-outage";
    insta::assert_snapshot!(shown(&["diff", scenario, scenario]));
}

#[test]
fn diff_shows_where_two_runs_part_and_the_effect() {
    let dir = directory("diff");
    let text = fs::read_to_string("scenarios/node-failure/scenario.yaml").unwrap();
    let quick = text
        .replace("kubernetes: \"1.34\"", "kubernetes: \"1.34\"\n  settings: {nodeMonitorGracePeriod: 20s}");
    assert_ne!(text, quick);
    fs::write(dir.join("scenario.yaml"), quick).unwrap();
    fs::copy("scenarios/node-failure/web.yaml", dir.join("web.yaml")).unwrap();
    let told = shown(&["diff", "scenarios/node-failure", dir.to_str().unwrap()]);
    let told = told.replace(dir.to_str().unwrap(), "DIR");
    // The columns of the head are as wide as the path.
    let told: Vec<String> = told
        .lines()
        .map(|line| {
            if line.starts_with("A  ") || line.starts_with("B  ") {
                return line.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            line.to_owned()
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_finished_run_says_the_same_as_its_scenario() {
    let dir = directory("finished");
    let scenario = "scenarios/dependency-outage";
    assert!(
        run(&["run", scenario, "--quiet", "--plots", "none", "--out", dir.to_str().unwrap()])
            .status
            .success()
    );
    let output = run(&["diff", scenario, dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for file in fs::read_dir(&dir).unwrap() {
        assert!(!file.unwrap().file_name().to_str().unwrap().contains(".part"));
    }
}

#[test]
fn plot_names_what_can_be_drawn() {
    let listed = shown(&["plot", "scenarios/dependency-outage", "--what", "list"]);
    for line in ["pods\n", "nodes\n", "node_pods  (2 series)\n", "nodes_ready\n", "[exit status 0]"] {
        assert!(listed.contains(line), "no {line} in\n{listed}");
    }
    let unknown = shown(&["plot", "scenarios/dependency-outage", "--what", "node_pod"]);
    assert!(unknown.contains("did you mean node_pods?") && unknown.contains("[exit status 2]"), "{unknown}");
}

#[test]
fn plot_draws_two_runs_over_each_other() {
    let dir = directory("plot");
    for (ending, begins) in [("svg", &b"<svg "[..]), ("png", &b"\x89PNG"[..])] {
        let file = dir.join(format!("pods.{ending}"));
        let output = run(&[
            "plot",
            "scenarios/node-failure",
            "--what",
            "replicas_ready,node_pods",
            "--compare",
            "scenarios/node-failure",
            "--out",
            file.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.starts_with(begins));
        if ending == "svg" {
            let text = String::from_utf8(bytes).unwrap();
            for said in ["Replicas ready", "Node pods", "compared with scenarios/node-failure", "worker-2"] {
                assert!(text.contains(said), "{said}");
            }
        }
    }
}

#[test]
fn fields_of_scenarios_are_explained_with_a_scenario_to_see() {
    let told = shown(&["explain", "dependencyDown"]);
    assert!(told.contains("See it happen: shakedown run scenarios/dependency-outage"), "{told}");
    let told = shown(&["explain", "expect"]);
    assert!(told.contains("spec.expect (field of a scenario)"), "{told}");
}
