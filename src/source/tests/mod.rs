//! Tests of the room as a whole: text in, documents, values or rendered problems out.

mod decoding;
mod fuzz;
mod loading;
mod manifests;
mod parsing;
mod rendering;

use std::sync::Arc;

use super::{Document, SourceFile, parse};

/// A file as most tests need it.
fn file(text: &str) -> Arc<SourceFile> {
    SourceFile::new("web.yaml", text)
}

/// The documents of a text that must be good.
fn documents(text: &str) -> Vec<Document> {
    parse(&file(text)).unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// The rendered problem of a text that must be bad.
fn problem(text: &str) -> String {
    match parse(&file(text)) {
        Ok(documents) => panic!("no problem found: {documents:?}"),
        Err(problem) => problem.render(false),
    }
}

/// Compares texts so that a difference can be read, and copied into the test.
#[track_caller]
fn same(found: &str, expected: &str) {
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
}
