//! Nodes over time: their state, and how much of them is given away.

use super::lane::Requests;
use super::steps::Steps;
use crate::api::core::{ConditionStatus, Conditions};
use crate::api::node::Node;
use crate::api::pod::{Container, PodSpec};
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};

const POINTS_PER_SERIES: usize = 8_192;

/// What state a node is in. The order is that of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// It reports that it is well.
    Ready,
    /// It is well but takes no new pods.
    Cordoned,
    /// It reports that it is not well, or has not reported yet.
    NotReady,
    /// It has stopped reporting.
    Unknown,
    /// The machine is off, whatever the API believes.
    Down,
    /// It is no longer part of the cluster.
    Gone,
}

impl NodeState {
    /// Every state that can be seen, in the order of the legend.
    pub const VISIBLE: [Self; 5] = [Self::Ready, Self::Cordoned, Self::NotReady, Self::Unknown, Self::Down];

    /// Words for the legend.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cordoned => "cordoned",
            Self::NotReady => "not ready",
            Self::Unknown => "unknown (no reports)",
            Self::Down => "machine down",
            Self::Gone => "gone",
        }
    }

    /// One word for files that programs read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cordoned => "cordoned",
            Self::NotReady => "not_ready",
            Self::Unknown => "unknown",
            Self::Down => "down",
            Self::Gone => "gone",
        }
    }

    /// The state that the API shows.
    fn of(node: &Node) -> Self {
        match node.status.conditions.status_of("Ready") {
            Some(ConditionStatus::True) if node.spec.unschedulable => Self::Cordoned,
            Some(ConditionStatus::True) => Self::Ready,
            Some(ConditionStatus::Unknown) => Self::Unknown,
            Some(ConditionStatus::False) | None => Self::NotReady,
        }
    }
}

/// One node over time.
#[derive(Clone, Debug)]
pub struct NodeSeries {
    /// Its name.
    pub name: Name,
    /// What state it was in.
    pub states: Steps<NodeState>,
    /// What it has to give, as last reported.
    pub allocatable: Requests,
    /// Thousandths of a CPU that its pods request.
    pub cpu_milli: Steps<i64>,
    /// Bytes of memory that its pods request.
    pub memory: Steps<i64>,
    /// Pods bound to it that have not ended.
    pub pods: Steps<i32>,
    /// How long the API showed it as ready.
    pub ready_for: SimDuration,
    /// How long it was part of the cluster.
    pub observed_for: SimDuration,
    /// When the API began to show it as not ready.
    pub lost_at: Vec<SimTime>,
    now: Now,
}

#[derive(Clone, Debug)]
struct Now {
    last_at: SimTime,
    present: bool,
    ready: bool,
    powered: bool,
    state: NodeState,
    requests: Requests,
    pods: i32,
}

impl NodeSeries {
    pub(super) fn new(name: Name, at: SimTime) -> Self {
        let state = NodeState::NotReady;
        let now = Now {
            last_at: at,
            present: false,
            ready: false,
            powered: true,
            state,
            requests: Requests::default(),
            pods: 0,
        };
        Self {
            name,
            states: Steps::with_limit(POINTS_PER_SERIES),
            allocatable: Requests::default(),
            cpu_milli: Steps::with_limit(POINTS_PER_SERIES),
            memory: Steps::with_limit(POINTS_PER_SERIES),
            pods: Steps::with_limit(POINTS_PER_SERIES),
            ready_for: SimDuration::ZERO,
            observed_for: SimDuration::ZERO,
            lost_at: Vec::new(),
            now,
        }
    }

    /// Whether the node is part of the cluster and ready, as the API shows it.
    pub fn is_ready(&self) -> bool {
        self.now.present && self.now.ready
    }

    pub(super) fn observe(&mut self, at: SimTime, node: &Node) {
        self.advance(at);
        if self.is_ready() && !node.is_ready() && self.lost_at.len() < POINTS_PER_SERIES {
            self.lost_at.push(at);
        }
        self.now.present = true;
        self.now.ready = node.is_ready();
        self.now.state = NodeState::of(node);
        let amount = |resource: &str| node.status.allocatable.get(resource).copied().unwrap_or_default();
        self.allocatable =
            Requests { cpu_milli: amount("cpu").milli_value(), memory: amount("memory").value() };
        self.show(at);
    }

    pub(super) fn remove(&mut self, at: SimTime) {
        self.advance(at);
        self.now.present = false;
        self.states.push(at, NodeState::Gone);
    }

    pub(super) fn power(&mut self, at: SimTime, up: bool) {
        self.now.powered = up;
        if self.now.present {
            self.show(at);
        }
    }

    /// A pod with these requests came (`by` = 1) or went (`by` = -1).
    pub(super) fn allocate(&mut self, at: SimTime, requests: Requests, by: i32) {
        self.now.requests.cpu_milli += requests.cpu_milli * i64::from(by);
        self.now.requests.memory += requests.memory * i64::from(by);
        self.now.pods += by;
        self.cpu_milli.push(at, self.now.requests.cpu_milli);
        self.memory.push(at, self.now.requests.memory);
        self.pods.push(at, self.now.pods);
    }

    pub(super) fn advance(&mut self, at: SimTime) {
        let held_for = at.saturating_since(self.now.last_at);
        self.now.last_at = at;
        if self.now.present {
            self.observed_for += held_for;
            if self.now.ready {
                self.ready_for += held_for;
            }
        }
    }

    fn show(&mut self, at: SimTime) {
        self.states.push(at, if self.now.powered { self.now.state } else { NodeState::Down });
    }
}

/// What the scheduler sets aside for a pod: all containers together or, where that is more, the init container that
/// needs most beside the sidecars started before it; plus the overhead.
pub(super) fn pod_requests(spec: &PodSpec) -> Requests {
    let of = |resource: &str| {
        let own = |container: &Container| container.resources.requests.get(resource).copied();
        let amount = |container: &Container| own(container).unwrap_or_default().milli_value();
        let mut sidecars = 0;
        let mut init_peak = 0;
        for container in &spec.init_containers {
            init_peak = init_peak.max(sidecars + amount(container));
            if container.is_sidecar() {
                sidecars += amount(container);
            }
        }
        let together = sidecars + spec.containers.iter().map(amount).sum::<i64>();
        let whole = spec.resources.as_ref().and_then(|it| it.requests.get(resource));
        let base = whole.map_or(together.max(init_peak), crate::base::Quantity::milli_value);
        base + spec.overhead.get(resource).copied().unwrap_or_default().milli_value()
    };
    Requests { cpu_milli: of("cpu"), memory: of("memory") / 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_the_larger_of_init_and_running() {
        let spec: PodSpec = serde_json::from_str(
            r#"{"initContainers":[
                {"name":"side","restartPolicy":"Always","resources":{"requests":{"cpu":"100m","memory":"10Mi"}}},
                {"name":"init","resources":{"requests":{"cpu":"1","memory":"1Mi"}}}],
              "containers":[{"name":"a","resources":{"requests":{"cpu":"250m","memory":"64Mi"}}}],
              "overhead":{"cpu":"10m"}}"#,
        )
        .unwrap();
        assert_eq!(pod_requests(&spec), Requests { cpu_milli: 1_110, memory: 74 << 20 });
    }

    #[test]
    fn a_machine_without_power_is_down_before_the_api_knows() {
        let mut node: Node =
            serde_json::from_str(r#"{"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#).unwrap();
        let secs = SimTime::from_secs;
        let mut series = NodeSeries::new("n".into(), secs(0));
        series.observe(secs(0), &node);
        series.power(secs(10), false);
        node.status.conditions[0].status = ConditionStatus::Unknown;
        series.observe(secs(50), &node);
        series.power(secs(60), true);
        series.advance(secs(100));
        let states: Vec<_> =
            series.states.points().iter().map(|(at, state)| (at.as_secs(), *state)).collect();
        assert_eq!(states, [(0, NodeState::Ready), (10, NodeState::Down), (60, NodeState::Unknown)]);
        assert_eq!((series.ready_for.as_secs(), series.observed_for.as_secs()), (50, 100));
    }
}
