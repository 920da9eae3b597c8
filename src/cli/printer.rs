//! Where words go: results to standard output, everything else to standard error. A reader that has gone away (a closed
//! pipe) is not an error.

use std::io::{self, IsTerminal, Write};

use super::args::Color;
use crate::source::{Diagnostic, Diagnostics};

/// Prints.
pub(super) struct Printer {
    out: io::StdoutLock<'static>,
    color_out: bool,
    color_err: bool,
}

impl Printer {
    /// A printer that follows `--color`, NO_COLOR and whether somebody is looking.
    pub(super) fn new(color: Color) -> Self {
        #[expect(clippy::disallowed_methods, reason = "NO_COLOR is about printing, not about a run")]
        let wanted = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
        let use_color = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !wanted,
        };
        Self {
            color_out: use_color(io::stdout().is_terminal()),
            color_err: use_color(io::stderr().is_terminal()),
            out: io::stdout().lock(),
        }
    }

    /// Whether results may be coloured.
    pub(super) fn color(&self) -> bool {
        self.color_out
    }

    /// Whether somebody is looking at standard error.
    pub(super) fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// A bar on standard error that counts up to `count` pieces of work, if somebody is looking.
    pub(super) fn count_up(&self, count: usize, what: &str) -> indicatif::ProgressBar {
        if !self.is_watched() {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::new(count as u64);
        let template = format!("{{bar:40}} {{pos}} of {{len}} {what}, {{eta}} left");
        if let Ok(style) = indicatif::ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar
    }

    /// A result.
    pub(super) fn result(&mut self, text: &str) {
        // A closed pipe is the reader's way of saying that it has seen enough.
        let _ = self.out.write_all(text.as_bytes());
    }

    /// Anything else.
    pub(super) fn note(&mut self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// An error without a place.
    pub(super) fn error(&mut self, text: &str) {
        let _ = writeln!(io::stderr(), "error: {text}");
    }

    /// A problem in a file.
    pub(super) fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let _ = writeln!(io::stderr(), "{}", diagnostic.render(self.color_err).trim_end());
    }

    /// Problems in files, and how many there are.
    pub(super) fn diagnostics(&mut self, diagnostics: &Diagnostics) {
        for diagnostic in diagnostics {
            self.diagnostic(diagnostic);
        }
    }

    /// Hands on what is buffered.
    pub(super) fn flush(&mut self) {
        let _ = self.out.flush();
    }
}
