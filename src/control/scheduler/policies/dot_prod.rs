//! `DotProd`: prefers nodes whose idle room is small or unlike what the pod asks for (dot product of the two).
//!
//! The variant of the published comparison: dimensions merged, normalised by the largest node, *smaller* is better.

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};

use super::room::{Room, percent};

/// The policy.
#[derive(Debug)]
pub struct DotProd;

impl Plugin for DotProd {
    fn name(&self) -> &'static str {
        "DotProd"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        percent(1.0 - Room::of(cycle.pod, node).alignment())
    }
}
