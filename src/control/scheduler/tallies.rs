//! The tallies in use, found by the class that asks and by the classes that are counted.

use std::collections::BTreeMap;

use super::class::{ClassId, PodClass};
use super::ids::NodeId;
use super::node_info::NodeInfo;
use super::objects::Objects;
use super::shapes::Shapes;
use super::tally::{Tally, TallySpec};
use super::topology::Topologies;
use crate::api::node::Node;

/// A tally. Numbers are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TallyId(u32);

/// What a class uses a tally for: the rule's place among the rules of the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The n-th hard spread constraint.
    HardSpread(u16),
    /// The n-th soft spread constraint.
    SoftSpread(u16),
    /// The n-th topology key of the required affinity.
    Affinity(u16),
    /// The n-th required anti-affinity term.
    AntiAffinity(u16),
    /// The n-th preferred term.
    Preferred(u16),
}

/// Numbers that tallies may hold together before those not used for longest are dropped (4 bytes each).
const SIZE_MAX: usize = 16 << 20;

/// All tallies.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    entries: Vec<Option<Entry>>,
    /// By class that is counted: the tallies that count it.
    counting: Vec<Vec<TallyId>>,
    /// By class that asks: what it uses.
    uses: Vec<Vec<Use>>,
    clock: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    tally: Box<Tally>,
    last_used: u64,
    namespaces_version: u64,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    purpose: Purpose,
    version: u64,
    tally: TallyId,
}

/// What making a tally needs to see.
pub struct Surroundings<'a> {
    /// All classes.
    pub shapes: &'a Shapes,
    /// All topology values.
    pub topologies: &'a Topologies,
    /// Services, namespaces and so on.
    pub objects: &'a Objects,
    /// All nodes.
    pub nodes: &'a [Option<NodeInfo>],
    /// By class: on which nodes how many of its pods stand.
    pub placements: &'a [BTreeMap<NodeId, u32>],
}

impl Tallies {
    /// The tally by its id.
    pub fn get(&self, id: TallyId) -> &Tally {
        &self.entries[id.0 as usize].as_ref().expect("a cycle drops no tally that it uses").tally
    }

    /// The tally that `class` uses for `purpose`, if it is there and made for this `version` of what it depends on.
    pub fn find(
        &mut self,
        class: ClassId,
        purpose: Purpose,
        version: u64,
        objects: &Objects,
    ) -> Option<TallyId> {
        let known = self.uses.get(class.0 as usize)?.iter().find(|known| known.purpose == purpose)?;
        if known.version != version {
            return None;
        }
        let id = known.tally;
        self.touch(id, objects).then_some(id)
    }

    /// Marks a tally as used; `false` when it is gone or outdated.
    fn touch(&mut self, id: TallyId, objects: &Objects) -> bool {
        let Some(entry) = self.entries[id.0 as usize].as_mut() else { return false };
        let current = entry.namespaces_version == objects.namespaces_version()
            || !entry.tally.spec.pods.looks_at_namespaces();
        if current {
            self.clock += 1;
            entry.last_used = self.clock;
        }
        current
    }

    /// Makes `class` use the tally of `spec` for `purpose`, counting anew only if no tally has this rule yet.
    pub fn make(
        &mut self,
        class: ClassId,
        (purpose, version): (Purpose, u64),
        spec: TallySpec,
        around: &Surroundings<'_>,
    ) -> TallyId {
        let same = self.entries.iter().position(|entry| entry.as_ref().is_some_and(|e| e.tally.spec == spec));
        let same = same.map(|at| TallyId(at as u32));
        let tally = match same.filter(|id| self.touch(*id, around.objects)) {
            Some(id) => id,
            None => self.count(spec, around),
        };
        let uses = reach(&mut self.uses, class);
        uses.retain(|known| known.purpose != purpose);
        uses.push(Use { purpose, version, tally });
        tally
    }

    fn count(&mut self, spec: TallySpec, around: &Surroundings<'_>) -> TallyId {
        let key = around.topologies.find(&spec.topology_key).expect("the key of a rule is registered first");
        let mut tally = Box::new(Tally::new(spec, key));
        for info in around.nodes.iter().flatten() {
            tally.set_node(info.id, &info.node, around.topologies);
        }
        let id = TallyId(self.entries.len() as u32);
        for class in around.shapes.classes() {
            if tally.spec.pods.counts(class, around.objects) {
                reach(&mut self.counting, class.id).push(id);
                for (node, pods) in around.placements.get(class.id.0 as usize).into_iter().flatten() {
                    tally.add_pods(*node, *pods as i32);
                }
            }
        }
        self.clock += 1;
        let namespaces_version = around.objects.namespaces_version();
        self.entries.push(Some(Entry { tally, last_used: self.clock, namespaces_version }));
        self.make_room(id);
        id
    }

    /// Drops the least recently used tallies while there is too much of them.
    fn make_room(&mut self, spare: TallyId) {
        let size = |entry: &Entry| entry.tally.size();
        while self.entries.iter().flatten().map(size).sum::<usize>() > SIZE_MAX {
            let others = self.entries.iter().enumerate().filter(|(at, _)| *at != spare.0 as usize);
            let oldest = others.filter_map(|(at, entry)| Some((entry.as_ref()?.last_used, at))).min();
            let Some((_, at)) = oldest else { return };
            self.entries[at] = None;
            for counting in &mut self.counting {
                counting.retain(|id| id.0 as usize != at);
            }
        }
    }

    /// Takes in a class: finds the tallies that count it.
    pub fn register(&mut self, class: &PodClass, objects: &Objects) {
        let counting = reach(&mut self.counting, class.id);
        for (at, entry) in self.entries.iter().enumerate() {
            if entry.as_ref().is_some_and(|entry| entry.tally.spec.pods.counts(class, objects)) {
                counting.push(TallyId(at as u32));
            }
        }
    }

    /// Forgets a class that has no pods left.
    pub fn forget(&mut self, class: ClassId) {
        reach(&mut self.counting, class).clear();
        reach(&mut self.uses, class).clear();
    }

    /// Counts `delta` more pods of `class` on `node`.
    pub fn add_pods(&mut self, class: ClassId, node: NodeId, delta: i32) {
        for id in self.counting.get(class.0 as usize).into_iter().flatten() {
            let entry = self.entries[id.0 as usize].as_mut().expect("dropped tallies count no class");
            entry.tally.add_pods(node, delta);
        }
    }

    /// Takes in a node, or its new labels and taints.
    pub fn set_node(&mut self, id: NodeId, node: &Node, topologies: &Topologies) {
        for entry in self.entries.iter_mut().flatten() {
            entry.tally.set_node(id, node, topologies);
        }
    }

    /// Leaves out a node whose pods have been taken off.
    pub fn remove_node(&mut self, id: NodeId) {
        for entry in self.entries.iter_mut().flatten() {
            entry.tally.remove_node(id);
        }
    }
}

fn reach<T: Default>(by_class: &mut Vec<T>, class: ClassId) -> &mut T {
    let at = class.0 as usize;
    if by_class.len() <= at {
        by_class.resize_with(at + 1, T::default);
    }
    &mut by_class[at]
}
