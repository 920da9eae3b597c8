//! Jobs as they were before tracking finalizers (up to 1.21): finished pods are counted as long as they exist, and what a
//! failure costs is the back-off of the work queue.
//!
//! Source: `pkg/controller/job/job_controller.go`, v1.20.

use std::sync::Arc;

use crate::api::batch::Job;
use crate::api::core::{Condition, ConditionStatus};
use crate::api::pod::{Pod, PodPhase, RestartPolicy};
use crate::api::{Commit, Object, Op, Request};
use crate::component::events::EventType;
use crate::component::{Ctx, Settings};
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};
use crate::kernel::SimDuration;

use super::job::{finished, job_pod};
use super::job_view::{View, restarts, since};

/// The delay of the work queue after so many failed passes (`DefaultJobBackOff`, `MaxJobBackOff`).
fn backoff(settings: &Settings, passes: u32) -> SimDuration {
    let doubled = settings.job_pod_failure_backoff.saturating_mul(1 << passes.min(16));
    doubled.min(settings.max_job_pod_failure_backoff)
}

impl Desktop<'_, '_> {
    /// One pass over one Job.
    pub(super) fn sync_job_by_count(&mut self, job: &Arc<Job>) {
        if finished(job).is_some() {
            self.desk.requeues.remove(&self.key);
            return;
        }
        let pods: Vec<Arc<Pod>> = self.mirror.pods_of(job.metadata.uid).map(|(_, pod)| pod.clone()).collect();
        let of_phase = |phase: PodPhase| pods.iter().filter(|pod| pod.status.phase == phase).count() as i32;
        let (succeeded, mut failed) = (of_phase(PodPhase::Succeeded), of_phase(PodPhase::Failed));
        let view = View::new(job.clone(), pods);
        let mut active = view.active.len() as i32;
        let passes = self.desk.requeues.get(&self.key).copied().unwrap_or(0);
        let mut status = job.status.clone();
        if status.start_time.is_none() {
            status.start_time = Some(self.ctx.timestamp());
            if let Some(deadline) = job.spec.active_deadline_seconds {
                self.requeue_after(SimDuration::from_secs(deadline.max(0).unsigned_abs()));
            }
        }
        let parallelism = job.spec.parallelism.unwrap_or(1);
        let new_failure = failed > job.status.failed;
        let limit = job.spec.backoff_limit.unwrap_or(6);
        let exceeded = new_failure && active != parallelism && i64::from(passes) + 1 > i64::from(limit);
        let ended = if exceeded || self.restarted_too_often(&view, limit) {
            Some(("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"))
        } else if self.past_deadline(job) {
            Some(("Failed", "DeadlineExceeded", "Job was active longer than specified deadline"))
        } else {
            if self.expectations_met() && !job.metadata.is_terminating() {
                active = self.manage_by_count(&view, succeeded);
            }
            let complete = match job.spec.completions {
                Some(completions) => succeeded >= completions,
                None => succeeded > 0 && active == 0,
            };
            complete.then_some(("Complete", "", ""))
        };
        if let Some((kind, reason, message)) = ended {
            let now = Some(self.ctx.timestamp());
            if kind == "Failed" {
                for pod in &view.active {
                    self.delete_replica(&view.object, pod);
                }
                failed += active;
                active = 0;
                self.event(&view.object, EventType::Warning, reason, message);
            } else {
                status.completion_time = now;
                self.event(&view.object, EventType::Normal, "Completed", "Job completed");
            }
            status.conditions.push(Condition {
                kind: kind.into(),
                status: ConditionStatus::True,
                reason: Some(reason.into()).filter(|reason: &crate::base::Name| !reason.is_empty()),
                message: Some(message.into()).filter(|message: &crate::base::Name| !message.is_empty()),
                last_transition_time: now,
                last_probe_time: now,
                ..Condition::default()
            });
        }
        let progressed = job.status.succeeded < succeeded;
        (status.active, status.succeeded, status.failed) = (active, succeeded, failed);
        let changed = status != job.status;
        if changed {
            let job = Job { status, ..job.as_ref().clone() };
            self.submit(Request::UpdateStatus(job.into()), About::Anything);
        }
        if changed && new_failure && ended.is_none() {
            // The pass counts as failed, so the Job is looked at again after the back-off.
            self.requeue_after(backoff(self.ctx.settings, passes));
            self.desk.requeues.insert(self.key, passes + 1);
        } else if changed || progressed {
            self.desk.requeues.remove(&self.key);
        }
    }

    fn restarted_too_often(&self, view: &View, limit: i32) -> bool {
        let restarts: i32 =
            view.all.iter().filter(|pod| !pod.status.phase.is_terminal()).map(|pod| restarts(pod)).sum();
        view.job.spec.template.spec.restart_policy == RestartPolicy::OnFailure
            && restarts > 0
            && restarts >= limit
    }

    fn past_deadline(&self, job: &Job) -> bool {
        let (Some(deadline), Some(start)) = (job.spec.active_deadline_seconds, job.status.start_time) else {
            return false;
        };
        since(self.ctx.epoch, self.ctx.now, start) >= SimDuration::from_secs(deadline.max(0).unsigned_abs())
    }

    /// Starts or stops pods; returns how many are active then.
    fn manage_by_count(&mut self, view: &View, succeeded: i32) -> i32 {
        let active = view.active.len() as i32;
        let parallelism = view.job.spec.parallelism.unwrap_or(1);
        if active > parallelism {
            let surplus = (active - parallelism) as usize;
            self.expect(0, surplus as i32);
            for pod in view.active.iter().take(surplus) {
                self.delete_replica(&view.object, pod);
            }
            return parallelism;
        }
        let wanted = match view.job.spec.completions {
            Some(completions) => parallelism.min(completions - succeeded),
            None if succeeded > 0 => active,
            None => parallelism,
        };
        let missing = (wanted - active).max(0);
        if missing > 0 {
            self.expect(missing, 0);
            for _ in 0..missing {
                let mut pod = job_pod(view, None, None);
                pod.metadata.finalizers.clone_from(&view.job.spec.template.metadata.finalizers);
                self.submit(Request::Create(pod.into()), About::Creation);
            }
        }
        active + missing
    }
}

impl ControllerManager {
    /// Whether news of a pod has to wait: a Job that had failures hears of the next one only after the back-off.
    pub(in crate::control) fn delays_failed_pod(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        id: ControllerId,
        key: u32,
        commit: &Commit,
    ) -> bool {
        if id != ControllerId::Job || ctx.settings.job_tracking_finalizers || commit.op != Op::Modified {
            return false;
        }
        let Object::Pod(pod) = &commit.new else { return false };
        let passes = self.desks[id as usize].requeues.get(&key).copied().unwrap_or(0);
        if pod.status.phase != PodPhase::Failed || passes == 0 {
            return false;
        }
        self.at_desk(ctx, id, key, |top| top.requeue_after(backoff(top.ctx.settings, passes - 1)));
        true
    }
}
