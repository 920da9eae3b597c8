//! `FirstFit`: takes the first feasible node, in the order in which nodes came to the cluster.

use crate::control::scheduler::framework::{Cycle, MAX_NODE_SCORE, Plugin, Points};
use crate::control::scheduler::ids::NodeId;

/// The policy.
#[derive(Debug)]
pub struct FirstFit;

impl Plugin for FirstFit {
    fn name(&self) -> &'static str {
        "FirstFit"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn normalize(&self, _: &Cycle<'_>, feasible: &[NodeId], scores: &mut [i64]) {
        let first = feasible.iter().enumerate().min_by_key(|(_, node)| **node);
        if let Some((at, _)) = first {
            scores[at] = MAX_NODE_SCORE;
        }
    }
}
