//! The component: all state of requests, and its own queue of events.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Uid;
use crate::base::{LookupMap, Name};
use crate::component::Settings;
use crate::kernel::{EventHandle, EventKey, EventQueue, SimDuration, SimTime, Stream, Streams};
use crate::network::{Dns, Links, Passage, Proxies, ServiceTable, SyncTiming, Target};
use crate::trace::{RecordId, Recorder};
use crate::workload::{Apps, Desk, RequestLoad, SharedCpu};

use super::balancer::Balancers;
use super::client::{Call, Connection, Owner};
use super::cluster::{Cluster, Process};
use super::fluid::Fluid;
use super::loads::{Loads, Seen};
use super::measure::{Counts, FlowTotal, Measures};
use super::plan::{From, Load, Mode, Source, TrafficPlan};
use super::pool::{Id, Pool};
use super::rate::{ONE, Progress, random_gap};
use super::route::{Route, RouteId, Routes};
use super::visit::Visit;

/// What a step of traffic may touch.
pub struct TrafficCtx<'a> {
    /// Virtual time.
    pub now: SimTime,
    /// End of the run.
    pub end: SimTime,
    /// Constants.
    pub settings: &'a Settings,
    /// The trace.
    pub trace: &'a mut Recorder,
    /// The table of Services.
    pub services: &'a ServiceTable,
    /// What of it each proxy has in force.
    pub proxies: &'a mut Proxies,
    /// What resolvers remember.
    pub dns: &'a mut Dns,
    /// Disturbed links.
    pub links: &'a Links,
    /// Machines and programs.
    pub cluster: &'a dyn Cluster,
}

impl TrafficCtx<'_> {
    pub(super) fn timing(&self) -> SyncTiming {
        SyncTiming { period: self.settings.min_sync_period, takes: self.settings.proxy_sync_time }
    }

    /// How packets fare between a client and a node.
    pub(super) fn passage(&self, from: Option<u32>, to: u32) -> Passage {
        match from {
            Some(from) => self.links.between(from, to),
            None => Passage::default(),
        }
    }

    /// Time of a packet from a client to a node.
    pub(super) fn one_way(&self, from: Option<u32>, to: u32) -> SimDuration {
        match from {
            None => self.settings.external_latency,
            Some(from) if from == to => SimDuration::ZERO,
            Some(from) => {
                let mut latency = self.settings.network_latency;
                let zones = (self.cluster.zone(from), self.cluster.zone(to));
                if zones.0 != zones.1 {
                    latency += self.settings.zone_latency;
                }
                latency + self.passage(Some(from), to).latency
            }
        }
    }
}

/// Events of requests that one event of the world stands for at most: so limits on events are looked at in between.
const AT_ONCE: u64 = 10_000;
/// Longest step of the fluid engine.
const FLUID_STEP: SimDuration = SimDuration::from_secs(1);

/// What happens to requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    /// The next request of an open-loop source begins.
    Begins(u32),
    /// A user of a closed-loop source sends a request.
    UserActs { source: u32, user: u32 },
    /// A request reaches the machine of its endpoint.
    Reaches(Id),
    /// A request at a program has got the CPU time it needs.
    CpuDone(Id),
    /// A request at a program has waited for what it waits for.
    Rested(Id),
    /// An answer, or what stands for one, reaches the client.
    Replies { call: Id, attempt: u32, outcome: super::measure::Outcome },
    /// The client waits no longer.
    Deadline(Id),
    /// The client tries again.
    Retries(Id),
    /// A step of the fluid engine ends.
    FluidStep,
    /// Loads are told to machines.
    Loads,
    /// Load balancers check their nodes.
    Checks,
    /// An interval ends.
    Interval,
}

/// Which of the events of one route and number: part of the key that orders them.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Sort {
    Begins,
    Reaches,
    Rested,
    Replies,
    Deadline,
    Retries,
    CpuDone,
    FluidStep,
    Loads,
    Checks,
    Interval,
}

/// A source and how far it is.
#[derive(Clone, Debug)]
struct SourceState {
    source: Source,
    arrivals: Stream,
    begun: u64,
    progress: Progress,
    /// Users of a closed-loop source whose arrival is planned or over: each plans the next one's.
    arrived: u32,
}

/// A process that has worked on requests.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) process: Process,
    pub(super) pod: Uid,
    pub(super) namespace: Name,
    pub(super) node: u32,
    pub(super) cpu: SharedCpu,
    pub(super) desk: Desk,
    pub(super) visits: BTreeSet<Id>,
    pub(super) timer: Option<EventHandle>,
    /// Requests that it took.
    pub(super) taken: u64,
    pub(super) seen: Seen,
}

/// CPU time and requests of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerLoad {
    /// CPU time that requests have taken since the process began.
    pub cpu: SimDuration,
    /// Requests taken since then.
    pub requests: u64,
    /// Requests that are there now.
    pub present: usize,
}

/// All requests of a run.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub(super) interval: SimDuration,
    sources: Vec<SourceState>,
    pub(super) routes: Routes,
    pub(super) agenda: EventQueue<Happening>,
    pub(super) calls: Pool<Call>,
    pub(super) visits: Pool<Visit>,
    pub(super) servers: Pool<Server>,
    pub(super) server_of: LookupMap<(Uid, u16), Id>,
    /// Servers of each node.
    pub(super) on_node: BTreeMap<u32, BTreeSet<Id>>,
    pub(super) connections: LookupMap<(Owner, RouteId), Vec<Connection>>,
    /// Which endpoint a node's proxy gave a client of a Service with session affinity, and when last.
    pub(super) affinity: LookupMap<(u32, u32, RouteId), (Uid, SimTime)>,
    pub(super) retry_tokens: LookupMap<RouteId, u64>,
    pub(super) balancers: Balancers,
    pub(super) loads: Loads,
    pub(super) mode: Mode,
    pub(super) fluid: Fluid,
    pub(super) measures: Measures,
    /// Number of the next attempt of each route.
    pub(super) attempts: Vec<u32>,
    /// Number of the next call of each route.
    pub(super) called: Vec<u32>,
    /// Events since somebody asked.
    handled: u64,
}

impl Traffic {
    /// The traffic of a plan; `None` when there is none.
    pub fn new(plan: &TrafficPlan, apps: &Apps, streams: Streams, end: SimTime) -> Option<Self> {
        if plan.sources.is_empty() {
            return None;
        }
        let routes = Routes::new(plan, apps.models().iter().map(AsRef::as_ref), streams);
        let sources = plan.sources.iter().map(|source| SourceState {
            arrivals: streams.stream("arrival", &source.name),
            source: source.clone(),
            begun: 0,
            progress: 0,
            arrived: 0,
        });
        let interval = plan.interval.unwrap_or_else(|| default_interval(end));
        let mut traffic = Self {
            interval,
            sources: sources.collect(),
            attempts: vec![0; routes.len()],
            called: vec![0; routes.len()],
            handled: 0,
            routes,
            agenda: EventQueue::new(),
            calls: Pool::default(),
            visits: Pool::default(),
            servers: Pool::default(),
            server_of: LookupMap::default(),
            on_node: BTreeMap::new(),
            connections: LookupMap::default(),
            affinity: LookupMap::default(),
            retry_tokens: LookupMap::default(),
            balancers: Balancers::default(),
            loads: Loads::default(),
            mode: plan.mode,
            fluid: Fluid::default(),
            measures: Measures::default(),
        };
        traffic.plan_interval(SimTime::ZERO, end);
        if !traffic.balanced().is_empty() {
            traffic.plan_checks(SimTime::ZERO);
        }
        match plan.mode {
            Mode::Fluid => traffic.plan_step(SimTime::ZERO, end),
            Mode::Exact => {
                traffic.plan_loads(SimTime::ZERO, end);
                for index in 0..traffic.source_count() {
                    traffic.start_source(index, end);
                }
            }
        }
        Some(traffic)
    }

    /// When something happens next.
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.agenda.peek_key().map(|key| key.at)
    }

    /// Lets happen what is due, or a good part of it.
    pub fn run(&mut self, ctx: &mut TrafficCtx<'_>) {
        for _ in 0..AT_ONCE {
            if self.next_at().is_none_or(|at| at > ctx.now) {
                break;
            }
            let (_, happening) = self.agenda.pop().expect("an event was there to be peeked at");
            self.handled += 1;
            self.handle(ctx, happening);
        }
    }

    /// How many events of requests there have been since the last time that somebody asked.
    pub fn take_handled(&mut self) -> u64 {
        std::mem::take(&mut self.handled)
    }

    fn handle(&mut self, ctx: &mut TrafficCtx<'_>, happening: Happening) {
        match happening {
            Happening::Begins(source) => self.source_begins(ctx, source),
            Happening::UserActs { source, user } => {
                self.next_user_arrives(source, user);
                self.begin_call(ctx, source, Owner::Source(source), Some(user));
            }
            Happening::Reaches(visit) => self.visit_reaches(ctx, visit),
            Happening::CpuDone(server) => self.cpu_done(ctx, server),
            Happening::Rested(visit) => self.visit_rested(ctx, visit),
            Happening::Replies { call, attempt, outcome } => self.replied(ctx, call, attempt, outcome),
            Happening::Deadline(call) => self.deadline(ctx, call),
            Happening::Retries(call) => self.attempt(ctx, call),
            Happening::FluidStep => {
                self.fluid_step(ctx);
                self.plan_step(ctx.now, ctx.end);
            }
            Happening::Loads => self.tell_loads(ctx),
            Happening::Checks => self.check_nodes(ctx),
            Happening::Interval => {
                self.measures.report(ctx.now, ctx.trace);
                self.plan_interval(ctx.now, ctx.end);
            }
        }
    }

    pub(super) fn at(
        &mut self,
        at: SimTime,
        sort: Sort,
        entity: u64,
        seq: u32,
        what: Happening,
    ) -> EventHandle {
        let key = EventKey { at, class: sort as u8, target: entity, seq };
        self.agenda.schedule(key, what)
    }

    fn plan_interval(&mut self, now: SimTime, end: SimTime) {
        let at = (now + self.interval).min(end);
        if now < end {
            self.at(at, Sort::Interval, 0, 0, Happening::Interval);
        }
    }

    fn plan_step(&mut self, now: SimTime, end: SimTime) {
        let at = (now + FLUID_STEP.min(self.interval)).min(end);
        if now < end {
            self.at(at, Sort::FluidStep, 0, 0, Happening::FluidStep);
        }
    }

    pub(super) fn source_count(&self) -> u32 {
        self.sources.len() as u32
    }

    pub(super) fn route(&self, route: RouteId) -> &Route {
        self.routes.get(route)
    }

    pub(super) fn source(&self, index: u32) -> &Source {
        &self.sources[index as usize].source
    }

    /// Services whose requests may come through a load balancer.
    pub(super) fn balanced(&self) -> Vec<(Name, Name)> {
        let outside = self.sources.iter().map(|state| &state.source);
        let outside = outside.filter(|source| matches!(source.from, From::Anywhere | From::Outside));
        let names: BTreeSet<_> =
            outside.map(|source| (source.namespace.clone(), source.service.clone())).collect();
        names.into_iter().collect()
    }

    fn start_source(&mut self, index: u32, end: SimTime) {
        let state = &mut self.sources[index as usize];
        match &state.source.load {
            Load::Open { random, .. } => {
                if *random {
                    state.progress = random_gap(&state.arrivals, 0);
                }
                self.plan_request(index, end);
            }
            Load::Closed { .. } => self.plan_arrival(index),
        }
    }

    /// The newest user of a closed-loop source acts for the first time: the arrival of the next one is planned.
    fn next_user_arrives(&mut self, index: u32, user: u32) {
        if user + 1 == self.sources[index as usize].arrived {
            self.plan_arrival(index);
        }
    }

    /// Plans when the next user of a closed-loop source arrives, if there is one more.
    fn plan_arrival(&mut self, index: u32) {
        let state = &mut self.sources[index as usize];
        let Load::Closed { users, ramp_up, .. } = &state.source.load else { return };
        let user = state.arrived;
        if user >= *users {
            return;
        }
        let after = u128::from(ramp_up.as_nanos()) * u128::from(user) / u128::from(*users);
        let at = state.source.begins + SimDuration::from_nanos(after as u64);
        state.arrived += 1;
        self.at(at, Sort::Begins, u64::from(index), user, Happening::UserActs { source: index, user });
    }

    /// Plans the next request of an open-loop source.
    fn plan_request(&mut self, index: u32, end: SimTime) {
        let now = self.agenda.now();
        let state = &self.sources[index as usize];
        let source = &state.source;
        let Load::Open { rate, .. } = &source.load else { return };
        let until = source.ends.map_or(end, |ends| ends.min(end));
        let after = now.max(source.begins);
        if after > until {
            return;
        }
        let Some(at) = rate.reaches(state.progress, source.begins, after, until) else { return };
        if source.ends.is_some_and(|ends| at >= ends) {
            return;
        }
        let seq = state.begun as u32;
        self.at(at, Sort::Begins, u64::from(index), seq, Happening::Begins(index));
    }

    fn source_begins(&mut self, ctx: &mut TrafficCtx<'_>, index: u32) {
        let state = &mut self.sources[index as usize];
        state.begun += 1;
        let gap = match &state.source.load {
            Load::Open { random: true, .. } => random_gap(&state.arrivals, state.begun),
            _ => ONE,
        };
        state.progress = state.progress.saturating_add(gap);
        self.begin_call(ctx, index, Owner::Source(index), None);
        self.plan_request(index, ctx.end);
    }

    /// A user of a closed-loop source has an answer, or knows that none will come: thinking begins.
    pub(super) fn user_thinks(&mut self, now: SimTime, index: u32, user: u32) {
        let state = &mut self.sources[index as usize];
        let Load::Closed { think, .. } = &state.source.load else { return };
        let pause = think.sample_duration(state.arrivals.open_unit_at(state.begun));
        state.begun += 1;
        // A user takes at least a moment, so that time goes on.
        let at = now + pause.max(SimDuration::from_micros(1));
        if state.source.ends.is_some_and(|ends| at >= ends) {
            return;
        }
        self.at(at, Sort::Begins, u64::from(index), user, Happening::UserActs { source: index, user });
    }

    /// The record that accounts for errors which begin from now on.
    pub fn disturbed(&mut self, record: RecordId) {
        self.measures.disturbance = record;
    }

    /// What a container's process has done for requests; nothing if it never got one.
    pub fn load_of(&self, pod: Uid, container: u16, now: SimTime) -> ServerLoad {
        if self.mode == Mode::Fluid {
            return self.fluid.load_of(pod, container);
        }
        let server = self.server_of.get(&(pod, container)).and_then(|id| self.servers.get(*id));
        server.map_or(ServerLoad::default(), |server| ServerLoad {
            cpu: server.cpu.used(now),
            requests: server.taken,
            present: server.visits.len(),
        })
    }

    /// Every flow with what it did up to the last report, and since then.
    pub fn totals(&self) -> Vec<(FlowTotal<'_>, &Counts)> {
        self.measures.totals()
    }

    /// The server of a process; it is made when the first request comes.
    pub(super) fn server(&mut self, now: SimTime, target: &Target, process: &Process) -> Id {
        let key = (target.pod, process.id.container);
        if let Some(id) = self.server_of.get(&key)
            && self.servers.get(*id).is_some_and(|server| server.process.id.start == process.id.start)
        {
            return *id;
        }
        let id = self.servers.add(Server {
            pod: target.pod,
            namespace: target.namespace.clone(),
            node: target.node,
            cpu: SharedCpu::new(process.cpu, now),
            desk: Desk::new(process.model.concurrency, process.model.queue),
            visits: BTreeSet::new(),
            timer: None,
            taken: 0,
            seen: Seen::default(),
            process: process.clone(),
        });
        self.loads.tell(now, target.node, process.id, RequestLoad::default());
        self.server_of.insert(key, id);
        self.on_node.entry(target.node).or_default().insert(id);
        id
    }
}

/// About 360 intervals in a run, of at least a second.
fn default_interval(end: SimTime) -> SimDuration {
    const ROUND: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 300, 900];
    let wanted = end.as_secs() / 360;
    SimDuration::from_secs(ROUND.into_iter().find(|secs| *secs >= wanted).unwrap_or(3_600))
}
