//! HOLD, the classic exercise of event queues: N events are pending; the first is taken and comes back after an
//! exponential time. Prints a checksum of the order.
//!
//! `cargo run --release --example hold -- 10000 1000000` (pending events, events that happen)
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example prints, and ends when its arguments are wrong"
)]

use shakedown::kernel::{Distribution, EventKey, EventQueue, SimDuration, Streams};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let pending = arguments.next().unwrap_or(10_000);
    let events = arguments.next().unwrap_or(1_000_000);
    let stream = Streams::new(1).stream("hold", "example");
    let delay = Distribution::exponential(1.0).expect("longer than zero");
    let delays: Vec<SimDuration> =
        (0..4096).map(|at| delay.sample_duration(stream.open_unit_at(at))).collect();

    let mut queue = EventQueue::new();
    let key = |at, target| EventKey { at, class: 0, target, seq: 0 };
    for target in 0..pending {
        queue.schedule(key(queue.now() + delays[target as usize % delays.len()], target), target);
    }
    let mut checksum = 0u64;
    for happened in 0..events {
        let (at, target) = queue.pop().expect("as many events are pending as ever");
        checksum = checksum.rotate_left(5) ^ at.at.as_nanos() ^ target;
        queue.schedule(key(at.at + delays[(happened + target) as usize % delays.len()], target), target);
    }
    println!("{events} events, {pending} pending, checksum {checksum:016x}");
}
