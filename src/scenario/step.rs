//! What happens in the course of a run, and when.

use std::fmt;
use std::sync::Arc;

use super::expect::Condition;
use super::model::{Manifest, Place};
use crate::api::pod::Pod;
use crate::base::Name;
use crate::fault::{Fault, NodeTarget};
use crate::kernel::{Distribution, SimDuration, SimTime};

/// Something that happens.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub action: Action,
    /// Its place.
    pub place: Place,
    /// The step as written, on one line.
    pub text: String,
}

/// When something happens.
#[derive(Clone, Debug)]
pub enum When {
    /// Once, at this time.
    At(SimTime),
    /// Again and again.
    Every {
        /// The time between.
        period: SimDuration,
        /// The first time.
        from: SimTime,
        /// No more after this; `None` = to the end.
        until: Option<SimTime>,
    },
    /// At random times.
    Rate {
        /// Time from the end of one fault (at first: from `from`) to the beginning of the next.
        mtbf: Distribution,
        /// How long each lasts; `None` = what the fault itself says.
        mttr: Option<Distribution>,
        /// No fault before this.
        from: SimTime,
        /// None begins after this; `None` = to the end.
        until: Option<SimTime>,
    },
    /// Once, at the first time within the bounds at which a condition holds.
    Condition {
        /// What must hold.
        condition: Box<Condition>,
        /// Not looked at before this.
        from: SimTime,
        /// Not looked at after this; `None` = to the end.
        until: Option<SimTime>,
    },
}

impl When {
    /// The earliest time at which it can happen: steps are in this order.
    pub fn earliest(&self) -> SimTime {
        match self {
            Self::At(time) => *time,
            Self::Every { from, .. } | Self::Rate { from, .. } | Self::Condition { from, .. } => *from,
        }
    }
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// A command as typed after `kubectl`.
    Kubectl(String),
    /// `kubectl apply` of these objects.
    Apply(Vec<Manifest>),
    /// A change of the manifests that kubelets run without the API server.
    StaticPod {
        /// Whose.
        nodes: NodeTarget,
        /// What becomes of the manifest.
        change: ManifestChange,
    },
    /// A fault.
    Fault {
        /// Which.
        fault: Fault,
        /// How long; `None` = to the end of the run, or what the fault itself says.
        lasts: Option<SimDuration>,
    },
}

/// What becomes of a manifest in the directory of a kubelet.
#[derive(Clone, Debug)]
pub enum ManifestChange {
    /// It is put there, or takes the place of the one of its name.
    Put(Arc<Pod>),
    /// It is deleted.
    Remove {
        /// Namespace of the pod.
        namespace: Name,
        /// Name in the manifest, without the node's.
        name: Name,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubectl(line) => write!(f, "kubectl {line}"),
            Self::Apply(manifests) => {
                let names: Vec<String> =
                    manifests.iter().map(|manifest| manifest.object.reference().to_string()).collect();
                write!(f, "apply {}", names.join(", "))
            }
            Self::StaticPod { nodes, change: ManifestChange::Put(pod) } => {
                write!(f, "put the manifest of static pod {} on {nodes}", pod.metadata.name)
            }
            Self::StaticPod { nodes, change: ManifestChange::Remove { name, .. } } => {
                write!(f, "remove the manifest of static pod {name} from {nodes}")
            }
            Self::Fault { fault, .. } => write!(f, "fault {}", fault.key()),
        }
    }
}
