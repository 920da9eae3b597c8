//! `InterPodAffinity`: pods near to, and far from, other pods.
//!
//! Follows `interpodaffinity` of kube-scheduler v1.34. Upstream looks at all pods on all nodes for each pod; here the
//! pods that match a term are counted in tallies, and the terms that placed pods carry in an index, so a cycle only
//! looks the counts up.

use serde::Deserialize;

use crate::api::Labels;
use crate::api::pod::Pod;
use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::class::{AffinityTerm, PodClass};
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask, PodChange};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Hint, MAX_NODE_SCORE, NodeInfo, Plugin, PodInfo, Points, PreFilter, PreScore, Status, Verdict,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::tallies::{Purpose, TallyId};
use crate::control::scheduler::tally::{Counted, NodesCounted, TallySpec};
use crate::control::scheduler::terms::{TermId, TermKind};
use crate::control::scheduler::topology::KeyId;

/// `InterPodAffinityArgs`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InterPodAffinityArgs {
    /// What a placed pod's required affinity that matches the incoming pod is worth.
    pub hard_pod_affinity_weight: i32,
    /// Whether wishes of placed pods count only for pods with wishes of their own.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_pod_affinity_weight: 1, ignore_preferred_terms_of_existing_pods: false }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct InterPodAffinity {
    args: InterPodAffinityArgs,
}

impl InterPodAffinity {
    /// The plugin with these arguments.
    ///
    /// # Errors
    /// When the weight is out of range.
    pub fn new(args: InterPodAffinityArgs) -> Result<Self, String> {
        let weight = args.hard_pod_affinity_weight;
        if !(0..=100).contains(&weight) {
            return Err(format!("hardPodAffinityWeight: {weight} is not in the range [0, 100]"));
        }
        Ok(Self { args })
    }
}

/// What filtering needs.
#[derive(Clone, Debug, Default)]
pub struct AffinityFilter {
    /// By topology key of the required affinity: the pods that match all of its terms.
    near: Vec<Count>,
    /// By term of the required anti-affinity: the pods that match it.
    far: Vec<Count>,
    /// Anti-affinity terms of placed pods that are about this pod.
    repelling: Vec<Repelling>,
    /// Whether the pod matches its own affinity, so that it may be the first of its kind.
    attracts_itself: bool,
}

/// Pods that match something. `supposed` ones are on the one node that is filtered, in addition to those that are.
#[derive(Clone, Copy, Debug)]
struct Count {
    tally: TallyId,
    key: KeyId,
    supposed: i64,
}

#[derive(Clone, Copy, Debug)]
struct Repelling {
    term: TermId,
    supposed: i64,
}

impl Count {
    fn new(
        cluster: &mut Cache,
        pod: &PodInfo,
        purpose: Purpose,
        terms: &[AffinityTerm],
        key: &AffinityTerm,
    ) -> Self {
        let rule = |_: &Cache| TallySpec {
            pods: Counted::MatchingAll(terms.to_vec()),
            nodes: NodesCounted { keys: vec![key.topology_key.clone()], ..NodesCounted::default() },
            topology_key: key.topology_key.clone(),
        };
        let tally = cluster.tally_for(pod.class.id, purpose, 0, rule);
        Self { tally, key: cluster.tally(tally).key(), supposed: 0 }
    }

    /// The pods in the node's domain; `None` when the node lacks the key.
    fn near(&self, cluster: &Cache, node: NodeId) -> Option<i64> {
        let value = cluster.topologies().value(self.key, node)?;
        Some(cluster.tally(self.tally).in_domain(value) + self.supposed)
    }

    /// The pods in all domains.
    fn anywhere(&self, cluster: &Cache) -> i64 {
        cluster.tally(self.tally).total() as i64 + self.supposed
    }
}

impl AffinityFilter {
    fn satisfies_affinity(&self, cluster: &Cache, node: NodeId) -> bool {
        let mut company = true;
        for count in &self.near {
            match count.near(cluster, node) {
                None => return false,
                Some(pods) => company &= pods > 0,
            }
        }
        // The first of a group that wants to be together may go anywhere.
        company || self.attracts_itself && self.near.iter().all(|count| count.anywhere(cluster) == 0)
    }

    fn satisfies_anti_affinity(&self, cluster: &Cache, node: NodeId) -> bool {
        self.far.iter().all(|count| count.near(cluster, node).is_none_or(|pods| pods <= 0))
    }

    fn satisfies_placed_pods(&self, cluster: &Cache, node: NodeId) -> bool {
        self.repelling.iter().all(|repelling| {
            let term = cluster.term(repelling.term);
            let value = cluster.topologies().value(term.key, node);
            value.is_none_or(|value| term.carriers(value) + repelling.supposed <= 0)
        })
    }

    /// Supposes `sign` more of `other` on `node`.
    fn suppose(&mut self, pod: &PodInfo, cluster: &Cache, (other, node): (&PodInfo, NodeId), sign: i64) {
        let (own, objects) = (&pod.class, cluster.objects());
        let has_key = |key| cluster.topologies().value(key, node).is_some();
        if !own.affinity.is_empty() && matches_all(&own.affinity, &other.class, cluster) {
            for count in self.near.iter_mut().filter(|count| has_key(count.key)) {
                count.supposed += sign;
            }
        }
        for (count, term) in self.far.iter_mut().zip(&own.anti_affinity) {
            if has_key(count.key) && term.matches(&other.class, objects) {
                count.supposed += sign;
            }
        }
        for id in cluster.terms_of(other.class.id) {
            let term = cluster.term(*id);
            if term.kind != TermKind::RequiredAntiAffinity || !term.term.matches(own, objects) {
                continue;
            }
            match self.repelling.iter_mut().find(|known| known.term == *id) {
                Some(known) => known.supposed += sign,
                None => self.repelling.push(Repelling { term: *id, supposed: sign }),
            }
        }
    }
}

/// Whether a pod is what all of `terms` ask for; no terms ask for nothing.
fn matches_all(terms: &[AffinityTerm], class: &PodClass, cluster: &Cache) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(class, cluster.objects()))
}

/// What scoring needs: counts by topology value, each with what one pod is worth.
#[derive(Clone, Debug, Default)]
pub struct AffinityScore {
    own: Vec<(TallyId, KeyId, i64)>,
    carried: Vec<(TermId, i64)>,
}

impl AffinityScore {
    fn raw(&self, cluster: &Cache, node: NodeId) -> i64 {
        let own = self.own.iter().filter_map(|(tally, key, weight)| {
            let value = cluster.topologies().value(*key, node)?;
            Some(weight * cluster.tally(*tally).in_domain(value))
        });
        let carried = self.carried.iter().filter_map(|(term, weight)| {
            let term = cluster.term(*term);
            let value = cluster.topologies().value(term.key, node)?;
            Some(weight * term.carriers(value))
        });
        own.sum::<i64>() + carried.sum::<i64>()
    }
}

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn points(&self) -> Points {
        Points::PRE_FILTER | Points::FILTER | Points::PRE_SCORE | Points::SCORE
    }

    fn pre_filter(&self, pod: &PodInfo, cluster: &mut Cache, state: &mut CycleState) -> PreFilter {
        let class = &pod.class;
        let filter = &mut state.affinity_filter;
        *filter = AffinityFilter::default();
        for id in cluster.terms_about(class) {
            let term = cluster.term(id);
            if term.kind == TermKind::RequiredAntiAffinity && term.has_carriers() {
                filter.repelling.push(Repelling { term: id, supposed: 0 });
            }
        }
        for (at, term) in class.affinity.iter().enumerate() {
            let first = class.affinity.iter().position(|other| other.topology_key == term.topology_key);
            if first == Some(at) {
                let purpose = Purpose::Affinity(at as u16);
                filter.near.push(Count::new(cluster, pod, purpose, &class.affinity, term));
            }
        }
        for (at, term) in class.anti_affinity.iter().enumerate() {
            let purpose = Purpose::AntiAffinity(at as u16);
            filter.far.push(Count::new(cluster, pod, purpose, std::slice::from_ref(term), term));
        }
        filter.attracts_itself = matches_all(&class.affinity, class, cluster);
        if filter.repelling.is_empty() && filter.near.is_empty() && filter.far.is_empty() {
            PreFilter::Skip
        } else {
            PreFilter::Run
        }
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        let (filter, cluster) = (&cycle.state.affinity_filter, cycle.cluster);
        if !filter.satisfies_affinity(cluster, node.id) {
            return Err(Status::unresolvable("node(s) didn't match pod affinity rules"));
        }
        if !filter.satisfies_anti_affinity(cluster, node.id) {
            return Err(Status::unschedulable("node(s) didn't match pod anti-affinity rules"));
        }
        if !filter.satisfies_placed_pods(cluster, node.id) {
            return Err(Status::unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"));
        }
        Ok(())
    }

    fn add_pod(&self, pod: &PodInfo, cluster: &Cache, state: &mut CycleState, other: &PodInfo, node: NodeId) {
        state.affinity_filter.suppose(pod, cluster, (other, node), 1);
    }

    fn remove_pod(
        &self,
        pod: &PodInfo,
        cluster: &Cache,
        state: &mut CycleState,
        other: &PodInfo,
        node: NodeId,
    ) {
        state.affinity_filter.suppose(pod, cluster, (other, node), -1);
    }

    fn pre_score(
        &self,
        pod: &PodInfo,
        cluster: &mut Cache,
        state: &mut CycleState,
        _: &[NodeId],
    ) -> PreScore {
        let class = &pod.class;
        if self.args.ignore_preferred_terms_of_existing_pods && class.preferred.is_empty() {
            return PreScore::Skip;
        }
        let score = &mut state.affinity_score;
        *score = AffinityScore::default();
        for (at, (weight, term)) in class.preferred.iter().enumerate() {
            let purpose = Purpose::Preferred(at as u16);
            let count = Count::new(cluster, pod, purpose, std::slice::from_ref(term), term);
            if cluster.tally(count.tally).total() > 0 {
                score.own.push((count.tally, count.key, *weight));
            }
        }
        for id in cluster.terms_about(class) {
            let term = cluster.term(id);
            let weight = match term.kind {
                TermKind::RequiredAntiAffinity => continue,
                TermKind::RequiredAffinity if self.args.hard_pod_affinity_weight == 0 => continue,
                TermKind::RequiredAffinity => self.args.hard_pod_affinity_weight.into(),
                TermKind::Preferred(weight) => weight,
            };
            if term.has_carriers() {
                score.carried.push((id, weight));
            }
        }
        if score.own.is_empty() && score.carried.is_empty() { PreScore::Skip } else { PreScore::Run }
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        cycle.state.affinity_score.raw(cycle.cluster, node.id)
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        let (least, most) = scores.iter().fold((i64::MAX, i64::MIN), |(l, m), s| (l.min(*s), m.max(*s)));
        for score in scores {
            *score = if most > least {
                (MAX_NODE_SCORE as f64 * ((*score - least) as f64 / (most - least) as f64)) as i64
            } else {
                0
            };
        }
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[
            EventMask::pods(ActionType::ADD.or(ActionType::UPDATE_POD_LABEL).or(ActionType::DELETE)),
            EventMask::nodes(ActionType::ADD.or(ActionType::UPDATE_NODE_LABEL)),
        ];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, cluster: &Cache, event: &ClusterEvent) -> Hint {
        Hint::queue_if(match (event.pod(), event.node_change()) {
            (Some(change), _) => pod_matters(&pod.class, cluster, change),
            (_, Some((old, Some(new)))) => {
                node_matters(&pod.class, old.map(|old| &old.metadata.labels), &new.metadata.labels)
            }
            _ => true,
        })
    }
}

/// `isSchedulableAfterPodChange`.
fn pod_matters(own: &PodClass, cluster: &Cache, (_, old, new): PodChange<'_>) -> bool {
    if [old, new].into_iter().flatten().any(|other| other.node_name.is_none()) {
        return false;
    }
    let matches = |terms: &[AffinityTerm], other: &Pod| {
        let of = &other.metadata;
        let selects = |term: &AffinityTerm| term.selects(&of.namespace, &of.labels, cluster.objects());
        !terms.is_empty() && terms.iter().all(selects)
    };
    match (old, new) {
        (Some(old), Some(new)) => {
            !matches(&own.affinity, old) && matches(&own.affinity, new)
                || matches(&own.anti_affinity, old) && !matches(&own.anti_affinity, new)
        }
        (None, Some(new)) => matches(&own.affinity, new),
        (Some(old), None) => matches(&own.anti_affinity, old),
        (None, None) => true,
    }
}

/// `isSchedulableAfterNodeChange`.
fn node_matters(own: &PodClass, old: Option<&Labels>, new: &Labels) -> bool {
    let Some(old) = old else {
        return !own.anti_affinity.is_empty()
            || own.affinity.iter().any(|term| new.contains_key(&term.topology_key));
    };
    let values = |term: &AffinityTerm| (old.get(&term.topology_key), new.get(&term.topology_key));
    own.affinity.iter().map(values).any(|(was, is)| is.is_some() && was != is)
        || own.anti_affinity.iter().map(values).any(|(was, is)| was.is_some() && was != is)
}
