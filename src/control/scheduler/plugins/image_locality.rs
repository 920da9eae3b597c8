//! `ImageLocality`: nodes that have the pod's images already are better (kube-scheduler v1.34).

use crate::base::Name;
use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, MAX_NODE_SCORE, NodeInfo, Plugin, PodInfo, Points, PreScore,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::images::ImageState;

const MEBIBYTE: i64 = 1024 * 1024;
/// Less than this together is not worth a point.
const THRESHOLD_MIN: i64 = 23 * MEBIBYTE;
/// More than this per container does not count.
const THRESHOLD_MAX_PER_CONTAINER: i64 = 1000 * MEBIBYTE;

/// The pod's images that are somewhere in the cluster, with what each is worth, one entry per container.
pub type ImageScores = Vec<(Name, i64)>;

/// The plugin.
#[derive(Debug)]
pub struct ImageLocality;

/// An image counts the less, the fewer nodes have it: or else all pods of it would crowd there.
fn scaled(image: ImageState, node_count: usize) -> i64 {
    let spread = f64::from(image.nodes) / node_count as f64;
    (image.size as f64 * spread) as i64
}

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn pre_score(
        &self,
        pod: &PodInfo,
        cluster: &mut Cache,
        state: &mut CycleState,
        _: &[NodeId],
    ) -> PreScore {
        let node_count = cluster.node_count();
        let present = pod
            .template
            .images
            .iter()
            .filter_map(|name| Some((name.clone(), scaled(*cluster.images().get(name)?, node_count))));
        state.images = present.collect();
        if state.images.is_empty() { PreScore::Same(0) } else { PreScore::Run }
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let here = cycle.state.images.iter().filter(|(name, _)| node.images.binary_search(name).is_ok());
        let most = THRESHOLD_MAX_PER_CONTAINER * cycle.pod.template.images.len() as i64;
        let sum = here.map(|(_, score)| score).sum::<i64>();
        // As upstream: the lower bound first, whatever the upper is.
        let sum = if sum < THRESHOLD_MIN { THRESHOLD_MIN } else { sum.min(most) };
        MAX_NODE_SCORE * (sum - THRESHOLD_MIN) / (most - THRESHOLD_MIN)
    }
}
