//! A component's own copy of the cluster: what its watches have delivered so far, with the indices it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::pod::Pod;
use crate::api::{Commit, Kind, Object, Objects, Op, Uid};
use crate::base::{LookupMap, Name};

/// Everything delivered to a component.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    objects: Objects,
    by_controller: LookupMap<Uid, BTreeSet<u32>>,
    by_node: LookupMap<Name, BTreeSet<u32>>,
    by_namespace: LookupMap<Name, BTreeSet<u32>>,
    orphans: LookupMap<Name, BTreeSet<u32>>,
}

impl Mirror {
    /// A copy of the store as it is now: what a fresh list returns.
    pub fn of(objects: &Objects) -> Self {
        let mut mirror = Self { objects: objects.clone(), ..Self::default() };
        let pods: Vec<(u32, Arc<Pod>)> =
            objects.iter::<Pod>().map(|(index, pod)| (index, pod.clone())).collect();
        for (index, pod) in pods {
            mirror.index(index, &pod);
        }
        mirror
    }

    /// The objects delivered.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Takes in a commit.
    pub fn apply(&mut self, commit: &Commit) {
        if commit.id.kind == Kind::Pod {
            if let Some(Object::Pod(old)) = &commit.old {
                self.unindex(commit.id.index, old);
            }
            if let (Object::Pod(new), true) = (&commit.new, commit.op != Op::Deleted) {
                self.index(commit.id.index, new);
            }
        }
        self.objects.apply(commit);
    }

    fn index(&mut self, index: u32, pod: &Pod) {
        if let Some(owner) = pod.metadata.controller() {
            self.by_controller.entry_or_default(owner.uid).insert(index);
        } else {
            self.orphans.entry_or_default(pod.metadata.namespace.clone()).insert(index);
        }
        if let Some(node) = &pod.node_name {
            self.by_node.entry_or_default(node.clone()).insert(index);
        }
        self.by_namespace.entry_or_default(pod.metadata.namespace.clone()).insert(index);
    }

    fn unindex(&mut self, index: u32, pod: &Pod) {
        if let Some(owner) = pod.metadata.controller() {
            forget(&mut self.by_controller, &owner.uid, index);
        } else {
            forget(&mut self.orphans, &pod.metadata.namespace, index);
        }
        if let Some(node) = &pod.node_name {
            forget(&mut self.by_node, node, index);
        }
        forget(&mut self.by_namespace, &pod.metadata.namespace, index);
    }

    /// Pods whose managing controller has this identity, in order of creation.
    pub fn pods_of(&self, controller: Uid) -> impl Iterator<Item = (u32, &Arc<Pod>)> {
        self.pods_in(self.by_controller.get(&controller))
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

    fn pods_in<'a>(&'a self, set: Option<&'a BTreeSet<u32>>) -> impl Iterator<Item = (u32, &'a Arc<Pod>)> {
        set.into_iter().flatten().map(|index| {
            let pod = self.objects.at::<Pod>(*index).expect("indices only hold pods that are there");
            (*index, pod)
        })
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
