//! Commands that wait in virtual time for what they watch: `wait`, `rollout status`, and `delete --timeout`.
//!
//! kubectl watches the object that it waits for, so a command goes on when a change of that object has been delivered.
//! Several objects are waited for one after another: `rollout status` gives each the whole timeout, `wait` all of them
//! together. What went wrong is told at the end.

use std::collections::VecDeque;

use crate::api::{Commit, Object, ObjectRef, Uid};
use crate::component::Class;
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::kubectl::Scope;
use crate::kubectl::verb::WaitFor;
use crate::sim::World;
use crate::sim::event::Event;

use super::Errand;
use super::rollout::{Progress, progress};
use super::shell::Shell;
use super::wait::holds;

/// What a command waits for.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// The end of rollouts, of this revision only if one is given.
    Rollout(Option<i64>),
    /// A condition.
    Condition(WaitFor),
    /// That objects are gone, without a word.
    Gone,
}

/// An object whose turn is now or later.
#[derive(Clone, Debug)]
struct Awaited {
    target: ObjectRef,
    /// How `wait` names it.
    label: String,
    /// Nothing if it does not exist yet.
    uid: Option<Uid>,
}

/// A command that waits.
#[derive(Clone, Debug)]
struct Waiting {
    task: Task,
    objects: VecDeque<Awaited>,
    /// Zero = look once; `None` = for ever.
    timeout: Option<SimDuration>,
    deadline: Option<SimTime>,
    /// What went wrong so far; it is told at the end.
    errors: Vec<String>,
    /// Whether it goes on soon anyway.
    woken: bool,
}

/// The waiting commands of a run, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    commands: Vec<Waiting>,
    /// How many of them are not done.
    open: usize,
}

/// How things are.
enum Check {
    Met(Option<String>),
    Failed(String),
    NotYet(Option<String>),
}

impl Shell<'_> {
    /// Begins to wait for objects, and does what can be done at once.
    pub(super) fn wait_for(&mut self, task: Task, objects: &[Object], timeout: Option<SimDuration>) {
        let awaited = |object: &Object| Awaited {
            target: object.reference(),
            label: format!("{}/{}", object.kind().names().plural, object.metadata().name),
            uid: Some(object.metadata().uid),
        };
        self.begin(task, objects.iter().map(awaited).collect(), timeout);
    }

    /// Begins to wait until objects of these names exist.
    pub(super) fn wait_for_creation(&mut self, targets: Vec<ObjectRef>, timeout: Option<SimDuration>) {
        let awaited = targets.into_iter().map(|target| {
            let label = format!("{}/{}", target.kind.names().plural, target.name);
            Awaited { target, label, uid: None }
        });
        let awaited = awaited.collect();
        self.begin(Task::Condition(WaitFor::Create), awaited, timeout);
    }

    fn begin(&mut self, task: Task, objects: VecDeque<Awaited>, timeout: Option<SimDuration>) {
        let deadline = timeout.map(|timeout| self.world.now() + timeout);
        let before = std::mem::take(&mut self.answer);
        self.answer.out = before.out;
        let errors = before.notes;
        let number = self.world.waits.commands.len();
        self.world.waits.commands.push(Waiting { task, objects, timeout, deadline, errors, woken: false });
        self.world.waits.open += 1;
        self.world.plan_deadline(number);
        self.go_on(number);
    }

    /// Does what is due of a waiting command.
    fn go_on(&mut self, number: usize) {
        let now = self.world.now();
        let mut waiting = self.world.waits.commands[number].clone();
        waiting.woken = false;
        while let Some(awaited) = waiting.objects.front() {
            match self.check_in_time(&waiting, awaited) {
                Check::Met(line) => {
                    if let Some(line) = line {
                        self.say(line);
                    }
                }
                Check::Failed(error) => waiting.errors.push(format!("error: {error}")),
                Check::NotYet(line) => {
                    if waiting.deadline.is_none_or(|deadline| deadline > now) {
                        if let Some(line) = line {
                            self.say(line);
                        }
                        self.world.waits.commands[number] = waiting;
                        self.pending = Some(Errand::Wait(number as u32));
                        return;
                    }
                    waiting.errors.push(format!("error: {}", timed_out(&waiting, awaited)));
                }
            }
            waiting.objects.pop_front();
            if matches!(waiting.task, Task::Rollout(_)) {
                waiting.deadline = waiting.timeout.map(|timeout| now + timeout);
            }
        }
        for error in std::mem::take(&mut waiting.errors) {
            self.answer.fail(error);
        }
        self.world.waits.commands[number] = waiting;
        self.world.waits.open -= 1;
        self.pending = None;
    }

    /// How things are; once the time of `wait` is over, nobody looks any more.
    fn check_in_time(&self, waiting: &Waiting, awaited: &Awaited) -> Check {
        let once = waiting.timeout == Some(SimDuration::ZERO) || matches!(waiting.task, Task::Rollout(_));
        let over = waiting.deadline.is_some_and(|deadline| deadline <= self.world.now());
        if over && !once { Check::NotYet(None) } else { self.check(&waiting.task, awaited) }
    }

    fn check(&self, task: &Task, awaited: &Awaited) -> Check {
        let ObjectRef { kind, namespace, name } = &awaited.target;
        let found = self.world.api.objects().find(*kind, namespace, name).map(|(_, object)| object);
        let same = found.filter(|object| awaited.uid.is_none_or(|uid| object.metadata().uid == uid));
        match (task, same) {
            (Task::Gone, None) => Check::Met(None),
            (Task::Rollout(_), None) => Check::Failed("object has been deleted".to_owned()),
            (Task::Rollout(revision), Some(object)) => match progress(object, *revision) {
                Some(Progress::Done(line)) => Check::Met(Some(line)),
                Some(Progress::Waiting(line)) => Check::NotYet(Some(line)),
                Some(Progress::Failed(error)) => Check::Failed(error),
                None => Check::Met(None),
            },
            (Task::Condition(WaitFor::Delete), None) => Check::Met(Some(self.met(awaited))),
            (Task::Condition(_), None) if found.is_none() && awaited.uid.is_some() => {
                Check::Failed(format!("the object of {} has been deleted", awaited.label))
            }
            (Task::Condition(what), Some(object)) if holds(object, what) => {
                Check::Met(Some(self.met(awaited)))
            }
            (Task::Gone, Some(_)) | (Task::Condition(_), _) => Check::NotYet(None),
        }
    }

    fn met(&self, awaited: &Awaited) -> String {
        let names = awaited.target.kind.names();
        let group =
            names.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
        format!("{}{group}/{} condition met", names.singular, awaited.target.name)
    }
}

/// What is said of an object that was not as it should be in time.
fn timed_out(waiting: &Waiting, awaited: &Awaited) -> String {
    let label = &awaited.label;
    match &waiting.task {
        Task::Condition(WaitFor::Create) | Task::Rollout(_) => {
            "timed out waiting for the condition".to_owned()
        }
        _ if waiting.timeout == Some(SimDuration::ZERO) => format!("condition not met for {label}"),
        _ => format!("timed out waiting for the condition on {label}"),
    }
}

impl World {
    /// A change wakes the commands that wait for its object, once it has been delivered.
    pub(in crate::sim) fn wake_waiting_commands(&mut self, commit: &Commit) {
        if self.waits.open == 0 {
            return;
        }
        let changed = commit.new.reference();
        let at = self.now() + self.settings.watch_latency;
        for number in 0..self.waits.commands.len() {
            let waiting = &mut self.waits.commands[number];
            if waiting.woken || waiting.objects.front().is_none_or(|awaited| awaited.target != changed) {
                continue;
            }
            waiting.woken = true;
            let key = EventKey { at, class: Class::Watch as u8, target: u64::MAX - 1, seq: number as u32 };
            self.push(key, commit.record, Event::Waiting(number as u32));
        }
    }

    fn plan_deadline(&mut self, number: usize) {
        let Some(deadline) = self.waits.commands[number].deadline.filter(|at| *at > self.now()) else {
            return;
        };
        let key = EventKey { at: deadline, class: Class::Watch as u8, target: u64::MAX, seq: number as u32 };
        let cause = self.recorder.cause();
        self.push(key, cause, Event::Waiting(number as u32));
    }

    /// A waiting command goes on.
    pub(in crate::sim) fn continue_waiting(&mut self, index: u32) {
        let number = index as usize;
        let waiting = &self.waits.commands[number];
        let before = waiting.deadline;
        // A deadline of an object whose turn is over.
        let early = !waiting.woken && before.is_none_or(|deadline| deadline > self.now());
        if waiting.objects.is_empty() || early {
            return;
        }
        let mut shell = Shell::new(self, Scope::Default);
        shell.go_on(number);
        let pending = shell.pending.is_some();
        let (answer, status) = shell.finish();
        self.report_progress(Errand::Wait(index), &answer, status, pending);
        let waiting = &self.waits.commands[number];
        if waiting.deadline != before && !waiting.objects.is_empty() {
            self.plan_deadline(number);
        }
    }
}
