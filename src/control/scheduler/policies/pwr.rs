//! `PWR`: takes the node (and device) where the power drawn rises least (arXiv 2412.17484).

use super::power::watts;
use super::room::{cpu_asked, stretch};
use crate::control::scheduler::framework::{Cycle, Locality, MAX_NODE_SCORE, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::DeviceSet;
use crate::control::scheduler::ids::NodeId;

/// The policy.
#[derive(Debug)]
pub struct Pwr;

/// The change for the better in watts, at most 0, and the devices that make it so; the first of several.
fn best(cycle: &Cycle<'_>, node: &NodeInfo) -> (i64, Option<DeviceSet>) {
    let demand = &cycle.pod.template.gpu;
    let idle = node.gpus.as_ref().map_or(&[][..], |gpus| gpus.idle.as_slice());
    let cpu = node.allocatable.milli_cpu - node.requested.milli_cpu;
    let before = watts(node, cpu, idle);
    let gain = |devices: DeviceSet| {
        let mut after = idle.to_vec();
        devices.iter().for_each(|device| after[device] -= demand.milli);
        before - watts(node, cpu - cpu_asked(cycle.pod), &after)
    };
    match &node.gpus {
        Some(gpus) if demand.is_share() => {
            let gains = gpus.fitting(demand).map(|device| (gain(DeviceSet::of(device)), device));
            let best = gains.reduce(|best, next| if next.0 > best.0 { next } else { best });
            best.map_or((0, None), |(gain, device)| (gain, Some(DeviceSet::of(device))))
        }
        Some(gpus) => (gain(gpus.tightest(demand)), None),
        None => (gain(DeviceSet::default()), None),
    }
}

impl Plugin for Pwr {
    fn name(&self) -> &'static str {
        "PWR"
    }

    fn points(&self) -> Points {
        Points::SCORE | Points::RESERVE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        best(cycle, node).0
    }

    fn normalize(&self, _: &Cycle<'_>, _: &[NodeId], scores: &mut [i64]) {
        stretch(scores, MAX_NODE_SCORE);
    }

    fn reserve(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Option<DeviceSet> {
        best(cycle, node).1
    }
}
