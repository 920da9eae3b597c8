//! Readers for our own kinds: from a tree with places to typed values.
//!
//! Serde reads a type and stops at the first problem; here one wrong step must not hide the next, every value may
//! be asked where it stands, and many parts can be written in more than one form. So these readers walk the tree
//! themselves. The way to write one:
//!
//! ```text
//! fn pool(value: &Value<'_>) -> Read<Pool> {
//!     let fields = value.fields(&["name", "count"])?;     // anything else is an unknown field
//!     let name = fields.need("name", Value::text);        // read everything first ...
//!     let count = fields.optional("count", Value::whole);
//!     Ok(Pool { name: name?, count: count?.unwrap_or(1) }) // ... then give up if something was wrong
//! }
//! ```
//!
//! A [`Reported`] can only be had by reporting a problem, so nothing goes wrong in silence.

mod app;
mod cluster;
mod condition;
mod distribution;
mod expect;
mod fault;
mod scalar;
mod scheduler;
mod spec;
mod static_pod;
mod step;
mod target;
mod traffic;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::load::LineCheck;
use super::manifest::Notes;
use super::model::Place;
use crate::base::Name;
use crate::source::{
    self, Diagnostic, Document, Entry, Key, Kind, Node, Path, Severity, SourceFile, UnknownField, nearest,
    quoted,
};
pub(super) use app::app;
pub(super) use cluster::{default_cluster, label_as_kubelet, with_defaults};
pub(super) use scheduler::{SchedulerSpec, configuration};
pub(super) use spec::{Machines, Spec, spec};

/// A problem has been reported, so there is no value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported(());

/// A value, or a problem that has been reported.
pub(super) type Read<T> = Result<T, Reported>;

/// What all readers of one file share.
pub(super) struct Context<'a> {
    pub(super) file: &'a Arc<SourceFile>,
    check_line: LineCheck<'a>,
    /// What is to be said once about many objects of all files.
    pub(super) notes: &'a RefCell<Notes>,
    problems: RefCell<Vec<Diagnostic>>,
    mentions: RefCell<Vec<Mention>>,
    /// Length of the run, for times that must lie within it.
    duration: Cell<Option<crate::kernel::SimDuration>>,
}

/// Something that a scenario calls by name, to be looked up when everything has been read.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) what: Mentioned,
    pub(super) place: Place,
}

/// See [`Mention`].
#[derive(Clone, Debug)]
pub(super) enum Mentioned {
    Node(Name),
    Zone(Name),
    NodeSelector(crate::api::Selector),
    Object { kind: crate::api::Kind, namespace: Name, name: Name },
}

impl<'a> Context<'a> {
    pub(super) fn new(
        file: &'a Arc<SourceFile>,
        check_line: LineCheck<'a>,
        notes: &'a RefCell<Notes>,
        duration: Option<crate::kernel::SimDuration>,
    ) -> Self {
        let (problems, mentions) = (RefCell::default(), RefCell::default());
        Self { file, check_line, notes, problems, mentions, duration: Cell::new(duration) }
    }

    /// What has been found wrong, and what has been mentioned.
    pub(super) fn finish(self) -> (Vec<Diagnostic>, Vec<Mention>) {
        (self.problems.into_inner(), self.mentions.into_inner())
    }

    /// Reports a problem.
    pub(super) fn report(&self, problem: Diagnostic) -> Reported {
        self.problems.borrow_mut().push(problem);
        Reported(())
    }
}

/// A node of the tree with its path.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) node: &'a Node,
    key: Option<&'a Key>,
    path: Path<'a>,
}

impl<'a> Value<'a> {
    /// A whole document.
    pub(super) fn root(context: &'a Context<'a>, document: &'a Document) -> Self {
        Self { context, node: &document.root, key: None, path: Path::ROOT }
    }

    /// Its path in the document.
    pub(super) fn path(&self) -> Path<'a> {
        self.path
    }

    /// Where it is written.
    pub(super) fn place(&self) -> Place {
        let span = source::Place { node: self.node, key: self.key, exact: true }.span();
        Place { file: Arc::clone(self.context.file), span }
    }

    /// Where an object's name is written: what a message about the whole object points at.
    pub(super) fn name_place(&self) -> Place {
        let name = self.node.locate("metadata.name");
        let found = if name.exact { name } else { self.node.locate("kind") };
        if !found.exact {
            return self.place();
        }
        Place { file: Arc::clone(self.context.file), span: found.span() }
    }

    /// The value as written, on one line.
    pub(super) fn one_line(&self) -> String {
        flow(self.node, self.context.file, true)
    }

    /// Reports what is wrong with this value.
    pub(super) fn wrong<T>(&self, code: &'static str, message: impl AsRef<str>) -> Read<T> {
        Err(self.context.report(self.problem(code, message)))
    }

    /// As [`Value::wrong`], with what would be right.
    pub(super) fn wrong_help<T>(
        &self,
        code: &'static str,
        message: impl AsRef<str>,
        help: impl Into<String>,
    ) -> Read<T> {
        Err(self.context.report(self.problem(code, message).help(help)))
    }

    /// As [`Value::wrong_help`], about the key of this value.
    pub(super) fn wrong_key<T>(
        &self,
        code: &'static str,
        message: impl AsRef<str>,
        help: impl Into<String>,
    ) -> Read<T> {
        let node =
            self.key.map_or_else(|| self.node.clone(), |key| Node { span: key.span, kind: Kind::Null });
        Value { node: &node, key: None, ..*self }.wrong_help(code, message, help)
    }

    /// Reports why a type of the API could not be read.
    pub(super) fn refused<T>(&self, error: source::DecodeError) -> Read<T> {
        Err(self.context.report(error.into_diagnostic(self.context.file)))
    }

    /// Something the user should know about this value.
    pub(super) fn warn(&self, code: &'static str, message: impl AsRef<str>) {
        let problem = self.problem(code, message);
        self.context.report(Diagnostic { severity: Severity::Warning, ..problem });
    }

    fn problem(&self, code: &'static str, message: impl AsRef<str>) -> Diagnostic {
        let message = message.as_ref();
        let message =
            if self.path.is_root() { message.to_owned() } else { format!("{}: {message}", self.path) };
        self.place().label(Diagnostic::error(code, message), "")
    }

    /// Remembers that something is called by name here.
    pub(super) fn mention(&self, what: Mentioned) {
        self.context.mentions.borrow_mut().push(Mention { what, place: self.place() });
    }

    /// Reads a type of the API as it stands in a manifest, such as taints. Unknown fields are errors.
    pub(super) fn decode<T: DeserializeOwned>(&self) -> Read<T> {
        match source::from_node_at(self.node, self.path) {
            Ok((value, unknown)) => {
                let mut result = Ok(value);
                for field in unknown {
                    let problem = field.to_diagnostic(self.context.file, Severity::Error);
                    result = Err(self.context.report(problem));
                }
                result
            }
            Err(error) => self.refused(error),
        }
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.kind, Kind::Sequence(_))
    }

    /// Whether it is a mapping.
    pub(super) fn is_mapping(&self) -> bool {
        matches!(self.node.kind, Kind::Mapping(_))
    }

    /// The text of a scalar, whatever it could be read as.
    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.node.as_str()
    }

    /// The fields of a mapping that may have these and no others.
    pub(super) fn fields(&self, names: &[&'static str]) -> Read<Fields<'_>> {
        let mut fields = self.open_fields()?;
        fields.only(names);
        Ok(fields)
    }

    /// The fields of a mapping, before it is known which it may have; to be followed by [`Fields::only`].
    pub(super) fn open_fields(&self) -> Read<Fields<'_>> {
        match &self.node.kind {
            Kind::Mapping(entries) => {
                Ok(Fields { value: self, entries, meant: Vec::new(), strangers: false })
            }
            _ => self.wrong_type("a mapping"),
        }
    }

    /// Reports that the value is of another type than wanted.
    pub(super) fn wrong_type<T>(&self, expected: &str) -> Read<T> {
        let found = self.node.describe();
        self.wrong("wrong-type", format!("expected {expected}, found {found}"))
    }

    /// Reads every item of a list. All of them are read, also after a wrong one.
    pub(super) fn items<'s, T>(&'s self, read: impl FnMut(&Value<'s>) -> Read<T>) -> Read<Vec<T>> {
        self.each(read)?.into_iter().collect()
    }

    /// Those items of a list that can be read.
    pub(super) fn readable<'s, T>(&'s self, read: impl FnMut(&Value<'s>) -> Read<T>) -> Read<Vec<T>> {
        Ok(self.each(read)?.into_iter().flatten().collect())
    }

    fn each<'s, T>(&'s self, mut read: impl FnMut(&Value<'s>) -> Read<T>) -> Read<Vec<Read<T>>> {
        let nodes: &[Node] = match &self.node.kind {
            Kind::Null => &[],
            Kind::Sequence(nodes) => nodes,
            _ => {
                let message = format!("expected a list, found {}", self.node.describe());
                return self.wrong_help("wrong-type", message, "write one item per line, each after `- `");
            }
        };
        let read_item = |(index, node)| {
            let path = self.path.index(index);
            read(&Value { node, key: None, path, ..*self })
        };
        // Not collected into a Result at once: that would stop at the first wrong item.
        Ok(nodes.iter().enumerate().map(read_item).collect())
    }

    /// Reads a list, or a single item as a list of one.
    pub(super) fn one_or_more<'s, T>(&'s self, mut read: impl FnMut(&Value<'s>) -> Read<T>) -> Read<Vec<T>> {
        if self.is_list() { self.items(read) } else { read(self).map(|item| vec![item]) }
    }

    /// Reads every entry of a mapping whose keys are free.
    pub(super) fn entries<'s, T>(
        &'s self,
        mut read: impl FnMut(&str, &Value<'s>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let fields = self.open_fields()?;
        let items: Vec<Read<T>> =
            fields.entries.iter().map(|entry| read(&entry.key.text, &fields.at(entry))).collect();
        items.into_iter().collect()
    }

    /// Reads a value of one of several kinds: a mapping whose only key is the kind.
    pub(super) fn one_of<T>(&self, what: &str, kinds: &[Variant<T>]) -> Read<T> {
        let fields = self.open_fields()?;
        let names: Vec<&'static str> = kinds.iter().map(|(name, _)| *name).collect();
        let [entry] = fields.entries else {
            let message = format!("expected one {what}, found {}", fields.entries.len());
            return self.wrong_help("wrong-type", message, one_of_help(&names));
        };
        let (word, value) = (&*entry.key.text, fields.at(entry));
        if let Some((_, read)) = kinds.iter().find(|(name, _)| *name == word) {
            return read(&value);
        }
        let message = format!("unknown {what} {}", quoted(word));
        value.wrong_key("unknown-value", message, did_you_mean(word, &names))
    }

    /// Reports a word that is none of those that are valid.
    pub(super) fn unknown_word<T>(&self, what: &str, word: &str, names: &[&'static str]) -> Read<T> {
        self.wrong_help(
            "unknown-value",
            format!("unknown {what} {}", quoted(word)),
            did_you_mean(word, names),
        )
    }
}

/// A key of [`Value::one_of`] and the reader of its value.
pub(super) type Variant<T> = (&'static str, fn(&Value<'_>) -> Read<T>);

fn one_of_help(names: &[&'static str]) -> String {
    format!("valid names are `{}`", names.join("`, `"))
}

fn did_you_mean(word: &str, names: &[&'static str]) -> String {
    match nearest(word, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => one_of_help(names),
    }
}

/// The entries of a mapping.
pub(super) struct Fields<'a> {
    value: &'a Value<'a>,
    entries: &'a [Entry],
    /// Names that unknown fields are slips of: that they are missing has been said.
    meant: Vec<&'static str>,
    /// Whether there were unknown fields.
    strangers: bool,
}

impl<'a> Fields<'a> {
    /// Reports every field that is none of these.
    pub(super) fn only(&mut self, names: &[&'static str]) {
        for Entry { key, .. } in self.entries.iter().filter(|entry| !names.contains(&&*entry.key.text)) {
            let near = nearest(&key.text, names.iter().copied());
            let suggestion = names.iter().find(|name| Some(**name) == near).copied();
            let field = UnknownField {
                path: self.value.path.key(&key.text).to_string(),
                parent: self.value.path.to_string(),
                key: key.text.to_string(),
                span: key.span,
                suggestion,
            };
            let mut problem = field.to_diagnostic(self.value.context.file, Severity::Error);
            if problem.help.is_none() {
                problem = problem.help(one_of_help(names));
            }
            self.value.context.report(problem);
            self.meant.extend(suggestion);
            self.strangers = true;
        }
    }

    /// The value of a field that is given; `null` is not.
    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        let entry = self.entries.iter().find(|entry| &*entry.key.text == name)?;
        let value = self.at(entry);
        (value.node.kind != Kind::Null).then_some(value)
    }

    fn at(&self, entry: &'a Entry) -> Value<'a> {
        let path = self.value.path.key(&entry.key.text);
        Value { node: &entry.value, key: Some(&entry.key), path, ..*self.value }
    }

    /// Reports that one of several fields is missing, unless an unknown field may be it.
    pub(super) fn lacks<T>(&self, message: impl AsRef<str>, help: impl Into<String>) -> Read<T> {
        if self.strangers {
            return Err(Reported(()));
        }
        self.value.wrong_help("missing-field", message, help)
    }

    /// Whether a field is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Those of the names that are given.
    pub(super) fn given(&self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().filter(|name| self.has(name)).copied().collect()
    }

    /// Reports that fields stand together of which only one can be.
    pub(super) fn conflict<T>(&self, given: &[&'static str]) -> Read<T> {
        self.value.wrong("conflict", format!("give only one of `{}`", given.join("`, `")))
    }

    /// The mapping itself.
    pub(super) fn whole(&self) -> &'a Value<'a> {
        self.value
    }

    /// Reads a field that may be left out.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Value<'a>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.get(name).map(|value| read(&value)).transpose()
    }

    /// Reads a field that must be there.
    pub(super) fn need<T>(&self, name: &'static str, read: impl FnOnce(&Value<'a>) -> Read<T>) -> Read<T> {
        if let Some(value) = self.get(name) {
            return read(&value);
        }
        if self.meant.contains(&name) {
            return Err(Reported(()));
        }
        match self.entries.iter().find(|entry| &*entry.key.text == name) {
            Some(entry) => self.at(entry).wrong("missing-field", format!("`{name}` has no value")),
            None => self.value.wrong("missing-field", format!("missing field `{name}`")),
        }
    }
}

/// A value as written, with its line breaks and comments taken out.
fn flow(node: &Node, file: &SourceFile, outermost: bool) -> String {
    let (open, close, parts) = match &node.kind {
        Kind::Null => return "null".to_owned(),
        Kind::Scalar(_) => {
            return file.slice(node.span).split_whitespace().collect::<Vec<_>>().join(" ");
        }
        Kind::Sequence(items) => {
            ("[", "]", items.iter().map(|item| flow(item, file, false)).collect::<Vec<_>>())
        }
        Kind::Mapping(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key.text, flow(&entry.value, file, false));
            ("{", "}", entries.iter().map(entry).collect())
        }
    };
    let text = parts.join(", ");
    if outermost { text } else { format!("{open}{text}{close}") }
}
