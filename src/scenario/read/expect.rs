//! Reader of an expectation: a condition, and when it must hold.

use super::condition::{condition, whole_condition};
use super::{Read, Value};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::expect::{Expectation, Moment};

/// Reads `{at: 12m, ...}`, `{by: 12m, ...}` or `{always: {...}, from: 2m, until: 10m}`.
pub(super) fn expectation(value: &Value<'_>) -> Read<Expectation> {
    let mut fields = value.open_fields()?;
    let given = fields.given(&["at", "by", "always"]);
    let (condition, moment) = match given[..] {
        ["at"] => (condition(&mut fields, &["at"]), fields.need("at", within_run).map(Moment::At)),
        ["by"] => (condition(&mut fields, &["by"]), fields.need("by", within_run).map(Moment::By)),
        ["always"] => {
            fields.only(&["always", "from", "until"]);
            let (from, until) = (fields.optional("from", within_run), fields.optional("until", Value::time));
            let from = from.map(|from| from.unwrap_or(SimTime::ZERO));
            (fields.need("always", whole_condition), always(value, from?, until?))
        }
        [] => {
            let help = "give `at: 5m`, `by: 5m`, or `always: {...}`";
            return fields.lacks("it does not say when", help);
        }
        _ => return fields.conflict(&given),
    };
    Ok(Expectation { condition: condition?, moment: moment?, place: value.place(), text: value.one_line() })
}

fn always(value: &Value<'_>, from: SimTime, until: Option<SimTime>) -> Read<Moment> {
    if let Some(until) = until
        && from > until
    {
        return value.wrong("out-of-range", format!("from {from} is after until {until}"));
    }
    Ok(Moment::Always { from, until })
}

/// A time at which something is checked: after the end of the run it never would be.
fn within_run(value: &Value<'_>) -> Read<SimTime> {
    let time = value.time()?;
    let duration: Option<SimDuration> = value.context.duration.get();
    match duration {
        Some(duration) if time.since_start() > duration => {
            let message = format!("{time} is after the end of the run at {duration}: it is never checked");
            value.wrong("after-the-end", message)
        }
        _ => Ok(time),
    }
}
