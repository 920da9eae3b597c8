//! What the collector is told: recorded facts, in the order of time.
//!
//! A fact borrows from whatever recorded it, so that feeding a run costs no copy; the collector keeps only what the
//! pictures and numbers need.

use crate::api::Object;
use crate::base::Name;
use crate::kernel::SimTime;
use crate::trace::{TrafficSample, UsageSample};

/// One recorded fact.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// The API server committed a change of an object; Kubernetes Event objects come this way too.
    Change {
        /// When it was committed.
        at: SimTime,
        /// What kind of change.
        op: ChangeOp,
        /// The version before; `None` for [`ChangeOp::Added`].
        old: Option<&'a Object>,
        /// The version after; the last state for [`ChangeOp::Deleted`].
        new: &'a Object,
    },
    /// Something to point at on the time axis.
    Mark {
        /// When it happened.
        at: SimTime,
        /// When it is over, if that is known at the start.
        until: Option<SimTime>,
        /// What it is.
        kind: MarkKind,
        /// What to write beside it.
        label: &'a str,
    },
    /// Something happened to a container, as its node saw it.
    Container {
        /// When it happened.
        at: SimTime,
        /// Namespace of the pod.
        namespace: &'a str,
        /// Name of the pod.
        pod: &'a str,
        /// Name of the container.
        container: &'a str,
        /// What happened.
        what: ContainerFact<'a>,
        /// The node it happened on.
        node: &'a str,
    },
    /// What became of requests in an interval that ends now.
    Traffic {
        /// End of the interval.
        at: SimTime,
        /// Namespace of the Service.
        namespace: &'a Name,
        /// The Service.
        service: &'a Name,
        /// What became of them.
        sample: &'a TrafficSample,
    },
    /// What programs use together.
    Usage {
        /// When it was found.
        at: SimTime,
        /// How much.
        sample: UsageSample,
    },
    /// A machine lost or regained its power. The API learns of it much later, if at all.
    Power {
        /// When it happened.
        at: SimTime,
        /// The node.
        node: &'a str,
        /// Whether the machine runs from now on.
        up: bool,
    },
}

impl Fact<'_> {
    /// When it happened.
    pub fn at(&self) -> SimTime {
        match self {
            Self::Change { at, .. }
            | Self::Mark { at, .. }
            | Self::Container { at, .. }
            | Self::Traffic { at, .. }
            | Self::Usage { at, .. }
            | Self::Power { at, .. } => *at,
        }
    }
}

/// What happened to an object in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOp {
    /// It is new.
    Added,
    /// It has a new version.
    Modified,
    /// It is gone.
    Deleted,
}

/// What a mark on the time axis stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// A fault begins.
    Fault,
    /// The fault of the same label ends.
    FaultEnd,
    /// Somebody used kubectl.
    Step,
    /// An expectation was missed.
    Expectation,
}

/// What happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerFact<'a> {
    /// Its image is being pulled.
    Pulling,
    /// Its image is there.
    Pulled,
    /// It started.
    Started {
        /// How many times it had been started before.
        restart: i32,
    },
    /// It ended.
    Exited {
        /// Exit code.
        code: i32,
        /// The signal that ended it.
        signal: Option<i32>,
        /// `Completed`, `Error`, `OOMKilled`, ...
        reason: &'a str,
    },
}
