//! Namespaces that are going away: pods first, then everything else, then the namespace itself.
//!
//! Source: `pkg/controller/namespace`, v1.34 with OrderedNamespaceDeletion; `spec` control plane 1.7. Nothing happens for the
//! first five seconds, and a pass that leaves pods behind comes again after half their grace period.

use std::sync::Arc;

use crate::api::pod::Pod;
use crate::api::policy::Namespace;
use crate::api::{DeleteOptions, Kind, Object, ObjectRef, Request};
use crate::base::Name;
use crate::control::manager::{About, Desktop};
use crate::kernel::{SimDuration, SimTime};

/// How long objects with finalizers are given (`finalizerEstimateSeconds`).
const FINALIZER_ESTIMATE_SECONDS: i64 = 15;

impl Desktop<'_, '_> {
    /// One pass over one namespace.
    pub(in crate::control) fn sync_namespace(&mut self) {
        let Some(namespace) = self.mirror.objects().at::<Namespace>(self.key).cloned() else { return };
        let Some(marked) = namespace.metadata.deletion_timestamp else { return };
        if namespace.spec.finalizers.is_empty() {
            return;
        }
        let begun = SimTime::from_secs(marked.seconds_since(self.ctx.epoch).max(0).unsigned_abs());
        let first_pass = begun + self.ctx.settings.namespace_deletion_grace_period;
        if self.ctx.now < first_pass {
            let wait = first_pass.saturating_since(self.ctx.now);
            self.requeue_after(wait);
            return;
        }
        if let Some(due) = self.desk.not_before.get(&self.key).filter(|due| self.ctx.now < **due).copied() {
            self.requeue_after(due.saturating_since(self.ctx.now));
            return;
        }
        let name = &namespace.metadata.name;
        let pods: Vec<Arc<Pod>> = self.mirror.pods_in_namespace(name).map(|(_, pod)| pod.clone()).collect();
        for pod in pods.iter().filter(|pod| !pod.metadata.is_terminating()) {
            self.delete_content(Kind::Pod, name, &pod.metadata.name);
        }
        let mut remains = pods.iter().map(|pod| grace_of(pod)).max();
        if remains.is_none() || !self.ctx.settings.ordered_namespace_deletion {
            remains = remains.max(self.delete_rest(name));
        }
        if let Some(estimate) = remains {
            let wait = SimDuration::from_secs((estimate / 2 + 1).unsigned_abs());
            self.desk.not_before.insert(self.key, self.ctx.now + wait);
            self.requeue_after(wait);
            return;
        }
        self.desk.not_before.remove(&self.key);
        let mut finished = namespace.as_ref().clone();
        finished.spec.finalizers.clear();
        self.submit(Request::Update(finished.into()), About::Anything);
    }

    /// Deletes everything but pods. Returns how many seconds what stays for its finalizers is given, if anything does.
    fn delete_rest(&mut self, namespace: &Name) -> Option<i64> {
        let rest: Vec<Object> = Kind::ALL
            .iter()
            .filter(|kind| kind.names().namespaced && **kind != Kind::Pod)
            .flat_map(|kind| self.mirror.objects().of(*kind).iter().map(|(_, object)| object.clone()))
            .filter(|object| object.metadata().namespace == *namespace)
            .collect();
        for object in rest.iter().filter(|object| !object.metadata().is_terminating()) {
            self.delete_content(object.kind(), namespace, &object.metadata().name);
        }
        let stays = rest.iter().any(|object| !object.metadata().finalizers.is_empty());
        stays.then_some(FINALIZER_ESTIMATE_SECONDS)
    }

    fn delete_content(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        let target = ObjectRef { kind, namespace: namespace.clone(), name: name.clone() };
        self.submit(Request::Delete { target, options: DeleteOptions::default() }, About::Anything);
    }
}

/// Seconds that a pod may need to stop.
fn grace_of(pod: &Pod) -> i64 {
    if pod.status.phase.is_terminal() || pod.node_name.is_none() {
        return 0;
    }
    pod.spec.termination_grace_period_seconds.unwrap_or(30)
}
