//! LimitRange admission: `plugin/pkg/admission/limitranger/admission.go`, v1.34, for containers and pods.

use std::sync::Arc;

use super::core::ResourceList;
use super::object::Kind;
use super::pod::{Container, Pod};
use super::policy::{LimitRange, LimitRangeItem};
use super::qos;
use super::request::ApiError;
use super::store::Objects;
use crate::base::Quantity;

/// The largest value that is compared in thousandths (`resource.MaxMilliValue`).
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

/// Fills in a namespace's default requests and limits and refuses what is out of its bounds.
pub(super) fn apply(objects: &Objects, pod: &mut Pod) -> Result<(), ApiError> {
    let ranges: Vec<Arc<LimitRange>> = objects
        .iter::<LimitRange>()
        .map(|(_, range)| range.clone())
        .filter(|range| range.metadata.namespace == pod.metadata.namespace)
        .collect();
    for item in ranges.iter().flat_map(|range| &range.spec.limits).filter(|item| item.kind == "Container") {
        fill_requests_and_limits(pod, item);
    }
    for range in ranges {
        let problems: Vec<String> = range.spec.limits.iter().flat_map(|item| check(pod, item)).collect();
        let cause = match problems.as_slice() {
            [] => continue,
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        return Err(ApiError::forbidden(Kind::Pod, &pod.metadata.name, &cause));
    }
    Ok(())
}

fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.containers.iter().chain(&pod.spec.init_containers)
}

/// Fills in what a rule gives to containers that say nothing, without unsharing a spec that is complete.
fn fill_requests_and_limits(pod: &mut Pod, item: &LimitRangeItem) {
    let lacks =
        |list: &ResourceList, defaults: &ResourceList| defaults.keys().any(|name| !list.contains_key(name));
    let is_complete = containers(pod).all(|container| {
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

/// What a rule has against a pod.
fn check(pod: &Pod, item: &LimitRangeItem) -> Vec<String> {
    match item.kind.as_str() {
        "Container" => containers(pod)
            .flat_map(|container| bounds(item, &container.resources.requests, &container.resources.limits))
            .collect(),
        "Pod" => bounds(item, &qos::pod_requests(&pod.spec), &qos::pod_limits(&pod.spec)),
        _ => Vec::new(),
    }
}

fn bounds(item: &LimitRangeItem, requests: &ResourceList, limits: &ResourceList) -> Vec<String> {
    let kind = &item.kind;
    let mut problems = Vec::new();
    for (name, least) in &item.min {
        let what = format!("minimum {name} usage per {kind} is {least}");
        let below = |amount: &&Quantity| amount.milli_value() < least.milli_value();
        match (requests.get(name), limits.get(name)) {
            (None, _) => problems.push(format!("{what}.  No request is specified")),
            (Some(request), _) if below(&request) => {
                problems.push(format!("{what}, but request is {request}"));
            }
            (_, Some(limit)) if below(&limit) => problems.push(format!("{what}, but limit is {limit}")),
            _ => {}
        }
    }
    for (name, most) in &item.max {
        let what = format!("maximum {name} usage per {kind} is {most}");
        let above = |amount: &&Quantity| amount.milli_value() > most.milli_value();
        match (requests.get(name), limits.get(name)) {
            (_, None) => problems.push(format!("{what}.  No limit is specified")),
            (_, Some(limit)) if above(&limit) => problems.push(format!("{what}, but limit is {limit}")),
            (Some(request), _) if above(&request) => {
                problems.push(format!("{what}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (name, most) in &item.max_limit_request_ratio {
        problems.extend(
            ratio(most, requests.get(name), limits.get(name)).map(|problem| {
                format!("{name} max limit to request ratio per {kind} is {most}, but {problem}")
            }),
        );
    }
    problems
}

/// What is wrong with the ratio of a limit to a request.
fn ratio(most: &Quantity, request: Option<&Quantity>, limit: Option<&Quantity>) -> Option<String> {
    let Some(request) = request.map(Quantity::milli_value).filter(|value| *value != 0) else {
        return Some("no request is specified or request is 0".to_owned());
    };
    let Some(limit) = limit.map(Quantity::milli_value).filter(|value| *value != 0) else {
        return Some("no limit is specified or limit is 0".to_owned());
    };
    let too_much = if most.value() <= MAX_MILLI_VALUE {
        i128::from(limit) * 1000 > i128::from(most.milli_value()) * i128::from(request)
    } else {
        i128::from(limit) > i128::from(most.value()) * i128::from(request)
    };
    let millionths = (i128::from(limit) * 1_000_000 + i128::from(request) / 2) / i128::from(request);
    let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
    too_much.then(|| format!("provided ratio is {whole}.{rest:06}"))
}
