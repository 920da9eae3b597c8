//! What the user sees, and inputs that are no scenarios at all.

use std::cell::RefCell;
use std::sync::Arc;

use super::{DESIGN, with_spec};
use crate::scenario::{LineProblem, any_line, from_files, from_text};
use crate::source::{Diagnostic, Diagnostics, SourceFile};

fn problems(text: &str) -> Diagnostics {
    match from_text("bad.yaml", text) {
        Ok(scenario) => scenario.warnings,
        Err(problems) => problems,
    }
}

#[track_caller]
fn shows(text: &str, expected: &str) {
    let found = problems(text).render(false);
    assert!(found == expected.trim_start_matches('\n'), "found:\n{found}");
}

#[test]
fn a_slip_in_the_example() {
    shows(
        &DESIGN.replace("node: worker-2", "node: wroker-2"),
        "
error[unknown-node]: there is no node `wroker-2`
  --> bad.yaml:16:31
   |
16 |     fault: {nodeCrash: {node: wroker-2, recoverAfter: 8m}}
   |                               ^^^^^^^^
   |
   = help: the nodes are `worker-1`, `worker-2`, `worker-3`
",
    );
}

#[test]
fn two_places() {
    shows(
        "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
",
        "
error[duplicate-object]: Deployment `web` is defined twice
  --> bad.yaml:10:9
   |
 5 |   name: web
   |         --- first here
...
10 |   name: web
   |         ^^^ again here
",
    );
}

#[test]
fn a_block_step() {
    shows(
        &with_spec("steps:\n- at: 1m\n  fault:\n    nodeCrash:\n      recoverAfter: 8m\n"),
        "
error[missing-field]: spec.steps[0].fault.nodeCrash: missing field `node`, `nodes` or `zone`
 --> bad.yaml:8:7
  |
8 |       nodeCrash:
  |       ^^^^^^^^^
  |
  = help: which machines? write for example `node: worker-1`
",
    );
}

#[test]
fn once_for_many() {
    shows(
        "
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {env: prod, secret: none}}
spec:
  securityContext: {}
  containers:
  - name: a
    securityContext: {privileged: false}
    env: []
  - name: b
    securityContext:
      privileged: false
",
        "
warning[no-effect]: `env` is kept but has no effect (once)
  --> bad.yaml:10:5
   |
10 |     env: []
   |     ^^^

warning[no-effect]: `securityContext` is kept but has no effect (3 times)
 --> bad.yaml:6:3
  |
6 |   securityContext: {}
  |   ^^^^^^^^^^^^^^^ first here
",
    );
}

#[test]
fn inputs_that_are_no_scenarios() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep_step = with_spec(&format!("steps: {deep}"));
    let wide = with_spec(&format!("steps: [{}]", "{at: 1m, kubectl: get pods}, ".repeat(5_000)));
    for (text, code) in [
        ("", Some("no-objects")),
        ("\n\n---\n---\n# nothing\n", Some("no-objects")),
        ("null", Some("no-objects")),
        ("a: [1,", Some("syntax")),
        ("\u{1}\u{2}ELF", Some("control-character")),
        (&*deep, Some("too-deep")),
        (&*deep_step, Some("too-deep")),
        (&*wide, None),
        ("{\"apiVersion\": \"v1\"", Some("syntax")),
        ("apiVersion: v1\nkind: [Pod]\nmetadata: {name: a}", Some("wrong-type")),
        ("apiVersion: {}\nkind: Pod\nmetadata: [a]", Some("wrong-type")),
    ] {
        let found = problems(text).iter().next().map(|problem| problem.code);
        assert_eq!(found, code, "{}", text.chars().take(40).collect::<String>());
    }
    let garbage = SourceFile::from_bytes("x", (0..=255).collect());
    assert_eq!(garbage.unwrap_err().code, "not-utf8");
}

#[test]
fn any_slip_is_a_diagnostic_and_never_a_panic() {
    // Every line of the example left out, and every value replaced.
    let text = super::EVERYTHING;
    let wrong = ["[]", "-1", "x y", "{a: {b: [c]}}", "''"];
    for (number, line) in text.lines().enumerate() {
        let others = text.lines().enumerate().filter(|(at, _)| *at != number).map(|(_, line)| line);
        let _ = problems(&others.collect::<Vec<_>>().join("\n"));
        if let Some((key, _)) = line.split_once(": ") {
            let wrong = wrong[number % wrong.len()];
            let _ = problems(&text.replacen(line, &format!("{key}: {wrong}"), 1));
        }
    }
}

#[test]
fn command_lines_are_checked_where_they_stand() {
    let asked = RefCell::new(Vec::new());
    let check = |line: &str| {
        asked.borrow_mut().push(line.to_owned());
        if line.starts_with("scale") {
            return Ok(());
        }
        let suggestion = Some("did you mean `get`?".to_owned());
        Err(LineProblem { message: "unknown command `gte`".to_owned(), suggestion })
    };
    let text = with_spec(
        "steps: [{at: 1m, kubectl: kubectl scale deploy/web --replicas=2}, {at: 1m, kubectl: gte pods}]\n\
         expect: [{at: 1m, kubectl: gte nodes, count: 3}]",
    );
    let problems = from_files(&[SourceFile::new("x", text)], &check).unwrap_err();
    let told: Vec<_> = problems.iter().map(Diagnostic::one_line).collect();
    assert_eq!(
        told,
        [
            "x:5:87: error[kubectl]: spec.steps[1].kubectl: `gte pods`: unknown command `gte` (did you mean `get`?)",
            "x:6:30: error[kubectl]: spec.expect[0].kubectl: `gte nodes`: unknown command `gte` (did you mean `get`?)",
        ]
    );
    assert_eq!(*asked.borrow(), ["scale deploy/web --replicas=2", "gte pods", "gte nodes"]);
}

#[test]
fn problems_of_all_files_come_together() {
    let files = [
        SourceFile::new("a.yaml", with_spec("seed: x\nsteps: [{at: 1m}]")),
        SourceFile::new("b.yaml", "{apiVersion: v1, kind: Pod}"),
        SourceFile::new("c.yaml", "a: ["),
        SourceFile::new("d.yaml", ""),
    ];
    let problems = from_files(&files, &any_line).unwrap_err();
    let places: Vec<_> = problems
        .iter()
        .filter_map(|problem| problem.primary())
        .map(|label| Arc::clone(&label.file))
        .collect();
    let names: Vec<_> = places.iter().map(|file| file.name()).collect();
    assert_eq!(names, ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]);
}

#[test]
fn owned_objects_of_a_dump_are_left_to_their_owners() {
    let text = "
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: x}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gone, uid: y}]}}
";
    let scenario = from_text("dump.yaml", text).unwrap();
    let names: Vec<_> =
        scenario.objects.iter().map(|manifest| manifest.object.reference().to_string()).collect();
    assert_eq!(names, ["replicaset/default/web", "pod/default/b"]);
    assert!(scenario.objects[1].object.metadata().owner_references.is_empty());
    let told: Vec<_> = scenario.warnings.iter().map(Diagnostic::one_line).collect();
    assert_eq!(
        told,
        [
            "dump.yaml:4:46: warning[owned-object]: an object whose owner is there too is left out: its owner makes it anew",
            "dump.yaml:6:46: warning[owned-object]: the owner of an object is in no manifest: the object is on its own",
        ]
    );
}
