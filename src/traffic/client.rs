//! The client's side: calls, their attempts, connections, retries.

use std::sync::Arc;

use crate::api::Uid;
use crate::api::service::ServicePort;
use crate::base::Name;
use crate::kernel::{EventHandle, SimDuration, SimTime};
use crate::network::{Choice, Rules, Scope, Target, choose};

use super::engine::{Happening, Sort, Traffic, TrafficCtx};
use super::measure::{Cause, FlowId, Outcome};
use super::plan::From;
use super::pool::Id;
use super::route::{Route, RouteId};
use super::visit::{Visit, VisitState};

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// A source.
    Source(u32),
    /// A process that works on a request.
    Server(Id),
}

/// What waits for a call.
#[derive(Clone, Copy, Debug)]
enum Waiter {
    /// Nobody, or a user.
    Source(u32, Option<u32>),
    /// A request at a program.
    Visit(Id),
}

/// An open connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) target: Arc<Target>,
    pub(super) port: i32,
    /// Container and start of the process at the other end.
    pub(super) process: (u16, u64),
    /// The node that the client is on.
    pub(super) from: Option<u32>,
    /// Whether it is one only in name: datagrams, which nobody acknowledges or sends again.
    pub(super) is_udp: bool,
}

/// A request as its client sees it: one or several attempts.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) route: RouteId,
    pub(super) flow: FlowId,
    pub(super) namespace: Name,
    pub(super) owner: Owner,
    waiter: Waiter,
    /// Number among the calls of its route.
    number: u32,
    began: SimTime,
    attempt: u32,
    deadline: Option<EventHandle>,
    /// Connection of the present attempt.
    connection: Option<Connection>,
}

/// Attempts have so many draws each.
const DRAWS: u64 = 64;
/// Which draw of an attempt is for what.
pub(super) mod draw {
    pub(in crate::traffic) const NODE: u64 = 0;
    pub(in crate::traffic) const ENDPOINT: u64 = 1;
    pub(in crate::traffic) const LATENCY: u64 = 2;
    /// Losses of the handshake, of the request, and of the answer.
    pub(in crate::traffic) const LOSS: [u64; 3] = [8, 24, 40];
}

/// First wait for the answer to a SYN (RFC 6298), and for the acknowledgement of data on a known path.
const HANDSHAKE_TIMEOUT: SimDuration = SimDuration::from_secs(1);
pub(super) const DATA_TIMEOUT: SimDuration = SimDuration::from_millis(200);
/// Retransmissions before a packet counts as lost for good.
const RETRANSMISSIONS: u64 = 10;

/// A way to the endpoint, or what becomes of the attempt without one.
enum Way {
    /// There.
    To(Arc<Target>, Option<u32>),
    /// It fails at once.
    Fails(Cause),
    /// Nothing is heard any more.
    Lost,
}

impl Traffic {
    /// A source sends a request.
    pub(super) fn begin_call(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        source: u32,
        owner: Owner,
        user: Option<u32>,
    ) {
        let objective = Some(self.source(source).objective_per_million);
        let namespace = self.source(source).namespace.clone();
        self.call(ctx, source, namespace, owner, Waiter::Source(source, user), objective);
    }

    /// A request at a program makes a call.
    pub(super) fn call_from(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        route: RouteId,
        server: Id,
        visit: Id,
    ) -> Id {
        let own = self.servers.get(server).expect("a visit is at a server").namespace.clone();
        let namespace = self.route(route).namespace.clone().unwrap_or(own);
        self.call(ctx, route, namespace, Owner::Server(server), Waiter::Visit(visit), None)
    }

    fn call(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        route: RouteId,
        namespace: Name,
        owner: Owner,
        waiter: Waiter,
        objective: Option<u32>,
    ) -> Id {
        let spec = self.routes.get(route);
        let flow = self.measures.flow(route, &spec.client, &namespace, &spec.service, objective);
        self.measures.sent(flow);
        let number = self.called[route as usize];
        self.called[route as usize] = number.wrapping_add(1);
        if let Some(budget) = spec.retries.budget_per_million {
            let tokens = self.retry_tokens.entry_or_default(route);
            // What is not used up is kept, but not more than ten retries.
            *tokens = (*tokens + u64::from(budget)).min(10_000_000);
        }
        let call = self.calls.add(Call {
            route,
            flow,
            namespace,
            owner,
            waiter,
            number,
            began: ctx.now,
            attempt: 0,
            deadline: None,
            connection: None,
        });
        if let Owner::Source(_) = owner {
            self.attempt(ctx, call);
        } else {
            // The caller has to have noted the call before it can fail.
            self.at(ctx.now, Sort::Retries, u64::from(route), number, Happening::Retries(call));
        }
        call
    }

    /// A call is tried, for the first time or again.
    pub(super) fn attempt(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.attempt += 1;
        let (route, attempt, number) = (call.route, call.attempt, call.number);
        let draws = u64::from(self.attempts[route as usize]) * DRAWS;
        let visit_number = self.attempts[route as usize];
        self.attempts[route as usize] = visit_number.wrapping_add(1);
        let timeout = self.route(route).timeout;
        let deadline =
            self.at(ctx.now + timeout, Sort::Deadline, u64::from(route), number, Happening::Deadline(id));
        let call = self.calls.get_mut(id).expect("it was there");
        call.deadline = Some(deadline);
        let reused = self.open_connection(ctx, id);
        let (connection, handshake) = match reused {
            Some(connection) => (connection, false),
            None => match self.connect(ctx, id, draws) {
                Ok(Some(connection)) => {
                    let handshake = !connection.is_udp;
                    (connection, handshake)
                }
                Ok(None) => return,
                Err((cause, after)) => {
                    self.reply(ctx.now + after, id, attempt, Err(cause), visit_number);
                    return;
                }
            },
        };
        self.send(ctx, id, &connection, handshake, visit_number);
    }

    /// Sends the request of an attempt over a connection.
    fn send(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        id: Id,
        connection: &Connection,
        handshake: bool,
        visit_number: u32,
    ) {
        let call = self.calls.get_mut(id).expect("an attempt is one of a call");
        let (route, attempt, namespace) = (call.route, call.attempt, call.namespace.clone());
        call.connection = Some(connection.clone());
        let draws = u64::from(visit_number) * DRAWS;
        let node = connection.target.node;
        let spec = self.routes.get(route);
        if ctx.passage(connection.from, node).cut || ctx.cluster.is_down(&namespace, &spec.service) {
            return;
        }
        let one_way = ctx.one_way(connection.from, node);
        let mut travels = one_way;
        if handshake {
            let Some(lost) = self.losses(
                ctx,
                route,
                connection.from,
                node,
                draws + draw::LOSS[0],
                Some(HANDSHAKE_TIMEOUT),
            ) else {
                return;
            };
            travels += one_way + one_way + lost;
        }
        let again = (!connection.is_udp).then_some(DATA_TIMEOUT);
        let Some(lost) = self.losses(ctx, route, connection.from, node, draws + draw::LOSS[1], again) else {
            return;
        };
        let visit = self.visits.add(Visit {
            call: id,
            attempt,
            route,
            target: connection.target.clone(),
            port: connection.port,
            from: connection.from,
            expects: (!handshake && !connection.is_udp).then_some(connection.process),
            is_udp: connection.is_udp,
            server: None,
            rule: None,
            state: VisitState::Travels,
            number: visit_number,
            calls: Vec::new(),
            next_call: 0,
            waits_for: 0,
        });
        self.at(
            ctx.now + travels + lost,
            Sort::Reaches,
            u64::from(route),
            visit_number,
            Happening::Reaches(visit),
        );
    }

    /// Extra time of a packet that gets lost some times and is sent again after `timeout` and twice that and so on; `None` = it
    /// never arrives. Without a time-out it is sent once.
    pub(super) fn losses(
        &self,
        ctx: &TrafficCtx<'_>,
        route: RouteId,
        from: Option<u32>,
        to: u32,
        first_draw: u64,
        timeout: Option<SimDuration>,
    ) -> Option<SimDuration> {
        let loss = u64::from(ctx.passage(from, to).loss_per_million);
        let mut extra = SimDuration::ZERO;
        if loss == 0 {
            return Some(extra);
        }
        let draws = self.route(route).draws;
        for again in 0..RETRANSMISSIONS {
            if draws.below_at(first_draw + again, 1_000_000) >= loss {
                return Some(extra);
            }
            extra += timeout? * (1 << again);
        }
        None
    }

    /// An idle connection of the client whose other end is still there, as far as the client can know.
    fn open_connection(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) -> Option<Connection> {
        let call = self.calls.get(id)?;
        if !self.route(call.route).reuse {
            return None;
        }
        let (owner, route, namespace) = (call.owner, call.route, call.namespace.clone());
        let timing = ctx.timing();
        let idle = self.connections.get_mut(&(owner, route))?;
        while let Some(connection) = idle.pop() {
            if connection.is_udp {
                // A socket keeps its endpoint until the proxy takes the rule and with it the tracked flow away.
                let proxy = connection.from.unwrap_or(connection.target.node);
                let version = ctx.proxies.version(proxy, ctx.now, ctx.services, timing);
                let rules = ctx.services.at(&namespace, &self.routes.get(route).service, version);
                let mut targets =
                    rules.into_iter().flat_map(|rules| rules.ready.iter().chain(&rules.leaving));
                if targets.any(|target| target.pod == connection.target.pod) {
                    return Some(connection);
                }
                continue;
            }
            let silent = !ctx.cluster.has_power(connection.target.node);
            let same = ctx.cluster.listener(&connection.target, connection.port) == Some(connection.process);
            if silent || same {
                return Some(connection);
            }
        }
        None
    }

    /// Opens a connection. `Ok(None)` = nothing is heard any more; an error comes after some time.
    fn connect(
        &mut self,
        ctx: &mut TrafficCtx<'_>,
        id: Id,
        draws: u64,
    ) -> Result<Option<Connection>, (Cause, SimDuration)> {
        let (target, from) = match self.way(ctx, id, draws) {
            Way::To(target, from) => (target, from),
            Way::Fails(cause) => return Err((cause, SimDuration::ZERO)),
            Way::Lost => return Ok(None),
        };
        let call = self.calls.get(id).expect("an attempt is one of a call");
        let spec = self.route(call.route);
        let rules = ctx.services.newest(&call.namespace, &spec.service);
        let own = service_port(rules.map(AsRef::as_ref), spec.port.as_deref());
        let is_udp = own.is_some_and(|port| port.protocol.as_deref() == Some("UDP"));
        let port = target_port(own, &target, spec.port.as_deref());
        let Some(port) = port else { return Err((Cause::NoEndpoint, SimDuration::ZERO)) };
        let process = ctx.cluster.listener(&target, port).unwrap_or_default();
        Ok(Some(Connection { target, port, process, from, is_udp }))
    }

    /// Which endpoint a new connection leads to.
    fn way(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, draws: u64) -> Way {
        let call = self.calls.get(id).expect("an attempt is one of a call");
        let (route, owner, namespace) = (call.route, call.owner, call.namespace.clone());
        let spec = self.routes.get(route).clone();
        let Some((proxy, from, scope)) = self.entry(ctx, owner, route, &namespace, draws) else {
            return Way::Lost;
        };
        if !ctx.cluster.has_power(proxy) {
            // Sent to a machine that is gone.
            return Way::Lost;
        }
        let ttl = ctx.settings.dns_ttl;
        let resolved = ctx.dns.resolve(proxy, &namespace, &spec.service, ctx.services, ctx.now, ttl);
        let Some(resolved) = resolved else { return Way::Fails(Cause::NoSuchHost) };
        let pick = |n: u64| spec.draws.below_at(draws + draw::ENDPOINT, n);
        if is_headless(&resolved) {
            // The client chooses among the addresses that it was told; there is no proxy in between.
            let count = resolved.ready.len() as u64;
            return match count {
                0 => Way::Fails(Cause::NoSuchHost),
                _ => Way::To(resolved.ready[pick(count) as usize].clone(), from),
            };
        }
        let timing = ctx.timing();
        let version = ctx.proxies.version(proxy, ctx.now, ctx.services, timing);
        let Some(rules) = ctx.services.at(&namespace, &spec.service, version).cloned() else {
            // The name has an address, but the proxy has no rule for it yet.
            return Way::Lost;
        };
        if let Some(target) = self.affine(ctx, &rules, proxy, owner, route) {
            return Way::To(target, Some(proxy).filter(|_| from.is_some()));
        }
        let zone = ctx.cluster.zone(proxy);
        match choose(&rules, scope, proxy, zone.as_ref(), pick) {
            Choice::To(target) => {
                self.remember(ctx, &rules, proxy, owner, route, target.pod);
                Way::To(target, from)
            }
            Choice::Reject => Way::Fails(Cause::NoEndpoint),
            Choice::Drop => Way::Lost,
        }
    }

    /// Whose proxy a new connection meets, on which node its client is, and through which door it comes.
    fn entry(
        &self,
        ctx: &TrafficCtx<'_>,
        owner: Owner,
        route: RouteId,
        namespace: &Name,
        draws: u64,
    ) -> Option<(u32, Option<u32>, Scope)> {
        if let Owner::Server(server) = owner {
            let node = self.servers.get(server)?.node;
            return Some((node, Some(node), Scope::Internal));
        }
        let (nodes, is_outside) = self.senders(ctx, route, namespace);
        let node = drawn(&nodes, self.routes.get(route), draws)?;
        let scope = if is_outside { Scope::External } else { Scope::Internal };
        Some((node, (!is_outside).then_some(node), scope))
    }

    /// The nodes whose proxies the requests of a source meet, all with equal probability, and whether its clients are outside.
    pub(super) fn senders(&self, ctx: &TrafficCtx<'_>, route: RouteId, namespace: &Name) -> (Vec<u32>, bool) {
        let spec = self.routes.get(route);
        let newest = ctx.services.newest(namespace, &spec.service);
        let kind = newest.and_then(|rules| rules.service.as_ref()?.spec.kind.clone());
        let is_outside = match &spec.from {
            From::Anywhere => matches!(kind.as_deref(), Some("NodePort" | "LoadBalancer")),
            From::Outside => true,
            From::Cluster | From::Node(_) | From::Zone(_) => false,
        };
        if is_outside && kind.as_deref() == Some("LoadBalancer") {
            return (self.balancers.nodes(namespace, &spec.service), true);
        }
        let powered = (0..ctx.cluster.nodes()).filter(|node| ctx.cluster.has_power(*node));
        let nodes: Vec<u32> = match &spec.from {
            From::Node(name) => ctx.cluster.node(name).into_iter().collect(),
            From::Zone(zone) => {
                powered.filter(|node| ctx.cluster.zone(*node).as_ref() == Some(zone)).collect()
            }
            From::Anywhere | From::Outside | From::Cluster => powered.collect(),
        };
        (nodes, is_outside)
    }

    /// The endpoint that a client of a Service with session affinity had before, if it is still there.
    fn affine(
        &mut self,
        ctx: &TrafficCtx<'_>,
        rules: &Rules,
        proxy: u32,
        owner: Owner,
        route: RouteId,
    ) -> Option<Arc<Target>> {
        let timeout = affinity_timeout(rules)?;
        let key = (proxy, client_number(owner), route);
        let (pod, last) = self.affinity.get_mut(&key)?;
        if ctx.now.saturating_since(*last) > timeout {
            return None;
        }
        let target = rules.ready.iter().chain(&rules.leaving).find(|target| target.pod == *pod)?;
        *last = ctx.now;
        Some(target.clone())
    }

    fn remember(
        &mut self,
        ctx: &TrafficCtx<'_>,
        rules: &Rules,
        proxy: u32,
        owner: Owner,
        route: RouteId,
        pod: Uid,
    ) {
        if affinity_timeout(rules).is_some() {
            self.affinity.insert((proxy, client_number(owner), route), (pod, ctx.now));
        }
    }

    /// An answer is on its way to the client.
    pub(super) fn reply(&mut self, at: SimTime, call: Id, attempt: u32, outcome: Outcome, number: u32) {
        let Some(route) = self.calls.get(call).map(|call| call.route) else { return };
        let what = Happening::Replies { call, attempt, outcome };
        self.at(at, Sort::Replies, u64::from(route), number, what);
    }

    /// An answer reaches the client.
    pub(super) fn replied(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, attempt: u32, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(id) else { return };
        // What comes after its deadline is of no interest any more.
        if call.attempt != attempt || call.deadline.is_none() {
            return;
        }
        if let Some(handle) = call.deadline.take() {
            self.agenda.cancel(handle);
        }
        let is_alive = matches!(outcome, Ok(()) | Err(Cause::ErrorStatus | Cause::TurnedAway));
        let (owner, route) = (call.owner, call.route);
        if let Some(connection) = call.connection.take()
            && is_alive
            && self.routes.get(route).reuse
        {
            self.connections.entry_or_default((owner, route)).push(connection);
        }
        self.attempt_ended(ctx, id, outcome);
    }

    /// The client waits no longer for the present attempt. The program may still work on it.
    pub(super) fn deadline(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.deadline = None;
        call.connection = None;
        self.attempt_ended(ctx, id, Err(Cause::TimedOut));
    }

    fn attempt_ended(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, outcome: Outcome) {
        let call = self.calls.get(id).expect("an attempt is one of a call");
        let (route, attempt, number, flow) = (call.route, call.attempt, call.number, call.flow);
        let retries = &self.routes.get(route).retries;
        let (backoff, budget) = (retries.backoff, retries.budget_per_million);
        if outcome.is_err() && attempt <= retries.attempts && self.may_retry(route, budget) {
            self.measures.retried(flow);
            let wait = backoff * (1 << (attempt - 1).min(16));
            self.at(ctx.now + wait, Sort::Retries, u64::from(route), number, Happening::Retries(id));
            return;
        }
        self.end_call(ctx, id, outcome);
    }

    /// Takes a retry out of the budget.
    fn may_retry(&mut self, route: RouteId, budget: Option<u32>) -> bool {
        if budget.is_none() {
            return true;
        }
        let tokens = self.retry_tokens.entry_or_default(route);
        let allowed = *tokens >= 1_000_000;
        if allowed {
            *tokens -= 1_000_000;
        }
        allowed
    }

    fn end_call(&mut self, ctx: &mut TrafficCtx<'_>, id: Id, outcome: Outcome) {
        let call = self.calls.remove(id).expect("a call ends once");
        let latency = ctx.now.saturating_since(call.began);
        self.measures.ended(call.flow, outcome, latency, ctx.now, ctx.trace);
        match call.waiter {
            Waiter::Source(source, Some(user)) => self.user_thinks(ctx.now, source, user),
            Waiter::Source(_, None) => {}
            Waiter::Visit(visit) => {
                self.call_ended(ctx, visit, id, outcome.is_ok() || self.route(call.route).optional);
            }
        }
    }

    /// The client of a call is gone: nobody waits for it.
    pub(super) fn abandon_call(&mut self, ctx: &mut TrafficCtx<'_>, id: Id) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if let Some(handle) = call.deadline.take() {
            self.agenda.cancel(handle);
        }
        let call = self.calls.remove(id).expect("it was there");
        let latency = ctx.now.saturating_since(call.began);
        self.measures.ended(call.flow, Err(Cause::ClientGone), latency, ctx.now, ctx.trace);
    }
}

/// One of the nodes, all with equal probability.
fn drawn(nodes: &[u32], route: &Route, draws: u64) -> Option<u32> {
    let count = nodes.len() as u64;
    (count > 0).then(|| nodes[route.draws.below_at(draws + draw::NODE, count) as usize])
}

fn client_number(owner: Owner) -> u32 {
    match owner {
        Owner::Source(source) => source,
        // The slot of a process; a client elsewhere is another one.
        Owner::Server(server) => u32::MAX ^ server.number() as u32,
    }
}

pub(super) fn is_headless(rules: &Rules) -> bool {
    rules.service.as_ref().is_some_and(|service| service.spec.cluster_ip.as_deref() == Some("None"))
}

/// How long a client stays with its endpoint, for `sessionAffinity: ClientIP`.
pub(super) fn affinity_timeout(rules: &Rules) -> Option<SimDuration> {
    let spec = &rules.service.as_ref()?.spec;
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return None;
    }
    let config = spec.session_affinity_config.as_ref();
    let seconds = config.and_then(|config| config.pointer("/clientIP/timeoutSeconds"));
    Some(SimDuration::from_secs(seconds.and_then(serde_json::Value::as_u64).unwrap_or(10_800)))
}

/// The port of the Service that requests go to, by name or number; the first if none is named.
pub(super) fn service_port<'a>(rules: Option<&'a Rules>, wanted: Option<&str>) -> Option<&'a ServicePort> {
    let ports = &rules?.service.as_ref()?.spec.ports;
    match wanted {
        None => ports.first(),
        Some(wanted) => {
            ports.iter().find(|port| port.name.as_deref() == Some(wanted) || wanted.parse() == Ok(port.port))
        }
    }
}

/// The port of an endpoint that a port of the Service leads to.
pub(super) fn target_port(port: Option<&ServicePort>, target: &Target, wanted: Option<&str>) -> Option<i32> {
    match port {
        Some(port) => target.port(port.name.as_deref().unwrap_or_default()),
        None if wanted.is_none() => target.ports.first().map(|(_, number)| *number),
        None => None,
    }
}
