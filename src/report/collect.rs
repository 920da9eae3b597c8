//! The collector: takes facts while a run goes on and keeps what pictures and numbers need.
//!
//! It never looks at a world, only at what was recorded. What it keeps is bounded: live pods and nodes cost a few words
//! each, every series is a [`Steps`] with a limit, and of too many lanes those that changed least are dropped.

use std::collections::BTreeMap;

use super::autoscaler::Autoscaler;
use super::fact::{ChangeOp, ContainerFact, Fact};
use super::lane::{LaneEvent, Lanes};
use super::marks::Marks;
use super::node::NodeSeries;
use super::pods::LivePods;
use super::recorded::{Counters, Recorded};
use super::steps::Steps;
use super::traffic::Flows;
use super::usage::Usage;
use super::workload::{Workload, wanted_replicas};
use crate::api::pod::Pod;
use crate::api::policy::EventObject;
use crate::api::{Kind, Object, ObjectRef, Uid};
use crate::base::{LookupMap, Name};
use crate::kernel::SimTime;

/// How much the collector keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Lanes of pods, of about 500 bytes each; for a while there may be twice as many.
    pub lanes: usize,
    /// Marks on the time axis.
    pub marks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lanes: 100_000, marks: 2_000 }
    }
}

/// Takes [`Fact`]s in the order of time and makes a [`Recorded`] of them.
///
/// ```
/// use shakedown::kernel::SimTime;
/// use shakedown::report::{Collector, Fact, Limits, MarkKind};
///
/// let mut collector = Collector::new(Limits::default());
/// let at = SimTime::from_secs(60);
/// collector.observe(&Fact::Mark { at, until: None, kind: MarkKind::Fault, label: "worker-2 crashes" });
/// let recorded = collector.finish(SimTime::from_secs(900));
/// assert_eq!(recorded.marks[0].label, "worker-2 crashes");
/// ```
#[derive(Clone, Debug)]
pub struct Collector {
    lanes: Lanes,
    live: LivePods,
    workloads: BTreeMap<ObjectRef, Workload>,
    nodes: BTreeMap<Name, NodeSeries>,
    /// Controllers of ReplicaSets and Jobs, which stand between a pod and the workload people know.
    parents: LookupMap<Uid, ObjectRef>,
    marks: Marks,
    restarts: Steps<i64>,
    flows: Flows,
    usage: Usage,
    autoscalers: BTreeMap<(Name, Name), Autoscaler>,
    counters: Counters,
}

impl Collector {
    /// A collector that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Self {
            lanes: Lanes::with_limit(limits.lanes),
            live: LivePods::default(),
            workloads: BTreeMap::new(),
            nodes: BTreeMap::new(),
            parents: LookupMap::default(),
            marks: Marks::with_limit(limits.marks),
            restarts: Steps::with_limit(8_192),
            flows: Flows::default(),
            usage: Usage::default(),
            autoscalers: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    /// Takes one fact; facts come in the order of time.
    pub fn observe(&mut self, fact: &Fact<'_>) {
        match *fact {
            Fact::Change { at, op, new, .. } => self.on_change(at, op, new),
            Fact::Mark { at, until, kind, label } => self.marks.add(at, until, kind, label),
            Fact::Container { at, namespace, pod, container, what, .. } => {
                self.on_container(at, namespace, pod, container, what);
            }
            Fact::Traffic { at, namespace, service, sample } => {
                self.flows.add(at, namespace, service, sample);
            }
            Fact::Usage { at, sample } => self.usage.add(at, sample),
            Fact::Power { at, node, up } => {
                let series =
                    self.nodes.entry(node.into()).or_insert_with(|| NodeSeries::new(node.into(), at));
                series.power(at, up);
            }
        }
    }

    /// Everything that was kept of a run that ended at `end`.
    pub fn finish(mut self, end: SimTime) -> Recorded {
        for workload in self.workloads.values_mut() {
            workload.advance(end);
        }
        for node in self.nodes.values_mut() {
            node.advance(end);
        }
        let (mut lanes, lanes_dropped) = self.lanes.into_parts();
        // Pods of their own come after those of a workload of the same namespace.
        lanes.sort_by_cached_key(|lane| {
            let owner = lane.owner.clone();
            (lane.namespace.clone(), owner.is_none(), owner, lane.created, lane.name.clone())
        });
        Recorded {
            end,
            lanes,
            lanes_dropped,
            workloads: self.workloads.into_values().collect(),
            nodes: self.nodes.into_values().collect(),
            marks: self.marks.into_sorted(),
            pods_by_state: self.live.into_series(),
            restarts: self.restarts,
            flows: self.flows.into_list(),
            usage: self.usage,
            autoscalers: self.autoscalers.into_values().collect(),
            counters: self.counters,
        }
    }

    fn on_change(&mut self, at: SimTime, op: ChangeOp, object: &Object) {
        match object {
            Object::Pod(pod) => self.on_pod(at, op, pod),
            Object::Node(node) => {
                let name = &node.metadata.name;
                let series =
                    self.nodes.entry(name.clone()).or_insert_with(|| NodeSeries::new(name.clone(), at));
                if op == ChangeOp::Deleted { series.remove(at) } else { series.observe(at, node) }
            }
            Object::Event(event) => self.on_event(event),
            Object::HorizontalPodAutoscaler(hpa) => {
                let key = (hpa.metadata.namespace.clone(), hpa.metadata.name.clone());
                let new = || Autoscaler::new(key.0.clone(), key.1.clone());
                self.autoscalers.entry(key.clone()).or_insert_with(new).observe(at, hpa);
            }
            _ => self.on_workload(at, op, object),
        }
    }

    fn on_workload(&mut self, at: SimTime, op: ChangeOp, object: &Object) {
        let metadata = object.metadata();
        if let Some(parent) = metadata.controller().and_then(|it| owner_reference(object, it)) {
            match op {
                ChangeOp::Added | ChangeOp::Modified => drop(self.parents.insert(metadata.uid, parent)),
                ChangeOp::Deleted => drop(self.parents.remove(&metadata.uid)),
            }
            return;
        }
        if wanted_replicas(object).is_none() {
            return;
        }
        let reference = object.reference();
        let new = || Workload::new(reference.clone(), at);
        let workload = self.workloads.entry(reference.clone()).or_insert_with(new);
        workload.observe(at, object, op == ChangeOp::Deleted);
    }

    fn on_pod(&mut self, at: SimTime, op: ChangeOp, pod: &Pod) {
        let metadata = &pod.metadata;
        let (namespace, name) = (&metadata.namespace, &metadata.name);
        if !self.live.contains(namespace, name) {
            if op == ChangeOp::Deleted {
                return;
            }
            let owner = self.owner_of(pod);
            let lane = self.lanes.open(namespace, name, at);
            lane.owner.clone_from(&owner);
            lane.labels = metadata.labels.clone();
            self.live.add(namespace, name, owner);
            self.counters.pods_created += 1;
        }
        let change = self.live.update(at, pod, op == ChangeOp::Deleted);
        self.counters.pods_deleted += u64::from(op == ChangeOp::Deleted);
        self.counters.pods_peak = self.counters.pods_peak.max(self.live.len());
        if let Some(reason) = change.evicted {
            *self.counters.evictions.entry(reason).or_default() += 1;
        }
        if (change.running, change.ready) != (0, 0)
            && let Some(workload) = change.owner.and_then(|owner| self.workloads.get_mut(&owner))
        {
            workload.count(at, change.running, change.ready);
        }
        for (node, requests, by) in change.allocations {
            let lane = self.lanes.get_mut(namespace, name);
            match lane {
                Some(lane) if by > 0 => lane.bind(at, &node, requests),
                Some(lane) => lane.unbind(at),
                None => {}
            }
            let series = self.nodes.entry(node.clone()).or_insert_with(|| NodeSeries::new(node, at));
            series.allocate(at, requests, by);
        }
        if let Some(lane) = self.lanes.get_mut(namespace, name) {
            lane.enter(at, change.state);
        }
    }

    fn on_container(
        &mut self,
        at: SimTime,
        namespace: &str,
        pod: &str,
        container: &str,
        what: ContainerFact<'_>,
    ) {
        if let ContainerFact::Exited { code, .. } = what {
            *self.counters.exits.entry(code).or_default() += 1;
        }
        if let ContainerFact::Started { restart } = what
            && restart > 0
        {
            let code = self.live.last_exit(namespace, pod, container);
            *self.counters.restarts.entry(code).or_default() += 1;
            let total = self.restarts.last().copied().unwrap_or(0) + 1;
            self.restarts.push(at, total);
        }
        let state = self.live.on_container(at, namespace, pod, container, what);
        let Some(lane) = self.lanes.get_mut(namespace, pod) else { return };
        if let Some(state) = state {
            lane.enter(at, state);
        }
        match what {
            ContainerFact::Started { restart } if restart > 0 => {
                lane.mark(at, container, LaneEvent::Restart { count: restart });
            }
            ContainerFact::Exited { code, signal, reason } => {
                lane.mark(at, container, LaneEvent::Exit { code, signal, reason: reason.into() });
            }
            _ => {}
        }
    }

    fn on_event(&mut self, event: &EventObject) {
        let warning = event.kind == "Warning";
        self.counters.warnings += u64::from(warning);
        self.counters.notices += u64::from(!warning);
        let eviction = matches!(event.reason.as_str(), "TaintManagerEviction" | "Evicted" | "Preempted");
        let pod = &event.involved_object;
        if eviction
            && !event.message.starts_with("Cancelling")
            && self.live.mark_evicted(&pod.namespace, &pod.name)
        {
            *self.counters.evictions.entry(event.reason.clone()).or_default() += 1;
        }
    }

    /// The workload that people would name as the pod's owner.
    fn owner_of(&self, pod: &Pod) -> Option<ObjectRef> {
        let owner = pod.metadata.controller()?;
        if let Some(parent) = self.parents.get(&owner.uid) {
            return Some(parent.clone());
        }
        let kind = Kind::from_manifest(&owner.kind).filter(|kind| *kind != Kind::Node)?;
        Some(ObjectRef { kind, namespace: pod.metadata.namespace.clone(), name: owner.name.clone() })
    }
}

/// The object that `owner` points at, which lives in the namespace of `object`.
fn owner_reference(object: &Object, owner: &crate::api::OwnerReference) -> Option<ObjectRef> {
    let kind = Kind::from_manifest(&owner.kind)?;
    Some(ObjectRef { kind, namespace: object.metadata().namespace.clone(), name: owner.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OwnerReference;
    use crate::api::workload::{Deployment, ReplicaSet};

    fn controlled_by(kind: &str, name: &str, uid: Uid) -> Vec<OwnerReference> {
        let (kind, name) = (kind.into(), name.into());
        vec![OwnerReference { kind, name, uid, controller: Some(true), ..Default::default() }]
    }

    #[test]
    fn a_pod_of_a_replica_set_counts_for_the_deployment() {
        let mut deployment = Deployment::default();
        deployment.metadata.name = "web".into();
        deployment.spec.replicas = Some(1);
        let mut replica_set = ReplicaSet::default();
        replica_set.metadata.name = "web-7c9f".into();
        replica_set.metadata.uid = Uid(2);
        replica_set.metadata.owner_references = controlled_by("Deployment", "web", Uid(1));
        let mut pod: Pod = serde_json::from_str(
            r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#,
        )
        .unwrap();
        pod.metadata.name = "web-7c9f-x".into();
        pod.metadata.owner_references = controlled_by("ReplicaSet", "web-7c9f", Uid(2));
        pod.node_name = Some("n".into());

        let mut collector = Collector::new(Limits::default());
        for (secs, object) in
            [(1, deployment.into()), (2, replica_set.into()), (5, Object::from(pod.clone()))]
        {
            let (at, op) = (SimTime::from_secs(secs), ChangeOp::Added);
            collector.observe(&Fact::Change { at, op, old: None, new: &object });
        }
        let gone = Object::from(pod);
        let at = SimTime::from_secs(9);
        collector.observe(&Fact::Change { at, op: ChangeOp::Deleted, old: None, new: &gone });
        let recorded = collector.finish(SimTime::from_secs(10));

        let [web] = recorded.workloads.as_slice() else { panic!("one workload: {:?}", recorded.workloads) };
        assert_eq!(web.title(), "deployment/web");
        assert_eq!(recorded.lanes[0].owner_title(), "deployment/web");
        assert_eq!(web.ready.at(SimTime::from_secs(6)), Some(&1));
        assert_eq!(web.ready.last(), Some(&0));
        assert_eq!(recorded.nodes[0].pods.last(), Some(&0));
        assert_eq!(recorded.lanes[0].bindings[0].until, Some(at));
    }
}
