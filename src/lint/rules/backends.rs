//! Probes that ask more than their own program.

use crate::api::pod::Probe;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Purpose, Workload};
use crate::lint::finding::Report;
use crate::lint::proof::{self, Experiment, PROGRAM, Proof};
use crate::lint::rule::examples;
use crate::source::Severity;

use super::probes::{answer, timing};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "liveness-depends-on-backend",
        aliases: &[],
        severity: Severity::Error,
        title: "a probe that kills fails when a backend is down",
        explanation: "A restart does not bring a database back: a liveness or startup probe should not ask it. When the backend fails, every replica is killed again \
             and again, ends in CrashLoopBackOff, and is still not there when the backend returns.",
        fix: "ask the backend in the readiness probe, or not at all; liveness and startup ask only whether this process is alive",
        bad: examples!("liveness-depends-on-backend").0,
        good: examples!("liveness-depends-on-backend").1,
        check: liveness_depends_on_backend,
    },
    Rule {
        id: "readiness-depends-on-backend",
        aliases: &[],
        severity: Severity::Note,
        title: "the readiness probe fails when a backend is down",
        explanation: "All replicas ask the same backend, so all become unready at once and the Service refuses every \
             connection, also those that could be answered without it or with a useful error. Right for a program that \
             can do nothing without the backend; worth a thought for any other.",
        fix: "be ready when the program itself is, and answer with an error where the backend is missing",
        bad: examples!("readiness-depends-on-backend").0,
        good: examples!("readiness-depends-on-backend").1,
        check: readiness_depends_on_backend,
    },
];

fn liveness_depends_on_backend(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            for purpose in [Purpose::Liveness, Purpose::Startup] {
                let Some(probe) = purpose.of(container) else { continue };
                let field = purpose.field();
                let site = cluster.site(workload.manifest, &format!("{path}.{field}"));
                let rule = answer(cluster, workload, container, probe);
                if let Some(needed) = rule.and_then(|rule| rule.needs.first()) {
                    let text = format!(
                        "the {field} of container `{}` fails when `{needed}` is down",
                        container.name
                    );
                    report.add_if_shown(site, text, || show_kills(field, probe, needed));
                } else if let Some(host) = foreign_host(cluster, workload, probe) {
                    report.add(
                        site,
                        format!("the {field} of container `{}` asks `{host}`, not itself", container.name),
                    );
                }
            }
        }
    }
}

fn readiness_depends_on_backend(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        if cluster.services_of(workload).next().is_none() {
            continue;
        }
        for (container, path) in workload.containers() {
            let Some(probe) = &container.readiness_probe else { continue };
            let site = cluster.site(workload.manifest, &format!("{path}.readinessProbe"));
            let rule = answer(cluster, workload, container, probe);
            if let Some(needed) = rule.and_then(|rule| rule.needs.first()) {
                let text = format!(
                    "container `{}` and all its copies are unready while `{needed}` is down",
                    container.name
                );
                report.add_if_shown(site, text, || show_unready(probe, needed));
            } else if let Some(host) = foreign_host(cluster, workload, probe) {
                report.add(
                    site,
                    format!("readiness of container `{}` asks `{host}`, not itself", container.name),
                );
            }
        }
    }
}

/// The host that a probe asks, if it is another one: by its host field, or in a command as `-h HOST` or by the name of
/// a Service.
fn foreign_host(cluster: &Cluster<'_>, workload: &Workload<'_>, probe: &Probe) -> Option<String> {
    let own = |host: &str| matches!(host, "" | "localhost" | "127.0.0.1" | "::1" | "0.0.0.0");
    let named = [
        probe.http_get.as_ref().and_then(|action| action.host.as_deref()),
        probe.tcp_socket.as_ref().and_then(|action| action.host.as_deref()),
    ];
    if let Some(host) = named.into_iter().flatten().find(|host| !own(host)) {
        return Some(host.to_owned());
    }
    let command = probe.exec.as_ref()?.command.iter().map(|word| &**word).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> =
        command.split([' ', '=', '/', ':', '"', '\'']).filter(|word| !word.is_empty()).collect();
    let in_command = words.windows(2).find(|pair| matches!(pair[0], "-h" | "--host")).map(|pair| pair[1]);
    let mine: Vec<&str> =
        cluster.services_of(workload).map(|(manifest, _)| &*manifest.object.metadata().name).collect();
    let service = || {
        let names = cluster.services.iter().map(|(manifest, _)| &*manifest.object.metadata().name);
        names.filter(|name| !mine.contains(name) && name.contains('-')).find(|name| words.contains(name))
    };
    in_command.filter(|host| !own(host) && !host.starts_with('$')).or_else(service).map(str::to_owned)
}

/// A backend, and a program that needs it to answer a probe, without the pods of that program.
fn needy(name: &str, backend: &str, from_s: u32) -> String {
    format!(
        "{}  steps:
  - {{at: {from_s}s, fault: {{dependencyDown: {{service: {backend}}}}}, for: 5m}}
---
apiVersion: v1
kind: Service
metadata: {{name: {backend}}}
spec: {{selector: {{app: {backend}}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {backend}, labels: {{app: {backend}}}}}
spec: {{containers: [{{name: backend, image: backend:1}}]}}
---
{PROGRAM}
  http: {{\"/probe\": {{needs: [service/{backend}]}}}}
---
",
        proof::head(name, 360, 1)
    )
}

/// The Service in `namespace/name`, which a run has to itself.
fn service(needed: &str) -> &str {
    needed.rsplit('/').next().unwrap_or(needed)
}

/// Five minutes with the backend down: how often the program is killed.
fn show_kills(field: &str, probe: &Probe, needed: &str) -> Option<Proof> {
    let backend = service(needed);
    // A startup probe is over once it has succeeded: the backend is down from the start.
    let from_s = if field == Purpose::Startup.field() { 0 } else { 60 };
    let text = format!(
        "{}apiVersion: v1
kind: Pod
metadata: {{name: asks}}
spec:
  containers:
  - name: app
    image: app:1
    {field}: {{httpGet: {{path: /probe, port: 80}}{}}}
",
        needy("backend-down", backend, from_s),
        timing(probe)
    );
    let experiment = Experiment::run(text)?;
    let kills = experiment.count("ProbeFailed", "");
    let claim =
        format!("with `{backend}` down for 5 minutes the program is killed {kills} times, to no avail");
    (kills > 0)
        .then(|| experiment.proof(claim, &[("ProbeFailed", ""), ("BackOff", "restarting"), ("Fault", "")]))
}

/// Five minutes with the backend down: what is left of the Service.
fn show_unready(probe: &Probe, needed: &str) -> Option<Proof> {
    let backend = service(needed);
    let text = format!(
        "{}apiVersion: apps/v1
kind: Deployment
metadata: {{name: asks}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: asks}}}}
  template:
    metadata: {{labels: {{app: asks}}}}
    spec:
      containers:
      - name: app
        image: app:1
        readinessProbe: {{httpGet: {{path: /probe, port: 80}}{}}}
---
apiVersion: v1
kind: Service
metadata: {{name: asks}}
spec: {{selector: {{app: asks}}, ports: [{{port: 80}}]}}
",
        needy("backend-down", backend, 60),
        timing(probe)
    );
    let experiment = Experiment::run(text)?;
    let gone = experiment.count("MODIFIED", "ready endpoints 3 -> 0") > 0;
    let claim = format!("with `{backend}` down, three replicas leave their Service together");
    gone.then(|| experiment.proof(claim, &[("Fault", ""), ("MODIFIED", "ready endpoints")]))
}
