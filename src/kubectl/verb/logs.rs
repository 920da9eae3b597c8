//! `logs`.

use crate::api::{Kind, Timestamp};
use crate::base::Name;
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{Flag, Parsed};
use super::super::resource::{SELECTOR, Target, target};
use super::Verb;

/// `logs`: what containers wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Logs {
    /// Whose.
    pub of: LogsOf,
    /// `-c`; `None` = the first one.
    pub container: Option<Name>,
    /// `--all-containers`.
    pub all_containers: bool,
    /// `-p`: of the instance before this one.
    pub previous: bool,
    /// `-f`: go on as more comes.
    pub follow: bool,
    /// `--timestamps`: with the time of each line.
    pub timestamps: bool,
    /// `--prefix`: with pod and container of each line.
    pub prefix: bool,
    /// `--tail`: only so many lines; `None` = all, or 10 with a selector.
    pub tail: Option<u64>,
    /// `--since`: not older than this.
    pub since: Option<SimDuration>,
    /// `--since-time`: not before this.
    pub since_time: Option<Timestamp>,
    /// `--limit-bytes`.
    pub limit_bytes: Option<u64>,
}

/// Whose logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogsOf {
    /// A pod, or a pod of a workload.
    One(Target),
    /// The pods with these labels.
    Labelled(String),
}

const LOGS: &[Flag] = &[
    Flag::value("container").short('c'),
    Flag::switch("all-containers"),
    Flag::switch("previous").short('p'),
    Flag::switch("follow").short('f'),
    Flag::switch("timestamps"),
    Flag::switch("prefix"),
    Flag::value("tail"),
    Flag::value("since"),
    Flag::value("since-time"),
    Flag::value("limit-bytes"),
    Flag::value("max-log-requests").ignored(),
    Flag::switch("ignore-errors").ignored(),
    Flag::value("pod-running-timeout").ignored(),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[LOGS, SELECTOR])?;
    let (of, inline) = of(&flags)?;
    if inline.is_some() && flags.has("container") {
        return Err(UsageError::new("only one of -c or an inline [CONTAINER] arg is allowed"));
    }
    let container = flags.text("container").map(Name::from).or(inline);
    let all_containers = flags.switch("all-containers")?;
    if let Some(container) = container.as_ref().filter(|_| all_containers) {
        return Err(UsageError::new(format!(
            "--all-containers=true should not be specified with container name {container}"
        )));
    }
    let logs = Logs {
        of,
        container,
        all_containers,
        previous: flags.switch("previous")?,
        follow: flags.switch("follow")?,
        timestamps: flags.switch("timestamps")?,
        prefix: flags.switch("prefix")?,
        tail: tail(&flags)?,
        since: since(&flags)?,
        since_time: since_time(&flags)?,
        limit_bytes: limit_bytes(&flags)?,
    };
    if logs.since.is_some() && logs.since_time.is_some() {
        return Err(UsageError::new("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    Ok((flags, Verb::Logs(logs)))
}

/// Whose logs, and the container if it was named after the pod.
fn of(flags: &Parsed) -> Result<(LogsOf, Option<Name>), UsageError> {
    let selector = flags.text("selector").filter(|text| !text.is_empty());
    match (selector, &flags.args[..]) {
        (Some(selector), []) => Ok((LogsOf::Labelled(selector), None)),
        (Some(_), _) => Err(UsageError::arguments("only a selector (-l) or a POD name is allowed")),
        (None, [pod]) => Ok((LogsOf::One(pod_or_workload(pod)?), None)),
        (None, [pod, container]) => Ok((LogsOf::One(pod_or_workload(pod)?), Some(container.as_str().into()))),
        (None, _) => Err(UsageError::arguments(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n\
             POD or TYPE/NAME is a required argument for the logs command",
        )),
    }
}

/// `web-1` or `deploy/web`.
pub(super) fn pod_or_workload(text: &str) -> Result<Target, UsageError> {
    if text.contains('/') { target(text) } else { Ok(Target { kind: Kind::Pod, name: text.into() }) }
}

fn tail(flags: &Parsed) -> Result<Option<u64>, UsageError> {
    match flags.number::<i64>("tail")? {
        Some(..-1) => Err(UsageError::new("--tail must be greater than or equal to -1")),
        lines => Ok(lines.and_then(|lines| u64::try_from(lines).ok())),
    }
}

fn since(flags: &Parsed) -> Result<Option<SimDuration>, UsageError> {
    // Zero stands for a negative length here: both are refused unless it is exactly 0, which means "not given".
    let negative = flags.text("since").is_some_and(|text| text.starts_with('-'));
    let since = flags.duration_or("since", Some(SimDuration::ZERO))?;
    if negative {
        return Err(UsageError::new("--since must be greater than 0"));
    }
    Ok(since.filter(|since| *since > SimDuration::ZERO))
}

fn since_time(flags: &Parsed) -> Result<Option<Timestamp>, UsageError> {
    let Some(text) = flags.text("since-time").filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = |_| {
        UsageError::new(format!("{text:?} is not a time: expected RFC 3339 such as 2025-01-01T09:00:00Z"))
    };
    text.parse().map(Some).map_err(wrong)
}

fn limit_bytes(flags: &Parsed) -> Result<Option<u64>, UsageError> {
    match flags.number::<i64>("limit-bytes")? {
        Some(..0) => Err(UsageError::new("--limit-bytes must be greater than 0")),
        bytes => Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0)),
    }
}
