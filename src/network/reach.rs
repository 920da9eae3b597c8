//! Who reaches the control plane: partitions between nodes and the API server.

use std::collections::BTreeMap;

/// Cut links, counted, since several faults may cut the same one.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Nodes that are cut off from the API server.
    cut: BTreeMap<u32, u32>,
}

impl Reach {
    /// Cuts a node off; returns whether it was connected.
    pub fn cut(&mut self, node: u32) -> bool {
        let count = self.cut.entry(node).or_insert(0);
        *count += 1;
        *count == 1
    }

    /// Heals one cut; returns whether the node is connected again.
    pub fn heal(&mut self, node: u32) -> bool {
        let Some(count) = self.cut.get_mut(&node) else { return false };
        *count -= 1;
        if *count == 0 {
            self.cut.remove(&node);
            return true;
        }
        false
    }

    /// Whether a node reaches the API server.
    pub fn reaches_api(&self, node: u32) -> bool {
        !self.cut.contains_key(&node)
    }
}
