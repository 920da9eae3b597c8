//! Pages of kinds that are only kept: ConfigMaps and Secrets.

use serde_json::Value;

use crate::api::kept::{ConfigMap, Content, Secret};

use super::page::{Page, line};

pub(super) fn config_map(page: &mut Page, map: &ConfigMap) {
    page.name_and_namespace(&map.metadata);
    page.labels_and_annotations(&map.metadata);
    line!(page, 0, "\nData\n====");
    for (key, value) in entries(&map.content, "data") {
        line!(page, 0, "{key}:\n----\n{value}\n");
    }
    line!(page, 0, "\nBinaryData\n====");
    for (key, value) in entries(&map.content, "binaryData") {
        line!(page, 0, "{key}: {} bytes", decoded_len(value));
    }
    line!(page, 0, "");
}

pub(super) fn secret(page: &mut Page, secret: &Secret) {
    page.name_and_namespace(&secret.metadata);
    page.labels_and_annotations(&secret.metadata);
    let kind = secret.content.text(&["type"]);
    line!(page, 0, "\nType:\t{kind}\n\nData\n====");
    for (key, value) in entries(&secret.content, "data") {
        line!(page, 0, "{key}:\t{} bytes", decoded_len(value));
    }
}

/// The texts of a map, by key.
fn entries<'a>(content: &'a Content, field: &str) -> Vec<(&'a str, &'a str)> {
    let map = content.at(&[field]).and_then(Value::as_object);
    let text = |(key, value): (&'a String, &'a Value)| Some((key.as_str(), value.as_str()?));
    let mut entries: Vec<_> = map.into_iter().flatten().filter_map(text).collect();
    entries.sort_unstable();
    entries
}

/// How many bytes a text in base64 stands for.
fn decoded_len(base64: &str) -> usize {
    base64.bytes().filter(|byte| !matches!(byte, b'=' | b'\n' | b'\r')).count() * 3 / 4
}
