//! Reads YAML text: from the parser's events to documents.

use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::build::{Builder, Opening};
use super::diagnostic::Diagnostic;
use super::file::{SourceFile, Span};
use super::json;
use super::syntax;
use super::tree::{Document, Scalar, Style};

/// The deepest nesting of lists and mappings. Real manifests stay below 30.
pub const MAX_DEPTH: usize = 200;

/// Reads all documents of a file; empty ones and `null` are left out, as `kubectl` does.
///
/// YAML with any number of documents, or JSON. The first problem ends the reading.
pub fn parse(file: &Arc<SourceFile>) -> Result<Vec<Document>, Diagnostic> {
    let mut documents = parse_lenient(file)?;
    let duplicates = documents.iter_mut().map(|document| std::mem::take(&mut document.duplicates));
    match duplicates.flatten().next() {
        Some(duplicate) => Err(duplicate),
        None => Ok(documents),
    }
}

/// As [`parse`], but keys given twice do not end the reading: they are noted in the document.
///
/// `kubectl` accepts them, and real manifests have them. Whether they are errors or warnings can depend on
/// what kind of thing the document is.
pub fn parse_lenient(file: &Arc<SourceFile>) -> Result<Vec<Document>, Diagnostic> {
    check_characters(file)?;
    if file.text().trim_start().starts_with(['{', '[']) {
        let named_json = std::path::Path::new(file.name()).extension().is_some_and(|ext| ext == "json");
        match json::parse(file) {
            // YAML in flow style looks like JSON at first.
            Err(problem) if problem.code == json::SYNTAX && !named_json => {}
            result => return result,
        }
    }
    parse_yaml(file)
}

pub(super) fn parse_yaml(file: &Arc<SourceFile>) -> Result<Vec<Document>, Diagnostic> {
    let mut builder = Builder::new(file);
    let mut places = Places::new(file.text());
    let mut parser = Parser::new_from_str(file.text());
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = places.byte(*error.marker()) as usize;
            syntax::explain(file, at, error.info(), builder.open_bracket())
        })?;
        match event {
            Event::DocumentStart(_) => builder.document(),
            Event::SequenceStart(anchor, _) => {
                builder.begin(Opening::Sequence, places.span(span.start, span.end), anchor)?;
            }
            Event::MappingStart(anchor, _) => {
                builder.begin(Opening::Mapping, places.span(span.start, span.end), anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                // The end of a block is not written: the span is empty and lies at what follows. The span of a
                // closing bracket goes on to the next token, also over a comment; the bracket is one byte.
                let written = !span.is_empty();
                builder.end(written.then(|| places.byte(span.start) + 1))?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let scalar =
                    Scalar { text: text.into(), style: style.into(), tag: tag.map(|tag| long(&tag)) };
                builder.scalar(scalar, places.span(span.start, span.end), anchor)?;
            }
            Event::Alias(anchor) => {
                let span = places.span(span.start, span.end);
                builder.alias(anchor, file.slice(span).trim_start_matches('*'), span)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    Ok(builder.finish())
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Self::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Self::Block,
        }
    }
}

fn long(tag: &Tag) -> Box<str> {
    format!("{}{}", tag.handle, tag.suffix).into()
}

/// Turns the parser's positions, which count characters, into bytes.
///
/// Positions come nearly in order, so walking from the last one is cheap.
struct Places<'t> {
    text: &'t str,
    ascii: bool,
    index: usize,
    byte: usize,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, ascii: text.is_ascii(), index: 0, byte: 0 }
    }

    fn byte(&mut self, marker: Marker) -> u32 {
        let index = marker.index();
        if self.ascii {
            return index.min(self.text.len()) as u32;
        }
        if index >= self.index {
            let ahead = self.text[self.byte..].chars().take(index - self.index);
            self.byte += ahead.map(char::len_utf8).sum::<usize>();
        } else {
            let behind = self.text[..self.byte].chars().rev().take(self.index - index);
            self.byte -= behind.map(char::len_utf8).sum::<usize>();
        }
        self.index = index;
        self.byte as u32
    }

    fn span(&mut self, start: Marker, end: Marker) -> Span {
        let first = self.byte(start);
        let end = self.byte(end).max(first);
        Span { start: first, end, line: start.line() as u32, column: start.col() as u32 + 1 }
    }
}

/// Control characters are not text. The parser would take a NUL for the end of the file.
fn check_characters(file: &Arc<SourceFile>) -> Result<(), Diagnostic> {
    let bad = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let Some(at) = file.text().bytes().position(bad) else {
        return Ok(());
    };
    let code = file.text().as_bytes()[at];
    Err(Diagnostic::error("control-character", format!("control character U+{code:04X} in the text"))
        .at(file, file.span(at, at + 1), "")
        .help("is this a binary file? In YAML text, write the character as an escape in double quotes"))
}
