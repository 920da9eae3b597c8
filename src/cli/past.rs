//! A run to look back on: the directory of a finished one, or a scenario that is run now.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::printer::Printer;
use super::{recorded, run};
use crate::control::scheduling::{Explain, Explained};
use crate::history::History;
use crate::kernel::SimTime;
use crate::report::{Expectation, RunInfo};
use crate::sim::{RunOptions, Simulation};
use crate::trace::Record;
use crate::trace::export::CsvWriter;
use crate::trace::replay::Line;

/// A run and what is known of it.
pub(super) struct Past {
    /// What was named on the command line.
    pub(super) path: String,
    /// All that happened.
    pub(super) history: History,
    /// Who ran what.
    pub(super) info: RunInfo,
    /// The decisions that were to be explained; `None` for a finished run, whose files do not hold them.
    pub(super) explained: Option<Vec<Explained>>,
}

/// What to look back on.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Another seed.
    pub(super) seed: Option<u64>,
    /// How far, including this time.
    pub(super) until: Option<SimTime>,
    /// Decisions of schedulers to be explained.
    pub(super) explain: Explain,
}

/// The trace in a directory, if that is what was named.
pub(super) fn trace_in(paths: &[PathBuf]) -> Option<PathBuf> {
    let [path] = paths else { return None };
    Some(path.join("trace.jsonl")).filter(|file| file.is_file())
}

/// Reads or runs what `paths` name; `None` when a scenario has errors, which are printed.
pub(super) fn load(paths: &[PathBuf], wanted: Wanted, printer: &mut Printer) -> Result<Option<Past>, String> {
    let Wanted { seed, until, explain } = wanted;
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let path = shown.join(" ");
    if let Some(file) = trace_in(paths) {
        return finished(path, &file, seed, until).map(Some);
    }
    for given in paths {
        let summary = given.join("summary.json");
        if summary.is_file() {
            return Err(format!(
                "{path} is a run without trace.jsonl: do it again with `--trace jsonl`, or name its scenario"
            ));
        }
    }
    let Some(scenario) = run::load(paths, printer, true) else { return Ok(None) };
    let options = RunOptions { seed, explain, ..RunOptions::default() };
    let mut simulation = Simulation::new(&scenario, &options);
    let end = until.map_or(simulation.world.end, |until| until.min(simulation.world.end));
    let whole = end == simulation.world.end;
    let mut lines = Vec::new();
    let mut canonical = CsvWriter::new(io::sink());
    let mut keep = |record: &Record| {
        lines.push(Line::of(record));
        // Nothing can go wrong with what nobody keeps.
        let _ = canonical.write(record);
    };
    simulation.run_until(end, &mut keep).map_err(|error| error.to_string())?;
    let verdict = whole.then(|| simulation.finish(&mut keep));
    let digest = canonical.finish().map_err(|error| error.to_string())?;
    let seed = options.seed.unwrap_or(scenario.seed);
    let command = format!("shakedown run {path} --seed {seed}");
    let mut info = RunInfo { scenario: scenario.name.to_string(), seed, command, ..RunInfo::default() };
    if let Some(verdict) = &verdict {
        info = run::run_info(&scenario, &options, verdict, digest, info.command);
    }
    let explained = Some(simulation.world.explained);
    Ok(Some(Past { path, history: History::new(lines, end), info, explained }))
}

fn finished(path: String, file: &Path, seed: Option<u64>, until: Option<SimTime>) -> Result<Past, String> {
    if seed.is_some() {
        return Err(format!("{path} is a finished run: another --seed needs its scenario"));
    }
    let mut lines = Vec::new();
    for line in recorded::lines(file)? {
        let line = line?;
        if until.is_some_and(|until| line.time() > until) {
            break;
        }
        lines.push(line);
    }
    let summary = fs::read_to_string(file.with_file_name("summary.json")).unwrap_or_default();
    let summary: Value = serde_json::from_str(&summary).unwrap_or_default();
    let length =
        SimTime::from_secs_f64(summary["duration_s"].as_f64().unwrap_or(0.0)).unwrap_or(SimTime::ZERO);
    let end = until.map_or(length, |until| until.min(length));
    Ok(Past { path, history: History::new(lines, end), info: info_of(&summary), explained: None })
}

fn info_of(summary: &Value) -> RunInfo {
    let text = |key: &str| summary[key].as_str().unwrap_or_default().to_owned();
    let missed = summary["expectations"]["missed"].as_array().into_iter().flatten();
    let mut expectations: Vec<Expectation> = missed
        .map(|missed| Expectation {
            label: missed["label"].as_str().unwrap_or_default().to_owned(),
            passed: false,
            found: missed["found"].as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    let passed = summary["expectations"]["passed"].as_u64().unwrap_or(0);
    expectations.extend((0..passed).map(|_| Expectation { passed: true, ..Expectation::default() }));
    RunInfo {
        scenario: text("scenario"),
        seed: summary["seed"].as_u64().unwrap_or(0),
        version: text("version"),
        kubernetes: text("kubernetes"),
        digest: text("digest"),
        command: text("command"),
        events: summary["events"].as_u64().unwrap_or(0),
        records: summary["records"].as_u64().unwrap_or(0),
        expectations,
        warnings: Vec::new(),
        partial: summary["partial"].as_str().map(str::to_owned),
        ..RunInfo::default()
    }
}
