//! The control plane beyond the API server: controllers, and the pure rules they follow.

pub use crate::api::cron;
pub mod hpa;
pub mod ranking;
pub mod rollout;
