//! The pages of jobs and cron jobs.

use crate::api::batch::{ConcurrencyPolicy, CronJob, Job};
use crate::kubectl::age::{date, human};
use crate::kubectl::print::or_none;

use super::page::{Page, line, or_unset, truth};
use super::template::template;
use super::workload::plain_selector;

/// So many characters of a list of indexes are shown at least.
const INDEXES_SHOWN: usize = 50;

pub(super) fn job(page: &mut Page, job: &Job) {
    let (spec, status) = (&job.spec, &job.status);
    page.name_and_namespace(&job.metadata);
    line!(page, 0, "Selector:\t{}", plain_selector(spec.selector.as_ref()));
    page.labels_and_annotations(&job.metadata);
    page.controlled_by(&job.metadata);
    if let Some(parallelism) = spec.parallelism {
        line!(page, 0, "Parallelism:\t{parallelism}");
    }
    line!(page, 0, "Completions:\t{}", or_unset(spec.completions));
    if let Some(mode) = &spec.completion_mode {
        line!(page, 0, "Completion Mode:\t{mode}");
    }
    if let Some(suspend) = spec.suspend {
        line!(page, 0, "Suspend:\t{suspend}");
    }
    if let Some(limit) = spec.backoff_limit {
        line!(page, 0, "Backoff Limit:\t{limit}");
    }
    if let Some(seconds) = spec.ttl_seconds_after_finished {
        line!(page, 0, "TTL Seconds After Finished:\t{seconds}");
    }
    if let Some(start) = status.start_time {
        line!(page, 0, "Start Time:\t{}", date(Some(start)));
    }
    if let Some(end) = status.completion_time {
        line!(page, 0, "Completed At:\t{}", date(Some(end)));
    }
    if let (Some(start), Some(end)) = (status.start_time, status.completion_time) {
        line!(page, 0, "Duration:\t{}", human(end.seconds_since(start)));
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        line!(page, 0, "Active Deadline Seconds:\t{seconds}s");
    }
    let ready = status.ready.map(|ready| format!(" ({ready} Ready)")).unwrap_or_default();
    let (active, succeeded, failed) = (status.active, status.succeeded, status.failed);
    line!(page, 0, "Pods Statuses:\t{active} Active{ready} / {succeeded} Succeeded / {failed} Failed");
    if spec.completion_mode.as_deref() == Some("Indexed") {
        let indexes = shortened(status.completed_indexes.as_deref().unwrap_or_default());
        line!(page, 0, "Completed Indexes:\t{indexes}");
    }
    template(page, &spec.template);
}

/// A list of indexes, cut after the comma that follows its first characters.
fn shortened(indexes: &str) -> String {
    let comma = indexes.get(INDEXES_SHOWN..).and_then(|rest| rest.find(','));
    match comma {
        Some(comma) => format!("{}...", &indexes[..=INDEXES_SHOWN + comma]),
        None => or_none(indexes).to_owned(),
    }
}

pub(super) fn cron_job(page: &mut Page, cron: &CronJob) {
    let spec = &cron.spec;
    page.name_and_namespace(&cron.metadata);
    page.labels_and_annotations(&cron.metadata);
    line!(page, 0, "Schedule:\t{}", spec.schedule);
    let policy = match spec.concurrency_policy {
        ConcurrencyPolicy::Allow => "Allow",
        ConcurrencyPolicy::Forbid => "Forbid",
        ConcurrencyPolicy::Replace => "Replace",
    };
    line!(page, 0, "Concurrency Policy:\t{policy}");
    line!(page, 0, "Suspend:\t{}", or_unset(spec.suspend.map(truth)));
    line!(page, 0, "Successful Job History Limit:\t{}", or_unset(spec.successful_jobs_history_limit));
    line!(page, 0, "Failed Job History Limit:\t{}", or_unset(spec.failed_jobs_history_limit));
    let deadline = spec.starting_deadline_seconds.map(|seconds| format!("{seconds}s"));
    line!(page, 0, "Starting Deadline Seconds:\t{}", or_unset(deadline));
    let job = &spec.job_template.spec;
    let selector = job.selector.as_ref().map(|selector| plain_selector(Some(selector)));
    line!(page, 0, "Selector:\t{}", or_unset(selector));
    line!(page, 0, "Parallelism:\t{}", or_unset(job.parallelism));
    line!(page, 0, "Completions:\t{}", or_unset(job.completions));
    if let Some(seconds) = job.active_deadline_seconds {
        line!(page, 0, "Active Deadline Seconds:\t{seconds}s");
    }
    template(page, &job.template);
    let last = cron.status.last_schedule_time;
    line!(page, 0, "Last Schedule Time:\t{}", or_unset(last.map(|last| date(Some(last)))));
    let active: Vec<&str> = cron.status.active.iter().map(|job| job.name.as_str()).collect();
    line!(page, 0, "Active Jobs:\t{}", or_none(&active.join(", ")));
}
