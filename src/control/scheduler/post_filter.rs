//! What a cycle does when no node is left: it asks the PostFilter plugins, preemption among them, and says why
//! (`schedulingCycle` and `RunPostFilterPlugins` of kube-scheduler v1.34).

use super::cache::Cache;
use super::cycle_state::CycleState;
use super::framework::{Code, Cycle, PluginSet, PostFilter, Status};
use super::ids::{NodeId, PodId};
use super::memo::RejectionId;
use super::nominator::Nomination;
use super::preemption::{self, Preemption};
use super::report::{PreemptionReport, fit_message, histogram};
use super::schedule_one::{Prepared, SchedulingCycle, below};
use super::what_if::Filters;
use super::{Decision, Failure, TieBreak};

impl SchedulingCycle<'_> {
    /// The plugins that have turned the pod down on some node.
    pub(super) fn rejectors(&self, prepared: &Prepared) -> PluginSet {
        let counts = self.rejections.counts(self.report.rejected.iter().map(|(_, id)| *id));
        let on_nodes = counts.iter().filter_map(|(id, _)| self.rejections.get(*id).plugin);
        prepared.narrowed_by.iter().chain(on_nodes).collect()
    }

    /// Asks the plugins what can be done, and says why the pod has no node.
    pub(super) fn fail(
        &mut self,
        state: &CycleState,
        prepared: &Prepared,
        rejectors: PluginSet,
        pre_filter: Option<&Status>,
    ) -> Decision {
        let mut failure = Failure { rejectors, ..Failure::of_nobody("") };
        let mut post_filter = Vec::new();
        for id in &self.profile.post_filter {
            let cycle = Cycle { pod: self.pod, cluster: self.cache, state, draw: self.draw };
            match self.profile.plugin(*id).post_filter(&cycle) {
                PostFilter::Nothing(reason) if reason.is_empty() => {}
                PostFilter::Nothing(reason) => post_filter.push(reason.into_owned()),
                PostFilter::Failed(reason) => {
                    post_filter = vec![reason.into_owned()];
                    break;
                }
                PostFilter::Preempt(args) => {
                    let preemption = Preemption {
                        cycle: &cycle,
                        filters: Filters { profile: self.profile, skipped: prepared.skipped },
                        promises: &prepared.promises,
                        args,
                    };
                    match self.preempt(preemption, pre_filter) {
                        Preempted::No { message, nomination } => {
                            post_filter.push(format!("preemption: {message}"));
                            failure.nomination = nomination;
                        }
                        Preempted::Failed { message } => {
                            post_filter = vec![format!("preemption: {message}")];
                            break;
                        }
                        Preempted::Yes(report) => {
                            let node = report.chosen.node;
                            let name = self.cache.node(node).expect("candidates are known").name().clone();
                            failure.nomination = Nomination::Set(Some(name.clone()));
                            failure.victims.clone_from(&report.chosen.victims);
                            failure.superseded = self.superseded(&name);
                            self.report.preemption = Some(report);
                            post_filter.clear();
                            break;
                        }
                    }
                }
            }
        }
        let post_filter = post_filter.join(", ");
        let pre_filter = pre_filter.map(Status::message);
        failure.message = fit_message(
            self.report,
            self.rejections,
            self.snapshot.order().len(),
            pre_filter.as_deref(),
            &post_filter,
        );
        Decision::Unschedulable(failure)
    }

    /// Pods of lower priority that had been promised the node: they have to look for another.
    fn superseded(&self, node: &str) -> Vec<PodId> {
        let promised = self.nominator.promised(node).iter().copied();
        let is_lower =
            |id: &PodId| self.cache.pod(*id).is_some_and(|other| other.priority() < self.pod.priority());
        promised.filter(is_lower).collect()
    }

    fn preempt(&self, preemption: Preemption<'_>, pre_filter: Option<&Status>) -> Preempted {
        let cluster: &Cache = preemption.cycle.cluster;
        let code_of = |node: NodeId| {
            let rejected = self.report.rejected.iter().find(|(id, _)| *id == node);
            let id = rejected.map(|(_, id)| *id).or(self.report.not_looked_at);
            pre_filter.map(|status| status.code).or_else(|| id.map(|id| self.rejections.get(id).status.code))
        };
        let promised = self.pod.pod.status.nominated_node_name.as_deref();
        let promised = promised.and_then(|name| cluster.node_named(name)).and_then(code_of);
        if let Some(message) = preemption::ineligible(preemption.cycle, promised) {
            return Preempted::No { message: message.to_owned(), nomination: Nomination::Keep };
        }
        let all = self.snapshot.order();
        let possible: Vec<NodeId> = if pre_filter.is_some_and(|status| status.code == Code::Unschedulable) {
            all.to_vec()
        } else {
            let helps = |id: RejectionId| self.rejections.get(id).status.code == Code::Unschedulable;
            self.report.rejected.iter().filter(|(_, id)| helps(*id)).map(|(node, _)| *node).collect()
        };
        let start = match self.tie_break {
            TieBreak::Seeded if !possible.is_empty() => below(self.draw.rotate_left(32), possible.len()),
            TieBreak::Seeded | TieBreak::Name => 0,
        };
        let search = preemption.search(&possible, start);
        if search.candidates.is_empty() {
            let errors = search.statuses.iter().filter(|(_, status)| status.code == Code::Error);
            if let Some((_, error)) = errors.into_iter().next() {
                return Preempted::Failed { message: error.message() };
            }
            let message = preemption_message(all.len(), &search.statuses);
            return Preempted::No { message, nomination: Nomination::Set(None) };
        }
        let best = preemption::best(&search.candidates, cluster);
        let places: Vec<usize> = (0..best.len()).collect();
        let chosen =
            self.pick(&places, |cache, at| cache.node(best[at].node).expect("candidates are known").name());
        let ties = best.iter().map(|candidate| candidate.node).collect();
        let chosen = best[chosen].clone();
        Preempted::Yes(PreemptionReport { chosen, ties, candidates: search.candidates })
    }
}

/// What came of preempting.
enum Preempted {
    Yes(PreemptionReport),
    No { message: String, nomination: Nomination },
    Failed { message: String },
}

/// Why preemption helps on no node. Nodes that were not tried are not worth trying.
fn preemption_message(nodes: usize, statuses: &[(NodeId, Status)]) -> String {
    let mut reasons: Vec<_> = statuses.iter().map(|(_, status)| (status, 1)).collect();
    let other = Status::unresolvable("Preemption is not helpful for scheduling");
    reasons.push((&other, nodes - statuses.len()));
    histogram(nodes, reasons.into_iter())
}
