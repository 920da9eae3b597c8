//! `create`, `run` and `apply`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::core::LabelSelector;
use crate::api::kept::{ConfigMap, Content, Secret, ServiceAccount};
use crate::api::pod::{Container, ContainerPort, Pod, PodSpec, PodTemplate};
use crate::api::policy::Namespace;
use crate::api::service::{Service, ServicePort, ServiceSpec};
use crate::api::workload::{Deployment, DeploymentSpec};
use crate::api::{ApiError, Labels, Object, ObjectMeta, Request};
use crate::base::Name;
use crate::kubectl::DryRun;
use crate::kubectl::output::to_value;
use crate::kubectl::verb::{Apply, Create, Literal, NewDeployment, NewService, Run, ServiceKind};

use super::merge::three_way;
use super::shell::{Shell, refusal};

/// Entries under a field, or nothing.
fn data(field: &str, literals: Vec<Literal>) -> Content {
    let entry = |(key, value): Literal| (key.to_string(), Value::from(value.as_str()));
    let entries: serde_json::Map<String, Value> = literals.into_iter().map(entry).collect();
    let mut content = Content::default();
    if !entries.is_empty() {
        content.0.insert(field.to_owned(), entries.into());
    }
    content
}

impl Shell<'_> {
    pub(super) fn create(&mut self, create: Create) {
        match create {
            Create::Files(files) => {
                for object in self.manifests(&files) {
                    self.create_object(object, "created");
                }
            }
            Create::Namespace(name) => {
                let metadata = ObjectMeta { name, ..ObjectMeta::default() };
                self.create_object(Namespace { metadata, ..Namespace::default() }.into(), "created");
            }
            Create::Deployment(new) => {
                let object = deployment(new, self.namespace()).into();
                self.create_or("failed to create deployment", object);
            }
            Create::ConfigMap(name, literals) => {
                let map = ConfigMap { metadata: self.named(name), content: data("data", literals) };
                self.create_or("failed to create configmap", map.into());
            }
            Create::Secret(new) => {
                let mut content = data("stringData", new.literals);
                if !new.kind.is_empty() {
                    content.0.insert("type".into(), new.kind.as_str().into());
                }
                let secret = Secret { metadata: self.named(new.name), content };
                self.create_or("failed to create secret", secret.into());
            }
            Create::ServiceAccount(name) => {
                let account = ServiceAccount { metadata: self.named(name), ..ServiceAccount::default() };
                self.create_or("failed to create serviceaccount", account.into());
            }
            Create::Service(new) => {
                let what = format!("failed to create {} service", service_type(&new.kind));
                let object = service(new, self.namespace()).into();
                self.create_or(&what, object);
            }
        }
    }

    /// The identity of an object in the namespace of the command.
    fn named(&self, name: Name) -> ObjectMeta {
        ObjectMeta { name, namespace: self.namespace(), ..ObjectMeta::default() }
    }

    /// Creates an object; a refusal is told as `error: <what>: <message>`.
    fn create_or(&mut self, what: &str, object: Object) {
        if self.dry_run == Some(DryRun::Client) {
            self.done(&object, "created");
            return;
        }
        match self.world.serve("kubectl", Request::Create(object)) {
            Ok(created) => self.done(&created, "created"),
            Err(error) => self.error(format!("{what}: {}", error.message)),
        }
    }

    pub(super) fn run(&mut self, run: Run) {
        let namespace = self.namespace();
        let (name, port, expose) = (run.name.clone(), run.port, run.expose);
        let labels: Labels = if run.labels.is_empty() {
            [("run", name.clone())].into_iter().collect()
        } else {
            run.labels.iter().cloned().collect()
        };
        let pod = pod(run, namespace.clone(), labels.clone());
        if let Some(port) = port.filter(|_| expose) {
            let spec = ServiceSpec {
                selector: labels,
                ports: vec![ServicePort {
                    port,
                    target_port: Some(crate::api::core::IntOrString::Int(port)),
                    ..ServicePort::default()
                }],
                ..ServiceSpec::default()
            };
            let metadata = ObjectMeta { name, namespace, ..ObjectMeta::default() };
            self.create_object(Service { metadata, spec, ..Service::default() }.into(), "created");
        }
        if !self.answer.failed {
            self.create_object(pod.into(), "created");
        }
    }

    pub(super) fn apply(&mut self, apply: &Apply) {
        for object in self.manifests(&apply.files) {
            self.apply_object(object);
        }
    }

    /// Client-side apply: creates the object, or merges what is wanted now into what is there; what was applied before
    /// and is wanted no more is removed. The last applied state is kept beside the objects, not in an annotation.
    pub(super) fn apply_object(&mut self, object: Object) {
        let target = object.reference();
        let live = self.world.api.objects().find(target.kind, &target.namespace, &target.name);
        let Some((_, live)) = live.map(|(id, live)| (id, live.clone())) else {
            self.world.script.note_applied(&object);
            self.create_object(object, "created");
            return;
        };
        let last = self.world.script.note_applied(&object);
        let last = last.as_ref().map_or(Value::Null, to_value);
        let merged = three_way(&last, &to_value(&object), &to_value(&live));
        let new = match Object::deserialize_as(target.kind, merged) {
            Ok(new) => new,
            Err(error) => {
                let invalid = ApiError::invalid(target.kind, &target.name, &error.to_string());
                self.answer.fail(refusal(&invalid));
                return;
            }
        };
        if let Some(new) = self.send(Request::Update(new)) {
            let same = new.metadata().resource_version == live.metadata().resource_version;
            self.done(&new, if same { "unchanged" } else { "configured" });
        }
    }
}

fn pod(run: Run, namespace: Name, labels: Labels) -> Pod {
    let (command, args) = if run.command { (run.words, Vec::new()) } else { (Vec::new(), run.words) };
    let env: Vec<Value> =
        run.env.iter().map(|(name, value)| json!({"name": &**name, "value": &**value})).collect();
    let container = Container {
        name: run.name.clone(),
        image: run.image,
        image_pull_policy: run.image_pull_policy,
        command,
        args,
        ports: run.port.map(container_port).into_iter().collect(),
        env: (!env.is_empty()).then(|| Box::new(Value::Array(env))),
        ..Container::default()
    };
    let annotations = run.annotations.into_iter().collect();
    Pod {
        metadata: ObjectMeta { name: run.name, namespace, labels, annotations, ..ObjectMeta::default() },
        spec: Arc::new(PodSpec {
            containers: vec![container],
            restart_policy: run.restart,
            ..PodSpec::default()
        }),
        ..Pod::default()
    }
}

fn container_port(port: i32) -> ContainerPort {
    ContainerPort { container_port: port, ..ContainerPort::default() }
}

fn deployment(new: NewDeployment, namespace: Name) -> Deployment {
    let labels: Labels = [("app", new.name.clone())].into_iter().collect();
    let containers = new.images.iter().map(|image| Container {
        name: container_name(image),
        image: image.clone(),
        command: new.command.clone(),
        ports: new.port.map(container_port).into_iter().collect(),
        ..Container::default()
    });
    let template = PodTemplate {
        metadata: ObjectMeta { labels: labels.clone(), ..ObjectMeta::default() },
        spec: Arc::new(PodSpec { containers: containers.collect(), ..PodSpec::default() }),
    };
    Deployment {
        metadata: ObjectMeta { name: new.name, namespace, labels: labels.clone(), ..ObjectMeta::default() },
        spec: DeploymentSpec {
            replicas: Some(new.replicas),
            selector: Some(LabelSelector { match_labels: labels, ..LabelSelector::default() }),
            template,
            ..DeploymentSpec::default()
        },
        ..Deployment::default()
    }
}

/// The last part of the image's path without tag and digest.
fn container_name(image: &str) -> Name {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split([':', '@']).next().unwrap_or(last);
    name.to_lowercase().replace(['_', '.'], "-").into()
}

fn service_type(kind: &ServiceKind) -> &'static str {
    match kind {
        ServiceKind::ClusterIp { .. } => "ClusterIP",
        ServiceKind::NodePort { .. } => "NodePort",
        ServiceKind::LoadBalancer => "LoadBalancer",
        ServiceKind::ExternalName { .. } => "ExternalName",
    }
}

fn service(new: NewService, namespace: Name) -> Service {
    let labels: Labels = [("app", new.name.clone())].into_iter().collect();
    let mut spec = ServiceSpec {
        kind: Some(service_type(&new.kind).into()),
        selector: labels.clone(),
        ports: new
            .ports
            .iter()
            .map(|port| ServicePort {
                name: Some(format!("{}-{}", port.port, port.target).into()),
                port: port.port,
                target_port: Some(port.target.clone()),
                ..ServicePort::default()
            })
            .collect(),
        ..ServiceSpec::default()
    };
    match new.kind {
        ServiceKind::ClusterIp { address } => spec.cluster_ip = address,
        ServiceKind::NodePort { node_port } => {
            for port in &mut spec.ports {
                port.node_port = node_port;
            }
        }
        ServiceKind::ExternalName { name } => spec.external_name = Some(name),
        ServiceKind::LoadBalancer => {}
    }
    let metadata = ObjectMeta { name: new.name, namespace, labels, ..ObjectMeta::default() };
    Service { metadata, spec, ..Service::default() }
}
