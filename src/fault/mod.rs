//! What can go wrong: the faults that a scenario injects, as plain data.
//!
//! Nothing happens in this room. A scenario says when a fault begins and how long it lasts; whoever runs the
//! scenario turns a [`Fault`] into what it does to processes, machines and wires. A fault names its victims as
//! people do (a pod, a label selector, a zone), and the names are looked up at the moment it begins.

mod kind;
mod target;

pub use kind::{Component, Fault, Outage, ProbeKind, ProcessFault, Resource};
pub use target::{NodeTarget, Party, Pick, PodTarget, Pods};
