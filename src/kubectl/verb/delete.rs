//! `delete`.

use crate::api::Propagation;
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{ALL, ALL_NAMESPACES, Bare, FIELD_SELECTOR, FILES, SELECTOR, Targets};
use super::Verb;

/// `delete`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// Which objects.
    pub targets: Targets,
    /// Seconds between signal and kill; `None` = what each pod says. Already as kubectl sends it:
    /// `--grace-period=0` is 1 without `--force`, `--now` is 1, `--force` is 0.
    pub grace_period_seconds: Option<i64>,
    /// `--force`: the object goes at once, whatever its node does.
    pub force: bool,
    /// `--cascade`: what becomes of what the objects own.
    pub cascade: Propagation,
    /// `--cascade=true` or `false`, as written: kubectl warns of it.
    pub deprecated_cascade: Option<String>,
    /// `--ignore-not-found`: what is not there is no failure.
    pub ignore_not_found: bool,
    /// `-o name`: only names are printed.
    pub name_only: bool,
    /// `--wait`: until the objects are gone. On by default.
    pub wait: bool,
    /// `--timeout` of the waiting; `None` = for ever.
    pub timeout: Option<SimDuration>,
}

const DELETE: &[Flag] = &[
    Flag::switch("force"),
    Flag::switch("now"),
    Flag::switch("wait"),
    Flag::value("grace-period"),
    Flag::value("timeout"),
    Flag::optional("cascade", "background"),
    Flag::switch("ignore-not-found"),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags =
        Parsed::parse(words, &[CHANGES, DELETE, SELECTOR, FIELD_SELECTOR, ALL, ALL_NAMESPACES, FILES])?;
    if flags.switch("all")? && flags.text("selector").is_some_and(|text| !text.is_empty()) {
        return Err(UsageError::new("setting 'all' parameter but found a non empty selector. "));
    }
    let name_only = match flags.text("output").unwrap_or_default().as_str() {
        "" => false,
        "name" => true,
        other => {
            let message = format!("unexpected -o output mode: {other}. We only support '-o name'");
            return Err(UsageError::new(message));
        }
    };
    let delete = Delete {
        ignore_not_found: flags.switch("ignore-not-found")?,
        name_only,
        deprecated_cascade: flags.text("cascade").filter(|text| ["true", "false"].contains(&text.as_str())),
        targets: Targets::parse(&flags.args, &flags, Bare::Refused)?,
        grace_period_seconds: grace_period(&flags)?,
        force: flags.switch("force")?,
        cascade: cascade(&flags)?,
        wait: flags.switch_or("wait", true)?,
        timeout: flags.duration("timeout")?.filter(|timeout| *timeout > SimDuration::ZERO),
    };
    Ok((flags, Verb::Delete(delete)))
}

fn grace_period(flags: &Parsed) -> Result<Option<i64>, UsageError> {
    let given = flags.number::<i64>("grace-period")?.filter(|seconds| *seconds >= 0);
    let force = flags.switch("force")?;
    let seconds = match (flags.switch("now")?, given) {
        (true, Some(_)) => {
            return Err(UsageError::new("--now and --grace-period cannot be specified together"));
        }
        (true, None) => Some(1),
        (false, given) => given,
    };
    match (force, seconds) {
        (true, Some(1..)) => {
            Err(UsageError::new("--force and --grace-period greater than 0 cannot be specified together"))
        }
        (true, _) => Ok(Some(0)),
        // A pod deleted with a grace of 0 may still run; without --force kubectl does not go that far.
        (false, Some(0)) => Ok(Some(1)),
        (false, seconds) => Ok(seconds),
    }
}

fn cascade(flags: &Parsed) -> Result<Propagation, UsageError> {
    match flags.text("cascade").as_deref() {
        None | Some("background" | "true") => Ok(Propagation::Background),
        Some("foreground") => Ok(Propagation::Foreground),
        Some("orphan" | "false") => Ok(Propagation::Orphan),
        Some(other) => Err(UsageError::new(format!(
            "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
        ))
        .suggesting(other, ["background", "foreground", "orphan"], "--cascade=")),
    }
}
