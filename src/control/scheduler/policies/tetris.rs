//! `Tetris`: prefers nodes whose idle room is large and shaped like what the pod asks for (Grandl et al., SIGCOMM 2014:
//! the dot product of the two, larger is better).

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};

use super::room::{Room, percent};

/// The policy.
#[derive(Debug)]
pub struct Tetris;

impl Plugin for Tetris {
    fn name(&self) -> &'static str {
        "Tetris"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        percent(Room::of(cycle.pod, node).alignment())
    }
}
