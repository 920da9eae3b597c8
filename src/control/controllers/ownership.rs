//! Which pods a controller owns: it adopts those that match and have no owner, and releases its own that match no more.
//!
//! Source: `pkg/controller/controller_ref_manager.go`, v1.34.

use std::sync::Arc;

use crate::api::pod::Pod;
use crate::api::{Object, OwnerReference, Patch, Request, Selector};
use crate::control::manager::{About, Desktop};

use super::replicas::{owner_reference, pod_ref};

/// The pods that an object selects; `None` when it selects none by labels.
pub(super) fn selector_of(object: &Object) -> Option<Selector> {
    match object {
        Object::ReplicaSet(set) => set.spec.selector.as_ref()?.compile().ok(),
        Object::ReplicationController(set) => Some(Selector::from_labels(&set.spec.selector)),
        Object::StatefulSet(set) => set.spec.selector.as_ref()?.compile().ok(),
        Object::DaemonSet(set) => set.spec.selector.as_ref()?.compile().ok(),
        Object::Job(job) => job.spec.selector.as_ref()?.compile().ok(),
        _ => None,
    }
}

impl Desktop<'_, '_> {
    /// The pods of an owner, in order of creation. `may_join` says which matching pods it would adopt.
    pub(super) fn claim_pods(
        &mut self,
        owner: &Object,
        may_join: &dyn Fn(&Pod) -> bool,
    ) -> Vec<(u32, Arc<Pod>)> {
        let metadata = owner.metadata();
        let owned = self.mirror.pods_of(metadata.uid).map(|(index, pod)| (index, pod.clone()));
        let Some(selector) = selector_of(owner) else { return owned.collect() };
        let (mut claimed, stray): (Vec<_>, Vec<_>) =
            owned.partition(|(_, pod)| selector.matches(&pod.metadata.labels));
        for (_, pod) in stray.iter().filter(|(_, pod)| !pod.metadata.is_terminating()) {
            let mut owners = pod.metadata.owner_references.clone();
            owners.retain(|owner| owner.uid != metadata.uid);
            self.patch_owners(pod, owners);
        }
        if !metadata.is_terminating() {
            let orphans = self.mirror.orphans_in(&metadata.namespace);
            let wanted =
                |pod: &Pod| selector.matches(&pod.metadata.labels) && pod.is_active() && may_join(pod);
            let joining: Vec<(u32, Arc<Pod>)> =
                orphans.filter(|(_, pod)| wanted(pod)).map(|(index, pod)| (index, pod.clone())).collect();
            for (_, pod) in &joining {
                let mut owners = pod.metadata.owner_references.clone();
                owners.push(owner_reference(owner));
                self.patch_owners(pod, owners);
            }
            claimed.extend(joining);
        }
        claimed.sort_by_key(|(index, _)| *index);
        claimed
    }

    fn patch_owners(&mut self, pod: &Pod, owners: Vec<OwnerReference>) {
        let target = pod_ref(pod);
        let patch = Patch::OwnerReferences(owners);
        self.submit(Request::Patch { target, uid: Some(pod.metadata.uid), patch }, About::Anything);
    }
}
