//! A container runtime that does not answer: the kubelet does no pod work, and after 30 s the node is not ready.
//!
//! Source: kubelet v1.32 `runtime.go`, `kubelet.go` updateRuntimeUp; `spec` node 7.2, 7.3. The runtime is asked every 5 s;
//! what the kubelet concludes is published at its next status tick. After 3 min without
//! a relist the message says so once; how long it is meanwhile is not kept up to date.

use std::sync::Arc;

use super::admission::Rejection;
use super::env::NodeEnv;
use super::host::{Host, HostShared, NodeEvent};
use crate::api::core::{Condition, ConditionStatus, ObjectReference};
use crate::api::pod::{Pod, PodPhase, PodStatus};
use crate::api::{Kind, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration, SimTime};

const SEQ_VERDICT: u32 = 3;

/// What the kubelet thinks of its runtime.
#[derive(Clone, Debug, Default)]
pub(super) struct Outage {
    reported: bool,
    /// When the runtime stopped answering.
    since: SimTime,
    verdict: Option<EventHandle>,
}

impl Outage {
    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.verdict);
        self.reported = false;
    }
}

impl HostShared {
    /// Whether the kubelet says that the node is not ready, because its runtime is down.
    pub fn says_not_ready(&self) -> bool {
        self.outage.reported && !self.is_well()
    }

    pub(super) fn schedule_verdict(&mut self, ctx: &mut Ctx<'_, NodeEvent>, from: SimTime) {
        ctx.cancel(&mut self.outage.verdict);
        let at = from.ceil_to(ctx.settings.node_status_update_frequency, SimDuration::ZERO);
        let event = NodeEvent::RuntimeVerdict;
        self.outage.verdict = Some(ctx.schedule(at, Class::Report, self.target, SEQ_VERDICT, event));
    }
}

impl Host {
    /// The runtime stops answering: containers run on, but the kubelet can do nothing with them.
    pub fn runtime_stops(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.runtime_answers = false;
        ctx.cancel(&mut self.shared.relist);
        for pod in self.pods.values_mut() {
            ctx.cancel(&mut pod.worker.wanted);
            ctx.cancel(&mut pod.worker.queue_timer);
            pod.worker.idle_sync = None;
        }
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                cx.note_cause_for_probes();
                cx.wake_probes();
            });
        }
        if self.shared.powered && self.shared.kubelet_runs {
            // The check at the very instant of the failure fails.
            let before = ctx.now.as_nanos().saturating_sub(1);
            let last_check =
                SimTime::from_nanos(before - before % ctx.settings.runtime_check_period.as_nanos());
            self.shared.outage.since = ctx.now;
            self.shared.schedule_verdict(ctx, last_check + ctx.settings.runtime_threshold);
        }
    }

    /// The runtime answers again: the kubelet looks at everything.
    pub fn runtime_answers(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.runtime_answers = true;
        ctx.cancel(&mut self.shared.outage.verdict);
        if self.shared.outage.reported {
            let check = ctx.now.ceil_to(ctx.settings.runtime_check_period, SimDuration::ZERO);
            self.shared.schedule_verdict(ctx, check);
        }
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                cx.note_cause_for_probes();
                cx.wake_probes();
                cx.pod.look();
                cx.request_sync();
            });
        }
    }

    /// A status tick at which the verdict on the runtime changes.
    pub(super) fn runtime_verdict(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.outage.verdict = None;
        let up = self.shared.is_well();
        let again = std::mem::replace(&mut self.shared.outage.reported, !up);
        if up && !again {
            return;
        }
        let relist_is_late = self.shared.outage.since + ctx.settings.relist_threshold;
        if !self.shared.runtime_answers && ctx.now < relist_is_late {
            self.shared.schedule_verdict(ctx, relist_is_late);
        }
        self.send_verdict(ctx);
        if up || !again {
            let name = &self.shared.name;
            let news = if up { "NodeReady" } else { "NodeNotReady" };
            let text = format!("Node {name} status is now: {news}");
            self.shared.node_event(ctx, EventType::Normal, news, text);
        }
    }

    /// Says what the condition `Ready` is, as the runtime makes it now.
    pub fn send_verdict(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        let problems = self.problems(ctx);
        let (status, reason, message) = match &problems[..] {
            [] => (ConditionStatus::True, "KubeletReady", "kubelet is posting ready status".to_owned()),
            [problem] => (ConditionStatus::False, "KubeletNotReady", problem.clone()),
            _ => (ConditionStatus::False, "KubeletNotReady", format!("[{}]", problems.join(", "))),
        };
        self.shared.send_condition(
            ctx,
            Condition {
                kind: "Ready".into(),
                status,
                reason: Some(reason.into()),
                message: Some(message.into()),
                ..Condition::default()
            },
        );
    }

    /// What keeps the node from being ready.
    fn problems(&self, ctx: &Ctx<'_, NodeEvent>) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.shared.runtime_answers {
            problems.push("container runtime is down".to_owned());
            let silent = ctx.now.saturating_since(self.shared.outage.since);
            let threshold = ctx.settings.relist_threshold;
            if silent >= threshold {
                problems.push(format!(
                    "PLEG is not healthy: pleg was last seen active {} ago; threshold is {}",
                    minutes(silent),
                    minutes(threshold)
                ));
            }
        }
        if self.shared.network_plugin.seen_down {
            problems.push(super::network_plugin::NOT_READY.to_owned());
        }
        problems
    }

    /// A pod that the node cannot take fails for good.
    pub(super) fn reject(&mut self, ctx: &mut Ctx<'_, NodeEvent>, id: u32, pod: &Pod, why: Rejection) {
        let (reason, message) = why;
        let metadata = &pod.metadata;
        let about = ObjectReference {
            api_version: Some(Name::word("v1")),
            kind: Name::word("Pod"),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid,
            field_path: None,
        };
        let status = PodStatus {
            phase: PodPhase::Failed,
            reason: Some(reason.as_ref().into()),
            message: Some(format!("Pod was rejected: {message}").into()),
            start_time: Some(ctx.timestamp()),
            ..PodStatus::clone(&pod.status)
        };
        let shared = &mut self.shared;
        shared.events.emit(ctx, &mut shared.client, about, EventType::Warning, reason, message);
        let target =
            ObjectRef { kind: Kind::Pod, namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        let patch = Patch::PodStatus(Arc::new(status));
        let request = Request::Patch { target, uid: Some(metadata.uid), patch };
        shared.client.submit(ctx, request, Some(u64::from(id)));
    }
}

/// A length of time as Go writes it: `3m0s`.
fn minutes(length: SimDuration) -> String {
    format!("{}m{}s", length.as_secs() / 60, length.as_secs() % 60)
}
