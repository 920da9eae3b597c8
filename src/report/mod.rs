//! What a run is shown as: pictures, numbers, one page that holds it all.
//!
//! Everything here works from recorded facts, never from a live world. During a run a [`Collector`] takes [`Fact`]s and
//! keeps a bounded digest of them; afterwards [`Recorded`] feeds the pictures (`plot`), the numbers (`summary`,
//! `metrics`) and the page (`html`). No clock, no environment and no file is touched, so the same facts give the same
//! bytes on every machine.

mod autoscaler;
mod collect;
#[cfg(test)]
mod crowd;
mod fact;
mod from_trace;
pub mod html;
mod lane;
mod marks;
pub mod metrics;
mod node;
pub mod openmetrics;
pub mod plot;
mod pod_state;
mod pods;
mod pools;
mod record;
mod recorded;
#[cfg(test)]
mod sample;
mod steps;
pub mod summary;
pub mod terminal;
#[cfg(test)]
mod tests;
mod traffic;
mod usage;
mod workload;

pub use autoscaler::Autoscaler;
pub use collect::{Collector, Limits};
pub use fact::{ChangeOp, ContainerFact, Fact, MarkKind};
pub use lane::{Binding, Lane, LaneEvent, LaneMark, Requests};
pub use marks::Mark;
pub use node::{NodeSeries, NodeState};
pub use pod_state::PodState;
pub use pools::{PoolSeries, Pools};
pub use record::Record;
pub use recorded::{Counters, Expectation, Recorded, Recovery, RecoveryOutcome, RunInfo};
pub use steps::Steps;
pub use summary::Summary;
pub use traffic::{Flow, Interval};
pub use usage::Usage;
pub use workload::{Availability, Workload};
