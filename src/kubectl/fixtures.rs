//! A small cluster for the tests of this room, at 2025-01-01T10:00:00Z.

use serde_json::{Value, json};

use super::source::{Answer, ObjectSource};
use super::{Command, Verb};
use crate::api::{Kind, Object, Timestamp};

/// Objects that are given as they would be in a manifest.
#[derive(Default)]
pub(super) struct Cluster {
    objects: Vec<Object>,
}

impl Cluster {
    pub(super) fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        Self { objects: objects.into_iter().map(object).collect() }
    }

    pub(super) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// What a `get` or `describe` answers.
    pub(super) fn answer(&self, line: &str) -> Answer {
        let command = Command::parse_line(line).unwrap();
        match &command.verb {
            Verb::Get(get) => get.answer(&command.scope, "default", self),
            Verb::Describe(describe) => describe.answer(&command.scope, "default", self),
            other => panic!("{other:?} has no answer"),
        }
    }

    /// The standard output of a command that finds what it looks for.
    pub(super) fn out(&self, line: &str) -> String {
        let answer = self.answer(line);
        assert!(!answer.failed && answer.notes.is_empty(), "{line}: {:?}", answer.notes);
        answer.out
    }
}

impl ObjectSource for Cluster {
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
        let in_namespace = |object: &&Object| {
            object.kind() == kind
                && namespace.is_none_or(|namespace| object.metadata().namespace == namespace)
        };
        self.objects.iter().filter(in_namespace).cloned().collect()
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Object> {
        let namespace = Some(namespace).filter(|_| kind.names().namespaced);
        self.list(kind, namespace).into_iter().find(|object| object.metadata().name == name)
    }

    fn now(&self) -> Timestamp {
        at("10:00:00").parse().unwrap()
    }
}

/// A time of the day of the tests.
pub(super) fn at(clock: &str) -> String {
    format!("2025-01-01T{clock}Z")
}

/// The object of a manifest; created at 09:00:00 in `default` unless it says otherwise.
pub(super) fn object(mut manifest: Value) -> Object {
    let kind = Kind::from_manifest(manifest["kind"].as_str().unwrap()).unwrap_or(Kind::Unsimulated);
    let metadata = manifest["metadata"].as_object_mut().unwrap();
    metadata.entry("creationTimestamp").or_insert_with(|| at("09:00:00").into());
    if kind.names().namespaced {
        metadata.entry("namespace").or_insert("default".into());
    }
    Object::deserialize_as(kind, manifest).unwrap()
}

/// A pod of one container `app` on node `n1`, with this container state.
pub(super) fn pod(name: &str, phase: &str, container: &Value) -> Value {
    let mut status = json!({"name": "app", "image": "web:1", "ready": false, "restartCount": 0});
    status.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:1"}]},
        "status": {"phase": phase, "podIP": "10.1.0.5", "containerStatuses": [status]},
    })
}

/// The state of a container that runs since 09:00:05.
pub(super) fn running() -> Value {
    json!({"ready": true, "started": true, "state": {"running": {"startedAt": at("09:00:05")}}})
}
