//! Faults of the scenario: what they do to the world when they begin and when they end.

use std::collections::BTreeMap;

use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::base::Name;
use crate::fault::{Fault, NodeTarget, Party, Pick, PodTarget, Pods};
use crate::kernel::SimDuration;
use crate::network::{Disturbance, Side};
use crate::node::env::{FaultView, ProbeFault};
use crate::node::probe::ProbeKind;
use crate::trace::RecordId;
use crate::workload::model::glob;

use super::world::World;

/// Faults in force with the records of their beginnings, by the number of the step that began them.
#[derive(Clone, Debug, Default)]
pub struct ActiveFaults(BTreeMap<u32, (Fault, RecordId)>);

impl ActiveFaults {
    pub(super) fn begin(&mut self, step: u32, fault: Fault, record: RecordId) {
        self.0.insert(step, (fault, record));
    }

    pub(super) fn end(&mut self, step: u32) -> Option<Fault> {
        self.0.remove(&step).map(|(fault, _)| fault)
    }

    /// The faults in force.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.values().map(|(fault, _)| fault)
    }

    /// The record of the fault that keeps a Service down.
    pub(super) fn down(&self, namespace: &str, service: &str) -> Option<RecordId> {
        self.0.values().find_map(|(fault, record)| match fault {
            Fault::DependencyDown { namespace: ns, service: name } if ns == namespace && name == service => {
                Some(*record)
            }
            _ => None,
        })
    }
}

fn hits(target: &PodTarget, pod: &Pod) -> bool {
    target.namespace == pod.metadata.namespace
        && match &target.by {
            Pods::Name(name) => *name == pod.metadata.name,
            Pods::Selector(selector) => selector.matches(&pod.metadata.labels),
        }
}

impl FaultView for ActiveFaults {
    fn probe(&self, pod: &Pod, container: &str, kind: ProbeKind) -> Option<ProbeFault> {
        let wanted = |probe: crate::fault::ProbeKind| {
            matches!(
                (probe, kind),
                (crate::fault::ProbeKind::Startup, ProbeKind::Startup)
                    | (crate::fault::ProbeKind::Readiness, ProbeKind::Readiness)
                    | (crate::fault::ProbeKind::Liveness, ProbeKind::Liveness)
            )
        };
        self.0.values().find_map(|(fault, record)| match fault {
            Fault::ProbeFailure { pods, container: only, probe }
                if hits(pods, pod)
                    && only.as_ref().is_none_or(|only| only == container)
                    && probe.is_none_or(wanted) =>
            {
                Some(ProbeFault { output: "HTTP probe failed with statuscode: 500".into(), record: *record })
            }
            _ => None,
        })
    }

    fn slow_start(&self, pod: &Pod, container: &str) -> SimDuration {
        let delays = self.iter().filter_map(|fault| match fault {
            Fault::SlowStart { pods, container: only, by }
                if hits(pods, pod) && only.as_ref().is_none_or(|only| only == container) =>
            {
                Some(*by)
            }
            _ => None,
        });
        delays.max().unwrap_or_default()
    }

    fn pull_fails(&self, image: &str, node: &str) -> bool {
        self.iter().any(|fault| {
            matches!(fault, Fault::ImagePullError { image: pattern, node: only }
                if glob(pattern, image) && only.as_ref().is_none_or(|only| only == node))
        })
    }

    fn pull_slowdown(&self, image: &str, node: &str) -> u64 {
        let factors = self.iter().filter_map(|fault| match fault {
            Fault::ImagePullSlow { image: pattern, factor, node: only }
                if glob(pattern, image) && only.as_ref().is_none_or(|only| only == node) =>
            {
                Some(*factor)
            }
            _ => None,
        });
        factors.max().unwrap_or(1).max(1)
    }
}

impl World {
    /// What a fault does to links between nodes.
    pub(super) fn disturb_links(&mut self, step: u32, fault: &Fault) {
        let (a, b, how) = match fault {
            Fault::Partition { a, b } => (a, b, Disturbance::Cut),
            Fault::NetworkLatency { a, b, latency } => (a, b, Disturbance::Latency(*latency)),
            Fault::PacketLoss { a, b, per_million } => (a, b, Disturbance::Loss(*per_million)),
            _ => return,
        };
        let side = |party: &Party| match party {
            Party::ControlPlane => Side::ControlPlane,
            Party::Nodes(nodes) => Side::Nodes(self.target_nodes(nodes).into_iter().collect()),
        };
        let (a, b) = (side(a), side(b));
        self.network.links.disturb(step, a, b, how);
        self.links_changed();
    }

    /// Kubelets and proxies hear from the control plane as late as their links let them.
    pub(super) fn links_changed(&mut self) {
        let (now, timing) = (self.now(), self.proxy_timing());
        for node in 0..self.hosts.len() as u32 {
            let late = self.network.links.to_control_plane(node).mean_delay();
            self.watches.set_extra(node, late);
            let network = &mut self.network;
            network.proxies.set_late(node, late, now, &network.services, timing);
        }
    }

    /// What a fault does at its beginning.
    pub(super) fn strike(&mut self, step: u32, fault: &Fault, lasts: Option<SimDuration>) {
        match fault {
            Fault::Process { pods, container, how } => {
                for (host, id) in self.target_pods(pods) {
                    let container = container.as_deref();
                    self.with_host(host, |host, ctx, env| host.end_process(ctx, env, id, container, *how));
                }
            }
            Fault::NodeCrash { nodes, recover_after } => {
                for node in self.target_nodes(nodes) {
                    self.power_off(node);
                    if let Some(after) = recover_after.or(lasts) {
                        self.power_on(node, after);
                    }
                }
            }
            Fault::NodeReboot { nodes, down_for } => {
                let after = down_for.unwrap_or(self.settings.node_boot_time);
                for node in self.target_nodes(nodes) {
                    self.reboot(node, after);
                }
            }
            Fault::ZoneOutage { zone } => {
                for node in self.target_nodes(&NodeTarget::Zone(zone.clone())) {
                    self.power_off(node);
                    if let Some(after) = lasts {
                        self.power_on(node, after);
                    }
                }
            }
            Fault::KubeletStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    self.stop_kubelet(node);
                }
            }
            Fault::RuntimeStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, ctx, env| host.runtime_stops(ctx, env));
                }
            }
            Fault::NetworkPluginStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, ctx, _| host.set_network_plugin(ctx, false));
                }
            }
            Fault::Pressure { nodes, resource, available } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, ctx, _| host.hold_outside(ctx, *resource, *available));
                }
            }
            Fault::Partition { a, b } => {
                for node in self.cut_nodes(a, b) {
                    self.cut_off(node);
                }
            }
            Fault::ControlPlane { component, outage, replicas } => {
                self.control_plane_fails(step, *component, *outage, *replicas);
            }
            Fault::SlowStart { .. }
            | Fault::DependencyDown { .. }
            | Fault::ImagePullError { .. }
            | Fault::ImagePullSlow { .. }
            | Fault::NetworkLatency { .. }
            | Fault::PacketLoss { .. } => {}
            Fault::ProbeFailure { .. } => self.wake_all_probes(),
        }
    }

    /// What a fault does at its end.
    pub(super) fn relieve(&mut self, step: u32, fault: &Fault) {
        match fault {
            Fault::KubeletStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    if self.hosts[node as usize].shared.powered {
                        self.start_kubelet(node, None);
                    }
                }
            }
            Fault::RuntimeStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, ctx, env| host.runtime_answers(ctx, env));
                }
            }
            Fault::NetworkPluginStop { nodes } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, ctx, _| host.set_network_plugin(ctx, true));
                }
            }
            Fault::Pressure { nodes, resource, .. } => {
                for node in self.target_nodes(nodes) {
                    self.with_host(node, |host, _, _| host.release_outside(*resource));
                }
            }
            Fault::Partition { a, b } => {
                for node in self.cut_nodes(a, b) {
                    self.reconnect(node);
                }
            }
            Fault::ControlPlane { component, .. } => self.control_plane_recovers(step, *component),
            Fault::ProbeFailure { .. } => self.wake_all_probes(),
            Fault::Process { .. }
            | Fault::NodeCrash { .. }
            | Fault::NodeReboot { .. }
            | Fault::ZoneOutage { .. }
            | Fault::SlowStart { .. }
            | Fault::DependencyDown { .. }
            | Fault::ImagePullError { .. }
            | Fault::ImagePullSlow { .. }
            | Fault::NetworkLatency { .. }
            | Fault::PacketLoss { .. } => {}
        }
    }

    fn wake_all_probes(&mut self) {
        for index in 0..self.hosts.len() as u32 {
            self.with_host(index, |host, ctx, env| host.wake_probes(ctx, env));
        }
    }

    /// The nodes that a target means, in the order of the cluster.
    pub(super) fn target_nodes(&self, target: &NodeTarget) -> Vec<u32> {
        let objects = self.api.objects();
        let meant = |name: &Name| {
            let node = objects.get::<Node>(&Name::default(), name);
            match target {
                NodeTarget::Name(wanted) => name == wanted,
                NodeTarget::Names(wanted) => wanted.contains(name),
                NodeTarget::Selector(selector) => {
                    node.is_some_and(|node| selector.matches(&node.metadata.labels))
                }
                NodeTarget::Zone(zone) => node.is_some_and(|node| {
                    node.metadata.labels.get(crate::scenario::model::ZONE_LABEL) == Some(zone)
                }),
                NodeTarget::All => true,
            }
        };
        self.hosts.iter().filter(|host| meant(&host.shared.name)).map(|host| host.shared.index).collect()
    }

    /// The pods that a target means, by name: where they are, and the index of their object.
    fn target_pods(&self, target: &PodTarget) -> Vec<(u32, u32)> {
        let mut pods: Vec<(Name, u32, u32)> = self
            .api
            .objects()
            .iter::<Pod>()
            .filter(|(_, pod)| hits(target, pod) && !pod.status.phase.is_terminal())
            .filter_map(|(id, pod)| {
                let host = self.watches.node(pod.node_name.as_deref()?)?;
                Some((pod.metadata.name.clone(), host, id))
            })
            .collect();
        pods.sort();
        let count = match target.pick {
            Pick::All => pods.len(),
            Pick::First(count) => count,
        };
        pods.into_iter().take(count).map(|(_, host, id)| (host, id)).collect()
    }

    /// The nodes that a partition cuts off from the control plane.
    fn cut_nodes(&self, a: &Party, b: &Party) -> Vec<u32> {
        match (a, b) {
            (Party::ControlPlane, Party::Nodes(nodes)) | (Party::Nodes(nodes), Party::ControlPlane) => {
                self.target_nodes(nodes)
            }
            _ => Vec::new(),
        }
    }
}
