//! The cluster autoscaler: more machines for pods that fit nowhere, fewer where they are not needed.
//!
//! Source: cluster-autoscaler FAQ; `spec` control plane 5.5. Every 10 s it looks at pods that the scheduler could not place,
//! packs them onto machines of each pool as they would be, and lets the expander choose a pool. A machine joins after
//! `nodeProvisionTime`. A node whose requests are below half of what it has, and whose pods may move and fit elsewhere, for
//! ten minutes, is removed: empty ones up to ten at once, others one by one after their pods were evicted. A zone that is away
//! gives no machine: the autoscaler waits `maxNodeProvisionTime` for it, and then leaves the pool alone for a while. With too
//! many nodes not ready it does nothing.
//!
//! Not here: the scheduler's other rules (affinity between pods, spread, volumes) in what a pod needs, similar pools that are
//! kept in balance (off by default).

use std::collections::BTreeMap;

use crate::api::core::{ResourceList, Taint, TaintEffect};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::policy::PodDisruptionBudget;
use crate::api::qos::pod_requests;
use crate::api::taints::{HARD_EFFECTS, first_untolerated};
use crate::api::{DeleteOptions, Kind, Labels, Object, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::Class;
use crate::fault::Fault;
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::scenario::Scenario;
use crate::scenario::model::{Autoscale, Expander, NodePlan, ZONE_LABEL};
use crate::trace::{Detail, Subject};

use super::event::Event;
use super::world::World;

/// Taint of a node that is about to be removed.
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
/// Annotation of pods that forbid it.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// A condition that changed later than this after the node's creation is not one of a node that starts.
const STATUS_DELAY_SECONDS: i64 = 120;
/// Empty nodes removed in one scan.
const BULK: usize = 10;

/// A pool of machines whose number follows what is needed.
#[derive(Clone, Debug)]
struct Pool {
    name: Name,
    template: NodePlan,
    bounds: Autoscale,
    /// Number of the newest machine.
    newest: u64,
    /// Machines that were asked for and have not joined.
    coming: u64,
    /// Failures in a row, and until when the pool is left alone for them.
    failures: u32,
    backs_off_until: SimTime,
}

/// The autoscaler and what it remembers.
#[derive(Clone, Debug, Default)]
pub struct ClusterAutoscaler {
    pools: Vec<Pool>,
    last_scale_up: Option<SimTime>,
    last_failure: Option<SimTime>,
    /// Too many nodes are not ready.
    is_paused: bool,
    /// Nodes that are not needed, and since when.
    unneeded: BTreeMap<u32, SimTime>,
    /// Nodes whose pods are being evicted, and since when.
    draining: BTreeMap<u32, SimTime>,
    choices: u64,
}

/// Room on a machine, real or thought of.
#[derive(Clone)]
struct Room {
    name: Name,
    labels: Labels,
    taints: Vec<Taint>,
    free: BTreeMap<Name, i64>,
}

impl Room {
    fn of(node: &Node) -> Self {
        let free = node.status.allocatable.iter().map(|(name, amount)| (name.clone(), amount.milli_value()));
        Self {
            name: node.metadata.name.clone(),
            labels: node.metadata.labels.clone(),
            taints: node.spec.taints.clone(),
            free: free.collect(),
        }
    }

    /// Puts a pod there, if it may go there and fits.
    fn takes(&mut self, pod: &Pod) -> bool {
        let spec = &pod.spec;
        let selected = spec.node_selector.iter().all(|(key, value)| self.labels.get(key) == Some(value));
        let required =
            spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref()?.required.as_ref());
        let wanted = required.is_none_or(|selector| selector.matches(&self.labels, &self.name));
        let repelled = first_untolerated(&self.taints, &spec.tolerations, HARD_EFFECTS);
        if !selected || !wanted || repelled.is_some() {
            return false;
        }
        let needs = needs(pod);
        if needs
            .iter()
            .any(|(name, amount)| *amount > 0 && self.free.get(name).copied().unwrap_or(0) < *amount)
        {
            return false;
        }
        self.occupy(&needs);
        true
    }

    fn occupy(&mut self, needs: &BTreeMap<Name, i64>) {
        for (name, amount) in needs {
            if let Some(free) = self.free.get_mut(name) {
                *free -= amount;
            }
        }
    }
}

/// What a pod requests, in thousandths; itself among it.
fn needs(pod: &Pod) -> BTreeMap<Name, i64> {
    let requests: ResourceList = pod_requests(&pod.spec);
    let mut needs: BTreeMap<Name, i64> =
        requests.iter().map(|(name, amount)| (name.clone(), amount.milli_value())).collect();
    needs.insert("pods".into(), 1000);
    needs
}

/// What a pool could do for pods that wait.
struct Offer {
    pool: usize,
    machines: u64,
    helped: usize,
    /// Part of the new machines that would stay free, of a million.
    waste: u64,
    price_milli: i64,
}

impl ClusterAutoscaler {
    /// The autoscaler of a scenario's pools.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut pools: Vec<Pool> = Vec::new();
        for plan in &scenario.nodes {
            let (Some(name), Some(bounds)) = (&plan.pool, &plan.autoscale) else { continue };
            match pools.iter_mut().find(|pool| pool.name == *name) {
                Some(pool) => pool.newest += 1,
                None => pools.push(Pool {
                    name: name.clone(),
                    template: plan.clone(),
                    bounds: bounds.clone(),
                    newest: 1,
                    coming: 0,
                    failures: 0,
                    backs_off_until: SimTime::ZERO,
                }),
            }
        }
        Self { pools, ..Self::default() }
    }

    /// Whether there is anything to do.
    pub(super) fn is_wanted(&self) -> bool {
        !self.pools.is_empty()
    }
}

impl Pool {
    /// The machine of a number.
    fn machine(&self, number: u64) -> NodePlan {
        let mut plan = self.template.clone();
        plan.node.metadata.name = format!("{}-{number}", self.name).into();
        let zones = &self.bounds.zones;
        if !zones.is_empty() {
            let zone = zones[(number - 1) as usize % zones.len()].clone();
            plan.node.metadata.labels.insert(ZONE_LABEL, zone);
        }
        let name = plan.node.metadata.name.clone();
        plan.node.metadata.labels.insert("kubernetes.io/hostname", name);
        plan
    }
}

impl World {
    /// Plans the next scan.
    pub(super) fn plan_scan(&mut self, at: SimTime) {
        let key = EventKey { at, class: Class::Controller as u8, target: u64::MAX, seq: 0 };
        if at <= self.end {
            self.push(key, 0, Event::Scan);
        }
    }

    /// The autoscaler looks at the cluster.
    pub(super) fn scan_cluster(&mut self) {
        let now = self.now();
        self.recorder.set_cause(0);
        self.plan_scan(now + self.settings.cluster_autoscaler_scan_interval);
        if self.too_many_unready() {
            return;
        }
        let mut rooms = self.rooms();
        let waiting = self.unplaced(&mut rooms);
        if !self.scale_up(&waiting) {
            self.scale_down();
        }
    }

    /// Whether so many nodes are not ready that something else must be wrong.
    fn too_many_unready(&mut self) -> bool {
        let nodes = self.api.objects().iter::<Node>();
        let (mut all, mut unready) = (0_u64, 0_u64);
        for (_, node) in nodes {
            all += 1;
            unready += u64::from(!node.is_ready() && !self.is_new(node));
        }
        let settings = &self.settings;
        let is_paused = unready > settings.ok_total_unready_count
            && unready * 100 > all * settings.max_total_unready_percentage;
        if is_paused != std::mem::replace(&mut self.cluster_autoscaler.is_paused, is_paused) {
            let message = format!("{unready} of {all} nodes are not ready");
            let reason = if is_paused { "ClusterUnhealthy" } else { "ClusterHealthy" };
            self.note("Status", reason, message);
        }
        is_paused
    }

    /// Whether a node has come lately and has not been ready since its first moments (`isNodeStillStarting`).
    fn is_new(&self, node: &Node) -> bool {
        let created = node.metadata.creation_timestamp.unwrap_or_default();
        let ready = node.status.conditions.iter().find(|condition| condition.kind == "Ready");
        let changed = ready.and_then(|ready| ready.last_transition_time).unwrap_or(created);
        self.timestamp().seconds_since(created) < self.settings.max_node_provision_time.as_secs() as i64
            && changed.seconds_since(created) < STATUS_DELAY_SECONDS
    }

    /// What is free on every node.
    fn rooms(&self) -> BTreeMap<u32, Room> {
        let objects = self.api.objects();
        let mut rooms: BTreeMap<u32, Room> = BTreeMap::new();
        for (_, node) in objects.iter::<Node>() {
            let Some(index) = self.watches.node(&node.metadata.name) else { continue };
            if (node.is_ready() || self.is_new(node)) && !node.spec.unschedulable {
                rooms.insert(index, Room::of(node));
            }
        }
        for (_, pod) in objects.iter::<Pod>().filter(|(_, pod)| !pod.status.phase.is_terminal()) {
            let index = pod.node_name.as_ref().and_then(|node| self.watches.node(node));
            if let Some(room) = index.and_then(|index| rooms.get_mut(&index)) {
                room.occupy(&needs(pod));
            }
        }
        rooms
    }

    /// Pods that the scheduler could not place, and that do not fit on what is there or coming.
    fn unplaced(&self, rooms: &mut BTreeMap<u32, Room>) -> Vec<std::sync::Arc<Pod>> {
        let is_waiting = |pod: &Pod| {
            pod.node_name.is_none()
                && !pod.metadata.is_terminating()
                && pod.status.conditions.iter().any(|condition| {
                    condition.kind == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
                })
        };
        let pools = &self.cluster_autoscaler.pools;
        let coming = pools.iter().flat_map(|pool| {
            let numbers = pool.newest + 1 - pool.coming..=pool.newest;
            numbers.map(move |number| Room::of(&pool.machine(number).node))
        });
        let mut coming: Vec<Room> = coming.collect();
        let waiting = self.api.objects().iter::<Pod>().filter(|(_, pod)| is_waiting(pod));
        let fits = |pod: &Pod, coming: &mut Vec<Room>, rooms: &mut BTreeMap<u32, Room>| {
            rooms.values_mut().any(|room| room.takes(pod)) || coming.iter_mut().any(|room| room.takes(pod))
        };
        waiting.filter(|(_, pod)| !fits(pod, &mut coming, rooms)).map(|(_, pod)| pod.clone()).collect()
    }

    /// Asks for machines if pods wait; returns whether it did.
    fn scale_up(&mut self, waiting: &[std::sync::Arc<Pod>]) -> bool {
        if waiting.is_empty() {
            return false;
        }
        let offers: Vec<Offer> =
            (0..self.cluster_autoscaler.pools.len()).filter_map(|pool| self.offer(pool, waiting)).collect();
        let Some(best) = self.choose(offers) else { return false };
        let now = self.now();
        let name = self.cluster_autoscaler.pools[best.pool].name.clone();
        let before = self.size_of(&name) + self.cluster_autoscaler.pools[best.pool].coming;
        let pool = &mut self.cluster_autoscaler.pools[best.pool];
        let most = pool.bounds.max;
        pool.coming += best.machines;
        let first = pool.newest + 1;
        pool.newest += best.machines;
        self.cluster_autoscaler.last_scale_up = Some(now);
        let message = format!(
            "{} pods wait: pool {name} {before}->{} (max: {most})",
            best.helped,
            before + best.machines
        );
        self.note("ScaleUp", "TriggeredScaleUp", message);
        for number in first..first + best.machines {
            let at = now + self.settings.node_provision_time;
            let key = EventKey {
                at,
                class: Class::Hardware as u8,
                target: 2 + best.pool as u64,
                seq: number as u32,
            };
            let cause = self.recorder.cause();
            self.push(key, cause, Event::MachineJoins(best.pool as u32, number));
        }
        true
    }

    fn note(&mut self, event: &'static str, reason: &'static str, message: String) {
        let now = self.now();
        self.recorder.record(
            now,
            "cluster-autoscaler",
            Subject::cluster(),
            event,
            reason,
            message,
            Detail::None,
        );
    }

    /// Nodes of a pool that are in the cluster.
    fn size_of(&self, pool: &Name) -> u64 {
        self.machines_of(pool).len() as u64
    }

    fn machines_of(&self, pool: &Name) -> Vec<u32> {
        let prefix = format!("{pool}-");
        let nodes = self.api.objects().iter::<Node>().map(|(_, node)| node.metadata.name.clone());
        let own =
            nodes.filter(|name| name.strip_prefix(&prefix).is_some_and(|rest| rest.parse::<u64>().is_ok()));
        own.filter_map(|name| self.watches.node(&name)).collect()
    }

    /// What a pool could do: first fit onto machines as they would be.
    fn offer(&self, index: usize, waiting: &[std::sync::Arc<Pod>]) -> Option<Offer> {
        let pool = &self.cluster_autoscaler.pools[index];
        if self.now() < pool.backs_off_until {
            return None;
        }
        let room_for = pool.bounds.max.saturating_sub(self.size_of(&pool.name) + pool.coming);
        let mut rooms: Vec<Room> = Vec::new();
        let mut helped = 0;
        for pod in waiting {
            if rooms.iter_mut().any(|room| room.takes(pod)) {
                helped += 1;
                continue;
            }
            if rooms.len() as u64 >= room_for {
                continue;
            }
            let mut room = Room::of(&pool.machine(pool.newest + 1 + rooms.len() as u64).node);
            if room.takes(pod) {
                helped += 1;
                rooms.push(room);
            }
        }
        if helped == 0 {
            return None;
        }
        let whole = Room::of(&pool.template.node).free;
        let part = |resource: &str| {
            let free: i64 = rooms.iter().filter_map(|room| room.free.get(resource)).sum();
            let all = whole.get(resource).copied().unwrap_or(0) * rooms.len() as i64;
            (i128::from(free) * 500_000).checked_div(i128::from(all)).unwrap_or(0) as u64
        };
        Some(Offer {
            pool: index,
            machines: rooms.len() as u64,
            helped,
            waste: part("cpu") + part("memory"),
            price_milli: pool.template.price.map_or(0, |price| price.milli_value()) * rooms.len() as i64,
        })
    }

    /// The expander's choice; of equal offers the first pool's.
    fn choose(&mut self, mut offers: Vec<Offer>) -> Option<Offer> {
        let first = offers.first()?;
        let expander = self.cluster_autoscaler.pools[first.pool].bounds.expander;
        match expander {
            Expander::LeastWaste => offers.sort_by_key(|offer| (offer.waste, offer.pool)),
            Expander::MostPods => offers.sort_by_key(|offer| (std::cmp::Reverse(offer.helped), offer.pool)),
            Expander::Price => offers.sort_by_key(|offer| {
                (offer.price_milli * 1_000_000 / offer.helped.max(1) as i64, offer.pool)
            }),
            Expander::Random => {
                let stream = self.streams.stream("expander", "cluster-autoscaler");
                let index = stream.below_at(self.cluster_autoscaler.choices, offers.len() as u64);
                self.cluster_autoscaler.choices += 1;
                offers.swap(0, index as usize);
            }
        }
        offers.into_iter().next()
    }

    /// A machine that was asked for joins the cluster.
    pub(super) fn machine_joins(&mut self, pool: u32, number: u64) {
        let now = self.now();
        let plan = self.cluster_autoscaler.pools[pool as usize].machine(number);
        if self.is_away(&plan) {
            let asked = now.saturating_sub(self.settings.node_provision_time);
            let at = now.max(asked + self.settings.max_node_provision_time);
            let key = EventKey {
                at,
                class: Class::Hardware as u8,
                target: 2 + u64::from(pool),
                seq: number as u32,
            };
            let cause = self.recorder.cause();
            self.push(key, cause, Event::MachineGivenUp(pool, number));
            return;
        }
        let pool = &mut self.cluster_autoscaler.pools[pool as usize];
        pool.coming -= 1;
        pool.failures = 0;
        let index = self.hosts.len() as u32;
        self.add_machine(index, &plan);
        self.heartbeats[index as usize].since = Some(now);
        self.network.proxies.connect(index, now, &mut self.network.services, true);
    }

    /// Whether the zone of a machine is away, so that the cloud has none to give.
    fn is_away(&self, plan: &NodePlan) -> bool {
        let own = plan.node.metadata.labels.get(ZONE_LABEL);
        self.faults.iter().any(|fault| matches!(fault, Fault::ZoneOutage { zone } if own == Some(zone)))
    }

    /// A machine has not come in time: its pool is left alone for a while.
    pub(super) fn machine_given_up(&mut self, pool: u32, number: u64) {
        let now = self.now();
        let (initial, most) =
            (self.settings.initial_node_group_backoff, self.settings.max_node_group_backoff);
        let pool = &mut self.cluster_autoscaler.pools[pool as usize];
        pool.coming -= 1;
        // Machines that were asked for together fail together, once.
        if now >= pool.backs_off_until {
            pool.backs_off_until = now + (initial * (1 << pool.failures.min(16))).min(most);
            pool.failures += 1;
        }
        let message = format!(
            "{}-{number} has not come: pool {} is left alone until {}",
            pool.name, pool.name, pool.backs_off_until
        );
        self.note("ScaleUp", "ScaleUpTimedOut", message);
    }

    /// Removes nodes that have not been needed for long.
    fn scale_down(&mut self) {
        let now = self.now();
        self.go_on_draining();
        let quiet = self.settings.scale_down_delay_after_add;
        let is_quiet =
            self.cluster_autoscaler.last_scale_up.is_none_or(|last| now.saturating_since(last) >= quiet);
        let calm = self.settings.scale_down_delay_after_failure;
        let is_calm =
            self.cluster_autoscaler.last_failure.is_none_or(|last| now.saturating_since(last) >= calm);
        let found = self.unneeded_nodes();
        let since = std::mem::take(&mut self.cluster_autoscaler.unneeded);
        self.cluster_autoscaler.unneeded =
            found.iter().map(|node| (*node, since.get(node).copied().unwrap_or(now))).collect();
        if !is_quiet || !is_calm {
            return;
        }
        let due = self
            .cluster_autoscaler
            .unneeded
            .iter()
            .filter(|(node, since)| now.saturating_since(**since) >= self.unneeded_time(**node));
        let due: Vec<u32> = due.map(|(node, _)| *node).collect();
        let (empty, busy): (Vec<u32>, Vec<u32>) =
            due.into_iter().partition(|node| self.movable(*node).is_empty());
        for node in empty.into_iter().take(BULK) {
            if self.may_shrink(node) {
                self.remove_machine(node);
            }
        }
        if self.cluster_autoscaler.draining.is_empty()
            && let Some(node) = busy.into_iter().find(|node| self.may_shrink(*node))
        {
            self.begin_draining(node);
        }
    }

    /// How long a node must not be needed before it is removed.
    fn unneeded_time(&self, node: u32) -> SimDuration {
        if self.is_unready(node) {
            self.settings.scale_down_unready_time
        } else {
            self.settings.scale_down_unneeded_time
        }
    }

    /// Whether the API shows a node as not ready.
    fn is_unready(&self, node: u32) -> bool {
        let name = &self.hosts[node as usize].shared.name;
        let found = self.api.objects().find(Kind::Node, &Name::default(), name);
        matches!(found, Some((_, Object::Node(node))) if !node.is_ready())
    }

    fn pool_of(&self, node: u32) -> Option<&Pool> {
        self.cluster_autoscaler.pools.iter().find(|pool| self.machines_of(&pool.name).contains(&node))
    }

    fn may_shrink(&self, node: u32) -> bool {
        self.pool_of(node).is_some_and(|pool| self.size_of(&pool.name) > pool.bounds.min)
    }

    fn pods_on(&self, node: u32) -> Vec<std::sync::Arc<Pod>> {
        let name = &self.hosts[node as usize].shared.name;
        let pods = self.api.objects().iter::<Pod>().map(|(_, pod)| pod);
        let here = pods.filter(|pod| pod.node_name.as_ref() == Some(name) && !pod.status.phase.is_terminal());
        here.cloned().collect()
    }

    /// Pods that would have to move: all but those of DaemonSets.
    fn movable(&self, node: u32) -> Vec<std::sync::Arc<Pod>> {
        let is_daemon = |pod: &Pod| pod.metadata.controller().is_some_and(|owner| owner.kind == "DaemonSet");
        self.pods_on(node).into_iter().filter(|pod| !is_daemon(pod)).collect()
    }

    /// Nodes that are used by less than half, and whose pods may move and fit elsewhere.
    fn unneeded_nodes(&self) -> Vec<u32> {
        let threshold = (self.settings.scale_down_utilization_threshold * 1_000_000.0) as i128;
        let mut rooms = self.rooms();
        let mut unneeded = Vec::new();
        for pool in &self.cluster_autoscaler.pools {
            let mut spare = self.size_of(&pool.name).saturating_sub(pool.bounds.min);
            for node in self.machines_of(&pool.name) {
                let Some(room) = rooms.get(&node).cloned() else {
                    // Not ready for long: not needed either, if its pods may go.
                    if spare > 0 && self.is_lost(node) {
                        spare -= 1;
                        unneeded.push(node);
                    }
                    continue;
                };
                let whole = Room::of(&pool.template.node).free;
                let used = |resource: &str| {
                    let all = i128::from(whole.get(resource).copied().unwrap_or(0));
                    let free = i128::from(room.free.get(resource).copied().unwrap_or(0));
                    ((all - free) * 1_000_000).checked_div(all).unwrap_or(0)
                };
                let pods = self.movable(node);
                let is_idle = used("cpu").max(used("memory")) < threshold;
                if spare == 0 || !is_idle || pods.iter().any(|pod| self.must_stay(pod)) {
                    continue;
                }
                // Tried on a copy: the pods of several nodes must not all go to the same place.
                let mut elsewhere = rooms.clone();
                elsewhere.remove(&node);
                let fit = pods.iter().all(|pod| elsewhere.values_mut().any(|room| room.takes(pod)));
                if fit {
                    rooms = elsewhere;
                    spare -= 1;
                    unneeded.push(node);
                }
            }
        }
        unneeded
    }

    /// Whether a node is not ready, and has no pod that would have to stay.
    fn is_lost(&self, node: u32) -> bool {
        self.is_unready(node) && !self.movable(node).iter().any(|pod| self.must_stay(pod))
    }

    /// Whether a pod keeps its node from being removed.
    fn must_stay(&self, pod: &Pod) -> bool {
        let wish = pod.metadata.annotations.get(SAFE_TO_EVICT).map(|wish| &**wish);
        if wish == Some("true") {
            return false;
        }
        let local =
            pod.spec.volumes.iter().any(|volume| volume.empty_dir.is_some() || volume.host_path.is_some());
        let budgets = || self.api.objects().iter::<PodDisruptionBudget>().map(|(_, budget)| budget);
        let guarded = budgets().any(|budget| {
            budget.metadata.namespace == pod.metadata.namespace
                && budget.spec.selector.as_ref().is_some_and(|selector| {
                    selector.compile().is_ok_and(|selector| selector.matches(&pod.metadata.labels))
                })
        });
        wish == Some("false")
            || pod.metadata.controller().is_none()
            || local
            || (pod.metadata.namespace == "kube-system" && !guarded)
    }

    fn begin_draining(&mut self, node: u32) {
        let now = self.now();
        let name = self.hosts[node as usize].shared.name.clone();
        self.note(
            "ScaleDown",
            "ScaleDownDraining",
            format!("node {name} is not needed: its pods are evicted"),
        );
        let taint = Taint {
            key: TO_BE_DELETED.into(),
            value: now.as_secs().to_string().into(),
            effect: TaintEffect::NoSchedule,
            time_added: None,
        };
        let target = ObjectRef { kind: Kind::Node, namespace: Name::default(), name };
        let patch = Patch::Taints { add: vec![taint], remove: Vec::new() };
        let _refused = self.serve("cluster-autoscaler", Request::Patch { target, uid: None, patch });
        self.cluster_autoscaler.draining.insert(node, now);
        self.evict_all(node);
    }

    fn evict_all(&mut self, node: u32) {
        for pod in self.movable(node).into_iter().filter(|pod| !pod.metadata.is_terminating()) {
            let (namespace, name) = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            let request = Request::Evict { namespace, name, options: DeleteOptions::default() };
            // A budget may refuse; the next scan tries again.
            let _refused = self.serve("cluster-autoscaler", request);
        }
    }

    fn go_on_draining(&mut self) {
        let draining: Vec<u32> = self.cluster_autoscaler.draining.keys().copied().collect();
        for node in draining {
            if self.movable(node).is_empty() {
                self.remove_machine(node);
            } else {
                self.evict_all(node);
            }
        }
    }

    /// A machine is given back.
    fn remove_machine(&mut self, node: u32) {
        self.cluster_autoscaler.draining.remove(&node);
        self.cluster_autoscaler.unneeded.remove(&node);
        let name = self.hosts[node as usize].shared.name.clone();
        self.note("ScaleDown", "ScaleDownEmpty", format!("node {name} is removed"));
        let target = ObjectRef { kind: Kind::Node, namespace: Name::default(), name };
        let request = Request::Delete { target, options: DeleteOptions::default() };
        let _refused = self.serve("cluster-autoscaler", request);
        self.power_off(node);
    }
}
