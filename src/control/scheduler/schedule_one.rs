//! One scheduling cycle: which node a pod gets, or why none.
//!
//! The steps stand in the order in which they are taken; names are those of `schedule_one.go` of kube-scheduler v1.34.
//! Upstream scans nodes on 16 threads, so which of them it sees near the cut is a matter of luck there; here they are
//! scanned one after the other.

use std::collections::BTreeSet;

use super::cache::Cache;
use super::cycle_state::CycleState;
use super::framework::{
    Cycle, Locality, MAX_NODE_SCORE, PluginId, PluginSet, PodInfo, PreFilter, PreScore, Status,
};
use super::ids::NodeId;
use super::memo::{Memo, Memos, RejectionId, Rejections};
use super::nominator::Nominator;
use super::profile::Profile;
use super::promises::Promises;
use super::report::{Column, Report, ScoredBy};
use super::snapshot::Snapshot;
use super::what_if::{Filters, WhatIf};
use super::{Decision, Failure, TieBreak};
use crate::base::Name;

/// Fewer feasible nodes than this are never looked for, if there are as many.
const MIN_FEASIBLE_NODES_TO_FIND: usize = 100;
/// Less than this share of the nodes, in percent, is never looked for by default.
const MIN_FEASIBLE_NODES_PERCENTAGE: usize = 5;
/// The message when there is no node at all.
const NO_NODES: &str = "no nodes available to schedule pods";

/// `numFeasibleNodesToFind`: after how many feasible nodes the search may stop.
pub fn nodes_to_find(percentage: i32, nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE_NODES_TO_FIND {
        return nodes;
    }
    let share = match usize::try_from(percentage) {
        // The larger the cluster, the smaller the share.
        Ok(0) | Err(_) => 50_usize.saturating_sub(nodes / 125).max(MIN_FEASIBLE_NODES_PERCENTAGE),
        Ok(share) => share.min(100),
    };
    (nodes * share / 100).max(MIN_FEASIBLE_NODES_TO_FIND)
}

/// Everything that a cycle works with.
pub(super) struct SchedulingCycle<'a> {
    pub(super) pod: &'a PodInfo,
    pub(super) profile: &'a Profile,
    pub(super) profile_index: u16,
    pub(super) cache: &'a mut Cache,
    pub(super) snapshot: &'a Snapshot,
    pub(super) nominator: &'a Nominator,
    pub(super) memos: &'a mut Memos,
    pub(super) rejections: &'a mut Rejections,
    pub(super) report: &'a mut Report,
    /// Where the scan of nodes begins.
    pub(super) next_start: &'a mut usize,
    pub(super) percentage_of_nodes_to_score: i32,
    pub(super) tie_break: TieBreak,
    pub(super) draw: u64,
}

/// What came out of preparing the filters.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) skipped: PluginSet,
    /// Plugins that have narrowed the nodes down, and to which.
    pub(super) narrowed_by: PluginSet,
    pub(super) only: Option<BTreeSet<Name>>,
    pub(super) promises: Promises,
}

impl SchedulingCycle<'_> {
    /// Runs the cycle.
    pub(super) fn run(mut self) -> Decision {
        self.report.begin(self.pod.id);
        if let Some(memo) = self.memos.begin(self.profile_index, &self.pod.template) {
            let grown = memo.reach(self.snapshot.nodes_ever());
            self.memos.note_growth(grown);
        }
        if self.snapshot.order().is_empty() {
            return Decision::Unschedulable(Failure::of_nobody(NO_NODES));
        }
        let mut state = CycleState::default();
        let prepared = match self.run_pre_filter_plugins(&mut state) {
            Ok(prepared) => prepared,
            Err(id) => {
                let rejection = self.rejections.get(id).clone();
                self.report.pre_filter = Some(id);
                let rejectors = rejection.plugin.into_iter().collect();
                return self.fail(&state, &Prepared::default(), rejectors, Some(&rejection.status));
            }
        };
        self.find_nodes_that_fit_pod(&state, &prepared);
        match self.report.feasible.as_slice() {
            [] => {
                let rejectors = self.rejectors(&prepared);
                self.fail(&state, &prepared, rejectors, None)
            }
            [node] => {
                let node = *node;
                self.report.ties.push(node);
                self.choose(node)
            }
            _ => match self.prioritize_nodes(&mut state) {
                Ok(()) => self.select_host(),
                Err(message) => Decision::Error { message },
            },
        }
    }

    fn choose(&mut self, node: NodeId) -> Decision {
        self.report.chosen = Some(node);
        Decision::Bind { node }
    }

    // Filtering.

    /// Asks the plugins to prepare; the first that rejects ends the cycle.
    fn run_pre_filter_plugins(&mut self, state: &mut CycleState) -> Result<Prepared, RejectionId> {
        let mut prepared = Prepared::default();
        for id in &self.profile.pre_filter {
            match self.profile.plugin(*id).pre_filter(self.pod, self.cache, state) {
                PreFilter::Run => {}
                PreFilter::Skip => prepared.skipped.insert(*id),
                PreFilter::Reject(status) => return Err(self.rejections.intern(Some(*id), status)),
                PreFilter::Only(names) => {
                    prepared.narrowed_by.insert(*id);
                    let both = match prepared.only.take() {
                        None => names,
                        Some(before) => before.intersection(&names).cloned().collect(),
                    };
                    if both.is_empty() {
                        let status = Status::unresolvable(self.nothing_left(prepared.narrowed_by));
                        return Err(self.rejections.intern(Some(*id), status));
                    }
                    prepared.only = Some(both);
                }
            }
        }
        if !self.nominator.is_empty() {
            prepared.promises = Promises::that_concern(self.pod, self.nominator, self.cache);
        }
        Ok(prepared)
    }

    fn names(&self, plugins: PluginSet) -> String {
        let mut names: Vec<_> = plugins.iter().map(|id| self.profile.plugin(id).name()).collect();
        names.sort_unstable();
        names.join(" ")
    }

    fn nothing_left(&self, narrowed_by: PluginSet) -> String {
        let names = self.names(narrowed_by);
        if narrowed_by.iter().count() == 1 {
            format!("node(s) didn't satisfy plugin {names}")
        } else {
            format!("node(s) didn't satisfy plugin(s) [{names}] simultaneously")
        }
    }

    /// Tries the node that the pod has been promised, then the others.
    fn find_nodes_that_fit_pod(&mut self, state: &CycleState, prepared: &Prepared) {
        let promised = self.pod.pod.status.nominated_node_name.as_deref();
        if let Some(node) = promised.and_then(|name| self.cache.node_named(name)) {
            self.find_nodes_that_pass_filters(state, prepared, &[node]);
            if !self.report.feasible.is_empty() {
                self.report.via_nominated_node = true;
                return;
            }
            // It is looked at again with the others.
            self.report.rejected.clear();
        }
        let snapshot = self.snapshot;
        let all = snapshot.order();
        match &prepared.only {
            None => self.find_nodes_that_pass_filters(state, prepared, all),
            Some(names) => {
                let is_wanted =
                    |id: &NodeId| self.cache.node(*id).is_some_and(|node| names.contains(node.name()));
                let some: Vec<_> = all.iter().copied().filter(is_wanted).collect();
                let reason =
                    format!("node(s) didn't satisfy plugin(s) [{}]", self.names(prepared.narrowed_by));
                self.report.not_looked_at = Some(self.rejections.intern(None, Status::unresolvable(reason)));
                if !some.is_empty() {
                    self.find_nodes_that_pass_filters(state, prepared, &some);
                }
            }
        }
        let processed = self.report.feasible.len() + self.report.rejected.len();
        *self.next_start = (*self.next_start + processed) % all.len();
    }

    fn find_nodes_that_pass_filters(&mut self, state: &CycleState, prepared: &Prepared, nodes: &[NodeId]) {
        let percentage =
            self.profile.percentage_of_nodes_to_score.unwrap_or(self.percentage_of_nodes_to_score);
        let wanted = if self.profile.score.is_empty() { 1 } else { nodes_to_find(percentage, nodes.len()) };
        let cycle = Cycle { pod: self.pod, cluster: self.cache, state, draw: self.draw };
        let filters = Filters { profile: self.profile, skipped: prepared.skipped };
        let asked: Vec<PluginId> =
            self.profile.filter.iter().copied().filter(|id| !prepared.skipped.contains(*id)).collect();
        let is_local = |id: &&PluginId| self.profile.plugin(**id).locality() == Locality::Node;
        let (local, rest) = asked.split_at(asked.iter().take_while(is_local).count());
        let mut memo = self.memos.current(self.profile_index, &self.pod.template);
        if let Some(memo) = &mut memo {
            memo.keep_verdicts_of(local);
        }
        let (before, first) = nodes.split_at(*self.next_start % nodes.len());
        for id in first.iter().chain(before).copied() {
            let promised = prepared.promises.on(id);
            let rejection = if promised.is_empty() {
                let generation = self.snapshot.generation(id);
                let mut ask = |plugins| {
                    let node = self.cache.node(id).expect("nodes of a cycle are known");
                    let verdict = filters.run(plugins, &cycle, node);
                    verdict.err().map(|(plugin, status)| self.rejections.intern(Some(plugin), status))
                };
                remembered(memo.as_deref_mut(), id, generation, || ask(local))
                    .or_else(|| if rest.is_empty() { None } else { ask(rest) })
            } else {
                let node = self.cache.node(id).expect("nodes of a cycle are known");
                let verdict = WhatIf::new(filters, &cycle, node).run_filters_with(promised);
                verdict.err().map(|(plugin, status)| self.rejections.intern(Some(plugin), status))
            };
            match rejection {
                Some(rejection) => self.report.rejected.push((id, rejection)),
                None => self.report.feasible.push(id),
            }
            if self.report.feasible.len() == wanted {
                break;
            }
        }
    }

    // Scoring.

    /// Scores the feasible nodes, weighs the scores and adds them up.
    fn prioritize_nodes(&mut self, state: &mut CycleState) -> Result<(), String> {
        let feasible = std::mem::take(&mut self.report.feasible);
        let (mut asked, mut same) = (Vec::new(), Vec::new());
        for (id, weight) in &self.profile.score {
            match self.profile.plugin(*id).pre_score(self.pod, self.cache, state, &feasible) {
                PreScore::Run => asked.push((*id, *weight)),
                PreScore::Skip => {}
                PreScore::Same(score) => same.push((*id, *weight, score)),
            }
        }
        let cycle = Cycle { pod: self.pod, cluster: self.cache, state, draw: self.draw };
        self.report.begin_scores(feasible.len(), asked.len());
        run_local_score_plugins(
            (self.profile, self.profile_index),
            self.memos,
            self.snapshot,
            &cycle,
            &asked,
            &feasible,
            &mut self.report.scores,
        );
        let mut outcome = Ok(());
        let report = &mut *self.report;
        for (at, (id, weight)) in asked.iter().enumerate() {
            let plugin = self.profile.plugin(*id);
            let column = &mut report.scores[at];
            if column.len() != feasible.len() {
                column.extend(feasible.iter().map(|node| {
                    plugin.score(&cycle, cycle.cluster.node(*node).expect("nodes of a cycle are known"))
                }));
            }
            plugin.normalize(&cycle, &feasible, column);
            if let Some(invalid) = column.iter().find(|score| !(0..=MAX_NODE_SCORE).contains(*score)) {
                outcome = Err(format!("plugin \"{}\" returns an invalid score {invalid}", plugin.name()));
            }
            for (total, score) in report.totals.iter_mut().zip(column) {
                *score *= weight;
                *total += *score;
            }
            report.columns.push(Column { plugin: *id, scores: ScoredBy::Node(at) });
        }
        for (id, weight, score) in same {
            let mut normalized = [score];
            self.profile.plugin(id).normalize(&cycle, &feasible[..1], &mut normalized);
            let weighted = normalized[0] * weight;
            report.totals.iter_mut().for_each(|total| *total += weighted);
            report.columns.push(Column { plugin: id, scores: ScoredBy::All(weighted) });
        }
        let order = |id: PluginId| self.profile.score.iter().position(|(known, _)| *known == id);
        report.columns.sort_by_key(|column| order(column.plugin));
        report.feasible = feasible;
        outcome
    }

    /// One of the nodes with the highest total.
    fn select_host(&mut self) -> Decision {
        let highest = self.report.totals.iter().copied().max().expect("there are feasible nodes");
        let best = self.report.feasible.iter().zip(&self.report.totals);
        let mut ties = std::mem::take(&mut self.report.ties);
        ties.extend(best.filter(|(_, total)| **total == highest).map(|(id, _)| *id));
        let chosen = self.pick(&ties, |cache, id| cache.node(id).expect("nodes of a cycle are known").name());
        self.report.ties = ties;
        self.choose(chosen)
    }

    pub(super) fn pick<T: Copy>(&self, ties: &[T], name: impl for<'c> Fn(&'c Cache, T) -> &'c Name) -> T {
        match self.tie_break {
            TieBreak::Name => {
                *ties.iter().min_by_key(|tie| name(self.cache, **tie)).expect("there is something to pick")
            }
            TieBreak::Seeded => ties[below(self.draw, ties.len())],
        }
    }
}

/// A number below `n` from a draw, alike likely for all practical purposes.
pub(super) fn below(draw: u64, n: usize) -> usize {
    ((u128::from(draw) * n as u128) >> 64) as usize
}

/// What local filters say of a node, asked only if it is not remembered.
fn remembered(
    memo: Option<&mut Memo>,
    node: NodeId,
    generation: u64,
    ask: impl FnOnce() -> Option<RejectionId>,
) -> Option<RejectionId> {
    let Some(memo) = memo else { return ask() };
    if let Some(verdict) = memo.verdict(node, generation) {
        return verdict;
    }
    let verdict = ask();
    memo.set_verdict(node, generation, verdict);
    verdict
}

/// Fills in the scores of plugins that look at nothing but spec and node, from the memo where there is one.
fn run_local_score_plugins(
    (profile, profile_index): (&Profile, u16),
    memos: &mut Memos,
    snapshot: &Snapshot,
    cycle: &Cycle<'_>,
    asked: &[(PluginId, i64)],
    feasible: &[NodeId],
    scores_by_plugin: &mut [Vec<i64>],
) {
    let Some(memo) = memos.current(profile_index, &cycle.pod.template) else { return };
    let is_local = |id: PluginId| profile.plugin(id).locality() == Locality::Node;
    let local: Vec<(usize, PluginId)> =
        asked.iter().enumerate().map(|(at, (id, _))| (at, *id)).filter(|(_, id)| is_local(*id)).collect();
    let scorers: Vec<PluginId> = local.iter().map(|(_, id)| *id).collect();
    let grown = memo.keep_scores_of(&scorers);
    for id in feasible {
        let scores = memo.scores(*id, snapshot.generation(*id), |scores| {
            let node = cycle.cluster.node(*id).expect("nodes of a cycle are known");
            for (score, (_, plugin)) in scores.iter_mut().zip(&local) {
                *score = profile.plugin(*plugin).score(cycle, node);
            }
        });
        for (score, (at, _)) in scores.iter().zip(&local) {
            scores_by_plugin[*at].push(*score);
        }
    }
    memos.note_growth(grown);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_nodes_shrinks_with_their_number() {
        for (nodes, expected) in [
            (99, 99),
            (100, 100),
            (250, 120),
            (500, 230),
            (1000, 420),
            (5000, 500),
            (6000, 300),
            (10_000, 500),
        ] {
            assert_eq!(nodes_to_find(0, nodes), expected, "{nodes}");
        }
        assert_eq!(nodes_to_find(100, 5000), 5000);
        assert_eq!(nodes_to_find(1, 5000), 100);
    }

    #[test]
    fn draws_are_spread_over_the_range() {
        assert_eq!((below(0, 3), below(u64::MAX / 2, 3), below(u64::MAX, 3)), (0, 1, 2));
    }
}
