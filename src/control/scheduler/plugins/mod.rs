//! The plugins of the default configuration of kube-scheduler v1.34, one file each.

pub mod default_preemption;
pub mod dynamic_resources;
pub mod image_locality;
pub mod inert;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod pod_topology_spread;
pub mod scheduling_gates;
pub mod taint_toleration;
