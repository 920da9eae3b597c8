//! Kubernetes resource quantities: exact decimal numbers with a unit suffix.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of a resource, such as `250m` CPU or `1536Mi` memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quantity {
    nanos: i128,
    binary: bool,
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a quantity: expected a number with an optional suffix such as m, k, M, G, Ki, Mi or Gi"
)]
pub struct QuantityError {
    /// The refused text.
    pub text: String,
}

impl Quantity {
    /// `milli` thousandths of a unit.
    pub const fn from_milli(milli: i64) -> Self {
        Self { nanos: milli as i128 * 1_000_000, binary: false }
    }

    /// `value` whole units.
    pub const fn from_value(value: i64) -> Self {
        Self { nanos: value as i128 * 1_000_000_000, binary: false }
    }

    /// `value` bytes, printed with binary suffixes.
    pub const fn from_bytes(value: i64) -> Self {
        Self { nanos: value as i128 * 1_000_000_000, binary: true }
    }

    /// Thousandths of a unit, rounded up.
    pub fn milli_value(&self) -> i64 {
        i64::try_from(self.nanos.div_ceil_signed(1_000_000)).unwrap_or(i64::MAX)
    }

    /// Whole units, rounded up.
    pub fn value(&self) -> i64 {
        i64::try_from(self.nanos.div_ceil_signed(1_000_000_000)).unwrap_or(i64::MAX)
    }
}

trait DivCeil {
    fn div_ceil_signed(self, by: i128) -> i128;
}

impl DivCeil for i128 {
    fn div_ceil_signed(self, by: i128) -> i128 {
        self.div_euclid(by) + i128::from(self.rem_euclid(by) > 0)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || QuantityError { text: text.to_owned() };
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (scale, binary): (i128, bool) = match suffix {
            "n" => (1, false),
            "u" => (1_000, false),
            "m" => (1_000_000, false),
            "" => (1_000_000_000, false),
            "k" => (1_000_000_000_000, false),
            "M" => (1_000_000_000_000_000, false),
            "G" => (1_000_000_000_000_000_000, false),
            "T" => (1_000_000_000_000_000_000_000, false),
            "Ki" => (1_000_000_000 << 10, true),
            "Mi" => (1_000_000_000 << 20, true),
            "Gi" => (1_000_000_000 << 30, true),
            "Ti" => (1_000_000_000 << 40, true),
            _ => return Err(error()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(error());
        }
        let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| error())?;
        let divisor = 10i128.checked_pow(fraction.len() as u32).ok_or_else(error)?;
        let nanos = digits.checked_mul(scale).ok_or_else(error)?.div_ceil_signed(divisor);
        Ok(Self { nanos, binary })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.binary {
            let mut value = self.value();
            let mut suffix = 0;
            while value != 0 && value % 1024 == 0 && suffix < 4 {
                value /= 1024;
                suffix += 1;
            }
            return write!(f, "{value}{}", ["", "Ki", "Mi", "Gi", "Ti"][suffix]);
        }
        if self.nanos % 1_000_000_000 == 0 {
            write!(f, "{}", self.value())
        } else {
            write!(f, "{}m", self.milli_value())
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = super::name::text_or_number(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
