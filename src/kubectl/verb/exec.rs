//! `exec`.

use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{Flag, Parsed};
use super::super::resource::Target;
use super::Verb;
use super::logs::pod_or_workload;

/// `exec`: a command in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The pod, or a workload whose first pod is meant.
    pub target: Target,
    /// `-c`; `None` = the first one.
    pub container: Option<Name>,
    /// The command and its arguments.
    pub command: Vec<Name>,
}

const EXEC: &[Flag] = &[
    Flag::value("container").short('c'),
    Flag::switch("stdin").short('i').ignored(),
    Flag::switch("tty").short('t').ignored(),
    Flag::switch("quiet").short('q').ignored(),
    Flag::value("pod-running-timeout").ignored(),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[EXEC])?;
    let (before, command) = flags.args.split_at(flags.before_dashes.unwrap_or(flags.args.len()));
    let target = match before {
        [] => return Err(UsageError::new("pod, type/name or --filename must be specified")),
        [_] if command.is_empty() => {
            return Err(UsageError::new("you must specify at least one command for the container"));
        }
        [pod] => pod_or_workload(pod)?,
        _ => {
            return Err(UsageError::arguments(
                "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
            ));
        }
    };
    let exec = Exec {
        target,
        container: flags.text("container").map(Name::from),
        command: command.iter().map(|word| word.as_str().into()).collect(),
    };
    Ok((flags, Verb::Exec(exec)))
}
