//! What the cluster's network knows: which Services have ready endpoints, and who reaches whom.

pub mod reach;
pub mod services;

pub use reach::Reach;
pub use services::ServiceTable;
