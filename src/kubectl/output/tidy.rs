//! Objects as the API server would send them: without the fields that are left out when empty.
//!
//! In Go a field marked `omitempty` disappears when it is zero, false, empty text, or an empty list or map, while a
//! struct (`emptyDir: {}`) and an unmarked field (`ready: false`) stay. Our types write every field, so this module
//! takes away what would not be there.

use serde_json::{Map, Value, json};

use crate::api::{Kind, Object};

/// The object as a JSON tree, tidied.
pub fn to_value(object: &Object) -> Value {
    let Ok(mut value) = serde_json::to_value(object) else { return Value::Null };
    if object.kind().is_simulated() {
        tidy(&mut value, object.kind(), &mut Vec::new());
    }
    if object.kind() == Kind::Pod {
        add_lists_of_addresses(&mut value);
    }
    value
}

/// The server writes each address of a pod twice: alone, and in the list that newer clients read.
fn add_lists_of_addresses(pod: &mut Value) {
    let Some(status) = pod.get_mut("status").and_then(Value::as_object_mut) else { return };
    for (one, list) in [("hostIP", "hostIPs"), ("podIP", "podIPs")] {
        if let Some(address) = status.get(one).cloned() {
            status.insert(list.to_owned(), json!([{"ip": address}]));
        }
    }
}

/// Numbers, truth values and texts that are left out when zero, false or empty.
const LEFT_OUT_WHEN_ZERO: &[&str] = &[
    "active",
    "availableReplicas",
    "component",
    "count",
    "currentReplicas",
    "failed",
    "fullyLabeledReplicas",
    "generation",
    "globalDefault",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "kind",
    "message",
    "minReadySeconds",
    "name",
    "namespace",
    "numberAvailable",
    "numberUnavailable",
    "observedGeneration",
    "paused",
    "publishNotReadyAddresses",
    "readyReplicas",
    "reason",
    "sizeBytes",
    "succeeded",
    "unavailableReplicas",
    "unschedulable",
    "updatedNumberScheduled",
    "updatedReplicas",
];

/// Maps that are left out when empty; other empty objects are structs and stay.
const LEFT_OUT_WHEN_EMPTY: &[&str] = &[
    "allocatable",
    "annotations",
    "capacity",
    "default",
    "defaultRequest",
    "disruptedPods",
    "hard",
    "labels",
    "limits",
    "matchLabels",
    "max",
    "maxLimitRequestRatio",
    "min",
    "nodeSelector",
    "overhead",
    "requests",
    "used",
];

/// Maps whose keys people choose: everything in them stays.
const FREE_KEYS: &[&str] = &["annotations", "labels", "matchLabels", "nodeSelector"];

fn tidy(value: &mut Value, kind: Kind, path: &mut Vec<String>) {
    match value {
        Value::Object(map) => tidy_map(map, kind, path),
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, kind, path)),
        _ => {}
    }
}

fn tidy_map(map: &mut Map<String, Value>, kind: Kind, path: &mut Vec<String>) {
    for (key, value) in map.iter_mut() {
        if !has_free_keys(key, value, kind, path) {
            path.push(key.clone());
            tidy(value, kind, path);
            path.pop();
        }
    }
    map.retain(|key, value| stays(key, value, kind, path));
    if is_list_with_null(kind, path) {
        for key in ["endpoints", "ports"] {
            map.entry(key).or_insert(Value::Null);
        }
    }
}

fn has_free_keys(key: &str, value: &Value, kind: Kind, path: &[String]) -> bool {
    let is_plain_selector = key == "selector" && is_spec(path) && has_plain_selector(kind);
    value.is_object() && (FREE_KEYS.contains(&key) || is_plain_selector)
}

fn stays(key: &str, value: &Value, kind: Kind, path: &[String]) -> bool {
    match value {
        Value::Null => is_written_when_null(key, kind, path),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) if map.is_empty() => {
            let is_plain_selector = key == "selector" && is_spec(path) && has_plain_selector(kind);
            !(is_plain_selector || LEFT_OUT_WHEN_EMPTY.contains(&key))
        }
        Value::Object(_) => true,
        zero if is_zero(zero) => !is_left_out_when_zero(key, zero, kind, path),
        _ => true,
    }
}

fn is_zero(value: &Value) -> bool {
    value.as_i64() == Some(0) || value == false || value == ""
}

fn is_left_out_when_zero(key: &str, value: &Value, kind: Kind, path: &[String]) -> bool {
    match (kind, key) {
        // The same names mean different things in different kinds.
        (Kind::StatefulSet, "availableReplicas") => false,
        (Kind::Deployment, "replicas") => path == ["status"],
        (Kind::Event, "type") => path.is_empty(),
        // The value of a taint is a text, that of a priority class a number.
        (_, "value") => value == "" && path.last().is_some_and(|parent| parent == "taints"),
        _ => LEFT_OUT_WHEN_ZERO.contains(&key),
    }
}

/// Fields without `omitempty`, or times, which Go never leaves out.
fn is_written_when_null(key: &str, kind: Kind, path: &[String]) -> bool {
    match key {
        "lastProbeTime" => kind == Kind::Pod && path.last().is_some_and(|parent| parent == "conditions"),
        "startedAt" | "finishedAt" => path.last().is_some_and(|parent| parent == "terminated"),
        "eventTime" | "firstTimestamp" | "lastTimestamp" => kind == Kind::Event && path.is_empty(),
        "currentMetrics" => kind == Kind::HorizontalPodAutoscaler,
        _ => false,
    }
}

/// An EndpointSlice writes empty lists as null.
fn is_list_with_null(kind: Kind, path: &[String]) -> bool {
    kind == Kind::EndpointSlice && path.is_empty()
}

fn is_spec(path: &[String]) -> bool {
    path == ["spec"]
}

/// Kinds whose selector is a plain map of labels.
fn has_plain_selector(kind: Kind) -> bool {
    matches!(kind, Kind::Service | Kind::ReplicationController)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(kind: Kind, value: Value) -> Value {
        to_value(&Object::deserialize_as(kind, value).unwrap())
    }

    #[test]
    fn a_pod_keeps_what_the_server_would_send() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "default", "labels": {"app": "web", "canary": ""},
                "resourceVersion": "7"},
            "spec": {
                "containers": [{"name": "app", "image": "web:1", "resources": {}, "args": ["-v"]}],
                "nodeName": "n1", "restartPolicy": "Always", "securityContext": {},
                "volumes": [{"name": "tmp", "emptyDir": {}}],
            },
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null,
                    "lastTransitionTime": "2025-01-01T00:00:08Z"}],
                "containerStatuses": [{"name": "app", "image": "web:1", "imageID": "", "ready": false, "restartCount": 0,
                    "lastState": {}, "state": {"terminated": {"exitCode": 0, "startedAt": null,
                    "finishedAt": "2025-01-01T00:00:08Z"}}}],
                "podIP": "10.1.0.5", "podIPs": [{"ip": "10.1.0.5"}],
            },
        });
        assert_eq!(tidied(Kind::Pod, pod.clone()), pod);
    }

    #[test]
    fn zeros_stay_where_go_keeps_them() {
        let metadata = json!({"labels": {"a": "b"}});
        let template = json!({"metadata": metadata, "spec": {"containers": [], "restartPolicy": "Always"}});
        let tidy_template = json!({"metadata": metadata, "spec": {"restartPolicy": "Always"}});
        let deployment = tidied(
            Kind::Deployment,
            json!({"metadata": {"name": "web"}, "spec": {"replicas": 0, "selector": {}, "template": template}}),
        );
        assert_eq!(deployment["spec"]["replicas"], 0);
        assert_eq!(deployment["spec"]["selector"], json!({}));
        assert_eq!(deployment["spec"]["template"], tidy_template);
        assert_eq!(deployment["status"], json!({}));

        let set = json!({"metadata": {"name": "web"}, "spec": {"replicas": 0}});
        assert_eq!(tidied(Kind::ReplicaSet, set.clone())["status"], json!({"replicas": 0}));
        assert_eq!(tidied(Kind::StatefulSet, set)["status"], json!({"replicas": 0, "availableReplicas": 0}));

        let slice = tidied(Kind::EndpointSlice, json!({"metadata": {"name": "s"}, "addressType": "IPv4"}));
        assert_eq!(slice["endpoints"], Value::Null);
        let service = tidied(Kind::Service, json!({"metadata": {"name": "s"}, "spec": {"selector": {}}}));
        assert_eq!(
            (service["spec"].clone(), service["status"].clone()),
            (json!({}), json!({"loadBalancer": {}}))
        );
    }
}
