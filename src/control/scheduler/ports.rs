//! Host ports in use on a node (`framework.HostPortInfo` of kube-scheduler v1.34).

use crate::api::pod::PodSpec;
use crate::base::Name;

/// The address that stands for every address of the node.
const ANY_IP: &str = "0.0.0.0";

/// A port of the node that a container takes for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    ip: Name,
    protocol: Name,
    port: i32,
}

impl HostPort {
    /// Whether both cannot be had on one node.
    fn conflicts(&self, other: &Self) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == ANY_IP || other.ip == ANY_IP)
    }
}

/// The host ports of a pod: those of its containers and sidecars, not those of plain init containers.
pub fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().filter(|container| container.is_sidecar());
    sidecars
        .chain(&spec.containers)
        .flat_map(|container| &container.ports)
        .filter_map(|port| {
            let number = port.host_port.filter(|number| *number > 0)?;
            let or = |text: &Option<Name>, default: &str| match text {
                Some(text) if !text.is_empty() => text.clone(),
                _ => default.into(),
            };
            Some(HostPort {
                ip: or(&port.host_ip, ANY_IP),
                protocol: or(&port.protocol, "TCP"),
                port: number,
            })
        })
        .collect()
}

/// The ports taken on one node: a set, as upstream, so that a port taken twice is free after one removal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortsInUse(Vec<HostPort>);

impl PortsInUse {
    /// Takes `ports`.
    pub fn add(&mut self, ports: &[HostPort]) {
        for port in ports {
            if !self.0.contains(port) {
                self.0.push(port.clone());
            }
        }
    }

    /// Frees `ports`.
    pub fn remove(&mut self, ports: &[HostPort]) {
        self.0.retain(|port| !ports.contains(port));
    }

    /// Whether none of `ports` is taken.
    pub fn admits(&self, ports: &[HostPort]) -> bool {
        !ports.iter().any(|wanted| self.0.iter().any(|taken| wanted.conflicts(taken)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, protocol: &str, port: i32) -> HostPort {
        HostPort { ip: ip.into(), protocol: protocol.into(), port }
    }

    #[test]
    fn the_wildcard_address_collides_with_every_address() {
        let mut taken = PortsInUse::default();
        taken.add(&[port("10.0.0.1", "TCP", 80), port(ANY_IP, "UDP", 53)]);
        for (wanted, free) in [
            (port("10.0.0.2", "TCP", 80), true),
            (port("10.0.0.1", "TCP", 80), false),
            (port(ANY_IP, "TCP", 80), false),
            (port("10.0.0.9", "UDP", 53), false),
            (port("10.0.0.9", "TCP", 53), true),
        ] {
            assert_eq!(taken.admits(std::slice::from_ref(&wanted)), free, "{wanted:?}");
        }
        taken.remove(&[port("10.0.0.1", "TCP", 80)]);
        assert!(taken.admits(&[port(ANY_IP, "TCP", 80)]));
    }
}
