//! `BestFit`: prefers the node with the least CPU and GPU left, as shares of the largest node.

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::ids::NodeId;

use super::room::{Room, percent, stretch};

/// The policy.
#[derive(Debug)]
pub struct BestFit;

impl Plugin for BestFit {
    fn name(&self) -> &'static str {
        "BestFit"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        percent(1.0 - Room::of(cycle.pod, node).rest())
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        stretch(scores, 0);
    }
}
