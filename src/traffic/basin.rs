//! A program as the fluid engine keeps it: a queue of requests that drains as fast as CPU and places allow.
//!
//! State is kept in whole numbers; floats live within one step. Waiting at random arrivals below saturation follows
//! Sakasegawa's approximation for several servers, which is exact for one.

use crate::kernel::SimDuration;
use crate::workload::{CpuRoom, Crowd, ProcessId, RequestLoad};

use super::loads::rounded_milli;

/// A program busier than this counts as saturated, so that its backlog says how long requests wait.
const SATURATED: f64 = 0.98;
/// Requests are counted in millionths.
const MILLION: f64 = 1e6;

/// What requests that come in a step want of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// How many come.
    pub(super) count: f64,
    /// CPU seconds of each.
    pub(super) need: f64,
    /// Whether they come at random.
    pub(super) random: bool,
}

/// What a request meets at a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    /// Part of the requests that are turned away.
    pub(super) turned_away: f64,
    /// Seconds until work on it begins.
    pub(super) wait: f64,
    /// Seconds that its CPU time takes.
    pub(super) work: f64,
}

/// One program.
#[derive(Clone, Debug)]
pub(super) struct Basin {
    pub(super) process: ProcessId,
    pub(super) node: u32,
    pub(super) room: CpuRoom,
    concurrency: Option<u32>,
    queue: Option<u32>,
    /// Requests that wait, in millionths.
    backlog: u64,
    /// Of the last step: requests that got in, in millionths, the CPU time and the time in a place of one, and how busy CPU
    /// and places were, of a million.
    admitted: u64,
    need_ns: u64,
    held_ns: u64,
    cpu_busy: u64,
    places_busy: u64,
    /// Requests to be turned away, of a million.
    shed: u64,
    /// Sums of the present step.
    step: Sums,
    pub(super) cpu_used: SimDuration,
    pub(super) taken: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    came: u64,
    admitted: u64,
    need_ns: u64,
    held_ns: u64,
}

/// Extra time in the system, of that in service, with so many servers that are so busy, at random arrivals.
fn extra(servers: f64, busy: f64) -> f64 {
    let busy = busy.min(SATURATED);
    libm::pow(busy, libm::sqrt(2.0 * (servers + 1.0)) - 1.0) / (servers * (1.0 - busy))
}

fn parts(count: f64) -> u64 {
    (count * MILLION) as u64
}

impl Basin {
    pub(super) fn new(
        process: ProcessId,
        node: u32,
        room: CpuRoom,
        places: (Option<u32>, Option<u32>),
    ) -> Self {
        let (concurrency, queue) = places;
        Self {
            process,
            node,
            room,
            concurrency,
            queue,
            backlog: 0,
            admitted: 0,
            need_ns: 0,
            held_ns: 0,
            cpu_busy: 0,
            places_busy: 0,
            shed: 0,
            step: Sums::default(),
            cpu_used: SimDuration::ZERO,
            taken: 0,
        }
    }

    fn cores(&self) -> f64 {
        self.room.mean_milli() as f64 / 1000.0
    }

    /// Cores that it may use at one time.
    fn speed(&self) -> f64 {
        self.room.milli as f64 / 1000.0
    }

    /// Seconds that its quota adds to the time of a request of so much CPU time, when it is so busy with others that come at
    /// random.
    ///
    /// By itself a request waits for another period each time that it has used one up. Among others it shares what the limit
    /// gives, as in an M/D/1 queue, whenever their work exceeds what is left of the quota: on average a third of it, which is
    /// fitted to the exact engine.
    fn throttling(&self, need: f64, busy: f64) -> f64 {
        let Some(quota) = self.room.quota else { return 0.0 };
        let (amount, period) = (quota.per_period.as_secs_f64(), quota.period.as_secs_f64());
        let stop = (period - amount / self.speed().min(1.0)).max(0.0);
        let alone = (need / amount - 1.0).max(0.0) * stop;
        if need <= 0.0 || busy <= 0.0 {
            return alone;
        }
        let (idle, in_hand) = (1.0 - busy.min(SATURATED), amount / 3.0);
        let exceeds = libm::exp(-2.0 * idle * in_hand / (busy * need));
        alone + need / self.cores() * busy / idle * exceeds
    }

    /// Requests a second that it can get done; infinite when they cost nothing.
    fn pace(&self) -> f64 {
        let by_cpu = self.cores() / (self.need_ns as f64 / 1e9);
        let by_places =
            self.concurrency.map_or(f64::INFINITY, |most| f64::from(most) / (self.held_ns as f64 / 1e9));
        by_cpu.min(by_places)
    }

    /// Requests come; returns what they meet.
    pub(super) fn take(&mut self, demand: Demand) -> Stay {
        let turned_away = self.shed as f64 / MILLION;
        let admitted = demand.count * (1.0 - turned_away);
        self.step.came += parts(demand.count);
        self.step.admitted += parts(admitted);
        self.step.need_ns += (admitted * demand.need * 1e9) as u64;
        let alone = demand.need / self.speed().min(1.0);
        let wait = self.backlog as f64 / MILLION / self.pace();
        let mut stay = Stay { turned_away, wait, work: alone };
        let (cpu, places) = (self.cpu_busy as f64 / MILLION, self.places_busy as f64 / MILLION);
        if demand.random && cpu < SATURATED && places < SATURATED {
            let at_once = cpu * self.cores() / self.speed();
            stay.work += alone * extra(self.speed().max(1.0), at_once) + self.throttling(demand.need, cpu);
            if let Some(most) = self.concurrency {
                stay.wait += self.held_ns as f64 / 1e9 * extra(f64::from(most), places);
            }
        } else {
            stay.work += self.throttling(demand.need, 0.0);
        }
        stay
    }

    /// So long has each of these requests its place.
    pub(super) fn hold(&mut self, count: f64, seconds: f64) {
        self.step.held_ns += (count * seconds * 1e9) as u64;
    }

    /// The step is over: what could not be done stays, as far as there is room.
    pub(super) fn settle(&mut self, seconds: f64) {
        let step = std::mem::take(&mut self.step);
        let mean = |sum: u64| {
            (u128::from(sum) * 1_000_000).checked_div(u128::from(step.admitted)).map(|ns| ns as u64)
        };
        self.need_ns = mean(step.need_ns).unwrap_or(self.need_ns);
        self.held_ns = mean(step.held_ns).unwrap_or(self.held_ns);
        let able = self.pace() * seconds * MILLION;
        let done = ((self.backlog + step.admitted) as f64).min(able) as u64;
        let offered = self.backlog as f64 + step.came as f64 - able;
        self.backlog = self.backlog + step.admitted - done;
        self.shed = 0;
        if let (Some(queue), true) = (self.queue.filter(|_| self.concurrency.is_some()), step.came > 0) {
            let room = f64::from(queue) * MILLION;
            self.shed = ((offered - room).max(0.0) / step.came as f64 * MILLION) as u64;
            self.backlog = self.backlog.min(room as u64);
        }
        let busy = |part: f64| (step.admitted as f64 / MILLION / seconds * part * MILLION) as u64;
        self.cpu_busy = busy(self.need_ns as f64 / 1e9 / self.cores());
        self.places_busy =
            self.concurrency.map_or(0, |most| busy(self.held_ns as f64 / 1e9 / f64::from(most)));
        self.cpu_used +=
            SimDuration::from_nanos((u128::from(done) * u128::from(self.need_ns) / 1_000_000) as u64);
        self.taken += step.admitted;
        self.admitted = step.admitted;
    }

    /// Requests that are there, from how many come and how long they stay.
    pub(super) fn present(&self, seconds: f64) -> u64 {
        let in_service = self.admitted as f64 / MILLION / seconds * (self.held_ns as f64 / 1e9);
        let most = self.concurrency.map_or(f64::INFINITY, f64::from);
        (in_service.min(most) + self.backlog as f64 / MILLION) as u64
    }

    /// What its requests want of the machine.
    pub(super) fn load(&self, seconds: f64) -> RequestLoad {
        let came = self.admitted as f64 / MILLION / seconds * (self.need_ns as f64 / 1e6);
        let waiting = self.backlog as f64 / MILLION;
        let waiting = self.concurrency.map_or(waiting, |most| waiting.min(f64::from(most)));
        let cpu_milli = rounded_milli(came.max(waiting * 1000.0) as u64);
        RequestLoad { cpu_milli, present: self.present(seconds) }
    }

    /// What one more request would meet.
    pub(super) fn crowd(&self) -> Crowd {
        let waiting = self.backlog / MILLION as u64;
        let busy = (self.cpu_busy as f64 / MILLION).min(SATURATED);
        let steady = (busy / (1.0 - busy)) as u64;
        if self.shed > 0 {
            return Crowd { at_work: steady, wait: None };
        }
        match self.concurrency {
            None => Crowd { at_work: steady.max(waiting), wait: Some(SimDuration::ZERO) },
            Some(most) => {
                let wait = SimDuration::from_secs_f64(self.backlog as f64 / MILLION / self.pace());
                Crowd { at_work: steady.min(u64::from(most)), wait: Some(wait.unwrap_or_default()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basin(concurrency: Option<u32>, queue: Option<u32>) -> Basin {
        let process = ProcessId { pod: 1, container: 0, start: 0 };
        Basin::new(process, 0, CpuRoom::unlimited(1000), (concurrency, queue))
    }

    fn step(basin: &mut Basin, count: f64, need: f64) -> Stay {
        let stay = basin.take(Demand { count, need, random: false });
        basin.hold(count * (1.0 - stay.turned_away), stay.work);
        basin.settle(1.0);
        stay
    }

    #[test]
    fn what_exceeds_the_cpu_waits_and_is_worked_off_later() {
        let mut basin = basin(None, None);
        step(&mut basin, 30.0, 0.05);
        assert!((step(&mut basin, 0.0, 0.05).wait - 0.5).abs() < 1e-3);
        assert!(step(&mut basin, 0.0, 0.05).wait.abs() < 1e-3);
        assert_eq!(basin.cpu_used, SimDuration::from_millis(1500));
    }

    #[test]
    fn a_full_queue_turns_away_what_exceeds_the_pace() {
        let mut basin = basin(Some(1), Some(10));
        for _ in 0..10 {
            step(&mut basin, 30.0, 0.05);
        }
        let stay = step(&mut basin, 30.0, 0.05);
        assert!((stay.turned_away - 1.0 / 3.0).abs() < 0.01, "{stay:?}");
        assert!((stay.wait - 0.5).abs() < 0.01, "{stay:?}");
    }

    #[test]
    fn one_server_at_half_load_doubles_the_time() {
        assert!((extra(1.0, 0.5) - 1.0).abs() < 1e-9);
        assert!(extra(4.0, 0.5) < 0.12);
    }
}
