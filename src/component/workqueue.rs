//! The work queue of a controller: keys without duplicates, back-off for failures, one worker a key.
//!
//! Source of the rules and numbers: `k8s.io/client-go/util/workqueue` v0.34. The queue holds no clock: it says when a
//! delayed key is due, and the controller schedules that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::kernel::SimDuration;
use crate::trace::RecordId;

/// First delay after a failure.
const BASE_DELAY: SimDuration = SimDuration::from_millis(5);
/// Longest delay after failures.
const MAX_DELAY: SimDuration = SimDuration::from_secs(1000);

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
}

impl<K> Default for WorkQueue<K> {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            queued: BTreeSet::new(),
            busy: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Copy> WorkQueue<K> {
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
    pub fn finish(&mut self, key: K) -> Finished {
        match self.busy.get(&key) {
            Some(busy) if busy.pending > 0 => return Finished::NotYet,
            None => return Finished::Done,
            Some(_) => {}
        }
        let busy = self.busy.remove(&key).expect("looked up just above");
        if let Some(cause) = busy.dirty {
            self.add(key, cause);
        }
        if busy.failed {
            let failures = self.failures.entry(key).or_insert(0);
            let delay = BASE_DELAY.saturating_mul(1u64 << (*failures).min(30)).min(MAX_DELAY);
            *failures += 1;
            return Finished::RetryAfter(delay);
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

    #[test]
    fn a_key_added_while_busy_comes_once_more_afterwards() {
        let mut queue = WorkQueue::default();
        assert!(queue.add(7, 1));
        assert!(!queue.add(7, 2));
        assert_eq!(queue.pop(), Some((7, 1)));
        assert!(!queue.add(7, 3));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.finish(7), Finished::Done);
        assert_eq!(queue.pop(), Some((7, 3)));
    }

    #[test]
    fn failures_double_the_delay_and_a_success_resets_it() {
        let mut queue = WorkQueue::default();
        for expected_ms in [5, 10, 20, 40] {
            queue.add(1, 0);
            queue.pop();
            queue.expect_replies(1, 1);
            assert_eq!(queue.finish(1), Finished::NotYet);
            queue.reply(1, true);
            assert_eq!(queue.finish(1), Finished::RetryAfter(SimDuration::from_millis(expected_ms)));
        }
        queue.add(1, 0);
        queue.pop();
        assert_eq!(queue.finish(1), Finished::Done);
        queue.add(1, 0);
        queue.pop();
        queue.expect_replies(1, 1);
        queue.reply(1, true);
        assert_eq!(queue.finish(1), Finished::RetryAfter(SimDuration::from_millis(5)));
    }
}
