//! Shakedown: a deterministic discrete-event simulator of a whole Kubernetes cluster.
pub mod api;
pub mod base;
pub mod component;
pub mod conformance;
pub mod control;
pub mod explain;
pub mod kernel;
pub mod kubectl;
pub mod node;
pub mod report;
pub mod source;
pub mod trace;
pub mod workload;
