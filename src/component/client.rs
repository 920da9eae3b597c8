//! How a component talks to the API server: through a rate-limited client, with a latency, one way.

use super::bucket::TokenBucket;
use super::ctx::Ctx;
use crate::api::Request;
use crate::kernel::SimTime;
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

/// One client of a component.
#[derive(Clone, Debug)]
pub struct ApiClient {
    origin: Origin,
    component: &'static str,
    process: u32,
    id: u64,
    seq: u32,
    bucket: TokenBucket,
    /// Where events have a limit of their own.
    events: Option<TokenBucket>,
    /// When the last request takes effect: requests do not overtake each other when latencies shrink.
    last_at: SimTime,
    last_event_at: SimTime,
    /// How many times as long as usual its requests take, because its process is slow.
    slowness: u64,
}

impl ApiClient {
    /// A client that may send `qps` requests a second and `burst` at once; `qps` 0 = without limit.
    pub fn new(origin: Origin, component: &'static str, id: u64, qps: u64, burst: u64) -> Self {
        Self {
            origin,
            component,
            process: 0,
            id,
            seq: 0,
            bucket: TokenBucket::new(qps, burst),
            events: None,
            last_at: SimTime::ZERO,
            last_event_at: SimTime::ZERO,
            slowness: 1,
        }
    }

    /// The same client in the n-th process of its component.
    #[must_use]
    pub fn of_process(self, process: u32) -> Self {
        Self { process, ..self }
    }

    /// The same client with a limit of its own for events, which it sends through a second connection.
    #[must_use]
    pub fn with_event_limit(self, qps: u64, burst: u64) -> Self {
        Self { events: Some(TokenBucket::new(qps, burst)), ..self }
    }

    /// From now on every request takes so many times as long as usual.
    pub fn slow_down(&mut self, factor: u64) {
        self.slowness = factor;
    }

    /// Name of the component.
    pub fn component(&self) -> &'static str {
        self.component
    }

    /// Sends a request; returns when the API server will execute it.
    pub fn submit<E>(&mut self, ctx: &mut Ctx<'_, E>, request: Request, reply: Option<u64>) -> SimTime {
        let latency = ctx.settings.api_latency.saturating_mul(self.slowness);
        self.last_at = (self.bucket.next_slot(ctx.now) + latency).max(self.last_at);
        self.send(ctx, self.last_at, request, reply);
        self.last_at
    }

    /// Reports an event.
    pub fn submit_event<E>(&mut self, ctx: &mut Ctx<'_, E>, request: Request) {
        let latency = ctx.settings.api_latency.saturating_mul(self.slowness);
        let (bucket, last_at) = match &mut self.events {
            Some(bucket) => (bucket, &mut self.last_event_at),
            None => (&mut self.bucket, &mut self.last_at),
        };
        *last_at = (bucket.next_slot(ctx.now) + latency).max(*last_at);
        let at = *last_at;
        self.send(ctx, at, request, None);
    }

    fn send<E>(&mut self, ctx: &mut Ctx<'_, E>, at: SimTime, request: Request, reply: Option<u64>) {
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
    }

    /// Spends a token on a request whose answer changes nothing.
    pub fn spend(&mut self, now: SimTime) {
        self.bucket.next_slot(now);
    }
}
