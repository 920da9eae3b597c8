//! Graceful node shutdown: pods are stopped by groups of rising priority, then the power goes.
//!
//! Source: kubelet v1.32 `nodeshutdown/nodeshutdown_manager.go` groupByPriority, migrateConfig; `spec` node 7.4. Off unless
//! `shutdownGracePeriod` or `shutdownGracePeriodByPodPriority` is set. Not modelled: pods whose volumes are not unmounted
//! in time.

use super::admission::Rejection;
use super::env::NodeEnv;
use super::host::{Host, HostShared, NodeEvent};
use super::pod::{HostPod, KubeletVerdict, Stage};
use crate::api::core::{Condition, ConditionStatus};
use crate::api::qos::SYSTEM_CRITICAL_PRIORITY;
use crate::component::events::EventType;
use crate::component::{Class, Ctx, Settings};
use crate::kernel::{EventHandle, SimDuration};

const SEQ_SHUTDOWN: u32 = 6;
/// From the release of the inhibitor lock to the loss of power: the init system stops its services, the last statuses get
/// through. A choice of this model.
const POWER_OFF_DELAY: SimDuration = SimDuration::from_secs(1);

/// A shutdown under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    /// Which of the groups is being stopped.
    group: usize,
    /// Whether all is done and the power about to go.
    done: bool,
    /// The end of the group's time.
    timer: Option<EventHandle>,
}

impl Shutdown {
    /// Forgets what was to come.
    pub(super) fn abandon(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.timer);
    }
}

/// The groups of pods: the least priority of each, and its time. Without bands these are the ordinary and the critical pods.
fn groups(settings: &Settings) -> Vec<(i32, SimDuration)> {
    let bands = &settings.shutdown_grace_period_by_pod_priority.0;
    if !bands.is_empty() {
        return bands.clone();
    }
    let all = settings.shutdown_grace_period;
    let last = settings.shutdown_grace_period_critical_pods.min(all);
    vec![(0, all.saturating_sub(last)), (SYSTEM_CRITICAL_PRIORITY, last)]
}

/// The group of a pod: the highest that its priority reaches; the lowest also has what is below.
fn group_of(groups: &[(i32, SimDuration)], pod: &HostPod) -> usize {
    groups.iter().rposition(|(least, _)| *least <= pod.pod.priority()).unwrap_or(0)
}

impl HostShared {
    /// A node that is shutting down takes no pods.
    pub(super) fn admits_while_up(&self) -> Result<(), Rejection> {
        let message = "Pod was rejected as the node is shutting down.";
        if self.shutdown.is_some() { Err(("NodeShutdown".into(), message.to_owned())) } else { Ok(()) }
    }
}

impl Host {
    /// The machine is told to shut down. Returns whether its kubelet stops the pods first: then
    /// [`NodeEvent::ReadyToPowerOff`] comes when it is done.
    pub fn shut_down(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) -> bool {
        let any_time = groups(ctx.settings).iter().any(|(_, time)| *time > SimDuration::ZERO);
        if !any_time || !self.shared.kubelet_works() {
            return false;
        }
        if self.shared.shutdown.is_some() {
            return true;
        }
        let text = "Shutdown manager detected shutdown event".to_owned();
        self.shared.node_event(ctx, EventType::Normal, "Shutdown", text);
        let condition = Condition {
            kind: "Ready".into(),
            status: ConditionStatus::False,
            reason: Some("KubeletNotReady".into()),
            message: Some("node is shutting down".into()),
            ..Condition::default()
        };
        self.shared.send_condition(ctx, condition);
        self.stop_group(ctx, env, 0);
        true
    }

    /// Stops one group of pods, each with its own grace period or what the group has. A group without pods takes no time.
    fn stop_group(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, group: usize) {
        let groups = groups(ctx.settings);
        let (_, time) = groups[group];
        let event = NodeEvent::ShutdownStep;
        let at = ctx.now + time;
        let timer = Some(ctx.schedule(at, Class::Runtime, self.shared.target, SEQ_SHUTDOWN, event));
        self.shared.shutdown = Some(Shutdown { group, done: false, timer });
        for id in self.ids() {
            let pod = &self.pods[&id];
            if group_of(&groups, pod) != group || pod.worker.stage == Stage::Finished {
                continue;
            }
            let own = pod.pod.spec.termination_grace_period_seconds.unwrap_or(30);
            let grace = own.min(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
            let verdict = KubeletVerdict {
                reason: "Terminated".into(),
                message: "Pod was terminated in response to imminent node shutdown.".into(),
                is_disruption: true,
            };
            self.with(id, ctx, env, |cx| cx.end_by_kubelet(verdict, grace));
        }
        self.shared.shutdown_progress = true;
    }

    fn ready_to_power_off(&mut self, ctx: &mut Ctx<'_, NodeEvent>, group: usize) {
        self.shared.shutdown = Some(Shutdown { group, done: true, timer: None });
        let at = ctx.now + POWER_OFF_DELAY;
        ctx.schedule(at, Class::Hardware, self.shared.target, SEQ_SHUTDOWN, NodeEvent::ReadyToPowerOff);
    }

    /// A pod may have been the last of its group, or the group's time is over.
    pub(super) fn advance_shutdown(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, timeout: bool) {
        let Some(Shutdown { group, done: false, mut timer }) = self.shared.shutdown else { return };
        let groups = groups(ctx.settings);
        let is_last = group + 1 >= groups.len();
        let still_there = |stage: Stage| match stage {
            Stage::Finished => false,
            // The last statuses are sent before the power goes.
            Stage::Terminated => is_last,
            Stage::Syncing | Stage::Terminating => true,
        };
        let mut due = self.pods.values().filter(|pod| is_last || group_of(&groups, pod) <= group);
        if due.any(|pod| still_there(pod.worker.stage)) && !timeout {
            return;
        }
        ctx.cancel(&mut timer);
        if is_last {
            self.ready_to_power_off(ctx, group);
        } else {
            self.stop_group(ctx, env, group + 1);
        }
    }
}
