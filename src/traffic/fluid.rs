//! The fluid engine: rates per step instead of requests one by one, for loads that are too large for the exact engine.
//!
//! In every step the requests of each source are spread over endpoints as the proxies would, wait as the load of the step
//! before lets them wait, and make their calls. A program is a queue of work: what comes in beyond its CPU (or its places)
//! stays as a backlog. Of latencies only the mean is known: all answers of a step and flow count with it. What the exact
//! engine knows beyond that (connections that are kept open, session affinity, load balancers, places and queues of programs,
//! the spread of latencies, retries in time) is not here. State is kept in whole numbers; floats live within one step.

use std::collections::BTreeMap;

use crate::api::Uid;
use crate::base::{LookupMap, Name};
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::network::Scope;
use crate::network::choice::candidates;
use crate::workload::AppModel;
use crate::workload::model::glob;

use super::cluster::{Door, Process};
use super::engine::{ServerLoad, Traffic, TrafficCtx};
use super::measure::Cause;
use super::plan::{From, Load};
use super::route::RouteId;

/// Parts of a request are counted in this unit.
const ONE: f64 = (1_u64 << 32) as f64;
/// Calls deeper than this are taken for a circle.
const DEEPEST: u32 = 16;
/// A program busier than this counts as saturated, so that its backlog says how long requests wait.
const SATURATED: f64 = 0.98;
const CAUSES: usize = Cause::ALL.len();

/// A program as the fluid engine keeps it.
#[derive(Clone, Debug, Default)]
struct Basin {
    /// CPU time that waits to be given, in nanoseconds.
    backlog_ns: u64,
    /// Work of the last step, of a million of what it could do.
    load_per_million: u64,
    /// CPU time wanted in this step, in nanoseconds, and requests that came.
    wanted_ns: u64,
    came_milli: u64,
    capacity_milli: u64,
    cpu_used: SimDuration,
    requests_milli: u64,
    start: u64,
}

/// State of the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Fluid {
    basins: BTreeMap<(Uid, u16), Basin>,
    /// Parts of requests, by flow and by what became of them (first: sent).
    rests: LookupMap<(u32, u8), u64>,
    /// How long the answers of each source took in the last step.
    latency_ns: BTreeMap<u32, u64>,
    last: SimTime,
}

/// Who sends: nodes with their weights; none = from outside.
type Places = Vec<(u32, f64)>;

/// What became of requests, as parts of one.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    answered: f64,
    failed: [f64; CAUSES],
    /// Seconds, of those answered.
    latency: f64,
}

impl Fate {
    fn all(cause: Cause) -> Self {
        let mut fate = Self::default();
        fate.failed[cause as usize] = 1.0;
        fate
    }

    /// Adds `part` of another fate.
    fn add(&mut self, part: f64, other: &Self) {
        let answered = self.answered + part * other.answered;
        if answered > 0.0 {
            self.latency = (self.latency * self.answered + part * other.answered * other.latency) / answered;
        }
        self.answered = answered;
        for (sum, more) in self.failed.iter_mut().zip(other.failed) {
            *sum += part * more;
        }
    }

    fn failures(&self) -> f64 {
        self.failed.iter().sum()
    }
}

impl Traffic {
    /// One step: everything since the last one.
    pub(super) fn fluid_step(&mut self, ctx: &mut TrafficCtx<'_>) {
        let (from, until) = (self.fluid.last, ctx.now);
        let seconds = until.saturating_since(from).as_secs_f64();
        for index in 0..self.source_count() {
            let source = self.source(index).clone();
            let (begin, end) = (from.max(source.begins), source.ends.map_or(until, |ends| ends.min(until)));
            if begin >= end {
                continue;
            }
            let (count, random) = match &source.load {
                Load::Open { rate, random } => {
                    (rate.expected(end, source.begins) - rate.expected(begin, source.begins), *random)
                }
                Load::Closed { users, think, .. } => {
                    let round =
                        mean(think) + self.fluid.latency_ns.get(&index).map_or(0.0, |ns| *ns as f64 / 1e9);
                    (f64::from(*users) * end.saturating_since(begin).as_secs_f64() / round.max(1e-6), true)
                }
            };
            if count > 0.0 {
                let places = self.places_of(ctx, index);
                let objective = Some(source.objective_per_million);
                let namespace = source.namespace.clone();
                let fate = self.pour(ctx, index, &namespace, &places, count, random, objective, 0);
                self.fluid.latency_ns.insert(index, (fate.latency * 1e9) as u64);
            }
        }
        self.settle_basins(seconds);
        self.fluid.last = until;
    }

    /// Where the clients of a source are.
    fn places_of(&self, ctx: &TrafficCtx<'_>, route: RouteId) -> Places {
        let spec = self.route(route);
        let powered = (0..ctx.cluster.nodes()).filter(|node| ctx.cluster.has_power(*node));
        let nodes: Vec<u32> = match &spec.from {
            From::Node(name) => ctx.cluster.node(name).into_iter().collect(),
            From::Zone(zone) => {
                powered.filter(|node| ctx.cluster.zone(*node).as_ref() == Some(zone)).collect()
            }
            _ => powered.collect(),
        };
        let weight = 1.0 / nodes.len().max(1) as f64;
        nodes.into_iter().map(|node| (node, weight)).collect()
    }

    /// Sends `count` requests of a route and counts what becomes of them.
    #[expect(clippy::too_many_arguments, reason = "one call of one route, with all that it depends on")]
    fn pour(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        route: RouteId,
        namespace: &Name,
        places: &Places,
        count: f64,
        random: bool,
        objective: Option<u32>,
        depth: u32,
    ) -> Fate {
        let spec = self.route(route).clone();
        let mut fate = self.spread(ctx, route, namespace, places, count, random, depth);
        let mut retried = 0.0;
        for _ in 0..spec.retries.attempts {
            let failing = fate.failures();
            let budget = spec.retries.budget_per_million.map_or(f64::INFINITY, |part| f64::from(part) / 1e6);
            let part = failing.min(budget - retried);
            if part * count < 1e-9 {
                break;
            }
            retried += part;
            let again = self.spread(ctx, route, namespace, places, count * part, random, depth);
            for cause in &mut fate.failed {
                *cause *= 1.0 - part / failing;
            }
            fate.add(part, &again);
        }
        let flow = self.measures.flow(route, &spec.client, namespace, &spec.service, objective);
        self.count(ctx, flow, count, &fate, retried);
        fate
    }

    /// Counts whole requests; parts are kept for the next step.
    fn count(&mut self, ctx: &mut TrafficCtx<'_>, flow: u32, count: f64, fate: &Fate, retried: f64) {
        let mut whole = |slot: u8, parts: f64| {
            let rest = self.fluid.rests.entry_or_default((flow, slot));
            *rest += (parts * ONE) as u64;
            let whole = *rest >> 32;
            *rest &= (1 << 32) - 1;
            whole
        };
        let sent = whole(0, count);
        let answered = whole(1, count * fate.answered);
        let failed =
            Cause::ALL.map(|cause| (cause, whole(2 + cause as u8, count * fate.failed[cause as usize])));
        let retries = whole(2 + CAUSES as u8, count * retried);
        let latency = SimDuration::from_secs_f64(fate.latency).unwrap_or_default();
        self.measures.sent_many(flow, sent, retries);
        self.measures.ended_many(flow, Ok(()), latency, answered, ctx.now, ctx.trace);
        for (cause, count) in failed {
            self.measures.ended_many(flow, Err(cause), latency, count, ctx.now, ctx.trace);
        }
    }

    /// Spreads requests over endpoints as the proxies of their clients do.
    #[expect(clippy::too_many_arguments, reason = "see above")]
    fn spread(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        route: RouteId,
        namespace: &Name,
        places: &Places,
        count: f64,
        random: bool,
        depth: u32,
    ) -> Fate {
        let spec = self.route(route).clone();
        if places.is_empty() || ctx.cluster.is_down(namespace, &spec.service) {
            return Fate::all(Cause::TimedOut);
        }
        if ctx.services.newest(namespace, &spec.service).is_none_or(|rules| rules.service.is_none()) {
            return Fate::all(Cause::NoSuchHost);
        }
        let timing = ctx.timing();
        let mut by_version: BTreeMap<u32, Places> = BTreeMap::new();
        for (node, weight) in places {
            let version = ctx.proxies.version(*node, ctx.now, ctx.services, timing);
            by_version.entry(version).or_default().push((*node, *weight));
        }
        let mut fate = Fate::default();
        for (version, places) in by_version {
            let weight: f64 = places.iter().map(|(_, weight)| weight).sum();
            let Some(rules) = ctx.services.at(namespace, &spec.service, version).cloned() else {
                fate.add(weight, &Fate::all(Cause::TimedOut));
                continue;
            };
            let targets = candidates(&rules, Scope::Internal, places[0].0, None);
            if targets.is_empty() {
                fate.add(weight, &Fate::all(Cause::NoEndpoint));
            }
            let share = weight / targets.len().max(1) as f64;
            for target in targets {
                let port = super::client::target_port(Some(&rules), target, spec.port.as_deref());
                let reached: f64 = places
                    .iter()
                    .filter(|(node, _)| !ctx.passage(Some(*node), target.node).cut)
                    .map(|(_, part)| part / weight)
                    .sum();
                let of_target = match port.map(|port| ctx.cluster.door(target, port)) {
                    None | Some(Door::Refused) => Fate::all(Cause::Refused),
                    Some(Door::Silent | Door::Hung(_)) => Fate::all(Cause::TimedOut),
                    Some(Door::Open(process)) => {
                        let one_way = ctx.one_way(Some(places[0].0), target.node).as_secs_f64();
                        let mut fate = self.fill(
                            ctx,
                            route,
                            target.pod,
                            target.node,
                            &target.namespace,
                            &process,
                            count * share * reached,
                            random,
                            depth,
                        );
                        fate.latency += one_way * 4.0;
                        fate
                    }
                };
                fate.add(share * reached, &of_target);
                fate.add(share * (1.0 - reached), &Fate::all(Cause::TimedOut));
            }
        }
        fate
    }

    /// What becomes of requests at one program.
    #[expect(clippy::too_many_arguments, reason = "see above")]
    fn fill(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        route: RouteId,
        pod: Uid,
        node: u32,
        namespace: &Name,
        process: &Process,
        count: f64,
        random: bool,
        depth: u32,
    ) -> Fate {
        let timeout = self.route(route).timeout.as_secs_f64();
        let model: &AppModel = &process.model;
        let path = self.route(route).path.clone();
        let rule = model.http.iter().position(|rule| glob(&rule.path, &path));
        if rule.is_none() && !model.http.is_empty() {
            return Fate::all(Cause::ErrorStatus);
        }
        let http = rule.map(|rule| &model.http[rule]);
        let own = http.map(|rule| rule.cpu).filter(|cpu| *cpu > SimDuration::ZERO);
        let need = own.unwrap_or(model.cpu_per_request).as_secs_f64();
        let basin = self.fluid.basins.entry((pod, process.container)).or_default();
        if basin.start != process.start {
            *basin = Basin { start: process.start, ..Basin::default() };
        }
        basin.capacity_milli = process.cpu_milli;
        basin.wanted_ns += (need * count * 1e9) as u64;
        basin.came_milli += (count * 1000.0) as u64;
        let cores = process.cpu_milli as f64 / 1000.0;
        let busy = basin.load_per_million as f64 / 1e6;
        let service = need / cores.min(1.0);
        // One alone, or a processor-sharing queue with random arrivals.
        let worked = if random && busy < SATURATED { service / (1.0 - busy) } else { service };
        let waited = basin.backlog_ns as f64 / 1e9 / cores;
        let rests = http.map_or(0.0, |rule| mean(&rule.latency));
        let is_well = http.is_none_or(|rule| {
            (200..400).contains(&rule.status)
                && rule.needs.iter().all(|service| ctx.cluster.is_available(namespace, service))
        });
        let mut latency = waited + worked + rests;
        let mut answered = if is_well { 1.0 } else { 0.0 };
        if let (true, Some(rule)) = (is_well && depth < DEEPEST, rule) {
            let parallel = model.http[rule].parallel;
            let mut longest: f64 = 0.0;
            for call in self.routes.calls(&model.name, rule).to_vec() {
                let spec = self.route(call);
                let (times, optional) = (f64::from(spec.times), spec.optional);
                let inner = spec.namespace.clone().unwrap_or_else(|| namespace.clone());
                let places = vec![(node, 1.0)];
                let fate =
                    self.pour(ctx, call, &inner, &places, count * answered * times, random, None, depth + 1);
                let took = fate.latency * if parallel { 1.0 } else { times };
                longest = longest.max(took);
                latency += if parallel { 0.0 } else { took };
                if !optional {
                    answered *= libm::pow(fate.answered, times);
                }
            }
            latency += longest * f64::from(u8::from(parallel));
        }
        let mut fate = Fate { latency, ..Fate::default() };
        if latency > timeout {
            fate.failed[Cause::TimedOut as usize] = 1.0;
        } else {
            fate.answered = answered;
            fate.failed[Cause::ErrorStatus as usize] = 1.0 - answered;
        }
        fate
    }

    /// The step is over: what could not be done stays.
    fn settle_basins(&mut self, seconds: f64) {
        for basin in self.fluid.basins.values_mut() {
            let able = (seconds * basin.capacity_milli as f64 * 1e6) as u64;
            let wanted = basin.backlog_ns + basin.wanted_ns;
            let done = wanted.min(able);
            basin.backlog_ns = wanted - done;
            basin.load_per_million =
                (basin.wanted_ns.saturating_mul(1_000_000)).checked_div(able).unwrap_or(0);
            basin.cpu_used += SimDuration::from_nanos(done);
            basin.requests_milli += basin.came_milli;
            (basin.wanted_ns, basin.came_milli) = (0, 0);
        }
    }
}

impl Fluid {
    /// What a container's process has done for requests.
    pub(super) fn load_of(&self, pod: Uid, container: u16) -> ServerLoad {
        let basin = self.basins.get(&(pod, container));
        basin.map_or(ServerLoad::default(), |basin| ServerLoad {
            cpu: basin.cpu_used,
            requests: basin.requests_milli / 1000,
            present: 0,
        })
    }
}

/// The mean of a distribution in seconds, from equally probable values.
fn mean(distribution: &Distribution) -> f64 {
    const VALUES: u32 = 64;
    let values = (0..VALUES).map(|index| (f64::from(index) + 0.5) / f64::from(VALUES));
    values.map(|u| distribution.sample(u).max(0.0)).sum::<f64>() / f64::from(VALUES)
}
