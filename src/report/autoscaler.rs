//! What HorizontalPodAutoscalers found and wanted.

use std::collections::BTreeMap;

use super::steps::Steps;
use crate::api::autoscaling::HorizontalPodAutoscaler;
use crate::base::Name;
use crate::kernel::SimTime;

/// Changes that a series keeps.
const CHANGES: usize = 4_096;

/// One autoscaler.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Replicas that it asked for.
    pub desired: Steps<i64>,
    /// Average utilisation of what is requested, in percent, by resource.
    pub utilization: BTreeMap<String, Steps<i64>>,
}

impl Autoscaler {
    pub(super) fn new(namespace: Name, name: Name) -> Self {
        Self { namespace, name, desired: Steps::with_limit(CHANGES), utilization: BTreeMap::new() }
    }

    /// Takes the object as it is from `at` on.
    pub(super) fn observe(&mut self, at: SimTime, hpa: &HorizontalPodAutoscaler) {
        self.desired.push(at, i64::from(hpa.status.desired_replicas));
        let metrics = hpa.status.current_metrics.as_deref().and_then(serde_json::Value::as_array);
        for metric in metrics.into_iter().flatten() {
            let source = ["resource", "containerResource"].into_iter().find_map(|kind| metric.get(kind));
            let Some(source) = source else { continue };
            let percent = source.pointer("/current/averageUtilization").and_then(serde_json::Value::as_i64);
            if let (Some(name), Some(percent)) = (source["name"].as_str(), percent) {
                let series = self.utilization.entry(name.to_owned());
                series.or_insert_with(|| Steps::with_limit(CHANGES)).push(at, percent);
            }
        }
    }
}
