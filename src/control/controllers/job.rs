//! Jobs: pods that run to completion, tried again with growing delays.
//!
//! Source: `pkg/controller/job/job_controller.go` and `backoff_utils.go`, v1.34; `spec` control plane 4.5. A finished pod
//! keeps its tracking finalizer until its Job has it in the books (`status.uncountedTerminatedPods`), and is counted once
//! the finalizer is gone; each of these writes is a pass of its own. Changes of pods, and of the status, are gathered for
//! `syncJobBatchPeriod` before a pass looks at them. Jobs of versions before that are in [`super::job_by_count`].

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::batch::{Job, JobStatus};
use crate::api::core::{Condition, ConditionStatus, Conditions, set_condition};
use crate::api::pod::Pod;
use crate::api::request::Propagation;
use crate::api::{Commit, DeleteOptions, Kind, Object, ObjectMeta, Op, Patch, Request, Timestamp, Uid};
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};
use crate::kernel::SimDuration;

use super::job_policy::{FailureAction, failure_action, ranges, success_rule};
use super::job_view::{INDEX, INDEX_FAILURES, TRACKING, View, index_of, is_tracked, since};
use super::replicas::{owner_reference, pod_ref};

/// `spec.managedBy` of Jobs that this controller looks after.
const MANAGER: &str = "kubernetes.io/job-controller";

/// Whether a Job has ended, and how.
pub(super) fn finished(job: &Job) -> Option<&Condition> {
    job.status.conditions.iter().find(|condition| {
        condition.status == ConditionStatus::True
            && (condition.kind == "Complete" || condition.kind == "Failed")
    })
}

impl Desktop<'_, '_> {
    /// One pass over one Job.
    pub(in crate::control) fn sync_job(&mut self) {
        let Some(job) = self.mirror.objects().at::<Job>(self.key).cloned() else {
            self.desk.expected.remove(&self.key);
            self.desk.requeues.remove(&self.key);
            return;
        };
        if !self.ctx.settings.job_tracking_finalizers {
            self.sync_job_by_count(&job);
            return;
        }
        if let Some(end) = finished(&job) {
            let at = end.last_transition_time.unwrap_or_default();
            self.expire_job(&job, at);
            return;
        }
        let manager = job.spec.managed_by.as_deref().filter(|_| self.ctx.settings.job_managed_by);
        if manager.is_some_and(|manager| manager != MANAGER) {
            return;
        }
        let pods = self.claim_pods(&Object::Job(job.clone()), &|_| true);
        for (_, pod) in pods.iter().filter(|(_, pod)| pod.is_active() && !is_tracked(pod)) {
            let patch = Patch::Finalizers { add: vec![TRACKING.into()], remove: Vec::new() };
            let request = Request::Patch { target: pod_ref(pod), uid: Some(pod.metadata.uid), patch };
            self.submit(request, About::Anything);
        }
        let view = View::new(job, pods.into_iter().map(|(_, pod)| pod).collect());
        let mut status = view.job.status.clone();
        let failed = self.keep_books(&view, &mut status);
        if !view.job.metadata.is_terminating() {
            self.decide_job(&view, &mut status, failed);
        }
        if status != view.job.status {
            let job = Job { status, ..view.job.as_ref().clone() };
            self.submit(Request::UpdateStatus(job.into()), About::Anything);
        }
    }

    /// Counts pods: those that have just ended go into the books, those in the books lose their finalizer, and those
    /// that have lost it are counted for good. Returns how many failures count.
    fn keep_books(&mut self, view: &View, status: &mut JobStatus) -> i32 {
        let mut books = status.uncounted_terminated_pods.take().unwrap_or_default();
        for pod in view.all.iter().filter(|pod| is_tracked(pod)) {
            let uid = &pod.metadata.uid;
            if books.succeeded.contains(uid) || books.failed.contains(uid) {
                self.untrack(pod);
            }
        }
        let kept = |uid: &Uid| view.all.iter().any(|pod| pod.metadata.uid == *uid && is_tracked(pod));
        let counted = |list: &mut Vec<Uid>| {
            let before = list.len();
            list.retain(kept);
            (before - list.len()) as i32
        };
        status.succeeded += counted(&mut books.succeeded);
        status.failed += counted(&mut books.failed);
        let (succeeded, failed) = view.uncounted(&books);
        books.succeeded.extend(succeeded.iter().map(|pod| pod.metadata.uid));
        for pod in &failed {
            if failure_action(&view.job, pod) == FailureAction::Ignore {
                // A failure that does not count needs no entry.
                self.untrack(pod);
            } else {
                books.failed.push(pod.metadata.uid);
            }
        }
        if view.is_indexed() {
            let done = view.done_indexes();
            status.succeeded = done.len() as i32;
            status.completed_indexes = Some(ranges(&done).into());
            if view.job.spec.backoff_limit_per_index.is_some() {
                status.failed_indexes = Some(ranges(&view.failed_indexes()).into());
            }
        }
        status.active = view.active.len() as i32;
        status.ready = Some(view.active.iter().filter(|pod| pod.is_ready()).count() as i32);
        status.terminating = Some(view.terminating);
        let failures = status.failed + books.failed.len() as i32;
        status.uncounted_terminated_pods = Some(books);
        failures
    }

    fn untrack(&mut self, pod: &Pod) {
        let patch = Patch::Finalizers { add: Vec::new(), remove: vec![TRACKING.into()] };
        let request = Request::Patch { target: pod_ref(pod), uid: Some(pod.metadata.uid), patch };
        self.submit(request, About::Anything);
    }

    /// Fails, completes, suspends or goes on with the Job.
    fn decide_job(&mut self, view: &View, status: &mut JobStatus, failed: i32) {
        let suspended = view.job.spec.suspend == Some(true);
        if status.start_time.is_none() && !suspended {
            self.start_clock(view, status);
        }
        let target = status.conditions.condition("FailureTarget").cloned();
        let criteria = status.conditions.condition("SuccessCriteriaMet").cloned();
        if let Some(target) = target {
            self.finish_job(view, status, "Failed", &target);
            return;
        }
        if let Some(criteria) = criteria {
            self.finish_job(view, status, "Complete", &criteria);
            return;
        }
        if let Some((reason, message)) = view.failure(failed, self.ctx.now, self.ctx.epoch) {
            let condition = self.set_job_condition(status, "FailureTarget", true, reason, &message);
            self.finish_job(view, status, "Failed", &condition);
        } else if let Some((reason, message)) = self.success(view, status) {
            let condition = self.set_job_condition(status, "SuccessCriteriaMet", true, reason, &message);
            self.finish_job(view, status, "Complete", &condition);
        } else if suspended {
            if !status.conditions.is_true("Suspended") {
                self.set_job_condition(status, "Suspended", true, "JobSuspended", "Job suspended");
                self.event(&view.object, EventType::Normal, "Suspended", "Job suspended");
            }
            self.stop_pods(view, view.active.len());
        } else {
            if status.conditions.is_true("Suspended") {
                self.set_job_condition(status, "Suspended", false, "JobResumed", "Job resumed");
                self.event(&view.object, EventType::Normal, "Resumed", "Job resumed");
                self.start_clock(view, status);
            }
            if self.expectations_met() {
                self.manage_job(view, status);
            }
        }
    }

    fn start_clock(&mut self, view: &View, status: &mut JobStatus) {
        status.start_time = Some(self.ctx.timestamp());
        if let Some(deadline) = view.job.spec.active_deadline_seconds {
            self.requeue_after(SimDuration::from_secs(deadline.max(0).unsigned_abs()));
        }
    }

    /// Whether enough has succeeded: reason and message.
    fn success(&self, view: &View, status: &JobStatus) -> Option<(&'static str, String)> {
        if view.is_indexed()
            && let Some(rule) = success_rule(&view.job, &view.done_indexes())
        {
            return Some(("SuccessPolicy", format!("Matched rules at index {rule}")));
        }
        let books = status.uncounted_terminated_pods.as_ref().map_or(0, |books| books.succeeded.len() as i32);
        let succeeded = if view.is_indexed() { status.succeeded } else { status.succeeded + books };
        let complete = match view.job.spec.completions {
            Some(completions) => succeeded >= completions,
            None => succeeded > 0 && view.active.is_empty(),
        };
        complete.then(|| ("CompletionsReached", "Reached expected number of succeeded pods".into()))
    }

    /// The verdict is known: pods that still run are stopped, and once all have ended and are counted the Job says so.
    fn finish_job(&mut self, view: &View, status: &mut JobStatus, kind: &str, why: &Condition) {
        self.stop_pods(view, view.active.len());
        let books = status.uncounted_terminated_pods.as_ref();
        let counted = books.is_none_or(|books| books.succeeded.is_empty() && books.failed.is_empty());
        let over = view.active.is_empty() && view.terminating == 0 && counted;
        if !over || view.all.iter().any(|pod| is_tracked(pod)) {
            return;
        }
        let text = |name: &Option<Name>| name.as_ref().map_or(String::new(), ToString::to_string);
        let (reason, message) = (text(&why.reason), text(&why.message));
        self.set_job_condition(status, kind, true, &reason, &message);
        if kind == "Complete" {
            status.completion_time = Some(self.ctx.timestamp());
            self.event(&view.object, EventType::Normal, "Completed", "Job completed");
        } else {
            let reason = FAILURES.iter().find(|known| **known == reason).copied().unwrap_or("Failed");
            self.event(&view.object, EventType::Warning, reason, message);
        }
    }

    /// Starts what is missing, unless failures say to wait, or stops what is too much.
    fn manage_job(&mut self, view: &View, status: &JobStatus) {
        let difference = wanted(view, status) - view.active.len() as i32;
        if difference < 0 {
            self.stop_pods(view, difference.unsigned_abs() as usize);
            return;
        }
        if difference == 0 {
            return;
        }
        let wait = view.backoff(self.ctx.settings, self.ctx.epoch, self.ctx.now);
        if wait > SimDuration::ZERO {
            self.requeue_job_after(wait);
            return;
        }
        let room = difference - if view.replaces_failed_only() { view.terminating } else { 0 };
        let count = (room.max(0) as usize).min(self.ctx.settings.max_job_pods_per_sync as usize);
        let pods: Vec<Pod> = if view.is_indexed() {
            let indexes = self.next_indexes(view, count);
            indexes.into_iter().map(|(index, failures)| job_pod(view, Some(index), failures)).collect()
        } else {
            (0..count).map(|_| job_pod(view, None, None)).collect()
        };
        if pods.is_empty() {
            return;
        }
        self.create_slowly(pods);
    }

    /// Looks at the Job again after a delay, or when the changes that come meanwhile have been gathered.
    fn requeue_job_after(&mut self, delay: SimDuration) {
        self.requeue_after(delay.max(self.ctx.settings.sync_job_batch_period));
    }

    /// The lowest indexes that lack a pod and need not wait, with their failures so far.
    fn next_indexes(&mut self, view: &View, count: usize) -> Vec<(i32, Option<i32>)> {
        let mut taken: BTreeSet<i32> = view.done_indexes();
        taken.extend(view.failed_indexes());
        taken.extend(view.active.iter().filter_map(|pod| index_of(pod)));
        if view.replaces_failed_only() {
            let leaving = view
                .all
                .iter()
                .filter(|pod| pod.metadata.is_terminating() && !pod.status.phase.is_terminal());
            taken.extend(leaving.filter_map(|pod| index_of(pod)));
        }
        let waits = view.index_waits(self.ctx.settings, self.ctx.epoch, self.ctx.now);
        let limited = view.job.spec.backoff_limit_per_index.is_some();
        let mut chosen = Vec::new();
        let mut shortest: Option<SimDuration> = None;
        for index in (0..view.job.spec.completions.unwrap_or(1)).filter(|index| !taken.contains(index)) {
            let (failures, wait) = waits.get(&index).copied().unwrap_or_default();
            if wait > SimDuration::ZERO {
                shortest = Some(shortest.map_or(wait, |before| before.min(wait)));
            } else if chosen.len() < count {
                chosen.push((index, limited.then_some(failures)));
            }
        }
        if let Some(wait) = shortest {
            self.requeue_job_after(wait);
        }
        chosen
    }

    fn stop_pods(&mut self, view: &View, count: usize) {
        if count == 0 || !self.expectations_met() {
            return;
        }
        let count = count.min(self.ctx.settings.max_job_pods_per_sync as usize);
        // Pods that have got least far go first.
        let mut pods = view.active.clone();
        pods.sort_by_key(|pod| (pod.node_name.is_some(), pod.is_ready()));
        self.expect(0, count.min(pods.len()) as i32);
        for pod in pods.iter().take(count) {
            self.delete_replica(&view.object, pod);
        }
    }

    fn set_job_condition(
        &self,
        status: &mut JobStatus,
        kind: &str,
        truth: bool,
        reason: &str,
        message: &str,
    ) -> Condition {
        let now = Some(self.ctx.timestamp());
        let condition = Condition {
            kind: kind.into(),
            status: truth.into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_transition_time: now,
            last_probe_time: now,
            ..Condition::default()
        };
        set_condition(&mut status.conditions, condition.clone());
        condition
    }

    /// A finished Job goes, with its pods, when its time to live is over (`pkg/controller/ttlafterfinished`).
    fn expire_job(&mut self, job: &Arc<Job>, ended: Timestamp) {
        let Some(ttl) = job.spec.ttl_seconds_after_finished else { return };
        if job.metadata.is_terminating() {
            return;
        }
        let ttl = SimDuration::from_secs(ttl.max(0).unsigned_abs().into());
        let age = since(self.ctx.epoch, self.ctx.now, ended);
        if age < ttl {
            self.requeue_after(ttl.saturating_sub(age));
            return;
        }
        let options = DeleteOptions {
            uid: Some(job.metadata.uid),
            propagation: Propagation::Foreground,
            ..DeleteOptions::default()
        };
        let target = Object::Job(job.clone()).reference();
        self.submit(Request::Delete { target, options }, About::Anything);
    }
}

/// Reasons of failed Jobs, as their events have them.
const FAILURES: [&str; 5] = [
    "PodFailurePolicy",
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "MaxFailedIndexesExceeded",
    "FailedIndexes",
];

/// How many pods should run now.
fn wanted(view: &View, status: &JobStatus) -> i32 {
    let parallelism = view.job.spec.parallelism.unwrap_or(1);
    let books = status.uncounted_terminated_pods.as_ref().map_or(0, |books| books.succeeded.len() as i32);
    match view.job.spec.completions {
        Some(completions) if view.is_indexed() => {
            let settled = view.done_indexes().len() + view.failed_indexes().len();
            parallelism.min(completions - settled as i32).max(0)
        }
        Some(completions) => parallelism.min(completions - status.succeeded - books).max(0),
        // A work queue: once a pod has succeeded no new ones start.
        None if status.succeeded + books == 0 => parallelism,
        None => view.active.len() as i32,
    }
}

/// The pod that a Job makes, for an index or not.
pub(super) fn job_pod(view: &View, index: Option<i32>, index_failures: Option<i32>) -> Pod {
    let metadata = &view.job.metadata;
    let template = &view.job.spec.template;
    let mut labels = template.metadata.labels.clone();
    let uid = metadata.uid.to_string();
    for prefix in ["", "batch.kubernetes.io/"] {
        labels.insert(format!("{prefix}controller-uid"), uid.as_str());
        labels.insert(format!("{prefix}job-name"), metadata.name.clone());
    }
    let mut annotations = template.metadata.annotations.clone();
    let mut spec = template.spec.clone();
    let mut prefix = format!("{}-", metadata.name);
    if let Some(index) = index {
        annotations.insert(INDEX, index.to_string());
        labels.insert(INDEX, index.to_string());
        Arc::make_mut(&mut spec).hostname = Some(Name::from(format!("{}-{index}", metadata.name)));
        prefix = format!("{}-{index}-", metadata.name);
    }
    if let Some(failures) = index_failures {
        annotations.insert(INDEX_FAILURES, failures.to_string());
    }
    let mut finalizers = template.metadata.finalizers.clone();
    finalizers.push(TRACKING.into());
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(prefix.into()),
            namespace: metadata.namespace.clone(),
            labels,
            annotations,
            finalizers,
            owner_references: vec![owner_reference(&view.object)],
            ..ObjectMeta::default()
        },
        spec,
        ..Pod::default()
    }
}

impl ControllerManager {
    /// Pods of a Job that is gone, or that is over, are tracked no longer (`syncOrphanPod`).
    pub(in crate::control) fn tracked_pods_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let orphans: Vec<Arc<Pod>> = match &commit.new {
            Object::Pod(pod) if commit.op != Op::Deleted && is_tracked(pod) => {
                let owner = pod.metadata.controller().filter(|owner| owner.kind == "Job");
                let lives = owner.is_some_and(|owner| {
                    let found = self.mirror.objects().find(Kind::Job, &pod.metadata.namespace, &owner.name);
                    found.is_some_and(|(_, job)| job.metadata().uid == owner.uid)
                });
                if lives { Vec::new() } else { vec![pod.clone()] }
            }
            Object::Job(job) => {
                let over = commit.op == Op::Deleted || finished(job).is_some();
                let pods = self.mirror.pods_of(job.metadata.uid).map(|(_, pod)| pod.clone());
                pods.filter(|pod| over && is_tracked(pod)).collect()
            }
            _ => Vec::new(),
        };
        for pod in orphans {
            let key = commit.id.index;
            self.at_desk(ctx, ControllerId::Job, key, |top| top.untrack(&pod));
        }
    }
}
