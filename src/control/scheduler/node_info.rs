//! What the scheduler knows of one node: the object, the pods on it, and what they take together.
//!
//! Follows `framework.NodeInfo` of kube-scheduler v1.34.

use std::sync::Arc;

use crate::api::Labels;
use crate::api::node::Node;
use crate::base::Name;

use super::gpu::{DeviceSet, Gpus};
use super::ids::{NodeId, PodId};
use super::images;
use super::ports::PortsInUse;
use super::resources::{NonZero, PODS, Resources};
use super::shapes::PodInfo;

/// A node and the sum of its pods.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Its number.
    pub id: NodeId,
    /// The object.
    pub node: Arc<Node>,
    /// What pods may take.
    pub allocatable: Resources,
    /// How many pods there may be.
    pub pods_allowed: i64,
    /// What pods have asked for, with those that are only assumed.
    pub requested: Resources,
    /// The same for scores, where every container asks for something.
    pub non_zero: NonZero,
    /// GPU devices, if it has any.
    pub gpus: Option<Box<Gpus>>,
    /// Host ports taken.
    pub ports: PortsInUse,
    /// The pods.
    pub pods: Vec<PodId>,
    /// Names of the images on it, sorted.
    pub images: Box<[Name]>,
    /// Changes with every change of this node; no two nodes ever have the same.
    pub generation: u64,
}

impl NodeInfo {
    /// A node without pods.
    pub fn new(id: NodeId, node: Arc<Node>) -> Self {
        let mut info = Self {
            id,
            allocatable: Resources::default(),
            pods_allowed: 0,
            requested: Resources::default(),
            non_zero: NonZero::default(),
            gpus: None,
            ports: PortsInUse::default(),
            pods: Vec::new(),
            images: Box::default(),
            generation: 0,
            node: Arc::default(),
        };
        info.set_node(node);
        info
    }

    /// Takes a new version of the object.
    pub fn set_node(&mut self, node: Arc<Node>) {
        let allocatable = &node.status.allocatable;
        self.allocatable = Resources::from_list(allocatable);
        self.pods_allowed = allocatable.get(PODS).map_or(0, crate::base::Quantity::value);
        self.images = images::names_on(&node);
        self.gpus = Gpus::of_node(&node, self.gpus.take());
        self.node = node;
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.node.metadata.name
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        &self.node.metadata.labels
    }

    /// Puts a pod on it, with the GPU devices that it is given; without, with those that fit best.
    pub fn add_pod(&mut self, pod: &PodInfo, devices: Option<DeviceSet>) {
        let demand = &pod.template.gpu;
        if let Some(gpus) = self.gpus.as_mut().filter(|_| !demand.is_none()) {
            gpus.take(pod.id, devices.unwrap_or_else(|| gpus.tightest(demand)), demand);
        }
        let requests = &pod.template.requests;
        self.requested.add(&requests.actual);
        self.non_zero.milli_cpu += requests.non_zero.milli_cpu;
        self.non_zero.memory += requests.non_zero.memory;
        self.ports.add(&pod.template.host_ports);
        self.pods.push(pod.id);
    }

    /// Takes a pod off it.
    pub fn remove_pod(&mut self, pod: &PodInfo) {
        let at = self.pods.iter().position(|id| *id == pod.id).expect("the pod is on this node");
        // As upstream: the last pod takes the free place. The order decides ties among victims of preemption.
        self.pods.swap_remove(at);
        let requests = &pod.template.requests;
        self.requested.subtract(&requests.actual);
        self.non_zero.milli_cpu -= requests.non_zero.milli_cpu;
        self.non_zero.memory -= requests.non_zero.memory;
        self.ports.remove(&pod.template.host_ports);
        if let Some(gpus) = self.gpus.as_mut().filter(|_| !pod.template.gpu.is_none()) {
            gpus.give_back(pod.id);
        }
    }
}
