//! Lengths of time as Go writes them: `time.ParseDuration`.

/// Nanoseconds of a text such as `1h30m`, `-1.5h`, `500ms`; `None` when it is none or does not fit.
pub(super) fn nanos(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    let mut rest = unsigned;
    let mut total: i128 = 0;
    loop {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        let (name, after) =
            after.split_at(after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit = unit(name)?;
        total = total.checked_add(number(whole)?.checked_mul(unit)?)?;
        // Digits past the 19th are less than a nanosecond of the largest unit.
        let fraction = &fraction[..fraction.len().min(19)];
        total =
            total.checked_add(number(fraction)?.checked_mul(unit)? / 10i128.pow(fraction.len() as u32))?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    i64::try_from(if text.starts_with('-') { -total } else { total }).ok()
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn number(digits: &str) -> Option<i128> {
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

fn unit(name: &str) -> Option<i128> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn units_add_up() {
        for (text, expected) in [
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("-500ms", Some(-500_000_000)),
            ("1µs1ns", Some(1001)),
            ("0", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("1 h", None),
            ("300000000000h", None),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }
}
