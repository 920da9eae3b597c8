//! How far back the API servers remember changes of each kind: who resumes a watch from before gets 410 Gone.
//!
//! Source: `k8s.io/apiserver/pkg/storage/cacher/watch_cache.go` and `storage/etcd3/compact.go` v0.34. Only times are kept,
//! not the changes themselves: a broken watch keeps its own. Events have no watch cache, so their watches reach back as
//! far as etcd does: to its compaction before the last.

use std::collections::VecDeque;

use crate::api::Kind;
use crate::component::Settings;
use crate::kernel::{SimDuration, SimTime};

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
struct Limits {
    least: usize,
    most: usize,
    /// What is younger than this is kept if there is room to grow.
    fresh: SimDuration,
    /// Time between two compactions of etcd; zero = there is none.
    compaction: SimDuration,
}

/// Times of the latest changes of one kind: a ring that grows and shrinks.
#[derive(Clone, Debug)]
struct Ring {
    times: VecDeque<SimTime>,
    capacity: usize,
    /// Time of the newest change that has been forgotten.
    forgotten: Option<SimTime>,
}

impl Ring {
    fn note(&mut self, at: SimTime, limits: Limits) {
        if self.times.len() >= self.capacity {
            let fresh = |time: &SimTime| at.saturating_since(*time) < limits.fresh;
            let quarter = self.times.len() - self.capacity / 4;
            if self.times.front().is_some_and(fresh) {
                self.capacity = (self.capacity * 2).min(limits.most);
            } else if self.times.get(quarter).is_some_and(|time| !fresh(time)) {
                self.capacity = (self.capacity / 2).max(limits.least);
            }
            while self.times.len() >= self.capacity {
                self.forgotten = self.times.pop_front();
            }
        }
        self.times.push_back(at);
    }
}

/// What the API servers remember of all kinds.
#[derive(Clone, Debug)]
pub(in crate::sim) struct WatchHistory {
    rings: Vec<Ring>,
    limits: Limits,
}

impl WatchHistory {
    /// Nothing has happened yet.
    pub(in crate::sim) fn new(settings: &Settings) -> Self {
        let least = (settings.watch_cache_lower_bound as usize).max(1);
        let limits = Limits {
            least,
            most: (settings.watch_cache_upper_bound as usize).max(least),
            fresh: settings.event_fresh_duration,
            compaction: settings.etcd_compaction_interval,
        };
        let ring = Ring { times: VecDeque::new(), capacity: least, forgotten: None };
        Self { rings: vec![ring; Kind::ALL.len()], limits }
    }

    /// Whether watches of a kind are served from a cache of the API server.
    pub(in crate::sim) fn is_cached(kind: Kind) -> bool {
        kind != Kind::Event
    }

    /// Notes a change.
    pub(in crate::sim) fn note(&mut self, kind: Kind, at: SimTime) {
        if Self::is_cached(kind) {
            self.rings[kind as usize].note(at, self.limits);
        }
    }

    /// Whether every change of a kind after `since` is still there at `now`.
    pub(in crate::sim) fn reaches(&self, kind: Kind, since: SimTime, now: SimTime) -> bool {
        if Self::is_cached(kind) {
            return self.rings[kind as usize].forgotten.is_none_or(|forgotten| forgotten <= since);
        }
        let interval = self.limits.compaction.as_nanos();
        let Some(compactions) = now.as_nanos().checked_div(interval) else { return true };
        since.as_nanos() >= compactions.saturating_sub(1) * interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_change_is_forgotten_after_a_hundred_and_fast_change_after_75_seconds() {
        let now = SimTime::from_secs(5000);
        let mut history = WatchHistory::new(&Settings::default());
        (1..=101).for_each(|n| history.note(Kind::Pod, SimTime::from_secs(n * 10)));
        assert!(!history.reaches(Kind::Pod, SimTime::ZERO, now));
        assert!(history.reaches(Kind::Pod, SimTime::from_secs(10), now));
        assert!(history.reaches(Kind::Node, SimTime::ZERO, now), "each kind has its own");
        (102..=200).for_each(|n| history.note(Kind::Pod, SimTime::from_secs(n * 10)));
        assert!(!history.reaches(Kind::Pod, SimTime::from_secs(500), now));
        assert!(history.reaches(Kind::Pod, SimTime::from_secs(1500), now));

        let mut busy = WatchHistory::new(&Settings::default());
        (0..5000).for_each(|n| busy.note(Kind::Pod, SimTime::from_millis(n * 10)));
        assert!(busy.reaches(Kind::Pod, SimTime::ZERO, now));
    }

    #[test]
    fn events_are_there_as_long_as_etcd_has_them() {
        let history = WatchHistory::new(&Settings::default());
        let reaches =
            |since, now| history.reaches(Kind::Event, SimTime::from_secs(since), SimTime::from_secs(now));
        // Compactions at 300, 600, 900 ... s, each to the revision of the one before.
        assert!(reaches(0, 599));
        assert!(!reaches(299, 600));
        assert!(reaches(300, 899));
    }
}
