//! Jobs and CronJobs: `pkg/apis/batch/validation`.

use serde_json::json;

use super::path::{Path, Problems};
use super::{SPEC, pod, selector};
use crate::api::batch::{CronJob, JobSpec};
use crate::api::cron::{Dialect, Schedule};
use crate::api::pod::RestartPolicy;

const INDEXED: &str = "Indexed";
/// Most pods of an indexed Job at a time.
const INDEXED_PARALLELISM_MAX: i32 = 100_000;

/// The selector is made by the server, so its absence is no problem.
pub(super) fn check_job(problems: &mut Problems, path: &Path<'_>, spec: &JobSpec) {
    for (field, number) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        problems.nonnegative(&path.child(field), number);
    }
    check_mode(problems, path, spec);
    if let Some(policy) = spec.pod_replacement_policy.as_deref() {
        let supported: &[&str] =
            if spec.pod_failure_policy.is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        problems.word(&path.child("podReplacementPolicy"), Some(policy), supported);
    }
    selector::check_option(problems, &path.child("selector"), spec.selector.as_ref());
    let template = path.child("template");
    pod::check_template(problems, &template, &spec.template);
    let template = template.child("spec");
    let policy = format!("{:?}", spec.template.spec.restart_policy);
    if spec.template.spec.restart_policy == RestartPolicy::Always {
        problems.unsupported(&template.child("restartPolicy"), &policy, &["OnFailure", "Never"]);
    } else if spec.pod_failure_policy.is_some() && spec.template.spec.restart_policy != RestartPolicy::Never {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        problems.invalid(&template.child("restartPolicy"), policy, detail);
    }
}

fn check_mode(problems: &mut Problems, path: &Path<'_>, spec: &JobSpec) {
    let indexed = spec.completion_mode.as_deref() == Some(INDEXED);
    if let Some(mode) = spec.completion_mode.as_deref() {
        problems.word(&path.child("completionMode"), Some(mode), &["NonIndexed", INDEXED]);
    }
    if !indexed {
        let per_index = [
            ("backoffLimitPerIndex", spec.backoff_limit_per_index),
            ("maxFailedIndexes", spec.max_failed_indexes),
        ];
        for (field, number) in per_index {
            if let Some(number) = number {
                problems.invalid(&path.child(field), number, "requires indexed completion mode");
            }
        }
        return;
    }
    if spec.completions.is_none() {
        problems.required(&path.child("completions"), "when completion mode is Indexed");
    }
    if let Some(parallelism) = spec.parallelism.filter(|number| *number > INDEXED_PARALLELISM_MAX) {
        let detail = format!(
            "must be less than or equal to {INDEXED_PARALLELISM_MAX} when completion mode is Indexed"
        );
        problems.invalid(&path.child("parallelism"), parallelism, &detail);
    }
    if let Some(failed) = spec.max_failed_indexes {
        if spec.backoff_limit_per_index.is_none() {
            problems.required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }
        if spec.completions.is_some_and(|completions| failed > completions) {
            problems.invalid(
                &path.child("maxFailedIndexes"),
                failed,
                "must be less than or equal to completions",
            );
        }
    }
}

pub(super) fn check_cron_job(problems: &mut Problems, job: &CronJob) {
    let spec = &job.spec;
    check_schedule(problems, &SPEC.child("schedule"), &spec.schedule);
    problems.nonnegative(&SPEC.child("startingDeadlineSeconds"), spec.starting_deadline_seconds);
    if let Some(zone) = spec.time_zone.as_deref() {
        let path = SPEC.child("timeZone");
        if zone.is_empty() {
            problems.invalid(&path, zone, "timeZone must be nil or non-empty string");
        } else if zone.eq_ignore_ascii_case("Local") {
            let detail =
                "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
            problems.invalid(&path, zone, detail);
        }
    }
    for (field, number) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        problems.nonnegative(&SPEC.child(field), number.map(i64::from));
    }
    let template = SPEC.child("jobTemplate");
    let path = template.child("spec");
    check_job(problems, &path, &spec.job_template.spec);
    if spec.job_template.spec.manual_selector == Some(true) {
        problems.unsupported(&path.child("manualSelector"), "true", &["nil", "false"]);
    }
}

fn check_schedule(problems: &mut Problems, path: &Path<'_>, schedule: &str) {
    if schedule.is_empty() {
        problems.required(path, "");
    } else if schedule.contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        problems.invalid(path, json!(schedule), detail);
    } else if let Err(error) = Schedule::parse(schedule, Dialect::V3) {
        problems.invalid(path, json!(schedule), &error.message);
    }
}
