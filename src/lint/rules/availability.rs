//! Replicas, where they stand, and budgets for their disruption.

use crate::api::Kind;
use crate::api::selector::Selector;
use crate::lint::Rule;
use crate::lint::cluster::{Cluster, Workload};
use crate::lint::finding::Report;
use crate::lint::proof::{self, Experiment, Proof};
use crate::lint::rule::examples;
use crate::scenario::model::ZONE_LABEL;
use crate::source::Severity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "single-replica",
        aliases: &["kube-linter:minimum-three-replicas", "kube-score:deployment-replicas"],
        severity: Severity::Note,
        title: "a Deployment behind a Service has one replica",
        explanation: "When its node fails, about six minutes pass until the replacement runs: 50 s until the node \
             counts as unreachable, 300 s of toleration, and the start.",
        fix: "run at least two replicas, or accept the gap",
        bad: examples!("single-replica").0,
        good: examples!("single-replica").1,
        check: single_replica,
    },
    Rule {
        id: "budget-blocks-drain",
        aliases: &["kube-linter:pdb-max-unavailable", "kube-linter:pdb-min-available"],
        severity: Severity::Error,
        title: "a disruption budget that never allows an eviction",
        explanation: "kubectl drain evicts pods, and an eviction that breaks the budget is refused (429) and tried \
             again every five seconds, for ever. With a single replica, or minAvailable equal to the replicas, no \
             node that runs such a pod can be drained or upgraded.",
        fix: "allow at least one disruption: more replicas, or maxUnavailable: 1",
        bad: examples!("budget-blocks-drain").0,
        good: examples!("budget-blocks-drain").1,
        check: budget_blocks_drain,
    },
    Rule {
        id: "no-disruption-budget",
        aliases: &[
            "kube-score:deployment-has-poddisruptionbudget",
            "kube-score:statefulset-has-poddisruptionbudget",
        ],
        severity: Severity::Note,
        title: "several replicas and no disruption budget",
        explanation: "Without a budget, a drain may evict all replicas that stand on the node at once.",
        fix: "add a PodDisruptionBudget with maxUnavailable: 1",
        bad: examples!("no-disruption-budget").0,
        good: examples!("no-disruption-budget").1,
        check: no_budget,
    },
    Rule {
        id: "replicas-on-one-node",
        aliases: &["kube-linter:no-anti-affinity", "kube-score:deployment-has-host-podantiaffinity"],
        severity: Severity::Warning,
        title: "all replicas must stand on one node, or in one zone",
        explanation: "A nodeSelector or a required affinity binds every replica to the same place, which then fails as \
             a whole.",
        fix: "select nodes by what they offer, and spread over hosts and zones",
        bad: examples!("replicas-on-one-node").0,
        good: examples!("replicas-on-one-node").1,
        check: on_one_node,
    },
    Rule {
        id: "no-spreading",
        aliases: &[
            "kube-linter:no-anti-affinity",
            "kube-score:deployment-has-host-podantiaffinity",
            "kube-score:statefulset-has-host-podantiaffinity",
            "kube-score:pod-topology-spread-constraints",
        ],
        severity: Severity::Note,
        title: "replicas are spread only by the scheduler's default",
        explanation: "By default the scheduler prefers to spread replicas over hosts and zones, but gives this up as \
             soon as another score weighs more: after a failure all replicas may stand on one node.",
        fix: "add topologySpreadConstraints over kubernetes.io/hostname, or pod anti-affinity",
        bad: examples!("no-spreading").0,
        good: examples!("no-spreading").1,
        check: no_spreading,
    },
];

fn is_scaled(workload: &Workload<'_>) -> bool {
    matches!(
        workload.kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::ReplicationController | Kind::StatefulSet
    )
}

fn single_replica(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| is_scaled(workload)) {
        let scaled_by = cluster.autoscalers.iter().any(|(_, autoscaler)| {
            *autoscaler.spec.scale_target_ref.name == *workload.metadata.name
                && autoscaler.spec.min_replicas.unwrap_or(1) > 1
        });
        if workload.replicas == Some(1) && !scaled_by && cluster.services_of(workload).next().is_some() {
            let site = cluster.site(workload.manifest, "spec.replicas");
            report.add_if_shown(site, "one replica: a failure of its node is an outage", show_outage);
        }
    }
}

/// The node of the only replica loses its power.
fn show_outage() -> Option<Proof> {
    let text = format!(
        "{}  steps:
  - {{at: 60s, fault: {{nodeCrash: {{node: worker-1}}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: app, image: app:1}}]
      affinity: {{nodeAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 100, preference: \
         {{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [worker-1]}}]}}}}]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
",
        proof::head("one-replica", 600, 2)
    );
    let experiment = Experiment::run(text)?;
    let outage = experiment.time_between("Fault", "ready endpoints 0 -> 1")?;
    let claim =
        format!("when its node fails, {outage} pass until the Service has an endpoint that works again");
    Some(experiment.proof(claim, &[("Fault", ""), ("MODIFIED", "ready endpoints")]))
}

/// The workload that a budget is for, if it is a single one.
fn guarded<'c, 'a>(cluster: &'c Cluster<'a>, n: usize) -> Option<&'c Workload<'a>> {
    let (manifest, budget) = cluster.budgets[n];
    let selector = Selector::from_option(budget.spec.selector.as_ref()).ok()?;
    let namespace = &manifest.object.metadata().namespace;
    let mut own = cluster.workloads.iter().filter(|workload| workload.is_meant_by(&selector, namespace));
    own.next().filter(|_| own.next().is_none())
}

fn budget_blocks_drain(cluster: &Cluster<'_>, report: &mut Report) {
    for (n, (manifest, budget)) in cluster.budgets.iter().enumerate() {
        let spec = &budget.spec;
        let workload = guarded(cluster, n);
        let replicas = workload.and_then(|workload| workload.replicas);
        let none_unavailable =
            spec.max_unavailable.as_ref().is_some_and(|most| most.scaled(100, true) == Ok(0));
        let all_available = spec.min_available.as_ref().is_some_and(|least| {
            least.scaled(100, true) == Ok(100) && least.is_percentage()
                || replicas
                    .is_some_and(|replicas| least.scaled(replicas, true).is_ok_and(|least| least >= replicas))
        });
        if !none_unavailable && !all_available {
            continue;
        }
        let (field, said) = match (&spec.max_unavailable, &spec.min_available) {
            (Some(most), _) if none_unavailable => ("maxUnavailable", format!("maxUnavailable {most}")),
            (_, Some(least)) => ("minAvailable", format!("minAvailable {least}")),
            _ => continue,
        };
        let of = workload.zip(replicas).map_or(String::new(), |(workload, replicas)| {
            format!(" of the {replicas} pods of {} {}", workload.kind, workload.metadata.name)
        });
        let text = format!("{said} allows no eviction{of}: nodes cannot be drained");
        let site = cluster.site(manifest, &format!("spec.{field}"));
        report.add_if_shown(site, text, || show_drain(field, &said, replicas.unwrap_or(1)));
    }
}

fn show_drain(field: &str, said: &str, replicas: i32) -> Option<Proof> {
    if !(1..=20).contains(&replicas) {
        return None;
    }
    let value = said.rsplit(' ').next().unwrap_or("0");
    let text = format!(
        "{}  steps:
  - {{at: 60s, kubectl: drain worker-1}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: guarded}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: guarded}}}}
  template:
    metadata: {{labels: {{app: guarded}}}}
    spec: {{containers: [{{name: app, image: app:1}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: guarded}}
spec: {{{field}: {value}, selector: {{matchLabels: {{app: guarded}}}}}}
",
        proof::head("drain", 660, 1)
    );
    let experiment = Experiment::run(text)?;
    let refused = experiment.count("Output", "disruption budget");
    let claim = format!("a drain is refused {refused} times in ten minutes, and goes on trying");
    (refused > 1).then(|| experiment.proof(claim, &[("Output", "disruption budget")]))
}

fn no_budget(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| is_scaled(workload)) {
        let guarded = (0..cluster.budgets.len()).any(|n| {
            let (manifest, budget) = cluster.budgets[n];
            Selector::from_option(budget.spec.selector.as_ref())
                .is_ok_and(|selector| workload.is_meant_by(&selector, &manifest.object.metadata().namespace))
        });
        if workload.replicas.is_some_and(|replicas| replicas > 1)
            && !guarded
            && cluster.services_of(workload).next().is_some()
        {
            let site = cluster.site(workload.manifest, "spec.replicas");
            report.add(site, "a drain may take all its replicas on a node at once");
        }
    }
}

const HOST_LABEL: &str = "kubernetes.io/hostname";

fn on_one_node(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| is_scaled(workload)) {
        if workload.replicas.is_none_or(|replicas| replicas < 2) {
            continue;
        }
        let place = [(HOST_LABEL, "node"), (ZONE_LABEL, "zone")];
        for (label, what) in place {
            if let Some(value) = workload.spec.node_selector.get(label) {
                let text = format!("all replicas must stand in or on one {what}, `{value}`");
                report.add(cluster.site(workload.manifest, &format!("{}.nodeSelector", workload.path)), text);
            }
        }
        if let Some(name) = &workload.spec.node_name {
            let text = format!("all replicas must stand on node `{name}`");
            report.add(cluster.site(workload.manifest, &format!("{}.nodeName", workload.path)), text);
        }
        let affinity = workload.spec.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
        let together = affinity.into_iter().flat_map(|affinity| &affinity.required).find(|term| {
            &*term.topology_key == HOST_LABEL
                && Selector::from_option(term.label_selector.as_ref())
                    .is_ok_and(|selector| selector.matches(workload.labels))
        });
        if together.is_some() {
            let site = cluster.site(workload.manifest, &format!("{}.affinity.podAffinity", workload.path));
            report.add(site, "required affinity to its own pods puts all replicas on one node");
        }
    }
}

fn no_spreading(cluster: &Cluster<'_>, report: &mut Report) {
    for workload in cluster.workloads.iter().filter(|workload| is_scaled(workload)) {
        let anti =
            workload.spec.affinity.as_ref().is_some_and(|affinity| affinity.pod_anti_affinity.is_some());
        let spread = !workload.spec.topology_spread_constraints.is_empty();
        if workload.replicas.is_some_and(|replicas| replicas > 1) && !anti && !spread {
            report.add(cluster.site(workload.manifest, "spec.replicas"), "nothing keeps its replicas apart");
        }
    }
}
