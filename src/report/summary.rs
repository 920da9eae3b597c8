//! The numbers of a run: `summary.json`, and what the terminal shows at the end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::recorded::{Recorded, RecoveryOutcome, RunInfo};
use super::traffic::{Flow, milliseconds};
use super::{Mark, MarkKind, PoolSeries};
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};

/// The summary of one run. Times are seconds of virtual time since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run.
    pub seed: u64,
    /// Version of Shakedown.
    pub version: String,
    /// Kubernetes version of the timing profile.
    pub kubernetes: String,
    /// Why the run stopped before its end; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// Virtual length of the run.
    pub duration_s: f64,
    /// BLAKE3 digest of the canonical trace.
    pub digest: String,
    /// The command that does the run again.
    pub command: String,
    /// Simulation events handled.
    pub events: u64,
    /// Records written.
    pub records: u64,
    /// Pods.
    pub pods: PodTotals,
    /// Containers started again.
    pub restarts: Total,
    /// Containers that ended.
    pub exits: Total,
    /// Pods evicted.
    pub evictions: Total,
    /// Kubernetes Events.
    pub kubernetes_events: EventTotals,
    /// Workloads.
    pub workloads: Vec<WorkloadSummary>,
    /// Faults and what became of the workloads.
    pub faults: Vec<FaultSummary>,
    /// What the machines cost and how much of them was used.
    pub cost: CostSummary,
    /// Requests, those of sources first.
    pub traffic: Vec<FlowSummary>,
    /// Nodes.
    pub nodes: Vec<NodeSummary>,
    /// Expectations.
    pub expectations: Expectations,
    /// What was not simulated and the reader must know.
    pub warnings: Vec<String>,
}

/// Pods of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PodTotals {
    /// Created.
    pub created: u64,
    /// Ceased to exist.
    pub deleted: u64,
    /// The most at once.
    pub peak: u64,
}

/// A number and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// All together.
    pub total: u64,
    /// By exit code (`unknown` when the container vanished with its node) or by reason.
    pub by: BTreeMap<String, u64>,
}

/// Kubernetes Events of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventTotals {
    /// Of type `Normal`.
    pub normal: u64,
    /// Of type `Warning`.
    pub warning: u64,
}

/// One workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkloadSummary {
    /// Kind.
    pub kind: &'static str,
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Replicas wanted at the end.
    pub wanted: i32,
    /// Replicas ready at the end.
    pub ready: i32,
    /// The fewest ready replicas since it was fully ready for the first time.
    pub min_ready: Option<i32>,
    /// When it was fully ready for the first time.
    pub first_ready_s: Option<f64>,
    /// Part of the time since then with all wanted replicas ready, rounded down to a thousandth.
    pub available_percent: Option<f64>,
    /// Time since then with fewer ready replicas than wanted.
    pub unavailable_s: f64,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultSummary {
    /// What was done.
    pub label: String,
    /// When.
    pub at_s: f64,
    /// `no_effect`, `recovered` or `not_recovered`.
    pub outcome: &'static str,
    /// From the fault until the cluster noticed: a node is not ready any more, or a workload falls short of ready replicas.
    pub detected_after_s: Option<f64>,
    /// From the fault until the first workload fell short of ready replicas.
    pub hit_after_s: Option<f64>,
    /// From the fault until all workloads were ready again.
    pub recovered_after_s: Option<f64>,
    /// Requests of sources that failed between this fault and the next one.
    pub requests_failed: u64,
    /// From the fault until the interval in which the first of them failed begins.
    pub requests_fail_after_s: Option<f64>,
    /// From the fault until the interval in which the last of them failed ends.
    pub requests_recovered_after_s: Option<f64>,
}

/// What the machines cost and how much of them was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostSummary {
    /// Hours that nodes were part of the cluster, all together.
    pub node_hours: f64,
    /// Their price, for those that have one.
    pub price: f64,
    /// The same by pool.
    pub pools: Vec<PoolCost>,
    /// Core hours that running pods requested; nothing where metrics-server does not run.
    pub cpu_requested_core_hours: Option<f64>,
    /// Core hours that programs used.
    pub cpu_used_core_hours: Option<f64>,
    /// Core hours requested and not used.
    pub cpu_wasted_core_hours: Option<f64>,
    /// The same, of those requested.
    pub cpu_wasted_percent: Option<f64>,
    /// GiB hours of memory requested and not used.
    pub memory_wasted_gib_hours: Option<f64>,
}

impl CostSummary {
    fn new(recorded: &Recorded, info: &RunInfo) -> Self {
        let pools: Vec<PoolCost> =
            recorded.by_pool(&info.pools).iter().map(|pool| PoolCost::new(pool, recorded.end)).collect();
        let usage = &recorded.usage;
        let known = |value: f64| usage.is_known().then_some(value);
        let [used, requested, _] = usage.cpu_milli_seconds.map(|sum| sum as f64 / 3_600_000.0);
        let gib_hours = f64::from(1 << 30) * 3600.0;
        let [memory_used, memory_requested] = usage.memory_byte_seconds.map(|sum| sum as f64 / gib_hours);
        Self {
            node_hours: pools.iter().map(|pool| pool.node_hours).sum(),
            price: pools.iter().filter_map(|pool| pool.price).sum(),
            pools,
            cpu_requested_core_hours: known(requested),
            cpu_used_core_hours: known(used),
            cpu_wasted_core_hours: known((requested - used).max(0.0)),
            cpu_wasted_percent: known(100.0 * (requested - used).max(0.0) / requested)
                .filter(|it| it.is_finite()),
            memory_wasted_gib_hours: known((memory_requested - memory_used).max(0.0)),
        }
    }
}

/// What the machines of one pool cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolCost {
    /// The pool; a node without one is its own.
    pub pool: String,
    /// The most machines at one time.
    pub nodes_peak: i64,
    /// Hours that they were part of the cluster, all together.
    pub node_hours: f64,
    /// Price of an hour of one of them.
    pub price_per_hour: Option<f64>,
    /// Their price.
    pub price: Option<f64>,
}

impl PoolCost {
    fn new(pool: &PoolSeries, end: SimTime) -> Self {
        Self {
            pool: pool.name.clone(),
            nodes_peak: pool.most(),
            node_hours: pool.node_hours(end),
            price_per_hour: pool.price,
            price: pool.cost(end),
        }
    }
}

/// Requests of one client to one Service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowSummary {
    /// Who sent them: a source of the scenario or a program.
    pub client: Name,
    /// `source` or `program`.
    pub client_kind: &'static str,
    /// Namespace of the Service.
    pub namespace: Name,
    /// The Service.
    pub service: Name,
    /// Requests that began. Always the sum of those answered, failed and in flight.
    pub sent: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed, by cause.
    pub failed: Total,
    /// Requests under way at the end of the run.
    pub in_flight: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Requests answered, of those that have ended, rounded down to a thousandth.
    pub availability_percent: Option<f64>,
    /// The objective.
    pub objective_percent: f64,
    /// Failed requests, of those that the objective allows; more than 100 = the objective was missed.
    pub error_budget_used_percent: Option<f64>,
    /// When the last of them was used up: the end of that interval.
    pub error_budget_exhausted_at_s: Option<f64>,
    /// Latencies of answers in milliseconds.
    pub latency_ms: Option<LatencySummary>,
}

/// Latencies in milliseconds, each to within 1.6 %.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySummary {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// Not exceeded by 90 %.
    pub p90: f64,
    /// Not exceeded by 95 %.
    pub p95: f64,
    /// Not exceeded by 99 %.
    pub p99: f64,
    /// Not exceeded by 99.9 %.
    pub p999: f64,
    /// The highest.
    pub max: f64,
}

impl FlowSummary {
    fn new(flow: &Flow) -> Self {
        let total = flow.total();
        let failures = total.failures();
        let percent = |thousandths: u64| thousandths as f64 / 1000.0;
        let quantile = |per_mille| total.latency.quantile(per_mille).map(milliseconds);
        let latency = || {
            Some(LatencySummary {
                mean: total.latency.mean().map(milliseconds)?,
                p50: quantile(500)?,
                p90: quantile(900)?,
                p95: quantile(950)?,
                p99: quantile(990)?,
                p999: quantile(999)?,
                max: quantile(1000)?,
            })
        };
        Self {
            client: flow.client.clone(),
            client_kind: if flow.is_source { "source" } else { "program" },
            namespace: flow.namespace.clone(),
            service: flow.service.clone(),
            sent: total.sent,
            answered: total.answered,
            failed: Total::new(total.failed.iter().map(|(cause, count)| ((*cause).to_owned(), *count))),
            in_flight: flow.in_flight,
            retries: flow.retries,
            availability_percent: super::traffic::availability(total.answered, failures).map(percent),
            objective_percent: f64::from(flow.objective_per_million) / 10_000.0,
            error_budget_used_percent: flow.budget().last().map(|(_, used)| percent(*used)),
            error_budget_exhausted_at_s: flow
                .budget()
                .iter()
                .find(|(_, used)| *used >= 100_000)
                .map(|(at, _)| seconds(at.since_start())),
            latency_ms: latency(),
        }
    }
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeSummary {
    /// Name.
    pub name: Name,
    /// Its state at the end.
    pub state: &'static str,
    /// Part of the time in the cluster that the API showed it as ready, rounded down to a thousandth.
    pub ready_percent: f64,
    /// How long that was.
    pub ready_s: f64,
    /// How long it was part of the cluster.
    pub observed_s: f64,
}

/// Expectations of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expectations {
    /// How many held.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// Those that did not hold, with what was found instead.
    pub missed: Vec<Missed>,
}

/// An expectation that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// What was expected.
    pub label: String,
    /// What was found instead.
    pub found: String,
}

impl Summary {
    /// The summary of what was recorded.
    pub fn new(recorded: &Recorded, info: &RunInfo) -> Self {
        let counters = &recorded.counters;
        let restarts = counters.restarts.iter();
        Self {
            scenario: info.scenario.clone(),
            seed: info.seed,
            version: info.version.clone(),
            kubernetes: info.kubernetes.clone(),
            partial: info.partial.clone(),
            duration_s: seconds(recorded.end.since_start()),
            digest: info.digest.clone(),
            command: info.command.clone(),
            events: info.events,
            records: info.records,
            pods: PodTotals {
                created: counters.pods_created,
                deleted: counters.pods_deleted,
                peak: counters.pods_peak,
            },
            restarts: Total::new(
                restarts.map(|(code, count)| (code.map_or("unknown".into(), |it| it.to_string()), *count)),
            ),
            exits: Total::new(counters.exits.iter().map(|(code, count)| (code.to_string(), *count))),
            evictions: Total::new(
                counters.evictions.iter().map(|(reason, count)| (reason.to_string(), *count)),
            ),
            kubernetes_events: EventTotals { normal: counters.notices, warning: counters.warnings },
            workloads: workloads(recorded),
            faults: faults(recorded),
            cost: CostSummary::new(recorded, info),
            traffic: recorded.flows.iter().map(FlowSummary::new).collect(),
            nodes: nodes(recorded),
            expectations: expectations(info),
            warnings: info.warnings.clone(),
        }
    }

    /// As indented JSON with a line break at the end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a summary is plain data with text keys");
        text.push('\n');
        text
    }
}

impl Total {
    fn new(parts: impl Iterator<Item = (String, u64)>) -> Self {
        let by: BTreeMap<String, u64> = parts.collect();
        Self { total: by.values().sum(), by }
    }
}

fn workloads(recorded: &Recorded) -> Vec<WorkloadSummary> {
    let summary = |workload: &super::Workload| {
        let availability = workload.availability;
        let gap = availability.observed_for.saturating_sub(availability.ready_for);
        WorkloadSummary {
            kind: workload.reference.kind.as_str(),
            namespace: workload.reference.namespace.clone(),
            name: workload.reference.name.clone(),
            wanted: workload.wanted.last().copied().unwrap_or(0),
            ready: workload.ready.last().copied().unwrap_or(0),
            min_ready: availability.min_ready,
            first_ready_s: availability.first_ready.map(|at| seconds(at.since_start())),
            available_percent: availability.milli_percent().map(|thousandths| thousandths as f64 / 1000.0),
            unavailable_s: seconds(gap),
        }
    };
    recorded.workloads.iter().map(summary).collect()
}

/// Faults, and when each was noticed, felt and over.
pub(super) fn faults(recorded: &Recorded) -> Vec<FaultSummary> {
    let summary = |recovery: super::Recovery| {
        let (outcome, hit, end) = match recovery.outcome {
            RecoveryOutcome::NoEffect => ("no_effect", None, None),
            RecoveryOutcome::Recovered { hit_after, recovered_after } => {
                ("recovered", Some(hit_after), Some(recovered_after))
            }
            RecoveryOutcome::NotRecovered { hit_after } => ("not_recovered", Some(hit_after), None),
        };
        let at_s = seconds(recovery.mark.at.since_start());
        let (hit_after_s, recovered_after_s) = (hit.map(seconds), end.map(seconds));
        let felt = failed_requests(recorded, &recovery.mark);
        let detected = node_lost(recorded, &recovery.mark).into_iter().chain(hit).min();
        let after = |at: SimTime| seconds(at.saturating_since(recovery.mark.at));
        FaultSummary {
            at_s,
            outcome,
            detected_after_s: detected.map(seconds),
            hit_after_s,
            recovered_after_s,
            requests_failed: felt.map_or(0, |(count, _, _)| count),
            requests_fail_after_s: felt.map(|(_, first, _)| after(first)),
            requests_recovered_after_s: felt.map(|(_, _, last)| after(last)),
            label: recovery.mark.label,
        }
    };
    recorded.recoveries().into_iter().map(summary).collect()
}

/// From a fault until a node is not ready any more, up to the next fault.
fn node_lost(recorded: &Recorded, fault: &Mark) -> Option<SimDuration> {
    let until = next_fault(recorded, fault);
    let lost = recorded.nodes.iter().flat_map(|node| &node.lost_at);
    let found = lost.filter(|at| **at >= fault.at && **at < until);
    found.map(|at| at.saturating_since(fault.at)).min()
}

fn next_fault(recorded: &Recorded, fault: &Mark) -> SimTime {
    let later = recorded.marks.iter().filter(|mark| mark.kind == MarkKind::Fault && mark.at > fault.at);
    later.map(|mark| mark.at).min().unwrap_or(recorded.end)
}

/// Requests of sources that failed from a fault on until the next one: how many, and the first and last interval.
fn failed_requests(recorded: &Recorded, fault: &Mark) -> Option<(u64, SimTime, SimTime)> {
    let until = next_fault(recorded, fault);
    let sources = recorded.flows.iter().filter(|flow| flow.is_source);
    let intervals = sources.flat_map(|flow| &flow.intervals);
    let hit = intervals.filter(|it| it.until > fault.at && it.from < until && it.failures() > 0);
    hit.fold(None, |sum, it| {
        let (count, first, last) = sum.unwrap_or((0, it.from, it.until));
        Some((count + it.failures(), first.min(it.from), last.max(it.until)))
    })
}

fn nodes(recorded: &Recorded) -> Vec<NodeSummary> {
    let summary = |node: &super::NodeSeries| {
        let observed = u128::from(node.observed_for.as_nanos().max(1));
        let thousandths = u128::from(node.ready_for.as_nanos()) * 100_000 / observed;
        NodeSummary {
            name: node.name.clone(),
            state: node.states.last().map_or("unknown", |state| state.id()),
            ready_percent: thousandths as f64 / 1000.0,
            ready_s: seconds(node.ready_for),
            observed_s: seconds(node.observed_for),
        }
    };
    recorded.nodes.iter().map(summary).collect()
}

fn expectations(info: &RunInfo) -> Expectations {
    let failed: Vec<_> = info.expectations.iter().filter(|expectation| !expectation.passed).collect();
    let missed = |it: &&super::Expectation| Missed { label: it.label.clone(), found: it.found.clone() };
    Expectations {
        passed: info.expectations.len() - failed.len(),
        failed: failed.len(),
        missed: failed.iter().map(missed).collect(),
    }
}

fn seconds(length: SimDuration) -> f64 {
    length.as_secs_f64()
}

/// Seconds since the start as an instant again, to the nanosecond.
pub(super) fn instant(seconds: f64) -> SimTime {
    SimTime::from_secs_f64(seconds).unwrap_or(SimTime::ZERO)
}
