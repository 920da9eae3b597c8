//! The command line: what was typed, what it means, and the printing. The only room that prints or exits.

mod again;
pub mod args;
mod causes;
pub mod checkpoint;
mod diff;
mod drive;
mod fork;
mod inputs;
mod lesson;
mod lint;
mod look;
mod outputs;
mod part;
mod past;
mod plot;
mod printer;
mod recorded;
mod run;
mod schedule;
mod search;
mod step;
mod style;
mod sweep;
mod sweep_args;
mod twice;
mod why;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

use self::args::{Args, Command};
use self::printer::Printer;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// All is well.
    Success,
    /// An expectation or a comparison failed.
    Failure,
    /// Bad input or usage.
    Error,
    /// The simulator contradicts itself.
    Defect,
    /// The user has had enough.
    Interrupted,
    /// A command of kubectl's, or a program that it ran, failed with this status.
    Kubectl(u8),
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Success => Self::SUCCESS,
            ExitStatus::Failure => Self::from(1),
            ExitStatus::Error => Self::from(2),
            ExitStatus::Defect => Self::from(3),
            // As shells report a process that SIGINT ended.
            ExitStatus::Interrupted => Self::from(130),
            ExitStatus::Kubectl(status) => Self::from(status),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    // What a panic leaves half done is not looked at again.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run_command));
    done.unwrap_or(ExitStatus::Defect).into()
}

/// A promise inside the program was broken.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let words: Vec<String> = std::env::args().collect();
    let command = words.join(" ");
    // Nobody is left to be told when this fails.
    let _ = writeln!(
        std::io::stderr(),
        "error: {panic}\nThis is a defect of the simulator, not of your input. To see it again:\n  {command}"
    );
}

fn run_command() -> ExitStatus {
    let args = Args::parse();
    let mut printer = Printer::new(args.color);
    let status = match args.command {
        Command::Run(args) => run::run(&args, &mut printer),
        Command::Sweep(args) => sweep::sweep(&args, &mut printer),
        Command::Fork(args) => fork::fork(&args, &mut printer),
        Command::Search(args) => search::search(&args, &mut printer),
        Command::Validate(args) => run::validate(&args, &mut printer),
        Command::Get(args) => look::look("get", &args.words, &mut printer),
        Command::Describe(args) => look::look("describe", &args.words, &mut printer),
        Command::Top(args) => look::look("top", &args.words, &mut printer),
        Command::Logs(args) => look::look("logs", &args.words, &mut printer),
        Command::Kubectl(args) => look::kubectl(&args.words, &mut printer),
        Command::Plot(args) => plot::plot(&args, &mut printer),
        Command::Step(args) => step::step(&args.words, &mut printer),
        Command::Diff(args) => diff::diff(&args, &mut printer),
        Command::Why(args) => why::why(&args.words, &mut printer),
        Command::Schedule(args) => schedule::schedule(&args, &mut printer),
        Command::Schema => {
            printer.result(&crate::kubectl::output::to_json(&crate::scenario::schema()));
            ExitStatus::Success
        }
        Command::Explain { word } => match crate::explain::explain(&word) {
            Ok(explanation) => {
                printer.result(&format!("{}\n", explanation.to_string().trim_end()));
                ExitStatus::Success
            }
            Err(unknown) => {
                printer.error(&unknown.to_string());
                ExitStatus::Error
            }
        },
        Command::Lesson(args) => lesson::lesson(&args, &mut printer),
        Command::Lint(args) => lint::lint(&args, &mut printer),
        Command::Conformance(args) => run::conformance(&args, &mut printer),
    };
    if printer.finish() { status } else { ExitStatus::Error }
}
