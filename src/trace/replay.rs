//! The state of the cluster at a time, rebuilt from the lines of `trace.jsonl` alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::export::JsonlWriter;
use super::record::UsageSample;
use super::samples::TrafficLine;
use super::words::phrase;
use super::{Detail, Record};
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
    pub container: Option<ContainerLine>,
    pub until_ns: Option<u64>,
    pub traffic: Option<TrafficLine>,
    pub usage: Option<UsageSample>,
}

/// What a line says about a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerLine {
    /// Its name.
    pub name: String,
    /// The node it is on.
    pub node: String,
    /// How many times it had been started before, when it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<i32>,
    /// Its exit code, when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

impl Line {
    /// Reads one line.
    ///
    /// # Errors
    /// When it is not a line of a trace.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The line of a record, as it would be read from the file.
    ///
    /// # Panics
    /// Never: what the writer writes can be read.
    pub fn of(record: &Record) -> Self {
        let mut bytes = Vec::new();
        let mut writer = JsonlWriter::new(&mut bytes);
        writer.write(record).and_then(|()| writer.finish()).expect("memory takes all that is written");
        serde_json::from_slice(&bytes).expect("what the writer writes can be read")
    }

    /// The line of a record without the changed fields, which are most of it.
    pub fn brief(record: &Record) -> Self {
        let detail = match &record.detail {
            Detail::Commit(_) => Detail::None,
            other => other.clone(),
        };
        Self::of(&Record { detail, ..record.clone() })
    }

    /// Virtual time.
    pub fn time(&self) -> SimTime {
        SimTime::from_nanos(self.time_ns)
    }

    /// What happened, in words: see [`super::words`].
    pub fn phrase(&self) -> String {
        phrase(&self.kind, &self.component, &self.event, &self.reason, &self.message)
    }

    /// `pod/web-1`, `pod/shop/web-1`, `node/worker-2`; the namespace `default` goes without saying.
    pub fn subject(&self) -> String {
        let parts = [self.kind.to_lowercase(), self.namespace.clone(), self.name.clone()];
        let said = parts
            .iter()
            .enumerate()
            .filter(|(at, part)| !(part.is_empty() || (*at == 1 && *part == "default")));
        said.map(|(_, part)| part.as_str()).collect::<Vec<_>>().join("/")
    }
}

/// Kind, namespace and name.
type Key = (String, String, String);

/// The objects as the lines so far leave them.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// By kind, namespace and name. Copies of a replay share what does not change.
    objects: BTreeMap<Key, Arc<Value>>,
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
                self.objects.insert(key, Arc::new(whole.clone()));
            }
            ("DELETED", _) => {
                self.objects.remove(&key);
            }
            (_, Some(Value::Object(changes))) => {
                if let Some(object) = self.objects.get_mut(&key) {
                    let object = Arc::make_mut(object);
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
        self.objects.iter().filter_map(|(key, value)| typed(&key.0, value))
    }

    /// The objects of one kind, by namespace and name.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Object> {
        let from = (kind.as_str().to_owned(), String::new(), String::new());
        let same = move |(key, _): &(&Key, &Arc<Value>)| key.0 == kind.as_str();
        self.objects.range(from..).take_while(same).filter_map(|(key, value)| typed(&key.0, value))
    }

    /// The object that a line is about, if it exists.
    pub fn object_of(&self, line: &Line) -> Option<Object> {
        let key = (line.kind.clone(), line.namespace.clone(), line.name.clone());
        self.objects.get(&key).and_then(|value| typed(&line.kind, value))
    }
}

fn typed(kind: &str, value: &Value) -> Option<Object> {
    let kind = Kind::from_manifest(kind).unwrap_or(Kind::Unsimulated);
    Object::deserialize_as(kind, value.clone()).ok()
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
