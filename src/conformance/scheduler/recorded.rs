//! What was recorded of a case.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An expected file.
#[derive(Debug, Deserialize)]
pub(super) struct Recording {
    pub(super) detail: Detail,
    /// All nodes, sorted.
    pub(super) nodes: Vec<String>,
    pub(super) pods: Vec<Step>,
}

/// How much was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Detail {
    /// Each node by itself.
    Full,
    /// Sums only.
    Summary,
}

/// One attempt to schedule one pod. What is empty was not recorded or is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Step {
    pub(super) pod: String,
    pub(super) outcome: String,
    pub(super) node: String,
    pub(super) feasible: Option<usize>,
    pub(super) ties: Ties,
    pub(super) top_score: Option<i64>,
    pub(super) totals_digest: Option<String>,
    pub(super) score_plugins: Vec<String>,
    pub(super) scores: BTreeMap<String, Vec<i64>>,
    pub(super) totals: BTreeMap<String, i64>,
    pub(super) filtered: Vec<Filtered>,
    pub(super) pre_filter: Option<Filtered>,
    pub(super) message: String,
    pub(super) post_filter_error: bool,
    pub(super) preemption: Option<Preemption>,
    pub(super) via_nominated_node: bool,
}

/// Nodes refused alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub(super) struct Filtered {
    pub(super) plugin: String,
    pub(super) code: String,
    pub(super) reasons: Vec<String>,
    pub(super) nodes: Option<Vec<String>>,
}

/// Names, or ranges of places in the list of nodes such as `0-3,7`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Ties {
    Names(Vec<String>),
    Ranges(String),
}

impl Default for Ties {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl Ties {
    /// The same as names, sorted.
    pub(super) fn resolve(&mut self, nodes: &[String]) -> Result<(), String> {
        let Self::Ranges(text) = self else { return Ok(()) };
        let mut names = Vec::new();
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let place =
                |text: &str| text.parse::<usize>().map_err(|error| format!("ties `{range}`: {error}"));
            let some = nodes.get(place(first)?..=place(last)?);
            names.extend_from_slice(some.ok_or_else(|| format!("ties `{range}` are not nodes"))?);
        }
        *self = Self::Names(names);
        Ok(())
    }
}

/// What was preempted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Preemption {
    pub(super) nominated_node: String,
    pub(super) victims: Vec<String>,
    pub(super) ties: Ties,
    pub(super) candidates: Vec<Candidate>,
}

/// A node where it would have worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate {
    pub(super) node: String,
    pub(super) victims: Vec<String>,
    pub(super) pdb_violations: u32,
}
