//! Where pending events live: numbered slots, each with a generation so that an old handle never finds a new event.

use std::num::NonZeroU32;

use super::queue::{EventHandle, EventKey};
use super::time::SimTime;

/// All pending events, in no order. Taken slots are reused, the last one freed first, while it is still in cache.
#[derive(Clone, Debug)]
pub(super) struct Slab<E> {
    slots: Vec<Slot<E>>,
    first_free: Option<u32>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Slot<E> {
    Taken(Event<E>),
    Free { next_free: Option<u32>, generation: NonZeroU32 },
}

/// A pending event. The key is spelled out and its class shares a word with the generation: 24 bytes beside the payload.
#[derive(Clone, Debug)]
struct Event<E> {
    at: SimTime,
    target: u64,
    seq: u32,
    stamp: Stamp,
    payload: E,
}

const _: () = assert!(size_of::<Slot<u64>>() == 24 + 8, "a slot costs 24 bytes beside the payload");

/// The generation of a slot (24 bits, never zero) and the class of the event in it (8 bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(NonZeroU32);

const GENERATION_BITS: u32 = 24;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

impl Stamp {
    fn new(class: u8, generation: NonZeroU32) -> Self {
        debug_assert!(generation.get() <= LAST_GENERATION);
        Self(generation | (u32::from(class) << GENERATION_BITS))
    }

    fn class(self) -> u8 {
        (self.0.get() >> GENERATION_BITS) as u8
    }

    fn generation(self) -> u32 {
        self.0.get() & LAST_GENERATION
    }
}

impl<E> Slab<E> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), first_free: None, len: 0 }
    }

    /// How many events are pending.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, key: EventKey, payload: E) -> EventHandle {
        self.len += 1;
        let EventKey { at, class, target, seq } = key;
        let Some(index) = self.first_free else {
            let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 events are pending");
            let stamp = Stamp::new(class, NonZeroU32::MIN);
            self.slots.push(Slot::Taken(Event { at, target, seq, stamp, payload }));
            return EventHandle { slot: index, generation: NonZeroU32::MIN };
        };
        let slot = &mut self.slots[index as usize];
        let Slot::Free { next_free, generation } = *slot else {
            unreachable!("the list of free slots holds free slots only");
        };
        self.first_free = next_free;
        let stamp = Stamp::new(class, generation);
        *slot = Slot::Taken(Event { at, target, seq, stamp, payload });
        EventHandle { slot: index, generation }
    }

    pub(super) fn key(&self, handle: EventHandle) -> Option<EventKey> {
        match self.slots.get(handle.slot as usize)? {
            Slot::Taken(event) if event.stamp.generation() == handle.generation.get() => Some(event.key()),
            _ => None,
        }
    }

    /// Moves a pending event to another instant; `None` when it is not pending, else its new key.
    pub(super) fn set_time(&mut self, handle: EventHandle, at: SimTime) -> Option<EventKey> {
        match self.slots.get_mut(handle.slot as usize)? {
            Slot::Taken(event) if event.stamp.generation() == handle.generation.get() => {
                event.at = at;
                Some(event.key())
            }
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, handle: EventHandle) -> Option<E> {
        self.key(handle)?;
        // A slot whose generations are used up is retired, so that no handle ever fits twice.
        let retired = handle.generation.get() == LAST_GENERATION;
        let generation = if retired { NonZeroU32::MIN } else { handle.generation.saturating_add(1) };
        let next_free = if retired { None } else { self.first_free };
        let freed = Slot::Free { next_free, generation };
        let Slot::Taken(event) = std::mem::replace(&mut self.slots[handle.slot as usize], freed) else {
            unreachable!("a slot with a key is taken");
        };
        if !retired {
            self.first_free = Some(handle.slot);
        }
        self.len -= 1;
        Some(event.payload)
    }
}

impl<E> Event<E> {
    fn key(&self) -> EventKey {
        EventKey { at: self.at, class: self.stamp.class(), target: self.target, seq: self.seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: EventKey = EventKey { at: SimTime::ZERO, class: 255, target: 1, seq: 2 };

    #[test]
    fn slots_are_reused_and_generations_differ() {
        let mut slab = Slab::new();
        let old = slab.insert(KEY, 'a');
        assert_eq!(slab.key(old), Some(KEY));
        assert_eq!(slab.remove(old), Some('a'));
        let new = slab.insert(KEY, 'b');
        assert_eq!(new.slot, old.slot);
        assert_eq!((slab.key(old), slab.remove(old), slab.len()), (None, None, 1));
        assert_eq!(slab.remove(new), Some('b'));
    }

    #[test]
    fn a_worn_out_slot_is_retired() {
        let mut slab = Slab::new();
        let mut handle = slab.insert(KEY, ());
        let first = handle;
        for _ in 1..LAST_GENERATION {
            slab.remove(handle);
            handle = slab.insert(KEY, ());
            assert_eq!(handle.slot, first.slot);
        }
        assert_eq!(handle.generation.get(), LAST_GENERATION);
        slab.remove(handle);
        assert_eq!(slab.key(first), None);
        assert_ne!(slab.insert(KEY, ()).slot, first.slot);
        assert_eq!((slab.key(first), slab.remove(handle)), (None, None));
    }
}
