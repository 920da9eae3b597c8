//! EndpointSlices: the addresses behind a Service follow the readiness of its pods.
//!
//! Source: `pkg/controller/endpoint`, `pkg/controller/endpointslice`, v1.34; `spec` control plane 6 and node 9.1.

mod legacy;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::core::{IntOrString, ObjectReference};
use crate::api::pod::Pod;
use crate::api::service::{
    Endpoint, EndpointConditions, EndpointPort, EndpointSlice, SERVICE_NAME, Service, ServicePort,
};
use crate::api::{
    Commit, DeleteOptions, Kind, Object, ObjectId, ObjectMeta, ObjectRef, Op, OwnerReference, Request,
    Selector, Uid,
};
use crate::base::{LookupMap, Name, SharedList};
use crate::component::{Ctx, Mirror};
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};

/// Endpoints in one slice at most (`--max-endpoints-per-slice`).
const SLICE_SIZE: usize = 100;

/// Pods whose entries may not be right: something has changed of the pod, or of an entry of it, since a pass looked at
/// it last. All others need not be looked at, so that a pass costs what has changed and not what there is.
pub(in crate::control) type Unsettled = BTreeMap<Uid, Name>;

/// What a pass over a Service looks at.
struct Scope {
    /// Pods that the Service leads to, in order of creation.
    pods: Vec<Arc<Pod>>,
    /// Their places in the list.
    places: LookupMap<Uid, usize>,
    /// Those looked at that it does not lead to; `None` when these are all that are not in the list.
    others: Option<Unsettled>,
}

/// What a pass does with an entry that it finds.
enum Verdict {
    /// It is right.
    Keep,
    /// It leads nowhere.
    Drop,
    /// It has to be compared with the pod at this place.
    Compare(usize),
}

impl Scope {
    fn new(pods: Vec<Arc<Pod>>, others: Option<Unsettled>) -> Self {
        let mut places = LookupMap::default();
        for (at, pod) in pods.iter().enumerate() {
            places.insert(pod.metadata.uid, at);
        }
        Self { pods, places, others }
    }

    fn verdict(&self, entry: Option<&ObjectReference>) -> Verdict {
        match (entry.and_then(|pod| self.places.get(&pod.uid)), &self.others) {
            (Some(at), _) => Verdict::Compare(*at),
            (None, None) => Verdict::Drop,
            (None, Some(others)) if entry.is_some_and(|pod| others.contains_key(&pod.uid)) => Verdict::Drop,
            (None, Some(_)) => Verdict::Keep,
        }
    }
}

fn has_address(pod: &Pod) -> bool {
    pod.status.pod_ip.is_some() && !pod.status.phase.is_terminal()
}

impl Desktop<'_, '_> {
    fn service(&self) -> Option<Arc<Service>> {
        let service = self.mirror.objects().at::<Service>(self.key)?;
        (!service.spec.selector.is_empty()).then(|| service.clone())
    }

    /// All pods that a Service selects, have an address and have not ended.
    fn whole_scope(&self, service: &Service) -> Scope {
        let selector = Selector::from_labels(&service.spec.selector);
        let mut pods = self.mirror.selected_pods(&service.metadata.namespace, &selector);
        pods.retain(|pod| has_address(pod));
        Scope::new(pods.into_iter().cloned().collect(), None)
    }

    /// The pods that have to be looked at, which from now on counts as done.
    fn take_scope(&mut self, service: &Service) -> Scope {
        let Some(mut unsettled) = self.desk.unsettled.remove(&self.key) else {
            return self.whole_scope(service);
        };
        let objects = self.mirror.objects();
        let mut pods: Vec<(ObjectId, Arc<Pod>)> = Vec::new();
        unsettled.retain(|uid, name| {
            let found = objects.find(Kind::Pod, &service.metadata.namespace, name);
            let Some((id, Object::Pod(pod))) = found else { return true };
            let leads_to = pod.metadata.uid == *uid
                && has_address(pod)
                && service.spec.selector.is_subset_of(&pod.metadata.labels);
            if leads_to {
                pods.push((id, pod.clone()));
            }
            !leads_to
        });
        pods.sort_unstable_by_key(|(id, _)| *id);
        Scope::new(pods.into_iter().map(|(_, pod)| pod).collect(), Some(unsettled))
    }

    /// Slices of at most 100 endpoints; as few as possible are touched.
    pub(in crate::control) fn sync_endpoint_slices(&mut self) {
        let Some(service) = self.service() else { return };
        let scope = self.take_scope(&service);
        let ports = self.ports_by_first_pod(&service);
        let old: Vec<Arc<EndpointSlice>> = self.mirror.slices_of(&service).cloned().collect();
        let mut missing = vec![true; scope.pods.len()];
        let mut changed: Vec<SharedList<Arc<Endpoint>>> =
            old.iter().map(|slice| self.kept(&service, slice, &scope, &mut missing)).collect();
        let missing = scope.pods.iter().zip(missing).filter(|(_, missing)| *missing);
        let mut missing: Vec<Arc<Endpoint>> =
            missing.map(|(pod, _)| Arc::new(self.endpoint_of(&service, pod))).collect();
        for endpoints in &mut changed {
            let room = SLICE_SIZE.saturating_sub(endpoints.len()).min(missing.len());
            missing.drain(..room).for_each(|endpoint| endpoints.push(endpoint));
        }
        let mut unsettled = Unsettled::new();
        let touched = old.iter().zip(&changed).flat_map(|(old, new)| changed_entries(&old.endpoints, new));
        for endpoint in touched.chain(&missing) {
            note(&mut unsettled, endpoint.target_ref.as_ref());
        }
        self.desk.unsettled.insert(self.key, unsettled);
        self.write_slices(&service, &old, changed, &missing, &ports);
    }

    /// What an existing slice holds stays there, with its present conditions.
    fn kept(
        &self,
        service: &Service,
        slice: &EndpointSlice,
        scope: &Scope,
        missing: &mut [bool],
    ) -> SharedList<Arc<Endpoint>> {
        let mut edits = Vec::new();
        for (at, before) in slice.endpoints.iter().enumerate() {
            match scope.verdict(before.target_ref.as_ref()) {
                Verdict::Keep => {}
                Verdict::Compare(pod) if std::mem::take(&mut missing[pod]) => {
                    let again = self.endpoint_again(service, &scope.pods[pod], before);
                    if !Arc::ptr_eq(&again, before) {
                        edits.push((at, Some(again)));
                    }
                }
                Verdict::Drop | Verdict::Compare(_) => edits.push((at, None)),
            }
        }
        let mut endpoints = slice.endpoints.clone();
        for (at, edit) in edits.into_iter().rev() {
            match edit {
                Some(endpoint) => endpoints.replace(at, endpoint),
                None => drop(endpoints.remove(at)),
            }
        }
        endpoints
    }

    /// The ports of a Service; the oldest pod says what a name stands for.
    fn ports_by_first_pod(&self, service: &Service) -> Vec<EndpointPort> {
        let by_name = |port: &ServicePort| matches!(port.target_port, Some(IntOrString::Text(_)));
        if !service.spec.ports.iter().any(by_name) {
            return ports_of(service, None);
        }
        let selector = Selector::from_labels(&service.spec.selector);
        let first = self.mirror.first_selected_pod(&service.metadata.namespace, &selector, has_address);
        ports_of(service, first.map(Arc::as_ref))
    }

    fn write_slices(
        &mut self,
        service: &Arc<Service>,
        old: &[Arc<EndpointSlice>],
        changed: Vec<SharedList<Arc<Endpoint>>>,
        missing: &[Arc<Endpoint>],
        ports: &[EndpointPort],
    ) {
        let several = old.len() > 1;
        for (before, endpoints) in old.iter().zip(changed) {
            if endpoints == before.endpoints && ports == before.ports {
                continue;
            }
            let EndpointSlice { metadata, address_type, .. } = before.as_ref();
            if endpoints.is_empty() && several {
                let target = ObjectRef {
                    kind: Kind::EndpointSlice,
                    namespace: metadata.namespace.clone(),
                    name: metadata.name.clone(),
                };
                self.submit(Request::Delete { target, options: DeleteOptions::default() }, About::Anything);
            } else {
                let after = EndpointSlice {
                    metadata: metadata.clone(),
                    address_type: address_type.clone(),
                    endpoints,
                    ports: ports.to_vec(),
                };
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
                endpoints: chunk.iter().cloned().collect(),
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
    let pod = pod.filter(|pod| has_address(pod))?;
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

/// The entries that are in one of two versions of a list only.
fn changed_entries<'a, T>(
    old: &'a SharedList<Arc<T>>,
    new: &'a SharedList<Arc<T>>,
) -> impl Iterator<Item = &'a Arc<T>> {
    let (gone, come) = old.changes(new);
    gone.into_iter().chain(come)
}

/// Notes the pod of an entry.
fn note(unsettled: &mut Unsettled, pod: Option<&ObjectReference>) {
    if let Some(pod) = pod {
        unsettled.insert(pod.uid, pod.name.clone());
    }
}

impl ControllerManager {
    /// Something changed that endpoints depend on, or they themselves.
    pub(in crate::control) fn endpoints_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        match &commit.new {
            Object::Pod(new) => self.pod_of_endpoints_changed(ctx, commit, new),
            Object::Service(_) => {
                for id in [ControllerId::Endpoints, ControllerId::EndpointSlice] {
                    self.desks[id as usize].unsettled.remove(&commit.id.index);
                }
            }
            Object::Endpoints(new) => self.addresses_written(commit, new),
            Object::EndpointSlice(new) => self.slice_written(commit, new),
            Object::Node(_) if Mirror::changes_zone(commit) => {
                self.desks[ControllerId::EndpointSlice as usize].unsettled.clear();
            }
            _ => {}
        }
    }

    /// A pod changed: Services that select it now or did before look at it.
    fn pod_of_endpoints_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
        new: &Arc<Pod>,
    ) {
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
            for id in [ControllerId::Endpoints, ControllerId::EndpointSlice] {
                if let Some(unsettled) = self.desks[id as usize].unsettled.get_mut(&key) {
                    unsettled.insert(new.metadata.uid, new.metadata.name.clone());
                }
                self.enqueue(ctx, id, key);
            }
        }
    }

    /// A version of a slice was delivered: what it changed has to be looked at.
    fn slice_written(&mut self, commit: &Commit, new: &EndpointSlice) {
        let old = match &commit.old {
            Some(Object::EndpointSlice(old)) => Some(old.as_ref()),
            _ => None,
        };
        let new = Some(new).filter(|_| commit.op != Op::Deleted);
        let endpoints =
            |slice: Option<&EndpointSlice>| slice.map(|slice| slice.endpoints.clone()).unwrap_or_default();
        let (before, after) = (endpoints(old), endpoints(new));
        let changes: Vec<_> = changed_entries(&before, &after).collect();
        // Who keeps nothing may be anybody, who writes whatever he likes.
        let keeps_some = changes.len() < before.len() + after.len();
        let changes: Option<Vec<_>> =
            keeps_some.then(|| changes.into_iter().map(|endpoint| endpoint.target_ref.clone()).collect());
        for slice in [old, new].into_iter().flatten() {
            let metadata = &slice.metadata;
            let Some(service) = metadata.labels.get(SERVICE_NAME) else { continue };
            if let Some((id, _)) = self.mirror.objects().find(Kind::Service, &metadata.namespace, service) {
                self.written(ControllerId::EndpointSlice, id.index, changes.clone());
            }
        }
    }

    /// Entries of a Service for these pods were written, or any entries.
    fn written(
        &mut self,
        controller: ControllerId,
        service: u32,
        pods: Option<Vec<Option<ObjectReference>>>,
    ) {
        let services = &mut self.desks[controller as usize].unsettled;
        match pods.map(|pods| pods.into_iter().collect::<Option<Vec<_>>>()) {
            Some(Some(pods)) => {
                if let Some(unsettled) = services.get_mut(&service) {
                    for pod in &pods {
                        note(unsettled, Some(pod));
                    }
                }
            }
            // Also entries that are for no pod.
            Some(None) | None => drop(services.remove(&service)),
        }
    }
}
