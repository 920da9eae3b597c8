//! Nodes and leases.

use serde::{Deserialize, Serialize};

use super::core::{Condition, Conditions, Opaque, ResourceList, Taint};
use super::meta::ObjectMeta;
use super::timestamp::MicroTime;
use crate::base::Name;

/// A machine of the cluster.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// Identity.
    pub metadata: ObjectMeta,
    /// Desired state.
    pub spec: NodeSpec,
    /// Observed state.
    pub status: NodeStatus,
}

impl Node {
    /// Whether the `Ready` condition is `True`.
    pub fn is_ready(&self) -> bool {
        self.status.conditions.is_true("Ready")
    }
}

/// `spec` of a node.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 NodeSpec")]
pub struct NodeSpec {
    #[serde(rename = "podCIDR")]
    pub pod_cidr: Option<Name>,
    #[serde(rename = "podCIDRs")]
    pub pod_cidrs: Vec<Name>,
    #[serde(rename = "providerID")]
    pub provider_id: Option<Name>,
    pub unschedulable: bool,
    pub taints: Vec<Taint>,
}

/// `status` of a node.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 NodeStatus")]
pub struct NodeStatus {
    pub capacity: ResourceList,
    pub allocatable: ResourceList,
    pub conditions: Vec<Condition>,
    pub addresses: Vec<NodeAddress>,
    pub images: Vec<ContainerImage>,
    pub node_info: Option<NodeInfo>,
    pub phase: Opaque,
    pub daemon_endpoints: Opaque,
    pub volumes_in_use: Opaque,
    pub volumes_attached: Opaque,
    pub runtime_handlers: Opaque,
    pub features: Opaque,
}

/// `status.addresses[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeAddress {
    /// `InternalIP`, `Hostname`, ...
    #[serde(rename = "type")]
    pub kind: Name,
    /// The address.
    pub address: Name,
}

/// `status.images[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerImage {
    /// All names of the image.
    pub names: Vec<Name>,
    /// Size on disk.
    pub size_bytes: i64,
}

/// `status.nodeInfo`, the parts that `kubectl get nodes -o wide` shows.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 NodeSystemInfo")]
pub struct NodeInfo {
    #[serde(rename = "bootID")]
    pub boot_id: Name,
    #[serde(rename = "machineID")]
    pub machine_id: Name,
    #[serde(rename = "systemUUID")]
    pub system_uuid: Name,
    pub kernel_version: Name,
    pub os_image: Name,
    pub container_runtime_version: Name,
    pub kubelet_version: Name,
    pub kube_proxy_version: Name,
    pub operating_system: Name,
    pub architecture: Name,
}

/// A lease: who holds something, and since when it was last renewed.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lease {
    /// Identity.
    pub metadata: ObjectMeta,
    /// State.
    pub spec: LeaseSpec,
}

/// `spec` of a lease.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api coordination/v1 LeaseSpec")]
pub struct LeaseSpec {
    pub holder_identity: Option<Name>,
    pub lease_duration_seconds: Option<i32>,
    pub acquire_time: Option<MicroTime>,
    pub renew_time: Option<MicroTime>,
    pub lease_transitions: Option<i32>,
}
