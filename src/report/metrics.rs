//! `metrics.csv`: the series of a run, sampled at equal steps of virtual time.
//!
//! One row a value: `time_s,metric,namespace,object,value`. A series begins with its first value and has a row at every
//! sample instant from then on.

use super::autoscaler::Autoscaler;
use super::node::{NodeSeries, NodeState};
use super::pools::{PoolSeries, Pools};
use super::recorded::Recorded;
use super::steps::Steps;
use super::summary::{FaultSummary, instant};
use super::traffic::{Flow, Interval};
use crate::kernel::{SimDuration, SimTime};

/// With more rows than this the sampling step is doubled until they fit.
const ROWS_AT_MOST: u64 = 1_000_000;

/// A series with its name.
struct Column<'a> {
    metric: &'static str,
    namespace: &'a str,
    object: String,
    value: Box<dyn Fn(SimTime) -> Option<i64> + 'a>,
}

/// The CSV text, with a sample every `step`, or every multiple of it when that would be too much.
pub fn csv(recorded: &Recorded, pools: &Pools, step: SimDuration) -> Result<String, csv::Error> {
    let columns = columns(recorded, pools);
    let step = affordable_step(step, recorded.end, columns.len() as u64);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["time_s", "metric", "namespace", "object", "value"])?;
    let samples = recorded.end.as_nanos() / step.as_nanos();
    for at in (0..=samples).map(|index| SimTime::ZERO + step * index) {
        let time = at.as_secs_f64().to_string();
        for column in &columns {
            if let Some(value) = (column.value)(at) {
                let value = value.to_string();
                writer.write_record([&time, column.metric, column.namespace, &column.object, &value])?;
            }
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes).expect("only text was written"))
}

/// A series as it is drawn: its changes, as far as samples show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The metric, as `metrics.csv` names it.
    pub metric: &'static str,
    /// Namespace; empty for what belongs to the cluster.
    pub namespace: String,
    /// The object, or `lowest`, `mean` and `highest` of many.
    pub object: String,
    /// Of how many objects it tells.
    pub of: usize,
    /// Where the value changes.
    pub points: Vec<(SimTime, i64)>,
}

/// All series at `samples` instants. Of a metric with more than `limit` objects the lowest, mean and highest value.
pub fn measures(recorded: &Recorded, pools: &Pools, samples: u64, limit: usize) -> Vec<Measure> {
    let columns = columns(recorded, pools);
    let step = (recorded.end.as_nanos() / samples.max(1)).max(1);
    let instants: Vec<SimTime> =
        (0..=recorded.end.as_nanos() / step).map(|index| SimTime::from_nanos(index * step)).collect();
    let mut metrics: Vec<&'static str> = Vec::new();
    for column in &columns {
        if !metrics.contains(&column.metric) {
            metrics.push(column.metric);
        }
    }
    let mut measures = Vec::new();
    for metric in metrics {
        let of: Vec<&Column<'_>> = columns.iter().filter(|column| column.metric == metric).collect();
        if of.len() > limit {
            measures.extend(digest(metric, &of, &instants));
            continue;
        }
        measures.extend(of.into_iter().map(|column| Measure {
            metric,
            namespace: column.namespace.to_owned(),
            object: column.object.clone(),
            of: 1,
            points: changes(instants.iter().filter_map(|at| Some((*at, (column.value)(*at)?)))),
        }));
    }
    measures
}

/// Many series as three.
fn digest(metric: &'static str, columns: &[&Column<'_>], instants: &[SimTime]) -> Vec<Measure> {
    let mut parts = [const { Vec::new() }; 3];
    for at in instants {
        let values: Vec<i64> = columns.iter().filter_map(|column| (column.value)(*at)).collect();
        let (Some(lowest), Some(highest)) = (values.iter().min(), values.iter().max()) else { continue };
        let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
        let mean = (sum / values.len() as i128) as i64;
        for (part, value) in parts.iter_mut().zip([*highest, mean, *lowest]) {
            part.push((*at, value));
        }
    }
    let measure = |(object, points): (&str, Vec<(SimTime, i64)>)| Measure {
        metric,
        namespace: String::new(),
        object: object.to_owned(),
        of: columns.len(),
        points: changes(points.into_iter()),
    };
    ["highest", "mean", "lowest"].into_iter().zip(parts).map(measure).collect()
}

fn changes(points: impl Iterator<Item = (SimTime, i64)>) -> Vec<(SimTime, i64)> {
    let mut kept: Vec<(SimTime, i64)> = Vec::new();
    for (at, value) in points {
        if kept.last().is_none_or(|(_, last)| *last != value) {
            kept.push((at, value));
        }
    }
    kept
}

/// A round step that gives about 300 samples of a run of this length, at least a second.
pub fn default_step(length: SimDuration) -> SimDuration {
    super::plot::tick_step(length, 300).max(SimDuration::from_secs(1))
}

fn affordable_step(step: SimDuration, end: SimTime, columns: u64) -> SimDuration {
    let mut step = step.max(SimDuration::from_nanos(1));
    while (end.as_nanos() / step.as_nanos() + 1).saturating_mul(columns.max(1)) > ROWS_AT_MOST {
        step = step * 2;
    }
    step
}

fn columns<'a>(recorded: &'a Recorded, pools: &Pools) -> Vec<Column<'a>> {
    let mut columns = Vec::new();
    for (state, series) in &recorded.pods_by_state {
        columns.push(column("pods", "", state.id().to_owned(), series));
    }
    columns.push(column("container_restarts", "", String::new(), &recorded.restarts));
    let ready_nodes = |at: SimTime| {
        let ready = recorded.nodes.iter().filter(|node| is_ready(node, at) == Some(1));
        Some(ready.count() as i64)
    };
    let value = Box::new(ready_nodes);
    columns.push(Column { metric: "nodes_ready", namespace: "", object: String::new(), value });
    for workload in &recorded.workloads {
        let name = workload.title();
        for (metric, series) in [
            ("replicas_wanted", &workload.wanted),
            ("replicas_running", &workload.running),
            ("replicas_ready", &workload.ready),
        ] {
            columns.push(column(metric, &workload.reference.namespace, name.clone(), series));
        }
    }
    for node in &recorded.nodes {
        let name = node.name.to_string();
        columns.push(column("node_cpu_requested_milli", "", name.clone(), &node.cpu_milli));
        columns.push(column("node_memory_requested_bytes", "", name.clone(), &node.memory));
        columns.push(column("node_pods", "", name.clone(), &node.pods));
        let value = Box::new(move |at: SimTime| is_ready(node, at));
        columns.push(Column { metric: "node_ready", namespace: "", object: name, value });
    }
    for flow in &recorded.flows {
        columns.extend(flow_columns(flow));
    }
    for autoscaler in &recorded.autoscalers {
        columns.extend(autoscaler_columns(autoscaler));
    }
    if recorded.usage.is_known() {
        let of = ["used", "requested", "offered"];
        for (of, series) in of.into_iter().zip(&recorded.usage.cpu_milli) {
            columns.push(column("cluster_cpu_milli", "", of.to_owned(), series));
        }
        for (of, series) in of.into_iter().zip(&recorded.usage.memory) {
            columns.push(column("cluster_memory_bytes", "", of.to_owned(), series));
        }
        columns.push(wasted("cluster_cpu_milli", &recorded.usage.cpu_milli));
        columns.push(wasted("cluster_memory_bytes", &recorded.usage.memory));
    }
    columns.extend(recorded.by_pool(pools).into_iter().flat_map(pool_columns));
    columns.extend(super::summary::faults(recorded).iter().flat_map(fault_columns));
    columns
}

/// What is requested and not used.
fn wasted<'a>(metric: &'static str, used_and_requested: &'a [Steps<i64>]) -> Column<'a> {
    let value = move |at: SimTime| {
        let [used, requested, ..] = used_and_requested else { return None };
        Some((requested.at(at)? - used.at(at)?).max(0))
    };
    Column { metric, namespace: "", object: "wasted".to_owned(), value: Box::new(value) }
}

/// Machines of a pool, and what they have cost so far.
fn pool_columns<'a>(pool: PoolSeries) -> Vec<Column<'a>> {
    let object = pool.name.clone();
    let pool = std::rc::Rc::new(pool);
    let (of, price) = (pool.clone(), pool.price);
    let nodes = Box::new(move |at| of.nodes(at));
    let of = pool.clone();
    let hours = Box::new(move |at| of.nodes(at).map(|_| (of.node_hours(at) * 1000.0).round() as i64));
    let cost = Box::new(move |at| {
        pool.nodes(at).and_then(|_| pool.cost(at)).map(|cost| (cost * 1000.0).round() as i64)
    });
    let column = |metric, value| Column { metric, namespace: "", object: object.clone(), value };
    let mut columns = vec![
        column("pool_nodes", nodes as Box<dyn Fn(SimTime) -> Option<i64> + 'a>),
        column("pool_node_hours_milli", hours),
    ];
    if price.is_some() {
        columns.push(column("pool_cost_milli", cost));
    }
    columns
}

/// How long it took until a fault was noticed, and until it was over, from then on.
fn fault_columns<'a>(fault: &FaultSummary) -> Vec<Column<'a>> {
    let lengths = [
        ("fault_detected_after_ms", fault.detected_after_s),
        ("fault_recovered_after_ms", fault.recovered_after_s),
        ("fault_requests_recovered_after_ms", fault.requests_recovered_after_s),
    ];
    let object = format!("{} at {}", fault.label, super::plot::brief(instant(fault.at_s).since_start()));
    let column = |(metric, after): (&'static str, Option<f64>)| {
        let after = after?;
        let known = instant(fault.at_s + after);
        let value = Box::new(move |at| (at >= known).then(|| (after * 1000.0).round() as i64));
        Some(Column { metric, namespace: "", object: object.clone(), value })
    };
    lengths.into_iter().filter_map(column).collect()
}

/// Rates a second in thousandths, and latencies in microseconds, of the interval that a sample falls into.
fn flow_columns(flow: &Flow) -> Vec<Column<'_>> {
    let rate = |metric, count: fn(&Interval) -> u64| Column {
        metric,
        namespace: &flow.namespace,
        object: flow.title(),
        value: Box::new(move |at| flow.at(at).map(|it| it.milli_rate(count(it)) as i64)),
    };
    let latency = |metric, per_mille| Column {
        metric,
        namespace: &flow.namespace,
        object: flow.title(),
        value: Box::new(move |at| {
            let quantile = flow.at(at)?.latency.quantile(per_mille)?;
            Some((quantile.as_nanos() / 1_000) as i64)
        }),
    };
    let answered = Column {
        metric: "requests_answered_percent",
        namespace: &flow.namespace,
        object: flow.title(),
        value: Box::new(move |at| {
            let interval = flow.at(at)?;
            let thousandths = super::traffic::availability(interval.answered, interval.failures())?;
            Some((thousandths / 1000) as i64)
        }),
    };
    let budget = flow.budget();
    let used = Column {
        metric: "error_budget_used_percent",
        namespace: &flow.namespace,
        object: flow.title(),
        value: Box::new(move |at| {
            let after = budget.partition_point(|(until, _)| *until <= at);
            let used = after.checked_sub(1).map_or(0, |index| budget[index].1);
            (!budget.is_empty()).then_some((used / 1000) as i64)
        }),
    };
    let burn = Column {
        metric: "error_budget_burn_rate_milli",
        namespace: &flow.namespace,
        object: flow.title(),
        value: Box::new(move |at| flow.burn_rate_milli(flow.at(at)?).map(|rate| rate as i64)),
    };
    let mut columns = vec![
        answered,
        rate("requests_sent_milli_per_s", |interval| interval.sent),
        rate("requests_answered_milli_per_s", |interval| interval.answered),
        rate("requests_failed_milli_per_s", Interval::failures),
        latency("request_latency_p50_us", 500),
        latency("request_latency_p95_us", 950),
        latency("request_latency_p99_us", 990),
    ];
    if flow.is_source {
        columns.extend([used, burn]);
    }
    columns.extend(flow.total().failed.into_keys().map(|cause| Column {
        metric: "requests_failed_by_cause_milli_per_s",
        namespace: &flow.namespace,
        object: format!("{}: {cause}", flow.title()),
        value: Box::new(move |at| {
            let interval = flow.at(at)?;
            Some(interval.milli_rate(interval.failed.get(cause).copied().unwrap_or(0)) as i64)
        }),
    }));
    columns
}

/// What an autoscaler wants, and what it goes by.
fn autoscaler_columns(autoscaler: &Autoscaler) -> Vec<Column<'_>> {
    let (namespace, name) = (autoscaler.namespace.as_str(), &autoscaler.name);
    let mut columns =
        vec![column("hpa_replicas_desired", namespace, format!("hpa/{name}"), &autoscaler.desired)];
    for (metric, series) in &autoscaler.utilization {
        columns.push(column("hpa_utilization_percent", namespace, format!("hpa/{name} {metric}"), series));
    }
    columns
}

/// 1 for a node that is ready, cordoned or not; 0 for one that is not; nothing before it exists.
fn is_ready(node: &NodeSeries, at: SimTime) -> Option<i64> {
    let state = node.states.at(at)?;
    Some(i64::from(matches!(state, NodeState::Ready | NodeState::Cordoned)))
}

fn column<'a, T: Copy + PartialEq + Into<i64>>(
    metric: &'static str,
    namespace: &'a str,
    object: String,
    series: &'a Steps<T>,
) -> Column<'a> {
    Column { metric, namespace, object, value: Box::new(|at| series.at(at).map(|value| (*value).into())) }
}
