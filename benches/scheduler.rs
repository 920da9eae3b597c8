//! Throughput of the scheduler's decision engine: pods placed per second of processor time on one core.
//!
//! A cluster of three zones takes pods from twenty templates in turn. A pod goes the whole way: it arrives, is taken from
//! the queue, scheduled, assumed, bound, and seen bound. `cargo bench --bench scheduler` prints a row for each number of
//! nodes, and of nodes scored (`default` = as many as kube-scheduler scores by default): pods a second and nanoseconds for a
//! node that was scored, best of five passes. `results/scheduler.sh` makes the table.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a benchmark prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use serde_json::json;
use shakedown::api::node::Node;
use shakedown::api::pod::{Pod, PodSpec};
use shakedown::control::scheduler::{Decision, NodeId, Options, PodId, Scheduler};
use shakedown::kernel::SimTime;

const TEMPLATES: usize = 20;

fn nodes(count: usize) -> Vec<Arc<Node>> {
    let node = |at: usize| {
        let name = format!("node-{at:05}");
        let zone = format!("zone-{}", at % 3);
        let node = json!({
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
            "status": {"allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"}},
        });
        Arc::new(serde_json::from_value(node).expect("a node"))
    };
    (0..count).map(node).collect()
}

fn specs() -> Vec<Arc<PodSpec>> {
    let spec = |at: usize| {
        let requests =
            json!({"cpu": format!("{}m", 100 + at * 10), "memory": format!("{}Mi", 128 + at * 16)});
        let spec =
            json!({"containers": [{"name": "c", "image": "app:1", "resources": {"requests": requests}}]});
        Arc::new(serde_json::from_value(spec).expect("a spec"))
    };
    (0..TEMPLATES).map(spec).collect()
}

fn pods(specs: &[Arc<PodSpec>], count: usize) -> Vec<Arc<Pod>> {
    let pod = |at: usize| {
        let mut pod = Pod { spec: specs[at % specs.len()].clone(), ..Pod::default() };
        pod.metadata.name = format!("pod-{at:06}").into();
        pod.metadata.namespace = "default".into();
        Arc::new(pod)
    };
    (0..count).map(pod).collect()
}

fn scheduler(nodes: &[Arc<Node>], percentage: Option<i32>) -> Scheduler {
    let mut options = Options::default();
    options.config.percentage_of_nodes_to_score = percentage;
    let mut scheduler = Scheduler::new(&options).expect("the default configuration is valid");
    for (id, node) in nodes.iter().enumerate() {
        scheduler.on_node_added(NodeId(id as u32), node, SimTime::ZERO);
    }
    scheduler
}

/// Sends every pod the whole way.
fn place_all(mut scheduler: Scheduler, pods: &[Arc<Pod>]) -> Scheduler {
    for (id, pod) in pods.iter().enumerate() {
        let now = SimTime::from_millis(id as u64);
        scheduler.on_pod_added(PodId(id as u32), pod, now);
        let popped = scheduler.pop(now).expect("the pod that has just come");
        let draw = (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let Decision::Bind { node } = scheduler.schedule(popped.id, draw) else { panic!("there is room") };
        scheduler.assume(popped.id, node);
        scheduler.finish_binding(popped.id);
        let mut bound = (**pod).clone();
        bound.node_name = scheduler.cache().node(node).map(|node| node.name().clone());
        scheduler.on_pod_updated(popped.id, &Arc::new(bound), now);
    }
    scheduler
}

fn main() {
    let specs = specs();
    for (count, percentage) in [(1000, None), (5000, None), (1000, Some(100)), (5000, Some(100))] {
        let nodes = nodes(count);
        let pods = pods(&specs, if percentage.is_some() { count * 2 } else { count * 10 });
        let pass = || {
            let scheduler = scheduler(&nodes, percentage);
            let start = ThreadTime::now();
            let scheduler = black_box(place_all(scheduler, &pods));
            (start.elapsed(), scheduler.report().feasible.len())
        };
        let (best, scored) = (0..5).map(|_| pass()).min().unwrap_or((Duration::MAX, 1));
        let each = best.as_secs_f64() / pods.len() as f64;
        let share = percentage.map_or("default".to_owned(), |percentage| format!("{percentage}%"));
        println!("{count} {share} {scored} {:.0} {:.0}", 1.0 / each, each * 1e9 / scored as f64);
    }
}
