//! `SchedulingGates`: a pod with gates does not enter the queue (kube-scheduler v1.34).

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::framework::{Hint, Plugin, PodInfo, Points, Status, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn points(&self) -> Points {
        Points::PRE_ENQUEUE
    }

    fn pre_enqueue(&self, pod: &PodInfo) -> Verdict {
        let gates: Vec<_> = pod.pod.spec.scheduling_gates.iter().map(|gate| gate.name.as_str()).collect();
        if gates.is_empty() {
            return Ok(());
        }
        Err(Status::unresolvable(format!("waiting for scheduling gates: [{}]", gates.join(" "))))
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[EventMask::pods(ActionType::UPDATE_POD_GATES_ELIMINATED)];
        EVENTS
    }

    fn hint(&self, pod: &PodInfo, _: &Cache, event: &ClusterEvent) -> Hint {
        Hint::queue_if(event.pod().is_some_and(|(id, _, _)| id == pod.id))
    }
}
