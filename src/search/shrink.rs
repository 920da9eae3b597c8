//! From a schedule that breaks something to the least that still breaks it: fewer faults, then shorter ones, then
//! rounder times.

use super::draw::{Schedule, Strike};
use super::trial::{Bench, Miss};
use crate::kernel::{SimDuration, SimTime};

/// A schedule under the knife.
pub(super) struct Shrinking<'a> {
    bench: &'a Bench<'a>,
    /// The expectation that must stay broken.
    wanted: Option<usize>,
    runs: u64,
}

impl<'a> Shrinking<'a> {
    /// Keeps breaking what `miss` broke.
    pub(super) fn new(bench: &'a Bench<'a>, miss: &Miss) -> Self {
        Self { bench, wanted: miss.expectation, runs: 0 }
    }

    /// How many runs it took.
    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// The least schedule, and what it breaks.
    pub(super) fn shrink(&mut self, mut schedule: Schedule, mut miss: Miss) -> (Schedule, Miss) {
        self.fewer(&mut schedule, &mut miss);
        for at in 0..schedule.0.len() {
            self.shorter(&mut schedule, &mut miss, at);
            self.rounder(&mut schedule, &mut miss, at);
        }
        schedule.0.sort_by_key(|strike| strike.at);
        (schedule, miss)
    }

    /// Takes the candidate if it breaks the same.
    fn accepts(&mut self, schedule: &mut Schedule, miss: &mut Miss, candidate: Schedule) -> bool {
        self.runs += 1;
        let broken = self.bench.try_out(&candidate).filter(|broken| broken.expectation == self.wanted);
        let Some(broken) = broken else { return false };
        (*schedule, *miss) = (candidate, broken);
        true
    }

    /// Leaves out faults, until none can be missed.
    fn fewer(&mut self, schedule: &mut Schedule, miss: &mut Miss) {
        let mut at = 0;
        while at < schedule.0.len() {
            let mut candidate = schedule.clone();
            candidate.0.remove(at);
            if self.accepts(schedule, miss, candidate) {
                // What was needed beside it may not be any more.
                at = 0;
            } else {
                at += 1;
            }
        }
    }

    /// The shortest duration of one fault, in whole seconds, by bisection.
    fn shorter(&mut self, schedule: &mut Schedule, miss: &mut Miss, at: usize) {
        let Some(lasts) = schedule.0[at].lasts else { return };
        let (mut low, mut high) = (0, lasts.as_secs());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let lasts = Some(SimDuration::from_secs(middle));
            if self.accepts(schedule, miss, with(schedule, at, |strike| strike.lasts = lasts)) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }

    /// A time that is easier to read.
    fn rounder(&mut self, schedule: &mut Schedule, miss: &mut Miss, at: usize) {
        for grain in [300, 60, 30, 10] {
            let seconds = schedule.0[at].at.as_secs();
            let down = seconds / grain * grain;
            for round in [down, down + grain] {
                let time = SimTime::from_secs(round);
                let sensible = round > 0 && SimDuration::from_secs(round) < self.bench.scenario.duration;
                if sensible && self.accepts(schedule, miss, with(schedule, at, |strike| strike.at = time)) {
                    return;
                }
            }
        }
    }
}

fn with(schedule: &Schedule, at: usize, change: impl FnOnce(&mut Strike)) -> Schedule {
    let mut changed = schedule.clone();
    change(&mut changed.0[at]);
    changed
}
