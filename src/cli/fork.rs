//! `shakedown fork`: what if? A run up to a time, and from there on two: as it was, and with a change.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::ExitStatus;
use super::again::Again;
use super::args::{ForkArgs, RunArgs};
use super::checkpoint::Checkpoint;
use super::drive::Job;
use super::inputs::{self, Inputs};
use super::printer::Printer;
use super::run::{check_kubectl, duration, load, options};
use crate::kernel::SimTime;
use crate::scenario::{self, Scenario};
use crate::sim::expect::{Checked, Fate};
use crate::sim::{RunOptions, Simulation, Verdict};
use crate::source::{self, Diagnostics};

/// Runs both and says what has become different.
pub(super) fn fork(args: &ForkArgs, printer: &mut Printer) -> ExitStatus {
    forked(args, printer).unwrap_or_else(|problem| {
        printer.error(&problem);
        ExitStatus::Error
    })
}

fn forked(args: &ForkArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let at = duration("--at", Some(&args.at))?.map(|length| SimTime::ZERO + length).unwrap_or_default();
    let Some((base, scenario, run_args)) = base(args, printer)? else { return Ok(ExitStatus::Error) };
    let options = options(&run_args)?;
    let end = options.until.unwrap_or(SimTime::ZERO + scenario.duration);
    if at > end {
        return Err(format!("--at {at}: the run is over at {end}"));
    }
    let (files, problems) = source::load(&args.with);
    if problems.has_errors() {
        printer.diagnostics(&problems);
        return Ok(ExitStatus::Error);
    }
    if let Err(problems) =
        scenario::patch(&scenario, at, &files, &check_kubectl).map(|patch| warn(&patch.warnings, printer))
    {
        printer.diagnostics(&problems);
        return Ok(ExitStatus::Error);
    }
    let inputs = base.clone().forked(at, &files);
    let Some(forks) = inputs.forks(&scenario, printer) else { return Ok(ExitStatus::Error) };
    let Some(before) = base.forks(&scenario, printer) else { return Ok(ExitStatus::Error) };
    let original = run_alone(&scenario, &options, before)?;
    let job = Job {
        args: &run_args,
        scenario: &scenario,
        options,
        inputs: &inputs,
        forks,
        from: None,
        checkpoint_every: None,
        max_memory: None,
    };
    let finished = job.run(printer)?;
    let changed = finished.expectations.clone();
    printer.result(&comparison(at, &original, &changed, args.out.as_ref()));
    Ok(finished.status())
}

fn warn(warnings: &Diagnostics, printer: &mut Printer) {
    printer.diagnostics(warnings);
}

/// What is forked: the run in a directory, at a checkpoint, or of a scenario.
fn base(args: &ForkArgs, printer: &mut Printer) -> Result<Option<(Inputs, Scenario, RunArgs)>, String> {
    let run_args = |inputs: &Inputs| RunArgs {
        out: args.out.clone(),
        force: args.force,
        ..inputs.args(&RunArgs::usual())
    };
    let kept = match &args.run[..] {
        [path] if path.join(inputs::FILE).is_file() => Some(Inputs::read(path)?),
        [path] if Checkpoint::is_one(path) => Some(Checkpoint::read(path)?.2),
        _ => None,
    };
    if let Some(inputs) = kept {
        let Some(scenario) = inputs.scenario(printer) else { return Ok(None) };
        let run_args = run_args(&inputs);
        return Ok(Some((inputs, scenario, run_args)));
    }
    let Some(scenario) = load(&args.run, printer, false) else { return Ok(None) };
    let options = RunOptions { seed: args.seed, ..RunOptions::default() };
    let inputs = Inputs::of(&args.run, &options, &scenario);
    let run_args = run_args(&inputs);
    Ok(Some((inputs, scenario, run_args)))
}

/// The run without the change.
fn run_alone(
    scenario: &Scenario,
    options: &RunOptions,
    forks: Vec<(SimTime, scenario::Patch)>,
) -> Result<Verdict, String> {
    let mut run = Again::of(Simulation::new(scenario, options), forks);
    run.run_until(SimTime::MAX, &mut |_| {})?;
    Ok(run.simulation.finish(&mut |_| {}))
}

/// Expectations as they were and as they are with the change.
fn comparison(at: SimTime, original: &Verdict, changed: &[Checked], out: Option<&PathBuf>) -> String {
    let mut text = format!("forked at {at}\n");
    for (index, now) in changed.iter().enumerate() {
        let then = original.expectations.get(index);
        let word = match (then.map(Checked::held), now.held()) {
            (Some(true), true) => "holds as before",
            (Some(false), false) => "missed as before",
            (Some(true), false) => "MISSED WITH THE CHANGE",
            (Some(false), true) => "holds with the change",
            (None, true) => "holds (new)",
            (None, false) => "missed (new)",
        };
        let _ = writeln!(text, "  {word}: {}", now.text);
        if let Fate::Missed(at, why) = &now.fate {
            let _ = writeln!(text, "    at {at}: {why} ({})", now.place);
        }
    }
    if changed.is_empty() {
        let _ = writeln!(text, "  the scenario expects nothing: compare the files");
    }
    if let Some(dir) = out {
        let _ = writeln!(text, "Files in {}", dir.display());
    }
    text
}
