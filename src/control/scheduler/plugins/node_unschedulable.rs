//! `NodeUnschedulable`: a cordoned node takes only pods that tolerate that (kube-scheduler v1.34).

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::framework::{
    Cycle, Hint, Locality, NodeInfo, Plugin, PodInfo, Points, Status, Verdict,
};
use crate::control::scheduler::template::tolerates_unschedulable;

/// The plugin.
#[derive(Debug)]
pub struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        if node.node.spec.unschedulable && !cycle.pod.template.tolerates_unschedulable() {
            return Err(Status::unresolvable("node(s) were unschedulable"));
        }
        Ok(())
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[
            EventMask::nodes(ActionType::ADD.or(ActionType::UPDATE_NODE_TAINT)),
            EventMask::pods(ActionType::UPDATE_POD_TOLERATION),
        ];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        if let Some((id, _, new)) = event.pod() {
            let tolerates = new.is_some_and(|new| tolerates_unschedulable(&new.spec.tolerations));
            return Hint::queue_if(id == pod.id && tolerates);
        }
        let Some((old, Some(new))) = event.node_change() else { return Hint::Skip };
        let was_closed = old.is_none_or(|old| old.spec.unschedulable);
        Hint::queue_if(was_closed && !new.spec.unschedulable)
    }
}
