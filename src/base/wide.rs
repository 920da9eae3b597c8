//! A signed integer of 384 bits: as much as sums of quantities such as `1e100` and `1n` need, and still `Copy`.
//!
//! Sign and magnitude are kept apart. Every operation that could exceed the range says so with `None`.

use std::cmp::Ordering;
use std::fmt;

const LIMBS: usize = 6;
/// The largest power of ten that fits one limb, and its exponent.
const CHUNK: u64 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: u32 = 19;

/// A whole number between -2^384 and 2^384. There is one zero, which is not negative.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Wide {
    negative: bool,
    /// Least significant first.
    magnitude: [u64; LIMBS],
}

impl Wide {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, magnitude: [0; LIMBS] };
    /// The largest number.
    pub const MAX: Self = Self { negative: false, magnitude: [u64::MAX; LIMBS] };

    /// The number itself.
    pub const fn from_i64(number: i64) -> Self {
        let mut magnitude = [0; LIMBS];
        magnitude[0] = number.unsigned_abs();
        Self { negative: number < 0, magnitude }
    }

    /// The number that decimal digits stand for.
    pub fn from_digits(digits: impl IntoIterator<Item = u8>) -> Option<Self> {
        digits.into_iter().try_fold(Self::ZERO, |number, digit| {
            number.checked_mul(10)?.checked_add(Self::from_i64(i64::from(digit - b'0')))
        })
    }

    /// This number when it fits 64 bits.
    pub fn to_i64(self) -> Option<i64> {
        let low = i128::from(self.magnitude[0]);
        let fits = self.magnitude[1..].iter().all(|limb| *limb == 0);
        if fits { i64::try_from(if self.negative { -low } else { low }).ok() } else { None }
    }

    /// The low 64 bits of the magnitude with the sign put back, as Go's `big.Int.Int64` gives for a number that does
    /// not fit.
    pub fn wrapping_i64(self) -> i64 {
        let low = self.magnitude[0].cast_signed();
        if self.negative { low.wrapping_neg() } else { low }
    }

    /// -1, 0 or 1.
    pub fn signum(self) -> i32 {
        if self.magnitude == [0; LIMBS] {
            0
        } else if self.negative {
            -1
        } else {
            1
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { negative: false, ..self }
    }

    /// The sum, when it is in range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.negative == other.negative {
            let magnitude = add(&self.magnitude, &other.magnitude)?;
            return Some(Self { negative: self.negative, magnitude });
        }
        Some(match self.abs().cmp(&other.abs()) {
            Ordering::Equal => Self::ZERO,
            Ordering::Greater => {
                Self { negative: self.negative, magnitude: subtract(&self.magnitude, &other.magnitude) }
            }
            Ordering::Less => {
                Self { negative: other.negative, magnitude: subtract(&other.magnitude, &self.magnitude) }
            }
        })
    }

    /// The product with a small number, when it is in range.
    pub fn checked_mul(self, by: u64) -> Option<Self> {
        let (mut magnitude, mut carry) = ([0; LIMBS], 0u128);
        for (limb, out) in self.magnitude.iter().zip(&mut magnitude) {
            let product = u128::from(*limb) * u128::from(by) + carry;
            *out = product as u64;
            carry = product >> 64;
        }
        (carry == 0).then_some(Self { negative: self.negative && by != 0, magnitude })
    }

    /// This number times 10^`exponent`, when it is in range.
    pub fn checked_mul_pow10(self, exponent: u32) -> Option<Self> {
        if self.signum() == 0 {
            return Some(self);
        }
        let mut number = self;
        for _ in 0..exponent / CHUNK_DIGITS {
            number = number.checked_mul(CHUNK)?;
        }
        number.checked_mul(10u64.pow(exponent % CHUNK_DIGITS))
    }

    /// Quotient, rounded towards zero, and the size of the remainder. `by` must not be 0.
    #[must_use]
    pub fn div_rem(self, by: u64) -> (Self, u64) {
        let (mut magnitude, mut rest) = ([0; LIMBS], 0u128);
        for (limb, out) in self.magnitude.iter().zip(&mut magnitude).rev() {
            let dividend = (rest << 64) | u128::from(*limb);
            *out = (dividend / u128::from(by)) as u64;
            rest = dividend % u128::from(by);
        }
        let negative = self.negative && magnitude != [0; LIMBS];
        (Self { negative, magnitude }, rest as u64)
    }

    /// Quotient by 10^`exponent`, rounded towards zero, and whether anything was lost.
    #[must_use]
    pub fn div_pow10(self, exponent: u32) -> (Self, bool) {
        let (mut number, mut inexact) = (self, false);
        let mut left = exponent;
        while left > 0 && number.signum() != 0 {
            let digits = left.min(CHUNK_DIGITS);
            let (quotient, rest) = number.div_rem(10u64.pow(digits));
            number = quotient;
            inexact |= rest != 0;
            left -= digits;
        }
        (number, inexact)
    }
}

impl std::ops::Neg for Wide {
    type Output = Self;
    fn neg(self) -> Self {
        Self { negative: !self.negative && self.signum() != 0, ..self }
    }
}

/// The sum of two magnitudes, when it is in range.
fn add(a: &[u64; LIMBS], b: &[u64; LIMBS]) -> Option<[u64; LIMBS]> {
    let (mut sum, mut carry) = ([0; LIMBS], false);
    for (out, (x, y)) in sum.iter_mut().zip(a.iter().zip(b)) {
        let (partial, first) = x.overflowing_add(*y);
        let (total, second) = partial.overflowing_add(u64::from(carry));
        *out = total;
        carry = first || second;
    }
    (!carry).then_some(sum)
}

/// The difference of two magnitudes, the first of which is not the smaller.
fn subtract(a: &[u64; LIMBS], b: &[u64; LIMBS]) -> [u64; LIMBS] {
    let (mut difference, mut borrow) = ([0; LIMBS], false);
    for (out, (x, y)) in difference.iter_mut().zip(a.iter().zip(b)) {
        let (partial, first) = x.overflowing_sub(*y);
        let (total, second) = partial.overflowing_sub(u64::from(borrow));
        *out = total;
        borrow = first || second;
    }
    debug_assert!(!borrow, "subtracted the larger magnitude");
    difference
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_magnitude = self.magnitude.iter().rev().cmp(other.magnitude.iter().rev());
        match (self.negative, other.negative) {
            (false, false) => by_magnitude,
            (true, true) => by_magnitude.reverse(),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chunks = Vec::new();
        let mut rest = self.abs();
        while rest.signum() != 0 {
            let (quotient, chunk) = rest.div_rem(CHUNK);
            chunks.push(chunk);
            rest = quotient;
        }
        let first = chunks.pop().unwrap_or(0);
        write!(f, "{}{first}", if self.negative { "-" } else { "" })?;
        chunks.iter().rev().try_for_each(|chunk| write!(f, "{chunk:019}"))
    }
}

impl fmt::Debug for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(number: i128) -> Wide {
        let digits = number.unsigned_abs().to_string();
        let magnitude = Wide::from_digits(digits.bytes()).unwrap();
        if number < 0 { -magnitude } else { magnitude }
    }

    #[test]
    fn the_range_ends() {
        assert_eq!(Wide::MAX.checked_add(Wide::from_i64(1)), None);
        assert_eq!(Wide::MAX.checked_mul(2), None);
        assert_eq!(Wide::from_i64(1).checked_mul_pow10(116), None);
        let large = Wide::from_i64(1).checked_mul_pow10(115).unwrap();
        assert_eq!(large.to_string(), format!("1{}", "0".repeat(115)));
        assert_eq!(large.div_pow10(115), (Wide::from_i64(1), false));
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(-Wide::ZERO, Wide::ZERO);
        assert_eq!(Wide::from_i64(-3).div_rem(5), (Wide::ZERO, 3));
        assert_eq!(Wide::from_i64(i64::MIN).to_i64(), Some(i64::MIN));
    }

    proptest! {
        #[test]
        fn agrees_with_128_bits(a in any::<i128>(), b in any::<i64>(), by in 1u64..) {
            let b = i128::from(b);
            prop_assert_eq!(wide(a).to_string(), a.to_string());
            if let Some(sum) = a.checked_add(b) {
                prop_assert_eq!(wide(a).checked_add(wide(b)), Some(wide(sum)));
            }
            prop_assert_eq!(wide(a).cmp(&wide(b)), a.cmp(&b));
            let (quotient, rest) = wide(a).div_rem(by);
            prop_assert_eq!(quotient, wide(a / i128::from(by)));
            prop_assert_eq!(u128::from(rest), (a % i128::from(by)).unsigned_abs());
            prop_assert_eq!(wide(a).wrapping_i64(), a as i64);
        }
    }
}
