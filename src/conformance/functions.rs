//! Tables recorded from real Kubernetes library functions, replayed against ours.
//!
//! A table is a file `NAME.jsonl` with one `{"in": INPUT, "out": OUTPUT}` a line. When `out` has `error`, the real function
//! refused the input, and ours must refuse it too; the wording is not compared. What a table means is in the functions
//! of `api`, `control` and `node`.

mod api;
mod control;
mod node;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// Failures that are shown of a table.
const FAILURES_SHOWN: usize = 3;

/// Our output for an input, or why it was refused.
type Answer = Result<Value, String>;

/// A known table.
struct Table {
    name: &'static str,
    answer: fn(&Value) -> Answer,
    /// Whether an output is as recorded; most tables compare the whole.
    agrees: fn(&Value, &Value) -> bool,
}

const TABLES: &[Table] = &[
    table("active_pods_ranking", control::active_pods_ranking),
    table("crashloop_backoff", node::crashloop_backoff),
    table("cron_next", control::cron_next),
    table("deployment_fenceposts", control::deployment_fenceposts),
    table("deployment_proportional_scale", control::deployment_proportional_scale),
    table("deployment_reconcile_new_rs", control::deployment_reconcile_new_rs),
    table("deployment_reconcile_old_rs", control::deployment_reconcile_old_rs),
    table("hpa_behavior", control::hpa_behavior),
    table("hpa_replicas", control::hpa_replicas),
    table("intstr_scaled", api::intstr_scaled),
    table("label_selector_object", api::label_selector_object),
    table("label_selector_parse", api::label_selector_parse),
    Table { name: "name_validation", answer: api::name_validation, agrees: api::same_verdicts },
    table("node_affinity", api::node_affinity),
    table("pod_phase", node::pod_phase),
    table("qos_oom", node::qos_oom),
    table("quantity_arith", api::quantity_arith),
    table("quantity_parse", api::quantity_parse),
    table("taints_tolerations", api::taints_tolerations),
];

const fn table(name: &'static str, answer: fn(&Value) -> Answer) -> Table {
    Table { name, answer, agrees: is_equal }
}

fn is_equal(expected: &Value, got: &Value) -> bool {
    expected == got
}

/// What came of all tables of a directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The known tables, by name.
    pub tables: Vec<TableReport>,
    /// Names of tables that are not known here; their rows do not count.
    pub unknown: Vec<String>,
}

/// What came of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: usize,
    /// How many of them agree.
    pub passed: usize,
    /// The first of the others.
    pub failures: Vec<Failure>,
}

/// A row on which we differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Line number in the file, from 1.
    pub line: usize,
    /// The input.
    pub input: Value,
    /// The recorded output.
    pub expected: Value,
    /// Our output; `{"error": ...}` when we refused.
    pub got: Value,
}

/// Replays every table in `directory`.
///
/// # Errors
/// When the directory or a table cannot be read. A line that is not as described counts as a failure instead.
pub fn run(directory: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for name in table_names(directory)? {
        let Some(table) = TABLES.iter().find(|table| table.name == name) else {
            report.unknown.push(name);
            continue;
        };
        let text = fs::read_to_string(directory.join(format!("{name}.jsonl")))?;
        report.tables.push(table.replay(&text));
    }
    Ok(report)
}

/// The names of the tables in a directory, in order.
fn table_names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".jsonl")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

impl Table {
    fn replay(&self, text: &str) -> TableReport {
        let mut report = TableReport { name: self.name.to_owned(), ..TableReport::default() };
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            report.rows += 1;
            match self.check(line) {
                None => report.passed += 1,
                Some(failure) if report.failures.len() < FAILURES_SHOWN => {
                    report.failures.push(Failure { line: at + 1, ..failure });
                }
                Some(_) => {}
            }
        }
        report
    }

    /// `None` when the row agrees.
    fn check(&self, line: &str) -> Option<Failure> {
        let row: Value = serde_json::from_str(line).unwrap_or_else(|error| Value::String(error.to_string()));
        let (Some(input), Some(expected)) = (row.get("in"), row.get("out")) else {
            let expected = "a line {\"in\": ..., \"out\": ...}".into();
            return Some(Failure { line: 0, input: row.clone(), expected, got: Value::Null });
        };
        let answer = (self.answer)(input);
        let agrees = match &answer {
            Ok(got) => expected.get("error").is_none() && (self.agrees)(expected, got),
            Err(_) => expected.get("error").is_some(),
        };
        let got = answer.unwrap_or_else(|error| serde_json::json!({ "error": error }));
        (!agrees).then(|| Failure { line: 0, input: input.clone(), expected: expected.clone(), got })
    }
}

impl Report {
    /// Rows of all known tables.
    pub fn rows(&self) -> usize {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Rows of all known tables that agree.
    pub fn passed(&self) -> usize {
        self.tables.iter().map(|table| table.passed).sum()
    }

    /// Whether every row agrees.
    pub fn is_success(&self) -> bool {
        self.passed() == self.rows()
    }

    /// The report as text. The last line is `functions: P of N rows pass`.
    pub fn render(&self) -> String {
        let mut lines = Vec::new();
        for table in &self.tables {
            lines.push(format!("{}: {} rows, {} passed", table.name, table.rows, table.passed));
            for failure in &table.failures {
                lines.push(format!("  line {}", failure.line));
                lines.push(format!("    input:    {}", failure.input));
                lines.push(format!("    expected: {}", failure.expected));
                lines.push(format!("    got:      {}", failure.got));
            }
        }
        lines.extend(self.unknown.iter().map(|name| format!("{name}: unknown table, not checked")));
        lines.push(format!("functions: {} of {} rows pass\n", self.passed(), self.rows()));
        lines.join("\n")
    }
}

/// Reads a part of an input as a type of ours.
fn read<T: serde::de::DeserializeOwned>(input: &Value, key: &str) -> Result<T, String> {
    let part = input.get(key).unwrap_or(&Value::Null);
    T::deserialize(part).map_err(|error| format!("{key}: {error}"))
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that cannot run has to say so")]
mod tests {
    use super::*;

    fn recordings() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/functions")
    }

    #[test]
    fn every_recorded_row_agrees() {
        let directory = recordings();
        if !directory.is_dir() {
            eprintln!("skipped: no recordings at {}", directory.display());
            return;
        }
        let report = run(&directory).unwrap();
        assert!(report.is_success(), "{}", report.render());
        assert!(report.rows() > 6000 && report.unknown.is_empty(), "{}", report.render());
    }

    #[test]
    fn failures_are_shown() {
        let table = TABLES.iter().find(|table| table.name == "intstr_scaled").unwrap();
        let rows = [
            r#"{"in": {"v": 5, "total": 1, "roundUp": true}, "out": {"value": 5}}"#,
            r#"{"in": {"v": 5, "total": 1, "roundUp": true}, "out": {"value": 6}}"#,
            r#"{"in": {"v": "x", "total": 1, "roundUp": true}, "out": {"value": 6}}"#,
            "nonsense",
        ];
        let tables = vec![table.replay(&rows.join("\n"))];
        let report = Report { tables, unknown: vec!["later".to_owned()] };
        assert_eq!((report.rows(), report.passed(), report.tables[0].failures.len()), (4, 1, 3));
        let text = report.render();
        assert!(text.contains(
            "  line 2\n    input:    {\"v\":5,\"total\":1,\"roundUp\":true}\n    expected: {\"value\":6}"
        ));
        assert!(text.contains("later: unknown table") && text.ends_with("functions: 1 of 4 rows pass\n"));
    }
}
