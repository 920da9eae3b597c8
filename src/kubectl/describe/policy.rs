//! The pages of namespaces, budgets, priorities, quotas and limit ranges.

use std::collections::BTreeSet;

use crate::api::core::ResourceList;
use crate::api::pod::PreemptionPolicy;
use crate::api::policy::{LimitRange, Namespace, PodDisruptionBudget, PriorityClass, ResourceQuota};
use crate::api::{Kind, Resource};
use crate::base::Name;
use crate::kubectl::age::date;
use crate::kubectl::print::selector_text;
use crate::kubectl::source::ObjectSource;

use super::page::{Page, line};

pub(super) fn disruption_budget(page: &mut Page, budget: &PodDisruptionBudget) {
    let (spec, status) = (&budget.spec, &budget.status);
    page.name_and_namespace(&budget.metadata);
    if let Some(bound) = &spec.min_available {
        line!(page, 0, "Min available:\t{bound}");
    } else if let Some(bound) = &spec.max_unavailable {
        line!(page, 0, "Max unavailable:\t{bound}");
    }
    match &spec.selector {
        Some(selector) => line!(page, 0, "Selector:\t{}", selector_text(Some(selector))),
        None => line!(page, 0, "Selector:\t<unset>"),
    }
    line!(page, 0, "Status:");
    for (heading, number) in [
        ("Allowed disruptions", status.disruptions_allowed),
        ("Current", status.current_healthy),
        ("Desired", status.desired_healthy),
        ("Total", status.expected_pods),
    ] {
        line!(page, 2, "{heading}:\t{number}");
    }
}

pub(super) fn priority_class(page: &mut Page, class: &PriorityClass) {
    line!(page, 0, "Name:\t{}", class.metadata.name);
    line!(page, 0, "Value:\t{}", class.value);
    line!(page, 0, "GlobalDefault:\t{}", class.global_default);
    let policy = match class.preemption_policy {
        Some(PreemptionPolicy::Never) => "Never",
        _ => "PreemptLowerPriority",
    };
    line!(page, 0, "PreemptionPolicy:\t{policy}");
    line!(page, 0, "Description:\t{}", class.description.as_deref().unwrap_or_default());
    line!(page, 0, "Annotations:\t{}", class.metadata.annotations);
}

pub(super) fn namespace<S: ObjectSource + ?Sized>(page: &mut Page, namespace: &Namespace, source: &S) {
    let name = &namespace.metadata.name;
    line!(page, 0, "Name:\t{name}");
    page.labels_and_annotations(&namespace.metadata);
    line!(page, 0, "Status:\t{}", namespace.status.phase.as_deref().unwrap_or_default());
    if !namespace.status.conditions.is_empty() {
        line!(page, 0, "Conditions:");
        line!(page, 1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        line!(page, 1, "----\t------\t------------------\t------\t-------");
        for condition in &namespace.status.conditions {
            let reason = condition.reason.as_deref().unwrap_or_default();
            let message = condition.message.as_deref().unwrap_or_default();
            let since = date(condition.last_transition_time);
            line!(page, 1, "{}\t{}\t{since}\t{reason}\t{message}", condition.kind, condition.status);
        }
    }
    line!(page, 0, "");
    quotas_of(page, name, source);
    line!(page, 0, "");
    limits_of(page, name, source);
}

fn quotas_of<S: ObjectSource + ?Sized>(page: &mut Page, namespace: &str, source: &S) {
    let mut objects = source.list(Kind::ResourceQuota, Some(namespace));
    if objects.is_empty() {
        line!(page, 0, "No resource quota.");
        return;
    }
    objects.sort_by(|a, b| a.metadata().name.cmp(&b.metadata().name));
    line!(page, 0, "Resource Quotas");
    for quota in objects.iter().filter_map(|object| ResourceQuota::from_object(object)) {
        line!(page, 1, "Name:\t{}", quota.metadata.name);
        scopes(page, quota, 1, "* ");
        line!(page, 1, "Resource\tUsed\tHard");
        line!(page, 1, "--------\t---\t---");
        used_and_hard(page, quota, 1);
    }
}

fn limits_of<S: ObjectSource + ?Sized>(page: &mut Page, namespace: &str, source: &S) {
    let objects = source.list(Kind::LimitRange, Some(namespace));
    if objects.is_empty() {
        line!(page, 0, "No LimitRange resource.");
        return;
    }
    line!(page, 0, "Resource Limits");
    limit_table(
        page,
        " ",
        objects.iter().filter_map(|object| LimitRange::from_object(object)).map(AsRef::as_ref),
    );
}

pub(super) fn quota(page: &mut Page, quota: &ResourceQuota) {
    page.name_and_namespace(&quota.metadata);
    scopes(page, quota, 0, " * ");
    line!(page, 0, "Resource\tUsed\tHard");
    line!(page, 0, "--------\t----\t----");
    used_and_hard(page, quota, 0);
}

fn scopes(page: &mut Page, quota: &ResourceQuota, level: usize, bullet: &str) {
    let mut scopes: Vec<&str> = quota.spec.scopes.iter().map(Name::as_str).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    line!(page, level, "Scopes:\t{}", scopes.join(", "));
    for help in scopes.iter().filter_map(|scope| scope_help(scope)) {
        line!(page, level, "{bullet}{help}");
    }
}

fn scope_help(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being \
             actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose \
             container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of \
             service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or \
             guaranteed quality of service."
        }
        _ => return None,
    })
}

fn used_and_hard(page: &mut Page, quota: &ResourceQuota, level: usize) {
    for (name, hard) in &quota.status.hard {
        let used = quota.status.used.get(name).copied().unwrap_or_default();
        line!(page, level, "{name}\t{used}\t{hard}");
    }
}

pub(super) fn limit_range(page: &mut Page, range: &LimitRange) {
    page.name_and_namespace(&range.metadata);
    limit_table(page, "", [range].into_iter());
}

fn limit_table<'a>(page: &mut Page, indent: &str, ranges: impl Iterator<Item = &'a LimitRange>) {
    line!(
        page,
        0,
        "{indent}Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio"
    );
    line!(
        page,
        0,
        "{indent}----\t--------\t---\t---\t---------------\t-------------\t-----------------------"
    );
    for item in ranges.flat_map(|range| &range.spec.limits) {
        let lists =
            [&item.min, &item.max, &item.default_request, &item.default, &item.max_limit_request_ratio];
        let names: BTreeSet<&Name> = lists.iter().flat_map(|list| list.keys()).collect();
        for name in names {
            let amount =
                |list: &ResourceList| list.get(name).map_or_else(|| "-".to_owned(), ToString::to_string);
            let amounts: Vec<String> = lists.iter().map(|list| amount(list)).collect();
            line!(page, 0, "{indent}{}\t{name}\t{}", item.kind, amounts.join("\t"));
        }
    }
}
