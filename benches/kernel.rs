//! How fast the kernel is, beside a bare `BinaryHeap` in the same run.
//!
//! - `hold`: the classic test of event queues. N events are pending; the first is taken and comes back after an
//!   exponential time. The heap knows no handles and no cancellation: it is the floor that a queue has to beat.
//! - `timers`: N timers with periods of 1 to 10 s; a tenth of the ticks also cancels the tick of another timer and arms
//!   it anew. The heap marks cancelled ticks by a generation number and skips them when they come up.
//! - `in step`: N timers that all tick at the same instants.
//! - `ping-pong`: two players, one ball of 64 bytes, through the whole run loop.
//!
//! Before anything is measured, both must give the same events in the same order. `results/kernel.sh` makes the table.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use shakedown::kernel::{
    Distribution, EventHandle, EventKey, EventQueue, Model, SimDuration, SimTime, Stop, Stream, Streams, run,
};

/// Events per iteration of a benchmark: the figures are nanoseconds for a thousand events.
const EVENTS: u64 = 1_000;

/// What the workloads ask of a queue.
trait Pending: Default {
    type Ticket: Copy;
    fn put(&mut self, key: EventKey, payload: u64) -> Self::Ticket;
    fn take(&mut self) -> (EventKey, u64);
    fn cancel(&mut self, ticket: Self::Ticket);
}

impl Pending for EventQueue<u64> {
    type Ticket = EventHandle;

    #[inline]
    fn put(&mut self, key: EventKey, payload: u64) -> EventHandle {
        self.schedule(key, payload)
    }

    #[inline]
    fn take(&mut self) -> (EventKey, u64) {
        self.pop().expect("events are pending")
    }

    fn cancel(&mut self, ticket: EventHandle) {
        self.cancel(ticket);
    }
}

/// A bare heap of keys and payloads.
#[derive(Default)]
struct Heap(BinaryHeap<Reverse<(EventKey, u64)>>);

impl Pending for Heap {
    type Ticket = ();

    #[inline]
    fn put(&mut self, key: EventKey, payload: u64) {
        self.0.push(Reverse((key, payload)));
    }

    #[inline]
    fn take(&mut self) -> (EventKey, u64) {
        self.0.pop().expect("events are pending").0
    }

    fn cancel(&mut self, (): ()) {
        unimplemented!("a bare heap cannot cancel")
    }
}

/// A heap with the usual remedy: each target counts its cancellations, and ticks of an older count are skipped.
#[derive(Default)]
struct LazyHeap {
    heap: BinaryHeap<Reverse<(EventKey, u64, u32)>>,
    counts: Vec<u32>,
}

impl Pending for LazyHeap {
    type Ticket = u64;

    fn put(&mut self, key: EventKey, payload: u64) -> u64 {
        if self.counts.len() <= key.target as usize {
            self.counts.resize(key.target as usize + 1, 0);
        }
        self.heap.push(Reverse((key, payload, self.counts[key.target as usize])));
        key.target
    }

    #[inline]
    fn take(&mut self) -> (EventKey, u64) {
        loop {
            let Reverse((key, payload, count)) = self.heap.pop().expect("events are pending");
            if self.counts[key.target as usize] == count {
                return (key, payload);
            }
        }
    }

    fn cancel(&mut self, target: u64) {
        self.counts[target as usize] += 1;
    }
}

/// Random numbers drawn beforehand, so that drawing is not measured.
struct Draws(Vec<u64>);

impl Draws {
    const LEN: usize = 1 << 14;

    fn new(mut draw: impl FnMut(Stream, u64) -> u64) -> Self {
        let stream = Streams::new(1).stream("bench", "draws");
        Self((0..Self::LEN as u64).map(|index| draw(stream, index)).collect())
    }

    fn exponential(mean_secs: f64) -> Self {
        let distribution = Distribution::exponential(mean_secs).expect("the mean is positive");
        Self::new(|stream, index| distribution.sample_duration(stream.open_unit_at(index)).as_nanos())
    }

    fn at(&self, index: u64) -> u64 {
        self.0[index as usize % Self::LEN]
    }
}

/// A workload under way: `step` handles one event and tells which.
trait Workload<Q: Pending> {
    fn start(pending: u64) -> Self;
    fn step(&mut self) -> (EventKey, u64);
}

struct Hold<Q> {
    queue: Q,
    delays: Draws,
    drawn: u64,
}

impl<Q: Pending> Workload<Q> for Hold<Q> {
    fn start(pending: u64) -> Self {
        let mut hold = Self { queue: Q::default(), delays: Draws::exponential(1.0), drawn: 0 };
        (0..pending).for_each(|target| hold.put(SimTime::ZERO, target));
        hold
    }

    fn step(&mut self) -> (EventKey, u64) {
        let (key, payload) = self.queue.take();
        self.put(key.at, key.target);
        (key, payload)
    }
}

impl<Q: Pending> Hold<Q> {
    fn put(&mut self, now: SimTime, target: u64) {
        let at = now + SimDuration::from_nanos(self.delays.at(self.drawn));
        self.queue.put(EventKey { at, class: 0, target, seq: self.drawn as u32 }, self.drawn);
        self.drawn += 1;
    }
}

struct Timers<Q: Pending, const IN_STEP: bool> {
    queue: Q,
    periods: Draws,
    choices: Draws,
    tickets: Vec<Q::Ticket>,
    ticks: u64,
}

impl<Q: Pending, const IN_STEP: bool> Workload<Q> for Timers<Q, IN_STEP> {
    fn start(pending: u64) -> Self {
        let mut timers = Self {
            queue: Q::default(),
            periods: Draws::new(|stream, index| 1_000_000_000 + stream.below_at(index, 9_000_000_000)),
            choices: Draws::new(|stream, index| stream.u64_at(index)),
            tickets: Vec::new(),
            ticks: 0,
        };
        for target in 0..pending {
            let ticket = timers.arm(SimTime::ZERO, target);
            timers.tickets.push(ticket);
        }
        timers
    }

    fn step(&mut self) -> (EventKey, u64) {
        let (key, payload) = self.queue.take();
        self.tickets[key.target as usize] = self.arm(key.at, key.target);
        self.ticks += 1;
        let choice = self.choices.at(self.ticks);
        if !IN_STEP && choice.is_multiple_of(10) {
            let other = (choice >> 32) % self.tickets.len() as u64;
            self.queue.cancel(self.tickets[other as usize]);
            self.tickets[other as usize] = self.arm(key.at, other);
        }
        (key, payload)
    }
}

impl<Q: Pending, const IN_STEP: bool> Timers<Q, IN_STEP> {
    fn arm(&mut self, now: SimTime, target: u64) -> Q::Ticket {
        let period = if IN_STEP { 10_000_000_000 } else { self.periods.at(target) };
        let at = now + SimDuration::from_nanos(period);
        self.queue.put(EventKey { at, class: 0, target, seq: 0 }, target)
    }
}

struct PingPong {
    hits: u64,
}

/// The ball: as large as an event with a few fields.
type Ball = [u64; 8];

impl Model for PingPong {
    type Event = Ball;

    fn handle(&mut self, queue: &mut EventQueue<Ball>, key: EventKey, mut ball: Ball) {
        self.hits += 1;
        ball[0] += self.hits;
        let at = key.at + SimDuration::from_millis(1);
        queue.schedule(EventKey { at, target: 1 - key.target, ..key }, ball);
    }
}

/// The same through a bare heap.
#[derive(PartialEq, Eq)]
struct Flight(EventKey, Ball);

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

const SERVE: EventKey = EventKey { at: SimTime::ZERO, class: 0, target: 0, seq: 0 };

fn ping_pong(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("ping-pong");
    group.throughput(Throughput::Elements(EVENTS)).sampling_mode(SamplingMode::Flat);
    group.bench_function("queue/1", |bencher| {
        let (mut queue, mut model) = (EventQueue::new(), PingPong { hits: 0 });
        queue.schedule(SERVE, Ball::default());
        let stop = Stop { max_events: EVENTS, ..Stop::default() };
        bencher.iter(|| run(&mut queue, &mut model, stop, |_| false));
    });
    group.bench_function("heap/1", |bencher| {
        let mut heap = BinaryHeap::from([Flight(SERVE, Ball::default())]);
        let mut hits = 0;
        bencher.iter(|| {
            for _ in 0..EVENTS {
                let Flight(key, mut ball) = heap.pop().expect("the ball is under way");
                hits += 1;
                ball[0] += hits;
                let at = key.at + SimDuration::from_millis(1);
                heap.push(Flight(EventKey { at, target: 1 - key.target, ..key }, black_box(ball)));
            }
        });
    });
}

/// Measures one workload with the queue and the heap, after both gave the same events in the same order.
fn compare<Q, H, WQ, WH>(group: &mut BenchmarkGroup<'_, ProcessorTime>, pending: u64)
where
    Q: Pending,
    H: Pending,
    WQ: Workload<Q>,
    WH: Workload<H>,
{
    let (mut ours, mut theirs) = (WQ::start(pending), WH::start(pending));
    for number in 0..2 * pending.max(50_000) {
        assert_eq!(ours.step(), theirs.step(), "event {number} of {pending} pending");
    }
    group.throughput(Throughput::Elements(EVENTS)).sampling_mode(SamplingMode::Flat);
    group.bench_function(format!("queue/{pending}"), |bencher| {
        bencher.iter(|| {
            for _ in 0..EVENTS {
                black_box(ours.step());
            }
        });
    });
    group.bench_function(format!("heap/{pending}"), |bencher| {
        bencher.iter(|| {
            for _ in 0..EVENTS {
                black_box(theirs.step());
            }
        });
    });
}

fn workloads(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("hold");
    for pending in [100, 1_000, 10_000, 100_000, 1_000_000] {
        compare::<EventQueue<u64>, Heap, Hold<_>, Hold<_>>(&mut group, pending);
    }
    group.finish();
    let mut group = criterion.benchmark_group("timers");
    for pending in [1_000, 100_000] {
        compare::<EventQueue<u64>, LazyHeap, Timers<_, false>, Timers<_, false>>(&mut group, pending);
    }
    group.finish();
    let mut group = criterion.benchmark_group("in step");
    for pending in [1_000, 100_000] {
        compare::<EventQueue<u64>, Heap, Timers<_, true>, Timers<_, true>>(&mut group, pending);
    }
    group.finish();
}

/// The time that this thread was computing: what else the machine does matters less than to a clock.
struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = ThreadTime;
    type Value = Duration;

    fn start(&self) -> ThreadTime {
        ThreadTime::now()
    }

    fn end(&self, start: ThreadTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Many short samples, of which the table takes the best; the whole run takes about a minute.
fn quick() -> Criterion<ProcessorTime> {
    Criterion::default()
        .with_measurement(ProcessorTime)
        .sample_size(100)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_200))
        .without_plots()
}

criterion_group! {name = benches; config = quick(); targets = workloads, ping_pong}
criterion_main!(benches);
