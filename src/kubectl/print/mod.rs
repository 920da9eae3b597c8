//! One row an object: the columns of `get`, kind by kind.
//!
//! Follows `pkg/printers/internalversion/printers.go` of Kubernetes 1.34, where the API server makes these cells.

mod autoscaling;
mod batch;
mod event;
mod kept;
mod node;
pub(crate) mod pod;
mod policy;
mod service;
mod workload;

use crate::api::core::LabelSelector;
use crate::api::meta::ObjectMeta;
use crate::api::{Kind, Object, Resource, Selector, Timestamp};

use super::age::age;

pub(super) use autoscaling::current_value;
pub(super) use event::Series;
pub(super) use node::roles;
pub use pod::status as pod_status;
pub(super) use service::{host_port, shortened};

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its header, as shown.
    pub header: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
}

/// Always shown.
const fn column(header: &'static str) -> Column {
    Column { header, wide: false }
}

/// Shown by `-o wide` only.
const fn wide(header: &'static str) -> Column {
    Column { header, wide: true }
}

/// A kind that has columns of its own.
trait Row: Resource {
    const COLUMNS: &'static [Column];

    /// The cells, one a column; `now` is what ages count to.
    fn cells(&self, now: Timestamp) -> Vec<String>;
}

/// Calls `$do!(Type, object)` for the object inside the enum, whatever its kind.
macro_rules! each_kind {
    ($value:expr, $enumeration:ident, $then:ident) => {
        match $value {
            $enumeration::Pod { .. } => $then!(crate::api::pod::Pod),
            $enumeration::ReplicationController { .. } => $then!(crate::api::workload::ReplicationController),
            $enumeration::Service { .. } => $then!(crate::api::service::Service),
            $enumeration::DaemonSet { .. } => $then!(crate::api::workload::DaemonSet),
            $enumeration::Deployment { .. } => $then!(crate::api::workload::Deployment),
            $enumeration::ReplicaSet { .. } => $then!(crate::api::workload::ReplicaSet),
            $enumeration::StatefulSet { .. } => $then!(crate::api::workload::StatefulSet),
            $enumeration::HorizontalPodAutoscaler { .. } => {
                $then!(crate::api::autoscaling::HorizontalPodAutoscaler)
            }
            $enumeration::CronJob { .. } => $then!(crate::api::batch::CronJob),
            $enumeration::Job { .. } => $then!(crate::api::batch::Job),
            $enumeration::Node { .. } => $then!(crate::api::node::Node),
            $enumeration::Namespace { .. } => $then!(crate::api::policy::Namespace),
            $enumeration::Endpoints { .. } => $then!(crate::api::service::Endpoints),
            $enumeration::EndpointSlice { .. } => $then!(crate::api::service::EndpointSlice),
            $enumeration::ControllerRevision { .. } => $then!(crate::api::workload::ControllerRevision),
            $enumeration::PodDisruptionBudget { .. } => $then!(crate::api::policy::PodDisruptionBudget),
            $enumeration::PriorityClass { .. } => $then!(crate::api::policy::PriorityClass),
            $enumeration::ResourceQuota { .. } => $then!(crate::api::policy::ResourceQuota),
            $enumeration::LimitRange { .. } => $then!(crate::api::policy::LimitRange),
            $enumeration::Lease { .. } => $then!(crate::api::node::Lease),
            $enumeration::Event { .. } => $then!(crate::api::policy::EventObject),
            $enumeration::ConfigMap { .. } => $then!(crate::api::kept::ConfigMap),
            $enumeration::Secret { .. } => $then!(crate::api::kept::Secret),
            $enumeration::ServiceAccount { .. } => $then!(crate::api::kept::ServiceAccount),
            $enumeration::PersistentVolumeClaim { .. } => $then!(crate::api::kept::PersistentVolumeClaim),
            $enumeration::PersistentVolume { .. } => $then!(crate::api::kept::PersistentVolume),
            $enumeration::StorageClass { .. } => $then!(crate::api::kept::StorageClass),
            $enumeration::Ingress { .. } => $then!(crate::api::kept::Ingress),
            $enumeration::IngressClass { .. } => $then!(crate::api::kept::IngressClass),
            $enumeration::NetworkPolicy { .. } => $then!(crate::api::kept::NetworkPolicy),
            $enumeration::Role { .. } => $then!(crate::api::kept::Role),
            $enumeration::RoleBinding { .. } => $then!(crate::api::kept::RoleBinding),
            $enumeration::ClusterRole { .. } => $then!(crate::api::kept::ClusterRole),
            $enumeration::ClusterRoleBinding { .. } => $then!(crate::api::kept::ClusterRoleBinding),
            $enumeration::Unsimulated { .. } => $then!(crate::api::object::Unsimulated),
        }
    };
}

/// The columns of a kind.
pub fn columns(kind: Kind) -> &'static [Column] {
    macro_rules! of {
        ($type:ty) => {
            <$type as Row>::COLUMNS
        };
    }
    each_kind!(kind, Kind, of)
}

/// The cells of an object, one a column.
pub fn cells(object: &Object, now: Timestamp) -> Vec<String> {
    macro_rules! of {
        ($type:ty) => {
            <$type as Resource>::from_object(object).map(|object| object.cells(now))
        };
    }
    each_kind!(object, Object, of).unwrap_or_default()
}

impl Row for crate::api::object::Unsimulated {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        vec![self.metadata.name.to_string(), created(&self.metadata, now)]
    }
}

/// The AGE column.
fn created(metadata: &ObjectMeta, now: Timestamp) -> String {
    age(metadata.creation_timestamp, now)
}

/// Names joined by commas, and the same for images: the wide columns of everything that has a pod template.
fn containers_and_images(containers: &[crate::api::pod::Container]) -> [String; 2] {
    let join = |part: fn(&crate::api::pod::Container) -> &str| {
        containers.iter().map(part).collect::<Vec<_>>().join(",")
    };
    [join(|container| &container.name), join(|container| &container.image)]
}

/// `<none>` for an empty text.
pub(super) fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// A selector in one line; `<none>` when it selects everything or nothing.
pub(super) fn selector_text(selector: Option<&LabelSelector>) -> String {
    match Selector::from_option(selector) {
        Ok(selector) => or_none(&selector.to_string()).to_owned(),
        Err(_) => "<error>".to_owned(),
    }
}

#[cfg(test)]
mod tests;
