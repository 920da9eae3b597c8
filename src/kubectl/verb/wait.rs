//! `wait`.

use crate::base::Name;
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::output::JsonPath;
use super::super::resource::{ALL, ALL_NAMESPACES, Bare, FIELD_SELECTOR, FILES, SELECTOR, Targets};
use super::Verb;

/// `wait`.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// For which objects: all of them must get there.
    pub targets: Targets,
    /// `--for`.
    pub what: WaitFor,
    /// `--timeout`: for all of them together; 30 s unless given, a week if negative, zero = look once.
    pub timeout: SimDuration,
}

/// What to wait for.
#[derive(Clone, Debug, PartialEq)]
pub enum WaitFor {
    /// `delete`: until the object is gone.
    Delete,
    /// `create`: until there is such an object.
    Create,
    /// `condition=NAME[=STATUS]`, upper and lower case alike.
    Condition {
        /// The type of the condition.
        name: Name,
        /// The status it must have, `true` unless given.
        status: Name,
    },
    /// `jsonpath=PATH[=VALUE]`: until the path has the value, or any.
    JsonPath {
        /// The path.
        path: JsonPath,
        /// The value.
        value: Option<String>,
    },
}

const DEFAULT_TIMEOUT: SimDuration = SimDuration::from_secs(30);
const A_WEEK: SimDuration = SimDuration::from_secs(7 * 24 * 3_600);

const WAIT: &[Flag] = &[Flag::value("for"), Flag::value("timeout"), Flag::switch("local").ignored()];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, WAIT, SELECTOR, FIELD_SELECTOR, ALL, ALL_NAMESPACES, FILES])?;
    let what = what(&flags.text("for").unwrap_or_default())?;
    let wait = Wait {
        targets: Targets::parse(&flags.args, &flags, Bare::Refused)?,
        what,
        timeout: flags.duration_or("timeout", Some(A_WEEK))?.unwrap_or(DEFAULT_TIMEOUT),
    };
    Ok((flags, Verb::Wait(wait)))
}

fn what(text: &str) -> Result<WaitFor, UsageError> {
    if text.eq_ignore_ascii_case("delete") {
        return Ok(WaitFor::Delete);
    }
    if text.eq_ignore_ascii_case("create") {
        return Ok(WaitFor::Create);
    }
    if let Some(condition) = text.strip_prefix("condition=") {
        let (name, status) = condition.split_once('=').unwrap_or((condition, "true"));
        return Ok(WaitFor::Condition { name: name.into(), status: status.into() });
    }
    if let Some(jsonpath) = text.strip_prefix("jsonpath=") {
        return jsonpath_condition(jsonpath);
    }
    Err(UsageError::new(format!("unrecognized condition: {text:?}")))
}

/// `{.status.phase}=Running`, or without a value.
fn jsonpath_condition(text: &str) -> Result<WaitFor, UsageError> {
    // An equals sign inside a filter is not the one before the value.
    let split = match text.rfind('}') {
        Some(brace) => text[brace + 1..].strip_prefix('=').map(|value| (&text[..=brace], value)),
        None => text.split_once('='),
    };
    let (path, value) = match split {
        Some((path, value)) => (path, Some(value)),
        None => (text, None),
    };
    if path.is_empty() {
        return Err(UsageError::new("jsonpath expression cannot be empty"));
    }
    let value = value.map(|value| value.trim_matches(['\'', '"']));
    if value == Some("") {
        return Err(UsageError::new(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
        ));
    }
    let path = JsonPath::parse_relaxed(path).map_err(|error| UsageError::new(error.to_string()))?;
    Ok(WaitFor::JsonPath { path, value: value.map(str::to_owned) })
}
