//! Pods and pod templates: `ValidatePodSpec` of `pkg/apis/core/validation`.

use std::collections::BTreeSet;

use super::path::{Path, Problems};
use super::{SPEC, container, metadata, resources, scheduling};
use crate::api::names;
use crate::api::pod::{Pod, PodSpec, PodTemplate, Volume};
use crate::base::Name;

/// Values of `dnsPolicy`.
const DNS_POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

pub(super) fn check(problems: &mut Problems, pod: &Pod) {
    check_spec(problems, &SPEC, &pod.spec, true);
    check_node_name(problems, pod);
}

/// The part of the spec that every pod has for itself.
pub(super) fn check_node_name(problems: &mut Problems, pod: &Pod) {
    if let Some(node) = &pod.node_name {
        let path = SPEC.child("nodeName");
        problems.invalid_text(&path, node, &names::dns1123_subdomain(node));
        if !pod.spec.scheduling_gates.is_empty() {
            problems.forbidden(&path, "cannot be set until all schedulingGates have been cleared");
        }
    }
}

pub(super) fn check_template(problems: &mut Problems, path: &Path<'_>, template: &PodTemplate) {
    check_template_metadata(problems, path, template);
    check_spec(problems, &path.child("spec"), &template.spec, false);
}

/// Only labels and annotations.
pub(super) fn check_template_metadata(problems: &mut Problems, path: &Path<'_>, template: &PodTemplate) {
    let metadata = path.child("metadata");
    metadata::check_labels(problems, &metadata.child("labels"), &template.metadata.labels);
    metadata::check_annotations(problems, &metadata.child("annotations"), &template.metadata.annotations);
}

fn check_spec(problems: &mut Problems, path: &Path<'_>, spec: &PodSpec, is_pod: bool) {
    check_volumes(problems, &path.child("volumes"), &spec.volumes);
    container::check_all(problems, path, spec, is_pod);
    problems.word(&path.child("dnsPolicy"), spec.dns_policy.as_deref(), DNS_POLICIES);
    scheduling::check(problems, path, spec);
    if let Some(resources) = &spec.resources {
        resources::check_pod(problems, &path.child("resources"), resources);
    }
    resources::check_amounts(problems, &path.child("overhead"), &spec.overhead);
    if let Some(seconds) = spec.active_deadline_seconds {
        problems.in_range(&path.child("activeDeadlineSeconds"), seconds, 1, i64::from(i32::MAX));
    }
    for (field, name, rule) in [
        (
            "serviceAccountName",
            &spec.service_account_name,
            names::dns1123_subdomain as fn(&str) -> Vec<String>,
        ),
        ("hostname", &spec.hostname, names::dns1123_label),
        ("subdomain", &spec.subdomain, names::dns1123_label),
        ("priorityClassName", &spec.priority_class_name, names::dns1123_subdomain),
        ("runtimeClassName", &spec.runtime_class_name, names::dns1123_subdomain),
    ] {
        if let Some(name) = name.as_ref().filter(|name| !name.is_empty()) {
            problems.invalid_text(&path.child(field), name, &rule(name));
        }
    }
    let gates = path.child("readinessGates");
    for (at, gate) in spec.readiness_gates.iter().enumerate() {
        let messages = names::qualified_name(&gate.condition_type);
        problems.invalid_text(&gates.index(at).child("conditionType"), &gate.condition_type, &messages);
    }
}

fn check_volumes(problems: &mut Problems, path: &Path<'_>, volumes: &[Volume]) {
    let mut seen: BTreeSet<&Name> = BTreeSet::new();
    for (at, volume) in volumes.iter().enumerate() {
        let path = path.index(at);
        let name = path.child("name");
        if volume.name.is_empty() {
            problems.required(&name, "");
        } else {
            problems.invalid_text(&name, &volume.name, &names::dns1123_label(&volume.name));
        }
        if !seen.insert(&volume.name) {
            problems.duplicate(&name, volume.name.as_str());
        }
        let limit = volume.empty_dir.as_ref().and_then(|directory| directory.size_limit);
        if limit.is_some_and(|limit| limit.signum() < 0) {
            problems.forbidden(
                &path.child("emptyDir").child("sizeLimit"),
                "SizeLimit field must be a valid resource quantity",
            );
        }
    }
}
