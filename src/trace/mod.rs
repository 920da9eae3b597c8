//! What a run leaves behind: records, each with the record that caused it.
//!
//! Nothing in a run reads a record back. The recorder only hands records out; writing files is for those above.

pub mod export;
pub mod record;
pub mod replay;

pub use record::{ContainerFact, Detail, Record, RecordId, Recorder, Subject, TrafficSample, UsageSample};
