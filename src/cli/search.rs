//! `shakedown search`: a schedule of faults that breaks an expectation, as small as can be.

use std::fmt::Write as _;

use super::ExitStatus;
use super::args::SearchArgs;
use super::part::PartFile;
use super::printer::Printer;
use super::run;
use crate::search::{Finding, Menu, Query, Schedule, SearchError, search as find};
use crate::sim::RunOptions;
use crate::source::nearest;

/// Searches and says what was found; the scenario file that shows it goes to `--out` or to standard output.
pub(super) fn search(args: &SearchArgs, printer: &mut Printer) -> ExitStatus {
    match searched(args, printer) {
        Ok(status) => status,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn searched(args: &SearchArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let only: Vec<String> = args.faults.iter().filter(|kind| *kind != "auto").cloned().collect();
    for kind in &only {
        if !Menu::kinds().any(|known| known == kind) {
            let known: Vec<&str> = Menu::kinds().collect();
            let near = nearest(kind, known.iter().copied());
            let help = near.map_or(known.join(", "), |near| format!("did you mean `{near}`?"));
            return Err(format!("--faults {kind}: there is no such fault; {help}"));
        }
    }
    let Some(scenario) = run::load(&args.paths, printer, args.quiet) else { return Ok(ExitStatus::Error) };
    let menu = Menu::of(&scenario, &only);
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let query = Query {
        seeds: args.seeds,
        seed: args.search_seed,
        max_faults: args.max_faults,
        jobs,
        options: RunOptions { seed: args.seed, ..RunOptions::default() },
    };
    let bar = if printer.is_watched() && !args.quiet {
        indicatif::ProgressBar::new(args.seeds)
    } else {
        indicatif::ProgressBar::hidden()
    };
    let found = find(&scenario, &menu, &query, &|| bar.inc(1));
    bar.finish_and_clear();
    match found {
        Ok(None) => {
            printer.note(&format!("{} schedules of faults, and every expectation held", args.seeds));
            Ok(ExitStatus::Success)
        }
        Ok(Some(finding)) => {
            report(args, &finding, printer)?;
            Ok(ExitStatus::Failure)
        }
        Err(error @ SearchError::BrokenAlready(_)) => {
            printer.error(&error.to_string());
            Ok(ExitStatus::Failure)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn report(args: &SearchArgs, finding: &Finding, printer: &mut Printer) -> Result<(), String> {
    let mut text = format!("schedule {} breaks an expectation:\n", finding.number);
    let _ = writeln!(text, "  {}", finding.miss);
    let _ = writeln!(text, "drawn:\n{}", lines(&finding.drawn));
    let _ = writeln!(
        text,
        "the least of it ({} runs of shrinking):\n{}",
        finding.shrink_runs,
        lines(&finding.least)
    );
    match &args.out {
        Some(path) => {
            PartFile::write_whole(path, finding.file.as_bytes())?;
            let _ = write!(text, "see it: shakedown run {}", path.display());
        }
        None => printer.result(&finding.file),
    }
    printer.note(text.trim_end());
    Ok(())
}

fn lines(schedule: &Schedule) -> String {
    let lines: Vec<String> = schedule.0.iter().map(|strike| format!("  - {}", strike.to_step())).collect();
    lines.join("\n")
}
