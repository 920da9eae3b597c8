//! What the parts of a scenario say about each other.

pub(super) mod names;
mod needs;
pub(super) mod owned;
mod scheduler;
pub(super) mod unique;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::load::Parts;
use super::manifest::GROUP;
use super::model::{Manifest, NodePlan, Place, Scenario};
use super::read::{Machines, Spec, default_cluster, label_as_kubelet, with_defaults};
use super::step::Action;
use crate::api::core::ResourceList;
use crate::api::node::{Node, NodeStatus};
use crate::api::object::{Kind, Object};
use crate::api::policy::Namespace;
use crate::base::Name;
use crate::component::profile;
use crate::fault::{Component, Fault, Outage, Party};
use crate::source::{Diagnostic, Diagnostics, SourceFile};

/// Namespaces that every cluster has.
const BUILT_IN: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Puts the parts together, or gives back all problems.
pub(super) fn resolve(
    mut parts: Parts,
    files: &[Arc<SourceFile>],
    mut problems: Diagnostics,
) -> Result<Scenario, Diagnostics> {
    if parts.documents == 0 && !problems.has_errors() {
        problems.push(nothing(files));
    } else if parts.specs.is_empty() && parts.objects.is_empty() && !problems.has_errors() {
        let message = "nothing to run: there is an AppModel, but neither a Scenario nor a Kubernetes object";
        problems.push(Diagnostic::error("no-objects", message));
    }
    problems.extend(unique::check(&parts));
    problems.extend(owned::settle(&mut parts.objects));
    let spec = parts.specs.drain(..).next().map_or_else(|| unnamed(files), |(spec, _)| spec);
    let scheduler = scheduler::settle(spec.scheduler, &parts, &mut problems);
    let nodes_known = !matches!(spec.machines, Machines::Unreadable);
    let nodes = machines(spec.machines, &mut parts.objects);
    let mut steps = spec.steps;
    // Stable: steps of one time stay in the order written.
    steps.sort_by_key(|step| step.when.earliest());

    let world = names::World::new(nodes_known.then_some(&nodes), &parts.objects, &steps);
    problems.extend(world.check(&parts.mentions, problems.has_errors()));
    let idle =
        steps.iter().find(|step| matches!(&step.action, Action::Fault { fault, .. } if has_no_effect(fault)));
    if let Some(step) = idle {
        let text = format!("{} is accepted but has no effect yet", step.action);
        problems.push(step.place.label(Diagnostic::warning("not-simulated", text), ""));
    }
    problems.extend(unique::check_machines(&nodes));
    let all: Vec<&Manifest> = with_applied(&parts.objects, &steps).collect();
    problems.extend(needs::check(&parts.apps, &all, problems.has_errors()));
    let (created, warning) = missing_namespaces(&parts.objects);
    problems.extend(warning);
    parts.objects.splice(0..0, created);

    if problems.has_errors() {
        return Err(problems);
    }
    Ok(Scenario {
        name: spec.name,
        description: spec.description,
        seed: spec.seed,
        duration: spec.duration,
        minor: profile::minor_of(&spec.version).unwrap_or_default(),
        version: spec.version,
        settings: spec.settings,
        epoch: spec.epoch,
        nodes,
        scheduler,
        objects: parts.objects,
        apps: parts.apps.into_iter().map(|(app, _)| app).collect(),
        steps,
        expectations: spec.expectations,
        traffic: spec.traffic,
        warnings: problems,
        sources: files.to_vec(),
    })
}

/// The problem of an input without any document.
fn nothing(files: &[Arc<SourceFile>]) -> Diagnostic {
    let help = format!("write Kubernetes manifests, or a Scenario of {GROUP}/v1alpha1");
    let problem = match files {
        [] => Diagnostic::error("no-objects", "there is nothing to read"),
        [file] => Diagnostic::error("no-objects", format!("`{}` is empty", file.name())),
        files => Diagnostic::error("no-objects", format!("all {} files are empty", files.len())),
    };
    problem.help(help)
}

/// The scenario of plain manifests: it is called like the first file.
fn unnamed(files: &[Arc<SourceFile>]) -> Spec {
    let path = files.first().map(|file| std::path::Path::new(file.name()));
    let stem = path.and_then(|path| path.file_stem()).and_then(|stem| stem.to_str());
    Spec { name: stem.unwrap_or("default").into(), ..Spec::default() }
}

/// The machines of the scenario and those that are given as manifests, which cease to be objects: their kubelets
/// will register them.
fn machines(planned: Machines, objects: &mut Vec<Manifest>) -> Vec<NodePlan> {
    let mut given = Vec::new();
    objects.retain(|Manifest { object, place }| {
        let Object::Node(node) = object else { return true };
        let images = node.status.images.iter().flat_map(|image| image.names.iter().cloned()).collect();
        let node = machine(node);
        given.push(NodePlan {
            node,
            images,
            static_pods: Vec::new(),
            price: None,
            pool: None,
            autoscale: None,
            place: Some(place.clone()),
        });
        false
    });
    match planned {
        Machines::Unsaid if given.is_empty() => default_cluster(),
        Machines::Unsaid | Machines::Unreadable => given,
        Machines::Given(planned) => planned.into_iter().chain(given).collect(),
    }
}

/// What a kubelet can say of itself; that a dump has been in a store before is past.
fn machine(given: &Node) -> Node {
    let mut node = Node { spec: given.spec.clone(), ..Node::default() };
    node.metadata.name = given.metadata.name.clone();
    node.metadata.labels = given.metadata.labels.clone();
    node.metadata.annotations = given.metadata.annotations.clone();
    let filled = |list: &ResourceList| (!list.is_empty()).then(|| list.clone());
    let NodeStatus { capacity, allocatable, .. } = &given.status;
    (node.status.capacity, node.status.allocatable) = with_defaults(filled(capacity), filled(allocatable));
    label_as_kubelet(&mut node);
    node
}

/// Objects of steps, with those of the beginning.
fn with_applied<'a>(
    objects: &'a [Manifest],
    steps: &'a [super::step::Step],
) -> impl Iterator<Item = &'a Manifest> {
    let applied = steps.iter().flat_map(|step| match &step.action {
        Action::Apply(manifests) => manifests.as_slice(),
        _ => &[],
    });
    objects.iter().chain(applied)
}

/// Namespaces that objects are in but no manifest makes: a dump of one namespace does not contain it.
fn missing_namespaces(objects: &[Manifest]) -> (Vec<Manifest>, Option<Diagnostic>) {
    let namespaces = objects.iter().filter(|manifest| manifest.object.kind() == Kind::Namespace);
    let mut known: BTreeSet<&str> = namespaces.map(|manifest| &*manifest.object.metadata().name).collect();
    known.extend(BUILT_IN);
    let mut missing: Vec<(Name, Place)> = Vec::new();
    for manifest in objects {
        let namespace = &manifest.object.metadata().namespace;
        // Kinds that are not known may live elsewhere.
        let known_kind = manifest.object.kind() != Kind::Unsimulated;
        if known_kind && !namespace.is_empty() && known.insert(namespace) {
            missing.push((namespace.clone(), manifest.place.clone()));
        }
    }
    let Some((_, first)) = missing.first() else { return (Vec::new(), None) };
    let names: Vec<String> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = match &names[..] {
        [name] => format!("namespace {name} is in no manifest: it is created at the start"),
        names => format!("namespaces {} are in no manifest: they are created at the start", names.join(", ")),
    };
    let warning = first.label(Diagnostic::warning("missing-namespace", message), "needed here");
    let created = missing.into_iter().map(|(name, place)| {
        let mut namespace = Namespace::default();
        namespace.metadata.name = name;
        Manifest { object: namespace.into(), place }
    });
    (created.collect(), Some(warning))
}

/// Faults that can be written but that nothing simulates yet.
fn has_no_effect(fault: &Fault) -> bool {
    match fault {
        Fault::NetworkLatency { a, b, .. } | Fault::PacketLoss { a, b, .. } => {
            !matches!((a, b), (Party::Nodes(_), Party::Nodes(_)))
        }
        Fault::ControlPlane { component: Component::ControllerManager, outage: Outage::Slow(_), .. } => true,
        _ => false,
    }
}
