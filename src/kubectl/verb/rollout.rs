//! `rollout`.

use crate::api::Kind;
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::parse::split_subcommand;
use super::super::resource::{Bare, FILES, SELECTOR, Targets, name_with_group, plural_with_group};
use super::Verb;

/// `rollout`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Which workloads.
    pub targets: Targets,
    /// What to do with their rollout.
    pub action: RolloutAction,
}

/// What to do with a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutAction {
    /// Tell how far it is.
    Status {
        /// `--watch`: until it is done; on by default.
        watch: bool,
        /// `--revision`: only this one.
        revision: Option<i64>,
        /// `--timeout`; `None` = for ever.
        timeout: Option<SimDuration>,
    },
    /// List the revisions.
    History {
        /// `--revision`: show this one.
        revision: Option<i64>,
    },
    /// Go back.
    Undo {
        /// `--to-revision`; `None` = to the one before.
        to_revision: Option<i64>,
    },
    /// Replace all pods.
    Restart,
    /// Stop.
    Pause,
    /// Go on.
    Resume,
}

const STATUS: &[Flag] = &[Flag::switch("watch").short('w'), Flag::value("revision"), Flag::value("timeout")];
const HISTORY: &[Flag] = &[Flag::value("revision")];
const UNDO: &[Flag] = &[Flag::value("to-revision")];
const PLAIN: &[Flag] = &[];

/// The actions, with their flags.
const ACTIONS: &[(&str, &[Flag])] = &[
    ("history", HISTORY),
    ("pause", PLAIN),
    ("restart", PLAIN),
    ("resume", PLAIN),
    ("status", STATUS),
    ("undo", UNDO),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let names = ACTIONS.iter().map(|(name, _)| *name);
    let Some((word, rest)) = split_subcommand(words) else {
        let names: Vec<&str> = names.collect();
        return Err(UsageError::new(format!("rollout needs one of {}", names.join(", "))));
    };
    let Some((name, own)) = ACTIONS.iter().find(|(name, _)| *name == word) else {
        return Err(
            UsageError::arguments(format!("unknown command {word:?}")).suggesting(&word, names, "rollout ")
        );
    };
    let flags = Parsed::parse(&rest, &[CHANGES, own, SELECTOR, FILES])?;
    let action = action(name, &flags)?;
    if flags.args.is_empty() && !flags.has("filename") {
        return Err(UsageError::new("required resource not specified"));
    }
    let targets = Targets::parse(&flags.args, &flags, Bare::Everything)?;
    check(action, &targets)?;
    Ok((flags, Verb::Rollout(Rollout { targets, action })))
}

fn action(name: &str, flags: &Parsed) -> Result<RolloutAction, UsageError> {
    let revision = |flag: &str| flags.number::<i64>(flag).map(|number| number.filter(|number| *number != 0));
    Ok(match name {
        "history" => RolloutAction::History { revision: positive(revision("revision")?)? },
        "undo" => RolloutAction::Undo { to_revision: revision("to-revision")? },
        "status" => RolloutAction::Status {
            watch: flags.switch_or("watch", true)?,
            revision: positive(revision("revision")?)?,
            timeout: flags.duration("timeout")?.filter(|timeout| *timeout > SimDuration::ZERO),
        },
        "restart" => RolloutAction::Restart,
        "pause" => RolloutAction::Pause,
        _ => RolloutAction::Resume,
    })
}

fn positive(revision: Option<i64>) -> Result<Option<i64>, UsageError> {
    match revision.filter(|revision| *revision < 0) {
        Some(wrong) => Err(UsageError::new(format!("revision must be a positive integer: {wrong}"))),
        None => Ok(revision),
    }
}

/// Refuses kinds that have no rollout, or not this part of one.
fn check(action: RolloutAction, targets: &Targets) -> Result<(), UsageError> {
    let rolls = |kind: Kind| matches!(kind, Kind::Deployment | Kind::DaemonSet | Kind::StatefulSet);
    for kind in targets.kinds() {
        let what = match targets {
            Targets::Named(all) => all.iter().find(|target| target.kind == kind),
            _ => None,
        };
        let object = what.map(|target| format!(" {:?}", target.name)).unwrap_or_default();
        let message = match action {
            RolloutAction::Status { .. } if !rolls(kind) => {
                format!("no status viewer has been implemented for {}", name_with_group(kind))
            }
            RolloutAction::History { .. } if !rolls(kind) => {
                format!("no history viewer has been implemented for {:?}", name_with_group(kind))
            }
            RolloutAction::Undo { .. } if !rolls(kind) => {
                format!("no rollbacker has been implemented for {:?}", name_with_group(kind))
            }
            RolloutAction::Restart if !rolls(kind) => {
                format!("{}{object} restarting is not supported", plural_with_group(kind))
            }
            RolloutAction::Pause if kind != Kind::Deployment => {
                format!("{}{object} pausing is not supported", plural_with_group(kind))
            }
            RolloutAction::Resume if kind != Kind::Deployment => {
                format!("{}{object} resuming is not supported", plural_with_group(kind))
            }
            _ => continue,
        };
        return Err(UsageError::new(message));
    }
    Ok(())
}
