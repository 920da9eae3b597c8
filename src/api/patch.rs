//! How a PATCH changes an object, and which parts of an object are spec and which are status.

use std::sync::Arc;

use super::core::{Condition, ConditionStatus, Conditions, Taint, TaintEffect, set_condition};
use super::meta::Labels;
use super::node::Node;
use super::object::{Kind, Object};
use super::pod::{Pod, PodStatus};
use super::request::ApiError;
pub(super) use super::request::Patch;
use super::timestamp::Timestamp;
use crate::base::Name;

/// The object as `patch` leaves it.
pub(super) fn apply(object: &Object, patch: Patch, now: Timestamp) -> Result<Object, ApiError> {
    let mut new = object.clone();
    match patch {
        Patch::Labels(changes) => change_labels(&mut new.metadata_mut().labels, changes),
        Patch::Annotations(changes) => change_labels(&mut new.metadata_mut().annotations, changes),
        Patch::Finalizers { add, remove } => {
            let finalizers = &mut new.metadata_mut().finalizers;
            finalizers.retain(|finalizer| !remove.contains(finalizer));
            for finalizer in add {
                if !finalizers.contains(&finalizer) {
                    finalizers.push(finalizer);
                }
            }
        }
        Patch::OwnerReferences(owners) => new.metadata_mut().owner_references = owners,
        Patch::Replicas(replicas) => set_replicas(&mut new, replicas)?,
        Patch::Merge(change) => return merged(object, &change),
        Patch::PodStatus(status) => {
            let pod = as_pod(&mut new)?;
            pod.status = merged_pod_status(&pod.status, status);
        }
        Patch::NominatedNode(node) => {
            Arc::make_mut(&mut as_pod(&mut new)?.status).nominated_node_name = node;
        }
        Patch::Condition(condition) => {
            let conditions = conditions_mut(&mut new)
                .ok_or_else(|| ApiError::invalid(object.kind(), &object.metadata().name, "no conditions"))?;
            set_condition(conditions, Condition { last_transition_time: Some(now), ..condition });
        }
        Patch::NodeStatus(status) => as_node(&mut new)?.status = *status,
        Patch::Taints { add, remove } => change_taints(&mut as_node(&mut new)?.spec.taints, add, &remove),
        Patch::Unschedulable(unschedulable) => as_node(&mut new)?.spec.unschedulable = unschedulable,
        Patch::EventCount { count, message, last } => {
            if let Object::Event(event) = &mut new {
                let event = Arc::make_mut(event);
                event.count = count;
                event.message = message;
                event.last_timestamp = Some(last);
            }
        }
    }
    Ok(new)
}

fn change_labels(labels: &mut Labels, changes: Vec<(Name, Option<Name>)>) {
    for (key, value) in changes {
        match value {
            Some(value) => labels.insert(key, value),
            None => {
                labels.remove(&key);
            }
        }
    }
}

fn change_taints(taints: &mut Vec<Taint>, add: Vec<Taint>, remove: &[(Name, Option<TaintEffect>)]) {
    taints.retain(|taint| {
        !remove
            .iter()
            .any(|(key, effect)| *key == taint.key && effect.is_none_or(|effect| effect == taint.effect))
    });
    for taint in add {
        match taints.iter_mut().find(|old| old.key == taint.key && old.effect == taint.effect) {
            Some(old) => *old = taint,
            None => taints.push(taint),
        }
    }
}

fn set_replicas(object: &mut Object, replicas: i32) -> Result<(), ApiError> {
    let target = match object {
        Object::Deployment(object) => &mut Arc::make_mut(object).spec.replicas,
        Object::ReplicaSet(object) => &mut Arc::make_mut(object).spec.replicas,
        Object::ReplicationController(object) => &mut Arc::make_mut(object).spec.replicas,
        Object::StatefulSet(object) => &mut Arc::make_mut(object).spec.replicas,
        other => return Err(ApiError::not_found(other.kind(), "scale")),
    };
    *target = Some(replicas);
    Ok(())
}

fn as_pod(object: &mut Object) -> Result<&mut Pod, ApiError> {
    match object {
        Object::Pod(pod) => Ok(Arc::make_mut(pod)),
        other => Err(ApiError::invalid(other.kind(), &other.metadata().name, "not a pod")),
    }
}

fn as_node(object: &mut Object) -> Result<&mut Node, ApiError> {
    match object {
        Object::Node(node) => Ok(Arc::make_mut(node)),
        other => Err(ApiError::invalid(other.kind(), &other.metadata().name, "not a node")),
    }
}

/// The kubelet sends what it knows; conditions of others (scheduler, disruption), the nomination and the times of
/// transitions stay. What the kubelet has sent is stored itself where that changes nothing of it.
fn merged_pod_status(old: &PodStatus, mut sent: Arc<PodStatus>) -> Arc<PodStatus> {
    let time_kept = |condition: &Condition| {
        let before = old.conditions.condition(&condition.kind)?;
        let moved = before.last_transition_time != condition.last_transition_time;
        (before.status == condition.status && moved).then_some(before.last_transition_time)
    };
    let is_kept = |before: &&Condition| sent.conditions.condition(&before.kind).is_none();
    let as_sent = sent.nominated_node_name == old.nominated_node_name
        && sent.qos_class == old.qos_class
        && old.conditions.iter().all(|before| !is_kept(&before))
        && sent.conditions.iter().all(|condition| time_kept(condition).is_none());
    if as_sent {
        return sent;
    }
    let kept: Vec<Condition> = old.conditions.iter().filter(is_kept).cloned().collect();
    let new = Arc::make_mut(&mut sent);
    new.conditions.extend(kept);
    for condition in &mut new.conditions {
        if let Some(before) = time_kept(condition) {
            condition.last_transition_time = before;
        }
    }
    new.nominated_node_name.clone_from(&old.nominated_node_name);
    new.qos_class = old.qos_class;
    sent
}

/// A pod with its node and the condition that says so.
pub(super) fn bound(pod: &Pod, node: Name, now: Timestamp) -> Pod {
    let mut pod = pod.clone();
    pod.node_name = Some(node);
    let scheduled = Condition {
        kind: "PodScheduled".into(),
        status: ConditionStatus::True,
        last_transition_time: Some(now),
        ..Condition::default()
    };
    set_condition(&mut Arc::make_mut(&mut pod.status).conditions, scheduled);
    pod
}

/// Applies a JSON merge patch (RFC 7386) to the wire form of the object.
fn merged(object: &Object, change: &serde_json::Value) -> Result<Object, ApiError> {
    let name = &object.metadata().name;
    let invalid = |error: serde_json::Error| ApiError::invalid(object.kind(), name, &error.to_string());
    let mut wire = serde_json::to_value(object).map_err(invalid)?;
    merge(&mut wire, change);
    let mut new = Object::deserialize_as(object.kind(), wire).map_err(invalid)?;
    let (identity, metadata) = (object.metadata(), new.metadata_mut());
    metadata.uid = identity.uid;
    metadata.name = identity.name.clone();
    metadata.namespace = identity.namespace.clone();
    Ok(new)
}

fn merge(target: &mut serde_json::Value, change: &serde_json::Value) {
    let serde_json::Value::Object(fields) = change else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = serde_json::Value::Object(serde_json::Map::new());
    }
    let map = target.as_object_mut().expect("made an object just above");
    for (key, value) in fields {
        if value.is_null() {
            map.shift_remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(serde_json::Value::Null), value);
        }
    }
}

macro_rules! per_kind {
    ($($kind:ident),* $(,)?) => {
        /// Copies the status of `from` into `to`, an object of the same kind.
        pub(super) fn copy_status(from: &Object, to: &mut Object) {
            match (from, to) {
                (Object::Pod(from), Object::Pod(to)) if from.status != to.status => {
                    Arc::make_mut(to).status = from.status.clone();
                }
                $((Object::$kind(from), Object::$kind(to)) if from.status != to.status => {
                    Arc::make_mut(to).status = from.status.clone();
                })*
                _ => {}
            }
        }

        /// Whether the desired state differs.
        pub(super) fn spec_differs(old: &Object, new: &Object) -> bool {
            match (old, new) {
                (Object::Pod(old), Object::Pod(new)) => {
                    !Arc::ptr_eq(&old.spec, &new.spec) && old.spec != new.spec
                        || old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
                }
                $((Object::$kind(old), Object::$kind(new)) => {
                    old.spec != new.spec
                        || old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
                })*
                _ => false,
            }
        }
    };
}

per_kind!(
    Node,
    Namespace,
    ReplicationController,
    ReplicaSet,
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Service,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    ResourceQuota,
);

/// The condition list in the status, for the kinds that have one.
fn conditions_mut(object: &mut Object) -> Option<&mut Vec<Condition>> {
    Some(match object {
        Object::Pod(object) => &mut Arc::make_mut(&mut Arc::make_mut(object).status).conditions,
        Object::Node(object) => &mut Arc::make_mut(object).status.conditions,
        Object::Namespace(object) => &mut Arc::make_mut(object).status.conditions,
        Object::ReplicaSet(object) => &mut Arc::make_mut(object).status.conditions,
        Object::Deployment(object) => &mut Arc::make_mut(object).status.conditions,
        Object::Job(object) => &mut Arc::make_mut(object).status.conditions,
        _ => return None,
    })
}

/// Kinds that own other objects, so that how a deletion spreads matters.
pub(super) fn has_dependents(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Deployment
            | Kind::ReplicaSet
            | Kind::ReplicationController
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::Service
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(conditions: &[(&str, i64)]) -> Arc<PodStatus> {
        let condition = |(kind, since): &(&str, i64)| Condition {
            kind: (*kind).into(),
            last_transition_time: Some(Timestamp::from_secs(*since)),
            ..Condition::default()
        };
        Arc::new(PodStatus { conditions: conditions.iter().map(condition).collect(), ..PodStatus::default() })
    }

    #[test]
    fn a_status_is_stored_as_sent_unless_something_of_the_old_one_stays() {
        let sent = status(&[("Ready", 5)]);
        let stored = merged_pod_status(&status(&[("Ready", 5)]), sent.clone());
        assert!(Arc::ptr_eq(&stored, &sent));
        // The time of the transition stays, and so does a condition that the kubelet does not know.
        let stored = merged_pod_status(&status(&[("DisruptionTarget", 1), ("Ready", 2)]), sent);
        assert_eq!(stored, status(&[("Ready", 2), ("DisruptionTarget", 1)]));
    }
}
