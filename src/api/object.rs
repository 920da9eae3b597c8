//! One object of any kind, and the names that kubectl knows kinds by.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::autoscaling::HorizontalPodAutoscaler;
use super::batch::{CronJob, Job};
use super::changes::{ChangeVisitor, Fields};
use super::kept::{self, Content};
use super::meta::ObjectMeta;
use super::node::{Lease, Node};
use super::pod::Pod;
use super::policy::{EventObject, LimitRange, Namespace, PodDisruptionBudget, PriorityClass, ResourceQuota};
use super::service::{EndpointSlice, Endpoints, Service};
use super::workload::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, ReplicationController, StatefulSet,
};
use crate::base::Name;

/// An object of a kind that is not known: kept as it came, counted, and named in a warning.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsimulated {
    /// Group and version as written.
    pub api_version: Name,
    /// Kind as written.
    pub kind: Name,
    /// Identity.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Everything else, by field.
    #[serde(flatten)]
    pub content: Content,
}

impl Unsimulated {
    fn qualified_name(&self) -> Name {
        let kind = self.kind.to_lowercase();
        match self.api_version.split_once('/') {
            Some((group, _)) => format!("{kind}.{group}/{}", self.metadata.name).into(),
            None => format!("{kind}/{}", self.metadata.name).into(),
        }
    }
}

/// What all kinds have in common.
pub trait Resource: Sized {
    /// The kind.
    const KIND: Kind;
    /// Its metadata.
    fn metadata(&self) -> &ObjectMeta;
    /// Its metadata, to change.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;
    /// This object behind the enum.
    fn into_object(this: Arc<Self>) -> Object;
    /// The object inside the enum, if it is of this kind.
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
}

/// How kinds are called: one row a kind.
pub struct KindNames {
    /// The kind itself.
    pub kind: Kind,
    /// `Pod`.
    pub name: &'static str,
    /// `pods`.
    pub plural: &'static str,
    /// `pod`.
    pub singular: &'static str,
    /// `po`; empty when there is none.
    pub short: &'static str,
    /// `apps/v1`.
    pub api_version: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

macro_rules! kinds {
    ($($kind:ident($type:ty) $plural:literal $singular:literal $short:literal $api:literal $scope:literal;)*) => {
        /// The kinds of objects. The order is that in which `get all` and traces list them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Kind { $($kind),* }

        /// One version of one object.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Object { $($kind(Arc<$type>)),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// What the kind is called.
            pub fn names(self) -> &'static KindNames {
                match self { $(Kind::$kind => &KindNames {
                    kind: Kind::$kind, name: stringify!($kind), plural: $plural, singular: $singular,
                    short: $short, api_version: $api, namespaced: $scope,
                }),* }
            }
        }

        impl Object {
            /// The kind.
            pub fn kind(&self) -> Kind {
                match self { $(Object::$kind(_) => Kind::$kind),* }
            }

            /// The metadata.
            pub fn metadata(&self) -> &ObjectMeta {
                match self { $(Object::$kind(object) => &object.metadata),* }
            }

            /// The metadata of this version, to change; other holders keep what they have.
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self { $(Object::$kind(object) => &mut Arc::make_mut(object).metadata),* }
            }

            /// Reads an object of the given kind.
            pub fn deserialize_as<'de, D: serde::Deserializer<'de>>(kind: Kind, from: D) -> Result<Self, D::Error> {
                Ok(match kind { $(Kind::$kind => Object::$kind(Arc::new(<$type>::deserialize(from)?))),* })
            }

            /// Whether both are the same allocation.
            pub fn same_allocation(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Object::$kind(a), Object::$kind(b)) => Arc::ptr_eq(a, b),)*
                    _ => false,
                }
            }

            /// Tells which fields differ in another version of the same object.
            pub fn visit_changes<V: ChangeVisitor>(&self, new: &Self, visitor: &mut V) {
                match (self, new) {
                    $((Object::$kind(old), Object::$kind(new)) => old.visit_fields(new, visitor),)*
                    _ => debug_assert!(false, "versions of one object are of one kind"),
                }
            }

            fn serialize_body<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Object::$kind(object) => object.serialize(serializer)),* }
            }

            fn serialize_with_kind<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let names = self.kind().names();
                let (api_version, kind) = (names.api_version, names.name);
                match self { $(Object::$kind(body) => WithKind { api_version, kind, body }.serialize(serializer)),* }
            }
        }

        $(
            impl Resource for $type {
                const KIND: Kind = Kind::$kind;
                fn metadata(&self) -> &ObjectMeta { &self.metadata }
                fn metadata_mut(&mut self) -> &mut ObjectMeta { &mut self.metadata }
                fn into_object(this: Arc<Self>) -> Object { Object::$kind(this) }
                fn from_object(object: &Object) -> Option<&Arc<Self>> {
                    if let Object::$kind(inner) = object { Some(inner) } else { None }
                }
            }

            impl From<$type> for Object {
                fn from(object: $type) -> Self { Object::$kind(Arc::new(object)) }
            }
        )*
    };
}

kinds! {
    Pod(Pod) "pods" "pod" "po" "v1" true;
    ReplicationController(ReplicationController) "replicationcontrollers" "replicationcontroller" "rc" "v1" true;
    Service(Service) "services" "service" "svc" "v1" true;
    DaemonSet(DaemonSet) "daemonsets" "daemonset" "ds" "apps/v1" true;
    Deployment(Deployment) "deployments" "deployment" "deploy" "apps/v1" true;
    ReplicaSet(ReplicaSet) "replicasets" "replicaset" "rs" "apps/v1" true;
    StatefulSet(StatefulSet) "statefulsets" "statefulset" "sts" "apps/v1" true;
    HorizontalPodAutoscaler(HorizontalPodAutoscaler) "horizontalpodautoscalers" "horizontalpodautoscaler" "hpa" "autoscaling/v2" true;
    CronJob(CronJob) "cronjobs" "cronjob" "cj" "batch/v1" true;
    Job(Job) "jobs" "job" "" "batch/v1" true;
    Node(Node) "nodes" "node" "no" "v1" false;
    Namespace(Namespace) "namespaces" "namespace" "ns" "v1" false;
    Endpoints(Endpoints) "endpoints" "endpoints" "ep" "v1" true;
    EndpointSlice(EndpointSlice) "endpointslices" "endpointslice" "" "discovery.k8s.io/v1" true;
    ControllerRevision(ControllerRevision) "controllerrevisions" "controllerrevision" "" "apps/v1" true;
    PodDisruptionBudget(PodDisruptionBudget) "poddisruptionbudgets" "poddisruptionbudget" "pdb" "policy/v1" true;
    PriorityClass(PriorityClass) "priorityclasses" "priorityclass" "pc" "scheduling.k8s.io/v1" false;
    ResourceQuota(ResourceQuota) "resourcequotas" "resourcequota" "quota" "v1" true;
    LimitRange(LimitRange) "limitranges" "limitrange" "limits" "v1" true;
    Lease(Lease) "leases" "lease" "" "coordination.k8s.io/v1" true;
    Event(EventObject) "events" "event" "ev" "v1" true;
    ConfigMap(kept::ConfigMap) "configmaps" "configmap" "cm" "v1" true;
    Secret(kept::Secret) "secrets" "secret" "" "v1" true;
    ServiceAccount(kept::ServiceAccount) "serviceaccounts" "serviceaccount" "sa" "v1" true;
    PersistentVolumeClaim(kept::PersistentVolumeClaim) "persistentvolumeclaims" "persistentvolumeclaim" "pvc" "v1" true;
    PersistentVolume(kept::PersistentVolume) "persistentvolumes" "persistentvolume" "pv" "v1" false;
    StorageClass(kept::StorageClass) "storageclasses" "storageclass" "sc" "storage.k8s.io/v1" false;
    Ingress(kept::Ingress) "ingresses" "ingress" "ing" "networking.k8s.io/v1" true;
    IngressClass(kept::IngressClass) "ingressclasses" "ingressclass" "" "networking.k8s.io/v1" false;
    NetworkPolicy(kept::NetworkPolicy) "networkpolicies" "networkpolicy" "netpol" "networking.k8s.io/v1" true;
    Role(kept::Role) "roles" "role" "" "rbac.authorization.k8s.io/v1" true;
    RoleBinding(kept::RoleBinding) "rolebindings" "rolebinding" "" "rbac.authorization.k8s.io/v1" true;
    ClusterRole(kept::ClusterRole) "clusterroles" "clusterrole" "" "rbac.authorization.k8s.io/v1" false;
    ClusterRoleBinding(kept::ClusterRoleBinding) "clusterrolebindings" "clusterrolebinding" "" "rbac.authorization.k8s.io/v1" false;
    Unsimulated(Unsimulated) "unsimulated" "unsimulated" "" "v1" true;
}

impl Kind {
    /// `Pod`, `Deployment`, ...
    pub fn as_str(self) -> &'static str {
        self.names().name
    }

    /// Whether a component of the cluster acts on objects of this kind; the others are only kept.
    pub fn is_simulated(self) -> bool {
        // The table ends with the kinds that are only kept.
        self < Self::ConfigMap
    }

    /// The kind written so in a manifest's `kind`.
    pub fn from_manifest(kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| *k != Self::Unsimulated && k.as_str() == kind)
    }

    /// The kind that kubectl understands by `word`: kind, plural, singular or short name, in any case, with or
    /// without a group (`deployments.apps`).
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let word = word.split('.').next().unwrap_or_default();
        Self::ALL.iter().copied().find(|kind| {
            let names = kind.names();
            *kind != Self::Unsimulated
                && (names.plural == word
                    || names.singular == word
                    || (!names.short.is_empty() && names.short == word))
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Object {
    /// Kind, namespace and name. Kinds that are not known are one kind here, so their names tell them apart:
    /// `certificate.cert-manager.io/web`.
    pub fn reference(&self) -> ObjectRef {
        let metadata = self.metadata();
        let name = match self {
            Self::Unsimulated(object) => object.qualified_name(),
            _ => metadata.name.clone(),
        };
        ObjectRef { kind: self.kind(), namespace: metadata.namespace.clone(), name }
    }
}

/// An object with what its manifest begins with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithKind<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl Serialize for Object {
    /// With `apiVersion` and `kind` first, as in a manifest.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if matches!(self, Self::Unsimulated(_)) {
            return self.serialize_body(serializer);
        }
        if self.kind().is_simulated() {
            return self.serialize_with_kind(serializer);
        }
        // Among the fields of kinds that are only kept can be both, as they were written.
        let mut body =
            self.serialize_body(serde_json::value::Serializer).map_err(serde::ser::Error::custom)?;
        let mut whole = serde_json::Map::new();
        let names = self.kind().names();
        whole.insert("apiVersion".into(), names.api_version.into());
        whole.insert("kind".into(), names.name.into());
        if let Some(body) = body.as_object_mut() {
            whole.append(body);
        }
        whole.serialize(serializer)
    }
}

/// Kind, namespace and name: how people and scenario files point at an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Kind.
    pub kind: Kind,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Name,
    /// Name.
    pub name: Name,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind.names().singular)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
