//! Services and selectors: who is meant, and on which port.

use crate::api::core::IntOrString;
use crate::api::pod::RestartPolicy;
use crate::api::selector::Selector;
use crate::lint::Rule;
use crate::lint::cluster::Cluster;
use crate::lint::finding::Report;
use crate::lint::rule::examples;
use crate::source::{Severity, nearest};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "selector-matches-nothing",
        aliases: &["kube-linter:dangling-service", "kube-score:service-targets-pod"],
        severity: Severity::Warning,
        title: "a selector that means no pod of these manifests",
        explanation: "A Service without pods has no endpoints: connections to it are refused. A disruption budget \
             without pods protects nothing. One wrong letter in a label is enough.",
        fix: "compare the selector with the labels in the pod template",
        bad: examples!("selector-matches-nothing").0,
        good: examples!("selector-matches-nothing").1,
        check: matches_nothing,
    },
    Rule {
        id: "service-without-endpoints",
        aliases: &[],
        severity: Severity::Error,
        title: "a Service whose workloads have no replicas",
        explanation: "Every connection to it is refused until somebody scales the workload up.",
        fix: "set replicas to at least one, or delete the Service",
        bad: examples!("service-without-endpoints").0,
        good: examples!("service-without-endpoints").1,
        check: without_endpoints,
    },
    Rule {
        id: "service-port-unknown",
        aliases: &["kube-linter:invalid-target-ports"],
        severity: Severity::Error,
        title: "a Service sends requests to a port that no container has",
        explanation: "A targetPort that is a name must be the name of a container port; otherwise the endpoint has \
             no port and the Service answers nothing. A number that no container declares is a slip more often than \
             not.",
        fix: "use the name or number of a containerPort",
        bad: examples!("service-port-unknown").0,
        good: examples!("service-port-unknown").1,
        check: port_unknown,
    },
    Rule {
        id: "selector-does-not-match-template",
        aliases: &[
            "kube-linter:mismatching-selector",
            "kube-score:deployment-pod-selector-labels-match-template-metadata-labels",
            "kube-score:statefulset-pod-selector-labels-match-template-metadata-labels",
        ],
        severity: Severity::Error,
        title: "a workload does not recognise its own pods",
        explanation: "The API server refuses such an object: `selector` does not match template `labels`.",
        fix: "give the template the labels that the selector asks for",
        bad: examples!("selector-does-not-match-template").0,
        good: examples!("selector-does-not-match-template").1,
        check: mismatching_selector,
    },
    Rule {
        id: "overlapping-selectors",
        aliases: &[],
        severity: Severity::Warning,
        title: "two workloads count each other's pods",
        explanation: "Pods belong to the workload that made them, but budgets, Services and people who use the same \
             labels see one crowd; a controller adopts orphans that match, also those of the other.",
        fix: "add a label that tells the two apart to both selectors and templates",
        bad: examples!("overlapping-selectors").0,
        good: examples!("overlapping-selectors").1,
        check: overlapping,
    },
    Rule {
        id: "wrong-restart-policy",
        aliases: &["kube-linter:restart-policy", "kube-score:cronjob-restartpolicy"],
        severity: Severity::Error,
        title: "a restartPolicy that the kind does not allow",
        explanation: "Deployments, ReplicaSets, StatefulSets, DaemonSets and ReplicationControllers allow only Always; \
             Jobs only OnFailure and Never. The API server refuses the object.",
        fix: "use the policy that the kind allows, or another kind",
        bad: examples!("wrong-restart-policy").0,
        good: examples!("wrong-restart-policy").1,
        check: restart_policy,
    },
];

fn matches_nothing(cluster: &Cluster<'_>, report: &mut Report) {
    // Where there are no workloads at all, they are in files that were not given.
    if cluster.workloads.is_empty() {
        return;
    }
    for (manifest, service) in &cluster.services {
        if service.spec.selector.is_empty() {
            continue;
        }
        let selector = Selector::from_labels(&service.spec.selector);
        if !cluster.workloads.iter().any(|own| own.is_meant_by(&selector, &service.metadata.namespace)) {
            let text =
                format!("no workload here has the labels `{selector}`{}", near_labels(cluster, &selector));
            report.add(cluster.site(manifest, "spec.selector"), text);
        }
    }
    for (manifest, budget) in &cluster.budgets {
        let Ok(selector) = Selector::from_option(budget.spec.selector.as_ref()) else { continue };
        if !cluster.workloads.iter().any(|own| own.is_meant_by(&selector, &budget.metadata.namespace)) {
            let text =
                format!("no workload here has the labels `{selector}`{}", near_labels(cluster, &selector));
            report.add(cluster.site(manifest, "spec.selector"), text);
        }
    }
}

/// Labels that were probably meant.
fn near_labels(cluster: &Cluster<'_>, selector: &Selector) -> String {
    let text = |labels: &crate::api::Labels| Selector::from_labels(labels).to_string();
    let known: Vec<String> = cluster.workloads.iter().map(|workload| text(workload.labels)).collect();
    let near = nearest(&selector.to_string(), known.iter().map(String::as_str));
    near.map_or(String::new(), |near| format!(" (there is `{near}`)"))
}

fn without_endpoints(cluster: &Cluster<'_>, report: &mut Report) {
    for (manifest, service) in &cluster.services {
        if service.spec.selector.is_empty() {
            continue;
        }
        let selector = Selector::from_labels(&service.spec.selector);
        let namespace = &service.metadata.namespace;
        let own: Vec<_> =
            cluster.workloads.iter().filter(|it| it.is_meant_by(&selector, namespace)).collect();
        if let Some(first) = own.first().filter(|_| own.iter().all(|workload| workload.replicas == Some(0))) {
            let text = format!("{} {} has no replicas", first.kind, first.metadata.name);
            report.add(cluster.site(manifest, "spec.selector"), text);
        }
    }
}

fn port_unknown(cluster: &Cluster<'_>, report: &mut Report) {
    for (manifest, service) in &cluster.services {
        let selector = Selector::from_labels(&service.spec.selector);
        if service.spec.selector.is_empty() {
            continue;
        }
        let own = |workload: &&crate::lint::cluster::Workload<'_>| {
            workload.is_meant_by(&selector, &service.metadata.namespace)
        };
        let ports: Vec<_> = cluster
            .workloads
            .iter()
            .filter(own)
            .flat_map(|workload| workload.spec.containers.iter())
            .flat_map(|container| &container.ports)
            .collect();
        for (n, port) in service.spec.ports.iter().enumerate() {
            let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
            let known = ports.iter().any(|own| match &target {
                IntOrString::Int(number) => own.container_port == *number,
                IntOrString::Text(name) => own.name.as_ref() == Some(name),
            });
            // Containers that declare no port at all may listen on any.
            if !known && !ports.is_empty() {
                let text = format!("no container of its pods has a port `{target}`");
                report.add(cluster.site(manifest, &format!("spec.ports[{n}].targetPort")), text);
            }
        }
    }
}

fn mismatching_selector(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        let Some(selector) = &workload.selector else { continue };
        if !selector.is_nothing() && !selector.matches(workload.labels) {
            let text = format!("its selector `{selector}` does not match the labels of its template");
            report.add(cluster.site(workload.manifest, "spec.selector"), text);
        }
    }
}

fn overlapping(cluster: &Cluster<'_>, report: &mut Report) {
    for (n, workload) in cluster.workloads.iter().enumerate() {
        let Some(selector) = &workload.selector else { continue };
        let both = cluster.workloads[..n].iter().find(|other| {
            // The same object in another file is no second workload.
            (other.kind, &other.metadata.name) != (workload.kind, &workload.metadata.name)
                && other.is_meant_by(selector, &workload.metadata.namespace)
                && other
                    .selector
                    .as_ref()
                    .is_some_and(|theirs| workload.is_meant_by(theirs, &other.metadata.namespace))
        });
        if let Some(other) = both {
            let text = format!(
                "its selector `{selector}` also means the pods of {} {}",
                other.kind, other.metadata.name
            );
            report.add(cluster.site(workload.manifest, "spec.selector"), text);
        }
    }
}

fn restart_policy(cluster: &Cluster<'_>, report: &mut Report) {
    use crate::api::Kind;
    for workload in &cluster.workloads {
        let policy = workload.spec.restart_policy;
        let allowed = match workload.kind {
            Kind::Pod => continue,
            Kind::Job | Kind::CronJob => policy != RestartPolicy::Always,
            _ => policy == RestartPolicy::Always,
        };
        if !allowed {
            let text = format!("{} does not allow restartPolicy {policy:?}", workload.kind);
            report.add(cluster.site(workload.manifest, &format!("{}.restartPolicy", workload.path)), text);
        }
    }
}
