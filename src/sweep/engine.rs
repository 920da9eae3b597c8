//! The runs of a sweep on several threads. Which thread does which run, and when, leaves no mark on the rows.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::journal::{Journal, Rows};
use super::metric::METRICS;
use super::plan::Plan;
use super::run;
use super::stats::Sample;
use super::table;
use crate::scenario::Scenario;
use crate::sim::RunOptions;

/// Why a sweep cannot be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SweepError {
    /// A file or directory cannot be read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The directory holds something else.
    #[error("{} already holds another sweep: {why}; give another --out, or --force to replace it", dir.display())]
    OtherSweep {
        /// Which.
        dir: PathBuf,
        /// In what it differs.
        why: &'static str,
    },
    /// No threads.
    #[error("cannot start the threads: {0}")]
    Threads(String),
}

impl SweepError {
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), problem: error.to_string() }
    }
}

/// When the mean of a figure is known well enough to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// Which figure: position in [`METRICS`].
    pub metric: usize,
    /// Half the width that the confidence interval may have.
    pub half_width: f64,
    /// Whether that is a part of the mean.
    pub relative: bool,
}

/// Seeds between two looks at the precision. Looks are taken at fixed seeds, so that any number of threads stops at the
/// same one.
const SEEDS_A_LOOK: u64 = 20;

impl Precision {
    /// Reads `unavailable_s=5` (in the unit of the figure) or `unavailable_s=2%` (of its mean).
    ///
    /// # Errors
    /// When there is no such figure or width.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, width) = text.split_once('=').unwrap_or((text, ""));
        let Some(metric) = METRICS.iter().position(|metric| metric.name == name.trim()) else {
            let known: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
            let meant = crate::base::suggest::nearest(name.trim(), known.iter().copied());
            let help =
                meant.map_or(format!("there are {}", known.join(", ")), |it| format!("did you mean `{it}`?"));
            return Err(format!("there is no figure `{name}`: {help}"));
        };
        let (digits, relative) = match width.trim().strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (width.trim(), false),
        };
        let half_width = digits.trim().parse::<f64>().ok().filter(|width| width.is_finite() && *width > 0.0);
        let Some(half_width) = half_width else {
            return Err(format!("`{text}` names no width: write for example `{name}=5` or `{name}=2%`"));
        };
        Ok(Self { metric, half_width: if relative { half_width / 100.0 } else { half_width }, relative })
    }

    fn is_reached(&self, values: &[f64]) -> bool {
        let Some(Sample { mean, half_width: Some(half_width), .. }) = Sample::of(values) else {
            return false;
        };
        half_width <= if self.relative { self.half_width * mean.abs() } else { self.half_width }
    }
}

/// How far a sweep is.
pub trait Progress: Sync {
    /// One more run is done.
    fn done(&self);
}

/// What to run and how.
pub struct Sweep<'a> {
    /// Which runs.
    pub plan: &'a Plan,
    /// How many threads.
    pub jobs: usize,
    /// When to stop before the last seed: when all of these hold at every point.
    pub precision: &'a [Precision],
    /// What all runs have in common.
    pub options: RunOptions,
    /// Makes the scenario of the n-th point. Each thread has its own: shared names would be counted by both at once.
    pub scenario: &'a (dyn Fn(usize) -> Scenario + Sync),
    /// Who is told.
    pub progress: &'a dyn Progress,
}

/// What a thread works with: the scenarios of the points it has met.
type Bench = Vec<Option<Scenario>>;

impl Sweep<'_> {
    /// Does what `rows` lacks; every new row is written to the journal at once.
    ///
    /// # Errors
    /// When a row cannot be written.
    pub fn run(&self, mut rows: Rows, journal: &mut Journal) -> Result<Rows, SweepError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let pool = pool.map_err(|error| SweepError::Threads(error.to_string()))?;
        let benches: Mutex<Vec<Bench>> = Mutex::default();
        let points = self.plan.points().len();
        let (first, last) = (*self.plan.seeds.start(), *self.plan.seeds.end());
        let look = if self.precision.is_empty() { u64::MAX } else { SEEDS_A_LOOK };
        let mut from = first;
        loop {
            let until = last.min(from.saturating_add(look - 1));
            let in_batch = |(seed, _): &(u64, usize)| (from..=until).contains(seed);
            let missing: Vec<(u64, usize)> =
                self.plan.runs().filter(in_batch).filter(|run| !rows.contains_key(run)).collect();
            let shared = Mutex::new((&mut rows, &mut *journal));
            pool.install(|| {
                missing.par_iter().with_max_len(1).try_for_each(|&(seed, point)| {
                    let mut bench = locked(&benches).pop().unwrap_or_else(|| vec![None; points]);
                    let scenario = bench[point].get_or_insert_with(|| (self.scenario)(point));
                    let options = RunOptions { seed: Some(seed), ..self.options.clone() };
                    let row = run::run(scenario, &options, point);
                    locked(&benches).push(bench);
                    self.progress.done();
                    let (rows, journal) = &mut *locked(&shared);
                    journal.append(&row)?;
                    rows.insert((seed, point), row);
                    Ok(())
                })
            })?;
            if until == last || self.is_precise(&rows, until) {
                rows.retain(|(seed, _), _| (first..=until).contains(seed));
                return Ok(rows);
            }
            from = until + 1;
        }
    }

    /// Whether every point is known well enough from the seeds up to `until`.
    fn is_precise(&self, rows: &Rows, until: u64) -> bool {
        let seen: Vec<run::Row> = rows.range(..=(until, usize::MAX)).map(|(_, row)| row.clone()).collect();
        (0..self.plan.points().len()).all(|point| {
            self.precision.iter().all(|wanted| {
                let values: Vec<f64> = table::values(&seen, point, wanted.metric).into_values().collect();
                wanted.is_reached(&values)
            })
        })
    }
}

/// A thread that panics outside of a run leaves nothing half done behind its locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
