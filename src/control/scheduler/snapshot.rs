//! What one scheduling cycle sees of the nodes: their order, and a stamp each that says whether what was worked out
//! for a node still holds.
//!
//! Upstream copies changed nodes into a snapshot because cycles and watches run concurrently. Here nothing changes
//! during a cycle, so the nodes stay in the cache and only these two columns are brought up to date, for changed nodes
//! only.

use super::cache::Cache;
use super::ids::NodeId;

/// The nodes of a cycle.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    order: Vec<NodeId>,
    generations: Vec<u64>,
}

impl Snapshot {
    /// Takes in what has changed since the last time.
    pub fn refresh(&mut self, cache: &mut Cache) {
        if std::mem::take(&mut cache.order_changed) {
            self.order = cache.node_order();
        }
        for id in std::mem::take(&mut cache.changed) {
            if self.generations.len() <= id.index() {
                self.generations.resize(id.index() + 1, 0);
            }
            self.generations[id.index()] = cache.node(id).map_or(0, |info| info.generation);
        }
    }

    /// All nodes, zones taking turns.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// One more than the highest node id so far.
    pub fn nodes_ever(&self) -> usize {
        self.generations.len()
    }

    /// The stamp of a node.
    pub fn generation(&self, node: NodeId) -> u64 {
        self.generations[node.index()]
    }
}
