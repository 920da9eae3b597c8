//! Kubernetes objects as they come: from `kubectl apply` files, from `kubectl get -o yaml`, of any age.
//!
//! Other people's manifests must run unchanged, so little is an error here: what cannot be an object at all (no
//! kind, no name, a text where a number must be). The rest is accepted, and the user is told what will not be
//! simulated. What is said of many objects is said once, with a number; [`Notes`] counts.

mod effect;
mod legacy;
mod notes;

use std::collections::BTreeSet;

use serde::Deserializer;
use serde::de::DeserializeSeed;

use super::model::Manifest;
use super::read::{Fields, Read, Value};
use crate::api::names;
use crate::api::object::{Kind, Object};
use crate::base::Name;
use crate::source::{self, Severity, UnknownField};
pub(super) use notes::Notes;

/// The group of our own kinds.
pub(super) const GROUP: &str = "shakedown.sim";

/// Groups of Kubernetes itself without `.k8s.io`. A `Service` of another group is not the Service we know.
const GROUPS: [&str; 6] = ["", "apps", "autoscaling", "batch", "extensions", "policy"];

/// Kinds that are not known and live outside of namespaces.
const CLUSTER_SCOPED: [&str; 13] = [
    "APIService",
    "CertificateSigningRequest",
    "CSIDriver",
    "CSINode",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "MutatingWebhookConfiguration",
    "PodSecurityPolicy",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Reads the value of `apply`: one object or a list of them.
pub(super) fn inline(value: &Value<'_>) -> Read<Vec<Manifest>> {
    let manifests: Vec<Manifest> = value.one_or_more(objects)?.into_iter().flatten().collect();
    if manifests.is_empty() {
        return value.wrong("missing-object", "there is no object to apply");
    }
    Ok(manifests)
}

/// Reads a document: one object, or a `List` of them.
pub(super) fn objects(value: &Value<'_>) -> Read<Vec<Manifest>> {
    unpack(value, None)
}

/// What the items of a `PodList` are when they do not say it themselves.
struct Implied {
    api_version: Name,
    kind: Name,
}

fn unpack(value: &Value<'_>, implied: Option<&Implied>) -> Read<Vec<Manifest>> {
    let fields = value.open_fields()?;
    let kind = said_or_implied(&fields, "kind", implied.map(|implied| &implied.kind));
    let api_version = said_or_implied(&fields, "apiVersion", implied.map(|implied| &implied.api_version));
    let (kind, api_version) = (kind?, api_version?);
    if let Some(singular) = kind.strip_suffix("List")
        && (singular.is_empty() || fields.has("items"))
    {
        let implied = (!singular.is_empty()).then(|| Implied { api_version, kind: singular.into() });
        let items = fields.optional("items", |items| items.items(|item| unpack(item, implied.as_ref())))?;
        return Ok(items.into_iter().flatten().flatten().collect());
    }
    object(value, &fields, &api_version, &kind).map(|manifest| vec![manifest])
}

fn said_or_implied(fields: &Fields<'_>, name: &'static str, implied: Option<&Name>) -> Read<Name> {
    match implied {
        Some(implied) if !fields.has(name) => Ok(implied.clone()),
        _ => fields.need(name, Value::some_text),
    }
}

/// The kind of object that a manifest means.
fn kind_of(api_version: &str, kind: &str) -> Kind {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let known = GROUPS.contains(&group) || group.ends_with(".k8s.io");
    Kind::from_manifest(kind).filter(|_| known).unwrap_or(Kind::Unsimulated)
}

/// Reads an object of a kind that is known only now.
struct OfKind(Kind);

impl<'de> DeserializeSeed<'de> for OfKind {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        Object::deserialize_as(self.0, deserializer)
    }
}

fn object(value: &Value<'_>, fields: &Fields<'_>, api_version: &str, word: &str) -> Read<Manifest> {
    if api_version.split('/').next() == Some(GROUP) {
        let message = format!("`{word}` is a document of its own and cannot stand here");
        return value.wrong("invalid-value", message);
    }
    let kind = kind_of(api_version, word);
    let (mut object, unknown) = decode(value, fields, kind)?;
    if kind.is_simulated() {
        effect::note(value.node, value.context);
        let here = value.path().to_string();
        for field in unknown.iter().filter(|field| !effect::is_silent(field, &here)) {
            value.context.report(field.to_diagnostic(value.context.file, Severity::Warning));
        }
    } else if !matches!(kind, Kind::ConfigMap | Kind::Secret) {
        // A `Service` of Knative is not what people think of first.
        let foreign = kind == Kind::Unsimulated && Kind::from_manifest(word).is_some();
        let what = if foreign { format!("{word} of {api_version}") } else { word.to_owned() };
        let place = fields.get("kind").map_or_else(|| value.name_place(), |kind| kind.place());
        value.context.notes.borrow_mut().unsimulated(&what, &place);
    }
    legacy::modernise(api_version, &mut object);
    let namespaced = kind.names().namespaced && !CLUSTER_SCOPED.contains(&word);
    let namespace = &mut object.metadata_mut().namespace;
    if !namespaced {
        *namespace = Name::default();
    } else if namespace.is_empty() {
        *namespace = "default".into();
    }
    Ok(Manifest { object, place: value.name_place() })
}

/// The object, and the fields its type does not have. Its name and the rest are read apart, for both may be wrong;
/// but nothing is said twice.
fn decode(value: &Value<'_>, fields: &Fields<'_>, kind: Kind) -> Read<(Object, Vec<UnknownField>)> {
    let name = fields.need("metadata", |metadata| object_name(metadata, kind));
    match source::from_node_seed(value.node, value.path(), OfKind(kind)) {
        Ok(read) => name.map(|()| read),
        Err(error) => {
            let told = ["metadata", "metadata.name", "metadata.namespace"];
            if told.iter().any(|path| error.path().ends_with(path)) {
                name?;
            }
            value.refused(error)
        }
    }
}

/// Checks `metadata.name`, which may be missing only when the server is to make one.
fn object_name(metadata: &Value<'_>, kind: Kind) -> Read<()> {
    let fields = metadata.open_fields()?;
    if fields.has("generateName") && !fields.has("name") {
        return Ok(());
    }
    fields.need("name", |value| {
        // What names a kind that is not simulated may have is not known here.
        match kind {
            Kind::Unsimulated => value.some_text(),
            Kind::Role | Kind::ClusterRole | Kind::RoleBinding | Kind::ClusterRoleBinding => {
                value.path_segment()
            }
            _ => value.object_name(),
        }
    })?;
    fields.optional("namespace", |value| {
        let text = value.text()?;
        if text.is_empty() { Ok(()) } else { value.check_name(&text, names::dns1123_label) }
    })?;
    Ok(())
}

/// The kinds of a manifest's words, for suggestions.
pub(super) fn known_kinds() -> BTreeSet<&'static str> {
    Kind::ALL.iter().filter(|kind| **kind != Kind::Unsimulated).map(|kind| kind.as_str()).collect()
}
