//! Reader of a step: something that happens, and when.

use super::condition::whole_condition;
use super::fault::{self, Timed};
use super::{Fields, Read, Value};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::manifest;
use crate::scenario::step::{Action, Step, When};
use crate::source::quoted;

const WHEN: &[&str] = &["at", "every", "mtbf", "when"];
const ACTIONS: &[&str] = &["kubectl", "apply", "staticPod", "fault"];
const FIELDS: &[&str] = &[
    "at",
    "every",
    "mtbf",
    "mttr",
    "when",
    "from",
    "until",
    "kubectl",
    "apply",
    "staticPod",
    "fault",
    "for",
];

/// Reads `{at: 5m, fault: {...}}` and its like.
pub(super) fn step(value: &Value<'_>) -> Read<Step> {
    let fields = value.fields(FIELDS)?;
    let when = when(&fields);
    let action = action(&fields);
    let (when, action) = (when?, action?);
    if let (When::Rate { mttr, .. }, Action::Fault { fault, lasts }) = (&when, &action) {
        if mttr.is_some() && (lasts.is_some() || fault.is_instant()) {
            return value.wrong("conflict", "`mttr` says how long each fault lasts, but so does the fault");
        }
    } else if fields.has("mtbf") {
        return value.wrong("conflict", "`mtbf` is for faults");
    }
    Ok(Step { when, action, place: value.place(), text: value.one_line() })
}

fn when(fields: &Fields<'_>) -> Read<When> {
    let whole = fields.whole();
    let given = fields.given(WHEN);
    if given != ["mtbf"] && fields.has("mttr") {
        return whole.wrong("conflict", "`mttr` goes with `mtbf`");
    }
    match given[..] {
        ["at"] => {
            if let [name, ..] = fields.given(&["from", "until"])[..] {
                return whole.wrong("conflict", format!("a step `at` a time has no `{name}`"));
            }
            fields.need("at", Value::time_in_run).map(When::At)
        }
        ["every"] => {
            let (period, bounds) = (fields.need("every", Value::positive_duration), bounds(fields));
            let (period, (from, until)) = (period?, bounds?);
            let first = SimTime::ZERO + period;
            if let (None, Some(every)) = (from, fields.get("every")) {
                every.warn_after_end(first);
            }
            Ok(When::Every { period, from: from.unwrap_or(first), until })
        }
        ["mtbf"] => {
            let mtbf = fields.need("mtbf", Value::positive_distribution);
            let mttr = fields.optional("mttr", Value::positive_distribution);
            let (from, until) = bounds(fields)?;
            Ok(When::Rate { mtbf: mtbf?, mttr: mttr?, from: from.unwrap_or(SimTime::ZERO), until })
        }
        ["when"] => {
            let (condition, bounds) = (fields.need("when", whole_condition), bounds(fields));
            let (condition, (from, until)) = (Box::new(condition?), bounds?);
            Ok(When::Condition { condition, from: from.unwrap_or(SimTime::ZERO), until })
        }
        [] => fields.lacks("it does not say when", "give `at`, `every`, `mtbf` or `when`"),
        _ => fields.conflict(&given),
    }
}

/// `from` and `until`.
pub(super) fn bounds(fields: &Fields<'_>) -> Read<(Option<SimTime>, Option<SimTime>)> {
    let from = fields.optional("from", Value::time_in_run);
    let until = fields.optional("until", Value::time);
    match (from?, until?) {
        (Some(from), Some(until)) if from > until => {
            fields.whole().wrong("out-of-range", format!("from {from} is after until {until}"))
        }
        bounds => Ok(bounds),
    }
}

fn action(fields: &Fields<'_>) -> Read<Action> {
    let whole = fields.whole();
    let given = fields.given(ACTIONS);
    if given != ["fault"] && fields.has("for") {
        return whole.wrong("conflict", "`for` says how long a fault lasts: there is none");
    }
    match given[..] {
        ["kubectl"] => fields.need("kubectl", kubectl_line).map(Action::Kubectl),
        ["apply"] => fields.need("apply", manifest::inline).map(Action::Apply),
        ["staticPod"] => fields.need("staticPod", super::static_pod::step),
        ["fault"] => {
            let timed = fields.need("fault", fault::fault)?;
            let Timed { fault, lasts } = match fields.get("for") {
                Some(length) => timed.lasting(&length)?,
                None => timed,
            };
            Ok(Action::Fault { fault, lasts })
        }
        [] => fields.lacks("it does not say what happens", "give `kubectl`, `apply`, `staticPod` or `fault`"),
        _ => {
            let message = format!("`{}` are several steps: write each as an entry", given.join("`, `"));
            whole.wrong("conflict", message)
        }
    }
}

/// A command as typed after `kubectl`; the word itself may stand before it.
pub(super) fn kubectl_line(value: &Value<'_>) -> Read<String> {
    let text = value.some_text()?;
    let line = text.trim();
    let line = line.strip_prefix("kubectl ").unwrap_or(line).trim();
    match (value.context.check_line)(line) {
        Ok(()) => Ok(line.to_owned()),
        Err(problem) => {
            let message = format!("{}: {}", quoted(line), problem.message);
            match problem.suggestion {
                Some(help) => value.wrong_help("kubectl", message, help),
                None => value.wrong("kubectl", message),
            }
        }
    }
}

impl Value<'_> {
    /// A time that should lie within the run; one that does not is never reached, which deserves a warning.
    pub(super) fn time_in_run(&self) -> Read<SimTime> {
        let time = self.time()?;
        self.warn_after_end(time);
        Ok(time)
    }

    fn warn_after_end(&self, time: SimTime) {
        let duration: Option<SimDuration> = self.context.duration.get();
        if let Some(duration) = duration
            && time.since_start() > duration
        {
            self.warn("after-the-end", format!("{time} is after the end of the run at {duration}"));
        }
    }
}
