//! The scheduling framework: extension points, what plugins say, and what they are told.
//!
//! Names and meanings are those of `pkg/scheduler/framework` of kube-scheduler v1.34. A policy is one `impl Plugin`: it
//! names the extension points it takes part in and implements their methods.
//!
//! ```
//! use shakedown::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points};
//!
//! /// Prefers nodes with few pods.
//! #[derive(Debug)]
//! struct FewPods;
//!
//! impl Plugin for FewPods {
//!     fn name(&self) -> &'static str {
//!         "FewPods"
//!     }
//!     fn points(&self) -> Points {
//!         Points::SCORE
//!     }
//!     fn locality(&self) -> Locality {
//!         Locality::Node
//!     }
//!     fn score(&self, _: &Cycle<'_>, node: &NodeInfo) -> i64 {
//!         100 - (node.pods.len() as i64).min(100)
//!     }
//! }
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::BitOr;

use super::cache::Cache;
use super::cluster_event::{ClusterEvent, EventMask};
use super::cycle_state::CycleState;
use super::gpu::DeviceSet;
use super::ids::NodeId;
pub use super::node_info::NodeInfo;
use super::plugins::default_preemption::DefaultPreemptionArgs;
pub use super::shapes::PodInfo;
use crate::base::Name;

/// The highest score after normalisation.
pub const MAX_NODE_SCORE: i64 = 100;

/// How a plugin's answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The pod may go on.
    Success,
    /// Something failed that has nothing to do with the pod; it is tried again.
    Error,
    /// Not here or not now; preempting other pods may help.
    Unschedulable,
    /// Not here or not now, and preempting other pods does not help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// Whether the pod was turned down.
    pub fn is_rejection(self) -> bool {
        matches!(self, Self::Unschedulable | Self::UnschedulableAndUnresolvable)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a plugin says against a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// How it counts.
    pub code: Code,
    /// Why, for people.
    pub reasons: Vec<Cow<'static, str>>,
}

impl Status {
    /// A refusal that preemption may overcome.
    pub fn unschedulable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Code::Unschedulable, reasons: vec![reason.into()] }
    }

    /// A refusal that preemption cannot overcome.
    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Code::UnschedulableAndUnresolvable, reasons: vec![reason.into()] }
    }

    /// The reasons in one line.
    pub fn message(&self) -> String {
        self.reasons.join(", ")
    }
}

/// What a filter says of a node: nothing, or why not.
pub type Verdict = Result<(), Status>;

/// What [`Plugin::pre_filter`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilter {
    /// Ask the filter for every node.
    Run,
    /// The filter has nothing to say about this pod.
    Skip,
    /// Ask the filter, and only these nodes can do.
    Only(BTreeSet<Name>),
    /// No node can do.
    Reject(Status),
}

/// What [`Plugin::pre_score`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreScore {
    /// Score every node.
    Run,
    /// Leave this plugin out; upstream then does not list it.
    Skip,
    /// All nodes score alike before normalisation; no need to ask. Only for plugins whose normalisation gives equal
    /// nodes equal scores, however many they are.
    Same(i64),
}

/// What [`Plugin::post_filter`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostFilter {
    /// It can do nothing, for this reason; the next plugin is asked.
    Nothing(Cow<'static, str>),
    /// It failed; no other plugin is asked.
    Failed(Cow<'static, str>),
    /// Preempt pods for this one.
    Preempt(DefaultPreemptionArgs),
}

/// What [`Plugin::hint`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The event may have made the pod schedulable.
    Queue,
    /// The event has not.
    Skip,
}

impl Hint {
    /// [`Hint::Queue`] if `worth_it`.
    pub fn queue_if(worth_it: bool) -> Self {
        if worth_it { Self::Queue } else { Self::Skip }
    }
}

/// A set of extension points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points(u16);

impl Points {
    /// May keep a pod out of the queue.
    pub const PRE_ENQUEUE: Self = Self(1);
    /// Orders the queue.
    pub const QUEUE_SORT: Self = Self(1 << 1);
    /// Prepares filtering.
    pub const PRE_FILTER: Self = Self(1 << 2);
    /// Refuses nodes.
    pub const FILTER: Self = Self(1 << 3);
    /// Acts when no node is left.
    pub const POST_FILTER: Self = Self(1 << 4);
    /// Prepares scoring.
    pub const PRE_SCORE: Self = Self(1 << 5);
    /// Ranks nodes.
    pub const SCORE: Self = Self(1 << 6);
    /// Sets something aside for a pod that has a node.
    pub const RESERVE: Self = Self(1 << 7);
    /// May hold a pod that has a node.
    pub const PERMIT: Self = Self(1 << 8);
    /// Prepares binding.
    pub const PRE_BIND: Self = Self(1 << 9);
    /// Binds.
    pub const BIND: Self = Self(1 << 10);
    /// Learns of a binding.
    pub const POST_BIND: Self = Self(1 << 11);
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Points {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// What a plugin's filter and score look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locality {
    /// Nothing but the pod's spec, the node and the pods on it. Such answers hold until the node changes, and the
    /// framework asks again only then. Most policies are of this kind.
    Node,
    /// Anything: the framework asks in every cycle.
    Cluster,
}

/// What plugins are told in a cycle.
#[derive(Clone, Copy)]
pub struct Cycle<'a> {
    /// The pod that is to be placed.
    pub pod: &'a PodInfo,
    /// The cluster.
    pub cluster: &'a Cache,
    /// What plugins have worked out earlier in this cycle.
    pub state: &'a CycleState,
    /// A number that is random, but the same in every run with the same seed.
    pub draw: u64,
}

/// A scheduling plugin. It holds its configuration only: what it works out in a cycle goes to [`CycleState`].
#[expect(unused_variables, reason = "the defaults ignore what they are told")]
pub trait Plugin: fmt::Debug + Send + Sync {
    /// The name that configurations use.
    fn name(&self) -> &'static str;

    /// Where it takes part.
    fn points(&self) -> Points;

    /// What its filter and score look at.
    fn locality(&self) -> Locality {
        Locality::Cluster
    }

    /// Whether the pod may enter the queue.
    fn pre_enqueue(&self, pod: &PodInfo) -> Verdict {
        Ok(())
    }

    /// Prepares filtering.
    fn pre_filter(&self, pod: &PodInfo, cluster: &mut Cache, state: &mut CycleState) -> PreFilter {
        PreFilter::Run
    }

    /// Whether the pod may go to the node.
    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        Ok(())
    }

    /// Supposes one more pod on `node`, the only node that is filtered with this state.
    fn add_pod(&self, pod: &PodInfo, cluster: &Cache, state: &mut CycleState, other: &PodInfo, node: NodeId) {
    }

    /// Supposes one pod less on `node`, the only node that is filtered with this state.
    fn remove_pod(
        &self,
        pod: &PodInfo,
        cluster: &Cache,
        state: &mut CycleState,
        other: &PodInfo,
        node: NodeId,
    ) {
    }

    /// What can be done when no node is left.
    fn post_filter(&self, cycle: &Cycle<'_>) -> PostFilter {
        PostFilter::Nothing(Cow::Borrowed(""))
    }

    /// Prepares scoring of the nodes that have passed all filters.
    fn pre_score(
        &self,
        pod: &PodInfo,
        cluster: &mut Cache,
        state: &mut CycleState,
        feasible: &[NodeId],
    ) -> PreScore {
        PreScore::Run
    }

    /// How good the node is.
    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        0
    }

    /// Brings the scores of the feasible nodes into the range from 0 to [`MAX_NODE_SCORE`].
    fn normalize(&self, cycle: &Cycle<'_>, feasible: &[NodeId], scores: &mut [i64]) {}

    /// Which GPU devices of the chosen node are set aside for a pod that asks for some. The first plugin at Reserve that
    /// has an opinion decides; without any, those that fit best.
    fn reserve(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Option<DeviceSet> {
        None
    }

    /// The events that may make a pod schedulable that this plugin has turned down.
    fn events(&self) -> &'static [EventMask] {
        EventMask::EVERYTHING
    }

    /// Whether an event of those has made it schedulable, as far as this plugin is concerned.
    fn hint(&self, pod: &PodInfo, cluster: &Cache, event: &ClusterEvent) -> Hint {
        Hint::Queue
    }
}

/// A plugin, by its place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(pub u8);

/// A set of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginSet(u64);

impl PluginSet {
    /// How many plugins there may be.
    pub const CAPACITY: usize = 64;

    /// Adds a plugin.
    pub fn insert(&mut self, plugin: PluginId) {
        self.0 |= 1 << plugin.0;
    }

    /// Whether the plugin is in the set.
    pub fn contains(self, plugin: PluginId) -> bool {
        self.0 & (1 << plugin.0) != 0
    }

    /// Whether no plugin is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The plugins, in registry order.
    pub fn iter(self) -> impl Iterator<Item = PluginId> {
        (0..Self::CAPACITY as u8).map(PluginId).filter(move |plugin| self.contains(*plugin))
    }
}

impl FromIterator<PluginId> for PluginSet {
    fn from_iter<I: IntoIterator<Item = PluginId>>(plugins: I) -> Self {
        let mut set = Self::default();
        plugins.into_iter().for_each(|plugin| set.insert(plugin));
        set
    }
}

/// `helper.DefaultNormalizeScore`: the highest becomes 100 and the rest in proportion; reversed, the highest becomes 0.
pub fn normalize_to_max(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    if highest == 0 {
        if reverse {
            scores.fill(MAX_NODE_SCORE);
        }
        return;
    }
    for score in scores {
        *score = MAX_NODE_SCORE * *score / highest;
        if reverse {
            *score = MAX_NODE_SCORE - *score;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisation_divides_before_it_reverses() {
        let normalized = |scores: &[i64], reverse| {
            let mut scores = scores.to_vec();
            normalize_to_max(&mut scores, reverse);
            scores
        };
        assert_eq!(normalized(&[0, 1, 3], false), [0, 33, 100]);
        assert_eq!(normalized(&[0, 1, 3], true), [100, 67, 0]);
        assert_eq!(normalized(&[0, 0], true), [100, 100]);
        assert_eq!(normalized(&[0, 0], false), [0, 0]);
    }
}
