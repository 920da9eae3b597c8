//! How commits reach those who watch: in order, once, after a delay.
//!
//! Every watcher has a cursor into one log and at most one delivery pending. Kubelets see only their own pods, so each
//! has a short list of its own; a commit is routed by the node that the pod is, or was, bound to.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::api::{Commit, Kind, Object, Op};
use crate::base::{LookupMap, Name};
use crate::kernel::{EventHandle, SimDuration, SimTime};

use super::event::Watcher;

/// Whether a watcher watches objects of this kind. The controller manager sees all, since a namespace goes with all that
/// is in it.
fn is_watched(watcher: Watcher, kind: Kind) -> bool {
    match watcher {
        Watcher::Network => kind == Kind::EndpointSlice,
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
    /// Whether the watcher is there to be told.
    connected: bool,
}

/// All watches.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    global: [Cursor; 3],
    nodes: Vec<Cursor>,
    node_by_name: LookupMap<Name, u32>,
}

/// A delivery that has to be scheduled.
pub(super) struct Wake {
    pub(super) watcher: Watcher,
    pub(super) at: SimTime,
}

impl Watches {
    /// Adds the watch of a kubelet, connected.
    pub(super) fn add_node(&mut self, name: Name, index: u32) {
        self.node_by_name.insert(name, index);
        self.nodes.push(Cursor { connected: true, ..Cursor::default() });
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

    /// From now on the watcher is told; what came before it learns from a list.
    pub(super) fn connect(&mut self, watcher: Watcher) {
        let cursor = self.cursor(watcher);
        cursor.queue.clear();
        cursor.connected = true;
    }

    /// The watcher is told nothing more. Returns the delivery that was pending.
    pub(super) fn disconnect(&mut self, watcher: Watcher) -> Option<EventHandle> {
        let cursor = self.cursor(watcher);
        cursor.connected = false;
        cursor.queue.clear();
        cursor.pending.take()
    }

    /// Takes in a commit; returns the deliveries to schedule.
    pub(super) fn publish(&mut self, commit: &Arc<Commit>, delay: SimDuration) -> Vec<Wake> {
        let mut wakes = Vec::new();
        let everywhere = [Watcher::ControllerManager, Watcher::Scheduler, Watcher::Network];
        let watching = everywhere.into_iter().filter(|watcher| is_watched(*watcher, commit.id.kind));
        let nodes = self.nodes_of(commit).into_iter().flatten().map(Watcher::Node);
        for watcher in watching.chain(nodes) {
            let cursor = self.cursor(watcher);
            if !cursor.connected {
                continue;
            }
            cursor.queue.push_back(commit.clone());
            if cursor.pending.is_none() && is_urgent(commit) {
                wakes.push(Wake { watcher, at: commit.at + delay });
            }
        }
        wakes
    }

    /// The nodes that a pod is and was bound to.
    fn nodes_of(&self, commit: &Commit) -> [Option<u32>; 2] {
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
        let cursor = self.cursor(watcher);
        cursor.pending = None;
        let count = cursor.queue.iter().take_while(|commit| commit.at + delay <= now).count();
        let due = cursor.queue.drain(..count).collect();
        let next = cursor.queue.iter().find(|commit| is_urgent(commit)).map(|commit| commit.at + delay);
        (due, next)
    }
}
