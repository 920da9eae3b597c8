//! Reads the real manifests of the shared data folder, where it is present.

use std::path::{Path, PathBuf};

use super::fuzz::audit;
use crate::source::parse::parse_yaml;
use crate::source::{SourceFile, load, parse, parse_lenient};

/// The folder beside this package, or beside one of its parents: a work tree can lie deeper.
fn folder() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors().map(|folder| folder.join("shared/data/manifests"));
    folders.find(|folder| folder.is_dir())
}

#[test]
fn json_is_read_alike_as_json_and_as_yaml() {
    let text =
        r#"{"a": [1, -2.5e3, "x:,y", {"b": null, "c": "\"\u00e4\\/\n"}], "d é": {}, "e": "007", "f": true}"#;
    for text in [text.to_owned(), text.replace(", ", ",\n\t"), text.replace(": ", ":\r\n ")] {
        let file = SourceFile::new("x.json", text);
        assert_eq!(parse(&file).unwrap(), parse_yaml(&file).unwrap(), "{}", file.text());
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that checks nothing should say so")]
fn real_manifests_are_read() {
    let Some(folder) = folder() else {
        eprintln!("skipped: no folder shared/data/manifests beside the package or its parents");
        return;
    };
    let (files, problems) = load(&[folder]);
    assert!(problems.is_empty(), "{}", problems.render(false));
    let mut documents = 0;
    for file in &files {
        let found = parse_lenient(file).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
        for document in &found {
            assert!(document.root.get("kind").is_some(), "{}", file.name());
            audit(document);
        }
        documents += found.len();
    }
    assert!(files.len() > 50 && documents > files.len(), "{} files, {documents} documents", files.len());
}
