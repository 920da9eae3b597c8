//! Requests: who sends them, what becomes of them, and how they are counted.
//!
//! Reading order: [`plan`] (what a scenario says), [`rate`] (when requests begin), [`cluster`] (what requests ask of the
//! world), `engine` (the component, its state and its events), `client` (calls and their attempts), `visit` (a request at a
//! program), `measure` (counting), `fluid` (the engine that knows only rates).
//!
//! Requests live here and nowhere else. They meet containers through [`Cluster`] (which program is behind an address),
//! and containers meet them through [`Traffic::process_ended`]. All events of requests are in a
//! queue of their own; the world knows only when the next one is due.

mod balancer;
mod client;
pub mod cluster;
mod engine;
mod fluid;
pub mod measure;
pub mod plan;
mod pool;
pub mod rate;
mod route;
mod visit;

pub use cluster::{Cluster, Door, Process};
pub use engine::{Traffic, TrafficCtx};
pub use measure::{Cause, Counts, FlowTotal};
pub use plan::{From, Load, Mode, Rate, Source, TrafficPlan};
