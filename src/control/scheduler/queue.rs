//! Pods that wait to be scheduled: `activeQ`, `backoffQ` and `unschedulablePods`.
//!
//! Follows `backend/queue` of kube-scheduler v1.34, queueing hints included. There is no clock inside: the caller says
//! what time it is, and [`SchedulingQueue::next_due`] says when the queue would do something by itself. Two things are
//! arranged differently and come to the same: pods that were turned down are listed by the plugin that did it, so that
//! an event looks only at those it may concern; and where upstream's order is that of a map, it is that of pod ids.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::backoff;
use super::cluster_event::{ClusterEvent, EventMask, EventObject, EventResource, pod_changes};
use super::framework::{Hint, PluginId, PluginSet, PodInfo};
use super::ids::PodId;
use super::in_flight::InFlight;
use super::nominator::{Nomination, Nominator};
pub use super::queued_pod::{Place, QueueConfig, QueueView, QueuedPod};
use crate::api::pod::Pod;
use crate::base::LookupMap;
use crate::kernel::SimTime;

/// `PrioritySort`: by priority, then by time; then by id.
type ActiveKey = (Reverse<i32>, SimTime, PodId);
/// By end of back-off, then as the active queue.
type BackoffKey = (SimTime, ActiveKey);

fn active_key(pod: &QueuedPod) -> ActiveKey {
    (Reverse(pod.priority), pod.timestamp, pod.id)
}

/// What is to become of a waiting pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Wait,
    TryAfterBackoff,
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct SchedulingQueue {
    config: QueueConfig,
    started: SimTime,
    pods: LookupMap<PodId, (QueuedPod, Place)>,
    active: BTreeSet<ActiveKey>,
    backoff: BTreeSet<BackoffKey>,
    /// Pods that back off for another reason than having been turned down.
    error_backoff: BTreeSet<BackoffKey>,
    unschedulable: BTreeSet<PodId>,
    /// The same by each plugin that turned them down.
    turned_down_by: Vec<BTreeSet<PodId>>,
    /// The same by time, without those kept out by a gate.
    unschedulable_since: BTreeSet<(SimTime, PodId)>,
    in_flight: InFlight,
    nominator: Nominator,
    /// Pods whose victims are being evicted.
    preempting: BTreeSet<PodId>,
}

impl SchedulingQueue {
    /// An empty queue of a scheduler that starts now.
    pub fn new(config: QueueConfig, started: SimTime) -> Self {
        let turned_down_by = vec![BTreeSet::new(); PluginSet::CAPACITY];
        Self { config, started, turned_down_by, ..Self::default() }
    }

    /// Where the pod waits, and what the queue knows of it.
    pub fn get(&self, id: PodId) -> Option<(&QueuedPod, Place)> {
        self.pods.get(&id).map(|(pod, place)| (pod, *place))
    }

    /// How many pods are ready, back off, and wait for something to happen.
    pub fn lengths(&self) -> (usize, usize, usize) {
        (self.active.len(), self.backoff.len() + self.error_backoff.len(), self.unschedulable.len())
    }

    /// What has been promised to pods that preempt others.
    pub fn nominator(&self) -> &Nominator {
        &self.nominator
    }

    /// Changes what a pod has been promised.
    pub fn nominate(&mut self, pod: &PodInfo, nomination: &Nomination) {
        self.nominator.nominate(pod.id, nomination, nominated(&pod.pod));
    }

    /// Takes back what a pod has been promised.
    pub fn withdraw_nomination(&mut self, pod: PodId) {
        self.nominator.remove(pod);
    }

    /// Says whether victims of the pod are being evicted; meanwhile it stays out of the queue.
    pub fn set_preempting(&mut self, pod: PodId, preempting: bool) {
        if preempting {
            self.preempting.insert(pod);
        } else {
            self.preempting.remove(&pod);
        }
    }

    /// Takes in a new pod.
    pub fn add(&mut self, pod: &PodInfo, view: QueueView<'_>, now: SimTime) {
        let queued =
            QueuedPod { id: pod.id, priority: pod.priority(), timestamp: now, ..QueuedPod::default() };
        self.pods.insert(pod.id, (queued, Place::InFlight));
        if self.make_active(pod.id, view) {
            self.nominate(pod, &Nomination::Keep);
        }
    }

    /// Takes a new version of a pod without a node.
    pub fn update(&mut self, old: &Arc<Pod>, pod: &PodInfo, view: QueueView<'_>, now: SimTime) {
        let id = pod.id;
        let changes = pod_changes(old, &pod.pod).into_iter().map(|action| ClusterEvent {
            what: EventMask { resource: EventResource::UnscheduledPod, action },
            object: EventObject::Pod(id, Some(old.clone()), Some(pod.pod.clone())),
        });
        if self.in_flight.contains(id) {
            changes.for_each(|event| self.in_flight.record(&event));
            return;
        }
        let Some((_, place)) = self.get(id) else {
            return self.add(pod, view, now);
        };
        self.nominator.update(id, nominated(old), nominated(&pod.pod));
        if place == Place::Unschedulable {
            for event in changes {
                let strategy = self.worth_of(id, &event, view);
                if self.requeue(id, strategy, view, now) != Place::Unschedulable {
                    break;
                }
            }
        }
    }

    /// Forgets a pod.
    pub fn delete(&mut self, id: PodId) {
        self.nominator.remove(id);
        self.preempting.remove(&id);
        self.leave(id);
        if !self.in_flight.contains(id) {
            self.pods.remove(&id);
        }
    }

    /// Takes the next pod to schedule. An idle scheduler does not let pods finish backing off.
    pub fn pop(&mut self, now: SimTime) -> Option<QueuedPod> {
        let from_backoff = || {
            let windows = self.config.backoff.windows;
            self.backoff.first().filter(|_| windows).map(|(_, (_, _, id))| *id)
        };
        let id = self.active.first().map(|(_, _, id)| *id).or_else(from_backoff)?;
        self.leave(id);
        self.in_flight.start(id);
        let (pod, _) = self.pods.get_mut(&id).expect("queued pods are listed");
        pod.attempts += 1;
        pod.first_attempt.get_or_insert(now);
        // Who turned it down the last time says nothing about this time.
        pod.rejectors = PluginSet::default();
        Some(*pod)
    }

    /// Whether a pod can be taken now.
    pub fn has_ready(&self) -> bool {
        !self.active.is_empty() || self.config.backoff.windows && !self.backoff.is_empty()
    }

    /// Puts back a pod that these plugins have turned down, or that failed for another reason.
    pub fn add_unschedulable(&mut self, id: PodId, rejectors: PluginSet, view: QueueView<'_>, now: SimTime) {
        let (pod, place) = self.pods.get_mut(&id).expect("pods in flight are listed");
        assert_eq!(*place, Place::InFlight, "only pods in flight are put back");
        pod.rejectors = rejectors;
        if rejectors.is_empty() {
            pod.errors += 1;
        } else {
            pod.rejections += 1;
            pod.errors = 0;
        }
        pod.timestamp = now;
        let events: Vec<ClusterEvent> = self.in_flight.events_since(id).cloned().collect();
        let helped = rejectors.is_empty()
            || events.iter().any(|event| self.worth_of(id, event, view) == Strategy::TryAfterBackoff);
        let strategy = if helped { Strategy::TryAfterBackoff } else { Strategy::Wait };
        self.requeue(id, strategy, view, now);
        self.in_flight.finish(id);
    }

    /// A pod that was taken from the queue will not come back: it is bound, or gone.
    pub fn done(&mut self, id: PodId) {
        self.in_flight.finish(id);
        if self.pods.get(&id).is_some_and(|(_, place)| *place == Place::InFlight) {
            self.pods.remove(&id);
        }
    }

    /// Tries pods again that `event` may help, among those that `concerns` admits.
    pub fn move_all(
        &mut self,
        event: &ClusterEvent,
        concerns: impl Fn(&PodInfo) -> bool,
        view: QueueView<'_>,
        now: SimTime,
    ) {
        if self.unschedulable.is_empty() && self.in_flight.is_empty() {
            return;
        }
        let interested = view.interested(event.what);
        if !event.is_wildcard() && interested.is_empty() {
            return;
        }
        let candidates = if event.is_wildcard() {
            self.unschedulable.clone()
        } else {
            interested
                .iter()
                .flat_map(|plugin| &self.turned_down_by[usize::from(plugin.0)])
                .copied()
                .collect()
        };
        for id in candidates {
            if concerns(view.pod(id)) {
                self.try_again(id, event, view, now);
            }
        }
        self.in_flight.record(event);
    }

    fn try_again(&mut self, id: PodId, event: &ClusterEvent, view: QueueView<'_>, now: SimTime) {
        let (pod, _) = self.get(id).expect("queued pods are listed");
        if let Some(gate) = pod.gate {
            let plugin = view.profile(view.pod(id)).plugin(gate);
            if !plugin.events().iter().any(|mask| mask.matches(event.what)) {
                return;
            }
        }
        let strategy = self.worth_of(id, event, view);
        if strategy != Strategy::Wait {
            self.requeue(id, strategy, view, now);
        }
    }

    /// Puts a pod that waits into the active queue at once.
    pub fn activate(&mut self, id: PodId, view: QueueView<'_>) {
        match self.get(id).map(|(_, place)| place) {
            Some(Place::Backoff | Place::Unschedulable) => {
                self.make_active(id, view);
            }
            Some(Place::InFlight) => {
                let object = EventObject::Pod(id, None, None);
                self.in_flight.record(&ClusterEvent { object, ..ClusterEvent::RETRY_ALL });
            }
            Some(Place::Active) | None => {}
        }
    }

    /// Does what is due by itself: ended back-offs, and pods that nothing has helped for too long.
    pub fn flush(&mut self, view: QueueView<'_>, now: SimTime) {
        let second = backoff::floor(now);
        for errors in [false, true] {
            while let Some((_, (_, _, id))) = self.first_ended(errors, second) {
                self.leave(id);
                // With windows, plugins were asked when the pod began to back off.
                if self.config.backoff.windows {
                    self.enter_active(id);
                } else {
                    self.make_active(id, view);
                }
            }
        }
        let periods = (now - self.started).as_nanos() / self.config.unschedulable_flush.as_nanos();
        let tick = self.started + self.config.unschedulable_flush * periods;
        while let Some((since, id)) = self.unschedulable_since.first().copied() {
            if tick.saturating_sub(self.config.max_in_unschedulable) <= since {
                break;
            }
            // If a plugin keeps it out now, it is no longer in the list by time.
            self.requeue(id, Strategy::TryAfterBackoff, view, now);
        }
    }

    fn first_ended(&self, errors: bool, second: SimTime) -> Option<BackoffKey> {
        let queue = if errors { &self.error_backoff } else { &self.backoff };
        queue.first().copied().filter(|(end, _)| *end < second)
    }

    /// When [`Self::flush`] would do something next.
    pub fn next_due(&self) -> Option<SimTime> {
        let ends = [self.backoff.first(), self.error_backoff.first()].into_iter().flatten();
        let backoff = ends.map(|(end, _)| backoff::noticed(*end)).min();
        let flush = self.unschedulable_since.first().map(|(since, _)| {
            let overdue = *since + self.config.max_in_unschedulable;
            let period = self.config.unschedulable_flush;
            let periods = (overdue - self.started).as_nanos() / period.as_nanos() + 1;
            self.started + period * periods
        });
        backoff.into_iter().chain(flush).min()
    }

    /// Whether the event may help the pod.
    fn worth_of(&self, id: PodId, event: &ClusterEvent, view: QueueView<'_>) -> Strategy {
        let (queued, _) = self.get(id).expect("queued pods are listed");
        if event.is_wildcard() {
            // Such an event may be meant for one pod only.
            let other = event.pod().is_some_and(|(meant, _, _)| meant != id);
            return if other { Strategy::Wait } else { Strategy::TryAfterBackoff };
        }
        let pod = view.pod(id);
        let profile = view.profile(pod);
        let helps = queued.rejectors.iter().any(|rejector| {
            let plugin = profile.plugin(rejector);
            plugin.events().iter().any(|mask| mask.matches(event.what))
                && (!self.config.hints || plugin.hint(pod, view.cache, event) == Hint::Queue)
        });
        if helps || queued.rejectors.is_empty() { Strategy::TryAfterBackoff } else { Strategy::Wait }
    }

    fn requeue(&mut self, id: PodId, strategy: Strategy, view: QueueView<'_>, now: SimTime) -> Place {
        let (pod, _) = self.get(id).expect("queued pods are listed");
        if strategy == Strategy::Wait {
            self.enter_unschedulable(id);
        } else if self.config.backoff.is_on(pod, now) {
            self.make_back_off(id, view);
        } else {
            self.make_active(id, view);
        }
        self.get(id).map_or(Place::Unschedulable, |(_, place)| place)
    }

    /// Makes the pod ready, unless a plugin keeps it out.
    fn make_active(&mut self, id: PodId, view: QueueView<'_>) -> bool {
        let open = self.ask_gates(id, view);
        if open {
            self.enter_active(id);
        } else {
            self.enter_unschedulable(id);
        }
        open
    }

    fn make_back_off(&mut self, id: PodId, view: QueueView<'_>) {
        if self.config.backoff.windows && !self.ask_gates(id, view) {
            return self.enter_unschedulable(id);
        }
        self.leave(id);
        let (pod, place) = self.pods.get_mut(&id).expect("queued pods are listed");
        *place = Place::Backoff;
        let end = self.config.backoff.end(pod).expect("only pods that back off come here");
        let queue = if pod.rejectors.is_empty() { &mut self.error_backoff } else { &mut self.backoff };
        queue.insert((end, active_key(pod)));
    }

    /// Asks the plugins that may keep the pod out; the one that did so before comes first.
    fn ask_gates(&mut self, id: PodId, view: QueueView<'_>) -> bool {
        let info = view.pod(id);
        let profile = view.profile(info);
        let held = |plugin: &PluginId| {
            let waits_for_victims = self.config.preemption == Some(*plugin) && self.preempting.contains(&id);
            waits_for_victims || profile.plugin(*plugin).pre_enqueue(info).is_err()
        };
        let before = self.get(id).and_then(|(pod, _)| pod.gate);
        let gate = before.into_iter().chain(profile.pre_enqueue.iter().copied()).find(held);
        // The pod leaves its list first: the lists by plugin are kept by what is about to change.
        self.leave(id);
        let (pod, _) = self.pods.get_mut(&id).expect("queued pods are listed");
        pod.gate = gate;
        if let Some(gate) = gate {
            pod.rejectors.insert(gate);
        }
        gate.is_none()
    }

    fn enter_active(&mut self, id: PodId) {
        self.leave(id);
        let (pod, place) = self.pods.get_mut(&id).expect("queued pods are listed");
        *place = Place::Active;
        self.active.insert(active_key(pod));
    }

    fn enter_unschedulable(&mut self, id: PodId) {
        self.leave(id);
        let (pod, place) = self.pods.get_mut(&id).expect("queued pods are listed");
        *place = Place::Unschedulable;
        self.unschedulable.insert(id);
        for plugin in pod.rejectors.iter() {
            self.turned_down_by[usize::from(plugin.0)].insert(id);
        }
        if pod.gate.is_none() {
            self.unschedulable_since.insert((pod.timestamp, id));
        }
    }

    /// Takes the pod out of the list it waits in.
    fn leave(&mut self, id: PodId) {
        let Some((pod, place)) = self.pods.get_mut(&id) else { return };
        match std::mem::replace(place, Place::InFlight) {
            Place::InFlight => {}
            Place::Active => {
                self.active.remove(&active_key(pod));
            }
            Place::Backoff => {
                let key = (self.config.backoff.end(pod).unwrap_or_default(), active_key(pod));
                if !self.backoff.remove(&key) {
                    self.error_backoff.remove(&key);
                }
            }
            Place::Unschedulable => {
                self.unschedulable.remove(&id);
                for plugin in pod.rejectors.iter() {
                    self.turned_down_by[usize::from(plugin.0)].remove(&id);
                }
                self.unschedulable_since.remove(&(pod.timestamp, id));
            }
        }
    }
}

fn nominated(pod: &Pod) -> Option<&crate::base::Name> {
    pod.status.nominated_node_name.as_ref().filter(|name| !name.is_empty())
}
