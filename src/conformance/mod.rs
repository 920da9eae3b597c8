//! Comparison of this crate with recordings of real Kubernetes components.
//!
//! Everything here reads files and returns data; printing is for `cli`.

pub mod fgd;
pub mod functions;
pub mod scheduler;
