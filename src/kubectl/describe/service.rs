//! The pages of Services, Endpoints and EndpointSlices.

use crate::api::core::IntOrString;
use std::sync::Arc;

use crate::api::service::{
    EndpointAddress, EndpointSlice, Endpoints, LoadBalancerIngress, SERVICE_NAME, Service,
};
use crate::api::{Kind, Resource};
use crate::base::{Name, SharedList};
use crate::kubectl::print::{host_port, or_none, shortened};
use crate::kubectl::source::ObjectSource;

use super::page::{Page, line, or_unset};

pub(super) fn service<S: ObjectSource + ?Sized>(page: &mut Page, service: &Service, source: &S) {
    let spec = &service.spec;
    page.name_and_namespace(&service.metadata);
    page.labels_and_annotations(&service.metadata);
    line!(page, 0, "Selector:\t{}", spec.selector);
    line!(page, 0, "Type:\t{}", spec.kind.as_deref().unwrap_or("ClusterIP"));
    addresses(page, service);
    ports(page, service, source);
    line!(page, 0, "Session Affinity:\t{}", spec.session_affinity.as_deref().unwrap_or("None"));
    let number = spec.health_check_node_port.filter(|port| *port > 0).map(|port| port.to_string());
    let ranges = join(&spec.load_balancer_source_ranges);
    for (heading, value) in [
        ("External Traffic Policy", spec.external_traffic_policy.as_deref()),
        ("Internal Traffic Policy", spec.internal_traffic_policy.as_deref()),
        ("HealthCheck NodePort", number.as_deref()),
        ("LoadBalancer Source Ranges", Some(ranges.as_str())),
        ("Traffic Distribution", spec.traffic_distribution.as_deref()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line!(page, 0, "{heading}:\t{value}");
        }
    }
}

fn join(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(",")
}

fn addresses(page: &mut Page, service: &Service) {
    let spec = &service.spec;
    if let Some(policy) = &spec.ip_family_policy {
        line!(page, 0, "IP Family Policy:\t{policy}");
    }
    line!(page, 0, "IP Families:\t{}", or_none(&join(&spec.ip_families)));
    line!(page, 0, "IP:\t{}", spec.cluster_ip.as_deref().unwrap_or_default());
    line!(page, 0, "IPs:\t{}", or_none(&join(&spec.cluster_ips)));
    let ingress = |ingress: &LoadBalancerIngress| match (&ingress.ip, &ingress.ip_mode) {
        (Some(ip), Some(mode)) => format!("{ip} ({mode})"),
        (Some(ip), None) => ip.to_string(),
        (None, _) => ingress.hostname.as_deref().unwrap_or_default().to_owned(),
    };
    let ingress: Vec<String> = service.status.load_balancer.ingress.iter().map(ingress).collect();
    for (heading, value) in [
        ("External IPs", join(&spec.external_ips)),
        ("Desired LoadBalancer IP", spec.load_balancer_ip.as_deref().unwrap_or_default().to_owned()),
        ("External Name", spec.external_name.as_deref().unwrap_or_default().to_owned()),
        ("LoadBalancer Ingress", ingress.join(", ")),
    ] {
        if !value.is_empty() {
            line!(page, 0, "{heading}:\t{value}");
        }
    }
}

fn ports<S: ObjectSource + ?Sized>(page: &mut Page, service: &Service, source: &S) {
    let slices = source.list(Kind::EndpointSlice, Some(&service.metadata.namespace));
    let slices: Vec<&EndpointSlice> = slices
        .iter()
        .filter_map(|object| EndpointSlice::from_object(object))
        .map(AsRef::as_ref)
        .filter(|slice| slice.metadata.labels.get(SERVICE_NAME) == Some(&service.metadata.name))
        .collect();
    for port in &service.spec.ports {
        let name = port.name.as_deref().unwrap_or_default();
        let shown = if name.is_empty() { "<unset>" } else { name };
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        line!(page, 0, "Port:\t{shown}\t{}/{protocol}", port.port);
        let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
        line!(page, 0, "TargetPort:\t{target}/{protocol}");
        if let Some(node_port @ 1..) = port.node_port {
            line!(page, 0, "NodePort:\t{shown}\t{node_port}/{protocol}");
        }
        line!(page, 0, "Endpoints:\t{}", ready_endpoints(&slices, name));
    }
}

/// Addresses that get traffic for the port of this name.
fn ready_endpoints(slices: &[&EndpointSlice], port_name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for slice in slices {
        let ready = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready);
        let addresses = ready.filter_map(|endpoint| endpoint.addresses.first());
        if slice.ports.is_empty() {
            all.extend(addresses.clone().map(ToString::to_string));
        }
        for port in &slice.ports {
            if port.name.as_deref().unwrap_or_default() == port_name {
                all.extend(addresses.clone().map(|address| host_port(address, port.port.unwrap_or(0))));
            }
        }
    }
    shortened(&all)
}

pub(super) fn endpoints(page: &mut Page, endpoints: &Endpoints) {
    page.name_and_namespace(&endpoints.metadata);
    page.labels_and_annotations(&endpoints.metadata);
    line!(page, 0, "Subsets:");
    for subset in &endpoints.subsets {
        let addresses = |list: &SharedList<Arc<EndpointAddress>>| {
            list.iter().map(|address| address.ip.as_str()).collect::<Vec<_>>().join(",")
        };
        line!(page, 1, "Addresses:\t{}", or_none(&addresses(&subset.addresses)));
        line!(page, 1, "NotReadyAddresses:\t{}", or_none(&addresses(&subset.not_ready_addresses)));
        if !subset.ports.is_empty() {
            line!(page, 1, "Ports:");
            line!(page, 2, "Name\tPort\tProtocol");
            line!(page, 2, "----\t----\t--------");
            for port in &subset.ports {
                let name = port.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("<unset>");
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                line!(page, 2, "{name}\t{}\t{protocol}", port.port.unwrap_or(0));
            }
        }
        line!(page, 0, "");
    }
}

pub(super) fn endpoint_slice(page: &mut Page, slice: &EndpointSlice) {
    page.name_and_namespace(&slice.metadata);
    page.labels_and_annotations(&slice.metadata);
    line!(page, 0, "AddressType:\t{}", slice.address_type);
    if slice.ports.is_empty() {
        line!(page, 0, "Ports: <unset>");
    } else {
        line!(page, 0, "Ports:");
        line!(page, 1, "Name\tPort\tProtocol");
        line!(page, 1, "----\t----\t--------");
        for port in &slice.ports {
            let name = port.name.as_ref().filter(|name| !name.is_empty());
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            line!(page, 1, "{}\t{}\t{protocol}", or_unset(name), or_unset(port.port));
        }
    }
    if slice.endpoints.is_empty() {
        line!(page, 0, "Endpoints: <none>");
        return;
    }
    line!(page, 0, "Endpoints:");
    for endpoint in slice.endpoints.iter() {
        let addresses: Vec<&str> = endpoint.addresses.iter().map(Name::as_str).collect();
        line!(page, 1, "- Addresses:\t{}", or_none(&addresses.join(", ")));
        line!(page, 2, "Conditions:");
        line!(page, 3, "Ready:\t{}", endpoint.conditions.ready);
        line!(page, 2, "Hostname:\t{}", or_unset(endpoint.hostname.as_ref()));
        if let Some(target) = &endpoint.target_ref {
            line!(page, 2, "TargetRef:\t{}/{}", target.kind, target.name);
        }
        line!(page, 2, "NodeName:\t{}", or_unset(endpoint.node_name.as_ref()));
        line!(page, 2, "Zone:\t{}", or_unset(endpoint.zone.as_ref()));
    }
}
