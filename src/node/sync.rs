//! When a pod is synced, and what one sync decides.
//!
//! Source: kubelet v1.32 `pod_workers.go`, `kubelet.go` SyncPod/SyncTerminatingPod/SyncTerminatedPod; `spec` node 2.1,
//! 2.4, 4.4. A sync waits for a view of the runtime newer than the end of the sync before, so two syncs of a pod are
//! at least one relist apart.

use std::collections::VecDeque;

use super::host::NodeEvent;
use super::plan::{Plan, plan};
use super::pod::{KillReason, KubeletVerdict, Run, Stage, Step};
use super::pod_cx::PodCx;
use super::probe::{ProbeKind, Verdict};
use super::static_pods::is_from_file;
use crate::api::{DeleteOptions, Kind, ObjectRef, Request};
use crate::component::Class;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::{Detail, Subject};

const SEQ_WANTED: u32 = 1;
const SEQ_QUEUE: u32 = 2;
const SEQ_REMOVAL: u32 = 3;

impl PodCx<'_, '_> {
    /// Asks for a sync as soon as one may begin.
    pub(super) fn request_sync(&mut self) {
        if self.pod.worker.stage == Stage::Finished || !self.host.kubelet_works() {
            return;
        }
        if self.host.awaits_list && !is_from_file(&self.pod.pod) {
            return;
        }
        if self.pod.worker.run.is_some() {
            self.pod.worker.again = true;
            return;
        }
        if self.pod.worker.wanted.is_some() {
            return;
        }
        self.pass_idle_syncs();
        let at = self.earliest_sync();
        let event = NodeEvent::Sync { pod: self.id };
        let handle = self.ctx.schedule(at, Class::Sync, self.pod.target, SEQ_WANTED, event);
        self.pod.worker.wanted = Some(handle);
    }

    /// Now, if a relist has happened since the end of the last sync; else the next relist.
    fn earliest_sync(&self) -> SimTime {
        let Some(end) = self.pod.worker.last_sync_end else { return self.ctx.now };
        let (period, phase) = (self.ctx.settings.pleg_relist_period, self.host.relist_phase);
        let relist = end.next_tick_after(period, phase);
        relist.max(self.ctx.now)
    }

    /// The syncs without cause that were due meanwhile have found nothing new; only their times matter.
    fn pass_idle_syncs(&mut self) {
        while let Some(due) = self.pod.worker.idle_sync {
            let (now, target) = (self.ctx.now, self.pod.target);
            if due > now || (due == now && !self.ctx.is_past(due, Class::Sync, target, SEQ_QUEUE)) {
                return;
            }
            self.pod.worker.last_sync_end = Some(due);
            self.pod.worker.idle_sync = Some(self.queue_tick(due, self.ctx.settings.sync_frequency));
        }
    }

    /// The tick at which the work queue hands out a pod that was put into it at `from` with a delay.
    fn queue_tick(&self, from: SimTime, delay: SimDuration) -> SimTime {
        let (period, phase) = (self.ctx.settings.sync_tick_period, self.host.sync_phase);
        (from + self.jittered(from, delay)).next_tick_after(period, phase)
    }

    /// Whether a sync without cause would do something: ask a readiness probe that has not succeeded yet, or put the image of
    /// a static pod into the API.
    fn idle_sync_matters(&self) -> bool {
        let unready = self.pod.worker.probes.iter().any(|probe| {
            probe.kind == ProbeKind::Readiness && (probe.stored != Verdict::Success || !self.is_known(probe))
        });
        unready || self.lacks_network() || self.lacks_mirror() || self.would_fail_to_mount()
    }

    /// The next sync without cause will find something new after all.
    pub(super) fn wake_idle_sync(&mut self) {
        self.pass_idle_syncs();
        if let Some(at) = self.pod.worker.idle_sync.take() {
            self.queue_sync(at);
        }
    }

    fn queue_sync(&mut self, at: SimTime) {
        let event = NodeEvent::QueuedSync { pod: self.id };
        let mut old = self.pod.worker.queue_timer.take();
        self.ctx.cancel(&mut old);
        let handle = self.ctx.schedule(at, Class::Sync, self.pod.target, SEQ_QUEUE, event);
        self.pod.worker.queue_timer = Some(handle);
    }

    /// A sync begins, because it was wanted or because its time in the work queue has come.
    pub(super) fn sync(&mut self, from_queue: bool) {
        if from_queue {
            self.pod.worker.queue_timer = None;
        } else {
            self.pod.worker.wanted = None;
        }
        if !self.host.kubelet_works() {
            // Once the runtime answers, every pod is synced.
            return;
        }
        if self.pod.worker.run.is_some() {
            self.pod.worker.again = true;
            return;
        }
        if from_queue && self.earliest_sync() > self.ctx.now {
            self.request_sync();
            return;
        }
        let (mut wanted, mut queued) = (self.pod.worker.wanted.take(), self.pod.worker.queue_timer.take());
        self.ctx.cancel(&mut wanted);
        self.ctx.cancel(&mut queued);
        self.pod.worker.idle_sync = None;
        match self.pod.worker.stage {
            Stage::Syncing => self.sync_pod(),
            Stage::Terminating => self.sync_terminating(),
            Stage::Terminated => self.sync_terminated(),
            Stage::Finished => {}
        }
    }

    fn sync_pod(&mut self) {
        let now = self.ctx.now;
        if self.pod.worker.start_time.is_none() {
            self.pod.worker.start_time = Some(now);
            self.watch_deadline();
        }
        if self.past_deadline() {
            self.deadline_exceeded();
            return;
        }
        if self.update_status(false).is_terminal() {
            self.pod.worker.stage = Stage::Terminating;
            self.end_sync(false);
            self.request_sync();
            return;
        }
        if self.lacks_network() {
            self.network_not_ready();
            return;
        }
        self.ensure_mirror();
        if self.volumes_are_ready() {
            self.sync_pod_with_volumes();
        }
    }

    /// The rest of a sync, once the volumes of the pod are set up.
    pub(super) fn sync_pod_with_volumes(&mut self) {
        self.start_probes();
        self.trigger_readiness();
        let Plan { steps, kill_pod, sandbox_changed } = plan(self.pod);
        if sandbox_changed {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.pod_event(crate::component::events::EventType::Normal, "SandboxChanged", message);
        }
        let mut steps = VecDeque::from(steps);
        if kill_pod {
            self.stop_all(false);
            let running = |index: &usize| self.pod.containers[*index].running.is_some();
            let waits = (0..self.pod.containers.len()).filter(running);
            steps.extend(waits.map(|index| Step::Kill(index, KillReason::PodStops)));
        }
        self.pod.worker.run = Some(Run { steps, ..Run::default() });
        self.advance();
    }

    /// Stops every container that still runs; `anew` begins stops that are under way once more.
    fn stop_all(&mut self, anew: bool) {
        if anew {
            (0..self.pod.containers.len()).for_each(|index| self.cancel_kill(index));
        }
        // Sidecars wait for the regular containers, so those are told first.
        for index in (0..self.pod.containers.len()).rev() {
            let name = self.pod.spec(index).name.clone();
            self.begin_kill(index, KillReason::PodStops, &format!("Stopping container {name}"));
        }
    }

    /// The pod is being stopped: by deletion, by eviction, or because it has finished.
    pub(super) fn begin_termination(&mut self, grace: Option<i64>) {
        let own = self.pod.pod.spec.termination_grace_period_seconds.unwrap_or(30);
        let wanted = grace.unwrap_or(own).max(1);
        let shrinks = self.pod.worker.grace.is_none_or(|current| wanted < current);
        if shrinks {
            self.pod.worker.grace = Some(wanted);
        }
        match self.pod.worker.stage {
            Stage::Syncing => {
                self.pod.worker.stage = Stage::Terminating;
                self.abandon_run();
                self.request_sync();
            }
            Stage::Terminating if shrinks && self.pod.worker.run.is_some() => self.stop_all(true),
            _ => {}
        }
    }

    /// The kubelet itself ends the pod for good, with a grace period in seconds.
    pub(super) fn end_by_kubelet(&mut self, verdict: KubeletVerdict, grace: i64) {
        self.pod.worker.verdict.get_or_insert(verdict);
        self.begin_termination(Some(grace));
    }

    /// The kubelet ends a running pod that it does not admit any more, with the pod's own grace period.
    pub(super) fn begin_rejection(&mut self, verdict: KubeletVerdict) {
        self.pod.worker.verdict = Some(verdict);
        self.begin_termination(None);
    }

    /// A running sync is cancelled when the pod is to be stopped; what it has started stays.
    pub(super) fn abandon_run(&mut self) {
        if let Some(mut run) = self.pod.worker.run.take() {
            self.ctx.cancel(&mut run.timer);
            self.pod.worker.again = false;
            if self.pod.worker.last_sync_end.is_none() {
                self.pod.worker.last_sync_end = Some(self.ctx.now);
            }
        }
    }

    fn sync_terminating(&mut self) {
        self.update_status(false);
        self.stop_probes(&[ProbeKind::Liveness, ProbeKind::Startup], true);
        self.stop_all(true);
        self.pod.worker.run = Some(Run::default());
        self.terminating_progress();
    }

    /// A container of a stopping pod may have been the last one.
    pub(super) fn terminating_progress(&mut self) {
        if self.pod.worker.stage != Stage::Terminating
            || self.pod.worker.run.is_none()
            || self.pod.any_running()
        {
            return;
        }
        self.pod.worker.run = None;
        self.stop_probes(&[ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness], false);
        self.pod.worker.stage = Stage::Terminated;
        self.host.shutdown_progress = true;
        self.host.preemption_progress |= !self.host.preemptions.is_empty();
        self.end_sync(false);
        self.request_sync();
    }

    fn sync_terminated(&mut self) {
        self.update_status(true);
        self.host.addresses.release(self.pod.sandbox.take().as_ref().map(|sandbox| &sandbox.ip));
        self.pod.worker.stage = Stage::Finished;
        let killed_at = self.pod.worker.last_sync_end.replace(self.ctx.now).unwrap_or(self.ctx.now);
        self.host.shutdown_progress = true;
        self.host.static_progress |= is_from_file(&self.pod.pod);
        self.host.evicted_pod_is_gone(self.ctx, self.id, killed_at);
        self.host.usage_changed |= self.pod.empty_dirs().next().is_some();
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let phase = self.pod.worker.cached.phase.as_str();
        let message = format!("all containers have ended, phase {phase}");
        self.ctx.trace.record(
            self.ctx.now,
            "kubelet",
            subject,
            "PodTerminated",
            phase,
            message,
            Detail::None,
        );
        self.remove_object_when_due();
    }

    /// The kubelet confirms a deletion once everything of the pod is gone.
    pub(super) fn remove_object_when_due(&mut self) {
        let wanted = self.pod.worker.stage == Stage::Finished
            && self.pod.pod.metadata.is_terminating()
            && !self.pod.worker.object_gone;
        if !wanted || self.pod.worker.removal.is_some() {
            return;
        }
        let ended =
            self.pod.containers.iter().filter_map(|container| Some(container.ended.as_ref()?.at)).max();
        let due = ended.map(|ended| ended + self.ctx.settings.deleted_pod_removal_delay);
        if let Some(at) = due.filter(|due| *due > self.ctx.now) {
            let event = NodeEvent::RemoveObject { pod: self.id };
            let handle = self.ctx.schedule(at, Class::Report, self.pod.target, SEQ_REMOVAL, event);
            self.pod.worker.removal = Some(handle);
            return;
        }
        self.remove_object();
    }

    /// DELETE with grace 0 and the UID as a precondition.
    pub(super) fn remove_object(&mut self) {
        self.pod.worker.removal = None;
        let metadata = &self.pod.pod.metadata;
        let target =
            ObjectRef { kind: Kind::Pod, namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            uid: Some(metadata.uid),
            ..DeleteOptions::default()
        };
        self.host.client.submit(self.ctx, Request::Delete { target, options }, Some(u64::from(self.id)));
    }

    /// A sync is over: the next one is put into the work queue.
    pub(super) fn end_sync(&mut self, error: bool) {
        let delay = if error { self.error_delay() } else { self.ctx.settings.sync_frequency };
        self.end_sync_for(delay, error);
    }

    /// The same, with the time until the next one.
    pub(super) fn end_sync_for(&mut self, delay: SimDuration, error: bool) {
        self.pod.worker.run = None;
        self.pod.worker.last_sync_end = Some(self.ctx.now);
        if self.pod.worker.stage != Stage::Syncing {
            return;
        }
        if std::mem::take(&mut self.pod.worker.again) {
            self.request_sync();
        }
        let at = self.queue_tick(self.ctx.now, delay);
        // After a sync without error the next one, a minute later, usually would find nothing new: whatever changes
        // asks for a sync itself. Such a sync is simulated only on request.
        if !error && !self.env.eager && !self.idle_sync_matters() {
            self.pod.worker.idle_sync = Some(at);
            return;
        }
        self.queue_sync(at);
    }

    /// How long after a failed sync the next one comes: fixed up to 1.34, by the end of the back-off from 1.35 on.
    fn error_delay(&self) -> SimDuration {
        if !self.ctx.settings.sync_by_backoff_expiry {
            return self.ctx.settings.sync_error_backoff;
        }
        let now = self.ctx.now;
        let ends = (0..self.pod.containers.len()).filter_map(|index| {
            let entry = self.pod.worker.crash_backoff[index]?;
            let ended = self.pod.seen[index].exited()?;
            (self.pod.worker.reasons[index].as_ref()?.0 == "CrashLoopBackOff")
                .then_some(ended.at + entry.delay)
        });
        match ends.min() {
            Some(end) => end.saturating_since(now).min(self.ctx.settings.sync_backoff_expiry_limit),
            None => self.ctx.settings.sync_error_backoff,
        }
    }

    /// The work queue's jitter: times a factor from [1, 1.5).
    fn jittered(&self, from: SimTime, delay: SimDuration) -> SimDuration {
        if !self.ctx.settings.jitter {
            return delay;
        }
        let metadata = &self.pod.pod.metadata;
        let entity = format!("{}/{}", metadata.namespace, metadata.name);
        let index = from.as_nanos();
        let extra = self.ctx.streams.stream("sync-jitter", &entity).below_at(index, delay.as_nanos() / 2 + 1);
        delay + SimDuration::from_nanos(extra)
    }
}
