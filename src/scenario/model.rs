//! The result of reading: everything that is to happen, as plain data.

use std::fmt;
use std::sync::Arc;

use super::expect::Expectation;
use super::scheduler::SchedulerPlan;
use super::step::Step;
use crate::api::node::Node;
use crate::api::object::Object;
use crate::api::pod::Pod;
use crate::api::timestamp::Timestamp;
use crate::base::{Name, Quantity};
use crate::component::settings::Settings;
use crate::kernel::SimDuration;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};
use crate::traffic::TrafficPlan;
use crate::workload::AppModel;

/// A whole scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name; of the first file when there is no `Scenario` document.
    pub name: Name,
    /// What it is about, in the author's words; may be empty.
    pub description: String,
    /// What all random numbers come from.
    pub seed: u64,
    /// How long the run is.
    pub duration: SimDuration,
    /// The Kubernetes version, such as `1.34`.
    pub version: Name,
    /// Its minor number.
    pub minor: u32,
    /// The constants of the version, with what the scenario changes.
    pub settings: Settings,
    /// Calendar time of the start of the run.
    pub epoch: Timestamp,
    /// The machines, in the order written.
    pub nodes: Vec<NodePlan>,
    /// How its scheduler is set up.
    pub scheduler: SchedulerPlan,
    /// What the cluster begins with, in the order written; nodes are not among it.
    pub objects: Vec<Manifest>,
    /// Programs; where several match a container the first wins.
    pub apps: Vec<AppModel>,
    /// What happens, by time and then in the order written.
    pub steps: Vec<Step>,
    /// What must come true.
    pub expectations: Vec<Expectation>,
    /// Requests from outside.
    pub traffic: TrafficPlan,
    /// What the user should know before trusting the results.
    pub warnings: Diagnostics,
    /// The files.
    pub sources: Vec<Arc<SourceFile>>,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The stretch to underline.
    pub span: Span,
}

impl Place {
    /// Adds this place to a problem.
    #[must_use]
    pub fn label(&self, problem: Diagnostic, text: &str) -> Diagnostic {
        problem.at(&self.file, self.span, text)
    }
}

impl fmt::Display for Place {
    /// `web.yaml:7:3`, as editors take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.name(), self.span.line, self.span.column)
    }
}

/// An object and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The object.
    pub object: Object,
    /// Its place.
    pub place: Place,
}

impl Manifest {
    /// The kind as written, also of an object that is not simulated.
    pub fn kind(&self) -> Name {
        match &self.object {
            Object::Unsimulated(object) => object.kind.clone(),
            object => object.kind().as_str().into(),
        }
    }
}

/// A machine.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePlan {
    /// What its kubelet will register: name, labels, taints, capacity.
    pub node: Node,
    /// Images that are there from the beginning.
    pub images: Vec<Name>,
    /// Manifests in the directory of its kubelet.
    pub static_pods: Vec<Arc<Pod>>,
    /// Price of an hour.
    pub price: Option<Quantity>,
    /// The pool it belongs to.
    pub pool: Option<Name>,
    /// How the cluster autoscaler changes the size of its pool; `None` = not at all.
    pub autoscale: Option<Autoscale>,
    /// Its place; none for the machines of the default cluster.
    pub place: Option<Place>,
}

/// Bounds of a pool that the cluster autoscaler changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscale {
    /// Fewest machines.
    pub min: u64,
    /// Most machines.
    pub max: u64,
    /// Zones that machines go round.
    pub zones: Vec<Name>,
    /// How the autoscaler chooses among pools; the same for all.
    pub expander: Expander,
}

/// How the cluster autoscaler chooses the pool that grows (`--expander`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Expander {
    /// The one whose new machines would have the least left over.
    #[default]
    LeastWaste,
    /// The one that helps most pods.
    MostPods,
    /// The one that costs least for each pod that it helps.
    Price,
    /// Any.
    Random,
}

impl NodePlan {
    /// The name of the node.
    pub fn name(&self) -> &Name {
        &self.node.metadata.name
    }

    /// The zone it stands in.
    pub fn zone(&self) -> Option<&Name> {
        self.node.metadata.labels.get(ZONE_LABEL)
    }
}

impl Scenario {
    /// The nodes at the beginning, each with its pool and the price of an hour.
    pub fn machines(&self) -> impl Iterator<Item = (&str, Option<&str>, Option<f64>)> {
        let price = |plan: &NodePlan| plan.price.map(|price| price.milli_value() as f64 / 1000.0);
        self.nodes.iter().map(move |plan| (plan.name().as_str(), plan.pool.as_deref(), price(plan)))
    }
}

/// The label that says in which zone a node is.
pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
