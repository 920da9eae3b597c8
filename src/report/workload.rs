//! Replicas of a workload over time, and how available it was.

use super::steps::Steps;
use crate::api::{Object, ObjectRef};
use crate::kernel::{SimDuration, SimTime};

/// Changes that one series keeps before it is coarsened.
const POINTS_PER_SERIES: usize = 8_192;

/// Replicas wanted, running and ready of one workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Which workload: a Deployment, StatefulSet, DaemonSet, Job, or a ReplicaSet or ReplicationController of its own.
    pub reference: ObjectRef,
    /// Replicas that its specification asks for.
    pub wanted: Steps<i32>,
    /// Pods in phase `Running` that have not been told to go.
    pub running: Steps<i32>,
    /// Of these, the pods that are ready.
    pub ready: Steps<i32>,
    /// Whether fewer replicas were ready than wanted.
    pub short: Steps<bool>,
    /// How well `ready` kept up with `wanted`.
    pub availability: Availability,
    now: Counts,
    last_at: SimTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    wanted: i32,
    running: i32,
    ready: i32,
}

/// How long a workload had all the ready replicas it wanted, counted from the first time it had them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// When it was fully ready for the first time.
    pub first_ready: Option<SimTime>,
    /// How long it was fully ready.
    pub ready_for: SimDuration,
    /// How long it was observed since `first_ready`, without the time in which nothing was wanted.
    pub observed_for: SimDuration,
    /// The fewest ready replicas since `first_ready`; moments without length do not count.
    pub min_ready: Option<i32>,
}

impl Availability {
    /// Percent of the observed time, in thousandths; `None` when it was never fully ready.
    pub fn milli_percent(&self) -> Option<u64> {
        let observed = u128::from(self.observed_for.as_nanos());
        let ready = u128::from(self.ready_for.as_nanos());
        // Rounded down: 100 % is written only for a run without any gap.
        (observed > 0).then(|| (ready * 100_000 / observed) as u64)
    }
}

impl Workload {
    pub(super) fn new(reference: ObjectRef, at: SimTime) -> Self {
        let series = || Steps::with_limit(POINTS_PER_SERIES);
        let availability = Availability::default();
        let (wanted, running, ready) = (series(), series(), series());
        let short = Steps::with_limit(POINTS_PER_SERIES);
        Self { reference, wanted, running, ready, short, availability, now: Counts::default(), last_at: at }
    }

    /// The workload as `deployment/web`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.reference.kind.names().singular, self.reference.name)
    }

    fn is_short(&self) -> bool {
        self.now.ready < self.now.wanted
    }

    /// Takes the wanted number from the object, which is no longer there when `deleted`.
    pub(super) fn observe(&mut self, at: SimTime, object: &Object, deleted: bool) {
        let wanted = if deleted { 0 } else { wanted_replicas(object).unwrap_or(0) };
        self.advance(at);
        self.now.wanted = wanted;
        self.wanted.push(at, wanted);
        self.short.push(at, self.is_short());
    }

    /// A pod of this workload began or ceased to run or to be ready.
    pub(super) fn count(&mut self, at: SimTime, running: i32, ready: i32) {
        self.advance(at);
        self.now.running += running;
        self.now.ready += ready;
        self.running.push(at, self.now.running);
        self.ready.push(at, self.now.ready);
        self.short.push(at, self.is_short());
    }

    /// Accounts for the time since the last change, in which everything stayed as it was.
    pub(super) fn advance(&mut self, at: SimTime) {
        let held_for = at.saturating_since(self.last_at);
        let since = self.last_at;
        self.last_at = at;
        if held_for == SimDuration::ZERO || self.now.wanted == 0 {
            return;
        }
        let full = !self.is_short();
        let availability = &mut self.availability;
        if full {
            availability.first_ready.get_or_insert(since);
        }
        if availability.first_ready.is_none() {
            return;
        }
        availability.observed_for += held_for;
        if full {
            availability.ready_for += held_for;
        }
        let fewest = availability.min_ready.get_or_insert(self.now.ready);
        *fewest = self.now.ready.min(*fewest);
    }
}

/// How many replicas a workload object asks for; `None` for objects that are no workload.
pub(super) fn wanted_replicas(object: &Object) -> Option<i32> {
    match object {
        Object::Deployment(it) => Some(it.spec.replicas.unwrap_or(1)),
        Object::ReplicaSet(it) => Some(it.spec.replicas.unwrap_or(1)),
        Object::ReplicationController(it) => Some(it.spec.replicas.unwrap_or(1)),
        Object::StatefulSet(it) => Some(it.spec.replicas.unwrap_or(1)),
        Object::DaemonSet(it) => Some(it.status.desired_number_scheduled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use crate::api::workload::Deployment;

    fn secs(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    #[test]
    fn availability_counts_from_the_first_full_readiness() {
        let reference = ObjectRef { kind: Kind::Deployment, namespace: "ns".into(), name: "web".into() };
        let mut deployment = Deployment::default();
        deployment.spec.replicas = Some(2);
        let mut web = Workload::new(reference, secs(0));
        web.observe(secs(0), &deployment.into(), false);
        web.count(secs(5), 2, 2);
        // At 45 s one pod is lost and another is ready at the same instant: no gap.
        web.count(secs(45), -1, -1);
        web.count(secs(45), 1, 1);
        web.count(secs(55), -1, -1);
        web.count(secs(85), 1, 1);
        web.advance(secs(105));
        let availability = web.availability;
        assert_eq!(availability.first_ready, Some(secs(5)));
        assert_eq!(availability.min_ready, Some(1));
        assert_eq!(availability.milli_percent(), Some(70_000));
        assert!(!web.is_short());
    }
}
