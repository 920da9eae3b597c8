//! Jobs and CronJobs.

use serde::{Deserialize, Serialize};

use super::core::{Condition, ConditionStatus, LabelSelector, ObjectReference};
use super::meta::{ObjectMeta, Uid};
use super::pod::PodTemplate;
use super::timestamp::Timestamp;
use crate::base::Name;

/// Runs pods to completion.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct Job {
    pub metadata: ObjectMeta,
    pub spec: JobSpec,
    pub status: JobStatus,
}

/// `spec` of a Job.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 JobSpec")]
pub struct JobSpec {
    pub parallelism: Option<i32>,
    pub completions: Option<i32>,
    pub active_deadline_seconds: Option<i64>,
    pub backoff_limit: Option<i32>,
    pub backoff_limit_per_index: Option<i32>,
    pub max_failed_indexes: Option<i32>,
    pub selector: Option<LabelSelector>,
    pub manual_selector: Option<bool>,
    pub template: PodTemplate,
    pub ttl_seconds_after_finished: Option<i32>,
    pub completion_mode: Option<Name>,
    pub suspend: Option<bool>,
    pub pod_replacement_policy: Option<Name>,
    pub pod_failure_policy: Option<PodFailurePolicy>,
    pub success_policy: Option<SuccessPolicy>,
    pub managed_by: Option<Name>,
}

/// `spec.podFailurePolicy`: what failed pods mean; the first rule that fits decides.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 PodFailurePolicy")]
pub struct PodFailurePolicy {
    pub rules: Vec<PodFailurePolicyRule>,
}

/// One rule of a pod failure policy.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 PodFailurePolicyRule")]
pub struct PodFailurePolicyRule {
    pub action: Name,
    pub on_exit_codes: Option<PodFailurePolicyOnExitCodes>,
    pub on_pod_conditions: Vec<PodFailurePolicyOnPodCondition>,
}

/// Exit codes that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1")]
pub struct PodFailurePolicyOnExitCodes {
    pub container_name: Option<Name>,
    pub operator: Name,
    pub values: Vec<i32>,
}

/// A condition of the pod that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1")]
pub struct PodFailurePolicyOnPodCondition {
    #[serde(rename = "type")]
    pub kind: Name,
    pub status: Option<ConditionStatus>,
}

/// `spec.successPolicy`: which indexes are enough; the first rule that holds decides.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 SuccessPolicy")]
pub struct SuccessPolicy {
    pub rules: Vec<SuccessPolicyRule>,
}

/// One rule of a success policy.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 SuccessPolicyRule")]
pub struct SuccessPolicyRule {
    pub succeeded_indexes: Option<Name>,
    pub succeeded_count: Option<i32>,
}

/// Finished pods that are known to the Job but not counted yet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1")]
pub struct UncountedTerminatedPods {
    pub succeeded: Vec<Uid>,
    pub failed: Vec<Uid>,
}

/// `status` of a Job.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 JobStatus")]
pub struct JobStatus {
    pub conditions: Vec<Condition>,
    pub start_time: Option<Timestamp>,
    pub completion_time: Option<Timestamp>,
    pub active: i32,
    pub ready: Option<i32>,
    pub terminating: Option<i32>,
    pub succeeded: i32,
    pub failed: i32,
    pub completed_indexes: Option<Name>,
    pub failed_indexes: Option<Name>,
    pub uncounted_terminated_pods: Option<UncountedTerminatedPods>,
}

/// Starts Jobs by the clock.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct CronJob {
    pub metadata: ObjectMeta,
    pub spec: CronJobSpec,
    pub status: CronJobStatus,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 CronJobSpec")]
pub struct CronJobSpec {
    pub schedule: Name,
    pub time_zone: Option<Name>,
    pub starting_deadline_seconds: Option<i64>,
    pub concurrency_policy: ConcurrencyPolicy,
    pub suspend: Option<bool>,
    pub job_template: JobTemplate,
    pub successful_jobs_history_limit: Option<i32>,
    pub failed_jobs_history_limit: Option<i32>,
}

/// What to do when the previous run is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ConcurrencyPolicy {
    #[default]
    Allow,
    Forbid,
    Replace,
}

/// `spec.jobTemplate` of a CronJob.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "metadata, spec")]
pub struct JobTemplate {
    pub metadata: ObjectMeta,
    pub spec: JobSpec,
}

/// `status` of a CronJob.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api batch/v1 CronJobStatus")]
pub struct CronJobStatus {
    pub active: Vec<ObjectReference>,
    pub last_schedule_time: Option<Timestamp>,
    pub last_successful_time: Option<Timestamp>,
}
