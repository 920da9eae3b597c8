//! Static pods: manifests in a directory of the machine, which its kubelet runs by itself, and their images in the API, the
//! mirror pods.
//!
//! Source: kubelet v1.32 `config/common.go` applyDefaults, `pod/mirror_client.go`, `kubelet.go` SyncPod, `pod_workers.go`
//! allowPodStart; `spec` node 6.5. A change of the directory is seen at once (inotify). A mirror pod that no manifest stands
//! behind, as in the dump of a cluster, is run like any other pod.

use std::sync::Arc;

use super::admission::{MIRROR_ANNOTATION, SOURCE_ANNOTATION, admit};
use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::pod::{HostPod, Stage};
use super::pod_cx::PodCx;
use crate::api::core::{ObjectReference, TaintEffect, Toleration, TolerationOperator};
use crate::api::defaults::apply_defaults;
use crate::api::meta::OwnerReference;
use crate::api::pod::Pod;
use crate::api::qos::qos_class;
use crate::api::{DeleteOptions, Kind, Object, ObjectRef, Request, Timestamp, Uid};
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;

const HASH_ANNOTATION: &str = "kubernetes.io/config.hash";
const SEEN_ANNOTATION: &str = "kubernetes.io/config.seen";
/// Static pods are not objects: on every machine they have numbers of their own, down from the highest.
const NUMBERS_OF_A_NODE: u32 = 1 << 12;
/// In the token of a request: it makes the mirror of a static pod.
pub(super) const MIRROR_TOKEN: u64 = 1 << 40;

/// The image of a static pod in the API, as the kubelet has heard of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mirror {
    index: u32,
    pub(super) uid: Uid,
    is_terminating: bool,
    /// The manifest that it shows.
    of: Uid,
}

/// A pod from a manifest.
#[derive(Clone, Debug)]
pub(super) struct StaticPod {
    /// Number of the pod that runs, or is ending.
    id: u32,
    /// What is to run; `None` = the manifest is gone.
    wanted: Option<Arc<Pod>>,
    mirror: Option<Mirror>,
    /// A mirror is being made.
    is_mirroring: bool,
}

impl StaticPod {
    fn new(id: u32, pod: Arc<Pod>) -> Self {
        Self { id, wanted: Some(pod), mirror: None, is_mirroring: false }
    }
}

/// Whether a kubelet has a pod from a file; its image in the API says so as well, but is only an image.
pub(super) fn is_from_file(pod: &Pod) -> bool {
    let annotations = &pod.metadata.annotations;
    annotations.get(SOURCE_ANNOTATION).is_some_and(|source| source == "file")
        && annotations.get(MIRROR_ANNOTATION).is_none()
}

/// Namespace and name, by which a pod and its mirror are known to belong together.
fn full_name(pod: &Pod) -> (Name, Name) {
    (pod.metadata.namespace.clone(), pod.metadata.name.clone())
}

/// The pod that a kubelet makes of a manifest.
fn from_manifest(manifest: &Pod, node: &Name, seen: Timestamp) -> Arc<Pod> {
    let mut pod = manifest.clone();
    let hash = *blake3::hash(format!("static/{node}/{manifest:?}").as_bytes()).as_bytes();
    let metadata = &mut pod.metadata;
    metadata.uid = Uid::from_hash(hash);
    metadata.name = Name::from(format!("{}-{node}", metadata.name));
    if metadata.namespace.is_empty() {
        metadata.namespace = "default".into();
    }
    let hash = metadata.uid.to_string().replace('-', "");
    metadata.annotations.insert(HASH_ANNOTATION, hash.as_str());
    metadata.annotations.insert(SEEN_ANNOTATION, seen.to_string().as_str());
    metadata.annotations.insert(SOURCE_ANNOTATION, "file");
    pod.node_name = Some(node.clone());
    pod.status = Arc::default();
    let mut object = Object::from(pod);
    apply_defaults(&mut object);
    let Object::Pod(mut pod) = object else { unreachable!("it was made from a pod") };
    let whole = Arc::make_mut(&mut pod);
    let spec = Arc::make_mut(&mut whole.spec);
    spec.tolerations.push(Toleration {
        operator: Some(TolerationOperator::Exists),
        effect: Some(TaintEffect::NoExecute),
        ..Toleration::default()
    });
    let class = qos_class(spec);
    Arc::make_mut(&mut whole.status).qos_class = Some(class);
    pod
}

/// The image of a static pod that its kubelet puts into the API.
fn mirror_of(pod: &Pod, node: &Name, node_uid: Uid) -> Pod {
    let mut mirror = pod.clone();
    mirror.status = Arc::default();
    let metadata = &mut mirror.metadata;
    metadata.uid = Uid::default();
    let hash = metadata.annotations.get(HASH_ANNOTATION).cloned().unwrap_or_default();
    metadata.annotations.insert(MIRROR_ANNOTATION, &*hash);
    metadata.owner_references = vec![OwnerReference {
        api_version: "v1".into(),
        kind: Kind::Node.as_str().into(),
        name: node.clone(),
        uid: node_uid,
        controller: Some(true),
        block_owner_deletion: None,
    }];
    mirror
}

fn delete_mirror(pod: &Pod, uid: Uid) -> Request {
    let target = ObjectRef {
        kind: Kind::Pod,
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
    };
    let options = DeleteOptions { grace_period_seconds: Some(0), uid: Some(uid), ..DeleteOptions::default() };
    Request::Delete { target, options }
}

impl Host {
    /// A manifest is put into the directory, or takes the place of the one of its name.
    pub fn put_manifest(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, manifest: &Pod) {
        let pod = from_manifest(manifest, &self.shared.name, ctx.timestamp());
        self.shared.manifests.insert(full_name(&pod), pod);
        self.read_manifests(ctx, env);
    }

    /// The manifest of this name is deleted. Returns whether there was one.
    pub fn remove_manifest(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        namespace: &Name,
        name: &str,
    ) -> bool {
        let name = Name::from(format!("{name}-{}", self.shared.name));
        let there = self.shared.manifests.remove(&(namespace.clone(), name)).is_some();
        self.read_manifests(ctx, env);
        there
    }

    /// The pod that an object stands for: of a mirror pod the static pod itself.
    pub fn pod(&self, index: u32) -> Option<&HostPod> {
        self.pods.get(&self.resolve(index)).map(AsRef::as_ref)
    }

    pub(super) fn resolve(&self, index: u32) -> u32 {
        let mirrored = |one: &&StaticPod| one.mirror.is_some_and(|mirror| mirror.index == index);
        self.shared.static_pods.values().find(mirrored).map_or(index, |one| one.id)
    }

    pub(super) fn is_static_pod(&self, id: u32) -> bool {
        self.shared.static_pods.values().any(|one| one.id == id)
    }

    /// The kubelet compares what it runs with the directory.
    pub(super) fn read_manifests(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        if !self.shared.powered || !self.shared.kubelet_runs {
            return;
        }
        for (name, pod) in self.shared.manifests.clone() {
            match self.shared.static_pods.get_mut(&name) {
                None => {
                    let id = self.next_static_id();
                    self.shared.static_pods.insert(name, StaticPod::new(id, pod.clone()));
                    self.begin_static_pod(ctx, env, id, &pod);
                }
                Some(known) => {
                    known.wanted = Some(pod.clone());
                    let id = known.id;
                    let other = |running: &HostPod| running.pod.metadata.uid != pod.metadata.uid;
                    if self.pods.get(&id).is_some_and(|running| other(running)) {
                        self.with(id, ctx, env, |cx| cx.begin_termination(None));
                    }
                }
            }
        }
        let is_gone = |name: &&(Name, Name)| !self.shared.manifests.contains_key(*name);
        let gone: Vec<(Name, Name)> = self.shared.static_pods.keys().filter(is_gone).cloned().collect();
        for name in gone {
            let Some(gone) = self.shared.static_pods.get_mut(&name) else { continue };
            gone.wanted = None;
            let id = gone.id;
            self.with(id, ctx, env, |cx| cx.begin_termination(None));
        }
        self.shared.static_progress = true;
    }

    /// A kubelet that has just started syncs its static pods, and tries again with those that it has not admitted.
    pub(super) fn restart_static_pods(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let has_none = |one: &StaticPod| !self.pods.contains_key(&one.id);
        let refused: Vec<(Name, Name)> = self
            .shared
            .static_pods
            .iter()
            .filter(|(_, one)| has_none(one))
            .map(|(name, _)| name.clone())
            .collect();
        for name in refused {
            self.shared.static_pods.remove(&name);
        }
        self.read_manifests(ctx, env);
        for id in self.ids().into_iter().filter(|id| self.is_static_pod(*id)).collect::<Vec<_>>() {
            self.with(id, ctx, env, |cx| cx.request_sync());
        }
    }

    fn next_static_id(&mut self) -> u32 {
        let number = self.shared.static_numbers;
        self.shared.static_numbers += 1;
        u32::MAX - self.shared.index * NUMBERS_OF_A_NODE - number % NUMBERS_OF_A_NODE
    }

    /// A pod from a manifest that is not admitted leaves nothing but an event.
    fn begin_static_pod(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32, pod: &Arc<Pod>) {
        match admit(&self.shared, self.pods.range(..), pod) {
            Ok(victims) if victims.is_empty() => self.begin_pod(ctx, env, id, pod),
            Ok(victims) => self.preempt(ctx, env, (id, pod), &victims),
            Err((reason, message)) => {
                let about = ObjectReference {
                    api_version: Some(Name::word("v1")),
                    kind: Name::word("Pod"),
                    namespace: pod.metadata.namespace.clone(),
                    name: pod.metadata.name.clone(),
                    uid: pod.metadata.uid,
                    field_path: None,
                };
                let shared = &mut self.shared;
                shared.events.emit(ctx, &mut shared.client, about, EventType::Warning, reason, message);
            }
        }
    }

    /// Static pods that have ended make room: for what their changed manifests say, or for nothing.
    pub(super) fn finish_static_pods(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let names: Vec<(Name, Name)> = self.shared.static_pods.keys().cloned().collect();
        for name in names {
            let Some(known) = self.shared.static_pods.get(&name).cloned() else { continue };
            let running = self.pods.get(&known.id);
            let is_over = running.is_none_or(|pod| pod.worker.stage == Stage::Finished);
            let is_wanted = match (&known.wanted, running) {
                (Some(wanted), Some(pod)) => wanted.metadata.uid == pod.pod.metadata.uid,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !is_over || is_wanted {
                continue;
            }
            let last = running.map(|pod| pod.pod.clone());
            self.forget(ctx, known.id);
            if let Some(pod) = known.wanted {
                let id = self.next_static_id();
                let next = StaticPod { id, wanted: Some(pod.clone()), ..known };
                self.shared.static_pods.insert(name, next);
                self.begin_static_pod(ctx, env, id, &pod);
                self.note_mirror(ctx, env, id, known.mirror);
                continue;
            }
            self.shared.static_pods.remove(&name);
            if let Some((mirror, pod)) = known.mirror.zip(last) {
                self.shared.client.submit(ctx, delete_mirror(&pod, mirror.uid), None);
            }
        }
    }

    /// The kubelet hears of a mirror pod. Returns whether one of its static pods stands behind it.
    pub(super) fn mirror_changed(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        index: u32,
        pod: &Pod,
    ) -> bool {
        let annotations = &pod.metadata.annotations;
        let Some(hash) = annotations.get(MIRROR_ANNOTATION) else { return false };
        let Some(known) = self.shared.static_pods.get_mut(&full_name(pod)) else { return false };
        let mirror = Mirror {
            index,
            uid: pod.metadata.uid,
            is_terminating: pod.metadata.is_terminating(),
            of: Uid::from_hex(hash),
        };
        let id = known.id;
        known.mirror = Some(mirror);
        known.is_mirroring = false;
        self.note_mirror(ctx, env, id, Some(mirror));
        true
    }

    /// A mirror pod is gone. Returns whether it was one of a static pod.
    pub(super) fn mirror_gone(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, index: u32) -> bool {
        let mirrored = |one: &&mut StaticPod| one.mirror.is_some_and(|mirror| mirror.index == index);
        let Some(known) = self.shared.static_pods.values_mut().find(mirrored) else { return false };
        known.mirror = None;
        let id = known.id;
        self.note_mirror(ctx, env, id, None);
        true
    }

    fn note_mirror(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        id: u32,
        mirror: Option<Mirror>,
    ) {
        self.with(id, ctx, env, |cx| {
            let uid = mirror.map(|mirror| mirror.uid);
            let is_new = uid.is_some() && cx.pod.mirror != uid;
            cx.pod.mirror = uid;
            cx.pod.worker.unsent |= is_new;
            let is_right = mirror.is_some_and(|mirror| mirror.shows(&cx.pod.pod));
            if !is_right {
                cx.request_sync();
            }
        });
        self.schedule_status_pass(ctx);
    }

    /// Lets go of mirrors that a fresh list does not have.
    pub(super) fn relist_mirrors(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        is_listed: impl Fn(u32) -> bool,
    ) {
        let mirrors = self.shared.static_pods.values_mut().filter_map(|one| {
            one.is_mirroring = false;
            Some(one.mirror?.index)
        });
        for index in mirrors.filter(|index| !is_listed(*index)).collect::<Vec<_>>() {
            self.mirror_gone(ctx, env, index);
        }
    }

    /// A mirror could not be made; the next sync tries again.
    pub(super) fn mirror_failed(&mut self, id: u32) {
        if let Some(known) = self.shared.static_pods.values_mut().find(|one| one.id == id) {
            known.is_mirroring = false;
        }
    }
}

impl Mirror {
    fn shows(&self, pod: &Pod) -> bool {
        !self.is_terminating && self.of == pod.metadata.uid
    }
}

impl PodCx<'_, '_> {
    /// Part of the sync of a static pod: its image in the API is made, or made anew when it is being deleted or shows
    /// another manifest.
    pub(super) fn ensure_mirror(&mut self) {
        let name = full_name(&self.pod.pod);
        let Some(known) = self.host.static_pods.get_mut(&name).filter(|_| is_from_file(&self.pod.pod)) else {
            return;
        };
        if known.is_mirroring || known.mirror.is_some_and(|mirror| mirror.shows(&self.pod.pod)) {
            return;
        }
        known.is_mirroring = true;
        let wrong = known.mirror.take();
        self.pod.mirror = None;
        if let Some(mirror) = wrong {
            self.host.client.submit(self.ctx, delete_mirror(&self.pod.pod, mirror.uid), None);
        }
        let mirror = mirror_of(&self.pod.pod, &self.host.name, self.host.node_uid);
        let token = MIRROR_TOKEN | u64::from(self.id);
        self.host.client.submit(self.ctx, Request::Create(mirror.into()), Some(token));
    }

    /// Whether the pod lacks its image in the API.
    pub(super) fn lacks_mirror(&self) -> bool {
        is_from_file(&self.pod.pod) && self.pod.mirror.is_none()
    }
}
