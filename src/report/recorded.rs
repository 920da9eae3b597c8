//! What a run left behind: the input of every picture, table and number.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::autoscaler::Autoscaler;
use super::lane::Lane;
use super::marks::Mark;
use super::node::NodeSeries;
use super::pod_state::PodState;
use super::pools::Pools;
use super::steps::Steps;
use super::traffic::Flow;
use super::usage::Usage;
use super::workload::Workload;
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};

/// Everything the collector kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When the run ended.
    pub end: SimTime,
    /// Lanes of pods, ordered by namespace, workload, time of creation and name.
    pub lanes: Vec<Lane>,
    /// Lanes that were not kept.
    pub lanes_dropped: u64,
    /// Workloads, ordered by kind, namespace and name.
    pub workloads: Vec<Workload>,
    /// Nodes, ordered by name.
    pub nodes: Vec<NodeSeries>,
    /// Marks on the time axis, ordered by time.
    pub marks: Vec<Mark>,
    /// How many pods were in each state.
    pub pods_by_state: Vec<(PodState, Steps<i32>)>,
    /// Containers started again so far.
    pub restarts: Steps<i64>,
    /// Requests, those of sources first.
    pub flows: Vec<Flow>,
    /// What programs used.
    pub usage: Usage,
    /// What autoscalers found and wanted, by namespace and name.
    pub autoscalers: Vec<Autoscaler>,
    /// Totals.
    pub counters: Counters,
}

/// Totals of a run.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Pods that were created.
    pub pods_created: u64,
    /// Pods that ceased to exist.
    pub pods_deleted: u64,
    /// The most pods that existed at once.
    pub pods_peak: u64,
    /// Containers started again, by the code of the exit before; `None` = it vanished with its node.
    pub restarts: BTreeMap<Option<i32>, u64>,
    /// Containers that ended, by exit code.
    pub exits: BTreeMap<i32, u64>,
    /// Pods that were evicted, by reason.
    pub evictions: BTreeMap<Name, u64>,
    /// Kubernetes Events of type `Warning`.
    pub warnings: u64,
    /// Other Kubernetes Events.
    pub notices: u64,
}

/// Who ran what: the facts about a run that are not in its records.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// Name of the scenario.
    pub scenario: String,
    /// What it shows, in words.
    pub description: String,
    /// Seed of the run.
    pub seed: u64,
    /// Version of Shakedown.
    pub version: String,
    /// Kubernetes version of the timing profile, such as `1.34`.
    pub kubernetes: String,
    /// BLAKE3 digest of the canonical trace, in hexadecimal.
    pub digest: String,
    /// The command that does the run again.
    pub command: String,
    /// Which machines belong together, and what they cost.
    pub pools: Pools,
    /// Simulation events handled.
    pub events: u64,
    /// Records written.
    pub records: u64,
    /// The expectations of the scenario.
    pub expectations: Vec<Expectation>,
    /// What was not simulated and the reader must know.
    pub warnings: Vec<String>,
    /// Why the run stopped before its end, if it did: then everything here is about its beginning only.
    pub partial: Option<String>,
}

/// One expectation of a scenario and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What was expected.
    pub label: String,
    /// Whether it held.
    pub passed: bool,
    /// What was found instead.
    pub found: String,
}

impl RunInfo {
    /// The first 12 digits of the digest: enough to tell runs apart.
    pub fn short_digest(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }
}

/// How the workloads took one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The fault.
    pub mark: Mark,
    /// What it did.
    pub outcome: RecoveryOutcome,
}

/// What one fault did to the readiness of the workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryOutcome {
    /// All workloads stayed ready.
    NoEffect,
    /// Some workload fell short, and later all were ready again.
    Recovered {
        /// From the fault until the first workload fell short.
        hit_after: SimDuration,
        /// From the fault until all of them were ready again.
        recovered_after: SimDuration,
    },
    /// Some workload fell short and the run ended before all were ready again.
    NotRecovered {
        /// From the fault until the first workload fell short.
        hit_after: SimDuration,
    },
}

impl Recorded {
    /// Time to recovery of each fault, in the order of time.
    ///
    /// A fault is judged by the workloads that were ready when it struck; one that was broken before tells nothing.
    /// What happens until the next fault or step is put down to it, so of several gaps in that window the end of the
    /// last one counts, even when that end lies past the window.
    pub fn recoveries(&self) -> Vec<Recovery> {
        use super::fact::MarkKind::{Fault, Step};
        let opens_window = |mark: &&Mark| matches!(mark.kind, Fault | Step);
        let faults = self.marks.iter().filter(|mark| mark.kind == Fault);
        faults
            .map(|mark| {
                let next = self.marks.iter().filter(opens_window).find(|other| other.at > mark.at);
                let window_end = next.map_or(self.end, |next| next.at);
                Recovery { mark: mark.clone(), outcome: self.outcome(mark.at, window_end) }
            })
            .collect()
    }

    fn outcome(&self, fault: SimTime, window_end: SimTime) -> RecoveryOutcome {
        let before = fault.saturating_sub(SimDuration::from_nanos(1));
        let was_ready = |workload: &&Workload| workload.short.at(before) == Some(&false);
        let mut first_from = SimTime::MAX;
        let mut last_until = SimTime::ZERO;
        let mut open = false;
        for workload in self.workloads.iter().filter(was_ready) {
            let gaps = workload.short.spans(self.end).filter(|(_, _, short)| **short);
            for (from, until, _) in gaps.filter(|(from, _, _)| *from >= fault && *from < window_end) {
                first_from = first_from.min(from);
                last_until = last_until.max(until);
                open |= until == self.end && workload.short.last() == Some(&true);
            }
        }
        let hit_after = first_from.saturating_since(fault);
        match (first_from == SimTime::MAX, open) {
            (true, _) => RecoveryOutcome::NoEffect,
            (false, true) => RecoveryOutcome::NotRecovered { hit_after },
            (false, false) => {
                RecoveryOutcome::Recovered { hit_after, recovered_after: last_until.saturating_since(fault) }
            }
        }
    }

    /// At most `limit` lanes, those that changed most, in the order of [`Recorded::lanes`].
    pub fn busiest_lanes(&self, limit: usize) -> Vec<&Lane> {
        busiest(&self.lanes, limit, |lane| lane.changes)
    }

    /// How many pod lanes the run had, kept or not.
    pub fn lane_count(&self) -> u64 {
        self.lanes.len() as u64 + self.lanes_dropped
    }
}

/// At most `limit` of `items`, those with the highest score, in their old order.
pub(super) fn busiest<T, S: Ord>(items: &[T], limit: usize, score: impl Fn(&T) -> S) -> Vec<&T> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| (Reverse(score(&items[*index])), *index));
    order.truncate(limit);
    order.sort_unstable();
    order.into_iter().map(|index| &items[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fact::{Fact, MarkKind};
    use super::super::{Collector, Limits};
    use super::*;
    use crate::api::{Kind, ObjectRef};

    #[test]
    fn recovery_is_the_end_of_the_last_gap_of_a_fault() {
        let secs = SimTime::from_secs;
        let length = SimDuration::from_secs;
        let mut collector = Collector::new(Limits::default());
        for at in [10, 100, 200] {
            collector.observe(&Fact::Mark { at: secs(at), until: None, kind: MarkKind::Fault, label: "f" });
        }
        let mut recorded = collector.finish(secs(300));
        let workload = |name: &str, gaps: &[(u64, bool)]| {
            let reference = ObjectRef { kind: Kind::Deployment, namespace: "ns".into(), name: name.into() };
            let mut workload = Workload::new(reference, secs(0));
            for (at, short) in gaps {
                workload.short.push(secs(*at), *short);
            }
            workload
        };
        recorded.workloads = vec![
            workload(
                "web",
                &[(0, true), (5, false), (30, true), (40, false), (60, true), (110, false), (290, true)],
            ),
            workload("api", &[(0, false), (103, true), (112, false)]),
            workload("broken before", &[(0, true)]),
        ];
        let outcomes: Vec<_> = recorded.recoveries().into_iter().map(|recovery| recovery.outcome).collect();
        let recovered =
            |hit, end| RecoveryOutcome::Recovered { hit_after: length(hit), recovered_after: length(end) };
        let not = RecoveryOutcome::NotRecovered { hit_after: length(90) };
        assert_eq!(outcomes, [recovered(20, 100), recovered(3, 12), not]);
    }
}
