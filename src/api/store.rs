//! The objects of the cluster, as etcd would hold them: one revision counter, immutable versions, ids never reused.
//!
//! A [`Collection`] serves both the store itself and the read caches of components, which apply the same commits
//! later. Iteration is in order of creation, so an unrelated object never changes the relative order of others.

use std::sync::Arc;

use super::object::{Kind, Object, ObjectRef, Resource};
use crate::base::name::TwoNames;
use crate::base::{LookupMap, Name};
use crate::kernel::SimTime;

/// Where an object lives in its [`Collection`]: the n-th object of its kind ever created. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Kind.
    pub kind: Kind,
    /// Position.
    pub index: u32,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// The object is new.
    Added,
    /// The object has a new version.
    Modified,
    /// The object is gone.
    Deleted,
}

impl Op {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One write: what watchers are told.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Revision of the whole store after this write; also the object's new `resourceVersion`.
    pub revision: u64,
    /// When.
    pub at: SimTime,
    /// Which object.
    pub id: ObjectId,
    /// What happened.
    pub op: Op,
    /// The version before, unless added.
    pub old: Option<Object>,
    /// The version after; for a deletion the last state.
    pub new: Object,
    /// Number of the trace record of this write; 0 until recorded.
    pub record: u64,
}

/// All objects of one kind.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    slots: Vec<Option<Object>>,
    by_name: LookupMap<(Name, Name), u32>,
}

impl Collection {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The object in a slot.
    pub fn get(&self, index: u32) -> Option<&Object> {
        self.slots.get(index as usize)?.as_ref()
    }

    /// The slot of an object.
    pub fn index_of(&self, namespace: &Name, name: &Name) -> Option<u32> {
        self.by_name.get(&(namespace, name) as &dyn TwoNames).copied()
    }

    /// All objects in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Object)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index as u32, slot.as_ref()?)))
    }

    /// The slot that the next new object gets.
    fn next_index(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("fewer than 2^32 objects of a kind are created in a run")
    }

    /// Puts a version into a slot, or empties it; returns what was there.
    pub fn put(&mut self, index: u32, version: Option<Object>) -> Option<Object> {
        let at = index as usize;
        if at >= self.slots.len() {
            self.slots.resize(at + 1, None);
        }
        let old = std::mem::replace(&mut self.slots[at], version);
        match (&old, &self.slots[at]) {
            (None, Some(new)) => {
                let ObjectRef { namespace, name, .. } = new.reference();
                self.by_name.insert((namespace, name), index);
            }
            (Some(old), None) => {
                let ObjectRef { namespace, name, .. } = old.reference();
                self.by_name.remove(&(namespace, name));
            }
            _ => {}
        }
        old
    }
}

/// All objects of all kinds, at one revision.
#[derive(Clone, Debug)]
pub struct Objects {
    collections: Vec<Collection>,
    revision: u64,
}

impl Default for Objects {
    fn default() -> Self {
        Self { collections: vec![Collection::default(); Kind::ALL.len()], revision: 0 }
    }
}

impl Objects {
    /// The revision of the newest write contained.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All objects of a kind.
    pub fn of(&self, kind: Kind) -> &Collection {
        &self.collections[kind as usize]
    }

    /// An object by id.
    pub fn by_id(&self, id: ObjectId) -> Option<&Object> {
        self.of(id.kind).get(id.index)
    }

    /// An object by name, with its id. `namespace` is empty for cluster-scoped kinds.
    pub fn find(&self, kind: Kind, namespace: &Name, name: &Name) -> Option<(ObjectId, &Object)> {
        let index = self.of(kind).index_of(namespace, name)?;
        let object = self.of(kind).get(index).expect("the name index only holds filled slots");
        Some((ObjectId { kind, index }, object))
    }

    /// A typed object by name.
    pub fn get<T: Resource>(&self, namespace: &Name, name: &Name) -> Option<&Arc<T>> {
        self.find(T::KIND, namespace, name).and_then(|(_, object)| T::from_object(object))
    }

    /// A typed object by slot.
    pub fn at<T: Resource>(&self, index: u32) -> Option<&Arc<T>> {
        self.of(T::KIND).get(index).and_then(T::from_object)
    }

    /// All objects of a type in order of creation.
    pub fn iter<T: Resource + 'static>(&self) -> impl Iterator<Item = (u32, &Arc<T>)> {
        self.of(T::KIND).iter().filter_map(|(index, object)| Some((index, T::from_object(object)?)))
    }

    /// The id that the next object of this kind gets.
    pub fn next_id(&self, kind: Kind) -> ObjectId {
        ObjectId { kind, index: self.of(kind).next_index() }
    }

    /// Applies a write. Commits must come in order of revision.
    pub fn apply(&mut self, commit: &Commit) {
        assert!(commit.revision > self.revision, "revision {} after {}", commit.revision, self.revision);
        self.revision = commit.revision;
        let version = (commit.op != Op::Deleted).then(|| commit.new.clone());
        self.collections[commit.id.kind as usize].put(commit.id.index, version);
    }
}
