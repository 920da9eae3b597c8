//! A course: lessons that run what they teach.
//!
//! A lesson is a folder with a scenario and a text in one or more languages. The text never states a number: it names
//! what it wants from the run, and the run fills it in, so that an answer changes when its scenario does.
//!
//! ```text
//! library   the lessons in the binary, and lessons in folders of other people
//! text      a text taken apart: introduction, question, run, answer, exercise; placeholders and blocks
//! query     what a placeholder asks
//! facts     the runs, and the answers that they give
//! edit      changes to a scenario: variants, and solutions
//! cut       the columns and lines of an output that matter
//! render    a text filled in, for a terminal
//! exercise  what the learner is to reach, how it is checked, and a solution
//! ```
//!
//! How to write one is in `scenarios/lessons/README.md`.

mod cut;
mod edit;
mod exercise;
mod facts;
mod library;
mod query;
mod render;
mod text;

#[cfg(test)]
mod tests;

pub use exercise::{Outcome, check, solved};
pub use facts::Facts;
pub use library::{Lesson, Library};
pub use render::{Page, page};
pub use text::{Piece, Problem, Text};
