//! What the API server adds or refuses when an object is created, beyond defaults and validation.
//!
//! Plug-ins modelled (all on by default in kube-apiserver v1.34): NamespaceLifecycle, Priority,
//! DefaultTolerationSeconds, TaintNodesByCondition, ServiceAccount (name only), LimitRanger, ResourceQuota.

use std::sync::Arc;

use super::core::{Taint, TaintEffect, Toleration, TolerationOperator};
use super::limit_range;
use super::object::{Kind, Object};
use super::pod::{Pod, PodSpec};
use super::policy::{Namespace, PriorityClass};
use super::qos::qos_class;
use super::quota;
use super::request::ApiError;
use super::store::Objects;
use crate::base::Name;

/// The taint of a node that is not ready.
pub const TAINT_NOT_READY: &str = "node.kubernetes.io/not-ready";
/// The taint of a node whose kubelet is not heard of.
pub const TAINT_UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Built-in priority classes.
const SYSTEM_PRIORITIES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// Parameters of admission.
#[derive(Clone, Debug)]
pub struct Admission {
    /// `--default-not-ready-toleration-seconds`.
    pub not_ready_toleration_seconds: i64,
    /// `--default-unreachable-toleration-seconds`.
    pub unreachable_toleration_seconds: i64,
}

impl Default for Admission {
    fn default() -> Self {
        Self { not_ready_toleration_seconds: 300, unreachable_toleration_seconds: 300 }
    }
}

impl Admission {
    pub(super) fn admit(&self, objects: &Objects, object: &mut Object) -> Result<(), ApiError> {
        let kind = object.kind();
        if kind.names().namespaced && kind != Kind::Unsimulated && kind != Kind::Lease {
            check_namespace(objects, object)?;
        }
        match object {
            Object::Pod(pod) => {
                let pod = Arc::make_mut(pod);
                limit_range::apply(objects, pod)?;
                self.admit_pod(objects, pod)?;
                let class = qos_class(&pod.spec);
                Arc::make_mut(&mut pod.status).qos_class = Some(class);
            }
            Object::Node(node) => {
                let node = Arc::make_mut(node);
                if !node.is_ready() && !node.spec.taints.iter().any(|taint| taint.key == TAINT_NOT_READY) {
                    node.spec.taints.push(Taint {
                        key: TAINT_NOT_READY.into(),
                        value: Name::default(),
                        effect: TaintEffect::NoSchedule,
                        time_added: None,
                    });
                }
            }
            Object::Namespace(namespace) => {
                let namespace = Arc::make_mut(namespace);
                namespace.spec.finalizers = vec!["kubernetes".into()];
                namespace.status.phase = Some("Active".into());
                let name = namespace.metadata.name.clone();
                namespace.metadata.labels.insert("kubernetes.io/metadata.name", name);
            }
            _ => {}
        }
        quota::check(objects, object)
    }

    fn admit_pod(&self, objects: &Objects, pod: &mut Pod) -> Result<(), ApiError> {
        if self.spec_is_complete(&pod.spec) {
            return Ok(());
        }
        let spec = Arc::make_mut(&mut pod.spec);
        resolve_priority(objects, spec, &pod.metadata.name)?;
        if spec.service_account_name.is_none() {
            spec.service_account_name = Some("default".into());
        }
        for (key, seconds) in [
            (TAINT_NOT_READY, self.not_ready_toleration_seconds),
            (TAINT_UNREACHABLE, self.unreachable_toleration_seconds),
        ] {
            if !tolerates_no_execute(&spec.tolerations, key) {
                spec.tolerations.push(Toleration {
                    key: Some(key.into()),
                    operator: Some(TolerationOperator::Exists),
                    value: None,
                    effect: Some(TaintEffect::NoExecute),
                    toleration_seconds: Some(seconds),
                });
            }
        }
        Ok(())
    }

    /// Whether nothing is left to add, so that the spec can stay shared with the template it came from.
    fn spec_is_complete(&self, spec: &PodSpec) -> bool {
        spec.priority.is_some()
            && spec.service_account_name.is_some()
            && tolerates_no_execute(&spec.tolerations, TAINT_NOT_READY)
            && tolerates_no_execute(&spec.tolerations, TAINT_UNREACHABLE)
    }
}

fn tolerates_no_execute(tolerations: &[Toleration], key: &str) -> bool {
    tolerations.iter().any(|toleration| {
        toleration.key.as_deref().is_none_or(|k| k.is_empty() || k == key)
            && toleration.effect.is_none_or(|effect| effect == TaintEffect::NoExecute)
    })
}

fn resolve_priority(objects: &Objects, spec: &mut PodSpec, pod: &str) -> Result<(), ApiError> {
    if spec.priority.is_some() {
        return Ok(());
    }
    if let Some(name) = spec.priority_class_name.clone().filter(|name| !name.is_empty()) {
        if let Some((_, value)) = SYSTEM_PRIORITIES.iter().find(|(class, _)| name == *class) {
            spec.priority = Some(*value);
            return Ok(());
        }
        let Some(class) = objects.get::<PriorityClass>(&Name::default(), &name) else {
            let cause = format!("no PriorityClass with name {name} was found");
            return Err(ApiError::forbidden(Kind::Pod, pod, &cause));
        };
        spec.priority = Some(class.value);
        spec.preemption_policy = spec.preemption_policy.or(class.preemption_policy);
        return Ok(());
    }
    let global = objects.iter::<PriorityClass>().map(|(_, class)| class).find(|class| class.global_default);
    spec.priority = Some(global.map_or(0, |class| class.value));
    if let Some(class) = global {
        spec.priority_class_name = Some(class.metadata.name.clone());
        spec.preemption_policy = spec.preemption_policy.or(class.preemption_policy);
    }
    Ok(())
}

/// Namespaced objects need a namespace that exists and is not going away.
fn check_namespace(objects: &Objects, object: &Object) -> Result<(), ApiError> {
    let metadata = object.metadata();
    let Some(namespace) = objects.get::<Namespace>(&Name::default(), &metadata.namespace) else {
        return Err(ApiError::not_found(Kind::Namespace, &metadata.namespace));
    };
    if namespace.metadata.is_terminating() && object.kind() != Kind::Event {
        let cause = format!(
            "unable to create new content in namespace {} because it is being terminated",
            metadata.namespace
        );
        return Err(ApiError::forbidden(object.kind(), &metadata.name, &cause));
    }
    Ok(())
}
