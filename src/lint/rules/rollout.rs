//! Updates that cannot go on, and pods that fit nowhere.

use std::fmt::Write as _;

use crate::api::Kind;
use crate::api::object::Object;
use crate::api::qos::pod_requests;
use crate::api::workload::DeploymentStrategyType;
use crate::base::Quantity;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Site, Workload};
use crate::lint::finding::Report;
use crate::lint::proof::{Experiment, Proof};
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
            add_with_run(cluster, report, site, text, || show_stuck(cluster, workload, replicas));
        } else if nodes_are_known(cluster)
            && takes_host_port(workload)
            && u64::from(replicas.unsigned_abs()) >= nodes
        {
            let text = format!(
                "a new pod must come up before an old one goes, and the port of the node is taken on all {nodes} nodes"
            );
            add_with_run(cluster, report, site, text, || show_stuck(cluster, workload, replicas));
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
        let site = cluster.site(workload.manifest, &format!("{}.containers", workload.path));
        add_with_run(cluster, report, site, text, || show_pending(cluster, workload));
    }
}

/// More nodes than this are not put into a proof.
const NODES_IN_PROOF: usize = 50;

/// Adds a finding that a run shows, where the cluster is small enough for one.
fn add_with_run(
    cluster: &Cluster<'_>,
    report: &mut Report,
    site: Site<'_>,
    text: String,
    run: impl FnOnce() -> Option<Proof>,
) {
    if cluster.scenario.nodes.len() > NODES_IN_PROOF {
        report.add(site, text);
    } else {
        report.add_if_shown(site, text, run);
    }
}

/// The head of a scenario with the nodes of the one that is looked at.
fn same_nodes(cluster: &Cluster<'_>, name: &str, steps: &str) -> String {
    let mut nodes = String::new();
    for plan in &cluster.scenario.nodes {
        let allocatable = ["cpu", "memory", "pods"]
            .iter()
            .filter_map(|resource| offered(&plan.node, resource).map(|has| format!("{resource}: \"{has}\"")));
        let allocatable = allocatable.collect::<Vec<_>>().join(", ");
        let _ =
            writeln!(nodes, "    - {{name: {}, allocatable: {{{allocatable}}}}}", plan.node.metadata.name);
    }
    format!(
        "apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: {name}}}
spec:
  duration: 5m
  cluster:
    nodes:
{nodes}{steps}"
    )
}

/// A container that requests what the pods of a workload request, and takes their ports of the node.
fn container(workload: &Workload<'_>) -> String {
    let requests = pod_requests(workload.spec);
    let known = requests.iter().filter(|(resource, _)| matches!(&***resource, "cpu" | "memory"));
    let requests: Vec<String> = known.map(|(resource, wanted)| format!("{resource}: \"{wanted}\"")).collect();
    let ports = workload.spec.containers.iter().flat_map(|container| &container.ports);
    let ports: Vec<String> = ports
        .filter_map(|port| {
            let of_node = if workload.spec.host_network { Some(port.container_port) } else { port.host_port };
            let number = of_node.filter(|number| *number > 0)?;
            Some(format!("{{containerPort: {}, hostPort: {number}}}", port.container_port))
        })
        .collect();
    format!(
        "{{name: app, image: app:1, resources: {{requests: {{{}}}}}, ports: [{}]}}",
        requests.join(", "),
        ports.join(", ")
    )
}

/// The workload alone on its nodes gets a new image.
fn show_stuck(cluster: &Cluster<'_>, workload: &Workload<'_>, replicas: i32) -> Option<Proof> {
    let steps = "  steps:\n  - {at: 60s, kubectl: set image deployment/rolls app=app:2}\n";
    let text = format!(
        "{}---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: rolls}}
spec:
  replicas: {replicas}
  progressDeadlineSeconds: 60
  strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}
  selector: {{matchLabels: {{app: rolls}}}}
  template:
    metadata: {{labels: {{app: rolls}}}}
    spec:
      containers:
      - {}
",
        same_nodes(cluster, "rollout", steps),
        container(workload)
    );
    let experiment = Experiment::run(text)?;
    let stuck = experiment.count("MODIFIED", "ProgressDeadlineExceeded") > 0;
    let claim = "the new pod finds no node, and the rollout stops at its deadline".to_owned();
    stuck.then(|| {
        experiment.proof(
            claim,
            &[("FailedScheduling", "nodes are available"), ("MODIFIED", "ProgressDeadlineExceeded")],
        )
    })
}

/// One pod of the workload alone on the nodes.
fn show_pending(cluster: &Cluster<'_>, workload: &Workload<'_>) -> Option<Proof> {
    let text = format!(
        "{}---
apiVersion: v1
kind: Pod
metadata: {{name: waits}}
spec:
  containers:
  - {}
",
        same_nodes(cluster, "pending", ""),
        container(workload)
    );
    let experiment = Experiment::run(text)?;
    let waits = experiment.count("FailedScheduling", "") > 0;
    let claim = "with all nodes empty, the pod finds none".to_owned();
    waits.then(|| experiment.proof(claim, &[("FailedScheduling", "nodes are available")]))
}
