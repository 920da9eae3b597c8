//! Latencies in bounded memory: buckets that grow with the value, so that every value is kept to within 1.6 %.

use std::collections::BTreeMap;

use super::time::SimDuration;

/// Buckets of one power of two are so many.
const BITS: u32 = 5;

/// How often which latency was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
    count: u64,
    total_ns: u128,
}

impl Histogram {
    fn bucket(ns: u64) -> u16 {
        if ns < 1 << BITS {
            return ns as u16;
        }
        let shift = ns.ilog2() - BITS;
        ((shift + 1) << BITS) as u16 + ((ns >> shift) & ((1 << BITS) - 1)) as u16
    }

    /// The middle of a bucket.
    fn value(bucket: u16) -> u64 {
        let (group, rest) = (u32::from(bucket) >> BITS, u64::from(bucket) & ((1 << BITS) - 1));
        if group == 0 {
            return rest;
        }
        let shift = group - 1;
        ((rest + (1 << BITS)) << shift) + (1 << shift) / 2
    }

    /// Adds `times` values.
    pub fn add(&mut self, value: SimDuration, times: u64) {
        if times == 0 {
            return;
        }
        *self.buckets.entry(Self::bucket(value.as_nanos())).or_insert(0) += times;
        self.count += times;
        self.total_ns += u128::from(value.as_nanos()) * u128::from(times);
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_insert(0) += count;
        }
        self.count += other.count;
        self.total_ns += other.total_ns;
    }

    /// A histogram of buckets, as [`Self::buckets`] gives them, with the sum of all values in nanoseconds.
    pub fn of(buckets: impl IntoIterator<Item = (u16, u64)>, total_ns: u128) -> Self {
        let buckets: BTreeMap<u16, u64> = buckets.into_iter().collect();
        let count = buckets.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        Self { buckets, count, total_ns }
    }

    /// How many values are in which bucket, from small values to large ones.
    pub fn buckets(&self) -> impl Iterator<Item = (u16, u64)> {
        self.buckets.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// The sum of all values in nanoseconds.
    pub fn total_ns(&self) -> u128 {
        self.total_ns
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean.
    pub fn mean(&self) -> Option<SimDuration> {
        let mean = self.total_ns.checked_div(u128::from(self.count))?;
        Some(SimDuration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The value that so many of a thousand do not exceed (nearest rank).
    pub fn quantile(&self, per_mille: u64) -> Option<SimDuration> {
        let rank = (u128::from(self.count) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0_u128;
        for (bucket, count) in &self.buckets {
            seen += u128::from(*count);
            if seen >= rank {
                return Some(SimDuration::from_nanos(Self::value(*bucket)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(500), None);
        for ms in 1..=1000 {
            histogram.add(SimDuration::from_millis(ms), 1);
        }
        for (per_mille, ms) in [(500, 500.0), (990, 990.0), (1000, 1000.0)] {
            let found = histogram.quantile(per_mille).unwrap().as_secs_f64() * 1000.0;
            assert!((found / ms - 1.0).abs() < 0.016, "{per_mille}: {found}");
        }
        assert_eq!(histogram.mean(), Some(SimDuration::from_micros(500_500)));
    }

    proptest! {
        #[test]
        fn a_value_is_kept_to_within_1_6_percent(ns in 0_u64..1 << 60) {
            let kept = Histogram::value(Histogram::bucket(ns));
            prop_assert!(kept.abs_diff(ns) as f64 <= 0.0157 * ns as f64);
        }
    }
}
