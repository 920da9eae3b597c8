//! Filtering of one node as it would be with some pods more or fewer.

use super::cache::Cache;
use super::cycle_state::CycleState;
use super::framework::{Cycle, PluginId, PluginSet, PodInfo, Status};
use super::node_info::NodeInfo;
use super::profile::Profile;

/// The filters of a cycle.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Plugins that have nothing to say about the pod.
    pub skipped: PluginSet,
}

impl Filters<'_> {
    /// Asks the filters in order; the first refusal counts.
    pub fn run(
        &self,
        plugins: &[PluginId],
        cycle: &Cycle<'_>,
        node: &NodeInfo,
    ) -> Result<(), (PluginId, Status)> {
        let asked = plugins.iter().filter(|id| !self.skipped.contains(**id));
        for id in asked {
            self.profile.plugin(*id).filter(cycle, node).map_err(|status| (*id, status))?;
        }
        Ok(())
    }
}

/// A node as it would be.
#[derive(Clone, Debug)]
pub struct WhatIf<'a> {
    filters: Filters<'a>,
    pod: &'a PodInfo,
    cluster: &'a Cache,
    draw: u64,
    node: NodeInfo,
    state: CycleState,
    /// Plugins whose state depends on the pods of the node.
    prepared: Vec<PluginId>,
}

impl<'a> WhatIf<'a> {
    /// `node` as it is.
    pub fn new(filters: Filters<'a>, cycle: &Cycle<'a>, node: &NodeInfo) -> Self {
        let Cycle { pod, cluster, state, draw } = *cycle;
        let asked = |id: &PluginId| !filters.skipped.contains(*id);
        let prepared = filters.profile.pre_filter.iter().copied().filter(asked).collect();
        Self { filters, pod, cluster, draw, node: node.clone(), state: state.clone(), prepared }
    }

    /// The node as it would be.
    pub fn node(&self) -> &NodeInfo {
        &self.node
    }

    /// Puts a pod on it.
    pub fn add(&mut self, other: &PodInfo) {
        self.node.add_pod(other, None);
        for id in &self.prepared {
            let plugin = self.filters.profile.plugin(*id);
            plugin.add_pod(self.pod, self.cluster, &mut self.state, other, self.node.id);
        }
    }

    /// Takes a pod off it.
    pub fn remove(&mut self, other: &PodInfo) {
        self.node.remove_pod(other);
        for id in &self.prepared {
            let plugin = self.filters.profile.plugin(*id);
            plugin.remove_pod(self.pod, self.cluster, &mut self.state, other, self.node.id);
        }
    }

    /// Asks all filters.
    pub fn run_filters(&self) -> Result<(), (PluginId, Status)> {
        let cycle = Cycle { pod: self.pod, cluster: self.cluster, state: &self.state, draw: self.draw };
        self.filters.run(&self.filters.profile.filter, &cycle, &self.node)
    }

    /// Asks all filters twice: with the pods that have been promised this node and are at least as important, and
    /// without, because what was promised may not come true (`RunFilterPluginsWithNominatedPods`).
    pub fn run_filters_with(&self, promised: &[PodInfo]) -> Result<(), (PluginId, Status)> {
        if !promised.is_empty() {
            let mut with = self.clone();
            for other in promised {
                with.add(other);
            }
            with.run_filters()?;
        }
        self.run_filters()
    }
}
