//! Paths into a document, such as `spec.containers[0].ports[1].name`.
//!
//! A [`Path`] is a chain of borrowed steps: going one step down allocates nothing, and the text is made
//! only when a message needs it. The text form is read back where paths are looked up.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Where a value is in its document. Made from [`Path::ROOT`] by going down.
///
/// ```
/// use shakedown::source::Path;
/// let labels = Path::ROOT.key("metadata");
/// let labels = labels.key("labels");
/// assert_eq!(labels.key("app").to_string(), "metadata.labels.app");
/// assert_eq!(labels.key("example.com/app").to_string(), r#"metadata.labels["example.com/app"]"#);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Path<'static> {
    /// The document itself.
    pub const ROOT: Self = Self { parent: None, step: Step::Root };
}

impl<'a> Path<'a> {
    /// The value of `key` in the mapping at this path.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    /// The item number `index`, from 0, of the list at this path.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// True for the document itself.
    pub fn is_root(&self) -> bool {
        self.parent.is_none()
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As deep as the document at most, which has a limit.
        if let Some(parent) = self.parent {
            parent.fmt(out)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Index(index) => write!(out, "[{index}]"),
            Step::Key(key) if !is_simple(key) => {
                out.write_str("[\"")?;
                for c in key.chars() {
                    if matches!(c, '"' | '\\') {
                        out.write_char('\\')?;
                    }
                    out.write_char(c)?;
                }
                out.write_str("\"]")
            }
            Step::Key(key) => {
                let first = self.parent.is_none_or(Path::is_root);
                write!(out, "{}{key}", if first { "" } else { "." })
            }
        }
    }
}

/// Keys that need no quotes between dots.
fn is_simple(key: &str) -> bool {
    !key.is_empty() && !key.contains(|c: char| c.is_control() || c.is_whitespace() || ".[]\"\\/".contains(c))
}

/// The steps of a path in text form, each with the offset in the text after it.
///
/// Keys stand between dots, or in brackets with or without quotes, so that paths as Kubernetes prints
/// them (`metadata.labels[example.com/app]`) work too. A number in brackets can be an index or a key: only
/// the document can tell. Malformed text is read as far as it makes sense.
pub(super) fn steps(text: &str) -> Steps<'_> {
    Steps { text, at: 0 }
}

/// See [`steps`].
pub(super) struct Steps<'a> {
    text: &'a str,
    at: usize,
}

/// One step as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextStep<'a> {
    /// The key, or the digits of the index.
    pub(super) key: Cow<'a, str>,
    /// Set for unquoted digits in brackets.
    pub(super) index: Option<usize>,
}

impl<'a> Iterator for Steps<'a> {
    type Item = TextStep<'a>;

    fn next(&mut self) -> Option<TextStep<'a>> {
        let rest = &self.text[self.at..];
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.is_empty() {
            return None;
        }
        let (key, index, rest) = if let Some(quoted) = rest.strip_prefix("[\"") {
            let (key, rest) = unquote(quoted);
            (key, None, rest.strip_prefix(']').unwrap_or(rest))
        } else if let Some(bracket) = rest.strip_prefix('[') {
            let (key, rest) = bracket.split_once(']').unwrap_or((bracket, ""));
            (Cow::Borrowed(key), key.parse().ok(), rest)
        } else {
            let (key, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            (Cow::Borrowed(key), None, rest)
        };
        self.at = self.text.len() - rest.len();
        Some(TextStep { key, index })
    }
}

/// Splits `key"rest` at the closing quote and undoes the escapes of the key.
fn unquote(text: &str) -> (Cow<'_, str>, &str) {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if key.len() == at => return (Cow::Borrowed(&text[..at]), &text[at + 1..]),
            '"' => return (Cow::Owned(key), &text[at + 1..]),
            '\\' => key.extend(chars.next().map(|(_, escaped)| escaped)),
            c => key.push(c),
        }
    }
    (Cow::Owned(key), "")
}

#[cfg(test)]
mod tests {
    use super::{Path, steps};

    #[test]
    fn text_form_reads_back() {
        for key in ["plain", "a.b", "a/b", "q\"q", "back\\slash", "[0]", "", "ü", "0", "\n"] {
            let parent = Path::ROOT.key(key);
            let item = parent.index(7);
            let text = item.key("end").to_string();
            let read: Vec<_> = steps(&text).map(|step| (step.key.into_owned(), step.index)).collect();
            let expected = [(key, None), ("7", Some(7)), ("end", None)].map(|(k, i)| (k.to_owned(), i));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn malformed_text_ends() {
        for text in ["", ".", "a..b", "a[", "a[\"", "a[\"x", "a[\"x\\", "]", "a]b", "[]", "[-1]"] {
            assert!(steps(text).count() <= 3, "{text}");
        }
    }
}
