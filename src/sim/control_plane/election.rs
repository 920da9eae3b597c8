//! Leader election of the controller manager and the scheduler: who leads, who waits, and when a lease changes hands.
//!
//! Source: `k8s.io/client-go/tools/leaderelection/leaderelection.go` v0.34. A leader renews every `retryPeriod`; one
//! that has not managed to for `renewDeadline` gives up. Others look at the lease every `retryPeriod` and take it once
//! it has not changed for `leaseDuration` by their own observation, which is why a process that has just started waits
//! that long. While a leader renews undisturbed nothing of this is simulated: the last renewal and what the others have
//! seen of it are arithmetic.

use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::RecordId;

/// The timing of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// How long others respect a lease that they do not see renewed.
    pub(super) lease_duration: SimDuration,
    /// How long a leader tries to renew before it gives up.
    pub(super) renew_deadline: SimDuration,
    /// Time between two attempts.
    pub(super) retry_period: SimDuration,
}

/// A process: the n-th candidate in its n-th life.
pub(super) type Process = (u32, u32);

/// The lease as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// Whose it is; nobody's after a release.
    pub(super) holder: Option<Process>,
    /// Since when.
    pub(super) acquired: SimTime,
    /// Last renewal.
    pub(super) renewed: SimTime,
    /// How often it has changed hands.
    pub(super) transitions: u32,
}

/// A replica of the component.
#[derive(Clone, Debug)]
struct Candidate {
    /// How many faults hold it down.
    down: u32,
    life: u32,
    /// It looks at the lease at this time and every retry period from then on.
    phase: SimTime,
    /// The lease it last saw, and when it first saw it so.
    seen: Option<(Lease, SimTime)>,
    tick: Option<EventHandle>,
}

/// What a look at the lease came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing changed.
    Unchanged,
    /// The candidate leads now.
    Acquired,
    /// The leader could not renew for too long: its process ends, and starts anew.
    Lost,
}

/// The election of one component.
#[derive(Clone, Debug)]
pub(super) struct Election {
    timing: Timing,
    lease: Lease,
    candidates: Vec<Candidate>,
    leader: Option<u32>,
    /// Since when no look at the lease is simulated, because none would change anything.
    calm_since: Option<SimTime>,
    /// Every look is simulated.
    eager: bool,
    /// The record of what last disturbed the election: whatever follows is its consequence.
    cause: RecordId,
}

impl Election {
    /// The first candidate leads from the start; the others look at the lease between its renewals.
    pub(super) fn new(timing: Timing, replicas: u32, eager: bool) -> Self {
        let process = |index: u32| Candidate {
            down: 0,
            life: 0,
            phase: SimTime::ZERO + timing.retry_period * u64::from(index) / u64::from(replicas),
            seen: None,
            tick: None,
        };
        let lease =
            Lease { holder: Some((0, 0)), acquired: SimTime::ZERO, renewed: SimTime::ZERO, transitions: 0 };
        let calm_since = (!eager).then_some(SimTime::ZERO);
        let candidates = (0..replicas).map(process).collect();
        Self { timing, lease, candidates, leader: Some(0), calm_since, eager, cause: 0 }
    }

    pub(super) fn timing(&self) -> Timing {
        self.timing
    }

    /// What last disturbed the election.
    pub(super) fn cause(&self) -> RecordId {
        self.cause
    }

    /// Who leads now.
    pub(super) fn leader(&self) -> Option<u32> {
        self.leader
    }

    /// The lease as it is at `now`, renewals included.
    pub(super) fn lease_at(&self, now: SimTime) -> Lease {
        match (self.calm_since, self.leader) {
            (Some(_), Some(leader)) => {
                let renewed = self
                    .last_tick(leader, now)
                    .map_or(self.lease.renewed, |tick| tick.max(self.lease.renewed));
                Lease { renewed, ..self.lease }
            }
            _ => self.lease,
        }
    }

    /// The life of a candidate's process.
    pub(super) fn life(&self, candidate: u32) -> u32 {
        self.candidates[candidate as usize].life
    }

    /// The last look of a candidate up to and including `now`.
    fn last_tick(&self, candidate: u32, now: SimTime) -> Option<SimTime> {
        let phase = self.candidates[candidate as usize].phase;
        let since = now.as_nanos().checked_sub(phase.as_nanos())?;
        Some(SimTime::from_nanos(now.as_nanos() - since % self.timing.retry_period.as_nanos()))
    }

    /// From now on every look is simulated: writes down what was left to arithmetic. Everything that happens at `now`
    /// is still to come.
    pub(super) fn disturb(&mut self, now: SimTime, cause: RecordId) {
        self.cause = cause;
        let (Some(since), Some(leader)) = (self.calm_since.take(), self.leader) else { return };
        let Some(before) = now.as_nanos().checked_sub(1).map(SimTime::from_nanos) else { return };
        self.lease.renewed =
            self.last_tick(leader, before).map_or(self.lease.renewed, |tick| tick.max(self.lease.renewed));
        for index in (0..self.candidates.len() as u32).filter(|index| *index != leader) {
            let candidate = &self.candidates[index as usize];
            let Some(look) = self.last_tick(index, before).filter(|look| *look >= since) else { continue };
            if candidate.down > 0 {
                continue;
            }
            // At one instant the candidates come in their order.
            let just_before = SimTime::from_nanos(look.as_nanos().saturating_sub(1));
            let upto = if leader < index { look } else { just_before };
            let renewed =
                self.last_tick(leader, upto).unwrap_or(self.lease.acquired).max(self.lease.acquired);
            let lease = Lease { renewed, ..self.lease };
            self.candidates[index as usize].seen = Some((lease, look));
        }
    }

    /// Candidates that have no look planned, and when the next one is, if looks are simulated.
    pub(super) fn due(&self, now: SimTime) -> Vec<(u32, SimTime)> {
        if self.calm_since.is_some() {
            return Vec::new();
        }
        let idle = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.down == 0 && candidate.tick.is_none());
        idle.map(|(index, candidate)| {
            let since = now.as_nanos().saturating_sub(candidate.phase.as_nanos());
            let period = self.timing.retry_period.as_nanos();
            (index as u32, candidate.phase + SimDuration::from_nanos(since.div_ceil(period) * period))
        })
        .collect()
    }

    /// Notes that a look is planned.
    pub(super) fn planned(&mut self, candidate: u32, handle: EventHandle) {
        self.candidates[candidate as usize].tick = Some(handle);
    }

    /// A candidate looks at the lease. `reachable`: whether the lease can be read and written.
    pub(super) fn look(&mut self, index: u32, now: SimTime, reachable: bool) -> (Outcome, Option<SimTime>) {
        let Timing { lease_duration, renew_deadline, retry_period } = self.timing;
        let life = self.life(index);
        let candidate = &mut self.candidates[index as usize];
        candidate.tick = None;
        if self.leader == Some(index) {
            if reachable {
                self.lease.renewed = now;
                self.calm_since = (!self.eager).then_some(now);
            } else {
                // A round of renewal begins a retry period after the last success.
                let deadline = self.lease.renewed + retry_period + renew_deadline;
                if now >= deadline {
                    self.leader = None;
                    return (Outcome::Lost, None);
                }
                return (Outcome::Unchanged, Some((now + retry_period).min(deadline)));
            }
        } else if reachable {
            if candidate.seen.is_none_or(|(lease, _)| lease != self.lease) {
                candidate.seen = Some((self.lease, now));
            }
            let free = self.lease.holder.is_none()
                || candidate.seen.is_some_and(|(_, since)| since + lease_duration <= now);
            if free && self.leader.is_none() {
                candidate.phase = now;
                let transitions = self.lease.transitions + 1;
                self.lease = Lease { holder: Some((index, life)), acquired: now, renewed: now, transitions };
                self.leader = Some(index);
                self.calm_since = (!self.eager).then_some(now);
                return (Outcome::Acquired, None);
            }
        }
        (Outcome::Unchanged, self.calm_since.is_none().then_some(now + retry_period))
    }

    /// A process ends. Returns whether it led. `release`: whether it gives up the lease, as on an orderly end.
    pub(super) fn stop(&mut self, index: u32, release: bool) -> (bool, Option<EventHandle>) {
        let candidate = &mut self.candidates[index as usize];
        candidate.seen = None;
        candidate.life += 1;
        let tick = candidate.tick.take();
        let led = self.leader == Some(index);
        if led {
            self.leader = None;
            if release {
                self.lease.holder = None;
            }
        }
        (led, tick)
    }

    /// A process starts at `at`, which is not in the past: its first look is then.
    pub(super) fn start(&mut self, index: u32, at: SimTime) {
        self.candidates[index as usize].phase = at;
    }

    /// The replicas that a fault takes down: the leader first.
    pub(super) fn victims(&self, count: Option<u32>) -> Vec<u32> {
        let mut all: Vec<u32> = (0..self.candidates.len() as u32).collect();
        all.sort_by_key(|index| self.leader != Some(*index));
        all.truncate(count.map_or(usize::MAX, |count| count as usize));
        all
    }

    /// One more fault holds a replica down; returns whether it was up.
    pub(super) fn hold_down(&mut self, index: u32) -> bool {
        let down = &mut self.candidates[index as usize].down;
        *down += 1;
        *down == 1
    }

    /// One fault less; returns whether the replica is up now.
    pub(super) fn let_up(&mut self, index: u32) -> bool {
        let down = &mut self.candidates[index as usize].down;
        *down = down.saturating_sub(1);
        *down == 0
    }
}
