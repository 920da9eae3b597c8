//! From text to scenarios, and to diagnostics.

mod accepted;
mod folders;
mod refused;
mod schema;
mod shown;

use super::{Scenario, from_text};
use crate::source::Diagnostic;

/// The example of the design, which must always be read.
const DESIGN: &str = include_str!("design.yaml");
/// Every field of our own kinds at least once.
const EVERYTHING: &str = include_str!("everything.yaml");

/// A Scenario document with this text as its `spec`.
fn with_spec(spec: &str) -> String {
    let indented: Vec<String> = spec.trim_matches('\n').lines().map(|line| format!("  {line}")).collect();
    let head = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: test}\nspec:\n";
    format!("{head}{}\n", indented.join("\n"))
}

/// Reads a text that is right.
fn read(text: &str) -> Scenario {
    from_text("test.yaml", text).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// The warnings of a text that is right, one a line.
fn warnings(text: &str) -> Vec<String> {
    read(text).warnings.iter().map(Diagnostic::one_line).collect()
}
