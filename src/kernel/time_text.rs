//! Virtual time as text: the grammar of Go's `time.Duration` in both directions, and the short form of age columns.

use std::fmt;
use std::str::FromStr;

use super::time::{NANOS_PER_SEC, SimDuration, SimTime};

const MINUTE: u64 = 60 * NANOS_PER_SEC;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Why a text is not a length of time; each message quotes the text and names what is wrong in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDurationError {
    /// Nothing there, or only a sign.
    #[error("{text:?} is not a duration: write a number and a unit, for example 90s or 1m30s")]
    Empty {
        /// The text as given.
        text: String,
    },
    /// A minus sign at the front.
    #[error("{text:?} is negative; a duration here starts at 0s")]
    Negative {
        /// The text as given.
        text: String,
    },
    /// Something else where a number belongs.
    #[error("{text:?} is not a duration: expected a number at {rest:?}")]
    ExpectedNumber {
        /// The text as given.
        text: String,
        /// From the place where the number was expected.
        rest: String,
    },
    /// A number without a unit; only `0` may stand alone.
    #[error("{text:?} lacks a unit after {number}; write for example {number}s or {number}m")]
    MissingUnit {
        /// The text as given.
        text: String,
        /// The number that lacks its unit.
        number: String,
    },
    /// A unit that is none of the seven.
    #[error("{text:?} has the unknown unit {unit:?}; use ns, us, ms, s, m, h or d")]
    UnknownUnit {
        /// The text as given.
        text: String,
        /// The unit as given.
        unit: String,
    },
    /// More than 2⁶⁴-1 nanoseconds.
    #[error("{text:?} is too long: a duration is at most 584 years")]
    Overflow {
        /// The text as given.
        text: String,
    },
}

/// The same grammar as for [`SimDuration`], read as the length since the start of the run.
impl FromStr for SimTime {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|since_start: SimDuration| Self::ZERO + since_start)
    }
}

/// Reads what Go's `time.ParseDuration` reads, except negative lengths, and in addition the unit `d` of 24 hours.
///
/// One or more decimal numbers, each with an optional fraction and a unit: `300ms`, `1.5h`, `2h45m`, `2d`. Valid units
/// are `ns`, `us` (or `µs`), `ms`, `s`, `m`, `h` and `d`; `0` needs none. A fraction finer than a nanosecond is dropped.
///
/// ```
/// use shakedown::kernel::SimDuration;
///
/// assert_eq!("1.5h".parse(), Ok(SimDuration::from_secs(5400)));
/// let error = "5 minutes".parse::<SimDuration>().unwrap_err();
/// assert_eq!(error.to_string(), r#""5 minutes" has the unknown unit " minutes"; use ns, us, ms, s, m, h or d"#);
/// ```
impl FromStr for SimDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let quoted = || text.to_owned();
        if text.starts_with('-') {
            return Err(ParseDurationError::Negative { text: quoted() });
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        match rest {
            "0" => return Ok(Self::ZERO),
            "" => return Err(ParseDurationError::Empty { text: quoted() }),
            _ => {}
        }
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (number, after_number) = split_at_first(rest, |c| !c.is_ascii_digit() && c != '.');
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return Err(ParseDurationError::ExpectedNumber { text: quoted(), rest: rest.to_owned() });
            }
            let (unit, after_unit) = split_at_first(after_number, |c| c.is_ascii_digit() || c == '.');
            if unit.is_empty() {
                return Err(ParseDurationError::MissingUnit { text: quoted(), number: number.to_owned() });
            }
            let nanos_per_unit = nanos_per_unit(unit)
                .ok_or_else(|| ParseDurationError::UnknownUnit { text: quoted(), unit: unit.to_owned() })?;
            total = nanos_of(whole, fraction, nanos_per_unit)
                .and_then(|nanos| total.checked_add(nanos))
                .ok_or_else(|| ParseDurationError::Overflow { text: quoted() })?;
            rest = after_unit;
        }
        Ok(Self::from_nanos(total))
    }
}

fn split_at_first(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

fn nanos_per_unit(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000, // The micro sign and the Greek letter look the same.
        "ms" => 1_000_000,
        "s" => NANOS_PER_SEC,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    })
}

/// `whole.fraction` units in nanoseconds; `None` when that does not fit.
fn nanos_of(whole: &str, fraction: &str, nanos_per_unit: u64) -> Option<u64> {
    let whole_units = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    // As in Go: digits that no longer fit an integer are dropped, and the product is taken in floating point, so that
    // 0.3333333333333333333h is 20 minutes.
    let (mut digits, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        match digits.checked_mul(10).and_then(|shifted| shifted.checked_add(digit)) {
            Some(longer) if i64::try_from(longer).is_ok() => digits = longer,
            _ => break,
        }
        scale *= 10.0;
    }
    let fraction_nanos = (digits as f64 * (nanos_per_unit as f64 / scale)) as u64;
    whole_units.checked_mul(nanos_per_unit)?.checked_add(fraction_nanos)
}

/// As Go's `time.Duration.String`: `1m30s`, `1.5s`, `300ms`, `0s`.
impl fmt::Display for SimDuration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.as_nanos();
        let text = match nanos {
            0 => "0s".to_owned(),
            1..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => format!("{}\u{b5}s", decimal(nanos, 3)),
            1_000_000..NANOS_PER_SEC => format!("{}ms", decimal(nanos, 6)),
            NANOS_PER_SEC..MINUTE => format!("{}s", decimal(nanos, 9)),
            MINUTE..HOUR => format!("{}m{}s", nanos / MINUTE, decimal(nanos % MINUTE, 9)),
            HOUR.. => format!("{}h{}m{}s", nanos / HOUR, nanos % HOUR / MINUTE, decimal(nanos % MINUTE, 9)),
        };
        out.pad(&text)
    }
}

/// `count / 10^places` as a decimal number without trailing zeros.
fn decimal(count: u64, places: u32) -> String {
    let one = 10_u64.pow(places);
    let padded = format!("{}.{:0width$}", count / one, count % one, width = places as usize);
    padded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As the [`SimDuration`] since the start of the run.
impl fmt::Display for SimTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.since_start().fmt(out)
    }
}

impl SimDuration {
    /// The short form of age columns: at most two units, the coarser the longer; fractions are dropped.
    ///
    /// These are the rules of `duration.HumanDuration` in apimachinery: seconds up to 2 minutes, with seconds up to 10
    /// minutes, minutes up to 3 hours, with minutes up to 8 hours, hours up to 2 days, with hours up to 8 days, days up
    /// to 2 years of 365 days, with days up to 8 years, then years.
    ///
    /// ```
    /// use shakedown::kernel::SimDuration;
    ///
    /// let human = |secs| SimDuration::from_secs(secs).human();
    /// assert_eq!([human(45), human(330), human(720)], ["45s", "5m30s", "12m"]);
    /// assert_eq!([human(11_100), human(187_200)], ["3h5m", "2d4h"]);
    /// ```
    pub fn human(self) -> String {
        let seconds = self.as_secs();
        let (minutes, hours) = (seconds / 60, seconds / 3_600);
        let days = hours / 24;
        match (minutes, hours, days / 365) {
            (0..2, _, _) => format!("{seconds}s"),
            (2..10, _, _) => two_units(minutes, 'm', seconds % 60, 's'),
            (10..180, _, _) => format!("{minutes}m"),
            (_, 0..8, _) => two_units(hours, 'h', minutes % 60, 'm'),
            (_, 8..48, _) => format!("{hours}h"),
            (_, 48..192, _) => two_units(days, 'd', hours % 24, 'h'),
            (_, _, 0..2) => format!("{days}d"),
            (_, _, years @ 2..8) => two_units(years, 'y', days % 365, 'd'),
            (_, _, years) => format!("{years}y"),
        }
    }
}

fn two_units(coarse: u64, coarse_unit: char, fine: u64, fine_unit: char) -> String {
    match fine {
        0 => format!("{coarse}{coarse_unit}"),
        _ => format!("{coarse}{coarse_unit}{fine}{fine_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<u64, ParseDurationError> {
        text.parse().map(SimDuration::as_nanos)
    }

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            ("0", 0),
            ("5s", 5 * NANOS_PER_SEC),
            ("+5s", 5 * NANOS_PER_SEC),
            ("5.0s", 5 * NANOS_PER_SEC),
            ("5.s", 5 * NANOS_PER_SEC),
            (".5s", NANOS_PER_SEC / 2),
            ("1.004s", 1_004_000_000),
            ("100.00100s", 100_001_000_000),
            ("10ns", 10),
            ("11us", 11_000),
            ("12\u{b5}s", 12_000),
            ("12\u{3bc}s", 12_000),
            ("3h30m", 3 * HOUR + 30 * MINUTE),
            ("10.5s4m", 4 * MINUTE + 10_500_000_000),
            ("1h2m3s4ms5us6ns", HOUR + 2 * MINUTE + 3_004_005_006),
            ("52763797000ns", 52_763_797_000),
            ("0.3333333333333333333h", 20 * MINUTE),
            ("0.100000000000000000000h", 6 * MINUTE),
            ("0.9223372036854775807h", 3_320_413_933_267),
            ("9007199254.740993s", 9_007_199_254_740_993_000),
            ("1.5d", 36 * HOUR),
        ];
        for (text, nanos) in cases {
            assert_eq!(parsed(text), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        let message = |text| parsed(text).expect_err(text).to_string();
        let cases = [
            ("", "write a number and a unit"),
            ("+", "write a number and a unit"),
            ("-5s", "\"-5s\" is negative"),
            ("3", "lacks a unit after 3; write for example 3s"),
            ("1m30", "lacks a unit after 30"),
            ("s", "expected a number at \"s\""),
            (".", "expected a number at \".\""),
            ("1.2.3s", "expected a number at \"1.2.3s\""),
            ("--1s", "negative"),
            ("5S", "unknown unit \"S\""),
            ("1m 30s", "unknown unit \"m \""),
            ("1e3s", "unknown unit \"e\""),
            ("\u{e9}", "expected a number"),
            ("999999999999h", "at most 584 years"),
            ("18446744073709551616ns", "at most 584 years"),
            ("18446744073709551615.9ns1ns", "at most 584 years"),
        ];
        for (text, part) in cases {
            assert!(message(text).contains(part), "{text}: {}", message(text));
        }
    }

    #[test]
    fn writes_as_go_writes() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1\u{b5}s"),
            (2_200_000, "2.2ms"),
            (300_000_000, "300ms"),
            (3_300_000_000, "3.3s"),
            (4 * MINUTE + 5 * NANOS_PER_SEC, "4m5s"),
            (4 * MINUTE + 5_001_000_000, "4m5.001s"),
            (HOUR, "1h0m0s"),
            (5 * HOUR + 6 * MINUTE + 7_001_000_000, "5h6m7.001s"),
            (8 * MINUTE + 1, "8m0.000000001s"),
            (u64::MAX, "5124095h34m33.709551615s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(SimDuration::from_nanos(nanos).to_string(), text);
        }
        assert_eq!(format!("[{:>6}]", SimTime::from_secs(5)), "[    5s]");
    }

    #[test]
    fn ages_are_short() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (28_799, "7h59m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (691_199, "7d23h"),
            (691_200, "8d"),
            (63_071_999, "729d"),
            (63_072_000, "2y"),
            (63_158_400, "2y1d"),
            (252_287_999, "7y364d"),
            (252_288_000, "8y"),
        ];
        for (secs, text) in cases {
            assert_eq!(SimDuration::from_secs(secs).human(), text, "{secs} s");
        }
        assert_eq!(SimDuration::from_millis(1_999).human(), "1s");
    }

    proptest! {
        #[test]
        fn text_and_back_is_the_same(nanos: u64) {
            let length = SimDuration::from_nanos(nanos);
            prop_assert_eq!(length.to_string().parse(), Ok(length));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[+\\-.0-9a-z\u{b5} ]{0,24}") {
            let _ = parsed(&text);
        }
    }
}
