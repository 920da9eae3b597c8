//! The fields of objects, as the wire form calls them and in its order. A field that is missing here does not compile.

use super::super::autoscaling::{HorizontalPodAutoscaler, HpaSpec, HpaStatus};
use super::super::batch::{
    CronJob, CronJobSpec, CronJobStatus, Job, JobSpec, JobStatus, JobTemplate, PodFailurePolicy,
    SuccessPolicy, UncountedTerminatedPods,
};
use super::super::core::{LabelSelector, ObjectReference};
use super::super::kept;
use super::super::meta::{ObjectMeta, VersionText};
use super::super::node::{Lease, LeaseSpec, Node, NodeInfo, NodeSpec, NodeStatus};
use super::super::object::Unsimulated;
use super::super::pod::{Pod, PodStatus};
use super::super::policy::{
    EventObject, EventSource, LimitRange, LimitRangeSpec, Namespace, NamespaceSpec, NamespaceStatus,
    PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus, PriorityClass, ResourceQuota,
    ResourceQuotaSpec, ResourceQuotaStatus,
};
use super::super::service::{EndpointSlice, Endpoints, Service, ServiceSpec, ServiceStatus};
use super::super::workload::{
    ControllerRevision, DaemonSet, DaemonSetSpec, DaemonSetStatus, Deployment, DeploymentSpec,
    DeploymentStatus, DeploymentStrategy, Ordinals, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus,
    ReplicationController, ReplicationControllerSpec, RevisionData, RevisionSpec, StatefulSet,
    StatefulSetSpec, StatefulSetStatus, UpdateStrategy,
};
use super::{Arc, ChangeVisitor, Changes, Fields, wire_changes};

/// `field "wireName"`; a field whose wire form is another type's has that one after `as`.
macro_rules! fields {
    ($($type:ty { $($field:ident $name:literal $(as $wire:ident)?,)* })*) => { $(
        impl Fields for $type {
            fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
                let Self { $($field),* } = self;
                $(fields!(@change $field, new.$field, $name, visitor $(, $wire)?);)*
            }
        }

        impl Changes for $type {
            fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
                visitor.enter(field);
                self.visit_fields(new, visitor);
                visitor.leave();
            }
        }
    )*

        #[test]
        fn fields_have_the_names_and_the_order_of_the_wire_form() {
            $(
                let wire = serde_json::to_value(<$type>::default()).unwrap();
                let fields: Vec<&str> = wire.as_object().unwrap().keys().map(String::as_str).collect();
                assert_eq!(fields, [$($name),*], stringify!($type));
            )*
        }
    };
    (@change $old:ident, $new:expr, $name:literal, $visitor:ident) => {
        $old.visit_changes(&$new, $name, $visitor)
    };
    (@change $old:ident, $new:expr, $name:literal, $visitor:ident, $wire:ident) => {
        $wire(*$old).visit_changes(&$wire($new), $name, $visitor)
    };
}

fields! {
    ObjectMeta {
        name "name", generate_name "generateName", namespace "namespace", uid "uid",
        resource_version "resourceVersion" as VersionText, generation "generation",
        creation_timestamp "creationTimestamp", deletion_timestamp "deletionTimestamp",
        deletion_grace_period_seconds "deletionGracePeriodSeconds", labels "labels", annotations "annotations",
        owner_references "ownerReferences", finalizers "finalizers",
    }
    PodStatus {
        phase "phase", conditions "conditions", reason "reason", message "message",
        nominated_node_name "nominatedNodeName", host_ip "hostIP", pod_ip "podIP", start_time "startTime",
        init_container_statuses "initContainerStatuses", container_statuses "containerStatuses",
        qos_class "qosClass", observed_generation "observedGeneration",
    }
    Node { metadata "metadata", spec "spec", status "status", }
    NodeSpec {
        pod_cidr "podCIDR", pod_cidrs "podCIDRs", provider_id "providerID", unschedulable "unschedulable",
        taints "taints",
    }
    NodeStatus {
        capacity "capacity", allocatable "allocatable", conditions "conditions", addresses "addresses",
        images "images", node_info "nodeInfo", phase "phase", daemon_endpoints "daemonEndpoints",
        volumes_in_use "volumesInUse", volumes_attached "volumesAttached", runtime_handlers "runtimeHandlers",
        features "features",
    }
    Lease { metadata "metadata", spec "spec", }
    LeaseSpec {
        holder_identity "holderIdentity", lease_duration_seconds "leaseDurationSeconds",
        acquire_time "acquireTime", renew_time "renewTime", lease_transitions "leaseTransitions",
    }
    EventObject {
        metadata "metadata", involved_object "involvedObject", reason "reason", message "message", kind "type",
        count "count", first_timestamp "firstTimestamp", last_timestamp "lastTimestamp", event_time "eventTime",
        source "source", action "action", related "related", series "series",
        reporting_component "reportingComponent", reporting_instance "reportingInstance",
    }
    EventSource { component "component", host "host", }
    Namespace { metadata "metadata", spec "spec", status "status", }
    NamespaceSpec { finalizers "finalizers", }
    NamespaceStatus { phase "phase", conditions "conditions", }
    PriorityClass {
        metadata "metadata", value "value", global_default "globalDefault",
        preemption_policy "preemptionPolicy", description "description",
    }
    PodDisruptionBudget { metadata "metadata", spec "spec", status "status", }
    PodDisruptionBudgetStatus {
        observed_generation "observedGeneration", disrupted_pods "disruptedPods",
        disruptions_allowed "disruptionsAllowed", current_healthy "currentHealthy",
        desired_healthy "desiredHealthy", expected_pods "expectedPods", conditions "conditions",
    }
    ResourceQuota { metadata "metadata", spec "spec", status "status", }
    ResourceQuotaStatus { hard "hard", used "used", }
    LimitRange { metadata "metadata", spec "spec", }
    Service { metadata "metadata", spec "spec", status "status", }
    Endpoints { metadata "metadata", subsets "subsets", }
    EndpointSlice { metadata "metadata", address_type "addressType", endpoints "endpoints", ports "ports", }
    ReplicationController { metadata "metadata", spec "spec", status "status", }
    ReplicationControllerSpec {
        replicas "replicas", min_ready_seconds "minReadySeconds", selector "selector", template "template",
    }
    ReplicaSet { metadata "metadata", spec "spec", status "status", }
    ReplicaSetSpec {
        replicas "replicas", min_ready_seconds "minReadySeconds", selector "selector", template "template",
    }
    ReplicaSetStatus {
        replicas "replicas", fully_labeled_replicas "fullyLabeledReplicas", ready_replicas "readyReplicas",
        available_replicas "availableReplicas", observed_generation "observedGeneration",
        conditions "conditions",
    }
    Deployment { metadata "metadata", spec "spec", status "status", }
    DeploymentSpec {
        replicas "replicas", selector "selector", template "template", strategy "strategy",
        min_ready_seconds "minReadySeconds", revision_history_limit "revisionHistoryLimit", paused "paused",
        progress_deadline_seconds "progressDeadlineSeconds",
    }
    DeploymentStatus {
        observed_generation "observedGeneration", replicas "replicas", updated_replicas "updatedReplicas",
        ready_replicas "readyReplicas", available_replicas "availableReplicas",
        unavailable_replicas "unavailableReplicas", collision_count "collisionCount", conditions "conditions",
    }
    StatefulSet { metadata "metadata", spec "spec", status "status", }
    StatefulSetSpec {
        replicas "replicas", selector "selector", template "template", service_name "serviceName",
        pod_management_policy "podManagementPolicy", update_strategy "updateStrategy",
        revision_history_limit "revisionHistoryLimit", min_ready_seconds "minReadySeconds", ordinals "ordinals",
        volume_claim_templates "volumeClaimTemplates",
        persistent_volume_claim_retention_policy "persistentVolumeClaimRetentionPolicy",
    }
    StatefulSetStatus {
        observed_generation "observedGeneration", replicas "replicas", ready_replicas "readyReplicas",
        current_replicas "currentReplicas", updated_replicas "updatedReplicas",
        available_replicas "availableReplicas", current_revision "currentRevision",
        update_revision "updateRevision", collision_count "collisionCount", conditions "conditions",
    }
    ControllerRevision { metadata "metadata", data "data", revision "revision", }
    RevisionData { spec "spec", }
    RevisionSpec { template "template", }
    DaemonSet { metadata "metadata", spec "spec", status "status", }
    DaemonSetSpec {
        selector "selector", template "template", update_strategy "updateStrategy",
        min_ready_seconds "minReadySeconds", revision_history_limit "revisionHistoryLimit",
    }
    DaemonSetStatus {
        current_number_scheduled "currentNumberScheduled", number_misscheduled "numberMisscheduled",
        desired_number_scheduled "desiredNumberScheduled", number_ready "numberReady",
        observed_generation "observedGeneration", updated_number_scheduled "updatedNumberScheduled",
        number_available "numberAvailable", number_unavailable "numberUnavailable",
        collision_count "collisionCount", conditions "conditions",
    }
    HorizontalPodAutoscaler { metadata "metadata", spec "spec", status "status", }
    HpaStatus {
        observed_generation "observedGeneration", last_scale_time "lastScaleTime",
        current_replicas "currentReplicas", desired_replicas "desiredReplicas",
        current_metrics "currentMetrics", conditions "conditions",
    }
    Job { metadata "metadata", spec "spec", status "status", }
    JobSpec {
        parallelism "parallelism", completions "completions", active_deadline_seconds "activeDeadlineSeconds",
        backoff_limit "backoffLimit", backoff_limit_per_index "backoffLimitPerIndex",
        max_failed_indexes "maxFailedIndexes", selector "selector", manual_selector "manualSelector",
        template "template", ttl_seconds_after_finished "ttlSecondsAfterFinished",
        completion_mode "completionMode", suspend "suspend", pod_replacement_policy "podReplacementPolicy",
        pod_failure_policy "podFailurePolicy", success_policy "successPolicy", managed_by "managedBy",
    }
    JobStatus {
        conditions "conditions", start_time "startTime", completion_time "completionTime", active "active",
        ready "ready", terminating "terminating", succeeded "succeeded", failed "failed",
        completed_indexes "completedIndexes", failed_indexes "failedIndexes",
        uncounted_terminated_pods "uncountedTerminatedPods",
    }
    UncountedTerminatedPods { succeeded "succeeded", failed "failed", }
    CronJob { metadata "metadata", spec "spec", status "status", }
    CronJobStatus {
        active "active", last_schedule_time "lastScheduleTime", last_successful_time "lastSuccessfulTime",
    }
    JobTemplate { metadata "metadata", spec "spec", }
}

/// Parts that seldom differ. Those with quantities are not compared before: equal amounts can be written in two ways.
macro_rules! through_wire {
    ($($type:ty)*) => { $(
        impl Changes for $type {
            fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
                wire_changes(self, new, field, visitor);
            }
        }
    )* };
}
through_wire! { HpaSpec LimitRangeSpec ResourceQuotaSpec CronJobSpec }

macro_rules! through_wire_if_other {
    ($($type:ty)*) => { $(
        impl Changes for $type {
            fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
                if self != new {
                    wire_changes(self, new, field, visitor);
                }
            }
        }
    )* };
}
through_wire_if_other! {
    DeploymentStrategy LabelSelector NodeInfo ObjectReference Ordinals PodDisruptionBudgetSpec PodFailurePolicy
    ServiceSpec ServiceStatus SuccessPolicy UpdateStrategy
}

impl Fields for Pod {
    fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
        self.metadata.visit_changes(&new.metadata, "metadata", visitor);
        if Arc::ptr_eq(&self.spec, &new.spec) {
            visitor.enter("spec");
            self.node_name.visit_changes(&new.node_name, "nodeName", visitor);
            visitor.leave();
        } else {
            wire_changes(&self.whole_spec(), &new.whole_spec(), "spec", visitor);
        }
        self.status.visit_changes(&new.status, "status", visitor);
    }
}

macro_rules! kept_fields {
    ($($kind:ident)*) => { $(
        impl Fields for kept::$kind {
            fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
                self.metadata.visit_changes(&new.metadata, "metadata", visitor);
                self.content.visit_fields(&new.content, visitor);
            }
        }
    )* };
}
kept_fields! {
    ConfigMap Secret ServiceAccount PersistentVolumeClaim PersistentVolume StorageClass Ingress IngressClass
    NetworkPolicy Role RoleBinding ClusterRole ClusterRoleBinding
}

impl Fields for Unsimulated {
    fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
        self.api_version.visit_changes(&new.api_version, "apiVersion", visitor);
        self.kind.visit_changes(&new.kind, "kind", visitor);
        self.metadata.visit_changes(&new.metadata, "metadata", visitor);
        self.content.visit_fields(&new.content, visitor);
    }
}
