//! Builds the tree from a reader's events, and holds the limits.
//!
//! Both readers (YAML and JSON) report what they see in reading order; the builder keeps the open lists
//! and mappings on a stack of its own, so no input can overflow the thread's stack. Everything that makes a
//! well-formed text a bad document is found here: duplicate keys, keys that are not text, undefined
//! aliases, too much depth, and aliases that multiply into gigabytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::file::{SourceFile, Span};
use super::parse::MAX_DEPTH;
use super::tree::{Document, Entry, Key, Kind, Node, Scalar, Style};

/// A document may have this many nodes more than its file has bytes. Written nodes take at least a byte
/// each, so only copies made by aliases can reach the limit.
const FREE_NODES: usize = 100_000;

/// Help for text that looks like a template's.
pub(super) const TEMPLATE: &str =
    "`{{` looks like a template: render the templates first, then read the result";

/// More duplicate keys than this are not reported: nobody reads them.
const MAX_DUPLICATES: usize = 100;

/// Copying this much text counts as one node.
const BYTES_PER_NODE: usize = 64;

/// See the module.
pub(super) struct Builder<'f> {
    file: &'f Arc<SourceFile>,
    documents: Vec<Document>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchor>,
    nodes: usize,
    /// Of the current document.
    duplicates: Vec<Diagnostic>,
}

/// A list or mapping whose end has not been seen.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Members),
}

#[derive(Default)]
struct Members {
    entries: Vec<Entry>,
    key: Option<Key>,
    /// The place of a merge key whose value comes next.
    merge: Option<Span>,
    /// The values of merge keys, each with the place of its key.
    merged: Vec<(Span, Node)>,
}

/// A finished anchored node, kept for its aliases.
struct Anchor {
    node: Node,
    size: Size,
}

#[derive(Clone, Copy)]
struct Size {
    /// Nodes, with long text counted as several.
    nodes: usize,
    /// Levels of nesting: 1 for a scalar.
    height: usize,
}

/// The kind of collection that begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Sequence,
    Mapping,
}

impl<'f> Builder<'f> {
    pub(super) fn new(file: &'f Arc<SourceFile>) -> Self {
        Self {
            file,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            duplicates: Vec::new(),
        }
    }

    /// All documents, once the reader has reached the end.
    pub(super) fn finish(self) -> Vec<Document> {
        self.documents
    }

    /// A new document begins: anchors do not reach across documents.
    pub(super) fn document(&mut self) {
        self.anchors.clear();
        self.open.clear();
        self.duplicates.clear();
    }

    /// A list or mapping begins. `anchor` is 0 for none.
    pub(super) fn begin(&mut self, opening: Opening, span: Span, anchor: usize) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.count(1, span)?;
        let content = match opening {
            Opening::Sequence => Content::Sequence(Vec::new()),
            Opening::Mapping => Content::Mapping(Members::default()),
        };
        self.open.push(Open { span, anchor, content });
        Ok(())
    }

    /// The innermost open list or mapping ends at byte `end`, if its end is written (as in JSON).
    pub(super) fn end(&mut self, end: Option<u32>) -> Result<(), Diagnostic> {
        let Some(Open { mut span, anchor, content }) = self.open.pop() else {
            return Ok(());
        };
        let (last, kind) = match content {
            Content::Sequence(items) => (items.last().map(|item| item.span.end), Kind::Sequence(items)),
            Content::Mapping(members) => {
                let last = members.entries.last().map(|entry| entry.value.span.end);
                (last, Kind::Mapping(self.entries(members)?))
            }
        };
        // Aliases keep the place of what they stand for, which can be before the list they stand in.
        span.end = end.or(last).unwrap_or(span.end).max(span.end);
        self.node(Node { span, kind }, anchor)
    }

    /// A scalar.
    pub(super) fn scalar(&mut self, scalar: Scalar, span: Span, anchor: usize) -> Result<(), Diagnostic> {
        self.count(1, span)?;
        let null = scalar.meaning() == super::scalar::Meaning::Null;
        self.node(Node { span, kind: if null { Kind::Null } else { Kind::Scalar(scalar) } }, anchor)
    }

    /// A reference to the anchor of that number; `name` is its text for messages.
    pub(super) fn alias(&mut self, anchor: usize, name: &str, span: Span) -> Result<(), Diagnostic> {
        if self.open.iter().any(|open| open.anchor == anchor) {
            let message = format!("`*{name}` stands inside the value it refers to");
            return Err(self.error("alias-cycle", message, span));
        }
        let Some(size) = self.anchors.get(&anchor).map(|anchor| anchor.size) else {
            return Err(undefined_alias(self.file, name, span));
        };
        if self.open.len() + size.height > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.count(size.nodes, span)?;
        let node = self.anchors[&anchor].node.clone();
        self.node(node, 0)
    }

    /// Puts a finished node into the innermost open collection, or makes it a document.
    fn node(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        if anchor != 0 {
            let size = measure(&node);
            self.count(size.nodes, node.span)?;
            self.anchors.insert(anchor, Anchor { node: node.clone(), size });
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => {
                if node.kind != Kind::Null {
                    let duplicates = std::mem::take(&mut self.duplicates);
                    self.documents.push(Document { file: Arc::clone(self.file), root: node, duplicates });
                }
            }
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping(members)) => {
                if let Err(node) = members.add(node) {
                    return Err(self.bad_key(&node));
                }
            }
        }
        Ok(())
    }

    /// The entries of a finished mapping: its own keys first, then what merge keys add.
    fn entries(&mut self, members: Members) -> Result<Vec<Entry>, Diagnostic> {
        let entries = self.without_repeated(members.entries);
        if members.merged.is_empty() { Ok(entries) } else { self.merge(entries, members.merged) }
    }

    /// Notes the keys that are given twice, and keeps the last value of each.
    fn without_repeated(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let repeated = repeated(&entries);
        if repeated.is_empty() {
            return entries;
        }
        let room = MAX_DUPLICATES.saturating_sub(self.duplicates.len());
        for &(first, second) in repeated.iter().take(room) {
            self.duplicates.push(duplicate_key(self.file, &entries[first].key, &entries[second].key));
        }
        let dropped: BTreeSet<_> = repeated.into_iter().map(|(first, _)| first).collect();
        let mut index = 0..;
        entries.retain(|_| index.next().is_some_and(|index| !dropped.contains(&index)));
        entries
    }

    /// Adds the entries of merge keys: what is there already stays, the first source wins over later ones.
    fn merge(&self, mut entries: Vec<Entry>, merged: Vec<(Span, Node)>) -> Result<Vec<Entry>, Diagnostic> {
        let mut present: BTreeSet<_> = entries.iter().map(|entry| entry.key.text.clone()).collect();
        for (span, node) in merged {
            let sources = match node.kind {
                Kind::Sequence(items) => items,
                _ => vec![node],
            };
            for source in sources {
                let found = source.describe();
                let Kind::Mapping(additions) = source.kind else {
                    let message = format!("`<<` takes a mapping or a list of mappings, found {found}");
                    return Err(self.error("bad-merge", message, span));
                };
                entries.extend(additions.into_iter().filter(|entry| present.insert(entry.key.text.clone())));
            }
        }
        Ok(entries)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Diagnostic> {
        self.nodes += nodes;
        if self.nodes <= FREE_NODES + self.file.text().len() {
            return Ok(());
        }
        Err(self
            .error("too-many-copies", "aliases copy too much", span)
            .help("the file would grow to many times its size: write the values out, or use fewer aliases"))
    }

    fn too_deep(&self, span: Span) -> Diagnostic {
        too_deep(self.file, span)
    }

    fn bad_key(&self, node: &Node) -> Diagnostic {
        let found = node.describe();
        let problem = self.error("bad-key", format!("a key must be text, found {found}"), node.span);
        let before = &self.file.text()[..node.span.start as usize];
        match node.kind {
            Kind::Mapping(_) if before.ends_with('{') => problem.help(TEMPLATE),
            Kind::Null => problem.help("put the key in quotes"),
            _ => problem,
        }
    }

    /// Where the innermost list or mapping began that is written in brackets and still open.
    pub(super) fn open_bracket(&self) -> Option<Span> {
        let span = self.open.last()?.span;
        let bracket = self.file.slice(span).ends_with(['[', '{']);
        bracket.then(|| self.file.span(span.end as usize - 1, span.end as usize))
    }

    fn error(&self, code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file, span, "")
    }
}

impl Members {
    /// Takes the next key or value; gives back a node that cannot be a key.
    fn add(&mut self, mut node: Node) -> Result<(), Node> {
        if let Some(span) = self.merge.take() {
            self.merged.push((span, node));
        } else if let Some(key) = self.key.take() {
            if node.kind == Kind::Null && node.span.start == node.span.end {
                // A value that is not written has no place of its own.
                node.span = key.span;
            }
            self.entries.push(Entry { key, value: node });
        } else {
            let Kind::Scalar(scalar) = node.kind else {
                return Err(node);
            };
            if scalar.style == Style::Plain && scalar.tag.is_none() && &*scalar.text == "<<" {
                self.merge = Some(node.span);
            } else {
                self.key = Some(Key { text: scalar.text, span: node.span });
            }
        }
        Ok(())
    }
}

/// The entries whose key comes again, each with the next one of that key, in the order of the latter.
fn repeated(entries: &[Entry]) -> Vec<(usize, usize)> {
    const FEW: usize = 8;
    let key = |at: usize| &entries[at].key.text;
    if entries.len() <= FEW {
        // Comparing a handful of keys with each other is quicker than sorting them.
        let last = |second: usize| (0..second).rev().find(|&first| key(first) == key(second));
        return (1..entries.len()).filter_map(|second| last(second).map(|first| (first, second))).collect();
    }
    let mut order: Vec<_> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| key(a).cmp(key(b)).then(a.cmp(&b)));
    let pairs = order.windows(2).map(|pair| (pair[0], pair[1]));
    let mut pairs: Vec<_> = pairs.filter(|&(first, second)| key(first) == key(second)).collect();
    pairs.sort_unstable_by_key(|&(_, second)| second);
    pairs
}

fn duplicate_key(file: &Arc<SourceFile>, first: &Key, second: &Key) -> Diagnostic {
    let key = super::scalar::quoted(&second.text);
    Diagnostic::error("duplicate-key", format!("the key {key} appears twice in one mapping"))
        .at(file, second.span, "")
        .at(file, first.span, "first here")
        .help("keep one of the two")
}

/// Recursion is safe here: the builder limits the depth.
fn measure(node: &Node) -> Size {
    let mut size = Size { nodes: 1, height: 0 };
    let mut add = |child: &Node| {
        let child = measure(child);
        size.nodes += child.nodes;
        size.height = size.height.max(child.height);
    };
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar(scalar) => size.nodes += scalar.text.len() / BYTES_PER_NODE,
        Kind::Sequence(items) => items.iter().for_each(&mut add),
        Kind::Mapping(entries) => {
            for entry in entries {
                add(&entry.value);
            }
            size.nodes +=
                entries.iter().map(|entry| 1 + entry.key.text.len() / BYTES_PER_NODE).sum::<usize>();
        }
    }
    size.height += 1;
    size
}

pub(super) fn too_deep(file: &Arc<SourceFile>, span: Span) -> Diagnostic {
    Diagnostic::error("too-deep", format!("nested deeper than {MAX_DEPTH} levels")).at(file, span, "")
}

pub(super) fn undefined_alias(file: &Arc<SourceFile>, name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("undefined-alias", format!("no value is named `&{name}` before this alias"))
        .at(file, span, "")
        .help(format!("define it earlier in the same document with `&{name}`, or put the text in quotes"))
}
