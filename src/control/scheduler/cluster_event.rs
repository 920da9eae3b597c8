//! Events that may make waiting pods schedulable, and who wants to hear of them.
//!
//! Follows `framework/events.go` of kube-scheduler v1.34: an update is told apart by what it changed, as finely as
//! possible, and a plugin that asks for a coarse kind of update hears of the finer ones too.

use std::sync::Arc;

use crate::api::node::Node;
use crate::api::pod::Pod;

use super::ids::PodId;
use super::resources::Requests;

/// What kind of object an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventResource {
    /// Every kind.
    Any,
    /// Pods, whether they have a node or not.
    Pod,
    /// Pods that have a node.
    AssignedPod,
    /// Pods that have none.
    UnscheduledPod,
    /// Nodes.
    Node,
}

/// A set of things that can happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionType(u32);

impl ActionType {
    /// It came.
    pub const ADD: Self = Self(1);
    /// It went.
    pub const DELETE: Self = Self(1 << 1);
    /// A node offers other amounts.
    pub const UPDATE_NODE_ALLOCATABLE: Self = Self(1 << 2);
    /// A node has other labels.
    pub const UPDATE_NODE_LABEL: Self = Self(1 << 3);
    /// A node has other taints, or has become schedulable.
    pub const UPDATE_NODE_TAINT: Self = Self(1 << 4);
    /// A condition of a node is another.
    pub const UPDATE_NODE_CONDITION: Self = Self(1 << 5);
    /// A node has other annotations.
    pub const UPDATE_NODE_ANNOTATION: Self = Self(1 << 6);
    /// A pod has other labels.
    pub const UPDATE_POD_LABEL: Self = Self(1 << 7);
    /// A pod asks for less.
    pub const UPDATE_POD_SCALE_DOWN: Self = Self(1 << 8);
    /// A pod tolerates more.
    pub const UPDATE_POD_TOLERATION: Self = Self(1 << 9);
    /// A pod has lost its last scheduling gate.
    pub const UPDATE_POD_GATES_ELIMINATED: Self = Self(1 << 10);
    /// Anything.
    pub const ALL: Self = Self((1 << 11) - 1);
    /// Any update.
    pub const UPDATE: Self = Self(Self::ALL.0 & !0b11);

    /// Either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Events that a plugin wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventMask {
    /// On which objects.
    pub resource: EventResource,
    /// What happens to them.
    pub action: ActionType,
}

impl EventMask {
    /// Everything that can happen.
    pub const EVERYTHING: &[Self] = &[Self::pods(ActionType::ALL), Self::nodes(ActionType::ALL)];

    /// Something that happens to pods.
    pub const fn pods(action: ActionType) -> Self {
        Self { resource: EventResource::Pod, action }
    }

    /// Something that happens to nodes.
    pub const fn nodes(action: ActionType) -> Self {
        Self { resource: EventResource::Node, action }
    }

    /// `MatchClusterEvents`: whether `event` is one of these.
    pub fn matches(self, event: Self) -> bool {
        let resource = self.resource == event.resource
            || self.resource == EventResource::Any
            || self.resource == EventResource::Pod
                && matches!(event.resource, EventResource::AssignedPod | EventResource::UnscheduledPod);
        resource && self.action.meets(event.action) && event.action <= self.action
    }
}

/// The object of an event.
#[derive(Clone, Debug)]
pub enum EventObject {
    /// None: the event is not about one object.
    None,
    /// A pod, before and after.
    Pod(PodId, Option<Arc<Pod>>, Option<Arc<Pod>>),
    /// A node, before and after.
    Node(Option<Arc<Node>>, Option<Arc<Node>>),
}

/// A pod, before and after.
pub type PodChange<'a> = (PodId, Option<&'a Arc<Pod>>, Option<&'a Arc<Pod>>);
/// A node before and after.
pub type NodeChange<'a> = (Option<&'a Arc<Node>>, Option<&'a Arc<Node>>);

/// An event.
#[derive(Clone, Debug)]
pub struct ClusterEvent {
    /// What happened.
    pub what: EventMask,
    /// To which object.
    pub object: EventObject,
}

impl ClusterEvent {
    /// Waiting pods are to be tried again whatever has happened.
    pub const RETRY_ALL: Self = Self {
        what: EventMask { resource: EventResource::Any, action: ActionType::ALL },
        object: EventObject::None,
    };

    /// Something happened to a pod that has a node.
    pub fn assigned_pod(action: ActionType, id: PodId, old: Option<Arc<Pod>>, new: Option<Arc<Pod>>) -> Self {
        Self {
            what: EventMask { resource: EventResource::AssignedPod, action },
            object: EventObject::Pod(id, old, new),
        }
    }

    /// Something happened to a node.
    pub fn node(action: ActionType, old: Option<Arc<Node>>, new: Option<Arc<Node>>) -> Self {
        Self {
            what: EventMask { resource: EventResource::Node, action },
            object: EventObject::Node(old, new),
        }
    }

    /// Whether it concerns every waiting pod.
    pub fn is_wildcard(&self) -> bool {
        self.what.resource == EventResource::Any
    }

    /// The pod before and after, when the event is about one.
    pub fn pod(&self) -> Option<PodChange<'_>> {
        match &self.object {
            EventObject::Pod(id, old, new) => Some((*id, old.as_ref(), new.as_ref())),
            EventObject::None | EventObject::Node(..) => None,
        }
    }

    /// The node before and after, when the event is about one.
    pub fn node_change(&self) -> Option<NodeChange<'_>> {
        match &self.object {
            EventObject::Node(old, new) => Some((old.as_ref(), new.as_ref())),
            EventObject::None | EventObject::Pod(..) => None,
        }
    }
}

/// What a new version of a pod changes (`PodSchedulingPropertiesChange`).
pub fn pod_changes(old: &Pod, new: &Pod) -> Vec<ActionType> {
    let mut changes = Vec::new();
    if old.metadata.labels != new.metadata.labels {
        changes.push(ActionType::UPDATE_POD_LABEL);
    }
    if !Arc::ptr_eq(&old.spec, &new.spec) {
        if asks_for_less(old, new) {
            changes.push(ActionType::UPDATE_POD_SCALE_DOWN);
        }
        if new.spec.scheduling_gates.is_empty() && !old.spec.scheduling_gates.is_empty() {
            changes.push(ActionType::UPDATE_POD_GATES_ELIMINATED);
        }
        // Tolerations can only be added, so their number tells.
        if old.spec.tolerations.len() != new.spec.tolerations.len() {
            changes.push(ActionType::UPDATE_POD_TOLERATION);
        }
    }
    if changes.is_empty() {
        changes.push(ActionType::UPDATE);
    }
    changes
}

fn asks_for_less(old: &Pod, new: &Pod) -> bool {
    let new = Requests::of(&new.spec).listed;
    Requests::of(&old.spec).listed.iter().any(|(name, had)| new.get(name).is_none_or(|has| has < had))
}

/// What a new version of a node changes (`NodeSchedulingPropertiesChange`).
pub fn node_changes(old: &Node, new: &Node) -> Vec<ActionType> {
    let statuses = |node: &Node| {
        let mut statuses: Vec<_> = node
            .status
            .conditions
            .iter()
            .map(|condition| (condition.kind.clone(), condition.status))
            .collect();
        statuses.sort();
        statuses
    };
    [
        (old.spec.unschedulable && !new.spec.unschedulable, ActionType::UPDATE_NODE_TAINT),
        (old.status.allocatable != new.status.allocatable, ActionType::UPDATE_NODE_ALLOCATABLE),
        (old.metadata.labels != new.metadata.labels, ActionType::UPDATE_NODE_LABEL),
        (old.spec.taints != new.spec.taints, ActionType::UPDATE_NODE_TAINT),
        (statuses(old) != statuses(new), ActionType::UPDATE_NODE_CONDITION),
        (old.metadata.annotations != new.metadata.annotations, ActionType::UPDATE_NODE_ANNOTATION),
    ]
    .into_iter()
    .filter_map(|(changed, action)| changed.then_some(action))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_masks_take_finer_events_and_not_the_other_way_round() {
        let mask = |resource, action| EventMask { resource, action };
        let label = mask(EventResource::AssignedPod, ActionType::UPDATE_POD_LABEL);
        assert!(mask(EventResource::Pod, ActionType::UPDATE).matches(label));
        assert!(mask(EventResource::Pod, ActionType::ADD.or(ActionType::UPDATE_POD_LABEL)).matches(label));
        let any_update = mask(EventResource::AssignedPod, ActionType::UPDATE);
        assert!(!mask(EventResource::Pod, ActionType::UPDATE_POD_LABEL).matches(any_update));
        assert!(!mask(EventResource::Node, ActionType::ALL).matches(label));
        assert!(!mask(EventResource::Pod, ActionType::ALL).matches(ClusterEvent::RETRY_ALL.what));
    }
}
