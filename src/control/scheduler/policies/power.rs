//! What a node draws, in watts: CPU sockets and GPU devices, each idle or at full load.
//!
//! The model of PWR (arXiv 2412.17484): a device is at full load as soon as a pod has any part of it; a socket as soon
//! as one of its cores is busy. A machine's CPU model follows from its GPU model as in Alibaba's instance types; it is
//! not in the published trace, so the pairs marked (assumed) are ours.

use crate::control::scheduler::framework::NodeInfo;
use crate::control::scheduler::gpu::WHOLE;

/// Watts of a device without and with work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gpu {
    idle: i64,
    full: i64,
}

/// Watts of a socket without and with work, and its cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cpu {
    idle: i64,
    full: i64,
    cores: i64,
}

/// Xeon Platinum 8269CY: machines without GPU.
const XEON_8269CY: Cpu = Cpu { idle: 20, full: 205, cores: 26 };
/// Xeon Platinum 8163: with T4.
const XEON_8163: Cpu = Cpu { idle: 20, full: 165, cores: 24 };
/// Xeon E5-2682 v4: with P100.
const XEON_E5_2682: Cpu = Cpu { idle: 15, full: 120, cores: 16 };
/// Xeon Gold 6326: with V100.
const XEON_6326: Cpu = Cpu { idle: 20, full: 185, cores: 16 };
/// Xeon Platinum 8369B: with A100, and with A10 (assumed).
const XEON_8369B: Cpu = Cpu { idle: 20, full: 270, cores: 32 };

const T4: Gpu = Gpu { idle: 10, full: 70 };
const A10: Gpu = Gpu { idle: 30, full: 150 };
const P100: Gpu = Gpu { idle: 25, full: 250 };
const V100: Gpu = Gpu { idle: 30, full: 300 };
const A100: Gpu = Gpu { idle: 50, full: 400 };

/// The parts of a node by the model of its GPUs. The trace hides two models: G2 counts as A10, G3 as A100; unknown
/// ones count as A10 (assumed).
fn parts(model: &str) -> (Gpu, Cpu) {
    let has = |part: &str| model.contains(part);
    match () {
        () if has("T4") => (T4, XEON_8163),
        () if has("P100") => (P100, XEON_E5_2682),
        () if has("V100") => (V100, XEON_6326),
        () if has("A100") || has("G3") => (A100, XEON_8369B),
        () => (A10, XEON_8369B),
    }
}

/// Watts of a node with this much idle CPU (in thousandths) and these idle devices.
pub fn watts(node: &NodeInfo, idle_cpu: i64, idle_gpus: &[i64]) -> i64 {
    let (gpu, cpu) = node.gpus.as_ref().map_or((A10, XEON_8269CY), |gpus| parts(&gpus.model));
    let free = idle_gpus.iter().filter(|idle| **idle == WHOLE).count() as i64;
    let used = idle_gpus.len() as i64 - free;
    gpu.idle * free + gpu.full * used + cpu_watts(cpu, node.allocatable.milli_cpu, idle_cpu)
}

/// Two virtual CPUs are one core; a core counts as idle when both are, in full.
fn cpu_watts(cpu: Cpu, milli: i64, idle_milli: i64) -> i64 {
    let up = |amount: i64, unit: i64| (amount + unit - 1).div_euclid(unit);
    let cores = up(milli, 2000);
    let busy = cores - idle_milli.max(0).div_euclid(2000);
    let (sockets, active) = (up(cores, cpu.cores), up(busy, cpu.cores));
    cpu.idle * (sockets - active) + cpu.full * active
}

/// Watts of a node as it is.
pub fn watts_of(node: &NodeInfo) -> i64 {
    let idle = node.gpus.as_ref().map_or(&[][..], |gpus| gpus.idle.as_slice());
    watts(node, node.allocatable.milli_cpu - node.requested.milli_cpu, idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_busy_as_soon_as_one_core_is() {
        // 96 virtual CPUs are 48 cores: two sockets of 24.
        assert_eq!(cpu_watts(XEON_8163, 96_000, 96_000), 40);
        assert_eq!(cpu_watts(XEON_8163, 96_000, 95_999), 20 + 165);
        assert_eq!(cpu_watts(XEON_8163, 96_000, 48_000), 20 + 165);
        assert_eq!(cpu_watts(XEON_8163, 96_000, 47_999), 330);
    }
}
