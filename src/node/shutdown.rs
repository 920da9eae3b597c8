//! Graceful node shutdown: ordinary pods first, critical pods last, then the power goes.
//!
//! Source: kubelet v1.32 `nodeshutdown/nodeshutdown_manager_linux.go`; `spec` node 7.4. Off unless `shutdownGracePeriod` is set.
//! Not modelled: groups by priority bands, and pods whose volumes are not unmounted in time.

use super::admission::{Rejection, is_critical};
use super::env::NodeEnv;
use super::host::{Host, HostShared, NodeEvent};
use super::pod::{KubeletVerdict, Stage};
use crate::api::core::{Condition, ConditionStatus};
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration};

const SEQ_SHUTDOWN: u32 = 6;
/// From the release of the inhibitor lock to the loss of power: the init system stops its services, the last statuses get
/// through. A choice of this model.
const POWER_OFF_DELAY: SimDuration = SimDuration::from_secs(1);

/// A shutdown under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    /// Whether the critical pods are being stopped; before them the others are.
    critical: bool,
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

impl HostShared {
    /// A node that is shutting down takes no pods.
    pub(super) fn admits_while_up(&self) -> Result<(), Rejection> {
        let message = "Pod was rejected as the node is shutting down.";
        if self.shutdown.is_some() { Err(("NodeShutdown", message.to_owned())) } else { Ok(()) }
    }
}

impl Host {
    /// The machine is told to shut down. Returns whether its kubelet stops the pods first: then
    /// [`NodeEvent::ReadyToPowerOff`] comes when it is done.
    pub fn shut_down(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) -> bool {
        if ctx.settings.shutdown_grace_period == SimDuration::ZERO || !self.shared.kubelet_works() {
            return false;
        }
        if self.shared.shutdown.is_some() {
            return true;
        }
        let text = "Shutdown manager detected shutdown event".to_owned();
        self.node_event(ctx, EventType::Normal, "Shutdown", text);
        let condition = Condition {
            kind: "Ready".into(),
            status: ConditionStatus::False,
            reason: Some("KubeletNotReady".into()),
            message: Some("node is shutting down".into()),
            ..Condition::default()
        };
        self.shared.send_condition(ctx, condition);
        self.stop_group(ctx, env, false);
        true
    }

    /// Stops one group of pods, each with its own grace period or what the group has.
    fn stop_group(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, critical: bool) {
        let all = ctx.settings.shutdown_grace_period;
        let last = ctx.settings.shutdown_grace_period_critical_pods.min(all);
        let time = if critical { last } else { all.saturating_sub(last) };
        let event = NodeEvent::ShutdownStep;
        let at = ctx.now + time;
        let timer = Some(ctx.schedule(at, Class::Runtime, self.shared.target, SEQ_SHUTDOWN, event));
        self.shared.shutdown = Some(Shutdown { critical, done: false, timer });
        for id in self.ids() {
            let pod = &self.pods[&id];
            if is_critical(&pod.pod) != critical || pod.worker.stage == Stage::Finished {
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

    /// A pod may have been the last of its group, or the group's time is over.
    pub(super) fn advance_shutdown(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>, timeout: bool) {
        let Some(Shutdown { critical, done: false, mut timer }) = self.shared.shutdown else { return };
        let still_there = |stage: Stage| match stage {
            Stage::Finished => false,
            // The last statuses are sent before the power goes.
            Stage::Terminated => critical,
            Stage::Syncing | Stage::Terminating => true,
        };
        let group = self.pods.values().filter(|pod| critical || !is_critical(&pod.pod));
        let busy = group.into_iter().any(|pod| still_there(pod.worker.stage));
        if busy && !timeout {
            return;
        }
        ctx.cancel(&mut timer);
        if critical {
            self.shared.shutdown = Some(Shutdown { critical, done: true, timer: None });
            let event = NodeEvent::ReadyToPowerOff;
            let at = ctx.now + POWER_OFF_DELAY;
            ctx.schedule(at, Class::Hardware, self.shared.target, SEQ_SHUTDOWN, event);
        } else {
            self.stop_group(ctx, env, true);
        }
    }
}
