//! Endpoints and EndpointSlices: the addresses behind a Service follow the readiness of its pods.
//!
//! Source: `pkg/controller/endpoint`, `pkg/controller/endpointslice`, v1.34; `spec` control plane 6 and node 9.1.

use std::sync::Arc;

use crate::api::core::{IntOrString, ObjectReference};
use crate::api::pod::Pod;
use crate::api::service::{
    Endpoint, EndpointAddress, EndpointConditions, EndpointPort, EndpointSlice, EndpointSubset, Endpoints,
    SERVICE_NAME, Service,
};
use crate::api::{
    Commit, DeleteOptions, Kind, Object, ObjectMeta, ObjectRef, Op, OwnerReference, Request, Selector, Uid,
};
use crate::base::{LookupMap, Name};
use crate::component::Ctx;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};

/// Endpoints in one slice at most (`--max-endpoints-per-slice`).
const SLICE_SIZE: usize = 100;
/// Addresses in an Endpoints object at most.
const ENDPOINTS_SIZE: usize = 1000;

impl Desktop<'_, '_> {
    fn service(&self) -> Option<Arc<Service>> {
        self.mirror.objects().at::<Service>(self.key).cloned()
    }

    /// Pods that a Service selects, have an address and have not ended.
    fn selected_pods(&self, service: &Service) -> Vec<&Arc<Pod>> {
        let selector = Selector::from_labels(&service.spec.selector);
        let mut pods = self.mirror.selected_pods(&service.metadata.namespace, &selector);
        pods.retain(|pod| pod.status.pod_ip.is_some() && !pod.status.phase.is_terminal());
        pods
    }

    /// The legacy object: ready and unready addresses, without those that are being deleted.
    pub(in crate::control) fn sync_endpoints(&mut self) {
        let Some(service) = self.service() else { return };
        if service.spec.selector.is_empty() {
            return;
        }
        let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
        let old = self.mirror.objects().get::<Endpoints>(namespace, name).cloned();
        let mut known = Known::of(old.as_deref().map_or(&[], |old| &old.subsets));
        let publish_all = service.spec.publish_not_ready_addresses;
        let (mut ready, mut not_ready) = (Vec::new(), Vec::new());
        for pod in self.selected_pods(&service) {
            if pod.metadata.is_terminating() && !publish_all {
                continue;
            }
            let list = if pod.is_ready() || publish_all { &mut ready } else { &mut not_ready };
            list.push(known.address_of(pod));
        }
        let by_ip = |address: &Arc<EndpointAddress>| sort_key(&address.ip);
        ready.sort_by_cached_key(by_ip);
        not_ready.sort_by_cached_key(by_ip);
        ready.truncate(ENDPOINTS_SIZE);
        not_ready.truncate(ENDPOINTS_SIZE.saturating_sub(ready.len()));
        let empty = ready.is_empty() && not_ready.is_empty();
        let subset = EndpointSubset {
            addresses: ready,
            not_ready_addresses: not_ready,
            ports: ports_of(&service, None),
        };
        let subsets = if empty { Vec::new() } else { vec![subset] };
        match old {
            None => {
                let metadata = ObjectMeta {
                    name: name.clone(),
                    namespace: namespace.clone(),
                    labels: service.metadata.labels.clone(),
                    ..ObjectMeta::default()
                };
                self.submit(Request::Create(Endpoints { metadata, subsets }.into()), About::Anything);
            }
            Some(old) if old.subsets != subsets => {
                let changed = Endpoints { subsets, metadata: old.metadata.clone() };
                self.submit(Request::Update(changed.into()), About::Anything);
            }
            Some(_) => {}
        }
    }

    /// Slices of at most 100 endpoints; as few as possible are touched.
    pub(in crate::control) fn sync_endpoint_slices(&mut self) {
        let Some(service) = self.service() else { return };
        if service.spec.selector.is_empty() {
            return;
        }
        let pods = self.selected_pods(&service);
        let mut place: LookupMap<Uid, usize> = LookupMap::default();
        for (at, pod) in pods.iter().enumerate() {
            place.insert(pod.metadata.uid, at);
        }
        let ports = ports_of(&service, pods.first().map(|pod| pod.as_ref()));
        let old: Vec<Arc<EndpointSlice>> = self.mirror.slices_of(&service).cloned().collect();
        let mut missing = vec![true; pods.len()];
        let mut changed: Vec<EndpointSlice> = Vec::new();
        for slice in &old {
            // What an existing slice holds stays there, with its present conditions.
            let mut kept = Vec::with_capacity(slice.endpoints.len());
            for before in &slice.endpoints {
                let Some(at) = before.target_ref.as_ref().and_then(|target| place.get(&target.uid)) else {
                    continue;
                };
                if std::mem::take(&mut missing[*at]) {
                    kept.push(self.endpoint_again(&service, pods[*at], before));
                }
            }
            let ports = if kept.is_empty() { slice.ports.clone() } else { ports.clone() };
            changed.push(EndpointSlice {
                metadata: slice.metadata.clone(),
                address_type: slice.address_type.clone(),
                endpoints: kept,
                ports,
            });
        }
        let missing = pods.iter().zip(missing).filter(|(_, missing)| *missing);
        let mut missing: Vec<Arc<Endpoint>> =
            missing.map(|(pod, _)| Arc::new(self.endpoint_of(&service, pod))).collect();
        for slice in &mut changed {
            let room = SLICE_SIZE.saturating_sub(slice.endpoints.len()).min(missing.len());
            slice.endpoints.extend(missing.drain(..room));
            slice.ports.clone_from(&ports);
        }
        self.write_slices(&service, &old, changed, &missing, &ports);
    }

    fn write_slices(
        &mut self,
        service: &Arc<Service>,
        old: &[Arc<EndpointSlice>],
        changed: Vec<EndpointSlice>,
        missing: &[Arc<Endpoint>],
        ports: &[EndpointPort],
    ) {
        let several = old.len() > 1;
        for (before, after) in old.iter().zip(changed) {
            if after == **before {
                continue;
            }
            if after.endpoints.is_empty() && several {
                let target = ObjectRef {
                    kind: Kind::EndpointSlice,
                    namespace: after.metadata.namespace.clone(),
                    name: after.metadata.name.clone(),
                };
                self.submit(Request::Delete { target, options: DeleteOptions::default() }, About::Anything);
            } else {
                self.submit(Request::Update(after.into()), About::Anything);
            }
        }
        let chunks: Vec<&[Arc<Endpoint>]> = if old.is_empty() && missing.is_empty() {
            vec![&[]]
        } else {
            missing.chunks(SLICE_SIZE).collect()
        };
        for chunk in chunks {
            let owner = OwnerReference {
                api_version: "v1".into(),
                kind: "Service".into(),
                name: service.metadata.name.clone(),
                uid: service.metadata.uid,
                controller: Some(true),
                block_owner_deletion: Some(true),
            };
            let slice = EndpointSlice {
                metadata: ObjectMeta {
                    generate_name: Some(format!("{}-", service.metadata.name).into()),
                    namespace: service.metadata.namespace.clone(),
                    labels: [
                        (SERVICE_NAME, service.metadata.name.as_str()),
                        ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"),
                    ]
                    .into_iter()
                    .collect(),
                    owner_references: vec![owner],
                    ..ObjectMeta::default()
                },
                address_type: "IPv4".into(),
                endpoints: chunk.to_vec(),
                ports: ports.to_vec(),
            };
            self.submit(Request::Create(slice.into()), About::Anything);
        }
    }

    /// The endpoint of a pod: `before`, if that is still right.
    fn endpoint_again(&self, service: &Service, pod: &Pod, before: &Arc<Endpoint>) -> Arc<Endpoint> {
        let is_right = before.addresses.first() == pod.status.pod_ip.as_ref()
            && before.conditions == conditions_of(service, pod)
            && before.node_name == pod.node_name
            && before.zone.as_ref() == self.zone_of(pod)
            && before.hostname == pod.spec.hostname;
        if is_right { before.clone() } else { Arc::new(self.endpoint_of(service, pod)) }
    }

    fn zone_of(&self, pod: &Pod) -> Option<&Name> {
        self.mirror.zone_of(pod.node_name.as_ref()?)
    }

    fn endpoint_of(&self, service: &Service, pod: &Pod) -> Endpoint {
        Endpoint {
            addresses: pod.status.pod_ip.iter().cloned().collect(),
            conditions: conditions_of(service, pod),
            hostname: pod.spec.hostname.clone(),
            target_ref: Some(target_of(pod)),
            node_name: pod.node_name.clone(),
            zone: self.zone_of(pod).cloned(),
            hints: None,
        }
    }
}

/// All that endpoints say of a pod, as `podEndpointsChanged` compares it; `None` when it can be no endpoint.
fn endpoint_facts(pod: Option<&Arc<Pod>>) -> Option<impl PartialEq> {
    let pod = pod.filter(|pod| pod.status.pod_ip.is_some() && !pod.status.phase.is_terminal())?;
    let Pod { metadata, spec, node_name, status } = pod.as_ref();
    let (terminating, ready) = (metadata.is_terminating(), pod.is_ready());
    Some((&metadata.labels, terminating, ready, &status.pod_ip, node_name, &spec.hostname))
}

fn conditions_of(service: &Service, pod: &Pod) -> EndpointConditions {
    let terminating = pod.metadata.is_terminating();
    let serving = pod.is_ready();
    let ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
    EndpointConditions { ready, serving, terminating }
}

fn target_of(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Name::word("Pod"),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid,
        ..ObjectReference::default()
    }
}

/// The addresses of an Endpoints object by pod, to be used again.
struct Known(LookupMap<Uid, Arc<EndpointAddress>>);

impl Known {
    fn of(subsets: &[EndpointSubset]) -> Self {
        let mut known = LookupMap::default();
        for address in
            subsets.iter().flat_map(|subset| subset.addresses.iter().chain(&subset.not_ready_addresses))
        {
            if let Some(target) = &address.target_ref {
                known.insert(target.uid, address.clone());
            }
        }
        Self(known)
    }

    fn address_of(&mut self, pod: &Pod) -> Arc<EndpointAddress> {
        let ip = pod.status.pod_ip.clone().unwrap_or_default();
        match self.0.remove(&pod.metadata.uid) {
            Some(known)
                if known.ip == ip
                    && known.node_name == pod.node_name
                    && known.hostname == pod.spec.hostname =>
            {
                known
            }
            _ => Arc::new(EndpointAddress {
                ip,
                hostname: pod.spec.hostname.clone(),
                node_name: pod.node_name.clone(),
                target_ref: Some(target_of(pod)),
            }),
        }
    }
}

/// Orders as the text does; an IPv4 address fits into the number, so that comparing it is enough.
fn sort_key(ip: &Name) -> (u128, Name) {
    let mut first = [0; 16];
    let length = ip.len().min(first.len());
    first[..length].copy_from_slice(&ip.as_bytes()[..length]);
    (u128::from_be_bytes(first), ip.clone())
}

/// The ports behind a Service; a named target port is looked up in a pod.
fn ports_of(service: &Service, pod: Option<&Pod>) -> Vec<EndpointPort> {
    service
        .spec
        .ports
        .iter()
        .map(|port| {
            let number = match &port.target_port {
                None => Some(port.port),
                Some(IntOrString::Int(number)) => Some(*number),
                Some(IntOrString::Text(name)) => pod.and_then(|pod| {
                    let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
                    ports.into_iter().find(|p| p.name.as_ref() == Some(name)).map(|p| p.container_port)
                }),
            };
            EndpointPort {
                name: port.name.clone(),
                port: number,
                protocol: port.protocol.clone(),
                app_protocol: port.app_protocol.clone(),
            }
        })
        .collect()
}

impl ControllerManager {
    /// A pod changed: Services that select it now or did before look at it.
    pub(in crate::control) fn endpoints_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let Object::Pod(new) = &commit.new else { return };
        let old = match &commit.old {
            Some(Object::Pod(old)) => Some(old),
            _ => None,
        };
        let after = (commit.op != Op::Deleted).then_some(new);
        if endpoint_facts(old) == endpoint_facts(after) {
            return;
        }
        let keys: Vec<u32> = self
            .mirror
            .services_in(&new.metadata.namespace)
            .filter(|(_, service)| !service.spec.selector.is_empty())
            .filter(|(_, service)| {
                let selects = |labels| service.spec.selector.is_subset_of(labels);
                selects(&new.metadata.labels) || old.is_some_and(|old| selects(&old.metadata.labels))
            })
            .map(|(index, _)| index)
            .collect();
        for key in keys {
            self.enqueue(ctx, ControllerId::Endpoints, key);
            self.enqueue(ctx, ControllerId::EndpointSlice, key);
        }
    }
}
