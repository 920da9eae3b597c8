//! The Endpoints object of a Service, which EndpointSlices have replaced: all addresses in one list, 1000 at most.

use std::sync::Arc;

use super::{Scope, Unsettled, Verdict, changed_entries, note, ports_of, target_of};
use crate::api::pod::Pod;
use crate::api::service::{EndpointAddress, EndpointSubset, Endpoints, Service};
use crate::api::{Commit, Kind, Object, ObjectMeta, Op, Request};
use crate::base::{LookupMap, SharedList};
use crate::control::manager::{About, ControllerId, ControllerManager, Desktop};

/// Addresses in an Endpoints object at most.
const ENDPOINTS_SIZE: usize = 1000;

type Addresses = SharedList<Arc<EndpointAddress>>;

/// The addresses of pods that are ready, and of the others; each in the order of the texts.
#[derive(Clone, Default)]
struct Lists([Addresses; 2]);

impl Lists {
    /// The list for pods that are ready, or for those that are not.
    fn of(&mut self, is_ready: bool) -> &mut Addresses {
        &mut self.0[usize::from(!is_ready)]
    }

    fn len(&self) -> usize {
        self.0.iter().map(SharedList::len).sum()
    }

    /// The lists of an object that was written by this controller and holds all addresses.
    fn whole(subsets: &[EndpointSubset]) -> Option<Self> {
        let lists = match subsets {
            [] => Self::default(),
            [one] => Self([one.addresses.clone(), one.not_ready_addresses.clone()]),
            _ => return None,
        };
        (lists.len() < ENDPOINTS_SIZE).then_some(lists)
    }

    /// Puts an address where it belongs; `false` when another pod has the same, for then the order of the pods counts.
    fn insert(&mut self, is_ready: bool, address: Arc<EndpointAddress>) -> bool {
        let list = self.of(is_ready);
        let at = list.partition_point(|other| other.ip <= address.ip);
        let is_alone =
            at.checked_sub(1).and_then(|at| list.get(at)).is_none_or(|other| other.ip != address.ip);
        list.insert(at, address);
        is_alone
    }
}

/// Whether the address of a pod belongs to the ready ones; none when it does not belong here.
fn list_of(service: &Service, pod: &Pod) -> Option<bool> {
    let publish_all = service.spec.publish_not_ready_addresses;
    (publish_all || !pod.metadata.is_terminating()).then(|| publish_all || pod.is_ready())
}

fn is_right(address: &EndpointAddress, pod: &Pod) -> bool {
    Some(&address.ip) == pod.status.pod_ip.as_ref()
        && address.node_name == pod.node_name
        && address.hostname == pod.spec.hostname
}

fn address_of(pod: &Pod) -> EndpointAddress {
    EndpointAddress {
        ip: pod.status.pod_ip.clone().unwrap_or_default(),
        hostname: pod.spec.hostname.clone(),
        node_name: pod.node_name.clone(),
        target_ref: Some(target_of(pod)),
    }
}

impl Desktop<'_, '_> {
    /// Ready and unready addresses, without those that are being deleted.
    pub(in crate::control) fn sync_endpoints(&mut self) {
        let Some(service) = self.service() else { return };
        let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
        let old = self.mirror.objects().get::<Endpoints>(namespace, name).cloned();
        let before = old.as_deref().map_or(&[][..], |old| &old.subsets);
        let subsets = self.subsets(&service, before);
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

    /// What the object should say, from what it says.
    fn subsets(&mut self, service: &Service, old: &[EndpointSubset]) -> Vec<EndpointSubset> {
        let scope = self.take_scope(service);
        let before = Lists::whole(old);
        let after = match &before {
            Some(before) if scope.others.is_some() => patched(service, before, &scope),
            _ => None,
        };
        let mut after = after.unwrap_or_else(|| {
            let scope = if scope.others.is_some() { self.whole_scope(service) } else { scope };
            made(service, old, &scope)
        });
        if let Some(before) = before.filter(|_| after.len() < ENDPOINTS_SIZE) {
            let mut unsettled = Unsettled::new();
            for (before, after) in before.0.iter().zip(&after.0) {
                for address in changed_entries(before, after) {
                    note(&mut unsettled, address.target_ref.as_ref());
                }
            }
            self.desk.unsettled.insert(self.key, unsettled);
        }
        after.of(true).truncate(ENDPOINTS_SIZE);
        let room = ENDPOINTS_SIZE - after.of(true).len();
        after.of(false).truncate(room);
        let Lists([addresses, not_ready_addresses]) = after;
        if addresses.is_empty() && not_ready_addresses.is_empty() {
            return Vec::new();
        }
        vec![EndpointSubset { addresses, not_ready_addresses, ports: ports_of(service, None) }]
    }
}

/// The lists with the entries of the pods in scope made right; `None` when that takes a look at all pods.
fn patched(service: &Service, before: &Lists, scope: &Scope) -> Option<Lists> {
    let mut lists = before.clone();
    let mut found: Vec<Option<Arc<EndpointAddress>>> = vec![None; scope.pods.len()];
    let mut missing = vec![true; scope.pods.len()];
    for is_ready in [true, false] {
        let list = lists.of(is_ready);
        let mut wrong = Vec::new();
        for (at, address) in list.iter().enumerate() {
            match scope.verdict(address.target_ref.as_ref()) {
                Verdict::Keep => {}
                Verdict::Drop => wrong.push(at),
                Verdict::Compare(place) => {
                    let pod = &scope.pods[place];
                    if list_of(service, pod) == Some(is_ready) && is_right(address, pod) {
                        missing[place] = false;
                    } else {
                        found[place] = Some(address.clone());
                        wrong.push(at);
                    }
                }
            }
        }
        wrong.into_iter().rev().for_each(|at| drop(list.remove(at)));
    }
    let missing = scope.pods.iter().zip(found).zip(missing).filter(|(_, missing)| *missing);
    for ((pod, found), _) in missing {
        let Some(is_ready) = list_of(service, pod) else { continue };
        let address =
            found.filter(|address| is_right(address, pod)).unwrap_or_else(|| Arc::new(address_of(pod)));
        if !lists.insert(is_ready, address) {
            return None;
        }
    }
    (lists.len() < ENDPOINTS_SIZE).then_some(lists)
}

/// The lists of all pods in scope, with the addresses of the object before where they are right.
fn made(service: &Service, old: &[EndpointSubset], scope: &Scope) -> Lists {
    let mut known = LookupMap::default();
    for address in old.iter().flat_map(|old| old.addresses.iter().chain(old.not_ready_addresses.iter())) {
        if let Some(target) = &address.target_ref {
            known.insert(target.uid, address.clone());
        }
    }
    let mut lists = Lists::default();
    for pod in &scope.pods {
        let Some(is_ready) = list_of(service, pod) else { continue };
        let known = known.remove(&pod.metadata.uid).filter(|address| is_right(address, pod));
        lists.insert(is_ready, known.unwrap_or_else(|| Arc::new(address_of(pod))));
    }
    lists
}

impl ControllerManager {
    /// A version of an Endpoints object was delivered: what it changed has to be looked at.
    pub(super) fn addresses_written(&mut self, commit: &Commit, new: &Endpoints) {
        let lists = |endpoints: Option<&Endpoints>| Lists::whole(endpoints.map_or(&[], |it| &it.subsets));
        let before = match &commit.old {
            Some(Object::Endpoints(old)) => lists(Some(old)),
            _ => lists(None),
        };
        let after = lists(Some(new).filter(|_| commit.op != Op::Deleted));
        let metadata = &new.metadata;
        let Some((service, _)) =
            self.mirror.objects().find(Kind::Service, &metadata.namespace, &metadata.name)
        else {
            return;
        };
        let changes = before.zip(after).and_then(|(before, after)| {
            let changes: Vec<_> =
                before.0.iter().zip(&after.0).flat_map(|(old, new)| changed_entries(old, new)).collect();
            // Who keeps nothing is not this controller, whose versions share addresses in the right order.
            let keeps_some = changes.len() < before.len() + after.len();
            let notes = changes.into_iter().map(|address| address.target_ref.clone());
            keeps_some.then(|| notes.collect::<Vec<_>>())
        });
        self.written(ControllerId::Endpoints, service.index, changes);
    }
}
