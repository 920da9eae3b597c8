//! Samples of traffic as `trace.jsonl` has them, and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{FAILURES, TrafficSample};
use crate::kernel::{Histogram, SimTime};

/// What a line says about the requests of one client to one Service in an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficLine {
    /// Who sent them.
    pub client: String,
    /// Whether that is a source of the scenario.
    pub is_source: bool,
    /// Beginning of the interval, which ends at the time of the line.
    pub from_ns: u64,
    /// Requests that began.
    pub sent: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed, by cause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, u64>,
    /// Requests under way at the end.
    pub in_flight: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Latencies of those that were answered: how many are in which bucket of [`Histogram`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub latency: BTreeMap<u16, u64>,
    /// Their sum.
    pub latency_total_ns: u64,
    /// Requests of a million that should be answered.
    pub objective_per_million: u32,
}

impl TrafficLine {
    /// A sample as a line has it.
    pub fn of(sample: &TrafficSample) -> Self {
        Self {
            client: sample.client.to_string(),
            is_source: sample.is_source,
            from_ns: sample.from.as_nanos(),
            sent: sample.sent,
            answered: sample.answered,
            failed: sample.failed.iter().map(|(cause, count)| ((*cause).to_owned(), *count)).collect(),
            in_flight: sample.in_flight,
            retries: sample.retries,
            latency: sample.latency.buckets().collect(),
            latency_total_ns: u64::try_from(sample.latency.total_ns()).unwrap_or(u64::MAX),
            objective_per_million: sample.objective_per_million,
        }
    }

    /// The sample again. Causes that this program does not know are left out.
    pub fn sample(&self) -> TrafficSample {
        let known = |(cause, count): (&String, &u64)| {
            let known = FAILURES.into_iter().find(|known| known == cause)?;
            Some((known, *count))
        };
        TrafficSample {
            client: self.client.as_str().into(),
            is_source: self.is_source,
            from: SimTime::from_nanos(self.from_ns),
            sent: self.sent,
            answered: self.answered,
            failed: self.failed.iter().filter_map(known).collect(),
            in_flight: self.in_flight,
            retries: self.retries,
            latency: Histogram::of(self.latency.iter().map(|(b, n)| (*b, *n)), self.latency_total_ns.into()),
            objective_per_million: self.objective_per_million,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimDuration;

    #[test]
    fn a_sample_survives_the_file() {
        let mut latency = Histogram::default();
        for millis in [3, 30, 300] {
            latency.add(SimDuration::from_millis(millis), 2);
        }
        let sample = TrafficSample {
            client: "users".into(),
            is_source: true,
            from: SimTime::from_secs(5),
            sent: 9,
            answered: 6,
            failed: vec![("no endpoint", 1), ("time-out", 2)],
            in_flight: 0,
            retries: 4,
            latency,
            objective_per_million: 999_000,
        };
        let text = serde_json::to_string(&TrafficLine::of(&sample)).unwrap();
        assert_eq!(serde_json::from_str::<TrafficLine>(&text).unwrap().sample(), sample);
    }
}
