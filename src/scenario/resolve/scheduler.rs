//! One scheduler out of what the scenario says and the configuration files beside it.

use crate::scenario::load::Parts;
use crate::scenario::read::SchedulerSpec;
use crate::scenario::scheduler::SchedulerPlan;
use crate::source::{Diagnostic, Diagnostics};

/// The scheduler's set-up, checked.
pub(super) fn settle(
    spec: Option<SchedulerSpec>,
    parts: &Parts,
    problems: &mut Diagnostics,
) -> SchedulerPlan {
    let mut place = spec.as_ref().map(|spec| spec.place.clone());
    let mut own = spec.as_ref().and_then(|spec| spec.configuration.clone());
    let mut plan = spec.map(|spec| spec.plan).unwrap_or_default();
    for (file, at) in &parts.schedulers {
        if let Some(other) = own.replace(at.clone()) {
            let message = "there are two scheduler configurations";
            let help = format!("the other is at {other}; put all profiles into one");
            problems.push(at.label(Diagnostic::error("conflict", message).help(help), ""));
            continue;
        }
        plan.configuration = file.clone();
    }
    place = own.or(place);
    if let Err(error) = plan.options(&parts.objects) {
        let problem = Diagnostic::error("invalid-value", format!("scheduler: {error}"));
        problems.push(place.map_or(problem.clone(), |place| place.label(problem, "")));
    }
    plan
}
