//! Eviction signals, thresholds, and the pressure conditions that they mean.
//!
//! Source: kubelet v1.32 `eviction/helpers.go`, `defaults_linux.go`; `spec` node 5.5. Images and pods share one file system,
//! as under containerd by default.

use crate::component::Settings;
use crate::kernel::SimDuration;
use crate::node::usage::Machine;

/// What the kubelet watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::node) enum Signal {
    /// `memory.available`.
    Memory,
    /// `nodefs.available`.
    Nodefs,
    /// `imagefs.available`.
    Imagefs,
    /// `nodefs.inodesFree`.
    NodefsInodes,
    /// `imagefs.inodesFree`.
    ImagefsInodes,
    /// `pid.available`.
    Pids,
}

impl Signal {
    /// The resource that is to be reclaimed.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Nodefs | Self::Imagefs => "ephemeral-storage",
            Self::NodefsInodes | Self::ImagefsInodes => "inodes",
            Self::Pids => "pids",
        }
    }

    /// The condition that a met threshold means.
    pub(super) fn pressure(self) -> Pressure {
        match self {
            Self::Memory => Pressure::Memory,
            Self::Nodefs | Self::Imagefs | Self::NodefsInodes | Self::ImagefsInodes => Pressure::Disk,
            Self::Pids => Pressure::Pid,
        }
    }
}

/// A pressure condition of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::node) enum Pressure {
    Memory,
    Disk,
    Pid,
}

impl Pressure {
    /// In the order of a node's conditions.
    pub(in crate::node) const ALL: [Self; 3] = [Self::Memory, Self::Disk, Self::Pid];

    /// Type of the condition.
    pub(in crate::node) fn condition(self) -> &'static str {
        match self {
            Self::Memory => "MemoryPressure",
            Self::Disk => "DiskPressure",
            Self::Pid => "PIDPressure",
        }
    }

    /// Reason of the condition, and what is in its place in the reason of the event about the node.
    pub(in crate::node) fn reason(self, under: bool) -> (&'static str, &'static str) {
        match (self, under) {
            (Self::Memory, true) => ("KubeletHasInsufficientMemory", "NodeHasInsufficientMemory"),
            (Self::Memory, false) => ("KubeletHasSufficientMemory", "NodeHasSufficientMemory"),
            (Self::Disk, true) => ("KubeletHasDiskPressure", "NodeHasDiskPressure"),
            (Self::Disk, false) => ("KubeletHasNoDiskPressure", "NodeHasNoDiskPressure"),
            (Self::Pid, true) => ("KubeletHasInsufficientPID", "NodeHasInsufficientPID"),
            (Self::Pid, false) => ("KubeletHasSufficientPID", "NodeHasSufficientPID"),
        }
    }

    /// Message of the condition.
    pub(in crate::node) fn message(self, under: bool) -> &'static str {
        match (self, under) {
            (Self::Memory, true) => "kubelet has insufficient memory available",
            (Self::Memory, false) => "kubelet has sufficient memory available",
            (Self::Disk, true) => "kubelet has disk pressure",
            (Self::Disk, false) => "kubelet has no disk pressure",
            (Self::Pid, true) => "kubelet has insufficient PID available",
            (Self::Pid, false) => "kubelet has sufficient PID available",
        }
    }
}

/// When a signal is too low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threshold {
    pub(super) signal: Signal,
    /// Whether it has to be met for `grace` before pods are evicted, with a grace of their own.
    pub(super) is_soft: bool,
    /// Available less than this.
    pub(super) value: u64,
    pub(super) grace: SimDuration,
    /// Once met, it stays met until so much more is available.
    pub(super) min_reclaim: u64,
}

/// What is worth a look beside memory and disk space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Whether a pod has files to speak of.
    pub(super) files: bool,
    /// Whether something outside of pods holds process ids.
    pub(super) outside_pids: bool,
}

/// The thresholds of a kubelet, in the order in which they are looked after: memory before all others.
pub(super) fn thresholds(settings: &Settings, machine: &Machine, counted: Counted) -> Vec<Threshold> {
    let part = |whole: u64, percent: u64| {
        u64::try_from(u128::from(whole) * u128::from(percent.min(100)) / 100).unwrap_or(u64::MAX)
    };
    let percent = |percent: u64| part(machine.disk, percent);
    let inodes = |percent: u64| if counted.files { part(machine.inodes, percent) } else { 0 };
    // There is no default for process ids; something outside that takes them all is noticed nevertheless.
    let pids = settings.eviction_hard_pid.max(u64::from(counted.outside_pids));
    let hard = [
        (Signal::Memory, settings.eviction_hard_memory.0, settings.eviction_minimum_reclaim_memory.0),
        (Signal::Nodefs, percent(settings.eviction_hard_nodefs), settings.eviction_minimum_reclaim_disk.0),
        (Signal::Imagefs, percent(settings.eviction_hard_imagefs), settings.eviction_minimum_reclaim_disk.0),
        (Signal::NodefsInodes, inodes(settings.eviction_hard_nodefs_inodes), 0),
        (Signal::ImagefsInodes, inodes(settings.eviction_hard_imagefs_inodes), 0),
        (Signal::Pids, pids, 0),
    ];
    let soft = [
        (Signal::Memory, settings.eviction_soft_memory.0, settings.eviction_minimum_reclaim_memory.0),
        (Signal::Nodefs, percent(settings.eviction_soft_nodefs), settings.eviction_minimum_reclaim_disk.0),
    ];
    let threshold = |is_soft: bool| {
        move |(signal, value, min_reclaim): (Signal, u64, u64)| Threshold {
            signal,
            is_soft,
            value,
            grace: if is_soft { settings.eviction_soft_grace_period } else { SimDuration::ZERO },
            min_reclaim,
        }
    };
    let mut all: Vec<Threshold> =
        hard.into_iter().map(threshold(false)).chain(soft.into_iter().map(threshold(true))).collect();
    all.retain(|threshold| threshold.value > 0);
    all.sort_by_key(|threshold| threshold.signal != Signal::Memory);
    all
}
