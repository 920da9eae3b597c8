//! Findings as SARIF 2.1.0, which code hosts show beside the lines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::lint::{Finding, all};
use crate::source::Severity;

/// A SARIF log with one run.
pub fn sarif(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = all()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.title },
                "fullDescription": { "text": rule.explanation },
                "help": { "text": rule.fix },
                "defaultConfiguration": { "level": level(rule.severity) },
                "properties": { "tags": rule.aliases },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "shakedown",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// A path as a URI reference: what has no place in one is written in percent.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn result(finding: &Finding) -> Value {
    let span = finding.label.span;
    let proof =
        finding.proof.as_ref().map_or(String::new(), |proof| format!("\n\nShown by a run: {}.", proof.claim));
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": all().position(|rule| rule.id == finding.rule.id),
        "level": level(finding.rule.severity),
        "message": { "text": format!("{}: {}.{proof}", finding.object, finding.message) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(finding.label.file.name()) },
                "region": { "startLine": span.line, "startColumn": span.column },
            },
        }],
    })
}
