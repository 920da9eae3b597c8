//! From what a command is about to the objects.

use crate::api::{ApiError, FieldSelector, Kind, Object, Selector};

use super::output::to_value;
use super::parse::Scope;
use super::resource::{Selected, Target, Targets};
use super::source::{Answer, ObjectSource};

/// Objects of one kind, in the order in which they are shown.
pub struct Group {
    /// The kind.
    pub kind: Kind,
    /// The objects.
    pub objects: Vec<Object>,
}

/// The objects that `targets` names or selects, grouped by kind. Names that do not exist fail in `answer`.
pub fn select<S: ObjectSource + ?Sized>(
    targets: &Targets,
    scope: &Scope,
    default_namespace: &str,
    source: &S,
    answer: &mut Answer,
) -> Vec<Group> {
    let namespace = scope.namespace_or(default_namespace);
    match targets {
        Targets::Named(targets) => {
            let find = |target: &Target| source.get(target.kind, namespace.unwrap_or_default(), &target.name);
            let mut groups: Vec<Group> = Vec::new();
            for target in targets {
                let Some(object) = find(target) else {
                    answer.fail(ApiError::not_found(target.kind, &target.name).to_string());
                    continue;
                };
                match groups.last_mut() {
                    Some(group) if group.kind == target.kind => group.objects.push(object),
                    _ => groups.push(Group { kind: target.kind, objects: vec![object] }),
                }
            }
            groups
        }
        Targets::Selected(selected) => {
            let group = |kind: &Kind| Group {
                kind: *kind,
                objects: list(*kind, selected, namespace, source, answer),
            };
            selected.kinds.iter().map(group).collect()
        }
        Targets::Files(_) => {
            answer.fail("error: files are read by the steps of a scenario, not here");
            Vec::new()
        }
    }
}

fn list<S: ObjectSource + ?Sized>(
    kind: Kind,
    selected: &Selected,
    namespace: Option<&str>,
    source: &S,
    answer: &mut Answer,
) -> Vec<Object> {
    let filter = match Filter::new(selected, kind) {
        Ok(filter) => filter,
        Err(why) => {
            answer.fail(format!("Error from server (BadRequest): {}", selected.cannot_find(kind, &why)));
            return Vec::new();
        }
    };
    let namespace = namespace.filter(|_| kind.names().namespaced);
    let mut objects = source.list(kind, namespace);
    objects.retain(|object| filter.passes(object));
    // The order of the server's store, whatever the source does.
    objects.sort_by(|a, b| key(a).cmp(&key(b)));
    objects
}

/// Namespace and name. An event's name ends with its time in hexadecimal, which has the same number of digits everywhere
/// in a real cluster; here it counts from the beginning of the run, and those with fewer digits are earlier.
fn key(object: &Object) -> (&str, &str, usize, &str) {
    let metadata = object.metadata();
    let name = metadata.name.as_str();
    let (about, time) = match object {
        Object::Event(_) => name.rsplit_once('.').unwrap_or((name, "")),
        _ => (name, ""),
    };
    (&metadata.namespace, about, time.len(), time)
}

/// Compiled selectors.
pub(super) struct Filter {
    labels: Selector,
    fields: FieldSelector,
}

impl Filter {
    pub(super) fn new(selected: &Selected, kind: Kind) -> Result<Self, String> {
        let labels = Selector::parse(selected.labels.as_deref().unwrap_or_default());
        let fields = FieldSelector::parse(selected.fields.as_deref().unwrap_or_default());
        let (labels, fields) = (labels.map_err(|e| e.to_string())?, fields.map_err(|e| e.to_string())?);
        fields.check_supported(kind).map_err(|error| error.to_string())?;
        Ok(Self { labels, fields })
    }

    pub(super) fn passes(&self, object: &Object) -> bool {
        self.labels.matches(&object.metadata().labels)
            && (self.fields.is_empty() || self.fields.matches(|field| field_value(object, field)))
    }
}

/// The value of a field that objects can be selected by, as text.
fn field_value(object: &Object, field: &str) -> Option<String> {
    let text = |name: &str| Some(name.to_owned());
    match (object, field) {
        (_, "metadata.name") => text(&object.metadata().name),
        (_, "metadata.namespace") => text(&object.metadata().namespace),
        (Object::Pod(pod), "spec.nodeName") => pod.node_name.as_ref().map(ToString::to_string),
        (Object::Pod(pod), "status.phase") => text(pod.status.phase.as_str()),
        (Object::Pod(pod), "spec.hostNetwork") => text(if pod.spec.host_network { "true" } else { "false" }),
        (Object::Node(node), "spec.unschedulable") => {
            text(if node.spec.unschedulable { "true" } else { "false" })
        }
        (Object::Event(event), "source") => text(&event.source.component),
        (Object::Job(job), "status.successful") => Some(job.status.succeeded.to_string()),
        _ => {
            let value = to_value(object);
            match value.pointer(&format!("/{}", field.replace('.', "/")))? {
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        }
    }
}
