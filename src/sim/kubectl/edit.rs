//! `scale`, `set image`, `set resources` and `patch`.

use std::sync::Arc;

use serde_json::Value;

use crate::api::pod::{Container, PodSpec};
use crate::api::{ApiError, Object, Patch as ApiPatch, Request};
use crate::kubectl::output::to_value;
use crate::kubectl::verb::{Patch, PatchType, Scale, SetImage, SetResources};
use crate::source::{self, SourceFile};

use super::merge::{json_merge, json_patch, strategic};
use super::shell::Shell;

impl Shell<'_> {
    pub(super) fn scale(&mut self, scale: &Scale) {
        let objects = self.objects(&scale.targets);
        if objects.is_empty() {
            let found: Vec<String> = std::mem::take(&mut self.answer).notes;
            let why = found.first().and_then(|note| note.strip_prefix("Error from server (NotFound): "));
            let why = why.map(|why| format!(" {why}")).unwrap_or_default();
            self.error(format!("no objects passed to scale{why}"));
        }
        for object in objects {
            let Some(current) = replicas_of(&object) else {
                self.answer
                    .fail("Error from server (NotFound): the server could not find the requested resource");
                continue;
            };
            if let Some(expected) = scale.current_replicas.filter(|expected| *expected != current) {
                self.error(format!("Expected replicas to be {expected}, was {current}"));
                continue;
            }
            let version = object.metadata().resource_version;
            if let Some(expected) = scale.resource_version.filter(|expected| *expected != version) {
                self.error(format!("Expected resource version to be {expected}, was {version}"));
                continue;
            }
            let patch = ApiPatch::Replicas(scale.replicas);
            if let Some(new) = self.send_patch(object.reference(), patch) {
                self.done(&new, "scaled");
            }
        }
    }

    pub(super) fn set_image(&mut self, set: &SetImage) {
        for mut object in self.objects(&set.targets) {
            let no_template = no_template(&object);
            let Some(spec) = pod_spec_mut(&mut object) else {
                self.error(no_template);
                continue;
            };
            let mut missing = Vec::new();
            for (wanted, image) in &set.images {
                let mut found = false;
                for container in containers_mut(spec) {
                    if wanted == "*" || container.name == *wanted {
                        container.image = image.clone();
                        found = true;
                    }
                }
                if !found {
                    missing.push(format!("unable to find container named {wanted:?}"));
                }
            }
            self.update(object, "image updated");
            for message in missing {
                self.error(message);
            }
        }
    }

    pub(super) fn set_resources(&mut self, set: &SetResources) {
        for mut object in self.objects(&set.targets) {
            let no_template = no_template(&object);
            let Some(spec) = pod_spec_mut(&mut object) else {
                self.error(no_template);
                continue;
            };
            let mut found = false;
            for container in containers_mut(spec) {
                if set.containers == "*" || container.name == set.containers {
                    container.resources.limits.extend(set.limits.clone());
                    container.resources.requests.extend(set.requests.clone());
                    found = true;
                }
            }
            if found {
                self.update(object, "resource requirements updated");
            } else {
                self.error(format!("unable to find container named {}", set.containers));
            }
        }
    }

    /// Stores a changed object; says `what` if it is another one now.
    pub(super) fn update(&mut self, object: Object, what: &str) {
        let before = object.metadata().resource_version;
        if let Some(new) = self.send(Request::Update(object))
            && new.metadata().resource_version != before
        {
            self.done(&new, what);
        }
    }

    pub(super) fn patch(&mut self, patch: &Patch) {
        let change = match parse(&patch.patch) {
            Ok(change) => change,
            Err(why) => {
                self.error(format!("unable to parse {:?}: {why}", patch.patch));
                return;
            }
        };
        for object in self.objects(&patch.targets) {
            let target = object.reference();
            let new = match patched(&object, patch.kind, &change) {
                Ok(new) => new,
                Err(why) => {
                    self.answer.fail(why);
                    continue;
                }
            };
            if new.reference() != target {
                let cause = "metadata.name: Invalid value: field is immutable";
                self.answer.fail(super::shell::refusal(&ApiError::invalid(target.kind, &target.name, cause)));
                continue;
            }
            let before = object.metadata().resource_version;
            if let Some(new) = self.send(Request::Update(new)) {
                let same = new.metadata().resource_version == before;
                self.done(&new, if same { "patched (no change)" } else { "patched" });
            }
        }
    }
}

fn no_template(object: &Object) -> String {
    let (names, name) = (object.kind().names(), &object.metadata().name);
    let version = names.api_version.rsplit('/').next().unwrap_or_default();
    let (plural, kind) = (names.plural, names.name);
    format!("{plural}/{name} the object is not a pod or does not have a pod template: *{version}.{kind}")
}

/// JSON or YAML.
fn parse(text: &str) -> Result<Value, String> {
    let documents = source::parse(&SourceFile::new("patch", text)).map_err(|problem| problem.one_line())?;
    let document = documents.first().ok_or("it is empty")?;
    Ok(document.root.to_json())
}

fn patched(object: &Object, kind: PatchType, change: &Value) -> Result<Object, String> {
    let mut value = to_value(object);
    match kind {
        PatchType::Strategic => strategic(&mut value, change, ""),
        PatchType::Merge => json_merge(&mut value, change),
        PatchType::Json => json_patch(&mut value, change)
            .map_err(|why| format!("The request is invalid: the server rejected our request: {why}"))?,
    }
    Object::deserialize_as(object.kind(), value).map_err(|error| {
        format!(
            "Error from server (BadRequest): {} in version \"v1\" cannot be handled: {error}",
            object.kind()
        )
    })
}

/// How many pods an object should have, for kinds that can be scaled.
pub(super) fn replicas_of(object: &Object) -> Option<i32> {
    let replicas = match object {
        Object::Deployment(object) => object.spec.replicas,
        Object::ReplicaSet(object) => object.spec.replicas,
        Object::ReplicationController(object) => object.spec.replicas,
        Object::StatefulSet(object) => object.spec.replicas,
        _ => return None,
    };
    Some(replicas.unwrap_or(1))
}

/// The pod, or the template of a workload, to change.
pub(super) fn pod_spec_mut(object: &mut Object) -> Option<&mut PodSpec> {
    let spec = match object {
        Object::Pod(pod) => &mut Arc::make_mut(pod).spec,
        Object::Deployment(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::ReplicaSet(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::ReplicationController(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::StatefulSet(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::DaemonSet(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::Job(object) => &mut Arc::make_mut(object).spec.template.spec,
        Object::CronJob(object) => &mut Arc::make_mut(object).spec.job_template.spec.template.spec,
        _ => return None,
    };
    Some(Arc::make_mut(spec))
}

fn containers_mut(spec: &mut PodSpec) -> impl Iterator<Item = &mut Container> {
    spec.init_containers.iter_mut().chain(&mut spec.containers)
}
