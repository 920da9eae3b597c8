//! Deployments: one ReplicaSet for each template, scaled against each other.
//!
//! Source: `pkg/controller/deployment/{deployment_controller,sync,rolling,recreate,progress}.go`, v1.34; `spec` control
//! plane 4.2. The arithmetic of a step is in [`crate::control::rollout`].

use std::sync::Arc;

use crate::api::core::{Condition, ConditionStatus, Conditions, set_condition};
use crate::api::pod::{Pod, PodPhase, PodTemplate};
use crate::api::workload::{
    Deployment, DeploymentStatus, DeploymentStrategyType, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus,
};
use crate::api::{Commit, DeleteOptions, Kind, Labels, Object, ObjectMeta, ObjectRef, Op, Request};
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::controllers::replicas::owner_reference;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};
use crate::control::rollout::{DESIRED_REPLICAS_ANNOTATION, MAX_REPLICAS_ANNOTATION, Rollout, SetView};
use crate::kernel::SimDuration;

/// Label that tells the ReplicaSets of one Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";
/// Annotation with the number of a rollout.
pub const REVISION: &str = "deployment.kubernetes.io/revision";

/// A Deployment with its ReplicaSets, as one pass sees them.
struct Rolling {
    deployment: Arc<Deployment>,
    object: Object,
    /// The set of the present template.
    new: Option<Arc<ReplicaSet>>,
    /// The other sets, oldest first.
    old: Vec<Arc<ReplicaSet>>,
    rollout: Rollout,
}

impl Rolling {
    fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }

    fn replicas(&self) -> i32 {
        self.rollout.replicas
    }

    fn old_views(&self) -> Vec<SetView> {
        self.old.iter().map(|set| SetView::new(set)).collect()
    }
}

impl Desktop<'_, '_> {
    /// One pass over one Deployment.
    pub(in crate::control) fn sync_deployment(&mut self) {
        let Some(rolling) = self.rolling() else { return };
        if rolling.deployment.metadata.is_terminating() {
            self.update_deployment_status(&rolling);
            return;
        }
        if self.renew_revision(&rolling) {
            return;
        }
        if rolling.deployment.spec.paused || self.was_scaled(&rolling) {
            self.scale_in_proportion(&rolling);
            if rolling.deployment.spec.paused {
                self.clean_up(&rolling);
            }
            self.update_deployment_status(&rolling);
            return;
        }
        let moved = match rolling.deployment.spec.strategy.kind {
            DeploymentStrategyType::Recreate => self.recreate(&rolling),
            DeploymentStrategyType::RollingUpdate => self.roll(&rolling),
        };
        if !moved && is_complete(&rolling) {
            self.clean_up(&rolling);
        }
        self.update_deployment_status(&rolling);
    }

    /// A set whose template is wanted again gets a new number, above all others. Returns whether it needed one.
    fn renew_revision(&mut self, rolling: &Rolling) -> bool {
        let Some(new) = &rolling.new else { return false };
        let newest = rolling.old.iter().map(|set| revision_of(&set.metadata)).max().unwrap_or(0);
        if revision_of(&new.metadata) > newest {
            return false;
        }
        let mut renewed = new.as_ref().clone();
        renewed.metadata.annotations.insert(REVISION, (newest + 1).to_string());
        self.submit(Request::Update(renewed.into()), About::Anything);
        true
    }

    fn rolling(&self) -> Option<Rolling> {
        let objects = self.mirror.objects();
        let deployment = objects.at::<Deployment>(self.key)?.clone();
        let mut sets: Vec<Arc<ReplicaSet>> = objects
            .iter::<ReplicaSet>()
            .map(|(_, set)| set.clone())
            .filter(|set| set.metadata.controller().is_some_and(|owner| owner.uid == deployment.metadata.uid))
            .collect();
        sets.sort_by(|a, b| {
            let key = |set: &ReplicaSet| (set.metadata.creation_timestamp, set.metadata.name.clone());
            key(a).cmp(&key(b))
        });
        let template = &deployment.spec.template;
        let at = sets.iter().position(|set| same_template(&set.spec.template, template));
        let new = at.map(|at| sets.remove(at));
        let rollout = Rollout::new(&deployment).ok()?;
        let object = Object::Deployment(deployment.clone());
        Some(Rolling { deployment, object, new, old: sets, rollout })
    }

    /// Whether `spec.replicas` has changed since the sets were sized.
    fn was_scaled(&self, rolling: &Rolling) -> bool {
        rolling.all().filter(|set| set.spec.replicas.unwrap_or(1) > 0).any(|set| {
            let noted = set.metadata.annotations.get(DESIRED_REPLICAS_ANNOTATION);
            noted.and_then(|text| text.parse::<i32>().ok()).is_some_and(|noted| noted != rolling.replicas())
        })
    }

    fn scale_in_proportion(&mut self, rolling: &Rolling) {
        let new = rolling.new.as_ref().map(|set| SetView::new(set));
        let sizes = rolling.rollout.sizes_in_proportion(new.as_ref(), &rolling.old_views());
        let olds = rolling.old.iter().zip(&sizes.old);
        let changes: Vec<(Arc<ReplicaSet>, i32)> = rolling
            .new
            .iter()
            .zip(sizes.new.iter())
            .chain(olds)
            .map(|(set, size)| (set.clone(), *size))
            .collect();
        for (set, size) in changes {
            self.resize(rolling, &set, size);
        }
    }

    /// One step of a rolling update: grow the new set, or else shrink the old ones.
    fn roll(&mut self, rolling: &Rolling) -> bool {
        let Some(new) = &rolling.new else {
            self.create_set(rolling);
            return true;
        };
        let view = SetView::new(new);
        let size = rolling.rollout.size_of_new(&view, &rolling.old_views());
        if self.resize(rolling, new, size) {
            return true;
        }
        if rolling.old.iter().all(|set| set.spec.replicas == Some(0)) {
            return false;
        }
        let sizes = rolling.rollout.sizes_of_old(&view, &rolling.old_views());
        let mut moved = false;
        for (set, size) in rolling.old.iter().zip(sizes) {
            moved |= self.resize(rolling, set, size);
        }
        moved
    }

    /// All old pods end before the first new one begins.
    fn recreate(&mut self, rolling: &Rolling) -> bool {
        let mut moved = false;
        for set in &rolling.old {
            moved |= self.resize(rolling, set, 0);
        }
        if moved || self.old_pods_run(rolling) {
            return true;
        }
        match &rolling.new {
            None => {
                self.create_set(rolling);
                true
            }
            Some(new) => self.resize(rolling, new, rolling.replicas()),
        }
    }

    fn old_pods_run(&self, rolling: &Rolling) -> bool {
        rolling.old.iter().any(|set| {
            set.status.replicas > 0
                || self.mirror.pods_of(set.metadata.uid).any(|(_, pod): (u32, &Arc<Pod>)| {
                    !matches!(pod.status.phase, PodPhase::Failed | PodPhase::Succeeded)
                })
        })
    }

    /// Sets the size of a set, with the annotations that go with it. Returns whether the size changed.
    fn resize(&mut self, rolling: &Rolling, set: &Arc<ReplicaSet>, size: i32) -> bool {
        let before = set.spec.replicas.unwrap_or(1);
        let mut changed = set.as_ref().clone();
        changed.spec.replicas = Some(size);
        size_annotations(&mut changed.metadata.annotations, rolling);
        if changed == **set {
            return false;
        }
        self.submit(Request::Update(changed.into()), About::Anything);
        if before == size {
            return false;
        }
        let (direction, from) = if size > before { ("up", before) } else { ("down", before) };
        let message = format!("Scaled {direction} replica set {} from {from} to {size}", set.metadata.name);
        self.event(&rolling.object, EventType::Normal, "ScalingReplicaSet", message);
        true
    }

    fn create_set(&mut self, rolling: &Rolling) {
        let deployment = &rolling.deployment;
        let hash = template_hash(&deployment.spec.template, deployment.status.collision_count);
        let view = SetView {
            name: Name::default(),
            replicas: 0,
            available: 0,
            max_replicas: None,
            desired_replicas: None,
            created: self.ctx.timestamp(),
        };
        let size = rolling.rollout.size_of_new(&view, &rolling.old_views());
        let set = new_set(rolling, &hash, size);
        let name = set.metadata.name.clone();
        self.submit(Request::Create(set.into()), About::Anything);
        if size > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {size}");
            self.event(&rolling.object, EventType::Normal, "ScalingReplicaSet", message);
        }
    }

    /// Deletes old sets beyond the history limit, lowest revision first.
    fn clean_up(&mut self, rolling: &Rolling) {
        let limit = rolling.deployment.spec.revision_history_limit.unwrap_or(10).max(0) as usize;
        let mut idle: Vec<&Arc<ReplicaSet>> = rolling
            .old
            .iter()
            .filter(|set| {
                set.spec.replicas == Some(0) && set.status.replicas == 0 && !set.metadata.is_terminating()
            })
            .collect();
        idle.sort_by_key(|set| revision_of(&set.metadata));
        let surplus = idle.len().saturating_sub(limit);
        for set in idle.into_iter().take(surplus) {
            let target = ObjectRef {
                kind: Kind::ReplicaSet,
                namespace: set.metadata.namespace.clone(),
                name: set.metadata.name.clone(),
            };
            let options = DeleteOptions { uid: Some(set.metadata.uid), ..DeleteOptions::default() };
            self.submit(Request::Delete { target, options }, About::Anything);
        }
    }

    fn update_deployment_status(&mut self, rolling: &Rolling) {
        let deployment = &rolling.deployment;
        let sum = |of: fn(&ReplicaSetStatus) -> i32| rolling.all().map(|set| of(&set.status)).sum::<i32>();
        let mut status = DeploymentStatus {
            observed_generation: deployment.metadata.generation,
            replicas: sum(|status| status.replicas),
            updated_replicas: rolling.new.as_ref().map_or(0, |set| set.status.replicas),
            ready_replicas: sum(|status| status.ready_replicas),
            available_replicas: sum(|status| status.available_replicas),
            collision_count: deployment.status.collision_count,
            conditions: deployment.status.conditions.clone(),
            ..DeploymentStatus::default()
        };
        let wanted: i32 = rolling.all().map(|set| set.spec.replicas.unwrap_or(1)).sum();
        status.unavailable_replicas = (wanted - status.available_replicas).max(0);
        if rolling.new.is_none() && rolling.old.is_empty() {
            status.unavailable_replicas = rolling.replicas();
        }
        self.set_available(rolling, &mut status);
        self.set_progressing(rolling, &mut status);
        let mut changed = deployment.as_ref().clone();
        let revision = rolling.new.as_ref().and_then(|set| set.metadata.annotations.get(REVISION).cloned());
        if let Some(revision) = revision
            && changed.metadata.annotations.get(REVISION) != Some(&revision)
        {
            changed.metadata.annotations.insert(REVISION, revision);
            self.submit(Request::Update(changed.clone().into()), About::Anything);
            changed.metadata.resource_version = 0;
        }
        if status != deployment.status {
            changed.status = status;
            self.submit(Request::UpdateStatus(changed.into()), About::Anything);
        }
    }

    fn set_available(&self, rolling: &Rolling, status: &mut DeploymentStatus) {
        let enough = status.available_replicas >= rolling.rollout.min_available();
        let (reason, message) = if enough {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        self.set_deployment_condition(status, "Available", enough.into(), reason, message.to_owned());
    }

    fn set_deployment_condition(
        &self,
        status: &mut DeploymentStatus,
        kind: &'static str,
        truth: ConditionStatus,
        reason: &'static str,
        message: String,
    ) {
        let old = status.conditions.condition(kind);
        if old.is_some_and(|old| old.status == truth && old.reason.as_deref() == Some(reason)) {
            return;
        }
        let now = Some(self.ctx.timestamp());
        let condition = Condition {
            kind: kind.into(),
            status: truth,
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_transition_time: now,
            last_update_time: now,
            ..Condition::default()
        };
        set_condition(&mut status.conditions, condition);
    }

    /// The Progressing condition: created, updated, available, or past its deadline.
    fn set_progressing(&mut self, rolling: &Rolling, status: &mut DeploymentStatus) {
        let deployment = &rolling.deployment;
        let Some(deadline) = deployment.spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)
        else {
            return;
        };
        let name = &deployment.metadata.name;
        let set = rolling.new.as_ref().map(|set| set.metadata.name.clone());
        let Some(set) = set else {
            let hash = template_hash(&deployment.spec.template, deployment.status.collision_count);
            let message = format!("Created new replica set \"{name}-{hash}\"");
            self.set_deployment_condition(
                status,
                "Progressing",
                ConditionStatus::True,
                "NewReplicaSetCreated",
                message,
            );
            return;
        };
        let old = &deployment.status;
        let condition = status.conditions.condition("Progressing").cloned();
        let complete = status.updated_replicas == rolling.replicas()
            && status.replicas == rolling.replicas()
            && status.available_replicas == rolling.replicas();
        // Once a rollout has ended, pods that come and go are no news.
        let ended = condition.as_ref().is_some_and(|c| c.reason.as_deref() == Some("NewReplicaSetAvailable"));
        if ended && status.replicas == status.updated_replicas {
            return;
        }
        let old_left = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
        let progressed = status.updated_replicas > old.updated_replicas
            || old_left(status) < old_left(old)
            || status.ready_replicas > old.ready_replicas
            || status.available_replicas > old.available_replicas;
        if complete {
            let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
            let truth = ConditionStatus::True;
            self.set_deployment_condition(status, "Progressing", truth, "NewReplicaSetAvailable", message);
            return;
        }
        if progressed || condition.is_none() {
            let message = format!("ReplicaSet \"{set}\" is progressing.");
            status.conditions.retain(|c| c.kind != "Progressing" || c.status == ConditionStatus::True);
            let now = Some(self.ctx.timestamp());
            let reason = "ReplicaSetUpdated";
            self.set_deployment_condition(status, "Progressing", ConditionStatus::True, reason, message);
            if let Some(c) = status.conditions.iter_mut().find(|c| c.kind == "Progressing") {
                c.last_update_time = now;
            }
            self.requeue_after(SimDuration::from_secs(deadline.max(0) as u64 + 1));
            return;
        }
        self.check_deadline(rolling, status, deadline, &set);
    }

    fn check_deadline(
        &mut self,
        rolling: &Rolling,
        status: &mut DeploymentStatus,
        deadline: i32,
        set: &Name,
    ) {
        let Some(condition) = status.conditions.condition("Progressing").cloned() else { return };
        let finished = condition.reason.as_deref() == Some("NewReplicaSetAvailable");
        if condition.status != ConditionStatus::True || finished || rolling.deployment.spec.paused {
            return;
        }
        let since = condition.last_update_time.unwrap_or(self.ctx.timestamp());
        let left = i64::from(deadline) - self.ctx.timestamp().seconds_since(since);
        if left >= 0 {
            self.requeue_after(SimDuration::from_secs(left as u64 + 1));
            return;
        }
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        let truth = ConditionStatus::False;
        self.set_deployment_condition(status, "Progressing", truth, "ProgressDeadlineExceeded", message);
    }
}

impl ControllerManager {
    /// A ReplicaSet, or a pod of one, changed: its Deployment looks at it.
    pub(in crate::control) fn sets_changed(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        let set = match &commit.new {
            Object::ReplicaSet(set) => Some(set.clone()),
            // The end of a pod matters to a Deployment that waits for all old pods to be gone.
            Object::Pod(pod) if commit.op == Op::Deleted => pod.metadata.controller().and_then(|owner| {
                self.mirror.objects().get::<ReplicaSet>(&pod.metadata.namespace, &owner.name).cloned()
            }),
            _ => None,
        };
        let Some(set) = set else { return };
        let Some(owner) = set.metadata.controller().filter(|owner| owner.kind == "Deployment") else {
            return;
        };
        if let Some((id, _)) =
            self.mirror.objects().find(Kind::Deployment, &set.metadata.namespace, &owner.name)
        {
            self.enqueue(ctx, ControllerId::Deployment, id.index);
        }
    }
}

/// Whether the rollout has ended well.
fn is_complete(rolling: &Rolling) -> bool {
    let status = &rolling.deployment.status;
    let replicas = rolling.replicas();
    status.updated_replicas == replicas
        && status.replicas == replicas
        && status.available_replicas == replicas
}

/// Templates are equal whatever their hash label says.
pub fn same_template(a: &PodTemplate, b: &PodTemplate) -> bool {
    let labels = |template: &PodTemplate| {
        let mut labels = template.metadata.labels.clone();
        labels.remove(TEMPLATE_HASH);
        labels
    };
    (Arc::ptr_eq(&a.spec, &b.spec) || a.spec == b.spec)
        && labels(a) == labels(b)
        && a.metadata.annotations == b.metadata.annotations
}

/// A short name for a template. Kubernetes hashes a Go memory dump; here it is the template's JSON, in the same
/// alphabet and length.
pub(in crate::control) fn template_hash(template: &PodTemplate, collisions: Option<i32>) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let text = serde_json::to_string(template).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes());
    hasher.update(&collisions.unwrap_or(0).to_le_bytes());
    let hash = hasher.finalize();
    hash.as_bytes()[..10].iter().map(|byte| char::from(LETTERS[*byte as usize % LETTERS.len()])).collect()
}

fn size_annotations(annotations: &mut Labels, rolling: &Rolling) {
    let most = rolling.rollout.max_total();
    for (key, value) in [(DESIRED_REPLICAS_ANNOTATION, rolling.replicas()), (MAX_REPLICAS_ANNOTATION, most)] {
        let value = value.to_string();
        if annotations.get(key).map(Name::as_str) != Some(value.as_str()) {
            annotations.insert(key, value);
        }
    }
}

/// The revision number in an annotation; 0 when there is none.
pub fn revision_of(metadata: &ObjectMeta) -> i64 {
    metadata.annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn new_set(rolling: &Rolling, hash: &str, size: i32) -> ReplicaSet {
    let deployment = &rolling.deployment;
    let mut template = deployment.spec.template.clone();
    template.metadata.labels.insert(TEMPLATE_HASH, hash);
    let mut selector = deployment.spec.selector.clone().unwrap_or_default();
    selector.match_labels.insert(TEMPLATE_HASH, hash);
    let newest = rolling.old.iter().map(|set| revision_of(&set.metadata)).max().unwrap_or(0);
    let mut annotations = deployment.metadata.annotations.clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations.insert(REVISION, (newest + 1).to_string());
    size_annotations(&mut annotations, rolling);
    ReplicaSet {
        metadata: ObjectMeta {
            name: format!("{}-{hash}", deployment.metadata.name).into(),
            namespace: deployment.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations,
            owner_references: vec![owner_reference(&rolling.object)],
            ..ObjectMeta::default()
        },
        spec: ReplicaSetSpec {
            replicas: Some(size),
            min_ready_seconds: deployment.spec.min_ready_seconds,
            selector: Some(selector),
            template,
        },
        status: ReplicaSetStatus::default(),
    }
}
