//! `trace.jsonl`: one object a record. A change of an API object carries every changed field with its new value, so
//! that the state at any time can be rebuilt from the file alone.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::text::push_number;
use crate::api::{Commit, Object, Op};
use crate::trace::replay::ContainerLine;
use crate::trace::samples::TrafficLine;
use crate::trace::{ContainerFact, Detail, Record};

/// Lines are handed on in pieces of about this size.
const CHUNK: usize = 1 << 16;

/// Writes lines.
pub struct JsonlWriter<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> JsonlWriter<W> {
    /// A writer of an empty file.
    pub fn new(out: W) -> Self {
        Self { out, buffer: Vec::new() }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let out = &mut self.buffer;
        let subject = &record.subject;
        push_key_number(out, b"{\"timeNs\":", record.at.as_nanos());
        push_key_number(out, b",\"seq\":", record.id);
        if record.cause != 0 {
            push_key_number(out, b",\"cause\":", record.cause);
        }
        push_key_text(out, b",\"component\":", record.component);
        push_key_text(out, b",\"kind\":", subject.kind);
        push_unless_empty(out, b",\"namespace\":", &subject.namespace);
        push_unless_empty(out, b",\"name\":", &subject.name);
        push_key_text(out, b",\"event\":", record.event);
        push_unless_empty(out, b",\"reason\":", &record.reason);
        push_unless_empty(out, b",\"message\":", &record.message);
        if let Detail::Commit(commit) = &record.detail {
            push_key_text(out, b",\"op\":", commit.op.as_str());
            push_key_number(out, b",\"resourceVersion\":", commit.revision);
            if let Some(changed) = changed_fields(commit) {
                out.extend_from_slice(b",\"changed\":");
                serde_json::to_writer(&mut *out, &changed)?;
            }
        }
        if let Some(container) = container_of(&record.detail) {
            out.extend_from_slice(b",\"container\":");
            serde_json::to_writer(&mut *out, &container)?;
        }
        if let Detail::Traffic(sample) = &record.detail {
            out.extend_from_slice(b",\"traffic\":");
            serde_json::to_writer(&mut *out, &TrafficLine::of(sample))?;
        }
        if let Detail::Usage(sample) = &record.detail {
            out.extend_from_slice(b",\"usage\":");
            serde_json::to_writer(&mut *out, sample)?;
        }
        if let Detail::Fault { until: Some(until), .. } = &record.detail {
            push_key_number(out, b",\"untilNs\":", until.as_nanos());
        }
        out.extend_from_slice(b"}\n");
        if out.len() >= CHUNK { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn sync(&mut self) -> io::Result<()> {
        self.pass_on()?;
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

fn container_of(detail: &Detail) -> Option<ContainerLine> {
    let Detail::Container { container, node, fact } = detail else { return None };
    let (restart, exit_code) = match fact {
        ContainerFact::Started { restart } => (Some(*restart), None),
        ContainerFact::Exited { code, .. } => (None, Some(*code)),
        ContainerFact::Pulling | ContainerFact::Pulled => (None, None),
    };
    Some(ContainerLine { name: container.to_string(), node: node.to_string(), restart, exit_code })
}

fn push_key_number(out: &mut Vec<u8>, key: &[u8], number: u64) {
    out.extend_from_slice(key);
    push_number(out, number);
}

fn push_key_text(out: &mut Vec<u8>, key: &[u8], text: &str) {
    out.extend_from_slice(key);
    // Without an early end, so that many bytes are looked at in one step.
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    if text.as_bytes().iter().fold(false, |found, byte| found | is_special(byte)) {
        serde_json::to_writer(out, text).expect("text has a form in JSON, and memory takes it");
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn push_unless_empty(out: &mut Vec<u8>, key: &[u8], text: &str) {
    if !text.is_empty() {
        push_key_text(out, key, text);
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
    fn lines_are_json_with_their_keys_in_order() {
        let mut writer = JsonlWriter::new(Vec::new());
        let record = Record {
            id: 7,
            at: crate::kernel::SimTime::from_millis(1500),
            cause: 3,
            component: "kubelet",
            subject: crate::trace::Subject::pod(&"default".into(), &"web".into()),
            event: "Said",
            reason: "".into(),
            message: "\"hello\"\n".into(),
            detail: Detail::None,
        };
        writer.write(&record).unwrap();
        writer.sync().unwrap();
        let expected = concat!(
            r#"{"timeNs":1500000000,"seq":7,"cause":3,"component":"kubelet","kind":"Pod","namespace":"default","#,
            r#""name":"web","event":"Said","message":"\"hello\"\n"}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(writer.out).unwrap(), expected);
    }

    #[test]
    fn only_what_differs_is_listed() {
        let old = json!({"a": 1, "b": {"c": [1], "d": 2}, "gone": true});
        let new = json!({"a": 1, "b": {"c": [1, 2], "d": 2}});
        let mut changes = Map::new();
        differences(&old, &new, "", &mut changes);
        assert_eq!(Value::Object(changes), json!({"b/c": [1, 2], "gone": null}));
    }
}
