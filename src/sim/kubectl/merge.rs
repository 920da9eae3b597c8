//! How changes written as JSON are merged into an object: strategic merge, JSON merge (RFC 7386), JSON patch (RFC 6902),
//! and the three-way merge of `apply`.

use serde_json::{Map, Value};

/// Lists that are merged by a key instead of being replaced, by field name (`patchMergeKey` in `k8s.io/api`).
const MERGE_KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "port"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("conditions", &["type"]),
    ("ownerReferences", &["uid"]),
    ("taints", &["key"]),
];

/// The key that tells the elements of a list apart, if it is merged by one.
fn merge_key(field: &str, items: &[Value]) -> Option<&'static str> {
    let (_, keys) = MERGE_KEYS.iter().find(|(name, _)| *name == field)?;
    keys.iter().copied().find(|key| items.iter().all(|item| item.get(*key).is_some()))
}

/// JSON merge patch: what is there replaces, `null` removes.
pub(super) fn json_merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in fields {
        let map = as_map(target);
        if value.is_null() {
            map.shift_remove(key);
        } else {
            json_merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Applies a strategic merge patch to an object in its wire form.
pub fn strategic_merge(target: &mut Value, patch: &Value) {
    strategic(target, patch, "");
}

/// Strategic merge patch: like a JSON merge patch, but lists of named things are merged by name, and `$patch` replaces or
/// deletes.
pub(super) fn strategic(target: &mut Value, patch: &Value, field: &str) {
    match patch {
        Value::Object(fields) => {
            if fields.get("$patch").and_then(Value::as_str) == Some("replace") {
                let kept = fields.iter().filter(|(key, _)| *key != "$patch");
                *target = Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect());
                return;
            }
            for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('$')) {
                let map = as_map(target);
                if value.is_null() {
                    map.shift_remove(key);
                } else {
                    strategic(map.entry(key.clone()).or_insert(Value::Null), value, key);
                }
            }
        }
        Value::Array(items) => match merge_key(field, items) {
            Some(key) => merge_list(target, items, key),
            None => *target = patch.clone(),
        },
        other => *target = other.clone(),
    }
}

fn merge_list(target: &mut Value, items: &[Value], key: &str) {
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let Value::Array(list) = target else { return };
    for item in items {
        let at = list.iter().position(|old| old.get(key) == item.get(key));
        let deletes = item.get("$patch").and_then(Value::as_str) == Some("delete");
        match at {
            Some(at) if deletes => drop(list.remove(at)),
            Some(at) => strategic(&mut list[at], item, ""),
            None if deletes => {}
            None => {
                let mut new = Value::Null;
                strategic(&mut new, item, "");
                list.push(new);
            }
        }
    }
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("made an object just above")
}

/// What `apply` makes of an object: `desired` merged into `live`, without what `last` had and `desired` has not.
pub(super) fn three_way(last: &Value, desired: &Value, live: &Value) -> Value {
    let mut new = live.clone();
    remove_dropped(&mut new, last, desired, "");
    let mut desired = desired.clone();
    if let Some(map) = desired.as_object_mut() {
        map.shift_remove("status");
    }
    strategic(&mut new, &desired, "");
    new
}

/// Removes from `live` what is in `last` but not in `desired`.
fn remove_dropped(live: &mut Value, last: &Value, desired: &Value, field: &str) {
    match (live, last, desired) {
        (Value::Object(live), Value::Object(last), Value::Object(desired)) => {
            for (key, value) in last {
                match (live.get_mut(key), desired.get(key)) {
                    (Some(_), None) => drop(live.shift_remove(key)),
                    (Some(inner), Some(wanted)) => remove_dropped(inner, value, wanted, key),
                    (None, _) => {}
                }
            }
        }
        (Value::Array(live), Value::Array(last), Value::Array(desired)) => {
            let Some(key) = merge_key(field, last) else { return };
            let find = |list: &[Value], item: &Value| {
                list.iter().find(|other| other.get(key) == item.get(key)).cloned()
            };
            live.retain(|item| find(last, item).is_none() || find(desired, item).is_some());
            for item in live {
                if let (Some(last), Some(desired)) = (find(last, item), find(desired, item)) {
                    remove_dropped(item, &last, &desired, "");
                }
            }
        }
        _ => {}
    }
}

/// JSON patch: a list of operations, each at a path.
pub(super) fn json_patch(target: &mut Value, operations: &Value) -> Result<(), String> {
    let Value::Array(operations) = operations else {
        return Err("a JSON patch is a list of operations".to_owned());
    };
    for operation in operations {
        let text = |field: &str| operation.get(field).and_then(Value::as_str);
        let path = text("path").unwrap_or_default();
        let value = operation.get("value").cloned();
        let given = || value.clone().ok_or_else(|| format!("the operation at {path:?} has no value"));
        match text("op").unwrap_or_default() {
            "add" => add(target, path, given()?)?,
            "replace" => *find(target, path)? = given()?,
            "remove" => drop(remove(target, path)?),
            "move" => {
                let moved = remove(target, text("from").unwrap_or_default())?;
                add(target, path, moved)?;
            }
            "copy" => {
                let copied = find(target, text("from").unwrap_or_default())?.clone();
                add(target, path, copied)?;
            }
            "test" => {
                if *find(target, path)? != given()? {
                    return Err(format!("testing value {path} failed"));
                }
            }
            other => return Err(format!("Unexpected kind: {other}")),
        }
    }
    Ok(())
}

fn find<'a>(target: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    target.pointer_mut(path).ok_or_else(|| missing(path))
}

fn missing(path: &str) -> String {
    format!("the path {path:?} does not exist")
}

/// The container of what a path names, and the last part of the path.
fn parent<'a>(target: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| missing(path))?;
    Ok((find(target, parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(map) => drop(map.insert(last, value)),
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) => {
            let at = last.parse().ok().filter(|at| *at <= list.len()).ok_or_else(|| missing(path))?;
            list.insert(at, value);
        }
        _ => return Err(missing(path)),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(map) => map.shift_remove(&last).ok_or_else(|| missing(path)),
        Value::Array(list) => {
            let at = last.parse().ok().filter(|at| *at < list.len()).ok_or_else(|| missing(path))?;
            Ok(list.remove(at))
        }
        _ => Err(missing(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_of_named_things_are_merged_by_name() {
        let mut live = json!({"containers": [{"name": "a", "image": "a:1"}, {"name": "b"}], "args": [1, 2]});
        let patch = json!({"containers": [{"name": "a", "image": "a:2"}, {"name": "b", "$patch": "delete"},
            {"name": "c"}], "args": [3]});
        strategic(&mut live, &patch, "");
        assert_eq!(live, json!({"containers": [{"name": "a", "image": "a:2"}, {"name": "c"}], "args": [3]}));
    }

    #[test]
    fn apply_removes_what_was_applied_and_is_wanted_no_more() {
        let last = json!({"spec": {"paused": true, "replicas": 2}, "labels": {"a": "1", "b": "2"}});
        let desired = json!({"spec": {"replicas": 3}, "labels": {"b": "2"}});
        let live = json!({"spec": {"paused": true, "replicas": 5, "own": 1}, "labels": {"a": "1", "c": "3"}});
        let expected = json!({"spec": {"replicas": 3, "own": 1}, "labels": {"c": "3", "b": "2"}});
        assert_eq!(three_way(&last, &desired, &live), expected);
    }

    #[test]
    fn json_patches_follow_paths() {
        let mut live = json!({"spec": {"replicas": 1, "list": ["a", "b"]}});
        let patch = json!([
            {"op": "test", "path": "/spec/replicas", "value": 1},
            {"op": "replace", "path": "/spec/replicas", "value": 4},
            {"op": "add", "path": "/spec/list/-", "value": "c"},
            {"op": "remove", "path": "/spec/list/0"},
        ]);
        assert_eq!(json_patch(&mut live, &patch), Ok(()));
        assert_eq!(live, json!({"spec": {"replicas": 4, "list": ["b", "c"]}}));
        let wrong = json!([{"op": "remove", "path": "/spec/none"}]);
        assert_eq!(json_patch(&mut live, &wrong), Err("the path \"/spec/none\" does not exist".to_owned()));
    }

    #[test]
    fn null_removes() {
        let mut live = json!({"a": {"b": 1, "c": 2}});
        json_merge(&mut live, &json!({"a": {"b": null, "d": 3}}));
        assert_eq!(live, json!({"a": {"c": 2, "d": 3}}));
    }
}
