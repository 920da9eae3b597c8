//! What components ask of the API server, and what it answers.

use std::sync::Arc;

use super::core::Condition;
use super::meta::Uid;
use super::object::{Kind, Object, ObjectRef};
use super::pod::PodStatus;
use crate::base::Name;

/// One call to the API server.
#[derive(Clone, Debug)]
pub enum Request {
    /// POST: a new object. An empty name with `generateName` is completed by the server.
    Create(Object),
    /// PUT of the object without its status. With a `resourceVersion` it must match the stored one.
    Update(Object),
    /// PUT of `/status`. With a `resourceVersion` it must match the stored one.
    UpdateStatus(Object),
    /// PATCH: the server applies it to whatever is stored, so there is no conflict.
    Patch {
        /// The object.
        target: ObjectRef,
        /// Refused when the stored object has another UID.
        uid: Option<Uid>,
        /// What to change.
        patch: Patch,
    },
    /// DELETE.
    Delete {
        /// The object.
        target: ObjectRef,
        /// How.
        options: DeleteOptions,
    },
    /// POST `/binding`: gives a pod its node.
    Bind {
        /// Namespace of the pod.
        namespace: Name,
        /// Name of the pod.
        name: Name,
        /// Identity of the pod.
        uid: Uid,
        /// The node.
        node: Name,
    },
    /// POST `/eviction`: a deletion that respects disruption budgets.
    Evict {
        /// Namespace of the pod.
        namespace: Name,
        /// Name of the pod.
        name: Name,
        /// How to delete.
        options: DeleteOptions,
    },
}

/// What a PATCH changes.
#[derive(Clone, Debug)]
pub enum Patch {
    /// The whole status of a pod, as the kubelet sends it; conditions of others are kept.
    PodStatus(Arc<PodStatus>),
    /// One condition in the status.
    Condition(Condition),
    /// `status.nominatedNodeName`.
    NominatedNode(Option<Name>),
    /// Labels to set (`Some`) or remove (`None`).
    Labels(Vec<(Name, Option<Name>)>),
    /// Annotations to set (`Some`) or remove (`None`).
    Annotations(Vec<(Name, Option<Name>)>),
    /// `spec.replicas`.
    Replicas(i32),
    /// Finalizers to add and to remove.
    Finalizers {
        /// Added when missing.
        add: Vec<Name>,
        /// Removed when present.
        remove: Vec<Name>,
    },
    /// A JSON merge patch (RFC 7386) of the whole object.
    Merge(Box<serde_json::Value>),
    /// The `Ready`... conditions and addresses of a node, as its kubelet reports them.
    NodeStatus(Box<super::node::NodeStatus>),
    /// Taints of a node to add, and to remove by key and effect.
    Taints {
        /// Added, or replaced when key and effect are there.
        add: Vec<super::core::Taint>,
        /// Removed when present; no effect = all effects of the key.
        remove: Vec<(Name, Option<super::core::TaintEffect>)>,
    },
    /// `spec.unschedulable` of a node.
    Unschedulable(bool),
    /// Another occurrence of an event.
    EventCount {
        /// New count.
        count: i32,
        /// Newest message.
        message: Name,
        /// Time of the newest occurrence.
        last: super::timestamp::Timestamp,
    },
    /// The owners, completely.
    OwnerReferences(Vec<super::meta::OwnerReference>),
}

/// What becomes of the objects that an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The garbage collector deletes them afterwards.
    #[default]
    Background,
    /// The owner stays until they are gone.
    Foreground,
    /// They lose their owner and stay.
    Orphan,
}

/// Options of a deletion.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteOptions {
    /// Grace period; absent = the pod's own.
    pub grace_period_seconds: Option<i64>,
    /// Refused when the stored object has another UID.
    pub uid: Option<Uid>,
    /// What becomes of dependents.
    pub propagation: Propagation,
}

/// Why a request was refused. The wording is that of `kubectl` after `Error from server`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Error from server ({reason}): {message}")]
pub struct ApiError {
    /// HTTP status.
    pub code: u16,
    /// CamelCase reason, such as `NotFound`.
    pub reason: &'static str,
    /// The message.
    pub message: String,
}

impl ApiError {
    /// 404.
    pub fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource(kind));
        Self { code: 404, reason: "NotFound", message }
    }

    /// 409, the name is taken.
    pub fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource(kind));
        Self { code: 409, reason: "AlreadyExists", message }
    }

    /// 409, the object was changed in between.
    pub fn conflict(kind: Kind, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your \
             changes to the latest version and try again",
            resource(kind)
        );
        Self { code: 409, reason: "Conflict", message }
    }

    /// 409, for another cause.
    pub fn conflict_because(kind: Kind, name: &str, cause: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {cause}", resource(kind));
        Self { code: 409, reason: "Conflict", message }
    }

    /// 403.
    pub fn forbidden(kind: Kind, name: &str, cause: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {cause}", resource(kind));
        Self { code: 403, reason: "Forbidden", message }
    }

    /// 422.
    pub fn invalid(kind: Kind, name: &str, causes: &str) -> Self {
        let group =
            kind.names().api_version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
        Self {
            code: 422,
            reason: "Invalid",
            message: format!("{kind}{group} \"{name}\" is invalid: {causes}"),
        }
    }

    /// 429, a disruption budget says no.
    pub fn too_many_requests(message: &str) -> Self {
        Self { code: 429, reason: "TooManyRequests", message: message.to_owned() }
    }

    /// No answer at all: nobody listens.
    pub fn refused() -> Self {
        let message = "the server is currently unable to handle the request".to_owned();
        Self { code: 503, reason: "ServiceUnavailable", message }
    }

    /// etcd has no quorum, so that a write or a consistent read ends after a while.
    pub fn timed_out() -> Self {
        Self { code: 500, reason: "InternalError", message: "etcdserver: request timed out".to_owned() }
    }

    /// Whether the client may try again later.
    pub fn is_retriable(&self) -> bool {
        matches!(self.code, 409 | 429 | 500..)
    }
}

/// `deployments.apps`, `pods`: how errors name a kind.
fn resource(kind: Kind) -> String {
    let names = kind.names();
    match names.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", names.plural),
        None => names.plural.to_owned(),
    }
}
