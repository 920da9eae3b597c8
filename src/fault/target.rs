//! Whom a fault hits.

use std::fmt;

use crate::api::selector::Selector;
use crate::base::Name;

/// Some pods of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTarget {
    /// The namespace.
    pub namespace: Name,
    /// Which pods are meant.
    pub by: Pods,
    /// How many of them, in the order of their names.
    pub pick: Pick,
}

/// How pods are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pods {
    /// The pod of this name.
    Name(Name),
    /// The pods with these labels.
    Selector(Selector),
}

/// How many of those that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pick {
    /// Every one.
    #[default]
    All,
    /// The first so many, in the order of their names.
    First(usize),
}

/// Some nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeTarget {
    /// The node of this name.
    Name(Name),
    /// The nodes of these names.
    Names(Vec<Name>),
    /// The nodes with these labels.
    Selector(Selector),
    /// The nodes of this zone.
    Zone(Name),
    /// Every node.
    All,
}

/// One side of a disturbed connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// The machines of the control plane.
    ControlPlane,
    /// Machines of the cluster.
    Nodes(NodeTarget),
}

impl fmt::Display for PodTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Pick::First(count) = self.pick {
            write!(f, "{count} of ")?;
        }
        match &self.by {
            Pods::Name(name) => write!(f, "pod {}/{name}", self.namespace),
            Pods::Selector(selector) if selector.is_empty() => write!(f, "the pods of {}", self.namespace),
            Pods::Selector(selector) => write!(f, "the pods of {} with {selector}", self.namespace),
        }
    }
}

impl fmt::Display for NodeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "node {name}"),
            Self::Names(names) => {
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                write!(f, "nodes {}", names.join(", "))
            }
            Self::Selector(selector) => write!(f, "the nodes with {selector}"),
            Self::Zone(zone) => write!(f, "zone {zone}"),
            Self::All => f.write_str("all nodes"),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlPlane => f.write_str("the control plane"),
            Self::Nodes(nodes) => nodes.fmt(f),
        }
    }
}
