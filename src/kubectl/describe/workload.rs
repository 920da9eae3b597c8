//! The pages of workloads.

use crate::api::core::LabelSelector;
use crate::api::meta::ObjectMeta;
use crate::api::pod::{Pod, PodPhase, PodTemplate};
use crate::api::workload::{
    DaemonSet, Deployment, DeploymentStrategyType, ReplicaSet, ReplicationController, StatefulSet,
    UpdateStrategyType,
};
use crate::api::{Kind, Resource, Selector};
use crate::kubectl::age::date;
use crate::kubectl::print::{or_none, selector_text};
use crate::kubectl::source::ObjectSource;

use super::page::{Page, line};
use super::template::template;

/// The label by which a Deployment tells the templates of its ReplicaSets apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A selector as Go prints it: nothing for an empty one.
pub(super) fn plain_selector(selector: Option<&LabelSelector>) -> String {
    Selector::from_option(selector).map(|selector| selector.to_string()).unwrap_or_default()
}

/// A selector that cannot be read selects nothing.
fn compiled(selector: Option<&LabelSelector>) -> Selector {
    Selector::from_option(selector).unwrap_or_else(|_| Selector::nothing())
}

/// `Pods Status:`: the phases of the pods that an owner selects and controls.
fn pods_status<S: ObjectSource + ?Sized>(
    page: &mut Page,
    owner: &ObjectMeta,
    selector: &Selector,
    source: &S,
) {
    let mut counts = [0; 4];
    for object in source.list(Kind::Pod, Some(&owner.namespace)) {
        let Some(pod) = Pod::from_object(&object) else { continue };
        let controlled = pod.metadata.controller().is_some_and(|controller| controller.uid == owner.uid);
        if !controlled || !selector.matches(&pod.metadata.labels) {
            continue;
        }
        match pod.status.phase {
            PodPhase::Running => counts[0] += 1,
            PodPhase::Pending => counts[1] += 1,
            PodPhase::Succeeded => counts[2] += 1,
            PodPhase::Failed => counts[3] += 1,
            PodPhase::Unknown => {}
        }
    }
    let [running, waiting, succeeded, failed] = counts;
    line!(
        page,
        0,
        "Pods Status:\t{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"
    );
}

pub(super) fn replication_controller<S: ObjectSource + ?Sized>(
    page: &mut Page,
    controller: &ReplicationController,
    source: &S,
) {
    page.name_and_namespace(&controller.metadata);
    line!(page, 0, "Selector:\t{}", controller.spec.selector);
    page.labels_and_annotations(&controller.metadata);
    let desired = controller.spec.replicas.unwrap_or(1);
    line!(page, 0, "Replicas:\t{} current / {desired} desired", controller.status.replicas);
    pods_status(page, &controller.metadata, &Selector::from_labels(&controller.spec.selector), source);
    template(page, &controller.spec.template);
    page.conditions_with_reason(&controller.status.conditions);
}

pub(super) fn replica_set<S: ObjectSource + ?Sized>(page: &mut Page, set: &ReplicaSet, source: &S) {
    page.name_and_namespace(&set.metadata);
    line!(page, 0, "Selector:\t{}", selector_text(set.spec.selector.as_ref()));
    page.labels_and_annotations(&set.metadata);
    page.controlled_by(&set.metadata);
    let desired = set.spec.replicas.unwrap_or(1);
    line!(page, 0, "Replicas:\t{} current / {desired} desired", set.status.replicas);
    pods_status(page, &set.metadata, &compiled(set.spec.selector.as_ref()), source);
    template(page, &set.spec.template);
    page.conditions_with_reason(&set.status.conditions);
}

pub(super) fn deployment<S: ObjectSource + ?Sized>(page: &mut Page, deployment: &Deployment, source: &S) {
    let (spec, status) = (&deployment.spec, &deployment.status);
    page.name_and_namespace(&deployment.metadata);
    line!(page, 0, "CreationTimestamp:\t{}", date(deployment.metadata.creation_timestamp));
    page.labels_and_annotations(&deployment.metadata);
    line!(page, 0, "Selector:\t{}", plain_selector(spec.selector.as_ref()));
    line!(
        page,
        0,
        "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable",
        spec.replicas.unwrap_or(1),
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
        status.unavailable_replicas
    );
    let strategy = match spec.strategy.kind {
        DeploymentStrategyType::Recreate => "Recreate",
        DeploymentStrategyType::RollingUpdate => "RollingUpdate",
    };
    line!(page, 0, "StrategyType:\t{strategy}");
    line!(page, 0, "MinReadySeconds:\t{}", spec.min_ready_seconds);
    if let Some(update) = &spec.strategy.rolling_update {
        let bound = |bound: &Option<crate::api::core::IntOrString>| {
            bound.as_ref().map_or_else(|| "25%".to_owned(), ToString::to_string)
        };
        let (unavailable, surge) = (bound(&update.max_unavailable), bound(&update.max_surge));
        line!(page, 0, "RollingUpdateStrategy:\t{unavailable} max unavailable, {surge} max surge");
    }
    template(page, &spec.template);
    page.conditions_with_reason(&status.conditions);
    replica_sets(page, deployment, source);
}

/// `OldReplicaSets:` and `NewReplicaSet:`.
fn replica_sets<S: ObjectSource + ?Sized>(page: &mut Page, deployment: &Deployment, source: &S) {
    let objects = source.list(Kind::ReplicaSet, Some(&deployment.metadata.namespace));
    let owned: Vec<&ReplicaSet> = objects
        .iter()
        .filter_map(|object| ReplicaSet::from_object(object))
        .map(AsRef::as_ref)
        .filter(|set| set.metadata.controller().is_some_and(|owner| owner.uid == deployment.metadata.uid))
        .collect();
    if owned.is_empty() {
        return;
    }
    let has_template = |set: &&&ReplicaSet| same_template(&set.spec.template, &deployment.spec.template);
    let new = owned.iter().filter(has_template).min_by_key(|set| set.metadata.creation_timestamp).copied();
    let is_new = |set: &ReplicaSet| new.is_some_and(|new| new.metadata.name == set.metadata.name);
    let text = |sets: Vec<&ReplicaSet>| {
        let one = |set: &ReplicaSet| {
            let desired = set.spec.replicas.unwrap_or(1);
            format!("{} ({}/{desired} replicas created)", set.metadata.name, set.status.replicas)
        };
        sets.into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let old = text(owned.iter().copied().filter(|set| !is_new(set)).collect());
    line!(page, 0, "OldReplicaSets:\t{}", or_none(&old));
    line!(page, 0, "NewReplicaSet:\t{}", or_none(&text(new.into_iter().collect())));
}

/// Whether two templates differ in the hash at most.
pub(in crate::kubectl) fn same_template(a: &PodTemplate, b: &PodTemplate) -> bool {
    let without_hash = |template: &PodTemplate| {
        let mut labels = template.metadata.labels.clone();
        labels.remove(TEMPLATE_HASH);
        labels
    };
    a.spec == b.spec && a.metadata.annotations == b.metadata.annotations && without_hash(a) == without_hash(b)
}

pub(super) fn stateful_set<S: ObjectSource + ?Sized>(page: &mut Page, set: &StatefulSet, source: &S) {
    page.name_and_namespace(&set.metadata);
    line!(page, 0, "CreationTimestamp:\t{}", date(set.metadata.creation_timestamp));
    line!(page, 0, "Selector:\t{}", plain_selector(set.spec.selector.as_ref()));
    page.labels_and_annotations(&set.metadata);
    let desired = set.spec.replicas.unwrap_or(1);
    line!(page, 0, "Replicas:\t{desired} desired | {} total", set.status.replicas);
    let strategy = match set.spec.update_strategy.kind {
        UpdateStrategyType::RollingUpdate => "RollingUpdate",
        UpdateStrategyType::OnDelete => "OnDelete",
    };
    line!(page, 0, "Update Strategy:\t{strategy}");
    if let Some(update) = &set.spec.update_strategy.rolling_update
        && let Some(partition) = update.partition
    {
        line!(page, 1, "Partition:\t{partition}");
        if let Some(unavailable) = &update.max_unavailable {
            line!(page, 1, "MaxUnavailable:\t{unavailable}");
        }
    }
    pods_status(page, &set.metadata, &compiled(set.spec.selector.as_ref()), source);
    template(page, &set.spec.template);
    claims(page, set);
}

fn claims(page: &mut Page, set: &StatefulSet) {
    let claims = set.spec.volume_claim_templates.as_deref().and_then(serde_json::Value::as_array);
    let claims = claims.map_or(&[][..], Vec::as_slice);
    if claims.is_empty() {
        line!(page, 0, "Volume Claims:\t<none>");
        return;
    }
    line!(page, 0, "Volume Claims:");
    for claim in claims {
        let text = |path: &str| claim.pointer(path).and_then(serde_json::Value::as_str);
        line!(page, 1, "Name:\t{}", text("/metadata/name").unwrap_or_default());
        line!(page, 1, "StorageClass:\t{}", text("/spec/storageClassName").unwrap_or_default());
        let metadata: ObjectMeta = serde_json::from_value(claim["metadata"].clone()).unwrap_or_default();
        page.labels("  Labels", &metadata.labels);
        page.labels("  Annotations", &metadata.annotations);
        let capacity = text("/spec/resources/requests/storage").unwrap_or("<default>");
        line!(page, 1, "Capacity:\t{capacity}");
        let modes = claim.pointer("/spec/accessModes").and_then(serde_json::Value::as_array);
        let modes: Vec<&str> = modes.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        line!(page, 1, "Access Modes:\t[{}]", modes.join(" "));
    }
}

pub(super) fn daemon_set<S: ObjectSource + ?Sized>(page: &mut Page, set: &DaemonSet, source: &S) {
    let status = &set.status;
    page.name_and_namespace(&set.metadata);
    line!(page, 0, "Selector:\t{}", plain_selector(set.spec.selector.as_ref()));
    line!(page, 0, "Node-Selector:\t{}", set.spec.template.spec.node_selector);
    page.labels_and_annotations(&set.metadata);
    // These lines are not aligned with the others in kubectl either.
    for (heading, number) in [
        ("Desired Number of Nodes Scheduled", status.desired_number_scheduled),
        ("Current Number of Nodes Scheduled", status.current_number_scheduled),
        ("Number of Nodes Scheduled with Up-to-date Pods", status.updated_number_scheduled),
        ("Number of Nodes Scheduled with Available Pods", status.number_available),
        ("Number of Nodes Misscheduled", status.number_misscheduled),
    ] {
        line!(page, 0, "{heading}: {number}");
    }
    pods_status(page, &set.metadata, &compiled(set.spec.selector.as_ref()), source);
    template(page, &set.spec.template);
}
