//! The `Events:` section.

use crate::api::policy::EventObject;
use crate::api::{Kind, Object, Resource, Timestamp, Uid};
use crate::kubectl::age::{age, micro_age};
use crate::kubectl::print::Series;
use crate::kubectl::source::ObjectSource;

use super::page::{Page, line};

/// Writes the events about `object`, oldest first.
pub(super) fn describe<S: ObjectSource + ?Sized>(page: &mut Page, object: &Object, source: &S) {
    let all = source.list(Kind::Event, None);
    let mut events: Vec<&EventObject> = all
        .iter()
        .filter_map(|event| EventObject::from_object(event))
        .map(AsRef::as_ref)
        .filter(|event| is_about(event, object))
        .collect();
    if events.is_empty() {
        line!(page, 0, "Events:\t<none>");
        return;
    }
    // kubectl leaves events of one second to chance: here in the order in which they were written.
    events.sort_by_key(|event| (event.last_timestamp, event.metadata.resource_version));
    line!(page, 0, "Events:");
    line!(page, 1, "Type\tReason\tAge\tFrom\tMessage");
    line!(page, 1, "----\t------\t----\t----\t-------");
    for event in events {
        let from = match event.source.component.as_str() {
            "" => event.reporting_component.as_deref().unwrap_or_default(),
            component => component,
        };
        line!(
            page,
            1,
            "{}\t{}\t{}\t{from}\t{}",
            event.kind,
            event.reason,
            interval(event, source.now()),
            event.message.trim()
        );
    }
}

fn is_about(event: &EventObject, object: &Object) -> bool {
    let (about, metadata) = (&event.involved_object, object.metadata());
    let same_name = about.name == metadata.name
        && about.kind == object.kind().as_str()
        && about.namespace == metadata.namespace;
    // Of a mirror pod the kubelet speaks by the identity that it has from its file.
    let mirrored = metadata.annotations.get("kubernetes.io/config.mirror").map(|hash| Uid::from_hex(hash));
    // The kubelet names the node where others put the identity.
    let same_identity = about.uid.is_nil()
        || about.uid == mirrored.unwrap_or(metadata.uid)
        || (object.kind() == Kind::Node && about.uid == Uid::from_text(&metadata.name));
    same_name && same_identity
}

/// `3m (x12 over 10m)`
fn interval(event: &EventObject, now: Timestamp) -> String {
    let first = match event.event_time {
        Some(time) => micro_age(Some(time), now),
        None => age(event.first_timestamp, now),
    };
    match Series::of(event) {
        Some(series) => {
            format!("{} (x{} over {first})", micro_age(series.last_observed, now), series.count)
        }
        None if event.count > 1 => {
            format!("{} (x{} over {first})", age(event.last_timestamp, now), event.count)
        }
        None => first,
    }
}
