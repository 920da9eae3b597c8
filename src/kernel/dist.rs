//! Distributions of lengths of time and other quantities.
//!
//! Every sample is the inverse of the distribution function at ONE uniform number. So a sample uses exactly one draw
//! of a [`Stream`](super::Stream), and a larger draw never gives a smaller sample: two runs with a different mean, but
//! the same draws, differ smoothly. Logarithms and the like come from the `libm` crate, because the platform's own
//! differ in the last bit from machine to machine.

use super::normal::{TruncatedNormal, standard_normal_quantile};
use super::time::SimDuration;

/// Why parameters do not make a distribution.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// A parameter is infinite or not a number.
    #[error("{parameter} is {value}, but must be a finite number")]
    NotFinite {
        /// The name of the parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// A spread or a weight is below zero.
    #[error("{parameter} is {value}, but must not be negative")]
    Negative {
        /// The name of the parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// A mean, a scale or a shape is zero or below.
    #[error("{parameter} is {value}, but must be above zero")]
    NotPositive {
        /// The name of the parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// The lower bound lies above the upper one.
    #[error("the lower bound {min} is above the upper bound {max}")]
    BoundsReversed {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// A normal distribution that practically never falls between its bounds.
    #[error("a normal distribution of mean {mean} and sd {sd} never falls between {min} and {max}")]
    BoundsNeverMet {
        /// The mean before truncation.
        mean: f64,
        /// The standard deviation before truncation.
        sd: f64,
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// An empirical distribution without values, or whose weights are all zero.
    #[error("an empirical distribution needs a value with a weight above zero")]
    EmptyTable,
    /// An empirical distribution with a different number of weights and values.
    #[error("{values} values, but {weights} weights")]
    WeightCount {
        /// How many values there are.
        values: usize,
        /// How many weights there are.
        weights: usize,
    },
}

/// A probability distribution, valid by construction.
///
/// Of lengths of time when its parameters are in seconds ([`Distribution::sample_duration`]), otherwise of anything.
///
/// ```
/// use shakedown::kernel::{Distribution, Streams};
///
/// let startup = Distribution::normal(4.0, 0.5)?;
/// let draws = Streams::new(42).stream("startup", "web-1");
/// let first = startup.sample_duration(draws.open_unit_at(0));
/// assert!((2.0..6.0).contains(&first.as_secs_f64()));
/// # Ok::<(), shakedown::kernel::DistributionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution(Shape);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Constant { value: f64 },
    Uniform { low: f64, high: f64 },
    Normal(TruncatedNormal),
    LogNormal { median: f64, sigma: f64 },
    Exponential { mean: f64 },
    Weibull { scale: f64, shape: f64 },
    Empirical(Vec<Step>),
}

/// One step of the distribution function of a table: `value` is drawn up to `cumulative`, which is 1 at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    value: f64,
    cumulative: f64,
}

impl Distribution {
    /// Always `value`.
    pub fn constant(value: f64) -> Result<Self, DistributionError> {
        finite("value", value)?;
        Ok(Self(Shape::Constant { value }))
    }

    /// Always this length, in seconds.
    pub fn exactly(length: SimDuration) -> Self {
        Self(Shape::Constant { value: length.as_secs_f64() })
    }

    /// The value, if there is only one.
    pub fn constant_value(&self) -> Option<f64> {
        match self.0 {
            Shape::Constant { value } => Some(value),
            _ => None,
        }
    }

    /// Anything from `low` to `high` with the same probability.
    pub fn uniform(low: f64, high: f64) -> Result<Self, DistributionError> {
        finite("low", low)?;
        finite("high", high)?;
        ordered(low, high)?;
        Ok(Self(Shape::Uniform { low, high }))
    }

    /// The normal distribution of this mean and standard deviation, given that the value is not negative.
    ///
    /// The bell curve is cut at zero and what remains is scaled up (no heap of values at zero itself), so when `mean` is
    /// less than a few `sd` above zero, the mean of the samples is a little above `mean`.
    pub fn normal(mean: f64, sd: f64) -> Result<Self, DistributionError> {
        Self::truncated_normal(mean, sd, 0.0, f64::INFINITY)
    }

    /// The normal distribution of this mean and standard deviation, given that the value is from `min` to `max`.
    ///
    /// Either bound may be infinite. A distribution that falls between its bounds with a probability too small for a
    /// float is refused.
    pub fn truncated_normal(mean: f64, sd: f64, min: f64, max: f64) -> Result<Self, DistributionError> {
        finite("mean", mean)?;
        not_negative("sd", sd)?;
        for (parameter, value) in [("min", min), ("max", max)] {
            if value.is_nan() {
                return Err(DistributionError::NotFinite { parameter, value });
            }
        }
        ordered(min, max)?;
        TruncatedNormal::new(mean, sd, min, max)
            .map(|normal| Self(Shape::Normal(normal)))
            .ok_or(DistributionError::BoundsNeverMet { mean, sd, min, max })
    }

    /// The log-normal distribution: the logarithm is normal with mean `ln(median)` and standard deviation `sigma`.
    ///
    /// Half the samples are below `median`; two thirds lie between `median / e^sigma` and `median * e^sigma`.
    pub fn log_normal(median: f64, sigma: f64) -> Result<Self, DistributionError> {
        positive("median", median)?;
        not_negative("sigma", sigma)?;
        Ok(Self(Shape::LogNormal { median, sigma }))
    }

    /// The log-normal distribution whose samples have this mean and standard deviation.
    pub fn log_normal_from_mean(mean: f64, sd: f64) -> Result<Self, DistributionError> {
        positive("mean", mean)?;
        not_negative("sd", sd)?;
        let relative_variance = (sd / mean) * (sd / mean);
        let median = mean / (1.0 + relative_variance).sqrt();
        Self::log_normal(median, libm::log1p(relative_variance).sqrt())
    }

    /// The exponential distribution: the time to the next of events that come independently, `mean` apart on average.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        positive("mean", mean)?;
        Ok(Self(Shape::Exponential { mean }))
    }

    /// The Weibull distribution of lifetimes: 63 % of the samples are below `scale`.
    ///
    /// With `shape` below 1 the young fail most, with 1 it is the exponential distribution, above 1 the old fail most.
    pub fn weibull(scale: f64, shape: f64) -> Result<Self, DistributionError> {
        positive("scale", scale)?;
        positive("shape", shape)?;
        Ok(Self(Shape::Weibull { scale, shape }))
    }

    /// One of the given values, each with the same probability. The order in which they are given does not matter.
    pub fn empirical(values: &[f64]) -> Result<Self, DistributionError> {
        Self::empirical_weighted(values, &vec![1.0; values.len()])
    }

    /// One of the given values, each with a probability in proportion to its weight.
    pub fn empirical_weighted(values: &[f64], weights: &[f64]) -> Result<Self, DistributionError> {
        if values.len() != weights.len() {
            return Err(DistributionError::WeightCount { values: values.len(), weights: weights.len() });
        }
        let mut table = Vec::with_capacity(values.len());
        for (&value, &weight) in values.iter().zip(weights) {
            finite("value", value)?;
            not_negative("weight", weight)?;
            if weight > 0.0 {
                table.push((value, weight));
            }
        }
        // By value, so that a larger draw never gives a smaller sample; then by weight, so that the sums do not depend
        // on the order given.
        table.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let total: f64 = table.iter().map(|(_, weight)| weight).sum();
        if table.is_empty() {
            return Err(DistributionError::EmptyTable);
        }
        finite("the sum of the weights", total)?;
        let mut sum = 0.0;
        let steps = table.into_iter().map(|(value, weight)| {
            sum += weight;
            Step { value, cumulative: sum / total }
        });
        Ok(Self(Shape::Empirical(steps.collect())))
    }

    /// The value below which a share `u` of all samples lies: the sample that belongs to the uniform number `u`.
    ///
    /// `u` is from the open interval (0, 1), as [`Stream::open_unit_at`](super::Stream::open_unit_at) gives; panics
    /// otherwise. A larger `u` never gives a smaller sample.
    pub fn sample(&self, u: f64) -> f64 {
        assert!(u > 0.0 && u < 1.0, "a sample needs a uniform number between 0 and 1, not {u}");
        match &self.0 {
            Shape::Constant { value } => *value,
            Shape::Uniform { low, high } => low + u * (high - low),
            Shape::Normal(normal) => normal.quantile(u),
            Shape::LogNormal { median, sigma } => median * libm::exp(sigma * standard_normal_quantile(u)),
            Shape::Exponential { mean } => mean * -libm::log1p(-u),
            Shape::Weibull { scale, shape } => scale * libm::pow(-libm::log1p(-u), 1.0 / shape),
            Shape::Empirical(steps) => {
                let reached = steps.partition_point(|step| step.cumulative < u);
                steps[reached.min(steps.len() - 1)].value
            }
        }
    }

    /// The sample that belongs to `u`, read as seconds: zero when it is negative, at most [`SimDuration::MAX`].
    ///
    /// `u` is as in [`Distribution::sample`].
    pub fn sample_duration(&self, u: f64) -> SimDuration {
        let secs = self.sample(u).max(0.0);
        SimDuration::from_secs_f64(secs).unwrap_or(SimDuration::MAX)
    }
}

fn finite(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    if value.is_finite() { Ok(()) } else { Err(DistributionError::NotFinite { parameter, value }) }
}

fn not_negative(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    finite(parameter, value)?;
    if value >= 0.0 { Ok(()) } else { Err(DistributionError::Negative { parameter, value }) }
}

fn positive(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    finite(parameter, value)?;
    if value > 0.0 { Ok(()) } else { Err(DistributionError::NotPositive { parameter, value }) }
}

fn ordered(min: f64, max: f64) -> Result<(), DistributionError> {
    if min <= max { Ok(()) } else { Err(DistributionError::BoundsReversed { min, max }) }
}

#[cfg(test)]
#[path = "dist_tests.rs"]
mod tests;
