//! Statistics of a sample. All arithmetic is that of IEEE 754 or of `libm`: the same bits on every machine.

/// What a sample says about the distribution it was drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many values.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation (n - 1); 0 for a single value.
    pub deviation: f64,
    /// Half the width of the confidence interval of the mean at 95 %; `None` for a single value.
    pub half_width: Option<f64>,
}

/// Probability that a confidence interval covers the true mean.
pub const CONFIDENCE: f64 = 0.95;

impl Sample {
    /// The statistics of some values; `None` when there are none.
    ///
    /// ```
    /// use shakedown::sweep::stats::Sample;
    ///
    /// let sample = Sample::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
    /// assert_eq!(sample.mean, 5.0);
    /// assert!((sample.half_width.unwrap() - 1.787).abs() < 0.001);
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        if count == 1 {
            return Some(Self { count, mean, deviation: 0.0, half_width: None });
        }
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt();
        let error = deviation / (count as f64).sqrt();
        Some(Self { count, mean, deviation, half_width: Some(t_quantile(CONFIDENCE, count - 1) * error) })
    }
}

/// The value below which a part of the sorted sample lies, interpolated between neighbours (type 7 of R and NumPy).
///
/// ```
/// use shakedown::sweep::stats::quantile;
///
/// assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), Some(2.0));
/// assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// ```
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = part * last as f64;
    let below = (at.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64))
}

/// How many standard errors a two-sided interval of this confidence reaches to each side, with Student's distribution.
///
/// Hill's approximation (CACM algorithm 396), exact for one and two degrees of freedom and good to six digits beyond.
///
/// ```
/// use shakedown::sweep::stats::t_quantile;
///
/// assert!((t_quantile(0.95, 1) - 12.7062).abs() < 1e-4);
/// assert!((t_quantile(0.95, 9) - 2.26216).abs() < 1e-4);
/// assert!((t_quantile(0.95, 999) - 1.96234).abs() < 1e-4);
/// ```
#[expect(clippy::many_single_char_names, reason = "the letters of the published algorithm")]
pub fn t_quantile(confidence: f64, degrees: usize) -> f64 {
    let both_tails = 1.0 - confidence;
    let n = degrees as f64;
    match degrees {
        0 => return f64::INFINITY,
        1 => {
            let angle = both_tails * std::f64::consts::FRAC_PI_2;
            return libm::cos(angle) / libm::sin(angle);
        }
        2 => return (2.0 / (both_tails * (2.0 - both_tails)) - 2.0).sqrt(),
        _ => {}
    }
    let a = 1.0 / (n - 0.5);
    let b = 48.0 / (a * a);
    let mut c = ((20_700.0 * a / b - 98.0) * a - 16.0) * a + 96.36;
    let d = ((94.5 / (b + c) - 3.0) / b + 1.0) * (a * std::f64::consts::FRAC_PI_2).sqrt() * n;
    let x = d * both_tails;
    let mut y = libm::pow(x, 2.0 / n);
    if y > 0.05 + a {
        let x = normal_lower_tail(both_tails / 2.0);
        y = x * x;
        if degrees < 5 {
            c += 0.3 * (n - 4.5) * (x + 0.6);
        }
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b;
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x;
        y = a * y * y;
        y = libm::expm1(y);
    } else {
        let e = 1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0);
        y = (e * y - 1.0) * (n + 1.0) / (n + 2.0) + 1.0 / y;
    }
    (n * y).sqrt()
}

/// The value below which a small part of the normal distribution lies: bisection over the complementary error function.
fn normal_lower_tail(part: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 0.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        let below = 0.5 * libm::erfc(-middle * std::f64::consts::FRAC_1_SQRT_2);
        if below < part { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
