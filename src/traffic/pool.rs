//! Things by number, in slots that are used again; a number never means two things.

/// Number of a thing: generation and slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u64);

impl Id {
    pub(super) fn number(self) -> u64 {
        self.0
    }

    pub(super) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Pool<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Pool<T> {
    pub(super) fn add(&mut self, thing: T) -> Id {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(thing);
        Id(u64::from(*generation) << 32 | u64::from(slot))
    }

    fn slot(id: Id) -> (u32, usize) {
        ((id.0 >> 32) as u32, id.0 as u32 as usize)
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        let (generation, slot) = Self::slot(id);
        let (present, thing) = self.slots.get(slot)?;
        if *present == generation { thing.as_ref() } else { None }
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let (generation, slot) = Self::slot(id);
        let (present, thing) = self.slots.get_mut(slot)?;
        if *present == generation { thing.as_mut() } else { None }
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let (generation, slot) = Self::slot(id);
        let (present, thing) = self.slots.get_mut(slot)?;
        if *present != generation {
            return None;
        }
        let thing = thing.take()?;
        *present = present.wrapping_add(1);
        self.free.push(slot as u32);
        Some(thing)
    }
}
