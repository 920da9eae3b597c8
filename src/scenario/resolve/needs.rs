//! Programs that need services, whose programs need services: rings in which all wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Labels;
use crate::api::object::Object;
use crate::api::pod::PodTemplate;
use crate::api::selector::Selector;
use crate::base::Name;
use crate::scenario::model::{Manifest, Place};
use crate::source::Diagnostic;
use crate::workload::{AppModel, Apps};

/// What programs need, by the name of the program.
type Needs<'a> = BTreeMap<&'a Name, BTreeSet<Need<'a>>>;

/// A service that a program needs, and a program that stands behind it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Need<'a> {
    service: String,
    provider: &'a Name,
}

/// An error for the first ring found, and a warning for every needed service that does not exist; not after errors,
/// when it may be the one that could not be read.
pub(super) fn check(
    apps: &[(AppModel, Place)],
    objects: &[&Manifest],
    after_errors: bool,
) -> Vec<Diagnostic> {
    let models = Apps::new(apps.iter().map(|(app, _)| app.clone()).collect());
    let landscape = Landscape::new(objects, &models);
    let mut needs = Needs::new();
    let mut problems = Vec::new();
    for (app, place) in apps {
        let homes = landscape.homes(&app.name);
        let needed: BTreeSet<&Name> = app.http.iter().flat_map(|rule| &rule.needs).collect();
        for name in needed {
            let targets: BTreeSet<(Name, Name)> = homes.iter().map(|home| resolve(name, home)).collect();
            let mut exists = false;
            for target in &targets {
                let Some(selector) = landscape.services.get(target) else { continue };
                exists = true;
                for provider in landscape.behind(&target.0, selector) {
                    let service = format!("{}/{}", target.0, target.1);
                    needs.entry(&app.name).or_default().insert(Need { service, provider });
                }
            }
            if !exists && !homes.is_empty() && !after_errors {
                let message = format!("`{}` needs service `{name}`, which is in no manifest", app.name);
                problems.push(place.label(Diagnostic::warning("unknown-object", message), ""));
            }
        }
    }
    problems.extend(ring(&needs).map(|ring| ring_problem(&ring, apps)));
    problems
}

/// `db` in the namespace of whoever needs it, `shop/db` anywhere.
fn resolve(needed: &Name, home: &Name) -> (Name, Name) {
    match needed.split_once('/') {
        Some((namespace, name)) => (namespace.into(), name.into()),
        None => (home.clone(), needed.clone()),
    }
}

/// Services, and the pods that may stand behind them.
struct Landscape<'a> {
    /// Selectors by namespace and name.
    services: BTreeMap<(Name, Name), Selector>,
    pods: Vec<Pods<'a>>,
}

/// Pods that a manifest makes.
struct Pods<'a> {
    namespace: &'a Name,
    labels: &'a Labels,
    /// What runs in the containers; init containers are over when anyone asks for the service.
    programs: Vec<&'a Name>,
}

impl<'a> Landscape<'a> {
    fn new(objects: &[&'a Manifest], models: &'a Apps) -> Self {
        let services = objects.iter().filter_map(|manifest| {
            let Object::Service(service) = &manifest.object else { return None };
            let labels = &service.spec.selector;
            // A service without a selector is served by nobody we know.
            let selector =
                if labels.is_empty() { Selector::nothing() } else { Selector::from_labels(labels) };
            Some(((service.metadata.namespace.clone(), service.metadata.name.clone()), selector))
        });
        let pods = objects.iter().filter_map(|manifest| pods(&manifest.object, models));
        Self { services: services.collect(), pods: pods.collect() }
    }

    /// The namespaces in which a program runs.
    fn homes(&self, program: &Name) -> BTreeSet<&'a Name> {
        let running = self.pods.iter().filter(|pods| pods.programs.contains(&program));
        running.map(|pods| pods.namespace).collect()
    }

    /// The programs that a service leads to.
    fn behind(&self, namespace: &Name, selector: &Selector) -> BTreeSet<&'a Name> {
        let meant = |pods: &&Pods<'a>| pods.namespace == namespace && selector.matches(pods.labels);
        self.pods.iter().filter(meant).flat_map(|pods| pods.programs.iter().copied()).collect()
    }
}

fn pods<'a>(object: &'a Object, models: &'a Apps) -> Option<Pods<'a>> {
    let of_template = |template: &'a PodTemplate| (&template.metadata.labels, &template.spec);
    let (labels, spec) = match object {
        Object::Pod(pod) => (&pod.metadata.labels, &pod.spec),
        Object::ReplicationController(object) => of_template(&object.spec.template),
        Object::ReplicaSet(object) => of_template(&object.spec.template),
        Object::Deployment(object) => of_template(&object.spec.template),
        Object::StatefulSet(object) => of_template(&object.spec.template),
        Object::DaemonSet(object) => of_template(&object.spec.template),
        Object::Job(object) => of_template(&object.spec.template),
        Object::CronJob(object) => of_template(&object.spec.job_template.spec.template),
        _ => return None,
    };
    let program = |container: &'a crate::api::pod::Container| &models.model_for(container, labels).name;
    let programs = spec.containers.iter().map(program).collect();
    Some(Pods { namespace: &object.metadata().namespace, labels, programs })
}

/// A chain of needs that ends where it began, if there is one: each program with what it needs.
fn ring<'a>(needs: &'a Needs<'a>) -> Option<Vec<(&'a Name, &'a Need<'a>)>> {
    let mut done = BTreeSet::new();
    needs.keys().find_map(|start| follow(start, needs, &mut Vec::new(), &mut done))
}

/// Depth first; `chain` is the way here. As deep as there are programs, which nobody writes thousands of.
fn follow<'a>(
    app: &'a Name,
    needs: &'a Needs<'a>,
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
