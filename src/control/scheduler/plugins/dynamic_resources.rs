//! `DynamicResources`: resource claims are not simulated, but the plugin's part in failure messages is.
//!
//! In kube-scheduler v1.34 it comes before preemption among the PostFilter plugins. For a pod without claims it has
//! nothing to do and says so; and when another plugin refused the pod before this one could prepare, it fails, which
//! keeps preemption from being tried.

use std::borrow::Cow;

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::EventMask;
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{Cycle, Plugin, PodInfo, Points, PostFilter, PreFilter};

/// The plugin.
#[derive(Debug)]
pub struct DynamicResources;

impl Plugin for DynamicResources {
    fn name(&self) -> &'static str {
        "DynamicResources"
    }

    fn points(&self) -> Points {
        Points::PRE_ENQUEUE
            | Points::PRE_FILTER
            | Points::FILTER
            | Points::POST_FILTER
            | Points::RESERVE
            | Points::PRE_BIND
    }

    fn pre_filter(&self, _: &PodInfo, _: &mut Cache, state: &mut CycleState) -> PreFilter {
        state.dynamic_resources_prepared = true;
        PreFilter::Skip
    }

    fn post_filter(&self, cycle: &Cycle<'_>) -> PostFilter {
        if cycle.state.dynamic_resources_prepared {
            PostFilter::Nothing(Cow::Borrowed("no new claims to deallocate"))
        } else {
            PostFilter::Failed(Cow::Borrowed("not found"))
        }
    }

    fn events(&self) -> &'static [EventMask] {
        &[]
    }
}
