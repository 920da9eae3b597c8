//! The workloads on the kernel of Shakedown.

use shakedown::kernel::{EventHandle, EventKey, EventQueue, Model, SimDuration, SimTime, Stop, run};

use crate::timed;
use crate::workload::{Ball, DEADLINE, Digest, FLIGHT, Timers};

enum Event {
    Tick { round: u64 },
    Deadline,
}

struct World {
    timers: Timers,
    deadlines: Vec<Option<EventHandle>>,
    digest: Digest,
}

impl World {
    fn tick_after(&self, queue: &mut EventQueue<Event>, timer: u64, round: u64) {
        let at = queue.now() + SimDuration::from_nanos(Timers::delay(timer, round));
        queue.schedule(EventKey { at, class: 0, target: timer, seq: 0 }, Event::Tick { round });
    }

    fn start_deadline(&mut self, queue: &mut EventQueue<Event>, timer: u64) {
        let at = queue.now() + SimDuration::from_nanos(DEADLINE);
        let handle = queue.schedule(EventKey { at, class: 1, target: timer, seq: 0 }, Event::Deadline);
        self.deadlines[timer as usize] = Some(handle);
    }
}

impl Model for World {
    type Event = Event;

    fn handle(&mut self, queue: &mut EventQueue<Event>, key: EventKey, event: Event) {
        let timer = key.target;
        self.digest.add(key.at.as_nanos(), timer);
        match event {
            Event::Tick { round } => {
                self.tick_after(queue, timer, round + 1);
                if self.timers.with_deadlines && Timers::cancels(timer, round) {
                    self.deadlines[timer as usize].take().and_then(|handle| queue.cancel(handle));
                    self.start_deadline(queue, timer);
                }
            }
            Event::Deadline => self.start_deadline(queue, timer),
        }
    }
}

pub fn timers(timers: Timers) -> (Digest, f64) {
    let mut world = World { timers, deadlines: vec![None; timers.count as usize], digest: Digest::default() };
    let mut queue = EventQueue::new();
    for timer in 0..timers.count {
        world.tick_after(&mut queue, timer, 0);
        if timers.with_deadlines {
            world.start_deadline(&mut queue, timer);
        }
    }
    let stop = Stop::at(SimTime::from_nanos(timers.until));
    let secs = timed(|| drop(run(&mut queue, &mut world, stop, |_| false)));
    (world.digest, secs)
}

struct PingPong(Digest);

impl Model for PingPong {
    type Event = Ball;

    fn handle(&mut self, queue: &mut EventQueue<Ball>, key: EventKey, mut ball: Ball) {
        ball[0] += 1;
        self.0.add(key.at.as_nanos(), ball[0]);
        let at = key.at + SimDuration::from_nanos(FLIGHT);
        queue.schedule(EventKey { at, target: 1 - key.target, ..key }, ball);
    }
}

pub fn ping_pong(hits: u64) -> (Digest, f64) {
    let (mut queue, mut game) = (EventQueue::new(), PingPong(Digest::default()));
    let at = SimTime::from_nanos(FLIGHT);
    queue.schedule(EventKey { at, class: 0, target: 0, seq: 0 }, Ball::default());
    let stop = Stop::at(SimTime::from_nanos(hits * FLIGHT));
    let secs = timed(|| drop(run(&mut queue, &mut game, stop, |_| false)));
    (game.0, secs)
}
