//! Calendar time as the API shows it. Inside a run everything is virtual time; these types appear in objects only.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `metav1.Time`: whole seconds since 1970-01-01T00:00:00Z. The API keeps no fractions, so two instants within one
/// second compare equal here, exactly as they do in Kubernetes.
///
/// Kept as seconds plus 2^63, which is in the order of time and never zero, so that an absent time takes no more room
/// than a present one: objects are full of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

/// `metav1.MicroTime`: microseconds since 1970-01-01T00:00:00Z (leases use it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MicroTime(pub i64);

const EPOCH: u64 = 1 << 63;

impl Timestamp {
    /// So many seconds after 1970-01-01T00:00:00Z. (The one number that has no place becomes its neighbour.)
    pub const fn from_secs(seconds: i64) -> Self {
        match NonZeroU64::new(seconds as u64 ^ EPOCH) {
            Some(since) => Self(since),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn secs(self) -> i64 {
        (self.0.get() ^ EPOCH) as i64
    }

    /// Seconds from `earlier` to `self`; negative when `self` is earlier.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.secs() - earlier.secs()
    }

    /// This instant moved by `seconds`.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_secs(self.secs().saturating_add(seconds))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_secs(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.secs()).finish()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(second) = Second::new(self.secs()) else { return f.write_str("out of range") };
        f.write_str(second.text())?;
        f.write_str("Z")
    }
}

impl fmt::Display for MicroTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(second) = Second::new(self.0.div_euclid(1_000_000)) else {
            return f.write_str("out of range");
        };
        write!(f, "{}.{:06}Z", second.text(), self.0.rem_euclid(1_000_000))
    }
}

/// `2025-01-01T09:00:00`, made without the formatting machinery: every version of every object has such times.
struct Second([u8; 19]);

impl Second {
    /// The second since 1970 in UTC; `None` outside of the years 0 to 9999.
    fn new(since_epoch: i64) -> Option<Self> {
        let instant = jiff::Timestamp::from_second(since_epoch).ok()?;
        let civil = jiff::tz::Offset::UTC.to_datetime(instant);
        let year = u32::try_from(civil.year()).ok()?;
        let parts = [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()];
        let mut text = *b"0000-00-00T00:00:00";
        let mut put = |at: usize, number: u32| {
            text[at] += (number / 10) as u8;
            text[at + 1] += (number % 10) as u8;
        };
        put(0, year / 100);
        put(2, year % 100);
        for (at, part) in [5, 8, 11, 14, 17].into_iter().zip(parts) {
            put(at, part.unsigned_abs().into());
        }
        Some(Self(text))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are text")
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(|instant| Self::from_secs(instant.as_second()))
    }
}

impl FromStr for MicroTime {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(|instant| Self(instant.as_microsecond()))
    }
}

macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|_| {
                    serde::de::Error::custom(format!(
                        "`{text}` is not a time: expected RFC 3339 such as 2025-01-01T09:00:00Z"
                    ))
                })
            }
        }
    };
}
serde_as_text!(Timestamp);
serde_as_text!(MicroTime);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_order_and_an_absent_one_takes_no_room() {
        let seconds = [i64::MIN + 1, -1, 0, 1, i64::MAX];
        let times = seconds.map(Timestamp::from_secs);
        assert!(times.is_sorted());
        assert_eq!(times.map(Timestamp::secs), seconds);
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<i64>());
    }

    #[test]
    fn times_are_written_as_the_api_does() {
        for text in
            ["2025-01-01T09:00:00Z", "1969-12-31T23:59:59Z", "0000-02-29T00:00:00Z", "9999-12-30T21:59:59Z"]
        {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        for text in ["2025-01-01T09:00:00.000000Z", "1969-12-31T23:59:59.999999Z"] {
            assert_eq!(text.parse::<MicroTime>().unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::from_secs(i64::MAX).to_string(), "out of range");
    }
}
