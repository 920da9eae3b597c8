//! The API server: validates, admits and commits. The only place that changes the store.
//!
//! `handle` is a pure function of (store, request, time): it returns the answer and leaves the commits in
//! [`ApiServer::take_commits`] for whoever notifies the watchers. Semantics: `k8s.io/apiserver` v0.34 registry store.

use std::sync::Arc;

use super::admission::Admission;
use super::delete;
use super::match_label_keys;
use super::meta::Uid;
use super::object::{Kind, Object};
use super::patch;
use super::pod::PodSpec;
use super::request::{ApiError, Request};
use super::shared_specs::{self, SharedSpecs};
use super::store::{Commit, ObjectId, Objects, Op};
use super::timestamp::Timestamp;
use crate::base::{LookupMap, Name};
use crate::kernel::{SimTime, Streams};

/// Letters of generated name suffixes (`k8s.io/apimachinery` rand: no vowels, no look-alikes).
const SUFFIX_LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// Longest prefix that `generateName` may contribute: 63 less five random letters.
const MAX_GENERATED_PREFIX: usize = 58;

/// The answer to a request: the object as stored now (for a deletion: its last state).
pub type ApiResult = Result<Object, ApiError>;

/// The API server with its store.
#[derive(Clone, Debug)]
pub struct ApiServer {
    objects: Objects,
    admission: Admission,
    shared_specs: SharedSpecs,
    streams: Streams,
    /// Calendar time of virtual time zero.
    epoch: Timestamp,
    generated_names: LookupMap<Name, u64>,
    /// Identities given up at `last_deletion`, so that a successor created at that very instant gets another one.
    given_up: Vec<Uid>,
    last_deletion: SimTime,
    commits: Vec<Commit>,
}

/// One request in progress.
pub(super) struct Call<'a> {
    pub(super) server: &'a mut ApiServer,
    pub(super) now: SimTime,
}

impl ApiServer {
    /// An empty cluster whose virtual time zero is `epoch`.
    pub fn new(streams: Streams, epoch: Timestamp, admission: Admission) -> Self {
        Self {
            objects: Objects::default(),
            admission,
            shared_specs: SharedSpecs::default(),
            streams,
            epoch,
            generated_names: LookupMap::default(),
            given_up: Vec::new(),
            last_deletion: SimTime::ZERO,
            commits: Vec::new(),
        }
    }

    /// Gives a new pod the spec that an earlier pod of the same template has got, if there is one, which it returns.
    fn share_spec(&self, object: &mut Object) -> Option<Arc<PodSpec>> {
        let Object::Pod(pod) = object else { return None };
        let spec = self.shared_specs.of(pod)?;
        Arc::make_mut(pod).spec = spec.clone();
        Some(spec)
    }

    /// What is stored now.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The commits since the last call, in order of revision.
    pub fn take_commits(&mut self) -> Vec<Commit> {
        std::mem::take(&mut self.commits)
    }

    /// Serves one request at `now`.
    ///
    /// # Errors
    /// What Kubernetes would answer: not found, conflict, forbidden, invalid, too many requests.
    pub fn handle(&mut self, now: SimTime, request: Request) -> ApiResult {
        let mut call = Call { server: self, now };
        match request {
            Request::Create(object) => call.create(object),
            Request::Update(object) => call.update(object, false),
            Request::UpdateStatus(object) => call.update(object, true),
            Request::Patch { target, uid, patch } => call.patch(&target, uid, patch),
            Request::Delete { target, options } => call.delete(&target, options),
            Request::Bind { namespace, name, uid, node } => call.bind(&namespace, &name, uid, node),
            Request::Evict { namespace, name, options } => call.evict(&namespace, &name, options),
        }
    }
}

impl Call<'_> {
    /// Calendar time of this request, in whole seconds as the API keeps it.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.server.epoch.plus_seconds(self.now.as_secs() as i64)
    }

    fn create(&mut self, mut object: Object) -> ApiResult {
        let kind = object.kind();
        let template = shared_specs::template_of(&object);
        let known_spec = self.server.share_spec(&mut object);
        super::defaults::apply_defaults(&mut object);
        self.server.admission.admit(&self.server.objects, &mut object)?;
        if object.metadata().name.is_empty() {
            let name = self.generate_name(&object)?;
            object.metadata_mut().name = name;
        }
        let (namespace, name) = (object.metadata().namespace.clone(), object.metadata().name.clone());
        if self.server.objects.find(kind, &namespace, &name).is_some() {
            return Err(ApiError::already_exists(kind, &name));
        }
        match (&object, known_spec) {
            (Object::Pod(pod), Some(known)) if Arc::ptr_eq(&pod.spec, &known) => {
                super::validation::check_create_with_known_spec(&object)?;
            }
            _ => super::validation::check_create(&object)?,
        }
        if let Object::Pod(pod) = &mut object {
            match_label_keys::merge(Arc::make_mut(pod));
        }
        super::services::allocate(&self.server.objects, &mut object)?;
        let uid = self.new_uid(kind, &namespace, &name);
        let created = self.timestamp();
        let metadata = object.metadata_mut();
        metadata.uid = uid;
        metadata.creation_timestamp = Some(created);
        metadata.deletion_timestamp = None;
        metadata.generation = i64::from(tracks_generation(kind));
        let id = self.server.objects.next_id(kind);
        if let (Some(template), Object::Pod(pod)) = (template, &object) {
            self.server.shared_specs.note(template, pod);
        }
        Ok(self.commit(id, Op::Added, object))
    }

    fn update(&mut self, mut new: Object, status_only: bool) -> ApiResult {
        let reference = new.reference();
        let (id, old) = self.stored(reference.kind, &reference.namespace, &reference.name)?;
        if !new.metadata().uid.is_nil() && new.metadata().uid != old.metadata().uid {
            return Err(ApiError::conflict(reference.kind, &reference.name));
        }
        let version = new.metadata().resource_version;
        if version != 0 && version != old.metadata().resource_version {
            return Err(ApiError::conflict(reference.kind, &reference.name));
        }
        if status_only {
            let mut whole = old.clone();
            patch::copy_status(&new, &mut whole);
            new = whole;
        } else {
            super::defaults::apply_defaults(&mut new);
            patch::copy_status(&old, &mut new);
            let current = old.metadata();
            let metadata = new.metadata_mut();
            metadata.uid = current.uid;
            metadata.creation_timestamp = current.creation_timestamp;
            metadata.deletion_timestamp = current.deletion_timestamp;
            metadata.deletion_grace_period_seconds = current.deletion_grace_period_seconds;
            super::validation::check_update(&old, &new)?;
        }
        self.store_version(id, &old, new)
    }

    fn patch(&mut self, target: &super::ObjectRef, uid: Option<Uid>, change: patch::Patch) -> ApiResult {
        let (id, old) = self.stored(target.kind, &target.namespace, &target.name)?;
        if uid.is_some_and(|uid| uid != old.metadata().uid) {
            return Err(ApiError::conflict_because(target.kind, &target.name, "uid mismatch"));
        }
        let new = patch::apply(&old, change, self.timestamp())?;
        self.store_version(id, &old, new)
    }

    fn bind(&mut self, namespace: &Name, name: &Name, uid: Uid, node: Name) -> ApiResult {
        let (id, old) = self.stored(Kind::Pod, namespace, name)?;
        let Object::Pod(pod) = &old else { unreachable!("a pod was asked for") };
        if pod.metadata.uid != uid {
            return Err(ApiError::conflict_because(Kind::Pod, name, "uid mismatch"));
        }
        if pod.metadata.is_terminating() {
            let cause = format!("pod {name} is being deleted, cannot be assigned to a host");
            return Err(ApiError::conflict_because(Kind::Pod, name, &cause));
        }
        if let Some(node) = &pod.node_name {
            let cause = format!("pod {name} is already assigned to node \"{node}\"");
            return Err(ApiError::conflict_because(Kind::Pod, name, &cause));
        }
        let new = patch::bound(pod, node, self.timestamp());
        self.store_version(id, &old, new.into())
    }

    /// Stores `new` over `old`: counts generations, drops writes that change nothing, and lets an object vanish
    /// whose last finalizer has gone.
    #[expect(clippy::unnecessary_wraps, reason = "it ends the calls of those who may be refused")]
    pub(super) fn store_version(&mut self, id: ObjectId, old: &Object, mut new: Object) -> ApiResult {
        new.metadata_mut().resource_version = old.metadata().resource_version;
        if tracks_generation(id.kind) && patch::spec_differs(old, &new) {
            new.metadata_mut().generation = old.metadata().generation + 1;
        }
        if delete::is_finished(&new) {
            return Ok(self.commit(id, Op::Deleted, new));
        }
        if new == *old {
            return Ok(new);
        }
        Ok(self.commit(id, Op::Modified, new))
    }

    /// Writes a version and notes the commit.
    pub(super) fn commit(&mut self, id: ObjectId, op: Op, mut new: Object) -> Object {
        let revision = self.server.objects.revision() + 1;
        new.metadata_mut().resource_version = revision;
        if op == Op::Deleted {
            if self.server.last_deletion != self.now {
                self.server.given_up.clear();
                self.server.last_deletion = self.now;
            }
            self.server.given_up.push(new.metadata().uid);
        }
        let old = self.server.objects.by_id(id).cloned();
        let commit = Commit { revision, at: self.now, id, op, old, new: new.clone(), record: 0 };
        self.server.objects.apply(&commit);
        self.server.shared_specs.committed(&commit);
        self.server.commits.push(commit);
        new
    }

    /// The stored object of this name.
    pub(super) fn stored(
        &self,
        kind: Kind,
        namespace: &Name,
        name: &Name,
    ) -> Result<(ObjectId, Object), ApiError> {
        let found = self.server.objects.find(kind, namespace, name);
        found.map(|(id, object)| (id, object.clone())).ok_or_else(|| ApiError::not_found(kind, name))
    }

    /// Completes `generateName`; a name that is taken is drawn again, up to eight times (1.31+).
    fn generate_name(&mut self, object: &Object) -> Result<Name, ApiError> {
        let metadata = object.metadata();
        let kind = object.kind();
        let Some(base) = metadata.generate_name.as_ref().filter(|base| !base.is_empty()) else {
            let causes = "metadata.name: Required value: name or generateName is required";
            return Err(ApiError::invalid(kind, "", causes));
        };
        let base = &base[..base.len().min(MAX_GENERATED_PREFIX)];
        let entity = Name::from(format!("{kind}/{}/{base}", metadata.namespace));
        let stream = self.server.streams.stream("generate-name", &entity);
        let count = self.server.generated_names.entry_or_default(entity);
        for _ in 0..8 {
            let draw = stream.u64_at(*count);
            *count += 1;
            let name = Name::from(format!("{base}{}", suffix(draw)));
            if self.server.objects.find(kind, &metadata.namespace, &name).is_none() {
                return Ok(name);
            }
        }
        Err(ApiError::already_exists(kind, base))
    }

    /// An identity that depends on what the object is and when it was made, not on what else exists.
    fn new_uid(&self, kind: Kind, namespace: &Name, name: &Name) -> Uid {
        for attempt in 0u64.. {
            let mut hasher = blake3::Hasher::new();
            for word in [self.server.streams.seed(), self.now.as_nanos(), attempt] {
                hasher.update(&word.to_le_bytes());
            }
            for text in [kind.as_str(), namespace, name] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            let uid = Uid::from_hash(*hasher.finalize().as_bytes());
            if self.server.last_deletion != self.now || !self.server.given_up.contains(&uid) {
                return uid;
            }
        }
        unreachable!("one of 2^64 attempts is not among the identities given up at one instant")
    }
}

/// Five letters from one draw.
fn suffix(mut draw: u64) -> String {
    (0..5)
        .map(|_| {
            let letter = SUFFIX_LETTERS[(draw % SUFFIX_LETTERS.len() as u64) as usize];
            draw /= SUFFIX_LETTERS.len() as u64;
            char::from(letter)
        })
        .collect()
}

/// Whether `metadata.generation` counts changes of this kind's spec (pods: since 1.33).
fn tracks_generation(kind: Kind) -> bool {
    match kind {
        Kind::Event
        | Kind::Lease
        | Kind::Endpoints
        | Kind::Node
        | Kind::Namespace
        | Kind::Service
        | Kind::ControllerRevision => false,
        Kind::Ingress | Kind::NetworkPolicy => true,
        _ => kind.is_simulated(),
    }
}
