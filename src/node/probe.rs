//! Probe workers: when they ask, what they conclude, and what that does.
//!
//! Source: kubelet v1.32 `prober/worker.go`, `prober_manager.go`; `spec` node section 1. A tick whose outcome cannot
//! change anything is not simulated: the worker sleeps until `PodCx::wake_probes` says that something changed, and
//! then goes on at the tick that would have come next. `--eager` simulates every tick, with the same result.

use super::ask::question;
use super::pod::{HostPod, Stage};
use super::pod_cx::PodCx;
use crate::api::pod::{Container, ContainerStatus, Probe, RestartPolicy};
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::{Detail, RecordId, Subject};
use crate::workload::Answer;

use super::host::NodeEvent;

/// The three probes. The order is that in which one container's probes tick at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeKind {
    /// Guards a slow start: holds the others back until it succeeds.
    Startup,
    /// Decides about traffic.
    Readiness,
    /// Decides about a restart.
    Liveness,
}

impl ProbeKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }
}

/// What a probe worker has concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Unknown,
    /// Healthy.
    Success,
    /// Not healthy.
    Failure,
}

/// A probe worker: one for each container and kind of probe.
#[derive(Clone, Debug)]
pub struct ProbeWorker {
    /// Index of the container.
    pub container: usize,
    /// Which probe.
    pub kind: ProbeKind,
    /// Ticks are at this instant plus multiples of the period.
    base: SimTime,
    /// Restart number of the process it has looked at.
    pub known: Option<i32>,
    /// The stored result, on which the kubelet acts.
    pub stored: Verdict,
    last_result: Verdict,
    result_run: u32,
    on_hold: bool,
    /// The next tick, unless it sleeps.
    next: Option<EventHandle>,
    /// An attempt under way: the event that ends it and what it will find.
    attempt: Option<(EventHandle, Answer)>,
    /// When it began.
    asked_at: SimTime,
    /// A triggered attempt waits for the one under way.
    triggered: bool,
    /// Something changed while an attempt was under way.
    woken: bool,
    /// The next tick is not the very next one, because those before it would come too early.
    delayed: bool,
    /// It sleeps because every attempt, which takes so long, would succeed.
    steady: Option<SimDuration>,
    /// The record that accounts for what it finds.
    cause: RecordId,
    ended: bool,
}

impl ProbeWorker {
    /// Forgets what it was about to do.
    pub(super) fn abandon(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.next);
        let mut attempt = self.attempt.take().map(|(handle, _)| handle);
        ctx.cancel(&mut attempt);
    }
}

/// Number of a probe among the events of its pod.
fn tick_seq(container: usize, kind: ProbeKind) -> u32 {
    1024 + (container as u32) * 4 + kind as u32
}

fn spec_of(container: &Container, kind: ProbeKind) -> Option<&Probe> {
    match kind {
        ProbeKind::Startup => container.startup_probe.as_deref(),
        ProbeKind::Readiness => container.readiness_probe.as_deref(),
        ProbeKind::Liveness => container.liveness_probe.as_deref(),
    }
}

fn seconds(value: Option<i32>, default: u64) -> SimDuration {
    SimDuration::from_secs(value.filter(|seconds| *seconds > 0).map_or(default, |seconds| seconds as u64))
}

/// What an attempt came to.
enum Outcome {
    /// Nothing was asked; nothing to do before something changes.
    Sleep,
    /// Nothing was asked; the first tick from this instant on may ask.
    NotBefore(SimTime),
    /// An answer is on its way.
    Asked,
    /// The worker is done for good.
    Ended,
}

impl PodCx<'_, '_> {
    /// Makes the probe workers of the pod, before its containers start.
    pub(super) fn start_probes(&mut self) {
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
                self.pod.worker.probes.push(ProbeWorker {
                    container: index,
                    kind,
                    base,
                    known: None,
                    stored: Verdict::Unknown,
                    last_result: Verdict::Unknown,
                    result_run: 0,
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
    pub(super) fn stop_probes(&mut self, kinds: &[ProbeKind], regular_only: bool) {
        let init = self.pod.init_count();
        for at in 0..self.pod.worker.probes.len() {
            let probe = &self.pod.worker.probes[at];
            if kinds.contains(&probe.kind) && (!regular_only || probe.container >= init) {
                self.end_probe(at);
            }
        }
    }

    fn end_probe(&mut self, at: usize) {
        let probe = &mut self.pod.worker.probes[at];
        probe.ended = true;
        let mut next = probe.next.take();
        let mut attempt = probe.attempt.take().map(|(handle, _)| handle);
        self.ctx.cancel(&mut next);
        self.ctx.cancel(&mut attempt);
    }

    /// Something that a probe may notice has changed: sleeping workers go on at their next tick.
    pub(super) fn wake_probes(&mut self) {
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
    pub(super) fn note_for_probes(&mut self, container: usize, record: RecordId) {
        for probe in self.pod.worker.probes.iter_mut().filter(|probe| probe.container == container) {
            probe.cause = record;
        }
    }

    /// What all probes of the pod find from now on is due to what happens now.
    pub(super) fn note_cause_for_probes(&mut self) {
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
    fn tick_from(&mut self, at: usize, from: SimTime) {
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

    fn tick_at(&mut self, at: usize, tick: SimTime) {
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

    fn period(&self, at: usize) -> SimDuration {
        self.probe_spec(at).map_or(SimDuration::from_secs(10), |probe| seconds(probe.period_seconds, 10))
    }

    fn probe_spec(&self, at: usize) -> Option<&Probe> {
        let probe = &self.pod.worker.probes[at];
        spec_of(self.pod.spec(probe.container), probe.kind)
    }

    /// A sync found the container running and started but not ready: ask its readiness probe at once.
    pub(super) fn trigger_readiness(&mut self) {
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
    pub(super) fn is_known(&self, probe: &ProbeWorker) -> bool {
        self.cached_of(probe.container).is_some_and(|status| probe.known == Some(status.restart_count))
    }

    /// The status that probes look at.
    fn cached_of(&self, index: usize) -> Option<&ContainerStatus> {
        let init = self.pod.init_count();
        let cached = &self.pod.worker.cached;
        if index < init {
            cached.init_container_statuses.get(index)
        } else {
            cached.container_statuses.get(index - init)
        }
    }

    /// A tick.
    pub(super) fn probe_tick(&mut self, at: usize) {
        let probe = &mut self.pod.worker.probes[at];
        probe.next = None;
        probe.steady = None;
        self.ctx.trace.set_cause(probe.cause);
        match self.attempt(at) {
            Outcome::Ended => self.end_probe(at),
            Outcome::Asked => {}
            Outcome::Sleep => self.rest(at, None),
            Outcome::NotBefore(from) => self.rest(at, Some(from)),
        }
    }

    /// After a tick: sleeps, or waits for the first tick from `from` on; with `--eager` for the very next tick.
    fn rest(&mut self, at: usize, from: Option<SimTime>) {
        if self.pod.worker.probes[at].ended || self.pod.worker.probes[at].next.is_some() {
            return;
        }
        let next = self.ctx.now + SimDuration::from_nanos(1);
        match from {
            _ if self.env.eager => self.tick_from(at, next),
            Some(from) => {
                self.tick_from(at, from.max(next));
                self.pod.worker.probes[at].delayed = from > next;
            }
            None => {}
        }
    }

    fn attempt(&mut self, at: usize) -> Outcome {
        let probe = &self.pod.worker.probes[at];
        let (index, kind) = (probe.container, probe.kind);
        if self.pod.worker.cached.phase.is_terminal() {
            return Outcome::Ended;
        }
        let Some(status) = self.cached_of(index).cloned().filter(|status| status.container_id.is_some())
        else {
            return Outcome::Sleep;
        };
        if probe.known != Some(status.restart_count) {
            let initial = match kind {
                ProbeKind::Liveness => Verdict::Success,
                ProbeKind::Readiness => Verdict::Failure,
                ProbeKind::Startup => Verdict::Unknown,
            };
            let probe = &mut self.pod.worker.probes[at];
            probe.known = Some(status.restart_count);
            probe.on_hold = false;
            probe.stored = initial;
            self.stored_changed(at);
        }
        if self.pod.worker.probes[at].on_hold {
            return Outcome::Sleep;
        }
        let Some(running) = &status.state.running else {
            self.store(at, Verdict::Failure);
            let over =
                status.state.terminated.is_some() && self.pod.pod.spec.restart_policy == RestartPolicy::Never;
            return if over { Outcome::Ended } else { Outcome::Sleep };
        };
        let started_at = running.started_at.map_or(0, |at| at.seconds_since(self.ctx.epoch)).max(0) as u64;
        let delay =
            self.probe_spec(at).and_then(|probe| probe.initial_delay_seconds).unwrap_or(0).max(0) as u64;
        let due = SimTime::from_secs(started_at + delay);
        if self.ctx.now < due {
            return Outcome::NotBefore(due);
        }
        let started = status.started == Some(true);
        if started == (kind == ProbeKind::Startup) {
            return Outcome::Sleep;
        }
        self.ask(at)
    }

    /// Asks the program; the answer comes after its latency, or after the timeout.
    fn ask(&mut self, at: usize) -> Outcome {
        let index = self.pod.worker.probes[at].container;
        let kind = self.pod.worker.probes[at].kind;
        let Some(spec) = self.probe_spec(at).cloned() else { return Outcome::Ended };
        let timeout = seconds(spec.timeout_seconds, 1);
        let answer = match self.answer_of(index, kind, &spec) {
            Ok(answer) => answer,
            Err(error) => {
                // An error of the prober itself says nothing about the program and is not counted.
                let message = format!("{} probe errored: {error}", kind.word());
                self.container_event(index, EventType::Warning, "Unhealthy", message);
                return Outcome::NotBefore(self.ctx.now);
            }
        };
        let extra = self.ctx.settings.probe_latency;
        let (after, answer) = match answer.latency.map(|latency| latency + extra) {
            Some(latency) if latency < timeout => (latency, answer),
            _ => (timeout, Answer::late(self.timeout_text(&spec, index, timeout))),
        };
        self.pod.worker.probes[at].asked_at = self.ctx.now;
        self.pod.worker.probes[at].woken = false;
        if after == SimDuration::ZERO {
            self.conclude(at, &answer, after);
            return Outcome::Asked;
        }
        let seq = 4096 + tick_seq(index, kind);
        let event = NodeEvent::ProbeDone { pod: self.id, probe: at as u16 };
        let handle = self.ctx.schedule(self.ctx.now + after, Class::Probe, self.pod.target, seq, event);
        self.pod.worker.probes[at].attempt = Some((handle, answer));
        Outcome::Asked
    }

    /// The answer has come.
    pub(super) fn probe_done(&mut self, at: usize) {
        let Some((_, answer)) = self.pod.worker.probes[at].attempt.take() else { return };
        let now = self.ctx.now;
        self.ctx.trace.set_cause(self.pod.worker.probes[at].cause);
        let asked_at = self.pod.worker.probes[at].asked_at;
        self.conclude(at, &answer, now.saturating_since(asked_at));
        let period = self.period(at);
        let probe = &mut self.pod.worker.probes[at];
        if probe.ended {
            return;
        }
        let ticks = |until: SimTime| until.saturating_since(probe.base).as_nanos() / period.as_nanos();
        if std::mem::take(&mut probe.triggered) {
            if self.ctx.settings.readiness_trigger_resets_ticker {
                self.pod.worker.probes[at].base = now;
            }
            self.tick_at(at, now);
        } else if ticks(now) > ticks(asked_at) {
            // The ticker keeps one tick for a worker that was busy.
            self.tick_at(at, now);
        }
    }

    /// Counts the answer and stores the verdict when it has come often enough in a row.
    fn conclude(&mut self, at: usize, answer: &Answer, took: SimDuration) {
        let result = if answer.success { Verdict::Success } else { Verdict::Failure };
        let (index, kind) = (self.pod.worker.probes[at].container, self.pod.worker.probes[at].kind);
        if !answer.success {
            let message = format!("{} probe failed: {}", kind.word(), answer.output);
            self.container_event(index, EventType::Warning, "Unhealthy", message);
        }
        if answer.success && !answer.output.is_empty() {
            let message = format!("{} probe warning: {}", kind.word(), answer.output);
            self.container_event(index, EventType::Warning, "ProbeWarning", message);
        }
        let Some(spec) = self.probe_spec(at) else { return };
        let threshold = match result {
            Verdict::Success => spec.success_threshold.unwrap_or(1),
            _ => spec.failure_threshold.unwrap_or(3),
        };
        let threshold = threshold.max(1) as u32;
        let probe = &mut self.pod.worker.probes[at];
        if probe.last_result == result {
            probe.result_run = probe.result_run.saturating_add(1);
        } else {
            probe.last_result = result;
            probe.result_run = 1;
        }
        let enough = probe.result_run >= threshold;
        if enough {
            if kind == ProbeKind::Startup || (kind == ProbeKind::Liveness && result == Verdict::Failure) {
                probe.on_hold = true;
                probe.result_run = 0;
            }
            self.record_verdict(at, result);
            self.store(at, result);
        }
        if self.pod.worker.probes[at].ended {
            return;
        }
        let on_hold = self.pod.worker.probes[at].on_hold;
        let steady = result == Verdict::Success && answer.output.is_empty() && self.is_steady(at, took);
        if enough && !self.pod.worker.probes[at].woken && (on_hold || steady) {
            self.pod.worker.probes[at].steady = (!on_hold && !self.env.eager).then_some(took);
            self.rest(at, None);
        } else {
            self.rest(at, Some(self.ctx.now));
        }
    }

    /// Whether the next answers are known to be like the last one.
    fn is_steady(&self, at: usize, took: SimDuration) -> bool {
        let probe = &self.pod.worker.probes[at];
        if took >= self.period(at) || !self.host.runtime_answers {
            return false;
        }
        let container = self.pod.spec(probe.container);
        let Some(question) = self.probe_spec(at).and_then(|spec| question(spec, container)) else {
            return false;
        };
        let truth = &self.pod.containers[probe.container];
        truth.running.as_ref().is_some_and(|instance| instance.app.is_steady(question, self.ctx.now))
    }

    fn record_verdict(&mut self, at: usize, verdict: Verdict) {
        let probe = &self.pod.worker.probes[at];
        if probe.stored == verdict {
            return;
        }
        let (kind, container) = (probe.kind, self.pod.spec(probe.container).name.clone());
        let event = if verdict == Verdict::Success { "ProbeSucceeded" } else { "ProbeFailed" };
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let message = format!("{} probe of container {container}", kind.word());
        self.ctx.trace.record(self.ctx.now, "kubelet", subject, event, kind.word(), message, Detail::None);
    }

    fn store(&mut self, at: usize, verdict: Verdict) {
        let probe = &mut self.pod.worker.probes[at];
        if probe.stored == verdict {
            return;
        }
        probe.stored = verdict;
        self.stored_changed(at);
    }

    /// The kubelet's main loop hears of a changed result.
    fn stored_changed(&mut self, at: usize) {
        if !self.host.kubelet_works() {
            // The kubelet's main loop stands still; it will look at the results when it goes on.
            return;
        }
        let probe = &self.pod.worker.probes[at];
        match (probe.kind, probe.stored) {
            (ProbeKind::Liveness, Verdict::Success | Verdict::Unknown) => return,
            (ProbeKind::Liveness, Verdict::Failure) => {}
            (ProbeKind::Readiness | ProbeKind::Startup, _) => self.publish_probe_results(),
        }
        if self.pod.worker.stage == Stage::Syncing {
            self.request_sync();
        }
    }

    /// The stored verdict about the process that a status speaks of.
    pub(super) fn verdict_of(pod: &HostPod, index: usize, kind: ProbeKind, restart: i32) -> Option<Verdict> {
        let probe = pod.worker.probes.iter().find(|probe| probe.container == index && probe.kind == kind)?;
        Some(if probe.known == Some(restart) { probe.stored } else { Verdict::Unknown })
    }
}
