//! kube-scheduler: which node each pod gets.
//!
//! The decisions are those of kube-scheduler v1.34 (recordings of the real one are compared in
//! [`crate::conformance::scheduler`]). This is the decision engine alone: it has no clock, sends no requests and draws
//! no random numbers. The caller tells it what has changed, asks for the next pod, and acts on the decision:
//!
//! ```
//! use std::sync::Arc;
//!
//! use shakedown::api::{node::Node, pod::Pod};
//! use shakedown::control::scheduler::{Decision, NodeId, Options, PodId, Scheduler};
//! use shakedown::kernel::SimTime;
//!
//! let mut scheduler = Scheduler::new(&Options::default()).unwrap();
//! let now = SimTime::ZERO;
//! let node: Node = serde_json::from_str(r#"{"metadata": {"name": "n1"}, "status": {"allocatable": {"pods": "10"}}}"#).unwrap();
//! scheduler.on_node_added(NodeId(0), &Arc::new(node), now);
//! scheduler.on_pod_added(PodId(0), &Arc::new(Pod::default()), now);
//!
//! let pod = scheduler.pop(now).unwrap();
//! let Decision::Bind { node } = scheduler.schedule(pod.id, 0) else { panic!("the node is free") };
//! scheduler.assume(pod.id, node);   // then bind, and on success:
//! scheduler.finish_binding(pod.id);
//! ```
//!
//! Reading order: [`schedule_one`] (the cycle), [`framework`] (what plugins are), `plugins/`, [`queue`], [`cache`].

pub mod backoff;
pub mod cache;
pub mod class;
pub mod cluster_event;
pub mod config;
pub mod cycle_state;
pub mod explain;
pub mod framework;
pub mod gpu;
pub mod ids;
pub mod images;
pub mod in_flight;
pub mod memo;
pub mod node_info;
pub mod node_tree;
pub mod nominator;
pub mod objects;
pub mod plugins;
pub mod policies;
pub mod ports;
pub mod post_filter;
pub mod preemption;
pub mod profile;
pub mod promises;
pub mod queue;
pub mod queued_pod;
pub mod registry;
pub mod report;
pub mod resources;
pub mod schedule_one;
pub mod scoring;
pub mod shapes;
pub mod snapshot;
pub mod tallies;
pub mod tally;
pub mod template;
pub mod terms;
pub mod topology;
pub mod what_if;

#[cfg(test)]
mod queue_tests;

use std::sync::Arc;

use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::kernel::{SimDuration, SimTime};

use cache::Cache;
use cluster_event::{ActionType, ClusterEvent, node_changes, pod_changes};
use config::{DEFAULT_SCHEDULER_NAME, KubeSchedulerConfiguration};
use cycle_state::CycleState;
use framework::{Cycle, PluginSet, PodInfo};
use gpu::DeviceSet;
use memo::{Memos, Rejections};
use nominator::Nomination;
use profile::Profile;
use queue::{QueueConfig, QueueView, QueuedPod, SchedulingQueue};
use registry::Registry;
use report::Report;
use schedule_one::SchedulingCycle;
use snapshot::Snapshot;

pub use config::ConfigError;
pub use ids::{NodeId, PodId};
pub use objects::ObjectChange;

/// Which of several equally good nodes is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TieBreak {
    /// One at random, as upstream: by the draw given with each cycle.
    #[default]
    Seeded,
    /// The one whose name comes first.
    Name,
}

/// How a scheduler is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What its configuration file says.
    pub config: KubeSchedulerConfiguration,
    /// The plugins that the file may name.
    pub registry: Registry,
    /// Which of several equally good nodes is taken.
    pub tie_break: TieBreak,
    /// When it starts: its timers count from then.
    pub started: SimTime,
    /// Settings of the queue that are not in the file. Back-off times are taken from the file.
    pub queue: QueueConfig,
}

/// What becomes of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes to this node.
    Bind {
        /// The node.
        node: NodeId,
    },
    /// There is no node for it now.
    Unschedulable(Failure),
    /// A plugin has failed.
    Error {
        /// Why.
        message: String,
    },
}

/// Why a pod has no node, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The text of the condition and the event.
    pub message: String,
    /// The plugins that have turned the pod down; nobody when there are no nodes.
    pub rejectors: PluginSet,
    /// What becomes of the pod's nominated node.
    pub nomination: Nomination,
    /// Pods to evict so that it fits on the nominated node.
    pub victims: Vec<PodId>,
    /// Pods of lower priority whose nomination for that node is to be cleared.
    pub superseded: Vec<PodId>,
}

impl Failure {
    fn of_nobody(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            rejectors: PluginSet::default(),
            nomination: Nomination::Set(None),
            victims: Vec::new(),
            superseded: Vec::new(),
        }
    }
}

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    profiles: Vec<Profile>,
    percentage_of_nodes_to_score: i32,
    tie_break: TieBreak,
    cache: Cache,
    snapshot: Snapshot,
    queue: SchedulingQueue,
    memos: Memos,
    rejections: Rejections,
    report: Report,
    next_start: usize,
    /// The random number of the last cycle.
    draw: u64,
}

/// The profile for a pod, if there is one.
fn profile_of<'a>(profiles: &'a [Profile], pod: &Pod) -> Option<&'a Profile> {
    let name = pod.spec.scheduler_name.as_deref().filter(|name| !name.is_empty());
    let name = name.unwrap_or(DEFAULT_SCHEDULER_NAME);
    profiles.iter().find(|profile| profile.name == name)
}

impl Scheduler {
    /// A scheduler that knows of no node and no pod.
    ///
    /// # Errors
    /// When the configuration is not valid.
    pub fn new(options: &Options) -> Result<Self, ConfigError> {
        let config = &options.config;
        config.validate()?;
        let build = |spec| Profile::build(spec, &options.registry);
        let profiles = config.profiles.iter().map(build).collect::<Result<_, _>>()?;
        let mut queue = options.queue;
        queue.backoff.initial = SimDuration::from_secs(config.pod_initial_backoff_seconds.unsigned_abs());
        queue.backoff.max = SimDuration::from_secs(config.pod_max_backoff_seconds.unsigned_abs());
        queue.preemption = options.registry.find("DefaultPreemption");
        Ok(Self {
            profiles,
            percentage_of_nodes_to_score: config.percentage_of_nodes_to_score.unwrap_or(0),
            tie_break: options.tie_break,
            cache: Cache::default(),
            snapshot: Snapshot::default(),
            queue: SchedulingQueue::new(queue, options.started),
            memos: Memos::default(),
            rejections: Rejections::default(),
            report: Report::default(),
            next_start: 0,
            draw: 0,
        })
    }

    /// Nodes, pods and counts as the scheduler sees them.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The pods that wait.
    pub fn queue(&self) -> &SchedulingQueue {
        &self.queue
    }

    /// Whether this scheduler schedules the pod.
    pub fn is_responsible_for(&self, pod: &Pod) -> bool {
        profile_of(&self.profiles, pod).is_some()
    }

    // What watches deliver.

    /// A node has come.
    pub fn on_node_added(&mut self, id: NodeId, node: &Arc<Node>, now: SimTime) {
        self.cache.add_node(id, node.clone());
        self.move_all(&ClusterEvent::node(ActionType::ADD, None, Some(node.clone())), |_| true, now);
    }

    /// A node has changed.
    pub fn on_node_updated(&mut self, id: NodeId, node: &Arc<Node>, now: SimTime) {
        let old = self.cache.node(id).expect("updated nodes are known").node.clone();
        self.cache.update_node(id, node);
        for change in node_changes(&old, node) {
            let event = ClusterEvent::node(change, Some(old.clone()), Some(node.clone()));
            self.move_all(&event, |_| true, now);
        }
    }

    /// A node is gone.
    pub fn on_node_deleted(&mut self, id: NodeId, now: SimTime) {
        let old = self.cache.node(id).expect("deleted nodes are known").node.clone();
        self.move_all(&ClusterEvent::node(ActionType::DELETE, Some(old), None), |_| true, now);
        self.cache.remove_node(id);
    }

    /// A pod has come. One that has run to its end does not count.
    pub fn on_pod_added(&mut self, id: PodId, pod: &Arc<Pod>, now: SimTime) {
        if pod.status.phase.is_terminal() {
            return;
        }
        let info = self.cache.set_pod(id, pod.clone());
        if pod.node_name.is_some() {
            let event = ClusterEvent::assigned_pod(ActionType::ADD, id, None, Some(pod.clone()));
            self.move_all(&event, |_| true, now);
        } else if self.is_responsible_for(pod) {
            let view = QueueView { cache: &self.cache, profiles: &self.profiles };
            self.queue.add(&info, view, now);
        }
    }

    /// A pod has changed.
    pub fn on_pod_updated(&mut self, id: PodId, pod: &Arc<Pod>, now: SimTime) {
        if pod.status.phase.is_terminal() {
            return self.on_pod_deleted(id, now);
        }
        let Some(old) = self.cache.pod(id).map(|info| info.pod.clone()) else {
            return self.on_pod_added(id, pod, now);
        };
        let was_assumed = self.cache.is_assumed(id);
        let info = self.cache.set_pod(id, pod.clone());
        match (&old.node_name, &pod.node_name) {
            (Some(_), _) => {
                for change in pod_changes(&old, pod) {
                    let event = ClusterEvent::assigned_pod(change, id, Some(old.clone()), Some(pod.clone()));
                    self.move_all(&event, |_| true, now);
                }
            }
            (None, Some(_)) => {
                // Bound, by this scheduler or by someone else.
                self.queue.delete(id);
                let event = ClusterEvent::assigned_pod(ActionType::ADD, id, None, Some(pod.clone()));
                self.move_all(&event, |_| true, now);
            }
            (None, None) if !was_assumed && self.is_responsible_for(pod) => {
                let view = QueueView { cache: &self.cache, profiles: &self.profiles };
                self.queue.update(&old, &info, view, now);
                if old.status.nominated_node_name.is_some()
                    && old.status.nominated_node_name != pod.status.nominated_node_name
                {
                    self.on_nomination_released(id, &old, info.priority(), now);
                }
            }
            (None, None) => {}
        }
    }

    /// A pod is gone, or has run to its end.
    pub fn on_pod_deleted(&mut self, id: PodId, now: SimTime) {
        let was_assumed = self.cache.is_assumed(id);
        let Some(info) = self.cache.remove_pod(id) else { return };
        self.queue.delete(id);
        let pod = info.pod.clone();
        if pod.node_name.is_some() || was_assumed {
            let event = ClusterEvent::assigned_pod(ActionType::DELETE, id, Some(pod), None);
            self.move_all(&event, |_| true, now);
        } else if pod.status.nominated_node_name.is_some() {
            self.on_nomination_released(id, &pod, info.priority(), now);
        }
    }

    /// To pods of no higher priority, a nominated pod was as good as placed.
    fn on_nomination_released(&mut self, id: PodId, pod: &Arc<Pod>, priority: i32, now: SimTime) {
        let event = ClusterEvent::assigned_pod(ActionType::DELETE, id, Some(pod.clone()), None);
        self.move_all(&event, |other| other.priority() <= priority, now);
    }

    /// A service, controller, namespace or disruption budget has changed. No default plugin waits for such an event.
    pub fn on_other(&mut self, change: &ObjectChange<'_>) {
        self.cache.apply(change);
    }

    fn move_all(&mut self, event: &ClusterEvent, concerns: impl Fn(&PodInfo) -> bool, now: SimTime) {
        let view = QueueView { cache: &self.cache, profiles: &self.profiles };
        self.queue.move_all(event, concerns, view, now);
    }

    // Time.

    /// When [`Self::flush`] would do something next.
    pub fn next_due(&self) -> Option<SimTime> {
        self.queue.next_due()
    }

    /// Does what is due by itself: ended back-offs, and pods that nothing has helped for too long.
    pub fn flush(&mut self, now: SimTime) {
        let view = QueueView { cache: &self.cache, profiles: &self.profiles };
        self.queue.flush(view, now);
    }

    // Scheduling.

    /// Takes the next pod to schedule. It stays in flight until [`Self::finish_binding`], [`Self::reject`] or
    /// [`Self::done`].
    pub fn pop(&mut self, now: SimTime) -> Option<QueuedPod> {
        self.flush(now);
        self.queue.pop(now)
    }

    /// Whether a pod that was taken from the queue need not be scheduled: it is being deleted, is gone, or has a node.
    pub fn skips(&self, id: PodId) -> bool {
        self.cache.pod(id).is_none_or(|info| {
            info.pod.metadata.is_terminating() || info.pod.node_name.is_some() || self.cache.is_assumed(id)
        })
    }

    /// Decides where a pod goes. Nothing changes by that; see [`Self::assume`] and [`Self::reject`]. `draw` is a random
    /// number that belongs to this attempt.
    ///
    /// # Panics
    /// When the pod is not known or has no profile.
    pub fn schedule(&mut self, id: PodId, draw: u64) -> Decision {
        let pod = self.cache.pod(id).expect("scheduled pods are known").clone();
        let profile = profile_of(&self.profiles, &pod.pod).expect("only pods with a profile are queued");
        self.draw = draw;
        let profile_index = self.profiles.iter().position(|other| other.name == profile.name);
        self.snapshot.refresh(&mut self.cache);
        SchedulingCycle {
            pod: &pod,
            profile,
            profile_index: profile_index.expect("the profile was found there") as u16,
            cache: &mut self.cache,
            snapshot: &self.snapshot,
            nominator: self.queue.nominator(),
            memos: &mut self.memos,
            rejections: &mut self.rejections,
            report: &mut self.report,
            next_start: &mut self.next_start,
            percentage_of_nodes_to_score: self.percentage_of_nodes_to_score,
            tie_break: self.tie_break,
            draw,
        }
        .run()
    }

    /// Counts the pod on the node that it was given.
    pub fn assume(&mut self, id: PodId, node: NodeId) {
        let devices = self.reserve(id, node);
        self.cache.assume(id, node, devices);
        self.queue.withdraw_nomination(id);
    }

    /// The GPU devices that plugins choose for a pod.
    fn reserve(&self, id: PodId, node: NodeId) -> Option<DeviceSet> {
        let pod = self.cache.pod(id).filter(|pod| !pod.template.gpu.is_none())?;
        let profile = profile_of(&self.profiles, &pod.pod)?;
        let node = self.cache.node(node)?;
        let cycle = Cycle { pod, cluster: &self.cache, state: &CycleState::default(), draw: self.draw };
        profile.reserve.iter().find_map(|plugin| profile.plugin(*plugin).reserve(&cycle, node))
    }

    /// The pod is bound; the API server will show it.
    pub fn finish_binding(&mut self, id: PodId) {
        self.queue.done(id);
    }

    /// Binding has failed: the pod is taken off its node and tried again.
    pub fn forget(&mut self, id: PodId, now: SimTime) {
        let Some(pod) = self.cache.pod(id).map(|info| info.pod.clone()) else {
            return self.queue.done(id);
        };
        if self.cache.is_assumed(id) {
            self.cache.forget(id);
            // To the others it is as if a pod had been deleted.
            let event = ClusterEvent::assigned_pod(ActionType::DELETE, id, Some(pod), None);
            self.move_all(&event, |_| true, now);
        }
        let failure = Failure { nomination: Nomination::Keep, ..Failure::of_nobody("binding rejected") };
        self.reject(id, &failure, now);
    }

    /// Puts a pod back that has no node.
    pub fn reject(&mut self, id: PodId, failure: &Failure, now: SimTime) {
        let Some(info) = self.cache.pod(id).filter(|info| info.pod.node_name.is_none()).cloned() else {
            return self.queue.done(id);
        };
        let view = QueueView { cache: &self.cache, profiles: &self.profiles };
        self.queue.add_unschedulable(id, failure.rejectors, view, now);
        self.queue.nominate(&info, &failure.nomination);
    }

    /// A pod that was taken from the queue is dropped.
    pub fn done(&mut self, id: PodId) {
        self.queue.done(id);
    }

    /// Says whether victims of the pod are being evicted by requests under way (`SchedulerAsyncPreemption`): meanwhile it
    /// stays out of the queue.
    pub fn set_preempting(&mut self, id: PodId, preempting: bool) {
        self.queue.set_preempting(id, preempting);
    }

    /// What keeps the pod out of the queue.
    pub fn gated(&self, id: PodId) -> Option<framework::Status> {
        let info = self.cache.pod(id)?;
        let gate = self.queue.get(id)?.0.gate?;
        profile_of(&self.profiles, &info.pod)?.plugin(gate).pre_enqueue(info).err()
    }

    /// The course of the last cycle.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The course of the last cycle, for people.
    pub fn explain(&self) -> explain::Explanation {
        explain::Explanation::new(self)
    }
}
