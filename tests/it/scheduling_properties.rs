//! What the scheduler never does, whatever the cluster and the pods: random ones, driven to the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use shakedown::api::pod::Pod;
use shakedown::control::scheduler::{Decision, NodeId, Options, PodId, Scheduler};
use shakedown::kernel::SimTime;

const ZONES: usize = 3;

#[derive(Clone, Debug)]
struct Wish {
    cpu: u32,
    priority: i32,
    app: usize,
    rule: usize,
}

fn wish() -> impl Strategy<Value = Wish> {
    (1..8_u32, 0..3_i32, 0..3_usize, 0..3_usize).prop_map(|(cpu, priority, app, rule)| Wish {
        cpu: cpu * 250,
        priority,
        app,
        rule,
    })
}

/// Rule 1 keeps pods of an app on different nodes, rule 2 spreads them over zones.
fn pod(at: usize, wish: &Wish) -> Arc<Pod> {
    let app = format!("app-{}-{}", wish.app, wish.rule);
    let selector = json!({"matchLabels": {"app": app}});
    let mut spec = json!({
        "priority": wish.priority,
        "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": format!("{}m", wish.cpu)}}}],
    });
    if wish.rule == 1 {
        spec["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}]}});
    } else if wish.rule == 2 {
        spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}]);
    }
    let metadata = json!({"name": format!("pod-{at}"), "namespace": "default", "labels": {"app": app}});
    Arc::new(serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap())
}

fn scheduler(cores: &[u32]) -> Scheduler {
    let mut scheduler = Scheduler::new(&Options::default()).unwrap();
    for (at, cores) in cores.iter().enumerate() {
        let (name, zone) = (format!("node-{at}"), format!("zone-{}", at % ZONES));
        let node = json!({
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
            "status": {"allocatable": {"cpu": cores.to_string(), "memory": "8Gi", "pods": "20"}},
        });
        let node = Arc::new(serde_json::from_value(node).unwrap());
        scheduler.on_node_added(NodeId(at as u32), &node, SimTime::ZERO);
    }
    scheduler
}

/// Where pods are, as the test counts it.
#[derive(Default)]
struct Ledger {
    placed: BTreeMap<usize, usize>,
    evicted: Vec<usize>,
}

impl Ledger {
    fn check(&self, wishes: &[Wish], cores: &[u32], placed: usize) -> Result<(), TestCaseError> {
        let node = self.placed[&placed];
        let on_node = || self.placed.iter().filter(|(_, at)| **at == node).map(|(pod, _)| &wishes[*pod]);
        let taken: u32 = on_node().map(|wish| wish.cpu).sum();
        prop_assert!(taken <= cores[node] * 1000, "node {node} is over-committed: {taken}m");
        let wish = &wishes[placed];
        let same = |other: &&Wish| (other.app, other.rule) == (wish.app, wish.rule);
        if wish.rule == 1 {
            prop_assert_eq!(on_node().filter(same).count(), 1, "anti-affinity is violated");
        }
        if wish.rule == 2 {
            let mut by_zone = vec![0; ZONES.min(cores.len())];
            for (pod, at) in &self.placed {
                by_zone[at % ZONES] += usize::from(same(&&wishes[*pod]));
            }
            let least = by_zone.iter().min().copied().unwrap_or(0);
            prop_assert!(by_zone[node % ZONES] <= least + 1, "hard spread is violated: {by_zone:?}");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn rules_hold_and_no_pod_is_lost(
        cores in prop::collection::vec(1..5_u32, 1..7),
        wishes in prop::collection::vec(wish(), 1..50),
        draws in any::<u64>(),
    ) {
        let mut scheduler = scheduler(&cores);
        let mut ledger = Ledger::default();
        let pods: Vec<Arc<Pod>> = wishes.iter().enumerate().map(|(at, wish)| pod(at, wish)).collect();
        let mut time = 0;
        for step in 0..wishes.len() * 4 {
            time += 700;
            let now = SimTime::from_millis(time);
            if let Some(pod) = pods.get(step) {
                scheduler.on_pod_added(PodId(step as u32), pod, now);
            }
            let Some(popped) = scheduler.pop(now) else { continue };
            let at = popped.id.index();
            let draw = draws.wrapping_mul(step as u64 * 2 + 1);
            match scheduler.schedule(popped.id, draw) {
                Decision::Bind { node } => {
                    scheduler.assume(popped.id, node);
                    scheduler.finish_binding(popped.id);
                    ledger.placed.insert(at, node.index());
                    ledger.check(&wishes, &cores, at)?;
                }
                Decision::Unschedulable(failure) => {
                    scheduler.reject(popped.id, &failure, now);
                    for victim in &failure.victims {
                        prop_assert!(wishes[victim.index()].priority < wishes[at].priority, "an equal was evicted");
                        prop_assert!(ledger.placed.remove(&victim.index()).is_some(), "the victim had a node");
                        scheduler.on_pod_deleted(*victim, now);
                        ledger.evicted.push(victim.index());
                    }
                }
                Decision::Error { message } => prop_assert!(false, "{}", message),
            }
        }
        for at in 0..wishes.len() {
            let waits = scheduler.queue().get(PodId(at as u32)).is_some();
            let places = usize::from(waits)
                + usize::from(ledger.placed.contains_key(&at))
                + usize::from(ledger.evicted.contains(&at));
            prop_assert_eq!(places, 1, "pod {} is in {} places", at, places);
        }
    }
}
