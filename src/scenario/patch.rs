//! What joins a run on its way: the change of a fork.

use std::sync::Arc;

use super::expect::Expectation;
use super::load::{LineCheck, Parts, read_parts};
use super::model::Scenario;
use super::resolve::{names, owned, unique};
use super::step::{Action, Step, When};
use crate::api::object::Kind;
use crate::kernel::SimTime;
use crate::source::{Diagnostic, Diagnostics, SourceFile};
use crate::workload::AppModel;

/// Steps, expectations and programs that are added to a scenario.
#[derive(Clone, Debug)]
pub struct Patch {
    /// What happens, by time; manifests are applied at the time of the fork.
    pub steps: Vec<Step>,
    /// What must come true.
    pub expectations: Vec<Expectation>,
    /// Programs of containers that start from now on; they go before those of the scenario.
    pub apps: Vec<AppModel>,
    /// What the user should know.
    pub warnings: Diagnostics,
}

/// Fields of a `Scenario` that can still be said when a run is under way.
const STILL_OPEN: &[&str] = &["description", "steps", "expect"];

/// Reads the change of a fork at `at`: manifests, `AppModel`s, and at most one `Scenario` with `steps` and `expect`.
///
/// # Errors
/// With every problem found, warnings too.
pub fn patch(
    base: &Scenario,
    at: SimTime,
    files: &[Arc<SourceFile>],
    check_line: LineCheck<'_>,
) -> Result<Patch, Diagnostics> {
    let known = Parts { duration: Some(base.duration), ..Parts::default() };
    let (mut parts, mut problems) = read_parts(files, Diagnostics::new(), check_line, known);
    problems.extend(unique::check(&parts));
    problems.extend(owned::settle(&mut parts.objects));
    let Parts { specs, apps, objects, mentions, .. } = parts;
    let (mut steps, mut expectations) = (Vec::new(), Vec::new());
    if let Some((spec, place)) = specs.into_iter().next() {
        for field in spec.given.iter().filter(|field| !STILL_OPEN.contains(field)) {
            let message = format!("`{field}` cannot change on the way: it holds from the beginning of a run");
            let problem = place.label(Diagnostic::error("conflict", message), "");
            problems.push(problem.help("a fork may add `steps` and `expect`, manifests and AppModels"));
        }
        (steps, expectations) = (spec.steps, spec.expectations);
    }
    for step in steps.iter().filter(|step| step.when.earliest() < at && !may_wait(&step.when)) {
        let message = format!("{} is before the fork at {at}", step.when.earliest());
        problems.push(step.place.label(Diagnostic::error("out-of-range", message), ""));
    }
    if let Some(node) = objects.iter().find(|manifest| manifest.object.kind() == Kind::Node) {
        let problem = Diagnostic::error("conflict", "a machine cannot join by a fork");
        problems.push(node.place.label(problem, ""));
    }
    if let Some(first) = objects.first() {
        let place = first.place.clone();
        let action = Action::Apply(objects);
        let text = format!("{{at: {at}, apply: ...}}");
        steps.push(Step { when: When::At(at), action, place, text });
    }
    steps.sort_by_key(|step| step.when.earliest());
    let known: Vec<Step> = base.steps.iter().chain(&steps).cloned().collect();
    let world = names::World::new(Some(&base.nodes), &base.objects, &known);
    problems.extend(world.check(&mentions, problems.has_errors()));
    if problems.has_errors() {
        return Err(problems);
    }
    let apps = apps.into_iter().map(|(app, _)| app).collect();
    Ok(Patch { steps, expectations, apps, warnings: problems })
}

/// Whether the time of a step is only the earliest one.
fn may_wait(when: &When) -> bool {
    matches!(when, When::Condition { .. })
}

impl Scenario {
    /// This scenario with more in it from the beginning.
    #[must_use]
    pub fn with(&self, patch: &Patch) -> Self {
        let mut whole = self.clone();
        whole.steps.extend(patch.steps.iter().cloned());
        whole.steps.sort_by_key(|step| step.when.earliest());
        whole.expectations.extend(patch.expectations.iter().cloned());
        whole.apps.splice(0..0, patch.apps.iter().cloned());
        whole
    }
}
