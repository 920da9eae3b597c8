//! StatefulSets: pods with names and an order, made and updated one after the other.
//!
//! Source: `pkg/controller/statefulset/stateful_set_control.go`, v1.34; `spec` control plane 4.3.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::pod::{Pod, PodPhase, PodTemplate};
use crate::api::workload::{
    ControllerRevision, PodManagementPolicy, StatefulSet, StatefulSetStatus, UpdateStrategyType,
};
use crate::api::{Object, ObjectMeta, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::control::manager::{About, Desktop};
use crate::kernel::SimDuration;

use super::deployment::template_hash;
use super::replicas::{owner_reference, unavailable_for};
use super::revisions::Snapshot;

/// Says from which revision a pod was made.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";
/// The hash of its template, on a revision.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// A set, its pods by ordinal, and the revisions in force.
struct View {
    set: Arc<StatefulSet>,
    object: Object,
    pods: BTreeMap<i32, Arc<Pod>>,
    current: Name,
    update: Name,
    hash: String,
    ordered: bool,
}

impl View {
    fn start(&self) -> i32 {
        self.set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start)
    }

    fn end(&self) -> i32 {
        self.start() + self.set.spec.replicas.unwrap_or(1)
    }

    fn partition(&self) -> i32 {
        let bounds = self.set.spec.update_strategy.rolling_update.as_ref();
        bounds.and_then(|bounds| bounds.partition).unwrap_or(0)
    }

    /// The revision from which the pod of an ordinal is made.
    fn revision_for(&self, ordinal: i32) -> &Name {
        let rolling = self.set.spec.update_strategy.kind == UpdateStrategyType::RollingUpdate;
        if rolling && ordinal < self.start() + self.partition() { &self.current } else { &self.update }
    }
}

/// The ordinal at the end of a pod's name.
fn ordinal_of(pod: &Pod) -> Option<i32> {
    pod.metadata.name.rsplit_once('-')?.1.parse().ok()
}

fn revision_of(pod: &Pod) -> Option<&Name> {
    pod.metadata.labels.get(REVISION_LABEL)
}

/// Running, ready and to stay.
fn is_healthy(pod: &Pod) -> bool {
    pod.status.phase == PodPhase::Running && pod.is_ready() && !pod.metadata.is_terminating()
}

impl Desktop<'_, '_> {
    /// One pass over one StatefulSet.
    pub(in crate::control) fn sync_stateful_set(&mut self) {
        let Some(view) = self.stateful_view() else {
            self.desk.recorded.remove(&self.key);
            return;
        };
        if !view.set.metadata.is_terminating() {
            self.keep_set_history(&view);
            self.advance_set(&view);
        }
        self.update_stateful_status(&view);
    }

    fn stateful_view(&self) -> Option<View> {
        let set = self.mirror.objects().at::<StatefulSet>(self.key)?.clone();
        let hash = template_hash(&set.spec.template, set.status.collision_count);
        let update = Name::from(format!("{}-{hash}", set.metadata.name));
        let current = set.status.current_revision.clone().unwrap_or_else(|| update.clone());
        let pods = self.mirror.pods_of(set.metadata.uid);
        let pods = pods.filter_map(|(_, pod)| Some((ordinal_of(pod)?, pod.clone()))).collect();
        let ordered = set.spec.pod_management_policy == PodManagementPolicy::OrderedReady;
        Some(View { object: Object::from(set.as_ref().clone()), set, pods, current, update, hash, ordered })
    }

    /// The template has a revision; of those that no pod has, as many stay as the set wants.
    fn keep_set_history(&mut self, view: &View) {
        let known = self.revisions_of(view.set.metadata.uid);
        let snapshot = Snapshot {
            owner: &view.object,
            template: &view.set.spec.template,
            name: view.update.clone(),
            hash: (HASH_LABEL, &view.hash),
        };
        self.record_revision(&known, &snapshot);
        let is_live = |revision: &ControllerRevision| {
            let name = &revision.metadata.name;
            *name == view.current
                || *name == view.update
                || view.pods.values().any(|pod| revision_of(pod) == Some(name))
        };
        let limit = view.set.spec.revision_history_limit.unwrap_or(10).max(0) as usize;
        let unused = known.iter().filter(|revision| !is_live(revision)).count();
        self.forget_revisions(&known, is_live, unused.saturating_sub(limit));
    }

    /// Creates, then scales down, then updates; each stage only once the one before has nothing left to wait for.
    fn advance_set(&mut self, view: &View) {
        if self.fill_ordinals(view) && self.remove_surplus(view) {
            self.update_highest(view);
        }
    }

    /// Every wanted ordinal has a pod. Returns whether the set may go on to the next stage.
    fn fill_ordinals(&mut self, view: &View) -> bool {
        for ordinal in view.start()..view.end() {
            let Some(pod) = view.pods.get(&ordinal) else {
                self.create_ordinal(view, ordinal);
                if view.ordered {
                    return false;
                }
                continue;
            };
            if pod.status.phase.is_terminal() && !pod.metadata.is_terminating() {
                // Its name must be free before it can be made anew, so this waits in either policy.
                self.delete_replica(&view.object, pod);
                if view.ordered {
                    return false;
                }
            } else if view.ordered && !self.is_settled(view, pod) {
                return false;
            }
        }
        true
    }

    /// Whether a pod is available; if only time is missing, the set looks again then.
    fn is_settled(&mut self, view: &View, pod: &Pod) -> bool {
        if !is_healthy(pod) {
            return false;
        }
        let wait = unavailable_for(pod, view.set.spec.min_ready_seconds, self.ctx.timestamp());
        match wait {
            Some(0) => true,
            Some(seconds) => {
                self.requeue_after(SimDuration::from_secs(seconds.unsigned_abs()));
                false
            }
            None => false,
        }
    }

    /// Pods outside of the wanted ordinals go, the highest first. Returns whether none is left.
    fn remove_surplus(&mut self, view: &View) -> bool {
        let wanted = view.start()..view.end();
        let mut none_left = true;
        for (_, pod) in view.pods.iter().rev().filter(|(ordinal, _)| !wanted.contains(ordinal)) {
            none_left = false;
            if !pod.metadata.is_terminating() {
                self.delete_replica(&view.object, pod);
            }
            if view.ordered {
                break;
            }
        }
        none_left
    }

    /// Deletes the highest pod of an old revision, unless one above it is not back yet.
    fn update_highest(&mut self, view: &View) {
        if view.set.spec.update_strategy.kind == UpdateStrategyType::OnDelete {
            return;
        }
        for ordinal in (view.start() + view.partition()..view.end()).rev() {
            let Some(pod) = view.pods.get(&ordinal) else { return };
            if revision_of(pod) != Some(&view.update) && !pod.metadata.is_terminating() {
                self.delete_replica(&view.object, pod);
                return;
            }
            if !self.is_settled(view, pod) {
                return;
            }
        }
    }

    fn create_ordinal(&mut self, view: &View, ordinal: i32) {
        let revision = view.revision_for(ordinal);
        let recorded =
            self.mirror.objects().get::<ControllerRevision>(&view.set.metadata.namespace, revision);
        let template = recorded.filter(|_| *revision != view.update).map(|found| found.template().clone());
        let template = template.unwrap_or_else(|| view.set.spec.template.clone());
        let pod = pod_of(view, ordinal, revision, &template);
        let name = pod.metadata.name.clone();
        self.submit(Request::Create(pod.into()), About::Anything);
        let message = format!("create Pod {name} in StatefulSet {} successful", view.set.metadata.name);
        self.event(&view.object, EventType::Normal, "SuccessfulCreate", message);
    }

    fn update_stateful_status(&mut self, view: &View) {
        let status = self.stateful_status(view);
        if status != view.set.status {
            let set = StatefulSet { status, ..view.set.as_ref().clone() };
            self.submit(Request::UpdateStatus(set.into()), About::Anything);
        }
    }

    fn stateful_status(&self, view: &View) -> StatefulSetStatus {
        let now = self.ctx.timestamp();
        let count = |test: &dyn Fn(&Pod) -> bool| view.pods.values().filter(|pod| test(pod)).count() as i32;
        let of =
            |pod: &Pod, revision: &Name| revision_of(pod) == Some(revision) && !pod.metadata.is_terminating();
        let min_ready = view.set.spec.min_ready_seconds;
        let mut status = StatefulSetStatus {
            observed_generation: view.set.metadata.generation,
            replicas: view.pods.len() as i32,
            ready_replicas: count(&|pod| pod.status.phase == PodPhase::Running && pod.is_ready()),
            available_replicas: count(&|pod| unavailable_for(pod, min_ready, now) == Some(0)),
            current_replicas: count(&|pod| of(pod, &view.current)),
            updated_replicas: count(&|pod| of(pod, &view.update)),
            current_revision: Some(view.current.clone()),
            update_revision: Some(view.update.clone()),
            ..view.set.status.clone()
        };
        let rolling = view.set.spec.update_strategy.kind == UpdateStrategyType::RollingUpdate;
        if rolling
            && view.current != view.update
            && status.updated_replicas == status.replicas
            && status.ready_replicas == status.replicas
        {
            status.current_revision = status.update_revision.clone();
            status.current_replicas = status.updated_replicas;
        }
        status
    }
}

fn pod_of(view: &View, ordinal: i32, revision: &Name, template: &PodTemplate) -> Pod {
    let metadata = &view.set.metadata;
    let name = Name::from(format!("{}-{ordinal}", metadata.name));
    let mut labels = template.metadata.labels.clone();
    labels.insert("statefulset.kubernetes.io/pod-name", name.clone());
    labels.insert("apps.kubernetes.io/pod-index", ordinal.to_string());
    labels.insert(REVISION_LABEL, revision.clone());
    let mut spec = template.spec.clone();
    let own = Arc::make_mut(&mut spec);
    own.hostname = Some(name.clone());
    own.subdomain.clone_from(&view.set.spec.service_name);
    Pod {
        metadata: ObjectMeta {
            name,
            namespace: metadata.namespace.clone(),
            labels,
            annotations: template.metadata.annotations.clone(),
            finalizers: template.metadata.finalizers.clone(),
            owner_references: vec![owner_reference(&view.object)],
            ..ObjectMeta::default()
        },
        spec,
        ..Pod::default()
    }
}
