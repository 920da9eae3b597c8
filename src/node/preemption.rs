//! Room for critical pods: the kubelet ends others when a critical pod does not fit.
//!
//! Source: kubelet v1.32 `preemption/preemption.go`; `spec` node 5.4. The kubelet's main loop waits for the victims to end; here
//! only the critical pod waits.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::admission::{Lack, asked, is_critical};
use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::pod::{HostPod, KubeletVerdict, Stage};
use crate::api::core::ResourceList;
use crate::api::pod::{Pod, QosClass};
use crate::api::qos::pod_requests;
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;

const MESSAGE: &str = "Preempted in order to admit critical pod";

/// A critical pod that waits for others to end.
#[derive(Clone, Debug)]
pub(super) struct Preemption {
    pub(super) id: u32,
    pub(super) pod: Arc<Pod>,
    victims: BTreeSet<u32>,
}

/// A pod that may have to go.
struct Candidate {
    id: u32,
    requests: ResourceList,
}

impl Candidate {
    fn gives(&self, resource: &str) -> i64 {
        if resource == "pods" { 1 } else { asked(&self.requests, resource) }
    }

    /// Whether it asks for less than another, memory first.
    fn is_smaller_than(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.gives("memory"), one.gives("cpu"));
        key(self) <= key(other)
    }
}

/// What is still missing, by resource.
#[derive(Clone)]
struct Needs(Vec<(Name, i64)>);

impl Needs {
    fn less(&self, pods: &[Candidate]) -> Self {
        let left = |(resource, amount): &(Name, i64)| {
            let given: i64 = pods.iter().map(|pod| pod.gives(resource)).sum();
            (amount > &given).then(|| (resource.clone(), amount - given))
        };
        Self(self.0.iter().filter_map(left).collect())
    }

    /// How far a pod alone is from giving what is needed: 0 = it gives all.
    fn distance(&self, pod: &Candidate) -> f64 {
        let part = |(resource, amount): &(Name, i64)| {
            let left = (amount - pod.gives(resource)).max(0) as f64 / *amount as f64;
            left * left
        };
        self.0.iter().map(part).sum()
    }

    /// The fewest of these pods that give what is needed: the nearest first.
    fn choose(mut self, mut pods: Vec<Candidate>) -> Vec<Candidate> {
        let mut chosen = Vec::new();
        while !self.0.is_empty() && !pods.is_empty() {
            let mut best = 0;
            let mut least = f64::INFINITY;
            for (at, pod) in pods.iter().enumerate() {
                let distance = self.distance(pod);
                let is_nearer = match distance.total_cmp(&least) {
                    Ordering::Less => true,
                    Ordering::Equal => pod.is_smaller_than(&pods[best]),
                    Ordering::Greater => false,
                };
                if is_nearer {
                    (best, least) = (at, distance);
                }
            }
            let pod = pods.swap_remove(best);
            self = self.less(std::slice::from_ref(&pod));
            chosen.push(pod);
        }
        chosen
    }
}

/// The pods that have to go for a critical one: BestEffort before Burstable before Guaranteed, as few as possible. `None` = all
/// that may go together would not be enough.
pub(super) fn victims(present: &[(u32, &HostPod)], critical: &Pod, lacks: &[Lack]) -> Option<Vec<u32>> {
    let of_class = |class: QosClass| -> Vec<Candidate> {
        let may_go = |pod: &Pod| !is_critical(pod) || critical.priority() > pod.priority();
        let all = present.iter().filter(|(_, other)| {
            let found = other.pod.status.qos_class.unwrap_or(QosClass::BestEffort);
            found == class && may_go(&other.pod) && other.worker.verdict.is_none()
        });
        all.map(|(id, other)| Candidate { id: *id, requests: pod_requests(&other.pod.spec) }).collect()
    };
    let needs = Needs(lacks.iter().map(|lack| (lack.resource.clone(), lack.amount())).collect());
    let (best_effort, burstable, guaranteed) =
        (of_class(QosClass::BestEffort), of_class(QosClass::Burstable), of_class(QosClass::Guaranteed));
    let beyond_burstable = needs.less(&best_effort).less(&burstable);
    if !beyond_burstable.less(&guaranteed).0.is_empty() {
        return None;
    }
    let guaranteed = beyond_burstable.choose(guaranteed);
    let burstable = needs.less(&best_effort).less(&guaranteed).choose(burstable);
    let best_effort = needs.less(&burstable).less(&guaranteed).choose(best_effort);
    Some(best_effort.into_iter().chain(burstable).chain(guaranteed).map(|pod| pod.id).collect())
}

impl Host {
    /// Ends `victims`; the critical pod begins once they have ended.
    pub(super) fn preempt(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        critical: (u32, &Arc<Pod>),
        victims: &[u32],
    ) {
        for victim in victims {
            self.with(*victim, ctx, env, |cx| {
                cx.pod_event(EventType::Warning, "Preempting", MESSAGE);
                let verdict = KubeletVerdict {
                    reason: "Preempting".into(),
                    message: MESSAGE.into(),
                    is_disruption: true,
                };
                let own = cx.pod.pod.spec.termination_grace_period_seconds.unwrap_or(30);
                cx.end_by_kubelet(verdict, own);
            });
        }
        let (id, pod) = critical;
        let waiting = Preemption { id, pod: pod.clone(), victims: victims.iter().copied().collect() };
        self.shared.preemptions.push(waiting);
        self.shared.preemption_progress = true;
    }

    /// Lets critical pods begin whose victims have ended.
    pub(super) fn finish_preemptions(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let ended = |victim: &u32| {
            self.pods
                .get(victim)
                .is_none_or(|pod| matches!(pod.worker.stage, Stage::Terminated | Stage::Finished))
        };
        let (ready, waiting): (Vec<Preemption>, Vec<Preemption>) =
            std::mem::take(&mut self.shared.preemptions)
                .into_iter()
                .partition(|waiting| waiting.victims.iter().all(ended));
        self.shared.preemptions = waiting;
        for Preemption { id, pod, .. } in ready {
            self.begin_pod(ctx, env, id, &pod);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Quantity;

    fn pod(id: u32, memory: i64) -> Candidate {
        let requests = [("memory".into(), Quantity::from_bytes(memory))].into_iter().collect();
        Candidate { id, requests }
    }

    #[test]
    fn the_nearest_pods_go_and_no_more_than_needed() {
        let chosen = |need: i64, pods: Vec<Candidate>| -> Vec<u32> {
            Needs(vec![("memory".into(), need)]).choose(pods).into_iter().map(|pod| pod.id).collect()
        };
        let three = || vec![pod(1, 100), pod(2, 300), pod(3, 200)];
        assert_eq!(chosen(250, three()), [2]);
        // Both give enough: the smaller one goes.
        assert_eq!(chosen(150, three()), [3]);
        assert_eq!(chosen(450, three()), [2, 3]);
    }
}
