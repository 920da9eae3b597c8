//! Pods that no other pod can tell apart: same spec, namespace, labels and controller.
//!
//! Rules between pods (affinity, spreading, disruption budgets) look at nothing else, so they are decided once per
//! class. Terms follow `framework.AffinityTerm` and constraints `podtopologyspread` of kube-scheduler v1.34.

use crate::api::pod::{
    NodeInclusionPolicy, Pod, PodAffinityTerm, TopologySpreadConstraint, UnsatisfiableAction,
};
use crate::api::selector::Selector;
use crate::api::{Labels, ObjectMeta, OwnerReference};
use crate::base::Name;

use super::objects::Objects;
use super::template::TemplateId;

/// A class, by its place in [`super::shapes::Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// What a class of pods has in common.
#[derive(Debug)]
pub struct PodClass {
    /// Its id.
    pub id: ClassId,
    /// The template that its pods are of.
    pub template: TemplateId,
    /// The namespace of its pods.
    pub namespace: Name,
    /// The labels of its pods.
    pub labels: Labels,
    /// The controller of its pods: pods of one controller are spread by default.
    pub controller: Option<OwnerReference>,
    /// Whether its pods are being deleted: they no longer count for spreading.
    pub terminating: bool,
    /// Pods that it must be near to.
    pub affinity: Vec<AffinityTerm>,
    /// Pods that it must be far from.
    pub anti_affinity: Vec<AffinityTerm>,
    /// Pods that it wishes to be near to (positive weight) or far from (negative weight).
    pub preferred: Vec<(i64, AffinityTerm)>,
    /// How it wants to be spread, hard and soft, in the order given.
    pub constraints: Vec<SpreadConstraint>,
}

impl PodClass {
    /// The class that `pod` is of.
    pub fn new(id: ClassId, template: TemplateId, pod: &Pod) -> Self {
        let spec = &pod.spec;
        let ObjectMeta { namespace, labels, .. } = &pod.metadata;
        let affinity = spec.affinity.as_deref();
        let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let far = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let compile = |term: &PodAffinityTerm| AffinityTerm::of(term, namespace);
        let mut preferred = Vec::new();
        for (side, sign) in [(near, 1), (far, -1)] {
            for wish in side.iter().flat_map(|side| &side.preferred) {
                preferred.push((sign * i64::from(wish.weight), compile(&wish.pod_affinity_term)));
            }
        }
        let constraints = spec.topology_spread_constraints.iter();
        Self {
            id,
            template,
            affinity: near.iter().flat_map(|side| &side.required).map(compile).collect(),
            anti_affinity: far.iter().flat_map(|side| &side.required).map(compile).collect(),
            preferred,
            constraints: constraints.map(|constraint| SpreadConstraint::of(constraint, labels)).collect(),
            namespace: namespace.clone(),
            labels: labels.clone(),
            controller: pod.metadata.controller().cloned(),
            terminating: pod.metadata.is_terminating(),
        }
    }
}

/// A compiled pod affinity term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffinityTerm {
    /// Namespaces listed, sorted.
    pub namespaces: Vec<Name>,
    /// Namespaces selected in addition.
    pub namespace_selector: Selector,
    /// Pods selected in those namespaces.
    pub selector: Selector,
    /// What "near" means: the same value of this node label.
    pub topology_key: Name,
}

impl AffinityTerm {
    /// Without namespaces and without a selector for them, a term is about the namespace of its own pod.
    fn of(term: &PodAffinityTerm, own_namespace: &Name) -> Self {
        let mut namespaces = term.namespaces.clone();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(own_namespace.clone());
        }
        namespaces.sort();
        Self {
            namespaces,
            // What validation would have refused selects nothing.
            namespace_selector: Selector::from_option(term.namespace_selector.as_ref())
                .unwrap_or_else(|_| Selector::nothing()),
            selector: Selector::from_option(term.label_selector.as_ref())
                .unwrap_or_else(|_| Selector::nothing()),
            topology_key: term.topology_key.clone(),
        }
    }

    /// Whether the term is about pods of `class`.
    pub fn matches(&self, class: &PodClass, objects: &Objects) -> bool {
        self.selects(&class.namespace, &class.labels, objects)
    }

    /// Whether the term is about pods with these labels in this namespace.
    pub fn selects(&self, namespace: &Name, labels: &Labels, objects: &Objects) -> bool {
        (self.namespaces.binary_search(namespace).is_ok()
            || self.namespace_selector.matches(objects.namespace_labels(namespace)))
            && self.selector.matches(labels)
    }

    /// Whether labels of namespaces matter.
    pub fn looks_at_namespaces(&self) -> bool {
        !self.namespace_selector.is_nothing() && !self.namespace_selector.is_empty()
    }
}

/// A compiled topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadConstraint {
    /// How far the most loaded domain may be above the least loaded one.
    pub max_skew: i64,
    /// What a domain is: the nodes with one value of this label.
    pub topology_key: Name,
    /// Whether a node that breaks it is refused.
    pub hard: bool,
    /// Which pods of the namespace are counted.
    pub selector: Selector,
    /// With fewer domains than this, the least loaded one counts as empty.
    pub min_domains: usize,
    /// Whether only nodes count that the pod's node selector and affinity admit.
    pub honor_affinity: bool,
    /// Whether only nodes count whose taints the pod tolerates.
    pub honor_taints: bool,
}

impl SpreadConstraint {
    /// Compiles `constraint` for a pod with these labels.
    pub fn of(constraint: &TopologySpreadConstraint, labels: &Labels) -> Self {
        let selector =
            Selector::from_option(constraint.label_selector.as_ref()).unwrap_or_else(|_| Selector::nothing());
        let own: Labels = constraint
            .match_label_keys
            .iter()
            .filter_map(|key| Some((key.clone(), labels.get(key)?.clone())))
            .collect();
        Self {
            max_skew: constraint.max_skew.into(),
            topology_key: constraint.topology_key.clone(),
            hard: constraint.when_unsatisfiable == UnsatisfiableAction::DoNotSchedule,
            // A selector of nothing stays one, whatever keys are to match.
            selector: if own.is_empty() { selector } else { Selector::from_labels(&own).and(&selector) },
            min_domains: constraint.min_domains.map_or(1, |domains| domains.max(0) as usize),
            honor_affinity: constraint.node_affinity_policy != Some(NodeInclusionPolicy::Ignore),
            honor_taints: constraint.node_taints_policy == Some(NodeInclusionPolicy::Honor),
        }
    }
}
