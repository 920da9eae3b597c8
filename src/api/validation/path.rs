//! Where in an object something is wrong, and what: `field.Path` and `field.Error` of
//! `k8s.io/apimachinery/pkg/util/validation/field`, v0.34.

use std::fmt;

use serde_json::Value;

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The field, such as `spec.containers[0].image`.
    pub path: String,
    /// Kind of error, value and explanation, as Kubernetes words them.
    pub message: String,
    /// The value refused; null when something is missing or not allowed at all.
    pub bad_value: Value,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A field, as a chain up to the root. Nothing is allocated until it has to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A field of the object itself.
    pub(super) const fn root(field: &'a str) -> Self {
        Self { parent: None, step: Step::Field(field) }
    }

    pub(super) const fn child(&'a self, field: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Field(field) }
    }

    pub(super) const fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    pub(super) const fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Field(field) if self.parent.is_some() => write!(f, ".{field}"),
            Step::Field(field) => f.write_str(field),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<FieldError>);

impl Problems {
    pub(super) fn into_errors(self) -> Vec<FieldError> {
        self.0
    }

    fn add(&mut self, path: &Path<'_>, kind: &str, bad_value: Value, detail: &str) {
        let value = if bad_value.is_null() { String::new() } else { format!(": {bad_value}") };
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        self.0.push(FieldError {
            path: path.to_string(),
            message: format!("{kind}{value}{detail}"),
            bad_value,
        });
    }

    /// The value is not as it should be.
    pub(super) fn invalid(&mut self, path: &Path<'_>, value: impl Into<Value>, detail: &str) {
        self.add(path, "Invalid value", value.into(), detail);
    }

    /// Every message of a rule about a text.
    pub(super) fn invalid_text(&mut self, path: &Path<'_>, text: &str, messages: &[String]) {
        for message in messages {
            self.invalid(path, text, message);
        }
    }

    /// The value is missing.
    pub(super) fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, "Required value", Value::Null, detail);
    }

    /// There must not be a value.
    pub(super) fn forbidden(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, "Forbidden", Value::Null, detail);
    }

    /// The value occurs twice.
    pub(super) fn duplicate(&mut self, path: &Path<'_>, value: impl Into<Value>) {
        self.add(path, "Duplicate value", value.into(), "");
    }

    /// The value refers to nothing.
    pub(super) fn not_found(&mut self, path: &Path<'_>, value: &str) {
        self.add(path, "Not found", value.into(), "");
    }

    /// The value is none of those known.
    pub(super) fn unsupported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|word| format!("{word:?}")).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        self.add(path, "Unsupported value", value.into(), &detail);
    }

    /// The value takes too much room.
    pub(super) fn too_long(&mut self, path: &Path<'_>, bytes_max: usize) {
        self.add(path, "Too long", Value::Null, &format!("may not be more than {bytes_max} bytes"));
    }

    /// A word that must be given, and be one of those known.
    pub(super) fn word(&mut self, path: &Path<'_>, word: Option<&str>, supported: &[&str]) {
        match word.filter(|word| !word.is_empty()) {
            None => self.required(path, ""),
            Some(word) if !supported.contains(&word) => self.unsupported(path, word, supported),
            Some(_) => {}
        }
    }

    /// A number that must not be negative.
    pub(super) fn nonnegative(&mut self, path: &Path<'_>, number: impl Into<Option<i64>>) {
        if let Some(number) = number.into().filter(|number| *number < 0) {
            self.invalid(path, number, NOT_NEGATIVE);
        }
    }

    /// A number between two bounds.
    pub(super) fn in_range(&mut self, path: &Path<'_>, number: i64, min: i64, max: i64) {
        if number < min || number > max {
            self.invalid(path, number, &format!("must be between {min} and {max}, inclusive"));
        }
    }

    /// A port number.
    pub(super) fn port(&mut self, path: &Path<'_>, port: i32) {
        self.in_range(path, i64::from(port), 1, 65_535);
    }
}

/// What is said of a negative number.
pub(super) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_those_of_kubernetes() {
        let mut problems = Problems::default();
        let spec = Path::root("spec");
        let containers = spec.child("containers");
        let (first, limits) = (containers.index(0), spec.child("limits"));
        problems.required(&first.child("image"), "");
        problems.invalid(&limits.key("cpu"), "-1", NOT_NEGATIVE);
        problems.unsupported(&spec.child("type"), "X", &["A", "B"]);
        problems.too_long(&spec, 9);
        let texts: Vec<String> = problems.into_errors().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.containers[0].image: Required value",
                "spec.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
                "spec.type: Unsupported value: \"X\": supported values: \"A\", \"B\"",
                "spec: Too long: may not be more than 9 bytes",
            ]
        );
    }
}
