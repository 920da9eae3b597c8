//! What may be there only once.

use std::collections::BTreeMap;

use crate::scenario::load::Parts;
use crate::scenario::model::{Manifest, NodePlan, Place};
use crate::source::{Diagnostic, Severity};

/// At most one scenario, and no two models or objects of one name.
pub(in crate::scenario) fn check(parts: &Parts) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if let [(first, place), others @ ..] = &parts.specs[..] {
        for (other, again) in others {
            let message = format!("a second Scenario, `{}`: there can be only one", other.name);
            let problem = again.label(Diagnostic::error("two-scenarios", message), "the second");
            problems.push(place.label(problem, &format!("the first is `{}`", first.name)));
        }
    }
    let apps = parts.apps.iter().map(|(app, place)| (format!("AppModel `{}`", app.name), place));
    problems.extend(twice(apps));
    let objects = parts.objects.iter().filter(|manifest| !manifest.object.metadata().name.is_empty());
    let severity = if parts.unrelated { Severity::Warning } else { Severity::Error };
    let objects = twice(objects.map(|manifest| (identity(manifest), &manifest.place)));
    problems.extend(objects.into_iter().map(|problem| Diagnostic { severity, ..problem }));
    problems
}

/// No two machines of one name.
pub(super) fn check_machines(nodes: &[NodePlan]) -> Vec<Diagnostic> {
    let named = |plan: &NodePlan| format!("node `{}`", plan.name());
    twice(nodes.iter().filter_map(|plan| Some((named(plan), plan.place.as_ref()?))))
}

/// Kind, namespace and name, as a message says them.
fn identity(manifest: &Manifest) -> String {
    let metadata = manifest.object.metadata();
    let kind = manifest.kind();
    let name = &metadata.name;
    match &*metadata.namespace {
        "" | "default" => format!("{kind} `{name}`"),
        namespace => format!("{kind} `{name}` in namespace `{namespace}`"),
    }
}

fn twice<'a>(things: impl Iterator<Item = (String, &'a Place)>) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<String, &Place> = BTreeMap::new();
    let mut problems = Vec::new();
    for (thing, place) in things {
        match seen.get(&thing) {
            None => {
                seen.insert(thing, place);
            }
            Some(first) => {
                let problem = Diagnostic::error("duplicate-object", format!("{thing} is defined twice"));
                problems.push(first.label(place.label(problem, "again here"), "first here"));
            }
        }
    }
    problems
}
