//! The state of a script while it runs, and how time passes in it.

use std::collections::BTreeMap;

use super::Knowledge;
use super::parse::Node;
use super::words::{Part, Word};
use crate::kernel::SimDuration;

/// So many bytes of output are kept, as the kubelet takes of a log (`MaxContainerTerminationMessageLogLength`).
const MOST_OUTPUT: usize = 2048;

/// Why a list of commands does not go on to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The script ends.
    Exit(i32),
    /// It goes on for ever, as it is now.
    Never,
    /// A loop ends; so many others around it too.
    Break(u32),
    /// The next turn of a loop.
    Continue(u32),
    /// A function ends.
    Return(i32),
    /// Something is not understood.
    Unknown,
}

/// Exit status, or why there is none.
pub(super) type Status = Result<i32, Stop>;

/// What SIGTERM does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Trap {
    /// Its default: it ends the shell, unless that is PID 1.
    #[default]
    Default,
    /// Nothing.
    Ignore,
    /// These commands.
    Run(Node),
}

/// A state that a loop may come back to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Snapshot {
    pub(super) files: BTreeMap<String, bool>,
    pub(super) variables: BTreeMap<String, Option<String>>,
    pub(super) trap: Trap,
}

/// A script that runs.
#[derive(Clone, Debug)]
pub(super) struct Machine<'a> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) lenient: bool,
    pub(super) exit_on_error: bool,
    pub(super) age: SimDuration,
    pub(super) state: Snapshot,
    pub(super) functions: BTreeMap<String, Node>,
    pub(super) exit_trap: Option<Node>,
    pub(super) status: i32,
    /// When jobs in the background end; `None` = never.
    pub(super) jobs: Vec<Option<SimDuration>>,
    /// When SIGTERM comes, as long as it is still to come or to be handled.
    pub(super) signal: Option<SimDuration>,
    pub(super) is_pid_1: bool,
    /// Whether it is the shell of the script, not one in parentheses or behind a pipe.
    pub(super) is_main: bool,
    /// Whether the state at `age` has been that of a turn of a loop before: since when, and how long a turn takes.
    pub(super) cycle: Option<(SimDuration, SimDuration)>,
    pub(super) changes: Vec<(SimDuration, String, bool)>,
    pub(super) output: String,
    pub(super) busy: bool,
    pub(super) steps: u32,
    /// How many conditions are being tried, in which failures end nothing.
    pub(super) conditions: u32,
}

impl Machine<'_> {
    /// A file comes to be or vanishes.
    pub(super) fn set_file(&mut self, path: String, exists: bool) -> Result<(), Stop> {
        if path.starts_with("/dev/") || path.starts_with("/proc/") {
            return Ok(());
        }
        if self.is_shared(&path) && !self.lenient {
            return Err(Stop::Unknown);
        }
        if self.state.files.insert(path.clone(), exists) != Some(exists) {
            self.changes.push((self.age, path, exists));
        }
        Ok(())
    }

    fn is_shared(&self, path: &str) -> bool {
        self.knowledge.mounts.iter().any(|mount| std::path::Path::new(path).starts_with(mount))
    }

    /// Whether a file exists; `None` = that is not known.
    pub(super) fn file(&self, path: &str) -> Option<bool> {
        if let Some(exists) = self.state.files.get(path) {
            return Some(*exists);
        }
        let is_scratch =
            ["/tmp/", "/var/tmp/", "/run/", "/var/run/"].iter().any(|folder| path.starts_with(folder));
        let is_system =
            ["/dev/null", "/bin/sh", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/tmp", "/"];
        if is_system.contains(&path) {
            Some(true)
        } else {
            (is_scratch && self.knowledge.own_files && !self.is_shared(path)).then_some(false)
        }
    }

    pub(super) fn print(&mut self, line: &str) {
        self.output.push_str(line);
        if let Some(mut cut) = self.output.len().checked_sub(MOST_OUTPUT) {
            while !self.output.is_char_boundary(cut) {
                cut += 1;
            }
            self.output.drain(..cut);
        }
    }

    /// What a word stands for; `Ok(None)` = something that is not known.
    pub(super) fn expand(&self, word: &Word) -> Result<Option<String>, Stop> {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                Part::Text(more) => text.push_str(more),
                Part::Unknown => return Ok(None),
                Part::Arithmetic(sum) => {
                    let number =
                        super::commands::arithmetic(sum, &|name| self.number(name)).ok_or(Stop::Unknown)?;
                    text.push_str(&number.to_string());
                }
                Part::Variable(name) => match self.variable(name) {
                    Some(value) => text.push_str(&value),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(text))
    }

    fn number(&self, name: &str) -> Option<i64> {
        let value = self.variable(name)?;
        if value.is_empty() { Some(0) } else { value.parse().ok() }
    }

    /// The value of a variable; `None` = not known. Variables that are not set are empty.
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "?" => return Some(self.status.to_string()),
            "$" => return Some("1".to_owned()),
            "!" => return Some(format!("job{}", self.jobs.len())),
            "#" => return Some("0".to_owned()),
            "@" | "*" => return Some(String::new()),
            "HOSTNAME" | "RANDOM" | "SECONDS" | "PATH" | "HOME" | "PWD" => return None,
            _ => {}
        }
        let of_services = name.contains("_SERVICE_") || name.contains("_PORT");
        match self.state.variables.get(name) {
            Some(value) => value.clone(),
            None if of_services || self.knowledge.more_variables => None,
            None => Some(String::new()),
        }
    }

    /// Waits for a command in the foreground until `end` (`None` = for ever). A signal that comes meanwhile is handled after
    /// it, as POSIX says of traps.
    pub(super) fn wait_until(&mut self, end: Option<SimDuration>) -> Result<(), Stop> {
        if let Some(at) = self.signal.filter(|at| end.is_none_or(|end| *at < end)) {
            self.meet_signal(at)?;
        }
        self.age = end.ok_or(Stop::Never)?;
        Ok(())
    }

    /// SIGTERM comes at `at`: it ends the script, or nothing happens, or a trap for it is left to be run.
    pub(super) fn meet_signal(&mut self, at: SimDuration) -> Result<(), Stop> {
        match &self.state.trap {
            Trap::Default if !self.is_pid_1 => {
                self.age = at.max(self.age);
                Err(Stop::Exit(143))
            }
            Trap::Default | Trap::Ignore => {
                self.signal = None;
                Ok(())
            }
            Trap::Run(_) => Ok(()),
        }
    }

    /// Waits for jobs in the background; a signal with a trap ends the wait.
    pub(super) fn wait_for_jobs(&mut self) -> Status {
        let end = self.jobs.iter().try_fold(self.age, |latest, end| end.map(|end| end.max(latest)));
        self.jobs.clear();
        if let (Some(at), Trap::Run(_)) = (self.signal, &self.state.trap)
            && end.is_none_or(|end| at < end)
        {
            self.age = at.max(self.age);
            return Ok(143);
        }
        self.wait_until(end)?;
        Ok(0)
    }

    /// The trap of a signal that has come, if it is its time.
    pub(super) fn due_trap(&mut self) -> Option<Node> {
        self.signal.filter(|at| *at <= self.age)?;
        match &self.state.trap {
            Trap::Run(commands) => {
                self.signal = None;
                Some(commands.clone())
            }
            _ => None,
        }
    }
}
