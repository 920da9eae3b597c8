//! How a text must be written in YAML to be read back as that text, and the order of keys.
//!
//! A port of the analysis in libyaml's emitter and of the resolver of YAML 1.1 in `gopkg.in/yaml.v2`.

use std::cmp::Ordering;

/// Ways to write a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// `'...'`.
    Single,
    /// `"..."` with escapes.
    Double,
    /// `|` and the lines.
    Literal,
}

/// The style for `text`; as a key it cannot span lines.
pub(super) fn style_of(text: &str, as_key: bool) -> Style {
    let allowed = Allowed::of(text);
    if text.contains('\n') {
        return if as_key || !allowed.literal { Style::Double } else { Style::Literal };
    }
    if means_something_else(text) || !allowed.single {
        Style::Double
    } else if allowed.plain {
        Style::Plain
    } else {
        Style::Single
    }
}

/// The styles that the characters of a text allow.
struct Allowed {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let special = text.chars().any(|character| !is_printable(character));
        let blank_before_break = text.contains(" \n");
        let blank_after_break = text.contains("\n ");
        let outer_blanks = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        Self {
            plain: !(special || outer_blanks || text.contains('\n') || has_indicator(text)),
            single: !(special || blank_before_break || blank_after_break),
            literal: !(special || blank_before_break || text.ends_with(' ')),
        }
    }
}

/// `libyaml`'s `is_printable`: a tab is not.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && character != '\u{feff}'
}

/// Whether a plain text would be taken for structure: by how it begins, or by `: ` or ` #` inside.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\n'));
        let structural = match character {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`'
                if first =>
            {
                true
            }
            '?' | '-' if first => blank_follows,
            ':' => blank_follows,
            '#' => matches!(before, ' ' | '\n'),
            _ => false,
        };
        if structural {
            return true;
        }
        first = false;
        before = character;
    }
    false
}

/// Whether the text, written plain, would be read as null, a truth value, a number, a time or a merge key.
fn means_something_else(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "y", "Y", "yes",
        "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", ".nan", ".NaN",
        ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
    ];
    WORDS.contains(&text) || is_integer(text) || is_float(text) || is_date(text) || is_sexagesimal(text)
}

/// What Go's `ParseInt(text, 0, 64)` reads, underscores left out; larger ones count as floats anyway.
fn is_integer(text: &str) -> bool {
    let text = text.replace('_', "");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (digits, radix) = match digits.get(..2) {
        Some("0x" | "0X") => (&digits[2..], 16),
        Some("0o" | "0O") => (&digits[2..], 8),
        Some("0b" | "0B") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    !digits.is_empty() && digits.chars().all(|character| character.is_digit(radix))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.replace('_', "");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

/// `2025-01-01`, alone or with a time of day.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_day = number(year, 4..=4) && number(month, 1..=2) && number(day, 1..=2);
    let clock = &text[date.len()..];
    is_day && (clock.is_empty() || clock[1..].split(':').take(2).all(|part| number(part, 1..=2)))
}

/// `12:30`, a number to base 60 for old readers.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let leading = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    rest.peek().is_some()
        && leading.starts_with(|first: char| first.is_ascii_digit())
        && digits(leading)
        && digits(fraction)
        && rest.all(|part| matches!(part.as_bytes(), [b'0'..=b'5', b'0'..=b'9'] | [b'0'..=b'9']))
}

/// The order of keys: letters after everything else, numbers by their value.
pub(super) fn key_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return a.len().cmp(&b.len());
    };
    let after_digit = at > 0 && a[at - 1].is_ascii_digit();
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at].cmp(&b[at]),
        // Behind a common number the shorter number ends here: it comes first.
        (letter, other) if letter || other => {
            if letter == after_digit {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        _ => number_order(&a, &b, at),
    }
}

fn number_order(a: &[char], b: &[char], at: usize) -> Ordering {
    // A zero inside a number counts as a digit only if the number does not begin with zeros.
    let inside = (a[at] == '0' || b[at] == '0')
        && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let start = i64::from(inside);
    let read = |text: &[char]| {
        let digits = text[at..].iter().map_while(|c| c.to_digit(10));
        digits.fold((start, 0usize), |(number, length), digit| {
            (number.wrapping_mul(10).wrapping_add(i64::from(digit)), length + 1)
        })
    };
    read(a).cmp(&read(b)).then_with(|| a[at].cmp(&b[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row is what kubectl 1.33 wrote.
    #[test]
    fn quotes_only_where_needed() {
        for (text, style) in [
            ("web", Style::Plain),
            ("it's \"x\"", Style::Plain),
            ("a:b", Style::Plain),
            ("a#b", Style::Plain),
            ("-a", Style::Plain),
            ("?a", Style::Plain),
            ("a[b]", Style::Plain),
            ("a,b", Style::Plain),
            ("25%", Style::Plain),
            ("=", Style::Plain),
            (".", Style::Plain),
            ("<<", Style::Plain),
            ("1.2.3", Style::Plain),
            ("1e", Style::Plain),
            ("a\\b", Style::Plain),
            ("é ☃", Style::Plain),
            ("'x'", Style::Single),
            ("a: b", Style::Single),
            ("a:", Style::Single),
            ("a #b", Style::Single),
            ("*/5 * * * *", Style::Single),
            ("%25", Style::Single),
            ("- a", Style::Single),
            ("-", Style::Single),
            ("---", Style::Single),
            ("...", Style::Single),
            (" a", Style::Single),
            ("a ", Style::Single),
            ("{a}", Style::Single),
            ("@x", Style::Single),
            ("true", Style::Double),
            ("y", Style::Double),
            ("On", Style::Double),
            ("null", Style::Double),
            ("~", Style::Double),
            ("", Style::Double),
            ("10", Style::Double),
            ("08", Style::Double),
            ("1_000", Style::Double),
            ("+1", Style::Double),
            ("1.5", Style::Double),
            (".5", Style::Double),
            ("1e3", Style::Double),
            ("12e03", Style::Double),
            ("0x1f", Style::Double),
            ("0o17", Style::Double),
            ("123456789012345678901234567890", Style::Double),
            ("12:30", Style::Double),
            ("12:30:45", Style::Double),
            ("2025-01-01", Style::Double),
            ("2025-1-1", Style::Double),
            ("2025-01-01T00:00:00Z", Style::Double),
            (".inf", Style::Double),
            (".NaN", Style::Double),
            ("a\tb", Style::Double),
            ("a\u{1}b", Style::Double),
            ("a \nb", Style::Double),
            ("a\nb", Style::Literal),
        ] {
            assert_eq!(style_of(text, false), style, "{text:?}");
        }
        assert_eq!(style_of("a\nb", true), Style::Double);
    }

    #[test]
    fn keys_are_in_the_order_of_kubectl() {
        let sorted =
            ["'q", "0", "9", "10", "A", "a b", "a-b", "a.b/c", "a.b/c9", "a.b/c10", "a_b", "amp", "apos"];
        for pair in sorted.windows(2) {
            assert_eq!(key_order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }
}
