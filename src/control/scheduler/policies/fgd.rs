//! `FGD`, fragmentation gradient descent: takes the node and device where fragments grow least or shrink most
//! (Weng et al., USENIX ATC 2023).

use serde::Deserialize;

use super::fragments::Fragments;
use super::room::cpu_asked;
use super::target_workload::TargetPod;
use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::{DeviceSet, GpuDemand, Gpus};

/// Arguments of the policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FgdArgs {
    /// The pods that are to be expected. `shakedown schedule --policy FGD` takes them from the manifests.
    pub target_workload: Vec<TargetPod>,
}

/// The policy.
#[derive(Debug)]
pub struct Fgd {
    fragments: Fragments,
}

impl Fgd {
    /// The policy with these arguments.
    ///
    /// # Errors
    /// When no pods are expected: there is nothing to measure fragments against.
    pub fn new(args: &FgdArgs) -> Result<Self, String> {
        if args.target_workload.iter().all(|pod| pod.pods == 0) {
            return Err("targetWorkload is empty: FGD needs to know which pods to expect".into());
        }
        Ok(Self { fragments: Fragments::new(&args.target_workload) })
    }

    /// The score of one way to place the pod.
    fn score_of(&self, gpus: &Gpus, cpu: i64, after: &[i64], cpu_after: i64) -> i64 {
        let gain = self.fragments.gain(gpus, cpu, after, cpu_after);
        (100.0 / (1.0 + libm::exp(-gain))) as i64
    }

    /// The best device for a share, and its score; the first of several.
    fn best_device(&self, gpus: &Gpus, cpu: (i64, i64), demand: &GpuDemand) -> Option<(usize, i64)> {
        let mut after = gpus.idle.clone();
        let mut best: Option<(usize, i64)> = None;
        for device in gpus.fitting(demand) {
            // A device like an earlier one scores as that did.
            if gpus.idle[..device].contains(&gpus.idle[device]) {
                continue;
            }
            after[device] -= demand.milli;
            let score = self.score_of(gpus, cpu.0, &after, cpu.1);
            after[device] += demand.milli;
            if best.is_none_or(|(_, highest)| score > highest) {
                best = Some((device, score));
            }
        }
        best
    }
}

/// Idle CPU without and with the pod.
fn cpu_around(cycle: &Cycle<'_>, node: &NodeInfo) -> (i64, i64) {
    let cpu = node.allocatable.milli_cpu - node.requested.milli_cpu;
    (cpu, cpu - cpu_asked(cycle.pod))
}

impl Plugin for Fgd {
    fn name(&self) -> &'static str {
        "FGD"
    }

    fn points(&self) -> Points {
        Points::SCORE | Points::RESERVE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let demand = &cycle.pod.template.gpu;
        let cpu = cpu_around(cycle, node);
        let Some(gpus) = &node.gpus else { return self.score_of(&Gpus::default(), 0, &[], 0) };
        if demand.is_share() {
            return self.best_device(gpus, cpu, demand).map_or(0, |(_, score)| score);
        }
        let mut after = gpus.idle.clone();
        for device in gpus.tightest(demand).iter() {
            after[device] -= demand.milli;
        }
        self.score_of(gpus, cpu.0, &after, cpu.1)
    }

    fn reserve(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Option<DeviceSet> {
        let demand = &cycle.pod.template.gpu;
        let gpus = node.gpus.as_ref().filter(|_| demand.is_share())?;
        let (device, _) = self.best_device(gpus, cpu_around(cycle, node), demand)?;
        Some(DeviceSet::of(device))
    }
}
