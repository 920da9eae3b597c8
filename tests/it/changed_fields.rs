//! The changed fields in `trace.jsonl` are those in which the wire forms of both versions differ.

use std::path::Path;

use serde_json::{Map, Value};
use shakedown::api::Op;
use shakedown::kernel::SimTime;
use shakedown::scenario::{any_line, load};
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::Detail;
use shakedown::trace::replay::Line;

/// What differs between two trees: maps are entered, lists count as one field.
fn differences(old: &Value, new: &Value, path: &str, changes: &mut Map<String, Value>) {
    if old == new {
        return;
    }
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        changes.insert(path.to_owned(), without_nulls(new));
        return;
    };
    let below = |key: &str| {
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

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Compares every write of a scenario; returns how many there were.
fn check(folder: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(folder);
    let scenario = load(&[folder], &any_line).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut writes = 0;
    let compare = &mut |record: &shakedown::trace::Record| {
        let Detail::Commit(commit) = &record.detail else { return };
        let new = serde_json::to_value(&commit.new).unwrap();
        let expected = match (commit.op, &commit.old) {
            (Op::Deleted, _) => None,
            (Op::Modified, Some(old)) => {
                let mut changes = Map::new();
                differences(&serde_json::to_value(old).unwrap(), &new, "", &mut changes);
                Some(Value::Object(changes))
            }
            _ => Some(without_nulls(&new)),
        };
        let found = Line::of(record).changed;
        // As texts, so that the order of the fields counts.
        assert_eq!(found.map(|found| found.to_string()), expected.map(|expected| expected.to_string()));
        writes += 1;
    };
    simulation.run_until(SimTime::MAX, compare).unwrap();
    writes
}

#[test]
fn they_are_the_differences_of_the_wire_forms() {
    let scenarios =
        ["node-failure", "autoscaling", "namespaces-and-labels", "rolling-update", "drain-with-budget"];
    let writes: usize = scenarios.into_iter().map(check).sum();
    assert!(writes > 1000, "{writes} writes");
}
