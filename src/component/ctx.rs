//! What a handler may touch: the time, its own future events, the settings, requests to the API server, the trace.

use super::client::Submission;
use super::settings::Settings;
use crate::api::Timestamp;
use crate::kernel::{EventHandle, EventKey, SimDuration, SimTime, Streams};
use crate::trace::{RecordId, Recorder};

/// What goes first at one instant. The order is part of the contract: see ARCHITECTURE.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Faults of the scenario, and machines that die or boot.
    Hardware,
    /// People: `kubectl` steps.
    User,
    /// Programs in containers: they exit, they listen, they use memory.
    Application,
    /// The container runtime: images, starts, stops.
    Runtime,
    /// The kubelet looks at what the runtime has.
    Relist,
    /// The kubelet's sync ticks.
    Sync,
    /// Probe ticks.
    Probe,
    /// The kubelet's reports.
    Report,
    /// The API server serves a request.
    Api,
    /// Watchers are told.
    Watch,
    /// Controllers work.
    Controller,
    /// The scheduler works.
    Scheduler,
    /// Service proxies and traffic.
    Network,
    /// Nothing that changes the world: samples and expectations.
    Observer,
}

/// Where a component puts its own future events.
pub trait Agenda<E> {
    /// Schedules an event whose cause is the record `cause`.
    fn schedule(&mut self, key: EventKey, event: E, cause: RecordId) -> EventHandle;
    /// Takes an event back; `false` if it has happened already.
    fn cancel(&mut self, handle: EventHandle) -> bool;
}

/// The context of one handler call. `E` is the component's own event type, so it can schedule nobody else.
pub struct Ctx<'a, E> {
    /// Virtual time.
    pub now: SimTime,
    /// The greatest key that has happened at this instant: see [`Ctx::is_past`].
    pub passed: EventKey,
    /// Constants of the chosen Kubernetes version and of the scenario.
    pub settings: &'a Settings,
    /// Random streams.
    pub streams: Streams,
    /// Calendar time of virtual time zero.
    pub epoch: Timestamp,
    /// The trace.
    pub trace: &'a mut Recorder,
    /// Future events.
    pub agenda: &'a mut dyn Agenda<E>,
    /// Requests to be sent.
    pub outbox: &'a mut Vec<Submission>,
}

impl<E> Ctx<'_, E> {
    /// Calendar time now, in whole seconds.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp_at(self.now)
    }

    /// Calendar time at some virtual time, in whole seconds.
    pub fn timestamp_at(&self, at: SimTime) -> Timestamp {
        self.epoch.plus_seconds(at.as_secs() as i64)
    }

    /// Whether an event of this identity, had it been pending all along, would already have happened.
    ///
    /// Periodic work that is not simulated tick by tick asks this before it puts a tick at the present instant: so it
    /// happens exactly where it would have happened had every tick been simulated.
    pub fn is_past(&self, at: SimTime, class: Class, target: u64, seq: u32) -> bool {
        EventKey { at, class: class as u8, target, seq } <= self.passed
    }

    /// The first tick of a period that has not happened yet, seen from the present instant.
    pub fn next_tick(
        &self,
        period: SimDuration,
        phase: SimDuration,
        class: Class,
        target: u64,
        seq: u32,
    ) -> SimTime {
        let at = self.now.ceil_to(period, phase);
        if at == self.now && self.is_past(at, class, target, seq) {
            return self.now.next_tick_after(period, phase);
        }
        at
    }

    /// Schedules an event of this component.
    pub fn schedule(&mut self, at: SimTime, class: Class, target: u64, seq: u32, event: E) -> EventHandle {
        let key = EventKey { at, class: class as u8, target, seq };
        self.agenda.schedule(key, event, self.trace.cause())
    }

    /// Takes back an event, if it is still to come.
    pub fn cancel(&mut self, handle: &mut Option<EventHandle>) {
        if let Some(handle) = handle.take() {
            self.agenda.cancel(handle);
        }
    }
}
