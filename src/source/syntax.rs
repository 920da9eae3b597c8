//! What is wrong with text that is not YAML, in a user's words.

use std::sync::Arc;

use super::build::{TEMPLATE, too_deep, undefined_alias};
use super::diagnostic::Diagnostic;
use super::file::{SourceFile, Span};

/// The problem that the YAML parser found at byte `at` and calls `info`. `bracket` is the bracket that is
/// still open there.
pub(super) fn explain(file: &Arc<SourceFile>, at: usize, info: &str, bracket: Option<Span>) -> Diagnostic {
    let text = file.text();
    let rest = &text[at..];
    if info.contains("recursion limit") {
        return too_deep(file, file.span(at, at));
    }
    if info.contains("unknown anchor") {
        let name = rest.get(1..).unwrap_or_default();
        let name =
            &name[..name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len())];
        return undefined_alias(file, name, file.span(at, at + 1 + name.len()));
    }
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    let tab = indentation.find('\t');
    let span = if rest.trim().is_empty() {
        // The end of the file is where its text ends, not the empty line after it.
        file.span(text.trim_end().len(), text.len())
    } else if let Some(tab) = tab {
        file.span(line_start + tab, line_start + indentation.len())
    } else {
        file.span(at, at + rest.chars().next().map_or(0, char::len_utf8))
    };
    let message = format!("not valid YAML: {}", plain_words(info));
    let mut problem = Diagnostic::error("syntax", message).at(file, span, "");
    if let Some(bracket) = bracket {
        problem = problem.at(file, bracket, "opened here");
    }
    let help = match tab {
        Some(_) => Some("YAML does not allow tabs for indentation: use spaces"),
        None => help(info, line, rest),
    };
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// What is probably meant, from the line and what is left of the text.
fn help(info: &str, line: &str, rest: &str) -> Option<&'static str> {
    if line.contains("{{") {
        Some(TEMPLATE)
    } else if rest.starts_with(['@', '`', '%', '*', '&', '!']) {
        Some("text that begins with this character must be in quotes")
    } else if info.contains("unknown escape") {
        Some("in double quotes write `\\\\` for a backslash, or use single quotes")
    } else if info.contains("mapping values are not allowed") {
        Some("text that contains `: ` must be in quotes; else look at the indentation and the line before")
    } else {
        None
    }
}

/// What a complaint of the parser means, where its own words need knowledge of parsers.
fn plain_words(info: &str) -> &str {
    // "while parsing a flow mapping, did not find ...": what was being parsed is of no use to the reader.
    let info = match info.split_once(", ") {
        Some((context, complaint)) if context.starts_with("while ") => complaint,
        _ => info,
    };
    match info {
        "simple key expect ':'" => "expected `:` after a key",
        "simple key expected" => "a key cannot stand here",
        "did not find expected node content" => "expected a value here",
        "did not find expected ',' or '}'" => "expected `,` or `}`",
        "expected ',' or ']'" => "expected `,` or `]`",
        "did not find expected key" => "expected a key here (is the indentation right?)",
        "did not find expected '-' indicator" => "expected `- ` here (is the indentation right?)",
        "did not find expected <document start>" => {
            "expected `---` or the end of the file (is the indentation right?)"
        }
        "illegal placement of ':' indicator" | "mapping values are not allowed in this context" => {
            "`:` cannot stand here"
        }
        "tabs disallowed within this context (block indentation)" | "tab cannot be used as indentation" => {
            "a tab in the indentation"
        }
        "\"-\" is only valid inside a block" | "block sequence entries are not allowed in this context" => {
            "`- ` cannot stand here"
        }
        "found unexpected end of stream" => "the quote is never closed",
        "unexpected eof" => "the file ends too early",
        other => other,
    }
}
