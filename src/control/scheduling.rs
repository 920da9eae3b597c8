//! kube-scheduler as a component: watches feed the engine, cycles take time, bindings go through the API server.
//!
//! The decisions are [`super::scheduler`]'s; this file is about when things happen and what is said about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manager::reference_to;
use super::scheduler::explain::Explanation;
use super::scheduler::framework::Code;
use super::scheduler::nominator::Nomination;
use super::scheduler::{Decision, NodeId, ObjectChange, Options, PodId, Scheduler};
use crate::api::core::{Condition, ConditionStatus};
use crate::api::pod::Pod;
use crate::api::{ApiResult, Commit, DeleteOptions, Kind, Object, ObjectRef, Objects, Op, Patch, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{ApiClient, Class, Ctx, EventRecorder, Origin, Settings};
use crate::kernel::{EventHandle, SimDuration, SimTime};

/// What happens in the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerEvent {
    /// The next pod is taken from the queue.
    Cycle,
    /// Back-offs end, or pods have waited for too long.
    Flush,
}

const SEQ_CYCLE: u32 = 0;
const SEQ_FLUSH: u32 = 1;
/// Bits of a reply token that say what the answer is about.
const ABOUT_BINDING: u64 = 1 << 32;

/// Which decisions are explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Explain {
    /// None: it costs time.
    #[default]
    Nothing,
    /// Those about the pod of this namespace and name.
    Pod(Name, Name),
    /// All.
    Everything,
}

/// A decision and how it came about.
#[derive(Clone, Debug)]
pub struct Explained {
    /// When.
    pub at: SimTime,
    /// Namespace of the pod.
    pub namespace: Name,
    /// Name of the pod.
    pub name: Name,
    /// The message of a pod that has no node.
    pub failure: Option<String>,
    /// Nodes and plugins.
    pub explanation: Explanation,
}

/// The scheduler as a component.
#[derive(Clone, Debug)]
pub struct SchedulerComponent {
    engine: Scheduler,
    client: ApiClient,
    events: EventRecorder,
    /// Pods by object index, as delivered.
    pods: BTreeMap<u32, Arc<Pod>>,
    /// Names of nodes by object index.
    nodes: BTreeMap<u32, Name>,
    /// How often each pod was tried: the index of its tie-breaking draw.
    attempts: BTreeMap<u32, u64>,
    cycle: Option<EventHandle>,
    flush: Option<(SimTime, EventHandle)>,
    target: u64,
    listed: Vec<Commit>,
    explain: Explain,
    explained: Vec<Explained>,
    /// When pods were first seen, and how long it took until they were given a node.
    seen: BTreeMap<u32, SimTime>,
    latencies: Vec<SimDuration>,
}

impl SchedulerComponent {
    /// The n-th scheduler of the run, which has just become leader and listed the whole cluster.
    pub fn new(
        settings: &Settings,
        (options, explain): (&Options, &Explain),
        objects: &Objects,
        incarnation: u32,
    ) -> Self {
        let target = u64::from(incarnation);
        let client = ApiClient::new(
            Origin::Scheduler,
            "default-scheduler",
            1 << 32 | target,
            settings.scheduler_qps,
            settings.scheduler_burst,
        )
        .of_process(incarnation);
        let engine = Scheduler::new(options).expect("the options have been checked");
        Self {
            engine,
            client,
            events: EventRecorder::new("default-scheduler", None),
            pods: BTreeMap::new(),
            nodes: BTreeMap::new(),
            attempts: BTreeMap::new(),
            cycle: None,
            flush: None,
            target,
            listed: listed(objects),
            explain: explain.clone(),
            explained: Vec::new(),
            seen: BTreeMap::new(),
            latencies: Vec::new(),
        }
    }

    /// Takes in what the first list returned.
    pub fn start(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>) {
        for commit in std::mem::take(&mut self.listed) {
            self.take_in(ctx.now, &commit);
        }
        self.wake(ctx);
    }

    /// The watch delivers a change.
    pub fn deliver(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, commit: &Commit) {
        if matches!(commit.id.kind, Kind::Event | Kind::Endpoints | Kind::EndpointSlice | Kind::Lease) {
            return;
        }
        ctx.trace.set_cause(commit.record);
        self.take_in(ctx.now, commit);
        if let Object::Pod(pod) = &commit.new
            && commit.op == Op::Added
        {
            self.report_gates(ctx, commit.id.index, pod);
        }
        self.wake(ctx);
    }

    fn take_in(&mut self, now: SimTime, commit: &Commit) {
        let index = commit.id.index;
        match (&commit.new, commit.op) {
            (Object::Node(_), Op::Deleted) => {
                self.nodes.remove(&index);
                self.engine.on_node_deleted(NodeId(index), now);
            }
            (Object::Node(node), _) => {
                let known = self.nodes.insert(index, node.metadata.name.clone()).is_some();
                if known {
                    self.engine.on_node_updated(NodeId(index), node, now);
                } else {
                    self.engine.on_node_added(NodeId(index), node, now);
                }
            }
            (Object::Pod(_), Op::Deleted) => {
                self.seen.remove(&index);
                self.pods.remove(&index);
                self.attempts.remove(&index);
                self.engine.on_pod_deleted(PodId(index), now);
            }
            (Object::Pod(pod), _) => {
                if pod.node_name.is_none() {
                    self.seen.entry(index).or_insert(now);
                }
                let known = self.pods.insert(index, pod.clone()).is_some();
                if known {
                    self.engine.on_pod_updated(PodId(index), pod, now);
                } else {
                    self.engine.on_pod_added(PodId(index), pod, now);
                }
            }
            (object, Op::Deleted) => self.engine.on_other(&ObjectChange::Deleted(object)),
            (object, _) => self.engine.on_other(&ObjectChange::Set(object)),
        }
    }

    /// Plans the next cycle and the next flush.
    fn wake(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>) {
        if self.cycle.is_none() && self.engine.queue().has_ready() {
            let at = ctx.now + ctx.settings.scheduler_latency;
            let handle = ctx.schedule(at, Class::Scheduler, self.target, SEQ_CYCLE, SchedulerEvent::Cycle);
            self.cycle = Some(handle);
        }
        let due = self.engine.next_due();
        if self.flush.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, handle)) = self.flush.take() {
            ctx.agenda.cancel(handle);
        }
        if let Some(at) = due {
            let at = at.max(ctx.now);
            let handle = ctx.schedule(at, Class::Scheduler, self.target, SEQ_FLUSH, SchedulerEvent::Flush);
            self.flush = Some((at, handle));
        }
    }

    /// Something that was planned happens.
    pub fn handle(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, event: SchedulerEvent) {
        match event {
            SchedulerEvent::Flush => {
                self.flush = None;
                self.engine.flush(ctx.now);
            }
            SchedulerEvent::Cycle => {
                self.cycle = None;
                self.cycle(ctx);
            }
        }
        self.wake(ctx);
    }

    fn cycle(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>) {
        let Some(queued) = self.engine.pop(ctx.now) else { return };
        let id = queued.id;
        if self.engine.skips(id) {
            self.engine.done(id);
            return;
        }
        let Some(pod) = self.pods.get(&id.0).cloned() else { return };
        let attempt = self.attempts.entry(id.0).or_insert(0);
        let entity = format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
        let draw = ctx.streams.stream("scheduler-tie", &entity).u64_at(*attempt);
        *attempt += 1;
        let decision = self.engine.schedule(id, draw);
        self.note(ctx.now, &pod, &decision);
        match decision {
            Decision::Bind { node } => {
                self.engine.assume(id, node);
                if let Some(seen) = self.seen.remove(&id.0) {
                    self.latencies.push(ctx.now - seen);
                }
                let request = Request::Bind {
                    namespace: pod.metadata.namespace.clone(),
                    name: pod.metadata.name.clone(),
                    uid: pod.metadata.uid,
                    node: self.nodes.get(&node.0).cloned().unwrap_or_default(),
                };
                self.client.submit(ctx, request, Some(ABOUT_BINDING | u64::from(id.0)));
            }
            Decision::Unschedulable(failure) => {
                self.preempt(ctx, &pod, &failure.victims, &failure.superseded);
                self.report_failure(ctx, &pod, "Unschedulable", &failure.message, &failure.nomination);
                self.engine.reject(id, &failure, ctx.now);
            }
            Decision::Error { message } => {
                self.report_failure(ctx, &pod, "SchedulerError", &message, &Nomination::Keep);
                self.engine.forget(id, ctx.now);
            }
        }
    }

    /// Evicts pods of lower priority, and takes nominations away from those that counted on the same room.
    fn preempt(
        &mut self,
        ctx: &mut Ctx<'_, SchedulerEvent>,
        pod: &Arc<Pod>,
        victims: &[PodId],
        superseded: &[PodId],
    ) {
        for victim in victims {
            let Some(victim) = self.pods.get(&victim.0).cloned() else { continue };
            let uid = Some(victim.metadata.uid);
            let condition = Condition {
                kind: "DisruptionTarget".into(),
                status: ConditionStatus::True,
                reason: Some("PreemptionByScheduler".into()),
                message: Some("default-scheduler: preempting to accommodate a higher priority pod".into()),
                ..Condition::default()
            };
            let patch = Patch::Condition(condition);
            self.client.submit(ctx, Request::Patch { target: pod_ref(&victim), uid, patch }, None);
            let options = DeleteOptions { uid, ..DeleteOptions::default() };
            self.client.submit(ctx, Request::Delete { target: pod_ref(&victim), options }, None);
            let node = victim.node_name.clone().unwrap_or_default();
            let message = format!("Preempted by pod {} on node {node}", pod.metadata.uid);
            let about = reference_to(&Object::Pod(victim));
            self.events.emit(ctx, &mut self.client, about, EventType::Normal, "Preempted", message);
        }
        for other in superseded {
            let Some(other) = self.pods.get(&other.0).cloned() else { continue };
            let patch = Patch::NominatedNode(None);
            let request = Request::Patch { target: pod_ref(&other), uid: Some(other.metadata.uid), patch };
            self.client.submit(ctx, request, None);
        }
    }

    fn report_failure(
        &mut self,
        ctx: &mut Ctx<'_, SchedulerEvent>,
        pod: &Arc<Pod>,
        reason: &'static str,
        message: &str,
        nomination: &Nomination,
    ) {
        let about = reference_to(&Object::Pod(pod.clone()));
        self.events.emit(ctx, &mut self.client, about, EventType::Warning, "FailedScheduling", message);
        self.set_unscheduled(ctx, pod, reason, message);
        if let Nomination::Set(node) = nomination
            && *node != pod.status.nominated_node_name
        {
            let patch = Patch::NominatedNode(node.clone());
            let request = Request::Patch { target: pod_ref(pod), uid: Some(pod.metadata.uid), patch };
            self.client.submit(ctx, request, None);
        }
    }

    fn set_unscheduled(
        &mut self,
        ctx: &mut Ctx<'_, SchedulerEvent>,
        pod: &Arc<Pod>,
        reason: &'static str,
        message: &str,
    ) {
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: ConditionStatus::False,
            reason: Some(reason.into()),
            message: Some(message.into()),
            ..Condition::default()
        };
        let patch = Patch::Condition(condition);
        let request = Request::Patch { target: pod_ref(pod), uid: Some(pod.metadata.uid), patch };
        self.client.submit(ctx, request, None);
    }

    /// A gated pod says so in its condition.
    fn report_gates(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, index: u32, pod: &Arc<Pod>) {
        if let Some(status) = self.engine.gated(PodId(index))
            && status.code != Code::Success
        {
            self.set_unscheduled(
                ctx,
                pod,
                "SchedulingGated",
                "Scheduling is blocked due to non-empty scheduling gates",
            );
        }
    }

    /// The answer to a request of the scheduler.
    pub fn reply(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, token: u64, result: &ApiResult) {
        let id = PodId(token as u32);
        match result {
            Ok(object) => {
                self.engine.finish_binding(id);
                let metadata = object.metadata();
                let node = match object {
                    Object::Pod(pod) => pod.node_name.clone().unwrap_or_default(),
                    _ => Name::default(),
                };
                let message =
                    format!("Successfully assigned {}/{} to {node}", metadata.namespace, metadata.name);
                let about = reference_to(object);
                self.events.emit(ctx, &mut self.client, about, EventType::Normal, "Scheduled", message);
            }
            Err(_) => self.engine.forget(id, ctx.now),
        }
        self.wake(ctx);
    }

    /// The decisions that were explained since the last time.
    pub fn take_explained(&mut self) -> Vec<Explained> {
        std::mem::take(&mut self.explained)
    }

    fn note(&mut self, at: SimTime, pod: &Pod, decision: &Decision) {
        let of = &pod.metadata;
        let wanted = match &self.explain {
            Explain::Nothing => false,
            Explain::Pod(namespace, name) => of.namespace == *namespace && of.name == *name,
            Explain::Everything => true,
        };
        if wanted {
            let failure = match decision {
                Decision::Bind { .. } => None,
                Decision::Unschedulable(failure) => Some(failure.message.clone()),
                Decision::Error { message } => Some(message.clone()),
            };
            let (namespace, name) = (of.namespace.clone(), of.name.clone());
            let explanation = self.engine.explain();
            self.explained.push(Explained { at, namespace, name, failure, explanation });
        }
    }

    /// How long pods waited for a node, from the moment the scheduler saw them, in order of decision.
    pub fn latencies(&self) -> Vec<SimDuration> {
        self.latencies.clone()
    }

    /// Whether a pod that was delivered and waits for a node is neither queued nor about to be bound. That must never be.
    pub fn has_lost(&self, index: u32) -> bool {
        let id = PodId(index);
        self.pods.get(&index).is_some_and(|pod| {
            let waits = pod.is_active() && pod.node_name.is_none() && self.engine.is_responsible_for(pod);
            waits && self.engine.queue().get(id).is_none() && !self.engine.cache().is_assumed(id)
        })
    }

    /// The decision engine, for explanations.
    pub fn engine(&self) -> &Scheduler {
        &self.engine
    }
}

fn pod_ref(pod: &Pod) -> ObjectRef {
    ObjectRef { kind: Kind::Pod, namespace: pod.metadata.namespace.clone(), name: pod.metadata.name.clone() }
}

/// What a list returns, as if everything had just been added: nodes first, since pods stand on them.
fn listed(objects: &Objects) -> Vec<Commit> {
    let mut kinds: Vec<Kind> = Kind::ALL.to_vec();
    kinds.sort_by_key(|kind| match kind {
        Kind::Node => 0,
        Kind::Pod => 2,
        _ => 1,
    });
    let all = kinds
        .into_iter()
        .flat_map(|kind| objects.of(kind).iter().map(move |(index, object)| (kind, index, object)));
    all.map(|(kind, index, object)| Commit {
        revision: object.metadata().resource_version,
        at: SimTime::ZERO,
        id: crate::api::ObjectId { kind, index },
        op: Op::Added,
        old: None,
        new: object.clone(),
        record: 0,
    })
    .collect()
}
