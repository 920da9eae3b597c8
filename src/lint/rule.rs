//! What a rule is.

use super::cluster::Cluster;
use super::finding::Report;
use crate::source::Severity;

/// Something that can be wrong with manifests.
pub struct Rule {
    /// Its stable name, such as `latest-tag`.
    pub id: &'static str,
    /// What kube-linter and kube-score call the same, as `kube-linter:latest-tag`.
    pub aliases: &'static [&'static str],
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub explanation: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// A manifest that the rule finds.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
    /// Looks for it.
    pub(super) check: fn(&Cluster<'_>, &mut Report),
}

impl Rule {
    /// Whether a word means this rule: its id, or what another tool calls it, with or without the tool's name.
    pub fn is_called(&self, word: &str) -> bool {
        let matches =
            |alias: &&str| *alias == word || alias.split_once(':').is_some_and(|(_, id)| id == word);
        self.id == word || self.aliases.iter().any(matches)
    }
}

/// The two examples of a rule, which stand in files of their own.
macro_rules! examples {
    ($id:literal) => {
        (
            include_str!(concat!("../../../assets/lint/", $id, ".bad.yaml")),
            include_str!(concat!("../../../assets/lint/", $id, ".good.yaml")),
        )
    };
}
pub(super) use examples;
