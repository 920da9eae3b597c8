//! Addresses and ports that the API server hands out to Services.
//!
//! The real server draws them at random; here the lowest free one of the upper band is taken, so that a run can be
//! read. Bands: KEP-3070 (cluster IPs), KEP-3668 (node ports).

use std::sync::Arc;

use super::object::{Kind, Object};
use super::request::ApiError;
use super::service::Service;
use super::store::Objects;
use crate::base::Name;

/// Service CIDR 10.96.0.0/12: addresses 10.96.0.0 + n.
const CLUSTER_IP_BASE: u32 = 0x0a60_0000;
/// The first 256 addresses are for those who choose their own.
const CLUSTER_IP_FIRST: u32 = 257;
const CLUSTER_IP_COUNT: u32 = 1 << 20;
/// Ports below are for those who choose their own.
const NODE_PORT_FIRST: i32 = 30086;
const NODE_PORTS: std::ops::RangeInclusive<i32> = 30000..=32767;

/// Completes `clusterIP` and `nodePort` of a new Service.
pub(super) fn allocate(objects: &Objects, object: &mut Object) -> Result<(), ApiError> {
    let Object::Service(service) = object else { return Ok(()) };
    let service = Arc::make_mut(service);
    let kind = service.spec.kind.clone().unwrap_or_else(|| "ClusterIP".into());
    if kind == "ExternalName" {
        return Ok(());
    }
    allocate_cluster_ip(objects, service)?;
    if kind == "NodePort" || kind == "LoadBalancer" {
        allocate_node_ports(objects, service)?;
    }
    Ok(())
}

fn others(objects: &Objects) -> impl Iterator<Item = &Arc<Service>> {
    objects.iter::<Service>().map(|(_, service)| service)
}

fn allocate_cluster_ip(objects: &Objects, service: &mut Service) -> Result<(), ApiError> {
    let name = service.metadata.name.clone();
    let taken = |ip: &str| others(objects).any(|other| other.spec.cluster_ip.as_deref() == Some(ip));
    match service.spec.cluster_ip.clone().filter(|ip| !ip.is_empty()) {
        Some(ip) if ip == "None" => {}
        Some(ip) if taken(&ip) => {
            let causes = format!(
                "spec.clusterIPs: Invalid value: [\"{ip}\"]: failed to allocate IP {ip}: provided IP is already \
                 allocated"
            );
            return Err(ApiError::invalid(Kind::Service, &name, &causes));
        }
        Some(_) => {}
        None => {
            let free = (CLUSTER_IP_FIRST..CLUSTER_IP_COUNT)
                .map(|offset| Name::from(dotted(CLUSTER_IP_BASE + offset)))
                .find(|ip| !taken(ip));
            let Some(ip) = free else {
                return Err(ApiError::invalid(
                    Kind::Service,
                    &name,
                    "spec.clusterIPs: the service CIDR is full",
                ));
            };
            service.spec.cluster_ip = Some(ip);
        }
    }
    service.spec.cluster_ips = service.spec.cluster_ip.iter().cloned().collect();
    Ok(())
}

fn allocate_node_ports(objects: &Objects, service: &mut Service) -> Result<(), ApiError> {
    let mut used: Vec<i32> =
        others(objects).flat_map(|other| other.spec.ports.iter().filter_map(|port| port.node_port)).collect();
    let name = service.metadata.name.clone();
    for (at, port) in service.spec.ports.iter_mut().enumerate() {
        match port.node_port.filter(|port| *port != 0) {
            Some(number) if !NODE_PORTS.contains(&number) => {
                let causes = format!(
                    "spec.ports[{at}].nodePort: Invalid value: {number}: provided port is not in the valid range. \
                     The range of valid ports is 30000-32767"
                );
                return Err(ApiError::invalid(Kind::Service, &name, &causes));
            }
            Some(number) if used.contains(&number) => {
                let causes = format!(
                    "spec.ports[{at}].nodePort: Invalid value: {number}: provided port is already allocated"
                );
                return Err(ApiError::invalid(Kind::Service, &name, &causes));
            }
            Some(number) => used.push(number),
            None => {
                let free = (NODE_PORT_FIRST..=*NODE_PORTS.end())
                    .chain(*NODE_PORTS.start()..NODE_PORT_FIRST)
                    .find(|number| !used.contains(number));
                let Some(number) = free else {
                    return Err(ApiError::invalid(Kind::Service, &name, "spec.ports: no node port is free"));
                };
                port.node_port = Some(number);
                used.push(number);
            }
        }
    }
    Ok(())
}

/// An IPv4 address in dotted form.
pub fn dotted(address: u32) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}
