//! A scenario with another value of one field: what sweeps vary.

use std::sync::Arc;

use super::manifest::GROUP;
use crate::api::Kind;
use crate::source::{self, Document, SourceFile};

/// The files with one field set to another value, as it would be written in YAML.
///
/// `field` is a path in the Scenario (`spec.settings.nodeMonitorGracePeriod`, `spec.cluster.nodePools[0].count`), or in
/// another document after its kind and name (`deployment/web:spec.replicas`, `appmodel/web:spec.startup.after`).
///
/// # Errors
/// When there is no such document or place; the message says what there is. Whether the value fits is found when the
/// files are read.
pub fn with_field(
    files: &[Arc<SourceFile>],
    field: &str,
    value: &str,
) -> Result<Vec<Arc<SourceFile>>, String> {
    let (object, path) = field.split_once(':').map_or((None, field), |(object, path)| (Some(object), path));
    let mut names = Vec::new();
    for (at, file) in files.iter().enumerate() {
        // A file that cannot be read says so when the scenario is.
        for document in source::parse_lenient(file).unwrap_or_default() {
            if !is_meant(&document, object) {
                names.extend(name_of(&document));
                continue;
            }
            let mut files = files.to_vec();
            files[at] = source::set_field(&document, path, value)?;
            return Ok(files);
        }
    }
    match object {
        None => {
            // Plain manifests: a Scenario that says nothing else.
            let text = format!("apiVersion: {GROUP}/v1alpha1\nkind: Scenario\nmetadata: {{name: varied}}\n");
            let file = SourceFile::new("--vary", text);
            let document = source::parse_lenient(&file).unwrap_or_default();
            let document = document.first().ok_or("there is no Scenario")?;
            Ok(files.iter().cloned().chain([source::set_field(document, path, value)?]).collect())
        }
        Some(object) => {
            let near = source::nearest(object, names.iter().map(String::as_str));
            let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            Err(format!("there is no `{object}` in these files{help}"))
        }
    }
}

fn text<'a>(document: &'a Document, path: &str) -> Option<&'a str> {
    document.root.at_path(path).and_then(source::Node::as_str)
}

fn name_of(document: &Document) -> Option<String> {
    Some(format!("{}/{}", text(document, "kind")?.to_lowercase(), text(document, "metadata.name")?))
}

/// Whether a document is the one called `kind/name`; without a name the Scenario.
fn is_meant(document: &Document, object: Option<&str>) -> bool {
    let kind = text(document, "kind").unwrap_or_default();
    let Some(object) = object else { return kind == "Scenario" };
    let Some((word, name)) = object.split_once('/') else { return false };
    let of_kind = kind.eq_ignore_ascii_case(word)
        || Kind::from_word(word).is_some_and(|meant| Kind::from_manifest(kind) == Some(meant));
    let (namespace, name) = name.split_once('/').map_or((None, name), |(space, name)| (Some(space), name));
    of_kind
        && text(document, "metadata.name") == Some(name)
        && namespace.is_none_or(|it| text(document, "metadata.namespace").unwrap_or("default") == it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "kind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 2}\n---\nkind: Scenario\nspec: {seed: 1}\n";

    fn varied(field: &str, value: &str) -> Result<String, String> {
        let files = with_field(&[SourceFile::new("f.yaml", FILE)], field, value)?;
        Ok(files.iter().map(|file| file.text().to_owned()).collect())
    }

    #[test]
    fn fields_of_the_scenario_and_of_objects_are_found() {
        assert!(varied("spec.settings.x", "1").unwrap().ends_with("spec: {settings: {x: 1}, seed: 1}\n"));
        for field in ["deploy/web:spec.replicas", "deployment/shop/web:spec.replicas"] {
            assert!(varied(field, "5").unwrap().contains("spec: {replicas: 5}\n"), "{field}");
        }
        let problem = varied("deployment/wep:spec.replicas", "5").unwrap_err();
        assert_eq!(problem, "there is no `deployment/wep` in these files: did you mean `deployment/web`?");
    }

    #[test]
    fn plain_manifests_get_a_scenario() {
        let files = [SourceFile::new("f.yaml", "kind: Pod\n")];
        let files = with_field(&files, "spec.duration", "5m").unwrap();
        assert!(files[1].text().contains("spec: {duration: 5m}"), "{}", files[1].text());
    }
}
