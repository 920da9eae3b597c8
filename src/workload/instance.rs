//! A running program: when it will listen, answer, exit.

mod answer;
mod requests;

use std::sync::Arc;

pub use self::answer::Answer;
use self::answer::MOST_REDIRECTS;
use super::cpu::CpuShare;
use super::model::{AppModel, ExecRule, HealthRule, HealthStatus, HttpRule, LastWords, OnSignal};
use super::server::{Crowd, RequestLoad};
use super::shell::{Script, Walk};
use crate::base::Name;
use crate::kernel::{Distribution, SimDuration, SimTime, Stream, Streams};

pub use requests::RequestChange;

/// Draws that one start of a container may use; starts never share draws.
const DRAWS_PER_START: u64 = 1 << 20;
/// The first draws of a start are for fixed purposes; answers use those from here on.
const FIRST_ANSWER_DRAW: u64 = 64;
/// Exit code of a process that a signal killed is this plus the signal's number.
pub const SIGNAL_BASE: i32 = 128;
/// SIGKILL: cannot be caught.
pub const SIGKILL: i32 = 9;
/// SIGTERM: the usual request to stop.
pub const SIGTERM: i32 = 15;

/// How a process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// When.
    pub at: SimTime,
    /// Exit code as the runtime reports it.
    pub code: i32,
    /// Whether the kernel's OOM killer did it.
    pub oom: bool,
    /// What the program leaves behind.
    pub words: LastWords,
}

impl Exit {
    /// An exit by the program itself or by a signal, without a word.
    pub fn new(at: SimTime, code: i32) -> Self {
        Self { at, code, oom: false, words: LastWords::default() }
    }
}

/// What a probe or a hook asks of a program.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// HTTP GET on a port.
    Http {
        /// Path.
        path: &'a str,
        /// Port.
        port: i32,
    },
    /// A TCP connection.
    Tcp {
        /// Port.
        port: i32,
    },
    /// A command in the container.
    Exec {
        /// The command line.
        command: &'a [Name],
    },
    /// A gRPC health check.
    Grpc {
        /// Port.
        port: i32,
        /// The service asked for; empty = the whole program.
        service: &'a str,
    },
}

/// What a program meets when it starts.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// The memory limit of its container, in bytes.
    pub memory_limit: Option<u64>,
    /// What its container gets of the machine's CPU.
    pub cpu: CpuShare,
    /// By how much a fault delays it.
    pub slow_start: SimDuration,
    /// Whether the containers of its pod share one tree of processes, so that it is not PID 1.
    pub shares_processes: bool,
}

/// CPU work that has to be done before the program listens.
#[derive(Clone, Copy, Debug)]
struct StartupWork {
    /// CPU time that is left at `since`.
    left: SimDuration,
    since: SimTime,
    /// When it will be done at the present pace.
    done_at: SimTime,
    /// Waiting that comes after it.
    then: SimDuration,
}

/// A running program.
#[derive(Clone, Debug)]
pub struct AppInstance {
    model: Arc<AppModel>,
    stream: Stream,
    /// Ordinal of this start of the container, from 0.
    start: u64,
    started_at: SimTime,
    listens_at: SimTime,
    own_exit: Option<Exit>,
    /// Exit because of a signal or fault, if earlier than its own.
    forced_exit: Option<Exit>,
    /// Exit because the machine or the pod has run out of something, as things stand now.
    shortage_exit: Option<Exit>,
    hung: bool,
    /// It was told to stop.
    stopping: bool,
    answers: u64,
    memory_limit: Option<u64>,
    cpu: CpuShare,
    /// Requests from outside; `None` = there has not been any.
    requests: Option<RequestLoad>,
    startup_work: Option<StartupWork>,
    /// Since when its memory grows: its start, or the loss of the child that held it.
    memory_since: SimTime,
    lost_child: bool,
    /// Whether it is PID 1: then signals that it does not handle do nothing.
    is_pid_1: bool,
    /// What the commands of its manifest do, if they are its program.
    walk: Option<Arc<Walk>>,
}

impl AppInstance {
    /// Starts the program as the `start`-th process of the container that `entity` names.
    pub fn start(
        model: Arc<AppModel>,
        streams: Streams,
        entity: &str,
        start: u64,
        now: SimTime,
        around: Surroundings,
    ) -> Self {
        let mut app = Self {
            stream: streams.stream("app", entity),
            start,
            started_at: now,
            listens_at: now,
            own_exit: None,
            forced_exit: None,
            shortage_exit: None,
            hung: false,
            stopping: false,
            answers: 0,
            memory_limit: around.memory_limit,
            cpu: CpuShare { busy_milli: model.cpu_base_milli, ..around.cpu },
            requests: None,
            startup_work: None,
            memory_since: now,
            lost_child: false,
            is_pid_1: !around.shares_processes && !model.has_init,
            walk: None,
            model,
        };
        app.walk = app.walk(None);
        let then = app.draw(&app.model.startup, 0) + around.slow_start;
        app.listens_at = now + then;
        if app.model.startup_cpu > SimDuration::ZERO {
            app.plan_startup(StartupWork { left: app.model.startup_cpu, since: now, done_at: now, then });
        }
        app.own_exit = app.plan_exit();
        app
    }

    /// What the commands of its manifest do if SIGTERM comes at an age.
    fn walk(&self, stopped_at: Option<SimDuration>) -> Option<Arc<Walk>> {
        let script = self.model.script.as_ref()?;
        script.run(stopped_at, self.is_pid_1).map(Arc::new).or_else(|| self.walk.clone())
    }

    /// Plans the end of the startup work at the present pace.
    fn plan_startup(&mut self, mut work: StartupWork) {
        let wall = self.cpu.wall_time(work.since, work.left, self.model.cpu_threads);
        work.done_at = wall.map_or(SimTime::MAX, |wall| work.since.saturating_add(wall));
        self.listens_at = work.done_at.saturating_add(work.then);
        self.startup_work = Some(work);
    }

    /// What its container gets of the machine's CPU, and how busy it is.
    pub fn cpu(&self) -> CpuShare {
        self.cpu
    }

    /// What it would use if nobody else were on the machine, within its limit, in thousandths of a core.
    pub fn cpu_demand_milli(&self, now: SimTime) -> u64 {
        let burst = if self.startup_ends(now).is_some() { self.burst_milli() } else { 0 };
        self.within_limit(self.cpu.busy_milli.saturating_add(burst))
    }

    /// The same while it works on a burst.
    pub fn cpu_burst_demand_milli(&self) -> u64 {
        self.within_limit(self.cpu.busy_milli.saturating_add(self.burst_milli()))
    }

    fn burst_milli(&self) -> u64 {
        u64::from(self.model.cpu_threads) * 1000
    }

    fn within_limit(&self, milli: u64) -> u64 {
        self.cpu.quota.map_or(milli, |quota| milli.min(quota.milli()))
    }

    /// When the CPU work of its startup will be done, if it is not done yet.
    pub fn startup_ends(&self, now: SimTime) -> Option<SimTime> {
        self.startup_work.map(|work| work.done_at).filter(|done| now < *done)
    }

    /// What it gets beside the other containers has changed. Returns whether that changes anything for it.
    pub fn set_cpu_ceiling(&mut self, ceiling_milli: u64, now: SimTime) -> bool {
        self.change_cpu(CpuShare { ceiling_milli, ..self.cpu }, now)
    }

    fn change_cpu(&mut self, share: CpuShare, now: SimTime) -> bool {
        let old = std::mem::replace(&mut self.cpu, share);
        if old == share {
            return false;
        }
        if let Some(mut work) = self.startup_work.filter(|work| now < work.done_at) {
            let done = old.work_done(work.since, now, self.model.cpu_threads);
            work.left = work.left.saturating_sub(done).max(SimDuration::from_nanos(1));
            work.since = now;
            self.plan_startup(work);
        }
        true
    }

    /// Wall-clock time of `work` of CPU time that begins now.
    fn wall_time(&self, now: SimTime, work: SimDuration) -> Option<SimDuration> {
        if work == SimDuration::ZERO {
            return Some(work);
        }
        self.cpu.wall_time(now, work, self.model.cpu_threads)
    }

    /// The program.
    pub fn model(&self) -> &Arc<AppModel> {
        &self.model
    }

    /// When it will end unless something happens.
    pub fn exit(&self) -> Option<&Exit> {
        let all = [&self.forced_exit, &self.shortage_exit, &self.own_exit];
        all.into_iter().flatten().min_by_key(|exit| exit.at)
    }

    /// When it begins to listen.
    pub fn listens_at(&self) -> SimTime {
        self.listens_at
    }

    /// Ordinal of this start of the container, from 0.
    pub fn start_number(&self) -> u64 {
        self.start
    }

    /// Whether it takes new connections from other machines on a port.
    pub fn is_listening(&self, port: i32, now: SimTime) -> bool {
        now >= self.listens_at
            && !self.model.localhost_only
            && !(self.stopping && self.model.closes_on_stop)
            && self.model.ports.as_ref().is_none_or(|ports| ports.contains(&port))
    }

    /// Memory in use, in bytes.
    pub fn memory_at(&self, now: SimTime) -> u64 {
        let own = self.model.memory.at(now.saturating_since(self.memory_since));
        own.saturating_add(self.memory_of_requests())
    }

    /// What it has written since its start, in bytes.
    pub fn disk_at(&self, now: SimTime) -> u64 {
        self.model.disk.at(now.saturating_since(self.started_at))
    }

    /// How many files it has on disk.
    pub fn files_at(&self, now: SimTime) -> u64 {
        self.model.files.at(now.saturating_since(self.started_at))
    }

    /// Processes and threads.
    pub fn pids_at(&self, now: SimTime) -> u64 {
        self.model.pids.at(now.saturating_since(self.started_at))
    }

    /// The OOM killer has taken the child that held its memory; another one begins anew.
    pub fn lose_child(&mut self, now: SimTime) {
        self.memory_since = now;
        self.lost_child = true;
        self.own_exit = self.plan_exit();
    }

    /// Whether it has lost a child so: the runtime calls its end OOMKilled then, whatever its exit code is.
    pub fn lost_child(&self) -> bool {
        self.lost_child
    }

    /// The program stops answering and ignores requests to stop.
    pub fn hang(&mut self) {
        self.hung = true;
    }

    /// Whether it hangs.
    pub fn is_hung(&self) -> bool {
        self.hung
    }

    /// Makes it end at `at` (a fault) unless it ends before.
    pub fn force_exit(&mut self, exit: Exit) {
        if self.forced_exit.as_ref().is_none_or(|planned| exit.at < planned.at) {
            self.forced_exit = Some(exit);
        }
    }

    /// When it will end for want of something, as things stand now. Returns whether that is news.
    pub fn set_shortage(&mut self, exit: Option<Exit>) -> bool {
        let old = std::mem::replace(&mut self.shortage_exit, exit);
        old != self.shortage_exit
    }

    /// A signal arrives. SIGKILL ends it now; the stop signal does what the program does about it; other signals
    /// have their default action.
    pub fn signal(&mut self, signal: i32, is_stop: bool, now: SimTime) {
        let killed = Exit::new(now, SIGNAL_BASE + signal);
        if signal == SIGKILL {
            self.forced_exit = Some(killed);
            self.own_exit = None;
            self.shortage_exit = None;
            return;
        }
        if !is_stop {
            self.force_exit(killed);
            return;
        }
        if self.hung {
            return;
        }
        self.stopping = true;
        if self.model.script.is_some() && signal == SIGTERM {
            self.walk = self.walk(Some(now.saturating_since(self.started_at)));
            self.own_exit = self.plan_exit();
            return;
        }
        match &self.model.on_stop {
            OnSignal::Exit { after, code, words } => {
                let at = now + self.draw(after, 1);
                self.force_exit(Exit { words: words.clone(), ..Exit::new(at, *code) });
            }
            OnSignal::Unhandled if !self.is_pid_1 => self.force_exit(killed),
            OnSignal::Unhandled | OnSignal::Ignore => {}
        }
    }

    /// Whether every answer to `question` from now on will be the same until something happens to the program.
    pub fn is_steady(&self, question: Question<'_>, now: SimTime) -> bool {
        if now < self.listens_at {
            return false;
        }
        // Others may slow the answer down from now on.
        if self.requests.is_some() && !matches!(question, Question::Exec { .. }) {
            return false;
        }
        match question {
            Question::Http { path, .. } => self
                .http_chain(path)
                .iter()
                .all(|rule| rule.needs.is_empty() && rule.latency.constant_value().is_some()),
            Question::Exec { command } => self.exec_rule(command).map_or_else(
                || {
                    self.walk
                        .as_ref()
                        .is_none_or(|walk| walk.is_settled(now.saturating_since(self.started_at)))
                },
                |rule| rule.while_aged.is_empty() && rule.latency.constant_value().is_some(),
            ),
            Question::Grpc { service, .. } => self
                .health_rule(service)
                .is_none_or(|rule| rule.needs.is_empty() && rule.latency.constant_value().is_some()),
            Question::Tcp { .. } => true,
        }
    }

    /// What the program answers now. `available` tells whether a service that it needs has ready endpoints; `crowd` is what
    /// a request finds there.
    pub fn answer(
        &mut self,
        question: Question<'_>,
        now: SimTime,
        available: &dyn Fn(&str) -> bool,
        crowd: Option<Crowd>,
    ) -> Answer {
        if let Question::Exec { command } = question {
            return self.answer_exec(command, now);
        }
        if self.hung {
            return Answer::late(Name::default());
        }
        let port = match question {
            Question::Http { port, .. } | Question::Tcp { port } | Question::Grpc { port, .. } => port,
            Question::Exec { .. } => unreachable!("commands were answered above"),
        };
        if !self.is_listening(port, now) {
            return Answer::refused();
        }
        let crowd = crowd.unwrap_or_default();
        match question {
            // The kernel takes the connection, however busy the program is.
            Question::Tcp { .. } => Answer::success(SimDuration::ZERO),
            // There is no place for one more.
            _ if crowd.wait.is_none() => Answer::http(SimDuration::ZERO, 503),
            Question::Grpc { service, .. } => self.answer_health(service, now, available, crowd),
            Question::Http { path, .. } => self.answer_http(path, now, available, crowd),
            Question::Exec { .. } => unreachable!("commands were answered above"),
        }
    }

    /// How long the work on a request takes among those that are there; `None` = for ever.
    fn work(&self, path: &str, now: SimTime, crowd: Crowd) -> Option<SimDuration> {
        match crowd {
            Crowd { at_work: 0, wait: None | Some(SimDuration::ZERO) } => {
                let cpu = self.http_rule(path).map_or(SimDuration::ZERO, |rule| rule.cpu);
                self.wall_time(now, cpu)
            }
            Crowd { at_work, wait } => self.among(at_work, wait.unwrap_or_default(), path, now),
        }
    }

    fn answer_health(
        &mut self,
        service: &str,
        now: SimTime,
        available: &dyn Fn(&str) -> bool,
        crowd: Crowd,
    ) -> Answer {
        let Some(work) = self.work("", now, crowd) else { return Answer::late(Name::default()) };
        let Some(rule) = self.health_rule(service).cloned() else {
            if self.model.health.is_empty() {
                return Answer::success(work);
            }
            let text = format!(
                "error: health rpc failed: rpc error: code = NotFound desc = unknown service {service}"
            );
            return Answer { latency: Some(work), ..Answer::failure(text) };
        };
        let latency = work.saturating_add(self.next_draw(&rule.latency));
        let lacks = rule.needs.iter().find(|service| !available(service)).cloned();
        let status = if lacks.is_none() { rule.status } else { HealthStatus::NotServing };
        Answer { lacks, ..Answer::health(latency, status) }
    }

    fn answer_http(
        &mut self,
        path: &str,
        now: SimTime,
        available: &dyn Fn(&str) -> bool,
        crowd: Crowd,
    ) -> Answer {
        let mut took = SimDuration::ZERO;
        let mut path = Name::from(path);
        for _ in 0..=MOST_REDIRECTS {
            let work = self.work(&path, now.saturating_add(took), crowd);
            let Some(rule) = self.http_rule(&path).cloned() else {
                let status = if self.model.http.is_empty() { 200 } else { 404 };
                return work.map_or(Answer::late(Name::default()), |work| {
                    Answer::http(took.saturating_add(work), status)
                });
            };
            let own = self.next_draw(&rule.latency);
            let Some(latency) = work.map(|work| work.saturating_add(own)) else {
                return Answer::late(Name::default());
            };
            took = took.saturating_add(latency);
            let lacks = rule.needs.iter().find(|service| !available(service)).cloned();
            let next = rule.location.filter(|location| lacks.is_none() && location.starts_with('/'));
            let Some(location) = next else {
                let status = if lacks.is_none() { rule.status } else { 503 };
                return Answer { lacks, ..Answer::http(took, status) };
            };
            path = location;
        }
        Answer::lost(took)
    }

    /// The rules that answer a request, redirects within the host included.
    fn http_chain(&self, path: &str) -> Vec<&HttpRule> {
        let mut chain = Vec::new();
        let mut path = path;
        while let Some(rule) = self.http_rule(path).filter(|_| chain.len() <= MOST_REDIRECTS) {
            chain.push(rule);
            match rule.location.as_deref().filter(|location| location.starts_with('/')) {
                Some(location) => path = location,
                None => break,
            }
        }
        chain
    }

    fn answer_exec(&mut self, command: &[Name], now: SimTime) -> Answer {
        let age = now.saturating_since(self.started_at);
        let Some(rule) = self.exec_rule(command).cloned() else {
            return self.run_command(command, age);
        };
        let in_time = rule.while_aged.is_empty()
            || rule.while_aged.iter().any(|(from, until)| (*from..*until).contains(&age));
        let code = if in_time { rule.code } else { rule.code.max(1) };
        let own = self.next_draw(&rule.latency);
        match self.wall_time(now, rule.cpu) {
            Some(wall) => Answer { success: code == 0, ..Answer::success(wall + own) },
            None => Answer::late(Name::default()),
        }
    }

    /// Runs a command that no rule of the program speaks of, among the files that its own commands have made.
    fn run_command(&self, command: &[Name], age: SimDuration) -> Answer {
        let words: Vec<&str> = command.iter().map(Name::as_str).collect();
        let knowledge =
            self.model.script.as_ref().map(|script| script.knowledge().clone()).unwrap_or_default();
        let files = self.walk.as_ref().map(|walk| walk.files_at(age)).unwrap_or_default();
        match Script::of_exec(&words, knowledge).and_then(|script| script.run_among(&files)) {
            None => Answer::success(SimDuration::ZERO),
            Some(Walk { exit: None, output, .. }) => Answer::late(output.trim_end().into()),
            Some(Walk { exit: Some((lasts, code)), output, .. }) => {
                Answer { success: code == 0, output: output.trim_end().into(), ..Answer::success(lasts) }
            }
        }
    }

    fn http_rule(&self, path: &str) -> Option<&HttpRule> {
        self.model.http.iter().find(|rule| super::model::glob(&rule.path, path))
    }

    fn health_rule(&self, service: &str) -> Option<&HealthRule> {
        self.model.health.iter().find(|rule| rule.service == service)
    }

    fn exec_rule(&self, command: &[Name]) -> Option<&ExecRule> {
        let line = command.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
        self.model.exec.iter().find(|rule| line.contains(rule.contains.as_str()))
    }

    /// The earliest of its own exits: by script, by rule, or by memory.
    fn plan_exit(&self) -> Option<Exit> {
        let scripted = self.model.runs.get(self.start as usize).or(self.model.runs.last());
        let by_script = scripted.and_then(|run| {
            Some(Exit { words: run.words.clone(), ..Exit::new(self.started_at + run.lasts?, run.code) })
        });
        let by_rule = self.model.exits.iter().enumerate().map(|(number, rule)| {
            let at = self.started_at + self.draw(&rule.after, 2 + number as u64);
            Exit { words: rule.words.clone(), ..Exit::new(at, rule.code) }
        });
        let by_commands = self.walk.as_ref().and_then(|walk| {
            let (age, code) = walk.exit?;
            let words = LastWords { log: walk.output.as_str().into(), ..LastWords::default() };
            Some(Exit { words, ..Exit::new(self.started_at.checked_add(age)?, code) })
        });
        by_rule.chain(by_script).chain(by_commands).chain(self.plan_oom()).min_by_key(|exit| exit.at)
    }

    /// When its memory reaches the limit.
    fn plan_oom(&self) -> Option<Exit> {
        let room = self.memory_limit?.saturating_sub(self.memory_of_requests());
        let after = self.model.memory.reaches(room)?;
        let at = self.memory_since.checked_add(after)?;
        Some(Exit { oom: true, ..Exit::new(at, SIGNAL_BASE + SIGKILL) })
    }

    fn draw(&self, distribution: &Distribution, number: u64) -> SimDuration {
        distribution.sample_duration(self.stream.open_unit_at(self.start * DRAWS_PER_START + number))
    }

    fn next_draw(&mut self, distribution: &Distribution) -> SimDuration {
        if let Some(seconds) = distribution.constant_value() {
            // Answers that never vary take no draw, so that leaving some out changes none of the others.
            return SimDuration::from_secs_f64(seconds.max(0.0)).unwrap_or_default();
        }
        let number = FIRST_ANSWER_DRAW + self.answers;
        self.answers += 1;
        self.draw(distribution, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(model: AppModel, limit: Option<u64>) -> AppInstance {
        let at = SimTime::from_secs(5);
        let around = Surroundings {
            memory_limit: limit,
            cpu: CpuShare::unlimited(),
            slow_start: SimDuration::ZERO,
            shares_processes: false,
        };
        AppInstance::start(Arc::new(model), Streams::new(1), "default/a/c", 0, at, around)
    }

    #[test]
    fn memory_that_grows_10_mib_a_second_reaches_100_mib_after_10_s() {
        let mut model = AppModel::well_behaved("leak");
        model.memory.per_second = 10 << 20;
        let app = start(model, Some(100 << 20));
        assert_eq!(app.exit(), Some(&Exit { oom: true, ..Exit::new(SimTime::from_secs(15), 137) }));
        assert_eq!(app.memory_at(SimTime::from_secs(10)), 50 << 20);
    }

    #[test]
    fn sigterm_is_honoured_or_ignored_and_sigkill_always_works() {
        let mut app = start(AppModel::well_behaved("web"), None);
        assert_eq!(app.exit(), None);
        app.signal(SIGTERM, true, SimTime::from_secs(9));
        assert_eq!(app.exit().map(|exit| (exit.at, exit.code)), Some((SimTime::from_secs(9), 143)));

        let mut stubborn = AppModel::well_behaved("stubborn");
        stubborn.on_stop = OnSignal::Ignore;
        let mut app = start(stubborn, None);
        app.signal(SIGTERM, true, SimTime::from_secs(9));
        assert_eq!(app.exit(), None);
        app.signal(SIGKILL, false, SimTime::from_secs(39));
        assert_eq!(app.exit().map(|exit| exit.code), Some(137));
    }

    #[test]
    fn a_path_that_is_not_listed_is_404_only_where_some_are_listed() {
        let ask = Question::Http { path: "/ready", port: 80 };
        let mut app = start(AppModel::well_behaved("web"), None);
        assert!(app.answer(ask, SimTime::from_secs(6), &|_| true, None).success);
        let mut model = AppModel::well_behaved("web");
        model.http.push(HttpRule {
            path: "/healthz".into(),
            status: 200,
            latency: Distribution::exactly(SimDuration::from_millis(3)),
            needs: vec!["db".into()],
            cpu: SimDuration::ZERO,
            calls: Vec::new(),
            parallel: false,
            location: None,
        });
        let mut app = start(model, None);
        let answer = app.answer(ask, SimTime::from_secs(6), &|_| true, None);
        assert_eq!(answer.output, "HTTP probe failed with statuscode: 404");
        let healthz = Question::Http { path: "/healthz", port: 80 };
        assert!(app.answer(healthz, SimTime::from_secs(6), &|_| true, None).success);
        assert_eq!(
            app.answer(healthz, SimTime::from_secs(6), &|_| false, None).output,
            "HTTP probe failed with statuscode: 503"
        );
    }
}
