//! `trace.jsonl`: one object a record. A change of an API object carries every changed field with its new value, so
//! that the state at any time can be rebuilt from the file alone.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::{Commit, Object, Op};
use crate::trace::{Detail, Record};

/// A line of the file. Keys are in this order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    time_ns: u64,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    component: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    event: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Value>,
}

/// Writes lines.
pub struct JsonlWriter<W: Write> {
    out: io::BufWriter<W>,
}

impl<W: Write> JsonlWriter<W> {
    /// A writer of an empty file.
    pub fn new(out: W) -> Self {
        Self { out: io::BufWriter::new(out) }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let commit = match &record.detail {
            Detail::Commit(commit) => Some(commit),
            _ => None,
        };
        let line = Line {
            time_ns: record.at.as_nanos(),
            seq: record.id,
            cause: (record.cause != 0).then_some(record.cause),
            component: record.component,
            kind: record.subject.kind,
            namespace: &record.subject.namespace,
            name: &record.subject.name,
            event: record.event,
            reason: &record.reason,
            message: &record.message,
            op: commit.map(|commit| commit.op.as_str()),
            resource_version: commit.map(|commit| commit.revision),
            changed: commit.and_then(|commit| changed_fields(commit)),
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn sync(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn finish(mut self) -> io::Result<()> {
        self.sync()
    }
}

/// For a new object the whole of it; for a change the paths (slash-separated) that differ, with `null` for what is gone.
fn changed_fields(commit: &Commit) -> Option<Value> {
    let wire = |object: &Object| serde_json::to_value(object).unwrap_or_default();
    match (commit.op, &commit.old) {
        (Op::Deleted, _) => None,
        (Op::Modified, Some(old)) => {
            let mut changes = Map::new();
            differences(&wire(old), &wire(&commit.new), "", &mut changes);
            Some(Value::Object(changes))
        }
        _ => Some(without_nulls(wire(&commit.new))),
    }
}

/// Lists count as one field; maps are entered.
fn differences(old: &Value, new: &Value, path: &str, changes: &mut Map<String, Value>) {
    if old == new {
        return;
    }
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        changes.insert(path.to_owned(), without_nulls(new.clone()));
        return;
    };
    let below = |key: &str| {
        // As in a JSON pointer, a slash inside a key is `~1`.
        let key = key.replace('~', "~0").replace('/', "~1");
        if path.is_empty() { key } else { format!("{path}/{key}") }
    };
    for (key, value) in after {
        differences(before.get(key).unwrap_or(&Value::Null), value, &below(key), changes);
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        changes.insert(below(key), Value::Null);
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_listed() {
        let old = json!({"a": 1, "b": {"c": [1], "d": 2}, "gone": true});
        let new = json!({"a": 1, "b": {"c": [1, 2], "d": 2}});
        let mut changes = Map::new();
        differences(&old, &new, "", &mut changes);
        assert_eq!(Value::Object(changes), json!({"b/c": [1, 2], "gone": null}));
    }
}
