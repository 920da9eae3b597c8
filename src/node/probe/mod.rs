//! Probe workers: when they tick (`ticks`), what they ask (`ask`), what they conclude and what that does (`attempt`).
//!
//! Source: kubelet v1.32 `prober/worker.go`, `prober_manager.go`; `spec` node section 1. A tick whose outcome cannot
//! change anything is not simulated: the worker sleeps until `PodCx::wake_probes` says that something changed, and
//! then goes on at the tick that would have come next. `--eager` simulates every tick, with the same result.

mod ask;
mod attempt;
mod ticks;

pub(super) use self::ask::resolve_port;
use super::host::NodeEvent;
use crate::api::pod::{Container, Probe};
use crate::component::Ctx;
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::trace::RecordId;
use crate::workload::Answer;

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
    /// When the first of these results came.
    result_since: SimTime,
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
    /// The record that accounts for the answer under way, if that is another one; 0 = none.
    blame: RecordId,
    ended: bool,
}

impl ProbeWorker {
    /// When the attempt began that is under way or was the last.
    pub fn last_asked(&self) -> SimTime {
        self.asked_at
    }

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
