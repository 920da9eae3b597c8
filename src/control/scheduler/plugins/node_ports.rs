//! `NodePorts`: a host port is taken once per node (kube-scheduler v1.34).

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Hint, Locality, NodeInfo, Plugin, PodInfo, Points, PreFilter, Status, Verdict,
};
use crate::control::scheduler::ports::{PortsInUse, host_ports};

/// The plugin.
#[derive(Debug)]
pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn points(&self) -> Points {
        Points::PRE_FILTER | Points::FILTER
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn pre_filter(&self, pod: &PodInfo, _: &mut Cache, _: &mut CycleState) -> PreFilter {
        if pod.template.host_ports.is_empty() { PreFilter::Skip } else { PreFilter::Run }
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        if node.ports.admits(&cycle.pod.template.host_ports) {
            return Ok(());
        }
        Err(Status::unschedulable("node(s) didn't have free ports for the requested pod ports"))
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] =
            &[EventMask::pods(ActionType::DELETE), EventMask::nodes(ActionType::ADD)];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        let Some((_, Some(deleted), _)) = event.pod() else { return Hint::Queue };
        if deleted.node_name.is_none() && deleted.status.nominated_node_name.is_none() {
            return Hint::Skip;
        }
        let mut freed = PortsInUse::default();
        freed.add(&host_ports(&deleted.spec));
        Hint::queue_if(!freed.admits(&pod.template.host_ports))
    }
}
