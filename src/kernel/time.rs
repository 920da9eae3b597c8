//! Virtual time: instants ([`SimTime`]) and lengths of time ([`SimDuration`]).
//!
//! Both are whole nanoseconds in a `u64`, so that every sum and comparison is exact and the same on every machine.
//! The range is 584 years. They are two types because adding two instants, or comparing an instant with a length, is
//! a mistake the compiler can find. How they are written and read is in the text half of the module, `time_text`.
//!
//! Sums and multiples end at the largest value, which stands for "never": inputs may name times that no run gets to. A
//! negative length panics: it is a bug of
//! the model. Where the edge is legitimate, use the `saturating_` and `checked_` forms.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

const NANOS_PER_MICRO: u64 = 1_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
pub(super) const NANOS_PER_SEC: u64 = 1_000_000_000;

/// An instant of virtual time: nanoseconds since the start of the run.
///
/// ```
/// use shakedown::kernel::{SimDuration, SimTime};
///
/// let start = SimTime::from_secs(90);
/// let end = start + SimDuration::from_millis(500);
/// assert_eq!(end - start, SimDuration::from_millis(500));
/// assert_eq!(end.to_string(), "1m30.5s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

/// A length of virtual time in nanoseconds; never negative.
///
/// ```
/// use shakedown::kernel::SimDuration;
///
/// let period: SimDuration = "1m30s".parse().unwrap();
/// assert_eq!(period * 2, SimDuration::from_secs(180));
/// assert_eq!((period / 4).to_string(), "22.5s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(u64);

/// The constructors, readers and checked forms that an instant and a length have in common.
macro_rules! nanosecond_count {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("The smallest ", $what, ": 0 ns.")]
            pub const ZERO: Self = Self(0);
            #[doc = concat!("The largest ", $what, ", 2⁶⁴-1 ns or about 584 years; stands for \"never\".")]
            pub const MAX: Self = Self(u64::MAX);

            #[doc = concat!("The ", $what, " of this many nanoseconds.")]
            pub const fn from_nanos(nanos: u64) -> Self {
                Self(nanos)
            }

            #[doc = concat!("The ", $what, " of this many microseconds. At most 2⁶⁴-1 ns.")]
            pub const fn from_micros(micros: u64) -> Self {
                Self::from_units(micros, NANOS_PER_MICRO)
            }

            #[doc = concat!("The ", $what, " of this many milliseconds. At most 2⁶⁴-1 ns.")]
            pub const fn from_millis(millis: u64) -> Self {
                Self::from_units(millis, NANOS_PER_MILLI)
            }

            #[doc = concat!("The ", $what, " of this many seconds. At most 2⁶⁴-1 ns.")]
            pub const fn from_secs(secs: u64) -> Self {
                Self::from_units(secs, NANOS_PER_SEC)
            }

            #[doc = concat!("The ", $what, " nearest to `secs` seconds; a tie goes up.")]
            ///
            /// `None` when `secs` is negative, not a number, or too large.
            pub fn from_secs_f64(secs: f64) -> Option<Self> {
                let nanos = (secs * NANOS_PER_SEC as f64).round();
                // `u64::MAX as f64` rounds up to 2⁶⁴, the first value that does not fit; NaN fails both comparisons.
                (nanos >= 0.0 && nanos < u64::MAX as f64).then_some(Self(nanos as u64))
            }

            /// Nanoseconds, exactly.
            pub const fn as_nanos(self) -> u64 {
                self.0
            }

            /// Whole milliseconds; the rest is dropped.
            pub const fn as_millis(self) -> u64 {
                self.0 / NANOS_PER_MILLI
            }

            /// Whole seconds; the rest is dropped.
            pub const fn as_secs(self) -> u64 {
                self.0 / NANOS_PER_SEC
            }

            /// Seconds as a float, for statistics and output; exact to the nanosecond up to 104 days.
            pub fn as_secs_f64(self) -> f64 {
                self.0 as f64 / NANOS_PER_SEC as f64
            }

            /// The sum, or `None` past [`Self::MAX`].
            pub const fn checked_add(self, length: SimDuration) -> Option<Self> {
                match self.0.checked_add(length.0) {
                    Some(nanos) => Some(Self(nanos)),
                    None => None,
                }
            }

            /// The difference, or `None` below zero.
            pub const fn checked_sub(self, length: SimDuration) -> Option<Self> {
                match self.0.checked_sub(length.0) {
                    Some(nanos) => Some(Self(nanos)),
                    None => None,
                }
            }

            /// The sum, at most [`Self::MAX`].
            #[must_use]
            pub const fn saturating_add(self, length: SimDuration) -> Self {
                Self(self.0.saturating_add(length.0))
            }

            /// The difference, at least zero.
            #[must_use]
            pub const fn saturating_sub(self, length: SimDuration) -> Self {
                Self(self.0.saturating_sub(length.0))
            }

            const fn from_units(count: u64, nanos_per_unit: u64) -> Self {
                Self(count.saturating_mul(nanos_per_unit))
            }
        }
    };
}

nanosecond_count!(SimTime, "instant");
nanosecond_count!(SimDuration, "length");

impl SimTime {
    /// The length of time from `earlier` to here, or `None` when `earlier` is later.
    pub const fn checked_since(self, earlier: Self) -> Option<SimDuration> {
        match self.0.checked_sub(earlier.0) {
            Some(nanos) => Some(SimDuration(nanos)),
            None => None,
        }
    }

    /// The length of time from `earlier` to here, zero when `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// The length of time since the start of the run.
    pub const fn since_start(self) -> SimDuration {
        SimDuration(self.0)
    }

    /// The first tick at or after this instant, of the ticks at `phase`, `phase + period`, `phase + 2 period` ...
    ///
    /// Panics when `period` is zero.
    ///
    /// ```
    /// use shakedown::kernel::{SimDuration, SimTime};
    ///
    /// let (period, phase) = (SimDuration::from_secs(10), SimDuration::from_secs(3));
    /// assert_eq!(SimTime::from_secs(13).ceil_to(period, phase), SimTime::from_secs(13));
    /// assert_eq!(SimTime::from_secs(14).ceil_to(period, phase), SimTime::from_secs(23));
    /// assert_eq!(SimTime::ZERO.ceil_to(period, phase), SimTime::from_secs(3));
    /// ```
    #[must_use]
    pub fn ceil_to(self, period: SimDuration, phase: SimDuration) -> Self {
        assert!(period > SimDuration::ZERO, "a periodic tick needs a period above zero");
        let first = Self(phase.0);
        match self.checked_since(first) {
            None => first,
            Some(past_first) => first + period * past_first.0.div_ceil(period.0),
        }
    }

    /// The first tick strictly after this instant; the ticks are those of [`SimTime::ceil_to`].
    ///
    /// Panics when `period` is zero.
    ///
    /// ```
    /// use shakedown::kernel::{SimDuration, SimTime};
    ///
    /// let (period, phase) = (SimDuration::from_secs(10), SimDuration::from_secs(3));
    /// assert_eq!(SimTime::from_secs(13).next_tick_after(period, phase), SimTime::from_secs(23));
    /// assert_eq!(SimTime::from_secs(2).next_tick_after(period, phase), SimTime::from_secs(3));
    /// ```
    #[must_use]
    pub fn next_tick_after(self, period: SimDuration, phase: SimDuration) -> Self {
        (self + SimDuration(1)).ceil_to(period, phase)
    }

    /// This instant without its fraction of a second, as in time stamps that carry whole seconds only.
    #[must_use]
    pub const fn floor_secs(self) -> Self {
        Self(self.0 - self.0 % NANOS_PER_SEC)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;

    fn add(self, length: SimDuration) -> Self {
        self.saturating_add(length)
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, length: SimDuration) {
        *self = *self + length;
    }
}

impl Sub<SimDuration> for SimTime {
    type Output = Self;

    fn sub(self, length: SimDuration) -> Self {
        match self.checked_sub(length) {
            Some(difference) => difference,
            None => panic!("{length} before {self} is before the start of the run"),
        }
    }
}

impl Sub for SimTime {
    type Output = SimDuration;

    fn sub(self, earlier: Self) -> SimDuration {
        match self.checked_since(earlier) {
            Some(length) => length,
            None => panic!("a length of time is never negative: {self} is before {earlier}"),
        }
    }
}

impl Add for SimDuration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SimDuration {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match self.checked_sub(other) {
            Some(difference) => difference,
            None => panic!("a length of time is never negative: {self} - {other}"),
        }
    }
}

impl SimDuration {
    /// The multiple, at most [`SimDuration::MAX`]; for back-offs that double until a cap.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// The multiple, or `None` past [`SimDuration::MAX`].
    pub const fn checked_mul(self, factor: u64) -> Option<Self> {
        match self.0.checked_mul(factor) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        self.saturating_mul(factor)
    }
}

/// Rounds down to the nanosecond; panics when the divisor is zero.
impl Div<u64> for SimDuration {
    type Output = Self;

    fn div(self, divisor: u64) -> Self {
        assert!(divisor != 0, "a length of time cannot be divided by zero");
        Self(self.0 / divisor)
    }
}

impl Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_agree() {
        assert_eq!(SimDuration::from_secs(2), SimDuration::from_millis(2_000));
        assert_eq!(SimDuration::from_millis(3), SimDuration::from_micros(3_000));
        assert_eq!(SimDuration::from_micros(4), SimDuration::from_nanos(4_000));
        assert_eq!(SimTime::from_millis(1_999).as_secs(), 1);
        assert_eq!(SimTime::from_nanos(1_999_999).as_millis(), 1);
        assert_eq!(SimTime::from_millis(1_999).floor_secs(), SimTime::from_secs(1));
        assert_eq!(SimDuration::from_millis(1_500).as_secs_f64().to_bits(), 1.5_f64.to_bits());
    }

    #[test]
    fn floats_are_checked_and_rounded() {
        assert_eq!(SimDuration::from_secs_f64(0.1), Some(SimDuration::from_millis(100)));
        assert_eq!(SimDuration::from_secs_f64(1.5e-9), Some(SimDuration::from_nanos(2)));
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1.9e10] {
            assert_eq!(SimDuration::from_secs_f64(bad), None, "{bad}");
        }
    }

    #[test]
    fn edges_saturate_or_are_reported() {
        let second = SimDuration::from_secs(1);
        assert_eq!(SimTime::MAX.saturating_add(second), SimTime::MAX);
        assert_eq!(SimTime::MAX.checked_add(second), None);
        assert_eq!(SimTime::ZERO.checked_sub(second), None);
        assert_eq!(SimTime::ZERO.saturating_sub(second), SimTime::ZERO);
        assert_eq!(SimTime::ZERO.saturating_since(SimTime::from_secs(1)), SimDuration::ZERO);
        assert_eq!(SimDuration::MAX.saturating_mul(2), SimDuration::MAX);
        assert_eq!([second, second * 3].into_iter().sum::<SimDuration>(), second * 4);
    }

    #[test]
    #[should_panic(expected = "never negative: 1s is before 2s")]
    fn a_negative_length_panics() {
        let _ = SimTime::from_secs(1) - SimTime::from_secs(2);
    }

    #[test]
    fn what_is_too_late_is_never() {
        let second = SimDuration::from_secs(1);
        assert_eq!(SimTime::from_secs(u64::MAX), SimTime::MAX);
        assert_eq!(SimTime::MAX + second, SimTime::MAX);
        assert_eq!(SimDuration::MAX + second, SimDuration::MAX);
        assert_eq!(second * u64::MAX, SimDuration::MAX);
        assert_eq!(
            (SimTime::MAX - second).ceil_to(SimDuration::from_secs(7), SimDuration::ZERO),
            SimTime::MAX
        );
    }

    #[test]
    fn ticks_are_found_by_arithmetic() {
        let (period, phase) = (SimDuration::from_nanos(10), SimDuration::from_nanos(3));
        let at = SimTime::from_nanos;
        let cases = [(0, 3, 3), (3, 3, 13), (4, 13, 13), (12, 13, 13), (13, 13, 23), (14, 23, 23)];
        for (now, at_or_after, after) in cases {
            assert_eq!(at(now).ceil_to(period, phase), at(at_or_after), "at or after {now}");
            assert_eq!(at(now).next_tick_after(period, phase), at(after), "after {now}");
        }
    }

    #[test]
    #[should_panic(expected = "period above zero")]
    fn a_zero_period_panics() {
        let _ = SimTime::ZERO.ceil_to(SimDuration::ZERO, SimDuration::ZERO);
    }
}
