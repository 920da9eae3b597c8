//! Requests over time: what was recorded of each client and Service, interval by interval.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::kernel::{Histogram, SimDuration, SimTime};
use crate::trace::TrafficSample;

/// More intervals than this are joined in pairs.
const INTERVALS_AT_MOST: usize = 4_096;

/// One interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its beginning.
    pub from: SimTime,
    /// Its end.
    pub until: SimTime,
    /// Requests that began in it.
    pub sent: u64,
    /// Requests answered in it.
    pub answered: u64,
    /// Requests that failed in it, by cause.
    pub failed: BTreeMap<&'static str, u64>,
    /// Latencies of those answered.
    pub latency: Histogram,
}

impl Interval {
    /// Requests that failed.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// A count as a number a second, in thousandths.
    pub fn milli_rate(&self, count: u64) -> u64 {
        let length = self.until.saturating_since(self.from).as_nanos().max(1);
        (u128::from(count) * 1_000_000_000_000 / u128::from(length)) as u64
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.until = other.until;
        self.sent += other.sent;
        self.answered += other.answered;
        for (cause, count) in &other.failed {
            *self.failed.entry(cause).or_default() += count;
        }
        self.latency.merge(&other.latency);
    }
}

/// Everything between one client and one Service.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Who sends.
    pub client: Name,
    /// Namespace of the Service.
    pub namespace: Name,
    /// The Service.
    pub service: Name,
    /// Whether the client is a source of the scenario, so that its requests are what users feel.
    pub is_source: bool,
    /// Requests of a million that should be answered.
    pub objective_per_million: u32,
    /// Attempts after the first.
    pub retries: u64,
    /// Requests under way at the end.
    pub in_flight: u64,
    /// All intervals, oldest first; those in which nothing happened are left out.
    pub intervals: Vec<Interval>,
}

impl Flow {
    /// All intervals as one.
    pub fn total(&self) -> Interval {
        let (from, until) = (SimTime::ZERO, SimTime::ZERO);
        let mut total = Interval {
            from,
            until,
            sent: 0,
            answered: 0,
            failed: BTreeMap::new(),
            latency: Histogram::default(),
        };
        for interval in &self.intervals {
            total.join(interval);
        }
        total
    }

    /// Which part of the error budget was used up at the end of each interval, in thousandths of a percent: failed requests, of
    /// those that the objective allows among the requests of the whole run. Empty where none is allowed.
    pub fn budget(&self) -> Vec<(SimTime, u64)> {
        let ended: u64 = self.intervals.iter().map(|it| it.answered + it.failures()).sum();
        let allowed = u128::from(ended) * u128::from(1_000_000 - self.objective_per_million.min(1_000_000));
        let mut failed = 0;
        let used = self.intervals.iter().map_while(|interval| {
            failed += interval.failures();
            let used = (u128::from(failed) * 1_000_000 * 100_000).checked_div(allowed)?;
            Some((interval.until, u64::try_from(used).unwrap_or(u64::MAX)))
        });
        used.collect()
    }

    /// How fast an interval used up the error budget, in thousandths: at 1000 it would last exactly for the run. `None` where
    /// no failure is allowed or no request ended.
    pub fn burn_rate_milli(&self, interval: &Interval) -> Option<u64> {
        let ended = u128::from(interval.answered) + u128::from(interval.failures());
        let allowed = ended * u128::from(1_000_000 - self.objective_per_million.min(1_000_000));
        let rate = (u128::from(interval.failures()) * 1_000_000 * 1_000).checked_div(allowed)?;
        Some(u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// `client to service`.
    pub fn title(&self) -> String {
        format!("{} to {}", self.client, self.service)
    }

    /// The interval that holds at a time.
    pub fn at(&self, at: SimTime) -> Option<&Interval> {
        let after = self.intervals.partition_point(|interval| interval.until <= at);
        self.intervals.get(after).filter(|interval| interval.from <= at)
    }
}

/// Thousandths of a percent of requests that were answered, of those that have ended; `None` = none has. Rounded down,
/// so that what is not quite everything never becomes it.
pub(super) fn availability(answered: u64, failed: u64) -> Option<u64> {
    let all = u128::from(answered) + u128::from(failed);
    (u128::from(answered) * 100_000).checked_div(all).map(|part| part as u64)
}

/// Collects samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows(BTreeMap<(bool, Name, Name, Name), Flow>);

impl Flows {
    pub(super) fn add(&mut self, at: SimTime, namespace: &Name, service: &Name, sample: &TrafficSample) {
        // Sources first.
        let key = (!sample.is_source, namespace.clone(), service.clone(), sample.client.clone());
        let flow = self.0.entry(key).or_insert_with(|| Flow {
            client: sample.client.clone(),
            namespace: namespace.clone(),
            service: service.clone(),
            is_source: sample.is_source,
            objective_per_million: sample.objective_per_million,
            retries: 0,
            in_flight: 0,
            intervals: Vec::new(),
        });
        flow.retries += sample.retries;
        flow.in_flight = sample.in_flight;
        flow.intervals.push(Interval {
            from: sample.from,
            until: at,
            sent: sample.sent,
            answered: sample.answered,
            failed: sample.failed.iter().copied().collect(),
            latency: sample.latency.clone(),
        });
        if flow.intervals.len() > INTERVALS_AT_MOST {
            flow.intervals = halved(std::mem::take(&mut flow.intervals));
        }
    }

    pub(super) fn into_list(self) -> Vec<Flow> {
        self.0.into_values().collect()
    }
}

/// Joins neighbours.
fn halved(intervals: Vec<Interval>) -> Vec<Interval> {
    let mut joined: Vec<Interval> = Vec::with_capacity(intervals.len() / 2 + 1);
    for (number, interval) in intervals.into_iter().enumerate() {
        match joined.last_mut() {
            Some(last) if number % 2 == 1 && last.until == interval.from => last.join(&interval),
            _ => joined.push(interval),
        }
    }
    joined
}

/// Milliseconds to a thousandth.
pub(super) fn milliseconds(length: SimDuration) -> f64 {
    (length.as_nanos() / 1_000) as f64 / 1_000.0
}
