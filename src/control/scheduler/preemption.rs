//! Which pods of lower priority have to go so that a pod finds a place.
//!
//! Follows `framework/preemption/preemption.go` and `plugins/defaultpreemption` of kube-scheduler v1.34.

use std::cmp::Reverse;

use super::cache::Cache;
use super::framework::{Code, Cycle, PodInfo, Status};
use super::ids::{NodeId, PodId};
use super::objects::Budget;
use super::plugins::default_preemption::DefaultPreemptionArgs;
use super::promises::Promises;
use super::what_if::{Filters, WhatIf};
use crate::api::core::Conditions;
use crate::api::pod::PreemptionPolicy;

/// A node where it would work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Who would have to go, the most important first.
    pub victims: Vec<PodId>,
    /// How many of them their disruption budgets protect.
    pub violations: u32,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Nodes where it would work; in the order in which they were tried, those without violations first.
    pub candidates: Vec<Candidate>,
    /// What is against the other nodes that were tried.
    pub statuses: Vec<(NodeId, Status)>,
}

/// What a search needs to know.
#[derive(Clone, Copy)]
pub struct Preemption<'a> {
    /// The cycle that found no node.
    pub cycle: &'a Cycle<'a>,
    /// Its filters.
    pub filters: Filters<'a>,
    /// Nodes promised to other pods.
    pub promises: &'a Promises,
    /// The settings.
    pub args: DefaultPreemptionArgs,
}

/// Why the pod may not preempt others, if so. `nominated` is the status of the node that it has been promised before.
pub fn ineligible(cycle: &Cycle<'_>, nominated: Option<Code>) -> Option<&'static str> {
    let pod = cycle.pod;
    if pod.template.spec.preemption_policy == Some(PreemptionPolicy::Never) {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let promised = pod.pod.status.nominated_node_name.as_deref()?;
    // Where the promised node has become impossible, another is looked for.
    if nominated == Some(Code::UnschedulableAndUnresolvable) {
        return None;
    }
    let node = cycle.cluster.node(cycle.cluster.node_named(promised)?)?;
    let going = |id: &PodId| {
        let other = cycle.cluster.pod(*id).expect("pods on nodes are known");
        other.priority() < pod.priority() && goes_for_preemption(other)
    };
    node.pods.iter().any(going).then_some("not eligible due to a terminating pod on the nominated node.")
}

fn goes_for_preemption(pod: &PodInfo) -> bool {
    pod.pod.metadata.is_terminating()
        && pod.pod.status.conditions.condition("DisruptionTarget").is_some_and(|condition| {
            condition.status == true.into() && condition.reason.as_deref() == Some("PreemptionByScheduler")
        })
}

impl Preemption<'_> {
    /// Tries `nodes`, beginning somewhere, until there are enough candidates and one violates no budget.
    pub fn search(&self, nodes: &[NodeId], start: usize) -> Search {
        let wanted = self.args.wanted_candidates(nodes.len());
        let budgets: Vec<&Budget> = self.cycle.cluster.objects().budgets().collect();
        let (mut harmless, mut harmful) = (Vec::new(), Vec::new());
        let mut search = Search::default();
        for at in 0..nodes.len() {
            let node = nodes[(start + at) % nodes.len()];
            match self.victims_on(node, &budgets) {
                Ok(candidate) if candidate.violations == 0 => harmless.push(candidate),
                Ok(candidate) => harmful.push(candidate),
                Err(status) => search.statuses.push((node, status)),
            }
            if !harmless.is_empty() && harmless.len() + harmful.len() >= wanted {
                break;
            }
        }
        harmless.append(&mut harmful);
        search.candidates = harmless;
        search
    }

    /// `SelectVictimsOnNode`: all of lower priority go; then, the most important first and those protected by budgets
    /// before the others, each that still fits stays after all.
    fn victims_on(&self, node: NodeId, budgets: &[&Budget]) -> Result<Candidate, Status> {
        let cluster = self.cycle.cluster;
        let info = cluster.node(node).expect("nodes of a cycle are known");
        let promised = self.promises.on(node);
        let pod_named = |id: &PodId| cluster.pod(*id).expect("pods on nodes are known");
        let is_lower = |pod: &&PodInfo| pod.priority() < self.cycle.pod.priority();
        let mut lower: Vec<&PodInfo> = info.pods.iter().map(pod_named).filter(is_lower).collect();
        if lower.is_empty() {
            return Err(Status::unresolvable("No preemption victims found for incoming pod"));
        }
        let mut what_if = WhatIf::new(self.filters, self.cycle, info);
        for pod in &lower {
            what_if.remove(pod);
        }
        what_if.run_filters_with(promised).map_err(|(_, status)| status)?;
        lower.sort_by_key(|pod| importance(pod));
        let (protected, others) = split_by_budget(&lower, budgets);
        let mut victims = Vec::new();
        let mut violations = 0;
        for (pod, is_protected) in
            protected.iter().map(|pod| (*pod, true)).chain(others.iter().map(|pod| (*pod, false)))
        {
            what_if.add(pod);
            if what_if.run_filters_with(promised).is_err() {
                what_if.remove(pod);
                victims.push(pod);
                violations += u32::from(is_protected);
            }
        }
        if victims.is_empty() {
            let reason = format!("expected at least one victim pod on node \"{}\"", info.name());
            return Err(Status { code: Code::Error, reasons: vec![reason.into()] });
        }
        victims.sort_by_key(|pod| importance(pod));
        Ok(Candidate { node, victims: victims.into_iter().map(|pod| pod.id).collect(), violations })
    }
}

/// `MoreImportantPod`: by priority, then by who runs for longer. What has not started counts as starting now.
fn importance(pod: &PodInfo) -> (Reverse<i32>, i64) {
    (Reverse(pod.priority()), start_time(pod))
}

fn start_time(pod: &PodInfo) -> i64 {
    pod.pod.status.start_time.map_or(i64::MAX, crate::api::Timestamp::secs)
}

/// `filterPodsWithPDBViolation`: budgets are used up in order of importance; a pod is protected from where one of its
/// budgets is used up.
fn split_by_budget<'a>(pods: &[&'a PodInfo], budgets: &[&Budget]) -> (Vec<&'a PodInfo>, Vec<&'a PodInfo>) {
    let mut left: Vec<i32> = budgets.iter().map(|budget| budget.object.status.disruptions_allowed).collect();
    let is_protected = |pod: &&&PodInfo| {
        let (metadata, mut violated) = (&pod.pod.metadata, false);
        for (budget, left) in budgets.iter().zip(&mut left) {
            let covers = !metadata.labels.is_empty()
                && budget.object.metadata.namespace == metadata.namespace
                && !budget.selector.is_empty()
                && budget.selector.matches(&metadata.labels)
                // Its disruption has been counted already.
                && !budget.object.status.disrupted_pods.contains_key(&metadata.name);
            if covers {
                *left -= 1;
                violated |= *left < 0;
            }
        }
        violated
    };
    pods.iter().partition(is_protected)
}

/// `pickOneNodeForPreemption`: the candidates that are equally best.
pub fn best<'a>(candidates: &'a [Candidate], cluster: &Cache) -> Vec<&'a Candidate> {
    let pods = |candidate: &Candidate| {
        let known = |id: &PodId| cluster.pod(*id).expect("victims are known");
        candidate.victims.iter().map(known).collect::<Vec<_>>()
    };
    let rank = |candidate: &&Candidate| {
        let victims = pods(candidate);
        let highest = victims.iter().map(|pod| pod.priority()).max().expect("candidates have victims");
        // Shifted so that many victims of negative priority do not look cheap.
        let sum: i64 = victims.iter().map(|pod| i64::from(pod.priority()) + (1 << 31)).sum();
        let of_highest = victims.iter().filter(|pod| pod.priority() == highest);
        let earliest = of_highest.map(|pod| start_time(pod)).min().expect("one has the highest priority");
        (candidate.violations, i64::from(victims[0].priority()), sum, victims.len(), Reverse(earliest))
    };
    let ranked: Vec<_> = candidates.iter().map(|candidate| (rank(&candidate), candidate)).collect();
    let Some(lowest) = ranked.iter().map(|(rank, _)| rank).min() else { return Vec::new() };
    ranked.iter().filter(|(rank, _)| rank == lowest).map(|(_, candidate)| *candidate).collect()
}
