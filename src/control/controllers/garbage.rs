//! The garbage collector: objects whose owners are gone go too.
//!
//! Source: `pkg/controller/garbagecollector`, v1.34; `spec` control plane 4.7. Owners are looked up in the delivered
//! state; a key stands for an object of any kind through a table that only grows.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::delete::{FOREGROUND, ORPHAN};
use crate::api::{Commit, DeleteOptions, Kind, Object, ObjectId, Op, OwnerReference, Patch, Request, Uid};
use crate::component::Ctx;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager};

/// Objects known to the collector, and who depends on whom.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct GarbageGraph {
    keys: Vec<ObjectId>,
    numbers: BTreeMap<ObjectId, u32>,
    dependents: BTreeMap<Uid, BTreeSet<ObjectId>>,
}

impl GarbageGraph {
    fn key(&mut self, id: ObjectId) -> u32 {
        let next = self.keys.len() as u32;
        *self.numbers.entry(id).or_insert_with(|| {
            self.keys.push(id);
            next
        })
    }
}

impl ControllerManager {
    /// Keeps the graph and queues what may be garbage now.
    pub(in crate::control) fn garbage_seen(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        if matches!(commit.id.kind, Kind::Event | Kind::Lease) {
            return;
        }
        let metadata = commit.new.metadata();
        let owners_changed = commit
            .old
            .as_ref()
            .is_none_or(|old| old.metadata().owner_references != metadata.owner_references);
        if owners_changed || commit.op == Op::Deleted {
            for owner in commit.old.iter().flat_map(|old| &old.metadata().owner_references) {
                if let Some(set) = self.garbage.dependents.get_mut(&owner.uid) {
                    set.remove(&commit.id);
                }
            }
        }
        if commit.op == Op::Deleted {
            for dependent in self.garbage.dependents.remove(&metadata.uid).unwrap_or_default() {
                self.enqueue_garbage(ctx, dependent);
            }
            for owner in &metadata.owner_references {
                self.enqueue_owner(ctx, owner, metadata.namespace.as_str());
            }
            return;
        }
        if owners_changed {
            for owner in &metadata.owner_references {
                self.garbage.dependents.entry(owner.uid).or_default().insert(commit.id);
            }
        }
        // An owner that orphans its dependents waits until the last of them has let go.
        let let_go = commit.old.iter().flat_map(|old| &old.metadata().owner_references);
        for owner in let_go.filter(|owner| !metadata.owner_references.contains(owner)) {
            self.enqueue_owner(ctx, owner, metadata.namespace.as_str());
        }
        let waits = metadata.is_terminating()
            && metadata.finalizers.iter().any(|finalizer| finalizer == FOREGROUND || finalizer == ORPHAN);
        if (owners_changed && !metadata.owner_references.is_empty()) || waits {
            self.enqueue_garbage(ctx, commit.id);
        }
    }

    fn enqueue_garbage(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, id: ObjectId) {
        let key = self.garbage.key(id);
        self.enqueue(ctx, ControllerId::GarbageCollector, key);
    }

    fn enqueue_owner(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, owner: &OwnerReference, namespace: &str) {
        let Some(kind) = Kind::from_manifest(&owner.kind) else { return };
        let namespace = if kind.names().namespaced { namespace } else { "" };
        let found = self.mirror.objects().find(kind, &namespace.into(), &owner.name);
        if let Some((id, object)) = found
            && object.metadata().is_terminating()
        {
            self.enqueue_garbage(ctx, id);
        }
    }

    /// One pass over one object; returns how many requests were sent.
    pub(in crate::control) fn collect_garbage(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        key: u32,
    ) -> u32 {
        let id = self.garbage.keys[key as usize];
        let Some(object) = self.mirror.objects().by_id(id).cloned() else { return 0 };
        let metadata = object.metadata();
        if metadata.is_terminating() {
            return self.finish_owner(ctx, key, &object);
        }
        if metadata.owner_references.is_empty() {
            return 0;
        }
        let (living, dangling): (Vec<OwnerReference>, Vec<OwnerReference>) =
            metadata.owner_references.iter().cloned().partition(|owner| self.owner_lives(owner, &object));
        if dangling.is_empty() {
            return self.follow_foreground(ctx, key, &object);
        }
        let target = object.reference();
        let uid = Some(metadata.uid);
        self.at_desk(ctx, ControllerId::GarbageCollector, key, |top| {
            let request = if living.is_empty() {
                let options = DeleteOptions { uid, ..DeleteOptions::default() };
                Request::Delete { target, options }
            } else {
                Request::Patch { target, uid, patch: Patch::OwnerReferences(living) }
            };
            top.submit(request, About::Anything);
        })
    }

    fn owner_lives(&self, owner: &OwnerReference, object: &Object) -> bool {
        let Some(kind) = Kind::from_manifest(&owner.kind) else { return true };
        let namespace = if kind.names().namespaced {
            object.metadata().namespace.clone()
        } else {
            crate::base::Name::default()
        };
        let found = self.mirror.objects().find(kind, &namespace, &owner.name);
        found.is_some_and(|(_, found)| found.metadata().uid == owner.uid)
    }

    /// A dependent of an owner that is deleted in the foreground goes before it.
    fn follow_foreground(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, key: u32, object: &Object) -> u32 {
        let blocks = object.metadata().owner_references.iter().any(|owner| {
            let Some(kind) = Kind::from_manifest(&owner.kind) else { return false };
            let found = self.mirror.objects().find(kind, &object.metadata().namespace, &owner.name);
            found.is_some_and(|(_, found)| {
                found.metadata().is_terminating()
                    && found.metadata().finalizers.iter().any(|f| f == FOREGROUND)
            })
        });
        if !blocks {
            return 0;
        }
        let target = object.reference();
        let options = DeleteOptions { uid: Some(object.metadata().uid), ..DeleteOptions::default() };
        self.at_desk(ctx, ControllerId::GarbageCollector, key, |top| {
            top.submit(Request::Delete { target, options }, About::Anything);
        })
    }

    /// An owner that waits for its dependents: orphans them, or is released once they are gone.
    fn finish_owner(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, key: u32, owner: &Object) -> u32 {
        let metadata = owner.metadata();
        let has = |finalizer: &str| metadata.finalizers.iter().any(|name| name == finalizer);
        let dependents: Vec<Object> = self
            .garbage
            .dependents
            .get(&metadata.uid)
            .into_iter()
            .flatten()
            .filter_map(|id| self.mirror.objects().by_id(*id).cloned())
            .collect();
        let (orphan, foreground) = (has(ORPHAN), has(FOREGROUND));
        if foreground && !dependents.is_empty() {
            for dependent in &dependents {
                let reference = dependent.reference();
                if let Some((id, object)) =
                    self.mirror.objects().find(reference.kind, &reference.namespace, &reference.name)
                    && !object.metadata().is_terminating()
                {
                    self.enqueue_garbage(ctx, id);
                }
            }
            return 0;
        }
        if !orphan && !foreground {
            return 0;
        }
        let (target, uid) = (owner.reference(), metadata.uid);
        self.at_desk(ctx, ControllerId::GarbageCollector, key, |top| {
            for dependent in dependents.iter().filter(|_| orphan) {
                let mut owners = dependent.metadata().owner_references.clone();
                owners.retain(|owner| owner.uid != uid);
                let patch = Patch::OwnerReferences(owners);
                let request = Request::Patch {
                    target: dependent.reference(),
                    uid: Some(dependent.metadata().uid),
                    patch,
                };
                top.submit(request, About::Anything);
            }
            if dependents.is_empty() {
                let remove = vec![ORPHAN.into(), FOREGROUND.into()];
                let patch = Patch::Finalizers { add: Vec::new(), remove };
                top.submit(Request::Patch { target, uid: Some(uid), patch }, About::Anything);
            }
        })
    }
}
