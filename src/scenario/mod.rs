//! stub
pub mod expect;
pub mod model;
pub mod step;
pub use expect::{Condition, Count, Expectation, Moment};
pub use model::{Manifest, NodePlan, Place, Scenario, Traffic, TrafficRate};
pub use step::{Action, Step, When};
