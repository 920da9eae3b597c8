//! Goes through a script from its start to its end, or to the turn of a loop after which nothing new comes.

use std::collections::BTreeMap;

use super::Script;
use super::commands;
use super::machine::{Machine, Snapshot, Status, Stop, Trap};
use super::parse::Node;
use super::words::Word;
use crate::kernel::SimDuration;

/// So many commands a script may run before it is given up as not understood.
const MOST_STEPS: u32 = 20_000;

/// What a script does over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// At which age it ends, and with which code; `None` = never.
    pub exit: Option<(SimDuration, i32)>,
    /// The end of what it prints.
    pub output: String,
    /// Whether it uses up a whole core without ever waiting.
    pub busy: bool,
    /// Files that come to be (or vanish), in order of age.
    changes: Vec<(SimDuration, String, bool)>,
    /// From which age on it repeats itself, and how long a turn is.
    cycle: Option<(SimDuration, SimDuration)>,
}

impl Walk {
    /// The files that the script has made or removed by an age.
    pub fn files_at(&self, age: SimDuration) -> BTreeMap<String, bool> {
        let age = match self.cycle {
            Some((start, turn)) if age > start => {
                let into = age.saturating_sub(start).as_nanos() % turn.as_nanos().max(1);
                start + SimDuration::from_nanos(into)
            }
            _ => age,
        };
        let past = self.changes.iter().filter(|(at, ..)| *at <= age);
        past.map(|(_, path, exists)| (path.clone(), *exists)).collect()
    }

    /// Whether its files stay as they are from an age on.
    pub fn is_settled(&self, age: SimDuration) -> bool {
        let last = self.changes.last().map(|(at, ..)| *at);
        match self.cycle {
            Some((start, _)) if last.is_some_and(|last| last > start) => false,
            _ => last.is_none_or(|last| last <= age),
        }
    }
}

/// Runs a script; `None` = it is not understood.
pub(super) fn walk(
    script: &Script,
    stopped_at: Option<SimDuration>,
    is_pid_1: bool,
    files: &BTreeMap<String, bool>,
) -> Option<Walk> {
    let variables = script.knowledge.variables.clone();
    let mut machine = Machine {
        knowledge: &script.knowledge,
        lenient: script.lenient,
        exit_on_error: script.exit_on_error,
        age: SimDuration::ZERO,
        state: Snapshot { files: files.clone(), variables, trap: Trap::Default },
        functions: BTreeMap::new(),
        exit_trap: None,
        status: 0,
        jobs: Vec::new(),
        signal: stopped_at,
        is_pid_1,
        is_main: true,
        cycle: None,
        changes: Vec::new(),
        output: String::new(),
        busy: false,
        steps: 0,
        conditions: 0,
    };
    let exit = match machine.run(&script.root) {
        Ok(code) | Err(Stop::Exit(code) | Stop::Return(code)) => Some(machine.leave(code)?),
        Err(Stop::Never) => None,
        Err(Stop::Break(_) | Stop::Continue(_)) => Some((machine.age, 0)),
        Err(Stop::Unknown) => return None,
    };
    let Machine { changes, cycle, output, busy, .. } = machine;
    Some(Walk { exit, output, busy, changes, cycle: cycle.filter(|_| exit.is_none()) })
}

impl Machine<'_> {
    /// The end of the script: its EXIT trap, which may choose another code.
    fn leave(&mut self, code: i32) -> Option<(SimDuration, i32)> {
        let Some(commands) = self.exit_trap.take() else { return Some((self.age, code)) };
        match self.run(&commands) {
            Err(Stop::Exit(code)) => Some((self.age, code)),
            Ok(_) | Err(Stop::Return(_) | Stop::Break(_) | Stop::Continue(_)) => Some((self.age, code)),
            Err(Stop::Never | Stop::Unknown) => None,
        }
    }

    fn run(&mut self, node: &Node) -> Status {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Stop::Unknown);
        }
        let status = match node {
            Node::Command { sets, words, writes } => self.command(sets, words, writes)?,
            Node::List(nodes) => nodes.iter().try_fold(0, |_, node| self.run(node))?,
            Node::And(first, second) => {
                let status = self.condition(first)?;
                if status != 0 {
                    return Ok(status);
                }
                self.run(second)?
            }
            Node::Or(first, second) => {
                if self.condition(first)? == 0 {
                    return Ok(0);
                }
                self.run(second)?
            }
            Node::Not(inner) => return Ok(i32::from(self.condition(inner)? == 0)),
            Node::Background(inner) => return self.background(inner),
            Node::Pipe(stages) => self.pipe(stages)?,
            Node::Subshell(inner) => self.subshell(inner)?,
            Node::If { condition, then, otherwise } => {
                if self.condition(condition)? == 0 {
                    self.run(then)?
                } else {
                    otherwise.as_ref().map_or(Ok(0), |otherwise| self.run(otherwise))?
                }
            }
            Node::While { condition, body, until } => self.repeat(condition, body, *until)?,
            Node::For { variable, words, body } => self.for_each(variable, words, body)?,
            Node::Function { name, body } => {
                self.functions.insert(name.clone(), (**body).clone());
                0
            }
        };
        self.status = status;
        if let Some(trap) = self.due_trap() {
            let before = self.status;
            self.run(&trap)?;
            self.status = before;
        }
        let is_command = matches!(node, Node::Command { .. } | Node::Subshell(_) | Node::Pipe(_));
        if self.exit_on_error && is_command && self.status != 0 && self.conditions == 0 {
            return Err(Stop::Exit(self.status));
        }
        Ok(self.status)
    }

    /// Runs what decides; its failures end nothing.
    fn condition(&mut self, node: &Node) -> Status {
        self.conditions += 1;
        let status = self.run(node);
        self.conditions -= 1;
        status
    }

    fn command(&mut self, sets: &[(String, Word)], words: &[Word], writes: &[Word]) -> Status {
        for (name, word) in sets {
            let value = self.expand(word)?;
            self.state.variables.insert(name.clone(), value);
        }
        for file in writes {
            let path = self.expand(file)?.ok_or(Stop::Unknown)?;
            self.set_file(path, true)?;
        }
        let mut arguments = Vec::with_capacity(words.len());
        for word in words {
            let text = self.expand(word)?;
            // A variable without a value and without quotes is no word at all.
            if word.quoted || text.as_ref().is_none_or(|text| !text.is_empty()) {
                arguments.push(text);
            }
        }
        let Some(name) = arguments.first() else { return Ok(0) };
        let name = name.clone().ok_or(Stop::Unknown)?;
        if let Some(body) = self.functions.get(&name).cloned() {
            return match self.run(&body) {
                Err(Stop::Return(code)) => Ok(code),
                other => other,
            };
        }
        let prints = writes.is_empty();
        commands::run(self, &name, &arguments[1..], prints)
    }

    /// A copy of the shell that shares files and time with it, but neither variables nor traps.
    pub(super) fn subshell(&mut self, node: &Node) -> Status {
        let mut inner = self.clone();
        inner.state.trap = Trap::Default;
        inner.exit_trap = None;
        inner.is_main = false;
        inner.jobs.clear();
        let end = inner.run(node);
        // The signal went to the shell outside, which handles it once this has ended.
        let signal = self.signal;
        let unhandled = matches!(self.state.trap, Trap::Default | Trap::Ignore);
        self.age = inner.age;
        self.state.files = inner.state.files;
        (self.changes, self.output, self.steps) = (inner.changes, inner.output, inner.steps);
        self.signal = if unhandled { inner.signal } else { signal };
        match end {
            Ok(code) | Err(Stop::Exit(code) | Stop::Return(code)) => Ok(code),
            Err(Stop::Never) => {
                (self.busy, self.cycle) = (inner.busy, inner.cycle);
                Err(Stop::Never)
            }
            Err(Stop::Break(_) | Stop::Continue(_)) => Ok(0),
            Err(Stop::Unknown) => Err(Stop::Unknown),
        }
    }

    /// Stages run one after the other here; the status is that of the last.
    fn pipe(&mut self, stages: &[Node]) -> Status {
        let mut status = 0;
        for (number, stage) in stages.iter().enumerate() {
            status = match self.subshell(stage) {
                Err(Stop::Never) if number + 1 < stages.len() => return Err(Stop::Unknown),
                other => other?,
            };
        }
        Ok(status)
    }

    /// `COMMAND &`: it may wait, but it changes nothing.
    fn background(&mut self, node: &Node) -> Status {
        let mut inner = self.clone();
        (inner.signal, inner.state.trap, inner.exit_trap) = (None, Trap::Default, None);
        let known = inner.changes.len();
        let end = inner.run(node);
        if inner.changes.len() > known {
            return Err(Stop::Unknown);
        }
        self.jobs.push(match end {
            Ok(_) | Err(Stop::Exit(_) | Stop::Return(_)) => Some(inner.age),
            Err(Stop::Never) if !inner.busy => None,
            Err(_) => return Err(Stop::Unknown),
        });
        Ok(0)
    }

    fn for_each(&mut self, variable: &str, words: &[Word], body: &Node) -> Status {
        let mut status = 0;
        for word in words {
            let text = self.expand(word)?.ok_or(Stop::Unknown)?;
            for value in text.split_whitespace() {
                self.state.variables.insert(variable.to_owned(), Some(value.to_owned()));
                match self.turn(body)? {
                    Turn::Done(last) => status = last,
                    Turn::Over => return Ok(0),
                }
            }
        }
        Ok(status)
    }

    /// `while` and `until`.
    fn repeat(&mut self, condition: &Node, body: &Node, until: bool) -> Status {
        let mut status = 0;
        let mut before: Option<(SimDuration, Snapshot)> = None;
        loop {
            if let Some((age, state)) = &before
                && *state == self.state
            {
                self.recur(*age)?;
            }
            before = Some((self.age, self.state.clone()));
            if (self.condition(condition)? == 0) == until {
                return Ok(status);
            }
            match self.turn(body)? {
                Turn::Done(last) => status = last,
                Turn::Over => return Ok(0),
            }
        }
    }

    /// A loop is where it was at `before`: it goes on so for ever, or until the signal comes.
    fn recur(&mut self, before: SimDuration) -> Result<(), Stop> {
        let turn = self.age.saturating_sub(before);
        let Some(at) = self.signal.filter(|_| self.is_main) else {
            self.cycle = Some((before, turn)).filter(|_| turn > SimDuration::ZERO);
            self.busy = turn == SimDuration::ZERO;
            return Err(Stop::Never);
        };
        if turn == SimDuration::ZERO {
            // It never waits, so the signal finds it between two commands.
            self.meet_signal(at)?;
            if self.signal.is_some() {
                self.age = at.max(self.age);
            }
            return Ok(());
        }
        let turns = at.saturating_sub(self.age).as_nanos() / turn.as_nanos();
        self.age = self.age.saturating_add(SimDuration::from_nanos(turns.saturating_mul(turn.as_nanos())));
        Ok(())
    }

    /// One turn of a loop.
    fn turn(&mut self, body: &Node) -> Result<Turn, Stop> {
        match self.run(body) {
            Ok(status) => Ok(Turn::Done(status)),
            Err(Stop::Continue(0)) => Ok(Turn::Done(0)),
            Err(Stop::Continue(levels)) => Err(Stop::Continue(levels - 1)),
            Err(Stop::Break(0)) => Ok(Turn::Over),
            Err(Stop::Break(levels)) => Err(Stop::Break(levels - 1)),
            Err(other) => Err(other),
        }
    }
}

/// What a turn of a loop leads to.
enum Turn {
    /// The next one.
    Done(i32),
    /// The end of the loop.
    Over,
}
