//! Which pods have been promised a node for which others are being preempted (`backend/queue/nominator.go`,
//! kube-scheduler v1.34).

use std::collections::BTreeMap;

use super::ids::PodId;
use crate::base::{LookupMap, Name};

/// What becomes of a pod's promise after a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nomination {
    /// What the pod's status says.
    Keep,
    /// This node, or none.
    Set(Option<Name>),
}

/// Promises by node and by pod.
#[derive(Clone, Debug, Default)]
pub struct Nominator {
    by_node: BTreeMap<Name, Vec<PodId>>,
    node_of: LookupMap<PodId, Name>,
}

impl Nominator {
    /// Whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        self.by_node.is_empty()
    }

    /// All promises, by node name and in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &[PodId])> {
        self.by_node.iter().map(|(node, pods)| (node, pods.as_slice()))
    }

    /// The pods that have been promised this node.
    pub fn promised(&self, node: &str) -> &[PodId] {
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }

    /// The node that the pod has been promised.
    pub fn node_of(&self, pod: PodId) -> Option<&Name> {
        self.node_of.get(&pod)
    }

    /// Promises `pod` a node, or nothing any more. `in_status` is what its status says.
    pub fn nominate(&mut self, pod: PodId, nomination: &Nomination, in_status: Option<&Name>) {
        self.remove(pod);
        let node = match nomination {
            Nomination::Keep => in_status.cloned(),
            Nomination::Set(node) => node.clone(),
        };
        if let Some(node) = node.filter(|node| !node.is_empty()) {
            self.by_node.entry(node.clone()).or_default().push(pod);
            self.node_of.insert(pod, node);
        }
    }

    /// Takes notice of a new version of a pod's status. An update that says nothing of a node, before or after, does
    /// not undo a promise that the API server has not heard of yet.
    pub fn update(&mut self, pod: PodId, old: Option<&Name>, new: Option<&Name>) {
        let own = self.node_of.get(&pod).cloned();
        let nomination = if old.is_none() && new.is_none() { Nomination::Set(own) } else { Nomination::Keep };
        self.nominate(pod, &nomination, new);
    }

    /// Takes back what `pod` has been promised.
    pub fn remove(&mut self, pod: PodId) {
        let Some(node) = self.node_of.remove(&pod) else { return };
        let pods = self.by_node.get_mut(&node).expect("both indices hold the same promises");
        pods.retain(|other| *other != pod);
        if pods.is_empty() {
            self.by_node.remove(&node);
        }
    }
}
