//! kube-controller-manager: one delayed view of the cluster, shared by all controllers, and a queue for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::controllers::autoscaler::Past;
use super::controllers::endpoints::Unsettled;
use super::controllers::garbage::GarbageGraph;
use super::controllers::node_lifecycle::NodeLifecycle;
use super::controllers::pod_gc::PodGcState;
use super::controllers::slow_start::SlowStart;
use crate::api::core::ObjectReference;
use crate::api::{ApiError, ApiResult, Commit, Kind, Object, Objects, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::metrics::ClusterMetrics;
use crate::component::workqueue::Finished;
use crate::component::{
    ApiClient, Class, Ctx, EventRecorder, Mirror, Origin, RetryLimits, Settings, WorkQueue,
};
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::RecordId;

/// The controllers. The order is that in which they work at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ControllerId {
    Namespace,
    NodeLifecycle,
    TaintEviction,
    Deployment,
    ReplicaSet,
    ReplicationController,
    Endpoints,
    EndpointSlice,
    GarbageCollector,
    PodGc,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Disruption,
    Autoscaler,
}

impl ControllerId {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Namespace,
        Self::NodeLifecycle,
        Self::TaintEviction,
        Self::Deployment,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Endpoints,
        Self::EndpointSlice,
        Self::GarbageCollector,
        Self::PodGc,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::Disruption,
        Self::Autoscaler,
    ];

    /// The name it reports events under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespace => "namespace-controller",
            Self::NodeLifecycle => "node-controller",
            Self::TaintEviction => "taint-eviction-controller",
            Self::Deployment => "deployment-controller",
            Self::ReplicaSet => "replicaset-controller",
            Self::ReplicationController => "replication-controller",
            Self::Endpoints => "endpoints-controller",
            Self::EndpointSlice => "endpoint-slice-controller",
            Self::GarbageCollector => "generic-garbage-collector",
            Self::PodGc => "pod-garbage-collector",
            Self::StatefulSet => "statefulset-controller",
            Self::DaemonSet => "daemonset-controller",
            Self::Job => "job-controller",
            Self::CronJob => "cronjob-controller",
            Self::Disruption => "controllermanager",
            Self::Autoscaler => "horizontal-pod-autoscaler",
        }
    }

    /// How it spaces the retries of what has failed.
    fn retry_limits(self, settings: &Settings) -> RetryLimits {
        let usual = RetryLimits {
            base_delay: settings.work_queue_base_delay,
            max_delay: settings.work_queue_max_delay,
            qps: settings.work_queue_qps,
            burst: settings.work_queue_burst,
            max_retries: None,
        };
        let max_retries = u32::try_from(settings.endpoints_max_retries).ok();
        match self {
            Self::Namespace => RetryLimits { max_delay: settings.namespace_retry_max_delay, ..usual },
            Self::Endpoints => RetryLimits { max_retries, ..usual },
            Self::EndpointSlice => RetryLimits {
                base_delay: settings.endpoint_slice_retry_base_delay,
                max_delay: settings.endpoint_slice_retry_max_delay,
                max_retries,
                ..usual
            },
            _ => usual,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}

/// What happens in the controller manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerEvent {
    /// A controller has keys to work on.
    Work(ControllerId),
    /// A key is due again.
    Requeue(ControllerId, u32),
    /// The node lifecycle controller looks at all nodes.
    MonitorNodes,
    /// The rate-limited queue of a zone may taint its next node.
    EvictionPass,
    /// A toleration has run out.
    TolerationEnds(u32),
    /// The pod garbage collector works.
    PodGcPass,
    /// All CronJobs are looked at (1.20).
    PollCronJobs,
}

/// Replicas that were asked for and have not been seen yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expected {
    pub(super) creations: i32,
    pub(super) deletions: i32,
    since: SimTime,
}

/// What each controller has to itself.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) client: ApiClient,
    pub(super) events: EventRecorder,
    queue: WorkQueue<u32>,
    scheduled: bool,
    due: BTreeMap<u32, (SimTime, EventHandle)>,
    /// How often a key was put back with the back-off of its controller.
    pub(super) requeues: BTreeMap<u32, u32>,
    /// Keys that nothing may happen to before a time.
    pub(super) not_before: BTreeMap<u32, SimTime>,
    pub(super) expected: BTreeMap<u32, Expected>,
    /// Creations that wait for the batch before them.
    pub(super) slow_starts: BTreeMap<u32, SlowStart>,
    /// Why the last creation failed.
    pub(super) failures: BTreeMap<u32, Name>,
    /// What is remembered of each autoscaler.
    pub(super) autoscalers: BTreeMap<u32, Past>,
    /// Of each Service the pods to look at; all of them when it is not listed.
    pub(super) unsettled: BTreeMap<u32, Unsettled>,
    /// Name and number of the last revision that was written for a StatefulSet or DaemonSet.
    pub(super) recorded: BTreeMap<u32, (Name, i64)>,
    /// How long a DaemonSet waits before it makes a failed pod anew, by generation and node.
    pub(super) daemon_backoff: BTreeMap<(u32, i64, Name), (SimTime, SimDuration)>,
}

/// The controller manager.
#[derive(Clone, Debug)]
pub struct ControllerManager {
    pub(super) mirror: Mirror,
    pub(super) desks: Vec<Desk>,
    /// State of the node lifecycle controller.
    pub nodes: NodeLifecycle,
    pub(super) cron_poll: Option<EventHandle>,
    pub(super) tolerations: BTreeMap<u32, (SimTime, EventHandle)>,
    pub(super) pod_gc: PodGcState,
    pub(super) garbage: GarbageGraph,
    /// What the metrics APIs serve.
    pub metrics: Arc<ClusterMetrics>,
    pub(super) target: u64,
}

/// One controller at work on one key.
pub(super) struct Desktop<'a, 'c> {
    pub(super) id: ControllerId,
    pub(super) key: u32,
    pub(super) desk: &'a mut Desk,
    pub(super) mirror: &'a Mirror,
    pub(super) metrics: &'a ClusterMetrics,
    pub(super) ctx: &'a mut Ctx<'c, ControllerEvent>,
    sent: u32,
    target: u64,
}

/// What an answer is about, beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum About {
    /// Nothing in particular.
    Anything,
    /// A replica was to be created.
    Creation,
    /// A replica was to be deleted.
    Deletion,
}

impl Desktop<'_, '_> {
    /// Sends a request on behalf of the key; the key stays busy until it is answered.
    pub(super) fn submit(&mut self, request: Request, about: About) {
        let token = (self.id as u64) << 56 | u64::from(self.key) << 8 | about as u64;
        self.sent += 1;
        self.desk.client.submit(self.ctx, request, Some(token));
    }

    /// Reports an event about an object.
    pub(super) fn event(
        &mut self,
        about: &Object,
        kind: EventType,
        reason: &'static str,
        message: impl Into<Name>,
    ) {
        let reference = reference_to(about);
        self.desk.events.emit(self.ctx, &mut self.desk.client, reference, kind, reason, message);
    }

    /// Looks at the key again after a delay; an earlier time replaces a later one.
    pub(super) fn requeue_after(&mut self, delay: SimDuration) {
        schedule_requeue(self.desk, self.ctx, self.id, self.key, delay, self.target);
    }

    /// Whether all replicas that were asked for have been seen.
    pub(super) fn expectations_met(&self) -> bool {
        self.desk.expected.get(&self.key).is_none_or(|expected| {
            (expected.creations <= 0 && expected.deletions <= 0)
                || self.ctx.now.saturating_since(expected.since) > self.ctx.settings.expectations_timeout
        })
    }

    /// Notes how many replicas will appear and disappear.
    pub(super) fn expect(&mut self, creations: i32, deletions: i32) {
        let expected = Expected { creations, deletions, since: self.ctx.now };
        self.desk.expected.insert(self.key, expected);
    }

    /// Notes how many replicas will disappear, beside those that will appear.
    pub(super) fn expect_deletions(&mut self, deletions: i32) {
        let since = self.ctx.now;
        let fresh = Expected { creations: 0, deletions: 0, since };
        self.desk.expected.entry(self.key).or_insert(fresh).deletions = deletions;
    }
}

/// An event's reference to an object.
pub(super) fn reference_to(object: &Object) -> ObjectReference {
    let metadata = object.metadata();
    ObjectReference {
        api_version: Some(Name::word(object.kind().names().api_version)),
        kind: Name::word(object.kind().as_str()),
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone(),
        uid: metadata.uid,
        field_path: None,
    }
}

fn schedule_requeue(
    desk: &mut Desk,
    ctx: &mut Ctx<'_, ControllerEvent>,
    id: ControllerId,
    key: u32,
    delay: SimDuration,
    target: u64,
) {
    let at = ctx.now + delay;
    if let Some((planned, handle)) = desk.due.get(&key).copied() {
        if planned <= at {
            return;
        }
        ctx.agenda.cancel(handle);
    }
    // Numbers from here on are keys; below are the periodic events of the controllers.
    let seq = 1 << 31 | (id as u32) << 26 | (key & 0x03ff_ffff);
    let handle = ctx.schedule(at, Class::Controller, target, seq, ControllerEvent::Requeue(id, key));
    desk.due.insert(key, (at, handle));
}

impl ControllerManager {
    /// The n-th controller manager of the run, which has just become leader and listed the whole cluster.
    pub fn new(settings: &Settings, objects: &Objects, incarnation: u32) -> Self {
        let desks = ControllerId::ALL
            .into_iter()
            .map(|id| Desk {
                client: ApiClient::new(
                    Origin::ControllerManager,
                    id.name(),
                    u64::from(incarnation) << 40 | id as u64,
                    settings.kube_api_qps,
                    settings.kube_api_burst,
                )
                .of_process(incarnation),
                events: EventRecorder::new(id.name(), None),
                queue: WorkQueue::new(id.retry_limits(settings)),
                scheduled: false,
                due: BTreeMap::new(),
                requeues: BTreeMap::new(),
                not_before: BTreeMap::new(),
                expected: BTreeMap::new(),
                slow_starts: BTreeMap::new(),
                failures: BTreeMap::new(),
                autoscalers: BTreeMap::new(),
                unsettled: BTreeMap::new(),
                recorded: BTreeMap::new(),
                daemon_backoff: BTreeMap::new(),
            })
            .collect();
        Self {
            mirror: Mirror::of(objects),
            desks,
            nodes: NodeLifecycle::default(),
            cron_poll: None,
            tolerations: BTreeMap::new(),
            pod_gc: PodGcState::default(),
            garbage: GarbageGraph::default(),
            metrics: Arc::default(),
            target: u64::from(incarnation),
        }
    }

    /// From now on everything that the process asks of the API server takes so many times as long as usual.
    pub fn slow_down(&mut self, factor: u64) {
        for desk in &mut self.desks {
            desk.client.slow_down(factor);
        }
    }

    /// What has been delivered to the controllers.
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Looks at everything once, as after a start.
    pub fn start(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        let all: Vec<(Kind, u32)> = Kind::ALL
            .iter()
            .flat_map(|kind| self.mirror.objects().of(*kind).iter().map(|(index, _)| (*kind, index)))
            .collect();
        for (kind, index) in all {
            self.enqueue_object(ctx, kind, index);
        }
        self.start_node_lifecycle(ctx);
        self.start_pod_gc(ctx);
    }

    /// Adds the keys that an object's own controllers work on.
    fn enqueue_object(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, kind: Kind, index: u32) {
        match kind {
            Kind::Deployment => self.enqueue(ctx, ControllerId::Deployment, index),
            Kind::ReplicaSet => self.enqueue(ctx, ControllerId::ReplicaSet, index),
            Kind::ReplicationController => self.enqueue(ctx, ControllerId::ReplicationController, index),
            Kind::StatefulSet => self.enqueue(ctx, ControllerId::StatefulSet, index),
            Kind::DaemonSet => self.enqueue(ctx, ControllerId::DaemonSet, index),
            Kind::Job => self.enqueue(ctx, ControllerId::Job, index),
            Kind::CronJob => self.cron_job_changed(ctx, index),
            Kind::PodDisruptionBudget => self.enqueue(ctx, ControllerId::Disruption, index),
            Kind::Namespace => self.enqueue(ctx, ControllerId::Namespace, index),
            Kind::Service => {
                self.enqueue(ctx, ControllerId::Endpoints, index);
                self.enqueue(ctx, ControllerId::EndpointSlice, index);
            }
            Kind::HorizontalPodAutoscaler => self.plan_autoscaler(ctx, index),
            Kind::Pod => self.enqueue(ctx, ControllerId::TaintEviction, index),
            _ => {}
        }
    }

    /// An autoscaler is looked at once a period, for the first time a period after it was seen.
    fn plan_autoscaler(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, key: u32) {
        let id = ControllerId::Autoscaler;
        let (period, target) = (ctx.settings.horizontal_pod_autoscaler_sync_period, self.target);
        let desk = &mut self.desks[id as usize];
        if !desk.due.contains_key(&key) {
            schedule_requeue(desk, ctx, id, key, period, target);
        }
    }

    pub(super) fn enqueue(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ControllerId, key: u32) {
        let cause = ctx.trace.cause();
        let desk = &mut self.desks[id as usize];
        if desk.queue.add(key, cause) && !desk.scheduled {
            desk.scheduled = true;
            let (at, target) = (ctx.now, self.target);
            ctx.schedule(at, Class::Controller, target, id as u32, ControllerEvent::Work(id));
        }
    }

    /// The same after a time in which more may come; zero = now.
    pub(super) fn enqueue_after(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        id: ControllerId,
        key: u32,
        delay: SimDuration,
    ) {
        if delay == SimDuration::ZERO {
            self.enqueue(ctx, id, key);
        } else {
            self.at_desk(ctx, id, key, |top| top.requeue_after(delay));
        }
    }

    /// The watches deliver a change.
    pub fn deliver(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        ctx.trace.set_cause(commit.record);
        let before = commit.old.as_ref();
        self.replicas_seen(commit);
        self.mirror.apply(commit);
        let generation = |object: &Object| object.metadata().generation;
        if commit.id.kind == Kind::Job && before.map(generation) == Some(generation(&commit.new)) {
            // Nobody has changed what the Job should do: its status follows from its pods, and more may come.
            self.enqueue_after(ctx, ControllerId::Job, commit.id.index, ctx.settings.sync_job_batch_period);
        } else {
            self.enqueue_object(ctx, commit.id.kind, commit.id.index);
        }
        self.replicas_changed(ctx, commit);
        self.endpoints_changed(ctx, commit);
        self.garbage_seen(ctx, commit);
        self.sets_changed(ctx, commit);
        self.pod_gc_seen(ctx, commit);
        self.jobs_changed(ctx, commit);
        self.tracked_pods_changed(ctx, commit);
        self.budgets_changed(ctx, commit);
        self.budget_owners_changed(ctx, commit);
        self.daemon_nodes_changed(ctx, commit);
        if commit.id.kind == Kind::Node {
            self.node_changed(ctx, commit.id.index, before);
        }
    }

    /// Something that was scheduled happens.
    pub fn handle(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, event: ControllerEvent) {
        match event {
            ControllerEvent::Work(id) => self.work(ctx, id),
            ControllerEvent::Requeue(id, key) => {
                self.desks[id as usize].due.remove(&key);
                self.enqueue(ctx, id, key);
            }
            ControllerEvent::MonitorNodes => self.monitor_nodes(ctx),
            ControllerEvent::EvictionPass => self.eviction_pass(ctx),
            ControllerEvent::TolerationEnds(pod) => self.toleration_ends(ctx, pod),
            ControllerEvent::PodGcPass => self.pod_gc_pass(ctx),
            ControllerEvent::PollCronJobs => self.poll_cron_jobs(ctx),
        }
    }

    fn work(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ControllerId) {
        self.desks[id as usize].scheduled = false;
        while let Some((key, cause)) = self.desks[id as usize].queue.pop() {
            ctx.trace.set_cause(cause);
            let sent = self.reconcile(ctx, id, key);
            self.desks[id as usize].queue.expect_replies(key, sent);
            self.finish(ctx, id, key);
        }
    }

    /// Runs `work` for a key with everything that a controller may touch; returns how many requests were sent.
    pub(super) fn at_desk(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        id: ControllerId,
        key: u32,
        work: impl FnOnce(&mut Desktop<'_, '_>),
    ) -> u32 {
        let desk = &mut self.desks[id as usize];
        let mut top = Desktop {
            id,
            key,
            desk,
            mirror: &self.mirror,
            metrics: &self.metrics,
            ctx,
            sent: 0,
            target: self.target,
        };
        work(&mut top);
        top.sent
    }

    fn reconcile(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ControllerId, key: u32) -> u32 {
        match id {
            ControllerId::Deployment => self.at_desk(ctx, id, key, |top| top.sync_deployment()),
            ControllerId::ReplicaSet | ControllerId::ReplicationController => {
                self.at_desk(ctx, id, key, |top| top.sync_replicas())
            }
            ControllerId::Endpoints => self.at_desk(ctx, id, key, |top| top.sync_endpoints()),
            ControllerId::EndpointSlice => self.at_desk(ctx, id, key, |top| top.sync_endpoint_slices()),
            ControllerId::Namespace => self.at_desk(ctx, id, key, |top| top.sync_namespace()),
            ControllerId::StatefulSet => self.at_desk(ctx, id, key, |top| top.sync_stateful_set()),
            ControllerId::DaemonSet => self.at_desk(ctx, id, key, |top| top.sync_daemon_set()),
            ControllerId::Job => self.at_desk(ctx, id, key, |top| top.sync_job()),
            ControllerId::CronJob => self.at_desk(ctx, id, key, |top| top.sync_cron_job()),
            ControllerId::Disruption => self.at_desk(ctx, id, key, |top| top.sync_budget()),
            ControllerId::Autoscaler => self.at_desk(ctx, id, key, |top| top.sync_autoscaler()),
            ControllerId::GarbageCollector => self.collect_garbage(ctx, key),
            ControllerId::TaintEviction => {
                self.check_tolerations(ctx, key);
                0
            }
            ControllerId::NodeLifecycle => {
                self.sync_node_taints(ctx, key);
                0
            }
            ControllerId::PodGc => 0,
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ControllerId, key: u32) {
        let target = self.target;
        let desk = &mut self.desks[id as usize];
        match desk.queue.finish(key, ctx.now) {
            Finished::NotYet => return,
            Finished::Done => {}
            Finished::RetryAfter(delay) => schedule_requeue(desk, ctx, id, key, delay, target),
        }
        if desk.queue.has_ready() && !desk.scheduled {
            desk.scheduled = true;
            let at = ctx.now;
            ctx.schedule(at, Class::Controller, target, id as u32, ControllerEvent::Work(id));
        }
    }

    /// The answer to a request of a controller.
    pub fn reply(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        token: u64,
        result: &ApiResult,
        record: RecordId,
    ) {
        let Some(id) = ControllerId::from_number((token >> 56) as u8) else { return };
        let (key, about) = ((token >> 8) as u32, token as u8);
        if record != 0 {
            ctx.trace.set_cause(record);
        }
        if about == About::Creation as u8 {
            self.creation_answered(ctx, id, key, result);
        }
        if about == About::Deletion as u8
            && result.is_err()
            && let Some(expected) = self.desks[id as usize].expected.get_mut(&key)
        {
            expected.deletions -= 1;
        }
        let failed = result.as_ref().err().is_some_and(counts_as_failure);
        self.desks[id as usize].queue.reply(key, failed);
        if about == About::Creation as u8 && result.is_ok() {
            self.next_batch(ctx, id, key);
        }
        if id == ControllerId::NodeLifecycle
            && result.as_ref().err().is_some_and(|error| error.reason == "Conflict")
        {
            self.look_again_at_nodes(ctx);
        }
        self.finish(ctx, id, key);
    }

    /// Sends the next batch of a slow start once the batch before it is through.
    fn next_batch(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ControllerId, key: u32) {
        let sent = self.at_desk(ctx, id, key, |top| top.continue_slow_start());
        self.desks[id as usize].queue.expect_replies(key, sent);
    }
}

/// An object that has vanished meanwhile needs nothing more.
fn counts_as_failure(error: &ApiError) -> bool {
    error.code != 404
}
