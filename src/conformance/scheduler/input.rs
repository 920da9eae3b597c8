//! The objects of a case, as the scheduler sees them: with what the API server fills in when they are created.

use std::sync::Arc;

use serde::Deserialize;

use crate::api::defaults::apply_defaults;
use crate::api::pod::{Pod, PodSpec, PreemptionPolicy};
use crate::api::policy::PriorityClass;
use crate::api::{Kind, Object, Resource, match_label_keys};

#[derive(Deserialize)]
struct List {
    items: Vec<serde_json::Value>,
}

/// Reads the objects of a file, in order.
pub(super) fn read(text: &str) -> Result<Vec<Object>, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let objects = list.items.into_iter().map(|item| {
        let kind = item.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
        let known = Kind::from_manifest(&kind).ok_or_else(|| format!("unknown kind `{kind}`"))?;
        Object::deserialize_as(known, item).map_err(|error| format!("{kind}: {error}"))
    });
    objects.collect()
}

/// The pod with what the API server fills in before the scheduler sees it.
pub(super) fn admit(pod: &Arc<Pod>, classes: &[Arc<PriorityClass>]) -> Pod {
    let mut object = Object::Pod(pod.clone());
    apply_defaults(&mut object);
    let mut pod = Pod::from_object(&object).map_or_else(|| (**pod).clone(), |pod| (**pod).clone());
    set_priority(Arc::make_mut(&mut pod.spec), classes);
    match_label_keys::merge(&mut pod);
    pod
}

/// The class named, or the default class, gives the priority.
fn set_priority(spec: &mut PodSpec, classes: &[Arc<PriorityClass>]) {
    let class = match &spec.priority_class_name {
        Some(name) if !name.is_empty() => classes.iter().find(|class| class.metadata.name == *name),
        _ => classes.iter().filter(|class| class.global_default).min_by_key(|class| class.value),
    };
    spec.priority = Some(class.map_or(0, |class| class.value));
    let policy = class.and_then(|class| class.preemption_policy);
    spec.preemption_policy = Some(policy.unwrap_or(PreemptionPolicy::PreemptLowerPriority));
}
