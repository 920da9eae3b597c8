//! One run of a sweep: a scenario and a seed in, one row of figures out.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::metric::METRICS;
use crate::report::{Collector, Expectation, Limits, RunInfo, Summary};
use crate::scenario::Scenario;
use crate::sim::{RunOptions, Simulation};
use crate::trace::export::CsvWriter;

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Seed of the run.
    pub seed: u64,
    /// Number of its point, from 0.
    pub point: usize,
    /// `ok`, `missed` when an expectation did not hold, or what went wrong in the simulator.
    pub status: String,
    /// BLAKE3 digest of the trace, in hexadecimal.
    pub digest: String,
    /// The figures, in the order of the plan's metrics.
    pub values: Vec<Option<f64>>,
}

/// Runs a scenario to its end. A defect of the simulator costs this run, not the sweep: it is told in the status.
pub(super) fn run(scenario: &Scenario, options: &RunOptions, point: usize) -> Row {
    let seed = options.seed.unwrap_or(scenario.seed);
    let failed = |status: String| Row {
        seed,
        point,
        status: format!("failed: {}", status.lines().next().unwrap_or_default()),
        digest: String::new(),
        values: vec![None; METRICS.len()],
    };
    match catch_unwind(AssertUnwindSafe(|| summary(scenario, options))) {
        Ok(Ok(summary)) => Row {
            seed,
            point,
            status: if summary.expectations.failed == 0 { "ok" } else { "missed" }.to_owned(),
            values: METRICS.iter().map(|metric| (metric.of)(&summary)).collect(),
            digest: summary.digest,
        },
        Ok(Err(problem)) => failed(problem),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            failed(
                text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default(),
            )
        }
    }
}

fn summary(scenario: &Scenario, options: &RunOptions) -> Result<Summary, String> {
    let mut simulation = Simulation::new(scenario, options);
    let end = simulation.world.end;
    let mut trace = CsvWriter::new(io::sink());
    // Lanes are for pictures of single runs.
    let mut collector = Collector::new(Limits { lanes: 1, ..Limits::default() });
    let mut take = |record: &crate::trace::Record| {
        let _sink_takes_all = trace.write(record);
        collector.take(record);
    };
    simulation.run_until(end, &mut take).map_err(|error| error.to_string())?;
    let verdict = simulation.finish(&mut take);
    let digest = trace.finish().map_err(|error| error.to_string())?;
    let expectations = verdict.expectations.iter();
    let info = RunInfo {
        digest,
        records: verdict.records,
        events: verdict.events,
        expectations: expectations
            .map(|checked| Expectation { passed: checked.held(), ..Expectation::default() })
            .collect(),
        pools: scenario.machines().collect(),
        ..RunInfo::default()
    };
    Ok(Summary::new(&collector.finish(end), &info))
}
