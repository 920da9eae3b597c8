//! When a probe asks: tickers, triggered attempts, and ticks that need not be simulated.
//!
//! Source: kubelet v1.32 `prober/worker.go` run, `prober_manager.go` AddPod, UpdatePodStatus; `spec` node 1.3, 1.7.

use super::{ProbeKind, ProbeWorker, Verdict, seconds, spec_of, tick_seq};
use crate::api::pod::{ContainerStatus, Probe};
use crate::component::Class;
use crate::kernel::{SimDuration, SimTime};
use crate::node::host::NodeEvent;
use crate::node::pod_cx::PodCx;
use crate::trace::RecordId;
use crate::workload::Answer;

impl PodCx<'_, '_> {
    /// Makes the probe workers of the pod, before its containers start.
    pub(in crate::node) fn start_probes(&mut self) {
        if std::mem::replace(&mut self.pod.worker.probes_started, true) {
            return;
        }
        for index in 0..self.pod.containers.len() {
            if index < self.pod.init_count() && !self.pod.is_sidecar(index) {
                continue;
            }
            for kind in [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness] {
                let Some(probe) = spec_of(self.pod.spec(index), kind) else { continue };
                let period = seconds(probe.period_seconds, 10);
                let base = self.ctx.now + self.start_jitter(index, kind, period);
                let at = self.pod.worker.probes.len();
                self.pod.worker.probes.reserve_exact(1);
                self.pod.worker.probes.push(ProbeWorker {
                    container: index,
                    kind,
                    base,
                    known: None,
                    stored: Verdict::Unknown,
                    last_result: Verdict::Unknown,
                    result_run: 0,
                    result_since: SimTime::ZERO,
                    blame: 0,
                    on_hold: false,
                    next: None,
                    attempt: None,
                    asked_at: SimTime::ZERO,
                    triggered: false,
                    woken: false,
                    delayed: false,
                    steady: None,
                    cause: self.ctx.trace.cause(),
                    ended: false,
                });
                self.tick_at(at, base);
            }
        }
    }

    /// A kubelet that has just started spreads its probes over their period.
    fn start_jitter(&self, index: usize, kind: ProbeKind, period: SimDuration) -> SimDuration {
        let age = self.ctx.now.saturating_since(self.host.kubelet_started);
        if !self.ctx.settings.jitter || age >= period {
            return SimDuration::ZERO;
        }
        let metadata = &self.pod.pod.metadata;
        let entity = format!("{}/{}/{index}/{}", metadata.namespace, metadata.name, kind.word());
        let draw = self.ctx.streams.stream("probe-start", &entity).below_at(0, period.as_nanos());
        SimDuration::from_nanos(draw)
    }

    /// Stops probe workers: those of `kinds`, of regular containers only or of all.
    pub(in crate::node) fn stop_probes(&mut self, kinds: &[ProbeKind], regular_only: bool) {
        let init = self.pod.init_count();
        for at in 0..self.pod.worker.probes.len() {
            let probe = &self.pod.worker.probes[at];
            if kinds.contains(&probe.kind) && (!regular_only || probe.container >= init) {
                self.end_probe(at);
            }
        }
    }

    pub(super) fn end_probe(&mut self, at: usize) {
        let probe = &mut self.pod.worker.probes[at];
        probe.ended = true;
        let mut next = probe.next.take();
        let mut attempt = probe.attempt.take().map(|(handle, _)| handle);
        self.ctx.cancel(&mut next);
        self.ctx.cancel(&mut attempt);
    }

    /// Something that a probe may notice has changed: sleeping workers go on at their next tick.
    pub(in crate::node) fn wake_probes(&mut self) {
        for at in 0..self.pod.worker.probes.len() {
            self.resume_attempt(at);
            let probe = &mut self.pod.worker.probes[at];
            probe.woken |= probe.attempt.is_some();
            if !probe.ended && (probe.next.is_none() || probe.delayed) && probe.attempt.is_none() {
                let from = self.ctx.now;
                self.tick_from(at, from);
            }
        }
    }

    /// What the probes of a container find from now on is due to this record.
    pub(in crate::node) fn note_for_probes(&mut self, container: usize, record: RecordId) {
        for probe in self.pod.worker.probes.iter_mut().filter(|probe| probe.container == container) {
            probe.cause = record;
        }
    }

    /// What all probes of the pod find from now on is due to what happens now.
    pub(in crate::node) fn note_cause_for_probes(&mut self) {
        let cause = self.ctx.trace.cause();
        self.pod.worker.probes.iter_mut().for_each(|probe| probe.cause = cause);
    }

    /// Had every tick been simulated, an attempt of a steady worker might be under way just now: so it is.
    fn resume_attempt(&mut self, at: usize) {
        let probe = &mut self.pod.worker.probes[at];
        let Some(latency) = probe.steady.take() else { return };
        if probe.ended || probe.next.is_some() || probe.attempt.is_some() {
            return;
        }
        let (base, index, kind) = (probe.base, probe.container, probe.kind);
        let (target, now) = (self.pod.target, self.ctx.now);
        let period = self.period(at);
        let ticks = now.saturating_since(base).as_nanos() / period.as_nanos();
        let mut last = base + period * ticks;
        if last == now && !self.ctx.is_past(last, Class::Probe, target, tick_seq(index, kind)) {
            if ticks == 0 {
                return;
            }
            last = base + period * (ticks - 1);
        }
        let (end, seq) = (last + latency, 4096 + tick_seq(index, kind));
        if end < now || (end == now && self.ctx.is_past(end, Class::Probe, target, seq)) {
            return;
        }
        let event = NodeEvent::ProbeDone { pod: self.id, probe: at as u16 };
        let handle = self.ctx.schedule(end, Class::Probe, target, seq, event);
        let probe = &mut self.pod.worker.probes[at];
        probe.asked_at = last;
        probe.attempt = Some((handle, Answer::success(latency)));
    }

    /// Schedules the first tick at or after `from` that has not passed yet.
    pub(super) fn tick_from(&mut self, at: usize, from: SimTime) {
        let probe = &self.pod.worker.probes[at];
        let (base, period) = (probe.base, self.period(at));
        let seq = tick_seq(probe.container, probe.kind);
        let since = from.max(base).saturating_since(base);
        let ticks = since.as_nanos().div_ceil(period.as_nanos());
        let mut tick = base + period * ticks;
        if tick == self.ctx.now && self.ctx.is_past(tick, Class::Probe, self.pod.target, seq) {
            tick += period;
        }
        self.tick_at(at, tick);
    }

    pub(super) fn tick_at(&mut self, at: usize, tick: SimTime) {
        let probe = &mut self.pod.worker.probes[at];
        let seq = tick_seq(probe.container, probe.kind);
        let event = NodeEvent::ProbeTick { pod: self.id, probe: at as u16 };
        let mut old = probe.next.take();
        self.ctx.cancel(&mut old);
        let handle = self.ctx.schedule(tick, Class::Probe, self.pod.target, seq, event);
        let probe = &mut self.pod.worker.probes[at];
        probe.next = Some(handle);
        probe.delayed = false;
    }

    pub(super) fn period(&self, at: usize) -> SimDuration {
        self.probe_spec(at).map_or(SimDuration::from_secs(10), |probe| seconds(probe.period_seconds, 10))
    }

    pub(super) fn probe_spec(&self, at: usize) -> Option<&Probe> {
        let probe = &self.pod.worker.probes[at];
        spec_of(self.pod.spec(probe.container), probe.kind)
    }

    /// A sync found the container running and started but not ready: ask its readiness probe at once.
    pub(in crate::node) fn trigger_readiness(&mut self) {
        for at in 0..self.pod.worker.probes.len() {
            let probe = &self.pod.worker.probes[at];
            if probe.kind != ProbeKind::Readiness || probe.ended {
                continue;
            }
            let ready = probe.stored == Verdict::Success
                && self
                    .cached_of(probe.container)
                    .is_some_and(|status| probe.known == Some(status.restart_count));
            let waiting = self
                .cached_of(probe.container)
                .is_some_and(|status| status.state.running.is_some() && status.started == Some(true));
            if ready || !waiting {
                continue;
            }
            self.resume_attempt(at);
            let probe = &self.pod.worker.probes[at];
            if probe.attempt.is_some() {
                self.pod.worker.probes[at].triggered = true;
                continue;
            }
            let now = self.ctx.now;
            if self.ctx.settings.readiness_trigger_resets_ticker {
                self.pod.worker.probes[at].base = now;
            }
            self.tick_at(at, now);
        }
    }

    /// Whether a worker has looked at the process that the cached status speaks of.
    pub(in crate::node) fn is_known(&self, probe: &ProbeWorker) -> bool {
        self.cached_of(probe.container).is_some_and(|status| probe.known == Some(status.restart_count))
    }

    /// The status that probes look at.
    pub(super) fn cached_of(&self, index: usize) -> Option<&ContainerStatus> {
        let init = self.pod.init_count();
        let cached = &self.pod.worker.cached;
        if index < init {
            cached.init_container_statuses.get(index)
        } else {
            cached.container_statuses.get(index - init)
        }
    }
}
