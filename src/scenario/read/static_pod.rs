//! Reader of manifests in the directory of a kubelet, and of steps that change them.

use std::sync::Arc;

use super::target::{self, NODE_FIELDS};
use super::{Read, Value};
use crate::api::object::Object;
use crate::api::pod::Pod;
use crate::scenario::manifest;
use crate::scenario::step::{Action, ManifestChange};
use crate::source::Node;

/// What a static pod may not refer to: its kubelet runs it without the API server.
const REFERENCES: [&str; 8] = [
    "configMap",
    "configMapKeyRef",
    "configMapRef",
    "persistentVolumeClaim",
    "secret",
    "secretKeyRef",
    "secretRef",
    "serviceAccountName",
];

/// Reads the manifest of a static pod.
pub(super) fn static_pod(value: &Value<'_>) -> Read<Arc<Pod>> {
    let manifests = manifest::objects(value)?;
    let [manifest] = &manifests[..] else {
        return value.wrong("invalid-value", "the manifest of a static pod is one Pod");
    };
    let Object::Pod(pod) = &manifest.object else {
        let message = format!("a kubelet runs pods from files, not a {}", manifest.kind());
        return value.wrong_help("invalid-value", message, "write `kind: Pod`");
    };
    if let Some(field) = reference(value.node) {
        let message = format!("a static pod cannot refer to objects of the API, as `{field}` does");
        return value.wrong("invalid-value", message);
    }
    if pod.metadata.name.is_empty() {
        return value.wrong("missing-field", "a static pod has a `metadata.name`");
    }
    Ok(pod.clone())
}

/// Recursion is safe: a tree has a depth limit.
fn reference(node: &Node) -> Option<&'static str> {
    let here = node.entries().iter().find_map(|entry| {
        let known = REFERENCES.into_iter().find(|field| *field == &*entry.key.text);
        known.or_else(|| reference(&entry.value))
    });
    here.or_else(|| node.items().iter().find_map(reference))
}

/// `{node: worker-1, put: {...}}` or `{node: worker-1, remove: etcd}`.
pub(super) fn step(value: &Value<'_>) -> Read<Action> {
    let names: Vec<&'static str> = NODE_FIELDS.iter().copied().chain(["put", "remove"]).collect();
    let fields = value.fields(&names)?;
    let nodes = target::nodes(&fields);
    let change = match fields.given(&["put", "remove"])[..] {
        ["put"] => fields.need("put", static_pod).map(ManifestChange::Put),
        ["remove"] => fields
            .need("remove", Value::namespaced_name)
            .map(|(namespace, name)| ManifestChange::Remove { namespace, name }),
        [] => fields.lacks("it does not say what becomes of the manifest", "give `put` or `remove`"),
        _ => value.wrong("conflict", "`put` and `remove` are two steps"),
    };
    Ok(Action::StaticPod { nodes: nodes?, change: change? })
}
