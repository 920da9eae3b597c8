//! What a run leaves behind: records, each with the record that caused it.
//!
//! Nothing in a run reads a record back. The recorder only hands records out; writing files is for those above.

pub mod export;
pub mod record;
pub mod replay;
pub mod samples;
pub mod words;

pub use record::{
    ContainerFact, Detail, FAILURES, Record, RecordId, Recorder, Subject, TrafficSample, UsageSample,
};
