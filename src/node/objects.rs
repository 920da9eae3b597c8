//! The ConfigMaps and Secrets that the pods of a kubelet name, as far as it has heard of them.
//!
//! Source: kubelet v1.32 `util/manager/watch_based_manager.go`: when a pod comes, the kubelet lists each object that the pod
//! names and watches it from then on; what it has heard stays with it while it is cut off. Not modelled: watches that end
//! when nobody has asked for five minutes.

use std::collections::BTreeMap;

use super::host::{Host, HostShared, NodeEvent};
use super::pod::HostPod;
use super::pod_cx::PodCx;
use crate::api::core::Opaque;
use crate::api::pod::PodSpec;
use crate::api::references::{Reference, mounted_volumes, of_environment, of_volume};
use crate::api::{Commit, Kind, Object, ObjectRef, Op};
use crate::base::Name;
use crate::component::Ctx;
use crate::trace::RecordId;

/// Every namespace has a ConfigMap of this name with the certificate of the API server. It is not an object here.
const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";

/// What the kubelet has heard of objects that its pods name.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedObjects {
    known: BTreeMap<ObjectRef, Heard>,
    /// Those that it has to list.
    wanted: Vec<ObjectRef>,
}

/// What the kubelet has heard of one object.
#[derive(Clone, Debug)]
struct Heard {
    /// `None` = there is no such object.
    object: Option<Object>,
    /// The record of its last change; 0 when it has not changed since it was listed.
    record: RecordId,
}

/// What a pod names.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedByPod {
    /// In the environment of each container, init containers first.
    environment: Vec<Vec<Reference>>,
    /// In the volumes that it mounts.
    pub(super) volumes: Vec<NamedVolume>,
}

/// A volume that is made of ConfigMaps and Secrets.
#[derive(Clone, Debug)]
pub(super) struct NamedVolume {
    pub(super) name: Name,
    pub(super) references: Vec<Reference>,
}

impl NamedByPod {
    /// `None` when the pod names nothing, as most do.
    pub(super) fn of(spec: &PodSpec) -> Option<Box<Self>> {
        let containers = spec.init_containers.iter().chain(&spec.containers);
        let environment: Vec<_> = containers.map(of_environment).collect();
        let volume = |volume: &crate::api::pod::Volume| {
            let references = of_volume(volume);
            (!references.is_empty()).then(|| NamedVolume { name: volume.name.clone(), references })
        };
        let volumes: Vec<_> = mounted_volumes(spec).filter_map(volume).collect();
        let names_nothing = volumes.is_empty() && environment.iter().all(Vec::is_empty);
        (!names_nothing).then(|| Box::new(Self { environment, volumes }))
    }

    fn references(&self) -> impl Iterator<Item = &Reference> {
        let volumes = self.volumes.iter().flat_map(|volume| &volume.references);
        self.environment.iter().flatten().chain(volumes)
    }
}

/// How a missing key is called: in an environment, and in a volume.
fn missing_key(reference: &Reference, namespace: &Name, key: &str, in_volume: bool) -> String {
    match (in_volume, reference.kind) {
        (false, kind) => format!("couldn't find key {key} in {kind} {namespace}/{}", reference.name),
        (true, Kind::Secret) => format!("references non-existent secret key: {key}"),
        (true, _) => format!("references non-existent config key: {key}"),
    }
}

impl NamedObjects {
    /// What keeps a pod of this namespace from having what it names, if something does.
    fn problem(&self, namespace: &Name, reference: &Reference, in_volume: bool) -> Option<String> {
        let Reference { kind, name, keys, optional } = reference;
        if *optional || (*kind == Kind::ConfigMap && name == ROOT_CERTIFICATE) {
            return None;
        }
        let known = self.known.get(&target(namespace, reference)).and_then(|heard| heard.object.as_ref());
        let has_key = |key: &Name| match known {
            Some(Object::ConfigMap(object)) => object.has_key(key),
            Some(Object::Secret(object)) => object.has_key(key),
            _ => false,
        };
        if known.is_none() {
            return Some(format!("{} \"{name}\" not found", kind.names().singular));
        }
        let missing = keys.iter().find(|key| !has_key(key))?;
        Some(missing_key(reference, namespace, missing, in_volume))
    }
}

fn target(namespace: &Name, reference: &Reference) -> ObjectRef {
    ObjectRef { kind: reference.kind, namespace: namespace.clone(), name: reference.name.clone() }
}

impl HostShared {
    /// The objects that the kubelet lists now, and watches from now on.
    pub fn take_wanted_objects(&mut self) -> Vec<ObjectRef> {
        std::mem::take(&mut self.objects.wanted)
    }

    /// The answer to the list of one object.
    pub fn object_listed(&mut self, target: ObjectRef, object: Option<Object>) {
        self.objects.known.insert(target, Heard { object, record: 0 });
    }

    /// The kubelet lists what a pod names, unless it watches it already.
    pub(super) fn look_up(&mut self, pod: &HostPod) {
        let Some(named) = &pod.named else { return };
        for reference in named.references() {
            let target = target(&pod.pod.metadata.namespace, reference);
            if !self.objects.known.contains_key(&target) && !self.objects.wanted.contains(&target) {
                self.objects.wanted.push(target);
            }
        }
    }
}

impl Host {
    /// A new watch: everything has to be listed once more.
    pub(super) fn look_up_anew(&mut self) {
        self.shared.objects = NamedObjects::default();
        for pod in self.pods.values() {
            self.shared.look_up(pod);
        }
    }

    /// The watch of an object that pods name tells of a change.
    pub(super) fn object_changed(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: super::NodeEnv<'_>,
        commit: &Commit,
    ) {
        let target = commit.new.reference();
        let Some(known) = self.shared.objects.known.get_mut(&target) else { return };
        let object = (commit.op != Op::Deleted).then(|| commit.new.clone());
        *known = Heard { object, record: commit.record };
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                if cx.would_fail_to_mount() {
                    cx.wake_idle_sync();
                }
            });
        }
    }
}

impl PodCx<'_, '_> {
    /// What keeps a volume from being set up.
    pub(super) fn volume_problem(&self, volume: &NamedVolume) -> Option<String> {
        let namespace = &self.pod.pod.metadata.namespace;
        let problem = |reference| self.host.objects.problem(namespace, reference, true);
        let problems: Vec<String> = volume.references.iter().filter_map(problem).collect();
        match &problems[..] {
            [] => None,
            [problem] => Some(problem.clone()),
            _ => Some(format!("[{}]", problems.join(", "))),
        }
    }

    /// What follows comes of the last change of what a volume is made of, if there has been one.
    pub(super) fn set_cause_from(&mut self, volume: &NamedVolume) {
        let namespace = &self.pod.pod.metadata.namespace;
        let heard = volume
            .references
            .iter()
            .filter_map(|reference| self.host.objects.known.get(&target(namespace, reference)));
        if let Some(record) = heard.map(|heard| heard.record).max().filter(|record| *record > 0) {
            self.ctx.trace.set_cause(record);
        }
    }

    /// What keeps the n-th container from being created (`generateContainerConfig`).
    pub(super) fn config_problem(&self, index: usize) -> Option<String> {
        let namespace = &self.pod.pod.metadata.namespace;
        let environment = self.pod.named.iter().flat_map(|named| &named.environment[index]);
        environment
            .into_iter()
            .find_map(|reference| self.host.objects.problem(namespace, reference, false))
            .or_else(|| self.root_problem(index))
    }

    /// A container that must not run as root, and would (`verifyRunAsNonRoot`).
    fn root_problem(&self, index: usize) -> Option<String> {
        let container = self.pod.spec(index);
        let contexts: [&Opaque; 2] = [&container.security_context, &self.pod.pod.spec.security_context];
        let field = |name: &str| contexts.iter().find_map(|context| context.as_ref()?.get(name).cloned());
        if field("runAsNonRoot")?.as_bool() != Some(true) {
            return None;
        }
        let metadata = &self.pod.pod.metadata;
        let place = format!(
            "(pod: \"{}_{}({})\", container: {})",
            metadata.name, metadata.namespace, metadata.uid, container.name
        );
        if let Some(user) = field("runAsUser").and_then(|user| user.as_i64()) {
            return (user == 0).then(|| format!("container's runAsUser breaks non-root policy {place}"));
        }
        let model = self.env.apps.model_for(container, &metadata.labels);
        match model.image_user.as_deref()? {
            "0" => Some(format!("container has runAsNonRoot and image will run as root {place}")),
            user if user.parse::<u64>().is_ok() => None,
            user => Some(format!(
                "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root {place}"
            )),
        }
    }
}
