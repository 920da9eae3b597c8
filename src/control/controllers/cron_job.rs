//! CronJobs: Jobs by the clock.
//!
//! Source: `pkg/controller/cronjob/cronjob_controllerv2.go` and `utils.go`, v1.34; `spec` control plane 4.6. Times are
//! UTC: `spec.timeZone` is not simulated.

use std::sync::Arc;

use crate::api::batch::{ConcurrencyPolicy, CronJob, CronJobStatus, Job};
use crate::api::core::ConditionStatus;
use crate::api::cron::{Dialect, Schedule};
use crate::api::{Commit, DeleteOptions, Kind, Object, ObjectMeta, Request, Timestamp};
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::manager::{
    About, ControllerEvent, ControllerId, ControllerManager, Desktop, reference_to,
};
use crate::kernel::{SimDuration, SimTime};

use super::job::finished;
use super::replicas::owner_reference;

/// The controller wakes this long after the minute (`nextScheduleDelta`), so that the minute has surely passed.
const WAKE_DELAY: SimDuration = SimDuration::from_millis(100);
/// From so many missed times on the controller complains.
const MANY_MISSED: u32 = 100;

/// The instant at which a run is scheduled and noticed.
fn wake_time(epoch: Timestamp, at: Timestamp) -> SimTime {
    SimTime::from_secs(at.seconds_since(epoch).max(0).unsigned_abs()) + WAKE_DELAY
}

impl Desktop<'_, '_> {
    /// One pass over one CronJob.
    pub(in crate::control) fn sync_cron_job(&mut self) {
        let Some(cron) = self.mirror.objects().at::<CronJob>(self.key).cloned() else { return };
        if cron.metadata.is_terminating() {
            return;
        }
        let object = Object::from(cron.as_ref().clone());
        let jobs: Vec<Arc<Job>> = self.jobs_of(&cron);
        let mut status = cron.status.clone();
        self.note_jobs(&jobs, &mut status);
        self.clean_history(&cron, &jobs);
        if cron.spec.suspend != Some(true)
            && let Ok(schedule) = Schedule::parse(&cron.spec.schedule, Dialect::V3)
        {
            self.start_due(&cron, &object, &schedule, &jobs, &mut status);
            let now = self.ctx.timestamp();
            if let Some(next) = schedule.next(now) {
                let wake = wake_time(self.ctx.epoch, next);
                self.requeue_after(wake.saturating_since(self.ctx.now));
            }
        }
        if status != cron.status {
            let cron = CronJob { status, ..cron.as_ref().clone() };
            self.submit(Request::UpdateStatus(cron.into()), About::Anything);
        }
    }

    fn jobs_of(&self, cron: &CronJob) -> Vec<Arc<Job>> {
        let owned = |job: &Job| job.metadata.controller().is_some_and(|owner| owner.uid == cron.metadata.uid);
        self.mirror.objects().iter::<Job>().map(|(_, job)| job.clone()).filter(|job| owned(job)).collect()
    }

    fn note_jobs(&self, jobs: &[Arc<Job>], status: &mut CronJobStatus) {
        let running = jobs.iter().filter(|job| finished(job).is_none());
        status.active = running.map(|job| reference_to(&Object::from(job.as_ref().clone()))).collect();
        let ends = jobs.iter().filter_map(|job| job.status.completion_time);
        status.last_successful_time = ends.chain(status.last_successful_time).max();
    }

    /// Keeps the newest finished Jobs.
    fn clean_history(&mut self, cron: &CronJob, jobs: &[Arc<Job>]) {
        let limits = [
            ("Complete", cron.spec.successful_jobs_history_limit.unwrap_or(3)),
            ("Failed", cron.spec.failed_jobs_history_limit.unwrap_or(1)),
        ];
        for (end, limit) in limits {
            let ended = |job: &&Arc<Job>| {
                finished(job).is_some_and(|condition| {
                    condition.kind == end && condition.status == ConditionStatus::True
                }) && !job.metadata.is_terminating()
            };
            let mut of_kind: Vec<&Arc<Job>> = jobs.iter().filter(ended).collect();
            of_kind.sort_by_key(|job| (job.status.start_time, job.metadata.name.clone()));
            let surplus = of_kind.len().saturating_sub(limit.max(0).unsigned_abs() as usize);
            for job in of_kind.into_iter().take(surplus) {
                self.delete_job(job);
            }
        }
    }

    fn delete_job(&mut self, job: &Arc<Job>) {
        let options = DeleteOptions { uid: Some(job.metadata.uid), ..DeleteOptions::default() };
        let target = Object::from(job.as_ref().clone()).reference();
        self.submit(Request::Delete { target, options }, About::Anything);
    }

    /// Starts the newest run that is due, as the policy allows.
    fn start_due(
        &mut self,
        cron: &CronJob,
        object: &Object,
        schedule: &Schedule,
        jobs: &[Arc<Job>],
        status: &mut CronJobStatus,
    ) {
        let Some((due, missed)) = self.newest_due(cron, schedule) else { return };
        let now = self.ctx.timestamp();
        if missed > MANY_MISSED {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check \
                           clock skew";
            self.event(object, EventType::Warning, "TooManyMissedTimes", message);
        }
        let late =
            cron.spec.starting_deadline_seconds.is_some_and(|deadline| now.seconds_since(due) > deadline);
        if late {
            self.event(object, EventType::Warning, "MissSchedule", "Missed scheduled time to start a job");
            return;
        }
        let name = Name::from(format!("{}-{}", cron.metadata.name, due.0.div_euclid(60)));
        if jobs.iter().any(|job| job.metadata.name == name) {
            status.last_schedule_time = Some(due);
            return;
        }
        match cron.spec.concurrency_policy {
            ConcurrencyPolicy::Forbid if !status.active.is_empty() => {
                let message =
                    "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.event(object, EventType::Normal, "JobAlreadyActive", message);
                return;
            }
            ConcurrencyPolicy::Replace => {
                for job in jobs.iter().filter(|job| finished(job).is_none()) {
                    self.delete_job(job);
                }
            }
            ConcurrencyPolicy::Forbid | ConcurrencyPolicy::Allow => {}
        }
        status.last_schedule_time = Some(due);
        self.event(object, EventType::Normal, "SuccessfulCreate", format!("Created job {name}"));
        self.submit(Request::Create(scheduled_job(cron, object, name).into()), About::Anything);
    }

    /// The newest scheduled time that has passed and was not started, and how many there are.
    fn newest_due(&self, cron: &CronJob, schedule: &Schedule) -> Option<(Timestamp, u32)> {
        let now = self.ctx.timestamp();
        let created = cron.metadata.creation_timestamp.unwrap_or(now);
        let mut from = cron.status.last_schedule_time.unwrap_or(created);
        if let Some(deadline) = cron.spec.starting_deadline_seconds {
            from = from.max(now.plus_seconds(-deadline));
        }
        let (mut newest, mut missed) = (None, 0);
        while let Some(at) = schedule.next(from).filter(|at| wake_time(self.ctx.epoch, *at) <= self.ctx.now) {
            (newest, from) = (Some(at), at);
            missed += 1;
        }
        newest.map(|at| (at, missed))
    }
}

fn scheduled_job(cron: &CronJob, object: &Object, name: Name) -> Job {
    let template = &cron.spec.job_template;
    Job {
        metadata: ObjectMeta {
            name,
            namespace: cron.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations: template.metadata.annotations.clone(),
            owner_references: vec![owner_reference(object)],
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        ..Job::default()
    }
}

impl ControllerManager {
    /// A Job changed: the CronJob that made it looks at it.
    pub(in crate::control) fn jobs_changed(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        let Object::Job(job) = &commit.new else { return };
        let Some(owner) = job.metadata.controller().filter(|owner| owner.kind == "CronJob") else { return };
        let found = self.mirror.objects().find(Kind::CronJob, &job.metadata.namespace, &owner.name);
        if let Some((id, _)) = found {
            self.enqueue(ctx, ControllerId::CronJob, id.index);
        }
    }
}
