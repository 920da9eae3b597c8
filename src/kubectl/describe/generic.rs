//! The page of a kind that has no page of its own: every field, under a heading made from its name.

use serde_json::Value;

use crate::api::Object;
use crate::kubectl::output::to_value;

use super::page::{Page, line};

pub(super) fn describe(page: &mut Page, object: &Object) {
    page.name_and_namespace(object.metadata());
    page.labels_and_annotations(object.metadata());
    let mut value = to_value(object);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        for shown in ["name", "namespace", "labels", "annotations", "managedFields"] {
            metadata.shift_remove(shown);
        }
    }
    fields(page, 0, &value);
}

fn fields(page: &mut Page, level: usize, value: &Value) {
    let Some(map) = value.as_object() else { return };
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    for (key, value) in entries {
        let heading = heading(key);
        match value {
            Value::Object(_) => {
                line!(page, level, "{heading}:");
                fields(page, level + 1, value);
            }
            Value::Array(items) => {
                line!(page, level, "{heading}:");
                for item in items {
                    if item.is_object() {
                        fields(page, level + 1, item);
                    } else {
                        line!(page, level + 1, "{}", text(item));
                    }
                }
            }
            scalar => line!(page, level, "{heading}:\t{}", text(scalar)),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `Lease Duration Seconds` for `leaseDurationSeconds`. A key with other characters than letters stays as it is.
fn heading(key: &str) -> String {
    if key.chars().any(|character| !character.is_alphabetic() && character != '-') {
        return key.to_owned();
    }
    words(key).iter().map(|word| titled(word)).collect::<Vec<_>>().join(" ")
}

fn titled(word: &str) -> String {
    let upper = word.to_uppercase();
    if ["API", "URL", "UID", "OSB", "GUID"].contains(&upper.as_str()) {
        return upper;
    }
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Splits where lower case turns to upper, and before the last of several capitals that lower case follows.
fn words(key: &str) -> Vec<String> {
    let characters: Vec<char> = key.chars().collect();
    let class = |character: char| (character.is_lowercase(), character.is_uppercase());
    let mut words: Vec<String> = Vec::new();
    for (at, &character) in characters.iter().enumerate() {
        let starts = match at.checked_sub(1).map(|before| characters[before]) {
            None => true,
            Some(before) => {
                let next_is_lower = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
                let last_capital = before.is_uppercase() && character.is_uppercase() && next_is_lower;
                let after_capital = before.is_uppercase() && character.is_lowercase();
                last_capital || (class(before) != class(character) && !after_capital)
            }
        };
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::heading;

    #[test]
    fn headings() {
        for (key, expected) in [
            ("apiVersion", "API Version"),
            ("uid", "UID"),
            ("leaseDurationSeconds", "Lease Duration Seconds"),
            ("podCIDRs", "Pod CID Rs"),
            ("clusterIP", "Cluster IP"),
            ("app.kubernetes.io/name", "app.kubernetes.io/name"),
        ] {
            assert_eq!(heading(key), expected);
        }
    }
}
