//! Shakedown: a deterministic discrete-event simulator of a whole Kubernetes cluster.
pub mod api;
pub mod base;
pub mod component;
pub mod fault;
pub mod kernel;
pub mod node;
pub mod scenario;
pub mod source;
pub mod trace;
pub mod workload;
