//! The pods that exist at the moment: just enough of each to tell what the next version of it changes.

use super::fact::ContainerFact;
use super::lane::Requests;
use super::node::pod_requests;
use super::pod_state::PodState;
use super::steps::Steps;
use crate::api::ObjectRef;
use crate::api::core::{ConditionStatus, Conditions};
use crate::api::pod::{Pod, PodPhase};
use crate::base::{LookupMap, Name};
use crate::kernel::SimTime;

const STATES: usize = PodState::Gone as usize;

/// What one version of a pod changed.
#[derive(Debug)]
pub(super) struct PodChange {
    /// The workload it belongs to.
    pub(super) owner: Option<ObjectRef>,
    /// What it is doing now.
    pub(super) state: PodState,
    /// Running pods more or fewer.
    pub(super) running: i32,
    /// Ready pods more or fewer.
    pub(super) ready: i32,
    /// Why it is being evicted, when that is new.
    pub(super) evicted: Option<Name>,
    /// Shares of nodes given back (-1) or taken (1).
    pub(super) allocations: Vec<(Name, Requests, i32)>,
}

/// The pods that exist, found by name.
#[derive(Clone, Debug, Default)]
pub(super) struct LivePods {
    by_namespace: LookupMap<Name, LookupMap<Name, LivePod>>,
    count: u64,
    counts: [i32; STATES],
    series: [Series; STATES],
}

/// How many pods are in one state, over time.
#[derive(Clone, Debug)]
struct Series(Steps<i32>);

impl Default for Series {
    fn default() -> Self {
        Self(Steps::with_limit(8_192))
    }
}

#[derive(Clone, Debug)]
struct LivePod {
    owner: Option<ObjectRef>,
    /// `None` until its first version has been seen.
    state: Option<PodState>,
    running: bool,
    ready: bool,
    evicted: bool,
    pulls: u16,
    bound: Option<(Name, Requests)>,
    last_exits: Vec<(Name, i32)>,
}

impl LivePods {
    pub(super) fn contains(&self, namespace: &str, name: &str) -> bool {
        self.by_namespace.get(namespace).is_some_and(|pods| pods.contains(name))
    }

    pub(super) fn len(&self) -> u64 {
        self.count
    }

    pub(super) fn add(&mut self, namespace: &Name, name: &Name, owner: Option<ObjectRef>) {
        let pod = LivePod {
            owner,
            state: None,
            running: false,
            ready: false,
            evicted: false,
            pulls: 0,
            bound: None,
            last_exits: Vec::new(),
        };
        self.by_namespace.entry_or_default(namespace.clone()).insert(name.clone(), pod);
        self.count += 1;
    }

    /// Takes a new version of a pod that has been added; `deleted` says that it is the last one.
    pub(super) fn update(&mut self, at: SimTime, pod: &Pod, deleted: bool) -> PodChange {
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        let live = self.get_mut(namespace, name).expect("a pod is added before it is updated");
        let active = !deleted && !pod.metadata.is_terminating();
        let running = active && pod.status.phase == PodPhase::Running;
        let ready = active && !pod.status.phase.is_terminal() && pod.is_ready();
        let reason = eviction_reason(pod).filter(|_| !live.evicted);
        live.evicted |= reason.is_some();
        let state = if deleted { PodState::Gone } else { PodState::of(pod, live.pulls > 0) };
        let change = PodChange {
            owner: live.owner.clone(),
            state,
            running: i32::from(running) - i32::from(live.running),
            ready: i32::from(ready) - i32::from(live.ready),
            evicted: reason,
            allocations: live.rebind(pod, deleted),
        };
        (live.running, live.ready) = (running, ready);
        let before = live.state.replace(state);
        self.move_count(at, before, state);
        if deleted && let Some(pods) = self.by_namespace.get_mut(namespace) {
            pods.remove(name);
            self.count -= 1;
        }
        change
    }

    /// What a fact about a container does to the state of its pod, if anything.
    pub(super) fn on_container(
        &mut self,
        at: SimTime,
        namespace: &str,
        pod: &str,
        container: &str,
        what: ContainerFact<'_>,
    ) -> Option<PodState> {
        let live = self.get_mut(namespace, pod)?;
        let before = live.state?;
        let after = match what {
            ContainerFact::Pulling => {
                live.pulls = live.pulls.saturating_add(1);
                if before == PodState::Starting { PodState::Pulling } else { before }
            }
            ContainerFact::Pulled => {
                live.pulls = live.pulls.saturating_sub(1);
                let done = live.pulls == 0 && before == PodState::Pulling;
                if done { PodState::Starting } else { before }
            }
            ContainerFact::Exited { code, .. } => {
                match live.last_exits.iter_mut().find(|(name, _)| *name == container) {
                    Some((_, last)) => *last = code,
                    None => live.last_exits.push((container.into(), code)),
                }
                before
            }
            ContainerFact::Started { .. } => before,
        };
        live.state = Some(after);
        self.move_count(at, Some(before), after);
        (before != after).then_some(after)
    }

    /// The exit code with which the container ended last.
    pub(super) fn last_exit(&self, namespace: &str, pod: &str, container: &str) -> Option<i32> {
        let live = self.by_namespace.get(namespace)?.get(pod)?;
        live.last_exits.iter().find(|(name, _)| *name == container).map(|(_, code)| *code)
    }

    /// Notes that the pod is evicted; whether that is new.
    pub(super) fn mark_evicted(&mut self, namespace: &str, name: &str) -> bool {
        self.get_mut(namespace, name).is_some_and(|live| !std::mem::replace(&mut live.evicted, true))
    }

    /// Pods in each state over time, in the order of [`PodState::VISIBLE`].
    pub(super) fn into_series(self) -> Vec<(PodState, Steps<i32>)> {
        PodState::VISIBLE.into_iter().zip(self.series.map(|series| series.0)).collect()
    }

    fn get_mut(&mut self, namespace: &str, name: &str) -> Option<&mut LivePod> {
        self.by_namespace.get_mut(namespace)?.get_mut(name)
    }

    fn move_count(&mut self, at: SimTime, from: Option<PodState>, to: PodState) {
        if from == Some(to) {
            return;
        }
        for (state, by) in from.map(|from| (from, -1)).into_iter().chain([(to, 1)]) {
            // `Gone` is the one state that is not counted.
            if let Some(count) = self.counts.get_mut(state as usize) {
                *count += by;
                self.series[state as usize].0.push(at, *count);
            }
        }
    }
}

impl LivePod {
    /// A pod holds its share of a node from the binding until it has ended or is gone.
    fn rebind(&mut self, pod: &Pod, deleted: bool) -> Vec<(Name, Requests, i32)> {
        let holds = !deleted && !pod.status.phase.is_terminal();
        let node = pod.node_name.as_ref().filter(|_| holds);
        let mut moves = Vec::new();
        if self.bound.as_ref().map(|(bound, _)| bound) == node {
            return moves;
        }
        if let Some((node, requests)) = self.bound.take() {
            moves.push((node, requests, -1));
        }
        if let Some(node) = node {
            let requests = pod_requests(&pod.spec);
            self.bound = Some((node.clone(), requests));
            moves.push((node.clone(), requests, 1));
        }
        moves
    }
}

/// Why the pod is being evicted, if its status says so.
fn eviction_reason(pod: &Pod) -> Option<Name> {
    let target = pod.status.conditions.condition("DisruptionTarget");
    let target = target.filter(|condition| condition.status == ConditionStatus::True);
    let reason = target.and_then(|condition| condition.reason.clone());
    reason.or_else(|| pod.status.reason.clone().filter(|reason| *reason == "Evicted"))
}
