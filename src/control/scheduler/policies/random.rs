//! `Random`: takes any feasible node, and any device that has room for a share, all alike likely.

use crate::control::scheduler::framework::{Cycle, MAX_NODE_SCORE, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::DeviceSet;
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::schedule_one::below;

/// The policy.
#[derive(Debug)]
pub struct Random;

impl Plugin for Random {
    fn name(&self) -> &'static str {
        "Random"
    }

    fn points(&self) -> Points {
        Points::SCORE | Points::RESERVE
    }

    fn normalize(&self, cycle: &Cycle<'_>, feasible: &[NodeId], scores: &mut [i64]) {
        scores[below(cycle.draw, feasible.len())] = MAX_NODE_SCORE;
    }

    fn reserve(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Option<DeviceSet> {
        let demand = &cycle.pod.template.gpu;
        let gpus = node.gpus.as_ref().filter(|_| demand.is_share())?;
        let fitting: Vec<usize> = gpus.fitting(demand).collect();
        // The high bits of the draw have chosen the node; the product brings the low ones up.
        let draw = cycle.draw.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (!fitting.is_empty()).then(|| DeviceSet::of(fitting[below(draw, fitting.len())]))
    }
}
