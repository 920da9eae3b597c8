//! What bench policies look at: idle CPU and GPU of a node, and what the pod asks for.

use crate::control::scheduler::framework::{NodeInfo, PodInfo};
use crate::control::scheduler::resources::DEFAULT_MILLI_CPU;

/// The most CPU that a node of the reference cluster has, in thousandths of a core.
pub const CPU_MAX: f64 = 128_000.0;
/// The most GPU that a node of the reference cluster has, in thousandths of a device.
pub const GPU_MAX: f64 = 8_000.0;

/// Idle room of a node and demand of a pod, CPU and GPU in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// CPU that nobody has asked for.
    pub cpu: i64,
    /// GPU that nobody has asked for.
    pub gpu: i64,
    /// CPU that the pod asks for; nothing counts as 100.
    pub cpu_asked: i64,
    /// GPU that the pod asks for.
    pub gpu_asked: i64,
}

impl Room {
    /// Of this node for this pod.
    pub fn of(pod: &PodInfo, node: &NodeInfo) -> Self {
        Self {
            cpu: node.allocatable.milli_cpu - node.requested.milli_cpu,
            gpu: node.gpus.as_ref().map_or(0, |gpus| gpus.idle_total()),
            cpu_asked: cpu_asked(pod),
            gpu_asked: pod.template.gpu.total(),
        }
    }

    /// The dot product of room and demand, both as shares of the largest node, halved: from 0 to 1.
    pub fn alignment(&self) -> f64 {
        let cpu = self.cpu as f64 / CPU_MAX * (self.cpu_asked as f64 / CPU_MAX);
        let gpu = self.gpu as f64 / GPU_MAX * (self.gpu_asked as f64 / GPU_MAX);
        f64::midpoint(cpu, gpu)
    }

    /// What is left with the pod there, as a share of the largest node: from 0 to 1.
    pub fn rest(&self) -> f64 {
        let cpu = (self.cpu - self.cpu_asked) as f64 / CPU_MAX;
        let gpu = (self.gpu - self.gpu_asked) as f64 / GPU_MAX;
        0.5 * cpu + 0.5 * gpu
    }
}

/// CPU that the pod asks for in thousandths; nothing counts as 100, as for kube-scheduler's scores.
pub fn cpu_asked(pod: &PodInfo) -> i64 {
    match pod.template.requests.actual.milli_cpu {
        0 => DEFAULT_MILLI_CPU,
        asked => asked,
    }
}

/// A part of 1 in hundredths, without the rest; nodes larger than the reference stay in the range.
pub fn percent(part: f64) -> i64 {
    ((100.0 * part) as i64).clamp(0, 100)
}

/// Stretches scores over 0 to 100 with integer division; alike scores all become `alike`.
pub fn stretch(scores: &mut [i64], alike: i64) {
    let (Some(low), Some(high)) = (scores.iter().copied().min(), scores.iter().copied().max()) else {
        return;
    };
    for score in scores {
        *score = if low == high { alike } else { (*score - low) * 100 / (high - low) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_stretched_with_integer_division() {
        let mut scores = [3, 5, 9];
        stretch(&mut scores, 0);
        assert_eq!(scores, [0, 33, 100]);
        let mut alike = [-7, -7];
        stretch(&mut alike, 100);
        assert_eq!(alike, [100, 100]);
    }

    #[test]
    fn worked_values_of_the_reference_node() {
        let room = Room { cpu: 128_000, gpu: 8_000, cpu_asked: 12_800, gpu_asked: 800 };
        assert_eq!(percent(1.0 - room.alignment()), 90);
        assert_eq!(percent(room.alignment()), 10);
        assert_eq!(percent(1.0 - room.rest()), 9);
    }
}
