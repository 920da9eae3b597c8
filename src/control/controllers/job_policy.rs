//! Policies of a Job: what a failed pod means, when some indexes are enough, and how indexes are written.
//!
//! Source: `pkg/controller/job/pod_failure_policy.go`, `success_policy.go`, `indexed_job_utils.go`, v1.34.

use std::collections::BTreeSet;

use crate::api::batch::{Job, PodFailurePolicyRule};
use crate::api::core::ConditionStatus;
use crate::api::pod::{Pod, Terminated};

/// What a failed pod means to its Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FailureAction {
    /// It counts towards the back-off limit.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed for good.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// The action of the first rule of the pod failure policy that fits; without one, the failure counts.
pub(super) fn failure_action(job: &Job, pod: &Pod) -> FailureAction {
    let rules = job.spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    for (number, rule) in rules.enumerate() {
        let Some(why) = fits(rule, pod) else { continue };
        return match rule.action.as_str() {
            "Ignore" => FailureAction::Ignore,
            "FailIndex" if job.spec.backoff_limit_per_index.is_some() => FailureAction::FailIndex,
            "FailJob" => FailureAction::FailJob(format!("{why} matching FailJob rule at index {number}")),
            _ => FailureAction::Count,
        };
    }
    FailureAction::Count
}

/// Why a rule fits a failed pod, if it does.
fn fits(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let name = format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
    if let Some(codes) = &rule.on_exit_codes {
        let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        return statuses
            .filter(|status| codes.container_name.as_ref().is_none_or(|wanted| *wanted == status.name))
            .filter_map(|status| Some((&status.name, exit_of(status.state.terminated.as_ref())?)))
            .find(|(_, code)| match codes.operator.as_str() {
                "In" => codes.values.contains(code),
                "NotIn" => !codes.values.contains(code),
                _ => false,
            })
            .map(|(container, code)| {
                format!("Container {container} for pod {name} failed with exit code {code}")
            });
    }
    let conditions = rule.on_pod_conditions.iter();
    conditions
        .filter(|wanted| {
            pod.status.conditions.iter().any(|condition| {
                condition.kind == wanted.kind
                    && condition.status == wanted.status.unwrap_or(ConditionStatus::True)
            })
        })
        .map(|wanted| format!("Pod {name} has condition {}", wanted.kind))
        .next()
}

/// A container that ended well tells nothing about the failure.
fn exit_of(terminated: Option<&Terminated>) -> Option<i32> {
    terminated.map(|ended| ended.exit_code).filter(|code| *code != 0)
}

/// The number of the first rule of the success policy that the succeeded indexes satisfy.
pub(super) fn success_rule(job: &Job, succeeded: &BTreeSet<i32>) -> Option<usize> {
    let policy = job.spec.success_policy.as_ref()?;
    policy.rules.iter().position(|rule| {
        let wanted = rule.succeeded_indexes.as_deref().map(parse_ranges);
        let counted = match &wanted {
            Some(wanted) => succeeded.intersection(wanted).count(),
            None => succeeded.len(),
        };
        match (rule.succeeded_count, &wanted) {
            (Some(count), _) => counted >= count.max(0).unsigned_abs() as usize,
            (None, Some(wanted)) => counted == wanted.len(),
            (None, None) => false,
        }
    })
}

/// `0-2,4`: indexes as the status writes them.
pub(super) fn ranges(indexes: &BTreeSet<i32>) -> String {
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

/// The inverse of [`ranges`]; what is not a number is left out.
pub(super) fn parse_ranges(text: &str) -> BTreeSet<i32> {
    let runs = text.split(',').filter_map(|run| {
        let (from, to) = run.split_once('-').unwrap_or((run, run));
        Some((from.trim().parse::<i32>().ok()?, to.trim().parse::<i32>().ok()?))
    });
    runs.flat_map(|(from, to)| from..=to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_written_as_ranges_from_three_on() {
        assert_eq!(ranges(&[0, 1, 2, 4, 6, 7].into()), "0-2,4,6,7");
        assert_eq!(ranges(&[].into()), "");
        assert_eq!(parse_ranges("0-2,4,6,7"), [0, 1, 2, 4, 6, 7].into());
    }
}
