//! A scheduling policy of your own: one `impl Plugin`, registered under a name, and chosen by a profile.
//!
//! `FewestPods` prefers the node with the fewest pods. Run it with `cargo run --example own_policy`.

use std::sync::Arc;

use serde_json::json;
use shakedown::api::node::Node;
use shakedown::api::pod::Pod;
use shakedown::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use shakedown::control::scheduler::ids::{NodeId, PodId};
use shakedown::control::scheduler::{Decision, Options, Scheduler};
use shakedown::kernel::SimTime;

/// Prefers nodes with few pods.
#[derive(Debug)]
struct FewestPods;

impl Plugin for FewestPods {
    fn name(&self) -> &'static str {
        "FewestPods"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    // The score looks at nothing but the node, so it is asked again only when the node has changed.
    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, _: &Cycle<'_>, node: &NodeInfo) -> i64 {
        100 - (node.pods.len() as i64).min(100)
    }
}

fn main() {
    let mut options = Options::default();
    options.registry.register("FewestPods", |()| Ok(FewestPods));
    // As in a file for kube-scheduler: no score but this one.
    options.config = serde_json::from_value(json!({
        "profiles": [{"plugins": {"score": {
            "disabled": [{"name": "*"}], "enabled": [{"name": "FewestPods", "weight": 1}]}}}],
    }))
    .expect("the configuration is well formed");
    let mut scheduler = Scheduler::new(&options).expect("the configuration is valid");

    for at in 0..3 {
        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": format!("node-{at}")},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
        }))
        .expect("a node");
        scheduler.on_node_added(NodeId(at), &Arc::new(node), SimTime::ZERO);
    }
    let mut placed = [0; 3];
    for at in 0..6 {
        let mut pod = Pod::default();
        pod.metadata.name = format!("pod-{at}").into();
        scheduler.on_pod_added(PodId(at), &Arc::new(pod), SimTime::ZERO);
        let id = scheduler.pop(SimTime::ZERO).expect("a pod waits").id;
        if let Decision::Bind { node } = scheduler.schedule(id, 0) {
            scheduler.assume(id, node);
            scheduler.finish_binding(id);
            placed[node.index()] += 1;
        }
    }
    assert_eq!(placed, [2, 2, 2], "pods go where the fewest are");
}
