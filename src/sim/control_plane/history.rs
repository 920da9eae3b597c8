//! How far back the API server's watch cache of pods reaches: who resumes a watch from before gets 410 Gone.
//!
//! Source: `k8s.io/apiserver/pkg/storage/cacher/watch_cache.go` v0.34. Only times are kept, not the changes themselves:
//! a broken watch keeps its own. etcd's compaction is not seen by clients, for all watches are served from this cache.

use std::collections::VecDeque;

use crate::kernel::{SimDuration, SimTime};

const LEAST_CAPACITY: usize = 100;
const MOST_CAPACITY: usize = 100 * 1024;
/// What is younger than this is kept if there is room to grow.
const FRESH: SimDuration = SimDuration::from_secs(75);

/// Times of the latest changes of pods.
#[derive(Clone, Debug)]
pub(in crate::sim) struct PodHistory {
    times: VecDeque<SimTime>,
    capacity: usize,
    /// Time of the newest change that has been forgotten.
    forgotten: Option<SimTime>,
}

impl Default for PodHistory {
    fn default() -> Self {
        Self { times: VecDeque::new(), capacity: LEAST_CAPACITY, forgotten: None }
    }
}

impl PodHistory {
    /// Notes a change.
    pub(in crate::sim) fn note(&mut self, at: SimTime) {
        if self.times.len() >= self.capacity {
            let fresh = |time: &SimTime| at.saturating_since(*time) < FRESH;
            let quarter = self.times.len() - self.capacity / 4;
            if self.times.front().is_some_and(fresh) {
                self.capacity = (self.capacity * 2).min(MOST_CAPACITY);
            } else if self.times.get(quarter).is_some_and(|time| !fresh(time)) {
                self.capacity = (self.capacity / 2).max(LEAST_CAPACITY);
            }
            while self.times.len() >= self.capacity {
                self.forgotten = self.times.pop_front();
            }
        }
        self.times.push_back(at);
    }

    /// Whether every change after `since` is still there.
    pub(in crate::sim) fn reaches(&self, since: SimTime) -> bool {
        self.forgotten.is_none_or(|forgotten| forgotten <= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_change_is_forgotten_after_a_hundred_and_fast_change_after_75_seconds() {
        let mut history = PodHistory::default();
        (0..=100).for_each(|n| history.note(SimTime::from_secs(n * 10)));
        assert!(
            !history.reaches(SimTime::ZERO.saturating_sub(SimDuration::ZERO))
                || history.reaches(SimTime::from_secs(1))
        );
        (101..=200).for_each(|n| history.note(SimTime::from_secs(n * 10)));
        assert!(!history.reaches(SimTime::from_secs(500)));
        assert!(history.reaches(SimTime::from_secs(1500)));

        let mut busy = PodHistory::default();
        (0..5000).for_each(|n| busy.note(SimTime::from_millis(n * 10)));
        assert!(busy.reaches(SimTime::ZERO));
    }
}
