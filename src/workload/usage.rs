//! How much of a resource a program holds as it grows older: memory, disk, processes.

use crate::kernel::SimDuration;

/// An amount at the start, and its growth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// At the start.
    pub base: u64,
    /// Growth a second.
    pub per_second: u64,
}

impl Growth {
    /// The amount at an age.
    pub fn at(&self, age: SimDuration) -> u64 {
        let grown = u128::from(self.per_second) * u128::from(age.as_nanos()) / 1_000_000_000;
        self.base.saturating_add(u64::try_from(grown).unwrap_or(u64::MAX))
    }

    /// The age at which the amount reaches `limit`; `None` = never.
    pub fn reaches(&self, limit: u64) -> Option<SimDuration> {
        let missing = limit.saturating_sub(self.base);
        if missing == 0 {
            return Some(SimDuration::ZERO);
        }
        let nanos = (u128::from(missing) * 1_000_000_000)
            .div_ceil(u128::from(Some(self.per_second).filter(|rate| *rate > 0)?));
        u64::try_from(nanos).ok().map(SimDuration::from_nanos)
    }

    /// Whether it is nothing and stays so.
    pub fn is_nothing(&self) -> bool {
        self.base == 0 && self.per_second == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_reached_when_it_is_there() {
        let growth = Growth { base: 10, per_second: 3 };
        assert_eq!(growth.at(SimDuration::from_secs(2)), 16);
        let age = growth.reaches(17).unwrap();
        assert_eq!((growth.at(age), growth.at(age - SimDuration::from_nanos(1))), (17, 16));
        assert_eq!(growth.reaches(10), Some(SimDuration::ZERO));
        assert_eq!(Growth { base: 1, per_second: 0 }.reaches(2), None);
    }
}
