//! `shakedown schedule`: where pods go, without running them.

mod manifests;
mod trace;

use std::fmt::Write as _;

use super::ExitStatus;
use super::args::{ClusterTrace, ScheduleArgs};
use super::printer::Printer;
use crate::control::scheduler::policies::Policy;
use crate::control::scheduling::{Explain, Explained};

/// `shakedown schedule`.
pub(super) fn schedule(args: &ScheduleArgs, printer: &mut Printer) -> ExitStatus {
    let done = match args.trace {
        Some(ClusterTrace::Openb) => trace::openb(args, printer),
        None => manifests::manifests(args, printer),
    };
    done.unwrap_or_else(|problem| {
        printer.error(&problem);
        ExitStatus::Error
    })
}

/// The policies that were named.
fn policies(args: &ScheduleArgs) -> Result<Vec<Policy>, String> {
    args.policy.iter().map(|name| name.parse().map_err(|problem| format!("--policy: {problem}"))).collect()
}

/// The decisions about one pod.
pub(super) fn explain_pod(namespace: &str, name: &str) -> Explain {
    Explain::Pod(namespace.into(), name.into())
}

/// A decision: what it was about, and the table of nodes and plugins with at most so many rows of a kind.
pub(super) fn decision(explained: &Explained, most: usize) -> String {
    let mut text = format!("{}/{} at {}: ", explained.namespace, explained.name, explained.at);
    let _ = writeln!(text, "{}", outcome(explained));
    text += &table(explained, most);
    text
}

/// `worker-2, one of 3 equally good nodes`.
pub(super) fn outcome(explained: &Explained) -> String {
    let explanation = &explained.explanation;
    let equals = explanation.ties.len();
    match &explanation.chosen {
        Some(node) if explanation.via_nominated_node => {
            format!("{node}, which had been promised to the pod when others were preempted for it")
        }
        Some(node) if equals > 1 => format!("{node}, one of {equals} equally good nodes"),
        Some(node) if explanation.feasible.len() == 1 => format!("{node}, the only node that passed"),
        Some(node) => node.to_string(),
        None => "no node".to_owned(),
    }
}

/// The table of nodes and plugins, and the message of a pod without a node.
pub(super) fn table(explained: &Explained, most: usize) -> String {
    let mut text = explained.explanation.table(most);
    if let Some(failure) = &explained.failure {
        let _ = writeln!(text, "  {failure}");
    }
    text
}
