//! `NodeAffinity`: which nodes a pod insists on and wishes for, by label and by name (kube-scheduler v1.34).

use serde::Deserialize;

use crate::api::node::Node;
use crate::api::node_affinity::NodeMatcher;
use crate::api::pod::{NodeAffinity as NodeAffinitySpec, NodeSelector};
use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Hint, Locality, NodeInfo, Plugin, PodInfo, Points, PreFilter, PreScore, Status, Verdict,
    normalize_to_max,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::template::PreferredNodes;

/// `NodeAffinityArgs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NodeAffinityArgs {
    /// An affinity that every pod of the profile has in addition to its own.
    pub added_affinity: Option<NodeAffinitySpec>,
}

/// The plugin.
#[derive(Debug)]
pub struct NodeAffinity {
    added_required: Option<NodeMatcher>,
    added_preferred: Vec<PreferredNodes>,
}

impl NodeAffinity {
    /// The plugin with these arguments.
    ///
    /// # Errors
    /// When the added affinity has an invalid requirement.
    pub fn new(args: &NodeAffinityArgs) -> Result<Self, String> {
        let added = args.added_affinity.as_ref();
        let required = added.and_then(|added| added.required.as_ref());
        Ok(Self {
            added_required: required
                .map(NodeSelector::compile)
                .transpose()
                .map_err(|error| format!("addedAffinity: {error}"))?,
            added_preferred: PreferredNodes::of(added.map_or(&[], |added| &added.preferred)),
        })
    }

    fn is_enforced_on(&self, node: &Node) -> bool {
        self.added_required
            .as_ref()
            .is_none_or(|added| added.matches(&node.metadata.labels, &node.metadata.name))
    }
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn points(&self) -> Points {
        Points::PRE_FILTER | Points::FILTER | Points::PRE_SCORE | Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn pre_filter(&self, pod: &PodInfo, _: &mut Cache, _: &mut CycleState) -> PreFilter {
        if pod.template.required_node.is_anything() && self.added_required.is_none() {
            return PreFilter::Skip;
        }
        match &pod.template.only_nodes {
            Some(names) if names.is_empty() => {
                PreFilter::Reject(Status::unresolvable("pod affinity terms conflict"))
            }
            Some(names) => PreFilter::Only(names.clone()),
            None => PreFilter::Run,
        }
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        if !self.is_enforced_on(&node.node) {
            return Err(Status::unresolvable("node(s) didn't match scheduler-enforced node affinity"));
        }
        if !cycle.pod.template.required_node.matches(node.labels(), node.name()) {
            return Err(Status::unresolvable("node(s) didn't match Pod's node affinity/selector"));
        }
        Ok(())
    }

    fn pre_score(&self, pod: &PodInfo, _: &mut Cache, _: &mut CycleState, _: &[NodeId]) -> PreScore {
        if pod.template.preferred_nodes.is_empty() && self.added_preferred.is_empty() {
            PreScore::Skip
        } else {
            PreScore::Run
        }
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let score = |wishes: &[PreferredNodes]| PreferredNodes::score(wishes, node.labels(), node.name());
        score(&self.added_preferred) + score(&cycle.pod.template.preferred_nodes)
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        normalize_to_max(scores, false);
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[EventMask::nodes(ActionType::ADD.or(ActionType::UPDATE_NODE_LABEL))];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        let Some((old, Some(new))) = event.node_change() else { return Hint::Skip };
        let required = &pod.template.required_node;
        let matches = |node: &Node| required.matches(&node.metadata.labels, &node.metadata.name);
        Hint::queue_if(self.is_enforced_on(new) && matches(new) && !old.is_some_and(|old| matches(old)))
    }
}
