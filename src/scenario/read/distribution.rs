//! Readers of random lengths of time.

use super::{Read, Value, Variant};
use crate::kernel::{Distribution, DistributionError, SimDuration};

const KINDS: &[Variant<Distribution>] = &[
    ("constant", |value| value.duration().map(Distribution::exactly)),
    ("uniform", uniform),
    ("normal", normal),
    ("lognormal", log_normal),
    ("exponential", exponential),
    ("weibull", weibull),
    ("empirical", empirical),
];

impl Value<'_> {
    /// A length of time: fixed (`3ms`), or drawn from a distribution (`{normal: {mean: 4s, sd: 500ms}}`).
    pub(super) fn distribution(&self) -> Read<Distribution> {
        if self.is_mapping() {
            self.one_of("distribution", KINDS)
        } else {
            self.duration().map(Distribution::exactly)
        }
    }

    /// A distribution of times between things that happen again and again.
    pub(super) fn positive_distribution(&self) -> Read<Distribution> {
        let distribution = self.distribution()?;
        if distribution.constant_value() == Some(0.0) {
            return self.wrong("out-of-range", "must be longer than zero");
        }
        Ok(distribution)
    }

    fn seconds(&self) -> Read<f64> {
        self.duration().map(SimDuration::as_secs_f64)
    }

    fn made(&self, made: Result<Distribution, DistributionError>) -> Read<Distribution> {
        made.or_else(|error| self.wrong("invalid-value", error.to_string()))
    }
}

fn uniform(value: &Value<'_>) -> Read<Distribution> {
    let fields = value.fields(&["low", "high"])?;
    let (low, high) = (fields.need("low", Value::seconds), fields.need("high", Value::seconds));
    value.made(Distribution::uniform(low?, high?))
}

fn normal(value: &Value<'_>) -> Read<Distribution> {
    let fields = value.fields(&["mean", "sd", "min", "max"])?;
    let (mean, sd) = (fields.need("mean", Value::seconds), fields.need("sd", Value::seconds));
    let (min, max) = (fields.optional("min", Value::seconds), fields.optional("max", Value::seconds));
    value.made(Distribution::truncated_normal(mean?, sd?, min?.unwrap_or(0.0), max?.unwrap_or(f64::INFINITY)))
}

fn log_normal(value: &Value<'_>) -> Read<Distribution> {
    let fields = value.fields(&["median", "sigma"])?;
    let (median, sigma) = (fields.need("median", Value::seconds), fields.need("sigma", Value::number));
    value.made(Distribution::log_normal(median?, sigma?))
}

fn exponential(value: &Value<'_>) -> Read<Distribution> {
    let fields = value.fields(&["mean"])?;
    value.made(Distribution::exponential(fields.need("mean", Value::seconds)?))
}

fn weibull(value: &Value<'_>) -> Read<Distribution> {
    let fields = value.fields(&["scale", "shape"])?;
    let (scale, shape) = (fields.need("scale", Value::seconds), fields.need("shape", Value::number));
    value.made(Distribution::weibull(scale?, shape?))
}

fn empirical(value: &Value<'_>) -> Read<Distribution> {
    let lengths = value.items(Value::seconds)?;
    value.made(Distribution::empirical(&lengths))
}
