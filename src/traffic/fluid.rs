//! The fluid engine: rates per step instead of requests one by one, for loads that are too large for the exact engine.
//!
//! In every step the requests of each source are spread over endpoints as load balancers and proxies would, wait as the
//! program's queue (`basin`) lets them wait, and make their calls. Of latencies only the mean is known: all answers of a step
//! and flow count with it, so percentiles of a step are its mean, and a time-out strikes all requests of a program or none.
//! What the exact engine knows beyond that (endpoints that kept connections stay with, requests cut off when a process ends,
//! the spread of latencies, retries in time) is not here. State is kept in whole numbers; floats live within one step.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Uid;
use crate::base::{LookupMap, Name};
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::network::choice::{candidates, is_dropped, is_same_everywhere};
use crate::network::{Rules, Scope, Target};
use crate::workload::model::glob;
use crate::workload::{AppModel, Crowd};

use super::basin::{Basin, Demand};
use super::client::{affinity_timeout, draw, is_headless, service_port, target_port};
use super::cluster::{Door, Process};
use super::engine::{ServerLoad, Traffic, TrafficCtx};
use super::measure::Cause;
use super::plan::Load;
use super::route::RouteId;

/// Parts of a request are counted in this unit.
const ONE: f64 = (1_u64 << 32) as f64;
/// Calls deeper than this are taken for a circle.
const DEEPEST: u32 = 16;
const CAUSES: usize = Cause::ALL.len();

/// State of the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Fluid {
    basins: BTreeMap<(Uid, u16), Basin>,
    /// Parts of requests, by flow and by what became of them (first: sent).
    rests: LookupMap<(u32, u8), u64>,
    /// How long requests of each source took in the last step, with or without success.
    took_ns: BTreeMap<u32, u64>,
    last: SimTime,
}

/// Who sends requests, and through which door.
#[derive(Clone, Debug)]
struct Senders {
    /// Nodes whose proxies are met, with their parts of the requests.
    proxies: Vec<(u32, f64)>,
    /// Whether the clients are outside of the cluster.
    outside: bool,
}

/// Requests of one route in a step.
#[derive(Clone, Copy, Debug)]
struct Batch<'a> {
    route: RouteId,
    namespace: &'a Name,
    count: f64,
    random: bool,
    depth: u32,
}

/// What became of requests, as parts of one.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    answered: f64,
    failed: [f64; CAUSES],
    /// Seconds, of those answered.
    latency: f64,
    /// Seconds that all of them together took, but for time-outs.
    spent: f64,
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
        self.spent += part * other.spent;
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
        for index in 0..self.source_count() {
            let (count, random) = self.expected(index, from, until);
            if count > 0.0 {
                let source = self.source(index);
                let (namespace, objective) = (source.namespace.clone(), Some(source.objective_per_million));
                let (nodes, outside) = self.senders(ctx, index, &namespace);
                let weight = 1.0 / nodes.len().max(1) as f64;
                let proxies = nodes.into_iter().map(|node| (node, weight)).collect();
                let batch = Batch { route: index, namespace: &namespace, count, random, depth: 0 };
                let fate = self.pour(ctx, batch, &Senders { proxies, outside }, objective);
                self.fluid.took_ns.insert(index, (fate.spent * 1e9) as u64);
            }
        }
        let seconds = until.saturating_since(from).as_secs_f64();
        for basin in self.fluid.basins.values_mut() {
            basin.settle(seconds);
            self.loads.tell(until, basin.node, basin.process, basin.load(seconds));
        }
        self.fluid.last = until;
    }

    /// How many requests of a source come in a step, and whether at random.
    fn expected(&self, index: u32, from: SimTime, until: SimTime) -> (f64, bool) {
        let source = self.source(index);
        let (begin, end) = (from.max(source.begins), source.ends.map_or(until, |ends| ends.min(until)));
        if begin >= end {
            return (0.0, false);
        }
        match &source.load {
            Load::Open { rate, random } => {
                (rate.expected(end, source.begins) - rate.expected(begin, source.begins), *random)
            }
            Load::Closed { users, think, ramp_up } => {
                let answer = self.fluid.took_ns.get(&index).map_or(0.0, |ns| *ns as f64 / 1e9);
                let seconds = end.saturating_since(begin).as_secs_f64();
                let age = begin.saturating_since(source.begins).as_secs_f64() + seconds / 2.0;
                let there = (age / ramp_up.as_secs_f64()).min(1.0);
                (f64::from(*users) * there * seconds / (mean(think) + answer).max(1e-6), true)
            }
        }
    }

    /// Sends requests of a route and counts what becomes of them.
    fn pour(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        batch: Batch<'_>,
        senders: &Senders,
        objective: Option<u32>,
    ) -> Fate {
        let spec = self.route(batch.route).clone();
        let mut fate = self.spread(ctx, batch, senders);
        let (timeout, mut retried) = (spec.timeout.as_secs_f64(), 0.0);
        for _ in 0..spec.retries.attempts {
            let failing = fate.failures();
            let budget = spec.retries.budget_per_million.map_or(f64::INFINITY, |part| f64::from(part) / 1e6);
            let part = failing.min(budget - retried);
            if part * batch.count < 1e-9 {
                break;
            }
            retried += part;
            let in_vain = fate.failed[Cause::TimedOut as usize] * part / failing * timeout;
            fate.spent += in_vain + part * spec.retries.backoff.as_secs_f64();
            let again = self.spread(ctx, Batch { count: batch.count * part, ..batch }, senders);
            for cause in &mut fate.failed {
                *cause *= 1.0 - part / failing;
            }
            fate.add(part, &again);
        }
        fate.spent += fate.failed[Cause::TimedOut as usize] * timeout;
        let flow = self.measures.flow(batch.route, &spec.client, batch.namespace, &spec.service, objective);
        self.count(ctx, flow, batch.count, &fate, retried);
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

    /// Spreads requests over endpoints as the proxies that they meet do.
    fn spread(&mut self, ctx: &mut TrafficCtx<'_>, batch: Batch<'_>, senders: &Senders) -> Fate {
        let service = self.route(batch.route).service.clone();
        if senders.proxies.is_empty() || ctx.cluster.is_down(batch.namespace, &service) {
            return Fate::all(Cause::TimedOut);
        }
        let newest = ctx.services.newest(batch.namespace, &service).filter(|rules| rules.service.is_some());
        let Some(newest) = newest.cloned() else { return Fate::all(Cause::NoSuchHost) };
        if is_headless(&newest) {
            let from: Vec<_> = senders.proxies.iter().map(|(node, part)| (Some(*node), *part)).collect();
            if newest.ready.is_empty() {
                return Fate::all(Cause::NoSuchHost);
            }
            return self.share_out(ctx, batch, &newest, &newest.ready, &from);
        }
        let scope = if senders.outside { Scope::External } else { Scope::Internal };
        // Proxies with the same rules do the same, unless the rules look at the node.
        let apart = !is_same_everywhere(&newest, scope) || affinity_timeout(&newest).is_some();
        let timing = ctx.timing();
        let mut groups: BTreeMap<(u32, u32), Vec<(u32, f64)>> = BTreeMap::new();
        let mut fate = Fate::default();
        for (node, part) in &senders.proxies {
            if !ctx.cluster.has_power(*node) {
                fate.add(*part, &Fate::all(Cause::TimedOut));
                continue;
            }
            let version = ctx.proxies.version(*node, ctx.now, ctx.services, timing);
            groups.entry((version, if apart { *node } else { 0 })).or_default().push((*node, *part));
        }
        for ((version, _), proxies) in groups {
            let part: f64 = proxies.iter().map(|(_, part)| part).sum();
            let rules = ctx.services.at(batch.namespace, &service, version).cloned();
            let of_group = rules.map_or(Fate::all(Cause::TimedOut), |rules| {
                let of_part = Batch { count: batch.count * part, ..batch };
                self.through(ctx, of_part, &rules, scope, &proxies)
            });
            fate.add(part, &of_group);
        }
        fate
    }

    /// Requests that meet proxies with the same rules.
    fn through(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        batch: Batch<'_>,
        rules: &Rules,
        scope: Scope,
        proxies: &[(u32, f64)],
    ) -> Fate {
        let proxy = proxies[0].0;
        let zone = ctx.cluster.zone(proxy);
        let mut targets: Vec<Arc<Target>> =
            candidates(rules, scope, proxy, zone.as_ref()).into_iter().cloned().collect();
        if targets.is_empty() {
            let dropped = is_dropped(rules, scope);
            return Fate::all(if dropped { Cause::TimedOut } else { Cause::NoEndpoint });
        }
        if let Some(timeout) = affinity_timeout(rules) {
            targets = vec![self.stays_with(ctx, batch.route, proxy, rules, &targets, timeout)];
        }
        let sum: f64 = proxies.iter().map(|(_, part)| part).sum();
        let inside = scope == Scope::Internal;
        let from: Vec<_> = proxies.iter().map(|(node, part)| (inside.then_some(*node), part / sum)).collect();
        self.share_out(ctx, batch, rules, &targets, &from)
    }

    /// The endpoint that a client of a Service with session affinity stays with.
    fn stays_with(
        &mut self,
        ctx: &TrafficCtx<'_>,
        route: RouteId,
        proxy: u32,
        rules: &Rules,
        targets: &[Arc<Target>],
        timeout: SimDuration,
    ) -> Arc<Target> {
        let key = (proxy, 0, route);
        let known = self.affinity.get(&key).filter(|(_, last)| ctx.now.saturating_since(*last) <= timeout);
        let same = known.and_then(|(pod, _)| {
            rules.ready.iter().chain(&rules.leaving).find(|target| target.pod == *pod).cloned()
        });
        let target = same.unwrap_or_else(|| {
            let number = u64::from(self.attempts[route as usize]);
            self.attempts[route as usize] += 1;
            let draws = self.route(route).draws;
            targets[draws.below_at(number * 64 + draw::ENDPOINT, targets.len() as u64) as usize].clone()
        });
        self.affinity.insert(key, (target.pod, ctx.now));
        target
    }

    /// Every endpoint gets an equal share; `from` = where the packets come from, none = outside.
    fn share_out(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        batch: Batch<'_>,
        rules: &Rules,
        targets: &[Arc<Target>],
        from: &[(Option<u32>, f64)],
    ) -> Fate {
        let spec = self.route(batch.route);
        let (port, trips) = (spec.port.clone(), if spec.reuse { 2.0 } else { 4.0 });
        let share = 1.0 / targets.len() as f64;
        let mut fate = Fate::default();
        for target in targets {
            let (mut reached, mut travels) = (0.0, 0.0);
            for (node, part) in from {
                if !ctx.passage(*node, target.node).cut {
                    reached += part;
                    travels += part * ctx.one_way(*node, target.node).as_secs_f64();
                }
            }
            let port = target_port(service_port(Some(rules), port.as_deref()), target, port.as_deref());
            let of_target = match port.map(|port| ctx.cluster.door(target, port)) {
                None | Some(Door::Refused) => Fate::all(Cause::Refused),
                Some(Door::Silent | Door::Hung(_)) => Fate::all(Cause::TimedOut),
                Some(Door::Open(process)) => {
                    let of_target = Batch { count: batch.count * share * reached, ..batch };
                    let mut fate = self.fill(ctx, of_target, target, &process);
                    let travels = travels / f64::max(reached, 1e-9) * trips;
                    fate.latency += travels;
                    fate.spent += travels;
                    fate
                }
            };
            fate.add(share * reached, &of_target);
            fate.add(share * (1.0 - reached), &Fate::all(Cause::TimedOut));
        }
        fate
    }

    fn basin(&mut self, target: &Target, process: &Process) -> &mut Basin {
        let key = (target.pod, process.id.container);
        let places = (process.model.concurrency, process.model.queue);
        let new = || Basin::new(process.id, target.node, process.cpu, places);
        let basin = self.fluid.basins.entry(key).or_insert_with(new);
        if basin.process != process.id {
            *basin = new();
        }
        basin.room = process.cpu;
        basin
    }

    /// What becomes of requests at one program.
    fn fill(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        batch: Batch<'_>,
        target: &Target,
        process: &Process,
    ) -> Fate {
        let spec = self.route(batch.route);
        let (timeout, path) = (spec.timeout.as_secs_f64(), spec.path.clone());
        let model: &AppModel = &process.model;
        let rule = model.http.iter().position(|rule| glob(&rule.path, &path));
        if rule.is_none() && !model.http.is_empty() {
            return Fate::all(Cause::ErrorStatus);
        }
        let http = rule.map(|rule| &model.http[rule]);
        let own = http.map(|rule| rule.cpu).filter(|cpu| *cpu > SimDuration::ZERO);
        let need = own.unwrap_or(model.cpu_per_request).as_secs_f64();
        let demand = Demand { count: batch.count, need, random: batch.random };
        let stay = self.basin(target, process).take(demand);
        let rests = http.map_or(0.0, |rule| mean(&rule.latency));
        let is_well = http.is_none_or(|rule| {
            (200..400).contains(&rule.status)
                && rule.needs.iter().all(|service| ctx.cluster.is_available(&target.namespace, service))
        });
        let mut answered = if is_well { 1.0 } else { 0.0 };
        let mut held = stay.work + rests;
        if let (true, Some(rule)) = (is_well && batch.depth < DEEPEST, rule) {
            let begun = Batch { count: batch.count * (1.0 - stay.turned_away), ..batch };
            let (took, well) = self.call_others(ctx, begun, target, model, rule);
            held += took;
            answered *= well;
        }
        self.basin(target, process).hold(batch.count * (1.0 - stay.turned_away), held);
        let mut fate = Fate { latency: stay.wait + held, ..Fate::default() };
        fate.failed[Cause::TurnedAway as usize] = stay.turned_away;
        let begun = 1.0 - stay.turned_away;
        if fate.latency > timeout {
            fate.failed[Cause::TimedOut as usize] = begun;
        } else {
            fate.answered = begun * answered;
            fate.spent = begun * fate.latency;
            fate.failed[Cause::ErrorStatus as usize] = begun * (1.0 - answered);
        }
        fate
    }

    /// Calls of a program: how long they take one request, and which part of the requests is none the worse for them.
    fn call_others(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        batch: Batch<'_>,
        target: &Target,
        model: &AppModel,
        rule: usize,
    ) -> (f64, f64) {
        let parallel = model.http[rule].parallel;
        let (mut sum, mut longest, mut answered): (f64, f64, f64) = (0.0, 0.0, 1.0);
        let senders = Senders { proxies: vec![(target.node, 1.0)], outside: false };
        for call in self.routes.calls(&model.name, rule).to_vec() {
            let spec = self.route(call);
            let (times, optional) = (spec.times, spec.optional);
            let namespace = spec.namespace.clone().unwrap_or_else(|| target.namespace.clone());
            let count = batch.count * answered;
            let inner = Batch { route: call, namespace: &namespace, count, depth: batch.depth + 1, ..batch };
            let fate = self.pour(ctx, inner, &senders, None);
            // After a call that failed, those that remain are not made.
            let goes_on = if optional { 1.0 } else { fate.answered };
            let again: f64 = (1..times).map(|done| libm::pow(goes_on, f64::from(done))).sum();
            if again > 0.0 {
                self.pour(ctx, Batch { count: count * again, ..inner }, &senders, None);
            }
            sum += fate.spent * (1.0 + again);
            longest = longest.max(fate.spent);
            if !optional {
                answered *= libm::pow(fate.answered, f64::from(times));
            }
        }
        (if parallel { longest } else { sum }, answered)
    }

    /// The process of a container has ended, and its queue with it.
    pub(super) fn basin_ended(&mut self, pod: Uid, container: u16) {
        self.fluid.basins.remove(&(pod, container));
    }

    pub(super) fn basins_lost(&mut self, node: u32) {
        self.fluid.basins.retain(|_, basin| basin.node != node);
    }
}

impl Fluid {
    /// What a container's process has done for requests.
    pub(super) fn load_of(&self, pod: Uid, container: u16) -> ServerLoad {
        let basin = self.basins.get(&(pod, container));
        basin.map_or(ServerLoad::default(), |basin| ServerLoad {
            cpu: basin.cpu_used,
            requests: basin.taken / 1_000_000,
            present: basin.present(1.0) as usize,
        })
    }

    /// What one more request would meet at a program.
    pub(super) fn crowd(&self, pod: Uid, container: u16) -> Option<Crowd> {
        self.basins.get(&(pod, container)).map(Basin::crowd)
    }
}

/// The mean of a distribution in seconds, from equally probable values.
fn mean(distribution: &Distribution) -> f64 {
    const VALUES: u32 = 64;
    let values = (0..VALUES).map(|index| (f64::from(index) + 0.5) / f64::from(VALUES));
    values.map(|u| distribution.sample(u).max(0.0)).sum::<f64>() / f64::from(VALUES)
}
