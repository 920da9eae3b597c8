//! Whether an object is well-formed, and whether it may become another.
//!
//! Follows `pkg/apis/*/validation` and `apimachinery/pkg/api/validation` (1.34), with their wording. All problems of an
//! object are collected. Not checked: parts that are kept but not simulated (volume sources, security contexts,
//! environment variables), and enumerations, which cannot be read if they are wrong.

mod autoscaling;
mod batch;
mod container;
mod metadata;
mod path;
mod pod;
mod policy;
mod probe;
mod resources;
mod scheduling;
mod selector;
mod service;
mod update;
mod workload;

use super::{ApiError, Object};
use path::{Path, Problems};

pub use path::FieldError;

const SPEC: Path<'static> = Path::root("spec");

/// Refuses a new object with 422 when anything is wrong with it.
pub(super) fn check_create(object: &Object) -> Result<(), ApiError> {
    refuse(object, &validate_create(object))
}

/// The same for a pod whose spec is one that has been found right before.
pub(super) fn check_create_with_known_spec(object: &Object) -> Result<(), ApiError> {
    let mut problems = Problems::default();
    metadata::check(&mut problems, object.kind(), object.metadata());
    if let Object::Pod(pod) = object {
        pod::check_node_name(&mut problems, pod);
    }
    refuse(object, &problems.into_errors())
}

/// Refuses a new version of an object with 422 when anything is wrong with it, or may not change.
pub(super) fn check_update(old: &Object, new: &Object) -> Result<(), ApiError> {
    refuse(new, &validate_update(old, new))
}

fn refuse(object: &Object, errors: &[FieldError]) -> Result<(), ApiError> {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let causes = match texts.as_slice() {
        [] => return Ok(()),
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Err(ApiError::invalid(object.kind(), &object.metadata().name, &causes))
}

/// Everything that is wrong with a new object, after defaulting.
pub fn validate_create(object: &Object) -> Vec<FieldError> {
    let mut problems = Problems::default();
    metadata::check(&mut problems, object.kind(), object.metadata());
    check_rest(&mut problems, object);
    problems.into_errors()
}

/// Everything that is wrong with `new` as the next version of `old`, after defaulting. Both must be of one kind.
pub fn validate_update(old: &Object, new: &Object) -> Vec<FieldError> {
    let mut problems = Problems::default();
    metadata::check_change(&mut problems, old.metadata(), new.metadata());
    // What has not changed was right when it was written.
    if !update::same_spec(old, new) {
        check_rest(&mut problems, new);
        update::check(&mut problems, old, new);
    }
    problems.into_errors()
}

/// What depends on the kind.
fn check_rest(problems: &mut Problems, object: &Object) {
    match object {
        Object::Pod(pod) => pod::check(problems, pod),
        Object::ReplicationController(controller) => workload::check_controller(problems, controller),
        Object::Service(service) => service::check(problems, service),
        Object::DaemonSet(set) => workload::check_daemon_set(problems, set),
        Object::Deployment(deployment) => workload::check_deployment(problems, deployment),
        Object::ReplicaSet(set) => workload::check_replica_set(problems, set),
        Object::StatefulSet(set) => workload::check_stateful_set(problems, set),
        Object::HorizontalPodAutoscaler(autoscaler) => autoscaling::check(problems, autoscaler),
        Object::CronJob(job) => batch::check_cron_job(problems, job),
        Object::Job(job) => batch::check_job(problems, &SPEC, &job.spec),
        Object::Node(node) => policy::check_node(problems, node),
        Object::PodDisruptionBudget(budget) => policy::check_budget(problems, budget),
        Object::PriorityClass(class) => policy::check_priority_class(problems, class),
        Object::ResourceQuota(quota) => policy::check_quota(problems, quota),
        Object::LimitRange(range) => policy::check_limit_range(problems, range),
        // The others have nothing to check, or are only kept.
        _ => {}
    }
}

#[cfg(test)]
mod tests;
