//! Disruption budgets, priorities, quotas, limit ranges and nodes: `pkg/apis/{policy,scheduling,core}/validation`.

use std::collections::BTreeSet;

use serde_json::json;

use super::path::{Path, Problems};
use super::workload::{at_most_all, check_bound};
use super::{SPEC, resources, selector};
use crate::api::names;
use crate::api::node::Node;
use crate::api::policy::{LimitRange, LimitRangeItem, PodDisruptionBudget, PriorityClass, ResourceQuota};

/// The highest priority that users may give.
const USER_PRIORITY_MAX: i32 = 1_000_000_000;
const SYSTEM_CLASSES: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

pub(super) fn check_budget(problems: &mut Problems, budget: &PodDisruptionBudget) {
    let spec = &budget.spec;
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        problems.invalid(&SPEC, json!(spec), "minAvailable and maxUnavailable cannot be both set");
    }
    for (field, bound) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
        if let Some(bound) = bound {
            check_bound(problems, &SPEC.child(field), bound);
            at_most_all(problems, &SPEC.child(field), bound);
        }
    }
    selector::check_option(problems, &SPEC.child("selector"), spec.selector.as_ref());
    if let Some(policy) = spec.unhealthy_pod_eviction_policy.as_deref() {
        let supported = ["AlwaysAllow", "IfHealthyBudget"];
        problems.word(&SPEC.child("unhealthyPodEvictionPolicy"), Some(policy), &supported);
    }
}

pub(super) fn check_priority_class(problems: &mut Problems, class: &PriorityClass) {
    let name = &class.metadata.name;
    if name.starts_with("system-") {
        if !SYSTEM_CLASSES.iter().any(|known| name == known) {
            let detail =
                "priority class names with 'system-' prefix are reserved for system use only. error: ";
            let metadata = Path::root("metadata");
            let detail = format!("{detail}{name} is not a known system priority class");
            problems.forbidden(&metadata.child("name"), &detail);
        }
    } else if class.value > USER_PRIORITY_MAX {
        let detail = format!("maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}");
        problems.forbidden(&Path::root("value"), &detail);
    }
}

pub(super) fn check_quota(problems: &mut Problems, quota: &ResourceQuota) {
    let path = SPEC.child("hard");
    resources::check_amounts(problems, &path, &quota.spec.hard);
    for name in quota.spec.hard.keys() {
        problems.invalid_text(&path.key(name), name, &names::qualified_name(name));
    }
}

pub(super) fn check_limit_range(problems: &mut Problems, range: &LimitRange) {
    let limits = SPEC.child("limits");
    let mut seen = BTreeSet::new();
    for (at, item) in range.spec.limits.iter().enumerate() {
        let path = limits.index(at);
        if item.kind.is_empty() {
            problems.required(&path.child("type"), "");
        }
        if !seen.insert(&item.kind) {
            problems.duplicate(&path.child("type"), item.kind.as_str());
        }
        check_limit_order(problems, &path, item);
    }
}

/// Minimum, default request, default limit and maximum must be in this order.
fn check_limit_order(problems: &mut Problems, path: &Path<'_>, item: &LimitRangeItem) {
    let lists = [
        ("min", "min", &item.min),
        ("defaultRequest", "default request", &item.default_request),
        ("default", "default", &item.default),
        ("max", "max", &item.max),
    ];
    for (at, (field, lower, list)) in lists.iter().enumerate() {
        let list_path = path.child(field);
        for (name, quantity) in *list {
            for (_, upper, bounds) in &lists[at + 1..] {
                if let Some(bound) = bounds.get(name).filter(|bound| *bound < quantity) {
                    let detail = format!("{lower} value {quantity} is greater than {upper} value {bound}");
                    problems.invalid(&list_path.key(name), quantity.to_string(), &detail);
                }
            }
        }
    }
}

pub(super) fn check_node(problems: &mut Problems, node: &Node) {
    let taints = SPEC.child("taints");
    let mut seen = BTreeSet::new();
    for (at, taint) in node.spec.taints.iter().enumerate() {
        let path = taints.index(at);
        problems.invalid_text(&path.child("key"), &taint.key, &names::qualified_name(&taint.key));
        problems.invalid_text(&path.child("value"), &taint.value, &names::label_value(&taint.value));
        if !seen.insert((&taint.key, taint.effect)) {
            problems.duplicate(&path, json!(taint));
        }
    }
    let status = Path::root("status");
    resources::check_amounts(problems, &status.child("capacity"), &node.status.capacity);
    resources::check_amounts(problems, &status.child("allocatable"), &node.status.allocatable);
}
