//! A recording as it is on disk: what was done to the cluster, and what its watches showed.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Thousandths of a second since the start of the recorded scenario.
pub(super) type Millis = i64;

/// One file of recordings.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recording {
    pub(super) scenario: String,
    #[serde(default)]
    pub(super) kubernetes: String,
    #[serde(default)]
    pub(super) controller_manager_flags: Vec<String>,
    pub(super) cluster_nodes: Map<String, Value>,
    #[serde(rename = "endT", deserialize_with = "seconds")]
    pub(super) end: Millis,
    #[serde(default)]
    pub(super) inputs: Vec<Input>,
    #[serde(deserialize_with = "rows")]
    pub(super) timeline: Vec<Row>,
    /// Everything else in the file's head.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// A manifest as it was sent.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Input {
    #[serde(rename = "t", deserialize_with = "seconds")]
    pub(super) at: Millis,
    #[serde(default)]
    pub(super) namespace: Option<String>,
    pub(super) manifest: Value,
}

/// One row of a timeline: what a watch showed, or what the driver did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) at: Millis,
    pub(super) kind: String,
    /// Everything but the time, in the order of the file.
    pub(super) fields: Map<String, Value>,
}

impl Row {
    /// A field that is text; empty when it is not there.
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field, or `null`.
    pub(super) fn get(&self, field: &str) -> &Value {
        self.fields.get(field).unwrap_or(&Value::Null)
    }
}

/// Seconds with thousandths, as the files have them.
pub(super) fn to_millis(value: &Value) -> Option<Millis> {
    value.as_f64().map(|seconds| (seconds * 1000.0).round() as Millis)
}

/// The inverse of [`to_millis`].
pub(super) fn to_seconds(at: Millis) -> Value {
    Value::from(at as f64 / 1000.0)
}

fn seconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Millis, D::Error> {
    let value = Value::deserialize(from)?;
    to_millis(&value).ok_or_else(|| serde::de::Error::custom("expected a time in seconds"))
}

fn rows<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Row>, D::Error> {
    let mut rows = Vec::new();
    for mut fields in Vec::<Map<String, Value>>::deserialize(from)? {
        let at = fields.shift_remove("t").as_ref().and_then(to_millis);
        let at = at.ok_or_else(|| serde::de::Error::custom("a row of the timeline has no time `t`"))?;
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        rows.push(Row { at, kind, fields });
    }
    Ok(rows)
}

impl Recording {
    /// The namespace of rows that name none: where the scenario's objects were created.
    pub(super) fn namespace(&self) -> String {
        let named = self.inputs.iter().find_map(|input| input.namespace.clone());
        named.unwrap_or_else(|| self.scenario.replace('_', "-"))
    }

    /// Calendar time of the start in thousandths of a second since 1970: the name of a recorded event ends with its
    /// time in nanoseconds, and its `firstTimestamp` says the same in seconds since the start.
    pub(super) fn started(&self) -> Option<i64> {
        self.timeline.iter().filter(|row| row.kind == "Event").find_map(|row| {
            let (_, stamp) = row.text("name").rsplit_once('.')?;
            let second = i64::from_str_radix(stamp, 16).ok()? / 1_000_000_000;
            Some(second * 1000 - to_millis(row.get("firstTimestamp"))?)
        })
    }
}
