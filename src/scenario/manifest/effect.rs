//! Fields of Kubernetes objects that change nothing in a run.
//!
//! A field is known by the key of the mapping or list it stands in and by its own name: `env` in `containers`, but
//! not the label `env`. The tables follow `src/api`: what is `Opaque` there, and what Kubernetes has but those types
//! have not.

use std::sync::Arc;

use crate::scenario::model::Place;
use crate::scenario::read::Context;
use crate::source::{Kind, Node, UnknownField};

/// Kept without effect, and worth a word.
const WITHOUT_EFFECT: &[(&[&str], &[&str])] = &[
    (&["containers", "initContainers"], &["env", "securityContext", "resizePolicy"]),
    (
        &["spec"],
        &[
            "dnsConfig",
            "ephemeralContainers",
            "hostAliases",
            "hostnameOverride",
            "imagePullSecrets",
            "persistentVolumeClaimRetentionPolicy",
            "podFailurePolicy",
            "resourceClaims",
            "scopeSelector",
            "securityContext",
            "sessionAffinityConfig",
            "setHostnameAsFQDN",
            "successPolicy",
            "volumeClaimTemplates",
            "workloadRef",
        ],
    ),
    (
        &["volumes"],
        &[
            "awsElasticBlockStore",
            "azureDisk",
            "azureFile",
            "cephfs",
            "cinder",
            "csi",
            "downwardAPI",
            "ephemeral",
            "fc",
            "flexVolume",
            "flocker",
            "gcePersistentDisk",
            "gitRepo",
            "glusterfs",
            "hostPath",
            "image",
            "iscsi",
            "nfs",
            "persistentVolumeClaim",
            "photonPersistentDisk",
            "portworxVolume",
            "quobyte",
            "rbd",
            "scaleIO",
            "storageos",
            "vsphereVolume",
        ],
    ),
    (&["resources"], &["claims"]),
    (&["httpGet"], &["httpHeaders"]),
];

/// Dropped in silence: bookkeeping of servers and tools, and fields that no server looks at any more.
const DROPPED: &[(&str, &[&str])] = &[
    ("", &["apiVersion", "kind"]),
    ("metadata", &["clusterName", "managedFields", "selfLink", "initializers"]),
    ("spec", &["configSource", "externalID", "rollbackTo", "templateGeneration", "portalIP"]),
];

/// Counts the fields of an object that have no effect.
pub(super) fn note(object: &Node, context: &Context<'_>) {
    walk(object, "", context);
}

/// `owner` is the key under which `node`, or the list it is in, stands. Recursion is safe: a tree has a depth limit.
fn walk(node: &Node, owner: &str, context: &Context<'_>) {
    for item in node.items() {
        walk(item, owner, context);
    }
    for entry in node.entries() {
        // What the system says about an object is never the author's wish.
        if owner.is_empty() && &*entry.key.text == "status" || entry.value.kind == Kind::Null {
            continue;
        }
        match without_effect(owner, &entry.key.text).filter(|_| !is_looked_at(&entry.value)) {
            Some(field) => context
                .notes
                .borrow_mut()
                .effectless(field, || Place { file: Arc::clone(context.file), span: entry.key.span }),
            None => walk(&entry.value, &entry.key.text, context),
        }
    }
}

/// Whether a kubelet looks at something in an environment or a security context.
fn is_looked_at(value: &Node) -> bool {
    const FIELDS: [&str; 3] = ["configMapKeyRef", "secretKeyRef", "runAsNonRoot"];
    let looked_at = |node: &Node| node.entries().iter().any(|entry| FIELDS.contains(&&*entry.key.text));
    let variables = value.items().iter().flat_map(Node::entries);
    looked_at(value) || variables.into_iter().any(|entry| looked_at(&entry.value))
}

fn without_effect(owner: &str, key: &str) -> Option<&'static str> {
    let rows = WITHOUT_EFFECT.iter().filter(|(owners, _)| owners.contains(&owner));
    rows.flat_map(|(_, fields)| fields.iter()).find(|field| **field == key).copied()
}

/// Whether nothing is to be said of a field that the types of the API do not have. `object` is the path of the object.
pub(super) fn is_silent(field: &UnknownField, object: &str) -> bool {
    let parent = field.parent.strip_prefix(object).unwrap_or(&field.parent).trim_start_matches('.');
    let in_status = parent == "status" || parent.starts_with("status.") || parent.starts_with("status[");
    let last = parent.rsplit('.').next().unwrap_or_default();
    let owner = last.split('[').next().unwrap_or_default();
    let dropped = |(dropped, fields): &(&str, &[&str])| *dropped == owner && fields.contains(&&*field.key);
    in_status || DROPPED.iter().any(dropped) || without_effect(owner, &field.key).is_some()
}
