//! Defaults of services and their endpoints, nodes, priorities, quotas and limit ranges: `pkg/apis/core/v1/defaults.go`,
//! `discovery/v1` and `scheduling/v1`.

use serde_json::{Value, json};

use super::{Defaults, option_defaults};
use crate::api::core::{IntOrString, ResourceList};
use crate::api::node::Node;
use crate::api::pod::PreemptionPolicy;
use crate::api::policy::{LimitRange, LimitRangeItem, PriorityClass, ResourceQuota};
use crate::api::service::{EndpointPort, EndpointSlice, Endpoints, Service, ServicePort, ServiceSpec};

/// How long `sessionAffinity: ClientIP` remembers a client.
const AFFINITY_SECONDS: i32 = 10_800;

impl Defaults for Service {
    fn is_complete(&self) -> bool {
        self.spec.is_complete() && !self.lacks_ip_mode()
    }

    fn fill(&mut self) {
        self.spec.fill();
        if self.lacks_ip_mode() {
            let addresses = self.status.load_balancer.ingress.iter_mut();
            for address in addresses.filter(|address| address.ip.is_some()) {
                address.ip_mode.get_or_insert_with(|| "VIP".into());
            }
        }
    }
}

impl Service {
    fn lacks_ip_mode(&self) -> bool {
        let mut addresses = self.status.load_balancer.ingress.iter();
        self.spec.is_type("LoadBalancer") && addresses.any(|a| a.ip.is_some() && a.ip_mode.is_none())
    }
}

impl ServiceSpec {
    fn is_type(&self, kind: &str) -> bool {
        self.kind.as_deref().unwrap_or("ClusterIP") == kind
    }

    /// Whether it can be reached from outside of the cluster.
    fn is_external(&self) -> bool {
        let by_address = self.is_type("ClusterIP") && !self.external_ips.is_empty();
        by_address || self.is_type("NodePort") || self.is_type("LoadBalancer")
    }

    fn has_affinity_config(&self) -> bool {
        let config = self.session_affinity_config.as_deref().unwrap_or(&Value::Null);
        match self.session_affinity.as_deref() {
            Some("ClientIP") => config["clientIP"]["timeoutSeconds"].is_number(),
            Some("None") => config.is_null(),
            _ => true,
        }
    }
}

impl Defaults for ServiceSpec {
    option_defaults!(
        spec,
        spec.ports.is_complete()
            && spec.has_affinity_config()
            && (spec.external_traffic_policy.is_some() || !spec.is_external())
            && (spec.internal_traffic_policy.is_some() || spec.is_type("ExternalName"))
            && (spec.allocate_load_balancer_node_ports.is_some() || !spec.is_type("LoadBalancer")),
        {
            spec.ports.fill();
            if !spec.has_affinity_config() {
                let by_client = spec.session_affinity.as_deref() == Some("ClientIP");
                let config = json!({ "clientIP": { "timeoutSeconds": AFFINITY_SECONDS } });
                spec.session_affinity_config = by_client.then(|| Box::new(config));
            }
            if spec.is_external() {
                spec.external_traffic_policy.get_or_insert_with(|| "Cluster".into());
            }
            if !spec.is_type("ExternalName") {
                spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
            }
            if spec.is_type("LoadBalancer") {
                spec.allocate_load_balancer_node_ports.get_or_insert(true);
            }
        },
        kind: "ClusterIP".into(),
        session_affinity: "None".into(),
    );
}

impl Defaults for ServicePort {
    option_defaults!(
        port,
        !is_open(port.target_port.as_ref()),
        {
            if is_open(port.target_port.as_ref()) {
                port.target_port = Some(IntOrString::Int(port.port));
            }
        },
        protocol: "TCP".into(),
    );
}

/// Whether the port of the pods is that of the service: absent, 0 or empty.
fn is_open(target: Option<&IntOrString>) -> bool {
    match target {
        None | Some(IntOrString::Int(0)) => true,
        Some(IntOrString::Int(_)) => false,
        Some(IntOrString::Text(name)) => name.is_empty(),
    }
}

impl Defaults for EndpointPort {
    option_defaults!(port, true, {}, protocol: "TCP".into());
}

impl Defaults for Endpoints {
    fn is_complete(&self) -> bool {
        self.subsets.iter().all(|subset| subset.ports.is_complete())
    }

    fn fill(&mut self) {
        self.subsets.iter_mut().for_each(|subset| subset.ports.fill());
    }
}

impl Defaults for EndpointSlice {
    fn is_complete(&self) -> bool {
        self.ports.is_complete()
    }

    fn fill(&mut self) {
        self.ports.fill();
    }
}

impl Defaults for Node {
    fn is_complete(&self) -> bool {
        let status = &self.status;
        status.capacity.is_complete()
            && status.allocatable.is_complete()
            && (!status.allocatable.is_empty() || status.capacity.is_empty())
    }

    fn fill(&mut self) {
        let status = &mut self.status;
        status.capacity.fill();
        status.allocatable.fill();
        if status.allocatable.is_empty() {
            status.allocatable.clone_from(&status.capacity);
        }
    }
}

impl Defaults for PriorityClass {
    option_defaults!(class, true, {}, preemption_policy: PreemptionPolicy::PreemptLowerPriority);
}

impl Defaults for ResourceQuota {
    fn is_complete(&self) -> bool {
        self.spec.hard.is_complete()
    }

    fn fill(&mut self) {
        self.spec.hard.fill();
    }
}

impl Defaults for LimitRange {
    fn is_complete(&self) -> bool {
        self.spec.limits.is_complete()
    }

    fn fill(&mut self) {
        self.spec.limits.fill();
    }
}

impl LimitRangeItem {
    fn lists(&mut self) -> [&mut ResourceList; 4] {
        [&mut self.max, &mut self.min, &mut self.default, &mut self.default_request]
    }

    /// Whether every resource of one list is in another.
    fn covers(wider: &ResourceList, list: &ResourceList) -> bool {
        list.keys().all(|name| wider.contains_key(name))
    }
}

/// For containers, a default limit follows from the maximum, and a default request from the default limit or the minimum.
impl Defaults for LimitRangeItem {
    fn is_complete(&self) -> bool {
        [&self.max, &self.min, &self.default, &self.default_request].into_iter().all(Defaults::is_complete)
            && (self.kind != "Container"
                || (Self::covers(&self.default, &self.max)
                    && Self::covers(&self.default_request, &self.default)
                    && Self::covers(&self.default_request, &self.min)))
    }

    fn fill(&mut self) {
        self.lists().into_iter().for_each(Defaults::fill);
        if self.kind == "Container" {
            add_missing(&mut self.default, &self.max);
            add_missing(&mut self.default_request, &self.default);
            add_missing(&mut self.default_request, &self.min);
        }
    }
}

fn add_missing(target: &mut ResourceList, source: &ResourceList) {
    for (name, quantity) in source {
        target.entry(name.clone()).or_insert(*quantity);
    }
}
