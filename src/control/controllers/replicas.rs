//! ReplicaSets and ReplicationControllers: as many active pods as wanted.
//!
//! Source: `pkg/controller/replicaset/replica_set.go`, `controller_ref_manager.go`, `controller_utils.go`, v1.34;
//! `spec` control plane 4.1.

use std::sync::Arc;

use crate::api::core::{Condition, ConditionStatus, Conditions, set_condition};
use crate::api::pod::{Pod, PodTemplate};
use crate::api::workload::{ReplicaSet, ReplicaSetStatus, ReplicationController};
use crate::api::{
    ApiResult, Commit, DeleteOptions, Kind, Object, ObjectMeta, ObjectRef, Op, OwnerReference, Request,
    Selector,
};
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};
use crate::control::ranking::{self, Candidate, Order};
use crate::kernel::SimDuration;

use super::ownership::selector_of;

/// What the two kinds have in common.
struct Set {
    object: Object,
    replicas: i32,
    min_ready_seconds: i32,
    template: PodTemplate,
    status: ReplicaSetStatus,
}

impl Set {
    fn of(object: &Object) -> Option<Self> {
        match object {
            Object::ReplicaSet(set) => Some(Self {
                object: object.clone(),
                replicas: set.spec.replicas.unwrap_or(1),
                min_ready_seconds: set.spec.min_ready_seconds,
                template: set.spec.template.clone(),
                status: set.status.clone(),
            }),
            Object::ReplicationController(set) => Some(Self {
                object: object.clone(),
                replicas: set.spec.replicas.unwrap_or(1),
                min_ready_seconds: set.spec.min_ready_seconds,
                template: set.spec.template.clone(),
                status: set.status.clone(),
            }),
            _ => None,
        }
    }

    fn metadata(&self) -> &ObjectMeta {
        self.object.metadata()
    }

    fn with_status(&self, status: ReplicaSetStatus) -> Object {
        match &self.object {
            Object::ReplicaSet(set) => Object::from(ReplicaSet { status, ..set.as_ref().clone() }),
            Object::ReplicationController(set) => {
                Object::from(ReplicationController { status, ..set.as_ref().clone() })
            }
            other => other.clone(),
        }
    }
}

/// What the status of a set counts.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    active: i32,
    fully_labeled: i32,
    ready: i32,
    available: i32,
}

/// The reference by which an object owns what its controller makes.
pub(in crate::control) fn owner_reference(owner: &Object) -> OwnerReference {
    let metadata = owner.metadata();
    OwnerReference {
        api_version: owner.kind().names().api_version.into(),
        kind: owner.kind().as_str().into(),
        name: metadata.name.clone(),
        uid: metadata.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The controller that works on sets of this kind.
fn controller_of(kind: &str) -> Option<(ControllerId, Kind)> {
    match kind {
        "ReplicaSet" => Some((ControllerId::ReplicaSet, Kind::ReplicaSet)),
        "ReplicationController" => Some((ControllerId::ReplicationController, Kind::ReplicationController)),
        "StatefulSet" => Some((ControllerId::StatefulSet, Kind::StatefulSet)),
        "DaemonSet" => Some((ControllerId::DaemonSet, Kind::DaemonSet)),
        "Job" => Some((ControllerId::Job, Kind::Job)),
        _ => None,
    }
}

impl Desktop<'_, '_> {
    fn kind(&self) -> Kind {
        if self.id == ControllerId::ReplicaSet { Kind::ReplicaSet } else { Kind::ReplicationController }
    }

    fn set(&self) -> Option<Set> {
        self.mirror.objects().of(self.kind()).get(self.key).and_then(Set::of)
    }

    /// One pass over one set.
    pub(in crate::control) fn sync_replicas(&mut self) {
        let Some(set) = self.set() else {
            self.desk.expected.remove(&self.key);
            self.desk.waiting_batches.remove(&self.key);
            return;
        };
        if let Some(tally) = self.tally(&set) {
            self.set_status(&set, tally, None);
            return;
        }
        let pods = self.claim_pods(&set.object, &|_| true);
        if self.expectations_met() && !set.metadata().is_terminating() {
            let active: Vec<(u32, Arc<Pod>)> =
                pods.iter().filter(|(_, pod)| pod.is_active()).cloned().collect();
            self.manage(&set, &active);
        }
        self.update_set_status(&set, &pods);
    }

    /// The counts for the status of a set, when a pass would find nothing to create, delete, adopt or release: then no
    /// pod has to be looked at.
    fn tally(&self, set: &Set) -> Option<Tally> {
        let metadata = set.metadata();
        let is_orphaned = self.mirror.orphans_in(&metadata.namespace).next().is_some();
        if set.min_ready_seconds != 0 || is_orphaned || metadata.is_terminating() {
            return None;
        }
        let selector = selector_of(&set.object)?;
        let template = Selector::from_labels(&set.template.metadata.labels);
        let mut tally = Tally::default();
        for (labels, counts) in self.mirror.crowd_of(metadata.uid)?.counts() {
            if !selector.matches(labels) {
                return None;
            }
            tally.active += counts.active;
            tally.ready += counts.ready;
            tally.available += counts.ready;
            tally.fully_labeled += if template.matches(labels) { counts.active } else { 0 };
        }
        let is_managed = tally.active == set.replicas || !self.expectations_met();
        is_managed.then_some(tally)
    }

    /// Creates what is missing or deletes what is too much.
    fn manage(&mut self, set: &Set, active: &[(u32, Arc<Pod>)]) {
        let burst = i32::try_from(self.ctx.settings.burst_replicas).unwrap_or(i32::MAX);
        let difference = active.len() as i32 - set.replicas;
        if difference < 0 {
            let count = (-difference).min(burst);
            self.expect(count, 0);
            self.desk.waiting_batches.insert(self.key, (count as u32, 1));
            self.continue_slow_start();
        } else if difference > 0 {
            let count = difference.min(burst) as usize;
            let victims = self.victims(active, count);
            self.expect(0, victims.len() as i32);
            for pod in victims {
                self.delete_pod(set, &pod);
            }
        }
    }

    /// Sends the next batch of creations: 1, then 2, 4, 8 ... as long as none fails.
    pub(in crate::control) fn continue_slow_start(&mut self) {
        let Some((remaining, batch)) = self.desk.waiting_batches.get(&self.key).copied() else { return };
        let Some(set) = self.set() else { return };
        if remaining == 0 {
            self.desk.waiting_batches.remove(&self.key);
            return;
        }
        // The last answer of a batch starts the next one: what is in flight is counted down in `batch_in_flight`.
        if self.batch_in_flight() > 0 {
            return;
        }
        let now = batch.min(remaining);
        self.desk.waiting_batches.insert(self.key, (remaining - now, batch * 2));
        self.desk.in_flight.insert(self.key, now);
        for _ in 0..now {
            let pod = pod_from(&set);
            self.submit(Request::Create(pod.into()), About::Creation);
        }
    }

    fn batch_in_flight(&self) -> u32 {
        self.desk.in_flight.get(&self.key).copied().unwrap_or(0)
    }

    /// The pods to delete: those that the set can spare best.
    fn victims(&self, active: &[(u32, Arc<Pod>)], count: usize) -> Vec<Arc<Pod>> {
        let crowds = ranking::crowds(active.iter().map(|(_, pod)| pod.as_ref()));
        let candidates: Vec<Candidate> = active
            .iter()
            .map(|(_, pod)| {
                let crowd = pod.node_name.as_ref().and_then(|node| crowds.get(node)).copied().unwrap_or(0);
                Candidate::new(pod, crowd)
            })
            .collect();
        let order = if self.ctx.settings.logarithmic_scale_down {
            let now_nanos = self.ctx.epoch.secs() * 1_000_000_000 + self.ctx.now.as_nanos() as i64;
            Order::Current { now_nanos }
        } else {
            Order::Crowding
        };
        let ranked = ranking::deletion_order(&candidates, order);
        ranked.into_iter().take(count).map(|at| active[at].1.clone()).collect()
    }

    fn delete_pod(&mut self, set: &Set, pod: &Pod) {
        self.delete_replica(&set.object, pod);
    }

    /// Deletes a pod that its owner wants no more, and says so.
    pub(in crate::control) fn delete_replica(&mut self, owner: &Object, pod: &Pod) {
        let options = DeleteOptions { uid: Some(pod.metadata.uid), ..DeleteOptions::default() };
        self.submit(Request::Delete { target: pod_ref(pod), options }, About::Deletion);
        let message = format!("Deleted pod: {}", pod.metadata.name);
        self.event(owner, EventType::Normal, "SuccessfulDelete", message);
    }

    fn update_set_status(&mut self, set: &Set, pods: &[(u32, Arc<Pod>)]) {
        let active: Vec<&Arc<Pod>> = pods.iter().map(|(_, pod)| pod).filter(|pod| pod.is_active()).collect();
        let now = self.ctx.timestamp();
        let template = Selector::from_labels(&set.template.metadata.labels);
        let mut wait = None;
        let available = active
            .iter()
            .filter(|pod| match unavailable_for(pod, set.min_ready_seconds, now) {
                Some(0) => true,
                Some(seconds) => {
                    wait = Some(wait.map_or(seconds, |before: i64| before.min(seconds)));
                    false
                }
                None => false,
            })
            .count();
        let tally = Tally {
            active: active.len() as i32,
            fully_labeled: active.iter().filter(|pod| template.matches(&pod.metadata.labels)).count() as i32,
            ready: active.iter().filter(|pod| pod.is_ready()).count() as i32,
            available: available as i32,
        };
        self.set_status(set, tally, wait);
    }

    /// Writes the status if it has changed; after `wait` seconds more pods may be available.
    fn set_status(&mut self, set: &Set, tally: Tally, wait: Option<i64>) {
        let mut status = set.status.clone();
        status.replicas = tally.active;
        status.fully_labeled_replicas = tally.fully_labeled;
        status.ready_replicas = tally.ready;
        status.available_replicas = tally.available;
        status.observed_generation = set.metadata().generation;
        self.note_failure(&mut status);
        if let Some(seconds) = wait {
            self.requeue_after(SimDuration::from_secs(seconds.max(0) as u64));
        }
        if status != set.status {
            self.submit(Request::UpdateStatus(set.with_status(status)), About::Anything);
        }
    }

    fn note_failure(&mut self, status: &mut ReplicaSetStatus) {
        let failure = self.desk.failures.get(&self.key).cloned();
        match failure {
            Some(message) => {
                let condition = Condition {
                    kind: "ReplicaFailure".into(),
                    status: ConditionStatus::True,
                    reason: Some("FailedCreate".into()),
                    message: Some(message),
                    last_transition_time: Some(self.ctx.timestamp()),
                    ..Condition::default()
                };
                set_condition(&mut status.conditions, condition);
            }
            None => status.conditions.retain(|condition| condition.kind != "ReplicaFailure"),
        }
    }
}

/// For how many more seconds a pod is unavailable: 0 = it is available, `None` = it is not ready.
pub(in crate::control) fn unavailable_for(
    pod: &Pod,
    min_ready_seconds: i32,
    now: crate::api::Timestamp,
) -> Option<i64> {
    let ready = pod.status.conditions.condition("Ready").filter(|c| c.status == ConditionStatus::True)?;
    let since = ready.last_transition_time.unwrap_or(now);
    Some((i64::from(min_ready_seconds) - now.seconds_since(since)).max(0))
}

/// How a request names a pod.
pub(in crate::control) fn pod_ref(pod: &Pod) -> ObjectRef {
    ObjectRef { kind: Kind::Pod, namespace: pod.metadata.namespace.clone(), name: pod.metadata.name.clone() }
}

fn pod_from(set: &Set) -> Pod {
    let metadata = set.metadata();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", metadata.name).into()),
            namespace: metadata.namespace.clone(),
            labels: set.template.metadata.labels.clone(),
            annotations: set.template.metadata.annotations.clone(),
            finalizers: set.template.metadata.finalizers.clone(),
            owner_references: vec![owner_reference(&set.object)],
            ..ObjectMeta::default()
        },
        spec: set.template.spec.clone(),
        ..Pod::default()
    }
}

impl ControllerManager {
    /// Counts down what a set is waiting to see.
    pub(in crate::control) fn replicas_seen(&mut self, commit: &Commit) {
        let Object::Pod(pod) = &commit.new else { return };
        let Some((id, key)) = self.set_of(pod) else { return };
        let was_terminating = commit.old.as_ref().is_some_and(|old| old.metadata().is_terminating());
        let Some(expected) = self.desks[id as usize].expected.get_mut(&key) else { return };
        match commit.op {
            Op::Added => expected.creations -= 1,
            Op::Modified if pod.metadata.is_terminating() && !was_terminating => expected.deletions -= 1,
            Op::Deleted if !was_terminating => expected.deletions -= 1,
            _ => {}
        }
    }

    /// A pod changed: the sets that own it, owned it or may adopt it look at it.
    pub(in crate::control) fn replicas_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let Object::Pod(pod) = &commit.new else { return };
        let old_owner = match &commit.old {
            Some(Object::Pod(old)) => self.set_of(old),
            _ => None,
        };
        let owner = self.set_of(pod);
        for (id, key) in old_owner.into_iter().chain(owner.filter(|owner| Some(*owner) != old_owner)) {
            if !self.delays_failed_pod(ctx, id, key, commit) {
                self.enqueue(ctx, id, key);
            }
        }
        if pod.metadata.controller().is_none() && commit.op != Op::Deleted {
            for (id, key) in self.sets_that_match(pod) {
                self.enqueue(ctx, id, key);
            }
        }
    }

    fn set_of(&self, pod: &Pod) -> Option<(ControllerId, u32)> {
        let owner = pod.metadata.controller()?;
        let (id, kind) = controller_of(&owner.kind)?;
        let (found, object) = self.mirror.objects().find(kind, &pod.metadata.namespace, &owner.name)?;
        (object.metadata().uid == owner.uid).then_some((id, found.index))
    }

    fn sets_that_match(&self, pod: &Pod) -> Vec<(ControllerId, u32)> {
        let objects = self.mirror.objects();
        let kinds =
            [Kind::ReplicaSet, Kind::ReplicationController, Kind::StatefulSet, Kind::DaemonSet, Kind::Job];
        let sets = kinds
            .into_iter()
            .flat_map(|kind| objects.of(kind).iter().map(move |(index, object)| (kind, index, object)));
        sets.filter(|(_, _, object)| object.metadata().namespace == pod.metadata.namespace)
            .filter(|(_, _, object)| {
                selector_of(object).is_some_and(|selector| selector.matches(&pod.metadata.labels))
            })
            .filter_map(|(kind, index, _)| controller_of(kind.as_str()).map(|(id, _)| (id, index)))
            .collect()
    }

    /// The answer to the creation of a replica.
    pub(in crate::control) fn creation_answered(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        id: ControllerId,
        key: u32,
        result: &ApiResult,
    ) {
        let desk = &mut self.desks[id as usize];
        if let Some(in_flight) = desk.in_flight.get_mut(&key) {
            *in_flight = in_flight.saturating_sub(1);
        }
        match result {
            Ok(object) => {
                desk.failures.remove(&key);
                let message = format!("Created pod: {}", object.metadata().name);
                self.report_on_owner(ctx, id, key, EventType::Normal, "SuccessfulCreate", message);
            }
            Err(error) => {
                desk.failures.insert(key, error.message.as_str().into());
                // Neither this one nor those behind it will be seen.
                let skipped = desk.waiting_batches.remove(&key).map_or(0, |(remaining, _)| remaining as i32);
                if let Some(expected) = desk.expected.get_mut(&key) {
                    expected.creations -= 1 + skipped;
                }
                let message = format!("Error creating: {}", error.message);
                self.report_on_owner(ctx, id, key, EventType::Warning, "FailedCreate", message);
            }
        }
    }

    fn report_on_owner(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        id: ControllerId,
        key: u32,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        self.at_desk(ctx, id, key, |top| {
            if let Some(owner) = top.owner_object() {
                top.event(&owner, kind, reason, message);
            }
        });
    }
}

impl Desktop<'_, '_> {
    /// The object that the key stands for.
    pub(in crate::control) fn owner_object(&self) -> Option<Object> {
        let kind = match self.id {
            ControllerId::ReplicaSet => Kind::ReplicaSet,
            ControllerId::ReplicationController => Kind::ReplicationController,
            ControllerId::Deployment => Kind::Deployment,
            ControllerId::StatefulSet => Kind::StatefulSet,
            ControllerId::DaemonSet => Kind::DaemonSet,
            ControllerId::Job => Kind::Job,
            ControllerId::CronJob => Kind::CronJob,
            ControllerId::Disruption => Kind::PodDisruptionBudget,
            ControllerId::Namespace => Kind::Namespace,
            ControllerId::Endpoints | ControllerId::EndpointSlice => Kind::Service,
            _ => return None,
        };
        self.mirror.objects().of(kind).get(self.key).cloned()
    }
}
