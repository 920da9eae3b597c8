//! Shakedown: a deterministic discrete-event simulator of a whole Kubernetes cluster.
pub mod api;
pub mod base;
pub mod cli;
pub mod component;
pub mod conformance;
pub mod control;
pub mod fault;
pub mod kernel;
pub mod network;
pub mod node;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod source;
pub mod trace;
pub mod workload;
