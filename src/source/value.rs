//! From a node to untyped JSON, for objects that are kept but not understood.

use serde_json::{Map, Number, Value};

use super::scalar::Meaning;
use super::tree::{Kind, Node, Scalar};

impl Node {
    /// The value as JSON, as `kubectl` would send it to an API server.
    ///
    /// Recursion is safe: a tree has a depth limit.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Scalar(scalar) => scalar.to_json(),
            Kind::Sequence(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Mapping(entries) => {
                let members = entries.iter().map(|entry| (entry.key.text.to_string(), entry.value.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

impl Scalar {
    fn to_json(&self) -> Value {
        let number = match self.meaning() {
            Meaning::Null => return Value::Null,
            Meaning::Bool(value) => return Value::Bool(value),
            Meaning::Text => None,
            Meaning::Int(value) => Number::from_i128(value),
            Meaning::Float(value) => Number::from_f64(value),
        };
        // JSON has no infinity: keep the text.
        number.map_or_else(|| Value::String(self.text.to_string()), Value::Number)
    }
}
