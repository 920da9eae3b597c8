//! The node lifecycle controller: who is silent becomes Unknown, is tainted, and at a limited rate loses its pods.
//!
//! Source: `pkg/controller/nodelifecycle/node_lifecycle_controller.go`, v1.34; `spec` control plane 3.2 to 3.4. The
//! controller looks at all nodes every five seconds. Passes that would find every node healthy are not simulated: the
//! pass at which a silent node is due is known when it falls silent. A heartbeat counts from the pass that saw it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::admission::{TAINT_NOT_READY, TAINT_UNREACHABLE};
use crate::api::core::{Condition, ConditionStatus, Conditions, Taint, TaintEffect};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Kind, Object, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::control::controllers::replicas::pod_ref;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager};
use crate::kernel::{EventHandle, SimDuration, SimTime};

/// Numbers of the periodic work among the events of the controller manager.
const SEQ_MONITOR: u32 = 101;
const SEQ_EVICTION: u32 = 102;
/// At least so many silent nodes make a zone partly disrupted.
const MIN_SILENT: usize = 3;
/// Conditions that turn Unknown with a silent node.
const CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// How disrupted a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum ZoneState {
    #[default]
    Normal,
    Partial,
    Full,
}

/// A zone with its rate-limited queue of nodes to be tainted.
#[derive(Clone, Debug, Default)]
struct Zone {
    state: ZoneState,
    /// Every pass puts the nodes into the queue anew, in the order of its list.
    queue: BTreeSet<u32>,
    /// When the next node may be tainted; a bucket of one.
    next_token: SimTime,
    /// Time for one node; `None` = never.
    interval: Option<SimDuration>,
}

impl Zone {
    /// Another rate: the new bucket is full, unless the old one had no token to give.
    fn set_interval(&mut self, interval: Option<SimDuration>, now: SimTime) {
        if self.interval == interval {
            return;
        }
        let had_token = self.interval.is_some() && self.next_token <= now;
        if let Some(interval) = interval {
            self.next_token = if had_token { now } else { now + interval };
        }
        self.interval = interval;
    }
}

/// What the controller knows of heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heartbeats {
    /// They come.
    Alive,
    /// The pass that saw the last one.
    Silent(SimTime),
}

/// State of the node lifecycle controller.
#[derive(Clone, Debug, Default)]
pub struct NodeLifecycle {
    heartbeats: BTreeMap<u32, Heartbeats>,
    zones: BTreeMap<String, Zone>,
    monitor: Option<(SimTime, EventHandle)>,
    eviction: Option<EventHandle>,
    /// Whether every zone was fully disrupted at the last pass.
    all_lost: bool,
}

fn zone_of(node: &Node) -> String {
    let label = |key: &str| node.metadata.labels.get(key).map_or("", Name::as_str);
    format!("{}:\0:{}", label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"))
}

fn node_ref(node: &Node) -> ObjectRef {
    ObjectRef { kind: Kind::Node, namespace: Name::default(), name: node.metadata.name.clone() }
}

impl ControllerManager {
    pub(in crate::control) fn start_node_lifecycle(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        let nodes: Vec<u32> = self.mirror.objects().iter::<Node>().map(|(index, _)| index).collect();
        for index in nodes {
            self.enqueue(ctx, ControllerId::NodeLifecycle, index);
        }
    }

    fn node(&self, index: u32) -> Option<Arc<Node>> {
        self.mirror.objects().at::<Node>(index).cloned()
    }

    /// The first pass at or after an instant that has not happened yet.
    fn pass_from(&self, ctx: &Ctx<'_, ControllerEvent>, from: SimTime) -> SimTime {
        let period = ctx.settings.node_monitor_period;
        let pass = from.max(ctx.now).ceil_to(period, SimDuration::ZERO);
        if pass == ctx.now && ctx.is_past(pass, Class::Controller, self.target, SEQ_MONITOR) {
            return pass.next_tick_after(period, SimDuration::ZERO);
        }
        pass
    }

    fn schedule_pass(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, from: SimTime) {
        let at = self.pass_from(ctx, from);
        if let Some((planned, handle)) = self.nodes.monitor {
            if planned <= at {
                return;
            }
            ctx.agenda.cancel(handle);
        }
        let event = ControllerEvent::MonitorNodes;
        let handle = ctx.schedule(at, Class::Controller, self.target, SEQ_MONITOR, event);
        self.nodes.monitor = Some((at, handle));
    }

    /// A write met a node that somebody else has changed: the next pass decides anew.
    pub(in crate::control) fn look_again_at_nodes(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        self.schedule_pass(ctx, ctx.now);
    }

    /// No heartbeat of this node will be seen any more; the last one was at `last`.
    pub fn heartbeats_stopped(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, node: &Name, last: SimTime) {
        let Some((id, _)) = self.mirror.objects().find(Kind::Node, &Name::default(), node) else { return };
        let seen = last.ceil_to(ctx.settings.node_monitor_period, SimDuration::ZERO);
        self.nodes.heartbeats.insert(id.index, Heartbeats::Silent(seen));
        let due = seen + ctx.settings.node_monitor_grace_period;
        self.schedule_pass(ctx, due.next_tick_after(ctx.settings.node_monitor_period, SimDuration::ZERO));
    }

    /// Heartbeats of this node reach the API server again.
    pub fn heartbeats_resumed(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, node: &Name) {
        if let Some((id, _)) = self.mirror.objects().find(Kind::Node, &Name::default(), node) {
            self.nodes.heartbeats.insert(id.index, Heartbeats::Alive);
            self.schedule_pass(ctx, ctx.now);
        }
    }

    /// A node object changed: taints by condition follow at once, NoExecute taints at the next pass.
    pub(in crate::control) fn node_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        index: u32,
        before: Option<&Object>,
    ) {
        self.enqueue(ctx, ControllerId::NodeLifecycle, index);
        let Some(node) = self.node(index) else { return };
        let taints_changed = match before {
            Some(Object::Node(old)) => old.spec.taints != node.spec.taints,
            _ => true,
        };
        if taints_changed {
            let pods: Vec<u32> = self.mirror.pods_on(&node.metadata.name).map(|(pod, _)| pod).collect();
            for pod in pods {
                self.enqueue(ctx, ControllerId::TaintEviction, pod);
            }
        }
        // Zones change with the readiness of their nodes, and only a pass sees it.
        let readiness_changed = match before {
            Some(Object::Node(old)) => {
                old.status.conditions.status_of("Ready") != node.status.conditions.status_of("Ready")
            }
            _ => true,
        };
        if readiness_changed || no_execute_of(&node) != wanted_no_execute(&node) {
            self.schedule_pass(ctx, ctx.now);
        }
    }

    /// NoSchedule taints follow conditions and `spec.unschedulable`.
    pub(in crate::control) fn sync_node_taints(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32) {
        let Some(node) = self.node(index) else { return };
        let wanted = wanted_no_schedule(&node);
        let managed = [
            TAINT_NOT_READY,
            TAINT_UNREACHABLE,
            "node.kubernetes.io/memory-pressure",
            "node.kubernetes.io/disk-pressure",
            "node.kubernetes.io/pid-pressure",
            "node.kubernetes.io/network-unavailable",
            "node.kubernetes.io/unschedulable",
        ];
        let has = |key: &str| {
            node.spec.taints.iter().any(|taint| taint.key == key && taint.effect == TaintEffect::NoSchedule)
        };
        let add: Vec<Taint> =
            wanted.iter().filter(|key| !has(key)).map(|key| taint(key, TaintEffect::NoSchedule)).collect();
        let remove: Vec<(Name, Option<TaintEffect>)> = managed
            .into_iter()
            .filter(|key| has(key) && !wanted.contains(key))
            .map(|key| (Name::from(key), Some(TaintEffect::NoSchedule)))
            .collect();
        if add.is_empty() && remove.is_empty() {
            return;
        }
        let target = node_ref(&node);
        self.at_desk(ctx, ControllerId::NodeLifecycle, index, |top| {
            top.submit(
                Request::Patch { target, uid: None, patch: Patch::Taints { add, remove } },
                About::Anything,
            );
        });
    }

    /// A pass over all nodes.
    pub(in crate::control) fn monitor_nodes(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        self.nodes.monitor = None;
        let nodes: Vec<(u32, Arc<Node>)> =
            self.mirror.objects().iter::<Node>().map(|(index, node)| (index, node.clone())).collect();
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (index, node) in &nodes {
            let observed = ready_status(node);
            let mut current = observed;
            if observed != ConditionStatus::Unknown && self.is_overdue(ctx, *index) {
                current = ConditionStatus::Unknown;
                self.mark_unknown(ctx, *index, node);
            }
            let by_observed = ctx.settings.no_execute_taint_at_next_pass;
            self.settle_no_execute(ctx, *index, node, if by_observed { observed } else { current });
            let count = counts.entry(zone_of(node)).or_default();
            if current == ConditionStatus::True { count.0 += 1 } else { count.1 += 1 }
        }
        self.update_zones(ctx, &counts, &nodes);
        self.schedule_eviction(ctx);
        self.schedule_next_due(ctx);
    }

    /// Whether nothing has been heard of a node for longer than the grace period.
    fn is_overdue(&self, ctx: &Ctx<'_, ControllerEvent>, index: u32) -> bool {
        match self.nodes.heartbeats.get(&index) {
            Some(Heartbeats::Silent(seen)) => ctx.now > *seen + ctx.settings.node_monitor_grace_period,
            _ => false,
        }
    }

    /// The next pass that is known to find something: a silent node becomes overdue.
    fn schedule_next_due(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        let (grace, period) = (ctx.settings.node_monitor_grace_period, ctx.settings.node_monitor_period);
        let due = self.nodes.heartbeats.values().filter_map(|beats| match beats {
            Heartbeats::Silent(seen) => {
                Some((*seen + grace).next_tick_after(period, SimDuration::ZERO)).filter(|due| *due > ctx.now)
            }
            Heartbeats::Alive => None,
        });
        if let Some(due) = due.min() {
            self.schedule_pass(ctx, due);
        }
    }

    /// The node has been silent for too long.
    fn mark_unknown(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32, node: &Arc<Node>) {
        let timestamp = ctx.timestamp();
        let mut changed = node.as_ref().clone();
        for kind in CONDITIONS {
            let condition = Condition {
                kind: kind.into(),
                status: ConditionStatus::Unknown,
                reason: Some("NodeStatusUnknown".into()),
                message: Some("Kubelet stopped posting node status.".into()),
                last_transition_time: Some(timestamp),
                last_heartbeat_time: node
                    .status
                    .conditions
                    .condition(kind)
                    .and_then(|c| c.last_heartbeat_time),
                ..Condition::default()
            };
            crate::api::core::set_condition(&mut changed.status.conditions, condition);
        }
        // The version stays: a node that has reported meanwhile must not be overwritten when this write was held up.
        let was_ready = node.is_ready();
        let name = node.metadata.name.clone();
        let pods: Vec<Arc<Pod>> = self.mirror.pods_on(&name).map(|(_, pod)| pod.clone()).collect();
        let object = Object::Node(node.clone());
        self.at_desk(ctx, ControllerId::NodeLifecycle, index, |top| {
            top.submit(Request::UpdateStatus(changed.into()), About::Anything);
            if !was_ready {
                return;
            }
            let message = format!("Node {name} status is now: NodeNotReady");
            top.event(&object, EventType::Normal, "NodeNotReady", message);
            for pod in pods.iter().filter(|pod| pod.is_ready()) {
                let condition = Condition {
                    kind: "Ready".into(),
                    status: ConditionStatus::False,
                    ..pod.status.conditions.condition("Ready").cloned().unwrap_or_default()
                };
                let patch = Patch::Condition(condition);
                let request = Request::Patch { target: pod_ref(pod), uid: Some(pod.metadata.uid), patch };
                top.submit(request, About::Anything);
                top.event(&Object::Pod(pod.clone()), EventType::Warning, "NodeNotReady", "Node is not ready");
            }
        });
    }

    fn schedule_eviction(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        ctx.cancel(&mut self.nodes.eviction);
        let ready = self
            .nodes
            .zones
            .values()
            .filter(|zone| !zone.queue.is_empty() && zone.interval.is_some())
            .map(|zone| zone.next_token)
            .min();
        if let Some(at) = ready {
            let at = at.max(ctx.now);
            let event = ControllerEvent::EvictionPass;
            let handle = ctx.schedule(at, Class::Controller, self.target, SEQ_EVICTION, event);
            self.nodes.eviction = Some(handle);
        }
    }

    /// Taints one node of each zone whose limiter has a token.
    pub(in crate::control) fn eviction_pass(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        self.nodes.eviction = None;
        let now = ctx.now;
        let mut ready = Vec::new();
        for zone in self.nodes.zones.values_mut() {
            let Some(interval) = zone.interval.filter(|_| zone.next_token <= now) else { continue };
            while let Some(index) = zone.queue.pop_first() {
                let Some(node) = self.mirror.objects().at::<Node>(index) else { continue };
                zone.next_token = now + interval;
                // Each node takes a token, also one that is back meanwhile.
                ready.push((index, node.clone()));
                break;
            }
        }
        for (index, node) in ready {
            // What this controller has just written is not delivered to it yet.
            let overdue = self.is_overdue(ctx, index);
            let status = if overdue { ConditionStatus::Unknown } else { ready_status(&node) };
            if status != ConditionStatus::True {
                self.change_no_execute(ctx, index, &node, no_execute_for(status));
            }
        }
        self.schedule_eviction(ctx);
    }

    /// Makes the NoExecute taint of a node what its condition says: removing and swapping happen in the pass, adding waits
    /// for the zone's limiter.
    fn settle_no_execute(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        index: u32,
        node: &Node,
        ready: ConditionStatus,
    ) {
        let present = no_execute_of(node);
        if ready == ConditionStatus::True {
            self.unqueue(node, index);
            if present.is_some() {
                self.change_no_execute(ctx, index, node, None);
            }
            return;
        }
        let wanted = no_execute_for(ready);
        if present.is_some() {
            self.change_no_execute(ctx, index, node, wanted);
            return;
        }
        let rate = ctx.settings.node_eviction_rate;
        let zone = self
            .nodes
            .zones
            .entry(zone_of(node))
            .or_insert_with(|| Zone { interval: interval_of(rate), ..Zone::default() });
        zone.queue.insert(index);
    }

    fn unqueue(&mut self, node: &Node, index: u32) {
        if let Some(zone) = self.nodes.zones.get_mut(&zone_of(node)) {
            zone.queue.remove(&index);
        }
    }

    fn change_no_execute(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        index: u32,
        node: &Node,
        wanted: Option<&'static str>,
    ) {
        let present = no_execute_of(node);
        if present == wanted {
            return;
        }
        let add = wanted
            .map(|key| Taint { time_added: Some(ctx.timestamp()), ..taint(key, TaintEffect::NoExecute) });
        let remove = present.map(|key| (Name::from(key), Some(TaintEffect::NoExecute)));
        let patch = Patch::Taints { add: add.into_iter().collect(), remove: remove.into_iter().collect() };
        let target = node_ref(node);
        self.at_desk(ctx, ControllerId::NodeLifecycle, index, |top| {
            top.submit(Request::Patch { target, uid: None, patch }, About::Anything);
        });
    }

    /// Zone states and the rates that follow from them (`handleDisruption`).
    fn update_zones(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        counts: &BTreeMap<String, (usize, usize)>,
        nodes: &[(u32, Arc<Node>)],
    ) {
        let now = ctx.now;
        let threshold = ctx.settings.unhealthy_zone_threshold;
        let states: BTreeMap<&String, ZoneState> =
            counts.iter().map(|(zone, (up, down))| (zone, state_of(*up, *down, threshold))).collect();
        let all_lost = !states.is_empty() && states.values().all(|state| *state == ZoneState::Full);
        let were_all_lost = std::mem::replace(&mut self.nodes.all_lost, all_lost);
        if all_lost && !were_all_lost {
            // Nobody is heard of: the trouble is probably ours, so nobody loses pods.
            for (index, node) in nodes {
                self.unqueue(node, *index);
                self.change_no_execute(ctx, *index, node, None);
            }
        }
        if were_all_lost && !all_lost {
            for beats in self.nodes.heartbeats.values_mut() {
                if let Heartbeats::Silent(seen) = beats {
                    *seen = now;
                }
            }
        }
        for (name, state) in states {
            let (up, down) = counts[name];
            let rate = match state {
                _ if all_lost => 0.0,
                ZoneState::Normal | ZoneState::Full => ctx.settings.node_eviction_rate,
                ZoneState::Partial if (up + down) as u64 > ctx.settings.large_cluster_size_threshold => {
                    ctx.settings.secondary_node_eviction_rate
                }
                ZoneState::Partial => 0.0,
            };
            let initial = ctx.settings.node_eviction_rate;
            let zone = self
                .nodes
                .zones
                .entry(name.clone())
                .or_insert_with(|| Zone { interval: interval_of(initial), ..Zone::default() });
            zone.state = state;
            zone.set_interval(interval_of(rate), now);
        }
    }
}

fn state_of(up: usize, down: usize, threshold: f64) -> ZoneState {
    if up == 0 && down > 0 {
        ZoneState::Full
    } else if down >= MIN_SILENT && down as f64 / (up + down) as f64 >= threshold {
        ZoneState::Partial
    } else {
        ZoneState::Normal
    }
}

fn interval_of(rate: f64) -> Option<SimDuration> {
    (rate > 0.0).then(|| SimDuration::from_secs_f64(1.0 / rate)).flatten()
}

fn taint(key: &str, effect: TaintEffect) -> Taint {
    Taint { key: key.into(), value: Name::default(), effect, time_added: None }
}

/// The NoExecute taint of the lifecycle controller that a node carries.
fn no_execute_of(node: &Node) -> Option<&'static str> {
    [TAINT_NOT_READY, TAINT_UNREACHABLE].into_iter().find(|key| {
        node.spec.taints.iter().any(|taint| taint.key == *key && taint.effect == TaintEffect::NoExecute)
    })
}

fn wanted_no_execute(node: &Node) -> Option<&'static str> {
    no_execute_for(ready_status(node))
}

/// The Ready condition; a node without one is like one that is not heard of.
fn ready_status(node: &Node) -> ConditionStatus {
    node.status.conditions.status_of("Ready").unwrap_or(ConditionStatus::Unknown)
}

fn no_execute_for(ready: ConditionStatus) -> Option<&'static str> {
    match ready {
        ConditionStatus::True => None,
        ConditionStatus::False => Some(TAINT_NOT_READY),
        ConditionStatus::Unknown => Some(TAINT_UNREACHABLE),
    }
}

/// Keys of the NoSchedule taints that a node should carry.
fn wanted_no_schedule(node: &Node) -> Vec<&'static str> {
    let conditions = &node.status.conditions;
    let mut wanted = Vec::new();
    match conditions.status_of("Ready") {
        Some(ConditionStatus::True) => {}
        Some(ConditionStatus::Unknown) => wanted.push(TAINT_UNREACHABLE),
        Some(ConditionStatus::False) | None => wanted.push(TAINT_NOT_READY),
    }
    for (condition, key) in [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ] {
        if conditions.is_true(condition) {
            wanted.push(key);
        }
    }
    if node.spec.unschedulable {
        wanted.push("node.kubernetes.io/unschedulable");
    }
    wanted
}
