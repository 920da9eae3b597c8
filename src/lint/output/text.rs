//! Findings for a person.

use std::fmt::Write as _;

use crate::lint::Finding;
use crate::source::Severity;

/// Every finding with the lines it is about, and a last line that counts them.
pub fn text(findings: &[Finding], files: usize, colour: bool) -> String {
    let mut out = String::new();
    for finding in findings {
        out.push_str(&finding.to_diagnostic().render(colour));
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(findings, files));
    out
}

/// `3 errors, 1 warning and 2 notes in 4 files`.
fn summary(findings: &[Finding], files: usize) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.rule.severity == severity).count();
    let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}, {} and {} in {}",
        number(count(Severity::Error), "error"),
        number(count(Severity::Warning), "warning"),
        number(count(Severity::Note), "note"),
        number(files, "file")
    )
}
