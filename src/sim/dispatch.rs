//! Who handles what: one match over all events, and the ways in to each component.

use std::sync::Arc;

use crate::api::{ApiError, ApiResult, Commit, Kind, Object, Op, Request, Uid};
use crate::base::Name;
use crate::component::{Agenda, Class, Ctx, Origin, Submission};
use crate::control::manager::{ControllerEvent, ControllerManager};
use crate::control::scheduling::{SchedulerComponent, SchedulerEvent};
use crate::kernel::{EventHandle, EventKey, EventQueue, SimDuration, SimTime};
use crate::network::ServiceTable;
use crate::node::{Dependencies, Host, NodeEnv, NodeEvent};
use crate::trace::{Detail, RecordId, Subject};
use crate::traffic::Traffic;
use crate::workload::Crowd;

use super::control_plane::Availability;
use super::event::{Answer, Event, Scheduled, Watcher};
use super::faults::ActiveFaults;
use super::records;
use super::world::World;

/// Wraps a component's own events into events of the world.
struct Wrapped<'a, E, F: Fn(E) -> Event> {
    queue: &'a mut EventQueue<Scheduled>,
    wrap: F,
    events: std::marker::PhantomData<E>,
}

impl<E, F: Fn(E) -> Event> Agenda<E> for Wrapped<'_, E, F> {
    fn schedule(&mut self, key: EventKey, event: E, cause: RecordId) -> EventHandle {
        self.queue.schedule(key, Scheduled { cause, event: (self.wrap)(event) })
    }

    fn cancel(&mut self, handle: EventHandle) -> bool {
        self.queue.cancel(handle).is_some()
    }
}

/// Works in the context of a component, whose events `$wrap` makes events of the world, and sends what it asked for. A
/// macro, because the component is borrowed from the world beside the parts that the context borrows.
macro_rules! in_context {
    ($world:ident, $wrap:expr, |$ctx:ident| $work:expr) => {{
        let mut outbox = Vec::new();
        let now = $world.queue.now();
        let mut agenda = Wrapped { queue: &mut $world.queue, wrap: $wrap, events: std::marker::PhantomData };
        let mut $ctx = Ctx {
            now,
            passed: $world.passed,
            settings: &$world.settings,
            streams: $world.streams,
            epoch: $world.epoch,
            trace: &mut $world.recorder,
            agenda: &mut agenda,
            outbox: &mut outbox,
        };
        let result = $work;
        $world.send(outbox);
        result
    }};
}

/// What programs see of Services: the proxies' table, and faults.
pub(super) struct NetworkView<'a> {
    pub(super) services: &'a ServiceTable,
    pub(super) faults: &'a ActiveFaults,
    pub(super) traffic: Option<&'a Traffic>,
}

impl Dependencies for NetworkView<'_> {
    fn is_available(&self, namespace: &str, service: &str) -> bool {
        let (namespace, service) = named(namespace, service);
        self.faults.down(namespace, service).is_none()
            && self.services.ready_endpoints(namespace, service) > 0
    }

    fn record_of(&self, namespace: &str, service: &str) -> RecordId {
        let (namespace, service) = named(namespace, service);
        self.faults.down(namespace, service).unwrap_or_else(|| self.services.last_change(namespace, service))
    }

    fn crowd(&self, pod: Uid, container: u16, now: SimTime) -> Option<Crowd> {
        self.traffic?.crowd(pod, container, now)
    }
}

/// Namespace and name of a Service that a program in `namespace` calls `service` or `other/service`.
fn named<'a>(namespace: &'a str, service: &'a str) -> (&'a str, &'a str) {
    let service = service.strip_prefix("service/").unwrap_or(service);
    service.split_once('/').unwrap_or((namespace, service))
}

impl World {
    /// Lets the next event happen. Returns its key, or `None` when there is none up to `until`.
    pub fn step(&mut self, until: SimTime) -> Option<EventKey> {
        let key = self.queue.peek_key().filter(|key| key.at <= until)?;
        let (_, scheduled) = self.queue.pop().expect("an event was there to be peeked at");
        if key.at > self.passed.at || key > self.passed {
            self.passed = key;
        }
        self.recorder.set_cause(scheduled.cause);
        self.dispatch(scheduled.event);
        Some(key)
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Api(submission) => self.execute(submission),
            Event::TimedOut(submission) => {
                self.respond(&submission, &Err(ApiError::timed_out()));
            }
            Event::Answered(answer) => self.answer(answer.to, answer.token, &answer.result),
            Event::Reconnect(watcher) => self.try_reconnect(watcher),
            Event::Election(which, candidate) => self.look_at_lease(which, candidate),
            Event::Deliver(watcher) => self.deliver(watcher),
            Event::Node(index, NodeEvent::ReadyToPowerOff) => self.shut_down_is_over(index),
            Event::Node(index, event) => {
                if matches!(event, NodeEvent::NodeStatus) && self.hosts[index as usize].shared.take_dispute()
                {
                    self.report_ready(index);
                }
                self.with_host(index, |host, ctx, env| host.handle(ctx, env, event));
            }
            Event::Controller(incarnation, event) => {
                if incarnation == self.incarnations.controllers {
                    self.with_controllers(|controllers, ctx| controllers.handle(ctx, event));
                }
            }
            Event::Scheduler(incarnation, event) => {
                if incarnation == self.incarnations.scheduler {
                    self.with_scheduler(|scheduler, ctx| scheduler.handle(ctx, event));
                }
            }
            Event::Traffic => self.run_traffic(),
            Event::Scan => self.scan_cluster(),
            Event::MachineJoins(pool, number) => self.machine_joins(pool, number),
            Event::MachineGivenUp(pool, number) => self.machine_given_up(pool, number),
            Event::Scrape => self.scrape(),
            Event::LoadBalancer(index) => self.load_balancer_made(index),
            Event::Step(index) => self.begin_step(index),
            Event::FaultEnds(index) => self.end_fault(index),
            Event::Booted(index) => self.machine_booted(index),
            Event::Expect(index) => self.check_expectation(index),
            Event::Drain(number) => self.continue_drain(number),
            Event::Waiting(number) => self.continue_waiting(number),
            Event::EventExpires(index) => self.expire_event(index),
        }
    }

    pub(super) fn push(&mut self, key: EventKey, cause: RecordId, event: Event) -> EventHandle {
        self.queue.schedule(key, Scheduled { cause, event })
    }

    /// Gives a node its event context.
    pub(super) fn with_host<R>(
        &mut self,
        index: u32,
        work: impl FnOnce(&mut Host, &mut Ctx<'_, NodeEvent>, NodeEnv<'_>) -> R,
    ) -> R {
        let result = in_context!(self, |event| Event::Node(index, event), |ctx| {
            let network = NetworkView {
                services: &self.network.services,
                faults: &self.faults,
                traffic: self.traffic.as_ref(),
            };
            let env =
                NodeEnv { apps: &self.apps, faults: &self.faults, network: &network, eager: self.eager };
            let host = &mut self.hosts[index as usize];
            let result = work(host, &mut ctx, env);
            host.settle(&mut ctx, env);
            result
        });
        self.list_named_objects(index);
        self.processes_ended(index);
        result
    }

    /// Gives the controller manager its event context, if it is up.
    pub(super) fn with_controllers(
        &mut self,
        work: impl FnOnce(&mut ControllerManager, &mut Ctx<'_, ControllerEvent>),
    ) {
        let incarnation = self.incarnations.controllers;
        let Some(controllers) = &mut self.controllers else { return };
        in_context!(self, |event| Event::Controller(incarnation, event), |ctx| work(controllers, &mut ctx));
    }

    /// Gives the scheduler its event context, if it is up.
    pub(super) fn with_scheduler(
        &mut self,
        work: impl FnOnce(&mut SchedulerComponent, &mut Ctx<'_, SchedulerEvent>),
    ) {
        let incarnation = self.incarnations.scheduler;
        let Some(scheduler) = &mut self.scheduler else { return };
        in_context!(self, |event| Event::Scheduler(incarnation, event), |ctx| work(scheduler, &mut ctx));
        if let Some(scheduler) = &mut self.scheduler {
            self.explained.append(&mut scheduler.take_explained());
        }
    }

    /// Puts requests on their way.
    fn send(&mut self, outbox: Vec<Submission>) {
        for submission in outbox {
            let key = EventKey {
                at: submission.at + self.link_delay(submission.origin),
                class: Class::Api as u8,
                target: submission.client,
                seq: submission.seq,
            };
            let cause = submission.cause;
            self.push(key, cause, Event::Api(Box::new(submission)));
        }
    }

    /// A request of a person, on its way at once.
    pub fn submit_as_user(&mut self, request: Request) {
        self.user_seq += 1;
        let submission = Submission {
            at: self.now(),
            origin: Origin::User,
            component: "kubectl",
            process: 0,
            client: u64::MAX,
            seq: self.user_seq,
            request,
            reply: None,
            cause: self.recorder.cause(),
        };
        self.send(vec![submission]);
    }

    /// A request of a person that is served between two events: the answer comes at once.
    pub fn call_as_user(&mut self, request: Request) -> ApiResult {
        let what = request_subject(&request);
        let result = self.serve("kubectl", request);
        if let Err(error) = &result {
            self.record_refusal(&what, error);
        }
        result
    }

    /// The API server executes a request, if it can be reached and etcd takes it.
    fn execute(&mut self, submission: Box<Submission>) {
        if !self.is_alive(&submission) {
            return;
        }
        let reachable = match submission.origin {
            Origin::Node(index) => self.reach.reaches_api(index),
            _ => true,
        };
        let availability = if reachable { self.control_plane.availability() } else { Availability::None };
        let now = self.now();
        let (origin, cause) = (submission.origin, self.recorder.cause());
        let key =
            |at| EventKey { at, class: Class::Api as u8, target: submission.client, seq: submission.seq };
        match availability {
            Availability::None => self.respond(&submission, &Err(ApiError::refused())),
            Availability::CachedReads => {
                let key = key(now + self.settings.etcd_request_timeout);
                self.push(key, cause, Event::TimedOut(submission));
            }
            Availability::Full => {
                if let Some(at) = self.control_plane.waits_until(now) {
                    self.push(key(at), cause, Event::Api(submission));
                    return;
                }
                let what = (origin == Origin::User).then(|| request_subject(&submission.request));
                let Submission { component, reply, request, .. } = *submission;
                let result = self.serve(component, request);
                if let (Err(error), Some(what)) = (&result, what) {
                    self.record_refusal(&what, error);
                }
                if let Some(token) = reply {
                    self.send_answer(Answer { to: origin, token, result }, key);
                }
            }
        }
    }

    /// Puts an answer on its way to who asked; `key` places it in the order of events at a time.
    fn send_answer(&mut self, answer: Answer, key: impl FnOnce(SimTime) -> EventKey) {
        let late = self.link_delay(answer.to);
        if late == SimDuration::ZERO {
            self.answer(answer.to, answer.token, &answer.result);
            return;
        }
        let (key, cause) = (key(self.now() + late), self.recorder.last());
        self.push(key, cause, Event::Answered(Box::new(answer)));
    }

    /// Extra time of what goes between a client and the API server.
    fn link_delay(&self, origin: Origin) -> SimDuration {
        match origin {
            Origin::Node(node) => self.watches.extra(Watcher::Node(node)),
            Origin::User | Origin::ControllerManager | Origin::Scheduler => SimDuration::ZERO,
        }
    }

    /// Whether the process that sent a request is still there to want it.
    fn is_alive(&self, submission: &Submission) -> bool {
        match submission.origin {
            Origin::User => true,
            Origin::ControllerManager => {
                self.controllers.is_some() && submission.process == self.incarnations.controllers
            }
            Origin::Scheduler => {
                self.scheduler.is_some() && submission.process == self.incarnations.scheduler
            }
            Origin::Node(index) => self.hosts[index as usize].shared.powered,
        }
    }

    /// Answers a request that was not executed.
    fn respond(&mut self, submission: &Submission, result: &ApiResult) {
        if !self.is_alive(submission) {
            return;
        }
        if let (Err(error), Origin::User) = (result, submission.origin) {
            self.record_refusal(&request_subject(&submission.request), error);
        }
        if let Some(token) = submission.reply {
            self.answer(submission.origin, token, result);
        }
    }

    fn record_refusal(&mut self, what: &Subject, error: &ApiError) {
        let now = self.now();
        let subject = what.clone();
        self.recorder.record_aside(
            now,
            "kubectl",
            subject,
            "Refused",
            error.reason,
            error.to_string(),
            Detail::None,
        );
    }

    /// Lets the API server handle a request and makes its commits known.
    pub(super) fn serve(&mut self, component: &'static str, request: Request) -> ApiResult {
        let now = self.now();
        let result = self.api.handle(now, request);
        for commit in self.api.take_commits() {
            self.publish(component, commit);
        }
        result
    }

    fn publish(&mut self, component: &'static str, mut commit: Commit) {
        let now = self.now();
        let (reason, message) = records::describe(&commit);
        let subject = Subject::object(&commit.new.reference());
        let event = commit.op.as_str();
        commit.record = self.recorder.last() + 1;
        let commit = Arc::new(commit);
        let detail = Detail::Commit(commit.clone());
        self.recorder.record_aside(now, component, subject, event, reason, message, detail);
        if commit.id.kind == Kind::Event && commit.op == Op::Added {
            let at = now + self.settings.event_ttl;
            let key = EventKey { at, class: Class::Api as u8, target: u64::MAX - 1, seq: commit.id.index };
            if at <= self.end {
                self.push(key, commit.record, Event::EventExpires(commit.id.index));
            }
        }
        match &commit.new {
            Object::HorizontalPodAutoscaler(_) => self.start_metrics_server(),
            Object::Service(service) => self.plan_load_balancer(commit.id.index, service, commit.record),
            _ => {}
        }
        self.watchlist.changed();
        self.wake_waiting_commands(&commit);
        for wake in self.watches.publish(&commit, self.settings.watch_latency) {
            self.schedule_delivery(wake.watcher, wake.at, commit.record);
        }
    }

    fn expire_event(&mut self, index: u32) {
        let Some(Object::Event(event)) = self.api.objects().of(Kind::Event).get(index) else { return };
        // Only what is still as old as it was: another occurrence has renewed its life.
        let last = event.last_timestamp.unwrap_or_default();
        let ttl = self.settings.event_ttl.as_secs() as i64;
        if self.timestamp().seconds_since(last) < ttl {
            let at = self.now()
                + SimDuration::from_secs((ttl - self.timestamp().seconds_since(last)).max(1) as u64);
            let key = EventKey { at, class: Class::Api as u8, target: u64::MAX - 1, seq: index };
            if at <= self.end {
                self.push(key, self.recorder.cause(), Event::EventExpires(index));
            }
            return;
        }
        let target = Object::Event(event.clone()).reference();
        let options = crate::api::DeleteOptions::default();
        let _gone = self.serve("etcd", Request::Delete { target, options });
    }

    /// The identity of a watcher in the order of events.
    pub(super) fn watch_target(&self, watcher: Watcher) -> u64 {
        match watcher {
            Watcher::ControllerManager => 0,
            Watcher::Scheduler => 1,
            Watcher::Network => 2,
            Watcher::Node(index) => self.hosts[index as usize].shared.target.max(3),
        }
    }

    pub(super) fn schedule_delivery(&mut self, watcher: Watcher, at: SimTime, cause: RecordId) {
        let target = self.watch_target(watcher);
        let key = EventKey { at, class: Class::Watch as u8, target, seq: 0 };
        let handle = self.push(key, cause, Event::Deliver(watcher));
        self.watches.scheduled(watcher, handle);
    }

    /// A watch delivers what is due.
    pub(super) fn deliver(&mut self, watcher: Watcher) {
        let (due, next) = self.watches.due(watcher, self.now(), self.settings.watch_latency);
        match watcher {
            Watcher::ControllerManager => self.with_controllers(|controllers, ctx| {
                for commit in &due {
                    controllers.deliver(ctx, commit);
                }
            }),
            Watcher::Scheduler => self.with_scheduler(|scheduler, ctx| {
                for commit in &due {
                    scheduler.deliver(ctx, commit);
                }
            }),
            Watcher::Network => {
                for commit in &due {
                    self.service_changed(commit);
                }
            }
            Watcher::Node(index) => self.with_host(index, |host, ctx, env| {
                for commit in &due {
                    host.deliver(ctx, env, commit);
                }
            }),
        }
        if let Some(at) = next {
            let cause = self.recorder.cause();
            self.schedule_delivery(watcher, at, cause);
        }
    }

    /// Hands an answer to the component that asked.
    fn answer(&mut self, origin: Origin, token: u64, result: &ApiResult) {
        let record = self.recorder.last();
        match origin {
            Origin::User => {}
            Origin::ControllerManager => {
                self.with_controllers(|controllers, ctx| controllers.reply(ctx, token, result, record));
            }
            Origin::Scheduler => self.with_scheduler(|scheduler, ctx| scheduler.reply(ctx, token, result)),
            Origin::Node(index) if !self.hosts[index as usize].shared.powered => {}
            Origin::Node(index) => {
                let gone = result.as_ref().err().is_some_and(|error| error.code == 404 || error.code == 409);
                let failed = result.is_err();
                self.with_host(index, |host, ctx, _| host.reply(ctx, token, failed, gone));
            }
        }
    }
}

/// What a request is about, for the trace.
fn request_subject(request: &Request) -> Subject {
    match request {
        Request::Create(object) | Request::Update(object) | Request::UpdateStatus(object) => {
            Subject::object(&object.reference())
        }
        Request::Patch { target, .. } | Request::Delete { target, .. } => Subject::object(target),
        Request::Bind { namespace, name, .. } | Request::Evict { namespace, name, .. } => {
            Subject::pod(namespace, &Name::from(name))
        }
    }
}
