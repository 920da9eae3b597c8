//! Entries as text.

use std::fmt;

use super::entry::Entry;
use super::lookup::Explanation;
use super::shown;

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
        if let Some(scenario) = shown::scenario(self.term) {
            writeln!(f, "\n  See it happen: shakedown run {scenario}")?;
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
