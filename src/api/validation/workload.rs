//! Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets: `pkg/apis/apps/validation` and
//! `ValidateReplicationControllerSpec` of `core`.

use serde_json::json;

use super::path::{Path, Problems};
use super::{SPEC, pod, selector};
use crate::api::core::{IntOrString, LabelSelector};
use crate::api::pod::{PodTemplate, RestartPolicy};
use crate::api::selector::Selector;
use crate::api::workload::{
    DaemonSet, Deployment, DeploymentStrategy, DeploymentStrategyType, ReplicaSet, ReplicationController,
    StatefulSet, UpdateStrategy, UpdateStrategyType,
};

pub(super) fn check_deployment(problems: &mut Problems, deployment: &Deployment) {
    let spec = &deployment.spec;
    nonnegative(
        problems,
        &[
            ("replicas", spec.replicas),
            ("minReadySeconds", Some(spec.min_ready_seconds)),
            ("revisionHistoryLimit", spec.revision_history_limit),
            ("progressDeadlineSeconds", spec.progress_deadline_seconds),
        ],
    );
    check_selected_template(problems, spec.selector.as_ref(), "deployment", &spec.template, "ReplicaSet");
    check_strategy(problems, &SPEC.child("strategy"), &spec.strategy);
    if let Some(seconds) = spec.progress_deadline_seconds.filter(|seconds| *seconds <= spec.min_ready_seconds)
    {
        problems.invalid(
            &SPEC.child("progressDeadlineSeconds"),
            seconds,
            "must be greater than minReadySeconds",
        );
    }
}

pub(super) fn check_replica_set(problems: &mut Problems, set: &ReplicaSet) {
    let spec = &set.spec;
    nonnegative(problems, &[("replicas", spec.replicas), ("minReadySeconds", Some(spec.min_ready_seconds))]);
    // Upstream says "deployment" here too.
    check_selected_template(problems, spec.selector.as_ref(), "deployment", &spec.template, "ReplicaSet");
}

pub(super) fn check_controller(problems: &mut Problems, controller: &ReplicationController) {
    let spec = &controller.spec;
    nonnegative(problems, &[("replicas", spec.replicas), ("minReadySeconds", Some(spec.min_ready_seconds))]);
    if spec.selector.is_empty() {
        problems.required(&SPEC.child("selector"), "");
    }
    let path = SPEC.child("template");
    check_match(problems, &path, &Selector::from_labels(&spec.selector), &spec.template);
    pod::check_template(problems, &path, &spec.template);
    check_runs_for_ever(problems, &path, &spec.template, "ReplicationController");
}

pub(super) fn check_daemon_set(problems: &mut Problems, set: &DaemonSet) {
    let spec = &set.spec;
    nonnegative(
        problems,
        &[
            ("minReadySeconds", Some(spec.min_ready_seconds)),
            ("revisionHistoryLimit", spec.revision_history_limit),
        ],
    );
    check_selected_template(problems, spec.selector.as_ref(), "daemonset", &spec.template, "DaemonSet");
    check_daemon_strategy(problems, &SPEC.child("updateStrategy"), &spec.update_strategy);
}

/// The pods of a StatefulSet are checked when they are made, not here: upstream leaves the template's spec alone.
pub(super) fn check_stateful_set(problems: &mut Problems, set: &StatefulSet) {
    let spec = &set.spec;
    nonnegative(
        problems,
        &[
            ("replicas", spec.replicas),
            ("minReadySeconds", Some(spec.min_ready_seconds)),
            ("revisionHistoryLimit", spec.revision_history_limit),
        ],
    );
    problems.nonnegative(
        &SPEC.child("ordinals").child("start"),
        spec.ordinals.as_ref().map(|ordinals| i64::from(ordinals.start)),
    );
    let path = SPEC.child("updateStrategy");
    let update = spec.update_strategy.rolling_update.as_ref();
    match (spec.update_strategy.kind, update) {
        (UpdateStrategyType::OnDelete, Some(update)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            problems.invalid(&path.child("rollingUpdate"), json!(update), detail);
        }
        (UpdateStrategyType::RollingUpdate, Some(update)) => {
            let path = path.child("rollingUpdate");
            problems.nonnegative(&path.child("partition"), update.partition.map(i64::from));
            if let Some(bound) = &update.max_unavailable {
                check_bound(problems, &path.child("maxUnavailable"), bound);
                at_most_all(problems, &path.child("maxUnavailable"), bound);
            }
        }
        (_, None) => {}
    }
    let selector = check_selector(problems, spec.selector.as_ref(), "statefulset");
    let path = SPEC.child("template");
    check_match(problems, &path, &selector, &spec.template);
    pod::check_template_metadata(problems, &path, &spec.template);
    check_runs_for_ever(problems, &path, &spec.template, "StatefulSet");
}

fn nonnegative(problems: &mut Problems, fields: &[(&str, Option<i32>)]) {
    for (field, number) in fields {
        problems.nonnegative(&SPEC.child(field), number.map(i64::from));
    }
}

/// A selector, and a template that it must select.
fn check_selected_template(
    problems: &mut Problems,
    selector: Option<&LabelSelector>,
    kind: &str,
    template: &PodTemplate,
    pods_of: &str,
) {
    let selector = check_selector(problems, selector, kind);
    let path = SPEC.child("template");
    check_match(problems, &path, &selector, template);
    pod::check_template(problems, &path, template);
    check_runs_for_ever(problems, &path, template, pods_of);
}

/// A selector must be there, valid and not empty. What cannot be compiled selects everything from here on.
fn check_selector(problems: &mut Problems, selector: Option<&LabelSelector>, kind: &str) -> Selector {
    let path = SPEC.child("selector");
    let Some(selector) = selector else {
        problems.required(&path, "");
        return Selector::everything();
    };
    selector::check(problems, &path, selector);
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        problems.invalid(&path, json!(selector), &format!("empty selector is invalid for {kind}"));
    }
    selector.compile().unwrap_or_else(|_| {
        problems.invalid(&path, json!(selector), "invalid label selector");
        Selector::everything()
    })
}

fn check_match(problems: &mut Problems, path: &Path<'_>, selector: &Selector, template: &PodTemplate) {
    if !selector.matches(&template.metadata.labels) {
        let path = path.child("metadata");
        let labels = json!(template.metadata.labels);
        problems.invalid(&path.child("labels"), labels, "`selector` does not match template `labels`");
    }
}

/// Pods that are meant to stay must be restarted and have no deadline.
fn check_runs_for_ever(problems: &mut Problems, path: &Path<'_>, template: &PodTemplate, pods_of: &str) {
    let path = path.child("spec");
    if template.spec.restart_policy != RestartPolicy::Always {
        let policy = format!("{:?}", template.spec.restart_policy);
        problems.unsupported(&path.child("restartPolicy"), &policy, &["Always"]);
    }
    if template.spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {pods_of} is not Supported");
        problems.forbidden(&path.child("activeDeadlineSeconds"), &detail);
    }
}

fn check_strategy(problems: &mut Problems, path: &Path<'_>, strategy: &DeploymentStrategy) {
    let path = path.child("rollingUpdate");
    match (strategy.kind, &strategy.rolling_update) {
        (DeploymentStrategyType::Recreate, Some(_)) => {
            problems.forbidden(&path, "may not be specified when strategy `type` is 'Recreate'");
        }
        (DeploymentStrategyType::RollingUpdate, Some(update)) => {
            let none = IntOrString::Int(0);
            let (surge, unavailable) = (
                update.max_surge.as_ref().unwrap_or(&none),
                update.max_unavailable.as_ref().unwrap_or(&none),
            );
            let unavailable_path = path.child("maxUnavailable");
            check_bound(problems, &unavailable_path, unavailable);
            check_bound(problems, &path.child("maxSurge"), surge);
            if amount(unavailable) == 0 && amount(surge) == 0 {
                problems.invalid(&unavailable_path, json!(unavailable), "may not be 0 when `maxSurge` is 0");
            }
            at_most_all(problems, &unavailable_path, unavailable);
        }
        (DeploymentStrategyType::RollingUpdate, None) => problems.required(&path, ""),
        (DeploymentStrategyType::Recreate, None) => {}
    }
}

/// Exactly one of the two bounds must be more than 0.
fn check_daemon_strategy(problems: &mut Problems, path: &Path<'_>, strategy: &UpdateStrategy) {
    if strategy.kind != UpdateStrategyType::RollingUpdate {
        return;
    }
    let path = path.child("rollingUpdate");
    let Some(update) = &strategy.rolling_update else { return problems.required(&path, "") };
    let none = IntOrString::Int(0);
    let (surge, unavailable) =
        (update.max_surge.as_ref().unwrap_or(&none), update.max_unavailable.as_ref().unwrap_or(&none));
    for (field, bound) in [("maxUnavailable", unavailable), ("maxSurge", surge)] {
        check_bound(problems, &path.child(field), bound);
        at_most_all(problems, &path.child(field), bound);
    }
    match (amount(unavailable), amount(surge)) {
        (0, 0) => problems.required(&path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"),
        (0, _) | (_, 0) => {}
        _ => problems.invalid(
            &path.child("maxSurge"),
            json!(surge),
            "may not be set when maxUnavailable is non-zero",
        ),
    }
}

/// `ValidatePositiveIntOrPercent`: a number that is not negative, or digits and `%`.
pub(super) fn check_bound(problems: &mut Problems, path: &Path<'_>, bound: &IntOrString) {
    match bound {
        IntOrString::Int(number) => problems.nonnegative(path, i64::from(*number)),
        IntOrString::Text(text) => {
            let digits = text.strip_suffix('%').unwrap_or_default();
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                              '93%', regex used for validation is '[0-9]+%')";
                problems.invalid(path, text.as_str(), detail);
            }
        }
    }
}

/// `IsNotMoreThan100Percent`.
pub(super) fn at_most_all(problems: &mut Problems, path: &Path<'_>, bound: &IntOrString) {
    if bound.is_percentage() && amount(bound) > 100 {
        problems.invalid(path, json!(bound), "must not be greater than 100%");
    }
}

/// `getIntOrPercentValue`: the number, whether it counts pods or percent.
fn amount(bound: &IntOrString) -> i64 {
    match bound {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::Text(text) => text.trim_end_matches('%').parse().unwrap_or(0),
    }
}
