//! Slow starters and their liveness probes.

use crate::api::pod::Probe;
use crate::kernel::SimDuration;
use crate::lint::Rule;
use crate::lint::cluster::Cluster;
use crate::lint::finding::Report;
use crate::lint::proof::{self, Experiment, PROGRAM, Proof};
use crate::lint::rule::examples;
use crate::source::Severity;

use super::probes::{period_s, timing};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "liveness-without-startup-probe",
        aliases: &[],
        severity: Severity::Warning,
        title: "a liveness probe begins before the program may be up",
        explanation: "Liveness begins with the container. If the start takes longer than initialDelaySeconds plus \
             failureThreshold periods, the program is killed before it is up, starts again, and is killed again, for \
             ever.",
        fix: "add a startupProbe with failureThreshold x periodSeconds well above the longest start",
        bad: examples!("liveness-without-startup-probe").0,
        good: examples!("liveness-without-startup-probe").1,
        check: liveness_without_startup,
    },
    Rule {
        id: "startup-budget-too-short",
        aliases: &[],
        severity: Severity::Error,
        title: "the startup probe gives up before the program is up",
        explanation: "A startup probe kills the container after failureThreshold periods. The AppModel says that the \
             program may take longer to start.",
        fix: "raise failureThreshold of the startupProbe",
        bad: examples!("startup-budget-too-short").0,
        good: examples!("startup-budget-too-short").1,
        check: startup_budget,
    },
];

/// A start that is no slower than this needs no startup probe, where nothing is known about the program.
const QUICK_START_S: i64 = 30;

/// Seconds after the start at which a probe that always fails has the container killed, by its numbers alone.
fn budget_s(probe: &Probe) -> i64 {
    let threshold = i64::from(probe.failure_threshold.filter(|n| *n > 0).unwrap_or(3));
    i64::from(probe.initial_delay_seconds.unwrap_or(0)) + i64::from(period_s(probe)) * threshold
}

fn liveness_without_startup(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.is_service_like()) {
        for (container, path) in workload.containers() {
            let Some(probe) = &container.liveness_probe else { continue };
            if container.startup_probe.is_some() {
                continue;
            }
            let budget = budget_s(probe);
            let program = cluster.program(workload, container);
            let longest = program.map(|program| program.startup.sample_duration(SLOW_START));
            let in_danger = longest.map_or(budget < QUICK_START_S, |longest| longest >= seconds(budget));
            if in_danger {
                let site = cluster.site(workload.manifest, &format!("{path}.livenessProbe"));
                let slow =
                    longest.map_or(budget + period_s_wide(probe), |longest| longest.as_secs() as i64 + 1);
                let text = format!(
                    "a start of container `{}` that takes more than {budget} s is killed, again and again",
                    container.name
                );
                report.add_if_shown(site, text, || show_kills("livenessProbe", probe, slow));
            }
        }
    }
}

/// One start in a hundred is slower than what counts as slow.
const SLOW_START: f64 = 0.99;

fn startup_budget(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.containers() {
            let Some(probe) = &container.startup_probe else { continue };
            let Some(program) = cluster.program(workload, container) else { continue };
            let longest = program.startup.sample_duration(SLOW_START);
            if longest >= seconds(budget_s(probe)) {
                let text = format!(
                    "container `{}` may take {longest} to start, and is killed after {} s",
                    container.name,
                    budget_s(probe)
                );
                let site = cluster.site(workload.manifest, &format!("{path}.startupProbe"));
                report.add_if_shown(site, text, || {
                    show_kills("startupProbe", probe, longest.as_secs() as i64 + 1)
                });
            }
        }
    }
}

fn period_s_wide(probe: &Probe) -> i64 {
    i64::from(period_s(probe))
}

fn seconds(seconds: i64) -> SimDuration {
    SimDuration::from_secs(seconds.max(0) as u64)
}

/// A program that needs `start_s` until it listens, under the given probe, for half an hour.
fn show_kills(field: &str, probe: &Probe, start_s: i64) -> Option<Proof> {
    let text = format!(
        "{}---
apiVersion: v1
kind: Pod
metadata: {{name: slow}}
spec:
  containers:
  - name: app
    image: app:1
    {field}: {{tcpSocket: {{port: 80}}{}}}
---
{PROGRAM}
  startup: {{after: {start_s}s}}
  onSigterm: {{exitAfter: 0s, code: 143}}
",
        proof::head("slow-start", 1800, 1),
        timing(probe)
    );
    let experiment = Experiment::run(text)?;
    let kills = experiment.count("ProbeFailed", "");
    let claim = format!("a start of {start_s} s is killed {kills} times in 30 minutes and never succeeds");
    (kills > 1).then(|| experiment.proof(claim, &[("ContainerExited", ""), ("ContainerStarted", "")]))
}
