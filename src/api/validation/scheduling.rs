//! Where a pod may run: tolerations, affinity, spreading, gates. From `pkg/apis/core/validation`.

use std::collections::BTreeSet;

use serde_json::json;

use super::path::{Path, Problems};
use super::selector;
use crate::api::core::{
    LabelSelector, SelectorOperator, SelectorRequirement, TaintEffect, Toleration, TolerationOperator,
};
use crate::api::names;
use crate::api::pod::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm, PodSpec,
    TopologySpreadConstraint, UnsatisfiableAction,
};
use crate::base::Name;

pub(super) fn check(problems: &mut Problems, path: &Path<'_>, spec: &PodSpec) {
    super::metadata::check_labels(problems, &path.child("nodeSelector"), &spec.node_selector);
    check_tolerations(problems, &path.child("tolerations"), &spec.tolerations);
    if let Some(affinity) = &spec.affinity {
        check_affinity(problems, &path.child("affinity"), affinity);
    }
    check_spreading(problems, &path.child("topologySpreadConstraints"), &spec.topology_spread_constraints);
    let gates = path.child("schedulingGates");
    let mut seen: BTreeSet<&Name> = BTreeSet::new();
    for (at, gate) in spec.scheduling_gates.iter().enumerate() {
        let path = gates.index(at);
        problems.invalid_text(&path, &gate.name, &names::qualified_name(&gate.name));
        if !seen.insert(&gate.name) {
            problems.duplicate(&path, gate.name.as_str());
        }
    }
}

fn check_tolerations(problems: &mut Problems, path: &Path<'_>, tolerations: &[Toleration]) {
    for (at, toleration) in tolerations.iter().enumerate() {
        let path = path.index(at);
        let operator = path.child("operator");
        let exists = toleration.operator == Some(TolerationOperator::Exists);
        let value = toleration.value.as_deref().unwrap_or_default();
        match toleration.key.as_deref().filter(|key| !key.is_empty()) {
            Some(key) => problems.invalid_text(&path.child("key"), key, &names::qualified_name(key)),
            None if !exists => {
                let shown = toleration.operator.map_or(String::new(), |operator| format!("{operator:?}"));
                let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
                problems.invalid(&operator, shown, detail);
            }
            None => {}
        }
        if toleration.toleration_seconds.is_some() && toleration.effect != Some(TaintEffect::NoExecute) {
            let shown = toleration.effect.map_or(String::new(), |effect| effect.to_string());
            problems.invalid(
                &path.child("effect"),
                shown,
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        if !exists {
            let messages = names::label_value(value);
            if !messages.is_empty() {
                problems.invalid(&operator, value, &messages.join(";"));
            }
        } else if !value.is_empty() {
            problems.invalid(&operator, json!(toleration), "value must be empty when `operator` is 'Exists'");
        }
    }
}

fn check_affinity(problems: &mut Problems, path: &Path<'_>, affinity: &Affinity) {
    if let Some(nodes) = &affinity.node_affinity {
        check_node_affinity(problems, &path.child("nodeAffinity"), nodes);
    }
    for (field, pods) in
        [("podAffinity", &affinity.pod_affinity), ("podAntiAffinity", &affinity.pod_anti_affinity)]
    {
        if let Some(pods) = pods {
            check_pod_affinity(problems, &path.child(field), pods);
        }
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn check_node_affinity(problems: &mut Problems, path: &Path<'_>, affinity: &NodeAffinity) {
    if let Some(required) = &affinity.required {
        check_node_selector(problems, &path.child(REQUIRED), required);
    }
    let preferred = path.child(PREFERRED);
    for (at, term) in affinity.preferred.iter().enumerate() {
        let path = preferred.index(at);
        check_weight(problems, &path, term.weight);
        check_node_term(problems, &path.child("preference"), &term.preference);
    }
}

fn check_weight(problems: &mut Problems, path: &Path<'_>, weight: i32) {
    if !(1..=100).contains(&weight) {
        problems.invalid(&path.child("weight"), weight, "must be in the range 1-100");
    }
}

fn check_node_selector(problems: &mut Problems, path: &Path<'_>, selector: &NodeSelector) {
    let terms = path.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        problems.required(&terms, "must have at least one node selector term");
    }
    for (at, term) in selector.node_selector_terms.iter().enumerate() {
        check_node_term(problems, &terms.index(at), term);
    }
}

fn check_node_term(problems: &mut Problems, path: &Path<'_>, term: &NodeSelectorTerm) {
    let expressions = path.child("matchExpressions");
    for (at, requirement) in term.match_expressions.iter().enumerate() {
        let path = expressions.index(at);
        selector::check_number_of_values(problems, &path, requirement);
        problems.invalid_text(&path.child("key"), &requirement.key, &names::qualified_name(&requirement.key));
    }
    let fields = path.child("matchFields");
    for (at, requirement) in term.match_fields.iter().enumerate() {
        check_node_field(problems, &fields.index(at), requirement);
    }
}

fn check_node_field(problems: &mut Problems, path: &Path<'_>, requirement: &SelectorRequirement) {
    let values = path.child("values");
    if !matches!(requirement.operator, SelectorOperator::In | SelectorOperator::NotIn) {
        let operator = format!("{:?}", requirement.operator);
        problems.invalid(&path.child("operator"), operator, "not a valid selector operator");
    } else if requirement.values.len() != 1 {
        let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
        problems.required(&values, detail);
    }
    if requirement.key != "metadata.name" {
        problems.invalid(&path.child("key"), requirement.key.as_str(), "not a valid field selector key");
        return;
    }
    for (at, value) in requirement.values.iter().enumerate() {
        problems.invalid_text(&values.index(at), value, &names::dns1123_subdomain(value));
    }
}

fn check_pod_affinity(problems: &mut Problems, path: &Path<'_>, affinity: &PodAffinity) {
    let required = path.child(REQUIRED);
    for (at, term) in affinity.required.iter().enumerate() {
        check_pod_term(problems, &required.index(at), term);
    }
    let preferred = path.child(PREFERRED);
    for (at, term) in affinity.preferred.iter().enumerate() {
        let path = preferred.index(at);
        check_weight(problems, &path, term.weight);
        check_pod_term(problems, &path.child("podAffinityTerm"), &term.pod_affinity_term);
    }
}

fn check_pod_term(problems: &mut Problems, path: &Path<'_>, term: &PodAffinityTerm) {
    selector::check_option(problems, &path.child("labelSelector"), term.label_selector.as_ref());
    selector::check_option(problems, &path.child("namespaceSelector"), term.namespace_selector.as_ref());
    for namespace in &term.namespaces {
        problems.invalid_text(&path.child("namespace"), namespace, &names::dns1123_label(namespace));
    }
    check_topology_key(problems, path, &term.topology_key);
    for (field, keys) in
        [("matchLabelKeys", &term.match_label_keys), ("mismatchLabelKeys", &term.mismatch_label_keys)]
    {
        check_label_keys(problems, path, field, keys, term.label_selector.as_ref());
    }
}

fn check_topology_key(problems: &mut Problems, path: &Path<'_>, key: &str) {
    let path = path.child("topologyKey");
    if key.is_empty() {
        problems.required(&path, "can not be empty");
    } else {
        problems.invalid_text(&path, key, &names::qualified_name(key));
    }
}

/// Keys whose values are taken from the incoming pod.
fn check_label_keys(
    problems: &mut Problems,
    path: &Path<'_>,
    field: &str,
    keys: &[Name],
    selector: Option<&LabelSelector>,
) {
    let list = path.child(field);
    if !keys.is_empty() && selector.is_none() {
        problems.forbidden(&list, "must not be specified when labelSelector is not set");
    }
    for (at, key) in keys.iter().enumerate() {
        let path = list.index(at);
        problems.invalid_text(&path, key, &names::qualified_name(key));
        let selected = |selector: &LabelSelector| {
            selector.match_labels.contains_key(key)
                || selector.match_expressions.iter().any(|r| r.key == *key)
        };
        if selector.is_some_and(selected) {
            problems.invalid(&path, key.as_str(), &format!("exists in both {field} and labelSelector"));
        }
    }
}

fn check_spreading(problems: &mut Problems, path: &Path<'_>, constraints: &[TopologySpreadConstraint]) {
    for (at, constraint) in constraints.iter().enumerate() {
        let path = path.index(at);
        if constraint.max_skew <= 0 {
            problems.invalid(&path.child("maxSkew"), constraint.max_skew, "must be greater than zero");
        }
        check_topology_key(problems, &path, &constraint.topology_key);
        let pair = |c: &TopologySpreadConstraint| (c.topology_key.clone(), c.when_unsatisfiable);
        if constraints[at + 1..].iter().any(|later| pair(later) == pair(constraint)) {
            let shown = format!("{{{}, {:?}}}", constraint.topology_key, constraint.when_unsatisfiable);
            problems.duplicate(&path.child("{topologyKey, whenUnsatisfiable}"), shown);
        }
        if let Some(domains) = constraint.min_domains {
            let path = path.child("minDomains");
            if domains <= 0 {
                problems.invalid(&path, domains, "must be greater than zero");
            }
            if constraint.when_unsatisfiable != UnsatisfiableAction::DoNotSchedule {
                let detail = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway";
                problems.invalid(&path, domains, detail);
            }
        }
        let selector = constraint.label_selector.as_ref();
        check_label_keys(problems, &path, "matchLabelKeys", &constraint.match_label_keys, selector);
        selector::check_option(problems, &path.child("labelSelector"), selector);
    }
}
