//! Mistakes that a reader of manifests would point out, before anything runs: the rules behind `shakedown lint`.
//!
//! ```text
//! cluster   the manifests as rules look at them: workloads with their pods, services, budgets, autoscalers
//! rule      what a rule is: id, severity, what it means, how to mend it, an example that fails and one that passes
//! rules/    the rules, by topic
//! proof     a small scenario that shows by a run what a rule claims
//! finding   a rule that applies somewhere
//! output/   findings as text, JSON and SARIF
//! ```
//!
//! Rules look at what was written, not at a running world. Where a claim is about behaviour, a rule adds a `proof`:
//! a scenario made from the very settings, which is run, and whose records are quoted. No rule guesses: it says
//! nothing where the manifests do not tell.

mod cluster;
mod finding;
pub mod output;
mod proof;
mod rule;
mod rules;

#[cfg(test)]
mod tests;

pub use cluster::Cluster;
pub use finding::{Finding, Report};
pub use proof::Proof;
pub use rule::Rule;
pub use rules::{all, find};

use crate::scenario::Scenario;

/// What a caller wants to have looked at.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Ids or aliases of rules that are left out.
    pub skip: Vec<String>,
    /// Ids or aliases of the only rules that are asked; empty = all.
    pub only: Vec<String>,
    /// Whether claims about behaviour are shown by runs.
    pub prove: bool,
}

/// Asks every rule, and gives the findings in the order of the files.
pub fn lint(scenario: &Scenario, options: &Options) -> Vec<Finding> {
    let cluster = Cluster::new(scenario);
    let mut report = Report::new(options.prove);
    for rule in all() {
        let named = |words: &[String]| words.iter().any(|word| rule.is_called(word));
        if named(&options.skip) || (!options.only.is_empty() && !named(&options.only)) {
            continue;
        }
        report.ask(rule, &cluster);
    }
    report.into_findings(scenario)
}
