//! The figures of a run that a sweep looks at.

use crate::report::Summary;

/// One figure of a run.
pub struct Metric {
    /// Name, with its unit last: the head of its column.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Its value; `None` when the run does not have it (no fault, nothing to recover from).
    pub of: fn(&Summary) -> Option<f64>,
}

/// All figures, in the order of the columns.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "available_percent",
        help: "least part of the time that a workload had all wanted replicas ready",
        of: |summary| least(summary.workloads.iter().filter_map(|workload| workload.available_percent)),
    },
    Metric {
        name: "unavailable_s",
        help: "time with fewer ready replicas than wanted, summed over the workloads",
        of: |summary| Some(summary.workloads.iter().map(|workload| workload.unavailable_s).sum()),
    },
    Metric {
        name: "ready_after_s",
        help: "time until the last workload was fully ready for the first time",
        of: |summary| {
            let times: Option<Vec<f64>> =
                summary.workloads.iter().map(|workload| workload.first_ready_s).collect();
            greatest(times?.into_iter())
        },
    },
    Metric {
        name: "hit_after_s",
        help: "time from a fault to the first missing replica, the longest of all faults",
        of: |summary| greatest(summary.faults.iter().filter_map(|fault| fault.hit_after_s)),
    },
    Metric {
        name: "recovered_after_s",
        help: "time from a fault to all replicas being ready again, the longest of all faults",
        of: |summary| greatest(summary.faults.iter().filter_map(|fault| fault.recovered_after_s)),
    },
    Metric {
        name: "not_recovered",
        help: "faults from which the workloads had not recovered at the end",
        of: |summary| {
            Some(summary.faults.iter().filter(|fault| fault.outcome == "not_recovered").count() as f64)
        },
    },
    Metric {
        name: "node_ready_percent",
        help: "part of the time that nodes were ready, the mean of all nodes",
        of: |summary| {
            let nodes = &summary.nodes;
            let sum: f64 = nodes.iter().map(|node| node.ready_percent).sum();
            (!nodes.is_empty()).then(|| sum / nodes.len() as f64)
        },
    },
    Metric { name: "pods_created", help: "pods created", of: |summary| Some(summary.pods.created as f64) },
    Metric {
        name: "restarts",
        help: "containers started again",
        of: |summary| Some(summary.restarts.total as f64),
    },
    Metric { name: "evictions", help: "pods evicted", of: |summary| Some(summary.evictions.total as f64) },
    Metric {
        name: "warnings",
        help: "Kubernetes Events of type Warning",
        of: |summary| Some(summary.kubernetes_events.warning as f64),
    },
    Metric {
        name: "expectations_failed",
        help: "expectations of the scenario that did not hold",
        of: |summary| Some(summary.expectations.failed as f64),
    },
    Metric { name: "records", help: "records of the trace", of: |summary| Some(summary.records as f64) },
];

fn least(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(f64::min)
}

fn greatest(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(f64::max)
}
