//! ResourceQuota admission: `plugin/pkg/admission/resourcequota` and `pkg/quota/v1/evaluator/core`, v1.34.
//!
//! Usage is counted from the store whenever it is asked for; nothing writes it into the status of quotas.

use std::collections::{BTreeMap, BTreeSet};

use super::core::ResourceList;
use super::object::{Kind, Object};
use super::pod::{Pod, QosClass};
use super::policy::ResourceQuota;
use super::qos;
use super::request::ApiError;
use super::store::Objects;
use crate::base::{Name, Quantity};

/// Resources of which every container must say something if a quota limits them.
const COMPUTE: [&str; 6] =
    ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// Refuses an object that would exceed a quota of its namespace.
pub(super) fn check(objects: &Objects, object: &Object) -> Result<(), ApiError> {
    let metadata = object.metadata();
    let quotas = objects.iter::<ResourceQuota>().map(|(_, quota)| quota);
    for quota in quotas.filter(|quota| quota.metadata.namespace == metadata.namespace) {
        if !in_scope(quota, object) {
            continue;
        }
        let refuse = |cause: &str| Err(ApiError::forbidden(object.kind(), &metadata.name, cause));
        let requested = usage(quota, object);
        if requested.is_empty() {
            continue;
        }
        if let Object::Pod(pod) = object
            && let Some(missing) = unspecified(quota, pod)
        {
            return refuse(&format!("failed quota: {}: must specify {missing}", quota.metadata.name));
        }
        let used = used(objects, quota);
        let exceeded: Vec<&Name> = requested
            .iter()
            .filter(|(name, amount)| {
                let used = used.get(*name).map_or(0, Quantity::milli_value);
                let hard = quota.spec.hard.get(*name).map_or(i64::MAX, Quantity::milli_value);
                amount.milli_value() > 0 && used.saturating_add(amount.milli_value()) > hard
            })
            .map(|(name, _)| name)
            .collect();
        if !exceeded.is_empty() {
            let show = |list: &ResourceList| {
                let amount = |name: &&Name| list.get(*name).copied().unwrap_or_default();
                let texts = exceeded.iter().map(|name| format!("{name}={}", amount(name)));
                texts.collect::<Vec<_>>().join(",")
            };
            return refuse(&format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.metadata.name,
                show(&requested),
                show(&used),
                show(&quota.spec.hard)
            ));
        }
    }
    Ok(())
}

/// What is used of a quota, for each resource that it limits.
pub fn used(objects: &Objects, quota: &ResourceQuota) -> ResourceList {
    let mut sums: BTreeMap<Name, i64> = quota.spec.hard.keys().map(|name| (name.clone(), 0)).collect();
    for kind in Kind::ALL.iter().filter(|kind| counts(quota, **kind)) {
        for (_, object) in objects.of(*kind).iter() {
            if object.metadata().namespace != quota.metadata.namespace || !in_scope(quota, object) {
                continue;
            }
            for (name, amount) in usage(quota, object) {
                *sums.entry(name).or_default() += amount.milli_value();
            }
        }
    }
    let amount = |(name, sum): (Name, i64)| {
        let bytes = name.ends_with("memory") || name.ends_with("storage");
        let quantity = if bytes { Quantity::from_bytes(sum / 1000) } else { Quantity::from_milli(sum) };
        (name, quantity)
    };
    sums.into_iter().map(amount).collect()
}

/// Whether objects of a kind can count for any resource of a quota.
fn counts(quota: &ResourceQuota, kind: Kind) -> bool {
    quota.spec.hard.keys().any(|name| match kind {
        Kind::Service => name.starts_with("services") || name.as_str() == count_name(kind, None),
        Kind::Pod | Kind::Unsimulated => true,
        _ => name.as_str() == count_name(kind, None) || name.as_str() == plain_name(kind),
    })
}

/// `count/deployments.apps`
fn count_name(kind: Kind, other: Option<&super::object::Unsimulated>) -> String {
    let names = kind.names();
    let (version, plural) = match other {
        Some(object) => (object.api_version.as_str(), format!("{}s", object.kind.to_lowercase())),
        None => (names.api_version, names.plural.to_owned()),
    };
    match version.split_once('/') {
        Some((group, _)) => format!("count/{plural}.{group}"),
        None => format!("count/{plural}"),
    }
}

/// The old names of a few kinds (`services`, `secrets` ...), which count as `count/...` does.
fn plain_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "services",
        Kind::ReplicationController => "replicationcontrollers",
        Kind::ResourceQuota => "resourcequotas",
        Kind::ConfigMap | Kind::Secret | Kind::PersistentVolumeClaim => kind.names().plural,
        _ => "",
    }
}

/// What an object counts, for each resource that a quota limits.
fn usage(quota: &ResourceQuota, object: &Object) -> ResourceList {
    let mut all = ResourceList::new();
    let one = Quantity::from_milli(1000);
    match object {
        Object::Pod(pod) => {
            all.insert("count/pods".into(), one);
            if !pod.status.phase.is_terminal() {
                pod_usage(&mut all, pod);
            }
        }
        Object::Service(service) => {
            all.insert("count/services".into(), one);
            all.insert("services".into(), one);
            let kind = service.spec.kind.as_deref().unwrap_or("ClusterIP");
            let ports = Quantity::from_milli(1000 * service.spec.ports.len() as i64);
            match kind {
                "NodePort" => {
                    all.insert("services.nodeports".into(), ports);
                }
                "LoadBalancer" => {
                    all.insert("services.loadbalancers".into(), one);
                    if service.spec.allocate_load_balancer_node_ports != Some(false) {
                        all.insert("services.nodeports".into(), ports);
                    }
                }
                _ => {}
            }
        }
        Object::Unsimulated(other) => {
            let counted = count_name(Kind::Unsimulated, Some(other));
            if !other.api_version.contains('/') {
                all.insert(counted.trim_start_matches("count/").into(), one);
            }
            all.insert(counted.into(), one);
        }
        _ => {
            let kind = object.kind();
            all.insert(count_name(kind, None).into(), one);
            all.insert(plain_name(kind).into(), one);
        }
    }
    all.retain(|name, _| quota.spec.hard.contains_key(name));
    all
}

fn pod_usage(all: &mut ResourceList, pod: &Pod) {
    all.insert("pods".into(), Quantity::from_milli(1000));
    for (name, amount) in qos::pod_requests(&pod.spec) {
        all.insert(format!("requests.{name}").into(), amount);
        all.insert(name, amount);
    }
    for (name, amount) in qos::pod_limits(&pod.spec) {
        all.insert(format!("limits.{name}").into(), amount);
    }
}

/// Which containers say nothing of a resource that they must say something of.
fn unspecified(quota: &ResourceQuota, pod: &Pod) -> Option<String> {
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for resource in COMPUTE.iter().filter(|name| quota.spec.hard.contains_key(**name)) {
        for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
            let resources = &container.resources;
            let (list, name) = match resource.split_once('.') {
                Some(("limits", name)) => (&resources.limits, name),
                Some((_, name)) => (&resources.requests, name),
                None => (&resources.requests, *resource),
            };
            if !list.contains_key(name) {
                missing.entry(resource).or_default().insert(&container.name);
            }
        }
    }
    let text = |(resource, names): (&&str, &BTreeSet<&str>)| {
        let names: Vec<&str> = names.iter().copied().collect();
        format!("{resource} for: {}", names.join(","))
    };
    (!missing.is_empty()).then(|| missing.iter().map(text).collect::<Vec<_>>().join("; "))
}

/// Whether a quota is about an object; scopes only select pods.
fn in_scope(quota: &ResourceQuota, object: &Object) -> bool {
    let expressions = quota.spec.scope_selector.iter().flat_map(|selector| &selector.match_expressions);
    let mut expressions = expressions.peekable();
    if quota.spec.scopes.is_empty() && expressions.peek().is_none() {
        return true;
    }
    let Object::Pod(pod) = object else { return false };
    quota.spec.scopes.iter().all(|scope| has_scope(pod, scope, "Exists", &[]))
        && expressions.all(|wanted| has_scope(pod, &wanted.scope_name, &wanted.operator, &wanted.values))
}

/// Whether a pod is in a scope (`podMatchesScopeFunc`). Only `PriorityClass` looks at operator and values.
fn has_scope(pod: &Pod, scope: &str, operator: &str, values: &[Name]) -> bool {
    let best_effort = || qos::qos_class(&pod.spec) == QosClass::BestEffort;
    let terminating = pod.spec.active_deadline_seconds.is_some();
    match scope {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "CrossNamespacePodAffinity" => uses_other_namespaces(pod),
        "PriorityClass" => {
            let class = pod.spec.priority_class_name.as_ref().filter(|name| !name.is_empty());
            match operator {
                "In" => class.is_some_and(|class| values.contains(class)),
                "NotIn" => class.is_none_or(|class| !values.contains(class)),
                "DoesNotExist" => class.is_none(),
                _ => class.is_some(),
            }
        }
        _ => true,
    }
}

/// Whether a term of pod affinity or anti-affinity names namespaces, or selects them.
fn uses_other_namespaces(pod: &Pod) -> bool {
    let Some(affinity) = &pod.spec.affinity else { return false };
    let both = affinity.pod_affinity.iter().chain(&affinity.pod_anti_affinity);
    let mut terms = both.flat_map(|part| {
        part.required.iter().chain(part.preferred.iter().map(|preferred| &preferred.pod_affinity_term))
    });
    terms.any(|term| !term.namespaces.is_empty() || term.namespace_selector.is_some())
}
