//! Broken input: random bytes and damaged manifests end in a document or a problem, never in a panic.

use std::panic::Location;

use proptest::prelude::*;

use crate::source::{Document, Kind, Node, SourceFile, Style, from_node, parse};

/// Checks what must hold of the places in any tree.
#[track_caller]
pub(super) fn audit(document: &Document) {
    let text = document.file.text();
    let caller = Location::caller();
    let mut nodes = vec![&document.root];
    while let Some(Node { span, kind }) = nodes.pop() {
        let (start, end) = (span.start as usize, span.end as usize);
        assert!(text.get(start..end).is_some(), "{span:?} is not in the text ({caller})");
        // Counting lines from the top each time would take long in long files.
        if start < 100_000 {
            assert_eq!(document.file.span(start, end), *span, "{caller}");
        }
        match kind {
            Kind::Scalar(scalar) if scalar.style == Style::Plain => {
                let written = &text[start..end];
                let first = scalar.text.split_whitespace().next().unwrap_or_default();
                assert!(written.contains(first), "{written:?} is not {:?} ({caller})", scalar.text);
            }
            Kind::Null | Kind::Scalar(_) => {}
            Kind::Sequence(items) => nodes.extend(items),
            Kind::Mapping(entries) => {
                for entry in entries {
                    assert!(text.get(entry.key.span.start as usize..entry.key.span.end as usize).is_some());
                    nodes.push(&entry.value);
                }
            }
        }
    }
}

/// Reads bytes as far as it goes, and shows the problem if there is one.
fn swallow(bytes: Vec<u8>) {
    let parsed = SourceFile::from_bytes("any", bytes).and_then(|file| parse(&file));
    match parsed {
        Ok(documents) => {
            for document in &documents {
                audit(document);
                document.root.to_json();
                // Failing is fine: YAML has values that JSON has not.
                let _ = from_node::<serde_json::Value>(&document.root);
            }
        }
        Err(problem) => {
            let shown = problem.render(false);
            assert!(shown.contains(problem.code), "{shown}");
            assert!(!problem.render(true).is_empty() && !problem.one_line().contains('\n'));
        }
    }
}

/// Text with something of everything that can go wrong.
const SEED: &str = "\
%YAML 1.2
---
apiVersion: v1 # comment
base: &base {a: 1, b: [x, 'y', \"\\u00e4\\n\"]}
derived: {<<: *base, c: ~}
list:
- one
- ? key
  : value
-   - nested
    - \"two
      lines\"
text: |-
  literal
   ümlaut
folded: >+
  folded

tag: !!str 12
empty:
---
{\"json\": [1, -2.5e3, true, null, \"\\ud83d\\ude00\"]}
...
";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        swallow(bytes);
    }

    #[test]
    fn random_syntax_does_no_harm(text in "([-?:,\\[\\]{}#&*!|>'\"%@`<~ab01.\\\\\t\n\r é]|- |: |\n  |---\n|&a |\\*a|<<: ){0,60}") {
        swallow(text.into_bytes());
    }

    #[test]
    fn damaged_manifests_do_no_harm(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..4, "[-?:,\\[\\]{}#&*!|>'\"\t\n ]{0,3}"), 1..6),
    ) {
        let mut bytes = SEED.as_bytes().to_vec();
        for (at, length, insert) in cuts {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, insert.bytes());
        }
        swallow(bytes);
    }

    #[test]
    fn damaged_json_does_no_harm(at in any::<prop::sample::Index>(), insert in "[-,:\\[\\]{}\"\\\\u1e.\n]{0,4}") {
        let mut text = r#"{"a": [1, -2.5e+3, {"b": "\ud83d\ude00\n"}, true], "c": {}, "d": [[]]}"#.to_owned();
        let at = at.index(text.len());
        text.replace_range(at..(at + 1).min(text.len()), &insert);
        swallow(text.into_bytes());
    }
}
