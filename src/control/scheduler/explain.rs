//! "Why this node": the last cycle as a table of nodes and plugins.

use std::fmt::{self, Write as _};

use super::framework::{Code, PluginId};
use super::ids::NodeId;
use super::memo::RejectionId;
use super::preemption::Candidate;
use super::{Scheduler, profile_of};
use crate::base::Name;

/// The course of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The plugins that have scored, with their weights, in framework order.
    pub scorers: Vec<(&'static str, i64)>,
    /// Nodes that have passed all filters, in the order in which they were looked at.
    pub feasible: Vec<Scored>,
    /// Nodes that were refused, in the same order.
    pub refused: Vec<Refused>,
    /// The refusal of all nodes at once, before any was looked at.
    pub pre_filter: Option<Refusal>,
    /// Why the nodes that are in neither list were not looked at, if they could not do.
    pub not_looked_at: Option<Refusal>,
    /// Nodes with the highest total.
    pub ties: Vec<Name>,
    /// The node that was chosen.
    pub chosen: Option<Name>,
    /// Whether the chosen node had been promised to the pod and was tried before the others.
    pub via_nominated_node: bool,
    /// Nodes where other pods could be preempted.
    pub candidates: Vec<Eviction>,
    /// The best of those nodes.
    pub candidate_ties: Vec<Name>,
}

/// A feasible node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// The node.
    pub node: Name,
    /// Weighted scores, in the order of [`Explanation::scorers`].
    pub scores: Vec<i64>,
    /// Their sum; absent when there was no other node, so that nothing was scored.
    pub total: Option<i64>,
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// By which plugin.
    pub plugin: Option<&'static str>,
    /// Whether preemption may help.
    pub code: Code,
    /// Why.
    pub reasons: Vec<String>,
}

/// A node that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The node.
    pub node: Name,
    /// Why.
    pub refusal: Refusal,
}

/// A node where other pods could be preempted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// The node.
    pub node: Name,
    /// `namespace/name` of who would have to go, the most important first.
    pub victims: Vec<String>,
    /// How many of them their disruption budgets protect.
    pub violations: u32,
}

impl Explanation {
    /// The last cycle of `scheduler`.
    pub(super) fn new(scheduler: &Scheduler) -> Self {
        let report = &scheduler.report;
        let Some(pod) = report.pod.and_then(|id| scheduler.cache.pod(id)) else { return Self::default() };
        let profile = profile_of(&scheduler.profiles, &pod.pod).expect("scheduled pods have a profile");
        // A node may have gone since; the cycle is still told as it was.
        let name =
            |id: &NodeId| scheduler.cache.node(*id).map(|node| node.name().clone()).unwrap_or_default();
        let plugin = |id: PluginId| profile.plugin(id).name();
        let refusal = |id: RejectionId| {
            let rejection = scheduler.rejections.get(id);
            Refusal {
                plugin: rejection.plugin.map(plugin),
                code: rejection.status.code,
                reasons: rejection.status.reasons.iter().map(ToString::to_string).collect(),
            }
        };
        let weight =
            |id: PluginId| profile.score.iter().find(|(known, _)| *known == id).map_or(1, |(_, w)| *w);
        let eviction = |candidate: &Candidate| Eviction {
            node: name(&candidate.node),
            victims: candidate
                .victims
                .iter()
                .filter_map(|id| scheduler.cache.pod(*id))
                .map(|victim| format!("{}/{}", victim.pod.metadata.namespace, victim.pod.metadata.name))
                .collect(),
            violations: candidate.violations,
        };
        let scored = |(at, node): (usize, &NodeId)| Scored {
            node: name(node),
            scores: report.columns.iter().map(|column| report.score(*column, at)).collect(),
            total: report.totals.get(at).copied(),
        };
        let preemption = report.preemption.as_ref();
        Self {
            scorers: report.columns.iter().map(|c| (plugin(c.plugin), weight(c.plugin))).collect(),
            feasible: report.feasible.iter().enumerate().map(scored).collect(),
            refused: report
                .rejected
                .iter()
                .map(|(node, id)| Refused { node: name(node), refusal: refusal(*id) })
                .collect(),
            pre_filter: report.pre_filter.map(refusal),
            not_looked_at: report.not_looked_at.map(refusal),
            ties: report.ties.iter().map(name).collect(),
            chosen: report.chosen.as_ref().map(name),
            via_nominated_node: report.via_nominated_node,
            candidates: preemption.map(|p| p.candidates.iter().map(eviction).collect()).unwrap_or_default(),
            candidate_ties: preemption.map(|p| p.ties.iter().map(name).collect()).unwrap_or_default(),
        }
    }
}

impl fmt::Display for Explanation {
    /// The whole table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table(usize::MAX))
    }
}

impl Explanation {
    /// A table: a row a node, a column a plugin; refused nodes with the reason in place of scores. Of more than `most`
    /// nodes that passed, the best are shown; more than `most` that were refused are counted by the reason.
    pub fn table(&self, most: usize) -> String {
        let mut text = String::new();
        if let Some(refusal) = &self.pre_filter {
            let _ = writeln!(text, "  all nodes  {refusal}");
        }
        let refused = self.refused_rows(most);
        let names = self.feasible.iter().map(|node| node.node.len());
        let width =
            names.chain(refused.iter().map(|(who, _)| who.len())).max().unwrap_or(0).max("NODE".len());
        if !self.feasible.is_empty() || !refused.is_empty() {
            text.push_str("  NODE");
            if !self.scorers.is_empty() || self.feasible.is_empty() {
                text.push_str(&" ".repeat(width - "NODE".len()));
            }
            for (plugin, weight) in &self.scorers {
                let _ = write!(text, "  {}", heading(plugin, *weight));
            }
            text.push_str(match (self.feasible.is_empty(), self.scorers.is_empty()) {
                (true, _) => "  REFUSED BY\n",
                (false, true) => "\n",
                (false, false) => "  TOTAL\n",
            });
        }
        self.scored_rows(&mut text, width, most);
        for (who, why) in &refused {
            let _ = writeln!(text, "  {who:width$}  {why}");
        }
        if let Some(refusal) = &self.not_looked_at {
            let _ = writeln!(text, "  other nodes: {refusal}");
        }
        for candidate in self.candidates.iter().take(most) {
            let victims = candidate.victims.join(", ");
            let best = self.candidate_ties == [candidate.node.clone()];
            let mark = if best { '*' } else { ' ' };
            let _ = writeln!(text, "{mark} {}: could have the pod without {victims}", candidate.node);
        }
        text
    }

    /// The nodes that passed, the best first.
    fn scored_rows(&self, text: &mut String, width: usize, most: usize) {
        let is_chosen = |node: &Scored| self.chosen.as_ref() == Some(&node.node);
        let mut ranked: Vec<_> = self.feasible.iter().collect();
        ranked.sort_by_key(|node| (std::cmp::Reverse(node.total), !is_chosen(node)));
        for node in ranked.iter().take(most) {
            let mark = if is_chosen(node) { '*' } else { ' ' };
            let _ = write!(text, "{mark} {:width$}", node.node);
            for ((plugin, weight), score) in self.scorers.iter().zip(&node.scores) {
                let _ = write!(text, "  {score:>0$}", heading(plugin, *weight).len());
            }
            let _ = match node.total {
                Some(total) => writeln!(text, "  {total:>5}"),
                None => writeln!(text, "  passed, with nothing to compare it with"),
            };
        }
        if ranked.len() > most {
            let (more, best) = (ranked.len() - most, ranked[most].total.unwrap_or_default());
            let _ = writeln!(text, "  and {more} more nodes that passed, with totals up to {best}");
        }
    }

    /// Who was refused, and why.
    fn refused_rows(&self, most: usize) -> Vec<(String, String)> {
        let each = self.refused.iter().map(|node| (node.node.to_string(), node.refusal.to_string()));
        if self.refused.len() <= most {
            return each.collect();
        }
        let mut counts: Vec<(String, usize)> = Vec::new();
        for (_, why) in each {
            match counts.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => counts.push((why, 1)),
            }
        }
        let nodes = |count: usize| if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
        counts.into_iter().map(|(why, count)| (nodes(count), why)).collect()
    }
}

fn heading(plugin: &str, weight: i64) -> String {
    if weight == 1 { plugin.to_owned() } else { format!("{plugin}x{weight}") }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = self.plugin {
            write!(f, "{plugin}: ")?;
        }
        f.write_str(&self.reasons.join(", "))
    }
}
