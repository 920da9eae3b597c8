//! `WorstFit`: prefers the node with the most CPU and GPU left, as shares of the largest node.

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::ids::NodeId;

use super::room::{Room, percent, stretch};

/// The policy.
#[derive(Debug)]
pub struct WorstFit;

impl Plugin for WorstFit {
    fn name(&self) -> &'static str {
        "WorstFit"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        percent(Room::of(cycle.pod, node).rest())
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        stretch(scores, 0);
    }
}
