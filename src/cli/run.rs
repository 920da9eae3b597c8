//! `shakedown run`, `validate` and `conformance`.

use std::fmt::Write as _;
use std::path::Path;

use super::ExitStatus;
use super::args::{ConformanceArgs, Recordings, RunArgs, ValidateArgs};
use super::checkpoint::Checkpoint;
use super::drive::{Ending, Job};
use super::inputs::Inputs;
use super::printer::Printer;
use super::twice;
use crate::base::{Quantity, parallel};
use crate::conformance::{fgd, functions, scheduler, timelines};
use crate::kernel::{SimDuration, SimTime};
use crate::kubectl;
use crate::report::{self, RunInfo};
use crate::scenario::{self, Scenario};
use crate::sim::expect::Fate;
use crate::sim::{Limits, RunOptions, Verdict};
use crate::trace::RecordId;

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

/// A length of time after a flag.
pub(super) fn duration(flag: &str, text: Option<&String>) -> Result<Option<SimDuration>, String> {
    text.map(|text| text.parse().map_err(|error| format!("{flag} {text}: {error}"))).transpose()
}

/// What the flags say about the run.
pub(super) fn options(args: &RunArgs) -> Result<RunOptions, String> {
    let until = duration("--until", args.until.as_ref())?.map(|length| SimTime::ZERO + length);
    let usual = Limits::default();
    let limits = Limits {
        events: args.max_events.unwrap_or(usual.events),
        objects: args.max_objects.unwrap_or(usual.objects),
        ..usual
    };
    let explain = crate::control::scheduling::Explain::Nothing;
    Ok(RunOptions { seed: args.seed, until, ideal: args.ideal, eager: args.eager, limits, explain })
}

/// `shakedown run`.
pub(super) fn run(args: &RunArgs, printer: &mut Printer) -> ExitStatus {
    crate::base::perturb_hashes(args.hash_seed);
    let done = match &args.from {
        None => begin(args, printer),
        Some(from) => go_on(args, from, printer),
    };
    done.unwrap_or_else(|problem| {
        printer.error(&problem);
        ExitStatus::Error
    })
}

fn begin(args: &RunArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let options = options(args)?;
    let Some(scenario) = load(&args.paths, printer, args.quiet) else { return Ok(ExitStatus::Error) };
    if args.check_determinism {
        return Ok(twice::check_determinism(&scenario, &options, printer));
    }
    let inputs = Inputs::new(args, &options, &scenario);
    run_inputs(args, &inputs, &scenario, None, printer)
}

/// Goes on from a checkpoint.
fn go_on(args: &RunArgs, from: &Path, printer: &mut Printer) -> Result<ExitStatus, String> {
    let (checkpoint, dir, inputs) = Checkpoint::read(from)?;
    let mut args = inputs.args(args);
    // Elsewhere everything is written anew; the checkpoint is compared with all the same.
    let checkpoint = match &args.out {
        Some(out) if *out != dir => Checkpoint { written: Vec::new(), ..checkpoint },
        _ => checkpoint,
    };
    args.out.get_or_insert(dir);
    let Some(scenario) = inputs.scenario(printer) else { return Ok(ExitStatus::Error) };
    run_inputs(&args, &inputs, &scenario, Some(checkpoint), printer)
}

/// Does a run and says how it was.
pub(super) fn run_inputs(
    args: &RunArgs,
    inputs: &Inputs,
    scenario: &Scenario,
    from: Option<Checkpoint>,
    printer: &mut Printer,
) -> Result<ExitStatus, String> {
    let options = options(args)?;
    let Some(forks) = inputs.forks(scenario, printer) else { return Ok(ExitStatus::Error) };
    let max_memory = args.max_memory.as_ref().map(|text| {
        let size: Result<Quantity, _> = text.parse();
        let size = size.map_err(|error| format!("--max-memory {text}: {error}"))?;
        u64::try_from(size.value()).map_err(|_| format!("--max-memory {text}: less than nothing"))
    });
    let checkpoint_every = duration("--checkpoint-every", args.checkpoint_every.as_ref())?;
    if checkpoint_every == Some(SimDuration::ZERO) {
        return Err("--checkpoint-every 0s: expected some time".to_owned());
    }
    let max_memory = max_memory.transpose()?;
    let job = Job { args, scenario, options, inputs, forks, from, checkpoint_every, max_memory };
    let finished = job.run(printer)?;
    if !args.quiet {
        let mut text = report::terminal::render(&finished.summary, printer.color());
        if let Some(dir) = &args.out {
            let _ = writeln!(text, "\nFiles in {}", dir.display());
        }
        printer.result(&text);
    }
    match &finished.ending {
        Ending::Complete => {}
        Ending::Interrupted => {
            if let Some(path) = &finished.checkpoint {
                printer.note(&format!("interrupted; go on with: shakedown run --from {}", path.display()));
            }
        }
        Ending::Stopped { why, defect: None } => printer.error(why),
        Ending::Stopped { why, defect: Some(record) } => {
            printer.error(&defect_report(why, *record, &finished.summary.command, &job));
        }
    }
    Ok(finished.status())
}

/// What to say when the simulator contradicts itself: what, why it came to that, and how to see it again.
fn defect_report(why: &str, record: RecordId, command: &str, job: &Job<'_>) -> String {
    let mut text = format!("{why}\n");
    let causes = twice::causes(job.scenario, &job.options, &job.forks, record);
    let _ = writeln!(text, "what led to it, newest first:");
    for line in causes {
        let _ = writeln!(text, "  {}", super::causes::sentence(&line));
    }
    let _ = writeln!(text, "This is a defect of the simulator, not of your cluster. To see it again:");
    let _ = write!(text, "  {command}");
    text
}

/// What is known of a run besides its records.
pub(super) fn run_info(
    scenario: &Scenario,
    options: &RunOptions,
    verdict: &Verdict,
    digest: String,
    command: String,
) -> RunInfo {
    RunInfo {
        scenario: scenario.name.to_string(),
        description: scenario.description.clone(),
        seed: options.seed.unwrap_or(scenario.seed),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kubernetes: scenario.version.to_string(),
        digest,
        command,
        pools: scenario.machines().collect(),
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
                    Fate::Open => "not decided: the run stopped before".to_owned(),
                    Fate::Held => String::new(),
                },
            })
            .collect(),
        warnings: scenario.warnings.iter().map(crate::source::Diagnostic::one_line).collect(),
        partial: None,
    }
}

/// The command that does the run again: what was asked for, without where the files go.
pub(super) fn command_line(args: &RunArgs, seed: u64) -> String {
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
        Recordings::Timelines => match timelines::run(&args.dir, args.dump.as_deref()) {
            Ok(report) => (report.to_string(), report.is_success()),
            Err(problem) => return unreadable(printer, &args.dir, &problem),
        },
        Recordings::Fgd => match compare_fgd(args, printer) {
            Ok(report) => (report.to_string(), report.is_success()),
            Err(problem) => {
                printer.error(&problem);
                return ExitStatus::Error;
            }
        },
    };
    printer.result(&format!("{}\n", text.trim_end()));
    if success { ExitStatus::Success } else { ExitStatus::Failure }
}

fn compare_fgd(args: &ConformanceArgs, printer: &mut Printer) -> Result<fgd::Report, String> {
    let comparison = fgd::Comparison::load(&args.dir, args.data.as_deref())?;
    let progress = printer.count_up(comparison.runs(), "runs");
    let report = comparison.run(args.jobs.unwrap_or_else(parallel::cores), || progress.inc(1));
    progress.finish_and_clear();
    report
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
