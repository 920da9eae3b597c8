//! Which pods of a set go first when it shrinks.
//!
//! Follows `ActivePods` and `ActivePodsWithRanks` of `pkg/controller/controller_utils.go`: the order of 1.20, and what
//! was added since (deletion cost 1.22, logarithmic ages 1.22, sidecar restarts 1.28).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::api::pod::{Pod, PodPhase};
use crate::api::{Timestamp, Uid};
use crate::base::Name;

/// The annotation that makes a pod dearer, or cheaper, than its siblings.
pub const DELETION_COST_ANNOTATION: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Which order to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `ActivePods`: used by the Job controller. Deletion cost and crowding do not count, ages are exact.
    Plain,
    /// `ActivePodsWithRanks` of 1.20: pods that crowd a node go first.
    Crowding,
    /// `ActivePodsWithRanks` since 1.22: deletion costs, and ages that are compared by orders of magnitude.
    Current {
        /// The present, in nanoseconds since 1970.
        now_nanos: i64,
    },
}

/// What the order looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whether the pod has a node.
    pub assigned: bool,
    /// Its phase.
    pub phase: PodPhase,
    /// Whether the `Ready` condition is true.
    pub ready: bool,
    /// When the `Ready` condition became true.
    pub ready_since: Option<Timestamp>,
    /// The most restarts of a regular container, and of a sidecar.
    pub restarts: (i32, i32),
    /// When the pod was created.
    pub created: Option<Timestamp>,
    /// Its deletion cost; 0 when not given.
    pub deletion_cost: i32,
    /// How many active pods of the set's owner are on its node.
    pub crowd: usize,
    /// Decides between pods that are equally old on the logarithmic scale.
    pub uid: Uid,
}

impl Candidate {
    /// What the order looks at in `pod`; `crowd` is the number of related active pods on its node.
    pub fn new(pod: &Pod, crowd: usize) -> Self {
        let ready = pod.status.conditions.iter().find(|condition| condition.kind == "Ready");
        let is_sidecar =
            |name: &Name| pod.spec.init_containers.iter().any(|c| c.is_sidecar() && c.name == *name);
        let regular = pod.status.container_statuses.iter().map(|status| status.restart_count);
        let sidecars = pod.status.init_container_statuses.iter().filter(|status| is_sidecar(&status.name));
        let sidecars = sidecars.map(|status| status.restart_count);
        Self {
            assigned: pod.node_name.is_some(),
            phase: pod.status.phase,
            ready: pod.is_ready(),
            ready_since: ready.and_then(|condition| condition.last_transition_time),
            restarts: (regular.max().unwrap_or(0), sidecars.max().unwrap_or(0)),
            created: pod.metadata.creation_timestamp,
            deletion_cost: deletion_cost(pod),
            crowd,
            uid: pod.metadata.uid,
        }
    }
}

/// The deletion cost that a pod's annotation gives; 0 when there is none, or it is no 32-bit number, or one with a plus
/// sign or leading zeros.
pub fn deletion_cost(pod: &Pod) -> i32 {
    let Some(text) = pod.metadata.annotations.get(DELETION_COST_ANNOTATION) else { return 0 };
    let plain = *text == "0" || text.starts_with(|c: char| matches!(c, '-' | '1'..='9'));
    if plain { text.parse().unwrap_or(0) } else { 0 }
}

/// How many active pods each node has: the crowd of a pod is the entry of its node.
pub fn crowds<'a>(related: impl IntoIterator<Item = &'a Pod>) -> BTreeMap<Name, usize> {
    let mut crowds = BTreeMap::new();
    for pod in related {
        if let Some(node) = pod.node_name.as_ref().filter(|_| pod.is_active()) {
            *crowds.entry(node.clone()).or_default() += 1;
        }
    }
    crowds
}

/// The positions of `candidates` in the order in which they would be deleted. Equal ones keep their order.
pub fn deletion_order(candidates: &[Candidate], order: Order) -> Vec<usize> {
    let positions = (0..candidates.len()).collect();
    merge_sort(positions, &|a, b| order.goes_before(&candidates[b], &candidates[a]))
}

/// A stable merge sort. Upstream's order with logarithmic ages is not transitive (pods ready since the same second are
/// compared by restarts, others of the same magnitude by UID), which the standard library's sort may refuse.
fn merge_sort(mut items: Vec<usize>, after: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    if items.len() < 2 {
        return items;
    }
    let upper = merge_sort(items.split_off(items.len() / 2), after);
    let lower = merge_sort(items, after);
    let (mut merged, mut lower, mut upper) = (
        Vec::with_capacity(lower.len() + upper.len()),
        lower.into_iter().peekable(),
        upper.into_iter().peekable(),
    );
    while let (Some(a), Some(b)) = (lower.peek(), upper.peek()) {
        let next = if after(*a, *b) { upper.next() } else { lower.next() };
        merged.extend(next);
    }
    merged.extend(lower);
    merged.extend(upper);
    merged
}

impl Order {
    /// Whether `a` is deleted before `b`.
    fn goes_before(self, a: &Candidate, b: &Candidate) -> bool {
        self.compare(a, b) == Ordering::Less
    }

    fn compare(self, a: &Candidate, b: &Candidate) -> Ordering {
        let by_state = a
            .assigned
            .cmp(&b.assigned)
            .then_with(|| progress(a.phase).cmp(&progress(b.phase)))
            .then_with(|| a.ready.cmp(&b.ready));
        let by_place = match self {
            Self::Plain => Ordering::Equal,
            Self::Crowding => b.crowd.cmp(&a.crowd),
            Self::Current { .. } => a.deletion_cost.cmp(&b.deletion_cost).then_with(|| b.crowd.cmp(&a.crowd)),
        };
        by_state
            .then(by_place)
            .then_with(|| {
                if a.ready { self.by_age(a, b, a.ready_since, b.ready_since) } else { Ordering::Equal }
            })
            .then_with(|| self.by_restarts(a, b))
            .then_with(|| self.by_age(a, b, a.created, b.created))
    }

    fn by_restarts(self, a: &Candidate, b: &Candidate) -> Ordering {
        match self {
            Self::Current { .. } => b.restarts.cmp(&a.restarts),
            Self::Plain | Self::Crowding => b.restarts.0.cmp(&a.restarts.0),
        }
    }

    /// The younger first; what has no time counts as younger than all.
    fn by_age(
        self,
        a: &Candidate,
        b: &Candidate,
        time_a: Option<Timestamp>,
        time_b: Option<Timestamp>,
    ) -> Ordering {
        if time_a == time_b {
            return Ordering::Equal;
        }
        match (self, time_a, time_b) {
            (_, None, _) => Ordering::Less,
            (_, _, None) => Ordering::Greater,
            (Self::Current { now_nanos }, Some(time_a), Some(time_b)) => {
                let (rank_a, rank_b) = (magnitude(now_nanos, time_a), magnitude(now_nanos, time_b));
                rank_a.cmp(&rank_b).then_with(|| a.uid.cmp(&b.uid))
            }
            (_, Some(time_a), Some(time_b)) => time_b.cmp(&time_a),
        }
    }
}

/// Pending, then Unknown, then Running; upstream does not list the other phases, which so count as Pending.
fn progress(phase: PodPhase) -> u8 {
    match phase {
        PodPhase::Running => 2,
        PodPhase::Unknown => 1,
        PodPhase::Pending | PodPhase::Succeeded | PodPhase::Failed => 0,
    }
}

/// The binary logarithm of an age in nanoseconds, cut to a whole number; -1 for times not in the past.
fn magnitude(now_nanos: i64, time: Timestamp) -> i64 {
    let age = i128::from(now_nanos) - i128::from(time.secs()) * 1_000_000_000;
    if age <= 0 {
        return -1;
    }
    // Go's `math.Log2`, whose rounding lifts ages just short of a power of two.
    let (fraction, exponent) = libm::frexp(age as f64);
    // An exact power of two (the fraction is 1/2, the least there is) needs no logarithm.
    if fraction <= 0.5 {
        return i64::from(exponent - 1);
    }
    (libm::log(fraction) * (1.0 / std::f64::consts::LN_2) + f64::from(exponent)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(ready_since: i64) -> Candidate {
        Candidate {
            assigned: true,
            phase: PodPhase::Running,
            ready: true,
            ready_since: Some(Timestamp::from_secs(ready_since)),
            restarts: (0, 0),
            created: Some(Timestamp::from_secs(0)),
            deletion_cost: 0,
            crowd: 1,
            uid: Uid(1),
        }
    }

    const NOW: Order = Order::Current { now_nanos: 1_000_000_000_000 };

    #[test]
    fn the_least_useful_go_first() {
        let pending = Candidate { phase: PodPhase::Pending, ready: false, ..ready(0) };
        let unassigned = Candidate { assigned: false, ..pending.clone() };
        let crashing = Candidate { ready: false, restarts: (3, 0), ..ready(0) };
        let unready = Candidate { ready: false, ..ready(0) };
        let candidates = [ready(5), unready, crashing, pending, unassigned];
        assert_eq!(deletion_order(&candidates, Order::Plain), [4, 3, 2, 1, 0]);
    }

    #[test]
    fn cost_beats_crowding_which_beats_age() {
        let cheap = Candidate { deletion_cost: -1, ..ready(0) };
        let crowded = Candidate { crowd: 3, ..ready(0) };
        let candidates = [ready(900), crowded, cheap];
        assert_eq!(deletion_order(&candidates, NOW), [2, 1, 0]);
        assert_eq!(deletion_order(&candidates, Order::Crowding), [1, 0, 2]);
        assert_eq!(deletion_order(&candidates, Order::Plain), [0, 1, 2]);
    }

    #[test]
    fn ages_of_one_magnitude_are_equal() {
        // 300 s and 500 s are both between 2^38 and 2^39 ns.
        let older = Candidate { uid: Uid(1), ..ready(500) };
        let younger = Candidate { uid: Uid(2), ..ready(700) };
        assert_eq!(deletion_order(&[younger.clone(), older.clone()], NOW), [1, 0]);
        assert_eq!(deletion_order(&[older, younger], Order::Crowding), [1, 0]);
        assert_eq!(magnitude(0, Timestamp::from_secs(0)), -1);
        assert_eq!(magnitude(1_073_741_824, Timestamp::from_secs(0)), 30);
        assert_eq!(magnitude(1_073_741_823, Timestamp::from_secs(0)), 29);
    }

    #[test]
    fn only_plain_numbers_are_costs() {
        for (text, cost) in
            [("7", 7), ("-7", -7), ("+7", 0), ("07", 0), ("-07", -7), ("x", 0), ("3000000000", 0)]
        {
            let mut pod = Pod::default();
            pod.metadata.annotations.insert(DELETION_COST_ANNOTATION, text);
            assert_eq!(deletion_cost(&pod), cost, "{text}");
        }
    }

    #[test]
    fn an_order_that_is_not_transitive_still_sorts() {
        let candidate = |uid, ready_since, restarts| Candidate {
            uid: Uid(uid),
            restarts: (restarts, 0),
            ..ready(ready_since)
        };
        let candidates: Vec<_> = (0..200)
            .map(|i| candidate(u128::from(i * 7919 % 200u64), 500 + (i % 3) as i64, (i % 5) as i32))
            .collect();
        let mut order = deletion_order(&candidates, NOW);
        order.sort_unstable();
        assert_eq!(order, (0..200).collect::<Vec<_>>());
    }
}
