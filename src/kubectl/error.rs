//! What is wrong with a command.

use std::fmt;

use crate::base::suggest::nearest;

/// Why a command is refused before anything is done: kubectl's own words where it has some, and what was
/// probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// What is wrong. kubectl prints it behind `error: `.
    pub message: String,
    /// What was probably meant: the text after "did you mean".
    pub meant: Option<String>,
}

impl UsageError {
    /// An error without a suggestion.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), meant: None }
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
