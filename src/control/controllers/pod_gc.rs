//! The pod garbage collector: pods of nodes that are gone, finished pods beyond the limit, pods deleted unbound.
//!
//! Source: `pkg/controller/podgc/gc_controller.go`, v1.34; `spec` control plane 3.6. A pass that would find nothing is
//! not simulated: the next one is scheduled only while there is something to wait for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Commit, DeleteOptions, Object, Op, Request};
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

    /// Something changed that a pass may have to deal with.
    pub(in crate::control) fn pod_gc_seen(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, commit: &Commit) {
        let wanted = match (&commit.new, commit.op) {
            (Object::Node(_), Op::Deleted) => true,
            (Object::Pod(pod), _) => {
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
        let pods = self.mirror.objects().iter::<Pod>().map(|(_, pod)| pod);
        let mut finished: Vec<Arc<Pod>> = Vec::new();
        for pod in pods {
            if pod.metadata.is_terminating() && pod.node_name.is_none() {
                doomed.push(pod.clone());
            } else if pod.status.phase.is_terminal() {
                finished.push(pod.clone());
            }
        }
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
        let objects = self.mirror.objects();
        let missing = |node: &Name| objects.get::<Node>(&Name::default(), node).is_none();
        let lost: Vec<Arc<Pod>> = objects
            .iter::<Pod>()
            .map(|(_, pod)| pod.clone())
            .filter(|pod| pod.node_name.as_ref().is_some_and(missing))
            .collect();
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
}
