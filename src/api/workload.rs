//! Controllers' objects: ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet.

use serde::{Deserialize, Serialize};

use super::core::{Condition, IntOrString, LabelSelector, Opaque};
use super::meta::{Labels, ObjectMeta};
use super::pod::PodTemplate;
use crate::base::Name;

/// The predecessor of the ReplicaSet; its selector is a plain label map.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct ReplicationController {
    pub metadata: ObjectMeta,
    pub spec: ReplicationControllerSpec,
    pub status: ReplicaSetStatus,
}

/// `spec` of a ReplicationController.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ReplicationControllerSpec")]
pub struct ReplicationControllerSpec {
    pub replicas: Option<i32>,
    pub min_ready_seconds: i32,
    pub selector: Labels,
    pub template: PodTemplate,
}

/// Keeps a number of pods of one template alive.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct ReplicaSet {
    pub metadata: ObjectMeta,
    pub spec: ReplicaSetSpec,
    pub status: ReplicaSetStatus,
}

/// `spec` of a ReplicaSet.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 ReplicaSetSpec")]
pub struct ReplicaSetSpec {
    pub replicas: Option<i32>,
    pub min_ready_seconds: i32,
    pub selector: Option<LabelSelector>,
    pub template: PodTemplate,
}

/// `status` of a ReplicaSet or ReplicationController.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 ReplicaSetStatus")]
pub struct ReplicaSetStatus {
    pub replicas: i32,
    pub fully_labeled_replicas: i32,
    pub ready_replicas: i32,
    pub available_replicas: i32,
    pub observed_generation: i64,
    pub conditions: Vec<Condition>,
}

/// Rolls one template out after another through ReplicaSets.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct Deployment {
    pub metadata: ObjectMeta,
    pub spec: DeploymentSpec,
    pub status: DeploymentStatus,
}

/// `spec` of a Deployment.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 DeploymentSpec")]
pub struct DeploymentSpec {
    pub replicas: Option<i32>,
    pub selector: Option<LabelSelector>,
    pub template: PodTemplate,
    pub strategy: DeploymentStrategy,
    pub min_ready_seconds: i32,
    pub revision_history_limit: Option<i32>,
    pub paused: bool,
    pub progress_deadline_seconds: Option<i32>,
}

/// `spec.strategy` of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentStrategy {
    /// Which way.
    #[serde(rename = "type")]
    pub kind: DeploymentStrategyType,
    /// Bounds of a rolling update.
    pub rolling_update: Option<RollingUpdate>,
}

/// Ways to replace old pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DeploymentStrategyType {
    /// Kill all old pods, then make new ones.
    Recreate,
    /// Replace step by step.
    #[default]
    RollingUpdate,
}

/// Bounds of a rolling update, absolute or in percent.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// How many may be missing (percentages round down).
    pub max_unavailable: Option<IntOrString>,
    /// How many may be too many (percentages round up).
    pub max_surge: Option<IntOrString>,
    /// StatefulSets: ordinals below this stay at the old revision.
    pub partition: Option<i32>,
}

/// `status` of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 DeploymentStatus")]
pub struct DeploymentStatus {
    pub observed_generation: i64,
    pub replicas: i32,
    pub updated_replicas: i32,
    pub ready_replicas: i32,
    pub available_replicas: i32,
    pub unavailable_replicas: i32,
    pub collision_count: Option<i32>,
    pub conditions: Vec<Condition>,
}

/// Pods with stable names and order.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct StatefulSet {
    pub metadata: ObjectMeta,
    pub spec: StatefulSetSpec,
    pub status: StatefulSetStatus,
}

/// `spec` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 StatefulSetSpec")]
pub struct StatefulSetSpec {
    pub replicas: Option<i32>,
    pub selector: Option<LabelSelector>,
    pub template: PodTemplate,
    pub service_name: Option<Name>,
    pub pod_management_policy: PodManagementPolicy,
    pub update_strategy: UpdateStrategy,
    pub revision_history_limit: Option<i32>,
    pub min_ready_seconds: i32,
    pub ordinals: Option<Ordinals>,
    pub volume_claim_templates: Opaque,
    pub persistent_volume_claim_retention_policy: Opaque,
}

/// First ordinal of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    /// Where counting starts.
    pub start: i32,
}

/// Whether a StatefulSet waits for each pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum PodManagementPolicy {
    #[default]
    OrderedReady,
    Parallel,
}

/// `spec.updateStrategy` of a StatefulSet or DaemonSet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// Which way.
    #[serde(rename = "type")]
    pub kind: UpdateStrategyType,
    /// Bounds of a rolling update.
    pub rolling_update: Option<RollingUpdate>,
}

/// Ways to update StatefulSets and DaemonSets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum UpdateStrategyType {
    #[default]
    RollingUpdate,
    OnDelete,
}

/// `status` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 StatefulSetStatus")]
pub struct StatefulSetStatus {
    pub observed_generation: i64,
    pub replicas: i32,
    pub ready_replicas: i32,
    pub current_replicas: i32,
    pub updated_replicas: i32,
    pub available_replicas: i32,
    pub current_revision: Option<Name>,
    pub update_revision: Option<Name>,
    pub collision_count: Option<i32>,
    pub conditions: Vec<Condition>,
}

/// A template that a StatefulSet or DaemonSet had.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ControllerRevision {
    /// Identity.
    pub metadata: ObjectMeta,
    /// What is remembered.
    pub data: RevisionData,
    /// Its number in the history; grows.
    pub revision: i64,
}

/// `data` of a ControllerRevision: the part of the owner that a rollback brings back.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionData {
    /// `spec` of the owner.
    pub spec: RevisionSpec,
}

/// `data.spec` of a ControllerRevision.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionSpec {
    /// The template.
    pub template: PodTemplate,
}

impl ControllerRevision {
    /// The n-th revision of a history.
    pub fn new(metadata: ObjectMeta, template: PodTemplate, revision: i64) -> Self {
        Self { metadata, data: RevisionData { spec: RevisionSpec { template } }, revision }
    }

    /// The same template with another number.
    #[must_use]
    pub fn renumbered(&self, revision: i64) -> Self {
        Self { revision, ..self.clone() }
    }

    /// The template.
    pub fn template(&self) -> &PodTemplate {
        &self.data.spec.template
    }
}

/// One pod on every suitable node.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct DaemonSet {
    pub metadata: ObjectMeta,
    pub spec: DaemonSetSpec,
    pub status: DaemonSetStatus,
}

/// `spec` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 DaemonSetSpec")]
pub struct DaemonSetSpec {
    pub selector: Option<LabelSelector>,
    pub template: PodTemplate,
    pub update_strategy: UpdateStrategy,
    pub min_ready_seconds: i32,
    pub revision_history_limit: Option<i32>,
}

/// `status` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api apps/v1 DaemonSetStatus")]
pub struct DaemonSetStatus {
    pub current_number_scheduled: i32,
    pub number_misscheduled: i32,
    pub desired_number_scheduled: i32,
    pub number_ready: i32,
    pub observed_generation: i64,
    pub updated_number_scheduled: i32,
    pub number_available: i32,
    pub number_unavailable: i32,
    pub collision_count: Option<i32>,
    pub conditions: Vec<Condition>,
}
