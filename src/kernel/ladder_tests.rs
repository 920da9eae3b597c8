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
    // One instant too many for insertion, then later ones: these are late.
    bench.add_all((0..70).map(|number| (1_000, number)));
    bench.add_all((0..20).map(|number| (1_500 + u64::from(number), 100 + number)));
    assert_eq!(bench.ladder.late.len(), 25);
    for number in 0..65 {
        assert_eq!(bench.pop(), Some((1_000, number)));
    }
    // Now there is room again for what comes before and after them.
    bench.add_all((0..300).map(|number| (1_300 + u64::from(number), 200 + number)));
    bench.assert_sorted(5 + 20 + 300);
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
