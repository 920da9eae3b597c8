//! Pods that have the same labels, which is what most pods of one template have: selectors look at a group once.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::pod::Pod;
use crate::api::{Labels, Selector};
use crate::base::LookupMap;

/// The pods of a namespace by their labels.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelGroups {
    numbers: LookupMap<Labels, u32>,
    groups: BTreeMap<u32, (Labels, BTreeSet<u32>)>,
    next: u32,
}

impl LabelGroups {
    pub(super) fn insert(&mut self, labels: &Labels, pod: u32) {
        let number = if let Some(number) = self.numbers.get(labels) {
            *number
        } else {
            self.next += 1;
            self.numbers.insert(labels.clone(), self.next);
            self.next
        };
        self.groups.entry(number).or_insert_with(|| (labels.clone(), BTreeSet::new())).1.insert(pod);
    }

    pub(super) fn remove(&mut self, labels: &Labels, pod: u32) {
        let Some(number) = self.numbers.get(labels).copied() else { return };
        let Some((_, pods)) = self.groups.get_mut(&number) else { return };
        pods.remove(&pod);
        if pods.is_empty() {
            self.groups.remove(&number);
            self.numbers.remove(labels);
        }
    }

    /// The oldest of the pods that a selector matches for which `wanted` is true.
    pub(super) fn first_matching(&self, selector: &Selector, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let groups = self.groups.values().filter(|(labels, _)| selector.matches(labels));
        groups.filter_map(|(_, pods)| pods.iter().copied().find(|pod| wanted(*pod))).min()
    }

    /// The pods that a selector matches, in order of creation.
    pub(super) fn matching(&self, selector: &Selector) -> Vec<u32> {
        let mut groups = self.groups.values().filter(|(labels, _)| selector.matches(labels));
        let Some((_, first)) = groups.next() else { return Vec::new() };
        let mut pods: Vec<u32> = first.iter().copied().collect();
        let one_group = pods.len();
        pods.extend(groups.flat_map(|(_, group)| group));
        if pods.len() > one_group {
            pods.sort_unstable();
        }
        pods
    }
}

/// The pods of one controller, and how many of them are in which state.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    pub(super) members: BTreeSet<u32>,
    counts: Vec<(Labels, Counts)>,
}

/// How many pods there are, how many of them are active, and how many of those are ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub pods: i32,
    /// Neither ended nor being deleted.
    pub active: i32,
    /// Active and ready.
    pub ready: i32,
}

impl Crowd {
    /// The counts of each group of pods with equal labels, in no order that means anything.
    pub fn counts(&self) -> &[(Labels, Counts)] {
        &self.counts
    }

    pub(super) fn insert(&mut self, index: u32, pod: &Pod) {
        self.members.insert(index);
        self.count(pod, 1);
    }

    pub(super) fn remove(&mut self, index: u32, pod: &Pod) {
        self.members.remove(&index);
        self.count(pod, -1);
    }

    /// Counts a version of a pod in, or out.
    pub(super) fn count(&mut self, pod: &Pod, by: i32) {
        let labels = &pod.metadata.labels;
        let found =
            self.counts.iter().position(|(group, _)| group.same_allocation(labels) || group == labels);
        let at = found.unwrap_or_else(|| {
            self.counts.push((labels.clone(), Counts::default()));
            self.counts.len() - 1
        });
        let counts = &mut self.counts[at].1;
        counts.pods += by;
        if pod.is_active() {
            counts.active += by;
            counts.ready += if pod.is_ready() { by } else { 0 };
        }
        if counts.pods == 0 {
            self.counts.swap_remove(at);
        }
    }
}
