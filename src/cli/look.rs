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
use crate::kubectl::{Answer, Command, Scope, UsageError, Verb, Watch};
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

/// Shows what kubectl would show.
pub(super) fn look(verb: &str, words: &[String], printer: &mut Printer) -> ExitStatus {
    match answer(verb, words, printer) {
        Ok(Some(answer)) => {
            printer.result(&answer.out);
            for note in &answer.notes {
                printer.note(note);
            }
            if answer.failed { ExitStatus::Failure } else { ExitStatus::Success }
        }
        Ok(None) => ExitStatus::Error,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

/// `None` when the scenario has errors, which are printed already.
fn answer(verb: &str, words: &[String], printer: &mut Printer) -> Result<Option<Answer>, String> {
    let request = Request::parse(words)?;
    let mut line = vec![verb.to_owned()];
    line.extend(request.words.iter().cloned());
    let command = Command::parse(&line).map_err(|error: UsageError| error.to_string())?;
    if let Some(file) = past::trace_in(&request.paths)
        && let Some(answer) = from_the_files(&command, &file, request.at)?
    {
        return Ok(Some(answer));
    }
    let options = RunOptions { seed: request.seed, ideal: request.ideal, ..RunOptions::default() };
    let Some(mut run) = Again::new(&request.paths, &options, printer)? else { return Ok(None) };
    let at = request.at.unwrap_or(run.simulation.world.end);
    run.run_until(at, &mut |_| {})?;
    match &command.verb {
        Verb::Get(get) if watches(get) => stream(&mut run, get, &command.scope).map(Some),
        _ => Ok(Some(run.simulation.world.show(command))),
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
