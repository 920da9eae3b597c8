//! Tests of `ladder`: the shapes of schedules that reach its corners.

use super::*;

/// A ladder with its slab; events are numbered, and come out as (time, number).
struct Bench {
    ladder: Ladder,
    events: Slab<u32>,
}

impl Bench {
    fn new() -> Self {
        Self { ladder: Ladder::new(), events: Slab::new() }
    }

    fn add(&mut self, nanos: u64, number: u32) -> EventHandle {
        let key = EventKey { at: SimTime::from_nanos(nanos), class: 0, target: 0, seq: number };
        let handle = self.events.insert(key, number);
        self.ladder.insert(key, handle);
        handle
    }

    fn add_all(&mut self, events: impl Iterator<Item = (u64, u32)>) {
        for (nanos, number) in events {
            self.add(nanos, number);
        }
    }

    fn pop(&mut self) -> Option<(u64, u32)> {
        loop {
            let NearEntry { key, handle } = self.ladder.pop(&self.events)?;
            if let Some(number) = self.events.remove_at(handle, key.at) {
                return Some((key.at.as_nanos(), number));
            }
        }
    }

    fn assert_sorted(&mut self, expected: usize) {
        let popped: Vec<_> = std::iter::from_fn(|| self.pop()).collect();
        assert!(popped.is_sorted(), "{popped:?}");
        assert_eq!((popped.len(), self.ladder.entries()), (expected, 0));
    }
}

#[test]
fn a_burst_at_one_instant_is_sorted_as_a_whole() {
    let mut bench = Bench::new();
    bench.add_all((0..10_000).rev().map(|number| (77, number)));
    bench.add_all((0..100).map(|number| (u64::from(number), 20_000 + number)));
    bench.assert_sorted(10_100);
}

#[test]
fn events_that_meet_a_loaded_burst_are_merged() {
    let mut bench = Bench::new();
    bench.add_all((0..1_000).map(|number| (1_000, number)));
    assert_eq!(bench.pop(), Some((1_000, 0)));
    // More at the same instant, some in the next instants, some at the very end: all while the burst is under way.
    bench.add_all((1_000..1_500).map(|number| (1_000, number)));
    bench.add_all((0..200).map(|number| (1_000 + u64::from(number) % 7, 5_000 + number)));
    bench.add_all((0..200).map(|number| (u64::MAX, 8_000 + number)));
    bench.assert_sorted(999 + 500 + 200 + 200);
}

#[test]
fn late_events_keep_the_near_stretch_as_it_is() {
    let mut bench = Bench::new();
    let burst: Vec<_> = (0..70).map(|number| bench.add(1_000, number)).collect();
    assert!(bench.ladder.first(&bench.events).is_some());
    // There is no room beside the burst, so these are late.
    bench.add_all((0..20).map(|number| (500 + u64::from(number), 100 + number)));
    assert_eq!(bench.ladder.late.len(), 20);
    // A sweep makes room. What comes before the late events now must not shorten the stretch to less than them.
    for &handle in &burst[..30] {
        bench.events.remove_at(handle, SimTime::from_nanos(1_000));
    }
    bench.ladder.sweep(&bench.events);
    bench.add_all((0..300).map(|number| (300 + u64::from(number), 200 + number)));
    bench.assert_sorted(40 + 20 + 300);
}

#[test]
fn a_burst_at_the_start_leaves_later_times_to_the_buckets() {
    for start in [0, 1, 77] {
        let mut bench = Bench::new();
        bench.add_all((0..100).map(|number| (start, number)));
        bench.add_all((0..1_000).map(|number| (start + 1 + u64::from(number), 100 + number)));
        assert!(bench.ladder.late.len() <= 35, "{} are late", bench.ladder.late.len());
        bench.assert_sorted(1_100);
    }
}

#[test]
fn outliers_of_every_magnitude_are_divided() {
    let mut bench = Bench::new();
    let mut number = 0;
    for bits in 0..64 {
        for step in 0..50 {
            bench.add((1_u64 << bits) + step, number);
            number += 1;
        }
    }
    bench.add(u64::MAX, number);
    bench.assert_sorted(64 * 50 + 1);
}

#[test]
fn times_before_a_rung_go_to_its_first_bucket() {
    let mut bench = Bench::new();
    // A rung from 1,000,000 on, of which one bucket is near; then many times before it, which overflow the near stretch.
    bench.add_all((0..1_000).map(|number| (1_000_000 + 1_000 * u64::from(number), number)));
    assert!(bench.ladder.first(&bench.events).is_some());
    bench.add_all((0..500).map(|number| (u64::from(number) * 13 % 500, 5_000 + number)));
    bench.assert_sorted(1_500);
}

#[test]
fn a_sweep_leaves_what_is_pending() {
    let mut bench = Bench::new();
    let handles: Vec<_> = (0..5_000).map(|number| bench.add(u64::from(number) << 20, number)).collect();
    for _ in 0..500 {
        bench.pop();
    }
    for (number, &handle) in handles.iter().enumerate().filter(|(number, _)| number % 5 != 0) {
        bench.events.remove_at(handle, SimTime::from_nanos((number as u64) << 20));
    }
    bench.ladder.sweep(&bench.events);
    assert_eq!((bench.ladder.entries(), bench.events.len()), (900, 900));
    bench.add_all((0..100).map(|number| (u64::from(number) + (1 << 40), 9_000 + number)));
    bench.assert_sorted(1_000);
}

/// The promise of the module: 24 bytes in the slab and 12 here for a pending event, and a little for the buckets.
#[test]
fn a_pending_event_costs_at_most_40_bytes_beside_its_payload() {
    let mut bench = Bench::new();
    let pending = 50_000;
    let scattered = |number: u32| u64::from(number.wrapping_mul(0x9e37_79b1)) << 10;
    bench.add_all((0..pending).map(|number| (scattered(number), number)));
    for number in pending..4 * pending {
        let (now, _) = bench.pop().unwrap();
        bench.add(now + scattered(number), number);
        let ladder = &bench.ladder;
        let buckets: usize = ladder.rungs.iter().map(|rung| rung.buckets.len()).sum();
        let bytes = bench.events.slots() * (24 + size_of::<u64>())
            + ladder.pool.bytes()
            + buckets * size_of::<Bucket>()
            + (ladder.near.len() + ladder.late.len()) * size_of::<NearEntry>();
        let payload = size_of::<u64>() * pending as usize;
        assert!(bytes <= payload + 40 * pending as usize, "{bytes} bytes after {number} events");
    }
}
