//! The verbs: one file each, with the type that says what was asked for and the reader of its words.

pub(super) mod apply;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod exec;
pub(super) mod expose;
pub(super) mod get;
pub(super) mod logs;
pub(super) mod mark;
pub(super) mod node;
pub(super) mod rollout;
pub(super) mod run;
pub(super) mod scale;
pub(super) mod set;
pub(super) mod taint;
pub(super) mod top;
pub(super) mod wait;

pub use apply::Apply;
pub use create::{Create, Literal, NewDeployment, NewSecret, NewService, ServiceKind, ServicePortSpec};
pub use delete::Delete;
pub use exec::Exec;
pub use expose::Expose;
pub use get::{Describe, Get};
pub use logs::{Logs, LogsOf};
pub use mark::Mark;
pub use node::{Drain, Nodes};
pub use rollout::{Rollout, RolloutAction};
pub use run::Run;
pub use scale::{Autoscale, MetricGoal, Scale};
pub use set::{Patch, PatchType, SetImage, SetResources};
pub use taint::Taint;
pub use top::{Top, TopSort};
pub use wait::{Wait, WaitFor};

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Set or remove annotations.
    Annotate(Mark),
    /// Create or change what files describe.
    Apply(Apply),
    /// Create a HorizontalPodAutoscaler.
    Autoscale(Autoscale),
    /// Keep new pods away from nodes.
    Cordon(Nodes),
    /// Create an object.
    Create(Create),
    /// Delete objects.
    Delete(Delete),
    /// Show objects in detail.
    Describe(Describe),
    /// Cordon nodes and evict their pods.
    Drain(Drain),
    /// Run a command in a container.
    Exec(Exec),
    /// Create a Service for something.
    Expose(Expose),
    /// Show objects.
    Get(Get),
    /// Set or remove labels.
    Label(Mark),
    /// Show what containers wrote.
    Logs(Logs),
    /// Change objects by a patch.
    Patch(Patch),
    /// Look after a rollout.
    Rollout(Rollout),
    /// Create a pod.
    Run(Run),
    /// Change the number of replicas.
    Scale(Scale),
    /// Change the images of containers.
    SetImage(SetImage),
    /// Change requests and limits of containers.
    SetResources(SetResources),
    /// Set or remove taints of nodes.
    Taint(Taint),
    /// Show the use of resources.
    Top(Top),
    /// Let new pods on nodes again.
    Uncordon(Nodes),
    /// Wait for a condition.
    Wait(Wait),
}

use super::error::UsageError;

/// `exactly one NAME is required, got N`.
fn exactly_one_name(args: &[String]) -> Result<crate::base::Name, UsageError> {
    match args {
        [name] if name.is_empty() => Err(UsageError::new("name must be specified")),
        [name] => Ok(name.as_str().into()),
        _ => Err(UsageError::arguments(format!("exactly one NAME is required, got {}", args.len()))),
    }
}

/// `required flag(s) "x" not set`.
fn required(name: &str) -> UsageError {
    UsageError::new(format!("required flag(s) {name:?} not set"))
}

/// Separates the arguments that name objects from those that say what to change, as `is_change` tells them apart.
fn split_changes<'a>(
    args: &'a [String],
    what: &str,
    is_change: impl Fn(&str) -> bool,
) -> Result<(&'a [String], &'a [String]), UsageError> {
    let at = args.iter().position(|arg| is_change(arg)).unwrap_or(args.len());
    let (objects, changes) = args.split_at(at);
    match changes.iter().find(|change| !is_change(change)) {
        None => Ok((objects, changes)),
        Some(stray) => {
            Err(UsageError::new(format!("all resources must be specified before {what} changes: {stray}")))
        }
    }
}
