//! One record: when, why, who, about what.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api::{Commit, Kind, ObjectRef};
use crate::base::Name;
use crate::kernel::{Histogram, SimTime};

/// Number of a record in its run, from 1; 0 stands for "no cause".
pub type RecordId = u64;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Subject {
    /// Kind in the API's words, or `Container`, `Cluster`, `Run`.
    pub kind: &'static str,
    /// Namespace; empty when there is none.
    pub namespace: Name,
    /// Name.
    pub name: Name,
}

impl Subject {
    /// An API object.
    pub fn object(reference: &ObjectRef) -> Self {
        Self {
            kind: reference.kind.as_str(),
            namespace: reference.namespace.clone(),
            name: reference.name.clone(),
        }
    }

    /// A pod.
    pub fn pod(namespace: &Name, name: &Name) -> Self {
        Self { kind: Kind::Pod.as_str(), namespace: namespace.clone(), name: name.clone() }
    }

    /// A node.
    pub fn node(name: &Name) -> Self {
        Self { kind: Kind::Node.as_str(), namespace: Name::default(), name: name.clone() }
    }

    /// The cluster as a whole.
    pub fn cluster() -> Self {
        Self { kind: "Cluster", ..Self::default() }
    }
}

/// What a container did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerFact {
    /// The image is being pulled.
    Pulling,
    /// The image is there.
    Pulled,
    /// A process started; the n-th restart.
    Started {
        /// 0 for the first start.
        restart: i32,
    },
    /// The process ended.
    Exited {
        /// Exit code.
        code: i32,
        /// Reason as the runtime reports it.
        reason: Name,
    },
}

/// Why requests fail, as outputs write it.
pub const FAILURES: [&str; 8] = [
    "no such host",
    "no endpoint",
    "connection refused",
    "reset by termination",
    "time-out",
    "turned away",
    "error status",
    "client gone",
];

/// What became of the requests of one client to one service in an interval. It ends at the time of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficSample {
    /// Who sent them: a source of the scenario or a program.
    pub client: Name,
    /// Whether that is a source: someone outside of all programs, whose requests are what users feel.
    pub is_source: bool,
    /// Beginning of the interval.
    pub from: SimTime,
    /// Requests that began in it.
    pub sent: u64,
    /// Requests that were answered in it.
    pub answered: u64,
    /// Requests that failed in it, by cause: one of [`FAILURES`].
    pub failed: Vec<(&'static str, u64)>,
    /// Requests under way at its end.
    pub in_flight: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Latencies of those that were answered.
    pub latency: Histogram,
    /// Requests of a million that should be answered.
    pub objective_per_million: u32,
}

impl TrafficSample {
    /// Requests that failed in the interval.
    pub fn failures(&self) -> u64 {
        self.failed.iter().map(|(_, count)| count).sum()
    }
}

/// What all programs use together, as metrics-server found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageSample {
    /// CPU in use, in thousandths of a core.
    pub cpu_used_milli: u64,
    /// CPU requested by pods that run.
    pub cpu_requested_milli: u64,
    /// CPU that machines with power offer.
    pub cpu_offered_milli: u64,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Memory requested by pods that run.
    pub memory_requested: u64,
}

/// What only some records carry.
#[derive(Clone, Debug, Default)]
pub enum Detail {
    /// Nothing more.
    #[default]
    None,
    /// A write to the store.
    Commit(Arc<Commit>),
    /// Something a container did.
    Container {
        /// Container name.
        container: Name,
        /// Where.
        node: Name,
        /// What.
        fact: ContainerFact,
    },
    /// A machine lost or regained its power.
    Power {
        /// Whether it runs from now on.
        up: bool,
    },
    /// A fault begins (`until` tells when it is planned to end) or ends.
    Fault {
        /// Whether this is the end.
        ended: bool,
        /// Planned end.
        until: Option<SimTime>,
    },
    /// Requests of an interval.
    Traffic(Box<TrafficSample>),
    /// What programs use.
    Usage(UsageSample),
    /// A step of the scenario.
    Step,
    /// An expectation was checked.
    Expectation {
        /// Whether it held.
        held: bool,
    },
}

/// One line of the trace.
#[derive(Clone, Debug)]
pub struct Record {
    /// Number, from 1.
    pub id: RecordId,
    /// Virtual time.
    pub at: SimTime,
    /// The record that led to this one; 0 for the scenario itself.
    pub cause: RecordId,
    /// Who acted, in the words that Kubernetes uses as event sources.
    pub component: &'static str,
    /// About what.
    pub subject: Subject,
    /// What happened: `ADDED`, `MODIFIED`, `DELETED`, `ContainerStarted`, `Fault`, ...
    pub event: &'static str,
    /// CamelCase word.
    pub reason: Name,
    /// Sentence.
    pub message: Name,
    /// More, for some.
    pub detail: Detail,
}

/// Collects records until somebody takes them.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    last: RecordId,
    /// The cause of whatever is recorded or scheduled next.
    cause: RecordId,
    pending: Vec<Record>,
}

impl Recorder {
    /// The cause of whatever is recorded or scheduled next.
    pub fn cause(&self) -> RecordId {
        self.cause
    }

    /// Sets the cause of whatever is recorded or scheduled next.
    pub fn set_cause(&mut self, cause: RecordId) {
        self.cause = cause;
    }

    /// Number of the newest record.
    pub fn last(&self) -> RecordId {
        self.last
    }

    /// Adds a record. It becomes the cause of what follows in the same handler.
    #[expect(clippy::too_many_arguments, reason = "one argument a column of the trace")]
    pub fn record(
        &mut self,
        at: SimTime,
        component: &'static str,
        subject: Subject,
        event: &'static str,
        reason: impl Into<Name>,
        message: impl Into<Name>,
        detail: Detail,
    ) -> RecordId {
        let id = self.record_aside(at, component, subject, event, reason, message, detail);
        self.cause = id;
        id
    }

    /// Adds a record that is not the cause of what follows.
    #[expect(clippy::too_many_arguments, reason = "one argument a column of the trace")]
    pub fn record_aside(
        &mut self,
        at: SimTime,
        component: &'static str,
        subject: Subject,
        event: &'static str,
        reason: impl Into<Name>,
        message: impl Into<Name>,
        detail: Detail,
    ) -> RecordId {
        self.last += 1;
        let (reason, message) = (reason.into(), message.into());
        let record = Record {
            id: self.last,
            at,
            cause: self.cause,
            component,
            subject,
            event,
            reason,
            message,
            detail,
        };
        self.pending.push(record);
        self.last
    }

    /// Takes the records since the last call.
    pub fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.pending)
    }

    /// Whether records wait to be taken.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }
}
