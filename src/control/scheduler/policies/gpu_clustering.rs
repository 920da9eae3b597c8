//! `GpuClustering`: puts pods that ask for GPUs in the same way (a share, one device, two, ...) on the same nodes.
//!
//! As in the published comparison (open-simulator's GpuClusteringScore); integer arithmetic.

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::{GpuDemand, Gpus};

use super::room::GPU_MAX;

/// The policy.
#[derive(Debug)]
pub struct GpuClustering;

impl Plugin for GpuClustering {
    fn name(&self) -> &'static str {
        "GpuClustering"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let demand = &cycle.pod.template.gpu;
        node.gpus.as_ref().filter(|_| !demand.is_none()).map_or(0, |gpus| clustering(gpus, demand))
    }
}

/// 0 for a share, else the number of devices.
fn class(demand: &GpuDemand) -> u32 {
    if demand.is_share() { 0 } else { demand.devices }
}

fn clustering(gpus: &Gpus, demand: &GpuDemand) -> i64 {
    let most = GPU_MAX as i64;
    let fullness = 25 * (most - gpus.idle_total()).max(0) / most;
    let own = class(demand);
    let (mut same, mut other) = (false, false);
    for there in gpus.demands().map(class) {
        same |= there == own;
        other |= there != own;
    }
    fullness
        + match (same, other) {
            (true, false) => 75,
            (true, true) => 50,
            (false, false) => 25,
            (false, true) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::scheduler::gpu::DeviceSet;
    use crate::control::scheduler::ids::PodId;

    #[test]
    fn pods_of_a_kind_attract_each_other() {
        let mut gpus = Gpus::new("", &[1000; 8]);
        let (share, two) = (GpuDemand::new(1, 500, ""), GpuDemand::new(2, 1000, ""));
        assert_eq!(clustering(&gpus, &share), 25);
        gpus.take(PodId(1), DeviceSet::of(0), &share);
        assert_eq!(clustering(&gpus, &share), 76);
        assert_eq!(clustering(&gpus, &two), 1);
        let both = gpus.tightest(&two);
        gpus.take(PodId(2), both, &two);
        assert_eq!(clustering(&gpus, &share), 57);
    }
}
