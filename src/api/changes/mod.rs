//! What differs between two versions of an object, found by walking both: parts that they share are skipped at once, and
//! nothing is made on the way. Maps and structures are entered, lists count as one field, as the wire form has them.

mod fields;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::core::IntOrString;
use super::kept::Content;
use super::meta::{Labels, Uid, VersionText};
use super::pod::{PodPhase, PodTemplate, PreemptionPolicy, QosClass};
use super::timestamp::{MicroTime, Timestamp};
use super::workload::PodManagementPolicy;
use crate::base::{Name, Quantity, SharedList};

/// Who is told what differs.
pub trait ChangeVisitor {
    /// What follows is inside this field.
    fn enter(&mut self, field: &str);
    /// What follows is beside the field that was entered last.
    fn leave(&mut self);
    /// A field has another value. A value whose wire form is `null` means that the field is gone.
    fn changed<T: Serialize + ?Sized>(&mut self, field: &str, new: &T);
}

/// What can differ from its version before.
pub(super) trait Changes {
    /// Tells what differs in the version `new` of `self`, which is the value of `field`.
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V);
}

/// What has fields of its own.
pub(super) trait Fields {
    /// Tells which of them differ in the version `new`.
    fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V);
}

macro_rules! one_field {
    ($($type:ty)*) => { $(
        impl Changes for $type {
            fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
                if self != new {
                    visitor.changed(field, new);
                }
            }
        }
    )* };
}
one_field! {
    bool i32 i64 Name Uid VersionText Timestamp MicroTime IntOrString PodPhase QosClass PreemptionPolicy
    PodManagementPolicy
}

impl<T: PartialEq + Serialize> Changes for Vec<T> {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        if self != new {
            visitor.changed(field, new);
        }
    }
}

impl<T: PartialEq + Serialize> Changes for SharedList<T> {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        if self != new {
            visitor.changed(field, new);
        }
    }
}

impl<T: Changes + Serialize> Changes for Option<T> {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        match (self, new) {
            (None, None) => {}
            (Some(old), Some(new)) => old.visit_changes(new, field, visitor),
            _ => visitor.changed(field, new),
        }
    }
}

impl<T: Changes> Changes for Box<T> {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        (**self).visit_changes(new, field, visitor);
    }
}

impl Changes for Quantity {
    /// Quantities are equal when their numbers are; here they must be written in the same way too.
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        if !self.is_written_as(new) {
            visitor.changed(field, new);
        }
    }
}

impl Changes for Labels {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        if self.same_allocation(new) {
            return;
        }
        visitor.enter(field);
        for (key, value) in new {
            match self.get(key) {
                Some(old) => old.visit_changes(value, &escaped(key), visitor),
                None => visitor.changed(&escaped(key), value),
            }
        }
        for (key, _) in self.iter().filter(|(key, _)| !new.contains_key(key)) {
            visitor.changed(&escaped(key), &());
        }
        visitor.leave();
    }
}

impl<K: Ord + AsRef<str>, T: Changes + Serialize> Changes for BTreeMap<K, T> {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        visitor.enter(field);
        for (key, value) in new {
            match self.get(key) {
                Some(old) => old.visit_changes(value, &escaped(key.as_ref()), visitor),
                None => visitor.changed(&escaped(key.as_ref()), value),
            }
        }
        for key in self.keys().filter(|key| !new.contains_key(*key)) {
            visitor.changed(&escaped(key.as_ref()), &());
        }
        visitor.leave();
    }
}

impl Changes for Value {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        match (self, new) {
            (Value::Object(old), Value::Object(new)) => {
                visitor.enter(field);
                map_changes(old, new, visitor);
                visitor.leave();
            }
            _ if self == new => {}
            _ => visitor.changed(field, new),
        }
    }
}

impl Fields for Content {
    fn visit_fields<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
        map_changes(&self.0, &new.0, visitor);
    }
}

fn map_changes<V: ChangeVisitor>(old: &Map<String, Value>, new: &Map<String, Value>, visitor: &mut V) {
    for (key, value) in new {
        // A field that is `null` is as good as absent.
        old.get(key).unwrap_or(&Value::Null).visit_changes(value, &escaped(key), visitor);
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        visitor.changed(&escaped(key), &());
    }
}

impl Changes for PodTemplate {
    fn visit_changes<V: ChangeVisitor>(&self, new: &Self, field: &str, visitor: &mut V) {
        visitor.enter(field);
        self.metadata.visit_changes(&new.metadata, "metadata", visitor);
        if !Arc::ptr_eq(&self.spec, &new.spec) {
            wire_changes(&*self.spec, &*new.spec, "spec", visitor);
        }
        visitor.leave();
    }
}

/// The way through the wire form, for parts that differ so seldom that fields of their own would not pay.
fn wire_changes<T: Serialize, V: ChangeVisitor>(old: &T, new: &T, field: &str, visitor: &mut V) {
    let wire = |part: &T| serde_json::to_value(part).unwrap_or_default();
    wire(old).visit_changes(&wire(new), field, visitor);
}

/// As in a JSON pointer, a slash inside a key is `~1`.
fn escaped(key: &str) -> std::borrow::Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}
