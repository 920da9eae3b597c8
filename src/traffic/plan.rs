//! What a scenario says about traffic.

use crate::base::Name;
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::workload::RetryRule;

/// All traffic of a scenario.
#[derive(Clone, Debug, Default)]
pub struct TrafficPlan {
    /// How it is simulated.
    pub mode: Mode,
    /// Length of the intervals in which it is reported; `None` = what suits the length of the run.
    pub interval: Option<SimDuration>,
    /// Who sends requests.
    pub sources: Vec<Source>,
}

/// How traffic is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every request for itself.
    #[default]
    Exact,
    /// Rates per interval: for large loads.
    Fluid,
}

/// Someone who sends requests to a Service.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: Name,
    /// Namespace of the Service.
    pub namespace: Name,
    /// Name of the Service.
    pub service: Name,
    /// Port by name or number; `None` = the first of the Service.
    pub port: Option<Name>,
    /// Path of the requests.
    pub path: Name,
    /// Where the clients are.
    pub from: From,
    /// How many requests.
    pub load: Load,
    /// From when.
    pub begins: SimTime,
    /// Until when; `None` = to the end.
    pub ends: Option<SimTime>,
    /// How long an attempt may take.
    pub timeout: SimDuration,
    /// What happens when an attempt fails.
    pub retries: RetryRule,
    /// Whether connections are kept open and used again.
    pub reuse: bool,
    /// Requests that should be answered, of a million: the objective that the error budget is counted against.
    pub objective_per_million: u32,
}

/// Where clients are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// What suits the type of the Service: outside for NodePort and LoadBalancer, in the cluster else.
    Anywhere,
    /// Outside the cluster.
    Outside,
    /// In pods spread over all nodes that have power.
    Cluster,
    /// On one node.
    Node(Name),
    /// On the nodes of a zone.
    Zone(Name),
}

/// How many requests.
#[derive(Clone, Debug)]
pub enum Load {
    /// So many a second, whatever becomes of them.
    Open {
        /// How many.
        rate: Rate,
        /// Whether they come at random (a Poisson process of this rate) or evenly spaced.
        random: bool,
    },
    /// Users who each wait for the answer, think, and send the next request.
    Closed {
        /// How many.
        users: u32,
        /// Time from an answer to the next request.
        think: Distribution,
        /// Time over which the users arrive.
        ramp_up: SimDuration,
    },
}

/// Requests a second over time; times count from the beginning of the source, except in steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Rate {
    /// Always the same.
    Constant(f64),
    /// From one rate to another in a straight line.
    Ramp {
        /// At the beginning.
        from: f64,
        /// At the end, and from then on.
        to: f64,
        /// How long it takes.
        over: SimDuration,
    },
    /// Another rate from each of these times of the run on; zero before the first. A trace is this, too.
    Step(Vec<(SimTime, f64)>),
    /// A wave, lowest at its beginning.
    Diurnal {
        /// Lowest rate.
        low: f64,
        /// Highest rate.
        high: f64,
        /// Length of the day.
        period: SimDuration,
    },
}
