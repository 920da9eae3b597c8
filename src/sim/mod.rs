//! The whole simulation: the world, how its events are dispatched, and how a run goes.
//!
//! Reading order: [`event`] (what can happen), [`world`] (all state), `dispatch` (one match: who handles what), `watch`
//! (how commits reach components), `faults` and `steps` (what the scenario does to the world), [`run`] (the loop).
//! Only this room knows all components. Nothing here touches files or prints.

mod autoscaler;
mod build;
pub mod capacity;
mod control_plane;
mod dispatch;
pub mod event;
pub mod expect;
mod faults;
pub mod invariants;
mod kubectl;
mod machines;
mod metrics;
mod records;
pub mod run;
pub mod settle;
mod steps;
mod traffic;
mod watch;
pub mod world;

pub use kubectl::{Typed, strategic_merge};
pub use run::{Limits, RunError, RunOptions, Simulation, Verdict};
pub use traffic::Requests;
pub use world::World;
