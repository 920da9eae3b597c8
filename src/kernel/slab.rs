//! Where pending events live: numbered slots, each with a generation so that an old handle never finds a new event.

use std::num::NonZeroU32;

use super::queue::{EventHandle, EventKey};
use super::time::SimTime;

/// All pending events, in no order.
#[derive(Clone, Debug)]
pub(super) struct Slab<E> {
    slots: Vec<Slot<E>>,
    /// Free slots form a chain. The one freed last is reused first, while it is still in the cache.
    first_free: Option<u32>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Slot<E> {
    Taken(Event<E>),
    Free { next_free: Option<u32>, generation: NonZeroU32 },
}

/// A pending event. Its class shares a word with the generation of the slot: 24 bytes beside the payload.
#[derive(Clone, Debug)]
struct Event<E> {
    at: SimTime,
    target: u64,
    seq: u32,
    stamp: Stamp,
    payload: E,
}

const _: () = assert!(size_of::<Slot<u64>>() == 24 + size_of::<u64>(), "a slot costs 24 bytes");

/// The generation of a slot (24 bits, never zero) and the class of the event in it (8 bits).
#[derive(Clone, Copy, Debug)]
struct Stamp(NonZeroU32);

const GENERATION_BITS: u32 = 24;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

impl Stamp {
    fn new(class: u8, generation: NonZeroU32) -> Self {
        debug_assert!(generation.get() <= LAST_GENERATION, "a worn-out slot is never reused");
        Self(generation | (u32::from(class) << GENERATION_BITS))
    }

    fn class(self) -> u8 {
        (self.0.get() >> GENERATION_BITS) as u8
    }

    fn generation(self) -> NonZeroU32 {
        NonZeroU32::new(self.0.get() & LAST_GENERATION).expect("a generation is never zero")
    }
}

impl<E> Event<E> {
    fn key(&self) -> EventKey {
        EventKey { at: self.at, class: self.stamp.class(), target: self.target, seq: self.seq }
    }

    fn handle(&self, slot: u32) -> EventHandle {
        EventHandle { slot, generation: self.stamp.generation() }
    }

    fn is_meant_by(&self, handle: EventHandle) -> bool {
        self.stamp.generation() == handle.generation
    }
}

impl<E> Slab<E> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), first_free: None, len: 0 }
    }

    /// How many slots there are, taken or free.
    pub(super) const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many events are pending.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn insert(&mut self, key: EventKey, payload: E) -> EventHandle {
        let slot = self.first_free.unwrap_or_else(|| self.add_slot());
        let place = &mut self.slots[slot as usize];
        let Slot::Free { next_free, generation } = *place else {
            unreachable!("the chain of free slots holds free slots only");
        };
        let EventKey { at, class, target, seq } = key;
        *place = Slot::Taken(Event { at, target, seq, stamp: Stamp::new(class, generation), payload });
        self.first_free = next_free;
        self.len += 1;
        EventHandle { slot, generation }
    }

    #[cold]
    fn add_slot(&mut self) -> u32 {
        let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 events are pending");
        self.slots.push(Slot::Free { next_free: None, generation: NonZeroU32::MIN });
        slot
    }

    /// The key of the event, if it is pending.
    pub(super) fn key(&self, handle: EventHandle) -> Option<EventKey> {
        match self.slots.get(handle.slot as usize)? {
            Slot::Taken(event) if event.is_meant_by(handle) => Some(event.key()),
            _ => None,
        }
    }

    /// Whether the event is pending at that time.
    #[inline]
    pub(super) fn is_pending_at(&self, handle: EventHandle, at: SimTime) -> bool {
        self.key(handle).is_some_and(|key| key.at == at)
    }

    /// The event in the slot, if there is one at that time.
    #[inline]
    pub(super) fn find(&self, slot: u32, at: SimTime) -> Option<(EventKey, EventHandle)> {
        match &self.slots[slot as usize] {
            Slot::Taken(event) if event.at == at => Some((event.key(), event.handle(slot))),
            _ => None,
        }
    }

    /// All pending events by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (EventKey, EventHandle)> {
        self.slots.iter().zip(0..).filter_map(|(slot, index)| match slot {
            Slot::Taken(event) => Some((event.key(), event.handle(index))),
            Slot::Free { .. } => None,
        })
    }

    /// Moves an event to another time and gives its new key; `None` when it is not pending.
    pub(super) fn set_time(&mut self, handle: EventHandle, at: SimTime) -> Option<EventKey> {
        match self.slots.get_mut(handle.slot as usize)? {
            Slot::Taken(event) if event.is_meant_by(handle) => {
                event.at = at;
                Some(event.key())
            }
            _ => None,
        }
    }

    /// Takes out the event, if it is pending at that time.
    #[inline]
    pub(super) fn remove_at(&mut self, handle: EventHandle, at: SimTime) -> Option<E> {
        let slot = &mut self.slots[handle.slot as usize];
        if !matches!(slot, Slot::Taken(event) if event.at == at && event.is_meant_by(handle)) {
            return None;
        }
        let generation = handle.generation.saturating_add(1);
        let freed = Slot::Free { next_free: self.first_free, generation };
        let Slot::Taken(event) = std::mem::replace(slot, freed) else {
            unreachable!("the slot was found to be taken");
        };
        // A slot whose generations are used up is left alone for good, so that no handle ever fits twice.
        if generation.get() <= LAST_GENERATION {
            self.first_free = Some(handle.slot);
        }
        self.len -= 1;
        Some(event.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: EventKey = EventKey { at: SimTime::ZERO, class: 255, target: 1, seq: 2 };

    fn remove(slab: &mut Slab<char>, handle: EventHandle) -> Option<char> {
        slab.remove_at(handle, SimTime::ZERO)
    }

    #[test]
    fn slots_are_reused_and_generations_differ() {
        let mut slab = Slab::new();
        let old = slab.insert(KEY, 'a');
        assert_eq!(slab.key(old), Some(KEY));
        assert_eq!(remove(&mut slab, old), Some('a'));
        let new = slab.insert(KEY, 'b');
        assert_eq!(new.slot, old.slot);
        assert_eq!((slab.key(old), remove(&mut slab, old), slab.len()), (None, None, 1));
        assert_eq!(remove(&mut slab, new), Some('b'));
    }

    #[test]
    fn an_event_is_found_at_its_time_only() {
        let mut slab = Slab::new();
        let handle = slab.insert(KEY, 'a');
        let later = SimTime::from_nanos(9);
        assert_eq!(slab.set_time(handle, later), Some(EventKey { at: later, ..KEY }));
        assert!(slab.is_pending_at(handle, later) && !slab.is_pending_at(handle, SimTime::ZERO));
        assert_eq!(remove(&mut slab, handle), None);
        assert_eq!(slab.remove_at(handle, later), Some('a'));
        assert_eq!(slab.set_time(handle, later), None);
    }

    #[test]
    fn a_worn_out_slot_is_retired() {
        let mut slab = Slab::new();
        let first = slab.insert(KEY, 'a');
        remove(&mut slab, first);
        // As after 16 million events in this slot.
        let generation = NonZeroU32::new(LAST_GENERATION).unwrap();
        slab.slots[0] = Slot::Free { next_free: None, generation };
        let last = slab.insert(KEY, 'b');
        assert_eq!(last, EventHandle { slot: 0, generation });
        assert_eq!(remove(&mut slab, last), Some('b'));
        assert_ne!(slab.insert(KEY, 'c').slot, 0);
        assert_eq!((slab.key(first), slab.key(last)), (None, None));
    }
}
