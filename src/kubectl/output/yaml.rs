//! A small YAML writer that lays out and quotes as kubectl does.
//!
//! Block style, two blanks of indentation, lists level with their key, keys sorted, lines folded at column 80, quotes
//! only where a reader would otherwise take the text for something else. The rules are those of libyaml's emitter
//! and of the resolver of YAML 1.1 (where `yes`, `on` and `12:30` are no texts), as `sigs.k8s.io/yaml` applies them.

use serde_json::Value;

use super::scalar::{Style, key_order, style_of};

/// A line is folded at the first single blank after this column.
const BEST_WIDTH: usize = 80;
/// Blanks a level.
const STEP: usize = 2;

/// The document of one value, with a newline at its end.
///
/// ```
/// use shakedown::kubectl::output::to_yaml;
///
/// let value = serde_json::json!({"name": "web", "ready": "true", "ports": [80, {"name": "http"}]});
/// assert_eq!(to_yaml(&value), "name: web\nports:\n- 80\n- name: http\nready: \"true\"\n");
/// ```
pub fn to_yaml(value: &Value) -> String {
    let mut writer = Writer { out: String::new(), column: 0 };
    writer.node(value, 0, Place::Top);
    writer.out
}

/// Where a node stands: this decides how its first line begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    AfterKey,
    AfterDash,
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn put_char(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn new_line(&mut self, indent: usize) {
        self.end_line();
        self.put(&" ".repeat(indent));
    }

    /// Writes a node of a collection indented by `indent`, through to the end of its last line.
    fn node(&mut self, value: &Value, indent: usize, place: Place) {
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent, place),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent, place),
            scalar => {
                if place != Place::Top {
                    self.put(" ");
                }
                self.scalar(scalar, indent + STEP);
                self.end_line();
            }
        }
    }

    fn mapping(&mut self, map: &serde_json::Map<String, Value>, indent: usize, place: Place) {
        let indent = match place {
            Place::Top => indent,
            Place::AfterKey | Place::AfterDash => indent + STEP,
        };
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_by(|a, b| key_order(a.0, b.0));
        for (at, (key, value)) in entries.into_iter().enumerate() {
            match (place, at) {
                (Place::AfterDash, 0) => self.put(" "),
                (Place::AfterKey, 0) => self.new_line(indent),
                _ => self.put(&" ".repeat(indent)),
            }
            self.text(key, indent, true);
            self.put(":");
            self.node(value, indent, Place::AfterKey);
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, place: Place) {
        // A list is level with the key it belongs to, but deeper than the dash of a list around it.
        let indent = if place == Place::AfterDash { indent + STEP } else { indent };
        for (at, item) in items.iter().enumerate() {
            match (place, at) {
                (Place::AfterDash, 0) => self.put(" "),
                (Place::AfterKey, 0) => self.new_line(indent),
                _ => self.put(&" ".repeat(indent)),
            }
            self.put("-");
            self.node(item, indent, Place::AfterDash);
        }
    }

    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text) => self.text(text, indent, false),
            Value::Object(_) => self.put("{}"),
            Value::Array(_) => self.put("[]"),
            other => self.put(&other.to_string()),
        }
    }

    /// A text; `as_key` when it must stay on one line.
    fn text(&mut self, text: &str, indent: usize, as_key: bool) {
        match style_of(text, as_key) {
            Style::Plain => self.folded(text, indent, as_key, None),
            Style::Single => {
                self.put("'");
                self.folded(text, indent, as_key, Some('\''));
                self.put("'");
            }
            Style::Double => self.double_quoted(text, indent, as_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Plain and single-quoted texts: folded at single blanks; the quote is doubled.
    fn folded(&mut self, text: &str, indent: usize, as_key: bool, quote: Option<char>) {
        let mut characters = text.char_indices().peekable();
        let mut after_blank = false;
        while let Some((at, character)) = characters.next() {
            let next_is_blank = matches!(characters.peek(), Some((_, ' ')));
            let inside = quote.is_none() || (at > 0 && at + 1 < text.len());
            let may_fold = !as_key && inside && !after_blank && !next_is_blank;
            if character == ' ' && may_fold && self.column > BEST_WIDTH {
                self.new_line(indent);
            } else {
                if Some(character) == quote {
                    self.put_char(character);
                }
                self.put_char(character);
            }
            after_blank = character == ' ';
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, as_key: bool) {
        self.put("\"");
        let mut characters = text.char_indices().peekable();
        let mut after_blank = false;
        while let Some((at, character)) = characters.next() {
            let inside = at > 0 && at + 1 < text.len();
            if character == ' ' && !as_key && inside && !after_blank && self.column > BEST_WIDTH {
                self.new_line(indent);
                if matches!(characters.peek(), Some((_, ' '))) {
                    self.put("\\");
                }
            } else {
                self.escaped(character);
            }
            after_blank = character == ' ';
        }
        self.put("\"");
    }

    fn escaped(&mut self, character: char) {
        match character {
            '"' | '\\' => {
                self.put_char('\\');
                self.put_char(character);
            }
            '\n' => self.put("\\n"),
            '\t' => self.put("\\t"),
            '\r' => self.put("\\r"),
            '\0' => self.put("\\0"),
            '\u{7}' => self.put("\\a"),
            '\u{8}' => self.put("\\b"),
            '\u{b}' => self.put("\\v"),
            '\u{c}' => self.put("\\f"),
            '\u{1b}' => self.put("\\e"),
            '\u{85}' => self.put("\\N"),
            '\u{a0}' => self.put("\\_"),
            '\u{2028}' => self.put("\\L"),
            '\u{2029}' => self.put("\\P"),
            control if control.is_control() => self.put(&format!("\\x{:02X}", control as u32)),
            '\u{feff}' => self.put("\\uFEFF"),
            other => self.put_char(other),
        }
    }

    /// `|`: the lines as they are.
    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put(&STEP.to_string());
        }
        let body = text.strip_suffix('\n');
        match body {
            None => self.put("-"),
            Some(body) if body.is_empty() || body.ends_with('\n') => self.put("+"),
            Some(_) => {}
        }
        for line in body.unwrap_or(text).split('\n') {
            if line.is_empty() {
                self.end_line();
            } else {
                self.new_line(indent);
                self.put(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn collections_are_laid_out_as_by_kubectl() {
        let value = json!({"spec": {
            "empty": {}, "none": null, "t": true,
            "list": [1, 2.5, {"a": 1, "b": [1, [2, 3]]}, [], {}, null, "x"],
            "nested": [[1, 2], [{"a": 1, "b": 2}]],
        }});
        let expected = "\
spec:
  empty: {}
  list:
  - 1
  - 2.5
  - a: 1
    b:
    - 1
    - - 2
      - 3
  - []
  - {}
  - null
  - x
  nested:
  - - 1
    - 2
  - - a: 1
      b: 2
  none: null
  t: true
";
        assert_eq!(to_yaml(&value), expected);
        assert_eq!(to_yaml(&json!([])), "[]\n");
        assert_eq!(to_yaml(&json!("x: y")), "'x: y'\n");
    }

    /// Compared with what kubectl 1.33 wrote for annotations of these values.
    #[test]
    fn long_texts_are_folded_and_lines_kept() {
        let value = json!({"metadata": {"annotations": {
            "dqfold": "a\tb c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z a b c",
            "long": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container app was using 1500Mi, request is 100Mi, has larger consumption of memory. ",
            "nl": "a\nb\n", "nl2": "a\nb", "nl3": "a\nb\n\n", "nl4": " a\nb", "nl5": "a \nb", "nl6": "\na",
            "plainlong": "Pod was active on the node longer than the specified deadline and then it was terminated by the kubelet because of that reason alone",
            "spaces": "a  b  c                                                                             d e  f g",
        }}});
        let expected = r#"metadata:
  annotations:
    dqfold: "a\tb c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h
      i j k l m n o p q r s t u v w x y z a b c"
    long: 'The node was low on resource: memory. Threshold quantity: 100Mi, available:
      52Mi. Container app was using 1500Mi, request is 100Mi, has larger consumption
      of memory. '
    nl: |
      a
      b
    nl2: |-
      a
      b
    nl3: |+
      a
      b

    nl4: |2-
       a
      b
    nl5: "a \nb"
    nl6: |2-

      a
    plainlong: Pod was active on the node longer than the specified deadline and then
      it was terminated by the kubelet because of that reason alone
    spaces: a  b  c                                                                             d
      e  f g
"#;
        assert_eq!(to_yaml(&value), expected);
    }
}
