//! One attempt of a probe: whether it asks, what it concludes from the answer, and what that changes.
//!
//! Source: kubelet v1.32 `prober/worker.go` doProbe, `results/results_manager.go`; `spec` node 1.3, 1.6.

use super::ask::{asked, question};
use super::{ProbeKind, Verdict, seconds, tick_seq};
use crate::api::pod::RestartPolicy;
use crate::component::Class;
use crate::component::events::EventType;
use crate::kernel::{SimDuration, SimTime};
use crate::node::host::NodeEvent;
use crate::node::pod::{HostPod, Stage};
use crate::node::pod_cx::PodCx;
use crate::trace::{Detail, Subject};
use crate::workload::{Answer, Question};

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
    /// A tick.
    pub(in crate::node) fn probe_tick(&mut self, at: usize) {
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
            Ok((answer, blame)) => {
                self.pod.worker.probes[at].blame = blame;
                answer
            }
            Err(error) => {
                // An error of the prober itself says nothing about the program and is not counted.
                let resulted =
                    if self.host.minor_version < 35 { "" } else { " and resulted in unknown state" };
                let message = format!("{} probe errored{resulted}: {error}", kind.word());
                self.container_event(index, EventType::Warning, "Unhealthy", message);
                return Outcome::NotBefore(self.ctx.now);
            }
        };
        let extra = self.ctx.settings.probe_latency;
        let (after, answer) = match answer.latency.map(|latency| latency + extra) {
            Some(latency) if latency < timeout => (latency, answer),
            late => (timeout, Answer::late(self.timeout_text(&spec, index, timeout, late.is_some()))),
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
    pub(in crate::node) fn probe_done(&mut self, at: usize) {
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
            let (cause, blame) = (self.ctx.trace.cause(), self.pod.worker.probes[at].blame);
            self.ctx.trace.set_cause(if blame == 0 { cause } else { blame });
            self.container_event(index, EventType::Warning, "Unhealthy", message);
            self.ctx.trace.set_cause(cause);
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
        if probe.result_run == 1 {
            probe.result_since = self.ctx.now;
        }
        let enough = probe.result_run >= threshold;
        if enough {
            let run = probe.result_run;
            if kind == ProbeKind::Startup || (kind == ProbeKind::Liveness && result == Verdict::Failure) {
                probe.on_hold = true;
                probe.result_run = 0;
            }
            self.record_verdict(at, result, answer, run);
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
        if matches!(question, Question::Exec { .. })
            && self.pod.runs_out_of_pids(self.ctx.settings.pod_pids_limit)
        {
            return false;
        }
        let truth = &self.pod.containers[probe.container];
        truth.running.as_ref().is_some_and(|instance| instance.app.is_steady(question, self.ctx.now))
    }

    /// Records a change of mind; `run` answers in a row led to it.
    fn record_verdict(&mut self, at: usize, verdict: Verdict, answer: &Answer, run: u32) {
        let probe = &self.pod.worker.probes[at];
        if probe.stored == verdict {
            return;
        }
        if probe.blame != 0 {
            self.ctx.trace.set_cause(probe.blame);
        }
        let (kind, container) = (probe.kind, self.pod.spec(probe.container).name.clone());
        let event = if verdict == Verdict::Success { "ProbeSucceeded" } else { "ProbeFailed" };
        let outcome = if verdict == Verdict::Success {
            "succeeded".to_owned()
        } else {
            let asked = self.probe_spec(at).map(asked).unwrap_or_default();
            let lacks = answer.lacks.as_ref().map_or(String::new(), |service| {
                let service = service.strip_prefix("service/").unwrap_or(service);
                format!(" (it needs service {service})")
            });
            let often = if run > 1 {
                format!("failed {run} times in a row since {}", probe.result_since)
            } else {
                "failed".to_owned()
            };
            format!("{often}: {asked}: {}{lacks}", answer.output)
        };
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let message = format!("{} probe of container {container} {outcome}", kind.word());
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
    pub(in crate::node) fn verdict_of(
        pod: &HostPod,
        index: usize,
        kind: ProbeKind,
        restart: i32,
    ) -> Option<Verdict> {
        let probe = pod.worker.probes.iter().find(|probe| probe.container == index && probe.kind == kind)?;
        Some(if probe.known == Some(restart) { probe.stored } else { Verdict::Unknown })
    }
}
