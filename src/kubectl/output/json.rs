//! JSON as kubectl writes it: keys sorted, four blanks a level, and the escapes of Go's encoder.

use std::fmt::Write as _;

use serde_json::Value;

/// The text of a value, indented, with a newline at its end.
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Some(0));
    out.push('\n');
    out
}

/// The text of a value on one line.
pub fn to_json_line(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, None);
    out
}

/// `level` is that of the lines around; `None` = all on one line.
fn write_value(out: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            write_all(out, ['{', '}'], entries, level, |out, (key, value), level| {
                write_text(out, key);
                out.push_str(if level.is_some() { ": " } else { ":" });
                write_value(out, value, level);
            });
        }
        Value::Array(items) => write_all(out, ['[', ']'], items.iter().collect(), level, write_value),
        Value::String(text) => write_text(out, text),
        other => out.push_str(&other.to_string()),
    }
}

fn write_all<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: Vec<T>,
    level: Option<usize>,
    write_item: impl Fn(&mut String, T, Option<usize>),
) {
    out.push(open);
    let inner = level.map(|level| level + 1);
    let empty = items.is_empty();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        new_line(out, inner);
        write_item(out, item, inner);
    }
    if !empty {
        new_line(out, level);
    }
    out.push(close);
}

fn new_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.push_str(&"    ".repeat(level));
    }
}

/// Go's encoder escapes what could end a script in a web page.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", character as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn indents_by_four_and_sorts() {
        let value = json!({"b": [1, {}, []], "a": {"x": null, "t": true}});
        let expected = "\
{
    \"a\": {
        \"t\": true,
        \"x\": null
    },
    \"b\": [
        1,
        {},
        []
    ]
}
";
        assert_eq!(to_json(&value), expected);
        assert_eq!(to_json_line(&value), r#"{"a":{"t":true,"x":null},"b":[1,{},[]]}"#);
    }

    #[test]
    fn escapes_as_go() {
        assert_eq!(to_json_line(&json!("<a>&\"\\\u{1}\n")), r#""\u003ca\u003e\u0026\"\\\u0001\n""#);
    }
}
