//! Numbers as text, without the formatting machinery: traces are mostly numbers.

use crate::kernel::SimTime;

/// `00` to `99`: half as many divisions as digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Appends a whole number.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while number >= 100 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    at -= 2;
    digits[at..at + 2].copy_from_slice(&PAIRS[number as usize]);
    // A first digit of zero is none, unless it is the only one.
    at += usize::from(number < 10);
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
    fn numbers_are_those_of_the_formatter() {
        let powers = (0..20).flat_map(|power| [10u64.pow(power) - 1, 10u64.pow(power)]);
        for number in powers.chain([0, 7, 42, 101, u64::MAX]) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }

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
