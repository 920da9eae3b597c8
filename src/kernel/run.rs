//! The run: events are taken from the queue in order and given to the model, until a reason to stop.

use std::collections::VecDeque;

use super::queue::{EventKey, EventQueue};
use super::time::SimTime;

/// What is simulated: state, and how an event changes it.
pub trait Model {
    /// What can happen, usually an `enum`.
    type Event;

    /// Lets `event` happen. It is now `key.at`, which is also `queue.now()`; what follows is scheduled in `queue`.
    fn handle(&mut self, queue: &mut EventQueue<Self::Event>, key: EventKey, event: Self::Event);
}

/// When a run stops at the latest. The default is never, except in a livelock.
///
/// ```
/// use shakedown::kernel::{SimTime, Stop};
///
/// let stop = Stop { max_events: 1_000_000, ..Stop::at(SimTime::from_secs(900)) };
/// assert_eq!(stop.until, SimTime::from_secs(900));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The last instant of the run; events at this instant still happen. [`SimTime::MAX`] is no limit.
    pub until: SimTime,
    /// How many events this run may handle.
    pub max_events: u64,
    /// How many events may happen at one instant before the run counts as caught in a livelock.
    pub max_events_at_one_instant: u64,
}

impl Stop {
    /// A run to this instant and including it.
    pub fn at(until: SimTime) -> Self {
        Self { until, ..Self::default() }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self { until: SimTime::MAX, max_events: u64::MAX, max_events_at_one_instant: 10_000_000 }
    }
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// All events up to the end were handled, later ones are pending. The clock shows the end.
    ReachedTime,
    /// No event is pending. The clock shows the end, or the time of the last event when the run has no end.
    QueueEmpty,
    /// The budget of events is used up; the next event is due before the end.
    BudgetExhausted,
    /// The condition given to [`run`] was met.
    ConditionMet,
    /// Time stands still: events at one instant cause events at the same instant without end.
    Livelock {
        /// The instant.
        at: SimTime,
        /// The events handled last, up to 20, oldest first: the loop usually shows.
        last: Vec<EventKey>,
    },
}

/// Takes the next event from the queue and lets it happen; gives its key, or `None` when nothing is pending.
pub fn step<M: Model>(queue: &mut EventQueue<M::Event>, model: &mut M) -> Option<EventKey> {
    let (key, event) = queue.pop()?;
    model.handle(queue, key, event);
    Some(key)
}

/// Lets events happen in order until the first of: `condition` is met, time is up, the budget is used up, nothing is
/// pending, or time stands still.
///
/// The condition is asked before every event, so also once at the start. A run that stopped can be continued by
/// another call, with the same result as one call. See [the module](super) for an example.
pub fn run<M: Model>(
    queue: &mut EventQueue<M::Event>,
    model: &mut M,
    stop: Stop,
    mut condition: impl FnMut(&M) -> bool,
) -> Outcome {
    let mut budget = stop.max_events;
    let mut instant = Instant::new(queue.now());
    loop {
        if condition(model) {
            return Outcome::ConditionMet;
        }
        let next = queue.peek_key();
        let Some(next) = next.filter(|next| next.at <= stop.until) else {
            if stop.until != SimTime::MAX && stop.until > queue.now() {
                queue.advance_to(stop.until);
            }
            return if next.is_some() { Outcome::ReachedTime } else { Outcome::QueueEmpty };
        };
        if budget == 0 {
            return Outcome::BudgetExhausted;
        }
        budget -= 1;
        instant.count(next, stop.max_events_at_one_instant);
        if instant.events > stop.max_events_at_one_instant {
            return Outcome::Livelock { at: instant.at, last: instant.last.into() };
        }
        step(queue, model);
    }
}

/// Counts the events at the present instant.
struct Instant {
    at: SimTime,
    events: u64,
    last: VecDeque<EventKey>,
}

/// How many keys a livelock reports.
const KEYS_REPORTED: u64 = 20;

impl Instant {
    fn new(at: SimTime) -> Self {
        Self { at, events: 0, last: VecDeque::new() }
    }

    fn count(&mut self, next: EventKey, limit: u64) {
        if next.at > self.at {
            self.at = next.at;
            self.events = 0;
            self.last.clear();
        }
        self.events += 1;
        // Keys are kept only when the limit is near: nearly always this costs one comparison.
        if self.events <= limit && self.events + KEYS_REPORTED > limit {
            self.last.push_back(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimDuration;

    /// Ticks every second; at 5 s it starts to tick without end at the same instant if told to.
    struct Clock {
        ticks: u64,
        jams: bool,
    }

    impl Model for Clock {
        type Event = ();

        fn handle(&mut self, queue: &mut EventQueue<()>, key: EventKey, (): ()) {
            self.ticks += 1;
            let jammed = self.jams && key.at >= SimTime::from_secs(5);
            let pause = if jammed { SimDuration::ZERO } else { SimDuration::from_secs(1) };
            queue.schedule(EventKey { at: key.at + pause, ..key }, ());
        }
    }

    const FIRST: EventKey = EventKey { at: SimTime::ZERO, class: 0, target: 0, seq: 0 };

    fn started(jams: bool) -> (EventQueue<()>, Clock) {
        let mut queue = EventQueue::new();
        queue.schedule(FIRST, ());
        (queue, Clock { ticks: 0, jams })
    }

    #[test]
    fn events_at_the_end_still_happen() {
        let (mut queue, mut clock) = started(false);
        let outcome = run(&mut queue, &mut clock, Stop::at(SimTime::from_secs(3)), |_| false);
        assert_eq!((outcome, clock.ticks, queue.now()), (Outcome::ReachedTime, 4, SimTime::from_secs(3)));
    }

    #[test]
    fn the_clock_goes_on_to_the_end() {
        let (mut queue, mut clock) = started(false);
        let end = SimTime::from_millis(3_500);
        let outcome = run(&mut queue, &mut clock, Stop::at(end), |_| false);
        assert_eq!((outcome, clock.ticks, queue.now()), (Outcome::ReachedTime, 4, end));

        let mut nothing = EventQueue::new();
        let outcome = run(&mut nothing, &mut clock, Stop::at(end), |_| false);
        assert_eq!((outcome, nothing.now()), (Outcome::QueueEmpty, end));
        assert_eq!(run(&mut nothing, &mut clock, Stop::default(), |_| false), Outcome::QueueEmpty);
        assert_eq!(nothing.now(), end);
    }

    #[test]
    fn budget_and_condition_stop_between_events() {
        let (mut queue, mut clock) = started(false);
        let stop = Stop { max_events: 2, ..Stop::default() };
        assert_eq!(run(&mut queue, &mut clock, stop, |_| false), Outcome::BudgetExhausted);
        assert_eq!((clock.ticks, queue.now()), (2, SimTime::from_secs(1)));
        assert_eq!(run(&mut queue, &mut clock, stop, |clock| clock.ticks == 3), Outcome::ConditionMet);
        assert_eq!(run(&mut queue, &mut clock, stop, |clock| clock.ticks == 3), Outcome::ConditionMet);
        assert_eq!((clock.ticks, queue.popped()), (3, 3));
    }

    #[test]
    fn a_livelock_is_reported_with_its_events() {
        let (mut queue, mut clock) = started(true);
        let stop = Stop { max_events_at_one_instant: 1_000, ..Stop::default() };
        let at = SimTime::from_secs(5);
        let last = vec![EventKey { at, ..FIRST }; 20];
        assert_eq!(run(&mut queue, &mut clock, stop, |_| false), Outcome::Livelock { at, last });
        assert_eq!(clock.ticks, 5 + 1_000);
    }
}
