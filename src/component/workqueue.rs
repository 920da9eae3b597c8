//! The work queue of a controller: keys without duplicates, back-off for failures, one worker a key.
//!
//! Source of the rules and numbers: `k8s.io/client-go/util/workqueue` v0.34. The queue holds no clock: it says when a
//! delayed key is due, and the controller schedules that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::bucket::TokenBucket;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::RecordId;

/// How a queue spaces retries: each key waits twice as long after every failure, and all keys share one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// First delay after a failure.
    pub base_delay: SimDuration,
    /// Longest delay after failures.
    pub max_delay: SimDuration,
    /// Retries a second of all keys together; 0 = no limit.
    pub qps: u64,
    /// Retries of all keys that may come at once.
    pub burst: u64,
    /// After so many retries in a row a key is given up, until something else adds it; `None` = never.
    pub max_retries: Option<u32>,
}

/// What is known of a key that is being worked on.
#[derive(Clone, Copy, Debug, Default)]
struct Busy {
    /// Requests without an answer yet.
    pending: u32,
    /// Whether the key was added again meanwhile.
    dirty: Option<RecordId>,
    /// Whether a request failed.
    failed: bool,
}

/// What to do with a key once all of its requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// Answers are outstanding.
    NotYet,
    /// All done.
    Done,
    /// Something failed: work on it again after this delay.
    RetryAfter(SimDuration),
}

/// Keys to work on. `K` identifies an object.
#[derive(Clone, Debug)]
pub struct WorkQueue<K> {
    ready: VecDeque<(K, RecordId)>,
    queued: BTreeSet<K>,
    busy: BTreeMap<K, Busy>,
    failures: BTreeMap<K, u32>,
    limits: RetryLimits,
    bucket: TokenBucket,
}

impl<K: Ord + Copy> WorkQueue<K> {
    /// An empty queue.
    pub fn new(limits: RetryLimits) -> Self {
        Self {
            ready: VecDeque::new(),
            queued: BTreeSet::new(),
            busy: BTreeMap::new(),
            failures: BTreeMap::new(),
            limits,
            bucket: TokenBucket::new(limits.qps, limits.burst),
        }
    }

    /// Adds a key because of `cause`. Returns whether there is now something to pop that was not there before.
    pub fn add(&mut self, key: K, cause: RecordId) -> bool {
        if let Some(busy) = self.busy.get_mut(&key) {
            busy.dirty = Some(cause);
            return false;
        }
        if !self.queued.insert(key) {
            return false;
        }
        self.ready.push_back((key, cause));
        true
    }

    /// Takes the next key; it stays busy until [`Self::finish`] says otherwise.
    pub fn pop(&mut self) -> Option<(K, RecordId)> {
        let (key, cause) = self.ready.pop_front()?;
        self.queued.remove(&key);
        self.busy.insert(key, Busy::default());
        Some((key, cause))
    }

    /// Notes that `requests` were sent for a busy key.
    pub fn expect_replies(&mut self, key: K, requests: u32) {
        if let Some(busy) = self.busy.get_mut(&key) {
            busy.pending += requests;
        }
    }

    /// Notes an answer.
    pub fn reply(&mut self, key: K, failed: bool) {
        if let Some(busy) = self.busy.get_mut(&key) {
            busy.pending = busy.pending.saturating_sub(1);
            busy.failed |= failed;
        }
    }

    /// Ends the work on a key if all answers are in.
    pub fn finish(&mut self, key: K, now: SimTime) -> Finished {
        match self.busy.get(&key) {
            Some(busy) if busy.pending > 0 => return Finished::NotYet,
            None => return Finished::Done,
            Some(_) => {}
        }
        let busy = self.busy.remove(&key).expect("looked up just above");
        if let Some(cause) = busy.dirty {
            self.add(key, cause);
        }
        let failures = self.failures.get(&key).copied().unwrap_or(0);
        if busy.failed && self.limits.max_retries.is_none_or(|most| failures < most) {
            self.failures.insert(key, failures + 1);
            let doubled = self.limits.base_delay.saturating_mul(1u64 << failures.min(30));
            let turn = self.bucket.next_slot(now).saturating_since(now);
            return Finished::RetryAfter(doubled.min(self.limits.max_delay).max(turn));
        }
        self.failures.remove(&key);
        Finished::Done
    }

    /// Whether a key can be popped.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RetryLimits = RetryLimits {
        base_delay: SimDuration::from_millis(5),
        max_delay: SimDuration::from_secs(1000),
        qps: 10,
        burst: 100,
        max_retries: None,
    };

    /// Works on a key at `now`, with a request that fails or not.
    fn attempt(queue: &mut WorkQueue<u32>, key: u32, now: SimTime, fails: bool) -> Finished {
        queue.add(key, 0);
        queue.pop();
        queue.expect_replies(key, 1);
        assert_eq!(queue.finish(key, now), Finished::NotYet);
        queue.reply(key, fails);
        queue.finish(key, now)
    }

    #[test]
    fn a_key_added_while_busy_comes_once_more_afterwards() {
        let mut queue = WorkQueue::new(LIMITS);
        assert!(queue.add(7, 1));
        assert!(!queue.add(7, 2));
        assert_eq!(queue.pop(), Some((7, 1)));
        assert!(!queue.add(7, 3));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.finish(7, SimTime::ZERO), Finished::Done);
        assert_eq!(queue.pop(), Some((7, 3)));
    }

    /// The second worked timeline of the specification, section 7.
    #[test]
    fn t7_2_failures_double_the_delay_up_to_a_cap_and_a_success_resets_it() {
        let mut queue = WorkQueue::new(LIMITS);
        let mut now = SimTime::ZERO;
        let mut delays = Vec::new();
        for _ in 0..20 {
            let Finished::RetryAfter(delay) = attempt(&mut queue, 1, now, true) else {
                panic!("it has failed")
            };
            delays.push(delay);
            now += delay;
        }
        assert_eq!(delays[..4], [5, 10, 20, 40].map(SimDuration::from_millis));
        assert_eq!(delays[9], SimDuration::from_millis(2560));
        assert_eq!(delays[17], SimDuration::from_millis(655_360));
        assert_eq!(delays[18..], [SimDuration::from_secs(1000); 2]);
        assert_eq!(attempt(&mut queue, 1, now, false), Finished::Done);
        assert_eq!(attempt(&mut queue, 1, now, true), Finished::RetryAfter(SimDuration::from_millis(5)));
    }

    #[test]
    fn retries_of_all_keys_share_ten_a_second_after_the_first_hundred() {
        let mut queue = WorkQueue::new(LIMITS);
        let delays: Vec<Finished> =
            (0..103).map(|key| attempt(&mut queue, key, SimTime::ZERO, true)).collect();
        let after = |ms| Finished::RetryAfter(SimDuration::from_millis(ms));
        assert!(delays[..100].iter().all(|delay| *delay == after(5)), "{delays:?}");
        assert_eq!(delays[100..], [after(100), after(200), after(300)]);
    }

    #[test]
    fn a_key_may_be_given_up() {
        let mut queue = WorkQueue::new(RetryLimits { max_retries: Some(2), ..LIMITS });
        let mut fail = || attempt(&mut queue, 1, SimTime::ZERO, true);
        let after = |ms| Finished::RetryAfter(SimDuration::from_millis(ms));
        assert_eq!([fail(), fail(), fail(), fail()], [after(5), after(10), Finished::Done, after(5)]);
    }
}
