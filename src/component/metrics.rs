//! What the metrics APIs serve: `metrics.k8s.io` (metrics-server), custom and external metrics.

use std::collections::BTreeMap;

use crate::api::Uid;
use crate::base::{LookupMap, Name};
use crate::kernel::{SimDuration, SimTime};

/// Usage of a container, averaged over the window of its pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUsage {
    /// Name of the container.
    pub name: Name,
    /// CPU in thousandths of a core.
    pub cpu_milli: u64,
    /// Working set in bytes, at the end of the window.
    pub memory: u64,
}

/// What is served about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodMetrics {
    /// When the newer of two scrapes was made.
    pub taken: SimTime,
    /// Time between them.
    pub window: SimDuration,
    /// Usage of every running container.
    pub containers: Vec<ContainerUsage>,
    /// Requests that it takes, in thousandths a second.
    pub requests_milli: u64,
    /// Requests that are there.
    pub requests_present: u64,
}

/// All that is served, as of the last scrape.
#[derive(Clone, Debug, Default)]
pub struct ClusterMetrics {
    /// By identity of the pod.
    pub pods: LookupMap<Uid, PodMetrics>,
    /// Requests to a Service (namespace, name), in thousandths a second.
    pub services: BTreeMap<(Name, Name), u64>,
}

/// Names under which the rate of requests is served.
pub const REQUEST_RATE: [&str; 3] = ["requests_per_second", "http_requests_per_second", "http_requests"];
/// Names under which the number of requests that are there is served.
pub const REQUESTS_PRESENT: [&str; 2] = ["requests_in_flight", "http_requests_in_flight"];

impl PodMetrics {
    /// A custom metric of the pod, in thousandths.
    pub fn custom(&self, name: &str) -> Option<i64> {
        if REQUEST_RATE.contains(&name) {
            return Some(self.requests_milli as i64);
        }
        REQUESTS_PRESENT.contains(&name).then_some(self.requests_present as i64 * 1000)
    }
}
