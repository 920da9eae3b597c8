//! `--sort-by`: objects in the order of one of their fields.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::Object;
use crate::base::Quantity;

use super::output::{JsonPath, to_value};

/// Sorts by what `path` finds: numbers by size, quantities by amount, texts by their bytes; objects without the field
/// come first. The error is kubectl's.
pub(super) fn sort_by(objects: &mut Vec<Object>, path: &JsonPath) -> Result<(), String> {
    let mut keyed = Vec::with_capacity(objects.len());
    for object in objects.iter() {
        let value = to_value(object);
        let found = path.find(&value).map_err(|error| format!("error: {error}"))?;
        let first = found.into_iter().flatten().next().filter(|value| !value.is_null());
        let first = first.map(std::borrow::Cow::into_owned);
        keyed.push((first, object.clone()));
    }
    if keyed.len() > 1 && keyed.iter().all(|(key, _)| key.is_none()) {
        let source = path.source();
        return Err(format!("error: couldn't find any field with path {source:?} in the list of objects"));
    }
    keyed.sort_by(|a, b| compare(a.0.as_ref(), b.0.as_ref()));
    *objects = keyed.into_iter().map(|(_, object)| object).collect();
    Ok(())
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_some().cmp(&b.is_some()) };
    match (a, b) {
        (Value::String(a), Value::String(b)) => match (a.parse::<Quantity>(), b.parse::<Quantity>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        _ => Ordering::Equal,
    }
}
