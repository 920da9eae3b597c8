//! What requests from outside do to a program: they take CPU and memory, and make others wait for their answers.

use super::AppInstance;
use crate::kernel::{SimDuration, SimTime};
use crate::workload::cpu::Quota;
use crate::workload::{CpuRoom, CpuShare, RequestLoad};

/// One thread, in thousandths of a core.
const THREAD_MILLI: u64 = 1000;

/// So much of a period is left for requests, whatever a program's own load takes.
const SMALLEST_QUOTA: SimDuration = SimDuration::from_micros(100);

/// What has changed for a program with its requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestChange {
    /// Its requests want more or less CPU than before.
    pub cpu: bool,
    /// They hold more or less memory, so it may come to its limit at another time.
    pub memory: bool,
    /// They are its first ones.
    pub first: bool,
}

impl AppInstance {
    /// Requests from outside want so much from now on.
    pub fn set_requests(&mut self, load: RequestLoad, now: SimTime) -> RequestChange {
        let first = self.requests.is_none();
        let before = self.memory_of_requests();
        self.requests = Some(load);
        let busy_milli = self.model.cpu_base_milli.saturating_add(load.cpu_milli);
        let cpu = self.change_cpu(CpuShare { busy_milli, ..self.cpu }, now);
        let memory = before != self.memory_of_requests();
        if memory && !self.stopping {
            self.own_exit = self.plan_exit();
        }
        RequestChange { cpu, memory, first }
    }

    /// CPU that it uses for itself, without requests, in thousandths of a core.
    pub fn own_cpu_milli(&self) -> u64 {
        self.cpu.used_milli().min(self.model.cpu_base_milli)
    }

    /// CPU that is left for requests beside its own load, its limit and the other containers of the machine.
    pub fn cpu_for_requests(&self) -> CpuRoom {
        let base = self.model.cpu_base_milli;
        let quota = self.cpu.quota.map(|quota| {
            let own = quota.period.as_nanos() / THREAD_MILLI * base;
            let left = quota.per_period.as_nanos().saturating_sub(own).max(SMALLEST_QUOTA.as_nanos());
            Quota { per_period: SimDuration::from_nanos(left), ..quota }
        });
        CpuRoom::new(self.cpu.ceiling_milli.saturating_sub(base), quota)
    }

    /// How many requests can be there at once before its memory is at its limit; `None` = any number.
    pub fn room_for_requests(&self, now: SimTime) -> Option<u64> {
        let limit = self.memory_limit?;
        let own = self.model.memory.at(now.saturating_since(self.memory_since));
        limit.saturating_sub(own).saturating_sub(1).checked_div(self.model.memory_per_request)
    }

    pub(super) fn memory_of_requests(&self) -> u64 {
        let present = self.requests.map_or(0, |requests| requests.present);
        self.model.memory_per_request.saturating_mul(present)
    }

    /// How long a probe waits for its answer among requests: for a place, and for CPU that each of them has an equal share
    /// of. What a request to `path` costs, it costs the probe, too; `None` = it is never done.
    pub(super) fn among(
        &self,
        at_work: u64,
        wait: SimDuration,
        path: &str,
        now: SimTime,
    ) -> Option<SimDuration> {
        let own = self.http_rule(path).map_or(SimDuration::ZERO, |rule| rule.cpu);
        let cpu = if own > SimDuration::ZERO { own } else { self.model.cpu_per_request };
        if cpu == SimDuration::ZERO {
            return Some(wait);
        }
        let others = at_work.saturating_mul(THREAD_MILLI);
        let busy_milli = self.model.cpu_base_milli.saturating_add(others);
        let work = CpuShare { busy_milli, ..self.cpu }.wall_time(now.saturating_add(wait), cpu, 1)?;
        Some(wait.saturating_add(work))
    }
}
