//! Shows a problem with its lines, in rustc's look.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Severity};
use super::file::floor_boundary;

/// The longest stretch of a line that is shown, in bytes.
const WINDOW: usize = 160;

/// How much of the window is before the place, if the line is longer.
const BEFORE: usize = 60;

/// Labels of one file that are this near to each other are shown in one snippet.
const NEAR: usize = 16 << 10;

pub(super) fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let windows: Vec<_> = diagnostic.labels.iter().map(Window::new).collect();
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(snippet) = together(&windows) {
        group = group.element(snippet);
    } else {
        group =
            group.elements(windows.iter().enumerate().map(|(number, window)| window.snippet(number == 0)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
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

    /// The underline, in a text that begins at byte `base` of the file.
    fn annotation(&self, base: usize, primary: bool) -> Annotation<'d> {
        let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(self.place.0 - base..self.place.1 - base);
        let text = self.label.text.as_str();
        if text.is_empty() { annotation } else { annotation.label(text) }
    }

    fn snippet(&self, primary: bool) -> Snippet<'d, Annotation<'d>> {
        let Label { file, span, .. } = self.label;
        Snippet::source(&file.text()[self.shown.0..self.shown.1])
            .path(file.name())
            .line_start(span.line as usize)
            .annotation(self.annotation(self.shown.0, primary))
    }

    /// The renderer counts columns from where the window begins: puts the true column there.
    fn correct_column(&self, rendered: String) -> String {
        if self.shown.0 == self.line.0 {
            return rendered;
        }
        let Label { file, span, .. } = self.label;
        let counted = 1 + file.text()[self.shown.0..self.place.0].chars().count();
        let place = format!("{}:{}:", file.name(), span.line);
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
    let same_file = windows.iter().all(|window| std::sync::Arc::ptr_eq(&window.label.file, file));
    if !same_file || end - start > NEAR || !windows.iter().all(Window::is_whole_line) {
        return None;
    }
    let line = windows.iter().map(|window| window.label.span.line).min()?;
    let annotations =
        windows.iter().enumerate().map(|(number, window)| window.annotation(start, number == 0));
    let snippet = Snippet::source(&file.text()[start..end]).path(file.name()).line_start(line as usize);
    Some(snippet.annotations(annotations))
}
