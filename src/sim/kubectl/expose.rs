//! `expose` and `autoscale`.

use crate::api::autoscaling::{
    CrossVersionReference, HorizontalPodAutoscaler, HpaSpec, MetricSpec, MetricTarget, ResourceMetricSource,
};
use crate::api::core::{IntOrString, LabelSelector};
use crate::api::pod::PodSpec;
use crate::api::service::{Service, ServicePort, ServiceSpec};
use crate::api::{Kind, Labels, Object, ObjectMeta};
use crate::base::Name;
use crate::kubectl::kind_with_version;
use crate::kubectl::verb::{Autoscale, Expose, MetricGoal};

use super::shell::Shell;

impl Shell<'_> {
    pub(super) fn expose(&mut self, expose: &Expose) {
        for object in self.objects(&expose.targets) {
            match service_for(&object, expose) {
                Ok(service) => self.create_object(service.into(), "exposed"),
                Err(why) => self.error(why),
            }
        }
    }

    pub(super) fn autoscale(&mut self, autoscale: &Autoscale) {
        for object in self.objects(&autoscale.targets) {
            let scalable = matches!(
                object.kind(),
                Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::ReplicationController
            );
            if !scalable {
                let (kind, resource) = (object.kind(), kind_with_version(object.kind()));
                self.error(format!(
                    "cannot autoscale a {kind}: could not find scale subresource for {resource} in discovery information"
                ));
                continue;
            }
            self.create_object(autoscaler(&object, autoscale).into(), "autoscaled");
        }
    }
}

fn autoscaler(object: &Object, autoscale: &Autoscale) -> HorizontalPodAutoscaler {
    let names = object.kind().names();
    let metadata = object.metadata();
    let metric = |name: &str, goal: MetricGoal| {
        let target = match goal {
            MetricGoal::Utilization(percent) => MetricTarget {
                kind: "Utilization".into(),
                average_utilization: Some(percent),
                ..MetricTarget::default()
            },
            MetricGoal::AverageValue(value) => MetricTarget {
                kind: "AverageValue".into(),
                average_value: Some(value),
                ..MetricTarget::default()
            },
        };
        let source = ResourceMetricSource { name: name.into(), target, ..ResourceMetricSource::default() };
        MetricSpec { kind: "Resource".into(), resource: Some(source), ..MetricSpec::default() }
    };
    let cpu = autoscale.cpu.map(|goal| metric("cpu", goal));
    let memory = autoscale.memory.map(|goal| metric("memory", goal));
    HorizontalPodAutoscaler {
        metadata: ObjectMeta {
            name: autoscale.name.clone().unwrap_or_else(|| metadata.name.clone()),
            namespace: metadata.namespace.clone(),
            ..ObjectMeta::default()
        },
        spec: HpaSpec {
            scale_target_ref: CrossVersionReference {
                api_version: Some(names.api_version.into()),
                kind: names.name.into(),
                name: metadata.name.clone(),
            },
            min_replicas: autoscale.min,
            max_replicas: autoscale.max,
            metrics: cpu.into_iter().chain(memory).collect(),
            ..HpaSpec::default()
        },
        ..HorizontalPodAutoscaler::default()
    }
}

fn service_for(object: &Object, expose: &Expose) -> Result<Service, String> {
    let given: Labels = expose.selector.iter().cloned().collect();
    let selector = if given.is_empty() { selector_of(object)? } else { given };
    let metadata = object.metadata();
    let labels: Labels = expose.labels.iter().cloned().collect();
    Ok(Service {
        metadata: ObjectMeta {
            name: expose.name.clone().unwrap_or_else(|| metadata.name.clone()),
            namespace: metadata.namespace.clone(),
            labels: if labels.is_empty() { metadata.labels.clone() } else { labels },
            ..ObjectMeta::default()
        },
        spec: ServiceSpec {
            kind: expose.kind.clone(),
            selector,
            ports: service_ports(object, expose)?,
            cluster_ip: expose.cluster_ip.clone(),
            external_ips: expose.external_ip.iter().cloned().collect(),
            load_balancer_ip: expose.load_balancer_ip.clone(),
            session_affinity: expose.session_affinity.clone(),
            ..ServiceSpec::default()
        },
        ..Service::default()
    })
}

fn selector_of(object: &Object) -> Result<Labels, String> {
    let plain = |selector: &Option<LabelSelector>| match selector {
        Some(selector) if selector.match_expressions.is_empty() => Ok(selector.match_labels.clone()),
        Some(_) => Err("couldn't convert expressions to map-based selector format".to_owned()),
        None => Ok(Labels::default()),
    };
    let selector = match object {
        Object::Pod(pod) => pod.metadata.labels.clone(),
        Object::Service(service) => service.spec.selector.clone(),
        Object::ReplicationController(controller) => controller.spec.selector.clone(),
        Object::Deployment(deployment) => plain(&deployment.spec.selector)?,
        Object::ReplicaSet(set) => plain(&set.spec.selector)?,
        _ => Labels::default(),
    };
    if selector.is_empty() {
        let singular = object.kind().names().singular;
        return Err(format!(
            "couldn't retrieve selectors via --selector flag or introspection: the {singular} has no labels and \
             cannot be exposed"
        ));
    }
    Ok(selector)
}

fn service_ports(object: &Object, expose: &Expose) -> Result<Vec<ServicePort>, String> {
    let own = own_ports(object);
    let numbers: Vec<(i32, Option<Name>)> = if expose.ports.is_empty() {
        own
    } else {
        let protocol = |port: i32| own.iter().find(|(own, _)| *own == port).and_then(|(_, p)| p.clone());
        expose.ports.iter().map(|port| (*port, protocol(*port))).collect()
    };
    if numbers.is_empty() {
        return Err("couldn't find port via --port flag or introspection".to_owned());
    }
    let several = numbers.len() > 1;
    let port = |(at, (port, protocol)): (usize, (i32, Option<Name>))| ServicePort {
        name: several.then(|| format!("port-{}", at + 1).into()),
        protocol: expose.protocol.clone().or(protocol),
        port,
        target_port: expose.target_port.clone().or(Some(IntOrString::Int(port))),
        ..ServicePort::default()
    };
    Ok(numbers.into_iter().enumerate().map(port).collect())
}

/// Ports that an object has by itself.
fn own_ports(object: &Object) -> Vec<(i32, Option<Name>)> {
    let of_pods = |spec: &PodSpec| {
        let ports = spec.containers.iter().flat_map(|container| &container.ports);
        ports.map(|port| (port.container_port, port.protocol.clone())).collect()
    };
    match object {
        Object::Service(service) => {
            service.spec.ports.iter().map(|port| (port.port, port.protocol.clone())).collect()
        }
        Object::Pod(pod) => of_pods(&pod.spec),
        Object::Deployment(deployment) => of_pods(&deployment.spec.template.spec),
        Object::ReplicaSet(set) => of_pods(&set.spec.template.spec),
        Object::ReplicationController(controller) => of_pods(&controller.spec.template.spec),
        _ => Vec::new(),
    }
}
