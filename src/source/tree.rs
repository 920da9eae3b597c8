//! The tree of a document: values that know where they were written.
//!
//! Keys are always text and unique in their mapping, aliases and merge keys are already resolved, and
//! nothing is nested deeper than [`crate::source::parse::MAX_DEPTH`]: recursion over a tree is safe.

use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::file::{SourceFile, Span};
use super::path::steps;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file it stands in.
    pub file: Arc<SourceFile>,
    /// Its value.
    pub root: Node,
    /// Keys given twice, as errors. The tree has the last value of each, as `kubectl` reads it. Always empty
    /// unless the file was read with [`crate::source::parse_lenient`].
    pub duplicates: Vec<Diagnostic>,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value's own text. For a value that is not written at all (`key:`), the key.
    pub span: Span,
    /// The value.
    pub kind: Kind,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// Text, a number or a boolean; which of them depends on what the reader asks for.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order written.
    Mapping(Vec<Entry>),
}

/// A scalar as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text without quotes and with escapes undone.
    pub text: Box<str>,
    /// Quoted or not.
    pub style: Style,
    /// An explicit tag such as `!!str`, in its long form `tag:yaml.org,2002:str`.
    pub tag: Option<Box<str>>,
}

/// How a scalar was written. Only plain ones can be numbers, booleans or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, after `|` or `>`.
    Block,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key's text.
    pub text: Box<str>,
    /// Where it was written.
    pub span: Span,
}

/// What [`Node::locate`] finds.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The node at the path, or its nearest ancestor that exists.
    pub node: &'a Node,
    /// The key the node is the value of, if it is one.
    pub key: Option<&'a Key>,
    /// True if the whole path exists.
    pub exact: bool,
}

impl Place<'_> {
    /// The text to underline: the value if it begins on the line of its key, else the key. A list or
    /// mapping below its key is too much to underline, and its key says better what is meant.
    pub fn span(&self) -> Span {
        focus(self.key.map(|key| key.span), self.node)
    }
}

/// See [`Place::span`].
pub(super) fn focus(key: Option<Span>, node: &Node) -> Span {
    match key {
        Some(key) if key.line != node.span.line => key,
        _ => node.span,
    }
}

impl Document {
    /// An error at the value of a path, or at its nearest ancestor that exists.
    pub fn error_at(&self, path: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        self.at(path, Diagnostic::error(code, message))
    }

    /// A warning at the value of a path, or at its nearest ancestor that exists.
    pub fn warning_at(&self, path: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        self.at(path, Diagnostic::warning(code, message))
    }

    fn at(&self, path: &str, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.at(&self.file, self.root.locate(path).span(), "")
    }
}

impl Node {
    /// The text of a scalar, whatever it could be read as.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The items of a list; nothing for any other value.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; nothing for any other value.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key.text == key)
    }

    /// The node at a path such as `spec.containers[0].name`, if the whole path exists.
    pub fn at_path(&self, path: &str) -> Option<&Node> {
        let place = self.locate(path);
        place.exact.then_some(place.node)
    }

    /// The node at a path, or its nearest ancestor that exists: the best place for a message about it.
    pub fn locate(&self, path: &str) -> Place<'_> {
        let mut place = Place { node: self, key: None, exact: true };
        for step in steps(path) {
            let item = step.index.and_then(|index| place.node.items().get(index));
            if let Some(node) = item {
                place = Place { node, key: None, exact: true };
            } else if let Some(Entry { key, value }) = place.node.entry(&step.key) {
                place = Place { node: value, key: Some(key), exact: true };
            } else {
                return Place { exact: false, ..place };
            }
        }
        place
    }

    /// What the value is, for messages: `` text `abc` ``, `a list`, `nothing`.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
            Kind::Scalar(scalar) => scalar.describe(),
        }
    }
}
