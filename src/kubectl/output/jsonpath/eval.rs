//! From the parts of a template and an object to the values found.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Found, Node, Operator, Part, Slice};

/// What each action finds, ranges unrolled.
pub(super) fn parts<'a>(parts: &'a [Part], root: &'a Value) -> Result<Vec<Found<'a>>, String> {
    unroll(parts, &Cow::Borrowed(root))
}

fn unroll<'a>(parts: &'a [Part], root: &Cow<'a, Value>) -> Result<Vec<Found<'a>>, String> {
    let mut found = Vec::new();
    for part in parts {
        match part {
            Part::Path(nodes) => found.push(walk(nodes, vec![root.clone()])?),
            Part::Range { over, body } => {
                for item in walk(over, vec![root.clone()])? {
                    found.extend(unroll(body, &item)?);
                }
            }
        }
    }
    Ok(found)
}

fn walk<'a>(nodes: &'a [Node], mut values: Found<'a>) -> Result<Found<'a>, String> {
    for node in nodes {
        values = step(node, values)?;
    }
    Ok(values)
}

fn step<'a>(node: &'a Node, values: Found<'a>) -> Result<Found<'a>, String> {
    let mut results = Vec::new();
    match node {
        Node::Literal(value) => results.push(Cow::Borrowed(value)),
        Node::Field(name) => results.extend(values.into_iter().filter_map(|value| field(value, name))),
        Node::Wildcard => results.extend(values.into_iter().flat_map(children)),
        Node::Recursive => values.into_iter().for_each(|value| descend(value, &mut results)),
        Node::Slice(slice) => {
            for value in values.into_iter().filter(|value| !value.is_null()) {
                results.extend(cut(*slice, value)?);
            }
        }
        Node::Union(branches) => {
            for branch in branches {
                results.extend(walk(branch, values.clone())?);
            }
        }
        Node::Filter { left, comparison } => {
            for value in values.into_iter().filter(|value| !value.is_null()) {
                if !value.is_array() {
                    return Err(format!(
                        "{} is not array or slice and cannot be filtered",
                        type_name(&value)
                    ));
                }
                for item in children(value) {
                    if passes(&item, left, comparison.as_ref())? {
                        results.push(item);
                    }
                }
            }
        }
    }
    Ok(results)
}

fn field<'a>(value: Cow<'a, Value>, name: &str) -> Option<Cow<'a, Value>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(mut value) => value.get_mut(name).map(|field| Cow::Owned(field.take())),
    }
}

/// The items of a list, or the values of a map in the order of their keys.
fn children(value: Cow<'_, Value>) -> Vec<Cow<'_, Value>> {
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(map)) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            entries.into_iter().map(|(_, value)| Cow::Borrowed(value)).collect()
        }
        Cow::Owned(value) => {
            children(Cow::Borrowed(&value)).into_iter().map(|child| Cow::Owned(child.into_owned())).collect()
        }
        Cow::Borrowed(_) => Vec::new(),
    }
}

/// The value and everything below that has something below it, as kubectl has it: scalars are no places to look into.
fn descend<'a>(value: Cow<'a, Value>, results: &mut Found<'a>) {
    let below = children(value.clone());
    if !below.is_empty() {
        results.push(value);
        for child in below {
            descend(child, results);
        }
    }
}

fn cut(slice: Slice, value: Cow<'_, Value>) -> Result<Vec<Cow<'_, Value>>, String> {
    let Some(length) = value.as_array().map(Vec::len) else {
        return Err(format!("{} is not array or slice", type_name(&value)));
    };
    let length = length as i64;
    let from_end = |bound: i64| if bound < 0 { bound + length } else { bound };
    let start = from_end(slice.start.unwrap_or(0));
    let end = match slice.end {
        Some(0) if slice.is_index => length,
        Some(end) => from_end(end),
        None => length,
    };
    if start == end {
        return Ok(Vec::new());
    }
    let outside = |index: i64| Err(format!("array index out of bounds: index {index}, length {length}"));
    if !(0..length).contains(&start) {
        return outside(start);
    }
    if !(0..=length).contains(&end) {
        return outside(end - 1);
    }
    if start > end {
        return Err(format!("starting index {start} is greater than ending index {end}"));
    }
    let step = slice.step.unwrap_or(1);
    if step <= 0 {
        return Err("step must be > 0".to_owned());
    }
    let items = children(value).into_iter().skip(start as usize).take((end - start) as usize);
    Ok(items.step_by(step as usize).collect())
}

fn passes(item: &Value, left: &[Node], comparison: Option<&(Operator, Vec<Node>)>) -> Result<bool, String> {
    let lefts = walk(left, vec![Cow::Borrowed(item)])?;
    let Some((operator, right)) = comparison else { return Ok(!lefts.is_empty()) };
    let rights = walk(right, vec![Cow::Borrowed(item)])?;
    match (&lefts[..], &rights[..]) {
        ([left], [right]) => compare(left, right, *operator),
        ([], _) | (_, []) => Ok(false),
        _ => Err("can only compare one element at a time".to_owned()),
    }
}

fn compare(left: &Value, right: &Value, operator: Operator) -> Result<bool, String> {
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        },
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    })
}

/// What Go calls the type.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
