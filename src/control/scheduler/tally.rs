//! Tallies: how many pods of interest stand on each node and in each topology domain, kept up to date pod by pod.
//!
//! Upstream counts all pods of all nodes anew for every pod that has an affinity or spread rule. The counts differ
//! from one cycle to the next by the one pod that was placed, so here a rule's counts live on between cycles. The
//! numbers are the same; only the work is less.

use crate::api::core::{Taint, Toleration};
use crate::api::taints::{self, HARD_EFFECTS};
use crate::api::{Labels, node::Node};
use crate::base::Name;

use super::class::{AffinityTerm, PodClass};
use super::ids::NodeId;
use super::objects::Objects;
use super::template::RequiredNode;
use super::topology::{KeyId, Topologies, ValueId};

/// Which pods are counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Counted {
    /// For spreading: selected pods of one namespace that are not being deleted. An empty selector counts none.
    Spread {
        /// The namespace.
        namespace: Name,
        /// The selector.
        selector: crate::api::selector::Selector,
    },
    /// For affinity: pods that match every one of these terms.
    MatchingAll(Vec<AffinityTerm>),
}

impl Counted {
    /// Whether pods of `class` are counted.
    pub fn counts(&self, class: &PodClass, objects: &Objects) -> bool {
        match self {
            Self::Spread { namespace, selector } => {
                !class.terminating
                    && class.namespace == *namespace
                    && !selector.is_empty()
                    && selector.matches(&class.labels)
            }
            Self::MatchingAll(terms) => {
                !terms.is_empty() && terms.iter().all(|term| term.matches(class, objects))
            }
        }
    }

    /// Whether labels of namespaces matter.
    pub fn looks_at_namespaces(&self) -> bool {
        matches!(self, Self::MatchingAll(terms) if terms.iter().any(AffinityTerm::looks_at_namespaces))
    }
}

/// Which nodes are counted.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NodesCounted {
    /// Labels that must be there.
    pub keys: Vec<Name>,
    /// What the node selector and affinity must admit, when that is honoured.
    pub required: Option<RequiredNode>,
    /// What must be tolerated, when taints are honoured.
    pub tolerations: Option<Vec<Toleration>>,
}

impl NodesCounted {
    fn counts(&self, node: &Node) -> bool {
        let labels: &Labels = &node.metadata.labels;
        let taints: &[Taint] = &node.spec.taints;
        self.keys.iter().all(|key| labels.contains_key(key))
            && self.required.as_ref().is_none_or(|required| required.matches(labels, &node.metadata.name))
            && self
                .tolerations
                .as_ref()
                .is_none_or(|have| taints::first_untolerated(taints, have, HARD_EFFECTS).is_none())
    }
}

/// A rule for counting.
#[derive(Clone, Debug, PartialEq)]
pub struct TallySpec {
    /// Which pods.
    pub pods: Counted,
    /// Which nodes.
    pub nodes: NodesCounted,
    /// What a domain is.
    pub topology_key: Name,
}

/// The counts of one rule.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The rule.
    pub spec: TallySpec,
    key: KeyId,
    on_node: Vec<u32>,
    /// The domain of a node that is counted.
    domain_of: Vec<Option<ValueId>>,
    domains: Vec<Domain>,
    /// How many domains hold 0, 1, 2, ... pods.
    levels: Vec<u32>,
    /// The lowest level that holds a domain; past the end without domains.
    least: usize,
    domain_count: usize,
    total: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Domain {
    pods: u32,
    nodes: u32,
}

impl Tally {
    /// An empty tally.
    pub fn new(spec: TallySpec, key: KeyId) -> Self {
        Self {
            spec,
            key,
            on_node: Vec::new(),
            domain_of: Vec::new(),
            domains: Vec::new(),
            levels: Vec::new(),
            least: 0,
            domain_count: 0,
            total: 0,
        }
    }

    /// The topology key.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// How many numbers it holds, as a measure of memory.
    pub fn size(&self) -> usize {
        self.on_node.len() + self.domains.len()
    }

    /// Counts `delta` more pods on `node`.
    pub fn add_pods(&mut self, node: NodeId, delta: i32) {
        self.reach(node);
        let on_node = &mut self.on_node[node.index()];
        *on_node = on_node.checked_add_signed(delta).expect("no pod leaves a node that it is not on");
        if let Some(value) = self.domain_of[node.index()] {
            let pods = self.domains[value.index()].pods;
            self.set_pods(value, pods.checked_add_signed(delta).expect("a domain holds what its nodes hold"));
        }
    }

    /// Takes in a node, or its new labels and taints.
    pub fn set_node(&mut self, id: NodeId, node: &Node, topologies: &Topologies) {
        // A label that is absent, where that is allowed, is a domain of its own: the empty value.
        let counted = self.spec.nodes.counts(node);
        let value = counted.then(|| topologies.value(self.key, id).unwrap_or(ValueId::EMPTY));
        self.place(id, value);
    }

    /// Leaves out a node. Its pods must have been taken off before.
    pub fn remove_node(&mut self, id: NodeId) {
        self.place(id, None);
    }

    fn place(&mut self, node: NodeId, value: Option<ValueId>) {
        self.reach(node);
        let pods = self.on_node[node.index()];
        let old = std::mem::replace(&mut self.domain_of[node.index()], value);
        if old == value {
            return;
        }
        if let Some(old) = old {
            let domain = self.domains[old.index()];
            self.set_pods(old, domain.pods - pods);
            self.domains[old.index()].nodes -= 1;
            if self.domains[old.index()].nodes == 0 {
                // Without nodes there are no pods either.
                self.leave_level(0);
                self.domain_count -= 1;
            }
        }
        if let Some(new) = value {
            if self.domains.len() <= new.index() {
                self.domains.resize(new.index() + 1, Domain::default());
            }
            if self.domains[new.index()].nodes == 0 {
                self.enter_level(0);
                self.domain_count += 1;
            }
            self.domains[new.index()].nodes += 1;
            self.set_pods(new, self.domains[new.index()].pods + pods);
        }
    }

    fn set_pods(&mut self, value: ValueId, pods: u32) {
        let old = std::mem::replace(&mut self.domains[value.index()].pods, pods);
        self.total = self.total + u64::from(pods) - u64::from(old);
        if old != pods {
            self.enter_level(pods);
            self.leave_level(old);
        }
    }

    fn enter_level(&mut self, pods: u32) {
        if self.levels.len() <= pods as usize {
            self.levels.resize(pods as usize + 1, 0);
        }
        self.levels[pods as usize] += 1;
        self.least = self.least.min(pods as usize);
    }

    fn leave_level(&mut self, pods: u32) {
        self.levels[pods as usize] -= 1;
        while self.levels.get(self.least) == Some(&0) {
            self.least += 1;
        }
    }

    fn reach(&mut self, node: NodeId) {
        if self.on_node.len() <= node.index() {
            self.on_node.resize(node.index() + 1, 0);
            self.domain_of.resize(node.index() + 1, None);
        }
    }

    /// Pods of interest on `node`, whether or not the node is counted.
    pub fn on_node(&self, node: NodeId) -> i64 {
        self.on_node.get(node.index()).copied().unwrap_or(0).into()
    }

    /// Whether `node` is counted.
    pub fn counts_node(&self, node: NodeId) -> bool {
        self.domain_of.get(node.index()).copied().flatten().is_some()
    }

    /// Pods of interest in the domain.
    pub fn in_domain(&self, value: ValueId) -> i64 {
        self.domains.get(value.index()).map_or(0, |domain| domain.pods.into())
    }

    /// How many domains have a node that is counted.
    pub fn domain_count(&self) -> usize {
        self.domain_count
    }

    /// Pods of interest in all domains together.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of pods in the least loaded domain; `None` without domains.
    pub fn least(&self) -> Option<i64> {
        (self.domain_count > 0).then_some(self.least as i64)
    }

    /// The same, supposing that `changed` held `delta` more pods than it does.
    pub fn least_if(&self, changed: ValueId, delta: i64) -> Option<i64> {
        let own = self.in_domain(changed);
        let present = self.domains.get(changed.index()).is_some_and(|domain| domain.nodes > 0);
        if !present || delta == 0 {
            return self.least();
        }
        let others = self.levels.iter().enumerate().skip(self.least).find(|(pods, domains)| {
            // The changed domain itself does not count here.
            **domains > u32::from(*pods as i64 == own)
        });
        let changed = own + delta;
        Some(others.map_or(changed, |(pods, _)| changed.min(pods as i64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ObjectMeta;
    use crate::api::selector::Selector;

    /// Four nodes, the last without a zone, in a tally of pods by zone.
    fn tally() -> Tally {
        let zones = [Some("a"), Some("a"), Some("b"), None];
        let nodes: Vec<Node> = zones
            .iter()
            .map(|zone| {
                let labels = zone.iter().map(|zone| ("zone", *zone)).collect();
                Node { metadata: ObjectMeta { labels, ..Default::default() }, ..Default::default() }
            })
            .collect();
        let mut topologies = Topologies::default();
        let ids = (0..).map(NodeId);
        let key =
            topologies.key(&"zone".into(), ids.clone().zip(nodes.iter().map(|node| &node.metadata.labels)));
        let spec = TallySpec {
            pods: Counted::Spread { namespace: "default".into(), selector: Selector::parse("app").unwrap() },
            nodes: NodesCounted { keys: vec!["zone".into()], ..NodesCounted::default() },
            topology_key: "zone".into(),
        };
        let mut tally = Tally::new(spec, key);
        for (id, node) in ids.zip(&nodes) {
            tally.set_node(id, node, &topologies);
        }
        tally
    }

    #[test]
    fn domains_add_up_their_nodes() {
        let mut tally = tally();
        for (node, delta) in [(0, 2), (1, 1), (2, 1), (3, 5)] {
            tally.add_pods(NodeId(node), delta);
        }
        assert_eq!((tally.domain_count(), tally.total(), tally.least()), (2, 4, Some(1)));
        assert_eq!(tally.on_node(NodeId(3)), 5);
        assert!(!tally.counts_node(NodeId(3)));
        // Zone b alone holds the least; with one more pod both hold at least 2.
        let zone_b = ValueId(2);
        assert_eq!(tally.in_domain(zone_b), 1);
        assert_eq!(tally.least_if(zone_b, 1), Some(2));
        assert_eq!(tally.least_if(zone_b, 4), Some(3));
        assert_eq!(tally.least_if(ValueId(1), -3), Some(0));
    }

    #[test]
    fn a_domain_goes_with_its_last_node() {
        let mut tally = tally();
        tally.add_pods(NodeId(0), 2);
        tally.add_pods(NodeId(2), 1);
        tally.remove_node(NodeId(2));
        assert_eq!((tally.domain_count(), tally.total(), tally.least()), (1, 2, Some(2)));
        tally.remove_node(NodeId(1));
        tally.remove_node(NodeId(0));
        assert_eq!((tally.domain_count(), tally.total(), tally.least()), (0, 0, None));
    }
}
