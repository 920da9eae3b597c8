//! What is simulated, independent of the kernel that does it.

/// Timers that tick, each after its own sequence of pseudo-random delays of 1 s on average.
///
/// With deadlines, each timer also has a second event 3 s ahead, which starts anew when it is reached; a tenth of the
/// ticks cancels it and starts it anew too.
#[derive(Clone, Copy, Default)]
pub struct Timers {
    pub count: u64,
    pub with_deadlines: bool,
    /// The end of the run, in nanoseconds.
    pub until: u64,
}

pub const DEADLINE: u64 = 3_000_000_000;

impl Timers {
    /// So many timers, for about so many events.
    pub fn new(count: u64, events: u64, with_deadlines: bool) -> Self {
        let per_sec = count as f64 * if with_deadlines { 1.3 } else { 1.0 };
        Self { count, with_deadlines, until: (events as f64 / per_sec * 1e9) as u64 }
    }

    /// The delay of a timer before its tick number `round`, in nanoseconds: depends on nothing else.
    pub fn delay(timer: u64, round: u64) -> u64 {
        1 + scrambled(timer, round) % 2_000_000_000
    }

    /// Whether this tick cancels the deadline.
    pub fn cancels(timer: u64, round: u64) -> bool {
        scrambled(timer, round) >> 32 & 0xff < 26
    }
}

fn scrambled(timer: u64, round: u64) -> u64 {
    let mut z = (timer << 32 ^ round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// What happened, up to the order of events at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub events: u64,
    sum: u64,
}

impl Digest {
    pub fn add(&mut self, nanos: u64, timer: u64) {
        self.events += 1;
        self.sum = self.sum.wrapping_add(scrambled(nanos, timer));
    }
}

/// The payload of ping-pong: 64 bytes.
pub type Ball = [u64; 8];

/// Between two hits, in nanoseconds.
pub const FLIGHT: u64 = 1_000_000;
