//! CronJobs: Jobs by the clock.
//!
//! Source: `pkg/controller/cronjob/cronjob_controllerv2.go` and `utils.go`, v1.34; `spec` control plane 4.6. The controller
//! before that one (up to 1.20) looks at all CronJobs every ten seconds, and names Jobs by the second:
//! `cronjob_controller.go`, v1.20.

use std::sync::Arc;

use crate::api::batch::{ConcurrencyPolicy, CronJob, CronJobStatus, Job};
use crate::api::cron::{Dialect, ZonedSchedule};
use crate::api::{Commit, DeleteOptions, Kind, Object, ObjectMeta, Request, Timestamp};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::control::manager::{
    About, ControllerEvent, ControllerId, ControllerManager, Desktop, reference_to,
};
use crate::kernel::{SimDuration, SimTime};

use super::job::finished;
use super::replicas::owner_reference;

/// Number of the poll among the events of the controller manager.
const SEQ_POLL: u32 = 104;
/// The controller wakes this long after the minute (`nextScheduleDelta`), so that the minute has surely passed.
const WAKE_DELAY: SimDuration = SimDuration::from_millis(100);
/// From so many missed times on the controller complains.
const MANY_MISSED: u32 = 100;

/// A CronJob and the Jobs that it made.
struct View {
    cron: Arc<CronJob>,
    object: Object,
    jobs: Vec<Arc<Job>>,
}

impl Desktop<'_, '_> {
    /// Whether all CronJobs are looked at together, at fixed times.
    fn polls(&self) -> bool {
        self.ctx.settings.cron_job_poll_period > SimDuration::ZERO
    }

    /// The instant at which a scheduled time is noticed.
    fn wake_time(&self, at: Timestamp) -> SimTime {
        let minute = SimTime::from_secs(at.seconds_since(self.ctx.epoch).max(0).unsigned_abs());
        if self.polls() { minute } else { minute + WAKE_DELAY }
    }

    /// One pass over one CronJob.
    pub(in crate::control) fn sync_cron_job(&mut self) {
        let Some(cron) = self.mirror.objects().at::<CronJob>(self.key).cloned() else { return };
        let jobs = self.jobs_of(&cron);
        let view = View { object: Object::from(cron.as_ref().clone()), cron, jobs };
        let cron = &view.cron;
        let mut status = cron.status.clone();
        self.note_jobs(&view, &mut status);
        if !cron.metadata.is_terminating() {
            self.clean_history(&view, &mut status);
            let zone = cron.spec.time_zone.as_deref();
            match ZonedSchedule::parse(&cron.spec.schedule, Dialect::V3, zone) {
                Ok(schedule) if cron.spec.suspend != Some(true) => {
                    self.start_due(&view, &schedule, &mut status);
                    if let Some(next) = schedule.next(self.ctx.timestamp()).filter(|_| !self.polls()) {
                        let wake = self.wake_time(next);
                        self.requeue_after(wake.saturating_since(self.ctx.now));
                    }
                }
                Ok(_) => {}
                Err(problem) if zone.is_some() && ZonedSchedule::zone_of(zone).is_none() => {
                    let message = format!("invalid timeZone: {problem}");
                    self.event(&view.object, EventType::Warning, "UnknownTimeZone", message);
                }
                Err(problem) => {
                    let message = format!("unparseable schedule: {} : {problem}", cron.spec.schedule);
                    self.event(&view.object, EventType::Warning, "UnparseableSchedule", message);
                }
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

    /// Brings the list of active Jobs up to date, and says what has changed.
    fn note_jobs(&mut self, view: &View, status: &mut CronJobStatus) {
        for job in &view.jobs {
            let listed = status.active.iter().any(|known| known.uid == job.metadata.uid);
            let name = &job.metadata.name;
            match finished(job) {
                // Upstream lists a Job when it creates it; here its identity is known once it shows.
                None if !listed => {
                    status.active.push(reference_to(&Object::from(job.as_ref().clone())));
                }
                Some(end) if listed => {
                    status.active.retain(|known| known.uid != job.metadata.uid);
                    let message = format!("Saw completed job: {name}, status: {}", end.kind);
                    self.event(&view.object, EventType::Normal, "SawCompletedJob", message);
                }
                _ => {}
            }
            let ended = job.status.completion_time;
            status.last_successful_time = ended.max(status.last_successful_time);
        }
        let (there, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut status.active)
            .into_iter()
            .partition(|known| view.jobs.iter().any(|job| job.metadata.uid == known.uid));
        status.active = there;
        for job in missing {
            let message = format!("Active job went missing: {}", job.name);
            self.event(&view.object, EventType::Normal, "MissingJob", message);
        }
    }

    /// Keeps the newest finished Jobs.
    fn clean_history(&mut self, view: &View, status: &mut CronJobStatus) {
        let spec = &view.cron.spec;
        let limits = [
            ("Complete", spec.successful_jobs_history_limit.unwrap_or(3)),
            ("Failed", spec.failed_jobs_history_limit.unwrap_or(1)),
        ];
        for (end, limit) in limits {
            let ended = |job: &&Arc<Job>| {
                finished(job).is_some_and(|condition| condition.kind == end) && !job.metadata.is_terminating()
            };
            let mut of_kind: Vec<&Arc<Job>> = view.jobs.iter().filter(ended).collect();
            of_kind.sort_by_key(|job| (job.status.start_time, job.metadata.name.clone()));
            let surplus = of_kind.len().saturating_sub(limit.max(0).unsigned_abs() as usize);
            for job in of_kind.into_iter().take(surplus) {
                self.delete_job(view, job, status);
            }
        }
    }

    fn delete_job(&mut self, view: &View, job: &Arc<Job>, status: &mut CronJobStatus) {
        let options = DeleteOptions { uid: Some(job.metadata.uid), ..DeleteOptions::default() };
        let target = Object::from(job.as_ref().clone()).reference();
        status.active.retain(|known| known.uid != job.metadata.uid);
        let message = format!("Deleted job {}", job.metadata.name);
        self.event(&view.object, EventType::Normal, "SuccessfulDelete", message);
        self.submit(Request::Delete { target, options }, About::Anything);
    }

    /// Starts the newest run that is due, as the policy allows.
    fn start_due(&mut self, view: &View, schedule: &ZonedSchedule, status: &mut CronJobStatus) {
        let cron = &view.cron;
        let Some((due, missed)) = self.newest_due(cron, schedule) else { return };
        let now = self.ctx.timestamp();
        if missed > MANY_MISSED {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check \
                           clock skew";
            self.event(&view.object, EventType::Warning, "TooManyMissedTimes", message);
        }
        let late =
            cron.spec.starting_deadline_seconds.is_some_and(|deadline| now.seconds_since(due) > deadline);
        if late {
            let message = format!("Missed scheduled time to start a job: {due}");
            self.event(&view.object, EventType::Warning, "MissSchedule", message);
            return;
        }
        let number = if self.polls() { due.secs() } else { due.secs().div_euclid(60) };
        let name = Name::from(format!("{}-{number}", cron.metadata.name));
        if view.jobs.iter().any(|job| job.metadata.name == name) {
            status.last_schedule_time = Some(due);
            return;
        }
        match cron.spec.concurrency_policy {
            ConcurrencyPolicy::Forbid if !status.active.is_empty() => {
                if !self.polls() {
                    let message = "Not starting job because prior execution is running and concurrency policy \
                                   is Forbid";
                    self.event(&view.object, EventType::Normal, "JobAlreadyActive", message);
                }
                return;
            }
            ConcurrencyPolicy::Replace => {
                let listed = |job: &Job| status.active.iter().any(|known| known.uid == job.metadata.uid);
                let running: Vec<Arc<Job>> = view.jobs.iter().filter(|job| listed(job)).cloned().collect();
                for job in &running {
                    self.delete_job(view, job, status);
                }
            }
            ConcurrencyPolicy::Forbid | ConcurrencyPolicy::Allow => {}
        }
        status.last_schedule_time = Some(due);
        self.event(&view.object, EventType::Normal, "SuccessfulCreate", format!("Created job {name}"));
        self.submit(Request::Create(scheduled_job(view, name, due).into()), About::Anything);
    }

    /// The newest scheduled time that has passed and was not started, and how many there are.
    fn newest_due(&self, cron: &CronJob, schedule: &ZonedSchedule) -> Option<(Timestamp, u32)> {
        let now = self.ctx.timestamp();
        let created = cron.metadata.creation_timestamp.unwrap_or(now);
        let mut from = cron.status.last_schedule_time.unwrap_or(created);
        if let Some(deadline) = cron.spec.starting_deadline_seconds {
            from = from.max(now.plus_seconds(-deadline));
        }
        let (mut newest, mut missed) = (None, 0);
        while let Some(at) = schedule.next(from).filter(|at| self.wake_time(*at) <= self.ctx.now) {
            (newest, from) = (Some(at), at);
            missed += 1;
        }
        newest.map(|at| (at, missed))
    }
}

fn scheduled_job(view: &View, name: Name, due: Timestamp) -> Job {
    let (cron, template) = (&view.cron, &view.cron.spec.job_template);
    let mut annotations = template.metadata.annotations.clone();
    annotations.insert("batch.kubernetes.io/cronjob-scheduled-timestamp", due.to_string());
    Job {
        metadata: ObjectMeta {
            name,
            namespace: cron.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations,
            owner_references: vec![owner_reference(&view.object)],
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
            self.cron_job_changed(ctx, id.index);
        }
    }

    /// A CronJob wants to be looked at: now, or at the next poll.
    pub(in crate::control) fn cron_job_changed(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32) {
        let period = ctx.settings.cron_job_poll_period;
        if period == SimDuration::ZERO {
            self.enqueue(ctx, ControllerId::CronJob, index);
        } else if self.cron_poll.is_none() {
            let (target, phase) = (self.target, SimDuration::ZERO);
            let at = ctx.next_tick(period, phase, Class::Controller, target, SEQ_POLL);
            let handle = ctx.schedule(at, Class::Controller, target, SEQ_POLL, ControllerEvent::PollCronJobs);
            self.cron_poll = Some(handle);
        }
    }

    /// The old controller looks at all CronJobs, as long as there are any.
    pub(in crate::control) fn poll_cron_jobs(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        self.cron_poll = None;
        let all: Vec<u32> = self.mirror.objects().iter::<CronJob>().map(|(index, _)| index).collect();
        for index in &all {
            self.enqueue(ctx, ControllerId::CronJob, *index);
        }
        if let Some(first) = all.first() {
            self.cron_job_changed(ctx, *first);
        }
    }
}
