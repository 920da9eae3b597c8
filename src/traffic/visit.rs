//! The program's side: a request at a program takes a place, CPU time, waits, calls others, and is answered.

use std::sync::Arc;

use crate::api::Uid;
use crate::kernel::SimDuration;
use crate::network::Target;
use crate::workload::Admission;
use crate::workload::model::glob;

use super::client::{DATA_TIMEOUT, draw};
use super::cluster::Door;
use super::engine::{Happening, Sort, Traffic, TrafficCtx};
use super::measure::{Cause, Outcome};
use super::pool::Id;
use super::route::RouteId;

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VisitState {
    /// On its way.
    Travels,
    /// Taken by a program that never answers.
    Hangs,
    /// In the queue of the program.
    Queued,
    /// It needs CPU.
    Works,
    /// It waits for something that takes no CPU.
    Rests,
    /// It waits for calls to others.
    Calls,
}

/// One attempt of a call, on its way to a program or there.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) call: Id,
    pub(super) attempt: u32,
    pub(super) route: RouteId,
    pub(super) target: Arc<Target>,
    pub(super) port: i32,
    pub(super) from: Option<u32>,
    /// On a connection that was open already: the process at its other end.
    pub(super) expects: Option<(u16, u64)>,
    /// A datagram: nobody hears that a process ended, and what gets lost is not sent again.
    pub(super) is_udp: bool,
    pub(super) server: Option<Id>,
    /// Which rule of the program answers.
    pub(super) rule: Option<usize>,
    pub(super) state: VisitState,
    /// Number among the attempts of its route.
    pub(super) number: u32,
    /// Calls that it waits for.
    pub(super) calls: Vec<Id>,
    /// Which call is next.
    pub(super) next_call: u32,
    /// How many of the calls have not ended.
    pub(super) waits_for: u32,
}

impl Traffic {
    /// A request reaches the machine of its endpoint.
    pub(super) fn visit_reaches(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let visit = self.visits.get(id).expect("a request that travels is there");
        let (target, port, expects) = (visit.target.clone(), visit.port, visit.expects);
        let process = match ctx.cluster.door(&target, port) {
            Door::Silent => {
                self.visits.remove(id);
                return;
            }
            // The other end of an open connection does not know it any more, or nobody listens.
            Door::Refused => {
                let cause = if expects.is_some() { Cause::Reset } else { Cause::Refused };
                self.answer(ctx, id, Err(cause));
                return;
            }
            Door::Hung(process) => {
                let server = self.server(ctx.now, &target, &process);
                self.stay(id, server, VisitState::Hangs);
                return;
            }
            Door::Open(process) => process,
        };
        if expects.is_some_and(|expected| expected != (process.id.container, process.id.start)) {
            self.answer(ctx, id, Err(Cause::Reset));
            return;
        }
        let server = self.server(ctx.now, &target, &process);
        self.stay(id, server, VisitState::Queued);
        let place = self.servers.get_mut(server).expect("it was made");
        place.taken += 1;
        if process.room.is_some_and(|room| place.visits.len() as u64 > room) {
            self.loads.memory_is_full(target.node, process.id);
        }
        match place.desk.enter(id.number(), ctx.now) {
            Admission::Begins => self.begin_work(ctx, id),
            Admission::Waits => {}
            Admission::TurnedAway => {
                place.visits.remove(&id);
                self.answer(ctx, id, Err(Cause::TurnedAway));
            }
        }
    }

    fn stay(&mut self, id: Id, server: Id, state: VisitState) {
        let visit = self.visits.get_mut(id).expect("a request that arrives is there");
        visit.server = Some(server);
        visit.state = state;
        self.servers.get_mut(server).expect("a request arrives at a server").visits.insert(id);
    }

    /// The program begins to work on a request: first comes the CPU time.
    fn begin_work(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let visit = self.visits.get_mut(id).expect("a request at a program is there");
        let server_id = visit.server.expect("it is at a server");
        let server = self.servers.get_mut(server_id).expect("its server is there");
        let model = &server.process.model;
        let path = self.routes.get(visit.route).path.as_str();
        visit.rule = model.http.iter().position(|rule| glob(&rule.path, path));
        let rule = visit.rule.map(|rule| &model.http[rule]);
        if rule.is_none() && !model.http.is_empty() {
            self.finish_work(ctx, id, Err(Cause::ErrorStatus));
            return;
        }
        let own = rule.map(|rule| rule.cpu).filter(|cpu| *cpu > SimDuration::ZERO);
        let need = own.unwrap_or(model.cpu_per_request);
        visit.state = VisitState::Works;
        if need == SimDuration::ZERO {
            self.rest(ctx, id);
            return;
        }
        server.cpu.add(ctx.now, id.number(), need);
        self.plan_cpu(server_id);
    }

    pub(super) fn plan_cpu(&mut self, id: Id) {
        let server = self.servers.get_mut(id).expect("a server that works is there");
        let (next, timer) = (server.cpu.next_done(), server.timer.take());
        let (entity, seq) = (server.pod.stable_id(), u32::from(server.process.id.container));
        if let Some(timer) = timer {
            self.agenda.cancel(timer);
        }
        if let Some(at) = next {
            let handle = self.at(at, Sort::CpuDone, entity, seq, Happening::CpuDone(id));
            self.servers.get_mut(id).expect("it was there").timer = Some(handle);
        }
    }

    /// Some requests have got the CPU time they need.
    pub(super) fn cpu_done(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let Some(server) = self.servers.get_mut(id) else { return };
        server.timer = None;
        for visit in server.cpu.take_done(ctx.now) {
            self.rest(ctx, Id::from_number(visit));
        }
        if self.servers.get(id).is_some() {
            self.plan_cpu(id);
        }
    }

    /// A request waits for what takes time but no CPU.
    fn rest(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let visit = self.visits.get_mut(id).expect("a request at a program is there");
        visit.state = VisitState::Rests;
        let server = self.servers.get(visit.server.expect("it is at a server")).expect("its server is there");
        let rule = visit.rule.map(|rule| &server.process.model.http[rule]);
        let spec = self.routes.get(visit.route);
        let draws = u64::from(visit.number) * 64 + draw::LATENCY;
        let latency = rule
            .map_or(SimDuration::ZERO, |rule| rule.latency.sample_duration(spec.draws.open_unit_at(draws)));
        if latency == SimDuration::ZERO {
            self.visit_rested(ctx, id);
            return;
        }
        let (route, number) = (u64::from(visit.route), visit.number);
        self.at(ctx.now + latency, Sort::Rested, route, number, Happening::Rested(id));
    }

    /// A request has waited: now it calls others, or is answered.
    pub(super) fn visit_rested(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let Some(visit) = self.visits.get_mut(id) else { return };
        visit.state = VisitState::Calls;
        let server = self.servers.get(visit.server.expect("it is at a server")).expect("its server is there");
        let rule = visit.rule.map(|rule| &server.process.model.http[rule]);
        let namespace = &server.namespace;
        let is_well = rule.is_none_or(|rule| {
            (200..400).contains(&rule.status)
                && rule.needs.iter().all(|service| ctx.cluster.is_available(namespace, service))
        });
        if is_well { self.next_calls(ctx, id) } else { self.finish_work(ctx, id, Err(Cause::ErrorStatus)) }
    }

    /// Makes the next call, or all of them, or answers when there is none left.
    fn next_calls(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let visit = self.visits.get(id).expect("a request at a program is there");
        let server = visit.server.expect("it is at a server");
        let model = self.servers.get(server).expect("its server is there").process.model.clone();
        let rule = visit.rule.unwrap_or(0);
        let (done, parallel) = (visit.next_call, model.http.get(rule).is_some_and(|rule| rule.parallel));
        let routes: Vec<RouteId> = self.routes.calls(&model.name, rule).to_vec();
        let all = routes.into_iter().flat_map(|route| {
            let times = self.routes.get(route).times;
            std::iter::repeat_n(route, times as usize)
        });
        let left: Vec<RouteId> =
            all.skip(done as usize).take(if parallel { usize::MAX } else { 1 }).collect();
        if left.is_empty() {
            self.finish_work(ctx, id, Ok(()));
            return;
        }
        let count = left.len() as u32;
        let calls: Vec<Id> = left.into_iter().map(|route| self.call_from(ctx, route, server, id)).collect();
        let visit = self.visits.get_mut(id).expect("it was there");
        visit.next_call += count;
        visit.waits_for = count;
        visit.calls = calls;
    }

    /// A call of a request at a program has ended.
    pub(super) fn call_ended(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, call: Id, well: bool) {
        let Some(visit) = self.visits.get_mut(id) else { return };
        visit.calls.retain(|other| *other != call);
        visit.waits_for -= 1;
        if !well {
            for other in std::mem::take(&mut visit.calls) {
                self.abandon_call(ctx, other);
            }
            self.finish_work(ctx, id, Err(Cause::ErrorStatus));
        } else if visit.waits_for == 0 {
            self.next_calls(ctx, id);
        }
    }

    /// The program is done with a request: its place is free, and the answer goes out.
    fn finish_work(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, outcome: Outcome) {
        let server = self.visits.get(id).and_then(|visit| visit.server).expect("it is at a server");
        let place = self.servers.get_mut(server).expect("its server is there");
        place.visits.remove(&id);
        let next = place.desk.leave(ctx.now);
        self.answer(ctx, id, outcome);
        if let Some(next) = next {
            self.begin_work(ctx, Id::from_number(next));
        }
    }

    /// An answer, or what stands for one, goes to the client.
    fn answer(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, outcome: Outcome) {
        let visit = self.visits.remove(id).expect("a request is answered once");
        let node = visit.target.node;
        if ctx.passage(visit.from, node).cut || (visit.is_udp && outcome == Err(Cause::Reset)) {
            return;
        }
        let draws = u64::from(visit.number) * 64 + draw::LOSS[2];
        let again = (!visit.is_udp).then_some(DATA_TIMEOUT);
        let Some(lost) = self.losses(ctx, visit.route, visit.from, node, draws, again) else { return };
        let at = ctx.now + ctx.one_way(visit.from, node) + lost;
        self.reply(at, visit.call, visit.attempt, outcome, visit.number);
    }

    /// The process of a container has ended: its connections are reset.
    pub fn process_ended(&mut self, ctx: &mut TrafficCtx<'_>, pod: Uid, container: u16) {
        self.basin_ended(pod, container);
        let Some(server) = self.server_of.remove(&(pod, container)) else { return };
        self.close_server(ctx, server, true);
    }

    /// A machine has lost power: its programs are gone without a word.
    pub fn machine_lost(&mut self, ctx: &mut TrafficCtx<'_>, node: u32) {
        self.basins_lost(node);
        for server in self.on_node.remove(&node).unwrap_or_default() {
            if let Some(gone) = self.servers.get(server) {
                self.server_of.remove(&(gone.pod, gone.process.id.container));
                self.close_server(ctx, server, false);
            }
        }
    }

    fn close_server(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, resets: bool) {
        let Some(server) = self.servers.remove(id) else { return };
        if let Some(servers) = self.on_node.get_mut(&server.node) {
            servers.remove(&id);
        }
        if let Some(timer) = server.timer {
            self.agenda.cancel(timer);
        }
        for visit in server.visits {
            let calls = self.visits.get_mut(visit).map(|visit| std::mem::take(&mut visit.calls));
            for call in calls.unwrap_or_default() {
                self.abandon_call(ctx, call);
            }
            if resets {
                self.answer(ctx, visit, Err(Cause::Reset));
            } else {
                self.visits.remove(visit);
            }
        }
    }
}
