//! A token bucket, as it limits the requests of clients and the retries of work queues.

use crate::kernel::{SimDuration, SimTime};

/// A token bucket (`golang.org/x/time/rate`, `k8s.io/client-go` flowcontrol), as a generic cell rate algorithm.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    /// Time for one token; zero = no limit.
    interval: SimDuration,
    burst: u64,
    /// When the bucket will be full again, measured in tokens spent.
    full_at: SimTime,
}

impl TokenBucket {
    /// A bucket that gives `qps` tokens a second and `burst` at once; `qps` 0 = without limit.
    pub fn new(qps: u64, burst: u64) -> Self {
        let interval = SimDuration::from_nanos(1_000_000_000u64.checked_div(qps).unwrap_or(0));
        Self { interval, burst: burst.max(1), full_at: SimTime::ZERO }
    }

    /// The earliest time at which the bucket has a token, which is spent.
    pub fn next_slot(&mut self, now: SimTime) -> SimTime {
        if self.interval == SimDuration::ZERO {
            return now;
        }
        let credit = self.interval * (self.burst - 1);
        let at = now.max(self.full_at.saturating_sub(credit));
        self.full_at = at.max(self.full_at) + self.interval;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_requests_under_20_qps_burst_30_end_at_3_5_s() {
        let mut bucket = TokenBucket::new(20, 30);
        let times: Vec<SimTime> = (0..100).map(|_| bucket.next_slot(SimTime::ZERO)).collect();
        assert_eq!(times[29], SimTime::ZERO);
        assert_eq!(times[30], SimTime::from_millis(50));
        assert_eq!(times[99], SimTime::from_millis(3500));
        assert_eq!(bucket.next_slot(SimTime::from_secs(100)), SimTime::from_secs(100));
    }
}
