//! Rules for names, label keys and values, and port names.
//!
//! Follows `k8s.io/apimachinery/pkg/util/validation` v0.34, with its wording. A rule returns all messages that
//! apply; an empty list means that the text is valid. Lengths are in bytes, as there.

/// Longest DNS label, label value and name part of a label key.
pub const LABEL_MAX: usize = 63;
/// Longest DNS subdomain.
pub const SUBDOMAIN_MAX: usize = 253;
/// Longest name of a port.
pub const PORT_NAME_MAX: usize = 15;

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_FORMAT: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// A label or annotation key: an optional DNS subdomain and `/`, then a name of at most 63.
pub fn qualified_name(text: &str) -> Vec<String> {
    let form = || {
        let must = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                    alphanumeric character";
        pattern(must, QUALIFIED_FORMAT, &["MyName", "my.name", "123-abc"])
    };
    let mut parts = text.split('/');
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if third.is_some() {
        return vec![format!(
            "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
            form()
        )];
    }
    let mut messages = Vec::new();
    let name = match second {
        None => first,
        Some(name) => {
            if first.is_empty() {
                messages.push("prefix part must be non-empty".to_owned());
            } else {
                messages.extend(
                    dns1123_subdomain(first).into_iter().map(|problem| format!("prefix part {problem}")),
                );
            }
            name
        }
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        messages.push(format!("name part {}", too_long(LABEL_MAX)));
    }
    if !is_name_part(name) {
        messages.push(format!("name part {}", form()));
    }
    messages
}

/// The value of a label: empty, or like the name part of a key.
pub fn label_value(text: &str) -> Vec<String> {
    let mut messages = length(text, LABEL_MAX);
    if !text.is_empty() && !is_name_part(text) {
        messages.push(pattern(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
            &format!("({QUALIFIED_FORMAT})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    messages
}

/// A DNS label by RFC 1123: namespaces, containers, volumes.
pub fn dns1123_label(text: &str) -> Vec<String> {
    let mut messages = length(text, LABEL_MAX);
    if !is_dns_label(text) {
        messages.push(if is_dns_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            pattern(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character",
                LABEL_FORMAT,
                &["my-name", "123-abc"],
            )
        });
    }
    messages
}

/// DNS labels joined by dots: the names of most objects.
pub fn dns1123_subdomain(text: &str) -> Vec<String> {
    let mut messages = length(text, SUBDOMAIN_MAX);
    if !is_dns_subdomain(text) {
        messages.push(pattern(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character",
            &format!("{LABEL_FORMAT}(\\.{LABEL_FORMAT})*"),
            &["example.com"],
        ));
    }
    messages
}

/// One segment of the path of a URL: roles and their bindings, such as `system:node`.
///
/// Source: apimachinery `IsValidPathSegmentName`, 1.34.
pub fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"]
        .into_iter()
        .filter(|part| text.contains(part))
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// A DNS label by RFC 1035, which begins with a letter: services.
pub fn dns1035_label(text: &str) -> Vec<String> {
    let mut messages = length(text, LABEL_MAX);
    if !is_dns_label(text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        messages.push(pattern(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character",
            LABEL_1035_FORMAT,
            &["my-name", "abc-123"],
        ));
    }
    messages
}

/// The name of a port (an IANA service name).
pub fn port_name(text: &str) -> Vec<String> {
    let mut messages = length(text, PORT_NAME_MAX);
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if text.is_empty() || !text.bytes().all(allowed) {
        messages.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.bytes().any(|c| c.is_ascii_lowercase()) {
        messages.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        messages.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        messages.push("must not begin or end with a hyphen".to_owned());
    }
    messages
}

/// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`
fn is_name_part(text: &str) -> bool {
    framed(text, |c| c.is_ascii_alphanumeric(), |c| matches!(c, b'-' | b'_' | b'.'))
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
fn is_dns_label(text: &str) -> bool {
    framed(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit(), |c| c == b'-')
}

fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

/// Whether `text` begins and ends with a character of `ends` and has only those and `inside` between.
fn framed(text: &str, ends: impl Fn(u8) -> bool, inside: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    ends(*first) && ends(*last) && bytes.iter().all(|c| ends(*c) || inside(*c))
}

fn length(text: &str, max: usize) -> Vec<String> {
    if text.len() > max { vec![too_long(max)] } else { Vec::new() }
}

/// What is said of a text of more than `max` bytes.
pub fn too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// The sentence about a regular expression, with examples; the doubled blank is upstream's.
fn pattern(must: &str, format: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{must} (e.g. {}regex used for validation is '{format}')", examples.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_of_length() {
        assert_eq!(label_value(&"a".repeat(63)), Vec::<String>::new());
        assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(dns1123_subdomain(&"a".repeat(253)), Vec::<String>::new());
        assert_eq!(dns1123_subdomain(&"a".repeat(254)).len(), 1);
        assert_eq!(port_name("fifteen-letters"), Vec::<String>::new());
    }

    #[test]
    fn a_name_with_dots_is_no_label() {
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
        assert!(dns1123_label("a..b")[0].starts_with("a lowercase RFC 1123 label"));
    }

    #[test]
    fn services_begin_with_a_letter() {
        assert!(dns1035_label("1a").len() == 1 && dns1123_label("1a").is_empty());
    }

    #[test]
    fn keys_have_at_most_one_slash() {
        assert!(qualified_name("example.com/Name_1").is_empty());
        assert!(qualified_name("a/b/c")[0].starts_with("a qualified name must consist"));
        assert_eq!(qualified_name("/b")[0], "prefix part must be non-empty");
        assert_eq!(qualified_name("a/").len(), 2);
    }
}
