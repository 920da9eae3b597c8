//! Randomness: named streams of draws that are addressed by number.
//!
//! A stream is named by what is drawn (`purpose`) and for whom (`entity`); a draw is named by its stream and an
//! `index`. Nothing is consumed: asking twice gives the same number, asking for draw 7 needs no draw 6. So one more
//! entity, one more purpose or a draw that nobody looks at shifts no other number, and two runs that differ in one
//! policy see the same random world (common random numbers).
//!
//! The numbers are `ChaCha8`, a cipher that gives any block of its output directly, under a key that is the BLAKE3 hash of
//! the seed and the names. Both are fixed algorithms; the tests hold golden values.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Changes whenever the derivation of keys changes, so that old and new keys have nothing in common.
const DOMAIN: &str = "shakedown random stream v1";

/// All the random streams of a run, given by the seed of the run.
///
/// ```
/// use shakedown::kernel::Streams;
///
/// let streams = Streams::new(42);
/// let delays = streams.stream("restart delay", "web-1");
/// let third = delays.unit_at(2);
/// assert_eq!(third, Streams::new(42).stream("restart delay", "web-1").unit_at(2));
/// assert_ne!(third, streams.stream("restart delay", "web-2").unit_at(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the run with this seed; every seed is as good as any other.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed given to [`Streams::new`].
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The stream of draws of `purpose` for `entity`.
    ///
    /// Costs a hash, about as much as a few draws: keep the stream where many draws are made. The entity's name has to
    /// be stable between the runs that shall be compared: a name, never a number given by order of creation.
    pub fn stream(self, purpose: &str, entity: &str) -> Stream {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN.as_bytes());
        hasher.update(&self.seed.to_le_bytes());
        for name in [purpose, entity] {
            // With its length in front, no name can run into the next: ("ab", "c") is not ("a", "bc").
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Stream { key: *hasher.finalize().as_bytes() }
    }
}

/// An endless sequence of independent uniform draws, each found by its index.
///
/// It is only a key of 32 bytes: copies give the same draws, and a draw changes nothing. Who draws keeps the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u8; 32],
}

impl Stream {
    /// Draw number `index`: 64 uniform bits.
    pub fn u64_at(&self, index: u64) -> u64 {
        let mut generator = ChaCha8Rng::from_seed(self.key);
        generator.set_word_pos(2 * u128::from(index)); // A word of the generator has 32 bits.
        generator.next_u64()
    }

    /// Draw number `index` as a float in `[0, 1)`: a multiple of 2⁻⁵³.
    pub fn unit_at(&self, index: u64) -> f64 {
        (self.u64_at(index) >> 11) as f64 / TWO_POW_53
    }

    /// Draw number `index` as a float in `(0, 1)`: an odd multiple of 2⁻⁵³, so neither end is ever reached.
    ///
    /// This is what [`Distribution::sample`](super::Distribution::sample) takes.
    pub fn open_unit_at(&self, index: u64) -> f64 {
        ((self.u64_at(index) >> 11) | 1) as f64 / TWO_POW_53
    }

    /// Draw number `index` as an integer in `0..n`; panics when `n` is zero.
    ///
    /// The upper half of the 128-bit product of the draw and `n`. Some values are likelier than others by at most a
    /// factor of `1 + n / 2⁶⁴`, which no simulation can notice; in exchange a draw always takes exactly one index.
    pub fn below_at(&self, index: u64, n: u64) -> u64 {
        assert!(n > 0, "there is no integer below zero to draw");
        ((u128::from(self.u64_at(index)) * u128::from(n)) >> 64) as u64
    }

    /// Draw number `index` as the toss of a coin that shows `true` with probability `p`.
    ///
    /// With `p` at most 0 (or not a number) always `false`, with `p` at least 1 always `true`.
    pub fn bernoulli_at(&self, index: u64, p: f64) -> bool {
        self.unit_at(index) < p
    }
}

const TWO_POW_53: f64 = (1_u64 << 53) as f64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream() -> Stream {
        Streams::new(42).stream("golden", "stream")
    }

    /// These may never change: every recorded digest depends on them.
    #[test]
    fn golden_draws() {
        let draws = |stream: Stream| [0, 1, 2, 7, 8, 1 << 40, u64::MAX].map(|index| stream.u64_at(index));
        assert_eq!(draws(stream()), GOLDEN);
        assert_eq!(stream().unit_at(0).to_bits(), 0x3fe5_f2e1_7e08_e88e);
        assert_eq!(stream().below_at(0, 1000), 685);
        assert_eq!(Streams::new(u64::MAX).stream("", "").u64_at(0), 0x125c_d0ac_5aca_eb37);
    }

    #[test]
    fn names_do_not_run_together() {
        let draw = |purpose, entity| Streams::new(1).stream(purpose, entity).u64_at(0);
        let draws = [draw("ab", "c"), draw("a", "bc"), draw("abc", ""), draw("", "abc")];
        for (position, one) in draws.iter().enumerate() {
            assert!(!draws[position + 1..].contains(one), "{draws:x?}");
        }
    }

    #[test]
    fn draws_agree_with_the_generator_read_in_sequence() {
        let mut generator = ChaCha8Rng::from_seed(stream().key);
        for index in 0..200 {
            assert_eq!(stream().u64_at(index), generator.next_u64(), "draw {index}");
        }
    }

    #[test]
    fn draws_are_uniform() {
        let n = 20_000;
        let mut counts = [0_u32; 10];
        let (mut sum, mut heads) = (0.0, 0_u32);
        for index in 0..n {
            counts[stream().below_at(index, 10) as usize] += 1;
            sum += stream().unit_at(index);
            heads += u32::from(stream().bernoulli_at(index, 0.3));
        }
        assert!(counts.iter().all(|count| (1_850..2_150).contains(count)), "{counts:?}");
        assert!((sum / n as f64 - 0.5).abs() < 0.01, "{sum}");
        assert!((f64::from(heads) / n as f64 - 0.3).abs() < 0.015, "{heads}");
    }

    #[test]
    fn certain_tosses_are_certain() {
        for index in 0..100 {
            assert!(stream().bernoulli_at(index, 1.0));
            assert!(!stream().bernoulli_at(index, 0.0));
            assert!(!stream().bernoulli_at(index, f64::NAN));
        }
    }

    proptest! {
        #[test]
        fn draws_stay_in_range(seed: u64, index: u64, n in 1_u64..) {
            let stream = Streams::new(seed).stream("range", "x");
            prop_assert!((0.0..1.0).contains(&stream.unit_at(index)));
            let open = stream.open_unit_at(index);
            prop_assert!(open > 0.0 && open < 1.0);
            prop_assert!(stream.below_at(index, n) < n);
        }

        #[test]
        fn draws_depend_on_nothing_but_their_address(indices in proptest::collection::vec(any::<u64>(), 1..20)) {
            let forwards: Vec<u64> = indices.iter().map(|&index| stream().u64_at(index)).collect();
            let mut backwards: Vec<u64> = indices.iter().rev().map(|&index| stream().u64_at(index)).collect();
            backwards.reverse();
            prop_assert_eq!(forwards, backwards);
        }
    }

    const GOLDEN: [u64; 7] = [
        0xaf97_0bf0_4744_72c5,
        0x30d4_64b1_f209_a8ca,
        0x7185_1f74_d822_bb23,
        0xeefc_6734_95ea_5997,
        0x5fe1_e427_b934_78fa,
        0x674a_ceab_df52_d096,
        0x28f5_c2dd_3ecd_4e2f,
    ];
}
