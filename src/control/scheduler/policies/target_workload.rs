//! The typical pods of a workload: what fragmentation is measured against.
//!
//! As in the published comparison: pods that ask for the same CPU and GPU are one kind (memory does not count), and the
//! commonest kinds that together make up 95 % of the pods are the target workload.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::Name;
use crate::control::scheduler::gpu::GpuDemand;

/// How much of the pods the typical ones cover, in percent.
const COVERAGE_PERCENT: u64 = 95;

/// A kind of pods that is typical.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TargetPod {
    /// CPU that it asks for, in thousandths of a core.
    pub cpu_milli: i64,
    /// How many GPU devices; 0: none.
    pub gpu_count: u32,
    /// How much of each, in thousandths of a device.
    pub gpu_milli: i64,
    /// The models that will do; empty: all.
    pub gpu_models: Vec<Name>,
    /// How many pods there are of it: its weight.
    pub pods: u32,
}

impl TargetPod {
    /// What it asks for of GPU devices.
    pub fn demand(&self) -> GpuDemand {
        let models: Vec<&str> = self.gpu_models.iter().map(Name::as_str).collect();
        GpuDemand::new(self.gpu_count, self.gpu_milli, &models.join("|"))
    }
}

/// The typical ones of some pods, each given by the CPU (in thousandths) and the GPU it asks for.
pub fn typical<'a>(pods: impl Iterator<Item = (i64, &'a GpuDemand)>) -> Vec<TargetPod> {
    let mut kinds: BTreeMap<(i64, i64, u32, Vec<Name>), u32> = BTreeMap::new();
    let mut all = 0_u64;
    for (cpu, demand) in pods {
        *kinds.entry((cpu, demand.milli, demand.devices, demand.models.to_vec())).or_insert(0) += 1;
        all += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().map(|(kind, pods)| (pods, kind)).collect();
    kinds.sort_by_key(|kind| Reverse(kind.clone()));
    let mut covered = 0_u64;
    let enough = kinds.iter().position(|(pods, _)| {
        covered += u64::from(*pods);
        covered * 100 >= all * COVERAGE_PERCENT
    });
    kinds.truncate(enough.map_or(0, |last| last + 1));
    let target = |(pods, (cpu_milli, gpu_milli, gpu_count, gpu_models))| TargetPod {
        cpu_milli,
        gpu_count,
        gpu_milli,
        gpu_models,
        pods,
    };
    kinds.into_iter().map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_kinds_that_cover_most_pods_are_typical() {
        let (none, half) = (GpuDemand::default(), GpuDemand::new(1, 500, ""));
        let rare = std::iter::once((9000, &none));
        let pods = std::iter::repeat_n((1000, &half), 10).chain(std::iter::repeat_n((2000, &none), 10));
        let typical = typical(pods.chain(rare));
        let kinds: Vec<_> = typical.iter().map(|kind| (kind.cpu_milli, kind.gpu_milli, kind.pods)).collect();
        assert_eq!(kinds, [(2000, 0, 10), (1000, 500, 10)], "the larger first, and 20 of 21 are enough");
    }
}
