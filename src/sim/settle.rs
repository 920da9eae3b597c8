//! A cluster that is left alone until every pod has been decided on: where would they go?

use super::run::{RunError, RunOptions, Simulation};
use crate::api::Kind;
use crate::api::Object;
use crate::api::pod::Pod;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::Scenario;

/// A cluster in which nothing new is decided for so long is settled.
const QUIET: SimDuration = SimDuration::from_secs(3);
/// Between two looks.
const STEP: SimDuration = SimDuration::from_millis(500);
/// A cluster that is not settled by then never will be.
const PATIENCE: SimDuration = SimDuration::from_secs(24 * 3600);

/// How many pods there are, have a node, and have been turned down.
type Counts = (usize, usize, usize);

/// Runs the manifests of a scenario, without its steps, traffic and programs, until every pod has been decided on.
///
/// # Errors
/// When time stands still.
pub fn settle(scenario: &Scenario, options: &RunOptions) -> Result<Simulation, RunError> {
    let mut scenario = scenario.clone();
    scenario.steps.clear();
    scenario.traffic.sources.clear();
    scenario.expectations.clear();
    scenario.apps.clear();
    let until = SimTime::ZERO + PATIENCE;
    let options = RunOptions { until: Some(until), ..options.clone() };
    let mut simulation = Simulation::new(&scenario, &options);
    let (mut at, mut since, mut seen) = (SimTime::ZERO, SimTime::ZERO, None);
    while at < until {
        at += STEP;
        simulation.run_until(at, &mut |_| {})?;
        let counts = counts(&simulation);
        let undecided = counts.0 > counts.1 + counts.2;
        if seen != Some(counts) || undecided {
            (seen, since) = (Some(counts), at);
        } else if at - since >= QUIET {
            break;
        }
    }
    Ok(simulation)
}

fn counts(simulation: &Simulation) -> Counts {
    let mut counts = (0, 0, 0);
    for (_, object) in simulation.world.api.objects().of(Kind::Pod).iter() {
        let Object::Pod(pod) = object else { continue };
        counts.0 += 1;
        counts.1 += usize::from(pod.node_name.is_some());
        counts.2 += usize::from(turned_down(pod).is_some());
    }
    counts
}

/// Why a pod has no node, if the scheduler has said so.
pub fn turned_down(pod: &Pod) -> Option<&str> {
    let said = pod.status.conditions.iter().find(|condition| condition.kind == "PodScheduled")?;
    let is_no = said.status == crate::api::core::ConditionStatus::False && pod.node_name.is_none();
    is_no.then(|| said.message.as_ref().map_or("", |message| message.as_str()))
}
