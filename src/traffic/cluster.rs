//! What requests ask of the world: machines, and the programs behind addresses.

use std::sync::Arc;

use crate::base::Name;
use crate::network::Target;
use crate::workload::{AppModel, CpuRoom, ProcessId};

/// A running program, as a request finds it.
#[derive(Clone, Debug)]
pub struct Process {
    /// Which one.
    pub id: ProcessId,
    /// Its program.
    pub model: Arc<AppModel>,
    /// CPU that its requests can use: within its limit, and beside what else runs on the node.
    pub cpu: CpuRoom,
    /// How many requests can be there at once before its memory is at its limit; `None` = any number.
    pub room: Option<u64>,
}

/// What answers at an address.
#[derive(Clone, Debug)]
pub enum Door {
    /// Nobody, not even the machine.
    Silent,
    /// The machine, that nobody listens.
    Refused,
    /// A program that takes the connection and never answers.
    Hung(Process),
    /// A program.
    Open(Process),
}

/// The cluster as requests see it.
pub trait Cluster {
    /// What answers at a port of a pod.
    fn door(&self, target: &Target, port: i32) -> Door;
    /// Which start of which container listens on a port of a pod, for connections that are open already.
    fn listener(&self, target: &Target, port: i32) -> Option<(u16, u64)>;
    /// CPU that the requests of a process can use now; `None` = it is gone.
    fn cpu(&self, node: u32, process: ProcessId) -> Option<CpuRoom>;
    /// How many nodes there are or were.
    fn nodes(&self) -> u32;
    /// Whether a node has power.
    fn has_power(&self, node: u32) -> bool;
    /// The number of a node.
    fn node(&self, name: &str) -> Option<u32>;
    /// The zone of a node.
    fn zone(&self, node: u32) -> Option<Name>;
    /// Whether a fault keeps everybody from a Service.
    fn is_down(&self, namespace: &str, service: &str) -> bool;
    /// Whether a Service (`name` or `namespace/name`) has ready endpoints, seen from a namespace.
    fn is_available(&self, namespace: &str, service: &str) -> bool;
}
