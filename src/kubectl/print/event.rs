//! The row of an event.

use serde_json::Value;

use crate::api::policy::EventObject;
use crate::api::{MicroTime, Timestamp};

use super::{Column, Row, column, wide};
use crate::kubectl::age::{age, micro_age};

impl Row for EventObject {
    const COLUMNS: &'static [Column] = &[
        column("LAST SEEN"),
        column("TYPE"),
        column("REASON"),
        column("OBJECT"),
        wide("SUBOBJECT"),
        wide("SOURCE"),
        column("MESSAGE"),
        wide("FIRST SEEN"),
        wide("COUNT"),
        wide("NAME"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let series = Series::of(self);
        let first = first_seen(self, now);
        let last = match (&series, self.last_timestamp) {
            (Some(series), _) => micro_age(series.last_observed, now),
            (None, Some(last)) => age(Some(last), now),
            (None, None) => first.clone(),
        };
        let count = series.map_or(i64::from(self.count).max(1), |series| series.count);
        vec![
            last,
            self.kind.to_string(),
            self.reason.to_string(),
            object(self),
            self.involved_object.field_path.as_deref().unwrap_or_default().to_owned(),
            source(self),
            self.message.trim().to_owned(),
            first,
            count.to_string(),
            self.metadata.name.to_string(),
        ]
    }
}

/// `series` of an event of the newer API.
pub(in crate::kubectl) struct Series {
    pub(in crate::kubectl) count: i64,
    pub(in crate::kubectl) last_observed: Option<MicroTime>,
}

impl Series {
    pub(in crate::kubectl) fn of(event: &EventObject) -> Option<Self> {
        let series = event.series.as_deref().filter(|series| !series.is_null())?;
        let last = series.get("lastObservedTime").and_then(Value::as_str);
        Some(Self {
            count: series.get("count").and_then(Value::as_i64).unwrap_or(0),
            last_observed: last.and_then(|text| text.parse().ok()),
        })
    }
}

fn first_seen(event: &EventObject, now: Timestamp) -> String {
    match event.first_timestamp {
        Some(first) => age(Some(first), now),
        None => micro_age(event.event_time, now),
    }
}

fn object(event: &EventObject) -> String {
    let involved = &event.involved_object;
    let kind = involved.kind.to_lowercase();
    if involved.name.is_empty() { kind } else { format!("{kind}/{}", involved.name) }
}

/// Component and host.
fn source(event: &EventObject) -> String {
    let text = |name: &Option<crate::base::Name>| name.as_deref().unwrap_or_default().to_owned();
    let or = |first: String, second: String| if first.is_empty() { second } else { first };
    let component = or(event.source.component.to_string(), text(&event.reporting_component));
    let host = or(text(&event.source.host), text(&event.reporting_instance));
    if host.is_empty() { component } else { format!("{component}, {host}") }
}
