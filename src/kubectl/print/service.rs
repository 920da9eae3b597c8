//! The rows of Services, Endpoints and EndpointSlices.

use std::collections::BTreeSet;

use crate::api::Timestamp;
use std::sync::Arc;

use crate::api::service::{Endpoint, EndpointPort, EndpointSlice, Endpoints, Service};
use crate::base::Name;

use super::{Column, Row, column, created, or_none, wide};

/// How many addresses or ports are shown before `+ N more...`.
const SHOWN: usize = 3;

impl Row for Service {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("TYPE"),
        column("CLUSTER-IP"),
        column("EXTERNAL-IP"),
        column("PORT(S)"),
        column("AGE"),
        wide("SELECTOR"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let address = self.spec.cluster_ips.first().or(self.spec.cluster_ip.as_ref());
        vec![
            self.metadata.name.to_string(),
            kind(self).to_owned(),
            or_none(address.map(Name::as_str).unwrap_or_default()).to_owned(),
            external_address(self),
            or_none(&ports(self)).to_owned(),
            created(&self.metadata, now),
            self.spec.selector.to_string(),
        ]
    }
}

fn kind(service: &Service) -> &str {
    service.spec.kind.as_deref().unwrap_or("ClusterIP")
}

fn external_address(service: &Service) -> String {
    let join = |addresses: Vec<&str>| addresses.join(",");
    let external: Vec<&str> = service.spec.external_ips.iter().map(Name::as_str).collect();
    match kind(service) {
        "ClusterIP" | "NodePort" => or_none(&join(external)).to_owned(),
        "LoadBalancer" => {
            let ingress = service.status.load_balancer.ingress.iter();
            let given: BTreeSet<&str> = ingress
                .filter_map(|ingress| ingress.ip.as_deref().or(ingress.hostname.as_deref()))
                .filter(|address| !address.is_empty())
                .collect();
            let all = join(given.into_iter().chain(external).collect());
            if all.is_empty() { "<pending>".to_owned() } else { all }
        }
        "ExternalName" => service.spec.external_name.as_deref().unwrap_or_default().to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn ports(service: &Service) -> String {
    let port = |port: &crate::api::service::ServicePort| {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        match port.node_port {
            Some(node_port @ 1..) => format!("{}:{node_port}/{protocol}", port.port),
            _ => format!("{}/{protocol}", port.port),
        }
    };
    service.spec.ports.iter().map(port).collect::<Vec<_>>().join(",")
}

impl Row for Endpoints {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("ENDPOINTS"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        vec![self.metadata.name.to_string(), addresses(self), created(&self.metadata, now)]
    }
}

fn addresses(endpoints: &Endpoints) -> String {
    if endpoints.subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for subset in &endpoints.subsets {
        let addresses = subset.addresses.iter().map(|address| address.ip.as_str());
        if subset.ports.is_empty() {
            all.extend(addresses.clone().map(str::to_owned));
        }
        for port in &subset.ports {
            all.extend(addresses.clone().map(|address| host_port(address, port.port.unwrap_or(0))));
        }
    }
    shortened(&all)
}

/// `10.1.0.3:80`, with brackets around an IPv6 address.
pub(in crate::kubectl) fn host_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The first few, and how many more there are.
pub(in crate::kubectl) fn shortened(all: &[String]) -> String {
    let shown = &all[..all.len().min(SHOWN)];
    match all.len() - shown.len() {
        0 => shown.join(","),
        more => format!("{} + {more} more...", shown.join(",")),
    }
}

impl Row for EndpointSlice {
    const COLUMNS: &'static [Column] =
        &[column("NAME"), column("ADDRESSTYPE"), column("PORTS"), column("ENDPOINTS"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let port = |port: &EndpointPort| {
            port.port
                .map(|port| port.to_string())
                .or_else(|| port.name.as_ref().map(ToString::to_string))
                .unwrap_or_else(|| "*".to_owned())
        };
        let of =
            |endpoint: &Arc<Endpoint>| endpoint.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        let ports: Vec<String> = self.ports.iter().map(port).collect();
        let addresses: Vec<String> = self.endpoints.iter().flat_map(of).collect();
        let or_unset = |text: String| if text.is_empty() { "<unset>".to_owned() } else { text };
        vec![
            self.metadata.name.to_string(),
            self.address_type.to_string(),
            or_unset(shortened(&ports)),
            or_unset(shortened(&addresses)),
            created(&self.metadata, now),
        ]
    }
}
