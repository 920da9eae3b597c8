//! A Job and its pods as one pass sees them: what is active, what has ended, what counts, and how long to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::batch::{Job, UncountedTerminatedPods};
use crate::api::pod::{Pod, PodPhase, RestartPolicy};
use crate::api::{Object, Timestamp};
use crate::component::Settings;
use crate::kernel::{SimDuration, SimTime};

use super::job_policy::{FailureAction, failure_action, parse_ranges};

/// Keeps a finished pod until its Job has counted it.
pub(in crate::control) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// Says which index a pod of an indexed Job works on.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// How often the index had failed before this pod, with a limit per index.
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";

/// A Job and its pods.
pub(super) struct View {
    pub(super) job: Arc<Job>,
    pub(super) object: Object,
    /// Pods that run or will, and are to stay.
    pub(super) active: Vec<Arc<Pod>>,
    /// Pods that have failed; those on their way out too, unless the Job replaces failed pods only.
    pub(super) failed: Vec<Arc<Pod>>,
    pub(super) succeeded: Vec<Arc<Pod>>,
    /// Pods that were told to stop and have not ended.
    pub(super) terminating: i32,
    /// Every pod of the Job.
    pub(super) all: Vec<Arc<Pod>>,
}

impl View {
    /// Sorts the pods of a Job.
    pub(super) fn new(job: Arc<Job>, pods: Vec<Arc<Pod>>) -> Self {
        let object = Object::from(job.as_ref().clone());
        let (active, failed, succeeded) = (Vec::new(), Vec::new(), Vec::new());
        let mut view = Self { job, object, active, failed, succeeded, terminating: 0, all: Vec::new() };
        for pod in &pods {
            match pod.status.phase {
                PodPhase::Succeeded => view.succeeded.push(pod.clone()),
                PodPhase::Failed => view.failed.push(pod.clone()),
                _ if pod.metadata.is_terminating() => {
                    view.terminating += 1;
                    // A pod that is on its way out is replaced at once unless the Job says to wait.
                    if !view.replaces_failed_only() {
                        view.failed.push(pod.clone());
                    }
                }
                _ => view.active.push(pod.clone()),
            }
        }
        view.all = pods;
        view
    }

    pub(super) fn is_indexed(&self) -> bool {
        self.job.spec.completion_mode.as_deref() == Some("Indexed")
    }

    /// `podReplacementPolicy: Failed`, which a pod failure policy implies.
    pub(super) fn replaces_failed_only(&self) -> bool {
        self.job.spec.pod_replacement_policy.as_deref() == Some("Failed")
    }

    /// Finished pods that are not in the books yet.
    pub(super) fn uncounted(&self, books: &UncountedTerminatedPods) -> (Vec<Arc<Pod>>, Vec<Arc<Pod>>) {
        let open = |pods: &[Arc<Pod>], noted: &[crate::api::Uid]| -> Vec<Arc<Pod>> {
            pods.iter().filter(|pod| is_tracked(pod) && !noted.contains(&pod.metadata.uid)).cloned().collect()
        };
        (open(&self.succeeded, &books.succeeded), open(&self.failed, &books.failed))
    }

    /// Indexes that have succeeded.
    pub(super) fn done_indexes(&self) -> BTreeSet<i32> {
        let wanted = 0..self.job.spec.completions.unwrap_or(1);
        let before = self.job.status.completed_indexes.as_deref().map(parse_ranges).unwrap_or_default();
        let now = self.succeeded.iter().filter_map(|pod| index_of(pod));
        now.chain(before).filter(|index| wanted.contains(index)).collect()
    }

    /// Indexes that have failed for good, with a limit per index.
    pub(super) fn failed_indexes(&self) -> BTreeSet<i32> {
        let Some(limit) = self.job.spec.backoff_limit_per_index else { return BTreeSet::new() };
        let before = self.job.status.failed_indexes.as_deref().map(parse_ranges).unwrap_or_default();
        let now = self.failed.iter().filter_map(|pod| {
            let index = index_of(pod)?;
            let fails = match failure_action(&self.job, pod) {
                FailureAction::FailIndex => true,
                FailureAction::Ignore => false,
                _ => index_failures(pod) + 1 > limit,
            };
            fails.then_some(index)
        });
        now.chain(before).collect()
    }

    /// Why the Job has failed, if it has: reason and message. `failed` is the number of failures that count.
    pub(super) fn failure(
        &self,
        failed: i32,
        now: SimTime,
        epoch: Timestamp,
    ) -> Option<(&'static str, String)> {
        let spec = &self.job.spec;
        let by_policy = self.failed.iter().find_map(|pod| match failure_action(&self.job, pod) {
            FailureAction::FailJob(message) => Some(message),
            _ => None,
        });
        if let Some(message) = by_policy {
            return Some(("PodFailurePolicy", message));
        }
        let limit = spec.backoff_limit.unwrap_or(6);
        let restarts: i32 = self.active.iter().map(|pod| restarts(pod)).sum();
        let by_restarts = spec.template.spec.restart_policy == RestartPolicy::OnFailure
            && restarts > 0
            && restarts >= limit;
        if by_restarts || failed > limit {
            return Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit".into()));
        }
        if let (Some(deadline), Some(start)) = (spec.active_deadline_seconds, self.job.status.start_time)
            && spec.suspend != Some(true)
            && since(epoch, now, start) >= SimDuration::from_secs(deadline.max(0).unsigned_abs())
        {
            return Some(("DeadlineExceeded", "Job was active longer than specified deadline".into()));
        }
        if !self.is_indexed() {
            return None;
        }
        let failed_indexes = self.failed_indexes();
        if spec.max_failed_indexes.is_some_and(|most| failed_indexes.len() as i32 > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(("MaxFailedIndexesExceeded", message.into()));
        }
        let settled = self.done_indexes().len() + failed_indexes.len();
        let all = spec.completions.unwrap_or(1).max(0).unsigned_abs() as usize;
        (!failed_indexes.is_empty() && settled >= all)
            .then(|| ("FailedIndexes", "Job has failed indexes".into()))
    }

    /// When the next pod may start after failures: the delay doubles with each failure since the last success.
    pub(super) fn backoff(&self, settings: &Settings, epoch: Timestamp, now: SimTime) -> SimDuration {
        if self.job.spec.backoff_limit_per_index.is_some() {
            return SimDuration::ZERO;
        }
        let last_success = self.succeeded.iter().filter_map(|pod| finished_at(pod)).max();
        let failures: Vec<Timestamp> = self
            .failed
            .iter()
            .filter_map(|pod| finished_at(pod).or(pod.metadata.deletion_timestamp))
            .filter(|at| last_success.is_none_or(|success| *at > success))
            .collect();
        let Some(last) = failures.iter().max() else { return SimDuration::ZERO };
        delay_after(settings, failures.len()).saturating_sub(since(epoch, now, *last))
    }

    /// The failures of each index so far, and how long it still has to wait for its next pod.
    pub(super) fn index_waits(
        &self,
        settings: &Settings,
        epoch: Timestamp,
        now: SimTime,
    ) -> BTreeMap<i32, (i32, SimDuration)> {
        let mut waits = BTreeMap::new();
        if self.job.spec.backoff_limit_per_index.is_none() {
            return waits;
        }
        for pod in &self.failed {
            let Some(index) = index_of(pod) else { continue };
            let counts = failure_action(&self.job, pod) != FailureAction::Ignore;
            let failures = index_failures(pod) + i32::from(counts);
            let ended = finished_at(pod).or(pod.metadata.deletion_timestamp).unwrap_or_default();
            let delay = delay_after(settings, failures.max(1).unsigned_abs() as usize);
            let wait = delay.saturating_sub(since(epoch, now, ended));
            let entry = waits.entry(index).or_insert((failures, wait));
            if failures >= entry.0 {
                *entry = (failures, wait);
            }
        }
        waits
    }
}

/// The delay after so many failures.
fn delay_after(settings: &Settings, failures: usize) -> SimDuration {
    let doublings = failures.saturating_sub(1).min(16);
    settings.job_pod_failure_backoff.saturating_mul(1 << doublings).min(settings.max_job_pod_failure_backoff)
}

/// Whether a pod is kept until it is counted.
pub(in crate::control) fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().any(|finalizer| finalizer == TRACKING)
}

/// How long ago a moment of the calendar was.
pub(super) fn since(epoch: Timestamp, now: SimTime, then: Timestamp) -> SimDuration {
    let then = SimTime::from_secs(then.seconds_since(epoch).max(0).unsigned_abs());
    now.saturating_since(then)
}

/// Restarts of all containers of a pod.
pub(super) fn restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    statuses.map(|status| status.restart_count).sum()
}

fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.container_statuses.iter();
    statuses.filter_map(|status| status.state.terminated.as_ref()?.finished_at).max()
}

pub(super) fn index_of(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.get(INDEX)?.parse().ok()
}

fn index_failures(pod: &Pod) -> i32 {
    pod.metadata.annotations.get(INDEX_FAILURES).and_then(|text| text.parse().ok()).unwrap_or(0)
}
