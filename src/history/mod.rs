//! A run looked back on: its lines, the causes of each, the cluster as it was at any time, and how two runs differ.
//!
//! Everything here is made of the lines of a trace alone, whether they were read from `trace.jsonl` or came from a run
//! that has just ended. Nothing here runs a simulation or touches a file.

mod cause;
pub mod compare;
mod facts;
pub mod perfetto;
mod proto;
mod select;
mod states;

pub use cause::{Link, chain, links};
pub use select::{Subject, last_about};
pub use states::States;

use crate::kernel::SimTime;
use crate::trace::replay::Line;

/// The lines of one run, in order.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: Vec<Line>,
    /// When the run ended, or when it was looked at.
    pub end: SimTime,
}

impl History {
    /// A history that ends at `end`, or with the last line when that is later. Lines come in the order of their numbers.
    pub fn new(lines: Vec<Line>, end: SimTime) -> Self {
        let end = lines.last().map_or(end, |line| end.max(line.time()));
        Self { lines, end }
    }

    /// All lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line with this number.
    pub fn line(&self, seq: u64) -> Option<&Line> {
        let at = self.lines.binary_search_by_key(&seq, |line| line.seq).ok()?;
        Some(&self.lines[at])
    }

    /// How many lines there are up to and including `at`.
    pub fn count_until(&self, at: SimTime) -> usize {
        self.lines.partition_point(|line| line.time() <= at)
    }

    /// The lines that a line led to directly, in order.
    pub fn effects<'a>(&'a self, line: &Line) -> impl Iterator<Item = &'a Line> {
        let seq = line.seq;
        let first = self.lines.partition_point(|other| other.seq <= seq);
        self.lines[first..].iter().filter(move |other| other.cause == seq)
    }
}
