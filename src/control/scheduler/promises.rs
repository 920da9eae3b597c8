//! The nodes that a cycle must take to be partly spoken for: those promised to pods at least as important.

use super::cache::Cache;
use super::framework::PodInfo;
use super::ids::NodeId;
use super::nominator::Nominator;

/// Promises that count for one pod, by node.
#[derive(Clone, Debug, Default)]
pub struct Promises(Vec<(NodeId, Vec<PodInfo>)>);

impl Promises {
    /// Those that count for `pod`.
    pub fn that_concern(pod: &PodInfo, nominator: &Nominator, cluster: &Cache) -> Self {
        let mut promises = Vec::new();
        for (node, pods) in nominator.iter() {
            let Some(node) = cluster.node_named(node) else { continue };
            let others = pods.iter().filter(|id| **id != pod.id).filter_map(|id| cluster.pod(*id));
            let important: Vec<_> =
                others.filter(|other| other.priority() >= pod.priority()).cloned().collect();
            if !important.is_empty() {
                promises.push((node, important));
            }
        }
        promises.sort_by_key(|(node, _)| *node);
        Self(promises)
    }

    /// The pods that have been promised `node`.
    pub fn on(&self, node: NodeId) -> &[PodInfo] {
        match self.0.binary_search_by_key(&node, |(node, _)| *node) {
            Ok(at) => &self.0[at].1,
            Err(_) => &[],
        }
    }

    /// Whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
