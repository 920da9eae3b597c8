//! A problem found in a user's file: what, where, and what would be right.

use std::fmt::Write as _;
use std::sync::Arc;

use super::file::{SourceFile, Span};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The user should know before trusting the results.
    Warning,
    /// The input cannot be used.
    Error,
}

impl Severity {
    /// The word used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file with a short remark about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The stretch to underline.
    pub span: Span,
    /// What to say beside the underline; may be empty.
    pub text: String,
}

/// One problem. Build it from [`Diagnostic::error`] or [`Diagnostic::warning`], then add places and help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable short name of the kind of problem, as in `error[unknown-field]`.
    pub code: &'static str,
    /// One sentence: what is wrong.
    pub message: String,
    /// Places, the most important first. Empty for problems without a place (a file that cannot be read).
    pub labels: Vec<Label>,
    /// Facts that support the message, one line each.
    pub notes: Vec<String>,
    /// What would be right, if known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning without a place yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A problem without a place yet.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, code, message: message.into(), labels: Vec::new(), notes: Vec::new(), help: None }
    }

    /// Adds a place. The first one added is the primary place, where the problem is reported.
    #[must_use]
    pub fn at(mut self, file: &Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file: Arc::clone(file), span, text: text.into() });
        self
    }

    /// Sets the help line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The place the problem is reported at.
    pub fn primary(&self) -> Option<&Label> {
        self.labels.first()
    }

    /// The problem in one line, as compilers print it for editors:
    /// `` web.yaml:7:3: error[unknown-field]: unknown field `replcas` (did you mean `replicas`?) ``.
    pub fn one_line(&self) -> String {
        let mut line = String::new();
        if let Some(Label { file, span, .. }) = self.primary() {
            // Writing to a String cannot fail.
            let _ = write!(line, "{}:{}:{}: ", file.name(), span.line, span.column);
        }
        let _ = write!(line, "{}[{}]: {}", self.severity.name(), self.code, self.message);
        if let Some(help) = &self.help {
            let _ = write!(line, " ({help})");
        }
        line.replace(|c: char| c.is_control(), " ")
    }

    /// The problem with the lines it is about, in rustc's look, ending in a newline.
    pub fn render(&self, colour: bool) -> String {
        super::render::render(self, colour)
    }
}

/// All problems of a command's input, in the order found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Passes a success on and keeps a failure.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// True if any problem is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// True if there is no problem at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// All problems rendered, with an empty line between two.
    pub fn render(&self, colour: bool) -> String {
        let rendered: Vec<_> = self.iter().map(|diagnostic| diagnostic.render(colour)).collect();
        rendered.join("\n")
    }

    fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.list.extend(diagnostics);
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
