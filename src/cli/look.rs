//! `shakedown get`, `describe`, `top` and `logs`: kubectl's words about a run at one time of it.

use std::path::PathBuf;

use super::ExitStatus;
use super::printer::Printer;
use super::recorded::Recorded;
use super::run;
use crate::api::{Object, Op};
use crate::kernel::{SimDuration, SimTime};
use crate::kubectl::verb::Get;
use crate::kubectl::{Answer, Command, Scope, UsageError, Verb, Watch};
use crate::sim::{RunOptions, Simulation};
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

    /// The run in a directory, if that is what was named.
    pub(super) fn recorded(&self) -> Option<PathBuf> {
        let [path] = &self.paths[..] else { return None };
        Some(path.join("trace.jsonl")).filter(|file| file.is_file())
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
    if let Some(file) = request.recorded() {
        let recorded = Recorded::read(&file, request.at)?;
        return match &command.verb {
            Verb::Get(get) => Ok(Some(get.answer(&command.scope, "default", &recorded))),
            Verb::Describe(describe) => Ok(Some(describe.answer(&command.scope, "default", &recorded))),
            _ => Err(format!("`{verb}` needs the scenario: a recorded run does not hold what it shows")),
        };
    }
    let Some(scenario) = run::load(&request.paths, printer, true) else { return Ok(None) };
    let options = RunOptions { seed: request.seed, ideal: request.ideal, ..RunOptions::default() };
    let mut simulation = Simulation::new(&scenario, &options);
    let at = request.at.unwrap_or(simulation.world.end);
    simulation.run_until(at, &mut |_| {}).map_err(|error| error.to_string())?;
    match &command.verb {
        Verb::Get(get) if get.watch || get.watch_only => {
            stream(&mut simulation, get, &command.scope).map(Some)
        }
        _ => Ok(Some(simulation.world.show(command))),
    }
}

/// `get -w`: what there is now, then a line for every change up to the end of the run.
fn stream(simulation: &mut Simulation, get: &Get, scope: &Scope) -> Result<Answer, String> {
    let mut watch = Watch::new(get, scope, "default")?;
    let mut out = String::new();
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
    simulation.run_until(end, &mut sink).map_err(|error| error.to_string())?;
    Ok(Answer { out, ..Answer::default() })
}
