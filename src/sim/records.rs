//! What a write to the store means, in a few words, for the trace.

use std::sync::Arc;

use crate::api::core::{Condition, Conditions};
use crate::api::node::Node;
use crate::api::pod::{ContainerState, Pod};
use crate::api::service::Endpoint;
use crate::api::{Commit, Object, Op};
use crate::base::Name;

/// Reason and message of the record of a commit.
pub(super) fn describe(commit: &Commit) -> (Name, Name) {
    if let Object::Event(event) = &commit.new {
        let about = &event.involved_object;
        let times = if event.count > 1 { format!(" (x{})", event.count) } else { String::new() };
        let message = format!("{} {}/{}: {}{times}", event.kind, about.kind, about.name, event.message);
        return (event.reason.clone(), message.into());
    }
    let mut words = Vec::new();
    match commit.op {
        Op::Added => added(&commit.new, &mut words),
        Op::Deleted => {}
        Op::Modified => {
            if let Some(old) = &commit.old {
                modified(old, &commit.new, &mut words);
            }
        }
    }
    (Name::default(), words.join("; ").into())
}

fn added(object: &Object, words: &mut Vec<String>) {
    if let Some(owner) = object.metadata().controller() {
        words.push(format!("owner {}/{}", owner.kind, owner.name));
    }
    if let Some(replicas) = replicas_of(object) {
        words.push(format!("replicas {replicas}"));
    }
    if let Object::Pod(pod) = object {
        let images: Vec<&str> =
            pod.spec.containers.iter().map(|container| container.image.as_str()).collect();
        words.push(format!("image {}", images.join(",")));
    }
}

fn replicas_of(object: &Object) -> Option<i32> {
    match object {
        Object::Deployment(object) => object.spec.replicas,
        Object::ReplicaSet(object) => object.spec.replicas,
        Object::ReplicationController(object) => object.spec.replicas,
        Object::StatefulSet(object) => object.spec.replicas,
        _ => None,
    }
}

fn modified(old: &Object, new: &Object, words: &mut Vec<String>) {
    let (before, after) = (old.metadata(), new.metadata());
    if before.deletion_timestamp != after.deletion_timestamp {
        let grace = after.deletion_grace_period_seconds.unwrap_or(0);
        words.push(format!("deletion requested, grace {grace}s"));
    }
    if before.labels != after.labels {
        words.push(format!("labels {}", after.labels));
    }
    if before.owner_references != after.owner_references {
        let owners: Vec<String> =
            after.owner_references.iter().map(|owner| format!("{}/{}", owner.kind, owner.name)).collect();
        words.push(format!("owners [{}]", owners.join(" ")));
    }
    if let (Some(from), Some(to)) = (replicas_of(old), replicas_of(new))
        && from != to
    {
        words.push(format!("replicas {from} -> {to}"));
    }
    match (old, new) {
        (Object::Pod(old), Object::Pod(new)) => pod_changes(old, new, words),
        (Object::Node(old), Object::Node(new)) => node_changes(old, new, words),
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) => {
            number(words, "pods", old.status.replicas, new.status.replicas);
            number(words, "ready", old.status.ready_replicas, new.status.ready_replicas);
            number(words, "available", old.status.available_replicas, new.status.available_replicas);
        }
        (Object::ReplicationController(old), Object::ReplicationController(new)) => {
            number(words, "pods", old.status.replicas, new.status.replicas);
            number(words, "ready", old.status.ready_replicas, new.status.ready_replicas);
        }
        (Object::Deployment(old), Object::Deployment(new)) => {
            number(words, "pods", old.status.replicas, new.status.replicas);
            number(words, "updated", old.status.updated_replicas, new.status.updated_replicas);
            number(words, "ready", old.status.ready_replicas, new.status.ready_replicas);
            number(words, "available", old.status.available_replicas, new.status.available_replicas);
            conditions(words, &old.status.conditions, &new.status.conditions);
        }
        (Object::EndpointSlice(old), Object::EndpointSlice(new)) => {
            // Only what is not in both versions is looked at, unless that says that the number has changed.
            let is_ready = |endpoint: &&Arc<Endpoint>| endpoint.conditions.ready;
            let (gone, come) = old.endpoints.changes(&new.endpoints);
            let more = come.into_iter().filter(is_ready).count() as i32
                - gone.into_iter().filter(is_ready).count() as i32;
            if more != 0 {
                let ready = new.endpoints.iter().filter(is_ready).count() as i32;
                number(words, "ready endpoints", ready - more, ready);
            }
            number(words, "endpoints", old.endpoints.len() as i32, new.endpoints.len() as i32);
        }
        _ => {}
    }
}

fn number(words: &mut Vec<String>, what: &str, from: i32, to: i32) {
    if from != to {
        words.push(format!("{what} {from} -> {to}"));
    }
}

fn conditions(words: &mut Vec<String>, old: &[Condition], new: &[Condition]) {
    for condition in new {
        let before = old.condition(&condition.kind);
        if before.is_some_and(|before| before.status == condition.status && before.reason == condition.reason)
        {
            continue;
        }
        let reason = condition.reason.as_deref().map_or(String::new(), |reason| format!(" ({reason})"));
        words.push(format!("{} {}{reason}", condition.kind, condition.status));
    }
}

fn pod_changes(old: &Pod, new: &Pod, words: &mut Vec<String>) {
    if old.node_name != new.node_name
        && let Some(node) = &new.node_name
    {
        words.push(format!("node {node}"));
    }
    if old.status.nominated_node_name != new.status.nominated_node_name
        && let Some(node) = &new.status.nominated_node_name
    {
        words.push(format!("nominated {node}"));
    }
    if old.status.phase != new.status.phase {
        words.push(format!("phase {} -> {}", old.status.phase.as_str(), new.status.phase.as_str()));
    }
    conditions(words, &old.status.conditions, &new.status.conditions);
    let before = old.status.init_container_statuses.iter().chain(&old.status.container_statuses);
    let after = new.status.init_container_statuses.iter().chain(&new.status.container_statuses);
    let before: Vec<_> = before.collect();
    for (at, container) in after.enumerate() {
        let same = before.get(at).is_some_and(|before| {
            before.state == container.state && before.restart_count == container.restart_count
        });
        if !same {
            let restarts = container.restart_count;
            words.push(format!(
                "container {} {} restarts {restarts}",
                container.name,
                state_word(&container.state)
            ));
        }
    }
}

fn state_word(state: &ContainerState) -> String {
    if let Some(terminated) = &state.terminated {
        let reason = terminated.reason.as_deref().unwrap_or_default();
        return format!("terminated {} {reason}", terminated.exit_code);
    }
    if state.running.is_some() {
        return "running".to_owned();
    }
    let reason = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
    format!("waiting {reason}")
}

fn node_changes(old: &Node, new: &Node, words: &mut Vec<String>) {
    if old.spec.unschedulable != new.spec.unschedulable {
        words.push(if new.spec.unschedulable { "cordoned" } else { "uncordoned" }.to_owned());
    }
    for taint in &new.spec.taints {
        if !old.spec.taints.contains(taint) {
            words.push(format!("taint {}:{} added", taint.key, taint.effect));
        }
    }
    for taint in &old.spec.taints {
        if !new.spec.taints.iter().any(|other| other.key == taint.key && other.effect == taint.effect) {
            words.push(format!("taint {}:{} removed", taint.key, taint.effect));
        }
    }
    conditions(words, &old.status.conditions, &new.status.conditions);
}
