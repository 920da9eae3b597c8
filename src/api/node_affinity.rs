//! Node selectors: terms joined by OR, requirements of a term joined by AND.
//!
//! Follows `k8s.io/component-helpers/scheduling/corev1/nodeaffinity` v0.34. An empty term selects nothing; a term with
//! an invalid requirement selects nothing but does not spoil the others. `Gt` and `Lt` compare whole numbers and do not
//! match a label that is not one.

use std::sync::Arc;

use super::core::{SelectorOperator, SelectorRequirement};
use super::meta::Labels;
use super::pod::{NodeSelector, NodeSelectorTerm};
use super::selector::{Requirement, SelectorError};
use crate::base::Name;

/// A compiled [`NodeSelector`] or [`NodeSelectorTerm`]. Cheap to clone; matching allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeMatcher {
    terms: Arc<[Term]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

/// `matchFields` knows only equality with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    key: Name,
    negated: bool,
    value: Name,
}

impl NodeMatcher {
    /// Whether a node of this name with these labels is selected.
    pub fn matches(&self, labels: &Labels, node_name: &str) -> bool {
        self.terms.iter().any(|term| term.matches(labels, node_name))
    }

    /// The names of the only nodes that can be selected, when every term says `metadata.name in (..)`; the scheduler
    /// then looks at no other node. Empty when terms contradict themselves.
    pub fn only_names(&self) -> Option<Vec<&Name>> {
        let mut names: Vec<&Name> = Vec::new();
        for term in self.terms.iter() {
            let mut wanted =
                term.fields.iter().filter(|field| field.key == "metadata.name" && !field.negated);
            let first = wanted.next()?;
            if wanted.all(|other| other.value == first.value) {
                names.push(&first.value);
            }
        }
        names.sort();
        names.dedup();
        (!self.terms.is_empty()).then_some(names)
    }
}

impl Term {
    /// `None` for a term that selects nothing because it is empty.
    fn compile(term: &NodeSelectorTerm, path: &str) -> Option<Result<Self, Vec<String>>> {
        if term.match_expressions.is_empty() && term.match_fields.is_empty() {
            return None;
        }
        let (mut labels, mut fields, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (at, requirement) in term.match_expressions.iter().enumerate() {
            match Requirement::of_node(requirement) {
                Ok(requirement) => labels.push(requirement),
                Err(error) => problems.push(format!("{path}.matchExpressions[{at}].{}", error.message)),
            }
        }
        for (at, requirement) in term.match_fields.iter().enumerate() {
            match FieldRequirement::compile(requirement) {
                Ok(requirement) => fields.push(requirement),
                Err(problem) => problems.push(format!("{path}.matchFields[{at}].{problem}")),
            }
        }
        Some(if problems.is_empty() { Ok(Self { labels, fields }) } else { Err(problems) })
    }

    fn matches(&self, labels: &Labels, node_name: &str) -> bool {
        let fields_match = || self.fields.iter().all(|field| field.matches(node_name));
        // A node without a name has no fields, and then upstream does not ask about them.
        (node_name.is_empty() || fields_match())
            && self.labels.iter().all(|requirement| requirement.matches(labels))
    }
}

impl FieldRequirement {
    fn compile(requirement: &SelectorRequirement) -> Result<Self, String> {
        let negated = match requirement.operator {
            SelectorOperator::In => false,
            SelectorOperator::NotIn => true,
            other => return Err(format!("operator: Unsupported value: \"{other:?}\"")),
        };
        let [value] = requirement.values.as_slice() else {
            return Err("values: Invalid value: must have one element".to_owned());
        };
        Ok(Self { key: requirement.key.clone(), negated, value: value.clone() })
    }

    fn matches(&self, node_name: &str) -> bool {
        let value = if self.key == "metadata.name" { node_name } else { "" };
        (self.value == value) != self.negated
    }
}

impl NodeSelector {
    /// Compiles the selector, refusing invalid requirements, as the scheduler does for a required affinity.
    ///
    /// # Errors
    /// When any requirement of any term is invalid.
    pub fn compile(&self) -> Result<NodeMatcher, SelectorError> {
        let (mut terms, mut problems) = (Vec::new(), Vec::new());
        for (at, term) in self.node_selector_terms.iter().enumerate() {
            match Term::compile(term, &format!("nodeSelectorTerms[{at}]")) {
                None => {}
                Some(Ok(term)) => terms.push(term),
                Some(Err(more)) => problems.extend(more),
            }
        }
        match problems.as_slice() {
            [] => Ok(NodeMatcher { terms: terms.into() }),
            [problem] => Err(SelectorError::new(problem)),
            several => Err(SelectorError::new(format!("[{}]", several.join(", ")))),
        }
    }

    /// Compiles the selector, leaving out terms that are invalid.
    pub fn compile_lazily(&self) -> NodeMatcher {
        let terms = self.node_selector_terms.iter().filter_map(|term| Term::compile(term, "")?.ok());
        NodeMatcher { terms: terms.collect() }
    }

    /// Whether a node of this name with these labels is selected. Compile once where many nodes are asked about.
    pub fn matches(&self, labels: &Labels, node_name: &str) -> bool {
        self.compile_lazily().matches(labels, node_name)
    }
}

impl NodeSelectorTerm {
    /// Compiles this term alone, as for a preferred affinity. An empty or invalid term selects nothing.
    pub fn compile_lazily(&self) -> NodeMatcher {
        NodeMatcher { terms: Term::compile(self, "").and_then(Result::ok).into_iter().collect() }
    }

    /// Whether a node of this name with these labels is selected.
    pub fn matches(&self, labels: &Labels, node_name: &str) -> bool {
        self.compile_lazily().matches(labels, node_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(key: &str, operator: SelectorOperator, values: &[&str]) -> SelectorRequirement {
        SelectorRequirement {
            key: key.into(),
            operator,
            values: values.iter().map(|value| (*value).into()).collect(),
        }
    }

    fn on_labels(requirements: Vec<SelectorRequirement>) -> NodeSelectorTerm {
        NodeSelectorTerm { match_expressions: requirements, ..NodeSelectorTerm::default() }
    }

    fn on_name(operator: SelectorOperator, name: &str) -> NodeSelectorTerm {
        NodeSelectorTerm {
            match_fields: vec![requirement("metadata.name", operator, &[name])],
            ..NodeSelectorTerm::default()
        }
    }

    #[test]
    fn numbers_are_compared_strictly() {
        let eight: Labels = [("cpu", "8")].into_iter().collect();
        let many: Labels = [("cpu", "many")].into_iter().collect();
        for (operator, bound, expected) in [
            (SelectorOperator::Gt, "7", true),
            (SelectorOperator::Gt, "8", false),
            (SelectorOperator::Lt, "9", true),
            (SelectorOperator::Lt, "8", false),
        ] {
            let term = on_labels(vec![requirement("cpu", operator, &[bound])]);
            assert_eq!(term.matches(&eight, "n"), expected, "{operator:?} {bound}");
            assert!(!term.matches(&many, "n") && !term.matches(&Labels::default(), "n"));
        }
    }

    #[test]
    fn empty_and_invalid_terms_select_nothing() {
        let invalid = on_labels(vec![requirement("cpu", SelectorOperator::Gt, &["x"])]);
        let by_name = on_name(SelectorOperator::In, "n1");
        let selector =
            NodeSelector { node_selector_terms: vec![NodeSelectorTerm::default(), invalid, by_name] };
        assert!(selector.compile().is_err());
        assert!(selector.matches(&Labels::default(), "n1") && !selector.matches(&Labels::default(), "n2"));
        assert!(!NodeSelector::default().matches(&Labels::default(), "n1"));
    }

    #[test]
    fn names_can_bound_the_candidates() {
        let two = NodeSelector {
            node_selector_terms: vec![
                on_name(SelectorOperator::In, "n2"),
                on_name(SelectorOperator::In, "n1"),
            ],
        };
        assert_eq!(two.compile().unwrap().only_names().unwrap(), [&"n1", &"n2"]);
        let open = NodeSelector { node_selector_terms: vec![on_name(SelectorOperator::NotIn, "n2")] };
        assert_eq!(open.compile().unwrap().only_names(), None);
    }
}
