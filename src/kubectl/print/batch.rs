//! The rows of jobs and cron jobs.

use crate::api::Timestamp;
use crate::api::batch::{CronJob, Job};
use crate::api::core::Conditions;

use super::{Column, Row, column, containers_and_images, created, selector_text, wide};
use crate::kubectl::age::{age, human};

impl Row for Job {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("STATUS"),
        column("COMPLETIONS"),
        column("DURATION"),
        column("AGE"),
        wide("CONTAINERS"),
        wide("IMAGES"),
        wide("SELECTOR"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let [containers, images] = containers_and_images(&self.spec.template.spec.containers);
        vec![
            self.metadata.name.to_string(),
            status(self).to_owned(),
            completions(self),
            duration(self, now),
            created(&self.metadata, now),
            containers,
            images,
            selector_text(self.spec.selector.as_ref()),
        ]
    }
}

fn status(job: &Job) -> &'static str {
    let holds = |condition: &str| job.status.conditions.is_true(condition);
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if job.metadata.is_terminating() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else {
        "Running"
    }
}

fn completions(job: &Job) -> String {
    let succeeded = job.status.succeeded;
    match (job.spec.completions, job.spec.parallelism) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, Some(parallelism @ 2..)) => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn duration(job: &Job, now: Timestamp) -> String {
    let end = job.status.completion_time.unwrap_or(now);
    job.status.start_time.map(|start| human(end.seconds_since(start))).unwrap_or_default()
}

impl Row for CronJob {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("SCHEDULE"),
        column("TIMEZONE"),
        column("SUSPEND"),
        column("ACTIVE"),
        column("LAST SCHEDULE"),
        column("AGE"),
        wide("CONTAINERS"),
        wide("IMAGES"),
        wide("SELECTOR"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let job = &self.spec.job_template.spec;
        let [containers, images] = containers_and_images(&job.template.spec.containers);
        let last = self.status.last_schedule_time;
        vec![
            self.metadata.name.to_string(),
            self.spec.schedule.to_string(),
            self.spec.time_zone.as_deref().unwrap_or("<none>").to_owned(),
            match self.spec.suspend {
                Some(true) => "True",
                Some(false) => "False",
                None => "<unset>",
            }
            .to_owned(),
            self.status.active.len().to_string(),
            last.map_or_else(|| "<none>".to_owned(), |last| age(Some(last), now)),
            created(&self.metadata, now),
            containers,
            images,
            selector_text(job.selector.as_ref()),
        ]
    }
}
