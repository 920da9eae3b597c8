//! `DefaultPreemption`: where no node is left, pods of lower priority may have to go (kube-scheduler v1.34).
//!
//! The search itself is in [`crate::control::scheduler::preemption`].

use serde::Deserialize;

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::{ActionType, ClusterEvent, EventMask};
use crate::control::scheduler::framework::{Cycle, Hint, Plugin, PodInfo, Points, PostFilter};

/// `DefaultPreemptionArgs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DefaultPreemptionArgs {
    /// How many of the possible nodes are tried at least, in percent.
    pub min_candidate_nodes_percentage: i32,
    /// How many of the possible nodes are tried at least.
    pub min_candidate_nodes_absolute: i32,
}

impl Default for DefaultPreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 }
    }
}

impl DefaultPreemptionArgs {
    /// `ValidateDefaultPreemptionArgs`.
    ///
    /// # Errors
    /// When a number is out of range.
    pub fn validate(self) -> Result<Self, String> {
        let Self { min_candidate_nodes_percentage: percentage, min_candidate_nodes_absolute: absolute } =
            self;
        if !(0..=100).contains(&percentage) {
            return Err(format!("minCandidateNodesPercentage: {percentage} is not in the range [0, 100]"));
        }
        if absolute < 0 {
            return Err(format!("minCandidateNodesAbsolute: {absolute} is not in the range [0, inf)"));
        }
        if percentage == 0 && absolute == 0 {
            return Err(
                "minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero".into()
            );
        }
        Ok(self)
    }

    /// After how many candidates the search may stop, of `nodes` possible ones.
    pub fn wanted_candidates(self, nodes: usize) -> usize {
        let by_percentage = nodes * self.min_candidate_nodes_percentage.max(0) as usize / 100;
        by_percentage.max(self.min_candidate_nodes_absolute.max(0) as usize).min(nodes)
    }
}

/// The plugin. That a pod stays out of the queue while its victims are being evicted is the queue's business.
#[derive(Debug)]
pub struct DefaultPreemption(pub DefaultPreemptionArgs);

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }

    fn points(&self) -> Points {
        Points::POST_FILTER | Points::PRE_ENQUEUE
    }

    fn post_filter(&self, _: &Cycle<'_>) -> PostFilter {
        PostFilter::Preempt(self.0)
    }

    fn events(&self) -> &'static [EventMask] {
        const EVENTS: &[EventMask] = &[EventMask::pods(ActionType::DELETE)];
        EVENTS
    }

    fn hint(&self, _: &PodInfo, _: &Cache, _: &ClusterEvent) -> Hint {
        // Whether the room that preemption made is enough is for the plugins that lacked it to say.
        Hint::Skip
    }
}
