//! Numbers as text, without the formatting machinery: traces are mostly numbers.

use crate::kernel::SimTime;

/// Appends a whole number.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends seconds with as many decimals as they need, three at least.
pub(super) fn push_seconds(out: &mut Vec<u8>, at: SimTime) {
    let nanos = at.as_nanos();
    push_number(out, nanos / 1_000_000_000);
    out.push(b'.');
    let mut rest = nanos % 1_000_000_000;
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let used = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    out.extend_from_slice(&digits[..used.max(3)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_the_decimals_they_need() {
        let show = |nanos| {
            let mut out = Vec::new();
            push_seconds(&mut out, SimTime::from_nanos(nanos));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(show(0), "0.000");
        assert_eq!(show(75_005_000_000), "75.005");
        assert_eq!(show(1_000_000_001), "1.000000001");
        assert_eq!(show(375_000_000_000), "375.000");
    }
}
