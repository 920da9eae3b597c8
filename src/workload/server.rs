//! How a program works on requests: how many at once, how many wait, and how they share the container's CPU.

use std::collections::{BTreeSet, VecDeque};

use crate::kernel::{SimDuration, SimTime};

/// A request at its server.
pub type WorkId = u64;

/// Fractions of a nanosecond in which progress is counted.
const FRACTION: u32 = 16;

/// The CPU of one container, shared equally by the requests that need it.
///
/// A request has one thread, so it gets one core at most; all together get no more than the container may use. Averaged
/// over the 100 ms periods of the CFS this is what a CPU limit does: throttling shows as requests that take longer.
#[derive(Clone, Debug)]
pub struct SharedCpu {
    capacity_milli: u64,
    at: SimTime,
    /// CPU time that each request has got which was there from the beginning, in fractions.
    attained: u128,
    /// What `attained` will be when a request is done.
    running: BTreeSet<(u128, WorkId)>,
    used: u128,
    /// How long requests wanted more than there was.
    throttled: SimDuration,
}

impl SharedCpu {
    /// An idle CPU of so many thousandths of a core.
    pub fn new(capacity_milli: u64, now: SimTime) -> Self {
        let capacity_milli = capacity_milli.max(1);
        let throttled = SimDuration::ZERO;
        Self { capacity_milli, at: now, attained: 0, running: BTreeSet::new(), used: 0, throttled }
    }

    /// What each of the requests gets: numerator and denominator of a part of one core.
    fn share(&self) -> (u128, u128) {
        let wanted = 1000 * self.running.len() as u128;
        (wanted.min(u128::from(self.capacity_milli)), wanted)
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: SimTime) {
        let passed = now.saturating_since(self.at);
        self.at = self.at.max(now);
        if self.running.is_empty() || passed == SimDuration::ZERO {
            return;
        }
        let (part, whole) = self.share();
        let progress = (u128::from(passed.as_nanos()) << FRACTION) * part / whole;
        self.attained += progress;
        self.used += progress * self.running.len() as u128;
        if part < whole {
            self.throttled += passed;
        }
    }

    /// A request needs so much CPU time from `now` on.
    pub fn add(&mut self, now: SimTime, work: WorkId, need: SimDuration) {
        self.advance(now);
        self.running.insert((self.attained + (u128::from(need.as_nanos()) << FRACTION), work));
    }

    /// A request is given up.
    pub fn remove(&mut self, now: SimTime, work: WorkId) {
        self.advance(now);
        self.running.retain(|(_, id)| *id != work);
    }

    /// When the next request has got what it needs, if nothing else changes.
    pub fn next_done(&self) -> Option<SimTime> {
        let (done, _) = self.running.first()?;
        let (part, whole) = self.share();
        let left = done.saturating_sub(self.attained) * whole;
        let wait = left.div_ceil(part << FRACTION);
        Some(self.at + SimDuration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX / 4)))
    }

    /// Takes the requests that have got what they need.
    pub fn take_done(&mut self, now: SimTime) -> Vec<WorkId> {
        self.advance(now);
        let mut done = Vec::new();
        while let Some((need, work)) = self.running.first().copied()
            && need <= self.attained
        {
            self.running.pop_first();
            done.push(work);
        }
        done
    }

    /// CPU time used up to `now`.
    pub fn used(&self, now: SimTime) -> SimDuration {
        let mut ahead = self.clone();
        ahead.advance(now);
        SimDuration::from_nanos(u64::try_from(ahead.used >> FRACTION).unwrap_or(u64::MAX))
    }

    /// How long, up to the last change, requests wanted more CPU than there was.
    pub fn throttled(&self) -> SimDuration {
        self.throttled
    }
}

/// What a program does with a request that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Work on it begins.
    Begins,
    /// It waits in the queue.
    Waits,
    /// The queue is full: it is turned away with 503.
    TurnedAway,
}

/// The places for requests in a program: so many at work, so many waiting.
#[derive(Clone, Debug)]
pub struct Desk {
    concurrency: Option<u32>,
    queue: Option<u32>,
    at_work: u32,
    waiting: VecDeque<WorkId>,
}

impl Desk {
    /// An empty desk; `None` = without limit.
    pub fn new(concurrency: Option<u32>, queue: Option<u32>) -> Self {
        Self { concurrency, queue, at_work: 0, waiting: VecDeque::new() }
    }

    /// A request comes in.
    pub fn enter(&mut self, work: WorkId) -> Admission {
        if self.concurrency.is_none_or(|most| self.at_work < most) {
            self.at_work += 1;
            return Admission::Begins;
        }
        if self.queue.is_some_and(|most| self.waiting.len() >= most as usize) {
            return Admission::TurnedAway;
        }
        self.waiting.push_back(work);
        Admission::Waits
    }

    /// A request at work is finished; returns the one whose work begins now.
    pub fn leave(&mut self) -> Option<WorkId> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.at_work -= 1;
        }
        next
    }

    /// Requests at work and waiting.
    pub fn load(&self) -> (u32, usize) {
        (self.at_work, self.waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> SimTime {
        SimTime::from_millis(ms)
    }

    #[test]
    fn requests_share_the_limit_and_one_alone_has_at_most_one_core() {
        let mut cpu = SharedCpu::new(1500, ms(0));
        cpu.add(ms(0), 1, SimDuration::from_millis(30));
        assert_eq!(cpu.next_done(), Some(ms(30)));
        // Three at once on one and a half cores: half a core each.
        cpu.add(ms(10), 2, SimDuration::from_millis(30));
        cpu.add(ms(10), 3, SimDuration::from_millis(5));
        assert_eq!(cpu.next_done(), Some(ms(20)));
        assert_eq!(cpu.take_done(ms(20)), [3]);
        // Two on one and a half cores: three quarters each; 15 ms are left of the first.
        assert_eq!(cpu.next_done(), Some(ms(40)));
        assert_eq!(cpu.take_done(ms(40)), [1]);
        assert_eq!(cpu.next_done(), Some(ms(50)));
        assert_eq!(cpu.take_done(ms(50)), [2]);
        assert_eq!(cpu.used(ms(99)), SimDuration::from_millis(65));
        assert_eq!(cpu.throttled(), SimDuration::from_millis(30));
    }

    #[test]
    fn a_desk_lets_in_so_many_and_turns_away_when_the_queue_is_full() {
        let mut desk = Desk::new(Some(1), Some(1));
        assert_eq!(
            [desk.enter(1), desk.enter(2), desk.enter(3)],
            [Admission::Begins, Admission::Waits, Admission::TurnedAway]
        );
        assert_eq!(desk.leave(), Some(2));
        assert_eq!(desk.leave(), None);
        assert_eq!(desk.load(), (0, 0));
    }
}
