//! The HorizontalPodAutoscaler (`autoscaling/v2`).

use serde::{Deserialize, Serialize};

use super::core::{Condition, LabelSelector};
use super::meta::ObjectMeta;
use super::timestamp::Timestamp;
use crate::base::{Name, Quantity};

/// Keeps the number of replicas in step with the load.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct HorizontalPodAutoscaler {
    pub metadata: ObjectMeta,
    pub spec: HpaSpec,
    pub status: HpaStatus,
}

/// `spec` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2")]
pub struct HpaSpec {
    pub scale_target_ref: CrossVersionReference,
    pub min_replicas: Option<i32>,
    pub max_replicas: i32,
    pub metrics: Vec<MetricSpec>,
    pub behavior: Option<HpaBehavior>,
    /// The only metric of `autoscaling/v1`.
    #[serde(rename = "targetCPUUtilizationPercentage")]
    pub target_cpu_utilization_percentage: Option<i32>,
}

/// A reference to something that can be scaled.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct CrossVersionReference {
    pub api_version: Option<Name>,
    pub kind: Name,
    pub name: Name,
}

/// One metric to follow.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2 MetricSpec")]
pub struct MetricSpec {
    #[serde(rename = "type")]
    pub kind: Name,
    pub resource: Option<ResourceMetricSource>,
    pub container_resource: Option<ResourceMetricSource>,
    pub pods: Option<NamedMetricSource>,
    pub object: Option<NamedMetricSource>,
    pub external: Option<NamedMetricSource>,
}

/// CPU or memory of the pods.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2")]
pub struct ResourceMetricSource {
    pub name: Name,
    pub container: Option<Name>,
    pub target: MetricTarget,
}

/// A metric by name.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2")]
pub struct NamedMetricSource {
    pub metric: MetricIdentifier,
    pub described_object: Option<CrossVersionReference>,
    pub target: MetricTarget,
}

/// Name and selector of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct MetricIdentifier {
    pub name: Name,
    pub selector: Option<LabelSelector>,
}

/// What the metric should be.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2 MetricTarget")]
pub struct MetricTarget {
    #[serde(rename = "type")]
    pub kind: Name,
    pub value: Option<Quantity>,
    pub average_value: Option<Quantity>,
    pub average_utilization: Option<i32>,
}

/// How fast to scale.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct HpaBehavior {
    pub scale_up: Option<ScalingRules>,
    pub scale_down: Option<ScalingRules>,
}

/// Bounds for one direction.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2 HPAScalingRules")]
pub struct ScalingRules {
    pub stabilization_window_seconds: Option<i32>,
    pub select_policy: Option<Name>,
    pub policies: Vec<ScalingPolicy>,
    pub tolerance: Option<Quantity>,
}

/// At most so much in so many seconds.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2 HPAScalingPolicy")]
pub struct ScalingPolicy {
    #[serde(rename = "type")]
    pub kind: Name,
    pub value: i32,
    pub period_seconds: i32,
}

/// `status` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api autoscaling/v2")]
pub struct HpaStatus {
    pub observed_generation: Option<i64>,
    pub last_scale_time: Option<Timestamp>,
    pub current_replicas: i32,
    pub desired_replicas: i32,
    pub current_metrics: super::core::Opaque,
    pub conditions: Vec<Condition>,
}
