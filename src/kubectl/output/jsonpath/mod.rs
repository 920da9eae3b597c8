//! `-o jsonpath=...` in kubectl's dialect.
//!
//! A template is text with actions in braces: `{.items[*].metadata.name}`, `{range
//! .items[*]}{.metadata.name}{"\n"}{end}`. What kubectl understands and this follows
//! (`k8s.io/client-go/util/jsonpath`): fields, `['key']`, `[0]`, `[-1]`, `[1:3]`, `[0:9:2]`, `[*]`, `.*`, `..name`,
//! unions `[0,2]`, filters `[?(@.a=="x")]` with `==`, `!=`, `<`, `<=`, `>`, `>=` or mere presence, `range` and
//! `end`, quoted text, numbers. A dot inside a key is written `\.`. What is absent prints as nothing.

mod eval;
mod parse;

use std::borrow::Cow;

use serde_json::Value;

use super::json::{to_json, to_json_line};

/// A compiled template.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    source: String,
    parts: Vec<Part>,
}

/// Why a template is refused, or does not fit an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonPathError(String);

/// One piece of a template.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Text between braces, or one action.
    Path(Vec<Node>),
    /// `{range PATH}...{end}`.
    Range { over: Vec<Node>, body: Vec<Part> },
}

/// One step of a path: from the values so far to those after it.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// A text or number, whatever the input.
    Literal(Value),
    /// `.name`
    Field(String),
    /// `.*`
    Wildcard,
    /// `..`: everything below.
    Recursive,
    /// `[start:end:step]`
    Slice(Slice),
    /// `[A,B]`
    Union(Vec<Vec<Node>>),
    /// `[?(LEFT OP RIGHT)]`
    Filter { left: Vec<Node>, comparison: Option<(Operator, Vec<Node>)> },
}

/// Bounds of a slice; a single index is a slice of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    /// Whether the end came from a single index: then 0 means "up to the last".
    is_index: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The values that one action found.
type Found<'a> = Vec<Cow<'a, Value>>;

impl JsonPath {
    /// Reads a template.
    pub fn parse(template: &str) -> Result<Self, JsonPathError> {
        let parts = parse::template(template)
            .map_err(|why| JsonPathError(format!("error parsing jsonpath {template}, {why}")))?;
        Ok(Self { source: template.to_owned(), parts })
    }

    /// Reads a single path as `--sort-by` and custom columns take it: `a.b`, `.a.b`, `{a.b}` or `{.a.b}`.
    pub fn parse_relaxed(path: &str) -> Result<Self, JsonPathError> {
        let inner = match path.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}'),
            None => Some(path),
        };
        let inner = inner.map(|inner| inner.strip_prefix('.').unwrap_or(inner));
        match inner {
            Some(inner) if !inner.is_empty() && !inner.contains(['{', '}']) => {
                let source = format!("{{.{inner}}}");
                let parts = parse::template(&source).map_err(JsonPathError)?;
                Ok(Self { source, parts })
            }
            _ => Err(JsonPathError(
                "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or \
                 '{.name1.name2}'"
                    .to_owned(),
            )),
        }
    }

    /// The template as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What each action finds in `root`, in order.
    pub fn find<'a>(&'a self, root: &'a Value) -> Result<Vec<Found<'a>>, JsonPathError> {
        eval::parts(&self.parts, root).map_err(|why| {
            JsonPathError(format!(
                "error executing jsonpath {:?}: Error executing template: {why}",
                self.source
            ))
        })
    }

    /// The filled-in template: the values of an action are joined by blanks.
    pub fn render(&self, root: &Value) -> Result<String, JsonPathError> {
        let found = self.find(root)?;
        Ok(found
            .iter()
            .map(|values| values.iter().map(|value| text_of(value)).collect::<Vec<_>>().join(" "))
            .collect())
    }

    /// All that is found, as one JSON list.
    pub fn render_as_json(&self, root: &Value) -> Result<String, JsonPathError> {
        let found = self.find(root)?;
        Ok(to_json(&Value::Array(found.into_iter().flatten().map(Cow::into_owned).collect())))
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => to_json_line(other),
    }
}

#[cfg(test)]
mod tests;
