//! The node: kubelet, container runtime, and the pure rules they follow.

pub mod backoff;
pub mod phase;
