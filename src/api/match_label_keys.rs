//! `matchLabelKeys` and `mismatchLabelKeys` of pod affinity, which become requirements of the term's selector when the
//! pod is created (`pkg/registry/core/pod/strategy.go applyMatchLabelKeysAndMismatchLabelKeys`, on since 1.31).

use std::sync::Arc;

use super::core::{SelectorOperator, SelectorRequirement};
use super::meta::Labels;
use super::pod::{Pod, PodAffinityTerm, PodSpec};

/// Adds to the pod's affinity terms what their keys call for; keys that the pod lacks are dropped.
pub fn merge(pod: &mut Pod) {
    if !is_used(&pod.spec) {
        return;
    }
    let labels = pod.metadata.labels.clone();
    let Some(affinity) = Arc::make_mut(&mut pod.spec).affinity.as_deref_mut() else { return };
    for side in [&mut affinity.pod_affinity, &mut affinity.pod_anti_affinity].into_iter().flatten() {
        side.required.iter_mut().for_each(|term| merge_term(term, &labels));
        side.preferred.iter_mut().for_each(|wish| merge_term(&mut wish.pod_affinity_term, &labels));
    }
}

/// Whether any affinity term of a spec has such keys, so that what admission makes of it depends on the pod's labels.
pub(super) fn is_used(spec: &PodSpec) -> bool {
    let has_keys =
        |term: &PodAffinityTerm| !term.match_label_keys.is_empty() || !term.mismatch_label_keys.is_empty();
    spec.affinity.as_deref().is_some_and(|affinity| {
        [&affinity.pod_affinity, &affinity.pod_anti_affinity].into_iter().flatten().any(|side| {
            let preferred = side.preferred.iter().map(|wish| &wish.pod_affinity_term);
            side.required.iter().chain(preferred).any(has_keys)
        })
    })
}

fn merge_term(term: &mut PodAffinityTerm, labels: &Labels) {
    let keys = term.match_label_keys.iter().map(|key| (key, SelectorOperator::In));
    let mismatched = term.mismatch_label_keys.iter().map(|key| (key, SelectorOperator::NotIn));
    let Some(selector) = &mut term.label_selector else { return };
    for (key, operator) in keys.chain(mismatched) {
        if let Some(value) = labels.get(key) {
            let requirement = SelectorRequirement { key: key.clone(), operator, values: vec![value.clone()] };
            selector.match_expressions.push(requirement);
        }
    }
}
