//! What every component of the cluster is built from: its context, its API client, its delayed view of the store,
//! its work queue and its event recorder. No concrete component lives here.

pub mod bucket;
mod client;
pub mod ctx;
pub mod events;
mod groups;
pub mod metrics;
pub mod mirror;
pub mod profile;
pub mod settings;
pub mod workqueue;

pub use client::{ApiClient, Origin, Submission};
pub use ctx::{Agenda, Class, Ctx};
pub use events::EventRecorder;
pub use groups::Counts;
pub use mirror::Mirror;
pub use settings::Settings;
pub use workqueue::{RetryLimits, WorkQueue};
