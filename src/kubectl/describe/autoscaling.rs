//! The page of an autoscaler.

use serde_json::Value;

use crate::api::autoscaling::{HorizontalPodAutoscaler, MetricSpec, MetricTarget, ScalingRules};
use crate::kubectl::age::date;
use crate::kubectl::print::current_value;

use super::page::{Page, line, or_unset};

pub(super) fn describe(page: &mut Page, autoscaler: &HorizontalPodAutoscaler) {
    let (spec, status) = (&autoscaler.spec, &autoscaler.status);
    let target = &spec.scale_target_ref;
    page.name_and_namespace(&autoscaler.metadata);
    page.labels_and_annotations(&autoscaler.metadata);
    line!(page, 0, "CreationTimestamp:\t{}", date(autoscaler.metadata.creation_timestamp));
    line!(page, 0, "Reference:\t{}/{}", target.kind, target.name);
    line!(page, 0, "Metrics:\t( current / target )");
    for (at, metric) in spec.metrics.iter().enumerate() {
        let current = status.current_metrics.as_deref().and_then(|current| current.get(at));
        one_metric(page, metric, current);
    }
    line!(page, 0, "Min replicas:\t{}", or_unset(spec.min_replicas));
    line!(page, 0, "Max replicas:\t{}", spec.max_replicas);
    if let Some(behavior) = &spec.behavior {
        line!(page, 0, "Behavior:");
        direction(page, "Scale Up", behavior.scale_up.as_ref());
        direction(page, "Scale Down", behavior.scale_down.as_ref());
    }
    let (current, desired) = (status.current_replicas, status.desired_replicas);
    line!(page, 0, "{} pods:\t{current} current / {desired} desired", target.kind);
    if status.conditions.is_empty() {
        return;
    }
    line!(page, 0, "Conditions:");
    line!(page, 1, "Type\tStatus\tReason\tMessage");
    line!(page, 1, "----\t------\t------\t-------");
    for condition in &status.conditions {
        let reason = condition.reason.as_deref().unwrap_or_default();
        let message = condition.message.as_deref().unwrap_or_default();
        line!(page, 1, "{}\t{}\t{reason}\t{message}", condition.kind, condition.status);
    }
}

fn one_metric(page: &mut Page, metric: &MetricSpec, current: Option<&Value>) {
    if let Some(source) = &metric.external {
        let (what, values) = value_or_average(&source.target, current, "external");
        line!(page, 1, "{:?} (target {what}):\t{values}", source.metric.name);
    } else if let Some(source) = &metric.object {
        let (what, values) = value_or_average(&source.target, current, "object");
        let object = source.described_object.clone().unwrap_or_default();
        let name = &source.metric.name;
        line!(page, 1, "{name:?} on {}/{} (target {what}):\t{values}", object.kind, object.name);
    } else if let Some(source) = &metric.pods {
        let goal = or_zero(source.target.average_value.as_ref());
        let now = or_unknown(current_value(current, "pods", "averageValue"));
        line!(page, 1, "{:?} on pods:\t{now} / {goal}", source.metric.name);
    } else if let Some(source) = &metric.resource {
        let what = format!("resource {} on pods", source.name);
        resource(page, &what, &source.target, current, "resource");
    } else if let Some(source) = &metric.container_resource {
        let container = source.container.as_deref().unwrap_or_default();
        let what = format!("resource {} of container {container:?} on pods", source.name);
        resource(page, &what, &source.target, current, "containerResource");
    } else {
        line!(page, 1, "<unknown metric type {:?}>", metric.kind);
    }
}

fn or_unknown(value: Option<String>) -> String {
    value.unwrap_or_else(|| "<unknown>".to_owned())
}

fn or_zero(quantity: Option<&crate::base::Quantity>) -> String {
    quantity.map_or_else(|| "0".to_owned(), ToString::to_string)
}

fn value_or_average(target: &MetricTarget, current: Option<&Value>, source: &str) -> (&'static str, String) {
    if let Some(goal) = &target.average_value {
        let now = or_unknown(current_value(current, source, "averageValue"));
        return ("average value", format!("{now} / {goal}"));
    }
    let now = or_unknown(current_value(current, source, "value"));
    ("value", format!("{now} / {}", or_zero(target.value.as_ref())))
}

fn resource(page: &mut Page, what: &str, target: &MetricTarget, current: Option<&Value>, source: &str) {
    let average = current_value(current, source, "averageValue");
    if let Some(goal) = &target.average_value {
        line!(page, 1, "{what}:\t{} / {goal}", or_unknown(average));
        return;
    }
    let percent = current_value(current, source, "averageUtilization");
    let now = percent.map(|percent| format!("{percent}% ({})", average.unwrap_or_else(|| "0".to_owned())));
    let goal = target.average_utilization.map(|percent| format!("{percent}%"));
    let goal = goal.unwrap_or_else(|| "<auto>".to_owned());
    line!(page, 1, "{what}  (as a percentage of request):\t{} / {goal}", or_unknown(now));
}

fn direction(page: &mut Page, heading: &str, rules: Option<&ScalingRules>) {
    let Some(rules) = rules else { return };
    line!(page, 1, "{heading}:");
    if let Some(seconds) = rules.stabilization_window_seconds {
        line!(page, 2, "Stabilization Window: {seconds} seconds");
    }
    if rules.policies.is_empty() {
        return;
    }
    line!(page, 2, "Select Policy: {}", rules.select_policy.as_deref().unwrap_or("Max"));
    line!(page, 2, "Policies:");
    for policy in &rules.policies {
        let (kind, value, period) = (&policy.kind, policy.value, policy.period_seconds);
        line!(page, 3, "- Type: {kind}\tValue: {value}\tPeriod: {period} seconds");
    }
}
