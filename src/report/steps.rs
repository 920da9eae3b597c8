//! Values that hold until the next change: the shape of everything a simulation records.

use crate::kernel::{SimDuration, SimTime};

/// A step function of time with a bound on its memory.
///
/// When it grows past its limit it is coarsened: time is cut into slots of [`Steps::grain`], and of all changes within
/// a slot the last survives. So its value at the end of a slot is always exact, and only flicker is lost.
#[derive(Clone, Debug)]
pub struct Steps<T> {
    points: Vec<(SimTime, T)>,
    limit: usize,
    grain: SimDuration,
}

impl<T: Clone + PartialEq> Steps<T> {
    /// A function without values that keeps at most `limit` changes.
    pub fn with_limit(limit: usize) -> Self {
        Self { points: Vec::new(), limit: limit.max(2), grain: SimDuration::ZERO }
    }

    /// From `at` on the value is `value`. Times never go back; of several values at one instant the last counts.
    pub fn push(&mut self, at: SimTime, value: T) {
        if let Some((last_at, _)) = self.points.last() {
            assert!(*last_at <= at, "recorded facts come in the order of time");
            if *last_at == at {
                self.points.pop();
            }
        }
        if self.points.last().is_none_or(|(_, last)| *last != value) {
            self.points.push((at, value));
        }
        if self.points.len() > self.limit {
            // Down to half, so that the next points do not each cause the work again.
            self.coarsen();
            while self.points.len() > self.limit / 2 {
                self.grain = SimDuration::from_nanos((self.grain.as_nanos() * 2).max(1_000_000));
                self.coarsen();
            }
        }
    }

    /// The changes, oldest first.
    pub fn points(&self) -> &[(SimTime, T)] {
        &self.points
    }

    /// The newest value.
    pub fn last(&self) -> Option<&T> {
        self.points.last().map(|(_, value)| value)
    }

    /// The value at `at`; `None` before the first.
    pub fn at(&self, at: SimTime) -> Option<&T> {
        let after = self.points.partition_point(|(from, _)| *from <= at);
        after.checked_sub(1).map(|index| &self.points[index].1)
    }

    /// Each value with the time from and until which it holds; the last one holds until `end`.
    pub fn spans(&self, end: SimTime) -> impl Iterator<Item = (SimTime, SimTime, &T)> {
        let ends = self.points.iter().skip(1).map(|(at, _)| *at).chain([end]);
        self.points.iter().zip(ends).map(|((from, value), until)| (*from, until, value))
    }

    /// Changes closer together than this may have been lost; zero while all are there.
    pub fn grain(&self) -> SimDuration {
        self.grain
    }

    fn coarsen(&mut self) {
        let slot = |at: SimTime| at.as_nanos() / self.grain.as_nanos().max(1);
        let old = std::mem::take(&mut self.points);
        let mut rest = old.into_iter().peekable();
        while let Some((at, value)) = rest.next() {
            let overtaken = rest.peek().is_some_and(|(next, _)| slot(*next) == slot(at));
            // The first point stays: it says when the object came to be.
            let keep = self.points.is_empty() || !overtaken;
            if keep && self.points.last().is_none_or(|(_, last)| *last != value) {
                self.points.push((at, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    #[test]
    fn equal_values_and_passing_ones_leave_no_step() {
        let mut steps = Steps::with_limit(100);
        for (at, value) in [(1, 1), (2, 1), (3, 2), (3, 1), (4, 5), (4, 6)] {
            steps.push(secs(at), value);
        }
        assert_eq!(steps.points(), [(secs(1), 1), (secs(4), 6)]);
        assert_eq!(steps.at(secs(0)), None);
        assert_eq!(steps.at(secs(3)), Some(&1));
        assert_eq!(steps.at(secs(4)), Some(&6));
        let spans: Vec<_> = steps.spans(secs(9)).map(|(a, b, v)| (a.as_secs(), b.as_secs(), *v)).collect();
        assert_eq!(spans, [(1, 4, 1), (4, 9, 6)]);
    }

    #[test]
    fn a_long_series_is_coarsened_and_stays_right_at_the_ends_of_slots() {
        let mut steps = Steps::with_limit(64);
        for tick in 0..10_000_u64 {
            steps.push(SimTime::from_millis(tick), tick);
        }
        assert!(steps.points().len() <= 64);
        let grain = steps.grain().as_nanos();
        assert!(grain > 0);
        assert_eq!(steps.points()[0], (SimTime::ZERO, 0));
        let slot_end = SimTime::from_nanos(grain * 3 - 1);
        assert_eq!(steps.at(slot_end), Some(&(grain * 3 / 1_000_000 - 1)));
    }
}
