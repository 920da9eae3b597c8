//! From files to a typed description of a run.
//!
//! A scenario is any number of YAML files: Kubernetes manifests as they are, at most one `Scenario` and any number
//! of `AppModel`s. This room reads them, checks everything that can be checked before the run, and ends in one
//! value, [`Scenario`], which says what is to happen. It describes; it never builds or runs anything.
//!
//! ```text
//! load       paths -> files -> documents, each to its reader; then all together
//! read/      our own kinds: a reader for every part of a Scenario and an AppModel
//! manifest/  Kubernetes objects: which kind, unpacked lists, fields without effect
//! resolve/   what the parts say about each other: names that must exist, cycles, times
//! patch      what joins a run on its way
//! model, step, expect   the result, plain data
//! ```
//!
//! Problems never end the reading: all of them are collected, each with its place. Unknown fields of our own kinds
//! are errors, those of Kubernetes kinds are warnings, for their manifests must run unchanged.
//!
//! ```
//! use shakedown::scenario::from_text;
//!
//! let scenario = from_text("lesson.yaml", "
//! apiVersion: shakedown.sim/v1alpha1
//! kind: Scenario
//! metadata: {name: lesson}
//! spec:
//!   duration: 15m
//!   steps:
//!   - at: 5m
//!     fault: {nodeCrash: {node: worker-2, recoverAfter: 8m}}
//! ").unwrap();
//! assert_eq!(scenario.nodes.len(), 3);
//! assert_eq!(scenario.steps[0].action.to_string(), "fault nodeCrash");
//! ```

pub mod expect;
mod field;
mod load;
mod manifest;
pub mod model;
mod patch;
mod read;
mod resolve;
pub mod scheduler;
mod schema;
pub mod step;

#[cfg(test)]
mod tests;

pub use expect::{Condition, Count, Expectation, Moment};
pub use field::with_field;
pub use load::{LineCheck, LineProblem, any_line, from_files, from_text, load, survey};
pub use model::{Manifest, NodePlan, Place, Scenario};
pub use patch::{Patch, patch};
pub use schema::schema;
pub use step::{Action, Step, When};
