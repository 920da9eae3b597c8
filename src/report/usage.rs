//! What programs used, what was requested for them, and what machines offered.

use super::steps::Steps;
use crate::kernel::SimTime;
use crate::trace::UsageSample;

/// Usage over time, as metrics-server found it.
#[derive(Clone, Debug)]
pub struct Usage {
    last: Option<SimTime>,
    /// CPU in thousandths of a core: used, requested, offered.
    pub cpu_milli: [Steps<i64>; 3],
    /// Memory in bytes: used, requested.
    pub memory: [Steps<i64>; 2],
    /// CPU in thousandths of a core times seconds: used, requested, offered.
    pub cpu_milli_seconds: [u64; 3],
    /// Memory in bytes times seconds: used, requested.
    pub memory_byte_seconds: [u128; 2],
}

/// Changes that a series keeps.
const CHANGES: usize = 4_096;

impl Default for Usage {
    fn default() -> Self {
        let series = || Steps::with_limit(CHANGES);
        Self {
            last: None,
            cpu_milli: [series(), series(), series()],
            memory: [series(), series()],
            cpu_milli_seconds: [0; 3],
            memory_byte_seconds: [0; 2],
        }
    }
}

impl Usage {
    /// Takes a sample: it stands for the time since the one before.
    pub(super) fn add(&mut self, at: SimTime, sample: UsageSample) {
        let seconds = self.last.map_or(0, |last| at.saturating_since(last).as_secs());
        self.last = Some(at);
        let cpu = [sample.cpu_used_milli, sample.cpu_requested_milli, sample.cpu_offered_milli];
        for ((sum, series), milli) in self.cpu_milli_seconds.iter_mut().zip(&mut self.cpu_milli).zip(cpu) {
            *sum = sum.saturating_add(milli.saturating_mul(seconds));
            series.push(at, i64::try_from(milli).unwrap_or(i64::MAX));
        }
        let memory = [sample.memory_used, sample.memory_requested];
        for ((sum, series), bytes) in self.memory_byte_seconds.iter_mut().zip(&mut self.memory).zip(memory) {
            *sum += u128::from(bytes) * u128::from(seconds);
            series.push(at, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    /// Whether anything was found.
    pub fn is_known(&self) -> bool {
        self.last.is_some()
    }
}
