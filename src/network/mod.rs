//! What the cluster's network knows: the table of Services that kube-proxies and cluster DNS work from, which part of it
//! each proxy has in force, how a proxy chooses an endpoint, and which links are disturbed.
//!
//! Nothing here knows requests: who sends them is in `traffic`.

pub mod choice;
pub mod dns;
pub mod links;
pub mod proxy;
pub mod reach;
pub mod table;

pub use choice::{Choice, Scope, choose};
pub use dns::Dns;
pub use links::{Disturbance, Links, Passage, Side};
pub use proxy::{Proxies, SyncTiming};
pub use reach::Reach;
pub use table::{Rules, ServiceTable, Target};

/// What the cluster's network knows.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The table of Services.
    pub services: ServiceTable,
    /// What of it each node's kube-proxy has in force.
    pub proxies: Proxies,
    /// Answers that resolvers remember.
    pub dns: Dns,
    /// Disturbed links between nodes.
    pub links: Links,
}
