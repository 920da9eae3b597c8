//! Findings as a JSON list, one object each.

use serde_json::{Value, json as object};

use crate::lint::Finding;

/// A list of objects: rule, severity, object, message, file, line, column, fix, and the proof where there is one.
pub fn json(findings: &[Finding]) -> Value {
    Value::Array(findings.iter().map(one).collect())
}

fn one(finding: &Finding) -> Value {
    let label = &finding.label;
    let mut value = object!({
        "rule": finding.rule.id,
        "severity": finding.rule.severity.name(),
        "object": finding.object,
        "message": finding.message,
        "file": label.file.name(),
        "line": label.span.line,
        "column": label.span.column,
        "fix": finding.rule.fix,
    });
    if let Some(proof) = &finding.proof {
        value["proof"] =
            object!({ "claim": proof.claim, "records": proof.lines, "scenario": proof.scenario });
    }
    value
}
