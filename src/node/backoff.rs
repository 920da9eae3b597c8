//! Exponential back-off of container restarts and image pulls.
//!
//! Follows `flowcontrol.Backoff` of `k8s.io/client-go/util/flowcontrol` v0.34 as the kubelet uses it in `doBackOff`
//! (restarts: since the exit) and in its image manager (pulls: since the last failure). What is not modelled: the
//! clean-up of entries once a minute, which forgets only what has expired.

use crate::kernel::{SimDuration, SimTime};

/// The parameters of a back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// The delay after the first start or failure.
    pub initial: SimDuration,
    /// The longest delay.
    pub max: SimDuration,
    /// An entry is forgotten when the next event comes more than this after its last update.
    pub reset: SimDuration,
}

/// What is remembered of one container or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOffEntry {
    /// The delay that the next event has to wait.
    pub delay: SimDuration,
    /// When the delay was set.
    pub last_update: SimTime,
}

impl Default for BackOff {
    /// 10 s doubling to 300 s, forgotten after 600 s: the kubelet's defaults.
    fn default() -> Self {
        Self::new(SimDuration::from_secs(10), SimDuration::from_secs(300))
    }
}

impl BackOff {
    /// A back-off with the library's rule for forgetting: twice the longest delay.
    pub fn new(initial: SimDuration, max: SimDuration) -> Self {
        Self { initial, max, reset: max * 2 }
    }

    /// The kubelet's back-off for container restarts, whose longest delay the node's configuration may lower
    /// (`crashLoopBackOff.maxContainerRestartPeriod`). It forgets after 600 s in any case (1.32).
    pub fn for_restarts(initial: SimDuration, max: SimDuration) -> Self {
        Self { initial: initial.min(max), max, reset: SimDuration::from_secs(600) }
    }

    /// Until when an event that follows one at `since` must wait; `None` when it need not.
    ///
    /// For restarts `since` is when the container ended: the delay counts from there, not from its detection.
    pub fn waits_until(&self, entry: Option<BackOffEntry>, since: SimTime) -> Option<SimTime> {
        let entry = entry.filter(|entry| !self.has_expired(*entry, since))?;
        Some(since.saturating_add(entry.delay))
    }

    /// `IsInBackOffSince`: whether an event that follows one at `since` must still wait at `now`.
    pub fn is_waiting(&self, entry: Option<BackOffEntry>, since: SimTime, now: SimTime) -> bool {
        self.waits_until(entry, since).is_some_and(|until| now < until)
    }

    /// `IsInBackOffSinceUpdate`: whether an event at `now` comes too soon after the last failure.
    pub fn is_waiting_since_update(&self, entry: Option<BackOffEntry>, now: SimTime) -> bool {
        entry.is_some_and(|entry| {
            !self.has_expired(entry, now) && now < entry.last_update.saturating_add(entry.delay)
        })
    }

    /// `Next`: what to remember when the event takes place at `now` after one at `since`.
    #[must_use]
    pub fn next(&self, entry: Option<BackOffEntry>, since: SimTime, now: SimTime) -> BackOffEntry {
        let delay = match entry.filter(|entry| !self.has_expired(*entry, since)) {
            Some(entry) => entry.delay.saturating_add(entry.delay).min(self.max),
            None => self.initial,
        };
        BackOffEntry { delay, last_update: now }
    }

    fn has_expired(&self, entry: BackOffEntry, since: SimTime) -> bool {
        since > entry.last_update.saturating_add(self.reset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn delays_double_from_the_exit_on() {
        let policy = BackOff::default();
        let mut entry = None;
        let mut delays = Vec::new();
        let mut now = at(0);
        for _ in 0..8 {
            // The container ends at once.
            let start = policy.waits_until(entry, now).unwrap_or(now);
            delays.push((start - now).as_secs());
            entry = Some(policy.next(entry, now, start));
            now = start;
        }
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn a_node_that_allows_shorter_delays_forgets_as_slowly() {
        let policy = BackOff::for_restarts(SimDuration::from_secs(10), SimDuration::from_secs(4));
        let entry = policy.next(None, at(0), at(0));
        assert_eq!(entry.delay, SimDuration::from_secs(4));
        let entry = policy.next(Some(entry), at(600), at(600));
        assert_eq!((entry.delay, entry.last_update), (SimDuration::from_secs(4), at(600)));
        assert!(policy.is_waiting(Some(entry), at(1200), at(1203)));
        assert!(!policy.is_waiting(Some(entry), at(1201), at(1201)));
    }

    #[test]
    fn ten_good_minutes_are_rewarded() {
        let policy = BackOff::default();
        let entry = Some(BackOffEntry { delay: SimDuration::from_secs(300), last_update: at(100) });
        assert!(policy.is_waiting(entry, at(700), at(701)));
        assert!(!policy.is_waiting(entry, at(701), at(701)));
        assert_eq!(policy.next(entry, at(701), at(701)).delay, SimDuration::from_secs(10));
    }

    #[test]
    fn pulls_wait_since_the_last_failure() {
        let policy = BackOff::default();
        let entry = Some(policy.next(None, at(0), at(0)));
        assert!(policy.is_waiting_since_update(entry, at(9)));
        assert!(!policy.is_waiting_since_update(entry, at(10)));
        assert!(!policy.is_waiting_since_update(None, at(0)));
    }
}
