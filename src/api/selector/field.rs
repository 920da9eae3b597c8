//! Field selectors, such as `spec.nodeName=n1,status.phase!=Failed`.
//!
//! Follows `k8s.io/apimachinery/pkg/fields/selector.go` v0.34: `=`, `==` and `!=`, joined by AND; `\`, `,` and `=` in
//! values are written `\\`, `\,` and `\=`. An absent field counts as an empty text. Which fields a kind supports is
//! from the conversion functions of `pkg/apis/*/v1` (1.34).

use std::fmt;
use std::sync::Arc;

use super::SelectorError;
use crate::api::object::Kind;
use crate::base::Name;

/// Conditions on fields that must all hold.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FieldSelector {
    terms: Arc<[Term]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: Name,
    negated: bool,
    value: Name,
}

impl FieldSelector {
    /// Reads what `kubectl --field-selector` takes. Empty text selects everything.
    ///
    /// # Errors
    /// When a term has no operator, or a value has a bad escape.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let mut terms = Vec::with_capacity(parts.len());
        for part in parts {
            if part.is_empty() {
                continue;
            }
            let Some((field, negated, value)) = split_term(part) else {
                let message = format!("invalid selector: '{text}'; can't understand '{part}'");
                return Err(SelectorError::new(message));
            };
            terms.push(Term { field: field.into(), negated, value: unescape(value)?.into() });
        }
        Ok(Self { terms: terms.into() })
    }

    /// The selector of objects whose `field` is `value`.
    pub fn equal(field: impl Into<Name>, value: impl Into<Name>) -> Self {
        Self { terms: Arc::from([Term { field: field.into(), negated: false, value: value.into() }]) }
    }

    /// Whether an object is selected whose fields `field_value` gives; `None` counts as an empty text.
    pub fn matches<V: AsRef<str>>(&self, field_value: impl Fn(&str) -> Option<V>) -> bool {
        self.terms.iter().all(|term| {
            let value = field_value(&term.field);
            let equal = value.as_ref().map_or("", AsRef::as_ref) == term.value.as_str();
            equal != term.negated
        })
    }

    /// The value that `field` must have, if there is a term that says so.
    pub fn required_value(&self, field: &str) -> Option<&Name> {
        self.terms.iter().find(|term| !term.negated && term.field == field).map(|term| &term.value)
    }

    /// The fields that are asked about, in order.
    pub fn fields(&self) -> impl Iterator<Item = &Name> {
        self.terms.iter().map(|term| &term.field)
    }

    /// Whether there is no condition, so that everything is selected.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Refuses fields that objects of `kind` cannot be selected by.
    ///
    /// # Errors
    /// `field label not supported: X`, which the server answers with 400.
    pub fn check_supported(&self, kind: Kind) -> Result<(), SelectorError> {
        match self.fields().find(|field| !is_supported(kind, field)) {
            Some(field) => Err(SelectorError::new(format!("field label not supported: {field}"))),
            None => Ok(()),
        }
    }
}

/// Whether objects of `kind` can be selected by `field`.
fn is_supported(kind: Kind, field: &str) -> bool {
    const POD: &[&str] = &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ];
    const EVENT: &[&str] = &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ];
    let more: &[&str] = match kind {
        Kind::Pod => POD,
        Kind::Event => EVENT,
        Kind::Node => &["spec.unschedulable"],
        Kind::ReplicationController => &["status.replicas"],
        Kind::Job => &["status.successful"],
        Kind::Namespace => &["status.phase"],
        Kind::Service => &["spec.clusterIP", "spec.type"],
        _ => &[],
    };
    matches!(field, "metadata.name" | "metadata.namespace") || more.contains(&field)
}

/// Splits at commas that no backslash protects.
fn split_terms(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Field, whether negated, and value as written.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    for (at, _) in term.char_indices() {
        for operator in ["!=", "==", "="] {
            if let Some(value) = term[at..].strip_prefix(operator) {
                return Some((&term[..at], operator == "!=", value));
            }
        }
    }
    None
}

fn unescape(text: &str) -> Result<String, SelectorError> {
    let bad = |sequence: &str| {
        SelectorError::new(format!("invalid field selector: invalid escape sequence: {sequence}"))
    };
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                Some(other) => return Err(bad(&format!("\\{other}"))),
                None => return Err(bad("\\")),
            },
            ',' | '=' => {
                let message =
                    format!("invalid field selector: unescaped character in value: {}", character as u32);
                return Err(SelectorError::new(message));
            }
            other => value.push(other),
        }
    }
    Ok(value)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            let operator = if term.negated { "!=" } else { "=" };
            write!(f, "{}{}{operator}", if at == 0 { "" } else { "," }, term.field)?;
            for character in term.value.chars() {
                let escape = if matches!(character, '\\' | ',' | '=') { "\\" } else { "" };
                write!(f, "{escape}{character}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(field: &str) -> Option<&'static str> {
        match field {
            "spec.nodeName" => Some("n1"),
            "status.phase" => Some("Running"),
            "odd" => Some("a,b=c\\"),
            _ => None,
        }
    }

    #[test]
    fn terms_are_joined_by_and() {
        for (text, expected) in [
            ("", true),
            ("spec.nodeName=n1", true),
            ("spec.nodeName==n1,status.phase!=Failed", true),
            ("spec.nodeName!=n1", false),
            ("metadata.name=", true),
            ("metadata.name!=", false),
            ("odd=a\\,b\\=c\\\\", true),
        ] {
            assert_eq!(FieldSelector::parse(text).unwrap().matches(value), expected, "{text}");
        }
    }

    #[test]
    fn bad_text_is_refused() {
        for text in ["spec.nodeName", "a=b=c", "a=\\x", "a=\\"] {
            assert!(FieldSelector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_round_trips() {
        for text in ["a=b", "a!=b,c=d", "odd=a\\,b\\=c\\\\"] {
            assert_eq!(FieldSelector::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn each_kind_has_its_fields() {
        let by_node = FieldSelector::equal("spec.nodeName", "n1");
        assert!(by_node.check_supported(Kind::Pod).is_ok());
        let error = by_node.check_supported(Kind::Node).unwrap_err();
        assert_eq!(error.message, "field label not supported: spec.nodeName");
        assert_eq!(by_node.required_value("spec.nodeName").unwrap(), &"n1");
    }
}
