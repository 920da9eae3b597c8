//! The Kubernetes objects as the simulator holds them, and the API server with its store.
//!
//! Types here carry the field names and defaults of the Kubernetes API (`k8s.io/api` v0.34) and serialise to what
//! `kubectl get -o yaml` prints. Nothing here schedules an event or knows a component: the server returns what was
//! committed, and others react.

pub mod admission;
pub mod autoscaling;
pub mod batch;
mod changes;
pub mod core;
pub mod cron;
pub mod defaults;
pub mod delete;
pub mod intstr;
pub mod kept;
mod limit_range;
pub mod match_label_keys;
pub mod meta;
pub mod names;
pub mod node;
pub mod node_affinity;
pub mod object;
mod patch;
pub mod pod;
pub mod policy;
pub mod qos;
pub mod quota;
pub mod references;
pub mod request;
pub mod selector;
pub mod server;
pub mod service;
pub mod services;
mod shared_specs;
pub mod store;
pub mod taints;
pub mod timestamp;
pub mod validation;
pub mod workload;

pub use changes::ChangeVisitor;
pub use meta::{Labels, ObjectMeta, OwnerReference, Uid};
pub use object::{Kind, Object, ObjectRef, Resource};
pub use request::{ApiError, DeleteOptions, Patch, Propagation, Request};
pub use selector::{FieldSelector, Selector};
pub use server::{ApiResult, ApiServer};
pub use store::{Commit, ObjectId, Objects, Op};
pub use timestamp::{MicroTime, Timestamp};
