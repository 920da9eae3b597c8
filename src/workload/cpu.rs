//! CPU time: what a container's cgroup gets, and how long work takes on the wall clock.
//!
//! Source: kubelet v1.32 `cm/helpers_linux.go` (shares, quota), KEP-2254 (weights); `spec` node 5.1. A limit is a quota
//! of CPU time in each CFS period (periods begin at multiples of their length); without CPU left in the period every
//! thread of the container stands still until the next one. Contention between containers is weighted max-min sharing.
//! Not modelled: the scheduler's time slices, and bursts of one container that overlap (each is timed by itself).

use crate::kernel::{SimDuration, SimTime};

/// One core, in thousandths.
const CORE_MILLI: u64 = 1000;
const MIN_SHARES: u64 = 2;
const MAX_SHARES: u64 = 262_144;
/// The kernel refuses smaller quotas.
const MIN_QUOTA: SimDuration = SimDuration::from_millis(1);

/// `cpu.shares` of a container: from its request, else from its limit (both in thousandths of a core).
pub fn shares(request_milli: Option<u64>, limit_milli: Option<u64>) -> u64 {
    let milli = request_milli.filter(|request| *request > 0).or(limit_milli).unwrap_or(0);
    (milli.saturating_mul(1024) / 1000).clamp(MIN_SHARES, MAX_SHARES)
}

/// `cpu.weight` of cgroup v2 for `cpu.shares` of v1.
pub fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(MIN_SHARES, MAX_SHARES) - MIN_SHARES) * 9999 / (MAX_SHARES - MIN_SHARES)
}

/// CPU time that all threads of a container may use together in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// CPU time a period.
    pub per_period: SimDuration,
    /// Length of a period.
    pub period: SimDuration,
}

impl Quota {
    /// The quota of a limit in thousandths of a core; at least 1 ms.
    pub fn of_limit(limit_milli: u64, period: SimDuration) -> Self {
        let nanos = u128::from(limit_milli) * u128::from(period.as_nanos()) / u128::from(CORE_MILLI);
        let per_period = SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).max(MIN_QUOTA);
        Self { per_period, period }
    }

    /// The quota as thousandths of a core, rounded up.
    pub fn milli(&self) -> u64 {
        let nanos = u128::from(self.per_period.as_nanos()) * u128::from(CORE_MILLI);
        u64::try_from(nanos.div_ceil(u128::from(self.period.as_nanos().max(1)))).unwrap_or(u64::MAX)
    }
}

/// What a container gets of its machine's CPU just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuShare {
    /// Its limit; `None` = none.
    pub quota: Option<Quota>,
    /// What its threads use anyway (base load and requests), evenly over time, in thousandths of a core.
    pub busy_milli: u64,
    /// The most it gets at one time beside the other containers of the machine, in thousandths of a core.
    pub ceiling_milli: u64,
}

/// A burst of work beside the container's other load: how fast it goes, and in which part of each period.
struct Pace {
    /// CPU nanoseconds of the burst in `wall` nanoseconds.
    work: u128,
    wall: u128,
    /// Thousandths of a core that the whole container burns meanwhile.
    burn_milli: u128,
}

impl CpuShare {
    /// All of a machine for itself.
    pub fn unlimited() -> Self {
        Self { quota: None, busy_milli: 0, ceiling_milli: u64::MAX }
    }

    /// What its load gets: no more than quota and ceiling, in thousandths of a core. This is its usage without bursts.
    pub fn used_milli(&self) -> u64 {
        let limit = self.quota.map_or(u64::MAX, |quota| quota.milli());
        self.busy_milli.min(limit).min(self.ceiling_milli)
    }

    fn pace(&self, threads: u32) -> Pace {
        let own = u128::from(threads.max(1)) * u128::from(CORE_MILLI);
        let wanted = own + u128::from(self.busy_milli);
        let burn_milli = wanted.min(u128::from(self.ceiling_milli));
        Pace { work: burn_milli * own, wall: wanted * u128::from(CORE_MILLI), burn_milli }
    }

    /// How long `work` of CPU time takes on the wall clock when `threads` threads begin it at `start`; `None` = for ever.
    pub fn wall_time(&self, start: SimTime, work: SimDuration, threads: u32) -> Option<SimDuration> {
        let pace = self.pace(threads);
        let work = u128::from(work.as_nanos());
        if work == 0 {
            return Some(SimDuration::ZERO);
        }
        if pace.work == 0 {
            return None;
        }
        let straight = |work: u128| (work * pace.wall).div_ceil(pace.work);
        let Some(quota) = self.quota else { return duration(straight(work)) };
        let period = u128::from(quota.period.as_nanos());
        let (rest_of_period, first) = self.first_window(start, quota, &pace);
        if work <= first {
            return duration(straight(work));
        }
        let each = pace.work_within(period, u128::from(quota.per_period.as_nanos()), period);
        if each == 0 {
            return None;
        }
        let left = work - first;
        let whole = (left - 1) / each;
        duration(rest_of_period + whole * period + straight(left - whole * each))
    }

    /// How much of a burst that `threads` threads began at `start` is done at `until`.
    pub fn work_done(&self, start: SimTime, until: SimTime, threads: u32) -> SimDuration {
        let pace = self.pace(threads);
        let wall = u128::from(until.saturating_since(start).as_nanos());
        let Some(quota) = self.quota else {
            return duration(wall * pace.work / pace.wall).unwrap_or(SimDuration::MAX);
        };
        let (period, amount) = (u128::from(quota.period.as_nanos()), u128::from(quota.per_period.as_nanos()));
        let (rest_of_period, first) = self.first_window(start, quota, &pace);
        if wall <= rest_of_period {
            return duration(first.min(wall * pace.work / pace.wall)).unwrap_or(SimDuration::MAX);
        }
        let (whole, rest) = ((wall - rest_of_period) / period, (wall - rest_of_period) % period);
        let done =
            first + whole * pace.work_within(period, amount, period) + pace.work_within(rest, amount, period);
        duration(done).unwrap_or(SimDuration::MAX)
    }

    /// What is left of the period in which a burst begins, and how much of the burst gets done in it.
    fn first_window(&self, start: SimTime, quota: Quota, pace: &Pace) -> (u128, u128) {
        let period = u128::from(quota.period.as_nanos());
        let passed = u128::from(start.as_nanos()) % period;
        let steady = u128::from(self.busy_milli.min(self.ceiling_milli));
        let used = passed * steady / u128::from(CORE_MILLI);
        let left = u128::from(quota.per_period.as_nanos()).saturating_sub(used);
        (period - passed, pace.work_within(period - passed, left, period))
    }
}

impl Pace {
    /// Work done in `wall` nanoseconds of one period with `quota` nanoseconds of CPU time left in it.
    fn work_within(&self, wall: u128, quota: u128, period: u128) -> u128 {
        if self.burn_milli == 0 {
            return 0;
        }
        let running = (quota * u128::from(CORE_MILLI) / self.burn_milli).min(wall).min(period);
        running * self.work / self.wall
    }
}

fn duration(nanos: u128) -> Option<SimDuration> {
    u64::try_from(nanos).ok().map(SimDuration::from_nanos)
}

/// A group of threads that competes for CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// `cpu.shares` or `cpu.weight`: only the relation matters.
    pub weight: u64,
    /// What it would use if it were alone, in thousandths of a core.
    pub demand_milli: u64,
}

/// Divides CPU among claims: nobody gets more than it wants; what is left is shared by weight.
pub fn divide(capacity_milli: u64, claims: &[Claim]) -> Vec<u64> {
    let mut given: Vec<Option<u64>> = vec![None; claims.len()];
    let mut left = u128::from(capacity_milli);
    loop {
        let open = || claims.iter().zip(&given).filter(|(_, given)| given.is_none()).map(|(claim, _)| claim);
        let weights: u128 = open().map(|claim| u128::from(claim.weight)).sum();
        if weights == 0 {
            break;
        }
        let fair = |claim: &Claim| left * u128::from(claim.weight) / weights;
        let modest: Vec<usize> = (0..claims.len())
            .filter(|at| given[*at].is_none() && u128::from(claims[*at].demand_milli) <= fair(&claims[*at]))
            .collect();
        if modest.is_empty() {
            let shares: Vec<u64> =
                claims.iter().map(|claim| u64::try_from(fair(claim)).unwrap_or(u64::MAX)).collect();
            given.iter_mut().zip(shares).for_each(|(given, share)| *given = given.or(Some(share)));
            break;
        }
        for at in modest {
            given[at] = Some(claims[at].demand_milli);
            left -= u128::from(claims[at].demand_milli);
        }
    }
    given.into_iter().map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: SimDuration = SimDuration::from_millis(100);

    fn limited(milli: u64) -> CpuShare {
        CpuShare { quota: Some(Quota::of_limit(milli, PERIOD)), ..CpuShare::unlimited() }
    }

    fn takes(share: CpuShare, start_ms: u64, work_ms: u64, threads: u32) -> u64 {
        let start = SimTime::ZERO + SimDuration::from_millis(start_ms);
        let work = SimDuration::from_millis(work_ms);
        let wall = share.wall_time(start, work, threads).unwrap();
        assert_eq!(share.work_done(start, start + wall, threads), work, "what is done when it is done");
        wall.as_nanos() / 1_000_000
    }

    #[test]
    fn r1_a_quota_stretches_work() {
        assert_eq!(takes(limited(500), 0, 200, 1), 350);
        assert_eq!(takes(limited(1000), 0, 200, 1), 200);
        assert_eq!(takes(limited(1000), 0, 400, 4), 325);
        // Begun in the middle of a period, with its whole quota still there.
        assert_eq!(takes(limited(500), 80, 200, 1), 20 + 3 * 100 + 30);
    }

    #[test]
    fn other_load_of_the_container_uses_up_the_quota() {
        // Half a core of steady load and a burst burn 1.5 cores: 50 ms of quota last 33.3 ms.
        let share = CpuShare { busy_milli: 500, ..limited(500) };
        let wall = share.wall_time(SimTime::ZERO, SimDuration::from_millis(100), 1).unwrap();
        assert!(wall > SimDuration::from_millis(300), "{wall}");
        // A burst that begins when the steady load has used up its part.
        let late = SimTime::ZERO + SimDuration::from_millis(99);
        assert!(share.wall_time(late, SimDuration::from_millis(1), 1).unwrap() < SimDuration::from_millis(2));
    }

    #[test]
    fn r2_shares_and_weights() {
        let of = |milli| (shares(Some(milli), None), weight(shares(Some(milli), None)));
        assert_eq!([of(100), of(250), of(1000), of(2000)], [(102, 4), (256, 10), (1024, 39), (2048, 79)]);
        assert_eq!((shares(None, None), weight(2)), (2, 1));
        assert_eq!(shares(None, Some(500)), 512);
        let busy = |milli| Claim { weight: shares(Some(milli), None), demand_milli: 1000 };
        // 102 : 307 of one core.
        assert_eq!(divide(1000, &[busy(100), busy(300)]), [249, 750]);
    }

    #[test]
    fn what_one_does_not_want_the_others_share() {
        let claims = [
            Claim { weight: 1, demand_milli: 100 },
            Claim { weight: 1, demand_milli: 5000 },
            Claim { weight: 2, demand_milli: 5000 },
        ];
        assert_eq!(divide(4000, &claims), [100, 1300, 2600]);
        assert_eq!(divide(20_000, &claims), [100, 5000, 5000]);
    }

    #[test]
    fn a_ceiling_slows_a_burst_down() {
        let share = CpuShare { ceiling_milli: 250, ..CpuShare::unlimited() };
        assert_eq!(takes(share, 0, 100, 1), 400);
        assert_eq!(share.used_milli(), 0);
        assert_eq!(CpuShare { busy_milli: 800, ..limited(500) }.used_milli(), 500);
        let nothing = CpuShare { ceiling_milli: 0, ..share };
        assert_eq!(nothing.wall_time(SimTime::ZERO, SimDuration::from_nanos(1), 1), None);
    }
}
