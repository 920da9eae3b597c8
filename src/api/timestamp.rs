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
        match jiff::Timestamp::from_second(self.secs()) {
            Ok(instant) => write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => write!(f, "out of range"),
        }
    }
}

impl fmt::Display for MicroTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%S.%6fZ")),
            Err(_) => write!(f, "out of range"),
        }
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
}
