//! `shakedown run` from the first event to the last file: the loop around the simulation, which looks after progress,
//! interruption, memory, checkpoints and changes on the way.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ExitStatus;
use super::args::RunArgs;
use super::checkpoint::{Checkpoint, Position};
use super::inputs::Inputs;
use super::outputs::Outputs;
use super::printer::Printer;
use super::run::{command_line, run_info};
use crate::kernel::{SimDuration, SimTime};
use crate::report::{self, Summary};
use crate::scenario::{Patch, Scenario};
use crate::sim::expect::Checked;
use crate::sim::{RunError, RunOptions, Simulation, Verdict};
use crate::trace::{Record, RecordId};

/// Events between two looks at clock, memory and signals.
const EVENTS_AT_ONCE: u64 = 20_000;

/// A run to be done.
pub(super) struct Job<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) scenario: &'a Scenario,
    pub(super) options: RunOptions,
    pub(super) inputs: &'a Inputs,
    /// What is changed on the way, in order of time.
    pub(super) forks: Vec<(SimTime, Patch)>,
    /// The checkpoint to go on from.
    pub(super) from: Option<Checkpoint>,
    /// Virtual time between two checkpoints.
    pub(super) checkpoint_every: Option<SimDuration>,
    /// Bytes of memory that the program may take.
    pub(super) max_memory: Option<u64>,
}

/// How a run came to its end.
pub(super) enum Ending {
    /// In time.
    Complete,
    /// Ctrl-C.
    Interrupted,
    /// It must not go on.
    Stopped {
        /// In words.
        why: String,
        /// The record that shows it, when the simulator is to blame.
        defect: Option<RecordId>,
    },
}

/// A run that is over.
pub(super) struct Finished {
    pub(super) summary: Summary,
    pub(super) passed: bool,
    pub(super) ending: Ending,
    /// The checkpoint written when it was interrupted.
    pub(super) checkpoint: Option<PathBuf>,
    /// What became of the expectations.
    pub(super) expectations: Vec<Checked>,
}

impl Finished {
    /// What the command ends with.
    pub(super) fn status(&self) -> ExitStatus {
        match &self.ending {
            Ending::Complete if self.passed => ExitStatus::Success,
            Ending::Complete => ExitStatus::Failure,
            Ending::Interrupted => ExitStatus::Interrupted,
            Ending::Stopped { defect: Some(_), .. } => ExitStatus::Defect,
            Ending::Stopped { .. } => ExitStatus::Error,
        }
    }
}

/// Set by the first SIGINT or SIGTERM; the second one ends the program at once.
pub(super) fn interrupted() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Without the handlers a signal ends the program as ever: nothing is lost but the summary.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
    }
    flag
}

impl Job<'_> {
    /// Does the run and writes its files.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the run is not the one that the checkpoint is of.
    pub(super) fn run(&self, printer: &Printer) -> Result<Finished, String> {
        let stop = interrupted();
        let mut outputs = Outputs::open(self.args, self.inputs, self.from.as_ref())?;
        let mut simulation = Simulation::new(self.scenario, &self.options);
        let ending = self.advance(&mut simulation, &mut outputs, &stop, printer)?;
        let at = simulation.world.now();
        let checkpoint = match ending {
            Ending::Interrupted if self.args.out.is_some() => {
                Some(self.checkpoint(&simulation, &mut outputs)?)
            }
            _ => None,
        };
        let end = simulation.world.end;
        let mut take = |record: &Record| outputs.take(record);
        let (verdict, partial) = match &ending {
            Ending::Complete => (simulation.finish(&mut take), None),
            Ending::Interrupted => {
                let why = format!("interrupted at {at} of {end}: the rest is missing");
                (simulation.stop("Interrupted", &why, &mut take), Some(why))
            }
            Ending::Stopped { why, .. } => {
                let why = format!("stopped at {at} of {end}: {}", why.lines().next().unwrap_or_default());
                (simulation.stop("Partial", &why, &mut take), Some(why))
            }
        };
        // Millions of objects that nobody needs any more: the end of the process takes them all at once.
        std::mem::forget(simulation);
        let summary = self.write(outputs, at, &verdict, partial)?;
        let passed = verdict.passed();
        Ok(Finished { summary, passed, ending, checkpoint, expectations: verdict.expectations })
    }

    fn write(
        &self,
        outputs: Outputs,
        at: SimTime,
        verdict: &Verdict,
        partial: Option<String>,
    ) -> Result<Summary, String> {
        let command = command_line(self.args, self.options.seed.unwrap_or(self.scenario.seed));
        let info = |digest| report::RunInfo {
            partial,
            ..run_info(self.scenario, &self.options, verdict, digest, command)
        };
        outputs.finish(at, self.scenario, self.args, info)
    }

    /// Runs until the end or a reason to stop.
    fn advance(
        &self,
        simulation: &mut Simulation,
        outputs: &mut Outputs,
        stop: &AtomicBool,
        printer: &Printer,
    ) -> Result<Ending, String> {
        let end = simulation.world.end;
        let progress = progress_bar(end, printer.is_watched() && !self.args.quiet);
        let mut from = self.from.as_ref();
        let mut forks = self.forks.iter().peekable();
        let mut checkpoint_at = self.checkpoint_every.map(|every| SimTime::ZERO + every);
        let ending = loop {
            let now = simulation.world.now();
            if let Some((_, patch)) = forks.next_if(|(at, _)| *at <= now && simulation.events() > 0) {
                simulation.world.graft(patch);
            }
            if let Some(checkpoint) =
                from.take_if(|checkpoint| checkpoint.at() <= now && simulation.events() > 0)
            {
                Self::verify(checkpoint, simulation, outputs)?;
            }
            if let (Some(at), Some(every)) = (checkpoint_at, self.checkpoint_every)
                && at <= now
            {
                // Those that an earlier run has written need not be written again.
                if from.is_none() {
                    self.checkpoint(simulation, outputs)?;
                }
                checkpoint_at = Some(at + every);
            }
            if now >= end && simulation.events() > 0 {
                break Ending::Complete;
            }
            let pauses = [checkpoint_at, from.map(Checkpoint::at), forks.peek().map(|(at, _)| *at)];
            let until = pauses.into_iter().flatten().min().unwrap_or(end).min(end);
            if let Some(ending) = self.piece(simulation, outputs, stop, until)? {
                break ending;
            }
            progress.set_position(simulation.world.now().as_nanos() / 1_000_000);
        };
        progress.finish_and_clear();
        Ok(ending)
    }

    /// Runs some events and looks whether the run may go on.
    fn piece(
        &self,
        simulation: &mut Simulation,
        outputs: &mut Outputs,
        stop: &AtomicBool,
        until: SimTime,
    ) -> Result<Option<Ending>, String> {
        let ran = simulation.run_some(until, EVENTS_AT_ONCE, &mut |record| outputs.take(record));
        outputs.check()?;
        if let Err(error) = ran {
            let why = match &error {
                RunError::TooLarge { what, .. } => format!("{error} (raise it with --max-{what})"),
                _ => error.to_string(),
            };
            let defect = match &error {
                RunError::Violation(violation) => Some(violation.record),
                RunError::Livelock { .. } => Some(simulation.world.recorder.last()),
                RunError::TooLarge { .. } => None,
            };
            return Ok(Some(Ending::Stopped { why, defect }));
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(Some(Ending::Interrupted));
        }
        if let (Some(most), Some(taken)) = (self.max_memory, resident_bytes())
            && taken > most
        {
            let at = simulation.world.now();
            let why =
                format!("at {at} the program takes {taken} bytes of memory, more than --max-memory allows");
            return Ok(Some(Ending::Stopped { why, defect: None }));
        }
        Ok(None)
    }

    fn checkpoint(&self, simulation: &Simulation, outputs: &mut Outputs) -> Result<PathBuf, String> {
        let dir = self.args.out.as_ref().expect("clap demands --out beside --checkpoint-every");
        let (trace, written) = outputs.sync()?;
        let checkpoint = Checkpoint {
            shakedown: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: self.inputs.digest(),
            at_ns: simulation.world.now().as_nanos(),
            position: Position::of(simulation, trace),
            written,
        };
        checkpoint.write(dir)
    }

    /// Whether the run that was done again is the run that the checkpoint is of.
    fn verify(checkpoint: &Checkpoint, simulation: &Simulation, outputs: &mut Outputs) -> Result<(), String> {
        let (trace, _) = outputs.sync()?;
        match checkpoint.position.differs_from(&Position::of(simulation, trace)) {
            None => Ok(()),
            Some(difference) => {
                let at = checkpoint.at();
                Err(format!(
                    "the run is not the one of the checkpoint: at {at} {difference}; was it another build?"
                ))
            }
        }
    }
}

/// Memory that the program takes now, where the system tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes << 10)
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
