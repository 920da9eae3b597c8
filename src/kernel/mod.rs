//! The discrete-event kernel: virtual time, the pending events, randomness. It knows nothing of what is simulated.
//!
//! # Three definitions
//!
//! - An **event** is something that happens at one instant of virtual time and takes no time. It is plain data: a key
//!   ([`EventKey`]) that says when and to whom, and a payload that says what.
//! - A **model** ([`Model`]) is the state of what is simulated and the rules by which an event changes it. A rule may
//!   schedule further events, now or later; it can do nothing else to the future.
//! - A **run** ([`run()`]) takes the first pending event, sets the clock to its time and gives it to the model, again and
//!   again. Between two events nothing happens, so the clock jumps: hours of quiet cost nothing.
//!
//! # Ping-pong
//!
//! Two players; the ball needs a second and a bit, at random, from one to the other:
//!
//! ```
//! use shakedown::kernel::{
//!     Distribution, EventKey, EventQueue, Model, Outcome, SimDuration, SimTime, Stop, Stream, Streams, run,
//! };
//!
//! /// The event: the ball arrives. At whom, says the target of the key.
//! struct Arrival;
//!
//! struct PingPong {
//!     flight: Distribution,
//!     draws: Stream,
//!     hits: u64,
//! }
//!
//! impl Model for PingPong {
//!     type Event = Arrival;
//!
//!     fn handle(&mut self, queue: &mut EventQueue<Arrival>, key: EventKey, ball: Arrival) {
//!         // The draw is named by the number of the hit: no other draw can shift it.
//!         let extra = self.flight.sample_duration(self.draws.open_unit_at(self.hits));
//!         let at = queue.now() + SimDuration::from_secs(1) + extra;
//!         let opponent = 1 - key.target;
//!         queue.schedule(EventKey { at, target: opponent, ..key }, ball);
//!         self.hits += 1;
//!     }
//! }
//!
//! let mut game = PingPong {
//!     flight: Distribution::exponential(0.1)?,
//!     draws: Streams::new(42).stream("flight", "ball"),
//!     hits: 0,
//! };
//! let mut queue = EventQueue::new();
//! queue.schedule(EventKey { at: SimTime::ZERO, class: 0, target: 0, seq: 0 }, Arrival);
//!
//! let outcome = run(&mut queue, &mut game, Stop::at(SimTime::from_secs(60)), |game| game.hits == 100);
//! assert_eq!(outcome, Outcome::ReachedTime);
//! assert_eq!(queue.now(), SimTime::from_secs(60));
//! assert!((50..60).contains(&game.hits));
//! # Ok::<(), shakedown::kernel::DistributionError>(())
//! ```
//!
//! # The rules of determinism
//!
//! The same model with the same seed gives the same run, on any machine. The kernel does its part:
//!
//! 1. Time is a whole number of nanoseconds ([`SimTime`], [`SimDuration`]); there is no other clock.
//! 2. Events are ordered by identity, `(at, class, target, seq)`, never by the order in which they were scheduled. Two
//!    pending events with the same key have no order: that is a bug of the model, and the queue panics.
//! 3. A random number has an address: the seed, the purpose, the entity, the index ([`Streams`]). Nothing is consumed,
//!    so nothing shifts.
//! 4. Floating point appears only in sampling ([`Distribution`]), and there only operations that give the same bits
//!    everywhere.
//!
//! The model does the other part: no iteration over hash maps, no wall clock, no threads, and no state outside itself. A
//! clone of the model and of the queue is then a checkpoint: both continuations are the same.
//!
//! # Where to read on
//!
//! `queue` is the heart; `run` drives it; `time`, `rng` and `dist` stand alone.

mod bucket;
mod dist;
mod histogram;
mod ladder;
mod normal;
mod queue;
mod rng;
mod run;
mod slab;
mod time;
mod time_text;

pub use dist::{Distribution, DistributionError};
pub use histogram::Histogram;
pub use queue::{EventHandle, EventKey, EventQueue};
pub use rng::{Stream, Streams};
pub use run::{Model, Outcome, Stop, run, step};
pub use time::{SimDuration, SimTime};
pub use time_text::ParseDurationError;
