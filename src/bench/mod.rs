//! A bench for scheduling policies: replays of cluster traces without a clock, and what they say about a policy.
//!
//! The decisions are those of [`crate::control::scheduler`]; this room offers pods to it and counts. It reads no files
//! and prints nothing.

pub mod arrivals;
pub mod openb;
pub mod replay;
pub mod table;
pub mod usage;
