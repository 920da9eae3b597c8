//! A made-up large run for the tests: many nodes, many pods that come, crash now and then, and go.

use std::sync::Arc;

use super::fact::{ChangeOp, ContainerFact, Fact, MarkKind};
use super::record::Record;
use super::{Collector, Limits, Recorded};
use crate::api::core::{Condition, ConditionStatus, set_condition};
use crate::api::node::Node;
use crate::api::pod::{Pod, PodPhase};
use crate::api::workload::Deployment;
use crate::api::{Object, OwnerReference};
use crate::kernel::SimTime;

/// How large.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) nodes: u64,
    pub(super) pods: u64,
    pub(super) kept: usize,
}

const PODS_PER_DEPLOYMENT: u64 = 40;
const END: u64 = 3 * 3_600;

fn at(pod: u64, ms: u64) -> SimTime {
    SimTime::from_millis(1_000 + pod * 10 + ms)
}

fn deployment_of(pod: u64) -> String {
    format!("service-{:03}", pod / PODS_PER_DEPLOYMENT)
}

/// What was recorded of a run of this size. Pod 7 and every hundredth after it crash again and again.
pub(super) fn recorded(size: Size) -> Recorded {
    let mut collector = Collector::new(Limits { lanes: size.kept, marks: 100 });
    let mut added = |at: SimTime, object: Object| {
        collector.observe(&Fact::Change { at, op: ChangeOp::Added, old: None, new: &object });
    };
    for index in 0..size.nodes {
        let mut node: Node = serde_json::from_str(
            r#"{"status":{"allocatable":{"cpu":"32","memory":"128Gi"},"conditions":[{"type":"Ready","status":"True"}]}}"#,
        )
        .unwrap();
        node.metadata.name = format!("node-{index:04}").into();
        added(SimTime::ZERO, node.into());
    }
    for index in 0..size.pods.div_ceil(PODS_PER_DEPLOYMENT) {
        let mut deployment = Deployment::default();
        deployment.metadata.name = deployment_of(index * PODS_PER_DEPLOYMENT).into();
        deployment.metadata.namespace = format!("team-{}", index % 5).into();
        deployment.spec.replicas = Some(PODS_PER_DEPLOYMENT as i32);
        added(SimTime::ZERO, deployment.into());
    }
    let mut facts: Vec<(SimTime, u64, u8)> = Vec::new();
    for pod in 0..size.pods {
        facts.extend([(at(pod, 0), pod, 0), (at(pod, 20), pod, 1), (at(pod, 9_000), pod, 2)]);
        let crashes = if pod % 100 == 7 { 30 } else { 0 };
        facts.extend((0..crashes).map(|crash| (at(pod, 60_000 + crash * 200_000), pod, 3)));
        facts.extend((0..crashes).map(|crash| (at(pod, 90_000 + crash * 200_000), pod, 2)));
    }
    facts.sort_unstable();
    let mut pods: Vec<Option<Pod>> = vec![None; size.pods as usize];
    for (at, index, what) in facts {
        step(&mut collector, at, &mut pods[index as usize], index, size.nodes, what);
    }
    for minute in [10, 60, 61, 62, 120] {
        let label = format!("zone b loses {minute} machines");
        let at = SimTime::from_secs(minute * 60);
        // Marks come with the rest in a real run; here the order among kinds of facts does not matter.
        collector.observe(&Fact::Mark { at, until: None, kind: MarkKind::Fault, label: &label });
    }
    collector.finish(SimTime::from_secs(END))
}

fn step(collector: &mut Collector, at: SimTime, slot: &mut Option<Pod>, index: u64, nodes: u64, what: u8) {
    let old = slot.clone().map(Object::from);
    let pod = slot.get_or_insert_with(|| new_pod(index));
    match what {
        1 => pod.node_name = Some(format!("node-{:04}", index % nodes).into()),
        2 | 3 => {
            let pod_status = Arc::make_mut(&mut pod.status);
            pod_status.phase = PodPhase::Running;
            let status = ConditionStatus::from(what == 2);
            let ready = Condition { kind: "Ready".into(), status, ..Default::default() };
            set_condition(&mut pod_status.conditions, ready);
        }
        _ => {}
    }
    let (namespace, name) = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
    let op = if old.is_some() { ChangeOp::Modified } else { ChangeOp::Added };
    let new = Object::from(pod.clone());
    collector.observe(&Fact::Change { at, op, old: old.as_ref(), new: &new });
    let mut container = |what: ContainerFact<'_>| {
        let (namespace, pod) = (namespace.as_str(), name.as_str());
        collector.observe(&Fact::Container { at, namespace, pod, container: "app", what, node: "" });
    };
    if what == 3 {
        container(ContainerFact::Exited { code: 137, signal: Some(9), reason: "OOMKilled" });
        container(ContainerFact::Started { restart: 1 });
    }
}

fn new_pod(index: u64) -> Pod {
    let mut pod: Pod = serde_json::from_str(
        r#"{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"900m","memory":"4Gi"}}}]}}"#,
    )
    .unwrap();
    let deployment = deployment_of(index);
    pod.metadata.namespace = format!("team-{}", index / PODS_PER_DEPLOYMENT % 5).into();
    pod.metadata.name = format!("{deployment}-5c7f-{index:05}").into();
    pod.metadata.labels = [("app", deployment.as_str())].into_iter().collect();
    let owner = OwnerReference {
        kind: "Deployment".into(),
        name: deployment.into(),
        controller: Some(true),
        ..Default::default()
    };
    pod.metadata.owner_references = vec![owner];
    pod
}

/// Records of a run of this size, `each` for a pod, each caused by the one before.
pub(super) fn records(names: &[(String, String)], each: u64) -> Vec<Record<'_>> {
    let events = ["created", "scheduled", "pulled", "started", "ready", "exited", "restarted"];
    let record = |index: usize| {
        let (namespace, name) = &names[index / each as usize];
        let id = index as u64 + 1;
        let first = (id - 1).is_multiple_of(each);
        Record {
            id,
            at: SimTime::from_millis(id * 100),
            cause: (!first).then(|| id - 1),
            component: ["scheduler", "kubelet", "api-server"][index % 3],
            kind: "Pod",
            namespace,
            name,
            event: events[index % events.len()],
            reason: "Because",
            message: name,
        }
    };
    (0..names.len() * each as usize).map(record).collect()
}
