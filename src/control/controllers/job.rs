//! Jobs: pods that run to completion, tried again with growing delays.
//!
//! Source: `pkg/controller/job/job_controller.go` and `backoff_utils.go`, v1.34; `spec` control plane 4.5. Finished pods
//! are counted as long as they exist: the tracking finalizer, pod failure policies, success policies and limits per
//! index are not simulated.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::batch::{Job, JobStatus};
use crate::api::core::{Condition, ConditionStatus, Conditions, set_condition};
use crate::api::pod::{Pod, PodPhase, RestartPolicy};
use crate::api::request::Propagation;
use crate::api::{DeleteOptions, Object, ObjectMeta, Request, Timestamp};
use crate::base::Name;
use crate::component::events::EventType;
use crate::control::manager::{About, Desktop};
use crate::kernel::{SimDuration, SimTime};

use super::replicas::owner_reference;

/// Delay after the first failure.
const FIRST_BACKOFF_SECONDS: u64 = 10;
/// Longest delay after failures.
const MAX_BACKOFF_SECONDS: u64 = 600;
/// Pods created or deleted in one pass.
const MAX_PODS_PER_PASS: i32 = 500;
/// Says which index a pod of an indexed Job works on.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// A Job and its pods.
struct View {
    job: Arc<Job>,
    object: Object,
    active: Vec<Arc<Pod>>,
    failed: Vec<Arc<Pod>>,
    succeeded: Vec<Arc<Pod>>,
    terminating: i32,
}

impl View {
    fn is_indexed(&self) -> bool {
        self.job.spec.completion_mode.as_deref() == Some("Indexed")
    }

    /// Completions that count: of an indexed Job, each index once.
    fn completions(&self) -> i32 {
        if self.is_indexed() { self.done_indexes().len() as i32 } else { self.succeeded.len() as i32 }
    }

    fn done_indexes(&self) -> BTreeSet<i32> {
        let wanted = 0..self.job.spec.completions.unwrap_or(1);
        self.succeeded.iter().filter_map(|pod| index_of(pod)).filter(|index| wanted.contains(index)).collect()
    }

    /// Whether all is done.
    fn is_complete(&self) -> bool {
        match self.job.spec.completions {
            Some(completions) => self.completions() >= completions,
            None => !self.succeeded.is_empty() && self.active.is_empty(),
        }
    }

    /// How many pods should run now.
    fn wanted(&self) -> i32 {
        let parallelism = self.job.spec.parallelism.unwrap_or(1);
        match self.job.spec.completions {
            Some(completions) => parallelism.min(completions - self.completions()).max(0),
            // A work queue: once a pod has succeeded no new ones start.
            None if self.succeeded.is_empty() => parallelism,
            None => self.active.len() as i32,
        }
    }

    /// Why the Job has failed, if it has.
    fn failure(&self, now: SimTime, epoch: Timestamp) -> Option<(&'static str, &'static str)> {
        let spec = &self.job.spec;
        if let (Some(deadline), Some(start)) = (spec.active_deadline_seconds, self.job.status.start_time)
            && since(epoch, now, start) >= SimDuration::from_secs(deadline.max(0).unsigned_abs())
        {
            return Some(("DeadlineExceeded", "Job was active longer than specified deadline"));
        }
        let limit = spec.backoff_limit.unwrap_or(6);
        let restarts: i32 = self.active.iter().map(|pod| restarts(pod)).sum();
        let by_restarts = spec.template.spec.restart_policy == RestartPolicy::OnFailure
            && restarts > 0
            && restarts >= limit;
        (by_restarts || self.failed.len() as i32 > limit)
            .then_some(("BackoffLimitExceeded", "Job has reached the specified backoff limit"))
    }

    /// When the next pod may start after failures.
    fn backoff(&self, epoch: Timestamp, now: SimTime) -> SimDuration {
        let last_success = self.succeeded.iter().filter_map(|pod| finished_at(pod)).max();
        let failures: Vec<Timestamp> = self
            .failed
            .iter()
            .filter_map(|pod| finished_at(pod).or(pod.metadata.deletion_timestamp))
            .filter(|at| last_success.is_none_or(|success| *at > success))
            .collect();
        let Some(last) = failures.iter().max() else { return SimDuration::ZERO };
        let doublings = (failures.len() - 1).min(16) as u32;
        let delay = (FIRST_BACKOFF_SECONDS << doublings).min(MAX_BACKOFF_SECONDS);
        SimDuration::from_secs(delay).saturating_sub(since(epoch, now, *last))
    }
}

/// How long ago a moment of the calendar was.
fn since(epoch: Timestamp, now: SimTime, then: Timestamp) -> SimDuration {
    let then = SimTime::from_secs(then.seconds_since(epoch).max(0).unsigned_abs());
    now.saturating_since(then)
}

fn restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    statuses.map(|status| status.restart_count).sum()
}

fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.container_statuses.iter();
    statuses.filter_map(|status| status.state.terminated.as_ref()?.finished_at).max()
}

fn index_of(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.get(INDEX)?.parse().ok()
}

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
        let Some(view) = self.job_view() else {
            self.desk.expected.remove(&self.key);
            return;
        };
        if view.job.metadata.is_terminating() {
            return;
        }
        if let Some(end) = finished(&view.job) {
            let at = end.last_transition_time.unwrap_or_default();
            self.expire_job(&view, at);
            return;
        }
        let mut status = self.job_counts(&view);
        let suspended = view.job.spec.suspend == Some(true);
        if status.start_time.is_none() && !suspended {
            status.start_time = Some(self.ctx.timestamp());
            if let Some(deadline) = view.job.spec.active_deadline_seconds {
                self.requeue_after(SimDuration::from_secs(deadline.max(0).unsigned_abs()));
            }
        }
        if let Some((reason, message)) = view.failure(self.ctx.now, self.ctx.epoch) {
            self.fail_job(&view, &mut status, reason, message);
        } else if view.is_complete() {
            self.complete_job(&view, &mut status);
        } else if suspended {
            status.start_time = None;
            self.set_job_condition(&mut status, "Suspended", "JobSuspended", "Job suspended");
            self.stop_pods(&view, view.active.len());
        } else if self.expectations_met() {
            status.conditions.retain(|condition| condition.kind != "Suspended");
            self.manage_job(&view);
        }
        if status != view.job.status {
            let job = Job { status, ..view.job.as_ref().clone() };
            self.submit(Request::UpdateStatus(job.into()), About::Anything);
        }
    }

    fn job_view(&self) -> Option<View> {
        let job = self.mirror.objects().at::<Job>(self.key)?.clone();
        let object = Object::from(job.as_ref().clone());
        let (active, failed, succeeded) = (Vec::new(), Vec::new(), Vec::new());
        let mut view = View { job, object, active, failed, succeeded, terminating: 0 };
        let only_failed = view.job.spec.pod_replacement_policy.as_deref() == Some("Failed");
        for (_, pod) in self.mirror.pods_of(view.job.metadata.uid) {
            match pod.status.phase {
                PodPhase::Succeeded => view.succeeded.push(pod.clone()),
                PodPhase::Failed => view.failed.push(pod.clone()),
                _ if pod.metadata.is_terminating() => {
                    view.terminating += 1;
                    // A pod that is on its way out is replaced at once unless the Job says to wait.
                    if !only_failed {
                        view.failed.push(pod.clone());
                    }
                }
                _ => view.active.push(pod.clone()),
            }
        }
        Some(view)
    }

    fn job_counts(&self, view: &View) -> JobStatus {
        let mut status = view.job.status.clone();
        status.active = view.active.len() as i32;
        status.ready = Some(view.active.iter().filter(|pod| pod.is_ready()).count() as i32);
        status.terminating = Some(view.terminating);
        status.succeeded = view.completions().max(status.succeeded);
        status.failed = (view.failed.len() as i32).max(status.failed);
        if view.is_indexed() {
            status.completed_indexes = Some(ranges(&view.done_indexes()).into());
        }
        status
    }

    /// Starts what is missing, unless failures say to wait, or stops what is too much.
    fn manage_job(&mut self, view: &View) {
        let difference = view.wanted() - view.active.len() as i32;
        if difference < 0 {
            self.stop_pods(view, difference.unsigned_abs() as usize);
            return;
        }
        if difference == 0 {
            return;
        }
        let wait = view.backoff(self.ctx.epoch, self.ctx.now);
        if wait > SimDuration::ZERO {
            self.requeue_after(wait);
            return;
        }
        let waits_for_room = view.job.spec.pod_replacement_policy.as_deref() == Some("Failed");
        let room = difference - if waits_for_room { view.terminating } else { 0 };
        let count = room.clamp(0, MAX_PODS_PER_PASS) as usize;
        let indexes: Vec<Option<i32>> = if view.is_indexed() {
            let taken: BTreeSet<i32> = view
                .done_indexes()
                .into_iter()
                .chain(view.active.iter().filter_map(|pod| index_of(pod)))
                .collect();
            let all = 0..view.job.spec.completions.unwrap_or(1);
            all.filter(|index| !taken.contains(index)).take(count).map(Some).collect()
        } else {
            vec![None; count]
        };
        self.expect(indexes.len() as i32, 0);
        for index in indexes {
            self.submit(Request::Create(job_pod(view, index).into()), About::Creation);
        }
    }

    fn stop_pods(&mut self, view: &View, count: usize) {
        if count == 0 || !self.expectations_met() {
            return;
        }
        // Pods that have got least far go first.
        let mut pods = view.active.clone();
        pods.sort_by_key(|pod| (pod.node_name.is_some(), pod.is_ready()));
        self.expect(0, count.min(pods.len()) as i32);
        for pod in pods.iter().take(count) {
            self.delete_replica(&view.object, pod);
        }
    }

    /// The Job has failed; it says so for good once its last pod has ended.
    fn fail_job(&mut self, view: &View, status: &mut JobStatus, reason: &'static str, message: &'static str) {
        if !status.conditions.is_true("FailureTarget") {
            self.set_job_condition(status, "FailureTarget", reason, message);
        }
        self.stop_pods(view, view.active.len());
        if view.active.is_empty() && view.terminating == 0 {
            self.set_job_condition(status, "Failed", reason, message);
            self.event(&view.object, EventType::Warning, reason, message);
        }
    }

    fn complete_job(&mut self, view: &View, status: &mut JobStatus) {
        self.stop_pods(view, view.active.len());
        if view.active.is_empty() && view.terminating == 0 {
            status.completion_time = Some(self.ctx.timestamp());
            let (reason, message) = ("CompletionsReached", "Reached expected number of succeeded pods");
            self.set_job_condition(status, "SuccessCriteriaMet", reason, message);
            self.set_job_condition(status, "Complete", reason, message);
            self.event(&view.object, EventType::Normal, "Completed", "Job completed");
        }
    }

    fn set_job_condition(&self, status: &mut JobStatus, kind: &str, reason: &str, message: &str) {
        let now = Some(self.ctx.timestamp());
        let condition = Condition {
            kind: kind.into(),
            status: ConditionStatus::True,
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_transition_time: now,
            last_probe_time: now,
            ..Condition::default()
        };
        set_condition(&mut status.conditions, condition);
    }

    /// A finished Job goes, with its pods, when its time to live is over (`pkg/controller/ttlafterfinished`).
    fn expire_job(&mut self, view: &View, ended: Timestamp) {
        let Some(ttl) = view.job.spec.ttl_seconds_after_finished else { return };
        let ttl = SimDuration::from_secs(ttl.max(0).unsigned_abs().into());
        let age = since(self.ctx.epoch, self.ctx.now, ended);
        if age < ttl {
            self.requeue_after(ttl.saturating_sub(age));
            return;
        }
        let options = DeleteOptions {
            uid: Some(view.job.metadata.uid),
            propagation: Propagation::Foreground,
            ..DeleteOptions::default()
        };
        self.submit(Request::Delete { target: view.object.reference(), options }, About::Anything);
    }
}

/// `0-2,4`: indexes as the status writes them.
fn ranges(indexes: &BTreeSet<i32>) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == *index => *end = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let texts = runs.iter().map(|(from, to)| match to - from {
        0 => from.to_string(),
        1 => format!("{from},{to}"),
        _ => format!("{from}-{to}"),
    });
    texts.collect::<Vec<_>>().join(",")
}

fn job_pod(view: &View, index: Option<i32>) -> Pod {
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
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(prefix.into()),
            namespace: metadata.namespace.clone(),
            labels,
            annotations,
            finalizers: template.metadata.finalizers.clone(),
            owner_references: vec![owner_reference(&view.object)],
            ..ObjectMeta::default()
        },
        spec,
        ..Pod::default()
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn indexes_are_written_as_ranges_from_three_on() {
        assert_eq!(ranges(&[0, 1, 2, 4, 6, 7].into()), "0-2,4,6,7");
        assert_eq!(ranges(&[].into()), "");
    }
}
