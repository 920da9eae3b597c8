//! Status of PodDisruptionBudgets: how many pods may be evicted now.
//!
//! Source: `pkg/controller/disruption/disruption.go`, v1.34; `spec` control plane 4.8. The API server spends the budget.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::core::{Condition, ConditionStatus, set_condition};
use crate::api::pod::Pod;
use crate::api::policy::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use crate::api::workload::{Deployment, ReplicaSet, ReplicationController, StatefulSet};
use crate::api::{Commit, Object, Request, Selector};
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};
use crate::kernel::SimDuration;

impl Desktop<'_, '_> {
    /// One pass over one budget.
    pub(in crate::control) fn sync_budget(&mut self) {
        let Some(budget) = self.mirror.objects().at::<PodDisruptionBudget>(self.key).cloned() else { return };
        let Ok(selector) = Selector::from_option(budget.spec.selector.as_ref()) else { return };
        let pods: Vec<Arc<Pod>> = self
            .mirror
            .pods_in_namespace(&budget.metadata.namespace)
            .filter(|(_, pod)| selector.matches(&pod.metadata.labels) && !pod.status.phase.is_terminal())
            .map(|(_, pod)| pod.clone())
            .collect();
        if pods.is_empty() {
            let about = Object::PodDisruptionBudget(budget.clone());
            self.event(&about, EventType::Normal, "NoPods", "No matching pods found");
        }
        let (expected, desired) = self.desired_healthy(&budget, &pods);
        let mut status = budget.status.clone();
        self.forget_disrupted(&mut status, &pods);
        let healthy = pods.iter().filter(|pod| {
            let counted = !status.disrupted_pods.contains_key(&pod.metadata.name);
            pod.is_ready() && !pod.metadata.is_terminating() && counted
        });
        status.current_healthy = healthy.count() as i32;
        status.desired_healthy = desired;
        status.expected_pods = expected;
        let allowed = (status.current_healthy - desired).max(0);
        status.disruptions_allowed = if expected > 0 { allowed } else { 0 };
        status.observed_generation = budget.metadata.generation;
        self.note_allowance(&mut status, budget.metadata.generation);
        if status != budget.status {
            let budget = PodDisruptionBudget { status, ..budget.as_ref().clone() };
            self.submit(Request::UpdateStatus(budget.into()), About::Anything);
        }
    }

    /// How many pods there should be, and how many of them must be healthy.
    fn desired_healthy(&self, budget: &PodDisruptionBudget, pods: &[Arc<Pod>]) -> (i32, i32) {
        let count = pods.len() as i32;
        if let Some(most) = &budget.spec.max_unavailable {
            let expected = self.expected_scale(pods);
            return (expected, (expected - most.scaled(expected, true).unwrap_or(0)).max(0));
        }
        match &budget.spec.min_available {
            Some(least) if least.is_percentage() => {
                let expected = self.expected_scale(pods);
                (expected, least.scaled(expected, true).unwrap_or(expected))
            }
            Some(least) => (count, least.scaled(count, true).unwrap_or(count)),
            // Upstream treats a budget without bounds as `minAvailable: 1`.
            None => (count, 1),
        }
    }

    /// The sizes that the controllers of these pods want, together.
    fn expected_scale(&self, pods: &[Arc<Pod>]) -> i32 {
        let objects = self.mirror.objects();
        let mut seen = BTreeSet::new();
        let mut sum = 0;
        for pod in pods {
            let Some(owner) = pod.metadata.controller() else { continue };
            let namespace = &pod.metadata.namespace;
            let (uid, size) = match owner.kind.as_str() {
                "ReplicaSet" => {
                    let Some(set) = objects.get::<ReplicaSet>(namespace, &owner.name) else { continue };
                    let above = set.metadata.controller().filter(|above| above.kind == "Deployment");
                    let deployment = above.and_then(|above| {
                        let found = objects.get::<Deployment>(namespace, &above.name)?;
                        Some((above.uid, found.spec.replicas))
                    });
                    deployment.unwrap_or((owner.uid, set.spec.replicas))
                }
                "ReplicationController" => {
                    let set = objects.get::<ReplicationController>(namespace, &owner.name);
                    (owner.uid, set.and_then(|set| set.spec.replicas))
                }
                "StatefulSet" => {
                    let set = objects.get::<StatefulSet>(namespace, &owner.name);
                    (owner.uid, set.and_then(|set| set.spec.replicas))
                }
                _ => continue,
            };
            if seen.insert(uid) {
                sum += size.unwrap_or(1);
            }
        }
        sum
    }

    /// Evicted pods count no longer once they are marked, gone, or were not deleted in time.
    fn forget_disrupted(&mut self, status: &mut PodDisruptionBudgetStatus, pods: &[Arc<Pod>]) {
        let now = self.ctx.timestamp();
        // An evicted pod that is still not marked after this was not evicted after all.
        let timeout = self.ctx.settings.disruption_deletion_timeout.as_secs() as i64;
        status.disrupted_pods.retain(|name, since| {
            let there = pods.iter().any(|pod| pod.metadata.name == *name && !pod.metadata.is_terminating());
            there && now.seconds_since(*since) < timeout
        });
        if let Some(oldest) = status.disrupted_pods.values().min() {
            let left = timeout - now.seconds_since(*oldest);
            self.requeue_after(SimDuration::from_secs(left.max(1).unsigned_abs()));
        }
    }

    fn note_allowance(&self, status: &mut PodDisruptionBudgetStatus, generation: i64) {
        let allowed = status.disruptions_allowed > 0;
        let condition = Condition {
            kind: "DisruptionAllowed".into(),
            status: if allowed { ConditionStatus::True } else { ConditionStatus::False },
            reason: Some(if allowed { "SufficientPods" } else { "InsufficientPods" }.into()),
            last_transition_time: Some(self.ctx.timestamp()),
            observed_generation: Some(generation),
            ..Condition::default()
        };
        set_condition(&mut status.conditions, condition);
    }
}

impl ControllerManager {
    /// A controller was scaled: how many pods its budgets expect may have changed.
    pub(in crate::control) fn budget_owners_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let size = |object: &Object| match object {
            Object::Deployment(object) => Some(object.spec.replicas),
            Object::ReplicaSet(object) => Some(object.spec.replicas),
            Object::ReplicationController(object) => Some(object.spec.replicas),
            Object::StatefulSet(object) => Some(object.spec.replicas),
            _ => None,
        };
        let Some(now) = size(&commit.new) else { return };
        if commit.old.as_ref().and_then(size) == Some(now) {
            return;
        }
        let namespace = &commit.new.metadata().namespace;
        let budgets = self.mirror.objects().iter::<PodDisruptionBudget>();
        let here = budgets.filter(|(_, budget)| budget.metadata.namespace == *namespace);
        let keys: Vec<u32> = here.map(|(index, _)| index).collect();
        for key in keys {
            self.enqueue(ctx, ControllerId::Disruption, key);
        }
    }

    /// A pod changed: the budgets that cover it count again.
    pub(in crate::control) fn budgets_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let Object::Pod(pod) = &commit.new else { return };
        let covering: Vec<u32> = self
            .mirror
            .objects()
            .iter::<PodDisruptionBudget>()
            .filter(|(_, budget)| budget.metadata.namespace == pod.metadata.namespace)
            .filter(|(_, budget)| {
                let old = commit.old.as_ref().map(Object::metadata);
                Selector::from_option(budget.spec.selector.as_ref()).is_ok_and(|selector| {
                    selector.matches(&pod.metadata.labels)
                        || old.is_some_and(|old| selector.matches(&old.labels))
                })
            })
            .map(|(index, _)| index)
            .collect();
        for key in covering {
            self.enqueue(ctx, ControllerId::Disruption, key);
        }
    }
}
