//! A machine of the cluster: its kubelet, its container runtime, its images and addresses.
//!
//! The way of a pod: the watch hands it to the [`host::Host`], which makes a [`pod::HostPod`]; the kubelet *syncs* it
//! (`sync`): publishes what it knows (`status`), decides what to do (`plan`), and does it step by step (`run`,
//! `kill`, `image`). The runtime's truth changes meanwhile; the kubelet sees it at the next *relist* and syncs again.
//! Probes (`probe`) run on their own tickers. Constants and rules: kubelet v1.34, `spec` node sections 1 to 7.
//!
//! Nothing here reads the store: what the kubelet knows comes through its watch, what it says goes through its client.

mod address;
mod admission;
pub mod backoff;
mod cpu;
pub mod env;
mod eviction;
mod feed;
pub mod host;
pub mod hostname;
mod image;
mod image_gc;
mod kill;
mod last_words;
mod mounts;
mod network_plugin;
mod node_status;
mod objects;
mod oom;
mod outage;
pub mod phase;
mod plan;
pub mod pod;
mod pod_cx;
mod power;
mod preemption;
pub mod probe;
mod requests;
mod run;
mod shortage;
mod shutdown;
mod static_pods;
mod status;
mod sync;
mod usage;

pub use self::pod::ContainerTruth;
pub use env::{Dependencies, NodeEnv};
pub use host::{Host, HostConfig, NodeEvent};
