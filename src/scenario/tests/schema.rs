//! The schema says what the readers read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DESIGN, EVERYTHING};
use crate::scenario::schema;
use crate::source::{SourceFile, parse};

/// As much of a validator as our schema needs.
struct Validator {
    schema: Value,
    /// Properties that were used.
    used: BTreeSet<(String, String)>,
}

impl Validator {
    /// Whether `value` follows the schema at `pointer`.
    fn allows(&mut self, value: &Value, pointer: &str) -> bool {
        let rule = self.schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")).clone();
        if let Some(target) = rule.get("$ref").and_then(Value::as_str) {
            if target.contains("/properties/") {
                self.used.insert(property_of(target));
            }
            return self.allows(value, target.strip_prefix('#').unwrap());
        }
        let number = |key: &str| rule.get(key).and_then(Value::as_f64);
        let within = |count: usize, min: &str, max: &str| {
            number(min).is_none_or(|min| count as f64 >= min)
                && number(max).is_none_or(|max| count as f64 <= max)
        };
        let right = rule.get("const").is_none_or(|only| only == value)
            && rule.get("enum").is_none_or(|words| words.as_array().unwrap().contains(value))
            && rule.get("type").is_none_or(|types| is_of(value, types))
            && value.as_f64().is_none_or(|value| number("minimum").is_none_or(|min| value >= min))
            && value.as_f64().is_none_or(|value| number("maximum").is_none_or(|max| value <= max))
            && value.as_array().is_none_or(|items| within(items.len(), "minItems", "maxItems"))
            && value.as_object().is_none_or(|map| within(map.len(), "minProperties", "maxProperties"));
        right && self.has_right_parts(value, &rule, pointer) && self.is_one_of(value, &rule, pointer)
    }

    fn is_one_of(&mut self, value: &Value, rule: &Value, pointer: &str) -> bool {
        let Some(choices) = rule.get("anyOf") else { return true };
        (0..choices.as_array().unwrap().len())
            .any(|index| self.allows(value, &format!("{pointer}/anyOf/{index}")))
    }

    fn has_right_parts(&mut self, value: &Value, rule: &Value, pointer: &str) -> bool {
        if let (Some(items), true) = (value.as_array(), rule.get("items").is_some()) {
            return items.iter().all(|item| self.allows(item, &format!("{pointer}/items")));
        }
        let Some(map) = value.as_object() else { return true };
        let required = rule.get("required").and_then(Value::as_array).into_iter().flatten();
        if !required.filter_map(Value::as_str).all(|name| map.contains_key(name)) {
            return false;
        }
        map.iter().all(|(name, value)| {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let property = format!("{pointer}/properties/{escaped}");
            match rule.get("additionalProperties") {
                _ if rule.get("properties").is_some_and(|properties| properties.get(name).is_some()) => {
                    self.used.insert(property_of(&property));
                    self.allows(value, &property)
                }
                None => true,
                Some(Value::Bool(allowed)) => *allowed,
                Some(_) => self.allows(value, &format!("{pointer}/additionalProperties")),
            }
        })
    }
}

fn is_of(value: &Value, types: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    match types {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        name => name.as_str().is_some_and(is),
    }
}

/// The documents of our own kinds.
fn own_documents(text: &str) -> Vec<Value> {
    let documents = parse(&SourceFile::new("x.yaml", text)).unwrap();
    let values = documents.iter().map(|document| document.root.to_json());
    values.filter(|value| value["apiVersion"] == "shakedown.sim/v1alpha1").collect()
}

#[test]
fn examples_follow_the_schema_and_use_all_of_it() {
    let mut validator = Validator { schema: schema(), used: BTreeSet::new() };
    for document in own_documents(DESIGN).iter().chain(&own_documents(EVERYTHING)) {
        let kind = document["kind"].as_str().unwrap();
        for (name, value) in document["spec"].as_object().unwrap() {
            let pointer = format!("/$defs/{}Spec/properties/{name}", kind[..1].to_lowercase() + &kind[1..]);
            assert!(validator.allows(value, &pointer), "{kind} {name} does not follow the schema: {value:#}");
        }
        assert!(validator.allows(document, ""), "{document:#}");
    }
    // The readers accept the example, so what it uses of the schema is right; and it uses everything.
    let mut all = BTreeSet::new();
    properties(&validator.schema, "", &mut all);
    let unused: Vec<_> = all.iter().filter(|property| !validator.used.contains(*property)).collect();
    assert!(unused.is_empty(), "not in the example: {unused:#?}");
}

/// The definition that a property belongs to, and its name.
fn property_of(pointer: &str) -> (String, String) {
    let definition = pointer.split('/').nth(2).unwrap_or_default();
    (definition.to_owned(), pointer.rsplit('/').next().unwrap_or_default().to_owned())
}

fn properties(schema: &Value, pointer: &str, found: &mut BTreeSet<(String, String)>) {
    let Some(map) = schema.as_object() else { return };
    for (key, value) in map {
        let here = format!("{pointer}/{key}");
        match key.as_str() {
            "properties" | "$defs" => {
                for (name, value) in value.as_object().unwrap() {
                    let property = format!("{here}/{name}");
                    properties(value, &property, found);
                    if key == "properties" {
                        found.insert(property_of(&property));
                    }
                }
            }
            "anyOf" => {
                for (index, value) in value.as_array().unwrap().iter().enumerate() {
                    properties(value, &format!("{here}/{index}"), found);
                }
            }
            _ => properties(value, &here, found),
        }
    }
}

#[test]
fn slips_do_not_follow_the_schema() {
    let mut validator = Validator { schema: schema(), used: BTreeSet::new() };
    let document = &own_documents(DESIGN)[0];
    for (pointer, wrong) in [
        ("/spec/seed", "-1"),
        ("/spec/steps/1/fault", "{\"nodeCrsh\": {}}"),
        ("/spec/steps", "{}"),
        ("/spec/expect/0/ready", "\"many\""),
        ("/metadata", "{}"),
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = serde_json::from_str(wrong).unwrap();
        assert!(!validator.allows(&changed, ""), "{pointer}");
    }
    assert!(validator.allows(document, ""));
}
