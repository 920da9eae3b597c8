//! Plugins that a configuration may name and that have no effect here.
//!
//! `PrioritySort` is how the queue is ordered and `DefaultBinder` how the simulation binds. Volumes are taken to be
//! available on every node, so the volume plugins admit everything.

use crate::control::scheduler::cluster_event::EventMask;
use crate::control::scheduler::framework::{Plugin, PodInfo, Points, PreFilter, PreScore};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::{cache::Cache, cycle_state::CycleState};

/// A plugin without effect.
#[derive(Clone, Copy, Debug)]
pub struct Inert {
    name: &'static str,
    points: Points,
}

const VOLUME_FILTER: Points = Points::PRE_FILTER.and(Points::FILTER);

impl Inert {
    /// All of them, with the extension points that they have upstream.
    pub const ALL: &[Self] = &[
        Self { name: "PrioritySort", points: Points::QUEUE_SORT },
        Self { name: "VolumeRestrictions", points: VOLUME_FILTER },
        Self { name: "NodeVolumeLimits", points: VOLUME_FILTER },
        Self {
            name: "VolumeBinding",
            points: VOLUME_FILTER
                .and(Points::PRE_SCORE)
                .and(Points::SCORE)
                .and(Points::RESERVE)
                .and(Points::PRE_BIND),
        },
        Self { name: "VolumeZone", points: VOLUME_FILTER },
        Self { name: "DefaultBinder", points: Points::BIND },
    ];
}

impl Plugin for Inert {
    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        self.points
    }

    fn pre_filter(&self, _: &PodInfo, _: &mut Cache, _: &mut CycleState) -> PreFilter {
        PreFilter::Skip
    }

    fn pre_score(&self, _: &PodInfo, _: &mut Cache, _: &mut CycleState, _: &[NodeId]) -> PreScore {
        PreScore::Skip
    }

    fn events(&self) -> &'static [EventMask] {
        &[]
    }
}
