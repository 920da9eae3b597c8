//! One binary for all integration tests: a module for each kind.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::panic,
    clippy::float_cmp,
    clippy::needless_for_each,
    unreachable_pub,
    reason = "helpers of tests are tests too, though the lints do not know"
)]

mod api_properties;
mod api_server;
mod architecture;
mod autoscaling;
mod bad_input;
mod browser;
mod changed_fields;
mod cli;
mod cluster_autoscaler;
mod commands;
mod control_jobs;
mod control_rollouts;
mod control_timelines;
mod determinism;
mod fuzzed;
mod kept_kinds;
mod kubectl_steps;
mod kubectl_verbs;
mod lessons;
mod lint;
mod manifests;
mod node_cpu;
mod node_exits;
mod node_failure;
mod node_lifecycle;
mod node_limits;
mod node_loss;
mod node_machines;
mod node_objects;
mod node_probes;
mod node_properties;
mod node_resources;
mod node_shutdown;
mod node_static_pods;
mod node_timelines;
mod outages;
mod perturbed;
mod plane_timelines;
mod resume;
mod scenarios;
mod schedule_command;
mod scheduling_properties;
mod seeing;
mod steps;
mod supply_chain;
mod sweep;
mod timeline;
mod traffic;
mod traffic_engines;
mod traffic_load;
mod traffic_network;
mod traffic_sources;
mod traffic_timelines;
mod webdriver;
