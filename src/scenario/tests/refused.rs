//! What is refused, and with which words.
//!
//! A table file has cases between empty lines: what is written, and below it, after `!!`, what the user is told, one
//! problem a line. To accept new words, run the test and copy the table it prints.

use std::fmt::Write as _;

use super::with_spec;
use crate::scenario::from_text;
use crate::source::Diagnostic;

/// Reads every case of a table and compares what is said.
fn check(table: &str, whole: impl Fn(&str) -> String) {
    let mut found = String::new();
    for case in table.split("\n\n").map(|case| case.trim_matches('\n')).filter(|case| !case.is_empty()) {
        let lines: Vec<&str> = case.lines().filter(|line| !line.starts_with("!!")).collect();
        let text = lines.join("\n");
        let problems = match from_text("x", &whole(&text)) {
            Ok(scenario) => scenario.warnings,
            Err(problems) => problems,
        };
        let told: Vec<String> = problems.iter().map(Diagnostic::one_line).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(found, "{text}");
        for line in &told {
            let _ = writeln!(found, "!! {line}");
        }
        found.push('\n');
    }
    let (found, expected) = (found.trim(), table.trim());
    let differing = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "first difference: {differing:#?}\n\nthe table as it would be right:\n\n{found}\n"
    );
}

#[test]
fn specs() {
    check(include_str!("specs.txt"), with_spec);
}

#[test]
fn programs() {
    check(include_str!("programs.txt"), |spec| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}}}\n---\n{}",
            with_spec(spec).replace("Scenario", "AppModel")
        )
    });
}

#[test]
fn documents() {
    check(include_str!("documents.txt"), str::to_owned);
}
