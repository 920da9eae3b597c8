//! `-o custom-columns=NAME:.metadata.name,...`: a table of one's own making.

use serde_json::Value;

use super::jsonpath::{JsonPath, JsonPathError};
use crate::kubectl::error::UsageError;
use crate::kubectl::tabs::TABLE;

/// Headers and where their values come from.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomColumns {
    columns: Vec<(String, JsonPath)>,
}

impl CustomColumns {
    /// Reads `HEADER:PATH,...`.
    pub fn parse(spec: &str) -> Result<Self, UsageError> {
        if spec.is_empty() {
            return Err(UsageError::new("custom-columns format specified but no custom columns given"));
        }
        let column = |text: &str| {
            let (header, path) = text.split_once(':').ok_or_else(|| {
                UsageError::new(format!(
                    "unexpected custom-columns spec: {text}, expected <header>:<json-path-expr>"
                ))
            })?;
            let path = JsonPath::parse_relaxed(path).map_err(|error| UsageError::new(error.to_string()))?;
            Ok((header.to_owned(), path))
        };
        Ok(Self { columns: spec.split(',').map(column).collect::<Result<_, UsageError>>()? })
    }

    /// The table of `objects`.
    pub fn render(&self, objects: &[Value], headers: bool) -> Result<String, JsonPathError> {
        let mut lines = Vec::new();
        if headers {
            lines.push(self.columns.iter().map(|(header, _)| header.clone()).collect());
        }
        for object in objects {
            lines.push(self.columns.iter().map(|(_, path)| cell(path, object)).collect::<Result<_, _>>()?);
        }
        Ok(TABLE.align(&lines))
    }
}

fn cell(path: &JsonPath, object: &Value) -> Result<String, JsonPathError> {
    let results = path.find(object)?;
    let values: Vec<String> = results.iter().flatten().map(|value| as_go_prints(value)).collect();
    Ok(if values.is_empty() { "<none>".to_owned() } else { values.join(",") })
}

/// Go's `%v`.
fn as_go_prints(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(as_go_prints).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries: Vec<String> =
                entries.into_iter().map(|(key, value)| format!("{key}:{}", as_go_prints(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_by_path() {
        let columns =
            CustomColumns::parse("NAME:metadata.name,L:.metadata.labels,N:{.spec.items[*].n}").unwrap();
        let objects = [
            json!({"metadata": {"name": "w2", "labels": {"a": "b"}}, "spec": {"items": [{"n": "x"}, {"n": 2}]}}),
            json!({"metadata": {"name": "w10-long"}, "spec": {"items": []}}),
        ];
        let expected = "\
NAME       L          N
w2         map[a:b]   x,2
w10-long   <none>     <none>
";
        assert_eq!(columns.render(&objects, true).unwrap(), expected);
        assert_eq!(columns.render(&objects, false).unwrap().lines().count(), 2);
    }

    #[test]
    fn refusals() {
        let message = |spec| CustomColumns::parse(spec).unwrap_err().to_string();
        assert_eq!(message(""), "custom-columns format specified but no custom columns given");
        assert!(message("NAME").starts_with("unexpected custom-columns spec: NAME, expected"));
        assert!(message("N:{.a").starts_with("unexpected path string"));
        assert_eq!(message("N:a["), "unterminated array");
    }
}
