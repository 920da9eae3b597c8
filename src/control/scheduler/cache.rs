//! The scheduler's picture of the cluster: nodes, the pods on them, and everything counted over them.
//!
//! Follows `backend/cache` of kube-scheduler v1.34: a pod that has been given a node counts there at once (it is
//! *assumed*) and is confirmed when the API server shows it bound, or forgotten when binding fails. All sums are kept
//! up to date change by change; no cycle adds anything up anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Labels;
use crate::api::core::TaintEffect;
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::base::{LookupMap, Name};

use super::class::{AffinityTerm, ClassId, PodClass};
use super::gpu::DeviceSet;
use super::ids::{NodeId, PodId};
use super::images::Images;
use super::node_info::NodeInfo;
use super::node_tree::NodeTree;
use super::objects::{ObjectChange, Objects};
use super::shapes::{PodInfo, Shapes};
use super::tallies::{Purpose, Surroundings, Tallies, TallyId};
use super::tally::{Tally, TallySpec};
use super::terms::{CarriedTerm, TermId, TermIndex};
use super::topology::{KeyId, Topologies};

/// Nodes, pods and counts.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    nodes: Vec<Option<NodeInfo>>,
    by_name: LookupMap<Name, NodeId>,
    tree: NodeTree,
    pods: LookupMap<PodId, Record>,
    /// Pods whose node is not known (yet, or any more).
    orphans: BTreeMap<Name, Vec<PodId>>,
    /// By class: on which nodes how many of its pods stand.
    placements: Vec<BTreeMap<NodeId, u32>>,
    shapes: Shapes,
    topologies: Topologies,
    tallies: Tallies,
    terms: TermIndex,
    images: Images,
    objects: Objects,
    generation: u64,
    /// Nodes changed since the last snapshot.
    pub(super) changed: Vec<NodeId>,
    /// Whether nodes came, went or changed zone since the last snapshot.
    pub(super) order_changed: bool,
    node_count: usize,
    /// Nodes with a `PreferNoSchedule` taint.
    softly_tainted: usize,
}

#[derive(Clone, Debug)]
struct Record {
    info: PodInfo,
    place: Place,
    assumed: bool,
}

/// What happens to the sums of a node.
#[derive(Clone, Copy)]
enum Change {
    /// A pod comes, with these GPU devices or those that fit best.
    Add(Option<DeviceSet>),
    /// A pod goes.
    Remove,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Waiting for a node.
    Pending,
    /// On a node.
    On(NodeId),
    /// On a node that is not known.
    Orphan(Name),
}

impl Cache {
    /// A node by its id.
    pub fn node(&self, id: NodeId) -> Option<&NodeInfo> {
        self.nodes.get(id.index()).and_then(Option::as_ref)
    }

    /// All nodes, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeInfo> {
        self.nodes.iter().flatten()
    }

    /// The id of the node of this name.
    pub fn node_named(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.node_count
    }

    /// Whether any node has a `PreferNoSchedule` taint.
    pub fn has_soft_taints(&self) -> bool {
        self.softly_tainted > 0
    }

    /// Nodes, zones taking turns.
    pub(super) fn node_order(&self) -> Vec<NodeId> {
        self.tree.list()
    }

    /// A pod by its id.
    pub fn pod(&self, id: PodId) -> Option<&PodInfo> {
        self.pods.get(&id).map(|record| &record.info)
    }

    /// Whether the pod has a node that the API server has not confirmed.
    pub fn is_assumed(&self, id: PodId) -> bool {
        self.pods.get(&id).is_some_and(|record| record.assumed)
    }

    /// The node that the pod counts on.
    pub fn node_of(&self, id: PodId) -> Option<NodeId> {
        match self.pods.get(&id)?.place {
            Place::On(node) => Some(node),
            Place::Pending | Place::Orphan(_) => None,
        }
    }

    /// Services, controllers, namespaces and budgets.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Images on nodes.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// Topology values of nodes.
    pub fn topologies(&self) -> &Topologies {
        &self.topologies
    }

    /// A tally by its id.
    pub fn tally(&self, id: TallyId) -> &Tally {
        self.tallies.get(id)
    }

    /// A term that placed pods carry.
    pub fn term(&self, id: TermId) -> &CarriedTerm {
        self.terms.get(id)
    }

    /// The terms that pods of a class carry.
    pub fn terms_of(&self, class: ClassId) -> &[TermId] {
        self.terms.carried(class)
    }

    /// The terms carried by placed pods that are about pods of `class`.
    pub fn terms_about(&mut self, class: &PodClass) -> Vec<TermId> {
        self.terms.about(class, &self.objects).to_vec()
    }

    /// The tally that `class` uses for `purpose`. `spec` is asked for only when there is none made for this `version`.
    pub fn tally_for(
        &mut self,
        class: ClassId,
        purpose: Purpose,
        version: u64,
        spec: impl FnOnce(&Self) -> TallySpec,
    ) -> TallyId {
        if let Some(id) = self.tallies.find(class, purpose, version, &self.objects) {
            return id;
        }
        let spec = spec(self);
        self.topology_key(&spec.topology_key);
        let Self { nodes, placements, shapes, topologies, objects, tallies, .. } = self;
        let around = Surroundings { shapes, topologies, objects, nodes, placements };
        tallies.make(class, (purpose, version), spec, &around)
    }

    /// The id of a topology key.
    pub fn topology_key(&mut self, name: &Name) -> KeyId {
        key_of(&mut self.topologies, &self.nodes, name)
    }

    /// Takes notice of a service, controller, namespace or budget.
    pub fn apply(&mut self, change: &ObjectChange<'_>) {
        self.objects.apply(change);
    }

    // Nodes.

    /// Takes in a new node, with the pods that are already said to be on it.
    pub fn add_node(&mut self, id: NodeId, node: Arc<Node>) {
        if self.nodes.len() <= id.index() {
            self.nodes.resize_with(id.index() + 1, || None);
        }
        assert!(self.nodes[id.index()].is_none(), "node ids are not given twice");
        let labels = node.metadata.labels.clone();
        let name = node.metadata.name.clone();
        self.by_name.insert(name.clone(), id);
        self.tree.add(id, &labels);
        self.images.add_node(&node);
        self.topologies.set_node(id, &labels);
        self.tallies.set_node(id, &node, &self.topologies);
        self.softly_tainted += usize::from(softly_tainted(&node));
        self.nodes[id.index()] = Some(NodeInfo::new(id, node));
        self.node_count += 1;
        self.order_changed = true;
        self.touch(id);
        for pod in self.orphans.remove(&name).unwrap_or_default() {
            self.attach(pod, id);
        }
    }

    /// Takes a new version of a node.
    pub fn update_node(&mut self, id: NodeId, node: &Arc<Node>) {
        let info = self.nodes[id.index()].as_mut().expect("updated nodes are known");
        let old = info.node.clone();
        info.set_node(node.clone());
        self.images.remove_node(&old);
        self.images.add_node(node);
        self.softly_tainted += usize::from(softly_tainted(node));
        self.softly_tainted -= usize::from(softly_tainted(&old));
        let (was, is) = (&old.metadata.labels, &node.metadata.labels);
        if was != is {
            self.order_changed |= self.tree.update(id, was, is);
            self.count_terms_on(id, -1);
            self.topologies.set_node(id, is);
            self.count_terms_on(id, 1);
        }
        if was != is || old.spec.taints != node.spec.taints {
            self.tallies.set_node(id, node, &self.topologies);
        }
        self.touch(id);
    }

    /// Takes out a node. Its pods stay, on a node that is not known.
    pub fn remove_node(&mut self, id: NodeId) {
        let info = self.nodes[id.index()].as_ref().expect("removed nodes are known");
        let (node, pods) = (info.node.clone(), info.pods.clone());
        for pod in &pods {
            self.detach(*pod, Place::Orphan(node.metadata.name.clone()));
        }
        if !pods.is_empty() {
            self.orphans.entry(node.metadata.name.clone()).or_default().extend(pods);
        }
        self.tallies.remove_node(id);
        self.topologies.set_node(id, &Labels::default());
        self.images.remove_node(&node);
        self.softly_tainted -= usize::from(softly_tainted(&node));
        self.tree.remove(id, &node.metadata.labels);
        // Another node of this name may have come before this one was seen to go.
        if self.by_name.get(&node.metadata.name) == Some(&id) {
            self.by_name.remove(&node.metadata.name);
        }
        self.nodes[id.index()] = None;
        self.node_count -= 1;
        self.order_changed = true;
        self.changed.push(id);
    }

    fn touch(&mut self, id: NodeId) {
        self.generation += 1;
        let info = self.nodes[id.index()].as_mut().expect("changed nodes are known");
        info.generation = self.generation;
        self.changed.push(id);
    }

    fn count_terms_on(&mut self, node: NodeId, sign: i32) {
        let Self { nodes, pods, terms, topologies, .. } = self;
        let info = nodes[node.index()].as_ref().expect("the node is known");
        for pod in &info.pods {
            let class = pods.get(pod).expect("pods on nodes are known").info.class.id;
            terms.add_pods(class, node, sign, topologies);
        }
    }

    // Pods.

    /// Takes in a pod, or its new version, and puts it where its `spec.nodeName` says.
    pub fn set_pod(&mut self, id: PodId, pod: Arc<Pod>) -> PodInfo {
        let (info, new_class) = self.shapes.take(id, pod);
        if new_class {
            self.register(&info.class);
        }
        if let Some(old) = self.pods.get(&id).map(|record| record.info.clone()) {
            if self.stays_in_place(id, &info) {
                let record = self.record(id);
                record.info = info.clone();
                record.assumed &= info.pod.node_name.is_none();
                self.let_go(&old);
                return info;
            }
            self.displace(id);
            self.let_go(&old);
        }
        self.pods.insert(id, Record { info: info.clone(), place: Place::Pending, assumed: false });
        if let Some(name) = &info.pod.node_name {
            if let Some(node) = self.node_named(name) {
                self.attach(id, node);
            } else {
                self.orphans.entry(name.clone()).or_default().push(id);
                self.record(id).place = Place::Orphan(name.clone());
            }
        }
        info
    }

    /// Whether a new version of a pod changes nothing that is counted.
    fn stays_in_place(&self, id: PodId, new: &PodInfo) -> bool {
        let record = self.pods.get(&id).expect("only known pods have new versions");
        let same_place = match (&record.place, &new.pod.node_name) {
            (Place::Pending, None) => true,
            (Place::On(node), Some(name)) => self.node_named(name) == Some(*node),
            (Place::On(_), None) => record.assumed,
            (Place::Orphan(known), Some(name)) => known == name,
            (Place::Pending, Some(_)) | (Place::Orphan(_), None) => false,
        };
        same_place && record.info.class.id == new.class.id
    }

    /// Takes out a pod.
    pub fn remove_pod(&mut self, id: PodId) -> Option<PodInfo> {
        self.pods.get(&id)?;
        self.displace(id);
        let record = self.pods.remove(&id).expect("it was there a moment ago");
        self.let_go(&record.info);
        Some(record.info)
    }

    /// Counts a pending pod on `node`, before the API server knows, with these GPU devices.
    pub fn assume(&mut self, id: PodId, node: NodeId, devices: Option<DeviceSet>) {
        assert_eq!(self.record(id).place, Place::Pending, "only pending pods are assumed");
        self.record(id).place = Place::On(node);
        self.count(id, node, Change::Add(devices));
        self.record(id).assumed = true;
    }

    /// Takes an assumed pod off its node again.
    pub fn forget(&mut self, id: PodId) {
        assert!(self.is_assumed(id), "only assumed pods are forgotten");
        self.displace(id);
        self.record(id).assumed = false;
    }

    fn record(&mut self, id: PodId) -> &mut Record {
        self.pods.get_mut(&id).expect("the pod is known")
    }

    /// Takes a pod from wherever it counts.
    fn displace(&mut self, id: PodId) {
        match self.record(id).place.clone() {
            Place::Pending => {}
            Place::On(_) => self.detach(id, Place::Pending),
            Place::Orphan(name) => {
                let orphans = self.orphans.get_mut(&name).expect("orphans are listed by node name");
                orphans.retain(|orphan| *orphan != id);
                if orphans.is_empty() {
                    self.orphans.remove(&name);
                }
                self.record(id).place = Place::Pending;
            }
        }
    }

    fn attach(&mut self, id: PodId, node: NodeId) {
        self.record(id).place = Place::On(node);
        self.count(id, node, Change::Add(None));
    }

    fn detach(&mut self, id: PodId, place: Place) {
        let Place::On(node) = std::mem::replace(&mut self.record(id).place, place) else {
            panic!("only pods on nodes are detached");
        };
        self.count(id, node, Change::Remove);
    }

    fn count(&mut self, id: PodId, node: NodeId, change: Change) {
        let Self { nodes, pods, placements, tallies, terms, topologies, .. } = self;
        let pod = &pods.get(&id).expect("counted pods are known").info;
        let info = nodes[node.index()].as_mut().expect("pods stand on known nodes");
        let class = pod.class.id;
        if placements.len() <= class.0 as usize {
            placements.resize_with(class.0 as usize + 1, BTreeMap::new);
        }
        let of_class = &mut placements[class.0 as usize];
        let sign = match change {
            Change::Add(devices) => {
                info.add_pod(pod, devices);
                *of_class.entry(node).or_insert(0) += 1;
                1
            }
            Change::Remove => {
                info.remove_pod(pod);
                let pods = of_class.get_mut(&node).expect("it was counted there");
                *pods -= 1;
                if *pods == 0 {
                    of_class.remove(&node);
                }
                -1
            }
        };
        tallies.add_pods(class, node, sign);
        terms.add_pods(class, node, sign, topologies);
        self.touch(node);
    }

    fn register(&mut self, class: &PodClass) {
        let Self { nodes, terms, tallies, topologies, objects, .. } = self;
        terms.register(class, |term: &AffinityTerm| key_of(topologies, nodes, &term.topology_key));
        tallies.register(class, objects);
    }

    fn let_go(&mut self, pod: &PodInfo) {
        if let Some(class) = self.shapes.release(pod) {
            self.terms.forget(class);
            self.tallies.forget(class);
        }
    }
}

fn key_of(topologies: &mut Topologies, nodes: &[Option<NodeInfo>], name: &Name) -> KeyId {
    topologies.key(name, nodes.iter().flatten().map(|info| (info.id, info.labels())))
}

fn softly_tainted(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| taint.effect == TaintEffect::PreferNoSchedule)
}
