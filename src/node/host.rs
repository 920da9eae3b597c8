//! One machine: power, network link, kubelet, runtime; and how events reach its pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::address::AddressPool;
use super::env::NodeEnv;
use super::eviction::Eviction;
use super::image_gc::ImageOnDisk;
use super::network_plugin::NetworkPlugin;
use super::node_status::NodeReport;
use super::objects::NamedObjects;
use super::outage::Outage;
use super::pod::HostPod;
use super::pod_cx::PodCx;
use super::preemption::Preemption;
use super::shutdown::Shutdown;
use super::static_pods::StaticPod;
use super::usage::Outside;
use crate::api::core::{ObjectReference, ResourceList, Taint};
use crate::api::pod::{Pod, PodPhase};
use crate::api::{Kind, Labels, Uid};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{ApiClient, Class, Ctx, EventRecorder, Origin, Settings};
use crate::kernel::{EventHandle, SimDuration, SimTime};

pub(super) const SEQ_RELIST: u32 = 0;
pub(super) const SEQ_STATUS_RETRY: u32 = 1;
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
    /// Volumes of a pod that could not be set up are tried again.
    MountRetry { pod: u32 },
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
    /// A program has done its startup work: its CPU goes to others.
    CpuShift,
    /// The memory of the machine is used up.
    OutOfMemory,
    /// The eviction manager looks at the machine.
    EvictionRound,
    /// The kubelet sees that the network plugin has stopped, or works again.
    NetworkCheck,
    /// The node's status is due.
    NodeStatus,
    /// The image garbage collector works.
    ImageGc,
    /// The time of a group of pods in a shutdown is over.
    ShutdownStep,
    /// All pods have been stopped in a shutdown: the power may go. Handled by the world.
    ReadyToPowerOff,
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

/// Ports that a program on the machine's own network has, or will have.
#[derive(Clone, Debug)]
pub(super) struct HostBind {
    pub(super) ports: Vec<i32>,
    pub(super) since: SimTime,
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
    /// Whether the kubelet has started and not yet got a list of its pods: it knows its static pods only.
    pub awaits_list: bool,
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
    pub(super) images: BTreeMap<Name, ImageOnDisk>,
    /// When the queue of pulls will be empty.
    pub pulls_until: SimTime,
    /// Pulls asked for: when, and how long each takes by itself.
    pub pull_began: BTreeMap<(u32, usize), (SimTime, SimDuration)>,
    /// Pod addresses.
    pub addresses: AddressPool,
    /// What the machine has.
    pub capacity: ResourceList,
    /// What the node offers to pods.
    pub allocatable: ResourceList,
    /// Labels of the node.
    pub labels: Labels,
    /// Taints of the node.
    pub taints: Vec<Taint>,
    /// Who has bound which ports of the machine, by pod and container.
    pub(super) host_binds: BTreeMap<(u32, usize), HostBind>,
    /// Containers that will find their port taken, and when.
    pub(super) clashes: Vec<((u32, usize), SimTime)>,
    /// Identity of the node's object.
    pub node_uid: Uid,
    /// The ConfigMaps and Secrets that pods name, as the kubelet has heard of them.
    pub(super) objects: NamedObjects,
    /// The directory of static pods: what the kubelet makes of each manifest, by namespace and name.
    pub(super) manifests: BTreeMap<(Name, Name), Arc<Pod>>,
    /// The static pods that the kubelet has.
    pub(super) static_pods: BTreeMap<(Name, Name), StaticPod>,
    /// Numbers given to static pods so far.
    pub(super) static_numbers: u32,
    /// A static pod may have ended, or its manifest has changed.
    pub(super) static_progress: bool,
    /// Critical pods that wait for others to end.
    pub(super) preemptions: Vec<Preemption>,
    /// A pod that was preempted may have ended.
    pub(super) preemption_progress: bool,
    /// What the kubelet thinks of its runtime.
    pub(super) outage: Outage,
    pub(super) network_plugin: NetworkPlugin,
    pub(super) relist: Option<EventHandle>,
    pub(super) status_pass: Option<EventHandle>,
    pub(super) dirty: BTreeSet<u32>,
    /// Containers whose process has ended, by identity of the pod: for requests that were under way there.
    pub ended: Vec<(Uid, u16)>,
    /// What containers want of the CPU has changed since it was divided.
    pub(super) cpu_changed: bool,
    pub(super) cpu_shift: Option<EventHandle>,
    /// What the machine's memory, disk and process ids are used for has changed.
    pub(super) usage_changed: bool,
    pub(super) outside: Outside,
    pub(super) out_of_memory: Option<EventHandle>,
    pub(super) eviction: Eviction,
    pub(super) image_gc: Option<EventHandle>,
    pub(super) report: NodeReport,
    pub(super) shutdown: Option<Shutdown>,
    /// A pod has come further in a shutdown.
    pub(super) shutdown_progress: bool,
    /// Processes started on this machine.
    pub(super) last_pid: u32,
}

impl HostShared {
    /// Reports an event about the node.
    pub fn node_event(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        let name = self.name.clone();
        let about = ObjectReference { kind: Kind::Node.as_str().into(), name, ..ObjectReference::default() };
        self.events.emit(ctx, &mut self.client, about, kind, reason, message);
    }

    /// Whether the kubelet does pod work.
    pub(super) fn kubelet_works(&self) -> bool {
        self.powered && self.kubelet_runs && self.runtime_answers
    }

    /// The CPU of the machine, in thousandths of a core.
    pub(super) fn cpu_capacity_milli(&self) -> u64 {
        self.capacity.get("cpu").map_or(u64::MAX, |cpu| cpu.milli_value().max(0) as u64)
    }
}

/// A machine with everything on it.
#[derive(Clone, Debug)]
pub struct Host {
    /// What its pods share.
    pub shared: HostShared,
    /// Boxed, because trees keep room for more than they hold.
    pub(super) pods: BTreeMap<u32, Box<HostPod>>,
    /// How long the machine is down in the restart under way.
    pub reboot_takes: SimDuration,
}

impl Host {
    /// A machine that is up, with a kubelet that has been running for long.
    pub fn new(config: HostConfig, settings: &Settings) -> Self {
        let hash = blake3::hash(format!("node/{}", config.name).as_bytes());
        let target = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
        let origin = Origin::Node(config.index);
        let client = ApiClient::new(origin, "kubelet", target, settings.kubelet_qps, settings.kubelet_burst)
            .with_event_limit(settings.event_record_qps, settings.event_burst);
        let shared = HostShared {
            index: config.index,
            events: EventRecorder::new("kubelet", Some(config.name.clone())),
            name: config.name,
            address: config.address,
            target,
            minor_version: config.minor_version,
            powered: true,
            kubelet_runs: true,
            awaits_list: false,
            runtime_answers: true,
            kubelet_started: SimTime::ZERO,
            relist_phase: settings.pleg_relist_phase,
            sync_phase: settings.sync_tick_phase,
            status_phase: SimDuration::ZERO,
            client,
            images: BTreeMap::new(),
            pulls_until: SimTime::ZERO,
            pull_began: BTreeMap::new(),
            addresses: AddressPool::new(config.pod_network),
            capacity: ResourceList::new(),
            allocatable: ResourceList::new(),
            labels: Labels::default(),
            taints: Vec::new(),
            host_binds: BTreeMap::new(),
            clashes: Vec::new(),
            node_uid: Uid::default(),
            objects: NamedObjects::default(),
            manifests: BTreeMap::new(),
            static_pods: BTreeMap::new(),
            static_numbers: 0,
            static_progress: false,
            preemptions: Vec::new(),
            preemption_progress: false,
            outage: Outage::default(),
            network_plugin: NetworkPlugin::default(),
            relist: None,
            status_pass: None,
            dirty: BTreeSet::new(),
            ended: Vec::new(),
            cpu_changed: false,
            cpu_shift: None,
            usage_changed: true,
            outside: Outside::default(),
            out_of_memory: None,
            eviction: Eviction::default(),
            image_gc: None,
            report: NodeReport::default(),
            shutdown: None,
            shutdown_progress: false,
            last_pid: 1000,
        };
        Self { shared, pods: BTreeMap::new(), reboot_takes: SimDuration::ZERO }
    }

    /// Whether the kubelet knows a pod: it has it, or makes room for it.
    pub fn knows(&self, id: u32) -> bool {
        self.pod(id).is_some() || self.shared.preemptions.iter().any(|waiting| waiting.id == id)
    }

    /// The pods on this node, by object index.
    pub fn pods(&self) -> &BTreeMap<u32, Box<HostPod>> {
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

    /// What follows at once from what has just happened on this node: called after every piece of work on it.
    pub fn settle(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        if std::mem::take(&mut self.shared.cpu_changed) {
            self.divide_cpu(ctx, env);
        }
        while std::mem::take(&mut self.shared.shutdown_progress) {
            self.advance_shutdown(ctx, env, false);
        }
        if std::mem::take(&mut self.shared.preemption_progress) {
            self.finish_preemptions(ctx, env);
        }
        while std::mem::take(&mut self.shared.static_progress) {
            self.finish_static_pods(ctx, env);
        }
        for ((pod, container), at) in std::mem::take(&mut self.shared.clashes) {
            self.with(pod, ctx, env, |cx| cx.port_in_use(container, at));
        }
        if std::mem::take(&mut self.shared.usage_changed) {
            self.plan_oom(ctx);
            self.plan_shortages(ctx, env);
            self.plan_eviction_round(ctx, env);
            self.plan_image_gc(ctx, env);
        }
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
            NodeEvent::MountRetry { pod } => {
                self.with(pod, ctx, env, |cx| cx.retry_mounts());
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
            // The world handles these.
            NodeEvent::Booted | NodeEvent::ReadyToPowerOff => {}
            NodeEvent::OutOfMemory => self.out_of_memory(ctx, env),
            NodeEvent::EvictionRound => self.eviction_round(ctx, env),
            NodeEvent::NetworkCheck => self.check_network(ctx, env),
            NodeEvent::NodeStatus => self.node_status(ctx),
            NodeEvent::ImageGc => self.collect_images(ctx),
            NodeEvent::ShutdownStep => self.advance_shutdown(ctx, env, true),
            NodeEvent::CpuShift => {
                self.shared.cpu_shift = None;
                self.shared.cpu_changed = true;
            }
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

    /// Pods that count as running here: for invariants and measures.
    pub fn running_pods(&self) -> usize {
        self.pods.values().filter(|pod| pod.worker.cached.phase == PodPhase::Running).count()
    }

    /// When the machine will have booted.
    pub fn boot(&mut self, ctx: &mut Ctx<'_, NodeEvent>, after: SimDuration) {
        let at = ctx.now + after;
        ctx.schedule(at, Class::Hardware, self.shared.target, SEQ_BOOTED, NodeEvent::Booted);
    }
}
