//! The control plane: the controller manager with its controllers, the scheduler, the autoscalers.

pub mod controllers;
pub mod hpa;
pub mod manager;
pub mod ranking;
pub mod rollout;
pub mod scheduler;
pub mod scheduling;

pub use crate::api::cron;
