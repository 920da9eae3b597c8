//! Entries as text.

use std::fmt;

use super::entry::Entry;
use super::lookup::Explanation;
use super::{shown, taught};

/// Lines are no longer than this, if their words allow.
const WIDTH: usize = 100;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.term, self.topic)?;
        write_wrapped(f, "  ", "  ", self.meaning)?;
        for (heading, points) in [("How it comes about:", self.causes), ("What to do:", self.advice)] {
            if !points.is_empty() {
                writeln!(f, "\n  {heading}")?;
            }
            for point in points {
                write_wrapped(f, "  - ", "    ", point)?;
            }
        }
        let scenario = shown::scenario(self.term).map(|folder| ("See it happen:", "run", folder));
        let lesson = taught::lesson(self).map(|name| ("Learn it:", "lesson", name.to_owned()));
        for (at, (heading, command, what)) in scenario.into_iter().chain(lesson).enumerate() {
            let before = if at == 0 { "\n" } else { "" };
            writeln!(f, "{before}  {heading:<14} shakedown {command} {what}")?;
        }
        if !self.see_also.is_empty() {
            writeln!(f)?;
            write_wrapped(f, "  See also: ", "    ", &self.see_also.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            entry.fmt(f)?;
        }
        Ok(())
    }
}

/// Writes a text in lines: the first begins with `first`, the others with `others`.
fn write_wrapped(f: &mut fmt::Formatter<'_>, first: &str, others: &str, text: &str) -> fmt::Result {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "{line}")?;
            others.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(f, "{line}")
}
