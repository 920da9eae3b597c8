//! The order of the pending events: a ladder queue, sorted only as far as the next few events need it.
//!
//! Time ahead is cut into three stretches:
//!
//! ```text
//! now        near_until                                the last rung's end
//!  |-- near --|-- rungs: buckets, finer towards the present --|-- far: one bucket --> the end of time
//!    sorted       unsorted                                        unsorted
//! ```
//!
//! A new event goes to the end of its bucket: one step, however many are pending. When the near stretch runs dry, the
//! next bucket that is not empty becomes the near stretch. A bucket that is too big for it is first divided among the
//! buckets of a new, finer rung, as wide as the events in it ask for: no width and no number of events is assumed. So an
//! event is touched about three times with a million pending, always together with its neighbours, where a heap touches
//! twenty places all over memory.
//!
//! Events that were cancelled or moved are not searched for. Their entries are recognised when they come up, because the
//! [`Slab`] no longer has the event at that time, or are swept out when they become too many.
//!
//! The idea is the ladder queue of Tang, Goh and Thng (ACM TOMACS 15, 2005), with widths that are powers of two.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bucket::{Bucket, Entry, Pool};
use super::queue::{EventHandle, EventKey};
use super::slab::Slab;
use super::time::{SimDuration, SimTime};

/// The keys of the pending events, in order.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    /// Together with `late`, all events up to and including `near_until`; sorted, the first event last.
    near: Vec<NearEntry>,
    /// What came to the near stretch when it was too full for insertion; nearly always empty.
    late: BinaryHeap<Reverse<NearEntry>>,
    near_until: SimTime,
    /// The later stretches, coarsest first. A rung lies within what was one bucket of the rung before it.
    rungs: Vec<Rung>,
    /// All that lies behind the rungs.
    far: Bucket,
    pool: Pool,
    entries_in_buckets: usize,
    /// Kept for its memory.
    scratch: Vec<Entry>,
}

/// An event of the near stretch, with its whole key: comparing needs no other memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NearEntry {
    pub(super) key: EventKey,
    pub(super) handle: EventHandle,
}

/// A stretch of time in buckets of equal width.
#[derive(Clone, Debug)]
struct Rung {
    start: SimTime,
    until: SimTime,
    /// A bucket is `2^width_bits` nanoseconds wide.
    width_bits: u32,
    /// All buckets before this one are empty.
    next: usize,
    buckets: Vec<Bucket>,
}

/// How many events the near stretch may hold: insertion moves half of them on average, in one go.
const NEAR_MAX: usize = 64;
/// How many events a bucket of a new rung gets on average.
const BUCKET_AIM: usize = 16;
/// How many buckets a rung may have: as many as can be filled in turn without leaving the cache.
const BUCKETS_MAX: usize = 512;

impl Ladder {
    pub(super) fn new() -> Self {
        Self {
            near: Vec::new(),
            late: BinaryHeap::new(),
            near_until: SimTime::MAX,
            rungs: Vec::new(),
            far: Bucket::default(),
            pool: Pool::default(),
            entries_in_buckets: 0,
            scratch: Vec::new(),
        }
    }

    /// How many entries there are, with those of events that are gone.
    pub(super) fn entries(&self) -> usize {
        self.near.len() + self.late.len() + self.entries_in_buckets
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "otherwise the key goes through memory: 10 ns an event")]
    pub(super) fn insert(&mut self, key: EventKey, handle: EventHandle) {
        if key.at > self.near_until {
            self.insert_into_bucket(Entry::new(key.at, handle.slot));
        } else if self.near.len() <= NEAR_MAX {
            self.insert_near(NearEntry { key, handle });
        } else {
            self.late.push(Reverse(NearEntry { key, handle }));
        }
    }

    #[inline]
    fn insert_near(&mut self, entry: NearEntry) {
        // Counting the later ones beats bisection here: it needs no unpredictable branch and does not wait for memory.
        let at = entry.key.at;
        let mut place: usize = self.near.iter().map(|other| usize::from(other.key.at > at)).sum();
        while self.near.get(place).is_some_and(|other| other.key > entry.key) {
            place += 1;
        }
        self.near.insert(place, entry);
        // What is in `late` relies on `near_until` to stay.
        if self.near.len() > NEAR_MAX && self.late.is_empty() {
            self.shorten_near();
        }
    }

    fn insert_into_bucket(&mut self, entry: Entry) {
        self.entries_in_buckets += 1;
        for rung in self.rungs.iter_mut().rev() {
            if entry.at() <= rung.until {
                let index = rung.index_of(entry.at());
                rung.next = rung.next.min(index);
                self.pool.push(&mut rung.buckets[index], entry);
                return;
            }
        }
        self.pool.push(&mut self.far, entry);
    }

    /// Moves about the later half of the near events to their buckets, or all when they are at one instant.
    ///
    /// Loading them again ends the near stretch at that instant; then nothing can be moved, and more of them is late.
    #[cold]
    #[inline(never)]
    fn shorten_near(&mut self) {
        let middle = self.near[self.near.len() / 2].key.at;
        let mut later = self.near.partition_point(|entry| entry.key.at > middle);
        if later == 0 {
            later = self.near.partition_point(|entry| entry.key.at == middle);
        }
        self.near_until = match self.near.get(later) {
            Some(last_kept) => last_kept.key.at,
            None if self.near_until > middle && middle > SimTime::ZERO => {
                middle.saturating_sub(SimDuration::from_nanos(1))
            }
            None => {
                self.near_until = middle;
                return;
            }
        };
        for index in 0..later {
            let NearEntry { key, handle } = self.near[index];
            self.insert_into_bucket(Entry::new(key.at, handle.slot));
        }
        self.near.drain(..later);
    }

    /// The first entry; its event may be gone.
    #[inline]
    pub(super) fn first<E>(&mut self, events: &Slab<E>) -> Option<NearEntry> {
        if self.near.is_empty() && self.late.is_empty() {
            self.refill_near(events);
        }
        match (self.near.last(), self.late.peek()) {
            (Some(near), Some(Reverse(late))) => Some(*near.min(late)),
            (near, late) => near.or(late.map(|Reverse(entry)| entry)).copied(),
        }
    }

    /// Takes out the first entry; its event may be gone.
    #[inline]
    pub(super) fn pop<E>(&mut self, events: &Slab<E>) -> Option<NearEntry> {
        if self.late.is_empty()
            && let Some(first) = self.near.pop()
        {
            return Some(first);
        }
        self.pop_with_care(events)
    }

    #[cold]
    #[inline(never)]
    fn pop_with_care<E>(&mut self, events: &Slab<E>) -> Option<NearEntry> {
        let first = self.first(events)?;
        if self.near.last() == Some(&first) {
            self.near.pop()
        } else {
            self.late.pop().map(|Reverse(entry)| entry)
        }
    }

    /// Whether the next entry has this key too. It is then in the near stretch, where all events of an instant meet.
    #[inline]
    pub(super) fn goes_on_with(&self, key: EventKey) -> bool {
        self.near.last().is_some_and(|next| next.key == key)
            || self.late.peek().is_some_and(|Reverse(next)| next.key == key)
    }

    #[cold]
    #[inline(never)]
    fn refill_near<E>(&mut self, events: &Slab<E>) {
        while self.near.is_empty() {
            let Some((bucket, until)) = self.take_next_bucket() else {
                self.near_until = SimTime::MAX;
                return;
            };
            if bucket.len() <= NEAR_MAX {
                self.load_near(bucket, until, events);
                continue;
            }
            let (first, last) = self.pool.span(&bucket);
            if first == last {
                // Not to `until`: what comes for a later instant shall not have to go to `late`.
                self.load_near(bucket, last, events);
            } else {
                self.divide(bucket, first, last);
            }
        }
    }

    /// The first bucket that is not empty, and the end of its stretch.
    fn take_next_bucket(&mut self) -> Option<(Bucket, SimTime)> {
        while let Some(rung) = self.rungs.last_mut() {
            if let Some(taken) = rung.take_next_bucket() {
                return Some(taken);
            }
            self.rungs.pop();
        }
        (!self.far.is_empty()).then(|| (std::mem::take(&mut self.far), SimTime::MAX))
    }

    /// Makes the bucket the near stretch, which was empty.
    fn load_near<E>(&mut self, bucket: Bucket, until: SimTime, events: &Slab<E>) {
        self.near_until = until;
        self.entries_in_buckets -= bucket.len();
        let Self { near, pool, scratch, .. } = self;
        // This loop does little else, so that the memory behind many slots is fetched at once.
        pool.drain(bucket, |_, entry| {
            if events.find(entry.slot, entry.at()).is_some() {
                scratch.push(entry);
            }
        });
        // Entries are less than half the size of near entries, and most differ in time: sort these, then look for ties.
        scratch.sort_unstable_by_key(|entry| Reverse(entry.at()));
        let mut tied = false;
        for entry in scratch.drain(..) {
            if let Some((key, handle)) = events.find(entry.slot, entry.at()) {
                tied |= near.last().is_some_and(|previous| previous.key.at == key.at);
                near.push(NearEntry { key, handle });
            }
        }
        if tied {
            near.sort_unstable_by(|a, b| b.cmp(a));
        }
    }

    /// Divides a bucket, with events from `first` to `last`, among the buckets of a new rung.
    fn divide(&mut self, bucket: Bucket, first: SimTime, last: SimTime) {
        let mut rung = Rung::new(first, last, bucket.len());
        self.pool.drain(bucket, |pool, entry| {
            let index = rung.index_of(entry.at());
            pool.push(&mut rung.buckets[index], entry);
        });
        self.rungs.push(rung);
    }

    /// Drops the entries of events that are gone, and second entries of those that moved away and back.
    #[cold]
    #[inline(never)]
    pub(super) fn sweep<E>(&mut self, events: &Slab<E>) {
        let is_pending = |entry: &NearEntry| events.is_pending_at(entry.handle, entry.key.at);
        self.near.retain(is_pending);
        self.near.dedup();
        let mut late = std::mem::take(&mut self.late).into_sorted_vec();
        late.retain(|Reverse(entry)| is_pending(entry));
        late.dedup();
        self.late = late.into();
        // The rungs have to grow anew.
        self.rungs.clear();
        self.pool.clear();
        self.far = Bucket::default();
        for (key, handle) in events.iter().filter(|(key, _)| key.at > self.near_until) {
            self.pool.push(&mut self.far, Entry::new(key.at, handle.slot));
        }
        self.entries_in_buckets = self.far.len();
    }
}

impl Rung {
    /// A rung for this many entries from `start` to `until`, which differ.
    fn new(start: SimTime, until: SimTime, entries: usize) -> Self {
        let span = (until - start).as_nanos();
        let buckets_wanted = (entries / BUCKET_AIM).next_power_of_two().min(BUCKETS_MAX);
        let span_bits = u64::BITS - span.leading_zeros();
        let width_bits = span_bits.saturating_sub(buckets_wanted.trailing_zeros());
        let buckets = vec![Bucket::default(); (span >> width_bits) as usize + 1];
        Self { start, until, width_bits, next: 0, buckets }
    }

    /// The bucket for an instant up to `until`. The first also takes what lies before the start, see `shorten_near`.
    #[inline]
    fn index_of(&self, at: SimTime) -> usize {
        (at.saturating_since(self.start).as_nanos() >> self.width_bits) as usize
    }

    /// The next bucket that is not empty, and the last instant of its stretch.
    fn take_next_bucket(&mut self) -> Option<(Bucket, SimTime)> {
        let rest = &mut self.buckets[self.next..];
        let filled = rest.iter().position(|bucket| !bucket.is_empty())?;
        let bucket = std::mem::take(&mut rest[filled]);
        let index = self.next + filled;
        self.next = index + 1;
        let last_offset = ((index as u64) << self.width_bits) | ((1 << self.width_bits) - 1);
        let until = self.start.saturating_add(SimDuration::from_nanos(last_offset));
        Some((bucket, until.min(self.until)))
    }
}

#[cfg(test)]
#[path = "ladder_tests.rs"]
mod tests;
