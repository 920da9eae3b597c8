//! What a cycle has seen and said, kept until the next one; and the texts made of it.

use std::collections::BTreeMap;

use super::framework::{PluginId, Status};
use super::ids::{NodeId, PodId};
use super::memo::{RejectionId, Rejections};
use super::preemption::Candidate;

/// The course of one cycle. Its lists are used again by the next.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The pod.
    pub pod: Option<PodId>,
    /// The refusal of all nodes at once.
    pub pre_filter: Option<RejectionId>,
    /// Nodes that were refused, in the order in which they were looked at.
    pub rejected: Vec<(NodeId, RejectionId)>,
    /// Why nodes that are not listed were not looked at.
    pub not_looked_at: Option<RejectionId>,
    /// Nodes that have passed all filters, in the order in which they were looked at.
    pub feasible: Vec<NodeId>,
    /// The plugins that have scored, in framework order.
    pub columns: Vec<Column>,
    /// Weighted scores by plugin and feasible node.
    pub scores: Vec<Vec<i64>>,
    /// Sums by feasible node; empty when nothing was scored.
    pub totals: Vec<i64>,
    /// Nodes with the highest total.
    pub ties: Vec<NodeId>,
    /// The node that was chosen.
    pub chosen: Option<NodeId>,
    /// Whether that is the node that the pod had been promised, tried before the others.
    pub via_nominated_node: bool,
    /// What was preempted.
    pub preemption: Option<PreemptionReport>,
}

/// Scores of one plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The plugin.
    pub plugin: PluginId,
    /// Its scores.
    pub scores: ScoredBy,
}

/// Where the scores of a plugin are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoredBy {
    /// In this row of [`Report::scores`].
    Node(usize),
    /// They are all this.
    All(i64),
}

/// What was preempted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreemptionReport {
    /// The node that was chosen, and who has to go.
    pub chosen: Candidate,
    /// The nodes that were as good.
    pub ties: Vec<NodeId>,
    /// All nodes where it would have worked.
    pub candidates: Vec<Candidate>,
}

impl Report {
    /// Clears it for another pod.
    pub(super) fn begin(&mut self, pod: PodId) {
        self.pod = Some(pod);
        self.pre_filter = None;
        self.rejected.clear();
        self.not_looked_at = None;
        self.feasible.clear();
        self.columns.clear();
        self.totals.clear();
        self.ties.clear();
        self.chosen = None;
        self.via_nominated_node = false;
        self.preemption = None;
    }

    /// Makes room for the scores of some plugins on some nodes.
    pub(super) fn begin_scores(&mut self, nodes: usize, plugins: usize) {
        self.totals.resize(nodes, 0);
        if self.scores.len() < plugins {
            self.scores.resize_with(plugins, Vec::new);
        }
        self.scores.iter_mut().for_each(Vec::clear);
    }

    /// The weighted score that a plugin gave to the feasible node at this place.
    pub fn score(&self, column: Column, at: usize) -> i64 {
        match column.scores {
            ScoredBy::Node(row) => self.scores[row][at],
            ScoredBy::All(score) => score,
        }
    }
}

/// `FitError.Error`: why no node was found, and what was tried then.
pub(super) fn fit_message(
    report: &Report,
    rejections: &Rejections,
    nodes: usize,
    pre_filter: Option<&str>,
    post_filter: &str,
) -> String {
    let mut message = if let Some(reason) = pre_filter {
        format!("0/{nodes} nodes are available: {reason}.")
    } else {
        let counts = rejections.counts(report.rejected.iter().map(|(_, id)| *id));
        let looked_at = counts.iter().map(|(id, count)| (&rejections.get(*id).status, *count));
        let rest = nodes - report.rejected.len();
        let others = report.not_looked_at.map(|id| (&rejections.get(id).status, rest));
        histogram(nodes, looked_at.chain(others))
    };
    if !post_filter.is_empty() {
        message.push(' ');
        message.push_str(post_filter);
    }
    message
}

/// `0/N nodes are available: ...`: reasons with how often each was given, sorted as text.
pub(super) fn histogram<'a>(nodes: usize, statuses: impl Iterator<Item = (&'a Status, usize)>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (status, count) in statuses {
        for reason in &status.reasons {
            *counts.entry(reason).or_insert(0) += count;
        }
    }
    counts.retain(|_, count| *count > 0);
    let mut parts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.sort_unstable();
    let mut message = format!("0/{nodes} nodes are available:");
    if !parts.is_empty() {
        message.push(' ');
        message.push_str(&parts.join(", "));
        message.push('.');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_sorted_as_text() {
        let (few, many) = (Status::unschedulable("few"), Status::unschedulable("many"));
        let statuses = [(&few, 2), (&many, 10)];
        assert_eq!(histogram(12, statuses.into_iter()), "0/12 nodes are available: 10 many, 2 few.");
        assert_eq!(histogram(1, [(&few, 0)].into_iter()), "0/1 nodes are available:");
    }
}
