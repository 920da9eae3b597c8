//! What the learner is to reach, and whether a scenario reaches it.

use super::library::Lesson;
use crate::scenario::{Scenario, from_text};
use crate::sim::expect::Fate;
use crate::sim::{RunOptions, Simulation};

/// How a scenario did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each part of the goal: how it reads, and what was found instead if it was missed.
    pub parts: Vec<(String, Option<String>)>,
}

impl Outcome {
    /// Whether every part was reached.
    pub fn is_reached(&self) -> bool {
        self.parts.iter().all(|(_, missed)| missed.is_none())
    }
}

/// Runs a learner's scenario against the goal of a lesson. The learner's own expectations do not count.
///
/// # Errors
/// When the goal cannot be read, or the run fails.
pub fn check(lesson: &Lesson, mut scenario: Scenario) -> Result<Outcome, String> {
    let goal = lesson.main_text().goal.as_str();
    if goal.is_empty() {
        return Err(format!("lesson `{}` has no exercise that can be checked", lesson.name));
    }
    let lines: String = goal.lines().flat_map(|line| ["  ", line, "\n"]).collect();
    // The learner may choose another duration: what lies beyond it is simply not reached.
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: goal}}\nspec:\n  duration: 1000h\n  expect:\n{lines}"
    );
    let goal = from_text("goal", &text).map_err(|problems| problems.render(false))?;
    scenario.expectations = goal.expectations;
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let end = simulation.world.end;
    simulation.run_until(end, &mut |_| {}).map_err(|error| error.to_string())?;
    let verdict = simulation.finish(&mut |_| {});
    let parts = verdict.expectations.into_iter().map(|checked| {
        let missed = match &checked.fate {
            _ if checked.held() => None,
            Fate::Missed(at, why) => Some(format!("at {at}: {why}")),
            _ => Some("it was never so".to_owned()),
        };
        (checked.text, missed)
    });
    Ok(Outcome { parts: parts.collect() })
}

/// The lesson's scenario with its solution put in.
///
/// # Errors
/// When a line of the solution is not in the scenario, or the result cannot be read.
pub fn solved(lesson: &Lesson) -> Result<Scenario, String> {
    lesson.changed(&lesson.main_text().solution)?.scenario().map_err(|problems| problems.render(false))
}
