//! `TaintToleration`: hard taints keep pods off a node, soft ones make it less attractive (kube-scheduler v1.34).

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Hint, Locality, NodeInfo, Plugin, PodInfo, Points, PreScore, Status, Verdict, normalize_to_max,
};
use crate::control::scheduler::ids::NodeId;

/// The plugin.
#[derive(Debug)]
pub struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn points(&self) -> Points {
        Points::FILTER | Points::PRE_SCORE | Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        match cycle.pod.template.first_untolerated(&node.node.spec.taints) {
            None => Ok(()),
            Some(taint) => Err(Status::unresolvable(format!(
                "node(s) had untolerated taint {{{}: {}}}",
                taint.key, taint.value
            ))),
        }
    }

    fn pre_score(&self, _: &PodInfo, cluster: &mut Cache, _: &mut CycleState, _: &[NodeId]) -> PreScore {
        if cluster.has_soft_taints() { PreScore::Run } else { PreScore::Same(0) }
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        cycle.pod.template.unwelcome(&node.node.spec.taints)
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        normalize_to_max(scores, true);
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[
            EventMask::nodes(ActionType::ADD.or(ActionType::UPDATE_NODE_TAINT)),
            EventMask::pods(ActionType::UPDATE_POD_TOLERATION),
        ];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        if let Some((id, _, _)) = event.pod() {
            return Hint::queue_if(id == pod.id);
        }
        let Some((old, Some(new))) = event.node_change() else { return Hint::Skip };
        let keeps_off = |taints| pod.template.first_untolerated(taints).is_some();
        let was_kept_off = old.is_none_or(|old| keeps_off(&old.spec.taints));
        Hint::queue_if(was_kept_off && !keeps_off(&new.spec.taints))
    }
}
