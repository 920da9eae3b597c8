//! The rows of namespaces, budgets, priorities, quotas and limit ranges.

use crate::api::Timestamp;
use crate::api::core::IntOrString;
use crate::api::pod::PreemptionPolicy;
use crate::api::policy::{LimitRange, Namespace, PodDisruptionBudget, PriorityClass, ResourceQuota};

use super::{Column, Row, column, created};

impl Row for Namespace {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("STATUS"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let phase = self.status.phase.as_deref().unwrap_or_default().to_owned();
        vec![self.metadata.name.to_string(), phase, created(&self.metadata, now)]
    }
}

impl Row for PodDisruptionBudget {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("MIN AVAILABLE"),
        column("MAX UNAVAILABLE"),
        column("ALLOWED DISRUPTIONS"),
        column("AGE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let bound = |bound: Option<&IntOrString>| bound.map_or_else(|| "N/A".to_owned(), ToString::to_string);
        vec![
            self.metadata.name.to_string(),
            bound(self.spec.min_available.as_ref()),
            bound(self.spec.max_unavailable.as_ref()),
            self.status.disruptions_allowed.to_string(),
            created(&self.metadata, now),
        ]
    }
}

impl Row for PriorityClass {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("VALUE"),
        column("GLOBAL-DEFAULT"),
        column("AGE"),
        column("PREEMPTIONPOLICY"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let policy = match self.preemption_policy {
            Some(PreemptionPolicy::PreemptLowerPriority) => "PreemptLowerPriority",
            Some(PreemptionPolicy::Never) => "Never",
            None => "",
        };
        vec![
            self.metadata.name.to_string(),
            self.value.to_string(),
            self.global_default.to_string(),
            created(&self.metadata, now),
            policy.to_owned(),
        ]
    }
}

impl Row for ResourceQuota {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("REQUEST"), column("LIMIT"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (name, hard) in &self.status.hard {
            let used = self.status.used.get(name).copied().unwrap_or_default();
            let list = if name.starts_with("limits.") { &mut limits } else { &mut requests };
            list.push(format!("{name}: {used}/{hard}"));
        }
        vec![
            self.metadata.name.to_string(),
            requests.join(", "),
            limits.join(", "),
            created(&self.metadata, now),
        ]
    }
}

impl Row for LimitRange {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("CREATED AT")];

    fn cells(&self, _: Timestamp) -> Vec<String> {
        let created = self.metadata.creation_timestamp.map(|at| at.to_string());
        vec![self.metadata.name.to_string(), created.unwrap_or_else(|| "<unknown>".to_owned())]
    }
}
