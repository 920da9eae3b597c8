//! Requests and limits.

use crate::api::Kind;
use crate::api::core::ResourceList;
use crate::api::pod::Container;
use crate::kernel::SimDuration;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Workload};
use crate::lint::finding::Report;
use crate::lint::proof::{self, Experiment, PROGRAM, Proof};
use crate::lint::rule::examples;
use crate::source::Severity;
use crate::workload::AppModel;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "no-cpu-request",
        aliases: &["kube-linter:unset-cpu-requirements", "kube-score:container-resources"],
        severity: Severity::Warning,
        title: "a container requests no CPU",
        explanation: "The scheduler counts requests, not use. Without one the pod fits everywhere, nodes fill up \
             beyond what they have, and this container has the smallest share of the CPU when they do.",
        fix: "set resources.requests.cpu to what the program needs under normal load",
        bad: examples!("no-cpu-request").0,
        good: examples!("no-cpu-request").1,
        check: |cluster, report| missing_request(cluster, report, "cpu"),
    },
    Rule {
        id: "no-memory-request",
        aliases: &["kube-linter:unset-memory-requirements", "kube-score:container-resources"],
        severity: Severity::Warning,
        title: "a container requests no memory",
        explanation: "Whatever it uses is more than it asked for, so it is among the first to be evicted when the \
             node runs short, and the first that the kernel kills.",
        fix: "set resources.requests.memory to what the program needs",
        bad: examples!("no-memory-request").0,
        good: examples!("no-memory-request").1,
        check: |cluster, report| missing_request(cluster, report, "memory"),
    },
    Rule {
        id: "no-memory-limit",
        aliases: &["kube-linter:unset-memory-requirements", "kube-score:container-resources"],
        severity: Severity::Note,
        title: "a container has no memory limit",
        explanation: "A leak then takes the memory of the whole node, and other pods are evicted or killed with it. \
             With a limit only this container is killed (OOMKilled, 137).",
        fix: "set resources.limits.memory with room above normal use",
        bad: examples!("no-memory-limit").0,
        good: examples!("no-memory-limit").1,
        check: no_memory_limit,
    },
    Rule {
        id: "memory-limit-near-use",
        aliases: &[],
        severity: Severity::Error,
        title: "the program uses nearly as much memory as it may, or grows beyond it",
        explanation: "At the limit the kernel kills the container: exit code 137, reason OOMKilled. The AppModel says \
             how much memory the program uses and how it grows.",
        fix: "raise resources.limits.memory, or stop the growth",
        bad: examples!("memory-limit-near-use").0,
        good: examples!("memory-limit-near-use").1,
        check: memory_near_limit,
    },
    Rule {
        id: "host-port",
        aliases: &[],
        severity: Severity::Warning,
        title: "a container takes a port of its node",
        explanation: "Only one pod with this port fits on a node. Replicas beyond the number of nodes stay Pending, \
             and so does the new pod of a rolling update when every node has an old one.",
        fix: "use a Service of type NodePort or LoadBalancer",
        bad: examples!("host-port").0,
        good: examples!("host-port").1,
        check: host_port,
    },
    Rule {
        id: "host-network",
        aliases: &["kube-linter:host-network"],
        severity: Severity::Warning,
        title: "a pod shares the network of its node",
        explanation: "All ports of its containers are ports of the node, with what follows for scheduling; and \
             programs that listen on localhost of the node can be reached from the pod.",
        fix: "leave hostNetwork out unless the pod is part of the node's own machinery",
        bad: examples!("host-network").0,
        good: examples!("host-network").1,
        check: host_network,
    },
];

/// A request, or the limit that stands in for it.
fn requested(workload: &Workload<'_>, container: &Container, resource: &str) -> bool {
    let given = |list: &ResourceList| list.contains_key(resource);
    given(&container.resources.requests)
        || given(&container.resources.limits)
        || workload.spec.resources.as_ref().is_some_and(|pod| given(&pod.requests) || given(&pod.limits))
}

fn missing_request(cluster: &Cluster<'_>, report: &mut Report, resource: &str) {
    for workload in &cluster.workloads {
        for (container, path) in workload.containers() {
            if !requested(workload, container, resource) {
                let text = format!("container `{}` requests no {resource}", container.name);
                report.add(cluster.site(workload.manifest, &format!("{path}.name")), text);
            }
        }
    }
}

fn no_memory_limit(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        let of_pod = workload.spec.resources.as_ref().is_some_and(|pod| pod.limits.contains_key("memory"));
        for (container, path) in workload.containers() {
            if !container.resources.limits.contains_key("memory") && !of_pod {
                let text = format!("container `{}` may use all the memory of its node", container.name);
                report.add(cluster.site(workload.manifest, &format!("{path}.name")), text);
            }
        }
    }
}

/// Use above this share of the limit is called near, in percent.
const NEAR_PERCENT: i128 = 90;

fn memory_near_limit(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in &cluster.workloads {
        for (container, path) in workload.containers() {
            let Some(program) = cluster.program(workload, container) else { continue };
            let Some(limit) = container.resources.limits.get("memory") else { continue };
            let limit = limit.value();
            let near = i128::from(program.memory.base) * 100 >= i128::from(limit) * NEAR_PERCENT;
            if !near && program.memory.per_second == 0 {
                continue;
            }
            let site = cluster.site(workload.manifest, &format!("{path}.resources.limits.memory"));
            let mebibytes = |bytes: i64| format!("{} Mi", bytes >> 20);
            let name = &container.name;
            let room = limit.saturating_sub(program.memory.base as i64).max(0) as u64;
            if let Some(seconds) = room.checked_div(program.memory.per_second) {
                let after = SimDuration::from_secs(seconds);
                let text = format!(
                    "container `{name}` grows from {} and reaches its limit of {} after {after}",
                    mebibytes(program.memory.base as i64),
                    mebibytes(limit)
                );
                report.add_if_shown(site, text, || show_oom(program, limit, after));
            } else {
                let text = format!(
                    "container `{name}` uses {} of the {} it may",
                    mebibytes(program.memory.base as i64),
                    mebibytes(limit)
                );
                report.add(site, text);
            }
        }
    }
}

/// Longer than this no proof runs: nobody waits weeks for a slow leak.
const LONGEST_PROOF: SimDuration = SimDuration::from_secs(7 * 24 * 3600);

fn show_oom(program: &AppModel, limit: i64, after: SimDuration) -> Option<Proof> {
    if after > LONGEST_PROOF {
        return None;
    }
    let text = format!(
        "{}---
apiVersion: v1
kind: Pod
metadata: {{name: grows}}
spec:
  containers:
  - name: app
    image: app:1
    resources: {{limits: {{memory: \"{limit}\"}}}}
---
{PROGRAM}
  memory: {{base: {}, growth: {}/s}}
",
        proof::head("leak", after.as_secs() * 2 + 60, 1),
        program.memory.base,
        program.memory.per_second
    );
    let experiment = Experiment::run(text)?;
    let killed = experiment.count("ContainerExited", "OOMKilled");
    let claim =
        "the container is killed when it reaches the limit, and starts again from the beginning".to_owned();
    (killed > 0).then(|| experiment.proof(claim, &[("ContainerExited", "OOMKilled")]))
}

fn host_port(cluster: &Cluster<'_>, report: &mut Report) {
    // A DaemonSet has one pod a node: the port is its own.
    let meant = |workload: &&Workload<'_>| !workload.spec.host_network && workload.kind != Kind::DaemonSet;
    for workload in cluster.workloads.iter().filter(meant) {
        for (container, path) in workload.all_containers() {
            let taken =
                container.ports.iter().position(|port| port.host_port.is_some_and(|number| number > 0));
            if let Some(n) = taken {
                let number = container.ports[n].host_port.unwrap_or_default();
                let text = format!("container `{}` takes port {number} of its node", container.name);
                report.add(cluster.site(workload.manifest, &format!("{path}.ports[{n}].hostPort")), text);
            }
        }
    }
}

fn host_network(cluster: &Cluster<'_>, report: &mut Report) {
    // Agents of the node are DaemonSets, and mean to see its network.
    let meant = |workload: &&Workload<'_>| workload.spec.host_network && workload.kind != Kind::DaemonSet;
    for workload in cluster.workloads.iter().filter(meant) {
        let site = cluster.site(workload.manifest, &format!("{}.hostNetwork", workload.path));
        report.add(site, "its pods share the network of their node");
    }
}
