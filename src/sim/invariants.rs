//! What must be true of every run, whatever the scenario: checked while it goes, from the records and the world alone.
//!
//! A violation is a defect of the simulator, never a finding about the user's cluster, so the run stops. Every check
//! here must therefore hold in each legal history, also while components crash and watches lag: where a real
//! cluster may deviate for a moment, the check waits or leaves the case out, and says so.

mod occupancy;
mod owners;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use crate::api::node::Node;
use crate::api::pod::{Pod, PodPhase};
use crate::api::{Commit, Object, Op};
use crate::base::Name;
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::trace::{ContainerFact, Detail, Record, RecordId};

use super::event::Watcher;
use super::world::World;
use occupancy::Occupancy;
use owners::Owners;
use requests::InFlight;

/// How often pods are looked for that nobody looks after.
const PATROL: SimDuration = SimDuration::from_secs(60);
/// A kubelet that has not taken in a pod for so long, while nothing stood between them on any patrol, has lost it.
const TIME_TO_TAKE_IN: SimDuration = SimDuration::from_secs(180);

/// A promise of the simulator that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant violated at {at}, record {record}: {invariant}: {found}")]
pub struct Violation {
    /// What should be true.
    pub invariant: &'static str,
    /// When it was not.
    pub at: SimTime,
    /// The record that shows it.
    pub record: RecordId,
    /// What is the case instead.
    pub found: String,
}

/// The checks and what they remember.
#[derive(Clone, Debug, Default)]
pub(super) struct Invariants {
    last: RecordId,
    last_at: SimTime,
    revision: u64,
    live_objects: u64,
    occupancy: Occupancy,
    owners: Owners,
    in_flight: InFlight,
    last_event_at: SimTime,
    /// Running processes by node: namespace, pod and container.
    processes: BTreeMap<Name, BTreeSet<(Name, Name, Name)>>,
    next_patrol: SimTime,
    /// Pods that are pending and not to go, by object index: those that a patrol looks at.
    pending: BTreeSet<u32>,
    /// Bound pods that their kubelet does not know, and since which patrol.
    unattended: BTreeMap<u32, SimTime>,
}

type Checked = Result<(), (&'static str, String)>;

fn ensure(holds: bool, invariant: &'static str, found: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err((invariant, found())) }
}

impl Invariants {
    /// How many objects the store holds.
    pub(super) fn live_objects(&self) -> u64 {
        self.live_objects
    }

    /// Looks at a record that was just made.
    pub(super) fn check_record(&mut self, record: &Record, world: &World) -> Result<(), Violation> {
        let checked = self.in_order(record).and_then(|()| match &record.detail {
            Detail::Commit(commit) => self.check_commit(record, commit, world),
            Detail::Container { container, node, fact } => {
                self.check_container(record, container, node, fact)
            }
            Detail::Power { up: false } => {
                self.processes.remove(&record.subject.name);
                Ok(())
            }
            Detail::Traffic(sample) => self.in_flight.check(record, sample),
            _ => Ok(()),
        });
        checked.map_err(|(invariant, found)| Violation { invariant, at: record.at, record: record.id, found })
    }

    /// Looks at an event that has just happened: at one instant the order is by identity, and a later instant never
    /// comes first.
    #[inline]
    pub(super) fn check_event(&mut self, key: EventKey, last: RecordId) -> Result<(), Violation> {
        let before = std::mem::replace(&mut self.last_event_at, key.at);
        if before <= key.at {
            return Ok(());
        }
        let invariant = "events happen in the order of their times";
        let found = format!("the event at {key} comes after one at {before}");
        Err(Violation { invariant, at: before, record: last, found })
    }

    fn in_order(&mut self, record: &Record) -> Checked {
        let expected = self.last + 1;
        ensure(record.id == expected, "records are numbered without a gap", || {
            format!("record {} instead of {expected}", record.id)
        })?;
        ensure(record.at >= self.last_at, "time never goes backwards", || {
            format!("{} after {}", record.at, self.last_at)
        })?;
        ensure(record.cause < record.id, "causes come before what they cause", || {
            format!("the cause is record {}", record.cause)
        })?;
        (self.last, self.last_at) = (record.id, record.at);
        Ok(())
    }

    fn check_commit(&mut self, record: &Record, commit: &Commit, world: &World) -> Checked {
        ensure(commit.revision > self.revision, "revisions of the store only grow", || {
            format!("{} after {}", commit.revision, self.revision)
        })?;
        self.revision = commit.revision;
        let is_new = commit.op == Op::Added;
        ensure(is_new == commit.old.is_none(), "an object is added once and then changed", || {
            format!("{} of {}", commit.op.as_str(), commit.new.reference())
        })?;
        if let Some(old) = &commit.old {
            let (before, after) = (old.metadata(), commit.new.metadata());
            ensure(before.uid == after.uid, "an object keeps its uid", || {
                format!("{} becomes {}", before.uid, after.uid)
            })?;
        }
        self.owners.check(record.component, commit)?;
        match commit.op {
            Op::Added => self.live_objects += 1,
            Op::Deleted => self.live_objects = self.live_objects.saturating_sub(1),
            Op::Modified => {}
        }
        if let Object::Node(node) = &commit.new {
            self.occupancy.node_changed(node);
        }
        let Object::Pod(pod) = &commit.new else { return Ok(()) };
        if commit.op != Op::Deleted && is_awaited(pod) {
            self.pending.insert(commit.id.index);
        } else {
            self.pending.remove(&commit.id.index);
        }
        if let Some(Object::Pod(old)) = &commit.old {
            pod_goes_on(old, pod)?;
        }
        self.check_placement(record, commit, pod, world)
    }

    /// What the scheduler binds must fit: what it has bound before and is not over, together with this pod.
    fn check_placement(&mut self, record: &Record, commit: &Commit, pod: &Pod, world: &World) -> Checked {
        let index = commit.id.index;
        let was_bound = match &commit.old {
            Some(Object::Pod(old)) => old.node_name.is_some(),
            _ => pod.node_name.is_some(),
        };
        let over = commit.op == Op::Deleted || pod.status.phase.is_terminal();
        if over {
            self.occupancy.leaves(index);
        } else if let (false, Some(node)) = (was_bound, &pod.node_name)
            && record.component == "default-scheduler"
        {
            ensure(self.occupancy.knows(node), "pods are bound to nodes that exist", || {
                format!("{} is bound to {node}", commit.new.reference())
            })?;
            return self.occupancy.enters(index, node, pod, record.at, world.incarnations.scheduler);
        }
        Ok(())
    }

    fn check_container(
        &mut self,
        record: &Record,
        container: &Name,
        node: &Name,
        fact: &ContainerFact,
    ) -> Checked {
        let key = (record.subject.namespace.clone(), record.subject.name.clone(), container.clone());
        let here = self.processes.entry(node.clone()).or_default();
        match fact {
            ContainerFact::Started { .. } => {
                ensure(here.insert(key), "a container has at most one process", || {
                    format!("{container} of {} on {node} starts while it runs", record.subject.name)
                })
            }
            ContainerFact::Exited { .. } => {
                here.remove(&key);
                Ok(())
            }
            ContainerFact::Pulling | ContainerFact::Pulled => Ok(()),
        }
    }

    /// When an instant is over: from time to time a [`Self::patrol`].
    pub(super) fn patrol_if_due(&mut self, world: &World) -> Result<(), Violation> {
        if world.now() < self.next_patrol {
            return Ok(());
        }
        self.next_patrol = world.now() + PATROL;
        self.patrol(world)
    }

    /// Is every pod looked after by somebody?
    pub(super) fn patrol(&mut self, world: &World) -> Result<(), Violation> {
        let now = world.now();
        let mut unattended = BTreeMap::new();
        for index in self.pending.iter().copied() {
            // What was written between two records is looked at next time.
            let Some(pod) = world.api.objects().at::<Pod>(index).filter(|pod| is_awaited(pod)) else {
                continue;
            };
            let lost = match &pod.node_name {
                None => world.scheduler.as_ref().is_some_and(|scheduler| scheduler.has_lost(index)),
                Some(node) if is_ignored_by_kubelet(world, node, index) => {
                    let since = *self.unattended.get(&index).unwrap_or(&now);
                    unattended.insert(index, since);
                    now >= since + TIME_TO_TAKE_IN
                }
                Some(_) => false,
            };
            if lost {
                let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
                let by = pod.node_name.as_ref().map_or("the scheduler".to_owned(), |node| format!("{node}"));
                return Err(Violation {
                    invariant: "no pod is lost",
                    at: now,
                    record: world.recorder.last(),
                    found: format!("pod {namespace}/{name} is pending, but {by} does not know it"),
                });
            }
        }
        self.unattended = unattended;
        Ok(())
    }
}

/// Whether somebody has still to take in a pod.
fn is_awaited(pod: &Pod) -> bool {
    pod.status.phase == PodPhase::Pending && !pod.metadata.is_terminating()
}

/// What a pod may not become.
fn pod_goes_on(old: &Pod, new: &Pod) -> Checked {
    let name = &new.metadata.name;
    ensure(
        old.node_name.is_none() || old.node_name == new.node_name,
        "a bound pod stays where it is",
        || format!("{name} moves from {:?} to {:?}", old.node_name, new.node_name),
    )?;
    let (before, after) = (old.status.phase, new.status.phase);
    ensure(!before.is_terminal() || after == before, "a pod that is over stays over", || {
        format!("{name} goes from {before:?} to {after:?}")
    })
}

/// Whether a kubelet that works and has heard of everything does not know a pod that is bound to its node.
fn is_ignored_by_kubelet(world: &World, node: &Name, index: u32) -> bool {
    let Some(host) = world.watches.node(node) else { return false };
    let there = &world.hosts[host as usize];
    let works = there.shared.powered && there.shared.kubelet_runs && there.shared.runtime_answers;
    let registered = world.api.objects().get::<Node>(&Name::default(), node).is_some();
    let watches = world.watches.broken_since(Watcher::Node(host)).is_none();
    works && registered && watches && !there.knows(index)
}

#[cfg(test)]
mod tests;
