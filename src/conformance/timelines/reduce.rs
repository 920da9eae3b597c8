//! Objects of a run in the shape of the recordings: each kind reduced to the fields that were recorded.

use serde_json::{Map, Value, json};

use super::recording::{Millis, Row, to_seconds};
use crate::api::{Commit, Object, Op, Timestamp};

/// Turns times of the API into seconds since the start of the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Calendar time of the start, in thousandths of a second since 1970.
    pub(super) epoch_ms: i64,
}

impl Clock {
    fn seconds(self, text: &Value) -> Option<Value> {
        let time: Timestamp = text.as_str()?.parse().ok()?;
        Some(to_seconds(time.secs() * 1000 - self.epoch_ms))
    }
}

/// The reduced object, or `None` for kinds that were not recorded.
pub(super) fn object(object: &Object, clock: Clock) -> Option<Map<String, Value>> {
    let wire = serde_json::to_value(object).ok()?;
    let mut fields = Map::new();
    let kind = object.kind().as_str();
    fields.insert("kind".into(), kind.into());
    fields.insert("op".into(), Value::Null);
    fields.insert("name".into(), wire["metadata"]["name"].clone());
    let metadata = &wire["metadata"];
    if kind != "Event" {
        put(&mut fields, "deletionTimestamp", clock.seconds(&metadata["deletionTimestamp"]));
        put(&mut fields, "deletionGracePeriodSeconds", present(&metadata["deletionGracePeriodSeconds"]));
        put(&mut fields, "owner", owners(metadata));
        if matches!(kind, "Pod" | "ReplicaSet" | "Node" | "StatefulSet") {
            fields.insert("labels".into(), present(&metadata["labels"]).unwrap_or_else(|| json!({})));
        }
        put(&mut fields, "creationTimestamp", clock.seconds(&metadata["creationTimestamp"]));
    }
    let (spec, status) = (&wire["spec"], &wire["status"]);
    match kind {
        "Pod" => pod(&mut fields, spec, status, clock),
        "Node" => node(&mut fields, spec, status, clock),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
            workload(&mut fields, kind, &wire, clock);
        }
        "CronJob" => {
            let mut shown = Map::new();
            put(&mut shown, "active", present(&status["active"]));
            put(&mut shown, "lastScheduleTime", clock.seconds(&status["lastScheduleTime"]));
            fields.insert("status".into(), shown.into());
            fields.insert("schedule".into(), spec["schedule"].clone());
            fields.insert("concurrencyPolicy".into(), spec["concurrencyPolicy"].clone());
        }
        "PodDisruptionBudget" => {
            fields.insert("spec".into(), pick(spec, &["minAvailable", "maxUnavailable", "selector"]));
            let always = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
            fields.insert("status".into(), numbers(status, &always, &["observedGeneration"]));
        }
        "Endpoints" => {
            let subsets = wire["subsets"].as_array().into_iter().flatten().map(subset);
            fields.insert("subsets".into(), Value::Array(subsets.collect()));
        }
        "Namespace" => {
            fields.insert("phase".into(), status["phase"].clone());
            fields.insert("conditions".into(), conditions(status, clock));
        }
        "Event" => event(&mut fields, &wire, clock),
        _ => return None,
    }
    Some(fields)
}

/// The row of a commit; `None` when no recorded field changed or the kind was not recorded.
pub(super) fn row(commit: &Commit, at: Millis, clock: Clock) -> Option<Row> {
    let mut fields = object(&commit.new, clock)?;
    if commit.op == Op::Modified
        && let Some(old) = commit.old.as_ref().and_then(|old| object(old, clock))
        && old == fields
    {
        return None;
    }
    fields.insert("op".into(), commit.op.as_str().into());
    let kind = commit.id.kind.as_str().to_owned();
    Some(Row { at, kind, fields })
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        fields.insert(name.into(), value);
    }
}

/// A value, unless it is null or empty.
fn present(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(fields) if fields.is_empty() => None,
        Value::String(text) if text.is_empty() => None,
        other => Some(other.clone()),
    }
}

fn pick(from: &Value, names: &[&str]) -> Value {
    let mut picked = Map::new();
    for name in names {
        put(&mut picked, name, present(&from[*name]));
    }
    picked.into()
}

/// `always` in any case, `others` only when they are not zero.
fn numbers(status: &Value, always: &[&str], others: &[&str]) -> Value {
    let mut shown = Map::new();
    for name in always {
        shown.insert((*name).into(), status[*name].as_i64().unwrap_or(0).into());
    }
    for name in others {
        let number = status[*name].as_i64().unwrap_or(0);
        if number != 0 {
            shown.insert((*name).into(), number.into());
        }
    }
    shown.into()
}

fn owners(metadata: &Value) -> Option<Value> {
    let owners = metadata["ownerReferences"].as_array()?;
    let names: Vec<Value> = owners
        .iter()
        .map(|owner| {
            let (kind, name) = (owner["kind"].as_str(), owner["name"].as_str());
            format!("{}/{}", kind.unwrap_or_default(), name.unwrap_or_default()).into()
        })
        .collect();
    (!names.is_empty()).then(|| names.into())
}

fn conditions(status: &Value, clock: Clock) -> Value {
    let mut shown = Map::new();
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let kind = condition["type"].as_str().unwrap_or_default();
        let since = clock.seconds(&condition["lastTransitionTime"]).unwrap_or_default();
        let reason = present(&condition["reason"]).unwrap_or_default();
        let about = json!({"status": condition["status"], "reason": reason, "lastTransitionTime": since});
        shown.insert(kind.into(), about);
    }
    shown.into()
}

fn container_images(spec: &Value) -> Value {
    let containers = spec["containers"].as_array().into_iter().flatten();
    containers.map(|container| container["image"].clone()).collect::<Vec<_>>().into()
}

fn pod(fields: &mut Map<String, Value>, spec: &Value, status: &Value, clock: Clock) {
    fields.insert("conditions".into(), conditions(status, clock));
    fields.insert("phase".into(), status["phase"].clone());
    put(fields, "nodeName", present(&spec["nodeName"]));
    put(fields, "nominatedNodeName", present(&status["nominatedNodeName"]));
    put(fields, "podIP", present(&status["podIP"]));
    put(fields, "qos", present(&status["qosClass"]));
    fields.insert("priority".into(), spec["priority"].as_i64().unwrap_or(0).into());
    fields.insert("image".into(), container_images(spec));
    put(fields, "startTime", clock.seconds(&status["startTime"]));
    put(fields, "tolerations", present(&spec["tolerations"]));
    let statuses: Vec<Value> = status["containerStatuses"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| {
            json!({
                "name": container["name"],
                "ready": container["ready"].as_bool().unwrap_or(false),
                "started": container["started"].as_bool().unwrap_or(false),
                "restartCount": container["restartCount"].as_i64().unwrap_or(0),
                "state": container_state(&container["state"], clock),
                "lastState": container_state(&container["lastState"], clock),
            })
        })
        .collect();
    put(fields, "containerStatuses", (!statuses.is_empty()).then(|| statuses.into()));
}

fn container_state(state: &Value, clock: Clock) -> Value {
    let mut shown = Map::new();
    for (name, about) in state.as_object().into_iter().flatten().filter(|(_, about)| !about.is_null()) {
        let mut about = about.as_object().cloned().unwrap_or_default();
        for time in ["startedAt", "finishedAt"] {
            if let Some(text) = about.get(time) {
                let seconds = clock.seconds(text).unwrap_or_default();
                about.insert(time.into(), seconds);
            }
        }
        about.retain(|_, value| !value.is_null());
        shown.insert(name.clone(), about.into());
    }
    shown.into()
}

fn node(fields: &mut Map<String, Value>, spec: &Value, status: &Value, clock: Clock) {
    fields.insert("conditions".into(), conditions(status, clock));
    let taints = spec["taints"].as_array().into_iter().flatten();
    let taints: Vec<Value> = taints.map(|taint| pick(taint, &["key", "value", "effect"])).collect();
    fields.insert("taints".into(), taints.into());
    fields.insert("unschedulable".into(), spec["unschedulable"].as_bool().unwrap_or(false).into());
}

fn workload(fields: &mut Map<String, Value>, kind: &str, wire: &Value, clock: Clock) {
    let (spec, status) = (&wire["spec"], &wire["status"]);
    if matches!(kind, "Deployment" | "ReplicaSet" | "Job") {
        fields.insert("conditions".into(), conditions(status, clock));
    }
    let sizes: &[&str] = match kind {
        "Deployment" => &["replicas", "progressDeadlineSeconds", "paused"],
        "StatefulSet" => &["replicas", "podManagementPolicy"],
        "DaemonSet" => &[],
        "Job" => &["completions", "parallelism", "backoffLimit", "activeDeadlineSeconds"],
        _ => &["replicas"],
    };
    let mut sizes = pick(spec, sizes);
    if sizes["paused"] == Value::Bool(false) {
        sizes.as_object_mut().expect("picked as an object").shift_remove("paused");
    }
    fields.insert("spec".into(), sizes);
    let shown = match kind {
        "Job" => {
            let mut shown = Map::new();
            put(&mut shown, "startTime", clock.seconds(&status["startTime"]));
            put(&mut shown, "completionTime", clock.seconds(&status["completionTime"]));
            let counts = numbers(status, &[], &["active", "succeeded", "failed"]);
            shown.extend(counts.as_object().cloned().unwrap_or_default());
            shown.into()
        }
        "DaemonSet" => numbers(
            status,
            &["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"],
            &["observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable"],
        ),
        "StatefulSet" => {
            let counts = ["observedGeneration", "readyReplicas", "currentReplicas", "updatedReplicas"];
            let mut shown = numbers(status, &["replicas"], &counts);
            let names = pick(status, &["currentRevision", "updateRevision"]);
            let map = shown.as_object_mut().expect("numbers are an object");
            map.extend(names.as_object().cloned().unwrap_or_default());
            shown
        }
        "Deployment" => numbers(
            status,
            &[],
            &[
                "observedGeneration",
                "replicas",
                "updatedReplicas",
                "readyReplicas",
                "availableReplicas",
                "unavailableReplicas",
            ],
        ),
        _ => numbers(
            status,
            &["replicas"],
            &["fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"],
        ),
    };
    fields.insert("status".into(), shown);
    if kind != "Job" {
        fields.insert("generation".into(), wire["metadata"]["generation"].as_i64().unwrap_or(0).into());
    }
    let annotations = present(&wire["metadata"]["annotations"]).unwrap_or_else(|| json!({}));
    fields.insert("annotations".into(), annotations);
    fields.insert("image".into(), container_images(&spec["template"]["spec"]));
}

fn subset(subset: &Value) -> Value {
    let names = |list: &str| -> Value {
        let addresses = subset[list].as_array().into_iter().flatten();
        addresses.map(|address| address["targetRef"]["name"].clone()).collect::<Vec<_>>().into()
    };
    json!({"ready": names("addresses"), "notReady": names("notReadyAddresses"), "ports": subset["ports"]})
}

fn event(fields: &mut Map<String, Value>, wire: &Value, clock: Clock) {
    for name in ["reason", "type", "message", "count"] {
        fields.insert(name.into(), wire[name].clone());
    }
    let involved = &wire["involvedObject"];
    let (kind, name) = (involved["kind"].as_str(), involved["name"].as_str());
    let involved = format!("{}/{}", kind.unwrap_or_default(), name.unwrap_or_default());
    fields.insert("involved".into(), involved.into());
    put(fields, "source", present(&wire["source"]["component"]));
    put(fields, "firstTimestamp", clock.seconds(&wire["firstTimestamp"]));
    put(fields, "lastTimestamp", clock.seconds(&wire["lastTimestamp"]));
}
