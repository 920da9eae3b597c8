//! `shakedown run`, `validate` and `conformance`.

use std::fmt::Write as _;

use super::ExitStatus;
use super::args::{ConformanceArgs, Recordings, RunArgs, ValidateArgs};
use super::outputs::Outputs;
use super::printer::Printer;
use super::twice;
use crate::conformance::{functions, scheduler};
use crate::kernel::{SimDuration, SimTime};
use crate::kubectl;
use crate::report::{self, RunInfo};
use crate::scenario::{self, Scenario};
use crate::sim::expect::Fate;
use crate::sim::{RunOptions, Simulation, Verdict};

/// Loads a scenario and tells what is wrong with it.
pub(super) fn load(paths: &[std::path::PathBuf], printer: &mut Printer, quiet: bool) -> Option<Scenario> {
    match scenario::load(paths, &check_kubectl) {
        Ok(scenario) => {
            if !quiet {
                printer.diagnostics(&scenario.warnings);
            }
            Some(scenario)
        }
        Err(problems) => {
            printer.diagnostics(&problems);
            None
        }
    }
}

fn options(args: &RunArgs) -> Result<RunOptions, String> {
    let until = match &args.until {
        None => None,
        Some(text) => {
            let length: SimDuration = text.parse().map_err(|error| format!("--until {text}: {error}"))?;
            Some(SimTime::ZERO + length)
        }
    };
    Ok(RunOptions { seed: args.seed, until, ideal: args.ideal, eager: args.eager })
}

/// `shakedown run`.
pub(super) fn run(args: &RunArgs, printer: &mut Printer) -> ExitStatus {
    crate::base::perturb_hashes(args.hash_seed);
    let options = match options(args) {
        Ok(options) => options,
        Err(problem) => {
            printer.error(&problem);
            return ExitStatus::Error;
        }
    };
    let Some(scenario) = load(&args.paths, printer, args.quiet) else { return ExitStatus::Error };
    if args.check_determinism {
        return twice::check_determinism(&scenario, &options, printer);
    }
    match run_scenario(args, &scenario, &options, printer) {
        Ok(status) => status,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn run_scenario(
    args: &RunArgs,
    scenario: &Scenario,
    options: &RunOptions,
    printer: &mut Printer,
) -> Result<ExitStatus, String> {
    let mut outputs = Outputs::open(args)?;
    let mut simulation = Simulation::new(scenario, options);
    let end = simulation.world.end;
    let progress = progress_bar(end, printer.is_watched() && !args.quiet);
    let slice = SimDuration::from_nanos((end.as_nanos() / 200).max(1));
    let mut at = SimTime::ZERO;
    while at < end {
        at = (at + slice).min(end);
        simulation.run_until(at, &mut |record| outputs.take(record)).map_err(|error| error.to_string())?;
        progress.set_position(at.as_nanos() / 1_000_000);
        if let Some(problem) = outputs.failure() {
            return Err(problem);
        }
    }
    progress.finish_and_clear();
    let verdict = simulation.finish(&mut |record| outputs.take(record));
    // Millions of objects that nobody needs any more: the end of the process takes them all at once.
    std::mem::forget(simulation);
    let info = |digest| run_info(args, scenario, options, &verdict, digest);
    let summary = outputs.finish(end, scenario, args, info)?;
    if !args.quiet {
        let mut text = report::terminal::render(&summary, printer.color());
        if let Some(dir) = &args.out {
            let _ = writeln!(text, "\nFiles in {}", dir.display());
        }
        printer.result(&text);
    }
    Ok(if verdict.passed() { ExitStatus::Success } else { ExitStatus::Failure })
}

fn progress_bar(end: SimTime, visible: bool) -> indicatif::ProgressBar {
    if !visible {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(end.as_nanos() / 1_000_000);
    let style = indicatif::ProgressStyle::with_template("{bar:40} {percent:>3}% of virtual time, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn run_info(
    args: &RunArgs,
    scenario: &Scenario,
    options: &RunOptions,
    verdict: &Verdict,
    digest: String,
) -> RunInfo {
    let seed = options.seed.unwrap_or(scenario.seed);
    RunInfo {
        scenario: scenario.name.to_string(),
        seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kubernetes: scenario.version.to_string(),
        digest,
        command: command_line(args, seed),
        events: verdict.events,
        records: verdict.records,
        expectations: verdict
            .expectations
            .iter()
            .map(|checked| report::Expectation {
                label: checked.text.clone(),
                passed: checked.held(),
                found: match &checked.fate {
                    Fate::Missed(at, why) => format!("at {at}: {why} ({})", checked.place),
                    _ => String::new(),
                },
            })
            .collect(),
        warnings: scenario.warnings.iter().map(crate::source::Diagnostic::one_line).collect(),
    }
}

/// The command that does the run again: what was asked for, without where the files go.
fn command_line(args: &RunArgs, seed: u64) -> String {
    let mut words = vec!["shakedown run".to_owned()];
    words.extend(args.paths.iter().map(|path| path.display().to_string()));
    words.push(format!("--seed {seed}"));
    if let Some(until) = &args.until {
        words.push(format!("--until {until}"));
    }
    if args.ideal {
        words.push("--ideal".to_owned());
    }
    words.join(" ")
}

/// `shakedown validate`.
pub(super) fn validate(args: &ValidateArgs, printer: &mut Printer) -> ExitStatus {
    let Some(scenario) = load(&args.paths, printer, false) else { return ExitStatus::Error };
    let mut text = String::new();
    let files = scenario.sources.len();
    let _ = writeln!(
        text,
        "{}: {files} file{}, {} nodes, {} objects, {} app models, {} steps, {} expectations",
        scenario.name,
        if files == 1 { "" } else { "s" },
        scenario.nodes.len(),
        scenario.objects.len(),
        scenario.apps.len(),
        scenario.steps.len(),
        scenario.expectations.len()
    );
    printer.result(&text);
    ExitStatus::Success
}

/// `shakedown conformance`.
pub(super) fn conformance(args: &ConformanceArgs, printer: &mut Printer) -> ExitStatus {
    let (text, success) = match args.what {
        Recordings::Functions => match functions::run(&args.dir) {
            Ok(report) => (report.render(), report.is_success()),
            Err(problem) => return unreadable(printer, &args.dir, &problem),
        },
        Recordings::Scheduler => match scheduler::run(&args.dir) {
            Ok(report) => (report.to_string(), report.is_success()),
            Err(problem) => return unreadable(printer, &args.dir, &problem),
        },
    };
    printer.result(&format!("{}\n", text.trim_end()));
    if success { ExitStatus::Success } else { ExitStatus::Failure }
}

fn unreadable(printer: &mut Printer, dir: &std::path::Path, problem: &std::io::Error) -> ExitStatus {
    printer.error(&format!("{}: {problem}", dir.display()));
    ExitStatus::Error
}

/// Whether a step's command can be read.
pub(super) fn check_kubectl(line: &str) -> Result<(), scenario::LineProblem> {
    match kubectl::Command::parse_line(line) {
        Ok(_) => Ok(()),
        Err(error) => Err(scenario::LineProblem { message: error.message, suggestion: error.meant }),
    }
}
