//! `NodeResourcesFit`: a pod goes where what it asks for is free, and prefers nodes by how full they are.
//!
//! Follows `noderesources/fit.go` of kube-scheduler v1.34.

use serde::Deserialize;

use crate::base::Name;
use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Code, Cycle, Hint, Locality, NodeInfo, Plugin, PodInfo, Points, PreScore, Status, Verdict,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::resources::{PODS, Requests, Resources, is_extended};
use crate::control::scheduler::scoring::{
    Basis, Curve, ResourceSpec, Strategy, UtilizationShapePoint, Weighted, capacity_and_use,
    default_resources,
};

/// `NodeResourcesFitArgs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NodeResourcesFitArgs {
    /// Extended resources that the filter takes no notice of.
    pub ignored_resources: Vec<Name>,
    /// The same by what comes before the slash.
    pub ignored_resource_groups: Vec<Name>,
    /// How nodes are scored.
    pub scoring_strategy: Option<ScoringStrategy>,
}

/// `scoringStrategy`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoringStrategy {
    /// Which strategy.
    #[serde(rename = "type", default)]
    pub kind: StrategyKind,
    /// Which resources count.
    #[serde(default = "default_resources")]
    pub resources: Vec<ResourceSpec>,
    /// The curve for [`StrategyKind::RequestedToCapacityRatio`].
    #[serde(default)]
    pub requested_to_capacity_ratio: Option<RequestedToCapacityRatio>,
}

impl Default for ScoringStrategy {
    fn default() -> Self {
        let kind = StrategyKind::LeastAllocated;
        Self { kind, resources: default_resources(), requested_to_capacity_ratio: None }
    }
}

/// Names of the strategies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum StrategyKind {
    #[default]
    LeastAllocated,
    MostAllocated,
    RequestedToCapacityRatio,
}

/// `requestedToCapacityRatio`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedToCapacityRatio {
    /// The points of the curve.
    #[serde(default)]
    pub shape: Vec<UtilizationShapePoint>,
}

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesFit {
    ignored: Vec<Name>,
    ignored_groups: Vec<Name>,
    strategy: Strategy,
    resources: Vec<Weighted>,
}

impl NodeResourcesFit {
    /// The plugin with these arguments.
    ///
    /// # Errors
    /// When the scoring strategy is not valid.
    pub fn new(args: &NodeResourcesFitArgs) -> Result<Self, String> {
        let scoring = args.scoring_strategy.clone().unwrap_or_default();
        let points = scoring.requested_to_capacity_ratio.unwrap_or_default().shape;
        let resources = if scoring.resources.is_empty() { default_resources() } else { scoring.resources };
        Ok(Self {
            ignored: args.ignored_resources.clone(),
            ignored_groups: args.ignored_resource_groups.clone(),
            strategy: match scoring.kind {
                StrategyKind::LeastAllocated => Strategy::LeastAllocated,
                StrategyKind::MostAllocated => Strategy::MostAllocated,
                StrategyKind::RequestedToCapacityRatio => {
                    Strategy::RequestedToCapacityRatio(Curve::new(&points)?)
                }
            },
            resources: Weighted::of(&resources)?,
        })
    }

    fn ignores(&self, name: &Name) -> bool {
        let group = || name.split('/').next().unwrap_or_default();
        is_extended(name)
            && (self.ignored.contains(name) || self.ignored_groups.iter().any(|ignored| *ignored == group()))
    }

    /// Everything that is lacking, in the order in which it is reported.
    fn lacking(&self, request: &Resources, node: &NodeInfo) -> Vec<Lack> {
        let mut lacking = Vec::new();
        if node.pods.len() as i64 + 1 > node.pods_allowed {
            lacking.push(Lack { reason: "Too many pods".into(), for_ever: false });
        }
        if request.is_empty() {
            return lacking;
        }
        let (have, taken) = (&node.allocatable, &node.requested);
        let native = [
            ("Insufficient cpu", request.milli_cpu, have.milli_cpu, taken.milli_cpu),
            ("Insufficient memory", request.memory, have.memory, taken.memory),
            (
                "Insufficient ephemeral-storage",
                request.ephemeral_storage,
                have.ephemeral_storage,
                taken.ephemeral_storage,
            ),
        ];
        for (reason, wanted, have, taken) in native {
            if wanted > 0 && wanted > have - taken {
                lacking.push(Lack { reason: reason.into(), for_ever: wanted > have });
            }
        }
        for (name, wanted) in &request.scalars {
            let have = have.scalar(name).unwrap_or(0);
            let taken = taken.scalar(name).unwrap_or(0);
            if *wanted != 0 && *wanted > have - taken && !self.ignores(name) {
                lacking
                    .push(Lack { reason: format!("Insufficient {name}").into(), for_ever: *wanted > have });
            }
        }
        lacking
    }
}

/// Something a node has too little of.
struct Lack {
    reason: std::borrow::Cow<'static, str>,
    /// Even the empty node has too little.
    for_ever: bool,
}

/// Whether the pod would fit if it had the node for itself.
fn fits_empty(pod: &PodInfo, have: &Resources, pods_allowed: i64) -> bool {
    let request = &pod.template.requests.actual;
    let fits = |wanted: i64, have: i64| wanted <= 0 || wanted <= have;
    pods_allowed > 0
        && fits(request.milli_cpu, have.milli_cpu)
        && fits(request.memory, have.memory)
        && fits(request.ephemeral_storage, have.ephemeral_storage)
        && request.scalars.iter().all(|(name, wanted)| fits(*wanted, have.scalar(name).unwrap_or(0)))
}

/// Whether a node offers more of anything that the pod asks for.
fn offers_more(
    pod: &PodInfo,
    (old, old_pods): (&Resources, i64),
    (new, new_pods): (&Resources, i64),
) -> bool {
    let request = &pod.template.requests.actual;
    new_pods > old_pods
        || request.milli_cpu > 0 && new.milli_cpu > old.milli_cpu
        || request.memory > 0 && new.memory > old.memory
        || request.ephemeral_storage > 0 && new.ephemeral_storage > old.ephemeral_storage
        || request.scalars.iter().any(|(name, wanted)| {
            *wanted != 0 && new.scalar(name).unwrap_or(0) > old.scalar(name).unwrap_or(0)
        })
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn points(&self) -> Points {
        Points::PRE_FILTER | Points::FILTER | Points::PRE_SCORE | Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        let lacking = self.lacking(&cycle.pod.template.requests.actual, node);
        if lacking.is_empty() {
            return Ok(());
        }
        let for_ever = lacking.iter().any(|lack| lack.for_ever);
        let code = if for_ever { Code::UnschedulableAndUnresolvable } else { Code::Unschedulable };
        Err(Status { code, reasons: lacking.into_iter().map(|lack| lack.reason).collect() })
    }

    fn pre_score(&self, pod: &PodInfo, _: &mut Cache, state: &mut CycleState, _: &[NodeId]) -> PreScore {
        let scored = &pod.template.requests.scored;
        let request = |resource: &Weighted| scored.get(&resource.name).copied().unwrap_or(0);
        state.fit_requests.clear();
        state.fit_requests.extend(self.resources.iter().map(request));
        PreScore::Run
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let resources = self.resources.iter().zip(&cycle.state.fit_requests);
        self.strategy.score(resources.filter_map(|(resource, request)| {
            let (capacity, used) = capacity_and_use(&resource.kind, *request, node, Basis::NonZero)?;
            Some((resource.weight, capacity, used))
        }))
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[
            EventMask::pods(ActionType::DELETE.or(ActionType::UPDATE_POD_SCALE_DOWN)),
            EventMask::nodes(ActionType::ADD.or(ActionType::UPDATE_NODE_ALLOCATABLE)),
        ];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        match (event.pod(), event.node_change()) {
            (Some((_, Some(deleted), None)), _) => {
                Hint::queue_if(deleted.node_name.is_some() || deleted.status.nominated_node_name.is_some())
            }
            (Some((id, Some(old), Some(new))), _) => {
                let freed = || {
                    let (old, new) = (Requests::of(&old.spec).listed, Requests::of(&new.spec).listed);
                    let amount = |list: &std::collections::BTreeMap<Name, i64>, name: &Name| {
                        list.get(name).copied().unwrap_or(0)
                    };
                    let mut wanted = pod.template.requests.listed.iter().filter(|(_, wanted)| **wanted != 0);
                    wanted.any(|(name, _)| amount(&old, name) > amount(&new, name))
                };
                Hint::queue_if(id == pod.id || new.node_name.is_some() && freed())
            }
            (_, Some((old, Some(new)))) => {
                let offer = |node: &crate::api::node::Node| {
                    let allocatable = &node.status.allocatable;
                    let pods = allocatable.get(PODS).map_or(0, crate::base::Quantity::value);
                    (Resources::from_list(allocatable), pods)
                };
                let (have, pods_allowed) = offer(new);
                let more = || {
                    old.is_none_or(|old| {
                        let (had, pods_had) = offer(old);
                        offers_more(pod, (&had, pods_had), (&have, pods_allowed))
                    })
                };
                Hint::queue_if(fits_empty(pod, &have, pods_allowed) && more())
            }
            _ => Hint::Queue,
        }
    }
}
