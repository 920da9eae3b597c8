//! Priorities, budgets, quotas, namespaces and events: what governs and describes other objects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::core::{Condition, IntOrString, LabelSelector, ObjectReference, Opaque, ResourceList};
use super::meta::ObjectMeta;
use super::pod::PreemptionPolicy;
use super::timestamp::{MicroTime, Timestamp};
use crate::base::Name;

/// A scope for names.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct Namespace {
    pub metadata: ObjectMeta,
    pub spec: NamespaceSpec,
    pub status: NamespaceStatus,
}

/// `spec` of a Namespace.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NamespaceSpec {
    /// `kubernetes` until the content is gone.
    pub finalizers: Vec<Name>,
}

/// `status` of a Namespace.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    pub phase: Option<Name>,
    /// Why it is not gone yet.
    pub conditions: Vec<Condition>,
}

/// A named priority.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api scheduling/v1 PriorityClass")]
pub struct PriorityClass {
    pub metadata: ObjectMeta,
    pub value: i32,
    pub global_default: bool,
    pub preemption_policy: Option<PreemptionPolicy>,
    pub description: Option<Name>,
}

/// How many pods of a set may be disturbed on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct PodDisruptionBudget {
    pub metadata: ObjectMeta,
    pub spec: PodDisruptionBudgetSpec,
    pub status: PodDisruptionBudgetStatus,
}

/// `spec` of a PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api policy/v1 PodDisruptionBudgetSpec")]
pub struct PodDisruptionBudgetSpec {
    pub min_available: Option<IntOrString>,
    pub max_unavailable: Option<IntOrString>,
    pub selector: Option<LabelSelector>,
    pub unhealthy_pod_eviction_policy: Option<Name>,
}

/// `status` of a PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api policy/v1 PodDisruptionBudgetStatus")]
pub struct PodDisruptionBudgetStatus {
    pub observed_generation: i64,
    pub disrupted_pods: BTreeMap<Name, Timestamp>,
    pub disruptions_allowed: i32,
    pub current_healthy: i32,
    pub desired_healthy: i32,
    pub expected_pods: i32,
    pub conditions: Vec<Condition>,
}

/// A cap on what a namespace may use.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct ResourceQuota {
    pub metadata: ObjectMeta,
    pub spec: ResourceQuotaSpec,
    pub status: ResourceQuotaStatus,
}

/// `spec` of a ResourceQuota.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceQuotaSpec {
    /// The caps.
    pub hard: ResourceList,
    /// Which objects count.
    pub scopes: Vec<Name>,
    /// Which objects count, by expression.
    pub scope_selector: Option<ScopeSelector>,
}

/// `spec.scopeSelector`: all expressions must hold.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ScopeSelector")]
pub struct ScopeSelector {
    pub match_expressions: Vec<ScopeRequirement>,
}

/// One expression of a scope selector.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1")]
pub struct ScopeRequirement {
    pub scope_name: Name,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Name,
    pub values: Vec<Name>,
}

/// `status` of a ResourceQuota.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceQuotaStatus {
    /// The caps in force.
    pub hard: ResourceList,
    /// What is used.
    pub used: ResourceList,
}

/// Defaults and bounds for requests and limits in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "metadata, spec")]
pub struct LimitRange {
    pub metadata: ObjectMeta,
    pub spec: LimitRangeSpec,
}

/// `spec` of a LimitRange.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitRangeSpec {
    /// The rules.
    pub limits: Vec<LimitRangeItem>,
}

/// One rule of a LimitRange.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 LimitRangeItem")]
pub struct LimitRangeItem {
    #[serde(rename = "type")]
    pub kind: Name,
    pub max: ResourceList,
    pub min: ResourceList,
    pub default: ResourceList,
    pub default_request: ResourceList,
    pub max_limit_request_ratio: ResourceList,
}

/// `v1.Event`: what a component tells people. (A *simulation* event is something else; see `kernel`.)
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Event")]
pub struct EventObject {
    pub metadata: ObjectMeta,
    pub involved_object: ObjectReference,
    pub reason: Name,
    pub message: Name,
    #[serde(rename = "type")]
    pub kind: Name,
    pub count: i32,
    pub first_timestamp: Option<Timestamp>,
    pub last_timestamp: Option<Timestamp>,
    pub event_time: Option<MicroTime>,
    pub source: EventSource,
    pub action: Option<Name>,
    pub related: Opaque,
    pub series: Opaque,
    pub reporting_component: Option<Name>,
    pub reporting_instance: Option<Name>,
}

/// Who reported an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EventSource {
    /// Component, such as `kubelet`.
    pub component: Name,
    /// Node.
    pub host: Option<Name>,
}
