//! Everything that can happen in a run.

use crate::api::ApiResult;
use crate::component::{Origin, Submission};
use crate::control::manager::ControllerEvent;
use crate::control::scheduling::SchedulerEvent;
use crate::node::NodeEvent;
use crate::trace::RecordId;

use super::control_plane::Elected;

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
    /// etcd has not answered a request in time.
    TimedOut(Box<Submission>),
    /// An answer of the API server reaches who asked, over a slow link.
    Answered(Box<Answer>),
    /// A watcher whose connection broke tries again.
    Reconnect(Watcher),
    /// A candidate looks at the lease of its component.
    Election(Elected, u32),
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
    /// The cluster autoscaler looks at the cluster.
    Scan,
    /// The n-th machine of an autoscaled pool joins.
    MachineJoins(u32, u64),
    /// The autoscaler gives up a machine of a pool.
    MachineGivenUp(u32, u64),
    /// metrics-server asks the kubelets.
    Scrape,
    /// The cloud has made the load balancer of a Service.
    LoadBalancer(u32),
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
    /// The n-th `kubectl` command that waits goes on.
    Waiting(u32),
    /// An Event object is too old.
    EventExpires(u32),
}

/// An answer of the API server on its way.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who asked.
    pub to: Origin,
    /// What the answer is to.
    pub token: u64,
    /// What came of it.
    pub result: ApiResult,
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
