//! How long a pod waits after a failed attempt (`backend/queue/backoff_queue.go`, kube-scheduler v1.34).
//!
//! Doubling from the initial to the longest back-off. Since 1.33 the end of a back-off is cut to whole seconds, and a
//! pod waits through the second in which it ends, so that all pods of one second leave together, by priority.

use super::queue::QueuedPod;
use crate::kernel::{SimDuration, SimTime};

const WINDOW: SimDuration = SimDuration::from_secs(1);

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure (`podInitialBackoffSeconds`).
    pub initial: SimDuration,
    /// At most (`podMaxBackoffSeconds`); 0 = no back-off at all.
    pub max: SimDuration,
    /// Whether ends are cut to whole seconds, and an idle scheduler takes pods that still back off
    /// (`SchedulerPopFromBackoffQ`).
    pub windows: bool,
}

impl Backoff {
    /// The length of the back-off after so many failures.
    pub fn duration(&self, failures: u32) -> SimDuration {
        let Some(doublings) = failures.checked_sub(1) else { return SimDuration::ZERO };
        let max = self.max.as_nanos();
        let limit = max.checked_shr(doublings).unwrap_or(0);
        let initial = self.initial.as_nanos();
        SimDuration::from_nanos(if initial > limit { max } else { initial << doublings })
    }

    /// When the pod's back-off ends; `None` when it has none.
    pub fn end(&self, pod: &QueuedPod) -> Option<SimTime> {
        // A failure that was nobody's fault is counted apart, and counts only while it is the last.
        let failures = if pod.errors > 0 { pod.errors } else { pod.rejections };
        if failures == 0 || self.max == SimDuration::ZERO {
            return None;
        }
        Some(self.align(pod.timestamp + self.duration(failures)))
    }

    /// Whether the pod is still backing off.
    pub fn is_on(&self, pod: &QueuedPod, now: SimTime) -> bool {
        self.end(pod).is_some_and(|end| end >= self.align(now))
    }

    fn align(&self, time: SimTime) -> SimTime {
        if self.windows { floor(time) } else { time }
    }
}

/// The start of the second that `time` is in.
pub fn floor(time: SimTime) -> SimTime {
    SimTime::from_nanos(time.as_nanos() / WINDOW.as_nanos() * WINDOW.as_nanos())
}

/// When a back-off that ends then is noticed to be over: ended back-offs are looked for at whole seconds.
pub fn noticed(end: SimTime) -> SimTime {
    floor(end) + WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { initial: SimDuration::from_secs(1), max: SimDuration::from_secs(10), windows: true };

    #[test]
    fn it_doubles_up_to_the_longest() {
        let seconds: Vec<_> = (0..8).map(|failures| BACKOFF.duration(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(BACKOFF.duration(200).as_secs(), 10);
    }

    #[test]
    fn the_second_in_which_it_ends_counts_as_backing_off() {
        let pod = |millis| QueuedPod {
            timestamp: SimTime::from_millis(millis),
            rejections: 1,
            ..QueuedPod::default()
        };
        for (failed_at, leaves_at) in [(300, 2000), (0, 2000), (999, 2000), (1000, 3000)] {
            let pod = pod(failed_at);
            let leaves = SimTime::from_millis(leaves_at);
            assert!(BACKOFF.is_on(&pod, SimTime::from_millis(leaves_at - 1)), "{failed_at}");
            assert!(!BACKOFF.is_on(&pod, leaves), "{failed_at}");
            assert_eq!(noticed(BACKOFF.end(&pod).unwrap()), leaves);
        }
    }
}
