//! The paper that pages are written on: lines of cells at levels of indentation, and the parts that most kinds share.

use std::fmt::{Arguments, Write as _};

use crate::api::core::{Condition, ResourceList};
use crate::api::meta::{Labels, ObjectMeta};
use crate::kubectl::tabs::PAGE;

/// kubectl keeps its own copy of what was applied here; nobody wants to read it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotations longer than this get lines of their own, and their end is cut off.
const LONGEST_ANNOTATION: usize = 140;

/// A page while it is written: tabs separate cells until [`Page::finish`] aligns them.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

/// Writes a line at a level: `line!(page, 1, "Name:\t{}", name)`.
macro_rules! line {
    ($page:expr, $level:expr, $($format:tt)+) => {
        $page.line($level, format_args!($($format)+))
    };
}
pub(super) use line;

impl Page {
    /// Writes a line, indented by two blanks a level.
    pub(super) fn line(&mut self, level: usize, text: Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{}{text}", "  ".repeat(level));
    }

    /// Writes lines under a heading: the first beside it, the others in the same column.
    pub(super) fn under(&mut self, indent: &str, heading: &str, lines: &[String]) {
        match lines {
            [] => line!(self, 0, "{indent}{heading}:\t<none>"),
            [first, others @ ..] => {
                line!(self, 0, "{indent}{heading}:\t{first}");
                for other in others {
                    line!(self, 0, "{indent}\t{other}");
                }
            }
        }
    }

    /// `Name:` and `Namespace:`.
    pub(super) fn name_and_namespace(&mut self, metadata: &ObjectMeta) {
        line!(self, 0, "Name:\t{}", metadata.name);
        line!(self, 0, "Namespace:\t{}", metadata.namespace);
    }

    /// `Labels:` and `Annotations:`.
    pub(super) fn labels_and_annotations(&mut self, metadata: &ObjectMeta) {
        self.labels("Labels", &metadata.labels);
        self.annotations("Annotations", &metadata.annotations);
    }

    /// Labels, or anything that looks like them.
    pub(super) fn labels(&mut self, heading: &str, labels: &Labels) {
        let lines: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.under("", heading, &lines);
    }

    /// Annotations; long ones below their key.
    pub(super) fn annotations(&mut self, heading: &str, annotations: &Labels) {
        let mut lines = Vec::new();
        for (key, value) in annotations.iter().filter(|(key, _)| key != LAST_APPLIED) {
            let value = value.strip_suffix('\n').unwrap_or(value);
            if key.len() + value.len() + 2 > LONGEST_ANNOTATION || value.contains('\n') {
                lines.push(format!("{key}:"));
                lines.extend(value.split('\n').map(|line| format!("  {}", cut(line))));
            } else {
                lines.push(format!("{key}: {value}"));
            }
        }
        self.under("", heading, &lines);
    }

    /// `Controlled By:`, if something does.
    pub(super) fn controlled_by(&mut self, metadata: &ObjectMeta) {
        if let Some(owner) = metadata.controller() {
            line!(self, 0, "Controlled By:\t{}/{}", owner.kind, owner.name);
        }
    }

    /// A list of resources, one a line.
    pub(super) fn resources(&mut self, level: usize, list: &ResourceList) {
        for (name, quantity) in list {
            line!(self, level, "{name}:\t{quantity}");
        }
    }

    /// `Conditions:` with type, status and reason.
    pub(super) fn conditions_with_reason(&mut self, conditions: &[Condition]) {
        if conditions.is_empty() {
            return;
        }
        line!(self, 0, "Conditions:");
        line!(self, 1, "Type\tStatus\tReason");
        line!(self, 1, "----\t------\t------");
        for condition in conditions {
            let reason = condition.reason.as_deref().unwrap_or_default();
            line!(self, 1, "{} \t{}\t{reason}", condition.kind, condition.status);
        }
    }

    /// The page as it was written, with tabs between its cells.
    pub(super) fn unaligned(self) -> String {
        self.text
    }

    /// The page, with its columns aligned.
    pub(super) fn finish(self) -> String {
        PAGE.align_text(&self.text)
    }
}

/// The beginning of a line that is too long.
fn cut(line: &str) -> String {
    let longest = LONGEST_ANNOTATION - 2;
    if line.len() <= longest {
        return line.to_owned();
    }
    let end = (0..=longest).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &line[..end])
}

/// `True` or `False`.
pub(super) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A value or `<unset>`.
pub(super) fn or_unset<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "<unset>".to_owned(), |value| value.to_string())
}
