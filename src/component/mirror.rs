//! A component's own copy of the cluster: what its watches have delivered so far, with the indices it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::groups::{Crowd, LabelGroups};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::service::{EndpointSlice, SERVICE_NAME, Service};
use crate::api::{Commit, Kind, Object, Objects, Op, Selector, Uid};
use crate::base::{LookupMap, Name};

/// Label with the zone of a node.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// Everything delivered to a component.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    objects: Objects,
    by_controller: LookupMap<Uid, Crowd>,
    by_node: LookupMap<Name, BTreeSet<u32>>,
    by_namespace: LookupMap<Name, BTreeSet<u32>>,
    by_labels: LookupMap<Name, LabelGroups>,
    orphans: LookupMap<Name, BTreeSet<u32>>,
    services: LookupMap<Name, BTreeSet<u32>>,
    /// By namespace and Service.
    slices: LookupMap<(Name, Name), BTreeSet<u32>>,
    /// Zones of nodes that are in one.
    zones: LookupMap<Name, Name>,
}

impl Mirror {
    /// A copy of the store as it is now: what a fresh list returns.
    pub fn of(objects: &Objects) -> Self {
        let mut mirror = Self { objects: objects.clone(), ..Self::default() };
        for (index, pod) in objects.iter::<Pod>() {
            mirror.index(index, pod);
        }
        for (_, node) in objects.iter::<Node>() {
            mirror.note_zone(node, true);
        }
        for kind in [Kind::Service, Kind::EndpointSlice] {
            for (index, object) in objects.of(kind).iter() {
                mirror.index_service(index, object, true);
            }
        }
        mirror
    }

    /// The objects delivered.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Takes in a commit.
    pub fn apply(&mut self, commit: &Commit) {
        let index = commit.id.index;
        let old = commit.old.as_ref();
        let new = (commit.op != Op::Deleted).then_some(&commit.new);
        match commit.id.kind {
            Kind::Pod => match (old, new) {
                (Some(Object::Pod(old)), Some(Object::Pod(new))) if has_same_place(old, new) => {
                    if let Some(owner) = new.metadata.controller() {
                        let crowd = self.by_controller.entry_or_default(owner.uid);
                        crowd.count(new, 1);
                        crowd.count(old, -1);
                    }
                }
                (old, new) => {
                    if let Some(Object::Pod(old)) = old {
                        self.unindex(index, old);
                    }
                    if let Some(Object::Pod(new)) = new {
                        self.index(index, new);
                    }
                }
            },
            Kind::Node => {
                if let Object::Node(node) = &commit.new {
                    self.note_zone(node, commit.op != Op::Deleted);
                }
            }
            Kind::Service | Kind::EndpointSlice => {
                if let Some(old) = old {
                    self.index_service(index, old, false);
                }
                if let Some(new) = new {
                    self.index_service(index, new, true);
                }
            }
            _ => {}
        }
        self.objects.apply(commit);
    }

    fn index(&mut self, index: u32, pod: &Pod) {
        let namespace = &pod.metadata.namespace;
        if let Some(owner) = pod.metadata.controller() {
            self.by_controller.entry_or_default(owner.uid).insert(index, pod);
        } else {
            self.orphans.entry_or_default(namespace.clone()).insert(index);
        }
        if let Some(node) = &pod.node_name {
            self.by_node.entry_or_default(node.clone()).insert(index);
        }
        self.by_namespace.entry_or_default(namespace.clone()).insert(index);
        self.by_labels.entry_or_default(namespace.clone()).insert(&pod.metadata.labels, index);
    }

    fn unindex(&mut self, index: u32, pod: &Pod) {
        let namespace = &pod.metadata.namespace;
        if let Some(owner) = pod.metadata.controller() {
            if let Some(crowd) = self.by_controller.get_mut(&owner.uid) {
                crowd.remove(index, pod);
                if crowd.members.is_empty() {
                    self.by_controller.remove(&owner.uid);
                }
            }
        } else {
            forget(&mut self.orphans, namespace, index);
        }
        if let Some(node) = &pod.node_name {
            forget(&mut self.by_node, node, index);
        }
        forget(&mut self.by_namespace, namespace, index);
        if let Some(groups) = self.by_labels.get_mut(namespace) {
            groups.remove(&pod.metadata.labels, index);
        }
    }

    /// Adds or removes a Service or one of its slices.
    fn index_service(&mut self, index: u32, object: &Object, there: bool) {
        let namespace = object.metadata().namespace.clone();
        if let Object::EndpointSlice(slice) = object {
            let Some(service) = slice.metadata.labels.get(SERVICE_NAME) else { return };
            put(&mut self.slices, (namespace, service.clone()), index, there);
        } else {
            put(&mut self.services, namespace, index, there);
        }
    }

    fn note_zone(&mut self, node: &Node, there: bool) {
        let name = &node.metadata.name;
        match node.metadata.labels.get(ZONE_LABEL).filter(|_| there) {
            Some(zone) => self.zones.insert(name.clone(), zone.clone()),
            None => self.zones.remove(name),
        };
    }

    /// The zone of a node.
    pub fn zone_of(&self, node: &Name) -> Option<&Name> {
        self.zones.get(node)
    }

    /// Whether a commit brings a node into another zone than it was in.
    pub fn changes_zone(commit: &Commit) -> bool {
        let zone = |object: &Object| object.metadata().labels.get(ZONE_LABEL).cloned();
        let before = commit.old.as_ref().and_then(zone);
        commit.id.kind == Kind::Node && (commit.op == Op::Deleted || before != zone(&commit.new))
    }

    /// Pods whose managing controller has this identity, in order of creation.
    pub fn pods_of(&self, controller: Uid) -> impl Iterator<Item = (u32, &Arc<Pod>)> {
        self.pods_in(self.by_controller.get(&controller).map(|crowd| &crowd.members))
    }

    /// The pods of a controller, counted; `None` when it has none.
    pub fn crowd_of(&self, controller: Uid) -> Option<&Crowd> {
        self.by_controller.get(&controller)
    }

    /// Pods of a namespace that have no controller, in order of creation.
    pub fn orphans_in(&self, namespace: &str) -> impl Iterator<Item = (u32, &Arc<Pod>)> {
        self.pods_in(self.orphans.get(namespace))
    }

    /// Pods bound to a node, in order of creation.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = (u32, &Arc<Pod>)> {
        self.pods_in(self.by_node.get(node))
    }

    /// Pods of a namespace, in order of creation.
    pub fn pods_in_namespace(&self, namespace: &str) -> impl Iterator<Item = (u32, &Arc<Pod>)> {
        self.pods_in(self.by_namespace.get(namespace))
    }

    /// Pods of a namespace that a selector matches, in order of creation.
    pub fn selected_pods(&self, namespace: &str, selector: &Selector) -> Vec<&Arc<Pod>> {
        let groups = self.by_labels.get(namespace);
        let selected = groups.map(|groups| groups.matching(selector)).unwrap_or_default();
        selected.into_iter().map(|index| self.pod(index)).collect()
    }

    /// The oldest of the pods that [`Self::selected_pods`] returns for which `wanted` is true.
    pub fn first_selected_pod(
        &self,
        namespace: &str,
        selector: &Selector,
        wanted: impl Fn(&Pod) -> bool,
    ) -> Option<&Arc<Pod>> {
        let first =
            self.by_labels.get(namespace)?.first_matching(selector, |index| wanted(self.pod(index)))?;
        Some(self.pod(first))
    }

    /// Services of a namespace, in order of creation.
    pub fn services_in(&self, namespace: &str) -> impl Iterator<Item = (u32, &Arc<Service>)> {
        let set = self.services.get(namespace).into_iter().flatten();
        set.filter_map(|index| Some((*index, self.objects.at::<Service>(*index)?)))
    }

    /// The EndpointSlices of a Service, in order of creation.
    pub fn slices_of(&self, service: &Service) -> impl Iterator<Item = &Arc<EndpointSlice>> {
        let key = (service.metadata.namespace.clone(), service.metadata.name.clone());
        let set = self.slices.get(&key).into_iter().flatten();
        set.filter_map(|index| self.objects.at::<EndpointSlice>(*index))
    }

    fn pods_in<'a>(&'a self, set: Option<&'a BTreeSet<u32>>) -> impl Iterator<Item = (u32, &'a Arc<Pod>)> {
        set.into_iter().flatten().map(|index| (*index, self.pod(*index)))
    }

    fn pod(&self, index: u32) -> &Arc<Pod> {
        self.objects.at::<Pod>(index).expect("indices only hold pods that are there")
    }
}

/// Whether all indices have both versions of a pod in the same place.
fn has_same_place(old: &Pod, new: &Pod) -> bool {
    let owner = |pod: &Pod| pod.metadata.controller().map(|owner| owner.uid);
    owner(old) == owner(new)
        && old.node_name == new.node_name
        && (old.metadata.labels.same_allocation(&new.metadata.labels)
            || old.metadata.labels == new.metadata.labels)
}

fn put<K: Eq + std::hash::Hash>(map: &mut LookupMap<K, BTreeSet<u32>>, key: K, index: u32, there: bool) {
    if there {
        map.entry_or_default(key).insert(index);
    } else {
        forget(map, &key, index);
    }
}

fn forget<K: Eq + std::hash::Hash>(map: &mut LookupMap<K, BTreeSet<u32>>, key: &K, index: u32) {
    if let Some(set) = map.get_mut(key) {
        set.remove(&index);
        if set.is_empty() {
            map.remove(key);
        }
    }
}
