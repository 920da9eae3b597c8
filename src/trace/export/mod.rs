//! The trace as other tools read it. Writers only: nothing here keeps records.

mod compact;
mod csv;
mod jsonl;
mod text;

pub use csv::CsvWriter;
pub use jsonl::JsonlWriter;
