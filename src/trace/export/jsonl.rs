//! `trace.jsonl`: one object a record. A change of an API object carries every changed field with its new value, so
//! that the state at any time can be rebuilt from the file alone.

use std::io::{self, Write};

use serde::Serialize;

use super::compact::{push_text, push_value};
use super::text::push_number;
use crate::api::{ChangeVisitor, Commit, Op};
use crate::trace::replay::ContainerLine;
use crate::trace::samples::TrafficLine;
use crate::trace::{ContainerFact, Detail, Record};

/// Lines are handed on in pieces of about this size.
const CHUNK: usize = 1 << 16;

/// Writes lines.
pub struct JsonlWriter<W: Write> {
    out: W,
    buffer: Vec<u8>,
    /// Room for the paths of fields; empty between two records.
    path: String,
}

impl<W: Write> JsonlWriter<W> {
    /// A writer of an empty file.
    pub fn new(out: W) -> Self {
        Self { out, buffer: Vec::new(), path: String::new() }
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
            push_changed(out, commit, &mut self.path);
        }
        if let Some(container) = container_of(&record.detail) {
            out.extend_from_slice(b",\"container\":");
            push_value(out, &container);
        }
        if let Detail::Traffic(sample) = &record.detail {
            out.extend_from_slice(b",\"traffic\":");
            serde_json::to_writer(&mut *out, &TrafficLine::of(sample))?;
        }
        if let Detail::Usage(sample) = &record.detail {
            out.extend_from_slice(b",\"usage\":");
            push_value(out, sample);
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

/// For a new object the whole of it; for a change the fields that differ, with `null` for what is gone.
fn push_changed(out: &mut Vec<u8>, commit: &Commit, path: &mut String) {
    match (commit.op, &commit.old) {
        (Op::Deleted, _) => {}
        (Op::Modified, Some(old)) => {
            out.extend_from_slice(b",\"changed\":{");
            old.visit_changes(&commit.new, &mut ChangedFields { out, is_first: true, path });
            out.push(b'}');
        }
        _ => {
            out.extend_from_slice(b",\"changed\":");
            push_value(out, &commit.new);
        }
    }
}

fn push_key_number(out: &mut Vec<u8>, key: &[u8], number: u64) {
    out.extend_from_slice(key);
    push_number(out, number);
}

fn push_key_text(out: &mut Vec<u8>, key: &[u8], text: &str) {
    out.extend_from_slice(key);
    push_text(out, text);
}

fn push_unless_empty(out: &mut Vec<u8>, key: &[u8], text: &str) {
    if !text.is_empty() {
        push_key_text(out, key, text);
    }
}

/// The fields of an object that changed, as `changed` has them: paths, whose parts are separated by slashes, and values.
struct ChangedFields<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    /// The fields that have been entered, each with a slash behind it.
    path: &'a mut String,
}

impl ChangeVisitor for ChangedFields<'_> {
    fn enter(&mut self, field: &str) {
        self.path.push_str(field);
        self.path.push('/');
    }

    fn leave(&mut self) {
        self.path.pop();
        let parent = self.path.rfind('/').map_or(0, |slash| slash + 1);
        self.path.truncate(parent);
    }

    fn changed<T: Serialize + ?Sized>(&mut self, field: &str, new: &T) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        let entered = self.path.len();
        self.path.push_str(field);
        push_text(self.out, self.path);
        self.path.truncate(entered);
        self.out.push(b':');
        push_value(self.out, new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
