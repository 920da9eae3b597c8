//! Everything that can happen in a run.

use crate::component::Submission;
use crate::control::manager::ControllerEvent;
use crate::control::scheduling::SchedulerEvent;
use crate::node::NodeEvent;
use crate::trace::RecordId;

/// Something that will happen, and the record that led to it.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// The cause of whatever it does.
    pub cause: RecordId,
    /// What.
    pub event: Event,
}

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// The API server executes a request.
    Api(Box<Submission>),
    /// A watch delivers what is due.
    Deliver(Watcher),
    /// Something on a node.
    Node(u32, NodeEvent),
    /// Something in the n-th controller manager; those before it are gone, and so is what they had planned.
    Controller(u32, ControllerEvent),
    /// Something in the n-th scheduler.
    Scheduler(u32, SchedulerEvent),
    /// Something happens to requests.
    Traffic,
    /// A step of the scenario begins.
    Step(u32),
    /// A fault ends.
    FaultEnds(u32),
    /// A machine has booted.
    Booted(u32),
    /// An expectation is due.
    Expect(u32),
    /// The n-th `kubectl drain` goes on.
    Drain(u32),
    /// An Event object is too old.
    EventExpires(u32),
}

/// Who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watcher {
    /// The controller manager.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// Service proxies and DNS.
    Network,
    /// The kubelet of the n-th node.
    Node(u32),
}
