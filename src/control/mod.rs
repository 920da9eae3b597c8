//! The control plane: scheduler, controllers and autoscalers.

pub mod scheduler;
