//! Probes: whether there are any, what they ask, and how long they wait.

use crate::api::core::IntOrString;
use crate::api::pod::{Container, Probe};
use crate::api::service::Service;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Purpose, Workload};
use crate::lint::finding::Report;
use crate::lint::rule::examples;
use crate::source::Severity;
use crate::workload::HttpRule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "no-readiness-probe",
        aliases: &["kube-linter:no-readiness-probe", "kube-score:pod-probes"],
        severity: Severity::Warning,
        title: "a container behind a Service has no readiness probe",
        explanation: "Without a readiness probe a pod counts as ready as soon as its process runs. Requests reach \
             programs that do not listen yet, and a rolling update takes old pods away before the new ones can answer.",
        fix: "add a readinessProbe that asks the program itself, not its backends",
        bad: examples!("no-readiness-probe").0,
        good: examples!("no-readiness-probe").1,
        check: no_readiness_probe,
    },
    Rule {
        id: "no-liveness-probe",
        aliases: &["kube-linter:no-liveness-probe", "kube-score:pod-probes"],
        severity: Severity::Note,
        title: "a program that serves has no liveness probe",
        explanation: "A process that hangs keeps its pod Running. Without a liveness probe nothing restarts it: only \
             the end of the process does. (A program that ends by itself when it is stuck needs none.)",
        fix: "add a livenessProbe that is cheap and asks only this process, with a startupProbe if it starts slowly",
        bad: examples!("no-liveness-probe").0,
        good: examples!("no-liveness-probe").1,
        check: no_liveness_probe,
    },
    Rule {
        id: "liveness-equals-readiness",
        aliases: &["kube-score:pod-probes-identical"],
        severity: Severity::Warning,
        title: "liveness and readiness ask the same, with the same patience",
        explanation: "Readiness should fail first and take the pod out of traffic; liveness is the last resort. When \
             both are equal, every overload that makes a pod unready also kills it, and the load moves on to the next.",
        fix: "let liveness ask less and wait longer: another path, or a higher failureThreshold",
        bad: examples!("liveness-equals-readiness").0,
        good: examples!("liveness-equals-readiness").1,
        check: liveness_equals_readiness,
    },
    Rule {
        id: "heavy-probe",
        aliases: &[],
        severity: Severity::Warning,
        title: "a probe is expensive, or needs credentials",
        explanation: "Probes run for ever, on every replica. An endpoint that needs a login fails when the secret \
             changes; a slow one fails under load, exactly when a restart hurts most; a command starts a process each \
             time.",
        fix: "offer an endpoint for probes that answers at once, without credentials",
        bad: examples!("heavy-probe").0,
        good: examples!("heavy-probe").1,
        check: heavy_probe,
    },
    Rule {
        id: "probe-timeout-exceeds-period",
        aliases: &[],
        severity: Severity::Warning,
        title: "a probe may take longer than its period",
        explanation: "Attempts never overlap: a new one begins when the old one has ended. With a time-out longer \
             than the period a program that hangs is asked less often than the period says, and it takes \
             failureThreshold times the time-out until anything happens.",
        fix: "make timeoutSeconds shorter than periodSeconds",
        bad: examples!("probe-timeout-exceeds-period").0,
        good: examples!("probe-timeout-exceeds-period").1,
        check: timeout_exceeds_period,
    },
    Rule {
        id: "probe-port-unknown",
        aliases: &["kube-linter:liveness-port", "kube-linter:readiness-port", "kube-linter:startup-port"],
        severity: Severity::Error,
        title: "a probe asks a port that the container does not have",
        explanation: "A port name that no container port has cannot be resolved: the attempt ends in an error that \
             counts neither as success nor as failure. A number that is not declared may work, but is a slip more \
             often than not.",
        fix: "name one of the container's ports",
        bad: examples!("probe-port-unknown").0,
        good: examples!("probe-port-unknown").1,
        check: port_unknown,
    },
];

fn no_readiness_probe(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.is_service_like()) {
        let services: Vec<_> = cluster.services_of(workload).collect();
        for (container, path) in
            workload.containers().filter(|(container, _)| container.readiness_probe.is_none())
        {
            let serving = services.iter().find(|(_, service)| is_asked_by(workload, container, service));
            if let Some((service, _)) = serving {
                let text = format!(
                    "container `{}` gets requests of Service `{}` and has no readinessProbe",
                    container.name,
                    service.object.metadata().name
                );
                report.add(cluster.site(workload.manifest, &format!("{path}.name")), text);
            }
        }
    }
}

/// Whether the requests of a service reach this container: one of its ports is meant, or nobody says which.
fn is_asked_by(workload: &Workload<'_>, container: &Container, service: &Service) -> bool {
    let targets: Vec<IntOrString> = service
        .spec
        .ports
        .iter()
        .map(|port| port.target_port.clone().unwrap_or(IntOrString::Int(port.port)))
        .collect();
    let has_port = |container: &Container| {
        container.ports.iter().any(|own| {
            targets.iter().any(|target| match target {
                IntOrString::Int(number) => own.container_port == *number,
                IntOrString::Text(name) => own.name.as_ref() == Some(name),
            })
        })
    };
    has_port(container) || workload.spec.containers.len() == 1
}

fn no_liveness_probe(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.is_service_like()) {
        for (container, path) in workload.containers() {
            if !container.ports.is_empty() && container.liveness_probe.is_none() {
                let text = format!(
                    "nothing restarts container `{}` when it hangs: no livenessProbe",
                    container.name
                );
                report.add(cluster.site(workload.manifest, &format!("{path}.name")), text);
            }
        }
    }
}

fn liveness_equals_readiness(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            let (Some(liveness), Some(readiness)) = (&container.liveness_probe, &container.readiness_probe)
            else {
                continue;
            };
            let asks_same = liveness.http_get == readiness.http_get
                && liveness.tcp_socket == readiness.tcp_socket
                && liveness.exec == readiness.exec
                && liveness.grpc == readiness.grpc;
            if asks_same && patience_s(liveness) <= patience_s(readiness) {
                let text = format!(
                    "container `{}` is killed after {} s of failing the same check that makes it unready after {} s",
                    container.name,
                    patience_s(liveness),
                    patience_s(readiness)
                );
                report.add(cluster.site(workload.manifest, &format!("{path}.livenessProbe")), text);
            }
        }
    }
}

/// Seconds for which a probe may fail before it counts.
fn patience_s(probe: &Probe) -> i64 {
    i64::from(period_s(probe)) * i64::from(probe.failure_threshold.filter(|n| *n > 0).unwrap_or(3))
}

/// `periodSeconds` with its default.
pub(super) fn period_s(probe: &Probe) -> i32 {
    probe.period_seconds.filter(|n| *n > 0).unwrap_or(10)
}

fn timeout_s(probe: &Probe) -> i32 {
    probe.timeout_seconds.filter(|n| *n > 0).unwrap_or(1)
}

/// The rule of the program that answers an HTTP probe.
pub(super) fn answer<'m>(
    cluster: &'m Cluster<'_>,
    workload: &Workload<'_>,
    container: &Container,
    probe: &Probe,
) -> Option<&'m HttpRule> {
    let path = probe.http_get.as_ref()?.path.as_deref().unwrap_or("/");
    let program = cluster.program(workload, container)?;
    program.http.iter().find(|rule| match rule.path.strip_suffix('*') {
        Some(front) => path.starts_with(front),
        None => *rule.path == *path,
    })
}

/// The numbers of a probe as they continue a flow mapping: `, periodSeconds: 5`.
pub(super) fn timing(probe: &Probe) -> String {
    let fields = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("periodSeconds", probe.period_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("failureThreshold", probe.failure_threshold),
    ];
    let given = fields.iter().filter_map(|(name, value)| value.map(|value| format!(", {name}: {value}")));
    given.collect()
}

/// A probe that starts a process more often than this is called expensive.
const BUSY_EXEC_PERIOD_S: i32 = 5;

fn heavy_probe(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            for purpose in Purpose::ALL {
                let Some(probe) = purpose.of(container) else { continue };
                let field = format!("{path}.{}", purpose.field());
                let site = cluster.site(workload.manifest, &field);
                let name = &container.name;
                if has_credentials(cluster, workload, container, probe, &field) {
                    report.add(
                        site,
                        format!("the {} of container `{name}` needs credentials", purpose.field()),
                    );
                } else if probe.exec.is_some()
                    && period_s(probe) < BUSY_EXEC_PERIOD_S
                    && purpose != Purpose::Startup
                {
                    let text = format!(
                        "the {} of container `{name}` starts a process every {} s",
                        purpose.field(),
                        period_s(probe)
                    );
                    report.add(site, text);
                } else if let Some(rule) = answer(cluster, workload, container, probe) {
                    let slow = rule.latency.sample_duration(0.9).as_nanos();
                    let limit = i64::from(timeout_s(probe)) * 1_000_000_000;
                    if i128::from(slow) * 2 > i128::from(limit) {
                        let text = format!(
                            "one answer in ten to the {} of container `{name}` takes {} or longer, of {} s allowed",
                            purpose.field(),
                            rule.latency.sample_duration(0.9),
                            timeout_s(probe)
                        );
                        report.add(site, text);
                    }
                }
            }
        }
    }
}

/// Words in the name of a header, or of a parameter in a path, behind which a secret stands.
const SECRET_WORDS: [&str; 10] = [
    "authorization",
    "token",
    "api-key",
    "apikey",
    "api_key",
    "secret",
    "password",
    "passwd",
    "credential",
    "x-auth",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Whether an HTTP probe sends a secret, in a header or in its path, or is told to log in by the program.
fn has_credentials(
    cluster: &Cluster<'_>,
    workload: &Workload<'_>,
    container: &Container,
    probe: &Probe,
    field: &str,
) -> bool {
    let headers = cluster.written(workload.manifest, &format!("{field}.httpGet.httpHeaders"));
    let in_header = headers.is_some_and(|headers| {
        headers.items().iter().any(|header| {
            let text = |key: &str| header.get(key).and_then(crate::source::Node::as_str).unwrap_or_default();
            // A cookie may only mark a request as a probe's; one that names a session is a credential.
            is_secret(text("name"))
                || (text("name").eq_ignore_ascii_case("cookie") && is_session(text("value")))
        })
    });
    let path = probe.http_get.as_ref().and_then(|action| action.path.as_deref()).unwrap_or_default();
    let parameters = path.split_once('?').map_or("", |(_, parameters)| parameters);
    let in_path =
        parameters.split('&').any(|parameter| is_secret(parameter.split('=').next().unwrap_or_default()));
    let refused =
        answer(cluster, workload, container, probe).is_some_and(|rule| [401, 403].contains(&rule.status));
    in_header || in_path || refused
}

/// Whether one of the cookies of a header opens a session.
fn is_session(cookies: &str) -> bool {
    let names = cookies.split(';').filter_map(|cookie| cookie.split('=').next());
    names.map(str::trim).any(|name| {
        is_secret(name)
            || ["jwt", "auth", "sessionid", "jsessionid", "phpsessid"]
                .contains(&name.to_ascii_lowercase().as_str())
    })
}

fn timeout_exceeds_period(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            for purpose in Purpose::ALL {
                let Some(probe) = purpose.of(container) else { continue };
                if timeout_s(probe) > period_s(probe) {
                    let text = format!(
                        "the {} of container `{}` may take {} s but is due every {} s",
                        purpose.field(),
                        container.name,
                        timeout_s(probe),
                        period_s(probe)
                    );
                    let site = format!("{path}.{}.timeoutSeconds", purpose.field());
                    report.add(cluster.site(workload.manifest, &site), text);
                }
            }
        }
    }
}

fn port_unknown(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            for purpose in Purpose::ALL {
                let Some(probe) = purpose.of(container) else { continue };
                let port = match (&probe.http_get, &probe.tcp_socket, &probe.grpc) {
                    (Some(action), ..) => action.port.clone(),
                    (_, Some(action), _) => action.port.clone(),
                    (.., Some(action)) => IntOrString::Int(action.port),
                    _ => continue,
                };
                // A number is only doubted where ports are declared at all.
                let known = match &port {
                    IntOrString::Text(name) => {
                        container.ports.iter().any(|own| own.name.as_ref() == Some(name))
                    }
                    IntOrString::Int(number) => {
                        container.ports.is_empty()
                            || container.ports.iter().any(|own| own.container_port == *number)
                    }
                };
                if !known {
                    let text = format!(
                        "the {} of container `{}` asks port `{port}`, which is not among its ports",
                        purpose.field(),
                        container.name
                    );
                    report.add(cluster.site(workload.manifest, &format!("{path}.{}", purpose.field())), text);
                }
            }
        }
    }
}
