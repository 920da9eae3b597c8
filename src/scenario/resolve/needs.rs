//! Programs that need services, whose programs need services: rings in which all wait for each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::Labels;
use crate::api::object::Object;
use crate::api::pod::{PodSpec, PodTemplate};
use crate::api::selector::Selector;
use crate::base::Name;
use crate::scenario::model::{Manifest, Place};
use crate::source::Diagnostic;
use crate::workload::{AppModel, Apps};

/// Pods that a manifest makes.
struct Pods<'a> {
    namespace: &'a Name,
    labels: &'a Labels,
    spec: &'a PodSpec,
}

/// A program that needs a service which another program stands behind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Need<'a> {
    service: String,
    provider: &'a Name,
}

/// A warning for every needed service that does not exist, and an error for the first ring found.
pub(super) fn check(apps: &[(AppModel, Place)], objects: &[Manifest]) -> Vec<Diagnostic> {
    let services: BTreeMap<(&Name, &Name), Option<Selector>> = objects.iter().filter_map(service).collect();
    let pods: Vec<Pods<'_>> = objects.iter().filter_map(|manifest| pods(&manifest.object)).collect();
    let models = Apps::new(apps.iter().map(|(app, _)| app.clone()).collect());
    let programs: Vec<Vec<&Name>> = pods.iter().map(|pods| programs(pods, &models)).collect();

    let mut needs: BTreeMap<&Name, BTreeSet<Need<'_>>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (app, place) in apps {
        for needed in needed_by(app) {
            let mut found = false;
            let homes = pods.iter().zip(&programs).filter(|(_, programs)| programs.contains(&&app.name));
            for (home, _) in homes {
                let (namespace, name) = resolve(needed, home.namespace);
                let Some(selector) = services.get(&(&namespace, &name)) else { continue };
                found = true;
                let Some(selector) = selector else { continue };
                let behind = pods
                    .iter()
                    .zip(&programs)
                    .filter(|(pods, _)| *pods.namespace == namespace && selector.matches(pods.labels));
                for provider in behind.flat_map(|(_, programs)| programs.iter().copied()) {
                    let service = format!("{namespace}/{name}");
                    needs.entry(&app.name).or_default().insert(Need { service, provider });
                }
            }
            let used = programs.iter().any(|programs| programs.contains(&&app.name));
            if used && !found {
                let message = format!("`{}` needs service `{needed}`, which is in no manifest", app.name);
                problems.push(place.label(Diagnostic::warning("unknown-object", message), ""));
            }
        }
    }
    problems.extend(ring(&needs).map(|ring| ring_problem(&ring, apps)));
    problems
}

fn needed_by(app: &AppModel) -> BTreeSet<&Name> {
    app.http.iter().flat_map(|rule| &rule.needs).collect()
}

/// `db` in the namespace of whoever needs it, `shop/db` anywhere.
fn resolve(needed: &Name, home: &Name) -> (Name, Name) {
    match needed.split_once('/') {
        Some((namespace, name)) => (namespace.into(), name.into()),
        None => (home.clone(), needed.clone()),
    }
}

/// A service with the selector of its pods; services without one are served by nobody we know.
fn service(manifest: &Manifest) -> Option<((&Name, &Name), Option<Selector>)> {
    let Object::Service(service) = &manifest.object else { return None };
    let labels = &service.spec.selector;
    let selector = (!labels.is_empty()).then(|| Selector::from_labels(labels));
    Some(((&service.metadata.namespace, &service.metadata.name), selector))
}

fn pods(object: &Object) -> Option<Pods<'_>> {
    let namespace = &object.metadata().namespace;
    let template: &PodTemplate = match object {
        Object::Pod(pod) => return Some(Pods { namespace, labels: &pod.metadata.labels, spec: &pod.spec }),
        Object::ReplicationController(object) => &object.spec.template,
        Object::ReplicaSet(object) => &object.spec.template,
        Object::Deployment(object) => &object.spec.template,
        Object::StatefulSet(object) => &object.spec.template,
        Object::DaemonSet(object) => &object.spec.template,
        Object::Job(object) => &object.spec.template,
        Object::CronJob(object) => &object.spec.job_template.spec.template,
        _ => return None,
    };
    Some(Pods { namespace, labels: &template.metadata.labels, spec: &template.spec })
}

/// The programs of the containers; init containers are over when anyone asks for the service.
fn programs<'a>(pods: &Pods<'_>, models: &'a Apps) -> Vec<&'a Name> {
    let containers = pods.spec.containers.iter();
    let named = |model: &'a Arc<AppModel>| &model.name;
    containers
        .map(|container| named(models.model_for(&container.image, &container.name, pods.labels)))
        .collect()
}

/// A chain of needs that ends where it began, if there is one: each program with what it needs.
fn ring<'a>(needs: &'a BTreeMap<&'a Name, BTreeSet<Need<'a>>>) -> Option<Vec<(&'a Name, &'a Need<'a>)>> {
    let mut done = BTreeSet::new();
    needs.keys().find_map(|start| follow(start, needs, &mut Vec::new(), &mut done))
}

/// Depth first; `chain` is the way here. As deep as there are programs, which nobody writes thousands of.
fn follow<'a>(
    app: &'a Name,
    needs: &'a BTreeMap<&'a Name, BTreeSet<Need<'a>>>,
    chain: &mut Vec<(&'a Name, &'a Need<'a>)>,
    done: &mut BTreeSet<&'a Name>,
) -> Option<Vec<(&'a Name, &'a Need<'a>)>> {
    if let Some(begin) = chain.iter().position(|(earlier, _)| *earlier == app) {
        return Some(chain.split_off(begin));
    }
    if done.contains(app) {
        return None;
    }
    for need in needs.get(app).into_iter().flatten() {
        chain.push((app, need));
        let found = follow(need.provider, needs, chain, done);
        if found.is_some() {
            return found;
        }
        chain.pop();
    }
    done.insert(app);
    None
}

fn ring_problem(ring: &[(&Name, &Need<'_>)], apps: &[(AppModel, Place)]) -> Diagnostic {
    let links: Vec<String> = ring
        .iter()
        .map(|(app, need)| format!("`{app}` needs service `{}`, which is `{}`", need.service, need.provider))
        .collect();
    let message = format!("programs wait for each other: {}", links.join("; "));
    let problem = Diagnostic::error("cycle", message);
    let places = ring.iter().filter_map(|(app, _)| apps.iter().find(|(model, _)| model.name == **app));
    let labelled =
        places.fold(problem, |problem, (app, place)| place.label(problem, &format!("`{}`", app.name)));
    labelled.help("take one `needs` out of the ring")
}
