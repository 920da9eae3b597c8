//! The pending event set: what will happen, in the one order in which it will happen.
//!
//! The order is by identity ([`EventKey`]), never by insertion. Handles let the owner of an event cancel or move it.

use std::fmt;
use std::num::NonZeroU32;

use super::ladder::Ladder;
use super::slab::Slab;
use super::time::SimTime;

/// The identity of a pending event, and its place in the order of all events.
///
/// The order of the fields IS the order of events, deliberately: first by time; at one instant the lower class goes
/// first (the model says what its classes mean); within a class the lower target; for one target its own numbering.
/// No part of it depends on when the event was scheduled, so an unrelated event more or less reorders nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// When it happens.
    pub at: SimTime,
    /// What goes first at one instant: lower classes do.
    pub class: u8,
    /// The stable identity of what it happens to.
    pub target: u64,
    /// Tells apart the events of one target that are pending at once; numbered by the target.
    pub seq: u32,
}

/// The class, target and number of an event at its time, for example `1m30s class 3 target 17 seq 2`.
impl fmt::Display for EventKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, class, target, seq } = self;
        write!(out, "{at} class {class} target {target} seq {seq}")
    }
}

/// A claim ticket for a scheduled event: cancels it, moves it or tells whether it is still pending.
///
/// It is worth nothing once the event was popped or cancelled, and never finds another event by mistake. It is valid
/// for the queue that gave it and for clones of that queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventHandle {
    pub(super) slot: u32,
    pub(super) generation: NonZeroU32,
}

/// The pending events of a run and its clock.
///
/// ```
/// use shakedown::kernel::{EventKey, EventQueue, SimTime};
///
/// let mut queue = EventQueue::new();
/// let key = |secs, target| EventKey { at: SimTime::from_secs(secs), class: 0, target, seq: 0 };
/// queue.schedule(key(2, 7), "later");
/// let unwanted = queue.schedule(key(1, 9), "never");
/// queue.schedule(key(1, 8), "first");
///
/// assert_eq!(queue.cancel(unwanted), Some("never"));
/// assert_eq!(queue.pop(), Some((key(1, 8), "first")));
/// assert_eq!(queue.now(), SimTime::from_secs(1));
/// assert_eq!(queue.pop(), Some((key(2, 7), "later")));
/// assert_eq!(queue.pop(), None);
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    events: Slab<E>,
    order: Ladder,
    now: SimTime,
    popped: u64,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> {
    /// An empty queue at time zero.
    pub fn new() -> Self {
        Self { events: Slab::new(), order: Ladder::new(), now: SimTime::ZERO, popped: 0 }
    }

    /// The present: the time of the event popped last, or what [`EventQueue::advance_to`] set since.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// How many events are pending.
    pub const fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing is pending.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events were popped in the life of this queue.
    pub const fn popped(&self) -> u64 {
        self.popped
    }

    /// Adds an event.
    ///
    /// At the present instant it may well sort before events that were popped already; it is then next. Panics when
    /// `key.at` is in the past. Two events with the same key at the same time are a mistake of the model: the queue
    /// panics when it shows, at the latest when the second is popped.
    #[inline]
    pub fn schedule(&mut self, key: EventKey, event: E) -> EventHandle {
        assert!(key.at >= self.now, "an event at {key} is in the past: it is {} now", self.now);
        let handle = self.events.insert(key, event);
        self.order.insert(key, handle);
        handle
    }

    /// Takes back an event; `None` when it is no longer pending.
    pub fn cancel(&mut self, handle: EventHandle) -> Option<E> {
        let at = self.key_of(handle)?.at;
        let event = self.events.remove_at(handle, at);
        self.sweep_if_stale();
        event
    }

    /// Moves an event to another time; the rest of its key and its handle stay. False when it is no longer pending.
    ///
    /// Panics when `at` is in the past.
    pub fn reschedule(&mut self, handle: EventHandle, at: SimTime) -> bool {
        assert!(at >= self.now, "an event cannot move to {at}: it is {} now", self.now);
        if self.key_of(handle).is_some_and(|key| key.at == at) {
            return true;
        }
        let Some(key) = self.events.set_time(handle, at) else {
            return false;
        };
        self.order.insert(key, handle);
        self.sweep_if_stale();
        true
    }

    /// Whether the event is still pending.
    pub fn contains(&self, handle: EventHandle) -> bool {
        self.key_of(handle).is_some()
    }

    /// The key of an event that is still pending.
    pub fn key_of(&self, handle: EventHandle) -> Option<EventKey> {
        self.events.key(handle)
    }

    /// Takes out the first event and sets the clock to its time; `None` when nothing is pending.
    #[inline]
    pub fn pop(&mut self) -> Option<(EventKey, E)> {
        loop {
            let first = self.order.pop(&self.events)?;
            let key = first.key;
            let Some(event) = self.events.remove_at(first.handle, key.at) else {
                continue;
            };
            if self.order.goes_on_with(key) {
                self.refuse_second(key);
            }
            self.now = key.at;
            self.popped += 1;
            return Some((key, event));
        }
    }

    /// Panics when there is another event of this key. What else has it was left behind by events that are gone.
    #[cold]
    fn refuse_second(&mut self, key: EventKey) {
        while self.order.goes_on_with(key) {
            let second = self.order.pop(&self.events).map(|entry| entry.handle);
            let live = second.is_some_and(|handle| self.events.is_pending_at(handle, key.at));
            assert!(!live, "two events are pending with one key: {key}");
        }
    }

    /// The key of the first event; `None` when nothing is pending.
    ///
    /// Takes `&mut self` because it may tidy up; what is pending stays the same.
    #[inline]
    pub fn peek_key(&mut self) -> Option<EventKey> {
        loop {
            let first = self.order.first(&self.events)?;
            if self.events.is_pending_at(first.handle, first.key.at) {
                return Some(first.key);
            }
            self.order.pop(&self.events);
        }
    }

    /// Sets the clock forward, for a run that ends between two events.
    ///
    /// Panics when `now` is in the past, or when an event is pending before it.
    pub fn advance_to(&mut self, now: SimTime) {
        assert!(now >= self.now, "the clock cannot go back from {} to {now}", self.now);
        if let Some(first) = self.peek_key() {
            assert!(first.at >= now, "the clock cannot pass the event at {first} on its way to {now}");
        }
        self.now = now;
    }

    /// Events that were cancelled or moved leave an entry in the order until it comes up, or until they are too many.
    #[inline]
    fn sweep_if_stale(&mut self) {
        // A sweep visits all slots and entries, so it pays for itself when it is due as rarely as this.
        let allowed = self.events.len() * 3 / 2 + self.events.slots() / 8 + 64;
        if self.order.entries() > allowed {
            self.order.sweep(&self.events);
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
