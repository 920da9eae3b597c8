//! What goes wrong when a node becomes a typed value, and where.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Expected, Unexpected};

use crate::source::diagnostic::{Diagnostic, Severity};
use crate::source::file::{SourceFile, Span};
use crate::source::path::Path;
use crate::source::scalar::quoted;
use crate::source::suggest::{help_for, nearest};
use crate::source::tree::{Kind, Node};

/// A field that the type being read does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// The path of the field.
    pub path: String,
    /// The path of the mapping it is in; empty for the document itself.
    pub parent: String,
    /// Its name as written.
    pub key: String,
    /// Where the name is written.
    pub span: Span,
    /// The valid name most like it.
    pub suggestion: Option<&'static str>,
}

impl UnknownField {
    /// The field as a problem: an error or a warning, as the caller decides.
    pub fn to_diagnostic(&self, file: &Arc<SourceFile>, severity: Severity) -> Diagnostic {
        let place = if self.parent.is_empty() { String::new() } else { format!("in `{}`", self.parent) };
        let message = format!("unknown field {}", quoted(&self.key));
        let problem = Diagnostic::new(severity, "unknown-field", message).at(file, self.span, place);
        match self.suggestion {
            Some(name) => problem.help(format!("did you mean `{name}`?")),
            None => problem,
        }
    }

    pub(super) fn new(key: &str, span: Span, parent: &Path<'_>, fields: &[&'static str]) -> Self {
        // The field list is 'static, so its names are too.
        let near = nearest(key, fields.iter().copied());
        let suggestion = fields.iter().find(|field| Some(**field) == near).copied();
        Self {
            path: parent.key(key).to_string(),
            parent: parent.to_string(),
            key: key.to_owned(),
            span,
            suggestion,
        }
    }
}

/// A value that is not what its type wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    code: &'static str,
    message: String,
    label: Option<String>,
    help: Option<String>,
    /// The name of the missing field, if that is the problem.
    missing: Option<&'static str>,
    place: Option<(String, Span)>,
}

impl DecodeError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Content { code, message, label: None, help: None, missing: None, place: None }))
    }

    pub(super) fn wrong_type(expected: &str, found: &str) -> Self {
        Self::new("wrong-type", format!("expected {expected}, found {found}"))
            .with_label(format!("expected {expected}"))
    }

    pub(super) fn with_label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The path of the value the problem is about, such as `spec.containers[0].image`.
    pub fn path(&self) -> &str {
        self.0.place.as_ref().map_or("", |(path, _)| path)
    }

    /// Where that value is written.
    pub fn span(&self) -> Span {
        self.0.place.as_ref().map(|(_, span)| *span).unwrap_or_default()
    }

    /// What is wrong, without the path.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The problem as shown to the user.
    pub fn into_diagnostic(self, file: &Arc<SourceFile>) -> Diagnostic {
        let span = self.span();
        let Content { code, label, help, .. } = &*self.0;
        let problem = Diagnostic::error(code, self.to_string());
        let problem = problem.at(file, span, label.clone().unwrap_or_default());
        Diagnostic { help: help.clone(), ..problem }
    }

    /// Puts the place of a value on an error that has none yet. The span of the value's key is used for
    /// values that are not on its line.
    pub(super) fn locate(mut self, path: &Path<'_>, value: Span, key: Option<Span>) -> Self {
        let span = key.filter(|key| key.line != value.line).unwrap_or(value);
        self.0.place.get_or_insert_with(|| (path.to_string(), span));
        self
    }

    /// A missing field of this node: if it is written but has no value, say so there.
    pub(super) fn explain_missing(mut self, node: &Node, path: &Path<'_>) -> Self {
        let Some(name) = self.0.missing.take() else {
            return self;
        };
        match node.entry(name) {
            Some(entry) if entry.value.kind == Kind::Null => {
                self.0.message = format!("`{name}` has no value");
                self.0.label = None;
                self.locate(&path.key(name), entry.key.span, None)
            }
            _ => self,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            "" => out.write_str(&self.0.message),
            path => write!(out, "{path}: {}", self.0.message),
        }
    }
}

impl std::error::Error for DecodeError {}

impl Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("invalid-value", message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong_type(&expected.to_string(), &describe(found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::new("invalid-value", format!("expected {expected}, found {}", describe(found)))
            .with_label(format!("expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::wrong_type(&expected.to_string(), &format!("a list of {length}"))
    }

    fn unknown_variant(name: &str, variants: &'static [&'static str]) -> Self {
        let error = Self::new("unknown-value", format!("unknown value {}", quoted(name)));
        Self::with_optional_help(error, help_for(name, variants))
    }

    fn unknown_field(name: &str, fields: &'static [&'static str]) -> Self {
        let error = Self::new("unknown-field", format!("unknown field {}", quoted(name)));
        Self::with_optional_help(error, help_for(name, fields))
    }

    fn missing_field(name: &'static str) -> Self {
        let mut error =
            Self::new("missing-field", format!("missing field `{name}`")).with_label("in this mapping");
        error.0.missing = Some(name);
        error
    }

    fn duplicate_field(name: &'static str) -> Self {
        // The tree has no duplicate keys: two spellings (aliases) of one field are in use.
        Self::new("duplicate-key", format!("the field `{name}` is given twice"))
    }
}

impl DecodeError {
    fn with_optional_help(error: Self, help: Option<String>) -> Self {
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }
}

/// What a visitor was given, in the words of the messages about nodes.
fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("the boolean `{value}`"),
        Unexpected::Unsigned(value) => format!("the number `{value}`"),
        Unexpected::Signed(value) => format!("the number `{value}`"),
        Unexpected::Float(value) => format!("the number `{value}`"),
        Unexpected::Str("") => "empty text".to_owned(),
        Unexpected::Str(text) => format!("text {}", quoted(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}
