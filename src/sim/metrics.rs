//! metrics-server: every 15 s it asks the kubelets, and serves what it computes from two answers.
//!
//! Source: metrics-server `pkg/storage/pod.go`; `spec` control plane 5.4. CPU is the rate between the last two scrapes, or
//! since the start of a container that is younger than that and at least 10 s old; memory is that of the last. A pod is
//! served once there are numbers for all of its running containers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Name, Quantity};
use crate::component::Class;
use crate::component::metrics::{ClusterMetrics, ContainerUsage, PodMetrics};
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::node::pod::HostPod;
use crate::trace::{Detail, Subject, UsageSample};
use crate::traffic::Traffic;

use super::event::Event;
use super::world::World;

/// A container younger than this is not served from one scrape.
const FRESH: SimDuration = SimDuration::from_secs(10);

/// Counters of a process as of a scrape.
#[derive(Clone, Copy, Debug)]
struct Point {
    start: u64,
    cpu: SimDuration,
    requests: u64,
}

/// The server and what it remembers.
#[derive(Clone, Debug, Default)]
pub struct MetricsServer {
    runs: bool,
    last_scrape: Option<SimTime>,
    points: BTreeMap<(u32, u16), Point>,
    sent: BTreeMap<(Name, Name), u64>,
    /// What is served.
    pub newest: Arc<ClusterMetrics>,
}

impl MetricsServer {
    /// Whether it runs: it does where somebody wants to know.
    pub fn runs(&self) -> bool {
        self.runs
    }
}

impl World {
    /// Somebody wants metrics from now on.
    pub(super) fn start_metrics_server(&mut self) {
        if std::mem::replace(&mut self.metrics.runs, true) {
            return;
        }
        let resolution = self.settings.metric_resolution;
        let at = self.now().ceil_to(resolution, SimDuration::ZERO);
        self.plan_scrape(at);
        if at >= SimTime::ZERO + resolution {
            self.seem_scraped(SimTime::ZERO + at.since_start().saturating_sub(resolution));
        }
    }

    /// The server has been there all along, only nobody looked: what its last scrape found is the same at any time, since
    /// without requests it counts nothing.
    fn seem_scraped(&mut self, last: SimTime) {
        self.metrics.last_scrape = Some(last);
        for (id, pod) in self.hosts.iter().flat_map(|host| host.pods()) {
            for (at, truth) in pod.containers.iter().enumerate() {
                if let Some(instance) = truth.running.as_ref().filter(|it| it.started_at <= last) {
                    let start = instance.app.start_number();
                    let point = Point { start, cpu: SimDuration::ZERO, requests: 0 };
                    self.metrics.points.insert((*id, at as u16), point);
                }
            }
        }
    }

    fn plan_scrape(&mut self, at: SimTime) {
        let key = EventKey { at, class: Class::Report as u8, target: 1, seq: 0 };
        if at <= self.end {
            self.push(key, 0, Event::Scrape);
        }
    }

    /// The server asks every kubelet that it reaches.
    pub(super) fn scrape(&mut self) {
        let now = self.now();
        let resolution = self.settings.metric_resolution;
        let window = self.metrics.last_scrape.map_or(SimDuration::ZERO, |last| now.saturating_since(last));
        let mut newest = ClusterMetrics::default();
        let mut points = BTreeMap::new();
        let mut used = UsageSample::default();
        for host in self.hosts.iter().filter(|host| host.shared.powered) {
            let offered = host.shared.allocatable.get("cpu").map_or(0, Quantity::milli_value);
            used.cpu_offered_milli += offered.unsigned_abs();
            for (id, pod) in host.pods() {
                add_requests(&mut used, pod);
                let metrics = self.scrape_pod(*id, pod, window, &mut points, &mut used);
                if let Some(metrics) = metrics.filter(|_| self.reach.reaches_api(host.shared.index)) {
                    newest.pods.insert(pod.uid_in_api().unwrap_or(pod.pod.metadata.uid), metrics);
                }
            }
        }
        self.scrape_services(&mut newest, window);
        self.metrics.points = points;
        self.metrics.last_scrape = Some(now);
        self.metrics.newest = Arc::new(newest);
        let metrics = self.metrics.newest.clone();
        if let Some(controllers) = &mut self.controllers {
            controllers.metrics = metrics;
        }
        self.record_usage(used);
        self.plan_scrape(now + resolution);
    }

    /// Reads the counters of a pod's processes; returns what is served, if there are numbers for all of them.
    fn scrape_pod(
        &self,
        id: u32,
        pod: &HostPod,
        window: SimDuration,
        points: &mut BTreeMap<(u32, u16), Point>,
        used: &mut UsageSample,
    ) -> Option<PodMetrics> {
        let now = self.now();
        let mut metrics =
            PodMetrics { taken: now, window, containers: Vec::new(), requests_milli: 0, requests_present: 0 };
        let mut is_whole = true;
        for (at, truth) in pod.containers.iter().enumerate() {
            let Some(instance) = &truth.running else { continue };
            let traffic = self.traffic.as_ref();
            let load = traffic
                .map(|traffic| {
                    traffic.load_of(pod.uid_in_api().unwrap_or(pod.pod.metadata.uid), at as u16, now)
                })
                .unwrap_or_default();
            let key = (id, at as u16);
            let age = now.saturating_since(instance.started_at);
            let point = Point { start: instance.app.start_number(), cpu: load.cpu, requests: load.requests };
            points.insert(key, point);
            let memory = instance.app.memory_at(now);
            used.memory_used += memory;
            let before = self.metrics.points.get(&key).filter(|before| before.start == point.start);
            let (since, before) = match before {
                Some(before) => (window, *before),
                None if age >= FRESH && age <= self.settings.metric_resolution => {
                    (age, Point { cpu: SimDuration::ZERO, requests: 0, ..point })
                }
                None => {
                    is_whole = false;
                    continue;
                }
            };
            let cpu = point.cpu.saturating_sub(before.cpu);
            let cpu_milli = instance.app.own_cpu_milli() + per_second(cpu.as_nanos(), since) / 1_000_000;
            used.cpu_used_milli += cpu_milli;
            metrics.window = since;
            metrics.requests_milli += per_second((point.requests - before.requests) * 1000, since);
            metrics.requests_present += load.present as u64;
            metrics.containers.push(ContainerUsage { name: pod.spec(at).name.clone(), cpu_milli, memory });
        }
        (is_whole && !metrics.containers.is_empty()).then_some(metrics)
    }

    fn scrape_services(&mut self, newest: &mut ClusterMetrics, window: SimDuration) {
        let mut sent: BTreeMap<(Name, Name), u64> = BTreeMap::new();
        for (flow, window) in self.traffic.as_ref().map(Traffic::totals).unwrap_or_default() {
            let key = (flow.namespace.clone(), flow.service.clone());
            *sent.entry(key).or_default() += flow.counts.sent + window.sent;
        }
        for (key, count) in &sent {
            let before = self.metrics.sent.get(key).copied().unwrap_or(0);
            newest.services.insert(key.clone(), per_second((count - before) * 1000, window));
        }
        self.metrics.sent = sent;
    }

    fn record_usage(&mut self, used: UsageSample) {
        let now = self.now();
        let message = format!(
            "CPU {}m used, {}m requested, {}m offered; memory {}Mi used, {}Mi requested",
            used.cpu_used_milli,
            used.cpu_requested_milli,
            used.cpu_offered_milli,
            used.memory_used >> 20,
            used.memory_requested >> 20
        );
        self.recorder.set_cause(0);
        let detail = Detail::Usage(used);
        self.recorder.record_aside(
            now,
            "metrics-server",
            Subject::cluster(),
            "Usage",
            "Scraped",
            message,
            detail,
        );
    }
}

/// Adds what a pod that runs requests.
fn add_requests(used: &mut UsageSample, pod: &HostPod) {
    for container in pod.pod.spec.containers.iter().filter(|_| pod.any_running()) {
        let requests = &container.resources.requests;
        used.cpu_requested_milli += requests.get("cpu").map_or(0, Quantity::milli_value).unsigned_abs();
        used.memory_requested += requests.get("memory").map_or(0, Quantity::value).unsigned_abs();
    }
}

/// A count as a number a second.
fn per_second(count: u64, window: SimDuration) -> u64 {
    (u128::from(count) * 1_000_000_000).checked_div(u128::from(window.as_nanos())).unwrap_or(0) as u64
}
