//! Services and what stands behind them: Endpoints and EndpointSlices.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::core::{Condition, IntOrString, ObjectReference, Opaque};
use super::meta::{Labels, ObjectMeta};
use crate::base::{Name, SharedList};

/// Label with the name of the Service that an EndpointSlice belongs to.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A stable address for a changing set of pods.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, spec, status")]
pub struct Service {
    pub metadata: ObjectMeta,
    pub spec: ServiceSpec,
    pub status: ServiceStatus,
}

/// `spec` of a Service.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ServiceSpec")]
pub struct ServiceSpec {
    #[serde(rename = "type")]
    pub kind: Option<Name>,
    pub selector: Labels,
    pub ports: Vec<ServicePort>,
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<Name>,
    #[serde(rename = "clusterIPs")]
    pub cluster_ips: Vec<Name>,
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<Name>,
    pub external_name: Option<Name>,
    pub session_affinity: Option<Name>,
    pub session_affinity_config: Opaque,
    pub internal_traffic_policy: Option<Name>,
    pub external_traffic_policy: Option<Name>,
    pub publish_not_ready_addresses: bool,
    pub health_check_node_port: Option<i32>,
    pub allocate_load_balancer_node_ports: Option<bool>,
    #[serde(rename = "loadBalancerIP")]
    pub load_balancer_ip: Option<Name>,
    pub load_balancer_source_ranges: Vec<Name>,
    pub load_balancer_class: Option<Name>,
    pub traffic_distribution: Option<Name>,
    pub ip_families: Vec<Name>,
    pub ip_family_policy: Option<Name>,
}

/// `spec.ports[]` of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ServicePort")]
pub struct ServicePort {
    pub name: Option<Name>,
    pub protocol: Option<Name>,
    pub app_protocol: Option<Name>,
    pub port: i32,
    pub target_port: Option<IntOrString>,
    pub node_port: Option<i32>,
}

/// `status` of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceStatus {
    /// Addresses that the cloud's load balancer has given.
    pub load_balancer: LoadBalancerStatus,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// `status.loadBalancer` of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancerStatus {
    /// Its addresses; none while it is being made.
    pub ingress: Vec<LoadBalancerIngress>,
}

/// An address of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerIngress {
    /// By number.
    pub ip: Option<Name>,
    /// By name.
    pub hostname: Option<Name>,
    /// How traffic is delivered.
    pub ip_mode: Option<Name>,
}

/// The legacy list of a Service's addresses, truncated at 1000.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "metadata, subsets")]
pub struct Endpoints {
    pub metadata: ObjectMeta,
    pub subsets: Vec<EndpointSubset>,
}

/// Addresses with a common set of ports. Versions of an object share the addresses that stay the same.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSubset {
    /// Ready ones.
    pub addresses: SharedList<Arc<EndpointAddress>>,
    /// The others.
    pub not_ready_addresses: SharedList<Arc<EndpointAddress>>,
    /// Ports.
    pub ports: Vec<EndpointPort>,
}

/// One address of an Endpoints object.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 EndpointAddress")]
pub struct EndpointAddress {
    pub ip: Name,
    pub hostname: Option<Name>,
    pub node_name: Option<Name>,
    pub target_ref: Option<ObjectReference>,
}

/// A port behind a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api discovery/v1 EndpointPort")]
pub struct EndpointPort {
    pub name: Option<Name>,
    pub port: Option<i32>,
    pub protocol: Option<Name>,
    pub app_protocol: Option<Name>,
}

/// A part of a Service's addresses, 100 at most. Versions of a slice share the endpoints that stay the same.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api discovery/v1 EndpointSlice")]
pub struct EndpointSlice {
    pub metadata: ObjectMeta,
    pub address_type: Name,
    pub endpoints: SharedList<Arc<Endpoint>>,
    pub ports: Vec<EndpointPort>,
}

/// One address of an EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api discovery/v1 Endpoint")]
pub struct Endpoint {
    pub addresses: Vec<Name>,
    pub conditions: EndpointConditions,
    pub hostname: Option<Name>,
    pub target_ref: Option<ObjectReference>,
    pub node_name: Option<Name>,
    pub zone: Option<Name>,
    pub hints: Opaque,
}

/// Whether an endpoint should get traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// Serving and not terminating.
    pub ready: bool,
    /// The pod's `Ready` condition.
    pub serving: bool,
    /// The pod is being deleted.
    pub terminating: bool,
}
