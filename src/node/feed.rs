//! What the kubelet hears: pods from its watch and from fresh lists, and answers to its requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admission::{Amounts, admit};
use super::env::NodeEnv;
use super::host::{Host, NodeEvent, SEQ_STATUS_RETRY};
use super::node_status::NODE_STATUS_TOKEN;
use super::pod::{HostPod, KubeletVerdict, Stage};
use super::power::cancel_worker;
use super::static_pods::MIRROR_TOKEN;
use crate::api::core::{ConditionStatus, Conditions};
use crate::api::pod::Pod;
use crate::api::{Commit, Object, Op};
use crate::component::events::EventType;
use crate::component::{Class, Ctx};

impl Host {
    /// The watch delivers a change of a pod that is, or was, bound to this node.
    pub fn deliver(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, commit: &Commit) {
        ctx.trace.set_cause(commit.record);
        let pod = match &commit.new {
            Object::Pod(pod) => pod,
            Object::Node(node) => {
                self.shared.labels = node.metadata.labels.clone();
                self.shared.taints.clone_from(&node.spec.taints);
                if node.status.conditions.status_of("Ready") == Some(ConditionStatus::Unknown) {
                    self.shared.declared_unknown(ctx);
                }
                return;
            }
            Object::ConfigMap(_) | Object::Secret(_) => {
                self.object_changed(ctx, env, commit);
                return;
            }
            _ => return,
        };
        if commit.op == Op::Deleted {
            self.object_gone(ctx, env, commit.id.index);
        } else {
            self.pod_changed(ctx, env, commit.id.index, pod);
        }
    }

    /// The kubelet hears of a pod, or of a change of one it has.
    pub fn pod_changed(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32, pod: &Arc<Pod>) {
        if self.mirror_changed(ctx, env, id, pod) {
            return;
        }
        if !self.pods.contains_key(&id) {
            if pod.status.phase.is_terminal() && !pod.metadata.is_terminating() {
                return;
            }
            let waiting = self.shared.preemptions.iter_mut().find(|waiting| waiting.id == id);
            if let Some(waiting) = waiting {
                waiting.pod = pod.clone();
                if !pod.metadata.is_terminating() {
                    return;
                }
                self.shared.preemptions.retain(|waiting| waiting.id != id);
            }
            if !pod.metadata.is_terminating() && pod.status.start_time.is_none() {
                match admit(&self.shared, self.pods.range(..), pod) {
                    Err(why) => {
                        self.reject(ctx, id, pod, why);
                        return;
                    }
                    Ok(victims) if !victims.is_empty() => {
                        self.preempt(ctx, env, (id, pod), &victims);
                        return;
                    }
                    Ok(_) => {}
                }
            }
            self.begin_pod(ctx, env, id, pod);
        }
        self.with(id, ctx, env, |cx| {
            let gates_changed =
                !pod.spec.readiness_gates.is_empty() && cx.pod.pod.status.conditions != pod.status.conditions;
            let spec_changed = !Arc::ptr_eq(&cx.pod.pod.spec, &pod.spec) && cx.pod.pod.spec != pod.spec;
            if spec_changed {
                cx.pod.requested = Amounts::requested(&pod.spec);
            }
            cx.pod.pod = pod.clone();
            if pod.metadata.is_terminating() {
                let grace = pod.metadata.deletion_grace_period_seconds;
                if cx.pod.worker.stage == Stage::Finished {
                    cx.remove_object_when_due();
                } else {
                    cx.begin_termination(grace);
                }
            } else if spec_changed || gates_changed {
                cx.request_sync();
            }
        });
    }

    /// The kubelet takes a pod.
    pub(super) fn begin_pod(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        id: u32,
        pod: &Arc<Pod>,
    ) {
        let pod = HostPod::new(pod.clone());
        self.shared.look_up(&pod);
        self.pods.insert(id, Box::new(pod));
        self.with(id, ctx, env, |cx| cx.request_sync());
    }

    /// The object is gone from the API: whatever still runs is stopped quickly, and then forgotten.
    pub(super) fn object_gone(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32) {
        if self.mirror_gone(ctx, env, id) {
            return;
        }
        self.shared.preemptions.retain(|waiting| waiting.id != id);
        let finished = self.with(id, ctx, env, |cx| {
            cx.pod.worker.object_gone = true;
            let finished = cx.pod.worker.stage == Stage::Finished;
            if !finished {
                cx.begin_termination(Some(1));
            }
            finished
        });
        if finished == Some(true) {
            self.forget(ctx, id);
        }
    }

    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_, NodeEvent>, id: u32) {
        let Some(mut pod) = self.pods.remove(&id) else { return };
        cancel_worker(ctx, &mut pod.worker);
        self.shared.dirty.remove(&id);
        let metadata = &pod.pod.metadata;
        self.shared.events.forget(metadata.uid, &metadata.name);
    }

    /// The answer to a request of this kubelet.
    pub fn reply(&mut self, ctx: &mut Ctx<'_, NodeEvent>, token: u64, failed: bool, gone: bool) {
        if token == NODE_STATUS_TOKEN {
            if failed && !gone {
                self.node_status_failed(ctx);
            }
            return;
        }
        let id = token as u32;
        if token & MIRROR_TOKEN != 0 {
            if failed {
                self.mirror_failed(id);
            }
            return;
        }
        let is_static = self.is_static_pod(id);
        let Some(pod) = self.pods.get_mut(&id) else { return };
        if gone && is_static {
            // The image has changed; the watch will tell.
            return;
        }
        if gone {
            pod.worker.object_gone = true;
            if pod.worker.stage == Stage::Finished {
                self.forget(ctx, id);
            }
            return;
        }
        if !failed {
            return;
        }
        pod.worker.unsent = true;
        self.schedule_status_pass(ctx);
    }

    /// The status manager's next periodic pass finds statuses that differ from what the API server has.
    pub(super) fn schedule_status_pass(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        if self.shared.status_pass.is_none() && self.shared.kubelet_runs && self.shared.powered {
            let (period, phase) = (ctx.settings.status_sync_period, self.shared.status_phase);
            let at = ctx.now.next_tick_after(period, phase);
            let target = self.shared.target;
            let handle = ctx.schedule(at, Class::Report, target, SEQ_STATUS_RETRY, NodeEvent::StatusPass);
            self.shared.status_pass = Some(handle);
        }
    }

    pub(super) fn status_pass(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.status_pass = None;
        let unsent: Vec<u32> =
            self.pods.iter().filter(|(_, pod)| pod.worker.unsent).map(|(id, _)| *id).collect();
        for id in unsent {
            self.with(id, ctx, env, |cx| {
                cx.send_status();
                if cx.pod.worker.stage == Stage::Finished && cx.pod.pod.metadata.is_terminating() {
                    cx.remove_object();
                }
            });
        }
    }

    /// A kubelet that has just started admits the pods that it finds once more: what does not fit any longer fails
    /// although it runs.
    fn admit_again(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, id: u32) {
        let Some(found) = self.pods.get(&id) else { return };
        let has_just_started = self.shared.kubelet_started == ctx.now;
        if !has_just_started || found.worker.stage != Stage::Syncing || found.pod.metadata.is_terminating() {
            return;
        }
        let pod = found.pod.clone();
        let Err((reason, message)) = admit(&self.shared, self.pods.range(..id), &pod) else { return };
        self.with(id, ctx, env, |cx| {
            cx.pod_event(EventType::Warning, reason.clone(), &message);
            let message = format!("Pod was rejected: {message}").into();
            let verdict = KubeletVerdict { reason: reason.as_ref().into(), message, is_disruption: false };
            cx.begin_rejection(verdict);
        });
    }

    /// The kubelet has a fresh list of its pods, after a start or a broken connection.
    pub fn relisted(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, pods: &[(u32, Arc<Pod>)]) {
        let listed: BTreeSet<u32> = pods.iter().map(|(id, _)| *id).collect();
        for id in self.ids() {
            if !listed.contains(&id) && !self.is_static_pod(id) {
                self.object_gone(ctx, env, id);
            }
        }
        self.look_up_anew();
        self.relist_mirrors(ctx, env, |index| listed.contains(&index));
        for (id, pod) in pods {
            self.pod_changed(ctx, env, *id, pod);
            self.admit_again(ctx, env, *id);
        }
    }

    /// Others may have changed statuses while the kubelet was cut off: its next status pass puts them right. Pods that are
    /// to go are looked at now.
    pub fn reconcile_statuses(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                cx.pod.worker.unsent = true;
                if cx.pod.pod.metadata.is_terminating() {
                    cx.request_sync();
                }
            });
        }
        self.schedule_status_pass(ctx);
    }
}
