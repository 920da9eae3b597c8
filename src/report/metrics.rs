//! `metrics.csv`: the series of a run, sampled at equal steps of virtual time.
//!
//! One row a value: `time_s,metric,namespace,object,value`. A series begins with its first value and has a row at every
//! sample instant from then on.

use super::node::{NodeSeries, NodeState};
use super::recorded::Recorded;
use super::steps::Steps;
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
pub fn csv(recorded: &Recorded, step: SimDuration) -> Result<String, csv::Error> {
    let columns = columns(recorded);
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

fn columns(recorded: &Recorded) -> Vec<Column<'_>> {
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
    columns
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
    let mut columns = vec![
        rate("requests_sent_milli_per_s", |interval| interval.sent),
        rate("requests_answered_milli_per_s", |interval| interval.answered),
        rate("requests_failed_milli_per_s", Interval::failures),
        latency("request_latency_p50_us", 500),
        latency("request_latency_p95_us", 950),
        latency("request_latency_p99_us", 990),
    ];
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
