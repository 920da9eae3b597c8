//! Requests: who sends them, what becomes of them, and how they are counted.
//!
//! Reading order: [`plan`] (what a scenario says), [`rate`] (when requests begin), [`cluster`] (what requests ask of the
//! world), `engine` (the component, its state and its events), `client` (calls and their attempts), `visit` (a request at a
//! program), `loads` (what requests do to machines), `measure` (counting), `fluid` (the engine that knows only rates) and
//! `basin` (a program in it).
//!
//! Requests live here and nowhere else. They meet containers through [`Cluster`] (which program is behind an address),
//! and containers meet them through [`Traffic::process_ended`] and [`Traffic::told`]. All events of requests are in a
//! queue of their own; the world knows only when the next one is due.

mod balancer;
mod basin;
mod client;
pub mod cluster;
mod engine;
mod fluid;
mod loads;
pub mod measure;
pub mod plan;
mod pool;
pub mod rate;
mod route;
mod visit;

pub use cluster::{Cluster, Door, Process};
pub use engine::{Traffic, TrafficCtx};
pub use loads::Told;
pub use measure::{Cause, Counts, FlowTotal};
pub use plan::{From, Load, Mode, Rate, Source, TrafficPlan};
