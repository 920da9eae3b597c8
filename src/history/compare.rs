//! How two runs differ: where they part, and what became of it.

use std::collections::BTreeMap;

use super::History;
use crate::report::summary::{FaultSummary, FlowSummary, NodeSummary, Total, WorkloadSummary};
use crate::report::{Recorded, Summary};
use crate::trace::replay::Line;

/// Where two runs part.
#[derive(Clone, Copy, Debug)]
pub struct Divergence<'a> {
    /// How many lines before are equal.
    pub equal: usize,
    /// The first line of one run that differs; `None` when that run has ended.
    pub a: Option<&'a Line>,
    /// The same of the other run.
    pub b: Option<&'a Line>,
}

/// The first lines that differ, if any do.
pub fn divergence<'a>(a: &'a History, b: &'a History) -> Option<Divergence<'a>> {
    parting(a, b, is_same)
}

/// The first lines that differ in more than names: in time, or in what happened. Runs with different seeds give
/// different names from the start, which says little.
pub fn divergence_in_kind<'a>(a: &'a History, b: &'a History) -> Option<Divergence<'a>> {
    parting(a, b, is_same_in_kind)
}

fn parting<'a>(
    a: &'a History,
    b: &'a History,
    same: impl Fn(&Line, &Line) -> bool,
) -> Option<Divergence<'a>> {
    let (left, right) = (a.lines(), b.lines());
    let equal = left.iter().zip(right).take_while(|(a, b)| same(a, b)).count();
    (equal < left.len().max(right.len())).then(|| Divergence {
        equal,
        a: left.get(equal),
        b: right.get(equal),
    })
}

/// Whether two lines are the same row of `trace.csv`.
fn is_same(a: &Line, b: &Line) -> bool {
    (a.time_ns, a.seq, a.cause, &a.component, &a.kind, &a.namespace, &a.name, &a.event, &a.reason, &a.message)
        == (
            b.time_ns,
            b.seq,
            b.cause,
            &b.component,
            &b.kind,
            &b.namespace,
            &b.name,
            &b.event,
            &b.reason,
            &b.message,
        )
}

/// Whether two lines tell the same of objects that may have different names.
pub fn is_same_in_kind(a: &Line, b: &Line) -> bool {
    (a.time_ns, &a.component, &a.kind, &a.event, &a.reason)
        == (b.time_ns, &b.component, &b.kind, &b.event, &b.reason)
}

/// A measure of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The run does not have it.
    Missing,
    /// A number of things.
    Count(i64),
    /// A length or instant of virtual time, in seconds.
    Seconds(f64),
    /// Hundredths of a whole.
    Percent(f64),
    /// Anything else.
    Text(String),
}

impl Value {
    fn seconds(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Seconds)
    }
}

/// A measure in which two runs differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What it is a measure of: `restarts`, `deployment/web`, `worker-2`, ...
    pub subject: String,
    /// The measure.
    pub measure: String,
    /// In one run.
    pub a: Value,
    /// In the other.
    pub b: Value,
}

/// Measures of one run, by their place in the order of the table, subject and name.
type Measures = BTreeMap<(u8, String, String), Value>;

/// The measures in which two runs differ.
pub fn effects(a: (&Recorded, &Summary), b: (&Recorded, &Summary)) -> Vec<Effect> {
    let (a, b) = (measures(a.0, a.1), measures(b.0, b.1));
    let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
    keys.sort();
    keys.dedup();
    let of = |measures: &Measures, key| measures.get(key).cloned().unwrap_or(Value::Missing);
    keys.into_iter()
        .map(|key| Effect { subject: key.1.clone(), measure: key.2.clone(), a: of(&a, key), b: of(&b, key) })
        .filter(|effect| effect.a != effect.b)
        .collect()
}

fn measures(recorded: &Recorded, summary: &Summary) -> Measures {
    let mut measures = Measures::new();
    let mut put = |order: u8, subject: &str, measure: &str, value: Value| {
        measures.insert((order, subject.to_owned(), measure.to_owned()), value);
    };
    put(0, "run", "length", Value::Seconds(summary.duration_s));
    put(0, "run", "records", Value::Count(summary.records as i64));
    put(0, "expectations", "missed", Value::Count(summary.expectations.failed as i64));
    for missed in &summary.expectations.missed {
        put(0, "expectations", &missed.label, Value::Text("missed".to_owned()));
    }
    total(&mut put, "restarts", "after exit code", &summary.restarts);
    total(&mut put, "exits", "with code", &summary.exits);
    total(&mut put, "evictions", "for", &summary.evictions);
    put(3, "pods", "created", Value::Count(summary.pods.created as i64));
    put(3, "pods", "deleted", Value::Count(summary.pods.deleted as i64));
    put(3, "pods", "most at once", Value::Count(summary.pods.peak as i64));
    put(3, "events", "warnings", Value::Count(summary.kubernetes_events.warning as i64));
    summary.workloads.iter().for_each(|it| workload(&mut put, it));
    summary.traffic.iter().for_each(|it| requests(&mut put, it));
    let mut seen = BTreeMap::new();
    for it in &summary.faults {
        let number: &mut u32 = seen.entry(it.label.clone()).or_default();
        *number += 1;
        fault(&mut put, it, *number);
    }
    summary.nodes.iter().for_each(|it| node(&mut put, it));
    placement(&mut put, recorded);
    measures
}

type Put<'a> = dyn FnMut(u8, &str, &str, Value) + 'a;

fn total(put: &mut Put<'_>, subject: &str, by: &str, total: &Total) {
    put(1, subject, "all", Value::Count(total.total as i64));
    for (part, count) in &total.by {
        put(1, subject, &format!("{by} {part}"), Value::Count(*count as i64));
    }
}

fn workload(put: &mut Put<'_>, it: &WorkloadSummary) {
    let mut subject = format!("{}/{}", it.kind.to_lowercase(), it.name);
    if it.namespace != "default" {
        subject = format!("{subject} -n {}", it.namespace);
    }
    let percent = it.available_percent.map_or(Value::Missing, Value::Percent);
    put(2, &subject, "fully ready", percent);
    put(2, &subject, "time not fully ready", Value::Seconds(it.unavailable_s));
    put(2, &subject, "first ready at", Value::seconds(it.first_ready_s));
    put(2, &subject, "fewest ready", it.min_ready.map_or(Value::Missing, |it| Value::Count(it.into())));
    put(2, &subject, "ready at the end", Value::Count(it.ready.into()));
    put(2, &subject, "wanted at the end", Value::Count(it.wanted.into()));
}

fn requests(put: &mut Put<'_>, it: &FlowSummary) {
    let mut subject = format!("{} to {}", it.client, it.service);
    if it.namespace != "default" {
        subject = format!("{subject} -n {}", it.namespace);
    }
    put(2, &subject, "requests", Value::Count(it.sent as i64));
    put(2, &subject, "retries", Value::Count(it.retries as i64));
    put(2, &subject, "answered", it.availability_percent.map_or(Value::Missing, Value::Percent));
    for (cause, count) in &it.failed.by {
        put(2, &subject, &format!("failed: {cause}"), Value::Count(*count as i64));
    }
    if let Some(latency) = &it.latency_ms {
        for (measure, millis) in [("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)] {
            put(2, &subject, &format!("latency {measure}"), Value::Seconds(millis / 1000.0));
        }
    }
}

fn fault(put: &mut Put<'_>, it: &FaultSummary, number: u32) {
    let subject = if number > 1 { format!("{} (#{number})", it.label) } else { it.label.clone() };
    put(4, &subject, "at", Value::Seconds(it.at_s));
    put(4, &subject, "felt after", Value::seconds(it.hit_after_s));
    put(4, &subject, "all ready after", Value::seconds(it.recovered_after_s));
    put(4, &subject, "outcome", Value::Text(it.outcome.replace('_', " ")));
}

fn node(put: &mut Put<'_>, it: &NodeSummary) {
    put(5, &it.name, "ready", Value::Percent(it.ready_percent));
    put(5, &it.name, "at the end", Value::Text(it.state.replace('_', " ")));
}

/// How many pods of each workload are on each node at the end, and where each pod has been.
fn placement(put: &mut Put<'_>, recorded: &Recorded) {
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for lane in &recorded.lanes {
        let owner = if lane.owner.is_none() { format!("pod/{}", lane.name) } else { lane.owner_title() };
        for binding in lane.bindings.iter().filter(|binding| binding.until.is_none()) {
            *counts.entry((owner.clone(), binding.node.to_string())).or_default() += 1;
        }
    }
    for ((owner, node), count) in counts {
        put(6, &owner, &format!("pods on {node} at the end"), Value::Count(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimTime;

    #[test]
    fn runs_part_at_the_first_line_that_differs() {
        let line = |seq: u64, message: &str| Line { seq, message: message.to_owned(), ..Line::default() };
        let history = |messages: &[&str]| {
            let lines = messages.iter().enumerate().map(|(at, text)| line(at as u64 + 1, text)).collect();
            History::new(lines, SimTime::ZERO)
        };
        let (a, b, short) = (history(&["x", "y", "z"]), history(&["x", "w", "z"]), history(&["x"]));
        assert!(divergence(&a, &a).is_none());
        let parted = divergence(&a, &b).unwrap();
        assert_eq!((parted.equal, parted.b.map(|line| line.message.as_str())), (1, Some("w")));
        let parted = divergence(&a, &short).unwrap();
        assert_eq!((parted.equal, parted.b.is_none()), (1, true));
    }
}
