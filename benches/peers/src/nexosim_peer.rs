//! The workloads on NeXosim, on one thread: models with ports that schedule their own inputs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::{EventKey, Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::timed;
use crate::workload::{Ball, DEADLINE, Digest, FLIGHT, Timers};

fn nanos(time: MonotonicTime) -> u64 {
    time.duration_since(MonotonicTime::EPOCH).as_nanos() as u64
}

#[derive(Serialize, Deserialize)]
struct World {
    #[serde(skip)]
    timers: Timers,
    deadlines: Vec<Option<EventKey>>,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    result: Arc<Mutex<Digest>>,
}

#[Model]
impl World {
    async fn start(&mut self, _: (), context: &Context<Self>) {
        for timer in 0..self.timers.count {
            Self::tick_after(timer, 0, context);
            if self.timers.with_deadlines {
                self.start_deadline(timer, context);
            }
        }
    }

    async fn finish(&mut self) {
        *self.result.lock().expect("one thread") = self.digest;
    }

    #[nexosim(schedulable)]
    async fn tick(&mut self, (timer, round): (u64, u64), context: &Context<Self>) {
        self.digest.add(nanos(context.time()), timer);
        Self::tick_after(timer, round + 1, context);
        if self.timers.with_deadlines && Timers::cancels(timer, round) {
            if let Some(deadline) = self.deadlines[timer as usize].take() {
                deadline.cancel();
            }
            self.start_deadline(timer, context);
        }
    }

    #[nexosim(schedulable)]
    async fn deadline(&mut self, timer: u64, context: &Context<Self>) {
        self.digest.add(nanos(context.time()), timer);
        self.start_deadline(timer, context);
    }

    fn tick_after(timer: u64, round: u64, context: &Context<Self>) {
        let delay = Duration::from_nanos(Timers::delay(timer, round));
        context
            .schedule_event(delay, schedulable!(Self::tick), (timer, round))
            .expect("the delay is positive");
    }

    fn start_deadline(&mut self, timer: u64, context: &Context<Self>) {
        let key =
            context.schedule_keyed_event(Duration::from_nanos(DEADLINE), schedulable!(Self::deadline), timer);
        self.deadlines[timer as usize] = Some(key.expect("the delay is positive"));
    }
}

pub fn timers(timers: Timers) -> (Digest, f64) {
    let result = Arc::new(Mutex::new(Digest::default()));
    let world = World {
        timers,
        deadlines: vec![None; timers.count as usize],
        digest: Digest::default(),
        result: result.clone(),
    };
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let start = EventSource::new().connect(World::start, &mailbox).register(&mut bench);
    let finish = EventSource::new().connect(World::finish, &mailbox).register(&mut bench);
    let mut simulation =
        bench.add_model(world, mailbox, "world").init(MonotonicTime::EPOCH).expect("a sound bench");
    simulation.process_event(&start, ()).expect("a sound model");
    let secs = timed(|| simulation.step_until(Duration::from_nanos(timers.until)).expect("a sound model"));
    simulation.process_event(&finish, ()).expect("a sound model");
    let digest = *result.lock().expect("one thread");
    (digest, secs)
}

#[derive(Default, Serialize, Deserialize)]
struct Player {
    opponent: Output<Ball>,
    #[serde(skip)]
    digest: Arc<Mutex<Digest>>,
}

#[Model]
impl Player {
    /// The ball was hit by the opponent, or served.
    async fn fly(&mut self, ball: Ball, context: &Context<Self>) {
        context
            .schedule_event(Duration::from_nanos(FLIGHT), schedulable!(Self::hit), ball)
            .expect("the delay is positive");
    }

    #[nexosim(schedulable)]
    async fn hit(&mut self, mut ball: Ball, context: &Context<Self>) {
        ball[0] += 1;
        self.digest.lock().expect("one thread").add(nanos(context.time()), ball[0]);
        self.opponent.send(ball).await;
    }
}

pub fn ping_pong(hits: u64) -> (Digest, f64) {
    let digest = Arc::new(Mutex::new(Digest::default()));
    let [mut left, mut right] = [(), ()].map(|()| Player { digest: digest.clone(), ..Player::default() });
    let (left_box, right_box) = (Mailbox::new(), Mailbox::new());
    left.opponent.connect(Player::fly, &right_box);
    right.opponent.connect(Player::fly, &left_box);
    let mut bench = SimInit::with_num_threads(1);
    let serve = EventSource::new().connect(Player::fly, &left_box).register(&mut bench);
    let bench = bench.add_model(left, left_box, "left").add_model(right, right_box, "right");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a sound bench");
    simulation.process_event(&serve, Ball::default()).expect("a sound model");
    let secs = timed(|| simulation.step_until(Duration::from_nanos(hits * FLIGHT)).expect("a sound model"));
    let digest = *digest.lock().expect("one thread");
    (digest, secs)
}
