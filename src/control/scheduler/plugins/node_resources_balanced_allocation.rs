//! `NodeResourcesBalancedAllocation`: nodes whose resources are used in like proportion are better.
//!
//! Follows `noderesources/balanced_allocation.go` of kube-scheduler v1.34; float64, as there.

use serde::Deserialize;

use crate::control::scheduler::cache::Cache;
use crate::control::scheduler::cluster_event::EventMask;
use crate::control::scheduler::cycle_state::CycleState;
use crate::control::scheduler::framework::{
    Cycle, Locality, MAX_NODE_SCORE, NodeInfo, Plugin, PodInfo, Points, PreScore,
};
use crate::control::scheduler::ids::NodeId;
use crate::control::scheduler::scoring::{
    Basis, ResourceSpec, Weighted, capacity_and_use, default_resources,
};

/// `NodeResourcesBalancedAllocationArgs`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeResourcesBalancedAllocationArgs {
    /// Which resources are compared.
    pub resources: Vec<ResourceSpec>,
}

impl Default for NodeResourcesBalancedAllocationArgs {
    fn default() -> Self {
        Self { resources: default_resources() }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesBalancedAllocation {
    resources: Vec<Weighted>,
}

impl NodeResourcesBalancedAllocation {
    /// The plugin with these arguments.
    ///
    /// # Errors
    /// When a weight is not 1: the balance has no use for weights.
    pub fn new(args: &NodeResourcesBalancedAllocationArgs) -> Result<Self, String> {
        let resources = if args.resources.is_empty() { default_resources() } else { args.resources.clone() };
        let resources = Weighted::of(&resources)?;
        match resources.iter().find(|resource| resource.weight != 1) {
            Some(resource) => Err(format!("resource weight of {} must be 1", resource.name)),
            None => Ok(Self { resources }),
        }
    }
}

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn points(&self) -> Points {
        Points::PRE_SCORE | Points::SCORE
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn pre_score(&self, pod: &PodInfo, _: &mut Cache, state: &mut CycleState, _: &[NodeId]) -> PreScore {
        let listed = &pod.template.requests.listed;
        let request = |resource: &Weighted| listed.get(&resource.name).copied().unwrap_or(0);
        state.balance_requests.clear();
        state.balance_requests.extend(self.resources.iter().map(request));
        if state.balance_requests.iter().all(|request| *request == 0) {
            PreScore::Skip
        } else {
            PreScore::Run
        }
    }

    fn score(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
        let resources = self.resources.iter().zip(&cycle.state.balance_requests);
        let fractions = resources.filter_map(|(resource, request)| {
            let (capacity, used) = capacity_and_use(&resource.kind, *request, node, Basis::Actual)?;
            Some((used as f64 / capacity as f64).min(1.0))
        });
        ((1.0 - deviation(fractions)) * MAX_NODE_SCORE as f64) as i64
    }

    fn events(&self) -> &'static [EventMask] {
        &[]
    }
}

/// The standard deviation, added up in the order in which upstream does.
fn deviation(fractions: impl Iterator<Item = f64> + Clone) -> f64 {
    let (count, sum) =
        fractions.clone().fold((0_u32, 0.0), |(count, sum), fraction| (count + 1, sum + fraction));
    match count {
        0 | 1 => 0.0,
        2 => {
            let mut both = fractions;
            let (a, b) = (both.next().unwrap_or(0.0), both.next().unwrap_or(0.0));
            ((a - b) / 2.0).abs()
        }
        _ => {
            let mean = sum / f64::from(count);
            let squares = fractions.fold(0.0, |sum, fraction| sum + (fraction - mean) * (fraction - mean));
            (squares / f64::from(count)).sqrt()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fractions_are_half_their_distance_apart() {
        assert_eq!(((1.0 - deviation([0.25, 0.0625].into_iter())) * 100.0) as i64, 90);
        assert_eq!(((1.0 - deviation([0.7].into_iter())) * 100.0) as i64, 100);
        assert_eq!(((1.0 - deviation([0.0, 0.5, 1.0].into_iter())) * 100.0) as i64, 59);
        assert_eq!(((1.0 - deviation([0.2, 0.4, 0.9].into_iter())) * 100.0) as i64, 70);
    }
}
