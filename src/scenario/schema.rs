//! The JSON schema of our own kinds, for editors.

use serde_json::Value;

/// A JSON Schema (draft 2020-12) that a `Scenario` or an `AppModel` document follows.
pub fn schema() -> Value {
    let text = include_str!("schema.json");
    serde_json::from_str(text).expect("a test reads the schema")
}
