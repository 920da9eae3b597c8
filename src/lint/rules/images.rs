//! Images, and versions of the API.

use crate::lint::Rule;
use crate::lint::cluster::Cluster;
use crate::lint::finding::Report;
use crate::lint::rule::examples;
use crate::source::Severity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "latest-tag",
        aliases: &["kube-linter:latest-tag", "kube-score:container-image-tag"],
        severity: Severity::Warning,
        title: "an image without a fixed version",
        explanation: "The tag `latest`, or none, means another image tomorrow: replicas of one Deployment may run \
             different programs, and a rollback brings nothing back. The pull policy becomes Always, so that no pod \
             starts while the registry is away.",
        fix: "name a version, or a digest",
        bad: examples!("latest-tag").0,
        good: examples!("latest-tag").1,
        check: latest_tag,
    },
    Rule {
        id: "removed-api-version",
        aliases: &["kube-score:stable-version", "kube-linter:no-extensions-v1beta"],
        severity: Severity::Warning,
        title: "an API version that servers no longer know",
        explanation: "Clusters of today refuse this version: `no matches for kind`. Here it is read as its successor.",
        fix: "use the version that replaced it",
        bad: examples!("removed-api-version").0,
        good: examples!("removed-api-version").1,
        check: removed_version,
    },
];

fn latest_tag(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.all_containers() {
            let image = &*container.image;
            if image.is_empty() || image.contains('@') {
                continue;
            }
            // A colon before the last slash is that of a registry's port.
            let name = image.rsplit('/').next().unwrap_or(image);
            let said = match name.split_once(':') {
                Some((_, "latest")) => "has the tag `latest`",
                Some(_) => continue,
                None => "has no tag",
            };
            let text = format!("image `{image}` of container `{}` {said}", container.name);
            report.add(cluster.site(workload.manifest, &format!("{path}.image")), text);
        }
    }
}

/// Versions that are gone, since when, and what replaced them. Source: deprecation guide of Kubernetes.
const REMOVED: &[(&str, &str, &str, &str)] = &[
    ("extensions/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "", "1.16", "apps/v1"),
    ("apps/v1beta1", "", "1.16", "apps/v1"),
    ("apps/v1beta2", "", "1.16", "apps/v1"),
    ("batch/v1beta1", "CronJob", "1.25", "batch/v1"),
    ("batch/v2alpha1", "CronJob", "1.21", "batch/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", "1.25", ""),
    ("autoscaling/v2beta1", "", "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "", "1.26", "autoscaling/v2"),
    ("rbac.authorization.k8s.io/v1beta1", "", "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", "", "1.22", "rbac.authorization.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "StorageClass", "1.22", "storage.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "", "1.22", "scheduling.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "", "1.22", "apiextensions.k8s.io/v1"),
];

fn removed_version(cluster: &Cluster<'_>, report: &mut Report) {
    for manifest in &cluster.scenario.objects {
        let version = cluster.written(manifest, "apiVersion").and_then(crate::source::Node::as_str);
        let Some(version) = version else { continue };
        let kind = manifest.kind();
        let gone =
            REMOVED.iter().find(|(old, of, ..)| *old == version && (of.is_empty() || *of == kind.as_str()));
        if let Some((_, _, since, successor)) = gone {
            let text = match *successor {
                "" => format!("`{kind}` is gone since Kubernetes {since}"),
                successor => format!("`{version}` is gone since Kubernetes {since}: now `{successor}`"),
            };
            report.add(cluster.site(manifest, "apiVersion"), text);
        }
    }
}
