//! `scale` and `autoscale`.

use crate::base::{Name, Quantity};
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{ALL, Bare, FILES, SELECTOR, Targets};
use super::{Verb, required};

/// `scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// What to scale.
    pub targets: Targets,
    /// `--replicas`: how many there should be.
    pub replicas: i32,
    /// `--current-replicas`: only if there are so many now.
    pub current_replicas: Option<i32>,
    /// `--resource-version`: only this version of the object.
    pub resource_version: Option<u64>,
    /// `--timeout`: how long to wait for the replicas; `None` = not at all.
    pub timeout: Option<SimDuration>,
}

/// `autoscale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscale {
    /// What to scale.
    pub targets: Targets,
    /// `--name` of the autoscaler; `None` = the name of what it scales.
    pub name: Option<Name>,
    /// `--min`: the fewest replicas; `None` = left to the server.
    pub min: Option<i32>,
    /// `--max`: the most replicas.
    pub max: i32,
    /// `--cpu` or `--cpu-percent`.
    pub cpu: Option<MetricGoal>,
    /// `--memory`.
    pub memory: Option<MetricGoal>,
}

/// What an autoscaler aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricGoal {
    /// Percent of what the pods request.
    Utilization(i32),
    /// So much a pod.
    AverageValue(Quantity),
}

const SCALE: &[Flag] = &[
    Flag::value("replicas"),
    Flag::value("current-replicas"),
    Flag::value("resource-version"),
    Flag::value("timeout"),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, SCALE, SELECTOR, ALL, FILES])?;
    let replicas: i32 = flags.number("replicas")?.ok_or_else(|| required("replicas"))?;
    if replicas < 0 {
        return Err(UsageError::new(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    let scale = Scale {
        replicas,
        targets: Targets::parse(&flags.args, &flags, Bare::Refused)?,
        // kubectl's own default is -1: whatever there is.
        current_replicas: flags.number("current-replicas")?.filter(|replicas| *replicas >= 0),
        resource_version: flags.number("resource-version")?,
        timeout: flags.duration("timeout")?.filter(|timeout| *timeout > SimDuration::ZERO),
    };
    Ok((flags, Verb::Scale(scale)))
}

const AUTOSCALE: &[Flag] = &[
    Flag::value("min"),
    Flag::value("max"),
    Flag::value("cpu-percent"),
    Flag::value("cpu"),
    Flag::value("memory"),
    Flag::value("name"),
];

pub(in crate::kubectl) fn parse_autoscale(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, AUTOSCALE, FILES])?;
    let max: i32 = flags.number("max")?.ok_or_else(|| required("max"))?;
    let min = flags.number::<i32>("min")?.filter(|min| *min > 0);
    if max < 1 {
        return Err(UsageError::new(format!("--max=MAXPODS is required and must be at least 1, max: {max}")));
    }
    if let Some(min) = min.filter(|min| *min > max) {
        return Err(UsageError::new(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
        )));
    }
    let percent = flags.number::<i32>("cpu-percent")?.filter(|percent| *percent > 0);
    let autoscale = Autoscale {
        targets: Targets::parse(&flags.args, &flags, Bare::Refused)?,
        name: flags.text("name").map(Name::from),
        min,
        max,
        cpu: goal(&flags, "cpu")?.or(percent.map(MetricGoal::Utilization)),
        memory: goal(&flags, "memory")?,
    };
    Ok((flags, Verb::Autoscale(autoscale)))
}

/// `80%` or `500m`.
fn goal(flags: &Parsed, flag: &str) -> Result<Option<MetricGoal>, UsageError> {
    let Some(text) = flags.text(flag) else { return Ok(None) };
    let wrong = || {
        UsageError::new(format!("invalid value {text:?} for --{flag}: expected a percentage or a quantity"))
    };
    let goal = match text.strip_suffix('%') {
        Some(percent) => MetricGoal::Utilization(percent.parse().map_err(|_| wrong())?),
        None => MetricGoal::AverageValue(text.parse().map_err(|_| wrong())?),
    };
    Ok(Some(goal))
}
