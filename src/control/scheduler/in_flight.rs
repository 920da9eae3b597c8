//! Events that arrive while pods are being scheduled, kept until those pods are done (`backend/queue/active_queue.go`,
//! kube-scheduler v1.34): a pod that fails in the end is tried again if one of them would have helped it.

use std::collections::{BTreeSet, VecDeque};

use super::cluster_event::ClusterEvent;
use super::ids::PodId;
use crate::base::LookupMap;

/// Pods being scheduled or bound, and what has happened since each was taken from the queue.
#[derive(Clone, Debug, Default)]
pub struct InFlight {
    since: LookupMap<PodId, u64>,
    started: BTreeSet<u64>,
    events: VecDeque<(u64, ClusterEvent)>,
    clock: u64,
}

impl InFlight {
    /// Whether the pod is being scheduled or bound.
    pub fn contains(&self, pod: PodId) -> bool {
        self.since.contains(&pod)
    }

    /// How many pods are.
    pub fn len(&self) -> usize {
        self.since.len()
    }

    /// Whether no pod is.
    pub fn is_empty(&self) -> bool {
        self.since.is_empty()
    }

    /// The pod has been taken from the queue.
    pub fn start(&mut self, pod: PodId) {
        self.clock += 1;
        self.started.insert(self.clock);
        let before = self.since.insert(pod, self.clock);
        assert!(before.is_none(), "a pod is scheduled once at a time");
    }

    /// Keeps an event, if there is anyone to keep it for.
    pub fn record(&mut self, event: &ClusterEvent) {
        if !self.is_empty() {
            self.clock += 1;
            self.events.push_back((self.clock, event.clone()));
        }
    }

    /// What has happened since the pod was taken from the queue.
    pub fn events_since(&self, pod: PodId) -> impl Iterator<Item = &ClusterEvent> {
        let since = self.since.get(&pod).copied().unwrap_or(u64::MAX);
        let first = self.events.partition_point(|(at, _)| *at < since);
        self.events.iter().skip(first).map(|(_, event)| event)
    }

    /// The pod is bound or back in the queue. Events that no other pod needs are forgotten.
    pub fn finish(&mut self, pod: PodId) {
        let Some(since) = self.since.remove(&pod) else { return };
        self.started.remove(&since);
        let needed = self.started.first().copied().unwrap_or(u64::MAX);
        while self.events.front().is_some_and(|(at, _)| *at < needed) {
            self.events.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pod_sees_what_came_after_it() {
        let mut flights = InFlight::default();
        let count = |flights: &InFlight, pod| flights.events_since(PodId(pod)).count();
        flights.record(&ClusterEvent::RETRY_ALL);
        flights.start(PodId(1));
        flights.record(&ClusterEvent::RETRY_ALL);
        flights.start(PodId(2));
        flights.record(&ClusterEvent::RETRY_ALL);
        assert_eq!((count(&flights, 1), count(&flights, 2)), (2, 1));
        flights.finish(PodId(1));
        assert_eq!((flights.events.len(), count(&flights, 2)), (1, 1));
        flights.finish(PodId(2));
        assert!(flights.events.is_empty() && flights.is_empty());
    }
}
