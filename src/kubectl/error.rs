//! What is wrong with a command.

use std::fmt;

use crate::base::suggest::nearest;

/// Why a command is refused before anything is done: kubectl's own words where it has some, and what was
/// probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// What is wrong.
    pub message: String,
    /// What was probably meant: the text after "did you mean".
    pub meant: Option<String>,
    /// Where kubectl sends the reader for help, if it does.
    pub help: Option<Help>,
    /// What kubectl prints before the message, `error: ` as a rule.
    pub prefix: &'static str,
    /// The command that was read, without `kubectl`: `rollout status`.
    pub command: String,
}

/// Where kubectl sends a reader who has made a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// `See 'kubectl get --help' for usage.`, after a mistake with a flag.
    Flags,
    /// `See 'kubectl get -h' for help and examples`, after a mistake with the arguments.
    Arguments,
    /// `Did you mean this?` and commands that exist.
    Commands,
}

impl UsageError {
    /// An error without a suggestion.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), meant: None, help: None, prefix: "error: ", command: String::new() }
    }

    /// A mistake with a flag.
    pub(super) fn flag(message: impl Into<String>) -> Self {
        Self { help: Some(Help::Flags), ..Self::new(message) }
    }

    /// A mistake with the arguments.
    pub(super) fn arguments(message: impl Into<String>) -> Self {
        Self { help: Some(Help::Arguments), ..Self::new(message) }
    }

    /// The lines that kubectl prints.
    pub fn words(&self) -> String {
        let Self { message, meant, help, prefix, command } = self;
        let path = format!("kubectl {command}");
        let path = path.trim_end();
        let help = match (help, meant) {
            (Some(Help::Flags), _) => format!("\nSee '{path} --help' for usage."),
            (Some(Help::Arguments), _) => format!("\nSee '{path} -h' for help and examples"),
            (Some(Help::Commands), Some(meant)) => format!("\n\nDid you mean this?\n\t{meant}"),
            (Some(Help::Commands) | None, _) => String::new(),
        };
        format!("{prefix}{message}{help}")
    }

    /// Adds the candidate nearest to `typed` as a suggestion, if there is one.
    #[must_use]
    pub fn suggesting<'a>(
        mut self,
        typed: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        prefix: &str,
    ) -> Self {
        self.meant = nearest(typed, candidates).map(|candidate| format!("{prefix}{candidate}"));
        self
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.meant {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UsageError {}
