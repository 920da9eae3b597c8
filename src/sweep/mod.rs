//! Many runs of one scenario: seeds times varied fields, on all cores, and what can be said about them together.
//!
//! ```text
//! plan     which runs there are: points (one value for each varied field) times seeds
//! run      one run to one row of figures
//! journal  rows on disk as they come, so that an interrupted sweep goes on where it stopped
//! engine   the runs on several threads, and when to stop early
//! stats    means, confidence intervals, quantiles, paired differences
//! table    rows and statistics as CSV
//! picture  which plots of them there are
//! ```
//!
//! Every point gets the same seeds, and random draws are addressed by what they are for: so two points differ by what was
//! varied and by nothing else, and their difference is taken seed by seed (common random numbers).
//!
//! Rows are known by point and seed, never by when or where they were computed. Files are made from all rows in their
//! order, so they are the same bytes for any number of threads, after an interruption, and merged from shards.

mod engine;
pub mod journal;
mod metric;
mod picture;
mod plan;
mod run;
pub mod stats;
mod table;

pub use engine::{Precision, Progress, Sweep, SweepError};
pub use journal::{Journal, PLAN_FILE, RUNS_FILE, Rows};
pub use metric::{METRICS, Metric};
pub use picture::pictures;
pub use plan::{Plan, Point, Shard, Vary, seeds};
pub use run::Row;
pub use table::{differences_csv, paired, points_csv, runs_csv, values};
