//! What must not change: `Validate*Update` of `pkg/apis/*/validation`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::SPEC;
use super::path::{Path, Problems};
use crate::api::batch::Job;
use crate::api::core::Toleration;
use crate::api::object::Object;
use crate::api::pod::{Container, NodeAffinity, NodeSelector, Pod, PodSpec};
use crate::api::service::Service;
use crate::api::workload::StatefulSet;

const IMMUTABLE: &str = "field is immutable";

/// Whether nothing but metadata and status differs, as far as can be told at no cost.
pub(super) fn same_spec(old: &Object, new: &Object) -> bool {
    match (old, new) {
        (Object::Pod(old), Object::Pod(new)) => {
            Arc::ptr_eq(&old.spec, &new.spec) && old.node_name == new.node_name
        }
        (Object::Node(old), Object::Node(new)) => old.spec == new.spec,
        _ => old.same_allocation(new),
    }
}

pub(super) fn check(problems: &mut Problems, old: &Object, new: &Object) {
    match (old, new) {
        (Object::Pod(old), Object::Pod(new)) => check_pod(problems, old, new),
        (Object::Deployment(old), Object::Deployment(new)) => {
            immutable(problems, "selector", &old.spec.selector, &new.spec.selector);
        }
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) => {
            immutable(problems, "selector", &old.spec.selector, &new.spec.selector);
        }
        (Object::DaemonSet(old), Object::DaemonSet(new)) => {
            immutable(problems, "selector", &old.spec.selector, &new.spec.selector);
        }
        (Object::StatefulSet(old), Object::StatefulSet(new)) => check_stateful_set(problems, old, new),
        (Object::Job(old), Object::Job(new)) => check_job(problems, old, new),
        (Object::Service(old), Object::Service(new)) => check_service(problems, old, new),
        (Object::PriorityClass(old), Object::PriorityClass(new)) if old.value != new.value => {
            problems.forbidden(&Path::root("value"), "may not be changed in an update.");
        }
        (Object::Node(old), Object::Node(new))
            if old.spec.provider_id.is_some() && old.spec.provider_id != new.spec.provider_id =>
        {
            let detail = "node updates may not change providerID except from \"\" to valid";
            problems.forbidden(&SPEC.child("providerID"), detail);
        }
        _ => {}
    }
}

fn immutable<T: PartialEq + serde::Serialize>(problems: &mut Problems, field: &str, old: &T, new: &T) {
    if old != new {
        problems.invalid(&SPEC.child(field), json!(new), IMMUTABLE);
    }
}

fn check_stateful_set(problems: &mut Problems, old: &StatefulSet, new: &StatefulSet) {
    let (old, new) = (&old.spec, &new.spec);
    let same = old.selector == new.selector
        && old.service_name == new.service_name
        && old.pod_management_policy == new.pod_management_policy
        && old.volume_claim_templates == new.volume_claim_templates;
    if !same {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                      'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                      'minReadySeconds' are forbidden";
        problems.forbidden(&SPEC, detail);
    }
}

/// Completions of an indexed Job may follow its parallelism; the template of a suspended one that has not started may be
/// given other places to run.
fn check_job(problems: &mut Problems, old: &Job, new: &Job) {
    let (old_spec, new_spec) = (&old.spec, &new.spec);
    let elastic = new_spec.completion_mode.as_deref() == Some("Indexed")
        && new_spec.completions.is_some()
        && new_spec.completions == new_spec.parallelism;
    if !elastic {
        immutable(problems, "completions", &old_spec.completions, &new_spec.completions);
    }
    // The server fills in an absent selector.
    if old_spec.selector.is_some() {
        immutable(problems, "selector", &old_spec.selector, &new_spec.selector);
    }
    let mut template = new_spec.template.clone();
    if old_spec.suspend == Some(true) && old.status.start_time.is_none() {
        let (spec, stored) = (Arc::make_mut(&mut template.spec), &old_spec.template.spec);
        spec.node_selector = stored.node_selector.clone();
        spec.tolerations.clone_from(&stored.tolerations);
        spec.affinity.clone_from(&stored.affinity);
        spec.scheduling_gates.clone_from(&stored.scheduling_gates);
        template.metadata.labels = old_spec.template.metadata.labels.clone();
        template.metadata.annotations = old_spec.template.metadata.annotations.clone();
    }
    if template != old_spec.template {
        problems.invalid(&SPEC.child("template"), json!(new_spec.template), IMMUTABLE);
    }
    immutable(problems, "completionMode", &old_spec.completion_mode, &new_spec.completion_mode);
    immutable(problems, "podFailurePolicy", &old_spec.pod_failure_policy, &new_spec.pod_failure_policy);
    immutable(problems, "successPolicy", &old_spec.success_policy, &new_spec.success_policy);
    immutable(
        problems,
        "backoffLimitPerIndex",
        &old_spec.backoff_limit_per_index,
        &new_spec.backoff_limit_per_index,
    );
}

/// The address of a service is given once and for all, unless it becomes, or was, a name only.
fn check_service(problems: &mut Problems, old: &Service, new: &Service) {
    let named = |service: &Service| service.spec.kind.as_deref() == Some("ExternalName");
    let address = |service: &Service| service.spec.cluster_ip.clone().filter(|ip| !ip.is_empty());
    if !named(old) && !named(new) && address(old).is_some() && address(old) != address(new) {
        let path = SPEC.child("clusterIPs");
        problems.invalid(&path.index(0), json!(new.spec.cluster_ips), "may not change once set");
    }
}

const POD_UPDATE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                          `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                          additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set \
                          to 1 if it was previously negative)";

fn check_pod(problems: &mut Problems, old: &Pod, new: &Pod) {
    let (before, after) = (&old.spec, &new.spec);
    for (field, before, after) in [
        ("containers", &before.containers, &after.containers),
        ("initContainers", &before.init_containers, &after.init_containers),
    ] {
        if before.len() != after.len() {
            return problems.forbidden(&SPEC.child(field), "pod updates may not add or remove containers");
        }
    }
    check_deadline(problems, before.active_deadline_seconds, after.active_deadline_seconds);
    let kept =
        |toleration: &&Toleration| !after.tolerations.iter().any(|other| same_toleration(toleration, other));
    if before.tolerations.iter().any(|toleration| kept(&toleration)) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        problems.forbidden(&SPEC.child("tolerations"), detail);
    }
    check_gates(problems, before, after);
    // What may change is put back; then nothing may be left.
    let mut rest = (**after).clone();
    rest.active_deadline_seconds = before.active_deadline_seconds;
    rest.tolerations.clone_from(&before.tolerations);
    rest.scheduling_gates.clone_from(&before.scheduling_gates);
    put_back_images(&mut rest.containers, &before.containers);
    put_back_images(&mut rest.init_containers, &before.init_containers);
    let was_negative = before.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0);
    if was_negative && after.termination_grace_period_seconds == Some(1) {
        rest.termination_grace_period_seconds = before.termination_grace_period_seconds;
    }
    if !before.scheduling_gates.is_empty() {
        put_back_narrowed_place(&mut rest, before);
    }
    if rest != **before || old.node_name != new.node_name {
        problems.forbidden(&SPEC, POD_UPDATE);
    }
}

/// A deadline may be set or come closer.
fn check_deadline(problems: &mut Problems, old: Option<i64>, new: Option<i64>) {
    let path = SPEC.child("activeDeadlineSeconds");
    match (old, new) {
        (Some(old), Some(new)) if new > old => {
            problems.invalid(&path, new, "must be less than or equal to previous value");
        }
        (Some(_), None) => {
            problems.invalid(&path, Value::Null, "must not update from a positive integer to nil value");
        }
        _ => {}
    }
}

/// Apart from the time.
fn same_toleration(a: &Toleration, b: &Toleration) -> bool {
    (&a.key, a.operator, &a.value, a.effect) == (&b.key, b.operator, &b.value, b.effect)
}

fn check_gates(problems: &mut Problems, old: &PodSpec, new: &PodSpec) {
    let path = SPEC.child("schedulingGates");
    for (at, gate) in new.scheduling_gates.iter().enumerate() {
        if !old.scheduling_gates.contains(gate) {
            problems.forbidden(&path.index(at), "only deletion is allowed, but found new scheduling gate");
        }
    }
}

fn put_back_images(containers: &mut [Container], before: &[Container]) {
    for (container, before) in containers.iter_mut().zip(before) {
        if !container.image.is_empty() {
            container.image = before.image.clone();
        }
    }
}

/// While a pod is gated, its node selector may gain labels and its required node affinity requirements.
fn put_back_narrowed_place(rest: &mut PodSpec, before: &PodSpec) {
    if before.node_selector.iter().all(|(key, value)| rest.node_selector.get(key) == Some(value)) {
        rest.node_selector = before.node_selector.clone();
    }
    let nodes = |spec: &PodSpec| spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let (old, new) = (nodes(before), nodes(rest));
    if narrows(old.as_ref().and_then(|n| n.required.as_ref()), new.as_ref().and_then(|n| n.required.as_ref()))
    {
        let required = old.as_ref().and_then(|nodes| nodes.required.clone());
        let affinity = rest.affinity.get_or_insert_default();
        let nodes = NodeAffinity { required, ..new.unwrap_or_default() };
        affinity.node_affinity = (nodes != NodeAffinity::default() || old.is_some()).then_some(nodes);
        if **affinity == crate::api::pod::Affinity::default() && before.affinity.is_none() {
            rest.affinity = None;
        }
    }
}

/// Whether every term still asks for all that it asked for. Without terms before, any may come.
fn narrows(old: Option<&NodeSelector>, new: Option<&NodeSelector>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return old.is_none() };
    let (old, new) = (&old.node_selector_terms, &new.node_selector_terms);
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            new.match_expressions.starts_with(&old.match_expressions)
                && new.match_fields.starts_with(&old.match_fields)
        })
}
