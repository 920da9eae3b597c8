//! Updates that cannot go on, and pods that fit nowhere.

use crate::api::Kind;
use crate::api::object::Object;
use crate::api::qos::pod_requests;
use crate::api::workload::DeploymentStrategyType;
use crate::base::Quantity;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Workload};
use crate::lint::finding::Report;
use crate::lint::rule::examples;
use crate::source::Severity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "rollout-cannot-progress",
        aliases: &[],
        severity: Severity::Error,
        title: "a rolling update that can neither add nor remove a pod",
        explanation: "With maxUnavailable 0 a new pod must come up first, and nothing lets it: maxSurge is 0 too, or \
             there is no room for one pod more, or its port of the node is taken by the old one. The rollout stops \
             until the progress deadline.",
        fix: "allow one pod to be unavailable, or make room for one pod more",
        bad: examples!("rollout-cannot-progress").0,
        good: examples!("rollout-cannot-progress").1,
        check: cannot_progress,
    },
    Rule {
        id: "pod-fits-nowhere",
        aliases: &[],
        severity: Severity::Error,
        title: "a pod requests more than any node has",
        explanation: "It stays Pending for ever: FailedScheduling, Insufficient cpu or memory. Nodes are those that \
             the scenario describes.",
        fix: "request less, or describe larger nodes",
        bad: examples!("pod-fits-nowhere").0,
        good: examples!("pod-fits-nowhere").1,
        check: fits_nowhere,
    },
];

/// What a node offers of a resource; without `allocatable` it is its capacity.
fn offered(node: &crate::api::node::Node, resource: &str) -> Option<Quantity> {
    node.status.allocatable.get(resource).or_else(|| node.status.capacity.get(resource)).copied()
}

/// Whether the nodes were described, and are not the default cluster.
fn nodes_are_known(cluster: &Cluster<'_>) -> bool {
    cluster.scenario.nodes.iter().any(|plan| plan.place.is_some())
}

/// How many pods of a workload an empty cluster holds, by requests alone.
fn room(cluster: &Cluster<'_>, workload: &Workload<'_>) -> u64 {
    let requests = pod_requests(workload.spec);
    let on = |node: &crate::api::node::Node| -> u64 {
        let fits = |(resource, wanted): (&crate::base::Name, &Quantity)| -> u64 {
            let (has, wanted) =
                (offered(node, resource).map_or(0, |has| has.milli_value()), wanted.milli_value());
            if wanted <= 0 { u64::MAX } else { (has / wanted).max(0) as u64 }
        };
        let pods = offered(node, "pods").map_or(110, |pods| pods.value().max(0) as u64);
        requests.iter().map(fits).min().unwrap_or(u64::MAX).min(pods)
    };
    cluster.scenario.nodes.iter().map(|plan| on(&plan.node)).fold(0, u64::saturating_add)
}

fn cannot_progress(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| workload.kind == Kind::Deployment) {
        let Object::Deployment(deployment) = &workload.manifest.object else { continue };
        let strategy = &deployment.spec.strategy;
        if strategy.kind != DeploymentStrategyType::RollingUpdate {
            continue;
        }
        let replicas = workload.replicas.unwrap_or(1);
        let rolling = strategy.rolling_update.as_ref();
        let quarter = || crate::api::core::IntOrString::Text("25%".into());
        let unavailable = rolling.and_then(|it| it.max_unavailable.clone()).unwrap_or_else(quarter);
        let surge = rolling.and_then(|it| it.max_surge.clone()).unwrap_or_else(quarter);
        // Round as the controller does: surge up, unavailable down.
        let (Ok(unavailable), Ok(surge)) =
            (unavailable.scaled(replicas, false), surge.scaled(replicas, true))
        else {
            continue;
        };
        if unavailable > 0 || replicas == 0 {
            continue;
        }
        let site = cluster.site(workload.manifest, "spec.strategy");
        let nodes = cluster.scenario.nodes.len() as u64;
        if surge == 0 {
            report.add(site, "maxSurge and maxUnavailable are both 0");
        } else if nodes_are_known(cluster) && room(cluster, workload) <= replicas.unsigned_abs().into() {
            let text = format!(
                "a new pod must come up before an old one goes, and {nodes} nodes have no room for more than {} pods",
                room(cluster, workload)
            );
            report.add(site, text);
        } else if nodes_are_known(cluster)
            && takes_host_port(workload)
            && u64::from(replicas.unsigned_abs()) >= nodes
        {
            let text = format!(
                "a new pod must come up before an old one goes, and the port of the node is taken on all {nodes} nodes"
            );
            report.add(site, text);
        }
    }
}

fn takes_host_port(workload: &Workload<'_>) -> bool {
    let ports = workload.spec.containers.iter().flat_map(|container| &container.ports);
    ports
        .into_iter()
        .any(|port| port.host_port.is_some_and(|number| number > 0) || workload.spec.host_network)
}

fn fits_nowhere(cluster: &Cluster<'_>, report: &mut Report) {
    if !nodes_are_known(cluster) {
        return;
    }
    for workload in cluster.workloads.iter().filter(|workload| workload.replicas != Some(0)) {
        if room(cluster, workload) > 0 {
            continue;
        }
        let requests = pod_requests(workload.spec);
        let too_much = requests.iter().find(|(resource, wanted)| {
            let most = cluster.scenario.nodes.iter().filter_map(|plan| offered(&plan.node, resource)).max();
            most.is_none_or(|most| **wanted > most)
        });
        let text = match too_much {
            Some((resource, wanted)) => {
                format!("a pod requests {wanted} of {resource}, more than any node has")
            }
            None => "no node has room for one of its pods".to_owned(),
        };
        report.add(cluster.site(workload.manifest, &format!("{}.containers", workload.path)), text);
    }
}
