//! The manifests as rules look at them.

use std::sync::Arc;

use crate::api::autoscaling::HorizontalPodAutoscaler;
use crate::api::meta::ObjectMeta;
use crate::api::object::Object;
use crate::api::pod::{Container, PodSpec, PodTemplate, Probe};
use crate::api::policy::PodDisruptionBudget;
use crate::api::selector::Selector;
use crate::api::service::Service;
use crate::api::{Kind, Labels};
use crate::base::Name;
use crate::scenario::{Manifest, Scenario};
use crate::source::{self, Document, Label, Node};
use crate::workload::{AppModel, Apps};

/// Everything that rules ask about.
pub struct Cluster<'a> {
    /// The scenario as read.
    pub(super) scenario: &'a Scenario,
    /// What makes pods.
    pub(super) workloads: Vec<Workload<'a>>,
    /// Services.
    pub(super) services: Vec<(&'a Manifest, &'a Service)>,
    /// Disruption budgets.
    pub(super) budgets: Vec<(&'a Manifest, &'a PodDisruptionBudget)>,
    /// Horizontal pod autoscalers.
    pub(super) autoscalers: Vec<(&'a Manifest, &'a HorizontalPodAutoscaler)>,
    /// Programs.
    apps: Apps,
    documents: Vec<Document>,
}

/// Something that makes pods, or one pod by itself.
pub(super) struct Workload<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) kind: Kind,
    pub(super) metadata: &'a ObjectMeta,
    /// How many pods it keeps; `None` for kinds that have no such number.
    pub(super) replicas: Option<i32>,
    /// Labels of its pods.
    pub(super) labels: &'a Labels,
    /// Which pods it counts as its own; `None` for a pod by itself and for Jobs.
    pub(super) selector: Option<Selector>,
    pub(super) spec: &'a PodSpec,
    /// Path of the pod's spec in the manifest.
    pub(super) path: &'static str,
}

/// Probes of a container by what they are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Liveness,
    Readiness,
    Startup,
}

impl Purpose {
    pub(super) const ALL: [Self; 3] = [Self::Liveness, Self::Readiness, Self::Startup];

    /// The field of a container.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
            Self::Startup => "startupProbe",
        }
    }

    pub(super) fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            Self::Liveness => container.liveness_probe.as_deref(),
            Self::Readiness => container.readiness_probe.as_deref(),
            Self::Startup => container.startup_probe.as_deref(),
        }
    }
}

impl<'a> Workload<'a> {
    fn new(manifest: &'a Manifest) -> Option<Self> {
        let metadata = manifest.object.metadata();
        let own = |selector: Option<&_>| {
            Some(Selector::from_option(selector).unwrap_or_else(|_| Selector::nothing()))
        };
        let one = Some(1);
        let (template, replicas, selector, path): (&PodTemplate, _, _, _) = match &manifest.object {
            Object::Pod(pod) => {
                return Some(Self {
                    manifest,
                    kind: Kind::Pod,
                    metadata,
                    replicas: one,
                    labels: &pod.metadata.labels,
                    selector: None,
                    spec: &pod.spec,
                    path: "spec",
                });
            }
            Object::Deployment(it) => {
                (&it.spec.template, it.spec.replicas.or(one), own(it.spec.selector.as_ref()), TEMPLATE)
            }
            Object::ReplicaSet(it) => {
                (&it.spec.template, it.spec.replicas.or(one), own(it.spec.selector.as_ref()), TEMPLATE)
            }
            Object::StatefulSet(it) => {
                (&it.spec.template, it.spec.replicas.or(one), own(it.spec.selector.as_ref()), TEMPLATE)
            }
            Object::ReplicationController(it) => {
                let labels = &it.spec.template.metadata.labels;
                let selector = if it.spec.selector.is_empty() { labels } else { &it.spec.selector };
                (&it.spec.template, it.spec.replicas.or(one), Some(Selector::from_labels(selector)), TEMPLATE)
            }
            Object::DaemonSet(it) => (&it.spec.template, None, own(it.spec.selector.as_ref()), TEMPLATE),
            Object::Job(it) => (&it.spec.template, None, None, TEMPLATE),
            Object::CronJob(it) => {
                (&it.spec.job_template.spec.template, None, None, "spec.jobTemplate.spec.template.spec")
            }
            _ => return None,
        };
        let kind = manifest.object.kind();
        let labels = &template.metadata.labels;
        Some(Self { manifest, kind, metadata, replicas, labels, selector, spec: &template.spec, path })
    }

    /// Whether its pods are meant to run for ever.
    pub(super) fn is_service_like(&self) -> bool {
        !matches!(self.kind, Kind::Job | Kind::CronJob)
            && self.spec.restart_policy == crate::api::pod::RestartPolicy::Always
    }

    /// Containers beside each other, each with its path in the manifest.
    pub(super) fn containers(&self) -> impl Iterator<Item = (&'a Container, String)> {
        let path = self.path;
        let spec = self.spec;
        spec.containers
            .iter()
            .enumerate()
            .map(move |(n, container)| (container, format!("{path}.containers[{n}]")))
    }

    /// Containers of both lists, each with its path in the manifest.
    pub(super) fn all_containers(&self) -> impl Iterator<Item = (&'a Container, String)> {
        let path = self.path;
        let spec = self.spec;
        let init = spec.init_containers.iter().enumerate();
        init.map(move |(n, container)| (container, format!("{path}.initContainers[{n}]")))
            .chain(self.containers())
    }

    /// Whether a selector of an object in `namespace` means its pods.
    pub(super) fn is_meant_by(&self, selector: &Selector, namespace: &Name) -> bool {
        self.metadata.namespace == *namespace && selector.matches(self.labels)
    }
}

/// Path of the pod's spec in kinds with a template.
const TEMPLATE: &str = "spec.template.spec";

impl<'a> Cluster<'a> {
    /// The objects of a scenario.
    pub fn new(scenario: &'a Scenario) -> Self {
        let objects = &scenario.objects;
        let pick = |manifest: &'a Manifest| match &manifest.object {
            Object::Service(it) => Some((manifest, &**it)),
            _ => None,
        };
        let budget = |manifest: &'a Manifest| match &manifest.object {
            Object::PodDisruptionBudget(it) => Some((manifest, &**it)),
            _ => None,
        };
        let autoscaler = |manifest: &'a Manifest| match &manifest.object {
            Object::HorizontalPodAutoscaler(it) => Some((manifest, &**it)),
            _ => None,
        };
        let documents = scenario.sources.iter().filter_map(|file| source::parse_lenient(file).ok());
        Self {
            scenario,
            workloads: objects.iter().filter_map(Workload::new).collect(),
            services: objects.iter().filter_map(pick).collect(),
            budgets: objects.iter().filter_map(budget).collect(),
            autoscalers: objects.iter().filter_map(autoscaler).collect(),
            apps: Apps::new(scenario.apps.clone()),
            documents: documents.flatten().collect(),
        }
    }

    /// A place in a manifest: the value of a path, or its nearest ancestor that is written.
    pub(super) fn site(&'a self, manifest: &'a Manifest, path: &str) -> Site<'a> {
        Site { manifest, span: self.node(manifest).map(|node| node.locate(path).span()) }
    }

    /// The value of a path in a manifest as it was written.
    pub(super) fn written(&self, manifest: &Manifest, path: &str) -> Option<&Node> {
        self.node(manifest)?.at_path(path)
    }

    fn node(&self, manifest: &Manifest) -> Option<&Node> {
        let here = |document: &&Document| Arc::ptr_eq(&document.file, &manifest.place.file);
        self.documents.iter().filter(here).find_map(|document| holding(&document.root, manifest))
    }

    /// The program of a container, if the scenario describes it.
    pub(super) fn program(&self, workload: &Workload<'_>, container: &Container) -> Option<&Arc<AppModel>> {
        let model = self.apps.model_for(&container.image, &container.name, workload.labels);
        self.apps.models().iter().find(|known| Arc::ptr_eq(known, model))
    }

    /// The services that send requests to a workload's pods.
    pub(super) fn services_of(
        &self,
        workload: &Workload<'_>,
    ) -> impl Iterator<Item = (&'a Manifest, &'a Service)> {
        let own = |(_, service): &(&Manifest, &Service)| {
            !service.spec.selector.is_empty()
                && workload
                    .is_meant_by(&Selector::from_labels(&service.spec.selector), &service.metadata.namespace)
        };
        self.services.iter().filter(move |service| own(service)).copied().collect::<Vec<_>>().into_iter()
    }
}

/// The object of a document, or item of a list, that a manifest was read from: the one whose name stands there.
fn holding<'n>(node: &'n Node, manifest: &Manifest) -> Option<&'n Node> {
    let place = manifest.place.span;
    let items = node.get("items").map(Node::items).unwrap_or_default();
    items.iter().find_map(|item| holding(item, manifest)).or_else(|| {
        let own = ["metadata.name", "metadata.generateName", "metadata", "kind"];
        own.iter().any(|path| node.locate(path).span() == place).then_some(node)
    })
}

/// A place in a manifest.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    manifest: &'a Manifest,
    span: Option<source::Span>,
}

impl Site<'_> {
    /// The object, as `Deployment default/web`.
    pub(super) fn object(&self) -> String {
        let metadata = self.manifest.object.metadata();
        let kind = self.manifest.kind();
        let name = if metadata.name.is_empty() { "(generated name)" } else { &*metadata.name };
        if metadata.namespace.is_empty() {
            format!("{kind} {name}")
        } else {
            format!("{kind} {}/{name}", metadata.namespace)
        }
    }

    pub(super) fn label(&self) -> Label {
        let place = &self.manifest.place;
        Label { file: Arc::clone(&place.file), span: self.span.unwrap_or(place.span), text: String::new() }
    }
}
