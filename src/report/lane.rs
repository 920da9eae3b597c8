//! One lane a pod: its states over time, its restarts and exits, and where it ran.

use std::cmp::Reverse;

use super::pod_state::PodState;
use super::steps::Steps;
use crate::api::{Labels, ObjectRef};
use crate::base::{LookupMap, Name};
use crate::kernel::SimTime;

/// Changes of state that one lane keeps before it is coarsened.
const STATES_PER_LANE: usize = 4_096;
/// Marks that one lane keeps; later ones are only counted.
const MARKS_PER_LANE: usize = 512;

/// The history of the pods of one name (a StatefulSet's pod comes back under its name, in the same lane).
#[derive(Clone, Debug)]
pub struct Lane {
    /// Namespace of the pod.
    pub namespace: Name,
    /// Name of the pod.
    pub name: Name,
    /// The workload it belongs to in the end (a Deployment, not its ReplicaSet); `None` for a pod of its own.
    pub owner: Option<ObjectRef>,
    /// Labels it was created with.
    pub labels: Labels,
    /// When it first existed.
    pub created: SimTime,
    /// What it was doing.
    pub states: Steps<PodState>,
    /// Restarts and exits of its containers.
    pub marks: Vec<LaneMark>,
    /// How many marks came after the lane was full.
    pub marks_dropped: u64,
    /// How often its state changed: what decides which lanes are shown when there are too many.
    pub changes: u64,
    /// The nodes it was bound to, one after the other.
    pub bindings: Vec<Binding>,
}

/// A pod on a node.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The node.
    pub node: Name,
    /// Since when the pod holds its share of the node.
    pub from: SimTime,
    /// Until when; `None` = still.
    pub until: Option<SimTime>,
    /// What the pod requests.
    pub requests: Requests,
}

/// CPU and memory that a pod requests, or a node has to give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Thousandths of a CPU.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory: i64,
}

/// Something that happened to a container of the pod at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneMark {
    /// When.
    pub at: SimTime,
    /// Which container.
    pub container: Name,
    /// What.
    pub what: LaneEvent,
}

/// What a mark in a lane stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneEvent {
    /// A container was started again.
    Restart {
        /// How many restarts there have been, this one included.
        count: i32,
    },
    /// A container ended.
    Exit {
        /// Exit code.
        code: i32,
        /// The signal that ended it.
        signal: Option<i32>,
        /// `Completed`, `Error`, `OOMKilled`, ...
        reason: Name,
    },
}

impl Lane {
    /// Containers started again during this lane.
    pub fn restarts(&self) -> usize {
        self.marks.iter().filter(|mark| matches!(mark.what, LaneEvent::Restart { .. })).count()
    }

    fn new(namespace: Name, name: Name, created: SimTime) -> Self {
        Self {
            namespace,
            name,
            owner: None,
            labels: Labels::default(),
            created,
            states: Steps::with_limit(STATES_PER_LANE),
            marks: Vec::new(),
            marks_dropped: 0,
            changes: 0,
            bindings: Vec::new(),
        }
    }

    /// The workload as `deployment/web`; empty for a pod of its own.
    pub fn owner_title(&self) -> String {
        let title = |owner: &ObjectRef| format!("{}/{}", owner.kind.names().singular, owner.name);
        self.owner.as_ref().map_or_else(String::new, title)
    }

    fn is_gone(&self) -> bool {
        self.states.last() == Some(&PodState::Gone)
    }
}

/// All lanes of a run, found by name, bounded in number.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    by_namespace: LookupMap<Name, LookupMap<Name, usize>>,
    limit: usize,
    dropped: u64,
}

impl Lanes {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { lanes: Vec::new(), by_namespace: LookupMap::default(), limit: limit.max(1), dropped: 0 }
    }

    /// The lane of the pod, if it has one.
    pub(super) fn get_mut(&mut self, namespace: &str, name: &str) -> Option<&mut Lane> {
        let index = *self.by_namespace.get(namespace)?.get(name)?;
        Some(&mut self.lanes[index])
    }

    /// The lane of a pod that has just come to be.
    pub(super) fn open(&mut self, namespace: &Name, name: &Name, at: SimTime) -> &mut Lane {
        let known = self.by_namespace.get(namespace).and_then(|names| names.get(name)).copied();
        let index = known.unwrap_or_else(|| {
            if self.lanes.len() >= self.limit * 2 {
                self.drop_the_quiet();
            }
            self.lanes.push(Lane::new(namespace.clone(), name.clone(), at));
            let index = self.lanes.len() - 1;
            self.by_namespace.entry_or_default(namespace.clone()).insert(name.clone(), index);
            index
        });
        &mut self.lanes[index]
    }

    /// Every lane that was kept, and how many were not.
    pub(super) fn into_parts(self) -> (Vec<Lane>, u64) {
        (self.lanes, self.dropped)
    }

    /// Halves the number of lanes: those that changed least go.
    fn drop_the_quiet(&mut self) {
        // A pod that still exists may become busy yet, so it counts as if it had lived through a whole quiet life.
        const STILL_THERE: u64 = 8;
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by_key(|index| {
            let lane = &self.lanes[*index];
            let chances = if lane.is_gone() { 0 } else { STILL_THERE };
            (Reverse(lane.changes + chances), *index)
        });
        order.truncate(self.limit);
        order.sort_unstable();
        let mut kept = order.into_iter().peekable();
        let mut index = 0;
        let before = self.lanes.len();
        self.lanes.retain(|_| {
            let keep = kept.next_if_eq(&index).is_some();
            index += 1;
            keep
        });
        self.dropped += (before - self.lanes.len()) as u64;
        self.by_namespace.clear();
        for (index, lane) in self.lanes.iter().enumerate() {
            self.by_namespace.entry_or_default(lane.namespace.clone()).insert(lane.name.clone(), index);
        }
    }
}

impl Lane {
    pub(super) fn enter(&mut self, at: SimTime, state: PodState) {
        if self.states.last() != Some(&state) {
            self.changes += 1;
            self.states.push(at, state);
        }
    }

    pub(super) fn mark(&mut self, at: SimTime, container: &str, what: LaneEvent) {
        self.changes += 1;
        if self.marks.len() < MARKS_PER_LANE {
            self.marks.push(LaneMark { at, container: container.into(), what });
        } else {
            self.marks_dropped += 1;
        }
    }

    pub(super) fn bind(&mut self, at: SimTime, node: &Name, requests: Requests) {
        // Nearly all pods are bound once; with many pods the room for more would be most of a lane.
        self.bindings.reserve_exact(1);
        self.bindings.push(Binding { node: node.clone(), from: at, until: None, requests });
    }

    pub(super) fn unbind(&mut self, at: SimTime) {
        if let Some(binding) = self.bindings.last_mut() {
            binding.until.get_or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quiet_lanes_go_first() {
        let mut lanes = Lanes::with_limit(3);
        for pod in 0..7_u64 {
            let at = SimTime::from_secs(pod);
            let lane = lanes.open(&"ns".into(), &Name::from(format!("pod-{pod}")), at);
            lane.enter(at, PodState::Pending);
            if pod % 2 == 1 {
                lane.enter(at, PodState::Ready);
            }
        }
        assert!(lanes.get_mut("ns", "pod-0").is_none());
        assert_eq!(lanes.get_mut("ns", "pod-5").map(|lane| lane.changes), Some(2));
        assert_eq!(lanes.get_mut("ns", "pod-6").map(|lane| lane.name.clone()), Some("pod-6".into()));
        let (kept, dropped) = lanes.into_parts();
        assert_eq!((kept.len(), dropped), (4, 3));
    }
}
