//! Reader of traffic.

use super::{Mentioned, Read, Value, Variant};
use crate::api::Kind;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::model::{Traffic, TrafficRate};

const RATES: &[Variant<TrafficRate>] = &[
    ("constant", |value| value.number().map(TrafficRate::Constant)),
    ("ramp", ramp),
    ("step", steps),
    ("diurnal", diurnal),
    ("poisson", |value| value.positive_number().map(TrafficRate::Poisson)),
];

/// Reads `{service: default/web, rate: {ramp: {from: 10, to: 500, over: 10m}}}`.
pub(super) fn traffic(value: &Value<'_>) -> Read<Traffic> {
    let fields = value.fields(&["service", "rate", "from", "until"])?;
    let service = fields.need("service", |value| {
        let (namespace, name) = value.namespaced_name()?;
        let kind = Kind::Service;
        value.mention(Mentioned::Object { kind, namespace: namespace.clone(), name: name.clone() });
        Ok((namespace, name))
    });
    let rate = fields.need("rate", rate);
    let (from, until) = super::step::bounds(&fields)?;
    let (namespace, service) = service?;
    let from = from.unwrap_or(SimTime::ZERO);
    Ok(Traffic { namespace, service, rate: rate?, from, until, place: value.place() })
}

fn rate(value: &Value<'_>) -> Read<TrafficRate> {
    if value.is_mapping() { value.one_of("rate", RATES) } else { value.number().map(TrafficRate::Constant) }
}

fn ramp(value: &Value<'_>) -> Read<TrafficRate> {
    let fields = value.fields(&["from", "to", "over"])?;
    let (from, to) = (fields.need("from", Value::number), fields.need("to", Value::number));
    let over = fields.need("over", Value::positive_duration);
    Ok(TrafficRate::Ramp { from: from?, to: to?, over: over? })
}

fn steps(value: &Value<'_>) -> Read<TrafficRate> {
    let steps = value.items(|value| {
        let fields = value.fields(&["at", "rate"])?;
        let (at, rate) = (fields.need("at", Value::time_in_run), fields.need("rate", Value::number));
        Ok((at?, rate?))
    })?;
    if steps.is_empty() {
        return value.wrong("invalid-value", "expected at least one step");
    }
    if !steps.is_sorted_by(|(a, _), (b, _)| a < b) {
        return value.wrong("out-of-range", "the times of the steps must increase");
    }
    Ok(TrafficRate::Step(steps))
}

fn diurnal(value: &Value<'_>) -> Read<TrafficRate> {
    let fields = value.fields(&["low", "high", "period"])?;
    let (low, high) = (fields.need("low", Value::number), fields.need("high", Value::number));
    let period = fields.optional("period", Value::positive_duration);
    let (low, high) = (low?, high?);
    if low > high {
        return value.wrong("out-of-range", format!("low {low} is above high {high}"));
    }
    Ok(TrafficRate::Diurnal { low, high, period: period?.unwrap_or(SimDuration::from_secs(86_400)) })
}
