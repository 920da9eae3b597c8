//! Small building blocks that know nothing of simulation or of Kubernetes.
//!
//! Nothing here may import another room of the crate, read a clock or touch a file.

pub mod lookup;
pub mod name;
pub mod parallel;
pub mod quantity;
pub mod shared_list;
pub mod signal;
pub mod suggest;
pub mod wide;
pub mod wrap;

pub use lookup::{LookupMap, perturb_hashes};
pub use name::Name;
pub use quantity::Quantity;
pub use shared_list::SharedList;
