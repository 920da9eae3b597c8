//! What the words of Kubernetes mean: the catalogue behind `shakedown explain`.
//!
//! Exit codes, signals, reasons, phases, conditions, QoS classes, probe fields, events, taints, fault kinds and fields of scenarios, each
//! with what it means, how it comes about, what to do, and where to read on. [`explain`] finds a word however it is
//! written (`137`, `exit code 137`, `SIGKILL`, `crash loop back off`, `Init:Error`); [`Explanation`] is what there is
//! to say.
//!
//! The entries are data, a file for each topic. Facts are those of kubelet and control plane as this simulator
//! follows them (Kubernetes 1.34); nothing here looks at a running simulation.

mod codes;
mod conditions;
mod entry;
mod events;
mod faults;
mod lookup;
mod nodes;
mod pods;
mod probes;
mod reasons;
mod render;
mod scenario;
mod shown;
mod signals;
mod taught;

pub use entry::{Entry, Topic};
pub use lookup::{Explanation, Unknown, explain};

/// The whole catalogue, topic by topic.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let topics: [&[Entry]; 11] = [
        codes::ENTRIES,
        signals::CODES,
        signals::ENTRIES,
        reasons::ENTRIES,
        pods::ENTRIES,
        conditions::ENTRIES,
        probes::ENTRIES,
        events::ENTRIES,
        nodes::ENTRIES,
        faults::ENTRIES,
        scenario::ENTRIES,
    ];
    topics.into_iter().flatten()
}

#[cfg(test)]
mod tests;
