//! The pod garbage collector: pods of nodes that are gone, finished pods beyond the limit, pods deleted unbound.
//!
//! Source: `pkg/controller/podgc/gc_controller.go`, v1.34; `spec` control plane 3.6. A pass that would find nothing is
//! not simulated: the next one is scheduled only while there is something to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Commit, DeleteOptions, Object, Objects, Op, Request};
use crate::base::Name;
use crate::component::{Class, Ctx};
use crate::control::controllers::replicas::pod_ref;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager};
use crate::kernel::{EventHandle, SimDuration, SimTime};

/// Number of the pass among the events of the controller manager.
const SEQ_PASS: u32 = 100;

/// What the collector remembers.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct PodGcState {
    next: Option<EventHandle>,
    /// Missing nodes, and since when they are known to be missing.
    quarantine: BTreeMap<Name, SimTime>,
    /// Names without a node that pods are bound to, or were.
    missing: BTreeSet<Name>,
    /// Pods that are to go and have no node, by object index.
    unbound: BTreeSet<u32>,
    /// Pods that have ended, by object index.
    finished: BTreeSet<u32>,
}

impl PodGcState {
    /// Takes in the present version of a pod, `None` when it is gone.
    fn note_pod(&mut self, index: u32, pod: Option<&Pod>) {
        let is_unbound = pod.is_some_and(|pod| pod.metadata.is_terminating() && pod.node_name.is_none());
        let is_finished = pod.is_some_and(|pod| pod.status.phase.is_terminal()) && !is_unbound;
        for (set, belongs) in [(&mut self.unbound, is_unbound), (&mut self.finished, is_finished)] {
            if belongs {
                set.insert(index);
            } else {
                set.remove(&index);
            }
        }
    }
}

impl ControllerManager {
    /// Schedules the next pass if there may be something to do.
    pub(in crate::control) fn schedule_pod_gc(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        if self.pod_gc.next.is_some() {
            return;
        }
        let at = ctx.next_tick(
            ctx.settings.pod_gc_period,
            SimDuration::ZERO,
            Class::Controller,
            self.target,
            SEQ_PASS,
        );
        let handle = ctx.schedule(at, Class::Controller, self.target, SEQ_PASS, ControllerEvent::PodGcPass);
        self.pod_gc.next = Some(handle);
    }

    /// Takes in all that there is, as after a start.
    pub(in crate::control) fn start_pod_gc(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        let objects = self.mirror.objects();
        for (index, pod) in objects.iter::<Pod>() {
            self.pod_gc.note_pod(index, Some(pod));
            if let Some(node) = pod.node_name.as_ref().filter(|node| !is_there(objects, node)) {
                self.pod_gc.missing.insert(node.clone());
            }
        }
        self.schedule_pod_gc(ctx);
    }

    /// Something changed that a pass may have to deal with.
    pub(in crate::control) fn pod_gc_seen(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        let wanted = match (&commit.new, commit.op) {
            (Object::Node(node), Op::Deleted) => {
                self.pod_gc.missing.insert(node.metadata.name.clone());
                true
            }
            (Object::Node(node), Op::Added) => {
                self.pod_gc.missing.remove(&node.metadata.name);
                false
            }
            (Object::Pod(pod), op) => {
                self.pod_gc.note_pod(commit.id.index, Some(pod.as_ref()).filter(|_| op != Op::Deleted));
                let was_bound =
                    matches!(&commit.old, Some(Object::Pod(old)) if old.node_name == pod.node_name);
                if let Some(node) = pod.node_name.as_ref().filter(|_| !was_bound)
                    && !is_there(self.mirror.objects(), node)
                {
                    self.pod_gc.missing.insert(node.clone());
                }
                (pod.metadata.is_terminating() && pod.node_name.is_none()) || pod.status.phase.is_terminal()
            }
            _ => false,
        };
        if wanted {
            self.schedule_pod_gc(ctx);
        }
    }

    /// One pass.
    pub(in crate::control) fn pod_gc_pass(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) {
        self.pod_gc.next = None;
        let mut doomed = self.orphaned_pods(ctx);
        doomed.extend(self.pods_at(&self.pod_gc.unbound));
        let mut finished: Vec<Arc<Pod>> = self.pods_at(&self.pod_gc.finished).collect();
        let limit = ctx.settings.terminated_pod_gc_threshold as usize;
        if limit > 0 && finished.len() > limit {
            finished.sort_by_key(|pod| pod.metadata.creation_timestamp);
            let surplus = finished.len() - limit;
            doomed.extend(finished.into_iter().take(surplus));
        }
        self.at_desk(ctx, ControllerId::PodGc, 0, |top| {
            for pod in &doomed {
                let options = DeleteOptions {
                    grace_period_seconds: Some(0),
                    uid: Some(pod.metadata.uid),
                    ..DeleteOptions::default()
                };
                top.submit(Request::Delete { target: pod_ref(pod), options }, About::Anything);
            }
        });
        if !self.pod_gc.quarantine.is_empty() {
            self.schedule_pod_gc(ctx);
        }
    }

    /// Pods whose node has been missing for long enough.
    fn orphaned_pods(&mut self, ctx: &mut Ctx<'_, ControllerEvent>) -> Vec<Arc<Pod>> {
        let Self { mirror, pod_gc, .. } = self;
        let mut lost: Vec<(u32, Arc<Pod>)> = Vec::new();
        pod_gc.missing.retain(|node| {
            let before = lost.len();
            lost.extend(mirror.pods_on(node).map(|(index, pod)| (index, pod.clone())));
            lost.len() > before
        });
        lost.sort_unstable_by_key(|(index, _)| *index);
        let lost: Vec<Arc<Pod>> = lost.into_iter().map(|(_, pod)| pod).collect();
        let mut quarantine = BTreeMap::new();
        for node in lost.iter().filter_map(|pod| pod.node_name.clone()) {
            let since = self.pod_gc.quarantine.get(&node).copied().unwrap_or(ctx.now);
            quarantine.insert(node, since);
        }
        self.pod_gc.quarantine = quarantine;
        let ripe = |pod: &Arc<Pod>| {
            pod.node_name
                .as_ref()
                .and_then(|node| self.pod_gc.quarantine.get(node))
                .is_some_and(|since| ctx.now.saturating_since(*since) >= ctx.settings.pod_gc_quarantine)
        };
        lost.into_iter().filter(ripe).collect()
    }

    fn pods_at<'a>(&'a self, indices: &'a BTreeSet<u32>) -> impl Iterator<Item = Arc<Pod>> + 'a {
        indices.iter().filter_map(|index| self.mirror.objects().at::<Pod>(*index).cloned())
    }
}

fn is_there(objects: &Objects, node: &Name) -> bool {
    objects.get::<Node>(&Name::default(), node).is_some()
}
