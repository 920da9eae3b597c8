//! `LeastAllocated`, `MostAllocated` and `RequestedToCapacityRatio`: kube-scheduler's three strategies as policies of
//! their own, with GPU shares beside CPU and memory.
//!
//! The arithmetic is that of [`scoring`](crate::control::scheduler::scoring), as in `NodeResourcesFit`; each resource
//! counts alike, and GPU only for pods that ask for some.

use serde::Deserialize;

use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
use crate::control::scheduler::gpu::WHOLE;
use crate::control::scheduler::scoring::{Curve, Strategy, UtilizationShapePoint};

/// Arguments of `RequestedToCapacityRatio`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShapeArgs {
    /// Points of the curve; by default the fuller the better.
    pub shape: Vec<UtilizationShapePoint>,
}

impl Default for ShapeArgs {
    fn default() -> Self {
        let point = |utilization, score| UtilizationShapePoint { utilization, score };
        Self { shape: vec![point(0, 0), point(100, 10)] }
    }
}

/// One of the three policies.
#[derive(Debug)]
pub struct Allocation {
    name: &'static str,
    strategy: Strategy,
}

impl Allocation {
    /// The emptier the better.
    pub fn least() -> Self {
        Self { name: "LeastAllocated", strategy: Strategy::LeastAllocated }
    }

    /// The fuller the better.
    pub fn most() -> Self {
        Self { name: "MostAllocated", strategy: Strategy::MostAllocated }
    }

    /// As a curve says.
    ///
    /// # Errors
    /// When the curve is none.
    pub fn along(args: &ShapeArgs) -> Result<Self, String> {
        let strategy = Strategy::RequestedToCapacityRatio(Curve::new(&args.shape)?);
        Ok(Self { name: "RequestedToCapacityRatio", strategy })
    }
}

impl Plugin for Allocation {
    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let template = &cycle.pod.template;
        let asked = &template.requests.non_zero;
        let gpus = node.gpus.as_ref().filter(|_| !template.gpu.is_none());
        let gpu = gpus.map(|gpus| {
            let capacity = gpus.idle.len() as i64 * WHOLE;
            (1, capacity, capacity - gpus.idle_total() + template.gpu.total())
        });
        let cpu = (1, node.allocatable.milli_cpu, node.non_zero.milli_cpu + asked.milli_cpu);
        let memory = (1, node.allocatable.memory, node.non_zero.memory + asked.memory);
        let resources = [cpu, memory].into_iter().chain(gpu);
        self.strategy.score(resources.filter(|(_, capacity, _)| *capacity > 0))
    }
}
