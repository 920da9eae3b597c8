//! Findings in the forms in which people and tools read them.

mod catalogue;
mod json;
mod sarif;
mod text;

pub use catalogue::{list, page};
pub use json::json;
pub use sarif::sarif;
pub use text::text;
