//! What requests do to the machines they are on: once a second every program's load is told to its node, which divides its
//! CPU anew, counts the memory of requests, and slows probes down.
//!
//! A second is coarse beside single requests and fine beside everything that reacts: probes, eviction, scrapes.

use std::collections::{BTreeMap, VecDeque};

use super::engine::{Happening, Server, Sort, Traffic, TrafficCtx};
use super::plan::Mode;
use super::pool::Id;
use crate::api::Uid;
use crate::kernel::{SimDuration, SimTime};
use crate::workload::{Crowd, ProcessId, RequestLoad};

/// How often loads are told.
const STEP: SimDuration = SimDuration::from_secs(1);
/// Demand is told in steps of so many thousandths of a core, so that small changes disturb nobody.
const GRAIN_MILLI: u64 = 100;

/// What a machine hears of the requests to one of its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// They want so much from now on.
    Load(RequestLoad),
    /// They have filled its memory up to its limit.
    MemoryFull,
}

/// What has been told, and what is still to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Loads {
    outbox: VecDeque<(u32, ProcessId, Told)>,
    known: BTreeMap<ProcessId, (RequestLoad, SimTime)>,
}

impl Loads {
    /// Tells a machine what requests to a process want, if that is news.
    pub(super) fn tell(&mut self, now: SimTime, node: u32, process: ProcessId, load: RequestLoad) {
        let told = self.known.insert(process, (load, now));
        if told.is_none_or(|(told, _)| told != load) {
            self.outbox.push_back((node, process, Told::Load(load)));
        }
    }

    pub(super) fn memory_is_full(&mut self, node: u32, process: ProcessId) {
        self.outbox.push_back((node, process, Told::MemoryFull));
    }

    /// Processes of which nothing was told since then are gone.
    pub(super) fn forget(&mut self, before: SimTime) {
        self.known.retain(|_, (_, at)| *at >= before);
    }
}

/// Demand as it is told.
pub(super) fn rounded_milli(milli: u64) -> u64 {
    milli.div_ceil(GRAIN_MILLI) * GRAIN_MILLI
}

impl Server {
    /// What its requests want, from what they got since the last look; a core each if they had to share all the time, or used
    /// up their quota without a pause.
    fn load(&mut self, now: SimTime) -> RequestLoad {
        self.cpu.advance(now);
        let (used, throttled) = (self.cpu.used(now), self.cpu.throttled());
        let got = (used - self.seen.used).as_nanos() / (STEP.as_nanos() / 1000);
        let busy = self.cpu.busy();
        let stopped = throttled - self.seen.throttled;
        let all_the_time = stopped >= STEP
            || (stopped > SimDuration::ZERO
                && busy - self.seen.busy >= STEP
                && self.cpu.room().quota.is_some());
        let wanted = if all_the_time { 1000 * self.cpu.working() as u64 } else { 0 };
        self.seen = Seen { used, throttled, busy };
        RequestLoad { cpu_milli: rounded_milli(got.max(wanted)), present: self.visits.len() as u64 }
    }
}

/// Counters of a server at the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    used: SimDuration,
    throttled: SimDuration,
    busy: SimDuration,
}

impl Traffic {
    pub(super) fn plan_loads(&mut self, now: SimTime, end: SimTime) {
        let at = now + STEP;
        if at <= end {
            self.at(at, Sort::Loads, 0, 0, Happening::Loads);
        }
    }

    /// Every program's load is told, and each hears what CPU it has.
    pub(super) fn tell_loads(&mut self, ctx: &TrafficCtx<'_>) {
        let servers: Vec<Id> = self.on_node.values().flatten().copied().collect();
        for id in servers {
            let Some(server) = self.servers.get_mut(id) else { continue };
            let (node, process) = (server.node, server.process.id);
            let load = server.load(ctx.now);
            let room = ctx.cluster.cpu(node, process).unwrap_or(server.cpu.room());
            if room != server.cpu.room() {
                server.cpu.set_room(ctx.now, room);
                self.plan_cpu(id);
            }
            self.loads.tell(ctx.now, node, process, load);
        }
        self.loads.forget(ctx.now);
        self.plan_loads(ctx.now, ctx.end);
    }

    /// The next thing that a machine has to hear.
    pub fn told(&mut self) -> Option<(u32, ProcessId, Told)> {
        self.loads.outbox.pop_front()
    }

    /// What one more request would meet at a program; `None` = no other has come yet.
    pub fn crowd(&self, pod: Uid, container: u16, now: SimTime) -> Option<Crowd> {
        if self.mode == Mode::Fluid {
            return self.fluid.crowd(pod, container);
        }
        let server = self.servers.get(*self.server_of.get(&(pod, container))?)?;
        Some(Crowd { at_work: server.cpu.working() as u64, wait: server.desk.wait(now) })
    }
}
