//! How a component talks to the API server: through a rate-limited client, with a latency, one way.

use super::ctx::Ctx;
use crate::api::Request;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::RecordId;

/// From where a request comes; what is cut off from the API server cannot call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Outside the cluster: people.
    User,
    /// The controller manager.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// The kubelet of the n-th node.
    Node(u32),
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Submission {
    /// When the API server executes it.
    pub at: SimTime,
    /// Who asks.
    pub origin: Origin,
    /// Name of the component, for the trace.
    pub component: &'static str,
    /// Which process of this component asks: what a process has not got through when it ends is lost.
    pub process: u32,
    /// Stable identity of the client, for the order of events.
    pub client: u64,
    /// Number of the request of this client.
    pub seq: u32,
    /// The request.
    pub request: Request,
    /// Token handed back with the answer; `None` = the answer is of no interest.
    pub reply: Option<u64>,
    /// The record that led to it.
    pub cause: RecordId,
}

/// One client with its token bucket (`k8s.io/client-go` flowcontrol).
#[derive(Clone, Debug)]
pub struct ApiClient {
    origin: Origin,
    component: &'static str,
    process: u32,
    id: u64,
    seq: u32,
    /// When the last request takes effect: a client's requests do not overtake each other when latencies shrink.
    last_at: SimTime,
    /// Time for one token; zero = no limit.
    interval: SimDuration,
    burst: u64,
    /// When the bucket will be full again, measured in tokens spent (generic cell rate algorithm).
    full_at: SimTime,
}

impl ApiClient {
    /// A client that may send `qps` requests a second and `burst` at once; `qps` 0 = without limit.
    pub fn new(origin: Origin, component: &'static str, id: u64, qps: u64, burst: u64) -> Self {
        let interval = SimDuration::from_nanos(1_000_000_000u64.checked_div(qps).unwrap_or(0));
        Self {
            origin,
            component,
            process: 0,
            id,
            seq: 0,
            last_at: SimTime::ZERO,
            interval,
            burst: burst.max(1),
            full_at: SimTime::ZERO,
        }
    }

    /// The same client in the n-th process of its component.
    #[must_use]
    pub fn of_process(self, process: u32) -> Self {
        Self { process, ..self }
    }

    /// Name of the component.
    pub fn component(&self) -> &'static str {
        self.component
    }

    /// Sends a request; returns when the API server will execute it.
    pub fn submit<E>(&mut self, ctx: &mut Ctx<'_, E>, request: Request, reply: Option<u64>) -> SimTime {
        let at = (self.next_slot(ctx.now) + ctx.settings.api_latency).max(self.last_at);
        self.last_at = at;
        self.seq = self.seq.wrapping_add(1);
        ctx.outbox.push(Submission {
            at,
            origin: self.origin,
            component: self.component,
            process: self.process,
            client: self.id,
            seq: self.seq,
            request,
            reply,
            cause: ctx.trace.cause(),
        });
        at
    }

    /// The earliest time at which the bucket has a token, which is spent.
    fn next_slot(&mut self, now: SimTime) -> SimTime {
        if self.interval == SimDuration::ZERO {
            return now;
        }
        let credit = self.interval * (self.burst - 1);
        let at = now.max(self.full_at.saturating_sub(credit));
        self.full_at = at.max(self.full_at) + self.interval;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_requests_under_20_qps_burst_30_end_at_3_5_s() {
        let mut client = ApiClient::new(Origin::User, "test", 1, 20, 30);
        let times: Vec<SimTime> = (0..100).map(|_| client.next_slot(SimTime::ZERO)).collect();
        assert_eq!(times[29], SimTime::ZERO);
        assert_eq!(times[30], SimTime::from_millis(50));
        assert_eq!(times[99], SimTime::from_millis(3500));
        assert_eq!(client.next_slot(SimTime::from_secs(100)), SimTime::from_secs(100));
    }
}
