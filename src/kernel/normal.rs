//! The normal distribution: its quantiles, and the part of it between two bounds.

/// A normal distribution, given that the value lies between two bounds.
///
/// The samples are quantiles of the part of the bell curve that the bounds leave. The curve is measured from its nearer
/// tail: where both bounds are far above the mean, the probabilities below them all round to 1, those above do not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TruncatedNormal {
    mean: f64,
    sd: f64,
    min: f64,
    max: f64,
    tail: Tail,
    /// The probabilities in the tail beyond `min` and beyond `max`.
    at_min: f64,
    at_max: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Lower,
    Upper,
}

impl TruncatedNormal {
    /// `None` when the probability between the bounds is too small for a float.
    pub(super) fn new(mean: f64, sd: f64, min: f64, max: f64) -> Option<Self> {
        if sd <= 0.0 {
            // No spread: a constant.
            let constant = Self { mean, sd, min, max, tail: Tail::Lower, at_min: 0.5, at_max: 0.5 };
            return (min <= mean && mean <= max).then_some(constant);
        }
        let tail = if min > mean { Tail::Upper } else { Tail::Lower };
        let beyond = |bound: f64| match tail {
            Tail::Lower => lower_tail((bound - mean) / sd),
            Tail::Upper => lower_tail((mean - bound) / sd),
        };
        let (at_min, at_max) = (beyond(min), beyond(max));
        let point = min >= max && min.is_finite(); // A single value is a distribution too, however unlikely.
        let met = (at_max - at_min).abs() > 0.0 || point;
        met.then_some(Self { mean, sd, min, max, tail, at_min, at_max })
    }

    pub(super) fn quantile(&self, u: f64) -> f64 {
        // Rounding must not reach 0 or 1, whose quantiles are infinite.
        let probability =
            (self.at_min * (1.0 - u) + self.at_max * u).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
        let deviations = match self.tail {
            Tail::Lower => standard_normal_quantile(probability),
            Tail::Upper => -standard_normal_quantile(probability),
        };
        (self.mean + self.sd * deviations).clamp(self.min, self.max) // The bounds are met up to rounding: now exactly.
    }
}

/// The probability that a standard normal value is below `x`; accurate in the lower tail.
fn lower_tail(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value below which a standard normal variable lies with probability `p`; infinite at 0 and 1.
///
/// Wichura's algorithm AS 241 (PPND16; Applied Statistics 37, 1988, 477-484): good to about 1 part in 10¹⁶.
pub(super) fn standard_normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let from_centre = p - 0.5;
    if from_centre.abs() <= 0.425 {
        let r = 0.180_625 - from_centre * from_centre;
        return from_centre * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let nearer_tail = if from_centre < 0.0 { p } else { 1.0 - p };
    let r = (-libm::log(nearer_tail)).sqrt();
    let deviations = if r <= 5.0 {
        polynomial(&SHOULDER.0, r - 1.6) / polynomial(&SHOULDER.1, r - 1.6)
    } else {
        polynomial(&FAR_TAIL.0, r - 5.0) / polynomial(&FAR_TAIL.1, r - 5.0)
    };
    if from_centre < 0.0 { -deviations } else { deviations }
}

/// By Horner's rule, the highest power first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Numerator and denominator of the rational approximation for probabilities from 0.075 to 0.925.
#[expect(clippy::excessive_precision, reason = "as printed in the paper")]
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608_0,
    ],
    [
        5.226_495_278_852_854_561_0e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061_0e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083_0e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
);

/// The same down to a probability of e⁻²⁵ in either tail.
#[expect(clippy::excessive_precision, reason = "as printed in the paper")]
const SHOULDER: ([f64; 8], [f64; 8]) = (
    [
        7.745_450_142_783_414_076_40e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_70e-1,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_50,
        4.630_337_846_156_545_295_90,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946_00e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_90e-1,
        6.897_673_349_851_000_045_50e-1,
        1.676_384_830_183_803_849_40,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
);

/// The same beyond.
#[expect(clippy::excessive_precision, reason = "as printed in the paper")]
const FAR_TAIL: ([f64; 8], [f64; 8]) = (
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_60e-3,
        2.653_218_952_657_612_309_30e-2,
        2.965_605_718_285_048_912_30e-1,
        1.784_826_539_917_291_335_80,
        5.463_784_911_164_114_369_90,
        6.657_904_643_501_103_777_20,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_70e-7,
        1.846_318_317_510_054_681_80e-5,
        7.868_691_311_456_132_591_00e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_10e-1,
        5.998_322_065_558_879_376_90e-1,
        1.0,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_distribution_function() {
        for p in [1e-300, 1e-100, 1e-20, 1e-12, 1e-6, 0.01, 0.074, 0.076, 0.3, 0.5, 0.9, 0.999] {
            let back = lower_tail(standard_normal_quantile(p));
            assert!((back / p - 1.0).abs() < 1e-12, "{p}: {back}");
        }
    }

    /// The check values of the paper.
    #[test]
    fn quantiles_are_those_of_the_paper() {
        for (p, x) in [
            (0.25, -0.674_489_750_196_081_7),
            (1e-3, -3.090_232_306_167_814),
            (1e-20, -9.262_340_089_798_408),
        ] {
            assert!((standard_normal_quantile(p) - x).abs() < 1e-14, "{p}");
            assert!((standard_normal_quantile(1.0 - p) + x).abs() < 1e-14 || p < 1e-3, "1-{p}");
        }
    }

    #[test]
    fn the_far_upper_tail_keeps_its_precision() {
        // Given that it is above 10, the excess of a standard normal value is nearly exponential with mean 1/10.
        let tail = TruncatedNormal::new(0.0, 1.0, 10.0, f64::INFINITY).unwrap();
        let median = tail.quantile(0.5);
        assert!((10.0 + 0.068..10.0 + 0.0694).contains(&median), "{median}");
        assert!(tail.quantile(0.25) < median && median < tail.quantile(0.75));
    }
}
