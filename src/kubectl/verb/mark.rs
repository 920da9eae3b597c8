//! `label` and `annotate`: the same verb for two maps.

use crate::api::names::label_value;
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{ALL, ALL_NAMESPACES, Bare, FIELD_SELECTOR, FILES, SELECTOR, Targets};
use super::{Verb, split_changes};

/// `label` or `annotate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which objects.
    pub targets: Targets,
    /// Keys to set (`Some`) or to remove (`None`), in the order given.
    pub changes: Vec<(Name, Option<Name>)>,
    /// `--overwrite`: whether a key that has another value may be set.
    pub overwrite: bool,
    /// `--resource-version`: only this version of the object.
    pub resource_version: Option<u64>,
}

const MARK: &[Flag] = &[Flag::switch("overwrite"), Flag::value("resource-version")];

pub(in crate::kubectl) fn parse_label(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let (flags, mark) = parse(words, "label", label_changes)?;
    Ok((flags, Verb::Label(mark)))
}

pub(in crate::kubectl) fn parse_annotate(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let (flags, mark) = parse(words, "annotation", annotation_changes)?;
    Ok((flags, Verb::Annotate(mark)))
}

type Changes = Vec<(Name, Option<Name>)>;

fn parse(
    words: &[String],
    what: &str,
    changes: fn(&[String]) -> Result<Changes, UsageError>,
) -> Result<(Parsed, Mark), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, MARK, SELECTOR, FIELD_SELECTOR, ALL, ALL_NAMESPACES, FILES])?;
    let is_change =
        |arg: &str| (arg.contains('=') && !arg.starts_with('=')) || (arg.ends_with('-') && arg != "-");
    let (objects, given) = split_changes(&flags.args, what, is_change)?;
    if objects.is_empty() && !flags.has("filename") {
        return Err(UsageError::new(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if given.is_empty() {
        return Err(UsageError::new(format!("at least one {what} update is required")));
    }
    if flags.switch("all")? && flags.has("selector") {
        return Err(UsageError::new("cannot set --all and --selector at the same time"));
    }
    let mark = Mark {
        changes: changes(given)?,
        targets: Targets::parse(objects, &flags, Bare::Refused)?,
        overwrite: flags.switch("overwrite")?,
        resource_version: flags.number("resource-version")?,
    };
    Ok((flags, mark))
}

fn label_changes(given: &[String]) -> Result<Changes, UsageError> {
    let mut changes = Changes::new();
    for text in given {
        if let Some((key, value)) = text.split_once('=') {
            if value.contains('=') {
                return Err(UsageError::new(format!("invalid label spec: {text}")));
            }
            let problems = label_value(value);
            if !problems.is_empty() {
                let problems = problems.join("; ");
                return Err(UsageError::new(format!("invalid label value: {text:?}: {problems}")));
            }
            changes.push((key.into(), Some(value.into())));
        } else {
            changes.push((text.trim_end_matches('-').into(), None));
        }
    }
    if twice(&changes).next().is_some() {
        return Err(UsageError::new("can not both modify and remove a label in the same command"));
    }
    Ok(changes)
}

fn annotation_changes(given: &[String]) -> Result<Changes, UsageError> {
    let change = |text: &String| match text.split_once('=') {
        Some((key, value)) => (key.into(), Some(value.into())),
        None => (text.trim_end_matches('-').into(), None),
    };
    let changes: Changes = given.iter().map(change).collect();
    let both: Vec<&str> = twice(&changes).collect();
    if !both.is_empty() {
        return Err(UsageError::new(format!(
            "can not both modify and remove the following annotation(s) in the same command: {}",
            both.join(",")
        )));
    }
    Ok(changes)
}

/// Keys that are both set and removed.
fn twice(changes: &Changes) -> impl Iterator<Item = &str> {
    let is_removed = |key: &Name| changes.iter().any(|(other, value)| other == key && value.is_none());
    changes.iter().filter(move |(key, value)| value.is_some() && is_removed(key)).map(|(key, _)| key.as_str())
}
