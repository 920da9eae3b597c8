//! Names, labels, annotations, owners and finalizers: `apimachinery/pkg/api/validation/objectmeta.go`.

use super::path::{Path, Problems};
use crate::api::meta::{Labels, ObjectMeta};
use crate::api::names;
use crate::api::object::Kind;

/// All keys and values of the annotations together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;
/// Longest name of a CronJob: its Jobs add 11 characters.
const CRON_JOB_NAME_MAX: usize = 52;
const METADATA: Path<'static> = Path::root("metadata");

pub(super) fn check(problems: &mut Problems, kind: Kind, metadata: &ObjectMeta) {
    check_name(problems, kind, &metadata.name);
    if !kind.names().namespaced && !metadata.namespace.is_empty() {
        problems.forbidden(&METADATA.child("namespace"), "not allowed on this type");
    }
    check_variable_parts(problems, metadata);
}

/// Names, namespaces and UIDs cannot change here: they are how the server found the old version.
pub(super) fn check_change(problems: &mut Problems, old: &ObjectMeta, new: &ObjectMeta) {
    if new.generation < old.generation {
        problems.invalid(&METADATA.child("generation"), new.generation, "must not be decremented");
    }
    let untouched = old.labels.same_allocation(&new.labels)
        && old.annotations.same_allocation(&new.annotations)
        && old.owner_references == new.owner_references
        && old.finalizers == new.finalizers;
    if !untouched {
        check_variable_parts(problems, new);
    }
}

fn check_name(problems: &mut Problems, kind: Kind, name: &str) {
    let path = METADATA.child("name");
    if name.is_empty() {
        return problems.required(&path, "name or generateName is required");
    }
    let messages = match kind {
        Kind::Namespace | Kind::StatefulSet => names::dns1123_label(name),
        Kind::Service => names::dns1035_label(name),
        Kind::Role | Kind::ClusterRole | Kind::RoleBinding | Kind::ClusterRoleBinding => {
            names::path_segment(name)
        }
        Kind::Unsimulated => Vec::new(),
        _ => names::dns1123_subdomain(name),
    };
    problems.invalid_text(&path, name, &messages);
    if kind == Kind::CronJob && name.len() > CRON_JOB_NAME_MAX {
        problems.invalid(&path, name, &names::too_long(CRON_JOB_NAME_MAX));
    }
}

fn check_variable_parts(problems: &mut Problems, metadata: &ObjectMeta) {
    check_labels(problems, &METADATA.child("labels"), &metadata.labels);
    check_annotations(problems, &METADATA.child("annotations"), &metadata.annotations);
    let owners = METADATA.child("ownerReferences");
    for (at, owner) in metadata.owner_references.iter().enumerate() {
        let path = owners.index(at);
        let fields = [("apiVersion", &owner.api_version), ("kind", &owner.kind), ("name", &owner.name)];
        for (field, _) in fields.iter().filter(|(_, value)| value.is_empty()) {
            problems.invalid(&path.child(field), "", "must not be empty");
        }
        if owner.uid.is_nil() {
            problems.invalid(&path.child("uid"), "", "must not be empty");
        }
    }
    let controllers: Vec<_> =
        metadata.owner_references.iter().filter(|owner| owner.controller == Some(true)).collect();
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            first.name, second.name
        );
        problems.invalid(&owners, serde_json::json!(metadata.owner_references), &detail);
    }
    let path = METADATA.child("finalizers");
    for finalizer in &metadata.finalizers {
        problems.invalid_text(&path, finalizer, &names::qualified_name(finalizer));
    }
}

/// `ValidateLabels`; also used for node selectors.
pub(super) fn check_labels(problems: &mut Problems, path: &Path<'_>, labels: &Labels) {
    for (key, value) in labels {
        problems.invalid_text(path, key, &names::qualified_name(key));
        problems.invalid_text(path, value, &names::label_value(value));
    }
}

/// `ValidateAnnotations`: keys may have capitals in their prefix, values may be anything.
pub(super) fn check_annotations(problems: &mut Problems, path: &Path<'_>, annotations: &Labels) {
    for (key, _) in annotations {
        problems.invalid_text(path, key, &names::qualified_name(&key.to_lowercase()));
    }
    if annotations.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > ANNOTATIONS_MAX {
        problems.too_long(path, ANNOTATIONS_MAX);
    }
}
