//! What a run was made of, kept with its results in `inputs.json`: enough to do it again, to go on with it and to fork
//! it, whatever has become of the files since.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::args::{Plot, RunArgs, Trace};
use super::part::PartFile;
use super::printer::Printer;
use super::run::check_kubectl;
use crate::kernel::SimTime;
use crate::scenario::{self, Patch, Scenario};
use crate::sim::RunOptions;
use crate::source::SourceFile;

/// The form of the file; another number is another form.
const FORMAT: u32 = 1;
/// The file in the directory of a run.
pub(super) const FILE: &str = "inputs.json";

/// Everything that decides a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Inputs {
    format: u32,
    /// Version of the program.
    shakedown: String,
    /// Paths as typed.
    paths: Vec<PathBuf>,
    seed: Option<u64>,
    until_ns: Option<u64>,
    ideal: bool,
    eager: bool,
    trace: Vec<Trace>,
    plots: Vec<Plot>,
    report: bool,
    files: Vec<InputFile>,
    /// What was changed on the way.
    forks: Vec<Fork>,
}

/// A file as it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputFile {
    name: String,
    text: String,
}

/// A change on the way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fork {
    at_ns: u64,
    files: Vec<InputFile>,
}

fn kept(files: &[Arc<SourceFile>]) -> Vec<InputFile> {
    let keep = |file: &Arc<SourceFile>| InputFile { name: file.name().into(), text: file.text().into() };
    files.iter().map(keep).collect()
}

fn sources(files: &[InputFile]) -> Vec<Arc<SourceFile>> {
    files.iter().map(|file| SourceFile::new(&file.name, &file.text)).collect()
}

impl Inputs {
    /// What this command makes a run of.
    pub(super) fn new(args: &RunArgs, options: &RunOptions, scenario: &Scenario) -> Self {
        Self {
            trace: args.trace.clone(),
            plots: args.plots.clone(),
            report: args.report,
            ..Self::of(&args.paths, options, scenario)
        }
    }

    /// What a run of this scenario with the usual outputs is made of.
    pub(super) fn of(paths: &[PathBuf], options: &RunOptions, scenario: &Scenario) -> Self {
        Self {
            format: FORMAT,
            shakedown: env!("CARGO_PKG_VERSION").to_owned(),
            paths: paths.to_vec(),
            seed: options.seed,
            until_ns: options.until.map(SimTime::as_nanos),
            ideal: options.ideal,
            eager: options.eager,
            trace: vec![Trace::Csv, Trace::Jsonl, Trace::Events],
            plots: vec![Plot::Svg, Plot::Png],
            report: false,
            files: kept(&scenario.sources),
            forks: Vec::new(),
        }
    }

    /// Reads what a finished or interrupted run in `dir` was made of.
    ///
    /// # Errors
    /// When it cannot be read, or is of another version.
    pub(super) fn read(dir: &Path) -> Result<Self, String> {
        let path = dir.join(FILE);
        let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::from_json(&bytes).map_err(|problem| format!("{}: {problem}", path.display()))
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            shakedown: String,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let ours = env!("CARGO_PKG_VERSION");
        if head.format != FORMAT || head.shakedown != ours {
            return Err(format!(
                "written by shakedown {} (format {}); this is shakedown {ours} (format {FORMAT}), and only the same \
                 version repeats a run exactly",
                head.shakedown, head.format
            ));
        }
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// The bytes of the file.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("inputs are plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Writes the file into the directory of a run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, dir: &Path) -> Result<(), String> {
        PartFile::write_whole(&dir.join(FILE), &self.to_json())
    }

    /// BLAKE3 hash of the file.
    pub(super) fn digest(&self) -> String {
        blake3::hash(&self.to_json()).to_hex().to_string()
    }

    /// These inputs, with something changed at a time.
    pub(super) fn forked(mut self, at: SimTime, files: &[Arc<SourceFile>]) -> Self {
        self.forks.retain(|fork| fork.at_ns <= at.as_nanos());
        self.forks.push(Fork { at_ns: at.as_nanos(), files: kept(files) });
        self
    }

    /// The command that these inputs came from, as far as it decides the run; the rest as in `args`.
    pub(super) fn args(&self, args: &RunArgs) -> RunArgs {
        RunArgs {
            paths: self.paths.clone(),
            seed: self.seed,
            until: self.until_ns.map(|nanos| SimTime::from_nanos(nanos).to_string()),
            ideal: self.ideal,
            eager: self.eager,
            trace: self.trace.clone(),
            plots: self.plots.clone(),
            report: self.report,
            ..args.clone()
        }
    }

    /// The scenario; `None` when it has errors, which are printed then.
    pub(super) fn scenario(&self, printer: &mut Printer) -> Option<Scenario> {
        match scenario::from_files(&sources(&self.files), &check_kubectl) {
            Ok(scenario) => Some(scenario),
            Err(problems) => {
                printer.diagnostics(&problems);
                None
            }
        }
    }

    /// What is changed on the way, and when; `None` when it has errors, which are printed then.
    pub(super) fn forks(&self, scenario: &Scenario, printer: &mut Printer) -> Option<Vec<(SimTime, Patch)>> {
        let mut forks = Vec::new();
        for fork in &self.forks {
            let at = SimTime::from_nanos(fork.at_ns);
            match scenario::patch(scenario, at, &sources(&fork.files), &check_kubectl) {
                Ok(patch) => forks.push((at, patch)),
                Err(problems) => {
                    printer.diagnostics(&problems);
                    return None;
                }
            }
        }
        Some(forks)
    }
}
