//! The order in which nodes are looked at: zones take turns (`nodeTree` of the scheduler cache, kube-scheduler v1.34).

use crate::api::Labels;
use crate::base::Name;

use super::ids::NodeId;

/// Nodes by zone: zones in the order in which they were first seen, nodes of a zone in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct NodeTree {
    zones: Vec<(ZoneKey, Vec<NodeId>)>,
}

/// Region and zone.
type ZoneKey = (Name, Name);

fn zone_key(labels: &Labels) -> ZoneKey {
    let first = |keys: [&str; 2]| keys.iter().find_map(|key| labels.get(key)).cloned().unwrap_or_default();
    (
        first(["failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"]),
        first(["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"]),
    )
}

impl NodeTree {
    /// Puts a node at the end of its zone.
    pub fn add(&mut self, node: NodeId, labels: &Labels) {
        let key = zone_key(labels);
        match self.zones.iter_mut().find(|(zone, _)| *zone == key) {
            Some((_, nodes)) => nodes.push(node),
            None => self.zones.push((key, vec![node])),
        }
    }

    /// Takes a node out of its zone; a zone goes with its last node.
    pub fn remove(&mut self, node: NodeId, labels: &Labels) {
        let key = zone_key(labels);
        if let Some((_, nodes)) = self.zones.iter_mut().find(|(zone, _)| *zone == key) {
            nodes.retain(|other| *other != node);
        }
        self.zones.retain(|(_, nodes)| !nodes.is_empty());
    }

    /// Moves a node whose labels have changed; returns whether that was to another zone.
    pub fn update(&mut self, node: NodeId, old: &Labels, new: &Labels) -> bool {
        let moves = zone_key(old) != zone_key(new);
        if moves {
            self.remove(node, old);
            self.add(node, new);
        }
        moves
    }

    /// All nodes: the first of each zone, then the second of each, and so on.
    pub fn list(&self) -> Vec<NodeId> {
        let longest = self.zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(0);
        let round = |at: usize| self.zones.iter().filter_map(move |(_, nodes)| nodes.get(at)).copied();
        (0..longest).flat_map(round).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_take_turns() {
        let mut tree = NodeTree::default();
        let zone = |zone: &str| -> Labels { [("topology.kubernetes.io/zone", zone)].into_iter().collect() };
        for (node, at) in ["z1", "z1", "z2", "z1", "z3", "z3"].into_iter().enumerate() {
            tree.add(NodeId(node as u32), &zone(at));
        }
        let order = |tree: &NodeTree| tree.list().iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(order(&tree), [0, 2, 4, 1, 5, 3]);
        assert!(tree.update(NodeId(2), &zone("z2"), &zone("z3")));
        assert_eq!(order(&tree), [0, 4, 1, 5, 3, 2]);
    }
}
