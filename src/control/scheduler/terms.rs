//! The affinity terms that pods already placed carry, with the number of those pods in each topology domain.
//!
//! Pods of one class carry the same terms, and many classes share them, so a term is kept once. Which terms are about
//! a given class is found once per class; what a cycle does is look up a few counts.

use super::class::{AffinityTerm, ClassId, PodClass};
use super::ids::NodeId;
use super::objects::Objects;
use super::topology::{KeyId, Topologies, ValueId};

/// What a carried term does to pods that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// Keeps them out of the domain.
    RequiredAntiAffinity,
    /// Draws them near with the weight that the configuration gives to hard terms.
    RequiredAffinity,
    /// Draws them near, or with a negative weight repels them.
    Preferred(i64),
}

/// A term that some class carries.
#[derive(Clone, Debug)]
pub struct CarriedTerm {
    /// The term.
    pub term: AffinityTerm,
    /// What it does.
    pub kind: TermKind,
    /// Its topology key.
    pub key: KeyId,
    carriers: Vec<u32>,
    total: u64,
}

impl CarriedTerm {
    /// How many carriers stand in the domain.
    pub fn carriers(&self, value: ValueId) -> i64 {
        self.carriers.get(value.index()).copied().unwrap_or(0).into()
    }

    /// Whether any carrier stands on a node that has the topology key.
    pub fn has_carriers(&self) -> bool {
        self.total > 0
    }
}

/// A carried term, by its place in [`TermIndex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermId(u32);

/// All carried terms.
#[derive(Clone, Debug, Default)]
pub struct TermIndex {
    terms: Vec<CarriedTerm>,
    /// By class: the terms that its pods carry.
    carried: Vec<Option<Box<[TermId]>>>,
    /// By class: the terms that are about its pods.
    about: Vec<About>,
}

#[derive(Clone, Debug, Default)]
struct About {
    /// How many terms have been looked at.
    seen: usize,
    namespaces_version: u64,
    terms: Vec<TermId>,
}

impl TermIndex {
    /// Notes which terms pods of `class` carry. `key_of` gives ids to topology keys.
    pub fn register(&mut self, class: &PodClass, mut key_of: impl FnMut(&AffinityTerm) -> KeyId) {
        let required = class.affinity.iter().map(|term| (TermKind::RequiredAffinity, term));
        let anti = class.anti_affinity.iter().map(|term| (TermKind::RequiredAntiAffinity, term));
        let preferred = class.preferred.iter().map(|(weight, term)| (TermKind::Preferred(*weight), term));
        let mut carried = Vec::new();
        for (kind, term) in required.chain(anti).chain(preferred) {
            let known = self.terms.iter().position(|known| known.kind == kind && known.term == *term);
            let at = known.unwrap_or_else(|| {
                let (term, key) = (term.clone(), key_of(term));
                self.terms.push(CarriedTerm { term, kind, key, carriers: Vec::new(), total: 0 });
                self.terms.len() - 1
            });
            carried.push(TermId(at as u32));
        }
        let place = class.id.0 as usize;
        if self.carried.len() <= place {
            self.carried.resize(place + 1, None);
            self.about.resize(place + 1, About::default());
        }
        self.carried[place] = Some(carried.into());
        self.about[place] = About::default();
    }

    /// Forgets a class that has no pods left; its number may be given to another.
    pub fn forget(&mut self, class: ClassId) {
        if let Some(carried) = self.carried.get_mut(class.0 as usize) {
            *carried = None;
            self.about[class.0 as usize] = About::default();
        }
    }

    /// Counts `delta` more pods of `class` on `node`.
    pub fn add_pods(&mut self, class: ClassId, node: NodeId, delta: i32, topologies: &Topologies) {
        let carried =
            self.carried[class.0 as usize].as_deref().expect("classes of placed pods are registered");
        for id in carried {
            let term = &mut self.terms[id.0 as usize];
            let Some(value) = topologies.value(term.key, node) else { continue };
            if term.carriers.len() <= value.index() {
                term.carriers.resize(value.index() + 1, 0);
            }
            let carriers = &mut term.carriers[value.index()];
            *carriers = carriers.checked_add_signed(delta).expect("no carrier leaves where it is not");
            term.total =
                term.total.checked_add_signed(delta.into()).expect("the total is the sum of domains");
        }
    }

    /// The terms that are about pods of `class`.
    pub fn about(&mut self, class: &PodClass, objects: &Objects) -> &[TermId] {
        let about = &mut self.about[class.id.0 as usize];
        if about.namespaces_version != objects.namespaces_version() {
            *about = About { namespaces_version: objects.namespaces_version(), ..About::default() };
        }
        for (at, carried) in self.terms.iter().enumerate().skip(about.seen) {
            if carried.term.matches(class, objects) {
                about.terms.push(TermId(at as u32));
            }
        }
        about.seen = self.terms.len();
        &about.terms
    }

    /// The terms that pods of `class` carry.
    pub fn carried(&self, class: ClassId) -> &[TermId] {
        self.carried.get(class.0 as usize).and_then(Option::as_deref).unwrap_or_default()
    }

    /// A term by its id.
    pub fn get(&self, id: TermId) -> &CarriedTerm {
        &self.terms[id.0 as usize]
    }
}
