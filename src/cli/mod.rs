//! The command line: what was typed, what it means, and the printing. The only room that prints or exits.

pub mod args;
mod lint;
mod look;
mod outputs;
mod printer;
mod recorded;
mod run;
mod sweep;
mod twice;
mod why;

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
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Success => Self::SUCCESS,
            ExitStatus::Failure => Self::from(1),
            ExitStatus::Error => Self::from(2),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut printer = Printer::new(args.color);
    let status = match args.command {
        Command::Run(args) => run::run(&args, &mut printer),
        Command::Sweep(args) => sweep::sweep(&args, &mut printer),
        Command::Validate(args) => run::validate(&args, &mut printer),
        Command::Get(args) => look::look("get", &args.words, &mut printer),
        Command::Describe(args) => look::look("describe", &args.words, &mut printer),
        Command::Top(args) => look::look("top", &args.words, &mut printer),
        Command::Logs(args) => look::look("logs", &args.words, &mut printer),
        Command::Why(args) => why::why(&args.words, &mut printer),
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
        Command::Lint(args) => lint::lint(&args, &mut printer),
        Command::Conformance(args) => run::conformance(&args, &mut printer),
    };
    printer.flush();
    status.into()
}
