//! One binary for all integration tests: a module for each kind.

mod architecture;
mod determinism;
mod manifests;
mod node_failure;
