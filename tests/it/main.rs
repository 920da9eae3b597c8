//! One binary for all integration tests: a module for each kind.

mod architecture;
mod control_timelines;
mod determinism;
mod manifests;
mod node_exits;
mod node_failure;
mod node_lifecycle;
mod node_machines;
mod node_probes;
mod node_properties;
mod scenarios;
mod timeline;
