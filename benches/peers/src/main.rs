//! The same three workloads on the kernel of Shakedown and on other simulation kernels, as a table on stdout.
//!
//! Each kernel is used as its documentation shows. All must arrive at the same digest of (time, timer) pairs before the
//! figures count. NeXosim runs on one thread; it can also use several, the other two cannot.

mod nexosim_peer;
mod shakedown_peer;
mod simcore_peer;
mod workload;

use cpu_time::ThreadTime;

use workload::{Digest, Timers};

/// One kernel under test: the workloads give a digest and the seconds of the run without its set-up.
struct Kernel {
    name: &'static str,
    timers: fn(Timers) -> (Digest, f64),
    ping_pong: fn(u64) -> (Digest, f64),
}

const KERNELS: [Kernel; 3] = [
    Kernel { name: "shakedown", timers: shakedown_peer::timers, ping_pong: shakedown_peer::ping_pong },
    Kernel { name: "simcore 0.1.0", timers: simcore_peer::timers, ping_pong: simcore_peer::ping_pong },
    Kernel { name: "nexosim 1.0.0", timers: nexosim_peer::timers, ping_pong: nexosim_peer::ping_pong },
];

/// How often each figure is taken; the best one counts, since all disturbances make a run longer.
const ROUNDS: usize = 5;
const EVENTS: u64 = 1_000_000;

fn main() {
    println!("| workload | kernel | ns per event | times shakedown |");
    println!("|---|---|---:|---:|");
    for count in [100, 1_000, 10_000, 100_000] {
        row(&format!("{count} timers"), |kernel| (kernel.timers)(Timers::new(count, EVENTS, false)));
    }
    for count in [1_000, 100_000] {
        row(&format!("{count} timers with deadlines, some cancelled"), |kernel| {
            (kernel.timers)(Timers::new(count, EVENTS, true))
        });
    }
    row("ping-pong, 64 bytes", |kernel| (kernel.ping_pong)(EVENTS));
}

fn row(workload: &str, measure: impl Fn(&Kernel) -> (Digest, f64)) {
    let mut best = KERNELS.map(|_| f64::INFINITY);
    let mut digests = KERNELS.map(|_| Digest::default());
    for _ in 0..ROUNDS {
        for (index, kernel) in KERNELS.iter().enumerate() {
            let (digest, secs) = measure(kernel);
            best[index] = best[index].min(secs * 1e9 / digest.events as f64);
            digests[index] = digest;
        }
    }
    for (index, kernel) in KERNELS.iter().enumerate() {
        assert_eq!(digests[index], digests[0], "{workload}: {} did something else", kernel.name);
        println!("| {workload} | {} | {:.0} | {:.1} |", kernel.name, best[index], best[index] / best[0]);
    }
}

/// Runs `work` and gives the seconds that this thread computed: what else the machine does matters less than to a clock.
fn timed(work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_secs_f64()
}
