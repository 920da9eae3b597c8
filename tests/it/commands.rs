//! What every command prints: one snapshot each, so that a change of any output is seen.

use std::fs;

use crate::cli::{directory, run, stdout};
use crate::seeing::shown;

const SCENARIO: &str = "scenarios/dependency-outage";

/// A snapshot by the name of the command, which [`every_command_has_a_snapshot`] looks for.
macro_rules! snapshot {
    ($($test:ident, $command:literal: [$($arg:expr),* $(,)?];)*) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!(concat!("command_", $command), shown(&[$($arg),*]));
        }
    )*};
}

snapshot! {
    run_prints_a_summary, "run": ["run", SCENARIO];
    validate_tells_what_there_is, "validate": ["validate", SCENARIO];
    get_prints_a_table, "get": ["get", "pods", "-A", "-o", "wide", "--at", "6m40s", SCENARIO];
    get_watches, "get-watch": ["get", "pods", "-w", "--at", "6m", SCENARIO];
    get_gives_yaml, "get-yaml": ["get", "pod", "db", "-o", "yaml", "--at", "1m", SCENARIO];
    describe_tells_all, "describe": ["describe", "pod", "web-1", "--at", "6m40s", SCENARIO];
    top_shows_usage, "top": ["top", "pods", "--at", "8m", "scenarios/oom-killed"];
    logs_tell_the_life_of_a_container, "logs": ["logs", "web-1", "--at", "8m", SCENARIO];
    why_has_the_table_of_nodes_and_plugins, "why": ["why", "pod/web-1", "--event", "scheduled", SCENARIO];
    explain_tells_what_to_do_and_where_to_see_it, "explain": ["explain", "137"];
    explain_knows_fields_of_scenarios, "explain-field": ["explain", "spec.scheduler"];
    plot_lists_what_it_draws, "plot": ["plot", SCENARIO, "--what", "list"];
    search_finds_the_least_fault, "search": ["search", "scenarios/hidden-weakness", "--seeds", "20"];
    schedule_counts_the_room, "schedule": ["schedule", "scenarios/scale-up-and-bin-packing", "--explain", "--tie-break", "name"];
    lint_shows_mistakes_and_proofs, "lint": ["lint", "assets/lint/budget-blocks-drain.bad.yaml"];
    diff_shows_nothing_between_equals, "diff": ["diff", SCENARIO, SCENARIO];
}

#[test]
fn lesson_lists_the_course() {
    let told = shown(&["lesson"]);
    let first: Vec<&str> = told.lines().take(4).collect();
    insta::assert_snapshot!("command_lesson", first.join("\n"));
}

#[test]
fn sweep_compares() {
    let dir = directory("sweep-shown");
    let out = dir.to_str().unwrap();
    let vary = "spec.settings.nodeMonitorGracePeriod=50s,20s";
    let args =
        ["sweep", "scenarios/random-failures", "--seeds", "3", "--jobs", "1", "--vary", vary, "--out", out];
    insta::assert_snapshot!("command_sweep", shown(&args).replace(out, "DIR"));
}

#[test]
fn fork_says_what_has_become_different() {
    let dir = directory("fork-shown");
    let change = dir.join("change.yaml");
    let steps = "{steps: [{at: 6m, kubectl: delete pod db}], expect: [{at: 7m, pod: db, phase: Running}]}";
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: change}}\nspec: {steps}\n"
    );
    fs::write(&change, text).unwrap();
    let told = shown(&["fork", SCENARIO, "--at", "5m", "--with", change.to_str().unwrap()]);
    insta::assert_snapshot!("command_fork", told.replace(dir.to_str().unwrap(), "DIR"));
}

#[test]
fn conformance_counts() {
    let dir = "../shared/golden/functions";
    if !std::path::Path::new(dir).is_dir() {
        eprintln!("{dir} is absent: conformance has no output to look at");
        return;
    }
    let told = shown(&["conformance", "functions", dir]);
    assert!(told.contains("[exit status 0]"), "{told}");
}

#[test]
fn schema_is_json_that_names_the_kinds() {
    let schema: serde_json::Value = serde_json::from_str(stdout(&run(&["schema"]))).unwrap();
    for kind in ["Scenario", "AppModel"] {
        assert!(schema.pointer(&format!("/$defs/{kind}/properties/spec")).is_some(), "{kind}");
    }
}

/// Commands whose output is looked at in another way: `conformance` and `schema` above, `step` in `src/cli/step/tests.rs`,
/// `kubectl` in `kubectl_verbs`.
const OTHERWISE: [&str; 5] = ["conformance", "schema", "step", "kubectl", "help"];

#[test]
fn every_command_has_a_snapshot() {
    let help = run(&["--help"]);
    let commands =
        stdout(&help).split("Commands:").nth(1).unwrap().split("Options:").next().unwrap().to_owned();
    let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut count = 0;
    for name in names.map(|line| line.split_whitespace().next().unwrap()) {
        let file =
            format!("{}/tests/it/snapshots/it__commands__command_{name}.snap", env!("CARGO_MANIFEST_DIR"));
        assert!(OTHERWISE.contains(&name) || std::path::Path::new(&file).is_file(), "{name} has no snapshot");
        count += 1;
    }
    assert!(count > 15, "{commands}");
}

/// Ways to look at a finished run give what they give of its scenario.
#[test]
fn a_finished_run_is_looked_at_as_its_scenario_is() {
    let dir = directory("looked-at");
    let out = dir.to_str().unwrap();
    assert!(run(&["run", SCENARIO, "--quiet", "--plots", "none", "--out", out]).status.success());
    for words in [
        &["get", "pods", "-o", "wide", "--at", "6m40s"][..],
        &["get", "pods", "-w", "--at", "6m"],
        &["get", "events", "--at", "7m"],
        &["get", "pod", "web-1", "-o", "json", "--at", "6m40s"],
        &["describe", "pod", "web-1", "--at", "6m40s"],
        &["describe", "node", "worker-1", "--at", "6m40s"],
        &["top", "pods", "--at", "8m"],
        &["logs", "web-1", "-p", "--at", "8m"],
        &["why", "pod/web-1", "--event", "scheduled"],
        &["why", "pod/web-1", "--event", "BackOff"],
    ] {
        let of = |path| {
            let output = run(&[words, &[path]].concat());
            (stdout(&output).to_owned(), output.status.code())
        };
        assert_eq!(of(SCENARIO), of(out), "{words:?}");
    }
    // A run whose files were changed by hand is not taken for the one that it was.
    let trace = dir.join("trace.csv");
    let text = fs::read_to_string(&trace).unwrap();
    fs::write(&trace, text.replace("image example/web:1.0", "image example/web:1.1")).unwrap();
    let output = run(&["top", "pods", out]);
    assert_eq!(output.status.code(), Some(2));
    assert!(crate::cli::stderr(&output).contains("not the recorded one"), "{}", crate::cli::stderr(&output));
}
