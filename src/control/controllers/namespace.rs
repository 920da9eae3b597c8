//! Namespaces that are going away: pods first, then everything else, then the namespace itself.
//!
//! Source: `pkg/controller/namespace`, v1.34 with OrderedNamespaceDeletion; `spec` control plane 1.7.

use std::sync::Arc;

use crate::api::pod::Pod;
use crate::api::policy::Namespace;
use crate::api::{Commit, DeleteOptions, Kind, Object, ObjectRef, Op, Request};
use crate::base::Name;
use crate::component::Ctx;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};

impl Desktop<'_, '_> {
    /// One pass over one namespace.
    pub(in crate::control) fn sync_namespace(&mut self) {
        let Some(namespace) = self.mirror.objects().at::<Namespace>(self.key).cloned() else { return };
        if !namespace.metadata.is_terminating() || namespace.spec.finalizers.is_empty() {
            return;
        }
        let name = &namespace.metadata.name;
        let pods: Vec<Arc<Pod>> = self.mirror.pods_in_namespace(name).map(|(_, pod)| pod.clone()).collect();
        if !pods.is_empty() {
            for pod in pods.iter().filter(|pod| !pod.metadata.is_terminating()) {
                self.delete_content(Kind::Pod, name, &pod.metadata.name);
            }
            return;
        }
        let content: Vec<(Kind, Name)> = Kind::ALL
            .iter()
            .filter(|kind| kind.names().namespaced && **kind != Kind::Pod)
            .flat_map(|kind| self.mirror.objects().of(*kind).iter().map(move |(_, object)| (*kind, object)))
            .filter(|(_, object)| object.metadata().namespace == *name && !object.metadata().is_terminating())
            .map(|(kind, object)| (kind, object.metadata().name.clone()))
            .collect();
        if content.is_empty() {
            let mut finished = namespace.as_ref().clone();
            finished.spec.finalizers.clear();
            self.submit(Request::Update(finished.into()), About::Anything);
            return;
        }
        for (kind, object) in content {
            self.delete_content(kind, name, &object);
        }
    }

    fn delete_content(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        let target = ObjectRef { kind, namespace: namespace.clone(), name: name.clone() };
        self.submit(Request::Delete { target, options: DeleteOptions::default() }, About::Anything);
    }
}

impl ControllerManager {
    /// Something vanished: a namespace that waits for its content looks again.
    pub(in crate::control) fn namespace_content_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        if commit.op != Op::Deleted || commit.id.kind == Kind::Namespace {
            return;
        }
        let namespace = commit.new.metadata().namespace.clone();
        let found = self.mirror.objects().find(Kind::Namespace, &Name::default(), &namespace);
        if let Some((id, Object::Namespace(object))) = found
            && object.metadata.is_terminating()
        {
            self.enqueue(ctx, ControllerId::Namespace, id.index);
        }
    }
}
