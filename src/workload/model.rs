//! Models of programs, and which container runs which.

use std::sync::Arc;

use super::instance::SIGTERM;
use super::usage::Growth;
use crate::api::Labels;
use crate::api::pod::Container;
use crate::api::selector::Selector;
use crate::base::Name;
use crate::kernel::{Distribution, SimDuration};

/// Which containers run a program. All given parts must match.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Image with `*` as a wildcard.
    pub image: Option<Name>,
    /// Container name.
    pub container: Option<Name>,
    /// Pod labels.
    pub labels: Option<Selector>,
    /// Arguments, exactly these.
    pub args: Option<Vec<Name>>,
}

impl Matcher {
    /// Whether it speaks of this image, whatever containers run it.
    pub fn is_for_image(&self, image: &str) -> bool {
        self.image.as_ref().is_some_and(|pattern| glob(pattern, image))
    }

    /// Whether a container is meant.
    pub fn matches(&self, container: &Container, labels: &Labels) -> bool {
        self.image.as_ref().is_none_or(|pattern| glob(pattern, &container.image))
            && self.container.as_ref().is_none_or(|name| *name == container.name)
            && self.labels.as_ref().is_none_or(|selector| selector.matches(labels))
            && self.args.as_ref().is_none_or(|args| *args == container.args)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// How a program answers HTTP requests for a path.
#[derive(Clone, Debug)]
pub struct HttpRule {
    /// Path; a trailing `*` matches every path that begins so.
    pub path: Name,
    /// Status code.
    pub status: u16,
    /// Time to answer.
    pub latency: Distribution,
    /// Services that must have ready endpoints, as `namespace/name` or `name`; else 503.
    pub needs: Vec<Name>,
    /// CPU time that one answer takes; a quota or contention stretches it. Zero = what the program says of requests.
    pub cpu: SimDuration,
    /// Calls to other services that an answer takes, one after the other.
    pub calls: Vec<CallRule>,
    /// Whether the calls are made all at once.
    pub parallel: bool,
    /// Where a redirect leads: a path on the same host, or anything else for another host.
    pub location: Option<Name>,
}

/// How a program answers gRPC health checks for a service of its own.
#[derive(Clone, Debug)]
pub struct HealthRule {
    /// The service asked for; empty = the whole program.
    pub service: Name,
    /// What it answers.
    pub status: HealthStatus,
    /// Time to answer.
    pub latency: Distribution,
    /// Services that must have ready endpoints; else `NOT_SERVING`.
    pub needs: Vec<Name>,
}

/// An answer of `grpc.health.v1.Health/Check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthStatus {
    /// All is well.
    Serving,
    /// It knows the service and says that it does not work.
    NotServing,
    /// It does not know yet.
    Unknown,
    /// It does not speak the health protocol.
    Unimplemented,
}

impl HealthStatus {
    /// The word of the protocol.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::Unknown => "UNKNOWN",
            Self::Unimplemented => "UNIMPLEMENTED",
        }
    }
}

/// A call from one program to a service.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRule {
    /// Service, as `namespace/name` or `name`.
    pub service: Name,
    /// Port by name or number; `None` = the first of the Service.
    pub port: Option<Name>,
    /// Path.
    pub path: Name,
    /// How often in a row.
    pub times: u32,
    /// How long an attempt may take.
    pub timeout: SimDuration,
    /// What happens when an attempt fails.
    pub retries: RetryRule,
    /// Whether connections are kept open and used again.
    pub reuse: bool,
    /// Whether the answer does without it when it fails.
    pub optional: bool,
}

/// When a failed attempt is made again.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryRule {
    /// Attempts after the first.
    pub attempts: u32,
    /// Retries of a million first attempts, at most; `None` = without limit.
    pub budget_per_million: Option<u32>,
    /// Wait before the first retry; it doubles.
    pub backoff: SimDuration,
}

impl RetryRule {
    /// Never.
    pub const NONE: Self = Self { attempts: 0, budget_per_million: None, backoff: SimDuration::ZERO };
}

/// How a program answers `exec` commands.
#[derive(Clone, Debug)]
pub struct ExecRule {
    /// Text that the command line must contain; empty = every command.
    pub contains: Name,
    /// Exit code.
    pub code: i32,
    /// Time it takes.
    pub latency: Distribution,
    /// Succeeds only while the container's age lies in one of these intervals; empty = always.
    pub while_aged: Vec<(SimDuration, SimDuration)>,
    /// CPU time that it takes.
    pub cpu: SimDuration,
}

/// What a program leaves behind when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// What it has written to its termination message file.
    pub message: Name,
    /// The end of its log.
    pub log: Name,
}

/// An exit that a program makes by itself.
#[derive(Clone, Debug)]
pub struct ExitRule {
    /// Time after the start.
    pub after: Distribution,
    /// Exit code (128 + n when it dies by signal n).
    pub code: i32,
    /// What it leaves behind.
    pub words: LastWords,
}

/// What a program does when told to stop.
#[derive(Clone, Debug)]
pub enum OnSignal {
    /// Ends after a while, with a code.
    Exit {
        /// How long it takes.
        after: Distribution,
        /// Its exit code.
        code: i32,
        /// What it leaves behind.
        words: LastWords,
    },
    /// Goes on; only SIGKILL ends it.
    Ignore,
    /// It has no handler: as PID 1 it goes on, behind an init process or a pause process it dies of the signal.
    Unhandled,
}

/// One entry of a script: the n-th start runs so long and exits so; the last entry repeats.
#[derive(Clone, Debug, Default)]
pub struct ScriptedRun {
    /// How long; `None` = for ever.
    pub lasts: Option<SimDuration>,
    /// Exit code.
    pub code: i32,
    /// What it leaves behind.
    pub words: LastWords,
}

/// A program.
#[derive(Clone, Debug)]
pub struct AppModel {
    /// Its name in the scenario.
    pub name: Name,
    /// Which containers run it.
    pub matcher: Matcher,
    /// Size of its image in bytes.
    pub image_size: Option<u64>,
    /// Whether the registry has the image.
    pub image_missing: bool,
    /// The user that the image names, a number or a name; `None` = one who is not root.
    pub image_user: Option<Name>,
    /// Fixed time that a pull takes, instead of latency and bandwidth.
    pub pull_time: Option<SimDuration>,
    /// Whether the runtime cannot start it (missing binary): StartError, 128.
    pub start_error: Option<Name>,
    /// Time until it listens, beside the work below.
    pub startup: Distribution,
    /// CPU time that it needs before it listens.
    pub startup_cpu: SimDuration,
    /// Answers to HTTP requests; paths that are not listed answer 200 at once, unless some are listed: then 404.
    pub http: Vec<HttpRule>,
    /// Answers to gRPC health checks; without any it serves, with some it knows no other service.
    pub health: Vec<HealthRule>,
    /// Answers to commands; those not listed succeed.
    pub exec: Vec<ExecRule>,
    /// Ports it listens on; `None` = all.
    pub ports: Option<Vec<i32>>,
    /// Whether it listens on 127.0.0.1 only.
    pub localhost_only: bool,
    /// Exits by itself; the earliest happens.
    pub exits: Vec<ExitRule>,
    /// A script for successive starts; empty = none.
    pub runs: Vec<ScriptedRun>,
    /// Whether an init process (tini) is PID 1 of its container, not the program itself.
    pub has_init: bool,
    /// The signal that the image wants to be stopped with.
    pub stop_signal: i32,
    /// What SIGTERM (or the image's stop signal) does.
    pub on_stop: OnSignal,
    /// Memory in bytes.
    pub memory: Growth,
    /// Whether a child of PID 1 holds that memory: an OOM killer that takes single processes leaves the container alive.
    pub memory_in_child: bool,
    /// What it writes: bytes in its writable layer, or in the volume below.
    pub disk: Growth,
    /// The `emptyDir` volume that it writes to; `None` = its writable layer and logs.
    pub disk_volume: Option<Name>,
    /// How many files it has on disk.
    pub files: Growth,
    /// The exit code with which it ends when it cannot write because the disk is full; `None` = it goes on.
    pub disk_full: Option<i32>,
    /// Processes and threads.
    pub pids: Growth,
    /// The exit code with which it ends when it cannot have one more process; `None` = it goes on.
    pub fork_failed: Option<i32>,
    /// CPU used without requests, in thousandths of a core.
    pub cpu_base_milli: u64,
    /// How many threads work on a burst (a startup, a costly answer) at one time.
    pub cpu_threads: u32,
    /// CPU time of one request.
    pub cpu_per_request: SimDuration,
    /// Requests worked on at once; `None` = without limit.
    pub concurrency: Option<u32>,
    /// Requests that wait when so many are worked on; `None` = without limit.
    pub queue: Option<u32>,
    /// Memory of a request as long as it is there, in bytes.
    pub memory_per_request: u64,
    /// Whether it takes no new connections once it was told to stop.
    pub closes_on_stop: bool,
}

impl AppModel {
    /// A program that starts at once, answers everything, runs for ever and dies of SIGTERM (143).
    pub fn well_behaved(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            matcher: Matcher::default(),
            image_size: None,
            image_missing: false,
            image_user: None,
            pull_time: None,
            start_error: None,
            startup: Distribution::exactly(SimDuration::ZERO),
            startup_cpu: SimDuration::ZERO,
            http: Vec::new(),
            health: Vec::new(),
            exec: Vec::new(),
            ports: None,
            localhost_only: false,
            exits: Vec::new(),
            runs: Vec::new(),
            has_init: false,
            stop_signal: SIGTERM,
            on_stop: OnSignal::Exit {
                after: Distribution::exactly(SimDuration::ZERO),
                code: 143,
                words: LastWords::default(),
            },
            memory: Growth::default(),
            memory_in_child: false,
            disk: Growth::default(),
            disk_volume: None,
            files: Growth::default(),
            disk_full: None,
            pids: Growth { base: 1, per_second: 0 },
            fork_failed: None,
            cpu_base_milli: 0,
            cpu_threads: 1,
            cpu_per_request: SimDuration::ZERO,
            concurrency: None,
            queue: None,
            memory_per_request: 0,
            closes_on_stop: false,
        }
    }

    /// Whether it holds memory, disk space or more than one process.
    pub fn holds_resources(&self) -> bool {
        let pids = self.pids.base > 1 || self.pids.per_second > 0;
        let disk = !self.disk.is_nothing() || !self.files.is_nothing();
        !self.memory.is_nothing() || disk || pids
    }

    /// Whether its speed depends on how much CPU it gets, or that of others on how much it takes.
    pub fn uses_cpu(&self) -> bool {
        let costs = |cpu: SimDuration| cpu > SimDuration::ZERO;
        self.cpu_base_milli > 0
            || costs(self.cpu_per_request)
            || costs(self.startup_cpu)
            || self.http.iter().any(|rule| costs(rule.cpu))
            || self.exec.iter().any(|rule| costs(rule.cpu))
    }
}

/// All programs of a scenario.
#[derive(Clone, Debug)]
pub struct Apps {
    models: Vec<Arc<AppModel>>,
    fallback: Arc<AppModel>,
    /// What ordinary init containers run that nobody describes: it does its work at once and ends well.
    init_fallback: Arc<AppModel>,
}

impl Apps {
    /// These programs; where several match a container the first wins.
    pub fn new(models: Vec<AppModel>) -> Self {
        let models = models.into_iter().map(Arc::new).collect();
        let done = ScriptedRun { lasts: Some(SimDuration::ZERO), ..ScriptedRun::default() };
        let init = AppModel { runs: vec![done], ..AppModel::well_behaved("default init") };
        Self { models, fallback: Arc::new(AppModel::well_behaved("default")), init_fallback: Arc::new(init) }
    }

    /// Puts programs before the others, for the containers that start from now on.
    pub fn prefer(&mut self, models: &[AppModel]) {
        self.models.splice(0..0, models.iter().cloned().map(Arc::new));
    }

    /// The program of a container.
    pub fn model_for(&self, container: &Container, labels: &Labels) -> &Arc<AppModel> {
        let found = self.models.iter().find(|model| model.matcher.matches(container, labels));
        found.unwrap_or(&self.fallback)
    }

    /// The program of an ordinary init container.
    pub fn init_model_for(&self, container: &Container, labels: &Labels) -> &Arc<AppModel> {
        let model = self.model_for(container, labels);
        if Arc::ptr_eq(model, &self.fallback) { &self.init_fallback } else { model }
    }

    /// The programs of the scenario.
    pub fn models(&self) -> &[Arc<AppModel>] {
        &self.models
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(glob("example/web:*", "example/web:1.0"));
        assert!(glob("*", "anything"));
        assert!(glob("a*c*e", "abcde"));
        assert!(!glob("a*c*f", "abcde"));
        assert!(glob("web", "web"));
        assert!(!glob("web", "web:1"));
        assert!(!glob("ab*ba", "aba"));
    }
}
