//! Buckets of far-off events: bags to which an entry is added or which are emptied as a whole.
//!
//! A bucket is a chain of chunks of one common pool. A chunk is free for any other bucket as soon as it was emptied, so
//! all buckets together need little more than 12 bytes an entry.

use super::time::SimTime;

/// A hint that the event in `slot` may be due at that time. Whether it is, the slab knows.
///
/// The time is in bytes so that it asks for no alignment: an entry takes 12 bytes, not 16.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    at: [u8; 8],
    pub(super) slot: u32,
}

const _: () = assert!(size_of::<Entry>() == 12, "an entry costs 12 bytes");

impl Entry {
    pub(super) fn new(at: SimTime, slot: u32) -> Self {
        Self { at: at.as_nanos().to_ne_bytes(), slot }
    }

    pub(super) fn at(self) -> SimTime {
        SimTime::from_nanos(u64::from_ne_bytes(self.at))
    }
}

/// A bag of entries in a [`Pool`].
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    /// The chunk that is being filled; meaningless while the bucket is empty.
    newest: u32,
    len: u32,
}

impl Bucket {
    pub(super) const fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The chunks of all buckets.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    chunks: Vec<Chunk>,
    free: Vec<u32>,
}

/// How many entries a chunk holds: enough to be read mostly in sequence, few enough to waste little at the end.
const CHUNK: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Chunk {
    entries: [Entry; CHUNK],
    /// The chunk filled before this one; meaningless in the first.
    older: u32,
}

impl Pool {
    pub(super) fn push(&mut self, bucket: &mut Bucket, entry: Entry) {
        let offset = bucket.len() % CHUNK;
        if offset == 0 {
            bucket.newest = self.take_chunk(bucket.newest);
        }
        self.chunks[bucket.newest as usize].entries[offset] = entry;
        bucket.len += 1;
    }

    /// The times of the first and the last entry; the bucket is not empty.
    pub(super) fn span(&self, bucket: &Bucket) -> (SimTime, SimTime) {
        let (mut first, mut last) = (SimTime::MAX, SimTime::ZERO);
        let (mut left, mut newest) = (bucket.len(), bucket.newest);
        while left > 0 {
            let filled = filled_in_newest(left);
            let chunk = &self.chunks[newest as usize];
            for entry in &chunk.entries[..filled] {
                first = first.min(entry.at());
                last = last.max(entry.at());
            }
            left -= filled;
            newest = chunk.older;
        }
        (first, last)
    }

    /// Empties the bucket into `take`, the newest entry first; `take` may fill other buckets of the pool meanwhile.
    #[expect(clippy::needless_pass_by_value, reason = "an emptied bucket is not to be used again")]
    pub(super) fn drain(&mut self, bucket: Bucket, mut take: impl FnMut(&mut Self, Entry)) {
        let Bucket { mut newest, len } = bucket;
        let mut left = len as usize;
        while left > 0 {
            let filled = filled_in_newest(left);
            let chunk = self.chunks[newest as usize]; // A copy, so that the chunk can be reused at once.
            self.free.push(newest);
            for &entry in chunk.entries[..filled].iter().rev() {
                take(self, entry);
            }
            left -= filled;
            newest = chunk.older;
        }
    }

    /// Forgets all buckets.
    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        self.free.clear();
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * size_of::<Chunk>() + self.free.len() * size_of::<u32>()
    }

    fn take_chunk(&mut self, older: u32) -> u32 {
        if let Some(chunk) = self.free.pop() {
            self.chunks[chunk as usize].older = older;
            return chunk;
        }
        let unused = Entry::new(SimTime::ZERO, 0);
        self.chunks.push(Chunk { entries: [unused; CHUNK], older });
        (self.chunks.len() - 1) as u32
    }
}

/// The newest chunk of a bucket is the only one that may be partly filled.
fn filled_in_newest(len: usize) -> usize {
    (len - 1) % CHUNK + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(nanos: u64) -> Entry {
        Entry::new(SimTime::from_nanos(nanos), 0)
    }

    #[test]
    fn what_goes_in_comes_out_once() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 10 * CHUNK] {
            let (mut pool, mut bucket) = (Pool::default(), Bucket::default());
            (0..len as u64).rev().for_each(|nanos| pool.push(&mut bucket, entry(nanos)));
            assert_eq!((bucket.len(), bucket.is_empty()), (len, len == 0));
            if len > 0 {
                assert_eq!(pool.span(&bucket), (entry(0).at(), entry(len as u64 - 1).at()));
            }
            let mut out = Vec::new();
            pool.drain(bucket, |_, entry| out.push(entry.at().as_nanos()));
            out.sort_unstable();
            assert!(out.into_iter().eq(0..len as u64), "{len} entries");
        }
    }

    #[test]
    fn emptied_chunks_are_used_again() {
        let (mut pool, mut bucket) = (Pool::default(), Bucket::default());
        for _ in 0..100 {
            (0..1_000).for_each(|nanos| pool.push(&mut bucket, entry(nanos)));
            let mut other = Bucket::default();
            pool.drain(bucket, |pool, entry| pool.push(&mut other, entry));
            bucket = Bucket::default();
            pool.drain(other, |_, _| {});
        }
        assert!(pool.chunks.len() <= 1_000 / CHUNK + 2, "{} chunks", pool.chunks.len());
    }
}
