//! HorizontalPodAutoscalers: `pkg/apis/autoscaling/validation`.

use super::SPEC;
use super::path::{Path, Problems};
use crate::api::autoscaling::{HorizontalPodAutoscaler, MetricSpec, MetricTarget, ScalingRules};

/// Longest period of a policy and longest stabilisation window, seconds.
const PERIOD_MAX: i32 = 1800;
const WINDOW_MAX: i32 = 3600;

pub(super) fn check(problems: &mut Problems, autoscaler: &HorizontalPodAutoscaler) {
    let spec = &autoscaler.spec;
    let target = SPEC.child("scaleTargetRef");
    for (field, text) in [("kind", &spec.scale_target_ref.kind), ("name", &spec.scale_target_ref.name)] {
        if text.is_empty() {
            problems.required(&target.child(field), "");
        }
    }
    let min = spec.min_replicas.unwrap_or(1);
    if min < 1 {
        problems.invalid(&SPEC.child("minReplicas"), min, "must be greater than or equal to 1");
    }
    let max = SPEC.child("maxReplicas");
    if spec.max_replicas < 1 {
        problems.invalid(&max, spec.max_replicas, "must be greater than 0");
    }
    if spec.max_replicas < min {
        problems.invalid(&max, spec.max_replicas, "must be greater than or equal to `minReplicas`");
    }
    let metrics = SPEC.child("metrics");
    for (at, metric) in spec.metrics.iter().enumerate() {
        check_metric(problems, &metrics.index(at), metric);
    }
    if let Some(behavior) = &spec.behavior {
        let path = SPEC.child("behavior");
        for (field, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
            if let Some(rules) = rules {
                check_rules(problems, &path.child(field), rules);
            }
        }
    }
}

/// What a source of metrics may be compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Targets {
    UtilizationOrAverage,
    Average,
    ValueOrAverage,
}

fn check_metric(problems: &mut Problems, path: &Path<'_>, metric: &MetricSpec) {
    let types = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    problems.word(&path.child("type"), Some(&metric.kind), &types);
    let resource = |source: &Option<_>| {
        source.as_ref().map(|source: &crate::api::autoscaling::ResourceMetricSource| {
            (source.name.is_empty(), source.target.clone(), Targets::UtilizationOrAverage)
        })
    };
    let named = |source: &Option<crate::api::autoscaling::NamedMetricSource>, targets| {
        source.as_ref().map(|source| (source.metric.name.is_empty(), source.target.clone(), targets))
    };
    for (kind, field, source) in [
        ("Resource", "resource", resource(&metric.resource)),
        ("ContainerResource", "containerResource", resource(&metric.container_resource)),
        ("Pods", "pods", named(&metric.pods, Targets::Average)),
        ("Object", "object", named(&metric.object, Targets::ValueOrAverage)),
        ("External", "external", named(&metric.external, Targets::ValueOrAverage)),
    ] {
        let path = path.child(field);
        match source {
            None if metric.kind == kind => {
                problems.required(&path, "must populate information for the given metric source");
            }
            Some(_) if metric.kind != kind => {
                problems.forbidden(&path, "must populate the given metric source only");
            }
            Some((nameless, target, targets)) => {
                if nameless && targets == Targets::UtilizationOrAverage {
                    problems.required(&path.child("name"), "must specify a resource name");
                } else if nameless {
                    problems.required(&path.child("metric").child("name"), "");
                }
                check_target(problems, &path.child("target"), &target, targets);
            }
            None => {}
        }
    }
}

fn check_target(problems: &mut Problems, path: &Path<'_>, target: &MetricTarget, targets: Targets) {
    problems.word(&path.child("type"), Some(&target.kind), &["AverageValue", "Utilization", "Value"]);
    if let Some(percent) = target.average_utilization.filter(|percent| *percent < 1) {
        problems.invalid(&path.child("averageUtilization"), percent, "must be greater than 0");
    }
    for (field, value) in [("value", target.value), ("averageValue", target.average_value)] {
        if let Some(value) = value.filter(|value| value.signum() != 1) {
            problems.invalid(&path.child(field), value.to_string(), "must be positive");
        }
    }
    let average = target.average_value.is_some();
    match (targets, target.average_utilization.is_some(), target.value.is_some()) {
        (Targets::UtilizationOrAverage, false, _) if !average => {
            let detail = "must set either a target raw value or a target utilization";
            problems.required(&path.child("averageUtilization"), detail);
        }
        (Targets::UtilizationOrAverage, true, _) if average => {
            let detail = "may not set both a target raw value and a target utilization";
            problems.forbidden(&path.child("averageValue"), detail);
        }
        (Targets::Average, ..) if !average => {
            problems.required(&path.child("averageValue"), "must specify a positive target averageValue");
        }
        (Targets::ValueOrAverage, _, false) if !average => {
            let detail = "must set either a target value or averageValue";
            problems.required(&path.child("averageValue"), detail);
        }
        _ => {}
    }
}

fn check_rules(problems: &mut Problems, path: &Path<'_>, rules: &ScalingRules) {
    if let Some(seconds) = rules.stabilization_window_seconds {
        let path = path.child("stabilizationWindowSeconds");
        if seconds < 0 {
            problems.invalid(&path, seconds, "must be greater than or equal to zero");
        } else if seconds > WINDOW_MAX {
            problems.invalid(&path, seconds, &format!("must be less than or equal to {WINDOW_MAX}"));
        }
    }
    if let Some(select) = rules.select_policy.as_deref() {
        problems.word(&path.child("selectPolicy"), Some(select), &["Disabled", "Max", "Min"]);
    }
    let policies = path.child("policies");
    if rules.policies.is_empty() {
        problems.required(&policies, "must specify at least one Policy");
    }
    for (at, policy) in rules.policies.iter().enumerate() {
        let path = policies.index(at);
        problems.word(&path.child("type"), Some(&policy.kind), &["Percent", "Pods"]);
        for (field, number) in [("value", policy.value), ("periodSeconds", policy.period_seconds)] {
            if number <= 0 {
                problems.invalid(&path.child(field), number, "must be greater than zero");
            }
        }
        if policy.period_seconds > PERIOD_MAX {
            let detail = format!("must be less than or equal to {PERIOD_MAX}");
            problems.invalid(&path.child("periodSeconds"), policy.period_seconds, &detail);
        }
    }
}
