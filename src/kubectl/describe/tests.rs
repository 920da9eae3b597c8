//! Goal: pages read as kubectl's; their layouts were compared with what kubectl 1.33 wrote of such objects.

mod cluster;
mod pages;
mod workload_pages;

use super::super::fixtures::Cluster;

#[test]
fn several_pages_have_two_empty_lines_between() {
    let cluster = cluster::cluster();
    let out = cluster.out("describe pdb");
    assert!(out.contains("\nEvents:                   <none>\n\n\nName:           web\n"), "{out}");
}

#[test]
fn a_single_name_may_be_the_beginning_of_names() {
    let cluster = cluster::cluster();
    let out = cluster.out("describe pod web-5");
    let names: Vec<&str> = out.lines().filter(|line| line.starts_with("Name:")).collect();
    assert_eq!(names.len(), 2, "{out}");
    assert!(out.ends_with("\n\n"));
    let answer = cluster.answer("describe pod nope");
    assert_eq!(answer.notes, ["Error from server (NotFound): pods \"nope\" not found"]);
    assert!(answer.failed);
}

#[test]
fn nothing_found_is_said() {
    let answer = Cluster::default().answer("describe pods -n x");
    assert_eq!(answer.notes, ["No resources found in x namespace."]);
}

#[test]
fn events_can_be_left_out() {
    let cluster = cluster::cluster();
    assert!(cluster.out("describe deploy web").contains("\nEvents:"));
    assert!(!cluster.out("describe deploy web --show-events=false").contains("Events:"));
}
