//! Shows a problem with its lines, in rustc's look.
//!
//! Names and text come from files that may be hostile: control characters are shown as symbols, so that
//! they cannot reach the terminal. The snippet library does that for titles and source lines only.

use std::sync::Arc;

use annotate_snippets::normalize_untrusted_str as harmless;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Severity};
use super::file::floor_boundary;

/// The longest stretch of a line that is shown, in bytes.
const WINDOW: usize = 160;

/// How much of the window is before the place, if the line is longer.
const BEFORE: usize = 60;

/// Stands for the part of a line that is not shown.
const CUT: &str = "...";

/// Labels of one file that are this near to each other are shown in one snippet.
const NEAR: usize = 16 << 10;

pub(super) fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let windows: Vec<_> = diagnostic.labels.iter().map(Window::new).collect();
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(snippet) = together(&windows) {
        group = group.element(snippet);
    } else {
        group =
            group.elements(windows.iter().enumerate().map(|(number, window)| window.snippet(number == 0)));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(harmless(note)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    // The window keeps lines short; the terminal's width must not change what is printed.
    let mut text = renderer.term_width(2 * WINDOW).render(&[group]);
    for window in windows {
        text = window.correct_column(text);
    }
    text.push('\n');
    text
}

/// The part of a label's line that is shown: never more than a screen's width, and only the first line of a
/// longer stretch. Works for spans that do not belong to the text.
struct Window<'d> {
    label: &'d Label,
    /// The line, in bytes of the file.
    line: (usize, usize),
    /// The shown part of it.
    shown: (usize, usize),
    /// The underlined part.
    place: (usize, usize),
}

impl<'d> Window<'d> {
    fn new(label: &'d Label) -> Self {
        let text = label.file.text();
        let start = floor_boundary(text, label.span.start as usize);
        let line_start = text[..start].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
        let from = if line_end - line_start > WINDOW && start - line_start > BEFORE {
            floor_boundary(text, start - BEFORE)
        } else {
            line_start
        };
        let to = floor_boundary(text, line_end.min(from + WINDOW));
        let end = floor_boundary(text, label.span.end as usize).clamp(start, to);
        Self { label, line: (line_start, line_end), shown: (from, to), place: (start, end) }
    }

    fn is_whole_line(&self) -> bool {
        self.line == self.shown
    }

    /// The underline, in a text that has byte `base` of the file at its byte `at`.
    fn annotation(&self, base: usize, at: usize, primary: bool) -> Annotation<'d> {
        let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(self.place.0 - base + at..self.place.1 - base + at);
        let text = &self.label.text;
        if text.is_empty() { annotation } else { annotation.label(harmless(text)) }
    }

    fn snippet(&self, primary: bool) -> Snippet<'d, Annotation<'d>> {
        let Label { file, span, .. } = self.label;
        let before = self.mark_before();
        let after = if self.shown.1 < self.line.1 { CUT } else { "" };
        let source = format!("{before}{}{after}", &file.text()[self.shown.0..self.shown.1]);
        let annotation = self.annotation(self.shown.0, before.len(), primary);
        Snippet::source(source)
            .path(harmless(file.name()))
            .line_start(span.line as usize)
            .annotation(annotation)
    }

    fn mark_before(&self) -> &'static str {
        if self.line.0 < self.shown.0 { CUT } else { "" }
    }

    /// The renderer counts columns from where the window begins: puts the true column there.
    fn correct_column(&self, rendered: String) -> String {
        if self.mark_before().is_empty() {
            return rendered;
        }
        let Label { file, span, .. } = self.label;
        let counted = 1 + CUT.len() + file.text()[self.shown.0..self.place.0].chars().count();
        let place = format!("{}:{}:", harmless(file.name()), span.line);
        rendered.replacen(&format!("{place}{counted}\n"), &format!("{place}{}\n", span.column), 1)
    }
}

/// One snippet for several labels, if they are near each other on lines of reasonable length.
fn together<'d>(windows: &[Window<'d>]) -> Option<Snippet<'d, Annotation<'d>>> {
    let [first, _, ..] = windows else {
        return None;
    };
    let file = &first.label.file;
    let start = windows.iter().map(|window| window.line.0).min()?;
    let end = windows.iter().map(|window| window.line.1).max()?;
    let same_file = windows.iter().all(|window| Arc::ptr_eq(&window.label.file, file));
    if !same_file || end - start > NEAR || !windows.iter().all(Window::is_whole_line) {
        return None;
    }
    let line = windows.iter().map(|window| window.label.span.line).min()?;
    let annotations =
        windows.iter().enumerate().map(|(number, window)| window.annotation(start, 0, number == 0));
    let snippet =
        Snippet::source(&file.text()[start..end]).path(harmless(file.name())).line_start(line as usize);
    Some(snippet.annotations(annotations))
}
