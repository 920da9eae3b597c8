//! Tests of `queue`: against a sorted map under random interleavings, and the promises one by one.

use std::collections::BTreeMap;

use super::*;
use crate::kernel::{SimDuration, Streams};
use proptest::prelude::*;

fn key(at: u64, class: u8, target: u64, seq: u32) -> EventKey {
    EventKey { at: SimTime::from_nanos(at), class, target, seq }
}

/// One thing to do with a queue; `which` chooses among the handles given so far.
#[derive(Clone, Debug)]
enum Op {
    Schedule { delay: u64, class: u8, target: u64, count: u8 },
    Cancel { which: usize },
    Reschedule { which: usize, delay: u64 },
    Pop,
    Advance { delay: u64 },
}

/// The queue under test beside a sorted map that is obviously right.
struct Pair {
    queue: EventQueue<u64>,
    map: BTreeMap<EventKey, u64>,
    handles: Vec<(EventHandle, u64)>,
}

impl Pair {
    fn new() -> Self {
        Self { queue: EventQueue::new(), map: BTreeMap::new(), handles: Vec::new() }
    }

    fn key_in_map(&self, id: u64) -> Option<EventKey> {
        // The number of the event is hidden in its seq, scrambled so that it says nothing of the order of scheduling.
        let seq = scrambled(id);
        self.handles.get(id as usize)?;
        self.map.iter().find(|(key, _)| key.seq == seq).map(|(key, _)| *key)
    }

    fn apply(&mut self, op: &Op) {
        let now = self.queue.now();
        let later = |delay| now.saturating_add(SimDuration::from_nanos(delay));
        match *op {
            Op::Schedule { delay, class, target, count } => {
                for _ in 0..count {
                    let id = self.handles.len() as u64;
                    let key = EventKey { at: later(delay), class, target, seq: scrambled(id) };
                    self.handles.push((self.queue.schedule(key, id), id));
                    self.map.insert(key, id);
                }
            }
            Op::Cancel { which } => {
                let Some((handle, id)) = self.chosen(which) else {
                    return;
                };
                let expected = self.key_in_map(id).and_then(|key| self.map.remove(&key));
                assert_eq!(self.queue.cancel(handle), expected);
                assert!(!self.queue.contains(handle));
            }
            Op::Reschedule { which, delay } => {
                let Some((handle, id)) = self.chosen(which) else {
                    return;
                };
                let expected = self.key_in_map(id);
                assert_eq!(self.queue.key_of(handle), expected);
                assert_eq!(self.queue.reschedule(handle, later(delay)), expected.is_some());
                if let Some(old) = expected {
                    self.map.remove(&old);
                    self.map.insert(EventKey { at: later(delay), ..old }, id);
                }
            }
            Op::Pop => {
                assert_eq!(self.queue.pop(), self.map.pop_first());
            }
            Op::Advance { delay } => {
                let first = self.map.keys().next().map_or(SimTime::MAX, |key| key.at);
                self.queue.advance_to(later(delay).min(first));
            }
        }
        assert_eq!(self.queue.len(), self.map.len());
        assert_eq!(self.queue.peek_key(), self.map.keys().next().copied());
    }

    fn chosen(&self, which: usize) -> Option<(EventHandle, u64)> {
        // Among the youngest, so that a fair share of them is still pending.
        let young = self.handles.len().min(50);
        (young > 0).then(|| self.handles[self.handles.len() - 1 - which % young])
    }

    fn drain(mut self) {
        while let Some(popped) = self.queue.pop() {
            assert_eq!(Some(popped), self.map.pop_first());
        }
        assert!(self.map.is_empty() && self.queue.is_empty());
    }
}

/// Different for different numbers (the factor is odd).
fn scrambled(id: u64) -> u32 {
    (id as u32).wrapping_mul(0x9e37_79b1)
}

/// Many ties, and lengths of every order of magnitude.
fn delays() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => 0..4_u64,
        2 => 0..5_000_u64,
        3 => (0..63_u32, any::<u64>()).prop_map(|(bits, noise)| noise & ((1 << bits) - 1)),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (delays(), 0..3_u8, 0..4_u64, prop_oneof![30 => Just(1), 1 => 60..150_u8])
            .prop_map(|(delay, class, target, count)| Op::Schedule { delay, class, target, count }),
        2 => any::<usize>().prop_map(|which| Op::Cancel { which }),
        2 => (any::<usize>(), delays()).prop_map(|(which, delay)| Op::Reschedule { which, delay }),
        3 => Just(Op::Pop),
        1 => (0..100_u64).prop_map(|delay| Op::Advance { delay }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_interleaving_gives_the_sorted_order(ops in proptest::collection::vec(ops(), 1..400)) {
        let mut pair = Pair::new();
        for op in &ops {
            pair.apply(op);
        }
        pair.drain();
    }
}

/// A big queue that breathes: it grows to tens of thousands and shrinks to nothing, over all scales of time.
#[test]
fn big_queues_give_the_sorted_order() {
    let draws = Streams::new(7).stream("big", "queue");
    let mut queue = EventQueue::new();
    let mut map = BTreeMap::new();
    for index in 0..100_000_u32 {
        let draw = |n: u64| draws.u64_at(u64::from(index) * 4 + n);
        let growing = index / 25_000 % 2 == 0;
        if draw(0) % 3 == 0 || (growing && draw(0) % 3 == 1) {
            let delay = SimDuration::from_nanos(draw(1) >> (draw(2) % 44 + 20));
            let key = EventKey { at: queue.now() + delay, class: 0, target: draw(3) % 5, seq: index };
            let handle = queue.schedule(key, index);
            map.insert(key, index);
            if draw(3) % 11 == 0 {
                assert_eq!(queue.cancel(handle), map.remove(&key));
            } else if draw(3) % 11 == 1 {
                let at = queue.now() + delay / 3;
                assert!(queue.reschedule(handle, at));
                map.remove(&key);
                map.insert(EventKey { at, ..key }, index);
            }
        } else {
            assert_eq!(queue.pop(), map.pop_first());
        }
    }
    while let Some(popped) = queue.pop() {
        assert_eq!(Some(popped), map.pop_first());
    }
    assert!(map.is_empty());
}

#[test]
fn a_queue_is_empty_before_the_first_and_after_the_last_event() {
    let mut queue = EventQueue::new();
    assert!(queue.is_empty());
    let handle = queue.schedule(key(1, 0, 0, 0), ());
    assert!(!queue.is_empty());
    queue.cancel(handle);
    assert!(queue.is_empty());
}

#[test]
fn order_is_by_time_class_target_number() {
    let sorted = [key(1, 9, 9, 9), key(2, 0, 9, 9), key(2, 1, 0, 9), key(2, 1, 1, 0), key(2, 1, 1, 1)];
    let mut queue = EventQueue::new();
    for key in sorted.into_iter().rev() {
        queue.schedule(key, ());
    }
    for key in sorted {
        assert_eq!(queue.pop(), Some((key, ())));
    }
}

#[test]
fn a_lower_class_may_still_come_at_the_same_instant() {
    let mut queue = EventQueue::new();
    for target in 0..1_000 {
        queue.schedule(key(5, 7, target, 0), 'b');
    }
    assert_eq!(queue.pop(), Some((key(5, 7, 0, 0), 'b')));
    queue.schedule(key(5, 1, 0, 0), 'a');
    assert_eq!(queue.pop(), Some((key(5, 1, 0, 0), 'a')));
    queue.schedule(key(5, 7, 0, 0), 'c');
    assert_eq!(queue.pop(), Some((key(5, 7, 0, 0), 'c')), "a key may be used again once it was popped");
    assert_eq!(queue.pop(), Some((key(5, 7, 1, 0), 'b')));
}

#[test]
#[should_panic(expected = "two events are pending with one key: 5ns class 1 target 2 seq 3")]
fn two_events_with_one_key_panic() {
    let mut queue = EventQueue::new();
    queue.schedule(key(5, 1, 2, 3), 'a');
    queue.schedule(key(5, 1, 2, 3), 'b');
    queue.pop();
    queue.pop();
}

#[test]
#[should_panic(expected = "two events are pending with one key: 5ns class 1 target 2 seq 3")]
fn moving_an_event_onto_another_panics() {
    let mut queue = EventQueue::new();
    queue.schedule(key(5, 1, 2, 3), 'a');
    let moved = queue.schedule(key(9, 1, 2, 3), 'b');
    queue.reschedule(moved, SimTime::from_nanos(5));
    queue.pop();
    queue.pop();
}

#[test]
#[should_panic(expected = "an event at 4ns class 0 target 0 seq 0 is in the past: it is 5ns now")]
fn the_past_is_closed() {
    let mut queue = EventQueue::new();
    queue.schedule(key(5, 0, 0, 0), ());
    queue.pop();
    queue.schedule(key(4, 0, 0, 0), ());
}

#[test]
#[should_panic(expected = "cannot pass the event at 5ns")]
fn the_clock_does_not_skip_events() {
    let mut queue = EventQueue::new();
    queue.schedule(key(5, 0, 0, 0), ());
    queue.advance_to(SimTime::from_nanos(6));
}

#[test]
fn an_event_moved_there_and_back_happens_once() {
    let mut queue = EventQueue::new();
    let handle = queue.schedule(key(5, 0, 0, 0), ());
    assert!(queue.reschedule(handle, SimTime::from_nanos(7)));
    assert!(queue.reschedule(handle, SimTime::from_nanos(5)));
    assert_eq!(queue.key_of(handle), Some(key(5, 0, 0, 0)));
    assert_eq!((queue.pop(), queue.pop()), (Some((key(5, 0, 0, 0), ())), None));
    assert!(!queue.reschedule(handle, SimTime::from_nanos(9)));
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut queue = EventQueue::new();
    let handle = queue.schedule(key(5, 0, 0, 0), 'a');
    let mut fork = queue.clone();
    assert_eq!(fork.cancel(handle), Some('a'));
    let only_in_fork = (0..9).map(|target| fork.schedule(key(6, 0, target, 0), 'b')).last().unwrap();
    assert_eq!(queue.cancel(only_in_fork), None);
    assert_eq!(queue.pop(), Some((key(5, 0, 0, 0), 'a')));
}

#[test]
fn moving_to_and_fro_leaves_nothing_behind() {
    let mut queue = EventQueue::new();
    let at = |nanos| SimTime::from_nanos(nanos);
    let handles: Vec<_> = (0..200).map(|n| queue.schedule(key(n << 20, 0, n, 0), n)).collect();
    for round in 0..20_000 {
        for n in [0, 1, 199_u64] {
            assert!(queue.reschedule(handles[n as usize], at((n << 20) + round % 2)));
        }
    }
    let entries = queue.order.entries();
    assert!(entries < 500, "{entries} entries for 200 events");
    let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
    assert!(popped.into_iter().eq(0..200));
}

/// Timers that are nearly always cancelled or moved must not pile up.
#[test]
fn cancelled_and_moved_events_leave_nothing_behind() {
    let mut queue = EventQueue::new();
    let keeper = queue.schedule(key(1 << 40, 0, 0, 0), 0);
    for round in 0..100_000_u64 {
        let handle = queue.schedule(key(round * 1_000 + (1 << 30), 1, round, 0), round);
        queue.reschedule(keeper, SimTime::from_nanos((1 << 40) + round));
        assert_eq!(queue.cancel(handle), Some(round));
    }
    assert_eq!(queue.len(), 1);
    let entries = queue.order.entries();
    assert!(entries < 100, "{entries} entries for one event");
    assert_eq!(queue.pop().map(|(_, event)| event), Some(0));
}
