//! How much of a cluster is in use: by resource, what is stranded, fragments, power.

use crate::control::scheduler::Scheduler;
use crate::control::scheduler::framework::NodeInfo;
use crate::control::scheduler::gpu::WHOLE;
use crate::control::scheduler::policies::fragments::Fragments;
use crate::control::scheduler::policies::power;
use crate::control::scheduler::policies::target_workload::TargetPod;

/// What there is of a resource, and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Its name.
    pub resource: String,
    /// What nodes offer.
    pub capacity: i64,
    /// What pods have been given.
    pub allocated: i64,
    /// What is idle on nodes that can take none of the typical pods that ask for it: another resource has run out.
    pub stranded: i64,
}

impl ResourceUsage {
    /// Allocated, in percent of the capacity.
    pub fn allocated_percent(&self) -> f64 {
        percent(self.allocated, self.capacity)
    }

    /// Stranded, in percent of the capacity.
    pub fn stranded_percent(&self) -> f64 {
        percent(self.stranded, self.capacity)
    }
}

fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

/// A cluster in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// `cpu` (thousandths of a core), `memory` (bytes), `gpu` (thousandths of a device), then extended resources.
    pub resources: Vec<ResourceUsage>,
    /// Nodes.
    pub nodes: usize,
    /// Nodes with a pod.
    pub nodes_used: usize,
    /// Idle GPU that typical pods cannot use, in thousandths of a device.
    pub fragments: f64,
    /// Watts that the nodes draw.
    pub watts: i64,
}

impl Usage {
    /// Of the nodes that `scheduler` knows, with `target` as the typical pods.
    pub fn of(scheduler: &Scheduler, target: &[TargetPod]) -> Self {
        let fragments = Fragments::new(target);
        let mut usage = Self::default();
        for node in scheduler.cache().nodes() {
            usage.nodes += 1;
            usage.nodes_used += usize::from(!node.pods.is_empty());
            usage.watts += power::watts_of(node);
            let cpu = node.allocatable.milli_cpu - node.requested.milli_cpu;
            usage.fragments += node.gpus.as_ref().map_or(0.0, |gpus| fragments.of(gpus, cpu));
            usage.add_node(node, target);
        }
        usage
    }

    /// The usage of one resource.
    pub fn resource(&self, name: &str) -> Option<&ResourceUsage> {
        self.resources.iter().find(|usage| usage.resource == name)
    }

    fn add_node(&mut self, node: &NodeInfo, target: &[TargetPod]) {
        let (have, taken) = (&node.allocatable, &node.requested);
        let cpu = have.milli_cpu - taken.milli_cpu;
        let hosts = |pod: &TargetPod| {
            let demand = pod.demand();
            let fits_gpu = || node.gpus.as_ref().is_some_and(|gpus| gpus.fits(&demand));
            pod.cpu_milli <= cpu && taken.memory < have.memory && (demand.is_none() || fits_gpu())
        };
        let room = node.pods_allowed > node.pods.len() as i64;
        let hosts_any = room && target.iter().any(hosts);
        let hosts_gpu = room && target.iter().any(|pod| pod.gpu_count > 0 && hosts(pod));
        self.add("cpu", have.milli_cpu, taken.milli_cpu, hosts_any);
        self.add("memory", have.memory, taken.memory, hosts_any);
        if let Some(gpus) = &node.gpus {
            let capacity = gpus.idle.len() as i64 * WHOLE;
            self.add("gpu", capacity, capacity - gpus.idle_total(), hosts_gpu);
        }
        if have.ephemeral_storage > 0 {
            self.add("ephemeral-storage", have.ephemeral_storage, taken.ephemeral_storage, hosts_any);
        }
        // Whole devices are counted as `gpu` already.
        let counted = |name: &str| name.ends_with("/gpu") || name.starts_with("alibabacloud.com/gpu-");
        for (name, capacity) in have.scalars.iter().filter(|(name, _)| !counted(name)) {
            self.add(name, *capacity, taken.scalar(name).unwrap_or(0), hosts_any);
        }
    }

    fn add(&mut self, resource: &str, capacity: i64, allocated: i64, is_useful: bool) {
        let at = self.resources.iter().position(|usage| usage.resource == resource).unwrap_or_else(|| {
            self.resources.push(ResourceUsage { resource: resource.to_owned(), ..ResourceUsage::default() });
            self.resources.len() - 1
        });
        let usage = &mut self.resources[at];
        usage.capacity += capacity;
        usage.allocated += allocated;
        if !is_useful {
            usage.stranded += (capacity - allocated).max(0);
        }
    }
}
