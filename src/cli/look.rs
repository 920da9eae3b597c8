//! `shakedown get`, `describe`, `top` and `logs`: kubectl's words about a run at one time of it.

use std::path::{Path, PathBuf};

use super::ExitStatus;
use super::again::Again;
use super::inputs;
use super::past;
use super::printer::Printer;
use super::recorded::Recorded;
use crate::api::{Kind, Object, Op};
use crate::kernel::{SimDuration, SimTime};
use crate::kubectl::verb::Get;
use crate::kubectl::{Answer, Command, Help, Scope, UsageError, Verb, Watch};
use crate::sim::RunOptions;
use crate::trace::{Detail, Record};

/// What was typed, taken apart.
pub(super) struct Request {
    /// The words that are kubectl's.
    pub(super) words: Vec<String>,
    /// When to look; `None` = at the end.
    pub(super) at: Option<SimTime>,
    /// Another seed.
    pub(super) seed: Option<u64>,
    /// Whether every latency of machinery is zero.
    pub(super) ideal: bool,
    /// What is looked at: a scenario, or the directory of a finished run.
    pub(super) paths: Vec<PathBuf>,
}

impl Request {
    /// Takes `--at`, `--seed` and the paths out of the words. Paths follow `--`; without that, the last word is one.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        Self::parse_until(words, &[])
    }

    /// As [`Self::parse`] of a command that has a `--` of its own: what follows it, as `command`, is the command's.
    fn parse_until(words: &[String], command: &[String]) -> Result<Self, String> {
        let mut request = Self { words: Vec::new(), at: None, seed: None, ideal: false, paths: Vec::new() };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            match flag {
                "--ideal" => request.ideal = true,
                "--" => request.paths.extend(rest.by_ref().map(PathBuf::from)),
                "--at" | "--seed" | "--scenario" => {
                    let value = inline.or_else(|| rest.next().cloned());
                    let value = value.ok_or_else(|| format!("{flag} needs a value"))?;
                    request.option(flag, &value)?;
                }
                _ => request.words.push(word.clone()),
            }
        }
        if request.paths.is_empty() {
            let last = request.words.pop().ok_or("name a scenario or the directory of a run")?;
            let path = PathBuf::from(&last);
            if !path.exists() && last != "-" {
                return Err(format!(
                    "there is no file or directory {last}: name a scenario or the directory of a run"
                ));
            }
            request.paths.push(path);
        }
        request.words.extend_from_slice(command);
        Ok(request)
    }

    fn option(&mut self, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "--at" => {
                let length: SimDuration = value.parse().map_err(|error| format!("--at {value}: {error}"))?;
                self.at = Some(SimTime::ZERO + length);
            }
            "--seed" => self.seed = Some(value.parse().map_err(|_| format!("--seed {value}: not a number"))?),
            _ => self.paths.push(PathBuf::from(value)),
        }
        Ok(())
    }
}

/// Shows what kubectl would show, and ends as it would.
pub(super) fn look(verb: &str, words: &[String], printer: &mut Printer) -> ExitStatus {
    let request = Request::parse(words);
    finish(request.and_then(|request| answer(&[verb.to_owned()], &request, printer)), printer)
}

/// Carries out any command of kubectl's, and goes on with the run until it has ended.
pub(super) fn kubectl(words: &[String], printer: &mut Printer) -> ExitStatus {
    let dashes = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let request = Request::parse_until(&words[..dashes], &words[dashes..]);
    finish(request.and_then(|request| answer(&[], &request, printer)), printer)
}

/// What was printed, and the exit status; `None` when the scenario has errors, which are printed already.
type Answered = Result<Option<(Answer, i32)>, String>;

fn finish(answered: Answered, printer: &mut Printer) -> ExitStatus {
    match answered {
        Ok(Some((answer, status))) => {
            printer.result(&answer.out);
            for note in &answer.notes {
                printer.note(note);
            }
            match status {
                0 => ExitStatus::Success,
                status => ExitStatus::Kubectl(u8::try_from(status).unwrap_or(1)),
            }
        }
        Ok(None) => ExitStatus::Error,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

/// Answers the words of a request with `verb` before them. Without, they may be a command that changes something.
fn answer(verb: &[String], request: &Request, printer: &mut Printer) -> Answered {
    let command = match Command::parse(&[verb, &request.words].concat()) {
        Ok(command) => command,
        Err(error) => return Ok(Some((refused(&error), 1))),
    };
    let ended = |answer: Answer| {
        let status = i32::from(answer.failed);
        Some((answer, status))
    };
    if let Some(file) = past::trace_in(&request.paths)
        && let Some(answer) = from_the_files(&command, &file, request.at)?
    {
        return Ok(ended(answer));
    }
    let options = RunOptions { seed: request.seed, ideal: request.ideal, ..RunOptions::default() };
    let Some(mut run) = Again::new(&request.paths, &options, printer)? else { return Ok(None) };
    let at = request.at.unwrap_or(run.simulation.world.end);
    run.run_until(at, &mut |_| {})?;
    match &command.verb {
        Verb::Get(get) if watches(get) => stream(&mut run, get, &command.scope).map(ended),
        _ if verb.is_empty() => carry_out(&mut run, command).map(Some),
        _ => Ok(ended(run.simulation.world.show(command))),
    }
}

/// What kubectl says of a command that it cannot read; where it has no suggestion, one of our own.
fn refused(error: &UsageError) -> Answer {
    let mut answer = Answer::default();
    answer.fail(error.words());
    if let Some(meant) = error.meant.as_ref().filter(|_| error.help != Some(Help::Commands)) {
        answer.notes.push(format!("did you mean `{meant}`?"));
    }
    answer
}

/// Types a command in and lets time go on until it has ended.
fn carry_out(run: &mut Again, command: Command) -> Result<(Answer, i32), String> {
    const PIECE: SimDuration = SimDuration::from_secs(1);
    run.leave_the_record();
    run.simulation.world.type_in(command);
    loop {
        let world = &run.simulation.world;
        let (now, end) = (world.now(), world.end);
        let mut answer = world.typed().answer.clone();
        match world.typed().status {
            Some(status) => return Ok((answer, status)),
            None if now >= end => {
                answer.fail(format!("error: the command is not done yet when the run ends at {end}"));
                return Ok((answer, 1));
            }
            None => run.run_until((now + PIECE).min(end), &mut |_| {})?,
        }
    }
}

fn watches(get: &Get) -> bool {
    get.watch || get.watch_only
}

/// What the files of a finished run tell; for the rest it has to be done again.
fn from_the_files(command: &Command, file: &Path, at: Option<SimTime>) -> Result<Option<Answer>, String> {
    // Leases are made when somebody looks: no trace has them, and a node is described with its own.
    let with_leases = match &command.verb {
        Verb::Get(get) => get.targets.kinds().contains(&Kind::Lease),
        Verb::Describe(it) => it.targets.kinds().iter().any(|kind| [Kind::Lease, Kind::Node].contains(kind)),
        _ => false,
    };
    if with_leases && file.with_file_name(inputs::FILE).is_file() {
        return Ok(None);
    }
    match &command.verb {
        Verb::Get(get) if !watches(get) => {
            Ok(Some(get.answer(&command.scope, "default", &Recorded::read(file, at)?)))
        }
        Verb::Describe(describe) => {
            Ok(Some(describe.answer(&command.scope, "default", &Recorded::read(file, at)?)))
        }
        _ => Ok(None),
    }
}

/// `get -w`: what there is now, then a line for every change up to the end of the run.
fn stream(run: &mut Again, get: &Get, scope: &Scope) -> Result<Answer, String> {
    let mut watch = Watch::new(get, scope, "default")?;
    let mut out = String::new();
    let simulation = &run.simulation;
    if !get.watch_only {
        let now = simulation.world.timestamp();
        let kinds = get.targets.kinds();
        let mut objects: Vec<Object> = kinds
            .iter()
            .flat_map(|kind| simulation.world.api.objects().of(*kind).iter())
            .map(|(_, object)| object.clone())
            .collect();
        let order = |object: &Object| (object.metadata().namespace.clone(), object.metadata().name.clone());
        objects.sort_by_key(order);
        out.extend(objects.iter().filter_map(|object| watch.change(Op::Added, object, now)));
    }
    let (epoch, end) = (simulation.world.epoch, simulation.world.end);
    let mut sink = |record: &Record| {
        if let Detail::Commit(commit) = &record.detail {
            let now = epoch.plus_seconds(record.at.as_secs() as i64);
            out.extend(watch.commit(commit, now));
        }
    };
    run.run_until(end, &mut sink)?;
    Ok(Answer { out, ..Answer::default() })
}
