//! Reading quantities: `ParseQuantity` of `apimachinery/pkg/api/resource/quantity.go`, v0.34.

use std::str::FromStr;

use super::{Format, Quantity, QuantityError, Written};
use crate::base::wide::Wide;

/// Digits that always fit 64 bits.
const SHORT_DIGITS: usize = 18;
/// Nothing smaller than 10^-9 is kept.
const NANO: i32 = -9;

/// A text split into its parts.
struct Parts<'a> {
    negative: bool,
    /// Before the point, without leading zeros; `0` when nothing is left.
    whole: &'a str,
    /// After the point.
    fraction: &'a str,
    suffix: &'a str,
}

/// What a suffix means.
struct Unit {
    /// 10 or 2.
    binary: bool,
    exponent: i32,
    format: Format,
}

impl FromStr for Quantity {
    type Err = QuantityError;

    /// Reads a quantity. Even a text without digits is one, of 0, when its suffix is known.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let parts = split(text)?;
            let unit = unit(parts.suffix)?;
            Some(short(text, &parts, &unit).unwrap_or_else(|| long(&parts, &unit)))
        };
        parse().ok_or_else(|| QuantityError { text: text.to_owned() })
    }
}

/// `parseQuantityString`: sign, digits, point, digits, letters, sign, digits; nothing may be left.
fn split(text: &str) -> Option<Parts<'_>> {
    if text.is_empty() {
        return None;
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = unsigned.trim_start_matches('0');
    let (whole, rest) = number.split_at(number.find(|c| !is_digit(c)).unwrap_or(number.len()));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c| !is_digit(c)).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    exponent.chars().all(is_digit).then_some(Parts {
        negative: text.starts_with('-'),
        whole: if whole.is_empty() { "0" } else { whole },
        fraction,
        suffix,
    })
}

fn unit(suffix: &str) -> Option<Unit> {
    let decimal = |exponent| Some(Unit { binary: false, exponent, format: Format::DecimalSi });
    let binary = |exponent| Some(Unit { binary: true, exponent, format: Format::BinarySi });
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            // Upstream cuts the exponent to 32 bits.
            Some(Unit { binary: false, exponent: exponent as i32, format: Format::DecimalExponent })
        }
    }
}

/// The 64-bit form, when the number of digits shows that it fits.
fn short(text: &str, parts: &Parts<'_>, unit: &Unit) -> Option<Quantity> {
    let digits = parts.whole.len() + parts.fraction.len();
    let fits = if unit.binary {
        // A factor of 2^20 has about 6 digits.
        parts.fraction.is_empty() && digits + (unit.exponent as usize) * 3 / 10 < 15
    } else {
        digits <= SHORT_DIGITS
    };
    let exponent = if unit.binary { 0 } else { unit.exponent.wrapping_sub(parts.fraction.len() as i32) };
    if !fits || exponent < NANO {
        return None;
    }
    let digits = [parts.whole, parts.fraction].concat();
    let number: i64 = digits.parse().ok()?;
    let product = number.checked_mul(if unit.binary { 1 << unit.exponent } else { 1 })?;
    let keeps_text = if unit.binary {
        number & 7 != 0
    } else {
        exponent % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
    };
    let quantity = Quantity::new(if parts.negative { -product } else { product }, exponent, unit.format);
    Some(Quantity { written: if keeps_text { Written::new(text) } else { Written::NONE }, ..quantity })
}

/// The decimal form: rounded up to whole nanos, and capped when binary.
fn long(parts: &Parts<'_>, unit: &Unit) -> Quantity {
    let digits = Wide::from_digits(parts.whole.bytes().chain(parts.fraction.bytes()));
    let (mut mantissa, mut exponent) = (digits.unwrap_or(Wide::MAX), -(parts.fraction.len() as i32));
    if unit.binary {
        mantissa = mantissa.checked_mul(1 << unit.exponent).unwrap_or(Wide::MAX);
    } else {
        exponent = exponent.saturating_add(unit.exponent);
    }
    if mantissa.signum() != 0 {
        mantissa = in_nanos(mantissa, exponent);
        exponent = NANO;
    }
    let mut format = unit.format;
    if unit.binary {
        let one = Wide::from_i64(1_000_000_000);
        let largest = Wide::from_i64(i64::MAX);
        if largest.checked_mul_pow10(9).is_some_and(|cap| mantissa > cap) {
            (mantissa, exponent) = (largest, 0);
        } else if mantissa.signum() > 0 && mantissa < one {
            format = Format::DecimalSi;
        }
    }
    let mantissa = if parts.negative { -mantissa } else { mantissa };
    Quantity { mantissa, exponent, long: true, format, written: Written::NONE }
}

/// `mantissa` times 10^`exponent` in units of 10^-9, rounded up.
fn in_nanos(mantissa: Wide, exponent: i32) -> Wide {
    let shift = i64::from(exponent) - i64::from(NANO);
    let digits = shift.unsigned_abs() as u32;
    if shift >= 0 {
        return mantissa.checked_mul_pow10(digits).unwrap_or(Wide::MAX);
    }
    let (quotient, inexact) = mantissa.div_pow10(digits);
    quotient.checked_add(Wide::from_i64(i64::from(inexact))).unwrap_or(Wide::MAX)
}
