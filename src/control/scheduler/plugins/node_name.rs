//! `NodeName`: a pod that names its node goes nowhere else (kube-scheduler v1.34).

use crate::control::scheduler::cluster_event::{ActionType, EventMask};
use crate::control::scheduler::framework::{
    Cycle, NodeInfo, Plugin, PodInfo, Points, PreFilter, Status, Verdict,
};
use crate::control::scheduler::{cache::Cache, cycle_state::CycleState};

/// The plugin. A pod that names its node does not come to the scheduler, so it never refuses in practice.
#[derive(Debug)]
pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn pre_filter(&self, pod: &PodInfo, _: &mut Cache, _: &mut CycleState) -> PreFilter {
        if pod.pod.node_name.is_none() { PreFilter::Skip } else { PreFilter::Run }
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        match &cycle.pod.pod.node_name {
            Some(name) if name != node.name() => {
                Err(Status::unresolvable("node(s) didn't match the requested node name"))
            }
            _ => Ok(()),
        }
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[EventMask::nodes(ActionType::ADD)];
        EVENTS
    }
}
