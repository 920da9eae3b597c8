//! Horizontal pod autoscalers.

use crate::api::autoscaling::HorizontalPodAutoscaler;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Workload};
use crate::lint::finding::Report;
use crate::lint::rule::examples;
use crate::source::Severity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "autoscaler-without-request",
        aliases: &[],
        severity: Severity::Error,
        title: "utilisation of a resource that is not requested",
        explanation: "Utilisation is use divided by the request. If one container of the pod has no request, the \
             autoscaler reports `missing request for cpu` and never scales.",
        fix: "give every container of the pod a request, or use a metric of type AverageValue",
        bad: examples!("autoscaler-without-request").0,
        good: examples!("autoscaler-without-request").1,
        check: without_request,
    },
    Rule {
        id: "autoscaler-target-missing",
        aliases: &[
            "kube-linter:dangling-horizontalpodautoscaler",
            "kube-score:horizontalpodautoscaler-has-target",
        ],
        severity: Severity::Error,
        title: "an autoscaler for something that is not here",
        explanation: "Its condition AbleToScale stays False (FailedGetScale), and nothing is scaled.",
        fix: "compare kind, name and namespace of scaleTargetRef",
        bad: examples!("autoscaler-target-missing").0,
        good: examples!("autoscaler-target-missing").1,
        check: target_missing,
    },
    Rule {
        id: "autoscaler-fights-replicas",
        aliases: &["kube-score:deployment-targeted-by-hpa-does-not-have-replicas-configured"],
        severity: Severity::Warning,
        title: "replicas are written in the manifest and set by an autoscaler",
        explanation: "Each `kubectl apply` sets the number of the manifest, and the autoscaler changes it back: pods \
             are deleted and made anew with every deployment.",
        fix: "leave spec.replicas out",
        bad: examples!("autoscaler-fights-replicas").0,
        good: examples!("autoscaler-fights-replicas").1,
        check: fights_replicas,
    },
];

fn target<'c, 'a>(
    cluster: &'c Cluster<'a>,
    autoscaler: &HorizontalPodAutoscaler,
) -> Option<&'c Workload<'a>> {
    let wanted = &autoscaler.spec.scale_target_ref;
    cluster.workloads.iter().find(|workload| {
        *workload.kind.as_str() == *wanted.kind
            && workload.metadata.name == wanted.name
            && workload.metadata.namespace == autoscaler.metadata.namespace
    })
}

fn without_request(cluster: &Cluster<'_>, report: &mut Report) {
    for (manifest, autoscaler) in &cluster.autoscalers {
        let Some(workload) = target(cluster, autoscaler) else { continue };
        let of_resources = autoscaler.spec.metrics.iter().filter_map(|metric| metric.resource.as_ref());
        let mut resources: Vec<&str> = of_resources
            .filter(|source| source.target.average_utilization.is_some())
            .map(|source| &*source.name)
            .collect();
        // Without any metric, or in version 1, it is the utilisation of CPU.
        if autoscaler.spec.metrics.is_empty() {
            resources.push("cpu");
        }
        for resource in resources {
            let without = workload.spec.containers.iter().find(|container| {
                !container.resources.requests.contains_key(resource)
                    && !container.resources.limits.contains_key(resource)
            });
            if let Some(container) = without {
                let text = format!(
                    "it wants the utilisation of {resource}, and container `{}` of {} {} requests none",
                    container.name, workload.kind, workload.metadata.name
                );
                report.add(cluster.site(manifest, "spec.metrics"), text);
            }
        }
    }
}

fn target_missing(cluster: &Cluster<'_>, report: &mut Report) {
    for (manifest, autoscaler) in &cluster.autoscalers {
        if target(cluster, autoscaler).is_none() {
            let wanted = &autoscaler.spec.scale_target_ref;
            let text = format!("there is no {} `{}` in its namespace", wanted.kind, wanted.name);
            report.add(cluster.site(manifest, "spec.scaleTargetRef.name"), text);
        }
    }
}

fn fights_replicas(cluster: &Cluster<'_>, report: &mut Report) {
    for (manifest, autoscaler) in &cluster.autoscalers {
        let Some(workload) = target(cluster, autoscaler) else { continue };
        if cluster.written(workload.manifest, "spec.replicas").is_some() {
            let text = format!(
                "its replicas are also set by HorizontalPodAutoscaler {}",
                manifest.object.metadata().name
            );
            report.add(cluster.site(workload.manifest, "spec.replicas"), text);
        }
    }
}
