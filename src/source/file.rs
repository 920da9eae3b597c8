//! One text file in memory, and spans of its text.

use std::fmt;
use std::sync::Arc;

use super::diagnostic::Diagnostic;

/// A stretch of a file's text: a byte range, and where it starts for a human reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte of the stretch.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
    /// Line of the first byte, counted from 1.
    pub line: u32,
    /// Column of the first byte in characters, counted from 1.
    pub column: u32,
}

/// A file's text and the name it is shown under.
#[derive(PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: String,
}

impl fmt::Debug for SourceFile {
    /// Without the text: every place in a file refers to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({:?}, {} bytes)", self.name, self.text.len())
    }
}

impl SourceFile {
    /// A file from text that is already known to be UTF-8. A leading byte order mark is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Arc::new(Self { name: name.into(), text })
    }

    /// A file from raw bytes; anything but UTF-8 is an error that names the first bad byte.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Arc<Self>, Diagnostic> {
        let name = name.into();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => Err(not_utf8(name, error.as_bytes(), error.utf8_error().valid_up_to())),
        }
    }

    /// The name shown in messages, usually the path as the user wrote it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span does not belong to this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The span of a byte range, with line and column worked out by reading the text up to it.
    ///
    /// For the rare places that come without a line (a decoding error, a test). Out-of-range offsets and
    /// offsets inside a character are moved back to the nearest valid one.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let start = floor_boundary(&self.text, start);
        let end = floor_boundary(&self.text, end).max(start);
        let mut span = Span { start: 0, end: end as u32, line: 1, column: 1 };
        self.advance(&mut span, start);
        span
    }

    /// Moves the start of a span forward to byte `start`, counting lines and columns on from where it is.
    pub(super) fn advance(&self, span: &mut Span, start: usize) {
        let bytes = self.text.as_bytes();
        for (at, byte) in bytes.iter().enumerate().take(start).skip(span.start as usize) {
            match byte {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => span.column += 1,
                b'\n' | b'\r' => (span.line, span.column) = (span.line + 1, 1),
                0x80..=0xbf => {} // not the first byte of a character
                _ => span.column += 1,
            }
        }
        span.start = start as u32;
    }
}

/// The largest character boundary that is not after `offset`.
pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn not_utf8(name: String, bytes: &[u8], offset: usize) -> Diagnostic {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    // The text before the bad byte is valid, so an offset into the lossy text is the same place. The
    // lossy text is only for showing the line, so a screenful after the place is enough.
    let shown = &bytes[..bytes.len().min(offset + 200)];
    let lossy = SourceFile { name, text: String::from_utf8_lossy(shown).into_owned() };
    let span = lossy.span(offset, offset + '\u{fffd}'.len_utf8());
    let problem = Diagnostic::error("not-utf8", format!("not UTF-8 text: bad byte at offset {offset}")).at(
        &Arc::new(lossy),
        span,
        format!("byte {:#04x}", bytes.get(offset).copied().unwrap_or(0)),
    );
    if utf16 {
        problem.help("this looks like UTF-16: save the file as UTF-8")
    } else {
        problem.help("manifests are UTF-8 text")
    }
}
