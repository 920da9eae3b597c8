//! The words people know: kubectl's commands, tables and pages.
//!
//! Scenario steps and the command line use the same words (`scale deployment web --replicas=5`, `get pods -l
//! app=web`), so what someone knows from a real cluster works here. This room reads commands ([`Command::parse`])
//! into plain data and writes what kubectl would show of objects that an [`ObjectSource`] gives. It does not carry
//! out anything, reads no file and prints nothing: its functions return data and texts.
//!
//! - `parse`, `verb`: from words to a [`Command`]; `words`, `flags`, `resource` are its parts.
//! - `get`, `table`, `print`: the tables of `get`, one file for each group of kinds.
//! - `describe`: the pages of `describe`.
//! - `output`: YAML, JSON, jsonpath, custom columns.
//!
//! Messages and layouts follow kubectl 1.34 and were compared with kubectl 1.33 where a client alone makes them.

mod age;
pub mod describe;
mod error;
#[cfg(test)]
mod fixtures;
mod flags;
mod get;
pub mod output;
mod parse;
pub mod print;
mod resource;
mod select;
mod sort;
mod source;
pub mod table;
mod tabs;
pub mod verb;
mod words;

pub use error::{Help, UsageError};
pub use flags::DryRun;
pub use get::Watch;
pub use parse::{Command, Scope};
pub use resource::{Files, Selected, Target, Targets, kind_with_group, kind_with_version, plural_with_group};
pub use select::{Group, select};
pub use source::{Answer, ObjectSource};
pub use verb::Verb;
pub use words::split_words;
