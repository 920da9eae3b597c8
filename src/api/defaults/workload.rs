//! Defaults of workloads and autoscalers: `pkg/apis/{apps,batch}/v1/defaults.go`, `autoscaling/v2/defaults.go`, and the
//! ReplicationController of `core/v1`.

use serde_json::json;

use super::{Defaults, option_defaults};
use crate::api::autoscaling::{
    HorizontalPodAutoscaler, HpaSpec, MetricSpec, MetricTarget, ResourceMetricSource, ScalingPolicy,
    ScalingRules,
};
use crate::api::batch::{CronJob, CronJobSpec, Job, JobSpec};
use crate::api::core::IntOrString;
use crate::api::meta::{Labels, ObjectMeta};
use crate::api::workload::{
    DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, DeploymentStrategy, DeploymentStrategyType,
    ReplicaSet, ReplicaSetSpec, ReplicationController, ReplicationControllerSpec, RollingUpdate, StatefulSet,
    StatefulSetSpec, UpdateStrategy, UpdateStrategyType,
};
use crate::base::Name;

/// Percent of the CPU request that an autoscaler without metrics aims at.
const CPU_UTILIZATION: i32 = 80;
/// Revisions kept.
const REVISION_HISTORY: i32 = 10;

/// Kinds whose defaults are all in their `spec`.
macro_rules! defaults_in_spec {
    ($($kind:ty),*) => {$(
        impl Defaults for $kind {
            fn is_complete(&self) -> bool {
                self.spec.is_complete()
            }
            fn fill(&mut self) {
                self.spec.fill();
            }
        }
    )*};
}
defaults_in_spec!(Deployment, ReplicaSet, StatefulSet, DaemonSet, CronJob, HorizontalPodAutoscaler);

/// Whether an object without labels should get those of its template.
fn wants_labels(own: &ObjectMeta, template: &Labels) -> bool {
    own.labels.is_empty() && !template.is_empty()
}

impl Defaults for ReplicationController {
    fn is_complete(&self) -> bool {
        let labels = &self.spec.template.metadata.labels;
        self.spec.is_complete()
            && !wants_labels(&self.metadata, labels)
            && (labels.is_empty() || !self.spec.selector.is_empty())
    }

    fn fill(&mut self) {
        self.spec.fill();
        let labels = &self.spec.template.metadata.labels;
        if self.spec.selector.is_empty() {
            self.spec.selector = labels.clone();
        }
        if wants_labels(&self.metadata, labels) {
            self.metadata.labels = labels.clone();
        }
    }
}

impl Defaults for ReplicationControllerSpec {
    option_defaults!(spec, spec.template.is_complete(), { spec.template.fill() }, replicas: 1);
}

impl Defaults for ReplicaSetSpec {
    option_defaults!(spec, spec.template.is_complete(), { spec.template.fill() }, replicas: 1);
}

impl Defaults for DeploymentSpec {
    option_defaults!(
        spec,
        spec.template.is_complete() && spec.strategy.is_complete(),
        {
            spec.template.fill();
            spec.strategy.fill();
        },
        replicas: 1,
        revision_history_limit: REVISION_HISTORY,
        progress_deadline_seconds: 600,
    );
}

impl Defaults for DeploymentStrategy {
    fn is_complete(&self) -> bool {
        self.kind != DeploymentStrategyType::RollingUpdate
            || self
                .rolling_update
                .as_ref()
                .is_some_and(|update| update.max_unavailable.is_some() && update.max_surge.is_some())
    }

    fn fill(&mut self) {
        if self.kind == DeploymentStrategyType::RollingUpdate {
            let quarter = || IntOrString::Text("25%".into());
            let update = self.rolling_update.get_or_insert_with(RollingUpdate::default);
            update.max_unavailable.get_or_insert_with(quarter);
            update.max_surge.get_or_insert_with(quarter);
        }
    }
}

impl Defaults for StatefulSetSpec {
    option_defaults!(
        spec,
        spec.template.is_complete() && rolls(&spec.update_strategy).is_none_or(|update| update.partition.is_some()),
        {
            spec.template.fill();
            if spec.update_strategy.kind == UpdateStrategyType::RollingUpdate {
                spec.update_strategy.rolling_update.get_or_insert_with(RollingUpdate::default).partition.get_or_insert(0);
            }
        },
        replicas: 1,
        revision_history_limit: REVISION_HISTORY,
        persistent_volume_claim_retention_policy:
            Box::new(json!({ "whenDeleted": "Retain", "whenScaled": "Retain" })),
    );
}

impl Defaults for DaemonSetSpec {
    option_defaults!(
        spec,
        spec.template.is_complete()
            && rolls(&spec.update_strategy)
                .is_none_or(|update| update.max_unavailable.is_some() && update.max_surge.is_some()),
        {
            spec.template.fill();
            if spec.update_strategy.kind == UpdateStrategyType::RollingUpdate {
                let update = spec.update_strategy.rolling_update.get_or_insert_with(RollingUpdate::default);
                update.max_unavailable.get_or_insert(IntOrString::Int(1));
                update.max_surge.get_or_insert(IntOrString::Int(0));
            }
        },
        revision_history_limit: REVISION_HISTORY,
    );
}

/// The bounds of a rolling update; empty ones when they are absent, `None` when the strategy is another.
fn rolls(strategy: &UpdateStrategy) -> Option<&RollingUpdate> {
    const EMPTY: &RollingUpdate = &RollingUpdate { max_unavailable: None, max_surge: None, partition: None };
    (strategy.kind == UpdateStrategyType::RollingUpdate)
        .then(|| strategy.rolling_update.as_ref().unwrap_or(EMPTY))
}

impl Defaults for Job {
    fn is_complete(&self) -> bool {
        self.spec.is_complete() && !wants_labels(&self.metadata, &self.spec.template.metadata.labels)
    }

    fn fill(&mut self) {
        self.spec.fill();
        let labels = &self.spec.template.metadata.labels;
        if wants_labels(&self.metadata, labels) {
            self.metadata.labels = labels.clone();
        }
    }
}

impl Defaults for JobSpec {
    fn is_complete(&self) -> bool {
        // Completions may stay open: then it is a work queue.
        self.template.is_complete()
            && self.parallelism.is_some()
            && self.backoff_limit.is_some()
            && self.completion_mode.is_some()
            && self.suspend.is_some()
            && self.pod_replacement_policy.is_some()
    }

    fn fill(&mut self) {
        self.template.fill();
        if self.parallelism.is_none() && self.completions.is_none() {
            self.completions = Some(1);
        }
        self.parallelism.get_or_insert(1);
        let per_index = self.backoff_limit_per_index.is_some();
        self.backoff_limit.get_or_insert(if per_index { i32::MAX } else { 6 });
        self.completion_mode.get_or_insert_with(|| "NonIndexed".into());
        self.suspend.get_or_insert(false);
        let replacement = if self.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
        self.pod_replacement_policy.get_or_insert_with(|| replacement.into());
    }
}

impl Defaults for CronJobSpec {
    // The template of a CronJob's Jobs only gets the defaults of pods; the rest comes when a Job is made of it.
    option_defaults!(
        spec,
        spec.job_template.spec.template.is_complete(),
        { spec.job_template.spec.template.fill() },
        suspend: false,
        successful_jobs_history_limit: 3,
        failed_jobs_history_limit: 1,
    );
}

impl Defaults for HpaSpec {
    option_defaults!(
        spec,
        !spec.metrics.is_empty()
            && spec.target_cpu_utilization_percentage.is_none()
            && spec.behavior.as_ref().is_none_or(|behavior| {
                is_filled(behavior.scale_up.as_ref(), true) && is_filled(behavior.scale_down.as_ref(), false)
            }),
        {
            // The only metric of `autoscaling/v1` is one of many here.
            let percent = spec.target_cpu_utilization_percentage.take();
            if spec.metrics.is_empty() {
                spec.metrics.push(cpu_metric(percent.unwrap_or(CPU_UTILIZATION)));
            }
            if let Some(behavior) = &mut spec.behavior {
                fill_rules(&mut behavior.scale_up, true);
                fill_rules(&mut behavior.scale_down, false);
            }
        },
        min_replicas: 1,
    );
}

fn cpu_metric(percent: i32) -> MetricSpec {
    let target = MetricTarget {
        kind: "Utilization".into(),
        average_utilization: Some(percent),
        ..MetricTarget::default()
    };
    let resource = ResourceMetricSource { name: "cpu".into(), container: None, target };
    MetricSpec { kind: "Resource".into(), resource: Some(resource), ..MetricSpec::default() }
}

/// The window for shrinking stays open: a flag of the controller manager decides.
fn is_filled(rules: Option<&ScalingRules>, up: bool) -> bool {
    rules.is_some_and(|rules| {
        rules.select_policy.is_some()
            && !rules.policies.is_empty()
            && (!up || rules.stabilization_window_seconds.is_some())
    })
}

fn fill_rules(rules: &mut Option<ScalingRules>, up: bool) {
    let policy = |kind: &str, value| ScalingPolicy { kind: Name::from(kind), value, period_seconds: 15 };
    let rules = rules.get_or_insert_with(ScalingRules::default);
    rules.select_policy.get_or_insert_with(|| "Max".into());
    if rules.policies.is_empty() {
        rules.policies.extend(up.then(|| policy("Pods", 4)));
        rules.policies.push(policy("Percent", 100));
    }
    if up {
        rules.stabilization_window_seconds.get_or_insert(0);
    }
}
