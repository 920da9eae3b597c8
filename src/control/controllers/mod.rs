//! The controllers of kube-controller-manager, one file each.
//!
//! A controller is level-triggered: it gets the key of an object, looks at the delivered state of the cluster, and sends
//! requests that bring the cluster closer to what the object wants. It remembers nothing that it could look up.

pub(super) mod autoscaler;
mod cron_job;
mod daemon_set;
pub mod deployment;
mod disruption;
pub mod endpoints;
pub(super) mod garbage;
mod job;
mod job_by_count;
mod job_policy;
mod job_view;
mod namespace;
pub mod node_lifecycle;
mod ownership;
pub(super) mod pod_gc;
pub(super) mod replicas;
mod revisions;
pub(super) mod slow_start;
mod stateful_set;
mod taint_eviction;
