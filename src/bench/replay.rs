//! One run of the bench: the pods of a workload arrive one after the other, and each is placed at once or never.
//!
//! Nothing leaves and no time passes. After every pod the GPU allocation and the fragments are noted at the load that
//! has been asked for so far.

use std::sync::Arc;

use super::arrivals::{arrivals, shuffle};
use super::openb::{NodeRow, Workload, gpu_capacity};
use super::usage::Usage;
use crate::api::pod::Pod;
use crate::base::Name;
use crate::control::scheduler::config::KubeSchedulerConfiguration;
use crate::control::scheduler::framework::NodeInfo;
use crate::control::scheduler::policies::Policy;
use crate::control::scheduler::policies::fragments::Fragments;
use crate::control::scheduler::policies::target_workload::{TargetPod, typical};
use crate::control::scheduler::{ConfigError, Decision, NodeId, Options, PodId, Scheduler, TieBreak};
use crate::kernel::{SimTime, Streams};

/// Loads are noted up to this, in percent of the GPU there is.
pub const LOAD_MAX: usize = 130;

/// What is noted of a run at every load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// GPU given to pods, in percent of all GPU.
    GpuAllocationRatio,
    /// Idle GPU that typical pods cannot use, in percent of all GPU.
    FragmentAmount,
    /// The same in percent of idle GPU.
    FragmentRatio,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GpuAllocationRatio, Self::FragmentAmount, Self::FragmentRatio];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GpuAllocationRatio => "gpu_allocation_ratio",
            Self::FragmentAmount => "fragment_amount",
            Self::FragmentRatio => "fragment_ratio",
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// By metric and load in percent; `None`: no pod arrived at that load.
    pub series: [Vec<Option<f64>>; 3],
    /// Pods that arrived.
    pub pods: usize,
    /// Pods that found no place.
    pub unschedulable: usize,
    /// The cluster after the last pod.
    pub end: Usage,
}

/// Sums of what was noted at one load.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    lines: u32,
    metrics: [f64; 3],
}

/// A cluster in the order in which this seed breaks ties.
fn shuffled(nodes: &[NodeRow], streams: Streams) -> Vec<&NodeRow> {
    let mut nodes: Vec<&NodeRow> = nodes.iter().collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    shuffle(&mut nodes, streams, "node order");
    nodes
}

/// The typical pods of a workload.
pub fn target_of(workload: &Workload) -> Vec<TargetPod> {
    let shapes = workload.pods.iter().map(|(_, shape)| &workload.shapes[*shape]);
    typical(shapes.map(|shape| (shape.cpu_milli, &shape.demand)))
}

/// Runs `workload` on `nodes` under `policy`.
///
/// # Errors
/// When the policy refuses the target workload, because it is empty.
pub fn replay(
    nodes: &[NodeRow],
    workload: &Workload,
    policy: Policy,
    seed: u64,
) -> Result<Outcome, ConfigError> {
    let streams = Streams::new(seed);
    let target = target_of(workload);
    let order = arrivals(workload, gpu_capacity(nodes), streams);
    let mut run = Run::new(&shuffled(nodes, streams), policy, &target)?;
    let draws = streams.stream("placement", "");
    let mut outcome = Outcome { pods: order.len(), ..Outcome::default() };
    for (at, pod) in order.into_iter().enumerate() {
        let (name, shape) = &workload.pods[pod];
        let shape = &workload.shapes[*shape];
        let mut pod = Pod { spec: shape.spec.clone(), ..Pod::default() };
        pod.metadata.name = name.clone();
        pod.metadata.namespace = "default".into();
        pod.metadata.annotations = shape.annotations.clone();
        run.asked += shape.demand.total();
        if !run.place(PodId(at as u32), &Arc::new(pod), draws.u64_at(at as u64)) {
            outcome.unschedulable += 1;
        }
        run.note();
    }
    outcome.series = run.series();
    outcome.end = Usage::of(&run.scheduler, &target);
    Ok(outcome)
}

/// A run under way. GPU amounts are in thousandths of a device.
struct Run {
    scheduler: Scheduler,
    fragments: Fragments,
    /// Fragments by node, times the number of typical pods, and their sum.
    by_node: Vec<i64>,
    fragmented: i64,
    weight: i64,
    capacity: i64,
    idle: i64,
    asked: i64,
    by_load: Vec<Sums>,
}

impl Run {
    fn new(nodes: &[&NodeRow], policy: Policy, target: &[TargetPod]) -> Result<Self, ConfigError> {
        let mut profile = policy.profile(target);
        // Nobody is preempted: all pods are alike.
        profile.plugins.post_filter.disabled =
            vec![crate::control::scheduler::config::PluginRef { name: "*".into(), weight: 0 }];
        let config = KubeSchedulerConfiguration {
            percentage_of_nodes_to_score: Some(100),
            profiles: vec![profile],
            ..KubeSchedulerConfiguration::default()
        };
        let options = Options { config, tie_break: TieBreak::Name, ..Options::default() };
        let capacity = nodes.iter().map(|node| i64::from(node.gpus) * 1000).sum();
        let mut run = Self {
            scheduler: Scheduler::new(&options)?,
            fragments: Fragments::new(target),
            by_node: vec![0; nodes.len()],
            fragmented: 0,
            weight: target.iter().map(|pod| i64::from(pod.pods)).sum::<i64>().max(1),
            capacity,
            idle: capacity,
            asked: 0,
            by_load: vec![Sums::default(); LOAD_MAX + 2],
        };
        for (at, row) in nodes.iter().enumerate() {
            let name = Name::from(format!("{at:04}-{}", row.name));
            run.scheduler.on_node_added(NodeId(at as u32), &Arc::new(row.node(name)), SimTime::ZERO);
            run.update(NodeId(at as u32));
        }
        Ok(run)
    }

    fn node(&self, node: NodeId) -> &NodeInfo {
        self.scheduler.cache().node(node).expect("nodes stay")
    }

    /// Takes in what has changed on a node.
    fn update(&mut self, id: NodeId) {
        let node = self.node(id);
        let cpu = node.allocatable.milli_cpu - node.requested.milli_cpu;
        let now = node.gpus.as_ref().map_or(0, |gpus| self.fragments.weighted(gpus, cpu));
        self.fragmented += now - std::mem::replace(&mut self.by_node[id.index()], now);
    }

    /// Whether the pod found a place.
    fn place(&mut self, id: PodId, pod: &Arc<Pod>, draw: u64) -> bool {
        self.scheduler.on_pod_added(id, pod, SimTime::ZERO);
        let popped = self.scheduler.pop(SimTime::ZERO).expect("the pod that has just come");
        let Decision::Bind { node } = self.scheduler.schedule(popped.id, draw) else {
            self.scheduler.done(id);
            self.scheduler.on_pod_deleted(id, SimTime::ZERO);
            return false;
        };
        let before = self.node(node).gpus.as_ref().map_or(0, |gpus| gpus.idle_total());
        self.scheduler.assume(id, node);
        self.scheduler.finish_binding(id);
        let after = self.node(node).gpus.as_ref().map_or(0, |gpus| gpus.idle_total());
        self.idle -= before - after;
        self.update(node);
        true
    }

    /// Notes the state of the cluster at the load asked for so far.
    fn note(&mut self) {
        let capacity = self.capacity.max(1);
        let load = (self.asked * 200 + capacity) / (2 * capacity);
        let Some(sums) = usize::try_from(load).ok().and_then(|load| self.by_load.get_mut(load)) else {
            return;
        };
        let all = capacity as f64;
        let fragments = self.fragmented as f64 / self.weight as f64;
        let allocated = (self.capacity - self.idle) as f64 / all * 100.0;
        let ratio = if self.idle == 0 { 0.0 } else { fragments / self.idle as f64 * 100.0 };
        sums.lines += 1;
        for (sum, value) in sums.metrics.iter_mut().zip([allocated, fragments / all * 100.0, ratio]) {
            *sum += value;
        }
    }

    /// Means by load. A load that no pod came to takes the pods of the loads beside it.
    fn series(&self) -> [Vec<Option<f64>>; 3] {
        let lines_at = |load: usize| {
            let own = &self.by_load[load..=load];
            if own[0].lines > 0 { own } else { &self.by_load[load.saturating_sub(1)..=load + 1] }
        };
        let mean = |metric: usize, load: usize| {
            let lines = lines_at(load);
            let count: u32 = lines.iter().map(|sums| sums.lines).sum();
            let sum: f64 = lines.iter().map(|sums| sums.metrics[metric]).sum();
            (count > 0).then(|| sum / f64::from(count))
        };
        std::array::from_fn(|metric| (0..=LOAD_MAX).map(|load| mean(metric, load)).collect())
    }
}
