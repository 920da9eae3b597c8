//! `apply`.

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Parsed};
use super::super::resource::{FILES, Files};
use super::Verb;

/// `apply -f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apply {
    /// What to apply.
    pub files: Files,
}

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, FILES])?;
    if !flags.args.is_empty() {
        return Err(UsageError::arguments(format!("Unexpected args: [{}]", flags.args.join(" "))));
    }
    let files = files(&flags)?.ok_or_else(|| UsageError::new("must specify one of -f and -k"))?;
    Ok((flags, Verb::Apply(Apply { files })))
}

/// The files of `-f`, if there are any.
pub(super) fn files(flags: &Parsed) -> Result<Option<Files>, UsageError> {
    let paths = flags.list("filename");
    let recursive = flags.switch("recursive")?;
    Ok((!paths.is_empty()).then_some(Files { paths, recursive }))
}
