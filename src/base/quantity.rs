//! Kubernetes resource quantities: exact decimal numbers with a unit suffix.
//!
//! Follows `k8s.io/apimachinery/pkg/api/resource` v0.34: what text is accepted, when a written text is kept, the
//! canonical text otherwise, rounding up below one nano, the cap of binary quantities at 2^63-1, and how
//! [`Quantity::value`] overflows. As there, a number is either a 64-bit mantissa (`int64Amount`) or a decimal of any
//! length (`inf.Dec`, here up to 384 bits), because the two round and overflow differently. Text is read in
//! `quantity/parse.rs`.

mod parse;

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::wide::Wide;

/// An amount of a resource, such as `250m` CPU or `1536Mi` memory. Equality and order are those of the number.
#[derive(Clone, Copy)]
pub struct Quantity {
    /// The number is `mantissa` times 10^`exponent`.
    mantissa: Wide,
    exponent: i32,
    /// Whether this is upstream's `inf.Dec` form. In the other form `mantissa` fits 64 bits.
    long: bool,
    format: Format,
    written: Written,
}

/// Which suffixes a quantity is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// `m`, none, `k`, `M`, ...: powers of 1000.
    #[default]
    DecimalSi,
    /// `Ki`, `Mi`, ...: powers of 1024.
    BinarySi,
    /// `e-3`, `e6`, ...
    DecimalExponent,
}

impl Format {
    /// Upstream's name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecimalSi => "DecimalSI",
            Self::BinarySi => "BinarySI",
            Self::DecimalExponent => "DecimalExponent",
        }
    }
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

/// The text that a quantity was read from, kept when it is canonical enough for upstream to print it again. Texts that
/// do not fit (only long rows of leading zeros) are printed canonically instead.
#[derive(Clone, Copy)]
struct Written {
    length: u8,
    bytes: [u8; Written::CAPACITY],
}

impl Written {
    const CAPACITY: usize = 33;
    const NONE: Self = Self { length: 0, bytes: [0; Self::CAPACITY] };

    fn new(text: &str) -> Self {
        let mut written = Self::NONE;
        if let Some(place) = written.bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
            written.length = text.len() as u8;
        }
        written
    }

    fn text(&self) -> Option<&str> {
        let bytes = self.bytes.get(..usize::from(self.length)).filter(|bytes| !bytes.is_empty())?;
        std::str::from_utf8(bytes).ok()
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self::from_value(0);

    /// `milli` thousandths of a unit.
    pub const fn from_milli(milli: i64) -> Self {
        Self::new(milli, -3, Format::DecimalSi)
    }

    /// `value` whole units.
    pub const fn from_value(value: i64) -> Self {
        Self::new(value, 0, Format::DecimalSi)
    }

    /// `value` bytes, printed with binary suffixes.
    pub const fn from_bytes(value: i64) -> Self {
        Self::new(value, 0, Format::BinarySi)
    }

    /// `mantissa` times 10^`exponent`.
    pub const fn new(mantissa: i64, exponent: i32, format: Format) -> Self {
        Self { mantissa: Wide::from_i64(mantissa), exponent, long: false, format, written: Written::NONE }
    }

    /// Whole units, rounded up, and away from zero in the short form.
    ///
    /// A number that does not fit wraps, or gives 0, as upstream: see [`Quantity::scaled_value`].
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// Thousandths of a unit, rounded like [`Quantity::value`].
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// The number in units of 10^`exponent`.
    ///
    /// A short number rounds away from zero; one too large gives 0 or wraps at 64 bits, depending on the exponent. A long
    /// number (more than 18 digits, or a fraction with a binary suffix) rounds up and wraps.
    pub fn scaled_value(&self, exponent: i32) -> i64 {
        let difference = i64::from(self.exponent) - i64::from(exponent);
        let digits = difference.unsigned_abs().min(u64::from(u32::MAX)) as u32;
        if !self.long {
            if difference >= 0 {
                return short_scaled_up(self.mantissa.wrapping_i64(), digits);
            }
            let (quotient, inexact) = self.mantissa.div_pow10(digits);
            return quotient.wrapping_i64() + i64::from(inexact) * i64::from(self.signum());
        }
        if difference >= 0 {
            // Go converts 10^19 and more, a float, to the smallest integer.
            let factor = 10i64.checked_pow(digits).unwrap_or(i64::MIN);
            return self.mantissa.wrapping_i64().wrapping_mul(factor);
        }
        if self.mantissa < Wide::from_i64(i64::MAX) && digits < 19 {
            // Upstream's fast path forgets numbers below the smallest integer, and rounds all negative ones up by one.
            let (mantissa, divisor) = (self.mantissa.wrapping_i64(), 10i64.pow(digits));
            return mantissa / divisor + i64::from(mantissa % divisor != 0);
        }
        let (quotient, inexact) = self.mantissa.div_pow10(digits);
        let rounds_up = inexact && self.signum() > 0;
        quotient.wrapping_i64().wrapping_add(i64::from(rounds_up))
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        self.mantissa.signum()
    }

    /// Whether the number is 0.
    pub fn is_zero(&self) -> bool {
        self.signum() == 0
    }

    /// Whether the number is held in thousandths of a unit or coarser.
    pub fn is_whole_milli(&self) -> bool {
        self.exponent >= -3
    }

    /// The number in whole thousandths, rounded away from zero; one that already is keeps its text.
    #[must_use]
    pub fn rounded_up_to_milli(self) -> Self {
        if self.is_whole_milli() {
            return self;
        }
        let (quotient, inexact) = self.mantissa.div_pow10(self.exponent.abs_diff(-3));
        let away = Wide::from_i64(i64::from(inexact) * i64::from(self.signum()));
        let mantissa = quotient.checked_add(away).unwrap_or(quotient);
        Self { mantissa, exponent: -3, written: Written::NONE, ..self }
    }

    /// Which suffixes it is printed with.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The exact number without a suffix, with as many decimals as it is held with.
    pub fn to_decimal_text(self) -> String {
        let digits = self.mantissa.abs().to_string();
        let sign = if self.signum() < 0 { "-" } else { "" };
        if self.exponent >= 0 || self.is_zero() && self.exponent == 0 {
            let zeros = if self.is_zero() { 0 } else { self.exponent as usize };
            return format!("{sign}{digits}{}", "0".repeat(zeros));
        }
        let places = self.exponent.unsigned_abs() as usize;
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        format!("{sign}{whole}.{fraction}")
    }

    /// Both mantissas at the smaller of the two exponents; a number out of range is replaced by the largest.
    fn aligned(&self, other: &Self) -> (Wide, Wide, i32) {
        let exponent = self.exponent.min(other.exponent);
        let scale = |quantity: &Self| {
            let digits = quantity.exponent.abs_diff(exponent);
            quantity.mantissa.checked_mul_pow10(digits).unwrap_or(saturated(quantity.mantissa))
        };
        (scale(self), scale(other), exponent)
    }

    /// `int64Amount.Add`: the sum when every step fits 64 bits.
    fn short_sum(&self, other: &Self) -> Option<(Wide, i32)> {
        if other.is_zero() {
            return Some((self.mantissa, self.exponent));
        }
        if self.is_zero() {
            return Some((other.mantissa, other.exponent));
        }
        let (a, b, exponent) = self.aligned(other);
        let sum = a.to_i64()?.checked_add(b.to_i64()?)?;
        Some((Wide::from_i64(sum), exponent))
    }

    fn compare(&self, other: &Self) -> Ordering {
        // Signs first: aligning may run out of range.
        let by_sign = self.signum().cmp(&other.signum());
        by_sign.then_with(|| {
            let (a, b, _) = self.aligned(other);
            a.cmp(&b)
        })
    }
}

/// `positiveScaleInt64`: a product out of range wraps where upstream multiplies in one step, and is 0 elsewhere.
fn short_scaled_up(mantissa: i64, digits: u32) -> i64 {
    let product = 10i64.checked_pow(digits).and_then(|factor| mantissa.checked_mul(factor));
    match (product, digits) {
        (Some(product), _) => product,
        (None, 1 | 2 | 3 | 6 | 9) if mantissa != i64::MIN => mantissa.wrapping_mul(10i64.pow(digits)),
        (None, _) => 0,
    }
}

fn saturated(mantissa: Wide) -> Wide {
    if mantissa.signum() < 0 { -Wide::MAX } else { Wide::MAX }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Quantity {
    /// Whether both have the same text, which is more than being equal.
    pub fn is_written_as(&self, other: &Self) -> bool {
        let number = |quantity: &Self| (quantity.mantissa, quantity.exponent, quantity.long, quantity.format);
        match (self.written.text(), other.written.text()) {
            (Some(text), Some(other)) => text == other,
            (None, None) if number(self) == number(other) => true,
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for Quantity {
    type Output = Self;

    /// The exact sum, in the format of `self`, or of `other` when `self` is zero.
    fn add(self, other: Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        let written = Written::NONE;
        if !self.long
            && !other.long
            && let Some((mantissa, exponent)) = self.short_sum(&other)
        {
            return Self { mantissa, exponent, long: false, format, written };
        }
        let (a, b, exponent) = self.aligned(&other);
        let mantissa = a.checked_add(b).unwrap_or(saturated(a));
        Self { mantissa, exponent, long: true, format, written }
    }
}

impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        let mantissa = -self.mantissa;
        // Only the smallest integer has no short negative.
        let long = self.long || mantissa.to_i64().is_none();
        Self { mantissa, long, written: Written::NONE, ..self }
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    /// The text as it was written when that was canonical enough, else the canonical text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written.text() {
            Some(text) => f.pad(text),
            None => f.pad(&self.canonical()),
        }
    }
}

impl Quantity {
    /// `CanonicalizeBytes`: no fraction, the largest exponent that loses nothing.
    fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        let small = *self > Self::from_value(-1024) && *self < Self::from_value(1024);
        match (self.format, self.whole()) {
            (Format::BinarySi, Some(whole)) if !small => {
                let (mantissa, times) = without_factor(whole, 1024);
                let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
                format!("{mantissa}{}", suffixes.get(times as usize).unwrap_or(&""))
            }
            (Format::DecimalExponent, _) => {
                let (mantissa, exponent) = self.engineering();
                if exponent == 0 { mantissa.to_string() } else { format!("{mantissa}e{exponent}") }
            }
            // Binary quantities that would lose precision are shown in powers of ten.
            _ => {
                let (mantissa, exponent) = self.engineering();
                let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
                // Past the last suffix this version of the library prints none at all.
                let suffix = usize::try_from(exponent / 3 + 3).ok().and_then(|at| suffixes.get(at));
                format!("{mantissa}{}", suffix.unwrap_or(&""))
            }
        }
    }

    /// The number itself when it is whole.
    fn whole(&self) -> Option<Wide> {
        let digits = self.exponent.unsigned_abs();
        if self.exponent >= 0 {
            return Some(self.mantissa.checked_mul_pow10(digits).unwrap_or(saturated(self.mantissa)));
        }
        let (quotient, inexact) = self.mantissa.div_pow10(digits);
        (!inexact).then_some(quotient)
    }

    /// The mantissa without zeros at its end, but for those that make the exponent a multiple of 3.
    fn engineering(&self) -> (Wide, i32) {
        let (mantissa, times) = without_factor(self.mantissa, 10);
        let exponent = self.exponent.saturating_add_unsigned(times);
        let excess = exponent.rem_euclid(3);
        (mantissa.checked_mul(10u64.pow(excess.unsigned_abs())).unwrap_or(mantissa), exponent - excess)
    }
}

/// Divides by `factor` as often as that leaves no remainder.
fn without_factor(mut number: Wide, factor: u64) -> (Wide, u32) {
    let mut times = 0;
    while number.signum() != 0 {
        let (quotient, rest) = number.div_rem(factor);
        if rest != 0 {
            break;
        }
        number = quotient;
        times += 1;
    }
    (number, times)
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
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
        text.trim().parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
