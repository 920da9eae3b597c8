//! What a plain scalar means: YAML 1.2 core schema, with the older rules `kubectl` still follows.
//!
//! Kubernetes reads manifests with a YAML 1.1 library: `0644` is octal, `yes` and `on` are booleans,
//! `1_000` is a number. Real manifests rely on it (`defaultMode: 0400`). A reader that asks for text gets
//! the text as written in any case.

use super::tree::{Scalar, Style};

/// What an untyped reader sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    /// Also whole numbers written as floats (`1e3`): JSON, which `kubectl` sends, knows no difference.
    Int(i128),
    Float(f64),
    Text,
}

/// Whole floats up to here are exact, so reading them as integers loses nothing.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

impl Scalar {
    /// What the scalar means to a reader that does not ask for anything in particular.
    pub(super) fn meaning(&self) -> Meaning {
        match self.core_tag() {
            Some("str" | "binary" | "timestamp") => Meaning::Text,
            Some("int" | "float" | "bool" | "null") => plain_meaning(&self.text),
            _ if self.style == Style::Plain => plain_meaning(&self.text),
            _ => Meaning::Text,
        }
    }

    /// True for `true` and `false`, not for the older words such as `on`, which are too likely meant as text.
    pub(super) fn is_true_or_false(&self) -> bool {
        let word = self.text.eq_ignore_ascii_case("true") || self.text.eq_ignore_ascii_case("false");
        word && matches!(self.meaning(), Meaning::Bool(_))
    }

    /// What the scalar is, for messages.
    pub(super) fn describe(&self) -> String {
        let kind = match self.meaning() {
            Meaning::Null => return "nothing".to_owned(),
            Meaning::Bool(_) => "the boolean",
            Meaning::Int(_) | Meaning::Float(_) => "the number",
            Meaning::Text if self.text.is_empty() => return "empty text".to_owned(),
            Meaning::Text => "text",
        };
        format!("{kind} {}", quoted(&self.text))
    }

    fn core_tag(&self) -> Option<&str> {
        self.tag.as_deref()?.strip_prefix("tag:yaml.org,2002:")
    }
}

/// Text for a message: in backquotes, on one line, not longer than is useful.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("`{line}{more}`")
}

/// What unquoted text means.
pub(super) fn plain_meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Meaning::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Meaning::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Float(f64::NEG_INFINITY),
        _ => number(text),
    }
}

/// A number, or text if it is none.
fn number(text: &str) -> Meaning {
    // Most scalars are words: the first byte decides.
    let numeric = text.bytes().next().is_some_and(|first| first.is_ascii_digit() || b"+-.".contains(&first));
    if !numeric || text.len() > 400 {
        return Meaning::Text;
    }
    let digits;
    let text = if text.contains('_') && !text.starts_with('.') {
        digits = text.replace('_', "");
        &digits
    } else {
        text
    };
    if let Some(value) = integer(text) {
        return Meaning::Int(value);
    }
    match float(text) {
        Some(value) if value.fract() == 0.0 && value.abs() <= EXACT_FLOAT => Meaning::Int(value as i128),
        Some(value) => Meaning::Float(value),
        None => Meaning::Text,
    }
}

/// An integer as Go's `ParseInt` with base 0 reads it, if it fits 64 bits.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    // The standard library's parser would take a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        Some(two) if two.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    (value >= i128::from(i64::MIN)).then_some(value)
}

/// A decimal float: digits with an optional point and exponent, nothing else (no `inf`, no `nan`).
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let decimal = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if decimal && starts { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::Meaning::{self, Bool, Float, Int, Null, Text};
    use super::plain_meaning;

    #[test]
    fn plain_scalars_mean_what_kubectl_reads() {
        let cases: &[(&str, Meaning)] = &[
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("nil", Text),
            ("true", Bool(true)),
            ("yes", Bool(true)),
            ("off", Bool(false)),
            ("tRue", Text),
            ("0", Int(0)),
            ("-0", Int(0)),
            ("+7", Int(7)),
            ("-12", Int(-12)),
            ("1_000", Int(1000)),
            ("0644", Int(420)),
            ("0o644", Int(420)),
            ("0x1F", Int(31)),
            ("0b101", Int(5)),
            ("-0x10", Int(-16)),
            ("08", Int(8)),
            ("1e3", Int(1000)),
            ("3.0", Int(3)),
            ("1.5", Float(1.5)),
            (".5", Float(0.5)),
            ("5.", Int(5)),
            ("1.5e-3", Float(0.0015)),
            ("-.5", Float(-0.5)),
            ("18446744073709551615", Int(18_446_744_073_709_551_615)),
            ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775809", Float(-9_223_372_036_854_775_809.0)),
            (".inf", Float(f64::INFINITY)),
            ("inf", Text),
            ("infinity", Text),
            ("nan", Text),
            ("-", Text),
            ("+", Text),
            (".", Text),
            ("--1", Text),
            ("+-1", Text),
            ("-+1", Text),
            ("0x", Text),
            ("0x-1", Text),
            ("1.2.3", Text),
            ("1e", Text),
            ("4Gi", Text),
            ("10m", Text),
            ("1:30", Text),
            ("2020-01-01", Text),
            ("e3", Text),
            ("..", Text),
            ("-inf", Text),
            ("-e5", Text),
            ("0_8", Int(8)),
        ];
        for (text, meaning) in cases {
            assert_eq!(plain_meaning(text), *meaning, "{text:?}");
        }
        assert!(matches!(plain_meaning(".nan"), Float(value) if value.is_nan()));
    }
}
