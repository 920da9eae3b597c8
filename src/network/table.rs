//! The table of Services: what the watches of Services and EndpointSlices have delivered, version by version.
//!
//! All kube-proxies share it. A proxy is a cursor: how many of the changes are in its rules (see [`super::proxy`]). Old
//! versions are kept only as long as some proxy may still work with them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::api::service::{Endpoint, EndpointSlice, SERVICE_NAME, Service};
use crate::api::{Commit, Object, Op, Uid};
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};

/// One address that a Service leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Identity of the pod.
    pub pod: Uid,
    /// Namespace of the pod.
    pub namespace: Name,
    /// Name of the pod.
    pub name: Name,
    /// The n-th node.
    pub node: u32,
    /// Zone of the node.
    pub zone: Option<Name>,
    /// Port by name of the Service's port; the empty name is that of a single port.
    pub ports: Arc<Vec<(Name, i32)>>,
}

impl Target {
    /// The number of the port of this name.
    pub fn port(&self, name: &str) -> Option<i32> {
        self.ports.iter().find(|(own, _)| own == name).map(|(_, number)| *number)
    }
}

/// What a proxy knows of one Service.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The Service; `None` when it is not there.
    pub service: Option<Arc<Service>>,
    /// Endpoints that should get traffic.
    pub ready: Vec<Arc<Target>>,
    /// Endpoints that are being terminated and still serve.
    pub leaving: Vec<Arc<Target>>,
}

impl Rules {
    fn new(
        service: Option<Arc<Service>>,
        slices: &BTreeMap<Name, Arc<EndpointSlice>>,
        nodes: Nodes<'_>,
    ) -> Self {
        let mut rules = Self { service, ..Self::default() };
        for slice in slices.values() {
            let ports = slice
                .ports
                .iter()
                .filter_map(|port| Some((port.name.clone().unwrap_or_default(), port.port?)));
            let ports = Arc::new(ports.collect::<Vec<_>>());
            for endpoint in slice.endpoints.iter() {
                let Some(pod) = &endpoint.target_ref else { continue };
                let Some(node) = endpoint.node_name.as_ref().and_then(|node| nodes(node)) else { continue };
                let conditions = endpoint.conditions;
                let list = if conditions.ready {
                    &mut rules.ready
                } else if conditions.serving && conditions.terminating {
                    &mut rules.leaving
                } else {
                    continue;
                };
                list.push(Arc::new(Target {
                    pod: pod.uid,
                    namespace: pod.namespace.clone(),
                    name: pod.name.clone(),
                    node,
                    zone: endpoint.zone.clone(),
                    ports: ports.clone(),
                }));
            }
        }
        rules
    }
}

/// The number of a node, by name.
pub type Nodes<'a> = &'a dyn Fn(&str) -> Option<u32>;

/// One Service over time.
#[derive(Clone, Debug, Default)]
struct History {
    /// The record that last changed whether it has ready endpoints; 0 = nothing did.
    changed: u64,
    service: Option<Arc<Service>>,
    slices: BTreeMap<Name, Arc<EndpointSlice>>,
    /// Number of the change that made it, and what it made; oldest first.
    versions: VecDeque<(u32, Arc<Rules>)>,
}

impl History {
    fn ready_endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        let endpoints = self.slices.values().flat_map(|slice| slice.endpoints.iter());
        endpoints.filter(|endpoint| endpoint.conditions.ready)
    }

    fn is_ready(&self) -> bool {
        self.ready_endpoints().next().is_some()
    }
}

/// Every Service, with the versions that a proxy may still have.
#[derive(Clone, Debug, Default)]
pub struct ServiceTable {
    services: BTreeMap<(Name, Name), History>,
    /// When change number n (from 1) was delivered.
    delivered: Vec<SimTime>,
    /// Whether proxies look at it: without traffic nobody does.
    pub is_used: bool,
    /// Versions of proxies that are cut off, which keep what they have.
    pins: BTreeMap<u32, u32>,
}

impl ServiceTable {
    /// Takes in a change of a Service or an EndpointSlice that is delivered at `now`; others are ignored. `lag` is how
    /// long a proxy that is not cut off takes at most to have it in force.
    pub fn apply(&mut self, commit: &Commit, now: SimTime, lag: SimDuration, nodes: Nodes<'_>) {
        let key = match &commit.new {
            Object::Service(service) => (service.metadata.namespace.clone(), service.metadata.name.clone()),
            Object::EndpointSlice(slice) => {
                let Some(service) = slice.metadata.labels.get(SERVICE_NAME) else { return };
                (slice.metadata.namespace.clone(), service.clone())
            }
            _ => return,
        };
        let gone = commit.op == Op::Deleted;
        let history = self.services.entry(key).or_default();
        let was_ready = history.is_ready();
        match &commit.new {
            Object::Service(service) => history.service = (!gone).then(|| service.clone()),
            Object::EndpointSlice(slice) if gone => drop(history.slices.remove(&slice.metadata.name)),
            Object::EndpointSlice(slice) => {
                history.slices.insert(slice.metadata.name.clone(), slice.clone());
            }
            _ => {}
        }
        if was_ready != history.is_ready() {
            history.changed = commit.record;
        }
        if !self.is_used {
            return;
        }
        self.delivered.push(now);
        let version = self.delivered.len() as u32;
        let rules = Rules::new(history.service.clone(), &history.slices, nodes);
        history.versions.push_back((version, Arc::new(rules)));
        // What was overtaken long ago is in nobody's rules any more, unless somebody is cut off.
        while let [(old, _), (next, _), ..] = *history.versions.make_contiguous() {
            let overtaken = self.delivered[next as usize - 1] + lag < now;
            let pinned = self.pins.range(old..next).next().is_some();
            if !overtaken || pinned {
                break;
            }
            history.versions.pop_front();
        }
    }

    /// When each change was delivered; change n is at index n - 1.
    pub fn delivered(&self) -> &[SimTime] {
        &self.delivered
    }

    /// What the rules said of a Service after the first `version` changes.
    pub fn at(&self, namespace: &Name, service: &Name, version: u32) -> Option<&Arc<Rules>> {
        let versions = &self.services.get(&(namespace.clone(), service.clone()))?.versions;
        let after = versions.partition_point(|(made, _)| *made <= version);
        after.checked_sub(1).map(|index| &versions[index].1)
    }

    /// The newest that is known of a Service: what cluster DNS answers from.
    pub fn newest(&self, namespace: &Name, service: &Name) -> Option<&Arc<Rules>> {
        self.at(namespace, service, u32::MAX)
    }

    /// A proxy that will not hear of changes keeps `version`.
    pub fn pin(&mut self, version: u32) {
        *self.pins.entry(version).or_insert(0) += 1;
    }

    /// The proxy hears of changes again.
    pub fn unpin(&mut self, version: u32) {
        if let Some(count) = self.pins.get_mut(&version) {
            *count -= 1;
            if *count == 0 {
                self.pins.remove(&version);
            }
        }
    }

    /// How many ready endpoints a Service has.
    pub fn ready_endpoints(&self, namespace: &str, service: &str) -> usize {
        let key = (Name::from(namespace), Name::from(service));
        self.services.get(&key).map_or(0, |history| history.ready_endpoints().count())
    }

    /// The record that last changed whether a Service has ready endpoints; 0 when nothing did.
    pub fn last_change(&self, namespace: &str, service: &str) -> u64 {
        let key = (Name::from(namespace), Name::from(service));
        self.services.get(&key).map_or(0, |history| history.changed)
    }
}
