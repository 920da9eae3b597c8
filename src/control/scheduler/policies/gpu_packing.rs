//! `GpuPacking`: fills devices that are shared already, then used nodes, and opens a free node last.
//!
//! As in the published comparison (open-simulator's GpuPackingScore); integer arithmetic.

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::{GpuDemand, Gpus, WHOLE};

/// The policy.
#[derive(Debug)]
pub struct GpuPacking;

impl Plugin for GpuPacking {
    fn name(&self) -> &'static str {
        "GpuPacking"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let demand = &cycle.pod.template.gpu;
        node.gpus.as_ref().filter(|_| !demand.is_none()).map_or(0, |gpus| packing(gpus, demand))
    }
}

fn packing(gpus: &Gpus, demand: &GpuDemand) -> i64 {
    let free = gpus.free_devices() as i64;
    if free == gpus.idle.len() as i64 {
        // A free node: better a small one.
        return (33 - free).max(free);
    }
    let mut fitting: Vec<i64> = gpus.idle.iter().copied().filter(|idle| *idle >= demand.milli).collect();
    fitting.sort_unstable();
    fitting.truncate(demand.devices as usize);
    let opened = fitting.iter().filter(|idle| **idle == WHOLE).count() as i64;
    if opened > 0 {
        return (50 - opened).max(33);
    }
    let room: i64 = fitting.iter().map(|idle| idle * 100 / WHOLE).sum();
    (100 - room / 10).max(50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_devices_go_before_free_ones_and_used_nodes_before_free_nodes() {
        let score = |idle: &[i64], devices, milli| {
            let gpus = Gpus::new("", idle);
            packing(&gpus, &GpuDemand::new(devices, milli, ""))
        };
        assert_eq!(score(&[1000, 1000], 1, 500), 31, "a free node of two");
        assert_eq!(score(&[1000; 8], 1, 500), 25, "a free node of eight");
        assert_eq!(score(&[1000, 400], 1, 500), 49, "one device is opened");
        assert_eq!(score(&[1000, 600], 1, 500), 94, "a shared device");
        assert_eq!(score(&[1000, 1000, 0], 2, 1000), 48);
    }
}
