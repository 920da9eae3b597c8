//! One run of a scenario with a schedule: the first thing that breaks.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::draw::Schedule;
use crate::kernel::SimTime;
use crate::scenario::{self, Scenario, any_line};
use crate::sim::expect::Fate;
use crate::sim::{RunOptions, Simulation};
use crate::source::SourceFile;

/// Something that did not come out as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Number of the expectation in the scenario; `None` when the simulator contradicted itself.
    pub expectation: Option<usize>,
    /// The expectation as written.
    pub text: String,
    /// Where it was written.
    pub place: String,
    /// When it was missed.
    pub at: SimTime,
    /// Why.
    pub why: String,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expectation {
            Some(_) => write!(f, "{} is missed at {}: {} ({})", self.text, self.at, self.why, self.place),
            None => write!(f, "a defect of the simulator at {}: {}", self.at, self.why),
        }
    }
}

/// What schedules are tried on.
pub(super) struct Bench<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) options: &'a RunOptions,
}

/// Events between two looks at the expectations.
const EVENTS_AT_ONCE: u64 = 2_000;

impl Bench<'_> {
    /// The first thing that a schedule breaks.
    pub(super) fn try_out(&self, schedule: &Schedule) -> Option<Miss> {
        let file = SourceFile::new("schedule", schedule.to_patch());
        let patch = scenario::patch(self.scenario, SimTime::ZERO, &[file], &any_line);
        let patch = patch.unwrap_or_else(|problems| {
            panic!("a schedule is a valid change: {}", problems.render(false));
        });
        first_miss(&self.scenario.with(&patch), self.options)
    }
}

/// The first thing that goes wrong in a run.
pub(super) fn first_miss(scenario: &Scenario, options: &RunOptions) -> Option<Miss> {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut simulation = Simulation::new(scenario, options);
        loop {
            match simulation.run_some(SimTime::MAX, EVENTS_AT_ONCE, &mut |_| {}) {
                Err(error) => return Some(defect(simulation.world.now(), error.to_string())),
                Ok(over) => {
                    let miss = earliest(&simulation);
                    if miss.is_some() || over {
                        return miss;
                    }
                }
            }
        }
    }));
    ran.unwrap_or_else(|_| Some(defect(SimTime::ZERO, "it panicked".to_owned())))
}

fn defect(at: SimTime, why: String) -> Miss {
    Miss { expectation: None, text: String::new(), place: String::new(), at, why }
}

fn earliest(simulation: &Simulation) -> Option<Miss> {
    let checked = simulation.world.watchlist.results();
    let missed = checked.into_iter().enumerate().filter_map(|(index, checked)| match checked.fate {
        Fate::Missed(at, why) => {
            Some(Miss { expectation: Some(index), text: checked.text, place: checked.place, at, why })
        }
        _ => None,
    });
    missed.min_by_key(|miss| (miss.at, miss.expectation))
}
