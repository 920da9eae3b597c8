//! How much idle GPU of a node typical pods could not use: its fragments (Weng et al., USENIX ATC 2023).
//!
//! A typical pod that the node cannot take, or that needs no GPU, makes all idle GPU of the node a fragment; one that it
//! can take makes the devices a fragment that have less idle than the pod needs of one. The fragments of a node are
//! these amounts, weighted by how common the pods are. So an idle device counts in full except for the pods that could
//! use it, which are looked up in a table of sums. Weights are numbers of pods: all arithmetic is in integers.

use super::target_workload::TargetPod;
use crate::base::Name;
use crate::control::scheduler::gpu::{GpuDemand, Gpus, WHOLE};

/// Fragments of nodes with respect to a target workload.
#[derive(Clone, Debug)]
pub struct Fragments {
    /// Tables for models that some typical pod names, sorted by model.
    by_model: Vec<(Name, Table)>,
    /// The table for all other models.
    other: Table,
    pods: i64,
}

/// How many typical pods can use a device of a node.
#[derive(Clone, Debug)]
struct Table {
    /// All typical pods.
    pods: i64,
    /// The CPU amounts that typical pods ask for, ascending.
    cpu: Vec<i64>,
    /// How many of the GPU amounts that pods with one device ask for an idle amount covers.
    rank: Vec<u8>,
    /// Pods with one device, by rank of idle GPU and of idle CPU: all that need no more.
    one: Vec<i64>,
    /// Pods with several devices, by number of free devices and rank of idle CPU: all that need no more.
    several: Vec<i64>,
    free_max: usize,
}

impl Fragments {
    /// With respect to this target workload.
    pub fn new(target: &[TargetPod]) -> Self {
        let demands: Vec<_> = target.iter().map(|pod| (pod, pod.demand())).collect();
        let mut models: Vec<Name> = demands.iter().flat_map(|(_, demand)| demand.models.to_vec()).collect();
        models.sort();
        models.dedup();
        let table = |model: &str| {
            let admitted = demands.iter().filter(|(_, demand)| demand.admits(model));
            Table::new(admitted.map(|(pod, demand)| (*pod, demand)), target)
        };
        Self {
            by_model: models.iter().map(|model| (model.clone(), table(model))).collect(),
            other: table(""),
            pods: pods(target),
        }
    }

    /// Fragments of a node with these devices and this much idle CPU, in thousandths of a device.
    pub fn of(&self, gpus: &Gpus, cpu: i64) -> f64 {
        self.weighted(gpus, cpu) as f64 / self.pods.max(1) as f64
    }

    /// The same times the number of typical pods: exact.
    pub fn weighted(&self, gpus: &Gpus, cpu: i64) -> i64 {
        self.table(&gpus.model).fragments(&gpus.idle, cpu)
    }

    fn table(&self, model: &Name) -> &Table {
        let known = self.by_model.binary_search_by(|(name, _)| name.cmp(model));
        known.map_or(&self.other, |at| &self.by_model[at].1)
    }

    /// By how much fragments shrink, in devices, when idle devices become `after` and idle CPU `cpu_after`.
    pub(super) fn gain(&self, gpus: &Gpus, cpu: i64, after: &[i64], cpu_after: i64) -> f64 {
        let table = self.table(&gpus.model);
        let difference = table.fragments(&gpus.idle, cpu) - table.fragments(after, cpu_after);
        difference as f64 / self.pods.max(1) as f64 / WHOLE as f64
    }
}

fn pods(target: &[TargetPod]) -> i64 {
    target.iter().map(|pod| i64::from(pod.pods)).sum()
}

fn ascending(amounts: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut amounts: Vec<i64> = amounts.collect();
    amounts.sort_unstable();
    amounts.dedup();
    amounts
}

/// How many of the ascending thresholds an amount covers.
fn rank(thresholds: &[i64], amount: i64) -> usize {
    thresholds.partition_point(|threshold| *threshold <= amount)
}

impl Table {
    fn new<'a>(
        admitted: impl Iterator<Item = (&'a TargetPod, &'a GpuDemand)> + Clone,
        target: &[TargetPod],
    ) -> Self {
        let users = admitted.filter(|(_, demand)| !demand.is_none());
        let cpu = ascending(users.clone().map(|(pod, _)| pod.cpu_milli));
        let gpu = ascending(users.clone().map(|(_, demand)| demand.milli));
        let free_max = users.clone().map(|(_, demand)| demand.devices as usize).max().unwrap_or(0);
        let width = cpu.len() + 1;
        let mut one = vec![0; (gpu.len() + 1) * width];
        let mut several = vec![0; (free_max + 1) * width];
        for (pod, demand) in users {
            let column = rank(&cpu, pod.cpu_milli);
            let (sums, row) = match demand.devices {
                1 => (&mut one, rank(&gpu, demand.milli)),
                devices => (&mut several, devices as usize),
            };
            for sums in sums.chunks_mut(width).skip(row) {
                sums[column..].iter_mut().for_each(|sum| *sum += i64::from(pod.pods));
            }
        }
        let rank = (0..=WHOLE).map(|idle| u8::try_from(rank(&gpu, idle)).unwrap_or(u8::MAX)).collect();
        Self { pods: pods(target), cpu, rank, one, several, free_max }
    }

    fn fragments(&self, idle: &[i64], cpu: i64) -> i64 {
        let width = self.cpu.len() + 1;
        let column = rank(&self.cpu, cpu);
        let free = idle.iter().filter(|idle| **idle == WHOLE).count().min(self.free_max);
        let takes_free = self.several[free * width + column];
        let fragment = |idle: &i64| {
            let row = usize::from(self.rank[(*idle).clamp(0, WHOLE) as usize]);
            let takes = self.one[row * width + column] + if *idle == WHOLE { takes_free } else { 0 };
            idle * (self.pods - takes)
        };
        idle.iter().map(fragment).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, pod by pod.
    fn by_definition(target: &[TargetPod], gpus: &Gpus, cpu: i64) -> i64 {
        let fragment = |pod: &TargetPod| {
            let demand = pod.demand();
            let whole = gpus.idle_total();
            if demand.is_none() || !gpus.fits(&demand) || cpu < pod.cpu_milli {
                return whole;
            }
            gpus.idle.iter().filter(|idle| **idle < demand.milli).sum()
        };
        target.iter().map(|pod| i64::from(pod.pods) * fragment(pod)).sum()
    }

    fn target_pod() -> impl Strategy<Value = TargetPod> {
        let models = prop::sample::subsequence(vec!["T4", "G2"], 0..=2);
        (0..4_i64, 0..4_u32, 1..=10_i64, models, 1..9_u32).prop_map(
            |(cpu, gpu_count, share, models, pods)| TargetPod {
                cpu_milli: cpu * 1000,
                gpu_count,
                gpu_milli: share * 100,
                gpu_models: models.into_iter().map(Name::from).collect(),
                pods,
            },
        )
    }

    proptest! {
        #[test]
        fn tables_hold_the_definition(
            target in prop::collection::vec(target_pod(), 1..12),
            idle in prop::collection::vec((0..=10_i64).prop_map(|part| part * 100), 1..8),
            model in prop::sample::select(vec!["T4", "G2", "P100", ""]),
            cpu in 0..5000_i64,
        ) {
            let gpus = Gpus::new(model, &idle);
            let weighted = Fragments::new(&target).weighted(&gpus, cpu);
            prop_assert_eq!(weighted, by_definition(&target, &gpus, cpu));
        }
    }
}
