//! Stopping containers: preStop, SIGTERM, grace, SIGKILL, and the order of sidecars.
//!
//! Source: kubelet v1.32 `kuberuntime_container.go` killContainer, `kuberuntime_termination_order.go`; `spec` node 2.9.

use super::host::NodeEvent;
use super::pod::KillReason;
use super::pod_cx::PodCx;
use super::probe::resolve_port;
use crate::api::pod::LifecycleHandler;
use crate::base::signal;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::{Detail, Subject};
use crate::workload::Question;
use crate::workload::instance::{SIGKILL, SIGTERM};

/// How a running container is being stopped.
#[derive(Clone, Debug)]
pub struct Kill {
    reason: KillReason,
    stage: KillStage,
    /// Grace that is left, in whole seconds, when the stage began.
    grace: i64,
    since: SimTime,
    timer: Option<EventHandle>,
    /// Whether the preStop hook that runs will fail.
    hook_fails: bool,
}

impl Kill {
    /// Forgets the stop, with its timer.
    pub(super) fn abandon(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.timer);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KillStage {
    /// The preStop hook runs.
    PreStop,
    /// A sidecar waits for the containers that must end before it.
    Turn,
    /// The stop signal was sent.
    Signalled,
}

/// Number of a container's kill timer among the events of its pod.
fn kill_seq(container: usize) -> u32 {
    512 + container as u32
}

impl PodCx<'_, '_> {
    /// Begins to stop a container, unless a stop is under way.
    pub(super) fn begin_kill(&mut self, index: usize, reason: KillReason, message: &str) {
        let truth = &self.pod.containers[index];
        if truth.running.is_none() || truth.kill.is_some() {
            return;
        }
        let grace = self.grace_for(index, reason);
        self.container_event(index, EventType::Normal, "Killing", message.to_owned());
        let hook = self.pod.spec(index).lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.clone());
        if let (Some(hook), true) = (hook, grace > 0) {
            let HookRun { lasts, fails } = self.run_hook(index, &hook);
            let limit = SimDuration::from_secs(grace as u64);
            let in_time = lasts.filter(|lasts| *lasts < limit);
            if in_time != Some(SimDuration::ZERO) {
                self.set_kill(index, KillStage::PreStop, grace, reason, Some(in_time.unwrap_or(limit)));
                if let Some(kill) = &mut self.pod.containers[index].kill {
                    kill.hook_fails = fails && in_time.is_some();
                }
                return;
            }
            self.pre_stop_over(index, fails);
        }
        self.await_turn(index, grace, reason);
    }

    fn set_kill(
        &mut self,
        index: usize,
        stage: KillStage,
        grace: i64,
        reason: KillReason,
        after: Option<SimDuration>,
    ) {
        let timer = after.map(|after| {
            let event = NodeEvent::KillStep { pod: self.id, container: index as u16 };
            self.ctx.schedule(self.ctx.now + after, Class::Runtime, self.pod.target, kill_seq(index), event)
        });
        self.pod.containers[index].kill =
            Some(Kill { reason, stage, grace, since: self.ctx.now, timer, hook_fails: false });
    }

    fn pre_stop_over(&mut self, index: usize, failed: bool) {
        if failed {
            self.container_event(
                index,
                EventType::Warning,
                "FailedPreStopHook",
                "PreStopHook failed".to_owned(),
            );
        }
    }

    /// Forgets a stop that is under way, so that it can be begun anew.
    pub(super) fn cancel_kill(&mut self, index: usize) {
        if let Some(mut kill) = self.pod.containers[index].kill.take() {
            self.ctx.cancel(&mut kill.timer);
        }
    }

    /// Sidecars wait for the regular containers, then for the sidecars after them.
    fn await_turn(&mut self, index: usize, grace: i64, reason: KillReason) {
        if reason == KillReason::PodStops && !self.is_turn(index) {
            let limit = SimDuration::from_secs(grace.max(0) as u64);
            self.set_kill(index, KillStage::Turn, grace, reason, Some(limit));
            return;
        }
        self.send_stop(index, grace, reason);
    }

    fn is_turn(&self, index: usize) -> bool {
        if !self.pod.is_sidecar(index) {
            return true;
        }
        let later = index + 1..self.pod.containers.len();
        later.into_iter().all(|other| self.pod.containers[other].running.is_none())
    }

    /// The stop signal now, SIGKILL when the grace is over.
    fn send_stop(&mut self, index: usize, grace: i64, reason: KillReason) {
        let minimum = self.ctx.settings.minimum_grace_period;
        let grace_time = SimDuration::from_secs(grace.max(0) as u64).max(minimum);
        self.set_kill(index, KillStage::Signalled, grace, reason, Some(grace_time));
        let signal = self.stop_signal(index);
        self.deliver_signal(index, signal, true);
    }

    /// The signal that asks a container to stop: its own (a feature gate), else the image's, else SIGTERM.
    fn stop_signal(&self, index: usize) -> i32 {
        let lifecycle = self.pod.spec(index).lifecycle.as_ref();
        let own = lifecycle
            .and_then(|lifecycle| lifecycle.stop_signal.as_ref())
            .and_then(|name| signal::number(name));
        let image =
            self.pod.containers[index].running.as_ref().map(|instance| instance.app.model().stop_signal);
        own.filter(|_| self.ctx.settings.container_stop_signals).or(image).unwrap_or(SIGTERM)
    }

    /// A timer of a stop: the hook is over, the turn has come too late, or the grace is over.
    pub(super) fn kill_step(&mut self, index: usize) {
        let Some(kill) = self.pod.containers[index].kill.take() else { return };
        let spent = self.ctx.now.saturating_since(kill.since).as_secs() as i64;
        match kill.stage {
            KillStage::PreStop => {
                self.pre_stop_over(index, kill.hook_fails);
                self.await_turn(index, kill.grace - spent, kill.reason);
            }
            KillStage::Turn => self.send_stop(index, kill.grace - spent, kill.reason),
            KillStage::Signalled => {
                self.pod.containers[index].kill = Some(Kill { timer: None, ..kill });
                self.deliver_signal(index, SIGKILL, false);
            }
        }
    }

    /// A container has ended: its kill is over, and sidecars may have their turn.
    pub(super) fn kill_finished(&mut self, index: usize) {
        self.cancel_kill(index);
        for other in (0..self.pod.init_count()).rev() {
            let waits =
                self.pod.containers[other].kill.as_ref().is_some_and(|kill| kill.stage == KillStage::Turn);
            if waits && self.is_turn(other) {
                let Some(mut kill) = self.pod.containers[other].kill.take() else { continue };
                self.ctx.cancel(&mut kill.timer);
                let spent = self.ctx.now.saturating_since(kill.since).as_secs() as i64;
                self.send_stop(other, kill.grace - spent, kill.reason);
            }
        }
    }

    /// Sends a signal to the process of a container.
    pub(super) fn deliver_signal(&mut self, index: usize, signal: i32, is_stop: bool) {
        let name = self.pod.spec(index).name.clone();
        let word = signal::name(signal).unwrap_or("signal");
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let message = format!("{word} to container {name}");
        let now = self.ctx.now;
        self.ctx.trace.record(now, "runtime", subject, "Signal", word, message, Detail::None);
        if let Some(instance) = &mut self.pod.containers[index].running {
            instance.app.signal(signal, is_stop, now);
        }
        self.plan_exit(index);
    }

    /// The grace period that a stop of this container gets, in seconds.
    fn grace_for(&self, index: usize, reason: KillReason) -> i64 {
        let spec = &self.pod.pod.spec;
        if let Some(grace) = self.pod.worker.grace {
            return grace;
        }
        let container = self.pod.spec(index);
        let probe = match reason {
            KillReason::Liveness => container.liveness_probe.as_deref(),
            KillReason::Startup => container.startup_probe.as_deref(),
            _ => None,
        };
        probe
            .and_then(|probe| probe.termination_grace_period_seconds)
            .or(spec.termination_grace_period_seconds)
            .unwrap_or(30)
    }

    /// What will become of a hook that begins now.
    ///
    /// An HTTP hook succeeds with whatever status; a `tcpSocket` hook passes validation but nothing can run it.
    pub(super) fn run_hook(&mut self, index: usize, hook: &LifecycleHandler) -> HookRun {
        if let Some(sleep) = &hook.sleep {
            return HookRun::good(SimDuration::from_secs(sleep.seconds.max(0) as u64));
        }
        let now = self.ctx.now;
        let container = self.pod.spec(index).clone();
        let question = match (&hook.exec, &hook.http_get) {
            (Some(exec), _) => Some(Question::Exec { command: &exec.command }),
            (None, Some(http)) => resolve_port(&http.port, &container)
                .map(|port| Question::Http { path: http.path.as_deref().unwrap_or("/"), port }),
            (None, None) => None,
        };
        let can_fork = self.pod.can_fork(now, self.ctx.settings.pod_pids_limit);
        let namespace = self.pod.pod.metadata.namespace.clone();
        let network = self.env.network;
        let available = |service: &str| network.is_available(&namespace, service);
        let running = self.pod.containers[index].running.as_mut();
        match question
            .zip(running)
            .filter(|(question, _)| can_fork || !matches!(question, Question::Exec { .. }))
        {
            Some((question, instance)) => {
                let answer = instance.app.answer(question, now, &available, None);
                let fails = match question {
                    Question::Exec { .. } => !answer.success,
                    _ => answer.refused,
                };
                HookRun { lasts: answer.latency, fails }
            }
            None => HookRun { lasts: Some(SimDuration::ZERO), fails: true },
        }
    }
}

/// What becomes of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HookRun {
    /// How long it runs; `None` = for ever.
    pub(super) lasts: Option<SimDuration>,
    /// Whether it fails then.
    pub(super) fails: bool,
}

impl HookRun {
    fn good(lasts: SimDuration) -> Self {
        Self { lasts: Some(lasts), fails: false }
    }
}
