//! Kinds of Kubernetes itself that are kept whole and that no component of the cluster acts on: people create, list,
//! describe, label and delete them, quotas count them, and deletion of namespaces and owners takes them along.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::meta::ObjectMeta;

macro_rules! kept {
    ($($kind:ident)*) => {
        $(
            /// An object of this kind, as written.
            #[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
            pub struct $kind {
                /// Identity.
                #[serde(default)]
                pub metadata: ObjectMeta,
                /// Everything else, by field.
                #[serde(flatten)]
                pub content: Content,
            }
        )*
    };
}

kept! {
    ConfigMap Secret ServiceAccount PersistentVolumeClaim PersistentVolume StorageClass Ingress IngressClass
    NetworkPolicy Role RoleBinding ClusterRole ClusterRoleBinding
}

/// The fields of an object besides its metadata, as written.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(pub Map<String, Value>);

impl Content {
    /// What stands at a path of fields (`["spec", "ingressClassName"]`).
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, field| value.get(field))
    }

    /// The text at a path; empty when there is none.
    pub fn text(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The keys of the map at a path, in their order.
    pub fn keys(&self, path: &[&str]) -> impl Iterator<Item = &str> {
        let map = self.at(path).and_then(Value::as_object);
        map.into_iter().flat_map(|map| map.keys().map(String::as_str))
    }

    /// How many entries the map or list at a path has.
    pub fn count(&self, path: &[&str]) -> usize {
        match self.at(path) {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        }
    }
}

impl ConfigMap {
    /// Whether it has a key, among texts or binary data.
    pub fn has_key(&self, key: &str) -> bool {
        ["data", "binaryData"].iter().any(|field| self.content.at(&[field, key]).is_some())
    }
}

impl Secret {
    /// Whether it has a key, encoded or as text.
    pub fn has_key(&self, key: &str) -> bool {
        ["data", "stringData"].iter().any(|field| self.content.at(&[field, key]).is_some())
    }
}
