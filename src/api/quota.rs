//! ResourceQuota and LimitRange admission (`plugin/pkg/admission/{resourcequota,limitranger}`, v1.34), for pods.

use std::sync::Arc;

use super::core::ResourceList;
use super::object::Kind;
use super::pod::Pod;
use super::policy::{LimitRange, LimitRangeItem, ResourceQuota};
use super::request::ApiError;
use super::store::Objects;
use crate::base::{Name, Quantity};

/// Fills in a namespace's default requests and limits and refuses what is out of its bounds.
pub(super) fn apply_limit_ranges(objects: &Objects, pod: &mut Pod) -> Result<(), ApiError> {
    let ranges: Vec<Arc<LimitRange>> = objects
        .iter::<LimitRange>()
        .map(|(_, range)| range.clone())
        .filter(|range| range.metadata.namespace == pod.metadata.namespace)
        .collect();
    let items = ranges.iter().flat_map(|range| &range.spec.limits).filter(|item| item.kind == "Container");
    for item in items {
        fill_requests_and_limits(pod, item);
        for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
            let resources = &container.resources;
            for (what, list) in [("request", &resources.requests), ("limit", &resources.limits)] {
                check_bounds(&pod.metadata.name, what, list, &item.min, &item.max)?;
            }
        }
    }
    Ok(())
}

/// Fills in what a rule gives to containers that say nothing, without unsharing a spec that is complete.
fn fill_requests_and_limits(pod: &mut Pod, item: &LimitRangeItem) {
    let lacks =
        |list: &ResourceList, defaults: &ResourceList| defaults.keys().any(|name| !list.contains_key(name));
    let is_complete = pod.spec.containers.iter().chain(&pod.spec.init_containers).all(|container| {
        let resources = &container.resources;
        !lacks(&resources.limits, &item.default) && !lacks(&resources.requests, &item.default_request)
    });
    if is_complete {
        return;
    }
    let spec = Arc::make_mut(&mut pod.spec);
    for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
        fill(&mut container.resources.limits, &item.default);
        fill(&mut container.resources.requests, &item.default_request);
    }
}

fn fill(target: &mut ResourceList, defaults: &ResourceList) {
    for (name, amount) in defaults {
        target.entry(name.clone()).or_insert(*amount);
    }
}

fn check_bounds(
    pod: &str,
    what: &str,
    list: &ResourceList,
    min: &ResourceList,
    max: &ResourceList,
) -> Result<(), ApiError> {
    for (name, amount) in list {
        if let Some(least) = min.get(name)
            && amount.milli_value() < least.milli_value()
        {
            let cause = format!("minimum {name} usage per Container is {least}, but {what} is {amount}");
            return Err(ApiError::forbidden(Kind::Pod, pod, &cause));
        }
        if let Some(most) = max.get(name)
            && amount.milli_value() > most.milli_value()
        {
            let cause = format!("maximum {name} usage per Container is {most}, but {what} is {amount}");
            return Err(ApiError::forbidden(Kind::Pod, pod, &cause));
        }
    }
    Ok(())
}

/// Refuses a pod that would exceed a quota of its namespace.
pub(super) fn check(objects: &Objects, pod: &Pod) -> Result<(), ApiError> {
    let quotas = objects.iter::<ResourceQuota>().map(|(_, quota)| quota);
    for quota in quotas.filter(|quota| quota.metadata.namespace == pod.metadata.namespace) {
        for (resource, hard) in &quota.spec.hard {
            let Some(requested) = usage(pod, resource) else { continue };
            if requested == 0 && resource != "pods" && resource != "count/pods" {
                let cause = format!("failed quota: {}: must specify {resource}", quota.metadata.name);
                return Err(ApiError::forbidden(Kind::Pod, &pod.metadata.name, &cause));
            }
            let used: i64 = objects
                .iter::<Pod>()
                .map(|(_, other)| other)
                .filter(|other| other.metadata.namespace == pod.metadata.namespace)
                .filter(|other| !other.status.phase.is_terminal())
                .filter_map(|other| usage(other, resource))
                .sum();
            if used + requested > hard.milli_value() {
                let cause = format!(
                    "exceeded quota: {}, requested: {resource}={}, used: {resource}={}, limited: {resource}={hard}",
                    quota.metadata.name,
                    Quantity::from_milli(requested),
                    Quantity::from_milli(used)
                );
                return Err(ApiError::forbidden(Kind::Pod, &pod.metadata.name, &cause));
            }
        }
    }
    Ok(())
}

/// What a pod counts for a quota resource, in thousandths; `None` when the resource is not about pods.
fn usage(pod: &Pod, resource: &Name) -> Option<i64> {
    let sum = |name: &str, limits: bool| -> i64 {
        let lists = pod.spec.containers.iter().map(|container| &container.resources);
        lists
            .filter_map(|resources| {
                let list = if limits { &resources.limits } else { &resources.requests };
                list.get(name).map(Quantity::milli_value)
            })
            .sum()
    };
    Some(match resource.as_str() {
        "pods" | "count/pods" => 1000,
        "cpu" | "requests.cpu" => sum("cpu", false),
        "memory" | "requests.memory" => sum("memory", false),
        "limits.cpu" => sum("cpu", true),
        "limits.memory" => sum("memory", true),
        _ => return None,
    })
}
