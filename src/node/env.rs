//! What surrounds all nodes: programs, faults in force, and the network as programs see it.

use super::probe::ProbeKind;
use crate::api::Uid;
use crate::api::pod::Pod;
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::RecordId;
use crate::workload::{Apps, Crowd};

/// A probe that a fault makes fail.
pub struct ProbeFault {
    /// What the prober reports.
    pub output: Name,
    /// The record of the fault.
    pub record: RecordId,
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
    /// The record that tells why a service is as it is; 0 when there is none.
    fn record_of(&self, namespace: &str, service: &str) -> RecordId;
    /// What one more request would meet at the program in the n-th container of a pod; `None` = no other has come yet.
    fn crowd(&self, pod: Uid, container: u16, now: SimTime) -> Option<Crowd>;
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
