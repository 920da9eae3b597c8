//! Endpoints and EndpointSlices: the addresses behind a Service follow the readiness of its pods.
//!
//! Source: `pkg/controller/endpoint`, `pkg/controller/endpointslice`, v1.34; `spec` control plane 6 and node 9.1.

use std::sync::Arc;

use crate::api::core::{IntOrString, ObjectReference};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::service::{
    Endpoint, EndpointAddress, EndpointConditions, EndpointPort, EndpointSlice, EndpointSubset, Endpoints,
    Service,
};
use crate::api::{
    Commit, DeleteOptions, Kind, Object, ObjectMeta, ObjectRef, OwnerReference, Request, Selector,
};
use crate::base::Name;
use crate::component::Ctx;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};

/// Label with the name of the Service that a slice belongs to.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Endpoints in one slice at most (`--max-endpoints-per-slice`).
const SLICE_SIZE: usize = 100;
/// Addresses in an Endpoints object at most.
const ENDPOINTS_SIZE: usize = 1000;

impl Desktop<'_, '_> {
    fn service(&self) -> Option<Arc<Service>> {
        self.mirror.objects().at::<Service>(self.key).cloned()
    }

    /// Pods that a Service selects, have an address and have not ended.
    fn selected_pods(&self, service: &Service) -> Vec<Arc<Pod>> {
        let selector = Selector::from_labels(&service.spec.selector);
        self.mirror
            .pods_in_namespace(&service.metadata.namespace)
            .map(|(_, pod)| pod)
            .filter(|pod| selector.matches(&pod.metadata.labels))
            .filter(|pod| pod.status.pod_ip.is_some() && !pod.status.phase.is_terminal())
            .cloned()
            .collect()
    }

    /// The legacy object: ready and unready addresses, without those that are being deleted.
    pub(in crate::control) fn sync_endpoints(&mut self) {
        let Some(service) = self.service() else { return };
        if service.spec.selector.is_empty() {
            return;
        }
        let publish_all = service.spec.publish_not_ready_addresses;
        let (mut ready, mut not_ready) = (Vec::new(), Vec::new());
        for pod in self.selected_pods(&service) {
            if pod.metadata.is_terminating() && !publish_all {
                continue;
            }
            let list = if pod.is_ready() || publish_all { &mut ready } else { &mut not_ready };
            list.push(address_of(&pod));
        }
        let by_ip = |a: &EndpointAddress, b: &EndpointAddress| a.ip.cmp(&b.ip);
        ready.sort_by(by_ip);
        not_ready.sort_by(by_ip);
        ready.truncate(ENDPOINTS_SIZE);
        not_ready.truncate(ENDPOINTS_SIZE.saturating_sub(ready.len()));
        let empty = ready.is_empty() && not_ready.is_empty();
        let subset = EndpointSubset {
            addresses: ready,
            not_ready_addresses: not_ready,
            ports: ports_of(&service, None),
        };
        let subsets = if empty { Vec::new() } else { vec![subset] };
        let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
        match self.mirror.objects().get::<Endpoints>(namespace, name) {
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
                let changed = Endpoints { subsets, ..old.as_ref().clone() };
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
        let mut missing: Vec<Endpoint> =
            self.selected_pods(&service).iter().map(|pod| self.endpoint_of(&service, pod)).collect();
        let old: Vec<Arc<EndpointSlice>> = self
            .mirror
            .objects()
            .iter::<EndpointSlice>()
            .map(|(_, slice)| slice.clone())
            .filter(|slice| {
                slice.metadata.namespace == service.metadata.namespace
                    && slice.metadata.labels.get(SERVICE_NAME) == Some(&service.metadata.name)
            })
            .collect();
        let first = self.selected_pods(&service).first().cloned();
        let ports = ports_of(&service, first.as_deref());
        let mut changed: Vec<EndpointSlice> = Vec::new();
        for slice in &old {
            // What an existing slice holds stays there, with its present conditions.
            let kept: Vec<Endpoint> = slice
                .endpoints
                .iter()
                .filter_map(|before| {
                    let at = missing.iter().position(|endpoint| endpoint.target_ref == before.target_ref)?;
                    Some(missing.remove(at))
                })
                .collect();
            let ports = if kept.is_empty() { slice.ports.clone() } else { ports.clone() };
            changed.push(EndpointSlice { endpoints: kept, ports, ..slice.as_ref().clone() });
        }
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
        missing: &[Endpoint],
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
        let chunks: Vec<&[Endpoint]> = if old.is_empty() && missing.is_empty() {
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

    fn endpoint_of(&self, service: &Service, pod: &Pod) -> Endpoint {
        let terminating = pod.metadata.is_terminating();
        let serving = pod.is_ready();
        let ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
        let zone = pod.node_name.as_ref().and_then(|node| {
            let node = self.mirror.objects().get::<Node>(&Name::default(), node)?;
            node.metadata.labels.get("topology.kubernetes.io/zone").cloned()
        });
        Endpoint {
            addresses: pod.status.pod_ip.iter().cloned().collect(),
            conditions: EndpointConditions { ready, serving, terminating },
            hostname: pod.spec.hostname.clone(),
            target_ref: Some(target_of(pod)),
            node_name: pod.node_name.clone(),
            zone,
            hints: None,
        }
    }
}

fn target_of(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: "Pod".into(),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid,
        ..ObjectReference::default()
    }
}

fn address_of(pod: &Pod) -> EndpointAddress {
    EndpointAddress {
        ip: pod.status.pod_ip.clone().unwrap_or_default(),
        hostname: pod.spec.hostname.clone(),
        node_name: pod.node_name.clone(),
        target_ref: Some(target_of(pod)),
    }
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
        let keys: Vec<u32> = self
            .mirror
            .objects()
            .iter::<Service>()
            .filter(|(_, service)| service.metadata.namespace == new.metadata.namespace)
            .filter(|(_, service)| !service.spec.selector.is_empty())
            .filter(|(_, service)| {
                let selector = Selector::from_labels(&service.spec.selector);
                selector.matches(&new.metadata.labels)
                    || old.is_some_and(|old| selector.matches(&old.metadata.labels))
            })
            .map(|(index, _)| index)
            .collect();
        for key in keys {
            self.enqueue(ctx, ControllerId::Endpoints, key);
            self.enqueue(ctx, ControllerId::EndpointSlice, key);
        }
    }
}
