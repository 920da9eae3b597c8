//! Deletion: grace periods, finalizers, propagation, and evictions under disruption budgets.
//!
//! Sources: `k8s.io/apiserver` registry/rest/delete.go and `registry/core/pod/{strategy,storage/eviction}.go`, v1.34.

use std::sync::Arc;

use super::ObjectRef;
use super::core::{Condition, ConditionStatus, Conditions, set_condition};
use super::object::{Kind, Object};
use super::patch::has_dependents;
use super::pod::{Pod, PodPhase};
use super::policy::PodDisruptionBudget;
use super::request::{ApiError, DeleteOptions, Propagation};
use super::server::{ApiResult, Call};
use super::store::Op;
use crate::base::Name;

/// The finalizer of a foreground deletion.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an orphaning deletion.
pub const ORPHAN: &str = "orphan";
/// Namespaces that can never be deleted.
const PROTECTED_NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Whether a terminating object has nothing left to wait for.
pub(super) fn is_finished(object: &Object) -> bool {
    let metadata = object.metadata();
    let content_gone = match object {
        Object::Namespace(namespace) => namespace.spec.finalizers.is_empty(),
        _ => true,
    };
    metadata.is_terminating()
        && metadata.finalizers.is_empty()
        && metadata.deletion_grace_period_seconds.unwrap_or(0) == 0
        && content_gone
}

impl Call<'_> {
    pub(super) fn delete(&mut self, target: &ObjectRef, options: DeleteOptions) -> ApiResult {
        let (id, old) = self.stored(target.kind, &target.namespace, &target.name)?;
        if options.uid.is_some_and(|uid| uid != old.metadata().uid) {
            return Err(ApiError::conflict_because(
                target.kind,
                &target.name,
                "the UID in the precondition differs",
            ));
        }
        if target.kind == Kind::Namespace && PROTECTED_NAMESPACES.contains(&target.name.as_str()) {
            return Err(ApiError::forbidden(target.kind, &target.name, "this namespace may not be deleted"));
        }
        let grace = grace_period(&old, options);
        let mut new = old.clone();
        mark_propagation(&mut new, options.propagation);
        let before = old.metadata().deletion_grace_period_seconds;
        if old.metadata().is_terminating()
            && before.is_some_and(|before| grace >= before)
            && before != Some(0)
        {
            // A second deletion can only shorten the grace period.
            return self.store_version(id, &old, new);
        }
        if !old.metadata().is_terminating() || before.is_some_and(|before| grace < before) {
            let deadline = self.timestamp().plus_seconds(grace);
            let metadata = new.metadata_mut();
            metadata.deletion_timestamp = Some(deadline);
            metadata.deletion_grace_period_seconds = Some(grace);
        }
        if let Object::Namespace(namespace) = &mut new {
            Arc::make_mut(namespace).status.phase = Some("Terminating".into());
        }
        if is_finished(&new) {
            return Ok(self.commit(id, Op::Deleted, new));
        }
        self.store_version(id, &old, new)
    }

    pub(super) fn evict(&mut self, namespace: &Name, name: &Name, options: DeleteOptions) -> ApiResult {
        let (_, object) = self.stored(Kind::Pod, namespace, name)?;
        let Object::Pod(pod) = &object else { unreachable!("a pod was asked for") };
        let free = pod.status.phase.is_terminal()
            || pod.status.phase == PodPhase::Pending
            || pod.metadata.is_terminating();
        if !free {
            self.spend_budget(pod)?;
        }
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: ConditionStatus::True,
            reason: Some("EvictionByEvictionAPI".into()),
            message: Some("Eviction API: evicting".into()),
            last_transition_time: Some(self.timestamp()),
            ..Condition::default()
        };
        let (id, old) = self.stored(Kind::Pod, namespace, name)?;
        let mut marked = pod.as_ref().clone();
        set_condition(&mut Arc::make_mut(&mut marked.status).conditions, condition);
        self.store_version(id, &old, marked.into())?;
        let target = ObjectRef { kind: Kind::Pod, namespace: namespace.clone(), name: name.clone() };
        self.delete(&target, options)
    }

    /// Takes one disruption from the budget that covers the pod, if any.
    fn spend_budget(&mut self, pod: &Pod) -> Result<(), ApiError> {
        let budgets: Vec<Arc<PodDisruptionBudget>> = self
            .server
            .objects()
            .iter::<PodDisruptionBudget>()
            .map(|(_, budget)| budget.clone())
            .filter(|budget| budget.metadata.namespace == pod.metadata.namespace && covers(budget, pod))
            .collect();
        let budget = match budgets.as_slice() {
            [] => return Ok(()),
            [budget] => budget,
            _ => {
                let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                               does not support.";
                return Err(ApiError { code: 500, reason: "InternalError", message: message.to_owned() });
            }
        };
        let status = &budget.status;
        if status.observed_generation < budget.metadata.generation {
            return Err(ApiError::too_many_requests(
                "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget is still \
                 being processed by the server.",
            ));
        }
        let always = budget.spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow");
        if !pod.status.conditions.is_true("Ready")
            && (always || status.current_healthy >= status.desired_healthy)
        {
            return Ok(());
        }
        if status.disruptions_allowed <= 0 {
            return Err(ApiError::too_many_requests(
                "Cannot evict pod as it would violate the pod's disruption budget.",
            ));
        }
        let mut spent = budget.as_ref().clone();
        spent.status.disruptions_allowed -= 1;
        spent.status.disrupted_pods.insert(pod.metadata.name.clone(), self.timestamp());
        let (id, old) =
            self.stored(Kind::PodDisruptionBudget, &budget.metadata.namespace, &budget.metadata.name)?;
        self.store_version(id, &old, spent.into())?;
        Ok(())
    }
}

fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    budget
        .spec
        .selector
        .as_ref()
        .and_then(|selector| selector.compile().ok())
        .is_some_and(|selector| selector.matches(&pod.metadata.labels))
}

/// Pods that run somewhere get time to stop; everything else goes at once.
fn grace_period(object: &Object, options: DeleteOptions) -> i64 {
    let Object::Pod(pod) = object else { return 0 };
    if pod.node_name.is_none() || pod.status.phase.is_terminal() {
        return 0;
    }
    let own = pod.spec.termination_grace_period_seconds.unwrap_or(30);
    options.grace_period_seconds.unwrap_or(own).max(0)
}

fn mark_propagation(object: &mut Object, propagation: Propagation) {
    if !has_dependents(object.kind()) {
        return;
    }
    let finalizer = match propagation {
        Propagation::Background => return,
        Propagation::Foreground => FOREGROUND,
        Propagation::Orphan => ORPHAN,
    };
    let finalizers = &mut object.metadata_mut().finalizers;
    if !finalizers.iter().any(|name| name == finalizer) {
        finalizers.push(finalizer.into());
    }
}
