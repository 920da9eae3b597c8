//! The worked timelines of lost nodes (control plane 3.7), on the reference clock. The first two are in `node_failure`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use shakedown::api::core::TaintEffect;
use shakedown::api::{Object, Op};
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

/// When nodes got a NoExecute taint, and when pods were marked for deletion, in seconds.
struct Seen {
    tainted: BTreeMap<String, f64>,
    deleted: BTreeMap<String, f64>,
    removed: BTreeMap<String, f64>,
}

/// A pod on each of the first two of `nodes` nodes, of which the first `lost` crash at 21 s.
fn lose(nodes: u32, lost: u32, seconds: u64, pod_fields: &str, more_steps: &str) -> Seen {
    let mut text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: loss}}\nspec:\n  timing: ideal\n  duration: \
         1h\n  cluster: {{nodePools: [{{name: n, count: {nodes}}}]}}\n  steps:\n"
    );
    if lost > 0 {
        let names: Vec<String> = (1..=lost).map(|node| format!("n-{node}")).collect();
        let _ = writeln!(text, "  - {{at: 21s, fault: {{nodeCrash: {{nodes: [{}]}}}}}}", names.join(", "));
    }
    text += more_steps;
    for node in 1..=2 {
        let _ = write!(
            text,
            "\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{node}}}\nspec: {{nodeName: n-{node}, {pod_fields}containers: \
             [{{name: c, image: 'example/a:1'}}]}}\n"
        );
    }
    let scenario = from_text("loss.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut seen = Seen { tainted: BTreeMap::new(), deleted: BTreeMap::new(), removed: BTreeMap::new() };
    let mut sink = |record: &Record| {
        let Detail::Commit(commit) = &record.detail else { return };
        let (name, at) = (commit.new.metadata().name.to_string(), record.at.as_secs_f64());
        match &commit.new {
            Object::Node(node) => {
                let no_execute = |taint: &shakedown::api::core::Taint| taint.effect == TaintEffect::NoExecute;
                if node.spec.taints.iter().any(no_execute) {
                    seen.tainted.entry(name).or_insert(at);
                }
            }
            Object::Pod(_) if commit.op == Op::Deleted => {
                seen.removed.insert(name, at);
            }
            Object::Pod(pod) if pod.metadata.is_terminating() => {
                seen.deleted.entry(name).or_insert(at);
            }
            _ => {}
        }
    };
    simulation.run_until(SimTime::from_secs(seconds), &mut sink).unwrap();
    seen
}

/// To a tenth of a second: taints come at passes every 100 ms.
fn near(found: Option<&f64>, expected: f64) {
    assert!(found.is_some_and(|at| (expected..=expected + 0.1).contains(at)), "{found:?}, not {expected}");
}

#[test]
fn t3_7_3_the_second_of_two_nodes_is_given_up_ten_seconds_after_the_first() {
    let seen = lose(10, 2, 400, "", "");
    let mut tainted: Vec<f64> = seen.tainted.values().copied().collect();
    tainted.sort_by(f64::total_cmp);
    near(tainted.first(), 75.0);
    near(tainted.get(1), 85.0);
    let mut deleted: Vec<f64> = seen.deleted.values().copied().collect();
    deleted.sort_by(f64::total_cmp);
    near(deleted.first(), 375.0);
    near(deleted.get(1), 385.0);
}

#[test]
fn t3_7_4_in_a_small_zone_that_is_partly_disrupted_nobody_is_evicted() {
    let seen = lose(10, 6, 900, "", "");
    assert!(seen.tainted.is_empty() && seen.deleted.is_empty(), "{:?}", seen.tainted);
}

#[test]
fn t3_7_5_in_a_large_zone_that_is_partly_disrupted_a_node_in_a_hundred_seconds_is_given_up() {
    let seen = lose(60, 40, 400, "", "");
    let mut tainted: Vec<f64> = seen.tainted.values().copied().collect();
    tainted.sort_by(f64::total_cmp);
    assert_eq!(tainted.len(), 4, "{tainted:?}");
    tainted.iter().zip([75.0, 175.0, 275.0, 375.0]).for_each(|(at, expected)| near(Some(at), expected));
}

#[test]
fn t3_7_6_when_all_nodes_are_lost_nobody_is_evicted() {
    let seen = lose(4, 4, 900, "", "");
    assert!(seen.tainted.is_empty() && seen.deleted.is_empty(), "{:?}", seen.tainted);
}

#[test]
fn t3_7_7_pods_of_a_deleted_node_go_at_the_first_pass_after_the_quarantine() {
    let seen = lose(3, 0, 300, "", "  - {at: 100s, kubectl: delete node n-1 --wait=false}");
    // The garbage collector's passes are every 20 s: it sees that the node is missing at 100 or 120 s.
    let removed = seen.removed.get("p1").copied().unwrap_or_default();
    assert!([140.0, 160.0].contains(&removed), "{removed}");
    assert!(!seen.removed.contains_key("p2"));
}

#[test]
fn t3_7_8_a_toleration_of_thirty_seconds_ends_thirty_seconds_after_the_taint() {
    let tolerations =
        "tolerations: [{key: node.kubernetes.io/unreachable, effect: NoExecute, tolerationSeconds: 30}], ";
    let seen = lose(10, 1, 200, tolerations, "");
    near(seen.deleted.get("p1"), 105.0);
}

#[test]
fn nodes_that_are_back_are_ready_although_the_controller_writes_late() {
    // A request a second: what the controller writes about the outage lies in its client until after it.
    let text = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: late}\nspec:\n  duration: 10m\n  settings: \
                {kubeApiQps: 1, kubeApiBurst: 1}\n  cluster: {nodePools: [{name: n, count: 6}]}\n  steps:\n  - {at: 4m, fault: \
                {nodeCrash: {nodes: [n-1, n-2, n-3], recoverAfter: 80s}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: \
                {name: web}\nspec:\n  replicas: 60\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: \
                web}}\n    spec: {containers: [{name: c, image: 'example/a:1'}]}\n";
    let scenario = from_text("late.yaml", text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut turns: BTreeMap<String, Vec<(bool, u64)>> = BTreeMap::new();
    let mut sink = |record: &Record| {
        let Detail::Commit(commit) = &record.detail else { return };
        let Object::Node(node) = &commit.new else { return };
        let turns = turns.entry(node.metadata.name.to_string()).or_default();
        if turns.last().is_none_or(|(ready, _)| *ready != node.is_ready()) {
            turns.push((node.is_ready(), record.at.as_nanos() / 1_000_000_000));
        }
    };
    simulation.run_until(SimTime::from_secs(600), &mut sink).unwrap();
    let turns_of = |name: &str| turns[name].iter().skip(1).copied().collect::<Vec<_>>();
    assert_eq!(turns_of("n-1"), [(false, 285), (true, 320)]);
    // Further writes about the second are refused once its kubelet has written.
    assert_eq!(turns_of("n-2"), [(false, 307), (true, 320)]);
    // The third is declared Unknown nine seconds after it has come back, and says the contrary with its next status.
    assert_eq!(turns_of("n-3"), [(false, 329), (true, 330)]);
}
