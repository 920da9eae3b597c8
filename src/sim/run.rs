//! A run from beginning to end: events, records to whoever wants them, and the verdict.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::control::scheduling::Explain;
use crate::kernel::{EventKey, SimTime};
use crate::scenario::Scenario;
use crate::trace::{Detail, Record, RecordId, Subject};

use super::expect::Checked;
use super::invariants::{Invariants, Violation};
use super::world::World;

/// What the command line may change about a run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Another seed.
    pub seed: Option<u64>,
    /// Another end.
    pub until: Option<SimTime>,
    /// Whether every latency of machinery is zero.
    pub ideal: bool,
    /// Whether every periodic tick is simulated, also those that change nothing.
    pub eager: bool,
    /// Which decisions of schedulers are explained.
    pub explain: Explain,
    /// How large the run may become.
    pub limits: Limits,
}

/// How large a run may become before it is stopped: for inputs that ask for more than anybody meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events.
    pub events: u64,
    /// API objects at one time.
    pub objects: u64,
    /// Events at one instant: with more the run counts as caught in a livelock.
    pub events_at_one_instant: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 10_000_000_000, objects: 5_000_000, events_at_one_instant: 10_000_000 }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The expectations, in the order of the scenario.
    pub expectations: Vec<Checked>,
    /// How many events happened.
    pub events: u64,
    /// How many records were written.
    pub records: u64,
}

impl Verdict {
    /// Whether every expectation held.
    pub fn passed(&self) -> bool {
        self.expectations.iter().all(|checked| checked.held())
    }
}

/// Why a run stopped before its end. What has been recorded by then is right, but it is not all.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// The simulator contradicts itself.
    #[error(transparent)]
    Violation(Violation),
    /// Time stands still.
    #[error("{events} events at {at} and no end; the last were:{}", shown(last))]
    Livelock {
        /// When.
        at: SimTime,
        /// How many.
        events: u64,
        /// The last ones, each with the newest record when it was over.
        last: Vec<(EventKey, RecordId)>,
    },
    /// The run has become larger than it may.
    #[error("at {at} there are more than {limit} {what}, the limit for one run")]
    TooLarge {
        /// When.
        at: SimTime,
        /// Of what there is too much.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

/// Events that a livelock reports.
const EVENTS_REPORTED: usize = 20;

fn shown(events: &[(EventKey, RecordId)]) -> String {
    let mut text = String::new();
    for (key, record) in events {
        let _ = write!(text, "\n  {key}, up to record {record}");
    }
    text
}

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The cluster.
    pub world: World,
    events: u64,
    limits: Limits,
    at_instant: (SimTime, u64),
    /// The last events of an instant that goes on for suspiciously long.
    last: VecDeque<(EventKey, RecordId)>,
    invariants: Invariants,
}

impl Simulation {
    /// A run that has not begun.
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Self {
        let mut world = World::new(scenario, options);
        world.schedule_random_steps(0);
        Self {
            world,
            events: 0,
            limits: options.limits,
            at_instant: (SimTime::ZERO, 0),
            last: VecDeque::new(),
            invariants: Invariants::default(),
        }
    }

    /// How many events have happened.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Runs up to `until` and including it; `sink` gets every record.
    ///
    /// # Errors
    /// When the run must not go on; what was recorded until then has been given to `sink`.
    pub fn run_until(&mut self, until: SimTime, sink: &mut dyn FnMut(&Record)) -> Result<(), RunError> {
        self.run_some(until, u64::MAX, sink).map(|_| ())
    }

    /// As [`Self::run_until`], but pauses at the end of an instant after about so many events. Returns whether it got to
    /// `until`. However a run is cut into pieces, the records are the same.
    ///
    /// # Errors
    /// As [`Self::run_until`].
    pub fn run_some(
        &mut self,
        until: SimTime,
        events: u64,
        sink: &mut dyn FnMut(&Record),
    ) -> Result<bool, RunError> {
        let until = until.min(self.world.end);
        let enough = self.events.saturating_add(events);
        self.drain(sink)?;
        while let Some(key) = self.world.step(until) {
            // An event of the world may stand for many events of requests; each of them counts.
            let count = self.world.take_traffic_events().max(1);
            self.events += count;
            self.drain(sink)?;
            let ordered = self.invariants.check_event(key, self.world.recorder.last());
            ordered.map_err(|violation| self.stop_for(violation, sink))?;
            self.guard(key, count)?;
            let next = self.world.queue.peek_key();
            if next.is_none_or(|next| next.at > key.at) {
                // Everything that happens at this instant has happened, unless a step of the scenario was waiting.
                self.world.observe();
                self.drain(sink)?;
                let patrolled = self.invariants.patrol_if_due(&self.world);
                patrolled.map_err(|violation| self.stop_for(violation, sink))?;
                let more = self.world.queue.peek_key().is_some_and(|next| next.at == key.at);
                if self.events >= enough && !more {
                    return Ok(false);
                }
            }
        }
        self.world.queue.advance_to(until);
        self.invariants.patrol(&self.world).map_err(|violation| self.stop_for(violation, sink))?;
        Ok(true)
    }

    /// Ends a run before its time, as a record says; what has not been decided stays open.
    pub fn stop(&mut self, reason: &'static str, message: &str, sink: &mut dyn FnMut(&Record)) -> Verdict {
        self.note(reason, message);
        self.pass_on(sink);
        self.verdict()
    }

    /// Ends the run: what has not come true by now never will.
    pub fn finish(&mut self, sink: &mut dyn FnMut(&Record)) -> Verdict {
        self.world.conclude();
        self.pass_on(sink);
        self.verdict()
    }

    fn verdict(&self) -> Verdict {
        Verdict {
            expectations: self.world.watchlist.results(),
            events: self.events,
            records: self.world.recorder.last(),
        }
    }

    /// Gives new records to `sink`, once they have been looked at.
    fn drain(&mut self, sink: &mut dyn FnMut(&Record)) -> Result<(), RunError> {
        if !self.world.recorder.has_pending() {
            return Ok(());
        }
        let mut violated = None;
        for record in self.world.recorder.take() {
            if violated.is_none() {
                violated = self.invariants.check_record(&record, &self.world).err();
            }
            sink(&record);
        }
        violated.map_or(Ok(()), |violation| Err(self.stop_for(violation, sink)))
    }

    fn pass_on(&mut self, sink: &mut dyn FnMut(&Record)) {
        self.world.recorder.take().iter().for_each(sink);
    }

    fn stop_for(&mut self, violation: Violation, sink: &mut dyn FnMut(&Record)) -> RunError {
        self.world.recorder.set_cause(violation.record);
        self.note("InvariantViolated", &violation.to_string());
        self.pass_on(sink);
        RunError::Violation(violation)
    }

    /// Records something about the run itself.
    fn note(&mut self, reason: &'static str, message: &str) {
        let subject = Subject { kind: "Run", ..Subject::default() };
        let now = self.world.now();
        self.world.recorder.record_aside(now, "shakedown", subject, "Stopped", reason, message, Detail::None);
    }

    fn guard(&mut self, key: EventKey, count: u64) -> Result<(), RunError> {
        if self.at_instant.0 != key.at {
            self.at_instant = (key.at, 0);
            self.last.clear();
        }
        self.at_instant.1 += count;
        let at = key.at;
        let Limits { events, objects, events_at_one_instant } = self.limits;
        // Events are kept only when the limit is near: nearly always this costs one comparison.
        if self.at_instant.1 + EVENTS_REPORTED as u64 > events_at_one_instant {
            self.last.push_back((key, self.world.recorder.last()));
            if self.at_instant.1 > events_at_one_instant {
                let last = self.last.iter().rev().take(EVENTS_REPORTED).rev().copied().collect();
                return Err(RunError::Livelock { at, events: self.at_instant.1, last });
            }
        }
        if self.events > events {
            return Err(RunError::TooLarge { at, what: "events", limit: events });
        }
        if self.invariants.live_objects() > objects {
            return Err(RunError::TooLarge { at, what: "objects", limit: objects });
        }
        Ok(())
    }
}
