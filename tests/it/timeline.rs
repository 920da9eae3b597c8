//! Runs a small scenario on the reference clock (`timing: ideal`) and writes what happened as a short table.

use std::fmt::Write as _;

use shakedown::api::core::Conditions;
use shakedown::api::pod::{ContainerState, Pod};
use shakedown::api::{Commit, DeleteOptions, Kind, Object, ObjectRef, Op, Request};
use shakedown::kernel::{SimDuration, SimTime};
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{ContainerFact, Detail, Record};

/// A scenario on one node, and what is done to it from outside.
pub(crate) struct Case {
    seconds: u64,
    version: &'static str,
    settings: &'static str,
    node: &'static str,
    steps: &'static str,
    body: String,
    deletions: Vec<(u64, i64)>,
}

/// A case that lasts so many seconds and has these manifests and programs.
pub(crate) fn case(seconds: u64, body: impl Into<String>) -> Case {
    Case {
        seconds,
        version: "1.34",
        settings: "{}",
        node: "cpu: 4, memory: 16Gi, pods: 110",
        steps: "[]",
        body: body.into(),
        deletions: Vec::new(),
    }
}

impl Case {
    /// For so many seconds.
    pub(crate) fn lasts(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    /// Of another Kubernetes version.
    pub(crate) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// With other settings, as a YAML flow mapping.
    pub(crate) fn settings(mut self, settings: &'static str) -> Self {
        self.settings = settings;
        self
    }

    /// On a machine that offers these resources, as the inside of a YAML flow mapping.
    pub(crate) fn node(mut self, node: &'static str) -> Self {
        self.node = node;
        self
    }

    /// With steps of the scenario, as a YAML flow sequence.
    pub(crate) fn steps(mut self, steps: &'static str) -> Self {
        self.steps = steps;
        self
    }

    /// Deletes the pod `p` at `at` seconds with a grace period.
    pub(crate) fn delete(mut self, at: u64, grace: i64) -> Self {
        self.deletions.push((at, grace));
        self
    }

    fn text(&self) -> String {
        format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: timeline}}\nspec:\n  \
             duration: {}s\n  timing: ideal\n  kubernetes: \"{}\"\n  settings: {}\n  cluster: {{nodePools: \
             [{{name: n, count: 1, allocatable: {{{}}}}}]}}\n  steps: {}\n---\n{}",
            self.seconds, self.version, self.settings, self.node, self.steps, self.body
        )
    }

    /// Runs it to the end.
    pub(crate) fn run(&self) -> Vec<Record> {
        let scenario = shakedown::scenario::from_text("timeline.yaml", &self.text())
            .unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut simulation = Simulation::new(&scenario, &RunOptions::default());
        let mut records = Vec::new();
        let mut sink = |record: &Record| records.push(record.clone());
        for (at, grace) in &self.deletions {
            simulation.run_until(SimTime::from_secs(*at), &mut sink).unwrap();
            let target = ObjectRef { kind: Kind::Pod, namespace: "default".into(), name: "p".into() };
            let options = DeleteOptions { grace_period_seconds: Some(*grace), ..DeleteOptions::default() };
            simulation.world.submit_as_user(Request::Delete { target, options });
        }
        simulation.run_until(SimTime::ZERO + SimDuration::from_secs(self.seconds), &mut sink).unwrap();
        simulation.finish(&mut sink);
        records
    }

    /// Compares the lines that begin (after the time) with one of `words` with the expected ones.
    pub(crate) fn check(&self, words: &[&str], expected: &str) {
        let lines = lines(&self.run());
        let shown = lines.iter().filter(|(_, what)| words.iter().any(|word| what.starts_with(word)));
        let mut found = String::new();
        for (at, what) in shown {
            let _ = writeln!(found, "{at} {}", what.trim_end());
        }
        let tidy: String = expected.lines().map(str::trim).filter(|line| !line.is_empty()).fold(
            String::new(),
            |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            },
        );
        assert!(found == tidy, "expected:\n{tidy}\nfound:\n{found}");
    }
}

/// Virtual time in seconds without needless digits.
fn time(at: SimTime) -> String {
    let (seconds, rest) = (at.as_nanos() / 1_000_000_000, at.as_nanos() % 1_000_000_000);
    if rest == 0 {
        return seconds.to_string();
    }
    format!("{seconds}.{rest:09}").trim_end_matches('0').to_owned()
}

/// What happened, one fact a line.
pub(crate) fn lines(records: &[Record]) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for record in records {
        let at = time(record.at);
        let mut say = |what: String| lines.push((at.clone(), what));
        match &record.detail {
            Detail::Container { container, fact: ContainerFact::Started { restart }, .. } => {
                say(format!("start {container} {restart}"));
            }
            Detail::Container { container, fact: ContainerFact::Exited { code, reason }, .. } => {
                say(format!("exit {container} {code} {reason}"));
            }
            Detail::Container { container, fact: ContainerFact::Pulling, .. } => {
                say(format!("pull {container}"));
            }
            _ if record.event == "ImageDeleted" => {
                say(format!("ImageDeleted {}", record.message.split(' ').nth(1).unwrap_or_default()));
            }
            _ if record.event == "ChildKilled" => {
                say(format!("ChildKilled {}", record.message.split(' ').nth(5).unwrap_or_default()));
            }
            Detail::Commit(commit) => commit_lines(commit, &mut say),
            _ if record.event == "Signal" => {
                let container = record.message.rsplit(' ').next().unwrap_or_default();
                say(format!("{} {container}", record.reason));
            }
            _ => {}
        }
    }
    lines
}

fn commit_lines(commit: &Commit, say: &mut dyn FnMut(String)) {
    match (&commit.new, &commit.old) {
        (Object::Event(event), _) => {
            say(format!("event {} x{} {}", event.reason, event.count, event.message));
        }
        (Object::Node(node), Some(Object::Node(old))) => {
            for condition in &node.status.conditions {
                let before = old.status.conditions.status_of(&condition.kind);
                let reason = condition.reason.as_deref().unwrap_or_default();
                let same = old.status.conditions.iter().find(|old| old.kind == condition.kind);
                if same.is_some_and(|old| old.status == condition.status && old.message != condition.message)
                {
                    say(format!("message {reason} {}", condition.message.as_deref().unwrap_or_default()));
                }
                if before != Some(condition.status) {
                    let message = condition.message.as_deref().unwrap_or_default();
                    say(format!("node {} {} {message}", condition.kind, condition.status));
                }
            }
        }
        (Object::Pod(_), _) if commit.op == Op::Deleted => say("removed".to_owned()),
        (Object::Pod(new), Some(Object::Pod(old))) => pod_lines(old, new, say),
        _ => {}
    }
}

fn pod_lines(old: &Pod, new: &Pod, say: &mut dyn FnMut(String)) {
    if old.status.phase != new.status.phase {
        let reason = new.status.reason.as_deref().map_or(String::new(), |reason| format!(" {reason}"));
        say(format!("phase {}{reason}", new.status.phase.as_str()));
    }
    for kind in ["Initialized", "Ready"] {
        let (before, now) = (old.status.conditions.status_of(kind), new.status.conditions.status_of(kind));
        if let Some(now) = now
            && before.is_none_or(|before| before != now)
        {
            say(format!("{kind} {now}"));
        }
    }
    let statuses = |pod: &Pod| -> Vec<(String, ContainerState, i32)> {
        let all = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        all.map(|status| (status.name.to_string(), status.state.clone(), status.restart_count)).collect()
    };
    let before = statuses(old);
    for (at, (name, state, restarts)) in statuses(new).into_iter().enumerate() {
        if before.get(at).is_none_or(|(_, old, count)| *old != state || *count != restarts) {
            say(format!("state {name} {} {restarts}", state_word(&state)));
        }
    }
    if old.status.pod_ip != new.status.pod_ip
        && let Some(ip) = &new.status.pod_ip
    {
        say(format!("ip {ip}"));
    }
}

fn state_word(state: &ContainerState) -> String {
    if let Some(ended) = &state.terminated {
        return format!("terminated {} {}", ended.exit_code, ended.reason.as_deref().unwrap_or_default());
    }
    if state.running.is_some() {
        return "running".to_owned();
    }
    state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()).unwrap_or("waiting").to_owned()
}
