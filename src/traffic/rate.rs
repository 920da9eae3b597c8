//! When the requests of an open-loop source begin.
//!
//! The expected number of requests up to a time is a curve; request n begins where the curve reaches n. At random (Poisson)
//! the whole numbers are replaced by the points of a Poisson process of rate 1.

use std::f64::consts::PI;

use super::plan::Rate;
use crate::kernel::{SimDuration, SimTime, Stream};

/// Requests in fractions of 2⁻³²: how far a source is on its curve.
pub type Progress = u64;

/// One request.
pub const ONE: Progress = 1 << 32;

impl Rate {
    /// Requests a second at a time; `begins` is when the source begins.
    pub fn at(&self, time: SimTime, begins: SimTime) -> f64 {
        let age = time.saturating_since(begins).as_secs_f64();
        match self {
            Self::Constant(rate) => *rate,
            Self::Ramp { from, to, over } => {
                let part = (age / over.as_secs_f64()).min(1.0);
                from + (to - from) * part
            }
            Self::Step(steps) => {
                let after = steps.partition_point(|(at, _)| *at <= time);
                after.checked_sub(1).map_or(0.0, |index| steps[index].1)
            }
            Self::Diurnal { low, high, period } => {
                let phase = 2.0 * PI * age / period.as_secs_f64();
                low + (high - low) * (1.0 - libm::cos(phase)) / 2.0
            }
        }
    }

    /// Expected requests from `begins` to `time`.
    pub fn expected(&self, time: SimTime, begins: SimTime) -> f64 {
        let age = time.saturating_since(begins).as_secs_f64();
        match self {
            Self::Constant(rate) => rate * age,
            Self::Ramp { from, to, over } => {
                let over = over.as_secs_f64();
                let rising = age.min(over);
                from * rising + (to - from) * rising * rising / (2.0 * over) + to * (age - rising)
            }
            Self::Step(steps) => {
                let ends = steps.iter().skip(1).map(|(at, _)| *at).chain([SimTime::MAX]);
                let parts = steps.iter().zip(ends).map(|((at, rate), end)| {
                    let (from, until) = ((*at).max(begins), end.min(time));
                    rate * until.saturating_since(from).as_secs_f64()
                });
                parts.sum()
            }
            Self::Diurnal { low, high, period } => {
                let (mean, swing, period) = ((low + high) / 2.0, (high - low) / 2.0, period.as_secs_f64());
                mean * age - swing * libm::sin(2.0 * PI * age / period) * period / (2.0 * PI)
            }
        }
    }

    /// When the curve reaches `progress`, not before `after`; `None` = not up to `until`.
    pub fn reaches(
        &self,
        progress: Progress,
        begins: SimTime,
        after: SimTime,
        until: SimTime,
    ) -> Option<SimTime> {
        let wanted = progress as f64 / ONE as f64;
        if let Self::Constant(rate) = self {
            let age = SimDuration::from_secs_f64(wanted / rate)?;
            return begins.checked_add(age).map(|at| at.max(after)).filter(|at| *at <= until);
        }
        let is_past = |at| {
            let expected = self.expected(at, begins);
            if progress == 0 { expected > 0.0 } else { expected >= wanted }
        };
        if !is_past(until) {
            return None;
        }
        let (mut low, mut high) = (after.as_nanos(), until.as_nanos());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_past(SimTime::from_nanos(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        // The very first request comes when the curve leaves zero, not when the source begins with a rate of zero.
        let first = after.as_nanos().max(low.saturating_sub(1));
        Some(SimTime::from_nanos(if progress == 0 { first } else { low }))
    }
}

/// How much further the next request of a Poisson process is: draw number `index` of its stream.
pub fn random_gap(stream: &Stream, index: u64) -> Progress {
    (-libm::log(stream.open_unit_at(index)) * ONE as f64) as Progress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginnings(rate: &Rate, begins: u64, count: u64) -> Vec<f64> {
        let begins = SimTime::from_secs(begins);
        let at = |n: u64| rate.reaches(n * ONE, begins, begins, SimTime::from_secs(1000));
        (0..count).filter_map(at).map(SimTime::as_secs_f64).collect()
    }

    #[test]
    fn requests_of_a_constant_rate_are_evenly_spaced() {
        assert_eq!(beginnings(&Rate::Constant(4.0), 10, 4), [10.0, 10.25, 10.5, 10.75]);
        assert!(beginnings(&Rate::Constant(0.0), 0, 3).len() <= 1);
    }

    #[test]
    fn a_ramp_begins_at_one_rate_and_goes_on_with_the_other() {
        let ramp = Rate::Ramp { from: 0.0, to: 10.0, over: SimDuration::from_secs(10) };
        // After t seconds t²/2 requests are expected; after the ramp 10 a second.
        let at = beginnings(&ramp, 0, 61);
        assert!((at[2] - 2.0).abs() < 1e-6, "{at:?}");
        assert!((at[50] - 10.0).abs() < 1e-6);
        assert!((at[60] - 11.0).abs() < 1e-6);
    }

    #[test]
    fn steps_are_at_times_of_the_run() {
        let steps = Rate::Step(vec![
            (SimTime::from_secs(5), 2.0),
            (SimTime::from_secs(6), 0.0),
            (SimTime::from_secs(9), 1.0),
        ]);
        let at = beginnings(&steps, 0, 5);
        assert_eq!(at, [5.0, 5.5, 6.0, 10.0, 11.0]);
    }

    #[test]
    fn a_day_has_its_mean() {
        let day = Rate::Diurnal { low: 1.0, high: 3.0, period: SimDuration::from_secs(100) };
        let expected = day.expected(SimTime::from_secs(100), SimTime::ZERO);
        assert!((expected - 200.0).abs() < 1e-6);
        assert!((day.at(SimTime::from_secs(50), SimTime::ZERO) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn gaps_of_a_poisson_process_have_mean_one() {
        let stream = crate::kernel::Streams::new(1).stream("arrival", "test");
        let sum: u64 = (0..20_000).map(|index| random_gap(&stream, index) / 20_000).sum();
        assert!((sum as f64 / ONE as f64 - 1.0).abs() < 0.02);
    }
}
