//! One machine: power, network link, kubelet, runtime; and how events and deliveries reach its pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admission::admit;
use super::outage::Outage;
use super::pod::{HostPod, Stage, Worker};
use super::probe::ProbeKind;
use crate::api::core::{ObjectReference, ResourceList};
use crate::api::pod::{Pod, PodPhase};
use crate::api::services::dotted;
use crate::api::{Commit, Kind, Labels, Object, Op};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{ApiClient, Class, Ctx, EventRecorder, Origin, Settings};
use crate::fault::ProcessFault;
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::{Detail, Subject};
use crate::workload::Apps;

const SEQ_RELIST: u32 = 0;
const SEQ_STATUS_RETRY: u32 = 1;
const SEQ_BOOTED: u32 = 2;

/// What happens on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`pod` is the index of the pod object, the others count within the pod")]
pub enum NodeEvent {
    /// The kubelet looks at what the runtime has.
    Relist,
    /// A wanted sync may begin.
    Sync { pod: u32 },
    /// The time of a pod in the work queue has come.
    QueuedSync { pod: u32 },
    /// The first step of the running sync goes on.
    RunStep { pod: u32 },
    /// A stage in stopping a container is over.
    KillStep { pod: u32, container: u16 },
    /// The process of a container ends.
    ProcessExits { pod: u32, container: u16 },
    /// A probe ticks.
    ProbeTick { pod: u32, probe: u16 },
    /// A probe's answer has come, or its timeout.
    ProbeDone { pod: u32, probe: u16 },
    /// A pod has been active for as long as it may.
    Deadline { pod: u32 },
    /// The object of a finished pod is to be deleted.
    RemoveObject { pod: u32 },
    /// A status tick at which the runtime has been down for long, or is back.
    RuntimeVerdict,
    /// The status manager's periodic pass: statuses that did not get through are sent again.
    StatusPass,
    /// The machine has booted.
    Booted,
}

/// A probe that a fault makes fail.
pub struct ProbeFault {
    /// What the prober reports.
    pub output: Name,
}

/// What a node may ask of the faults that are in force.
pub trait FaultView {
    /// Whether a probe of this container fails.
    fn probe(&self, pod: &Pod, container: &str, kind: ProbeKind) -> Option<ProbeFault>;
    /// By how much a container's start is delayed.
    fn slow_start(&self, pod: &Pod, container: &str) -> SimDuration;
    /// Whether pulls of an image fail.
    fn pull_fails(&self, image: &str, node: &str) -> bool;
    /// By which factor pulls take longer.
    fn pull_slowdown(&self, image: &str, node: &str) -> u64;
}

/// What a program may ask of the network.
pub trait Dependencies {
    /// Whether a service (`name` or `namespace/name`) has a ready endpoint that can be reached from `namespace`.
    fn is_available(&self, namespace: &str, service: &str) -> bool;
}

/// What surrounds all nodes.
#[derive(Clone, Copy)]
pub struct NodeEnv<'a> {
    /// Programs.
    pub apps: &'a Apps,
    /// Faults in force.
    pub faults: &'a dyn FaultView,
    /// The network.
    pub network: &'a dyn Dependencies,
    /// Whether every tick is simulated, also those that change nothing.
    pub eager: bool,
}

/// Addresses of a node's pods.
#[derive(Clone, Debug)]
pub struct AddressPool {
    base: u32,
    size: u32,
    next: u32,
    used: BTreeSet<u32>,
}

impl AddressPool {
    /// The pool of a /24 that begins at `base`: .1 is the gateway, addresses go up and wrap (host-local).
    pub fn new(base: u32) -> Self {
        Self { base, size: 254, next: 2, used: BTreeSet::new() }
    }

    /// The next free address.
    pub(super) fn take(&mut self) -> Option<Name> {
        for _ in 0..self.size {
            let offset = self.next;
            self.next = if self.next >= self.size { 2 } else { self.next + 1 };
            if self.used.insert(offset) {
                return Some(Name::from(dotted(self.base + offset)));
            }
        }
        None
    }

    /// Gives an address back.
    pub(super) fn release(&mut self, address: Option<&Name>) {
        let Some(last) = address.and_then(|address| address.rsplit('.').next()) else { return };
        if let Ok(offset) = last.parse::<u32>() {
            self.used.remove(&offset);
        }
    }
}

/// What a new host is made of.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The n-th node.
    pub index: u32,
    /// Node name.
    pub name: Name,
    /// Node address.
    pub address: Name,
    /// First address of its /24 for pods.
    pub pod_network: u32,
    /// Minor Kubernetes version.
    pub minor_version: u32,
}

/// The part of a node that its pods share.
#[derive(Clone, Debug)]
pub struct HostShared {
    /// The n-th node.
    pub index: u32,
    /// Node name.
    pub name: Name,
    /// Node address.
    pub address: Name,
    /// Stable identity for the order of events.
    pub target: u64,
    /// Minor Kubernetes version.
    pub minor_version: u32,
    /// Whether the machine has power.
    pub powered: bool,
    /// Whether the kubelet runs.
    pub kubelet_runs: bool,
    /// Whether the runtime answers.
    pub runtime_answers: bool,
    /// When the kubelet started.
    pub kubelet_started: SimTime,
    /// Phase of the relist.
    pub relist_phase: SimDuration,
    /// Phase of the sync tick.
    pub sync_phase: SimDuration,
    /// Phase of the status pass.
    pub status_phase: SimDuration,
    /// The kubelet's client.
    pub client: ApiClient,
    pub(super) events: EventRecorder,
    /// Images on the node.
    pub images: BTreeSet<Name>,
    /// When the queue of pulls will be empty.
    pub pulls_until: SimTime,
    /// Pulls asked for: when, and how long each takes by itself.
    pub pull_began: BTreeMap<(u32, usize), (SimTime, SimDuration)>,
    /// Pod addresses.
    pub addresses: AddressPool,
    /// What the node offers to pods.
    pub allocatable: ResourceList,
    /// Labels of the node.
    pub labels: Labels,
    /// What the kubelet thinks of its runtime.
    pub(super) outage: Outage,
    pub(super) relist: Option<EventHandle>,
    status_pass: Option<EventHandle>,
    dirty: BTreeSet<u32>,
}

impl HostShared {
    /// Whether the kubelet does pod work.
    pub(super) fn kubelet_works(&self) -> bool {
        self.powered && self.kubelet_runs && self.runtime_answers
    }
}

/// A machine with everything on it.
#[derive(Clone, Debug)]
pub struct Host {
    /// What its pods share.
    pub shared: HostShared,
    pub(super) pods: BTreeMap<u32, HostPod>,
}

/// One pod with all that a step of its life touches.
pub(super) struct PodCx<'a, 'c> {
    /// Index of the pod object.
    pub(super) id: u32,
    pub(super) pod: &'a mut HostPod,
    pub(super) host: &'a mut HostShared,
    pub(super) ctx: &'a mut Ctx<'c, NodeEvent>,
    pub(super) env: NodeEnv<'a>,
}

impl PodCx<'_, '_> {
    /// The runtime's truth has changed: the next relist will see it.
    pub(super) fn changed(&mut self) {
        self.pod.dirty = true;
        self.host.dirty.insert(self.id);
        if self.host.relist.is_some() || !self.host.kubelet_works() {
            return;
        }
        let (period, phase) = (self.ctx.settings.pleg_relist_period, self.host.relist_phase);
        let at = self.ctx.next_tick(period, phase, Class::Relist, self.host.target, SEQ_RELIST);
        let handle = self.ctx.schedule(at, Class::Relist, self.host.target, SEQ_RELIST, NodeEvent::Relist);
        self.host.relist = Some(handle);
    }

    /// Reports an event about the pod.
    pub(super) fn pod_event(&mut self, kind: EventType, reason: &'static str, message: &str) {
        let about = self.reference(None);
        self.host.events.emit(self.ctx, &mut self.host.client, about, kind, reason, message);
    }

    /// Reports an event about a container.
    pub(super) fn container_event(
        &mut self,
        index: usize,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        let list = if index < self.pod.init_count() { "initContainers" } else { "containers" };
        let path = format!("spec.{list}{{{}}}", self.pod.spec(index).name);
        let about = self.reference(Some(path.into()));
        self.host.events.emit(self.ctx, &mut self.host.client, about, kind, reason, message);
    }

    fn reference(&self, field_path: Option<Name>) -> ObjectReference {
        let metadata = &self.pod.pod.metadata;
        ObjectReference {
            api_version: Some(Name::word("v1")),
            kind: Name::word("Pod"),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid,
            field_path,
        }
    }
}

impl Host {
    /// A machine that is up, with a kubelet that has been running for long.
    pub fn new(config: HostConfig, settings: &Settings) -> Self {
        let hash = blake3::hash(format!("node/{}", config.name).as_bytes());
        let target = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
        let origin = Origin::Node(config.index);
        let client = ApiClient::new(origin, "kubelet", target, settings.kubelet_qps, settings.kubelet_burst);
        let shared = HostShared {
            index: config.index,
            events: EventRecorder::new("kubelet", Some(config.name.clone())),
            name: config.name,
            address: config.address,
            target,
            minor_version: config.minor_version,
            powered: true,
            kubelet_runs: true,
            runtime_answers: true,
            kubelet_started: SimTime::ZERO,
            relist_phase: settings.pleg_relist_phase,
            sync_phase: settings.sync_tick_phase,
            status_phase: SimDuration::ZERO,
            client,
            images: BTreeSet::new(),
            pulls_until: SimTime::ZERO,
            pull_began: BTreeMap::new(),
            addresses: AddressPool::new(config.pod_network),
            allocatable: ResourceList::new(),
            labels: Labels::default(),
            outage: Outage::default(),
            relist: None,
            status_pass: None,
            dirty: BTreeSet::new(),
        };
        Self { shared, pods: BTreeMap::new() }
    }

    /// The pods on this node, by object index.
    pub fn pods(&self) -> &BTreeMap<u32, HostPod> {
        &self.pods
    }

    pub(super) fn with<R>(
        &mut self,
        id: u32,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        work: impl FnOnce(&mut PodCx<'_, '_>) -> R,
    ) -> Option<R> {
        let pod = self.pods.get_mut(&id)?;
        let env = NodeEnv { ..env };
        let mut cx = PodCx { id, pod, host: &mut self.shared, ctx, env };
        let cx: &mut PodCx<'_, '_> = &mut cx;
        Some(work(cx))
    }

    /// Something happens on this node.
    pub fn handle(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, event: NodeEvent) {
        match event {
            NodeEvent::Relist => self.relist(ctx, env),
            NodeEvent::Sync { pod } => {
                self.with(pod, ctx, env, |cx| cx.sync(false));
            }
            NodeEvent::QueuedSync { pod } => {
                self.with(pod, ctx, env, |cx| cx.sync(true));
            }
            NodeEvent::RunStep { pod } => {
                self.with(pod, ctx, env, |cx| cx.run_step());
            }
            NodeEvent::KillStep { pod, container } => {
                self.with(pod, ctx, env, |cx| cx.kill_step(container.into()));
            }
            NodeEvent::ProcessExits { pod, container } => {
                self.with(pod, ctx, env, |cx| cx.process_exits(container.into()));
            }
            NodeEvent::ProbeTick { pod, probe } => {
                self.with(pod, ctx, env, |cx| cx.probe_tick(probe.into()));
            }
            NodeEvent::ProbeDone { pod, probe } => {
                self.with(pod, ctx, env, |cx| cx.probe_done(probe.into()));
            }
            NodeEvent::Deadline { pod } => {
                self.with(pod, ctx, env, |cx| {
                    cx.pod.worker.deadline = None;
                    cx.request_sync();
                });
            }
            NodeEvent::RuntimeVerdict => self.runtime_verdict(ctx),
            NodeEvent::RemoveObject { pod } => {
                self.with(pod, ctx, env, |cx| cx.remove_object());
            }
            NodeEvent::StatusPass => self.status_pass(ctx, env),
            NodeEvent::Booted => {}
        }
    }

    fn relist(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.relist = None;
        for id in std::mem::take(&mut self.shared.dirty) {
            self.with(id, ctx, env, |cx| {
                cx.pod.look();
                cx.request_sync();
            });
        }
    }

    /// The watch delivers a change of a pod that is, or was, bound to this node.
    pub fn deliver(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, commit: &Commit) {
        ctx.trace.set_cause(commit.record);
        let Object::Pod(pod) = &commit.new else { return };
        if commit.op == Op::Deleted {
            self.object_gone(ctx, env, commit.id.index);
        } else {
            self.pod_changed(ctx, env, commit.id.index, pod);
        }
    }

    /// The kubelet hears of a pod, or of a change of one it has.
    pub fn pod_changed(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32, pod: &Arc<Pod>) {
        if !self.pods.contains_key(&id) {
            if pod.status.phase.is_terminal() && !pod.metadata.is_terminating() {
                return;
            }
            if !pod.metadata.is_terminating()
                && pod.status.start_time.is_none()
                && let Err(why) = admit(&self.shared, &self.pods, pod)
            {
                self.reject(ctx, id, pod, why);
                return;
            }
            self.pods.insert(id, HostPod::new(pod.clone()));
            self.with(id, ctx, env, |cx| cx.request_sync());
        }
        self.with(id, ctx, env, |cx| {
            let gates_changed =
                !pod.spec.readiness_gates.is_empty() && cx.pod.pod.status.conditions != pod.status.conditions;
            let spec_changed = !Arc::ptr_eq(&cx.pod.pod.spec, &pod.spec) && cx.pod.pod.spec != pod.spec;
            cx.pod.pod = pod.clone();
            if pod.metadata.is_terminating() {
                let grace = pod.metadata.deletion_grace_period_seconds;
                if cx.pod.worker.stage == Stage::Finished {
                    cx.remove_object_when_due();
                } else {
                    cx.begin_termination(grace);
                }
            } else if spec_changed || gates_changed {
                cx.request_sync();
            }
        });
    }

    /// The object is gone from the API: whatever still runs is stopped quickly, and then forgotten.
    fn object_gone(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32) {
        let finished = self.with(id, ctx, env, |cx| {
            cx.pod.worker.object_gone = true;
            let finished = cx.pod.worker.stage == Stage::Finished;
            if !finished {
                cx.begin_termination(Some(1));
            }
            finished
        });
        if finished == Some(true) {
            self.forget(ctx, id);
        }
    }

    fn forget(&mut self, ctx: &mut Ctx<'_, NodeEvent>, id: u32) {
        let Some(mut pod) = self.pods.remove(&id) else { return };
        cancel_worker(ctx, &mut pod.worker);
        self.shared.dirty.remove(&id);
        let metadata = &pod.pod.metadata;
        self.shared.events.forget(metadata.uid, &metadata.name);
    }

    /// The answer to a request of this kubelet.
    pub fn reply(&mut self, ctx: &mut Ctx<'_, NodeEvent>, token: u64, failed: bool, gone: bool) {
        let id = token as u32;
        let Some(pod) = self.pods.get_mut(&id) else { return };
        if gone {
            pod.worker.object_gone = true;
            if pod.worker.stage == Stage::Finished {
                self.forget(ctx, id);
            }
            return;
        }
        if !failed {
            return;
        }
        pod.worker.unsent = true;
        if self.shared.status_pass.is_none() && self.shared.kubelet_runs && self.shared.powered {
            let (period, phase) = (ctx.settings.status_sync_period, self.shared.status_phase);
            let at = ctx.now.next_tick_after(period, phase);
            let target = self.shared.target;
            let handle = ctx.schedule(at, Class::Report, target, SEQ_STATUS_RETRY, NodeEvent::StatusPass);
            self.shared.status_pass = Some(handle);
        }
    }

    fn status_pass(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.status_pass = None;
        let unsent: Vec<u32> =
            self.pods.iter().filter(|(_, pod)| pod.worker.unsent).map(|(id, _)| *id).collect();
        for id in unsent {
            self.with(id, ctx, env, |cx| {
                cx.send_status();
                if cx.pod.worker.stage == Stage::Finished && cx.pod.pod.metadata.is_terminating() {
                    cx.remove_object();
                }
            });
        }
    }

    /// Ends the process of a container by a fault: with an exit code, or by a signal.
    pub fn end_process(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        id: u32,
        container: Option<&str>,
        how: ProcessFault,
    ) -> bool {
        self.with(id, ctx, env, |cx| {
            let init = cx.pod.init_count();
            let index = match container {
                Some(name) => cx.pod.index_of(name),
                None => {
                    (init..cx.pod.containers.len()).find(|index| cx.pod.containers[*index].running.is_some())
                }
            };
            let Some(index) = index.filter(|index| cx.pod.containers[*index].running.is_some()) else {
                return false;
            };
            match how {
                ProcessFault::Exit(code) => {
                    let reason = if code == 0 { "Completed" } else { "Error" };
                    cx.process_ended(index, code, reason);
                }
                ProcessFault::OutOfMemory => cx.process_ended(index, 137, "OOMKilled"),
                ProcessFault::Signal(signal) => {
                    let is_stop = signal == crate::workload::instance::SIGTERM;
                    cx.deliver_signal(index, signal, is_stop);
                }
                ProcessFault::Hang => {
                    if let Some(instance) = &mut cx.pod.containers[index].running {
                        instance.app.hang();
                    }
                    cx.note_cause_for_probes();
                    cx.wake_probes();
                }
            }
            true
        })
        .unwrap_or(false)
    }

    /// Faults or dependencies have changed: probes may find something else now.
    pub fn wake_probes(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        if !self.shared.kubelet_works() {
            return;
        }
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                cx.note_cause_for_probes();
                cx.wake_probes();
            });
        }
    }

    pub(super) fn ids(&self) -> Vec<u32> {
        self.pods.keys().copied().collect()
    }

    /// The kubelet stops; containers go on.
    pub fn stop_kubelet(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.kubelet_runs = false;
        self.shared.outage.forget(ctx);
        ctx.cancel(&mut self.shared.relist);
        ctx.cancel(&mut self.shared.status_pass);
        for pod in self.pods.values_mut() {
            cancel_worker(ctx, &mut pod.worker);
            pod.worker.run = None;
            pod.worker.probes.clear();
            pod.worker.idle_sync = None;
            for container in &mut pod.containers {
                if let Some(mut kill) = container.kill.take() {
                    kill.abandon(ctx);
                }
            }
        }
    }

    /// The machine loses power: every process is gone.
    pub fn power_off(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.stop_kubelet(ctx);
        self.shared.powered = false;
        for pod in self.pods.values_mut() {
            if let Some(sandbox) = &mut pod.sandbox {
                sandbox.ready = false;
            }
            for index in 0..pod.containers.len() {
                // The runtime finds after the boot that the task has vanished: exit code 255, reason Unknown.
                if let Some(mut instance) = pod.end_instance(index, ctx.now, 255, "Unknown".into()) {
                    ctx.cancel(&mut instance.exit_event);
                    let metadata = &pod.pod.metadata;
                    let subject = Subject::pod(&metadata.namespace, &metadata.name);
                    let text = format!("a container ended with the machine {}", self.shared.name);
                    ctx.trace.record_aside(
                        ctx.now,
                        "node",
                        subject,
                        "ContainerLost",
                        "PowerOff",
                        text,
                        Detail::None,
                    );
                }
            }
        }
    }

    /// The kubelet starts, after a boot or a restart. `pods` is the list it gets from the API server.
    pub fn start_kubelet(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        pods: &[(u32, Arc<Pod>)],
    ) {
        self.shared.powered = true;
        self.shared.kubelet_runs = true;
        self.shared.kubelet_started = ctx.now;
        self.shared.pulls_until = ctx.now;
        for pod in self.pods.values_mut() {
            let cached = pod.worker.cached.clone();
            let finished = pod.worker.stage == Stage::Finished;
            cancel_worker(ctx, &mut pod.worker);
            pod.worker = Worker::new(pod.containers.len(), cached);
            if finished {
                pod.worker.stage = Stage::Finished;
            }
            pod.look();
        }
        self.relisted(ctx, env, pods);
    }

    /// The kubelet has a fresh list of its pods, after a start or a broken connection.
    pub fn relisted(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, pods: &[(u32, Arc<Pod>)]) {
        let listed: BTreeSet<u32> = pods.iter().map(|(id, _)| *id).collect();
        for id in self.ids() {
            if !listed.contains(&id) {
                self.object_gone(ctx, env, id);
            }
        }
        for (id, pod) in pods {
            self.pod_changed(ctx, env, *id, pod);
            self.with(*id, ctx, env, |cx| {
                cx.pod.worker.unsent = true;
                cx.request_sync();
            });
        }
    }

    /// Pods that count as running here: for invariants and measures.
    pub fn running_pods(&self) -> usize {
        self.pods.values().filter(|pod| pod.worker.cached.phase == PodPhase::Running).count()
    }

    /// When the machine will have booted.
    pub fn boot(&mut self, ctx: &mut Ctx<'_, NodeEvent>, after: SimDuration) {
        let at = ctx.now + after;
        ctx.schedule(at, Class::Hardware, self.shared.target, SEQ_BOOTED, NodeEvent::Booted);
    }

    /// Reports an event about the node.
    pub fn node_event(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        let name = self.shared.name.clone();
        let about = ObjectReference { kind: Kind::Node.as_str().into(), name, ..ObjectReference::default() };
        self.shared.events.emit(ctx, &mut self.shared.client, about, kind, reason, message);
    }
}

fn cancel_worker(ctx: &mut Ctx<'_, NodeEvent>, worker: &mut Worker) {
    ctx.cancel(&mut worker.wanted);
    ctx.cancel(&mut worker.queue_timer);
    ctx.cancel(&mut worker.removal);
    ctx.cancel(&mut worker.deadline);
    if let Some(run) = &mut worker.run {
        ctx.cancel(&mut run.timer);
    }
    for probe in &mut worker.probes {
        probe.abandon(ctx);
    }
}
