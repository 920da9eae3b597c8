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

/// A process that requests go to: a pod by index of its object, one of its containers, and which start of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId {
    /// Index of the pod object.
    pub pod: u32,
    /// The n-th container of the pod, init containers first.
    pub container: u16,
    /// Ordinal of this start of the container.
    pub start: u64,
}

/// What requests mean to a program: what they want of its machine just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestLoad {
    /// CPU that they would use if nobody else were on the machine, in thousandths of a core.
    pub cpu_milli: u64,
    /// How many are there.
    pub present: u64,
}

/// What one more request would meet at a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Requests that want CPU at the same time.
    pub at_work: u64,
    /// How long it waits for a place; `None` = there is none for it, not even in the queue.
    pub wait: Option<SimDuration>,
}

impl Default for Crowd {
    /// Nobody is there.
    fn default() -> Self {
        Self { at_work: 0, wait: Some(SimDuration::ZERO) }
    }
}

impl SharedCpu {
    /// An idle CPU of so many thousandths of a core.
    pub fn new(capacity_milli: u64, now: SimTime) -> Self {
        let capacity_milli = capacity_milli.max(1);
        let throttled = SimDuration::ZERO;
        Self { capacity_milli, at: now, attained: 0, running: BTreeSet::new(), used: 0, throttled }
    }

    /// From `now` on there is more or less CPU.
    pub fn set_capacity(&mut self, now: SimTime, capacity_milli: u64) {
        self.advance(now);
        self.capacity_milli = capacity_milli.max(1);
    }

    /// Thousandths of a core that there are.
    pub fn capacity_milli(&self) -> u64 {
        self.capacity_milli
    }

    /// Requests that want CPU.
    pub fn working(&self) -> usize {
        self.running.len()
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
    /// Since when all places have been taken, and how many have become free since then.
    full_since: Option<SimTime>,
    left: u64,
}

/// Of so many departures the older half is forgotten, so that the pace is that of the present.
const REMEMBERED: u64 = 64;

impl Desk {
    /// An empty desk; `None` = without limit.
    pub fn new(concurrency: Option<u32>, queue: Option<u32>) -> Self {
        Self { concurrency, queue, at_work: 0, waiting: VecDeque::new(), full_since: None, left: 0 }
    }

    fn is_full(&self) -> bool {
        self.concurrency.is_some_and(|most| self.at_work >= most)
    }

    /// A request comes in.
    pub fn enter(&mut self, work: WorkId, now: SimTime) -> Admission {
        if !self.is_full() {
            self.at_work += 1;
            if self.is_full() {
                (self.full_since, self.left) = (Some(now), 0);
            }
            return Admission::Begins;
        }
        if self.queue.is_some_and(|most| self.waiting.len() >= most as usize) {
            return Admission::TurnedAway;
        }
        self.waiting.push_back(work);
        Admission::Waits
    }

    /// A request at work is finished; returns the one whose work begins now.
    pub fn leave(&mut self, now: SimTime) -> Option<WorkId> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.at_work -= 1;
            self.full_since = None;
        } else if let Some(since) = &mut self.full_since {
            self.left += 1;
            if self.left == REMEMBERED {
                self.left /= 2;
                *since += now.saturating_since(*since) / 2;
            }
        }
        next
    }

    /// How long one more request would wait for a place if places go on becoming free at the pace they have had since all
    /// were taken; `None` = it would be turned away.
    pub fn wait(&self, now: SimTime) -> Option<SimDuration> {
        let Some(since) = self.full_since else { return Some(SimDuration::ZERO) };
        let ahead = self.waiting.len() as u64;
        if self.queue.is_some_and(|most| ahead >= u64::from(most)) {
            return None;
        }
        let each = now.saturating_since(since) / self.left.max(1);
        Some(SimDuration::from_nanos(each.as_nanos().saturating_mul(ahead + 1)))
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
            [desk.enter(1, ms(0)), desk.enter(2, ms(0)), desk.enter(3, ms(0))],
            [Admission::Begins, Admission::Waits, Admission::TurnedAway]
        );
        assert_eq!(desk.leave(ms(5)), Some(2));
        assert_eq!(desk.leave(ms(9)), None);
        assert_eq!(desk.load(), (0, 0));
    }

    #[test]
    fn one_more_waits_as_long_as_places_take_to_become_free() {
        let mut desk = Desk::new(Some(2), Some(3));
        for (work, at) in [(1, 0), (2, 100), (3, 110), (4, 120)] {
            desk.enter(work, ms(at));
        }
        // Both places are taken since 100 ms and none has become free: the longer that lasts, the longer one waits.
        assert_eq!(desk.wait(ms(200)), Some(SimDuration::from_millis(300)));
        desk.leave(ms(300));
        desk.leave(ms(500));
        assert_eq!(desk.wait(ms(500)), Some(SimDuration::from_millis(200)));
        for work in 5..8 {
            desk.enter(work, ms(500));
        }
        assert_eq!(desk.wait(ms(500)), None);
        for at in 501..506 {
            desk.leave(ms(at));
        }
        assert_eq!(desk.wait(ms(600)), Some(SimDuration::ZERO));
    }
}
