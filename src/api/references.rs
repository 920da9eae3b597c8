//! What a pod names of ConfigMaps and Secrets: in the environment of its containers and in its volumes.

use serde_json::Value;

use super::core::Opaque;
use super::object::Kind;
use super::pod::{Container, PodSpec, Volume};
use crate::base::Name;

/// A ConfigMap or Secret that a pod names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `ConfigMap` or `Secret`.
    pub kind: Kind,
    /// Name, in the namespace of the pod.
    pub name: Name,
    /// Keys that it must have.
    pub keys: Vec<Name>,
    /// Whether the pod does without it.
    pub optional: bool,
}

impl Reference {
    /// Reads `{name, key, optional}` or, of a volume, `{name, items, optional}`; a Secret's volume calls its name
    /// `secretName`.
    fn read(kind: Kind, from: Option<&Value>) -> Option<Self> {
        let from = from?;
        let text = |field: &str| from.get(field).and_then(Value::as_str).map(Name::from);
        let items = from.get("items").and_then(Value::as_array).into_iter().flatten();
        let key = |item: &Value| item.get("key").and_then(Value::as_str).map(Name::from);
        Some(Self {
            kind,
            name: text("name").or_else(|| text("secretName"))?,
            keys: text("key").into_iter().chain(items.filter_map(key)).collect(),
            optional: from.get("optional").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// The first that is there of a ConfigMap and a Secret, under these fields of `from`.
    fn either(from: &Value, config_map: &str, secret: &str) -> Option<Self> {
        Self::read(Kind::ConfigMap, from.get(config_map))
            .or_else(|| Self::read(Kind::Secret, from.get(secret)))
    }
}

fn items(list: &Opaque) -> impl Iterator<Item = &Value> {
    list.as_deref().and_then(Value::as_array).into_iter().flatten()
}

/// What the environment of a container is made of, in the order in which the kubelet looks it up.
pub fn of_environment(container: &Container) -> Vec<Reference> {
    let whole =
        items(&container.env_from).filter_map(|from| Reference::either(from, "configMapRef", "secretRef"));
    let single = items(&container.env).filter_map(|variable| {
        Reference::either(variable.get("valueFrom")?, "configMapKeyRef", "secretKeyRef")
    });
    whole.chain(single).collect()
}

/// What a volume is made of.
pub fn of_volume(volume: &Volume) -> Vec<Reference> {
    let config_map = Reference::read(Kind::ConfigMap, volume.config_map.as_deref());
    let secret = Reference::read(Kind::Secret, volume.secret.as_deref());
    let sources = volume.projected.as_deref().and_then(|projected| projected.get("sources")?.as_array());
    let projected =
        sources.into_iter().flatten().filter_map(|source| Reference::either(source, "configMap", "secret"));
    config_map.into_iter().chain(secret).chain(projected).collect()
}

/// The volumes that a container of the pod mounts; a kubelet leaves the others alone.
pub fn mounted_volumes(spec: &PodSpec) -> impl Iterator<Item = &Volume> {
    let names: Vec<&str> = spec
        .init_containers
        .iter()
        .chain(&spec.containers)
        .flat_map(|container| items(&container.volume_mounts).chain(items(&container.volume_devices)))
        .filter_map(|mount| mount.get("name")?.as_str())
        .collect();
    spec.volumes.iter().filter(move |volume| names.contains(&volume.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_wherever_they_stand() {
        let spec: PodSpec = serde_json::from_value(serde_json::json!({
            "containers": [{
                "name": "c",
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}},
                ],
                "envFrom": [{"prefix": "P_", "configMapRef": {"name": "m"}}],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "p", "mountPath": "/p"}],
            }],
            "volumes": [
                {"name": "v", "secret": {"secretName": "tls", "items": [{"key": "crt", "path": "crt"}]}},
                {"name": "p", "projected": {"sources": [{"serviceAccountToken": {}}, {"configMap": {"name": "ca"}}]}},
                {"name": "unused", "configMap": {"name": "x"}},
            ],
        }))
        .unwrap();
        let show = |found: Vec<Reference>| -> Vec<String> {
            let one = |found: &Reference| {
                format!("{} {} {:?} {}", found.kind, found.name, found.keys, found.optional)
            };
            found.iter().map(one).collect()
        };
        assert_eq!(
            show(of_environment(&spec.containers[0])),
            ["ConfigMap m [] false", "Secret s [\"k\"] true"]
        );
        let volumes = mounted_volumes(&spec).flat_map(of_volume).collect();
        assert_eq!(show(volumes), ["Secret tls [\"crt\"] false", "ConfigMap ca [] false"]);
    }
}
