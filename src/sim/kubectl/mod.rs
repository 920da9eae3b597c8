//! What `kubectl` does in a running world, as a person at the present instant: the requests go to the API server at once,
//! and the answer is the text that kubectl would print.
//!
//! Time stands still while a command runs, but a step of the scenario may go on in virtual time: `drain` (see `drain`),
//! `wait`, `rollout status` and `delete --timeout` (see `waits`). Elsewhere, in expectations and on the command line,
//! these tell how things are now and fail when they are not done yet.

mod container;
mod create;
mod delete;
mod drain;
mod edit;
mod expose;
mod mark;
mod merge;
mod node;
mod present;
mod rollout;
mod shell;
mod top;
mod wait;
mod waits;

pub use merge::strategic_merge;

use crate::api::Object;
use crate::api::pod::Pod;
use crate::kubectl::{Answer, Command, Verb};
use crate::trace::{Detail, Subject};

use super::control_plane::Availability;
use super::world::World;
pub(super) use drain::Drains;
pub(super) use present::Present;
use shell::Shell;
pub(super) use waits::Waits;

/// The namespace that commands are about unless they name one.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";
/// What kubectl says when nobody answers.
const REFUSED: &str =
    "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?";

/// A command that goes on in virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// The n-th drain.
    Drain(u32),
    /// The n-th command that waits.
    Wait(u32),
}

/// A command that was typed in from outside the scenario.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    errand: Option<Errand>,
    /// What it has printed so far.
    pub answer: Answer,
    /// Its exit status, once it has ended.
    pub status: Option<i32>,
}

/// What a command has printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// Exit status.
    pub(super) status: i32,
    /// Standard output, then standard error.
    pub(super) text: String,
    /// Rows of the table, without its header.
    pub(super) rows: usize,
    /// Rows whose READY is n/n, or whose STATUS is Ready.
    pub(super) ready: usize,
}

/// The word in the STATUS column of `get pods`.
pub(super) fn pod_status(pod: &Pod) -> String {
    crate::kubectl::print::pod::status(pod)
}

impl World {
    /// Runs a command and says what came of it.
    pub(super) fn kubectl(&mut self, line: &str) -> Output {
        let (answer, status, _) = self.run_line(line, false);
        let (rows, ready) = present::count_rows(&answer.out);
        Output { status, text: whole_text(&answer), rows, ready }
    }

    /// Runs a command; `blocks`: whether it may wait in virtual time, and then says how it goes on.
    fn run_line(&mut self, line: &str, blocks: bool) -> (Answer, i32, Option<Errand>) {
        match Command::parse_line(line) {
            Ok(command) => self.ask(command, blocks),
            Err(error) => (failure(error.words()), 1, None),
        }
    }

    /// Carries a command out if somebody answers it.
    fn ask(&mut self, command: Command, blocks: bool) -> (Answer, i32, Option<Errand>) {
        match self.no_answer() {
            Some(why) => (failure(why.to_owned()), 1, None),
            None => self.carry_out(command, blocks),
        }
    }

    /// Begins a command that somebody types who is not part of the scenario. It may go on as the run does; what it
    /// prints is not recorded but [`Self::typed`].
    pub fn type_in(&mut self, command: Command) {
        let (answer, status, errand) = self.ask(command, true);
        self.typed = Typed { errand, answer, status: errand.is_none().then_some(status) };
    }

    /// What the command that was typed in last has printed so far, and its exit status if it has ended.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// What a command says now, to somebody who looks at the world from outside: also when the API server is down.
    pub fn show(&mut self, command: Command) -> Answer {
        self.carry_out(command, false).0
    }

    /// The minor version of the cluster, and of the kubectl that people use with it.
    fn minor_version(&self) -> u32 {
        self.kubelet_version.0
    }

    /// What kubectl says when the API server answers nothing, or nothing that has to be up to date.
    fn no_answer(&self) -> Option<&'static str> {
        match self.control_plane.availability() {
            Availability::Full => None,
            Availability::CachedReads => Some("Error from server: etcdserver: request timed out"),
            Availability::None => Some(REFUSED),
        }
    }

    /// Runs a command of the scenario and writes its output into the trace; one that waits writes its end later.
    pub(super) fn kubectl_step(&mut self, line: &str) {
        let (answer, status, pending) = self.run_line(line, true);
        self.record_progress(&answer, status, pending.is_some());
    }

    /// Records what a command has printed, and its exit status if it has ended.
    fn record_progress(&mut self, answer: &Answer, status: i32, pending: bool) {
        let text = whole_text(answer);
        if !pending {
            self.record_output(status, &text);
        } else if !text.is_empty() {
            self.record_text("Running".to_owned(), &text);
        }
    }

    /// Passes on what a command has printed that goes on.
    fn report_progress(&mut self, errand: Errand, answer: &Answer, status: i32, pending: bool) {
        if self.typed.errand != Some(errand) {
            self.record_progress(answer, status, pending);
            return;
        }
        self.typed.answer.out.push_str(&answer.out);
        self.typed.answer.notes.extend(answer.notes.iter().cloned());
        self.typed.answer.errors += answer.errors;
        self.typed.status = (!pending).then_some(status);
    }

    /// `kubectl apply` of objects that the scenario holds.
    pub(super) fn apply_objects(&mut self, objects: Vec<Object>) {
        if let Some(why) = self.no_answer() {
            self.record_output(1, why);
            return;
        }
        let mut shell = Shell::new(self, crate::kubectl::Scope::Default);
        for object in objects {
            shell.apply_object(object);
        }
        let (answer, status) = shell.finish();
        self.record_output(status, &whole_text(&answer));
    }

    pub(super) fn record_output(&mut self, status: i32, text: &str) {
        self.record_text(format!("ExitStatus{status}"), text);
    }

    fn record_text(&mut self, how: String, text: &str) {
        let (now, text) = (self.now(), text.trim_end());
        self.recorder.record_aside(now, "kubectl", Subject::cluster(), "Output", how, text, Detail::None);
    }

    fn carry_out(&mut self, command: Command, blocks: bool) -> (Answer, i32, Option<Errand>) {
        if command.dry_run.is_some() {
            return self.clone().perform(command, false);
        }
        self.perform(command, blocks)
    }

    fn perform(&mut self, command: Command, blocks: bool) -> (Answer, i32, Option<Errand>) {
        let Command { scope, verb, dry_run, output, .. } = command;
        let mut shell = Shell::new(self, scope);
        (shell.blocks, shell.dry_run, shell.output) = (blocks, dry_run, output);
        match verb {
            Verb::Get(get) => shell.get(&get),
            Verb::Describe(describe) => shell.describe(&describe),
            Verb::Annotate(mark) => shell.annotate(&mark),
            Verb::Label(mark) => shell.label(&mark),
            Verb::Apply(apply) => shell.apply(&apply),
            Verb::Autoscale(autoscale) => shell.autoscale(&autoscale),
            Verb::Cordon(nodes) => shell.cordon(&nodes, true),
            Verb::Uncordon(nodes) => shell.cordon(&nodes, false),
            Verb::Create(create) => shell.create(create),
            Verb::Delete(delete) => shell.delete(&delete),
            Verb::Drain(drain) => shell.drain(drain),
            Verb::Exec(exec) => shell.exec(&exec),
            Verb::Expose(expose) => shell.expose(&expose),
            Verb::Logs(logs) => shell.logs(&logs),
            Verb::Patch(patch) => shell.patch(&patch),
            Verb::Rollout(rollout) => shell.rollout(&rollout),
            Verb::Run(run) => shell.run(run),
            Verb::Scale(scale) => shell.scale(&scale),
            Verb::SetImage(set) => shell.set_image(&set),
            Verb::SetResources(set) => shell.set_resources(&set),
            Verb::Taint(taint) => shell.taint(&taint),
            Verb::Top(top) => shell.top(&top),
            Verb::Wait(wait) => shell.wait(&wait),
        }
        let pending = shell.pending;
        let (answer, status) = shell.finish();
        (answer, status, pending)
    }
}

fn failure(text: String) -> Answer {
    let mut answer = Answer::default();
    answer.fail(text);
    answer
}

/// Standard output, then standard error.
fn whole_text(answer: &Answer) -> String {
    let mut text = answer.out.clone();
    for note in &answer.notes {
        text.push_str(note);
        text.push('\n');
    }
    text
}
