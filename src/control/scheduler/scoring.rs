//! Scores of what is asked for against what there is (`noderesources/resource_allocation.go` and its three
//! strategies, kube-scheduler v1.34). Integers throughout, except where upstream uses float64.

use serde::Deserialize;

use super::framework::{MAX_NODE_SCORE, NodeInfo};
use super::resources::{CPU, EPHEMERAL_STORAGE, MEMORY, is_scalar};
use crate::base::Name;

/// A resource and how much it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSpec {
    /// Its name.
    pub name: Name,
    /// Its weight; absent or 0 means 1.
    #[serde(default)]
    pub weight: i64,
}

/// CPU and memory, alike.
pub fn default_resources() -> Vec<ResourceSpec> {
    [CPU, MEMORY].map(|name| ResourceSpec { name: name.into(), weight: 1 }).into()
}

/// A resource as the scores know it.
#[derive(Clone, Debug)]
pub enum Kind {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
    /// Local scratch space.
    EphemeralStorage,
    /// An extended resource or the like.
    Scalar(Name),
    /// Something that nodes do not count.
    Unknown,
}

/// A resource with its weight.
#[derive(Clone, Debug)]
pub struct Weighted {
    /// The resource.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// Its weight.
    pub weight: i64,
}

impl Weighted {
    /// The resources of a configuration.
    ///
    /// # Errors
    /// When a weight is out of range.
    pub fn of(specs: &[ResourceSpec]) -> Result<Vec<Self>, String> {
        let compile = |spec: &ResourceSpec| {
            let weight = if spec.weight == 0 { 1 } else { spec.weight };
            if !(1..=100).contains(&weight) {
                return Err(format!("resource weight of {} is not in the range [1, 100]", spec.name));
            }
            let kind = match spec.name.as_str() {
                CPU => Kind::Cpu,
                MEMORY => Kind::Memory,
                EPHEMERAL_STORAGE => Kind::EphemeralStorage,
                other if is_scalar(other) => Kind::Scalar(spec.name.clone()),
                _ => Kind::Unknown,
            };
            Ok(Self { kind, name: spec.name.clone(), weight })
        };
        specs.iter().map(compile).collect()
    }
}

/// Which sum of the pods on a node counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What they really ask for.
    Actual,
    /// With something for those that ask for nothing.
    NonZero,
}

/// What there is and what would be asked for with the pod on the node. `None` when the resource does not count: the
/// node has none, or it is an extended one that the pod does not ask for.
pub fn capacity_and_use(kind: &Kind, request: i64, node: &NodeInfo, basis: Basis) -> Option<(i64, i64)> {
    let (capacity, taken) = match kind {
        Kind::Cpu if basis == Basis::NonZero => (node.allocatable.milli_cpu, node.non_zero.milli_cpu),
        Kind::Cpu => (node.allocatable.milli_cpu, node.requested.milli_cpu),
        Kind::Memory if basis == Basis::NonZero => (node.allocatable.memory, node.non_zero.memory),
        Kind::Memory => (node.allocatable.memory, node.requested.memory),
        Kind::EphemeralStorage => (node.allocatable.ephemeral_storage, node.requested.ephemeral_storage),
        Kind::Scalar(_) if request == 0 => return None,
        Kind::Scalar(name) => (node.allocatable.scalar(name)?, node.requested.scalar(name).unwrap_or(0)),
        Kind::Unknown => return None,
    };
    (capacity != 0).then_some((capacity, taken + request))
}

/// How capacity and use make a score.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// The emptier the better.
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// As a curve says.
    RequestedToCapacityRatio(Curve),
}

impl Strategy {
    /// The score of a node, from what there is and what is used of each resource that counts.
    pub fn score(&self, resources: impl Iterator<Item = (i64, i64, i64)>) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for (weight, capacity, used) in resources {
            let score = match self {
                Self::LeastAllocated if used > capacity => 0,
                Self::LeastAllocated => (capacity - used) * MAX_NODE_SCORE / capacity,
                Self::MostAllocated => used.min(capacity) * MAX_NODE_SCORE / capacity,
                Self::RequestedToCapacityRatio(curve) => curve.score(used, capacity),
            };
            // A curve leaves resources that score nothing out of the average.
            if score > 0 || !matches!(self, Self::RequestedToCapacityRatio(_)) {
                sum += score * weight;
                weights += weight;
            }
        }
        match self {
            _ if weights == 0 => 0,
            Self::RequestedToCapacityRatio(_) => (sum as f64 / weights as f64).round() as i64,
            Self::LeastAllocated | Self::MostAllocated => sum / weights,
        }
    }
}

/// Straight lines between points of utilisation in percent and score from 0 to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve(Vec<(i64, i64)>);

/// A point of a configuration: utilisation in percent, score from 0 to 10.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtilizationShapePoint {
    /// Percent.
    #[serde(default)]
    pub utilization: i32,
    /// From 0 to 10.
    #[serde(default)]
    pub score: i32,
}

impl Curve {
    /// The curve through these points.
    ///
    /// # Errors
    /// When there are none, one is out of range, or they are not in order.
    pub fn new(points: &[UtilizationShapePoint]) -> Result<Self, String> {
        if points.is_empty() {
            return Err("requestedToCapacityRatio.shape: at least one point must be specified".into());
        }
        let in_order = points.windows(2).all(|pair| pair[0].utilization < pair[1].utilization);
        if !in_order {
            return Err(
                "requestedToCapacityRatio.shape: utilization values must be strictly increasing".into()
            );
        }
        let in_range = |point: &UtilizationShapePoint| {
            (0..=100).contains(&point.utilization) && (0..=10).contains(&point.score)
        };
        if !points.iter().all(in_range) {
            return Err("requestedToCapacityRatio.shape: utilization must be 0..100 and score 0..10".into());
        }
        Ok(Self(points.iter().map(|point| (point.utilization.into(), i64::from(point.score) * 10)).collect()))
    }

    fn score(&self, used: i64, capacity: i64) -> i64 {
        let utilization = if used > capacity { 100 } else { used * 100 / capacity };
        let Some(right) = self.0.iter().position(|(at, _)| utilization <= *at) else {
            return self.0.last().map_or(0, |(_, score)| *score);
        };
        let (at, score) = self.0[right];
        if right == 0 {
            return score;
        }
        let (left_at, left_score) = self.0[right - 1];
        left_score + (score - left_score) * (utilization - left_at) / (at - left_at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::control::scheduler::ids::NodeId;

    #[test]
    fn worked_values() {
        let memory = 8 << 30;
        let pod = |cpu, bytes| [(1, 4000, cpu), (1, memory, bytes)].into_iter();
        assert_eq!(Strategy::LeastAllocated.score(pod(1000, 512 << 20)), 84);
        assert_eq!(Strategy::LeastAllocated.score(pod(100, 200 << 20)), 97);
        assert_eq!(Strategy::MostAllocated.score(pod(1000, memory * 2)), 62);
        assert_eq!(Strategy::LeastAllocated.score(pod(5000, memory)), 0);
    }

    /// A profile may weigh scratch space, and a mean of one resource is that resource's score.
    #[test]
    fn scratch_space_counts_where_a_profile_says_so() {
        let spec = ResourceSpec { name: EPHEMERAL_STORAGE.into(), weight: 2 };
        let [weighted] = &Weighted::of(&[spec]).unwrap()[..] else { panic!("one is one") };
        let mut node = NodeInfo::new(NodeId(0), Arc::default());
        node.allocatable.ephemeral_storage = 100;
        node.requested.ephemeral_storage = 10;
        let counted = capacity_and_use(&weighted.kind, 20, &node, Basis::Actual);
        assert_eq!(counted, Some((100, 30)));
    }

    #[test]
    fn curves_divide_towards_zero_and_leave_out_what_scores_nothing() {
        let curve = |points: &[(i32, i32)]| {
            let points: Vec<_> = points
                .iter()
                .map(|&(utilization, score)| UtilizationShapePoint { utilization, score })
                .collect();
            Strategy::RequestedToCapacityRatio(Curve::new(&points).unwrap())
        };
        assert_eq!(curve(&[(0, 0), (100, 10)]).score([(1, 100, 37)].into_iter()), 37);
        assert_eq!(curve(&[(0, 10), (100, 0)]).score([(1, 100, 37)].into_iter()), 63);
        assert_eq!(curve(&[(0, 0), (100, 10)]).score([(3, 100, 0), (1, 100, 50)].into_iter()), 50);
        assert_eq!(curve(&[(0, 0), (100, 10)]).score([(1, 100, 51), (1, 100, 50)].into_iter()), 51);
    }
}
