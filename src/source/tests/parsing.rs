//! YAML and JSON text to trees.

use super::{documents, problem, same};
use serde_json::json;

/// The documents of a text as one line of JSON each.
fn json_lines(text: &str) -> Vec<String> {
    documents(text).iter().map(|document| document.root.to_json().to_string()).collect()
}

#[test]
fn probe() {
    for text in [
        "a: 1\nb: 2\na: 3\n",
        "a: *nope\n",
        "a: &x [*x]\n",
        "a: &x 1\n---\nb: *x\n",
        "a:\n\tb: 1\n",
        "a: {b: 1\n",
        "a: [1, 2\nb: 3\n",
        "a: b: c\n",
        "a: 'x\n",
        "a:\n  - 1\n  b: 2\n",
        "  a: 1\n b: 2\n",
        "name: {{ .Values.name }}\n",
        "{{- if .Values.x }}\na: 1\n",
        "? [a, b]\n: 1\n",
        "~: 1\n",
        "a: @x\n",
        "a: \u{1}\n",
        "a: \0x\n",
        "<<: 3\n",
        "a: \"\\q\"\n",
        "{\"a\": 1,}",
        "key\nother: 1\n",
        "a: 1\n...\nb\n- c\n",
        "%YAML 3\na: 1\n",
        "a: !<tag x\n",
        "ключ: *нет\n",
    ] {
        println!(
            "{}",
            match crate::source::parse(&super::file(text)) {
                Ok(documents) =>
                    format!("{:?}\n", documents.iter().map(|d| d.root.to_json()).collect::<Vec<_>>()),
                Err(problem) => problem.render(false) + &problem.one_line() + "\n",
            }
        );
    }
    let _ = (problem, same, json!(1), json_lines);
}
