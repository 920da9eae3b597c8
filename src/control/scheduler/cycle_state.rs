//! What plugins work out for one pod in one cycle and keep for their later extension points.
//!
//! Upstream keeps a map from text to anything (`framework.CycleState`); the plugins are known here, so each has its own
//! field. All of it is small: counts over the cluster live in tallies and are only pointed to.

use super::plugins::image_locality::ImageScores;
use super::plugins::inter_pod_affinity::{AffinityFilter, AffinityScore};
use super::plugins::pod_topology_spread::{SpreadFilter, SpreadScore};

/// The state of one cycle.
#[derive(Clone, Debug, Default)]
pub struct CycleState {
    /// Of `PodTopologySpread`, for filtering.
    pub spread_filter: SpreadFilter,
    /// Of `PodTopologySpread`, for scoring.
    pub spread_score: SpreadScore,
    /// Of `InterPodAffinity`, for filtering.
    pub affinity_filter: AffinityFilter,
    /// Of `InterPodAffinity`, for scoring.
    pub affinity_score: AffinityScore,
    /// Of `ImageLocality`.
    pub images: ImageScores,
    /// Of `NodeResourcesFit`: what the pod asks for of each resource that counts.
    pub fit_requests: Vec<i64>,
    /// Of `NodeResourcesBalancedAllocation`: the same.
    pub balance_requests: Vec<i64>,
    /// Whether `DynamicResources` has come to prepare filtering.
    pub dynamic_resources_prepared: bool,
}
