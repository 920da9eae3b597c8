//! A rule that applies somewhere, and the list of them.

use std::sync::Arc;

use super::cluster::{Cluster, Site};
use super::proof::Proof;
use super::rule::Rule;
use crate::scenario::Scenario;
use crate::source::{Diagnostic, Label, SourceFile};

/// A rule that applies somewhere.
#[derive(Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// About what, as `Deployment default/web`.
    pub object: String,
    /// What is wrong here.
    pub message: String,
    /// Where it is written.
    pub label: Label,
    /// A run that shows it.
    pub proof: Option<Proof>,
}

impl Finding {
    /// The finding as a problem in a file.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let message = format!("{}: {}", self.object, self.message);
        let mut diagnostic = Diagnostic::new(self.rule.severity, self.rule.id, message);
        diagnostic.labels.push(self.label.clone());
        if let Some(proof) = &self.proof {
            diagnostic.notes.push(format!("shown by a run: {}\n{}", proof.claim, proof.lines.join("\n")));
        }
        diagnostic.help(self.rule.fix)
    }
}

/// Collects findings.
pub struct Report {
    prove: bool,
    rule: Option<&'static Rule>,
    findings: Vec<Finding>,
}

impl Report {
    /// An empty report; `prove` = claims about behaviour are shown by runs.
    pub(super) fn new(prove: bool) -> Self {
        Self { prove, rule: None, findings: Vec::new() }
    }

    /// Asks a rule.
    pub(super) fn ask(&mut self, rule: &'static Rule, cluster: &Cluster<'_>) {
        self.rule = Some(rule);
        (rule.check)(cluster, self);
    }

    /// The rule that is asked applies at this place.
    pub(super) fn add(&mut self, site: Site<'_>, message: impl Into<String>) {
        self.push(site, message.into(), None);
    }

    /// The rule applies, if a run shows it. Where runs are not wanted the claim stands by itself.
    pub(super) fn add_if_shown(
        &mut self,
        site: Site<'_>,
        message: impl Into<String>,
        run: impl FnOnce() -> Option<Proof>,
    ) {
        let proof = if self.prove { run() } else { None };
        if proof.is_some() || !self.prove {
            self.push(site, message.into(), proof);
        }
    }

    fn push(&mut self, site: Site<'_>, message: String, proof: Option<Proof>) {
        let rule = self.rule.expect("a rule adds only while it is asked");
        self.findings.push(Finding { rule, object: site.object(), message, label: site.label(), proof });
    }

    /// The findings by file, line and rule.
    pub(super) fn into_findings(mut self, scenario: &Scenario) -> Vec<Finding> {
        let number = |file: &Arc<SourceFile>| {
            scenario.sources.iter().position(|source| Arc::ptr_eq(source, file)).unwrap_or(usize::MAX)
        };
        self.findings.sort_by_key(|finding| (number(&finding.label.file), finding.label.span.start));
        self.findings
    }
}
