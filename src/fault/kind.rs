//! The kinds of faults.

use crate::base::Name;
use crate::kernel::SimDuration;

use super::target::{NodeTarget, Party, PodTarget};

/// One thing that goes wrong. How long it lasts is said beside it, except where the fault is about machines
/// that come back by themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Something happens to the process of running containers.
    Process {
        /// Whose.
        pods: PodTarget,
        /// Which container; `None` = the first of the pod.
        container: Option<Name>,
        /// What.
        how: ProcessFault,
    },
    /// Programs that start take longer until they listen.
    SlowStart {
        /// Whose.
        pods: PodTarget,
        /// Which container; `None` = all.
        container: Option<Name>,
        /// How much longer.
        by: SimDuration,
    },
    /// Probes fail although the program is well.
    ProbeFailure {
        /// Whose.
        pods: PodTarget,
        /// Which container; `None` = all.
        container: Option<Name>,
        /// Which probe; `None` = all.
        probe: Option<ProbeKind>,
    },
    /// Programs that need a service do not get through to it.
    DependencyDown {
        /// Namespace of the service.
        namespace: Name,
        /// Name of the service.
        service: Name,
    },
    /// The registry does not deliver.
    ImagePullError {
        /// Image with `*` as a wildcard.
        image: Name,
        /// On which node; `None` = everywhere.
        node: Option<Name>,
    },
    /// The registry delivers slowly.
    ImagePullSlow {
        /// Image with `*` as a wildcard.
        image: Name,
        /// How many times longer a pull takes.
        factor: u64,
        /// On which node; `None` = everywhere.
        node: Option<Name>,
    },
    /// Machines lose power.
    NodeCrash {
        /// Which.
        nodes: NodeTarget,
        /// When they boot again; `None` = never.
        recover_after: Option<SimDuration>,
    },
    /// Machines restart.
    NodeReboot {
        /// Which.
        nodes: NodeTarget,
        /// How long until the kubelet runs again; `None` = the setting `nodeBootTime`.
        down_for: Option<SimDuration>,
    },
    /// The kubelet stops; containers run on.
    KubeletStop {
        /// Where.
        nodes: NodeTarget,
    },
    /// The container runtime stops.
    RuntimeStop {
        /// Where.
        nodes: NodeTarget,
    },
    /// The network plugin stops: pods cannot be started, except on the machine's own network.
    NetworkPluginStop {
        /// Where.
        nodes: NodeTarget,
    },
    /// Something outside of pods uses up a resource of the machine.
    Pressure {
        /// Where.
        nodes: NodeTarget,
        /// What runs out.
        resource: Resource,
        /// What is left of it; `None` = half of what the kubelet keeps free.
        available: Option<u64>,
    },
    /// Two sides do not reach each other.
    Partition {
        /// One side.
        a: Party,
        /// The other side.
        b: Party,
    },
    /// Messages between two sides take longer.
    NetworkLatency {
        /// One side.
        a: Party,
        /// The other side.
        b: Party,
        /// How much longer, each way.
        latency: SimDuration,
    },
    /// Messages between two sides get lost.
    PacketLoss {
        /// One side.
        a: Party,
        /// The other side.
        b: Party,
        /// How many of a million.
        per_million: u32,
    },
    /// All machines of a zone lose power.
    ZoneOutage {
        /// The zone.
        zone: Name,
    },
    /// A component of the control plane has trouble.
    ControlPlane {
        /// Which.
        component: Component,
        /// What trouble.
        outage: Outage,
        /// How many replicas have it, the leader first; `None` = all.
        replicas: Option<u32>,
    },
}

/// How a fault hits a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessFault {
    /// It exits with a code.
    Exit(i32),
    /// It gets a signal.
    Signal(i32),
    /// The OOM killer takes it.
    OutOfMemory,
    /// It stops answering, until it is restarted.
    Hang,
    /// Not a container's process, but the pause process that holds the pod's namespaces, is killed.
    KillSandbox,
}

/// Which of a container's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

/// A resource that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Memory: MemoryPressure.
    Memory,
    /// Disk space: DiskPressure.
    Disk,
    /// Process ids: PIDPressure.
    Pid,
}

/// A component of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// kube-apiserver: every one of them.
    ApiServer,
    /// etcd: down = no quorum, so that nothing can be written.
    Etcd,
    /// kube-scheduler.
    Scheduler,
    /// kube-controller-manager.
    ControllerManager,
}

/// What trouble a component has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It does not work.
    Down,
    /// Another replica becomes the leader.
    LeaderChange,
    /// It takes so many times longer.
    Slow(u64),
}

impl Fault {
    /// The key of this fault in a scenario.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Process { how: ProcessFault::Exit(_), .. } => "exit",
            Self::Process { how: ProcessFault::Signal(_), .. } => "signal",
            Self::Process { how: ProcessFault::OutOfMemory, .. } => "oom",
            Self::Process { how: ProcessFault::Hang, .. } => "hang",
            Self::Process { how: ProcessFault::KillSandbox, .. } => "sandboxKilled",
            Self::SlowStart { .. } => "slowStart",
            Self::ProbeFailure { .. } => "probeFailure",
            Self::DependencyDown { .. } => "dependencyDown",
            Self::ImagePullError { .. } => "imagePullError",
            Self::ImagePullSlow { .. } => "imagePullSlow",
            Self::NodeCrash { .. } => "nodeCrash",
            Self::NodeReboot { .. } => "nodeReboot",
            Self::KubeletStop { .. } => "kubeletStop",
            Self::RuntimeStop { .. } => "runtimeStop",
            Self::NetworkPluginStop { .. } => "networkPluginStop",
            Self::Pressure { .. } => "pressure",
            Self::Partition { .. } => "partition",
            Self::NetworkLatency { .. } => "networkLatency",
            Self::PacketLoss { .. } => "packetLoss",
            Self::ZoneOutage { .. } => "zoneOutage",
            Self::ControlPlane { .. } => "controlPlane",
        }
    }

    /// Whether it happens at one instant, so that there is nothing to end.
    pub fn is_instant(&self) -> bool {
        matches!(
            self,
            Self::Process { .. }
                | Self::NodeReboot { .. }
                | Self::ControlPlane { outage: Outage::LeaderChange, .. }
        )
    }
}
