//! Taint eviction: pods leave nodes whose NoExecute taints they do not tolerate, or no longer.
//!
//! Source: `pkg/controller/tainteviction/taint_eviction.go`, v1.34; `spec` control plane 3.5.

use std::sync::Arc;

use crate::api::core::{Condition, ConditionStatus, Taint, TaintEffect};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{DeleteOptions, Object, Patch, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::control::controllers::replicas::pod_ref;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager};
use crate::kernel::SimDuration;

/// How long a pod may stay under taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    ForEver,
    Seconds(i64),
}

/// The shortest of the times that the tolerations in use allow; no toleration for some taint = not at all.
fn stay_of(pod: &Pod, taints: &[Taint]) -> Stay {
    let mut stay = Stay::ForEver;
    for taint in taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute) {
        let Some(toleration) = pod.spec.tolerations.iter().find(|toleration| toleration.tolerates(taint))
        else {
            return Stay::Seconds(0);
        };
        if let Some(seconds) = toleration.toleration_seconds {
            let seconds = seconds.max(0);
            stay = match stay {
                Stay::ForEver => Stay::Seconds(seconds),
                Stay::Seconds(before) => Stay::Seconds(before.min(seconds)),
            };
        }
    }
    stay
}

impl ControllerManager {
    /// Looks at one pod: is its time on its node limited?
    pub(in crate::control) fn check_tolerations(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32) {
        let Some(pod) = self.mirror.objects().at::<Pod>(index).cloned() else {
            self.cancel_eviction(ctx, index);
            return;
        };
        let Some(node) = pod.node_name.as_ref().filter(|_| !pod.metadata.is_terminating()) else {
            self.cancel_eviction(ctx, index);
            return;
        };
        let taints = match self.mirror.objects().get::<Node>(&Name::default(), node) {
            Some(node) => node.spec.taints.clone(),
            None => return,
        };
        match stay_of(&pod, &taints) {
            Stay::ForEver => {
                if self.cancel_eviction(ctx, index) {
                    self.taint_event(ctx, index, &pod, "Cancelling deletion of Pod");
                }
            }
            Stay::Seconds(0) => {
                self.cancel_eviction(ctx, index);
                self.evict_by_taint(ctx, index, &pod);
            }
            Stay::Seconds(seconds) => {
                if self.tolerations.contains_key(&index) {
                    return;
                }
                let at = ctx.now + SimDuration::from_secs(seconds as u64);
                let seq = 1 << 30 | (index & 0x3fff_ffff);
                let event = ControllerEvent::TolerationEnds(index);
                let handle = ctx.schedule(at, Class::Controller, self.target, seq, event);
                self.tolerations.insert(index, (at, handle));
            }
        }
    }

    fn cancel_eviction(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32) -> bool {
        let Some((_, handle)) = self.tolerations.remove(&index) else { return false };
        ctx.agenda.cancel(handle)
    }

    /// A toleration has run out.
    pub(in crate::control) fn toleration_ends(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32) {
        self.tolerations.remove(&index);
        if let Some(pod) = self.mirror.objects().at::<Pod>(index).cloned()
            && !pod.metadata.is_terminating()
        {
            self.evict_by_taint(ctx, index, &pod);
        }
    }

    fn evict_by_taint(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32, pod: &Arc<Pod>) {
        self.taint_event(ctx, index, pod, "Marking for deletion Pod");
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: ConditionStatus::True,
            reason: Some("DeletionByTaintManager".into()),
            message: Some("Taint manager: deleting due to NoExecute taint".into()),
            ..Condition::default()
        };
        let uid = Some(pod.metadata.uid);
        self.at_desk(ctx, ControllerId::TaintEviction, index, |top| {
            let patch = Patch::Condition(condition);
            top.submit(Request::Patch { target: pod_ref(pod), uid, patch }, About::Anything);
            let options = DeleteOptions { uid, ..DeleteOptions::default() };
            top.submit(Request::Delete { target: pod_ref(pod), options }, About::Anything);
        });
    }

    fn taint_event(&mut self, ctx: &mut Ctx<'_, ControllerEvent>, index: u32, pod: &Arc<Pod>, what: &str) {
        let message = format!("{what} {}/{}", pod.metadata.namespace, pod.metadata.name);
        let object = Object::Pod(pod.clone());
        self.at_desk(ctx, ControllerId::TaintEviction, index, |top| {
            top.event(&object, EventType::Normal, "TaintManagerEviction", message);
        });
    }
}
