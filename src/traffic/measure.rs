//! Counting: what became of requests, by who sent them and to which Service.
//!
//! Conservation holds at every moment and is checked: every request that was sent has been answered, has failed, or is in
//! flight.

use std::fmt::Write as _;

use crate::base::{LookupMap, Name};
use crate::kernel::{Histogram, SimDuration, SimTime};
use crate::trace::{Detail, FAILURES, RecordId, Recorder, Subject, TrafficSample};

use super::route::RouteId;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// The name of the Service does not exist.
    NoSuchHost,
    /// The Service has no endpoint: the proxy rejects the connection.
    NoEndpoint,
    /// Nobody listens at the endpoint.
    Refused,
    /// The process ended while it worked on the request.
    Reset,
    /// No answer came in time.
    TimedOut,
    /// The program has too many requests (503).
    TurnedAway,
    /// The program answered with an error (4xx or 5xx).
    ErrorStatus,
    /// The client itself ended.
    ClientGone,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 8] = [
        Self::NoSuchHost,
        Self::NoEndpoint,
        Self::Refused,
        Self::Reset,
        Self::TimedOut,
        Self::TurnedAway,
        Self::ErrorStatus,
        Self::ClientGone,
    ];

    /// As it is written in outputs.
    pub fn word(self) -> &'static str {
        FAILURES[self as usize]
    }
}

/// How a request ended.
pub type Outcome = Result<(), Cause>;

/// Counts of requests.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Begun.
    pub sent: u64,
    /// Answered.
    pub answered: u64,
    /// Failed, by cause.
    pub failed: [u64; Cause::ALL.len()],
    /// Attempts after the first.
    pub retries: u64,
    /// Latencies of answers.
    pub latency: Histogram,
}

impl Counts {
    /// All failures.
    pub fn failures(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Failures by cause, without zeros.
    pub fn by_cause(&self) -> Vec<(&'static str, u64)> {
        let all = Cause::ALL.iter().map(|cause| (cause.word(), self.failed[*cause as usize]));
        all.filter(|(_, count)| *count > 0).collect()
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        for (sum, count) in self.failed.iter_mut().zip(other.failed) {
            *sum += count;
        }
        self.retries += other.retries;
        self.latency.merge(&other.latency);
    }
}

/// Everything between one client and one Service.
#[derive(Clone, Debug)]
struct Flow {
    client: Name,
    namespace: Name,
    service: Name,
    is_source: bool,
    objective_per_million: u32,
    total: Counts,
    window: Counts,
    in_flight: u64,
    /// The newest failure, until a whole interval has passed without one.
    last_failure: Option<SimTime>,
    /// The record that errors began.
    began: RecordId,
}

/// Number of a flow.
pub(super) type FlowId = u32;

/// A flow over the whole run.
#[derive(Clone, Debug)]
pub struct FlowTotal<'a> {
    /// Who sends.
    pub client: &'a Name,
    /// Namespace of the Service.
    pub namespace: &'a Name,
    /// The Service.
    pub service: &'a Name,
    /// Whether the client is a source of the scenario.
    pub is_source: bool,
    /// What became of the requests so far.
    pub counts: &'a Counts,
    /// Requests under way.
    pub in_flight: u64,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Measures {
    flows: Vec<Flow>,
    by_route: LookupMap<(RouteId, Name), FlowId>,
    by_name: LookupMap<(Name, Name, Name), FlowId>,
    window_began: SimTime,
    /// The record that accounts for errors which begin: a fault or the end of a process.
    pub(super) disturbance: RecordId,
}

impl Measures {
    /// The flow of a route whose Service is in `namespace`.
    pub(super) fn flow(
        &mut self,
        route: RouteId,
        client: &Name,
        namespace: &Name,
        service: &Name,
        objective: Option<u32>,
    ) -> FlowId {
        if let Some(flow) = self.by_route.get(&(route, namespace.clone())) {
            return *flow;
        }
        let name = (client.clone(), namespace.clone(), service.clone());
        let flow = self.by_name.get(&name).copied().unwrap_or_else(|| {
            self.flows.push(Flow {
                client: client.clone(),
                namespace: namespace.clone(),
                service: service.clone(),
                is_source: objective.is_some(),
                objective_per_million: objective.unwrap_or(1_000_000),
                total: Counts::default(),
                window: Counts::default(),
                in_flight: 0,
                last_failure: None,
                began: 0,
            });
            self.flows.len() as FlowId - 1
        });
        self.by_name.insert(name, flow);
        self.by_route.insert((route, namespace.clone()), flow);
        flow
    }

    /// A request begins.
    pub(super) fn sent(&mut self, flow: FlowId) {
        let flow = &mut self.flows[flow as usize];
        flow.window.sent += 1;
        flow.in_flight += 1;
    }

    /// Many requests begin, with so many retries.
    pub(super) fn sent_many(&mut self, flow: FlowId, count: u64, retries: u64) {
        let flow = &mut self.flows[flow as usize];
        flow.window.sent += count;
        flow.window.retries += retries;
        flow.in_flight += count;
    }

    /// Many requests have ended in the same way.
    pub(super) fn ended_many(
        &mut self,
        flow: FlowId,
        outcome: Outcome,
        latency: SimDuration,
        count: u64,
        now: SimTime,
        trace: &mut Recorder,
    ) {
        let disturbance = self.disturbance;
        let flow = &mut self.flows[flow as usize];
        // Parts of requests are counted down separately, so one more may seem to end than was sent.
        let count = count.min(flow.in_flight);
        if count == 0 {
            return;
        }
        flow.in_flight -= count;
        match outcome {
            Ok(()) => {
                flow.window.answered += count;
                flow.window.latency.add(latency, count);
            }
            Err(cause) => {
                flow.window.failed[cause as usize] += count;
                flow.note_failure(cause, disturbance, now, trace);
            }
        }
        flow.check();
    }

    /// An attempt after the first begins.
    pub(super) fn retried(&mut self, flow: FlowId) {
        self.flows[flow as usize].window.retries += 1;
    }

    /// A request has ended.
    pub(super) fn ended(
        &mut self,
        flow: FlowId,
        outcome: Outcome,
        latency: SimDuration,
        now: SimTime,
        trace: &mut Recorder,
    ) {
        let disturbance = self.disturbance;
        let flow = &mut self.flows[flow as usize];
        flow.in_flight = flow.in_flight.checked_sub(1).expect("a request ends once, after it was sent");
        match outcome {
            Ok(()) => {
                flow.window.answered += 1;
                flow.window.latency.add(latency, 1);
            }
            Err(cause) => {
                flow.window.failed[cause as usize] += 1;
                flow.note_failure(cause, disturbance, now, trace);
            }
        }
        flow.check();
    }

    /// Reports the interval that ends now.
    pub(super) fn report(&mut self, now: SimTime, trace: &mut Recorder) {
        let mut order: Vec<usize> = (0..self.flows.len()).collect();
        let name = |flow: &Flow| (flow.namespace.clone(), flow.service.clone(), flow.client.clone());
        order.sort_by_cached_key(|index| name(&self.flows[*index]));
        for index in order {
            let flow = &mut self.flows[index];
            let window = std::mem::take(&mut flow.window);
            flow.total.add(&window);
            flow.check();
            flow.note_recovery(self.window_began, now, trace);
            let is_quiet = window.sent == 0 && window.answered == 0 && window.failures() == 0;
            if !is_quiet || flow.in_flight > 0 {
                flow.record(window, self.window_began, now, trace);
            }
        }
        self.window_began = now;
    }

    /// Every flow with what it has done up to the last report, and since then.
    pub(super) fn totals(&self) -> Vec<(FlowTotal<'_>, &Counts)> {
        let flows = self.flows.iter().map(|flow| {
            let Flow { client, namespace, service, is_source, total, window, in_flight, .. } = flow;
            let (is_source, in_flight) = (*is_source, *in_flight);
            (FlowTotal { client, namespace, service, is_source, counts: total, in_flight }, window)
        });
        flows.collect()
    }
}

impl Flow {
    fn subject(&self) -> Subject {
        Subject { kind: "Service", namespace: self.namespace.clone(), name: self.service.clone() }
    }

    /// Records that errors begin, unless some were seen a short while ago.
    fn note_failure(&mut self, cause: Cause, disturbance: RecordId, now: SimTime, trace: &mut Recorder) {
        if self.last_failure.replace(now).is_some() {
            return;
        }
        let before = trace.cause();
        trace.set_cause(disturbance);
        let message = format!("requests of {} begin to fail: {}", self.client, cause.word());
        self.began = trace.record_aside(
            now,
            "traffic",
            self.subject(),
            "ErrorsBegin",
            cause.word(),
            message,
            Detail::None,
        );
        trace.set_cause(before);
    }

    /// Records that errors have ended, if none was seen since `since`.
    fn note_recovery(&mut self, since: SimTime, now: SimTime, trace: &mut Recorder) {
        let Some(last) = self.last_failure.filter(|last| *last < since) else { return };
        self.last_failure = None;
        let before = trace.cause();
        trace.set_cause(self.began);
        let message = format!("requests of {} do not fail any more, the last did at {last}", self.client);
        trace.record_aside(now, "traffic", self.subject(), "ErrorsEnd", "Answered", message, Detail::None);
        trace.set_cause(before);
    }

    fn check(&self) {
        let (a, b) = (&self.total, &self.window);
        let ended = a.answered + a.failures() + b.answered + b.failures();
        assert_eq!(
            a.sent + b.sent,
            ended + self.in_flight,
            "requests of {} to {}/{}: sent = answered + failed + in flight",
            self.client,
            self.namespace,
            self.service
        );
    }

    fn record(&self, window: Counts, from: SimTime, now: SimTime, trace: &mut Recorder) {
        let failed = window.by_cause();
        let mut message = format!(
            "{} requests of {}: {} answered, {} failed",
            window.sent,
            self.client,
            window.answered,
            window.failures()
        );
        if !failed.is_empty() {
            let causes: Vec<String> =
                failed.iter().map(|(cause, count)| format!("{cause} {count}")).collect();
            let _ = write!(message, " ({})", causes.join(", "));
        }
        if self.in_flight > 0 {
            let _ = write!(message, ", {} in flight", self.in_flight);
        }
        if let (Some(median), Some(high)) = (window.latency.quantile(500), window.latency.quantile(990)) {
            let (median, high) = (rounded(median), rounded(high));
            let _ = write!(message, "; p50 {median}, p99 {high}");
        }
        let sample = TrafficSample {
            client: self.client.clone(),
            is_source: self.is_source,
            from,
            sent: window.sent,
            answered: window.answered,
            failed,
            in_flight: self.in_flight,
            retries: window.retries,
            latency: window.latency,
            objective_per_million: self.objective_per_million,
        };
        let before = trace.cause();
        trace.set_cause(0);
        let detail = Detail::Traffic(Box::new(sample));
        trace.record_aside(now, "traffic", self.subject(), "Traffic", "Interval", message, detail);
        trace.set_cause(before);
    }
}

/// Three digits: a quantile is not known better.
fn rounded(latency: SimDuration) -> SimDuration {
    let ns = latency.as_nanos();
    let unit = 10_u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(2));
    SimDuration::from_nanos((ns + unit / 2) / unit * unit)
}
