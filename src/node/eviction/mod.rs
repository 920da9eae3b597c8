//! The kubelet's eviction manager: pods that must go because the machine, or they themselves, run short of something.
//!
//! Source: kubelet v1.32 `eviction/eviction_manager.go`; `spec` node 5.5. It looks every 10 s, and again as soon as what it
//! has evicted is gone. Rounds that would find nothing are not simulated. Not modelled: statistics that are older than
//! the round, and the wait for a pod that does not end in time.

mod limits;
mod rank;
mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::rank::{Candidate, rank};
use self::signals::{Counted, Threshold, thresholds};
pub(super) use self::signals::{Pressure, Signal};
use super::admission::is_critical;
use super::env::NodeEnv;
use super::host::{Host, HostShared, NodeEvent};
use super::pod::{HostPod, KubeletVerdict, Stage};
use super::usage::first_instant;
use crate::api::pod::Pod;
use crate::api::qos::pod_requests;
use crate::base::Quantity;
use crate::component::events::EventType;
use crate::component::{Class, Ctx, Settings};
use crate::kernel::{EventHandle, SimTime};

const SEQ_ROUND: u32 = 10;

/// What the eviction manager remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Eviction {
    /// Rounds are at this instant and every period after it.
    base: SimTime,
    round: Option<EventHandle>,
    /// Evicted pods that are not gone yet.
    cleaning: BTreeSet<u32>,
    /// Since when which threshold is met.
    met_since: BTreeMap<(Signal, bool), SimTime>,
    /// When which pressure was last observed.
    observed: BTreeMap<Pressure, SimTime>,
    /// The pressures that the node is under, as the kubelet thinks.
    pub(super) pressures: BTreeSet<Pressure>,
    /// The last pass of the image garbage collector failed.
    pub(super) image_gc_failed: bool,
}

impl Eviction {
    /// The manager of a kubelet that has just started.
    pub(super) fn started(now: SimTime) -> Self {
        Self { base: now, ..Self::default() }
    }

    /// Forgets the next round.
    pub(super) fn cancel(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.round);
    }
}

impl Host {
    fn thresholds(&self, settings: &Settings) -> Vec<Threshold> {
        let has_files = |pod: &HostPod| {
            let mut running = pod.containers.iter().filter_map(|truth| truth.running.as_ref());
            running.any(|instance| !instance.app.model().files.is_nothing())
        };
        let counted = Counted {
            files: self.pods.values().any(|pod| has_files(pod)),
            outside_pids: self.shared.outside.pids > 0,
        };
        thresholds(settings, &self.shared.machine(settings), counted)
    }

    fn available(&self, settings: &Settings, signal: Signal, at: SimTime) -> u64 {
        let machine = self.shared.machine(settings);
        match signal {
            Signal::Memory => machine.memory.saturating_sub(self.memory_used(at)),
            Signal::Nodefs | Signal::Imagefs => machine.disk.saturating_sub(self.disk_used(at)),
            Signal::NodefsInodes | Signal::ImagefsInodes => {
                machine.inodes.saturating_sub(self.files_used(at))
            }
            Signal::Pids => machine.pids.saturating_sub(self.pids_used(at, settings.pod_pids_limit)),
        }
    }

    /// Plans the next round at which the manager finds something, or nothing any more.
    pub(super) fn plan_eviction_round(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let mut round = self.shared.eviction.round.take();
        ctx.cancel(&mut round);
        let eviction = &self.shared.eviction;
        if !self.shared.kubelet_works() || !eviction.cleaning.is_empty() {
            return;
        }
        let now = ctx.now;
        let settings = ctx.settings;
        let from = if env.eager || !eviction.met_since.is_empty() {
            Some(now)
        } else {
            let period = settings.eviction_pressure_transition_period;
            let clears = eviction.observed.values().map(|at| *at + period).min();
            let thresholds = self.thresholds(settings);
            let short = first_instant(now, |at| {
                thresholds.iter().any(|one| self.available(settings, one.signal, at) < one.value)
                    || self.pods.values().any(|pod| limits::exceeded(pod, at).is_some())
            });
            clears.into_iter().chain(short).min()
        };
        let Some(from) = from else { return };
        let period = settings.eviction_monitoring_period;
        let phase = eviction.base.since_start();
        let target = self.shared.target;
        let at = if from > now {
            from.ceil_to(period, phase)
        } else {
            ctx.next_tick(period, phase, Class::Report, target, SEQ_ROUND)
        };
        let handle = ctx.schedule(at, Class::Report, target, SEQ_ROUND, NodeEvent::EvictionRound);
        self.shared.eviction.round = Some(handle);
    }

    /// The manager looks at the machine.
    pub(super) fn eviction_round(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.eviction.round = None;
        self.shared.usage_changed = true;
        if !self.shared.kubelet_works() {
            return;
        }
        let ready = self.observe(ctx);
        if self.evict_for_limits(ctx, env) {
            return;
        }
        let Some(threshold) = ready.first().copied() else { return };
        let text = format!("Attempting to reclaim {}", threshold.signal.resource());
        self.shared.node_event(ctx, EventType::Warning, "EvictionThresholdMet", text);
        if threshold.signal.pressure() == Pressure::Disk && self.delete_unused_images(ctx) {
            let settings = ctx.settings;
            let short = |one: &Threshold| {
                self.available(settings, one.signal, ctx.now) < one.value.saturating_add(one.min_reclaim)
            };
            if !self.thresholds(settings).iter().any(short) {
                return;
            }
        }
        self.evict_one(ctx, env, threshold);
    }

    /// Notes which thresholds are met and which pressures follow. Returns those whose grace has passed.
    fn observe(&mut self, ctx: &mut Ctx<'_, NodeEvent>) -> Vec<Threshold> {
        let (now, settings) = (ctx.now, ctx.settings);
        let thresholds = self.thresholds(settings);
        let mut met = Vec::new();
        for threshold in thresholds {
            let available = self.available(settings, threshold.signal, now);
            let key = (threshold.signal, threshold.is_soft);
            let before = self.shared.eviction.met_since.get(&key).copied();
            let enough = threshold.value.saturating_add(before.map_or(0, |_| threshold.min_reclaim));
            if available < enough {
                met.push((threshold, before.unwrap_or(now)));
            }
        }
        let eviction = &mut self.shared.eviction;
        eviction.met_since = met.iter().map(|(one, since)| ((one.signal, one.is_soft), *since)).collect();
        for (threshold, _) in &met {
            eviction.observed.insert(threshold.signal.pressure(), now);
        }
        let period = settings.eviction_pressure_transition_period;
        eviction.observed.retain(|_, at| now.saturating_since(*at) < period);
        let pressures: BTreeSet<Pressure> = eviction.observed.keys().copied().collect();
        if pressures != eviction.pressures {
            eviction.pressures = pressures;
            self.shared.plan_node_status(ctx);
        }
        let waited =
            |(one, since): (Threshold, SimTime)| (now.saturating_since(since) >= one.grace).then_some(one);
        met.into_iter().filter_map(waited).collect()
    }

    /// Evicts the first pod that can be evicted.
    fn evict_one(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, threshold: Threshold) {
        let now = ctx.now;
        let active = self.pods.iter().filter(|(_, pod)| is_active(pod));
        let mut candidates: Vec<Candidate> = active
            .map(|(id, pod)| Candidate {
                pod: *id,
                priority: pod.pod.priority(),
                usage: pod.sandbox.as_ref().map(|_| match threshold.signal {
                    Signal::Memory => pod.memory(now),
                    Signal::Nodefs | Signal::Imagefs => pod.disk(now),
                    Signal::NodefsInodes | Signal::ImagefsInodes => pod.files(now),
                    Signal::Pids => pod.pids(now, ctx.settings.pod_pids_limit),
                }),
                request: request(&pod.pod, threshold.signal.resource()),
            })
            .collect();
        rank(threshold.signal, &mut candidates);
        let first = candidates.into_iter().find(|one| !is_critical(&self.pods[&one.pod].pod));
        let Some(Candidate { pod, .. }) = first else { return };
        let message = self.message(ctx, threshold, pod);
        let own = self.pods[&pod].pod.spec.termination_grace_period_seconds.unwrap_or(30);
        let soft = (ctx.settings.eviction_max_pod_grace_period as i64).min(own);
        let grace = if threshold.is_soft { soft } else { ctx.settings.eviction_hard_grace_period as i64 };
        self.evict(ctx, env, pod, grace, message, true);
    }

    fn message(&self, ctx: &Ctx<'_, NodeEvent>, threshold: Threshold, pod: u32) -> String {
        let resource = threshold.signal.resource();
        let is_count =
            matches!(threshold.signal, Signal::NodefsInodes | Signal::ImagefsInodes | Signal::Pids);
        let bytes = |amount: u64| {
            let amount = i64::try_from(amount).unwrap_or(i64::MAX);
            if is_count { Quantity::from_value(amount) } else { Quantity::from_bytes(amount) }
        };
        let available = self.available(ctx.settings, threshold.signal, ctx.now);
        let mut text = format!(
            "The node was low on resource: {resource}. Threshold quantity: {}, available: {}. ",
            bytes(threshold.value),
            bytes(available)
        );
        let pod = &self.pods[&pod];
        for index in 0..pod.containers.len() {
            let container = pod.spec(index);
            let usage = match threshold.signal {
                _ if pod.containers[index].running.is_none() => continue,
                Signal::Memory => pod.container_memory(index, ctx.now),
                Signal::Nodefs | Signal::Imagefs => pod.container_disk(index, ctx.now),
                Signal::NodefsInodes | Signal::ImagefsInodes | Signal::Pids => continue,
            };
            let request = container.resources.requests.get(resource).copied().unwrap_or_default();
            if i128::from(usage) > i128::from(request.value()) {
                let _ = write!(
                    text,
                    "Container {} was using {}, request is {request}, has larger consumption of {resource}. ",
                    container.name,
                    bytes(usage)
                );
            }
        }
        text
    }

    /// Ends a pod for good.
    fn evict(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        pod: u32,
        grace: i64,
        message: String,
        is_disruption: bool,
    ) {
        self.shared.eviction.cleaning.insert(pod);
        self.with(pod, ctx, env, |cx| {
            cx.pod_event(EventType::Warning, "Evicted", &message);
            let verdict = KubeletVerdict { reason: "Evicted".into(), message: message.into(), is_disruption };
            cx.end_by_kubelet(verdict, grace);
        });
    }

    /// Local storage limits: every pod that uses more than it may is evicted. Returns whether there was one.
    fn evict_for_limits(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) -> bool {
        let now = ctx.now;
        let over: Vec<(u32, String)> = self
            .pods
            .iter()
            .filter(|(_, pod)| is_active(pod) && !is_critical(&pod.pod))
            .filter_map(|(id, pod)| Some((*id, limits::exceeded(pod, now)?)))
            .collect();
        let any = !over.is_empty();
        let grace = ctx.settings.eviction_hard_grace_period as i64;
        for (pod, message) in over {
            self.evict(ctx, env, pod, grace, message, false);
        }
        any
    }
}

impl HostShared {
    /// A pod is gone; if it was the last one that the manager waited for, the next round comes with the next poll.
    pub(super) fn evicted_pod_is_gone(&mut self, ctx: &mut Ctx<'_, NodeEvent>, pod: u32, killed_at: SimTime) {
        let eviction = &mut self.eviction;
        if !eviction.cleaning.remove(&pod) || !eviction.cleaning.is_empty() {
            return;
        }
        let phase = killed_at.since_start();
        let target = self.target;
        let poll = ctx.settings.eviction_cleanup_poll;
        let at = ctx.next_tick(poll, phase, Class::Report, target, SEQ_ROUND);
        let at = at.max(killed_at + poll);
        eviction.base = at;
        eviction.round = Some(ctx.schedule(at, Class::Report, target, SEQ_ROUND, NodeEvent::EvictionRound));
    }
}

/// Whether a pod is the manager's business: not one whose containers have all ended.
fn is_active(pod: &HostPod) -> bool {
    let ended_by_itself = pod.worker.cached.phase.is_terminal() && !pod.pod.metadata.is_terminating();
    !matches!(pod.worker.stage, Stage::Terminated | Stage::Finished)
        && !ended_by_itself
        && pod.worker.verdict.is_none()
}

fn request(pod: &Pod, resource: &str) -> u64 {
    pod_requests(&pod.spec).get(resource).map_or(0, |quantity| quantity.value().max(0) as u64)
}
