//! A waiting pod, and what the queue needs to know to treat it.

use super::backoff::Backoff;
use super::cache::Cache;
use super::cluster_event::EventMask;
use super::framework::{PluginId, PluginSet, PodInfo};
use super::ids::PodId;
use super::profile::Profile;
use crate::kernel::{SimDuration, SimTime};

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Back-off after failures.
    pub backoff: Backoff,
    /// How long a pod may go without another attempt (`--pod-max-in-unschedulable-pods-duration`).
    pub max_in_unschedulable: SimDuration,
    /// How often it is looked whether one has.
    pub unschedulable_flush: SimDuration,
    /// Whether plugins are asked if an event helps (`SchedulerQueueingHints`, since 1.32); without, it is taken to.
    pub hints: bool,
    /// The plugin that holds back a pod whose victims are being evicted.
    pub preemption: Option<PluginId>,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            backoff: Backoff {
                initial: SimDuration::from_secs(1),
                max: SimDuration::from_secs(10),
                windows: true,
            },
            max_in_unschedulable: SimDuration::from_secs(300),
            unschedulable_flush: SimDuration::from_secs(30),
            hints: true,
            preemption: None,
        }
    }
}

/// A pod in the queue (`framework.QueuedPodInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedPod {
    /// The pod.
    pub id: PodId,
    /// Its priority.
    pub priority: i32,
    /// When it came, or failed last.
    pub timestamp: SimTime,
    /// When it was first taken from the queue; `None` before.
    pub first_attempt: Option<SimTime>,
    /// How often it has been taken from the queue.
    pub attempts: u32,
    /// How often it was turned down.
    pub rejections: u32,
    /// How often in a row it failed for another reason.
    pub errors: u32,
    /// The plugins that turned it down the last time, or keep it out of the queue.
    pub rejectors: PluginSet,
    /// The plugin that keeps it out of the queue.
    pub gate: Option<PluginId>,
}

impl Default for QueuedPod {
    fn default() -> Self {
        Self {
            id: PodId(0),
            priority: 0,
            timestamp: SimTime::ZERO,
            first_attempt: None,
            attempts: 0,
            rejections: 0,
            errors: 0,
            rejectors: PluginSet::default(),
            gate: None,
        }
    }
}

/// Where a pod waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Ready to be taken.
    Active,
    /// Backing off.
    Backoff,
    /// Until something helps.
    Unschedulable,
    /// Not waiting: it is being scheduled or bound.
    InFlight,
}

/// What the queue asks about pods and plugins.
#[derive(Clone, Copy, Debug)]
pub struct QueueView<'a> {
    /// The pods.
    pub cache: &'a Cache,
    /// The plugins.
    pub profiles: &'a [Profile],
}

impl QueueView<'_> {
    pub(super) fn pod(&self, id: PodId) -> &PodInfo {
        self.cache.pod(id).expect("queued pods are known")
    }

    pub(super) fn profile(&self, pod: &PodInfo) -> &Profile {
        super::profile_of(self.profiles, &pod.pod).expect("only pods with a profile are queued")
    }

    /// The plugins that want to hear of the event.
    pub(super) fn interested(&self, event: EventMask) -> PluginSet {
        let plugins = self.profiles.iter().flat_map(Profile::plugins);
        plugins
            .filter(|(_, plugin)| plugin.events().iter().any(|mask| mask.matches(event)))
            .map(|(id, _)| id)
            .collect()
    }
}
