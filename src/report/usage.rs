//! What programs used, what was requested for them, and what machines offered.

use crate::kernel::SimTime;
use crate::trace::UsageSample;

/// Usage over time, as metrics-server found it.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    last: Option<SimTime>,
    /// CPU in thousandths of a core times seconds: used, requested, offered.
    pub cpu_milli_seconds: [u64; 3],
    /// Memory in bytes times seconds: used, requested.
    pub memory_byte_seconds: [u128; 2],
}

impl Usage {
    /// Takes a sample: it stands for the time since the one before.
    pub(super) fn add(&mut self, at: SimTime, sample: UsageSample) {
        let seconds = self.last.map_or(0, |last| at.saturating_since(last).as_secs());
        self.last = Some(at);
        let cpu = [sample.cpu_used_milli, sample.cpu_requested_milli, sample.cpu_offered_milli];
        for (sum, milli) in self.cpu_milli_seconds.iter_mut().zip(cpu) {
            *sum += milli * seconds;
        }
        for (sum, bytes) in
            self.memory_byte_seconds.iter_mut().zip([sample.memory_used, sample.memory_requested])
        {
            *sum += u128::from(bytes) * u128::from(seconds);
        }
    }

    /// Whether anything was found.
    pub fn is_known(&self) -> bool {
        self.last.is_some()
    }
}
