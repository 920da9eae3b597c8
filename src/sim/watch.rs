//! How commits reach those who watch: in order, once, after a delay.
//!
//! Every watcher has a cursor into one log and at most one delivery pending. Kubelets see only their own pods, so each
//! has a short list of its own; a commit is routed by the node that the pod is, or was, bound to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::api::core::{ConditionStatus, Conditions};
use crate::api::{Commit, Kind, Object, ObjectRef, Op};
use crate::base::{LookupMap, Name};
use crate::kernel::{EventHandle, SimDuration, SimTime};

use super::control_plane::PodHistory;
use super::event::Watcher;

/// Whether a watcher watches objects of this kind. The controller manager sees all, since a namespace goes with all that
/// is in it.
fn is_watched(watcher: Watcher, kind: Kind) -> bool {
    match watcher {
        Watcher::Network => matches!(kind, Kind::Service | Kind::EndpointSlice),
        Watcher::Scheduler => {
            !matches!(kind, Kind::Event | Kind::Endpoints | Kind::EndpointSlice | Kind::Lease)
        }
        Watcher::ControllerManager | Watcher::Node(_) => true,
    }
}

/// Whether a commit is delivered as soon as it can be. Nobody acts on a new Event: it comes with the next delivery.
fn is_urgent(commit: &Commit) -> bool {
    commit.id.kind != Kind::Event || commit.op == Op::Deleted
}

/// A place in the stream of commits.
#[derive(Clone, Debug, Default)]
struct Cursor {
    queue: VecDeque<Arc<Commit>>,
    pending: Option<EventHandle>,
    /// Whether there is a watch at all.
    connected: bool,
    /// The API server it is connected to.
    server: u32,
    connected_at: SimTime,
    /// When the last change delivered was committed.
    delivered: SimTime,
    /// Since when the connection is broken; what comes meanwhile is kept.
    broken: Option<SimTime>,
    /// The next attempt to connect again.
    attempt: Option<EventHandle>,
}

/// A watch that allows bookmarks learns the present revision this often (`cacher.go bookmarkFrequency`).
const BOOKMARK_PERIOD: SimDuration = SimDuration::from_secs(60);

/// All watches.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    global: [Cursor; 3],
    nodes: Vec<Cursor>,
    node_by_name: LookupMap<Name, u32>,
    /// The nodes whose kubelets watch a ConfigMap or Secret by name.
    followers: BTreeMap<ObjectRef, BTreeSet<u32>>,
    /// Extra time of what goes between a node and the control plane.
    slow: BTreeMap<u32, SimDuration>,
    /// How far back the API servers remember changes of pods.
    pub(super) pod_history: PodHistory,
}

/// A delivery that has to be scheduled.
pub(super) struct Wake {
    pub(super) watcher: Watcher,
    pub(super) at: SimTime,
}

impl Watches {
    /// Adds the watch of a kubelet, not connected yet.
    pub(super) fn add_node(&mut self, name: Name) {
        self.node_by_name.insert(name, self.nodes.len() as u32);
        self.nodes.push(Cursor::default());
    }

    fn cursor(&mut self, watcher: Watcher) -> &mut Cursor {
        match watcher {
            Watcher::ControllerManager => &mut self.global[0],
            Watcher::Scheduler => &mut self.global[1],
            Watcher::Network => &mut self.global[2],
            Watcher::Node(index) => &mut self.nodes[index as usize],
        }
    }

    /// The node of this name.
    pub(super) fn node(&self, name: &str) -> Option<u32> {
        self.node_by_name.get(name).copied()
    }

    fn peek(&self, watcher: Watcher) -> &Cursor {
        match watcher {
            Watcher::ControllerManager => &self.global[0],
            Watcher::Scheduler => &self.global[1],
            Watcher::Network => &self.global[2],
            Watcher::Node(index) => &self.nodes[index as usize],
        }
    }

    /// From now on the watcher is told; what came before it learns from a list.
    pub(super) fn connect(&mut self, watcher: Watcher, server: u32, now: SimTime) {
        *self.cursor(watcher) =
            Cursor { connected: true, server, connected_at: now, delivered: now, ..Cursor::default() };
    }

    /// The watcher is told nothing more. Returns what was planned for it.
    pub(super) fn disconnect(&mut self, watcher: Watcher) -> [Option<EventHandle>; 2] {
        let before = std::mem::take(self.cursor(watcher));
        [before.pending, before.attempt]
    }

    /// The connection breaks: what comes from now on is kept. Returns what was planned for the watcher.
    pub(super) fn interrupt(&mut self, watcher: Watcher, now: SimTime) -> [Option<EventHandle>; 2] {
        let cursor = self.cursor(watcher);
        if cursor.connected {
            cursor.broken.get_or_insert(now);
        }
        [cursor.pending.take(), cursor.attempt.take()]
    }

    /// The connection is back; returns whether there is something to deliver.
    pub(super) fn resume(&mut self, watcher: Watcher, server: u32) -> bool {
        let cursor = self.cursor(watcher);
        cursor.broken = None;
        cursor.server = server;
        !cursor.queue.is_empty()
    }

    /// The API server that a watcher is connected to.
    pub(super) fn server_of(&self, watcher: Watcher) -> Option<u32> {
        let cursor = self.peek(watcher);
        (cursor.connected && cursor.broken.is_none()).then_some(cursor.server)
    }

    /// Since when the connection of a watcher is broken.
    pub(super) fn broken_since(&self, watcher: Watcher) -> Option<SimTime> {
        self.peek(watcher).broken
    }

    /// Up to when a watcher whose connection is broken knows everything: the last change or the last bookmark.
    pub(super) fn resumption_point(&self, watcher: Watcher) -> Option<SimTime> {
        let cursor = self.peek(watcher);
        let watched = cursor.broken?.saturating_since(cursor.connected_at);
        let bookmarks = watched.as_nanos() / BOOKMARK_PERIOD.as_nanos();
        Some(cursor.delivered.max(cursor.connected_at + BOOKMARK_PERIOD * bookmarks))
    }

    /// Takes back the attempt to connect that is planned.
    pub(super) fn take_attempt(&mut self, watcher: Watcher) -> Option<EventHandle> {
        self.cursor(watcher).attempt.take()
    }

    /// Notes an attempt to connect that is planned.
    pub(super) fn note_attempt(&mut self, watcher: Watcher, handle: EventHandle) {
        self.cursor(watcher).attempt = Some(handle);
    }

    /// From now on the kubelet of a node is told of this object.
    pub(super) fn follow(&mut self, node: u32, target: ObjectRef) {
        self.followers.entry(target).or_default().insert(node);
    }

    /// Who watches a ConfigMap or Secret by name.
    fn followers_of(&self, commit: &Commit) -> Vec<Watcher> {
        if !matches!(commit.id.kind, Kind::ConfigMap | Kind::Secret) {
            return Vec::new();
        }
        let nodes = self.followers.get(&commit.new.reference());
        nodes.into_iter().flatten().copied().map(Watcher::Node).collect()
    }

    /// Data between a node and the control plane takes so much longer from now on.
    pub(super) fn set_extra(&mut self, node: u32, extra: SimDuration) {
        if extra == SimDuration::ZERO {
            self.slow.remove(&node);
        } else {
            self.slow.insert(node, extra);
        }
    }

    /// Extra time of what goes between a watcher and the control plane.
    pub(super) fn extra(&self, watcher: Watcher) -> SimDuration {
        match watcher {
            Watcher::Node(node) if !self.slow.is_empty() => self.slow.get(&node).copied().unwrap_or_default(),
            _ => SimDuration::ZERO,
        }
    }

    /// Takes in a commit; returns the deliveries to schedule.
    pub(super) fn publish(&mut self, commit: &Arc<Commit>, delay: SimDuration) -> Vec<Wake> {
        let mut wakes = Vec::new();
        if commit.id.kind == Kind::Pod {
            self.pod_history.note(commit.at);
        }
        let everywhere = [Watcher::ControllerManager, Watcher::Scheduler, Watcher::Network];
        let watching = everywhere.into_iter().filter(|watcher| is_watched(*watcher, commit.id.kind));
        let nodes = self.nodes_of(commit).into_iter().flatten().map(Watcher::Node);
        let followers = self.followers_of(commit);
        for watcher in watching.chain(nodes).chain(followers) {
            let delay = delay + self.extra(watcher);
            let cursor = self.cursor(watcher);
            if !cursor.connected {
                continue;
            }
            cursor.queue.push_back(commit.clone());
            if cursor.broken.is_none() && cursor.pending.is_none() && is_urgent(commit) {
                wakes.push(Wake { watcher, at: commit.at + delay });
            }
        }
        wakes
    }

    /// The nodes that a pod is and was bound to; of a node whose labels or taints change or that is declared Unknown, itself.
    fn nodes_of(&self, commit: &Commit) -> [Option<u32>; 2] {
        if let (Object::Node(new), Some(Object::Node(old))) = (&commit.new, &commit.old) {
            let changed = new.metadata.labels != old.metadata.labels
                || new.spec.taints != old.spec.taints
                || new.status.conditions.status_of("Ready") == Some(ConditionStatus::Unknown);
            return [self.node(&new.metadata.name).filter(|_| changed), None];
        }
        let node = |object: Option<&Object>| match object {
            Some(Object::Pod(pod)) => pod.node_name.as_ref().and_then(|name| self.node(name)),
            _ => None,
        };
        let new = node(Some(&commit.new));
        let old = node(commit.old.as_ref()).filter(|old| Some(*old) != new);
        [new, old]
    }

    /// Notes that a delivery is scheduled.
    pub(super) fn scheduled(&mut self, watcher: Watcher, handle: EventHandle) {
        self.cursor(watcher).pending = Some(handle);
    }

    /// Takes what is due at `now`, and tells when the rest is.
    pub(super) fn due(
        &mut self,
        watcher: Watcher,
        now: SimTime,
        delay: SimDuration,
    ) -> (Vec<Arc<Commit>>, Option<SimTime>) {
        let delay = delay + self.extra(watcher);
        let cursor = self.cursor(watcher);
        cursor.pending = None;
        let count = cursor.queue.iter().take_while(|commit| commit.at + delay <= now).count();
        let due: Vec<Arc<Commit>> = cursor.queue.drain(..count).collect();
        if let Some(last) = due.last() {
            cursor.delivered = last.at;
        }
        let next = cursor.queue.iter().find(|commit| is_urgent(commit)).map(|commit| commit.at + delay);
        (due, next)
    }
}
