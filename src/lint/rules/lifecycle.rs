//! How a pod ends: grace periods, hooks, pods that nobody replaces.

use crate::api::Kind;
use crate::api::pod::Container;
use crate::kernel::SimDuration;
use crate::lint::Rule;
use crate::lint::cluster::Cluster;
use crate::lint::finding::Report;
use crate::lint::proof::{self, Experiment, PROGRAM, Proof};
use crate::lint::rule::examples;
use crate::source::Severity;
use crate::workload::{AppModel, OnSignal};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "grace-period-too-short",
        aliases: &[],
        severity: Severity::Warning,
        title: "the grace period ends before the program has stopped",
        explanation: "terminationGracePeriodSeconds begins with the deletion and holds for the preStop hook and the \
             shutdown together. When it is over the process is killed (SIGKILL, exit code 137), and its requests with \
             it.",
        fix: "make terminationGracePeriodSeconds longer than preStop plus shutdown",
        bad: examples!("grace-period-too-short").0,
        good: examples!("grace-period-too-short").1,
        check: grace_period,
    },
    Rule {
        id: "no-prestop-delay",
        aliases: &[],
        severity: Severity::Note,
        title: "pods behind a Service stop at once when they are deleted",
        explanation: "Deletion sends SIGTERM to the process and takes the address out of the Service at the same \
             time, in two chains that do not wait for each other. Proxies learn of it a second or so later; until then \
             new connections go to a process that has gone.",
        fix: "add a preStop hook that sleeps for some seconds, and a grace period that has room for it",
        bad: examples!("no-prestop-delay").0,
        good: examples!("no-prestop-delay").1,
        check: no_prestop_delay,
    },
    Rule {
        id: "bare-pod",
        aliases: &[],
        severity: Severity::Warning,
        title: "a pod without a controller",
        explanation: "The kubelet restarts containers of a pod, but nobody makes the pod anew: when its node fails, is \
             drained or evicts it, it is gone. kubectl drain refuses to touch it without --force.",
        fix: "let a Deployment, StatefulSet or Job make it",
        bad: examples!("bare-pod").0,
        good: examples!("bare-pod").1,
        check: bare_pod,
    },
];

/// Seconds that the preStop hook sleeps: the sleep action, or a `sleep N` in its command.
fn prestop_s(container: &Container) -> Option<i64> {
    let hook = container.lifecycle.as_ref()?.pre_stop.as_ref()?;
    if let Some(sleep) = &hook.sleep {
        return Some(sleep.seconds);
    }
    let command = hook.exec.as_ref()?.command.iter().map(|word| &**word).collect::<Vec<_>>().join(" ");
    let mut words =
        command.split([' ', ';', '&']).skip_while(|word| *word != "sleep" && !word.ends_with("/sleep"));
    words.next()?;
    words.next()?.parse().ok()
}

fn grace_period(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        let grace = workload.spec.termination_grace_period_seconds.unwrap_or(30);
        for (container, path) in workload.containers() {
            let hook = prestop_s(container).unwrap_or(0);
            let shutdown = cluster.program(workload, container).and_then(|program| match &program.on_stop {
                OnSignal::Exit { after, .. } => Some(after.sample_duration(0.99)),
                OnSignal::Ignore | OnSignal::Unhandled => None,
            });
            let needed = SimDuration::from_secs(hook.max(0) as u64) + shutdown.unwrap_or(SimDuration::ZERO);
            let has_room = needed < SimDuration::from_secs(grace.max(0) as u64);
            // A program that ignores SIGTERM is killed whatever the grace period; a hook of nothing takes no room.
            if has_room || needed == SimDuration::ZERO {
                continue;
            }
            let site = match hook {
                0 => cluster
                    .site(workload.manifest, &format!("{}.terminationGracePeriodSeconds", workload.path)),
                _ => cluster.site(workload.manifest, &format!("{path}.lifecycle.preStop")),
            };
            let shutdown = shutdown.unwrap_or(SimDuration::ZERO);
            let text = format!(
                "container `{}` needs {needed} to stop (preStop {hook} s, shutdown {shutdown}) and has {grace} s",
                container.name
            );
            report.add_if_shown(site, text, || show_kill(grace, hook, shutdown));
        }
    }
}

/// A pod with these times is deleted.
fn show_kill(grace: i64, hook: i64, shutdown: SimDuration) -> Option<Proof> {
    let sleep = match hook {
        0 => String::new(),
        _ => format!("\n    lifecycle: {{preStop: {{sleep: {{seconds: {hook}}}}}}}"),
    };
    // A program that stops at once when it is told to would hide that it is told too late.
    let shutdown = shutdown.max(SimDuration::from_secs(3));
    let text = format!(
        "{}  steps:
  - {{at: 60s, kubectl: delete pod stops}}
---
apiVersion: v1
kind: Pod
metadata: {{name: stops}}
spec:
  terminationGracePeriodSeconds: {grace}
  containers:
  - name: app
    image: app:1{sleep}
---
{PROGRAM}
  onSigterm: {{exitAfter: {shutdown}, code: 0}}
",
        proof::head("grace", 60 + 2 * grace.max(0) as u64 + hook.max(0) as u64 + 60, 1)
    );
    let experiment = Experiment::run(text)?;
    let killed = experiment.count("ContainerExited", "137") > 0;
    let claim = "deleted at 1m0s, the program is killed before it has stopped".to_owned();
    killed.then(|| experiment.proof(claim, &[("Signal", ""), ("ContainerExited", "")]))
}

fn no_prestop_delay(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.is_service_like()) {
        if workload.replicas.is_some_and(|replicas| replicas < 2)
            || cluster.services_of(workload).next().is_none()
        {
            continue;
        }
        for (container, path) in workload.containers() {
            let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
            if !container.ports.is_empty() && hook.is_none() {
                let text = format!(
                    "container `{}` gets SIGTERM before the proxies have heard that its pod is going",
                    container.name
                );
                let site = cluster.site(workload.manifest, &format!("{path}.name"));
                let replicas = workload.replicas.unwrap_or(2);
                let program = cluster.program(workload, container).map(|program| &**program);
                if program.is_some_and(|program| matches!(program.on_stop, OnSignal::Ignore)) {
                    // It serves on until it is killed.
                    continue;
                }
                if replicas <= MOST_REPLICAS {
                    report.add_if_shown(site, text, || show_lost_requests(replicas, program));
                } else {
                    report.add(site, text);
                }
            }
        }
    }
}

/// More replicas than this are not restarted for a proof.
const MOST_REPLICAS: i32 = 20;

/// A rolling restart under load. A program of which nothing is known ends at once.
fn show_lost_requests(replicas: i32, program: Option<&AppModel>) -> Option<Proof> {
    let after = match program.map(|program| &program.on_stop) {
        Some(OnSignal::Exit { after, .. }) => after.sample_duration(0.5),
        _ => SimDuration::ZERO,
    };
    let closes = program.is_some_and(|program| program.closes_on_stop);
    let text = format!(
        "{}  traffic:
  - {{name: users, service: default/web, rate: {{constant: 100}}, from: 10s, timeout: 2s}}
  steps:
  - {{at: 60s, kubectl: rollout restart deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: app
        image: app:1
        readinessProbe: {{tcpSocket: {{port: 80}}, periodSeconds: 2}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
---
{PROGRAM}
  onSigterm: {{exitAfter: {after}, code: 0, stopListening: {closes}}}
",
        proof::head("no-delay", 180 + 10 * u64::from(replicas.unsigned_abs()), 3)
    );
    let experiment = Experiment::run_with_latencies(text)?;
    let failed = experiment.requests().failed;
    let claim = format!("a rolling restart under 100 requests a second loses {failed} of them");
    (failed > 0).then(|| experiment.proof(claim, &[("Signal", "SIGTERM"), ("MODIFIED", "ready endpoints")]))
}

fn bare_pod(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.kind == Kind::Pod) {
        if workload.metadata.owner_references.is_empty() && workload.is_service_like() {
            report.add(cluster.site(workload.manifest, "kind"), "nobody makes this pod anew when it is gone");
        }
    }
}
