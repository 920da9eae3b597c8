//! What a pod requests, its quality-of-service class, and how readily the kernel kills its containers.
//!
//! Follows `ComputePodQOS` of `pkg/apis/core/v1/helper/qos` and `GetContainerOOMScoreAdjust` of `pkg/kubelet/qos`
//! (1.34, which agree with 1.20 where neither sidecars nor pod-level resources are involved), and `PodRequests` of
//! `k8s.io/component-helpers/resource` v0.34.

use std::collections::BTreeMap;

use super::core::ResourceList;
use super::pod::{Container, PodSpec, QosClass};
use crate::base::{Name, Quantity};

/// Pods of this priority or more are critical to their node.
pub const SYSTEM_CRITICAL_PRIORITY: i32 = 2_000_000_000;
const NODE_CRITICAL_CLASS: &str = "system-node-critical";
/// `oom_score_adj` of Guaranteed and node-critical pods.
pub const OOM_SCORE_GUARANTEED: i32 = -997;
/// `oom_score_adj` of BestEffort pods.
pub const OOM_SCORE_BEST_EFFORT: i32 = 1000;

/// The class of a pod; it never changes after creation.
pub fn qos_class(spec: &PodSpec) -> QosClass {
    let (mut requests, mut limits) = (ResourceList::new(), ResourceList::new());
    let mut all_limited = true;
    if let Some(resources) = &spec.resources {
        add_compute(&mut requests, &resources.requests);
        let limited = add_compute(&mut limits, &resources.limits);
        all_limited = resources.limits.is_empty() || limited;
    } else {
        for container in spec.containers.iter().chain(&spec.init_containers) {
            add_compute(&mut requests, &container.resources.requests);
            all_limited &= add_compute(&mut limits, &container.resources.limits);
        }
    }
    if requests.is_empty() && limits.is_empty() {
        QosClass::BestEffort
    } else if all_limited && requests == limits {
        QosClass::Guaranteed
    } else {
        QosClass::Burstable
    }
}

/// Adds cpu and memory where they are positive; returns whether both are.
fn add_compute(sum: &mut ResourceList, list: &ResourceList) -> bool {
    let mut found = 0;
    for (name, quantity) in list {
        if (name == "cpu" || name == "memory") && quantity.signum() > 0 {
            *sum.entry(name.clone()).or_default() += *quantity;
            found += 1;
        }
    }
    found == 2
}

/// `oom_score_adj` of a container of the pod, on a node with `memory_capacity` bytes: -997 to 1000, higher is killed
/// first.
pub fn oom_score_adj(spec: &PodSpec, container: &Container, memory_capacity: i64) -> i32 {
    if is_node_critical(spec) {
        return OOM_SCORE_GUARANTEED;
    }
    match qos_class(spec) {
        QosClass::Guaranteed => return OOM_SCORE_GUARANTEED,
        QosClass::BestEffort => return OOM_SCORE_BEST_EFFORT,
        QosClass::Burstable => {}
    }
    let share = undistributed_memory(spec);
    let score = |request: i64| 1000 - request.wrapping_mul(1000).checked_div(memory_capacity).unwrap_or(0);
    let mut adjust = score(memory_request(container) + share);
    if container.is_sidecar() {
        // A sidecar is not killed before the regular containers that need it.
        let least = spec.containers.iter().map(memory_request).min().unwrap_or(0);
        adjust = adjust.min(score(least + share));
    }
    // More than a Guaranteed pod that uses all memory (10), less than BestEffort.
    adjust.clamp(i64::from(1000 + OOM_SCORE_GUARANTEED), i64::from(OOM_SCORE_BEST_EFFORT - 1)) as i32
}

fn is_node_critical(spec: &PodSpec) -> bool {
    spec.priority.is_some_and(|priority| priority >= SYSTEM_CRITICAL_PRIORITY)
        && spec.priority_class_name.as_ref().is_some_and(|class| class == NODE_CRITICAL_CLASS)
}

fn memory_request(container: &Container) -> i64 {
    container.resources.requests.get("memory").map_or(0, Quantity::value)
}

/// Each container's part of the pod-level memory request that containers do not claim themselves.
fn undistributed_memory(spec: &PodSpec) -> i64 {
    let Some(pod) = spec.resources.as_ref().and_then(|resources| resources.requests.get("memory")) else {
        return 0;
    };
    let sidecars = spec.init_containers.iter().filter(|container| container.is_sidecar());
    let (mut count, mut claimed) = (0, 0);
    for container in spec.containers.iter().chain(sidecars) {
        count += 1;
        claimed += memory_request(container);
    }
    (pod.value() - claimed).max(0).checked_div(count).unwrap_or(0)
}

/// How [`pod_requests_with`] counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestOptions<'a> {
    /// Leave `spec.resources` out (the score of the incoming pod does).
    pub skip_pod_level: bool,
    /// Leave `spec.overhead` out.
    pub skip_overhead: bool,
    /// What a container counts that has no request of a resource (scoring: 100m CPU, 200Mi memory).
    pub missing: Option<&'a ResourceList>,
}

/// What the scheduler and the kubelet set aside for a pod.
pub fn pod_requests(spec: &PodSpec) -> ResourceList {
    pod_requests_with(spec, RequestOptions::default())
}

/// The same sum of the limits of a pod's containers, as quotas and limit ranges count them.
pub fn pod_limits(spec: &PodSpec) -> ResourceList {
    let mut by_limits = spec.clone();
    for container in by_limits.containers.iter_mut().chain(&mut by_limits.init_containers) {
        container.resources.requests = std::mem::take(&mut container.resources.limits);
    }
    if let Some(resources) = &mut by_limits.resources {
        resources.requests = std::mem::take(&mut resources.limits);
    }
    pod_requests_with(&by_limits, RequestOptions { skip_overhead: true, ..RequestOptions::default() })
}

/// Per resource: the most that is needed at one time. Containers and sidecars run together; before that, each init
/// container runs with the sidecars started before it. Pod-level requests replace the result; overhead is added.
pub fn pod_requests_with(spec: &PodSpec, options: RequestOptions<'_>) -> ResourceList {
    let mut total = ResourceList::new();
    for container in &spec.containers {
        add(&mut total, &container_requests(container, options.missing));
    }
    let (mut sidecars, mut starting) = (ResourceList::new(), ResourceList::new());
    for container in &spec.init_containers {
        let mut own = container_requests(container, options.missing);
        if container.is_sidecar() {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own.clone_from(&sidecars);
        } else {
            add(&mut own, &sidecars);
        }
        maximum(&mut starting, &own);
    }
    maximum(&mut total, &starting);
    if let Some(resources) = spec.resources.as_ref().filter(|_| !options.skip_pod_level) {
        let own = resources.requests.iter().filter(|(name, _)| is_pod_level_resource(name));
        total.extend(own.map(|(name, quantity)| (name.clone(), *quantity)));
    }
    if !options.skip_overhead {
        add(&mut total, &spec.overhead);
    }
    total
}

/// Whether `spec.resources` of a pod may speak of this resource.
pub(in crate::api) fn is_pod_level_resource(name: &str) -> bool {
    name == "cpu" || name == "memory" || name.starts_with("hugepages-")
}

fn container_requests(container: &Container, missing: Option<&ResourceList>) -> ResourceList {
    let mut requests = missing.cloned().unwrap_or_default();
    requests.extend(container.resources.requests.iter().map(|(name, quantity)| (name.clone(), *quantity)));
    requests
}

fn add(sum: &mut ResourceList, list: &ResourceList) {
    for (name, quantity) in list {
        sum.entry(name.clone()).and_modify(|sum| *sum += *quantity).or_insert(*quantity);
    }
}

fn maximum(most: &mut ResourceList, list: &BTreeMap<Name, Quantity>) {
    for (name, quantity) in list {
        most.entry(name.clone()).and_modify(|most| *most = (*most).max(*quantity)).or_insert(*quantity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::{Resources, RestartPolicy};

    fn list(pairs: &[(&str, &str)]) -> ResourceList {
        pairs.iter().map(|(name, amount)| ((*name).into(), amount.parse().unwrap())).collect()
    }

    fn container(requests: &[(&str, &str)], limits: &[(&str, &str)]) -> Container {
        let resources = Resources { requests: list(requests), limits: list(limits), claims: None };
        Container { resources, ..Container::default() }
    }

    fn sidecar(requests: &[(&str, &str)]) -> Container {
        Container { restart_policy: Some(RestartPolicy::Always), ..container(requests, &[]) }
    }

    fn pod(containers: Vec<Container>, init_containers: Vec<Container>) -> PodSpec {
        PodSpec { init_containers, containers, ..PodSpec::default() }
    }

    #[test]
    fn guaranteed_needs_both_limits_everywhere() {
        let full = [("cpu", "1"), ("memory", "1Gi")];
        assert_eq!(qos_class(&pod(vec![container(&full, &full)], vec![])), QosClass::Guaranteed);
        assert_eq!(
            qos_class(&pod(vec![container(&full, &full)], vec![container(&[], &[])])),
            QosClass::Burstable
        );
        assert_eq!(qos_class(&pod(vec![container(&[("cpu", "0")], &[])], vec![])), QosClass::BestEffort);
    }

    #[test]
    fn sidecars_are_no_likelier_to_be_killed_than_the_regular_containers() {
        let helper = sidecar(&[("memory", "1Gi")]);
        let spec = pod(vec![container(&[("memory", "4Gi")], &[])], vec![helper.clone()]);
        assert_eq!(oom_score_adj(&spec, &spec.containers[0], 8 << 30), 500);
        assert_eq!(oom_score_adj(&spec, &helper, 8 << 30), 500);
    }

    #[test]
    fn init_containers_run_with_the_sidecars_before_them() {
        let init = container(&[("cpu", "3")], &[]);
        let spec = pod(vec![container(&[("cpu", "1")], &[])], vec![sidecar(&[("cpu", "500m")]), init]);
        assert_eq!(pod_requests(&spec), list(&[("cpu", "3500m")]));
    }

    #[test]
    fn pod_level_requests_replace_and_overhead_adds() {
        let resources = Resources { requests: list(&[("cpu", "4"), ("x/gpu", "1")]), ..Resources::default() };
        let mut spec = pod(vec![container(&[("cpu", "1"), ("memory", "1Gi")], &[])], vec![]);
        spec.resources = Some(resources);
        spec.overhead = list(&[("cpu", "250m")]);
        assert_eq!(pod_requests(&spec), list(&[("cpu", "4250m"), ("memory", "1Gi")]));
        let missing = list(&[("cpu", "100m"), ("memory", "200Mi")]);
        let options = RequestOptions { skip_pod_level: true, skip_overhead: true, missing: Some(&missing) };
        assert_eq!(pod_requests_with(&spec, options), list(&[("cpu", "1"), ("memory", "1Gi")]));
    }
}
