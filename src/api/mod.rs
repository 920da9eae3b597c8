//! The Kubernetes objects as the simulator holds them, and the API server with its store.
//!
//! Types here carry the field names and defaults of the Kubernetes API (`k8s.io/api` v0.34) and serialise to what
//! `kubectl get -o yaml` prints. Nothing here schedules an event or knows a component: the server returns what was
//! committed, and others react.

pub mod autoscaling;
pub mod batch;
pub mod core;
pub mod meta;
pub mod names;
pub mod node;
pub mod node_affinity;
pub mod object;
pub mod pod;
pub mod policy;
pub mod selector;
pub mod service;
pub mod taints;
pub mod timestamp;
pub mod workload;

pub use meta::{Labels, ObjectMeta, OwnerReference, Uid};
pub use object::{Kind, Object, ObjectRef, Resource};
pub use selector::{FieldSelector, Selector};
pub use timestamp::{MicroTime, Timestamp};
