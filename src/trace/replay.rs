//! The state of the cluster at a time, rebuilt from the lines of `trace.jsonl` alone.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::{Kind, Object, Timestamp};
use crate::kernel::SimTime;

/// A line of the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the columns of the trace")]
pub struct Line {
    pub time_ns: u64,
    pub seq: u64,
    pub cause: u64,
    pub component: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub event: String,
    pub reason: String,
    pub message: String,
    pub op: Option<String>,
    pub changed: Option<Value>,
}

impl Line {
    /// Reads one line.
    ///
    /// # Errors
    /// When it is not a line of a trace.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Virtual time.
    pub fn time(&self) -> SimTime {
        SimTime::from_nanos(self.time_ns)
    }
}

/// The objects as the lines so far leave them.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    objects: BTreeMap<(String, String, String), Value>,
    epoch: Option<Timestamp>,
}

impl Replay {
    /// Applies a line. Lines must come in the order of the file.
    pub fn apply(&mut self, line: &Line) {
        let Some(op) = line.op.as_deref() else { return };
        let key = (line.kind.clone(), line.namespace.clone(), line.name.clone());
        match (op, &line.changed) {
            ("ADDED", Some(whole)) => {
                self.note_epoch(line, whole);
                self.objects.insert(key, whole.clone());
            }
            ("DELETED", _) => {
                self.objects.remove(&key);
            }
            (_, Some(Value::Object(changes))) => {
                if let Some(object) = self.objects.get_mut(&key) {
                    for (path, value) in changes {
                        set(object, path, value);
                    }
                }
            }
            _ => {}
        }
    }

    /// The first object tells the calendar time of virtual time zero.
    fn note_epoch(&mut self, line: &Line, whole: &Value) {
        let created = whole.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        let created = created.and_then(|text| text.parse::<Timestamp>().ok());
        if let (None, Some(created)) = (self.epoch, created) {
            self.epoch = Some(created.plus_seconds(-(line.time().as_secs() as i64)));
        }
    }

    /// Calendar time of virtual time zero, once an object is known.
    pub fn epoch(&self) -> Option<Timestamp> {
        self.epoch
    }

    /// The objects, by kind, namespace and name.
    pub fn objects(&self) -> impl Iterator<Item = Object> {
        self.objects.iter().filter_map(|((kind, _, _), value)| {
            let kind = Kind::from_manifest(kind).unwrap_or(Kind::Unsimulated);
            Object::deserialize_as(kind, value.clone()).ok()
        })
    }
}

/// Sets the field that a path names; `null` removes it. Parts are separated by slashes; `~1` is a slash, `~0` a tilde.
fn set(object: &mut Value, path: &str, value: &Value) {
    let (parents, last) = path.rsplit_once('/').unwrap_or(("", path));
    let mut at = object;
    for part in parents.split('/').filter(|part| !part.is_empty()) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(unescaped(part)).or_insert(Value::Null);
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(map) = at else { return };
    if value.is_null() {
        map.shift_remove(&unescaped(last));
    } else {
        map.insert(unescaped(last), value.clone());
    }
}

fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_lead_from_one_version_to_the_next() {
        let mut object = json!({"metadata": {"labels": {"a/b": "1"}}, "spec": {"x": 1}});
        set(&mut object, "metadata/labels/a~1b", &json!("2"));
        set(&mut object, "status/phase", &json!("Running"));
        set(&mut object, "spec/x", &Value::Null);
        let expected =
            json!({"metadata": {"labels": {"a/b": "2"}}, "spec": {}, "status": {"phase": "Running"}});
        assert_eq!(object, expected);
    }
}
