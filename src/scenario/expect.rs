//! What must come true in a run.

use std::fmt;

use super::model::Place;
use crate::api::core::{ConditionStatus, TaintEffect};
use crate::api::object::Kind;
use crate::api::pod::PodPhase;
use crate::base::Name;
use crate::fault::Pods;
use crate::kernel::{SimDuration, SimTime};

/// A condition, and when it must hold.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What.
    pub condition: Condition,
    /// When.
    pub moment: Moment,
    /// Its place.
    pub place: Place,
    /// The expectation as written, on one line.
    pub text: String,
}

/// When a condition must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At this instant, after everything else that happens then.
    At(SimTime),
    /// At some time up to this.
    By(SimTime),
    /// At every change between the two.
    Always {
        /// From here on.
        from: SimTime,
        /// To here; `None` = to the end.
        until: Option<SimTime>,
    },
}

/// A number that must lie within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Count {
    /// This number and no other.
    pub const fn exactly(number: u64) -> Self {
        Self { min: number, max: number }
    }

    /// Whether `number` is within the bounds.
    pub fn allows(self, number: u64) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { min, max } if min == max => write!(f, "{min}"),
            Self { min, max: u64::MAX } => write!(f, "at least {min}"),
            Self { min: 0, max } => write!(f, "at most {max}"),
            Self { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

/// Something that can be true or false of a cluster. Every part that is given must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// What a kubectl command prints.
    Kubectl(KubectlCondition),
    /// Pods.
    Pods(PodCondition),
    /// A node.
    Node(NodeCondition),
    /// Something that keeps replicas.
    Workload(WorkloadCondition),
    /// A Job.
    Job(JobCondition),
    /// A service.
    Service {
        /// Namespace.
        namespace: Name,
        /// Name.
        name: Name,
        /// Ready endpoints.
        endpoints: Count,
    },
    /// Requests, from the beginning of the run.
    Traffic(TrafficCondition),
    /// Event objects, each counted as often as it says.
    Event(EventCondition),
    /// Whether an object is there.
    Object {
        /// Kind.
        kind: Kind,
        /// Namespace; empty for cluster-scoped kinds.
        namespace: Name,
        /// Name.
        name: Name,
        /// Whether it should be.
        exists: bool,
    },
}

/// What a kubectl command prints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KubectlCondition {
    /// The command as typed after `kubectl`.
    pub line: String,
    /// Rows of the table, without the header.
    pub count: Option<Count>,
    /// Rows that are ready: `n/n` in the READY column, or `Ready` in the STATUS column of nodes.
    pub ready: Option<Count>,
    /// Texts that the output contains.
    pub contains: Vec<String>,
    /// Exit status; `None` = 0.
    pub exit_status: Option<i32>,
}

/// Pods.
#[derive(Clone, Debug, PartialEq)]
pub struct PodCondition {
    /// Namespace.
    pub namespace: Name,
    /// Which.
    pub by: Pods,
    /// How many there are; `None` = at least one.
    pub count: Option<Count>,
    /// Phase of each.
    pub phase: Option<PodPhase>,
    /// Which are ready.
    pub ready: Option<Ready>,
    /// Restarts of each: the sum over its containers.
    pub restarts: Option<Count>,
    /// The node of each.
    pub node: Option<Name>,
    /// The STATUS column of each.
    pub status: Option<Name>,
    /// Exit code of the newest termination of each.
    pub exit_code: Option<i32>,
    /// Reason of the newest termination of each.
    pub reason: Option<Name>,
    /// Reason for which a container of each waits.
    pub waiting: Option<Name>,
}

/// How many pods are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// All of them.
    All,
    /// Not a single one.
    None,
    /// So many.
    Count(Count),
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeCondition {
    /// Name.
    pub name: Name,
    /// Status of the `Ready` condition.
    pub ready: Option<ConditionStatus>,
    /// Taints that it has, others may be there too; an empty list means that it has none at all.
    pub taints: Option<Vec<TaintPattern>>,
    /// Whether it is cordoned.
    pub unschedulable: Option<bool>,
}

/// A taint; parts that are absent do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaintPattern {
    /// Key.
    pub key: Name,
    /// Value.
    pub value: Option<Name>,
    /// Effect.
    pub effect: Option<TaintEffect>,
}

/// A Deployment, ReplicaSet, StatefulSet, DaemonSet or ReplicationController, by its status.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadCondition {
    /// Kind.
    pub kind: Kind,
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Pods that exist (DaemonSet: that should exist).
    pub replicas: Option<Count>,
    /// Pods of the newest template.
    pub updated: Option<Count>,
    /// Pods that are ready.
    pub ready: Option<Count>,
    /// Pods that are available.
    pub available: Option<Count>,
}

/// A Job, by its status.
#[derive(Clone, Debug, PartialEq)]
pub struct JobCondition {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Pods that run or wait.
    pub active: Option<Count>,
    /// Pods that succeeded.
    pub succeeded: Option<Count>,
    /// Pods that failed.
    pub failed: Option<Count>,
    /// Whether the Job is over with success.
    pub complete: Option<bool>,
}

/// Requests to a Service, from the beginning of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficCondition {
    /// Namespace of the Service.
    pub namespace: Name,
    /// The Service.
    pub service: Name,
    /// Who sends them; `None` = all sources of the scenario.
    pub client: Option<Name>,
    /// Requests that began.
    pub sent: Option<Count>,
    /// Requests that were answered.
    pub answered: Option<Count>,
    /// Requests that failed.
    pub failed: Option<Count>,
    /// Attempts after the first.
    pub retries: Option<Count>,
    /// Requests that failed for a cause.
    pub causes: Vec<(Name, Count)>,
    /// Requests answered of a million that have ended: the least and the most.
    pub availability: Option<Count>,
    /// Latencies of answers: quantiles in thousandths, and the most they may be.
    pub latency: Vec<(u64, SimDuration)>,
}

/// Event objects.
#[derive(Clone, Debug, PartialEq)]
pub struct EventCondition {
    /// Their reason.
    pub reason: Option<Name>,
    /// The object they are about.
    pub about: Option<About>,
    /// Text that their message contains.
    pub message: Option<String>,
    /// How many; `None` = at least one.
    pub count: Option<Count>,
}

/// An object that events are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Kind.
    pub kind: Kind,
    /// Namespace; `None` = any.
    pub namespace: Option<Name>,
    /// Name with `*` as a wildcard, for the names that controllers make up.
    pub name: Name,
}
