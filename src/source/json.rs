//! Reads JSON text into the same tree as YAML.
//!
//! JSON is nearly a subset of YAML, but not quite (pairs of `\u` escapes), and a YAML parser keeps a whole
//! JSON file as tokens in memory before it reports the first one. So dumps of whole clusters are read here.

use std::ops::Range;
use std::sync::Arc;

use super::build::{Builder, Opening};
use super::diagnostic::Diagnostic;
use super::file::{SourceFile, Span};
use super::tree::{Document, Scalar, Style};

/// The code of problems that mean "this is not JSON", as opposed to JSON that is no good.
pub(super) const SYNTAX: &str = "json-syntax";

/// Reads a file with one JSON value, or several after each other.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Vec<Document>, Diagnostic> {
    let mut reader = Reader { file, at: 0, place: Span { line: 1, column: 1, ..Span::default() } };
    let mut builder = Builder::new(file);
    let mut open = Vec::new();
    while reader.peek().is_some() {
        builder.document();
        let read = reader.document(&mut builder, &mut open);
        read.map_err(|problem| match builder.open_bracket() {
            Some(bracket) if problem.code == SYNTAX => problem.at(file, bracket, "opened here"),
            _ => problem,
        })?;
    }
    Ok(builder.finish())
}

struct Reader<'f> {
    file: &'f Arc<SourceFile>,
    /// The next byte to read.
    at: usize,
    /// Line and column of byte `place.start`, which is never after `at`.
    place: Span,
}

impl Reader<'_> {
    /// Reads a value with all it contains, without recursion.
    fn document(&mut self, builder: &mut Builder<'_>, open: &mut Vec<Opening>) -> Result<(), Diagnostic> {
        self.value(builder, open)?;
        while let Some(&opening) = open.last() {
            self.member(builder, open, opening)?;
        }
        Ok(())
    }

    /// Reads a scalar, or the opening bracket of a collection and, if it is empty, the closing one.
    fn value(&mut self, builder: &mut Builder<'_>, open: &mut Vec<Opening>) -> Result<(), Diagnostic> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.open(builder, open, Opening::Mapping),
            Some(b'[') => self.open(builder, open, Opening::Sequence),
            Some(b'"') => self.string(builder),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.word(builder),
            _ => Err(self.expected("a value", start)),
        }
    }

    fn open(
        &mut self,
        builder: &mut Builder<'_>,
        open: &mut Vec<Opening>,
        opening: Opening,
    ) -> Result<(), Diagnostic> {
        let span = self.span(self.at..self.at + 1);
        builder.begin(opening, span, 0)?;
        self.at += 1;
        if self.peek() == Some(closing(opening)) {
            self.at += 1;
            return builder.end(Some(self.at as u32));
        }
        open.push(opening);
        if opening == Opening::Mapping { self.key(builder, open) } else { self.value(builder, open) }
    }

    /// After a value inside a collection: the next member, or the end of the collection.
    fn member(
        &mut self,
        builder: &mut Builder<'_>,
        open: &mut Vec<Opening>,
        opening: Opening,
    ) -> Result<(), Diagnostic> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                if opening == Opening::Mapping { self.key(builder, open) } else { self.value(builder, open) }
            }
            Some(byte) if byte == closing(opening) => {
                self.at += 1;
                open.pop();
                builder.end(Some(self.at as u32))
            }
            _ => {
                let wanted = if opening == Opening::Mapping { "`,` or `}`" } else { "`,` or `]`" };
                Err(self.expected(wanted, self.at))
            }
        }
    }

    /// A key, the colon and the value.
    fn key(&mut self, builder: &mut Builder<'_>, open: &mut Vec<Opening>) -> Result<(), Diagnostic> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in double quotes", self.at));
        }
        self.string(builder)?;
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`", self.at));
        }
        self.at += 1;
        self.value(builder, open)
    }

    fn string(&mut self, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
        let start = self.at;
        let bytes = self.file.text().as_bytes();
        let mut text = String::new();
        let mut copied = start + 1;
        self.at = copied;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    text.push_str(&self.file.text()[copied..self.at]);
                    text.push(self.escape()?);
                    copied = self.at;
                }
                None | Some(b'\n') => return Err(self.expected("a closing `\"`", self.at)),
                Some(_) => self.at += 1,
            }
        }
        text.push_str(&self.file.text()[copied..self.at]);
        self.at += 1;
        let scalar = Scalar { text: text.into(), style: Style::Quoted, tag: None };
        let span = self.span(start..self.at);
        builder.scalar(scalar, span, 0)
    }

    /// Reads an escape from its backslash on.
    fn escape(&mut self) -> Result<char, Diagnostic> {
        let start = self.at;
        let kind = self.file.text().as_bytes().get(start + 1).copied();
        self.at += 2;
        Ok(match kind {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'u') => {
                let first = self.four_digits(start)?;
                self.pair(first)
            }
            _ => return Err(self.expected("a valid escape", start)),
        })
    }

    fn four_digits(&mut self, escape: usize) -> Result<u32, Diagnostic> {
        let digits = self.file.text().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.expected("four hexadecimal digits", escape));
        };
        self.at += 4;
        Ok(code)
    }

    /// Joins the halves of a character beyond U+FFFF. A half without its other half becomes U+FFFD, as in Go.
    fn pair(&mut self, first: u32) -> char {
        let after = self.at;
        if (0xd800..0xdc00).contains(&first) && self.file.text()[after..].starts_with("\\u") {
            self.at += 2;
            match self.four_digits(after) {
                Ok(second @ 0xdc00..0xe000) => {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                }
                _ => self.at = after,
            }
        }
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
        let start = self.at;
        let rest = &self.file.text()[start..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let text = &rest[..length.unwrap_or(rest.len())];
        if !matches!(text, "true" | "false" | "null") && !is_number(text) {
            return Err(self.expected("a value", start));
        }
        self.at += text.len();
        let span = self.span(start..self.at);
        builder.scalar(Scalar { text: text.into(), style: Style::Plain, tag: None }, span, 0)
    }

    /// The next byte after white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.file.text().as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The span of a range, counting lines and columns on from the last one asked for: never the whole text
    /// again, which may be one line of many megabytes.
    fn span(&mut self, range: Range<usize>) -> Span {
        self.file.advance(&mut self.place, range.start);
        Span { end: range.end as u32, ..self.place }
    }

    fn expected(&self, wanted: &str, at: usize) -> Diagnostic {
        let text = self.file.text();
        let found = text.get(at..).and_then(|rest| rest.chars().next());
        let found = found.map_or("the end of the file".to_owned(), |c| format!("`{}`", c.escape_debug()));
        let message = format!("not valid JSON: expected {wanted}, found {found}");
        // The end of the file is where its text ends, not the empty line after it.
        let at = at.min(text.trim_end().len());
        Diagnostic::error(SYNTAX, message).at(self.file, self.file.span(at, at + 1), "")
    }
}

fn closing(opening: Opening) -> u8 {
    match opening {
        Opening::Sequence => b']',
        Opening::Mapping => b'}',
    }
}

/// `-? digits ( . digits )? ( e digits )?` without needless zeros.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}
