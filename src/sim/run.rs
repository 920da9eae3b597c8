//! A run from beginning to end: events, records to whoever wants them, and the verdict.

use crate::control::scheduling::Explain;
use crate::kernel::{EventKey, SimTime};
use crate::scenario::Scenario;
use crate::trace::Record;

use super::expect::Checked;
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

/// More events than this at one instant mean that the simulation runs in circles.
const MAX_EVENTS_AT_ONE_INSTANT: u64 = 10_000_000;

/// Something went wrong in the simulator itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// Time stands still.
    #[error("{events} events at {at}, and no end: the last was {last}. This is a defect of the simulator.")]
    Livelock {
        /// When.
        at: SimTime,
        /// How many.
        events: u64,
        /// The last one.
        last: EventKey,
    },
}

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The cluster.
    pub world: World,
    events: u64,
    at_instant: (SimTime, u64),
}

impl Simulation {
    /// A run that has not begun.
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Self {
        let mut world = World::new(scenario, options);
        world.schedule_random_steps();
        Self { world, events: 0, at_instant: (SimTime::ZERO, 0) }
    }

    /// How many events have happened.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Runs up to `until` and including it; `sink` gets every record.
    ///
    /// # Errors
    /// When time stands still.
    pub fn run_until(&mut self, until: SimTime, sink: &mut dyn FnMut(&Record)) -> Result<(), RunError> {
        let until = until.min(self.world.end);
        self.drain(sink);
        while let Some(key) = self.world.step(until) {
            self.events += 1;
            self.guard(key)?;
            self.drain(sink);
            let next = self.world.queue.peek_key();
            if next.is_none_or(|next| next.at > key.at) {
                // Everything that happens at this instant has happened, unless a step of the scenario was waiting.
                self.world.observe();
                self.drain(sink);
            }
        }
        self.world.queue.advance_to(until);
        Ok(())
    }

    /// Ends the run: what has not come true by now never will.
    pub fn finish(&mut self, sink: &mut dyn FnMut(&Record)) -> Verdict {
        self.world.conclude();
        self.drain(sink);
        Verdict {
            expectations: self.world.watchlist.results(),
            events: self.events,
            records: self.world.recorder.last(),
        }
    }

    fn drain(&mut self, sink: &mut dyn FnMut(&Record)) {
        if self.world.recorder.has_pending() {
            for record in self.world.recorder.take() {
                sink(&record);
            }
        }
    }

    fn guard(&mut self, key: EventKey) -> Result<(), RunError> {
        if self.at_instant.0 != key.at {
            self.at_instant = (key.at, 0);
        }
        self.at_instant.1 += 1;
        if self.at_instant.1 > MAX_EVENTS_AT_ONE_INSTANT {
            return Err(RunError::Livelock { at: key.at, events: self.at_instant.1, last: key });
        }
        Ok(())
    }
}
