//! How a program works on requests: how many at once, how many wait, and how they share the container's CPU.

use std::collections::{BTreeSet, VecDeque};

use super::cpu::Quota;
use crate::kernel::{SimDuration, SimTime};

/// A request at its server.
pub type WorkId = u64;

/// Fractions of a nanosecond in which progress is counted.
const FRACTION: u32 = 16;

/// CPU that requests to a container can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuRoom {
    /// The most at one time, beside what else the machine does, in thousandths of a core.
    pub milli: u64,
    /// What the container's limit leaves for them; `None` = it has none, or one that they cannot reach.
    pub quota: Option<Quota>,
}

impl CpuRoom {
    /// So much at any time.
    pub fn unlimited(milli: u64) -> Self {
        Self { milli: milli.max(1), quota: None }
    }

    /// Room of `milli` within a quota.
    pub fn new(milli: u64, quota: Option<Quota>) -> Self {
        let milli = milli.max(1);
        Self { milli, quota: quota.filter(|quota| quota.milli() < milli) }
    }

    /// What there is on average, in thousandths of a core.
    pub fn mean_milli(&self) -> u64 {
        self.quota.map_or(self.milli, |quota| quota.milli()).max(1)
    }
}

/// The CPU of one container, shared equally by the requests that need it.
///
/// A request has one thread, so it gets one core at most; all together get no more than the machine has for them, and in each
/// CFS period no more than the quota of the container's limit: when that is used up, all stand still until the next period.
#[derive(Clone, Debug)]
pub struct SharedCpu {
    room: CpuRoom,
    at: SimTime,
    /// The period that `left` is about, and what is left of its quota, in fractions.
    period: u64,
    left: u128,
    /// CPU time that each request has got which was there from the beginning, in fractions.
    attained: u128,
    /// What `attained` will be when a request is done.
    running: BTreeSet<(u128, WorkId)>,
    used: u128,
    /// How long requests wanted more than there was, and how long there were some.
    throttled: SimDuration,
    busy: SimDuration,
}

/// A stretch of time in which requests go on at one pace, or stand still.
struct Stretch {
    /// Nanoseconds until the quota is used up or the period ends; `u64::MAX` = no end.
    lasts: u64,
    /// Whether the requests go on.
    goes: bool,
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
    /// An idle CPU.
    pub fn new(room: CpuRoom, now: SimTime) -> Self {
        let zero = SimDuration::ZERO;
        let mut cpu = Self {
            room,
            at: now,
            period: 0,
            left: 0,
            attained: 0,
            running: BTreeSet::new(),
            used: 0,
            throttled: zero,
            busy: zero,
        };
        cpu.begin_period(true);
        cpu
    }

    /// From `now` on there is more or less CPU.
    pub fn set_room(&mut self, now: SimTime, room: CpuRoom) {
        self.advance(now);
        let changed = self.room.quota != room.quota;
        self.room = room;
        self.begin_period(changed);
    }

    /// What there is.
    pub fn room(&self) -> CpuRoom {
        self.room
    }

    /// Requests that want CPU.
    pub fn working(&self) -> usize {
        self.running.len()
    }

    /// The quota is whole again if another period has begun, or if `anew`.
    fn begin_period(&mut self, anew: bool) {
        let Some(quota) = self.room.quota else { return };
        let period = self.at.as_nanos() / quota.period.as_nanos();
        if anew || period != self.period {
            self.period = period;
            self.left = u128::from(quota.per_period.as_nanos()) << FRACTION;
        }
    }

    /// What each of the requests gets: numerator and denominator of a part of one core.
    fn share(&self) -> (u128, u128) {
        let wanted = 1000 * self.running.len() as u128;
        (wanted.min(u128::from(self.room.milli)), wanted)
    }

    /// What comes next at `at`, with so much left of the quota.
    fn stretch(&self, at: SimTime, left: u128) -> Stretch {
        let Some(quota) = self.room.quota else { return Stretch { lasts: u64::MAX, goes: true } };
        let period = quota.period.as_nanos();
        let rest = period - at.as_nanos() % period;
        if left == 0 {
            return Stretch { lasts: rest, goes: false };
        }
        let burn = self.share().0 << FRACTION;
        let lasts = u64::try_from((left * 1000).div_ceil(burn)).unwrap_or(u64::MAX);
        Stretch { lasts: lasts.min(rest), goes: true }
    }

    /// What each request gets in so many nanoseconds without a stop.
    fn progress(&self, nanos: u64) -> u128 {
        let (part, whole) = self.share();
        (u128::from(nanos) << FRACTION) * part / whole
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: SimTime) {
        while self.at < now {
            self.begin_period(false);
            if self.running.is_empty() {
                self.at = now;
                break;
            }
            let stretch = self.stretch(self.at, self.left);
            let passed = now.saturating_since(self.at).as_nanos().min(stretch.lasts);
            let length = SimDuration::from_nanos(passed);
            let (part, whole) = self.share();
            if stretch.goes {
                let progress = self.progress(passed);
                self.attained += progress;
                let used = progress * self.running.len() as u128;
                self.used += used;
                // What lasts to the end of the stretch is gone, whatever rounding left of it.
                let is_over = passed == stretch.lasts;
                self.left = if is_over { 0 } else { self.left.saturating_sub(used) };
            }
            if part < whole || !stretch.goes {
                self.throttled += length;
            }
            self.busy += length;
            self.at += length;
        }
        self.begin_period(false);
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
        let mut need = done.saturating_sub(self.attained);
        let (mut at, mut left) = (self.at, self.left);
        let whole_quota =
            self.room.quota.map_or(0, |quota| u128::from(quota.per_period.as_nanos()) << FRACTION);
        loop {
            let stretch = self.stretch(at, left);
            if stretch.goes {
                let (part, whole) = self.share();
                let wait = (need * whole).div_ceil(part << FRACTION);
                if wait <= u128::from(stretch.lasts) {
                    return Some(at + SimDuration::from_nanos(wait as u64));
                }
                if stretch.lasts == u64::MAX {
                    return Some(SimTime::MAX);
                }
                need -= self.progress(stretch.lasts);
            }
            at += SimDuration::from_nanos(stretch.lasts);
            let period = self.room.quota.map_or(1, |quota| quota.period.as_nanos());
            let begins = at.as_nanos().is_multiple_of(period);
            left = if begins { whole_quota } else { 0 };
            if begins {
                // Whole periods that are all alike need not be gone through.
                let each = self.progress(self.stretch(at, whole_quota).lasts);
                let skipped = u64::try_from(need.saturating_sub(1) / each.max(1)).unwrap_or(u64::MAX);
                let skipped =
                    skipped.saturating_sub(1).min((u64::MAX / 4).saturating_sub(at.as_nanos()) / period);
                need -= each * u128::from(skipped);
                at += SimDuration::from_nanos(period * skipped);
                if each == 0 || at.as_nanos() >= u64::MAX / 4 - period {
                    return Some(SimTime::MAX);
                }
            }
        }
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

    /// How long, up to the last change, there were requests that wanted CPU.
    pub fn busy(&self) -> SimDuration {
        self.busy
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
        let mut cpu = SharedCpu::new(CpuRoom::unlimited(1500), ms(0));
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

    /// A limit of 250m: 25 ms of CPU time in each 100 ms.
    #[test]
    fn a_quota_lasts_for_a_part_of_each_period() {
        let quota = Quota::of_limit(250, SimDuration::from_millis(100));
        let mut cpu = SharedCpu::new(CpuRoom::new(4000, Some(quota)), ms(0));
        // Within the quota nothing is slower than without a limit.
        cpu.add(ms(10), 1, SimDuration::from_millis(20));
        assert_eq!(cpu.next_done(), Some(ms(30)));
        assert_eq!(cpu.take_done(ms(30)), [1]);
        // 5 ms are left: two requests together use them up in 2.5 ms and stand still; the next period serves both for 12.5 ms,
        // and the one after that for the last 5.
        cpu.add(ms(40), 2, SimDuration::from_millis(20));
        cpu.add(ms(40), 3, SimDuration::from_millis(20));
        assert_eq!(cpu.next_done(), Some(ms(205)));
        assert_eq!(cpu.used(ms(90)), SimDuration::from_millis(25));
        assert_eq!(cpu.used(ms(150)), SimDuration::from_millis(50));
        assert_eq!(cpu.take_done(ms(205)), [2, 3]);
        assert_eq!(cpu.throttled(), SimDuration::from_micros(57_500 + 87_500));
        assert_eq!(cpu.busy(), SimDuration::from_millis(20 + 165));
    }

    #[test]
    fn long_work_is_timed_as_if_every_period_were_gone_through() {
        let quota = Quota::of_limit(100, SimDuration::from_millis(100));
        let mut cpu = SharedCpu::new(CpuRoom::new(1000, Some(quota)), ms(0));
        cpu.add(ms(50), 1, SimDuration::from_secs(36));
        // 10 ms a period: 3600 periods, the first of which began at 0.
        let done = cpu.next_done().unwrap();
        assert_eq!(done, ms(359_910));
        for at in 1..3600 {
            cpu.advance(ms(100 * at + 7));
        }
        assert_eq!(cpu.next_done(), Some(done));
        assert_eq!(cpu.take_done(done), [1]);
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
