//! `shakedown schedule`: where pods go, without running them.

mod manifests;
mod trace;

use super::ExitStatus;
use super::args::{ClusterTrace, ScheduleArgs};
use super::printer::Printer;
use crate::control::scheduler::policies::Policy;

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
