//! `metrics.openmetrics.txt`: the series of a run as OpenMetrics 1.0 text with timestamps, which `promtool tsdb
//! create-blocks-from openmetrics` loads into a Prometheus.

use std::fmt::Write as _;

use super::metrics::Measure;
use crate::api::Timestamp;
use crate::kernel::SimTime;

/// A family: metrics are given in base units, as Prometheus wants them.
struct Family {
    name: String,
    kind: &'static str,
    /// By what the values of `metrics.csv` are divided.
    divisor: f64,
    /// The label that holds the object.
    label: &'static str,
}

impl Family {
    fn of(metric: &str) -> Self {
        let units = [
            ("_milli_per_s", "_per_second", 1000.0),
            ("_per_s", "_per_second", 1.0),
            ("_us", "_seconds", 1e6),
            ("_ms", "_seconds", 1e3),
            ("_milli", "_cores", 1000.0),
        ];
        let unit = units.iter().find_map(|(suffix, base, divisor)| {
            metric.strip_suffix(suffix).map(|head| (format!("{head}{base}"), *divisor))
        });
        let (name, divisor) = unit.unwrap_or((metric.to_owned(), 1.0));
        let label = match metric {
            "pods" => "state",
            _ if metric.starts_with("node_") => "node",
            _ if metric.starts_with("replicas_") => "workload",
            _ if metric.starts_with("request") => "flow",
            _ => "object",
        };
        let kind = if metric == "container_restarts" { "counter" } else { "gauge" };
        Self { name: format!("shakedown_{name}"), kind, divisor, label }
    }
}

/// The text. `epoch` is the calendar time of virtual time zero; a series has a sample wherever it changes and one at
/// the end of the run.
pub fn text(measures: &[Measure], epoch: Timestamp, end: SimTime) -> String {
    let mut out = String::new();
    let mut last = "";
    for measure in measures {
        let family = Family::of(measure.metric);
        if measure.metric != last {
            let _ = writeln!(out, "# TYPE {} {}", family.name, family.kind);
            let about = measure.metric.replace('_', " ");
            let _ = writeln!(out, "# HELP {} Series \"{about}\" of a simulated run.", family.name);
            last = measure.metric;
        }
        let suffix = if family.kind == "counter" { "_total" } else { "" };
        let mut labels = Vec::new();
        if !measure.namespace.is_empty() {
            labels.push(format!("namespace=\"{}\"", escaped(&measure.namespace)));
        }
        if !measure.object.is_empty() {
            labels.push(format!("{}=\"{}\"", family.label, escaped(&measure.object)));
        }
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let ending = measure.points.last().filter(|(at, _)| *at < end).map(|(_, value)| (end, *value));
        for (at, value) in measure.points.iter().copied().chain(ending) {
            let value = value as f64 / family.divisor;
            let _ = writeln!(out, "{}{suffix}{labels} {value} {}", family.name, instant(epoch, at));
        }
    }
    out.push_str("# EOF\n");
    out
}

/// Seconds since 1970, to the millisecond.
fn instant(epoch: Timestamp, at: SimTime) -> String {
    let millis = at.as_nanos() / 1_000_000;
    let seconds = epoch.secs() + (millis / 1000) as i64;
    format!("{seconds}.{:03}", millis % 1000)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
