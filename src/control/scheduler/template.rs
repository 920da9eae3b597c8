//! What all pods of one template have in common, worked out once per template instead of once per pod.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::Labels;
use crate::api::core::{SelectorOperator, Taint, TaintEffect, Toleration};
use crate::api::node_affinity::NodeMatcher;
use crate::api::pod::{NodeAffinity, NodeSelectorTerm, PodSpec, PreferredSchedulingTerm};
use crate::api::selector::Selector;
use crate::api::taints::{self, HARD_EFFECTS};
use crate::base::Name;

use super::gpu::GpuDemand;
use super::ports::{HostPort, host_ports};
use super::resources::Requests;

/// A template, by its place in [`super::shapes::Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u32);

/// A pod spec with what scheduling derives from it.
#[derive(Debug)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// The spec itself.
    pub spec: Arc<PodSpec>,
    /// What the pod asks for.
    pub requests: Requests,
    /// What annotations of its pods say of GPU devices.
    pub annotated: Option<GpuDemand>,
    /// What it asks for of GPU devices.
    pub gpu: GpuDemand,
    /// Ports of the node that it takes for itself.
    pub host_ports: Vec<HostPort>,
    /// Which nodes it insists on.
    pub required_node: RequiredNode,
    /// Which nodes it wishes for.
    pub preferred_nodes: Vec<PreferredNodes>,
    /// The only nodes to look at, when every required term names some (`metadata.name In [..]`).
    pub only_nodes: Option<BTreeSet<Name>>,
    /// Names of its images, with a tag each, one per container.
    pub images: Vec<Name>,
}

impl Template {
    /// Works out what `spec` means for scheduling; `annotated` is what annotations of the pod add to it.
    pub fn new(id: TemplateId, spec: Arc<PodSpec>, annotated: Option<GpuDemand>) -> Self {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let containers = spec.init_containers.iter().chain(&spec.containers);
        let requests = Requests::of(&spec);
        let scalars = || requests.actual.scalars.iter().map(|(name, amount)| (name, *amount));
        Self {
            id,
            gpu: annotated.clone().unwrap_or_else(|| GpuDemand::of_resources(scalars())),
            annotated,
            requests,
            host_ports: host_ports(&spec),
            required_node: RequiredNode::of(&spec),
            preferred_nodes: PreferredNodes::of(affinity.map_or(&[], |affinity| &affinity.preferred)),
            only_nodes: only_nodes(affinity),
            images: containers.map(|container| with_tag(&container.image)).collect(),
            spec,
        }
    }

    /// Its priority; absent counts as 0.
    pub fn priority(&self) -> i32 {
        self.spec.priority.unwrap_or(0)
    }

    /// The first taint that keeps the pod off a node.
    pub fn first_untolerated<'a>(&self, taints: &'a [Taint]) -> Option<&'a Taint> {
        taints::first_untolerated(taints, &self.spec.tolerations, HARD_EFFECTS)
    }

    /// How many taints would rather not have the pod.
    pub fn unwelcome(&self, taints: &[Taint]) -> i64 {
        let soft = taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        soft.filter(|taint| !taints::is_tolerated(taint, &self.spec.tolerations)).count() as i64
    }

    /// Whether the pod may go to a node marked `unschedulable`.
    pub fn tolerates_unschedulable(&self) -> bool {
        tolerates_unschedulable(&self.spec.tolerations)
    }
}

/// Whether `tolerations` cover `node.kubernetes.io/unschedulable:NoSchedule`.
pub fn tolerates_unschedulable(tolerations: &[Toleration]) -> bool {
    let taint = Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: Name::default(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    };
    taints::is_tolerated(&taint, tolerations)
}

/// `nodeSelector` and the required node affinity together (`nodeaffinity.RequiredNodeAffinity`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredNode {
    labels: Option<Selector>,
    terms: Option<NodeMatcher>,
}

impl RequiredNode {
    fn of(spec: &PodSpec) -> Self {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        Self {
            labels: (!spec.node_selector.is_empty()).then(|| Selector::from_labels(&spec.node_selector)),
            terms: affinity.and_then(|affinity| Some(affinity.required.as_ref()?.compile_lazily())),
        }
    }

    /// Whether every node will do.
    pub fn is_anything(&self) -> bool {
        self.labels.is_none() && self.terms.is_none()
    }

    /// Whether a node of this name with these labels will do.
    pub fn matches(&self, labels: &Labels, name: &str) -> bool {
        self.labels.as_ref().is_none_or(|selector| selector.matches(labels))
            && self.terms.as_ref().is_none_or(|terms| terms.matches(labels, name))
    }
}

/// A weighted wish for nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferredNodes {
    /// What a match is worth.
    pub weight: i64,
    /// Which nodes match.
    pub nodes: NodeMatcher,
}

impl PreferredNodes {
    /// The wishes of a list of terms.
    pub fn of(terms: &[PreferredSchedulingTerm]) -> Vec<Self> {
        let compile = |term: &PreferredSchedulingTerm| Self {
            weight: term.weight.into(),
            nodes: term.preference.compile_lazily(),
        };
        terms.iter().map(compile).collect()
    }

    /// What the matching ones of `wishes` are worth together.
    pub fn score(wishes: &[Self], labels: &Labels, name: &str) -> i64 {
        wishes.iter().filter(|wish| wish.nodes.matches(labels, name)).map(|wish| wish.weight).sum()
    }
}

/// Names of one term are intersected, those of several terms united; a term that names no node lifts the limit.
fn only_nodes(affinity: Option<&NodeAffinity>) -> Option<BTreeSet<Name>> {
    let terms = &affinity?.required.as_ref()?.node_selector_terms;
    let mut all = BTreeSet::new();
    for term in terms {
        all.append(&mut names_of_term(term)?);
    }
    (!terms.is_empty()).then_some(all)
}

fn names_of_term(term: &NodeSelectorTerm) -> Option<BTreeSet<Name>> {
    let mut lists = term
        .match_fields
        .iter()
        .filter(|field| field.key == "metadata.name" && field.operator == SelectorOperator::In)
        .map(|field| field.values.iter().cloned().collect::<BTreeSet<_>>());
    let first = lists.next()?;
    Some(lists.fold(first, |all, list| all.intersection(&list).cloned().collect()))
}

/// An image name without a tag means `:latest`. The colon of a registry's port is not that of a tag.
fn with_tag(image: &Name) -> Name {
    let has_tag = match (image.rfind(':'), image.rfind('/')) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(colon), Some(slash)) => colon > slash,
    };
    if has_tag { image.clone() } else { format!("{image}:latest").into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::core::SelectorRequirement;
    use crate::api::pod::NodeSelector;

    #[test]
    fn images_get_a_tag() {
        for (name, expected) in
            [("web", "web:latest"), ("web:1", "web:1"), ("host:5000/web", "host:5000/web:latest")]
        {
            assert_eq!(with_tag(&name.into()), expected);
        }
    }

    #[test]
    fn names_are_intersected_in_a_term_and_united_over_terms() {
        let term = |lists: &[&[&str]]| NodeSelectorTerm {
            match_fields: lists
                .iter()
                .map(|names| SelectorRequirement {
                    key: "metadata.name".into(),
                    operator: SelectorOperator::In,
                    values: names.iter().map(|name| (*name).into()).collect(),
                })
                .collect(),
            ..NodeSelectorTerm::default()
        };
        let only = |terms: Vec<NodeSelectorTerm>| {
            let required = Some(NodeSelector { node_selector_terms: terms });
            only_nodes(Some(&NodeAffinity { required, preferred: Vec::new() }))
                .map(|names| names.iter().map(Name::to_string).collect::<Vec<_>>())
        };
        assert_eq!(only(vec![term(&[&["a", "b"], &["b"]]), term(&[&["c"]])]).unwrap(), ["b", "c"]);
        assert_eq!(only(vec![term(&[&["a"], &["b"]])]), Some(Vec::new()));
        assert_eq!(only(vec![term(&[&["a"]]), term(&[])]), None);
        assert_eq!(only(Vec::new()), None);
    }
}
