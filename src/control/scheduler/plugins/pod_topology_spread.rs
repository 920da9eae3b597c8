//! `PodTopologySpread`: pods that belong together are spread over zones, hosts and the like.
//!
//! Follows `podtopologyspread` of kube-scheduler v1.34. Counts come from tallies, which are kept between cycles; the
//! rules on what is counted, and the score's float64 arithmetic, are upstream's.

use serde::Deserialize;

use crate::api::Labels;
use crate::api::node::Node;
use crate::api::pod::{Pod, TopologySpreadConstraint, UnsatisfiableAction};
use crate::api::selector::Selector;
use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::class::SpreadConstraint;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask, PodChange};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Hint, MAX_NODE_SCORE, NodeInfo, Plugin, PodInfo, Points, PreFilter, PreScore, Status, Verdict,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::tallies::{Purpose, TallyId};
use crate::control::scheduler::tally::{Counted, NodesCounted, TallySpec};
use crate::control::scheduler::topology::{KeyId, ValueId};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
const REASON: &str = "node(s) didn't match pod topology spread constraints";
const REASON_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// `PodTopologySpreadArgs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodTopologySpreadArgs {
    /// Constraints for pods without any, with `defaultingType: List`.
    pub default_constraints: Vec<TopologySpreadConstraint>,
    /// Where the constraints of pods without any come from.
    pub defaulting_type: DefaultingType,
}

/// `defaultingType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DefaultingType {
    /// From the scheduler: soft ones by host and by zone.
    #[default]
    System,
    /// From the configuration.
    List,
}

/// The plugin.
#[derive(Debug)]
pub struct PodTopologySpread {
    defaults: Vec<TopologySpreadConstraint>,
    system_defaults: bool,
}

impl PodTopologySpread {
    /// The plugin with these arguments.
    ///
    /// # Errors
    /// When constraints are given that would not be used, or have selectors.
    pub fn new(args: &PodTopologySpreadArgs) -> Result<Self, String> {
        let system_defaults = args.defaulting_type == DefaultingType::System;
        if system_defaults && !args.default_constraints.is_empty() {
            return Err("defaultConstraints: when .defaultingType is System, must be empty".into());
        }
        if args.default_constraints.iter().any(|constraint| constraint.label_selector.is_some()) {
            return Err("defaultConstraints: constraint must not define a selector".into());
        }
        let system = [(HOSTNAME, 3), (ZONE, 5)].map(|(key, max_skew)| TopologySpreadConstraint {
            topology_key: key.into(),
            max_skew,
            when_unsatisfiable: UnsatisfiableAction::ScheduleAnyway,
            ..TopologySpreadConstraint::default()
        });
        let defaults = if system_defaults { system.into() } else { args.default_constraints.clone() };
        Ok(Self { defaults, system_defaults })
    }

    /// The hard or the soft constraints of a pod. A pod without any has those of the configuration, about the pods
    /// that belong with it.
    fn constraints(&self, pod: &PodInfo, cluster: &Cache, hard: bool) -> Vec<SpreadConstraint> {
        let class = &pod.class;
        if !class.constraints.is_empty() {
            return class.constraints.iter().filter(|own| own.hard == hard).cloned().collect();
        }
        let wanted = |constraint: &SpreadConstraint| constraint.hard == hard;
        let defaults = self.defaults.iter().map(|default| SpreadConstraint::of(default, &class.labels));
        let mut defaults: Vec<_> = defaults.filter(wanted).collect();
        if !defaults.is_empty() {
            let objects = cluster.objects();
            let selector =
                objects.default_selector(&class.namespace, &class.labels, class.controller.as_ref());
            if selector.is_empty() {
                return Vec::new();
            }
            for default in &mut defaults {
                default.selector = selector.clone();
            }
        }
        defaults
    }

    /// Whether only nodes with all the topology keys matter. With the scheduler's own defaults, nodes without a zone
    /// are still spread over by host.
    fn requires_all_keys(&self, pod: &PodInfo) -> bool {
        !pod.class.constraints.is_empty() || !self.system_defaults
    }

    /// The constraints of a pod, if it can have any.
    fn may_have_constraints(&self, pod: &PodInfo, hard: bool) -> bool {
        let own = &pod.class.constraints;
        if own.is_empty() {
            let action =
                if hard { UnsatisfiableAction::DoNotSchedule } else { UnsatisfiableAction::ScheduleAnyway };
            return self.defaults.iter().any(|default| default.when_unsatisfiable == action);
        }
        own.iter().any(|own| own.hard == hard)
    }
}

/// The rule by which pods are counted for one constraint among all of the same hardness.
fn counting(pod: &PodInfo, all: &[SpreadConstraint], at: usize, require_keys: bool) -> TallySpec {
    let constraint = &all[at];
    let template = &pod.template;
    let required = constraint.honor_affinity && !template.required_node.is_anything();
    TallySpec {
        pods: Counted::Spread {
            namespace: pod.class.namespace.clone(),
            selector: constraint.selector.clone(),
        },
        nodes: NodesCounted {
            keys: if require_keys {
                all.iter().map(|constraint| constraint.topology_key.clone()).collect()
            } else {
                Vec::new()
            },
            required: required.then(|| template.required_node.clone()),
            tolerations: constraint.honor_taints.then(|| template.spec.tolerations.clone()),
        },
        topology_key: constraint.topology_key.clone(),
    }
}

/// What filtering needs.
#[derive(Clone, Debug, Default)]
pub struct SpreadFilter(Vec<HardConstraint>);

#[derive(Clone, Debug)]
struct HardConstraint {
    tally: TallyId,
    key: KeyId,
    max_skew: i64,
    min_domains: usize,
    /// 1 when the pod is itself one of those counted.
    itself: i64,
    selector: Selector,
    /// Pods of interest supposed to be on the one node that is filtered, in addition to those that are.
    supposed: i64,
}

impl HardConstraint {
    fn check(&self, cluster: &Cache, node: NodeId) -> Verdict {
        let Some(value) = cluster.topologies().value(self.key, node) else {
            return Err(Status::unresolvable(REASON_LABEL));
        };
        let tally = cluster.tally(self.tally);
        let least = if tally.domain_count() < self.min_domains {
            0
        } else if self.supposed == 0 {
            tally.least().unwrap_or(i64::from(i32::MAX))
        } else {
            tally.least_if(value, self.supposed).unwrap_or(i64::from(i32::MAX))
        };
        let skew = tally.in_domain(value) + self.supposed + self.itself - least;
        if skew > self.max_skew { Err(Status::unschedulable(REASON)) } else { Ok(()) }
    }
}

/// What scoring needs.
#[derive(Clone, Debug, Default)]
pub struct SpreadScore {
    constraints: Vec<SoftConstraint>,
    require_all_keys: bool,
}

#[derive(Clone, Debug)]
struct SoftConstraint {
    tally: TallyId,
    key: KeyId,
    by_host: bool,
    max_skew: i64,
    /// How much one pod counts: more where there are more domains.
    weight: f64,
}

impl SpreadScore {
    /// A node that lacks a key is not scored.
    fn ignores(&self, cluster: &Cache, node: NodeId) -> bool {
        let lacks = |constraint: &SoftConstraint| cluster.topologies().value(constraint.key, node).is_none();
        self.require_all_keys && self.constraints.iter().any(lacks)
    }

    fn raw(&self, cluster: &Cache, node: NodeId) -> i64 {
        let mut score = 0.0;
        for constraint in &self.constraints {
            let Some(value) = cluster.topologies().value(constraint.key, node) else { continue };
            let tally = cluster.tally(constraint.tally);
            let pods = if constraint.by_host { tally.on_node(node) } else { tally.in_domain(value) };
            score += pods as f64 * constraint.weight + (constraint.max_skew - 1) as f64;
        }
        score.round() as i64
    }
}

/// How many domains the feasible nodes make up.
fn domains_among(cluster: &Cache, key: KeyId, nodes: impl Iterator<Item = NodeId>) -> usize {
    let (mut seen, mut count) = (Vec::new(), 0);
    for node in nodes {
        let value = cluster.topologies().value(key, node).unwrap_or(ValueId::EMPTY).index();
        if seen.len() <= value {
            seen.resize(value + 1, false);
        }
        count += usize::from(!std::mem::replace(&mut seen[value], true));
    }
    count
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn points(&self) -> Points {
        Points::PRE_FILTER | Points::FILTER | Points::PRE_SCORE | Points::SCORE
    }

    fn pre_filter(&self, pod: &PodInfo, cluster: &mut Cache, state: &mut CycleState) -> PreFilter {
        state.spread_filter.0.clear();
        if !self.may_have_constraints(pod, true) {
            return PreFilter::Skip;
        }
        let constraints = self.constraints(pod, cluster, true);
        let version = version(pod, cluster);
        for (at, constraint) in constraints.iter().enumerate() {
            let purpose = Purpose::HardSpread(at as u16);
            let tally =
                cluster.tally_for(pod.class.id, purpose, version, |_| counting(pod, &constraints, at, true));
            state.spread_filter.0.push(HardConstraint {
                tally,
                key: cluster.tally(tally).key(),
                max_skew: constraint.max_skew,
                min_domains: constraint.min_domains,
                itself: constraint.selector.matches(&pod.class.labels).into(),
                selector: constraint.selector.clone(),
                supposed: 0,
            });
        }
        if constraints.is_empty() { PreFilter::Skip } else { PreFilter::Run }
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        let constraints = &cycle.state.spread_filter.0;
        constraints.iter().try_for_each(|constraint| constraint.check(cycle.cluster, node.id))
    }

    fn add_pod(&self, pod: &PodInfo, cluster: &Cache, state: &mut CycleState, other: &PodInfo, node: NodeId) {
        suppose(pod, cluster, state, (other, node), 1);
    }

    fn remove_pod(
        &self,
        pod: &PodInfo,
        cluster: &Cache,
        state: &mut CycleState,
        other: &PodInfo,
        node: NodeId,
    ) {
        suppose(pod, cluster, state, (other, node), -1);
    }

    fn pre_score(
        &self,
        pod: &PodInfo,
        cluster: &mut Cache,
        state: &mut CycleState,
        feasible: &[NodeId],
    ) -> PreScore {
        if !self.may_have_constraints(pod, false) {
            return PreScore::Skip;
        }
        let constraints = self.constraints(pod, cluster, false);
        if constraints.is_empty() {
            return PreScore::Skip;
        }
        let require_all_keys = self.requires_all_keys(pod);
        let version = version(pod, cluster);
        let mut score = SpreadScore { constraints: Vec::new(), require_all_keys };
        for (at, constraint) in constraints.iter().enumerate() {
            let purpose = Purpose::SoftSpread(at as u16);
            let rule = |_: &Cache| counting(pod, &constraints, at, require_all_keys);
            let tally = cluster.tally_for(pod.class.id, purpose, version, rule);
            score.constraints.push(SoftConstraint {
                tally,
                key: cluster.tally(tally).key(),
                by_host: constraint.topology_key == HOSTNAME,
                max_skew: constraint.max_skew,
                weight: 0.0,
            });
        }
        let scored = || feasible.iter().copied().filter(|node| !score.ignores(cluster, *node));
        let weight = |constraint: &SoftConstraint| {
            let domains = if constraint.by_host {
                scored().count()
            } else {
                domains_among(cluster, constraint.key, scored())
            };
            libm::log((domains + 2) as f64)
        };
        let weights: Vec<f64> = score.constraints.iter().map(weight).collect();
        for (constraint, weight) in score.constraints.iter_mut().zip(weights) {
            constraint.weight = weight;
        }
        state.spread_score = score;
        PreScore::Run
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let score = &cycle.state.spread_score;
        if score.ignores(cycle.cluster, node.id) { 0 } else { score.raw(cycle.cluster, node.id) }
    }

    fn normalize(&self, cycle: &Cycle<'_>, feasible: &[NodeId], scores: &mut [i64]) {
        let ignored = |at: usize| cycle.state.spread_score.ignores(cycle.cluster, feasible[at]);
        let (mut least, mut most) = (i64::MAX, 0);
        for (at, score) in scores.iter().enumerate() {
            if !ignored(at) {
                least = least.min(*score);
                most = most.max(*score);
            }
        }
        for (at, score) in scores.iter_mut().enumerate() {
            *score = match (ignored(at), most) {
                (true, _) => 0,
                (false, 0) => MAX_NODE_SCORE,
                (false, _) => MAX_NODE_SCORE * (most + least - *score) / most,
            };
        }
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[
            EventMask::pods(
                ActionType::ADD
                    .or(ActionType::UPDATE_POD_LABEL)
                    .or(ActionType::UPDATE_POD_TOLERATION)
                    .or(ActionType::DELETE),
            ),
            EventMask::nodes(
                ActionType::ADD
                    .or(ActionType::DELETE)
                    .or(ActionType::UPDATE_NODE_LABEL)
                    .or(ActionType::UPDATE_NODE_TAINT),
            ),
        ];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, cluster: &Cache, event: &ClusterEvent) -> Hint {
        let constraints = self.constraints(pod, cluster, true);
        Hint::queue_if(match (event.pod(), event.node_change()) {
            (Some((id, old, new)), _) => pod_matters(pod, &constraints, (id, old, new)),
            (_, Some((old, new))) => node_matters(&constraints, old.map(|n| &**n), new.map(|n| &**n)),
            (None, None) => true,
        })
    }
}

/// Counts what the defaults depend on: they are about the selectors of other objects.
fn version(pod: &PodInfo, cluster: &Cache) -> u64 {
    if pod.class.constraints.is_empty() { cluster.objects().selectors_version() + 1 } else { 0 }
}

/// `updateWithPod`. It asks the selector alone, so a pod that is not counted (because the selector is empty, or it is
/// being deleted) still moves the supposed numbers; so upstream.
fn suppose(
    pod: &PodInfo,
    cluster: &Cache,
    state: &mut CycleState,
    (other, node): (&PodInfo, NodeId),
    sign: i64,
) {
    if other.class.namespace != pod.class.namespace {
        return;
    }
    for constraint in &mut state.spread_filter.0 {
        if constraint.selector.matches(&other.class.labels)
            && cluster.tally(constraint.tally).counts_node(node)
        {
            constraint.supposed += sign;
        }
    }
}

/// `isSchedulableAfterPodChange`.
fn pod_matters(pod: &PodInfo, constraints: &[SpreadConstraint], (id, old, new): PodChange<'_>) -> bool {
    let involved = |other: &Pod| {
        id == pod.id || other.node_name.is_some() && other.metadata.namespace == pod.class.namespace
    };
    if [old, new].into_iter().flatten().any(|other| !involved(other)) {
        return false;
    }
    let selected = |labels: &Labels| constraints.iter().any(|constraint| constraint.selector.matches(labels));
    match (old, new) {
        (Some(old), Some(new)) => {
            let tolerates_more = id == pod.id
                && old.spec.tolerations != new.spec.tolerations
                && constraints.iter().any(|constraint| constraint.honor_taints);
            let (was, is) = (&old.metadata.labels, &new.metadata.labels);
            let changes_sides = |constraint: &SpreadConstraint| {
                constraint.selector.matches(was) != constraint.selector.matches(is)
            };
            tolerates_more || was != is && constraints.iter().any(changes_sides)
        }
        (Some(other), None) | (None, Some(other)) => selected(&other.metadata.labels),
        (None, None) => true,
    }
}

/// `isSchedulableAfterNodeChange`.
fn node_matters(constraints: &[SpreadConstraint], old: Option<&Node>, new: Option<&Node>) -> bool {
    let has_all_keys = |node: &Node| {
        constraints.iter().all(|constraint| node.metadata.labels.contains_key(&constraint.topology_key))
    };
    match (old, new) {
        (Some(old), Some(new)) => {
            let moved = |constraint: &SpreadConstraint| {
                let key = &constraint.topology_key;
                old.metadata.labels.get(key) != new.metadata.labels.get(key)
            };
            has_all_keys(old) != has_all_keys(new)
                || has_all_keys(new) && (constraints.iter().any(moved) || old.spec.taints != new.spec.taints)
        }
        (Some(node), None) | (None, Some(node)) => has_all_keys(node),
        (None, None) => true,
    }
}
