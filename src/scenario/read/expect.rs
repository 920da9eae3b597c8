//! Reader of an expectation: a condition, and when it must hold.

use super::condition::{condition, whole_condition};
use super::{Read, Value};
use crate::kernel::SimTime;
use crate::scenario::expect::{Expectation, Moment};

/// Reads `{at: 12m, ...}`, `{by: 12m, ...}` or `{always: {...}, from: 2m, until: 10m}`.
pub(super) fn expectation(value: &Value<'_>) -> Read<Expectation> {
    let fields = value.open_fields()?;
    let given = fields.given(&["at", "by", "always"]);
    let (condition, moment) = match given[..] {
        ["at"] => (condition(&fields, &["at"]), fields.need("at", Value::time_in_run).map(Moment::At)),
        ["by"] => (condition(&fields, &["by"]), fields.need("by", Value::time_in_run).map(Moment::By)),
        ["always"] => {
            fields.only(&["always", "from", "until"])?;
            (fields.need("always", whole_condition), always(value))
        }
        [] => {
            let help = "give `at: 5m`, `by: 5m`, or `always: {...}`";
            return value.wrong_help("missing-field", "it does not say when", help);
        }
        _ => return fields.conflict(&given),
    };
    Ok(Expectation { condition: condition?, moment: moment?, place: value.place(), text: value.one_line() })
}

fn always(value: &Value<'_>) -> Read<Moment> {
    let fields = value.open_fields()?;
    let (from, until) = super::step::bounds(&fields)?;
    Ok(Moment::Always { from: from.unwrap_or(SimTime::ZERO), until })
}
