//! The workloads on simcore: components that receive boxed events; the clock is a float, here of whole nanoseconds.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, EventId, Id, Simulation, SimulationContext, cast};

use crate::timed;
use crate::workload::{Ball, DEADLINE, Digest, FLIGHT, Timers};

#[derive(Clone, Serialize)]
struct Tick {
    timer: u64,
    round: u64,
}

#[derive(Clone, Serialize)]
struct Deadline {
    timer: u64,
}

struct World {
    context: SimulationContext,
    timers: Timers,
    deadlines: Vec<Option<EventId>>,
    digest: Digest,
}

impl World {
    fn tick_after(&self, timer: u64, round: u64) {
        self.context.emit_self(Tick { timer, round }, Timers::delay(timer, round) as f64);
    }

    fn start_deadline(&mut self, timer: u64) {
        self.deadlines[timer as usize] = Some(self.context.emit_self(Deadline { timer }, DEADLINE as f64));
    }
}

impl EventHandler for World {
    fn on(&mut self, event: Event) {
        let nanos = event.time as u64;
        cast!(match event.data {
            Tick { timer, round } => {
                self.digest.add(nanos, timer);
                self.tick_after(timer, round + 1);
                if self.timers.with_deadlines && Timers::cancels(timer, round) {
                    if let Some(deadline) = self.deadlines[timer as usize].take() {
                        self.context.cancel_event(deadline);
                    }
                    self.start_deadline(timer);
                }
            }
            Deadline { timer } => {
                self.digest.add(nanos, timer);
                self.start_deadline(timer);
            }
        })
    }
}

pub fn timers(timers: Timers) -> (Digest, f64) {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("world");
    let deadlines = vec![None; timers.count as usize];
    let world = Rc::new(RefCell::new(World { context, timers, deadlines, digest: Digest::default() }));
    simulation.add_handler("world", world.clone());
    for timer in 0..timers.count {
        world.borrow().tick_after(timer, 0);
        if timers.with_deadlines {
            world.borrow_mut().start_deadline(timer);
        }
    }
    let secs = timed(|| {
        simulation.step_until_time(timers.until as f64);
    });
    let digest = world.borrow().digest;
    (digest, secs)
}

#[derive(Clone, Serialize)]
struct Arrival {
    ball: Ball,
}

struct Player {
    context: SimulationContext,
    opponent: Id,
    digest: Rc<RefCell<Digest>>,
}

impl EventHandler for Player {
    fn on(&mut self, event: Event) {
        let nanos = event.time as u64;
        cast!(match event.data {
            Arrival { mut ball } => {
                ball[0] += 1;
                self.digest.borrow_mut().add(nanos, ball[0]);
                self.context.emit(Arrival { ball }, self.opponent, FLIGHT as f64);
            }
        })
    }
}

pub fn ping_pong(hits: u64) -> (Digest, f64) {
    let mut simulation = Simulation::new(1);
    let digest = Rc::new(RefCell::new(Digest::default()));
    let contexts = ["left", "right"].map(|name| simulation.create_context(name));
    let ids = [contexts[0].id(), contexts[1].id()];
    for (index, context) in contexts.into_iter().enumerate() {
        if index == 0 {
            context.emit_self(Arrival { ball: Ball::default() }, FLIGHT as f64);
        }
        let name = context.name().to_owned();
        let player = Player { context, opponent: ids[1 - index], digest: digest.clone() };
        simulation.add_handler(name, Rc::new(RefCell::new(player)));
    }
    let secs = timed(|| {
        simulation.step_until_time((hits * FLIGHT) as f64);
    });
    let digest = *digest.borrow();
    (digest, secs)
}
