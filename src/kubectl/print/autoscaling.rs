//! The row of an autoscaler.

use serde_json::Value;

use crate::api::Timestamp;
use crate::api::autoscaling::{HorizontalPodAutoscaler, MetricSpec, MetricTarget};

use super::{Column, Row, column, created};

/// How many metrics are shown before `+ N more...`.
const SHOWN: usize = 2;

impl Row for HorizontalPodAutoscaler {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("REFERENCE"),
        column("TARGETS"),
        column("MINPODS"),
        column("MAXPODS"),
        column("REPLICAS"),
        column("AGE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let target = &self.spec.scale_target_ref;
        vec![
            self.metadata.name.to_string(),
            format!("{}/{}", target.kind, target.name),
            metrics(self),
            self.spec.min_replicas.map_or_else(|| "<unset>".to_owned(), |min| min.to_string()),
            self.spec.max_replicas.to_string(),
            self.status.current_replicas.to_string(),
            created(&self.metadata, now),
        ]
    }
}

fn metrics(autoscaler: &HorizontalPodAutoscaler) -> String {
    let current = autoscaler.status.current_metrics.as_deref();
    let all = &autoscaler.spec.metrics;
    if all.is_empty() {
        return "<none>".to_owned();
    }
    let shown = all.iter().take(SHOWN).enumerate().map(|(at, metric)| {
        let current = current.and_then(|current| current.get(at));
        one_metric(metric, current)
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

fn one_metric(metric: &MetricSpec, current: Option<&Value>) -> String {
    let now = |source: &str, field: &str| current_value(current, source, field).unwrap_or_else(unknown);
    let average = |source: &str, target: &MetricTarget| match &target.average_value {
        Some(goal) => format!("{}/{goal} (avg)", now(source, "averageValue")),
        None => format!("{}/{}", now(source, "value"), quantity(target.value.as_ref())),
    };
    let resource = |source: &str, name: &str, target: &MetricTarget| {
        if let Some(goal) = &target.average_value {
            return format!("{name}: {}/{goal}", now(source, "averageValue"));
        }
        let percent = current_value(current, source, "averageUtilization");
        let now = percent.map_or_else(unknown, |percent| format!("{percent}%"));
        let goal = target.average_utilization.map(|percent| format!("{percent}%"));
        format!("{name}: {now}/{}", goal.unwrap_or_else(|| "<auto>".to_owned()))
    };
    if let Some(source) = &metric.external {
        average("external", &source.target)
    } else if let Some(source) = &metric.object {
        average("object", &source.target)
    } else if let Some(source) = &metric.pods {
        format!("{}/{}", now("pods", "averageValue"), quantity(source.target.average_value.as_ref()))
    } else if let Some(source) = &metric.resource {
        resource("resource", &source.name, &source.target)
    } else if let Some(source) = &metric.container_resource {
        resource("containerResource", &source.name, &source.target)
    } else {
        "<unknown type>".to_owned()
    }
}

fn unknown() -> String {
    "<unknown>".to_owned()
}

fn quantity(quantity: Option<&crate::base::Quantity>) -> String {
    quantity.map_or_else(|| "0".to_owned(), ToString::to_string)
}

/// `status.currentMetrics[i].SOURCE.current.FIELD`
pub(in crate::kubectl) fn current_value(
    current: Option<&Value>,
    source: &str,
    field: &str,
) -> Option<String> {
    match current?.get(source)?.get("current")?.get(field)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
