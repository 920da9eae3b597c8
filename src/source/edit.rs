//! A file with one field set to another value. The rest of the text stays as it is, so that places in messages about the
//! changed file are places in the file as it was written.

use std::fmt::Write as _;
use std::sync::Arc;

use super::file::{SourceFile, Span};
use super::path::steps;
use super::tree::{Document, Kind, Node};

/// The file with the field at `path` of one of its documents set to `value`, as YAML is written. Mappings on the way that
/// do not exist are made.
///
/// # Errors
/// When the path goes through something that is no mapping, or past the end of a list; the message says what is there.
pub fn set_field(document: &Document, path: &str, value: &str) -> Result<Arc<SourceFile>, String> {
    let file = &document.file;
    let steps: Vec<_> = steps(path).map(|step| (step.key.into_owned(), step.index)).collect();
    let mut node = &document.root;
    let mut key: Option<Span> = None;
    for (depth, (name, index)) in steps.iter().enumerate() {
        let item = index.and_then(|index| node.items().get(index));
        if let Some(item) = item {
            (node, key) = (item, None);
        } else if let Some(entry) = node.entry(name) {
            (node, key) = (&entry.value, Some(entry.key.span));
        } else {
            let rest: Vec<&str> = steps[depth..].iter().map(|(name, _)| name.as_str()).collect();
            let has_items = matches!(node.kind, Kind::Sequence(_));
            if has_items || matches!(node.kind, Kind::Scalar(_)) || rest.iter().any(|key| key.is_empty()) {
                let there =
                    if has_items { format!("a list of {}", node.items().len()) } else { node.describe() };
                return Err(format!("there is no `{}` in `{path}`: it is in {there}", rest[0]));
            }
            return Ok(insert(file, node, key, &rest, value));
        }
    }
    Ok(match (&node.kind, key) {
        (Kind::Null, Some(key)) => after_key(file, key, value),
        _ => replace(file, node.span.start as usize, end_of(node), value),
    })
}

/// `a: {b: value}` for the keys a and b.
fn nested(keys: &[&str], value: &str) -> String {
    let mut text = String::new();
    for (depth, key) in keys.iter().enumerate() {
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        let open = if depth == 0 { "" } else { "{" };
        let _ = if plain { write!(text, "{open}{key}: ") } else { write!(text, "{open}{key:?}: ") };
    }
    text + value + &"}".repeat(keys.len() - 1)
}

/// Puts keys into a mapping (or into nothing, where a key has no value).
fn insert(
    file: &Arc<SourceFile>,
    node: &Node,
    key: Option<Span>,
    keys: &[&str],
    value: &str,
) -> Arc<SourceFile> {
    let text = nested(keys, value);
    let start = node.span.start as usize;
    match (&node.kind, key) {
        (Kind::Null, Some(key)) => after_key(file, key, &format!("{{{text}}}")),
        (Kind::Null, None) => replace(file, start, node.span.end as usize, &format!("{{{text}}}")),
        _ if file.text()[start..].starts_with('{') => {
            let comma = if node.entries().is_empty() { "" } else { ", " };
            replace(file, start + 1, start + 1, &format!("{text}{comma}"))
        }
        _ => {
            let first = node.entries().first().map_or(node.span, |entry| entry.key.span);
            let indent = " ".repeat(first.column as usize - 1);
            replace(file, first.start as usize, first.start as usize, &format!("{text}\n{indent}"))
        }
    }
}

/// Gives a value to a key that has none.
fn after_key(file: &Arc<SourceFile>, key: Span, value: &str) -> Arc<SourceFile> {
    let end = key.end as usize;
    let colon = file.text()[end..].find(':').map_or(end, |at| end + at + 1);
    replace(file, colon, colon, &format!(" {value}"))
}

/// The byte after a value. A block ends with the last thing in it: what follows are line breaks and comments.
fn end_of(node: &Node) -> usize {
    let last = match &node.kind {
        Kind::Mapping(entries) => {
            entries.last().map(|entry| end_of(&entry.value).max(entry.key.span.end as usize))
        }
        Kind::Sequence(items) => items.last().map(end_of),
        Kind::Null | Kind::Scalar(_) => None,
    };
    last.map_or(node.span.end as usize, |last| {
        last.max(if is_closed(node) { node.span.end as usize } else { 0 })
    })
}

/// Whether the span of a collection ends with its bracket, on a line of its own or not.
fn is_closed(node: &Node) -> bool {
    match &node.kind {
        Kind::Mapping(entries) => entries.first().is_none_or(|entry| entry.key.span.start > node.span.start),
        Kind::Sequence(items) => items.first().is_none_or(|item| {
            item.span.column > node.span.column && {
                // A dash stands two columns before the item on its line, a bracket one.
                item.span.line != node.span.line || item.span.start == node.span.start + 1
            }
        }),
        Kind::Null | Kind::Scalar(_) => true,
    }
}

fn replace(file: &Arc<SourceFile>, start: usize, end: usize, by: &str) -> Arc<SourceFile> {
    let text = file.text();
    SourceFile::new(file.name(), format!("{}{by}{}", &text[..start], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse;

    /// What the field is afterwards, and that the file still reads.
    fn check(text: &str, path: &str, value: &str, expected: &str) {
        let file = SourceFile::new("f.yaml", text);
        let documents = parse(&file).unwrap();
        let changed = set_field(documents.last().unwrap(), path, value).unwrap();
        assert_eq!(changed.text(), expected, "{path}");
        let read = parse(&changed).unwrap();
        assert!(read.last().unwrap().root.at_path(path).is_some(), "{path} in {}", changed.text());
    }

    #[test]
    fn values_are_replaced_where_they_stand() {
        check("a: 1 # one\nb: 2\n", "a", "20s", "a: 20s # one\nb: 2\n");
        check("a: {b: \"x y\", c: 2}\n", "a.b", "z", "a: {b: z, c: 2}\n");
        check("a:\n- b: 1\n  c: 2\n- b: 3\n", "a[1].b", "4", "a:\n- b: 1\n  c: 2\n- b: 4\n");
        check("x: 1\n---\na: 1\n", "a", "2", "x: 1\n---\na: 2\n");
        check("a: {b: 1}\nc: 2\n", "a", "{d: 3}", "a: {d: 3}\nc: 2\n");
        check("a:\n  b: 1\n  e: [1, 2]\nc: 2\n", "a", "{d: 3}", "a:\n  {d: 3}\nc: 2\n");
        check("a: [1, 2]\nc: 2\n", "a", "[3]", "a: [3]\nc: 2\n");
    }

    #[test]
    fn what_is_missing_is_made() {
        check("a:\n  b: 1\n", "a.c", "2", "a:\n  c: 2\n  b: 1\n");
        check("a: {b: 1}\n", "a.c.d", "2", "a: {c: {d: 2}, b: 1}\n");
        check("a: {}\n", "a.c", "2", "a: {c: 2}\n");
        check("a:\nb: 1\n", "a.c", "2", "a: {c: 2}\nb: 1\n");
        check("a:\nb: 1\n", "a", "2", "a: 2\nb: 1\n");
        check("l:\n- a: 1\n  b: 2\n", "l[0].c", "3", "l:\n- c: 3\n  a: 1\n  b: 2\n");
    }

    #[test]
    fn a_path_that_cannot_be_is_refused() {
        let file = SourceFile::new("f.yaml", "a: 1\nl: [1, 2]\n");
        let document = &parse(&file).unwrap()[0];
        let problem = |path| set_field(document, path, "x").unwrap_err();
        assert_eq!(problem("l[2]"), "there is no `2` in `l[2]`: it is in a list of 2");
        assert!(problem("a.b").starts_with("there is no `b` in `a.b`"), "{}", problem("a.b"));
    }
}
