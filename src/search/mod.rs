//! Search for failures: which schedule of faults breaks an expectation, and what is the least that does?
//!
//! ```text
//! menu     what can go wrong in this scenario: nodes, zones, components, workloads, images, services
//! draw     the n-th schedule, by addressed draws
//! pool     schedules on several threads; the first that fails by number, whatever the number of threads
//! trial    one run of the scenario with a schedule: what is the first thing that it breaks?
//! shrink   from a schedule that breaks something to the least that still does
//! emit     the finding as a scenario file
//! ```
//!
//! A schedule becomes part of the scenario before the run begins, exactly as if it had been written into the file, so
//! what is found is what the emitted file shows.

mod draw;
mod emit;
mod menu;
mod pool;
mod shrink;
mod trial;

use crate::scenario::Scenario;
use crate::sim::RunOptions;

pub use draw::{Schedule, Strike};
pub use menu::Menu;
pub use trial::Miss;

/// What to search for.
#[derive(Clone, Debug)]
pub struct Query {
    /// How many schedules to try.
    pub seeds: u64,
    /// Seed of the schedules.
    pub seed: u64,
    /// Most faults in one schedule.
    pub max_faults: u64,
    /// Threads.
    pub jobs: usize,
    /// Seed and the like of the runs.
    pub options: RunOptions,
}

/// A weakness.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Number of the schedule that showed it.
    pub number: u64,
    /// That schedule.
    pub drawn: Schedule,
    /// The least of it that still breaks the same.
    pub least: Schedule,
    /// What the least one breaks.
    pub miss: Miss,
    /// A scenario file that shows it.
    pub file: String,
    /// Runs that shrinking took.
    pub shrink_runs: u64,
}

/// Why nothing can be searched.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SearchError {
    /// There is nothing to break.
    #[error("the scenario expects nothing that could break: add `expect` to it")]
    NothingExpected,
    /// It is broken already.
    #[error("without any fault: {0}")]
    BrokenAlready(Miss),
    /// Nothing of what was asked for can happen.
    #[error("none of these faults can happen in this scenario")]
    NoFaults,
    /// A file cannot be made of it.
    #[error("{0}")]
    Unwritable(String),
}

/// Looks for the first schedule that breaks something, and shrinks it. `progress` is told after every schedule.
///
/// # Errors
/// When there is nothing to search for.
pub fn search(
    scenario: &Scenario,
    menu: &Menu,
    query: &Query,
    progress: &(dyn Fn() + Sync),
) -> Result<Option<Finding>, SearchError> {
    if scenario.expectations.is_empty() {
        return Err(SearchError::NothingExpected);
    }
    if menu.is_empty() {
        return Err(SearchError::NoFaults);
    }
    let bench = trial::Bench { scenario, options: &query.options };
    if let Some(miss) = bench.try_out(&Schedule::default()) {
        return Err(SearchError::BrokenAlready(miss));
    }
    let end = query.options.until.map_or(scenario.duration, crate::kernel::SimTime::since_start);
    let found = pool::first(query.seeds, query.jobs, progress, |number| {
        let schedule = draw::schedule(menu, query.seed, number, query.max_faults, end);
        bench.try_out(&schedule).map(|miss| (schedule, miss))
    });
    let Some((number, (drawn, miss))) = found else { return Ok(None) };
    let mut shrinking = shrink::Shrinking::new(&bench, &miss);
    let (least, miss) = shrinking.shrink(drawn.clone(), miss);
    let file = emit::scenario_file(scenario, &least, &miss).map_err(SearchError::Unwritable)?;
    Ok(Some(Finding { number, drawn, least, miss, file, shrink_runs: shrinking.runs() }))
}

#[cfg(test)]
mod tests;
