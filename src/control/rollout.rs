//! How many replicas each ReplicaSet of a Deployment gets: the bounds of a rolling update, its two steps, and scaling in
//! proportion.
//!
//! Follows `pkg/controller/deployment/{rolling,sync}.go` and `util/deployment_util.go`, 1.20 (1.34 computes the same
//! but guards against an annotation of 0). Everything here only computes; the controller writes the results.

use std::cmp::Ordering;

use crate::api::Timestamp;
use crate::api::core::IntOrString;
use crate::api::intstr::IntOrStringError;
use crate::api::workload::{Deployment, DeploymentStrategyType, ReplicaSet};
use crate::base::Name;

/// Annotation of a ReplicaSet: `spec.replicas` of its Deployment when it was last scaled.
pub const DESIRED_REPLICAS_ANNOTATION: &str = "deployment.kubernetes.io/desired-replicas";
/// Annotation of a ReplicaSet: the same plus the surge.
pub const MAX_REPLICAS_ANNOTATION: &str = "deployment.kubernetes.io/max-replicas";

/// The bounds of a rolling update as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fenceposts {
    /// Pods above the desired number.
    pub surge: i32,
    /// Pods below the desired number; may exceed it.
    pub unavailable: i32,
}

impl Fenceposts {
    /// `ResolveFenceposts`: the surge is rounded up, the unavailability down; when both come out as 0, one pod may be
    /// unavailable, or no progress would be possible. Absent bounds are 0.
    ///
    /// # Errors
    /// When a bound is neither a number nor a percentage.
    pub fn resolve(
        max_surge: Option<&IntOrString>,
        max_unavailable: Option<&IntOrString>,
        replicas: i32,
    ) -> Result<Self, IntOrStringError> {
        let surge = max_surge.map_or(Ok(0), |value| value.scaled(replicas, true))?;
        let unavailable = max_unavailable.map_or(Ok(0), |value| value.scaled(replicas, false))?;
        let stuck = surge == 0 && unavailable == 0;
        Ok(Self { surge, unavailable: if stuck { 1 } else { unavailable } })
    }
}

/// The Deployment's side of the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `status.replicas`, the stand-in for a missing annotation.
    pub status_replicas: i32,
    /// The bounds; `None` when all pods are replaced at once.
    pub bounds: Option<Fenceposts>,
}

/// One ReplicaSet's side of the computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetView {
    /// Its name, the last tie-breaker.
    pub name: Name,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `status.availableReplicas`.
    pub available: i32,
    /// The annotation [`MAX_REPLICAS_ANNOTATION`].
    pub max_replicas: Option<i32>,
    /// The annotation [`DESIRED_REPLICAS_ANNOTATION`].
    pub desired_replicas: Option<i32>,
    /// When it was created.
    pub created: Timestamp,
}

/// New values of `spec.replicas`, in the order in which the sets were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of the new ReplicaSet, if there is one.
    pub new: Option<i32>,
    /// Of the old ones.
    pub old: Vec<i32>,
}

impl Rollout {
    /// What `deployment` says.
    ///
    /// # Errors
    /// When a bound of its rolling update is neither a number nor a percentage.
    pub fn new(deployment: &Deployment) -> Result<Self, IntOrStringError> {
        let spec = &deployment.spec;
        let replicas = spec.replicas.unwrap_or(1);
        let update = spec.strategy.rolling_update.as_ref();
        let rolls = spec.strategy.kind == DeploymentStrategyType::RollingUpdate;
        let resolve = || {
            let (surge, unavailable) =
                (update.and_then(|u| u.max_surge.as_ref()), update.and_then(|u| u.max_unavailable.as_ref()));
            Fenceposts::resolve(surge, unavailable, replicas)
        };
        let bounds = if rolls { Some(resolve()?) } else { None };
        Ok(Self { replicas, status_replicas: deployment.status.replicas, bounds })
    }

    /// Pods above the desired number.
    pub fn max_surge(&self) -> i32 {
        self.bounds.map_or(0, |bounds| bounds.surge)
    }

    /// Pods below the desired number, at most that number.
    pub fn max_unavailable(&self) -> i32 {
        self.bounds.map_or(0, |bounds| bounds.unavailable.min(self.replicas))
    }

    /// Pods at most at one time. Beyond 2^31 it is negative, as upstream's int32 is.
    pub fn max_total(&self) -> i32 {
        self.replicas.wrapping_add(self.max_surge())
    }

    /// Pods that must stay available.
    pub fn min_available(&self) -> i32 {
        self.replicas - self.max_unavailable()
    }

    /// `NewRSNewReplicas` and `reconcileNewReplicaSet`: the size that the new set should have now.
    pub fn size_of_new(&self, new: &SetView, old: &[SetView]) -> i32 {
        if new.replicas >= self.replicas || self.bounds.is_none() {
            return self.replicas;
        }
        let total = new.replicas.saturating_add(sum(old.iter().map(|set| set.replicas)));
        let room = self.max_total().saturating_sub(total);
        if room <= 0 { new.replicas } else { new.replicas + room.min(self.replicas - new.replicas) }
    }

    /// `reconcileOldReplicaSets`: the sizes that the old sets should have now. Unhealthy pods go first, then as many
    /// available ones as the bound allows; the oldest set first each time.
    pub fn sizes_of_old(&self, new: &SetView, old: &[SetView]) -> Vec<i32> {
        let mut sizes: Vec<i32> = old.iter().map(|set| set.replicas).collect();
        let old_total = sum(sizes.iter().copied());
        let new_unavailable = new.replicas - new.available;
        let most = old_total + new.replicas - self.min_available() - new_unavailable;
        if old_total == 0 || most <= 0 {
            return sizes;
        }
        let mut by_age: Vec<usize> = (0..old.len()).collect();
        by_age.sort_by(|a, b| older_first(&old[*a], &old[*b]));
        let mut left = most;
        for at in &by_age {
            let unhealthy = sizes[*at] - old[*at].available;
            if left <= 0 {
                break;
            }
            if sizes[*at] == 0 {
                continue;
            }
            if unhealthy < 0 {
                // More available than asked for: the status lags behind, and upstream gives up until the next sync.
                return sizes;
            }
            sizes[*at] -= left.min(unhealthy);
            left -= left.min(unhealthy);
        }
        let available = new.available + sum(old.iter().map(|set| set.available));
        let mut left = available - self.min_available();
        for at in by_age {
            let fewer = sizes[at].min(left.max(0));
            sizes[at] -= fewer;
            left -= fewer;
        }
        sizes
    }

    /// `scale`: the sizes after the Deployment itself was scaled, without rolling on. With one active set, that one
    /// follows; with several, the difference is shared in proportion.
    pub fn sizes_in_proportion(&self, new: Option<&SetView>, old: &[SetView]) -> Sizes {
        let mut sizes =
            Sizes { new: new.map(|set| set.replicas), old: old.iter().map(|set| set.replicas).collect() };
        if let Some(only) = only_active_or_latest(new, old) {
            sizes.set(only, self.replicas);
        } else if new.is_some_and(|new| self.is_saturated(new)) {
            sizes.old.fill(0);
        } else if self.bounds.is_some() {
            self.share(new, old, &mut sizes);
        }
        sizes
    }

    /// `IsSaturated`: the new set has all pods, available, and was scaled for this size.
    fn is_saturated(&self, new: &SetView) -> bool {
        new.desired_replicas == Some(self.replicas)
            && new.replicas == self.replicas
            && new.available == self.replicas
    }

    fn share(&self, new: Option<&SetView>, old: &[SetView], sizes: &mut Sizes) {
        let mut active: Vec<(Place, &SetView)> =
            places(new, old).filter(|(_, set)| set.replicas > 0).collect();
        let allowed = if self.replicas > 0 { self.max_total() } else { 0 };
        let to_add = allowed - sum(active.iter().map(|(_, set)| set.replicas));
        if to_add == 0 {
            return;
        }
        // Larger sets first; of equal ones the newer gains first and the older loses first.
        active.sort_by(|(_, a), (_, b)| {
            let by_age = older_first(a, b);
            b.replicas.cmp(&a.replicas).then(if to_add > 0 { by_age.reverse() } else { by_age })
        });
        let mut added = 0;
        for (place, set) in &active {
            let left = to_add - added;
            let fraction = if left == 0 { 0 } else { self.fraction(set) };
            let part = if to_add > 0 { fraction.min(left) } else { fraction.max(left) };
            sizes.set(*place, set.replicas + part);
            added += part;
        }
        // What rounding left over goes to the largest.
        if let Some((place, _)) = active.first() {
            let size = sizes.get(*place) + to_add - added;
            sizes.set(*place, size.max(0));
        }
    }

    /// `getReplicaSetFraction`: how much a set would gain or lose if it kept its part of the whole.
    fn fraction(&self, set: &SetView) -> i32 {
        if self.replicas == 0 {
            return -set.replicas;
        }
        let before = set.max_replicas.unwrap_or(self.status_replicas);
        if before == 0 {
            return 0;
        }
        let product = set.replicas.wrapping_mul(self.max_total());
        let size = f64::from(product) / f64::from(before);
        // Rounded half away from zero, by adding and cutting, as upstream does.
        let rounded = if size < 0.0 { size - 0.5 } else { size + 0.5 };
        rounded as i32 - set.replicas
    }
}

impl SetView {
    /// What `set` says.
    pub fn new(set: &ReplicaSet) -> Self {
        let annotation = |key| set.metadata.annotations.get(key).and_then(|text| text.parse().ok());
        Self {
            name: set.metadata.name.clone(),
            replicas: set.spec.replicas.unwrap_or(1),
            available: set.status.available_replicas,
            max_replicas: annotation(MAX_REPLICAS_ANNOTATION),
            desired_replicas: annotation(DESIRED_REPLICAS_ANNOTATION),
            created: set.metadata.creation_timestamp.unwrap_or_default(),
        }
    }
}

/// Where a set stands among those given.
#[derive(Clone, Copy)]
enum Place {
    New,
    Old(usize),
}

impl Sizes {
    fn set(&mut self, place: Place, size: i32) {
        match place {
            Place::New => self.new = Some(size),
            Place::Old(at) => self.old[at] = size,
        }
    }

    fn get(&self, place: Place) -> i32 {
        match place {
            Place::New => self.new.unwrap_or(0),
            Place::Old(at) => self.old[at],
        }
    }
}

fn places<'a>(new: Option<&'a SetView>, old: &'a [SetView]) -> impl Iterator<Item = (Place, &'a SetView)> {
    let old = old.iter().enumerate().map(|(at, set)| (Place::Old(at), set));
    old.chain(new.map(|set| (Place::New, set)))
}

/// `FindActiveOrLatest`: the only set with replicas; when none has any, the new one, or else the youngest.
fn only_active_or_latest(new: Option<&SetView>, old: &[SetView]) -> Option<Place> {
    let mut active = places(new, old).filter(|(_, set)| set.replicas > 0);
    match (active.next(), active.next()) {
        (Some((only, _)), None) => Some(only),
        (Some(_), Some(_)) => None,
        (None, _) if new.is_some() => Some(Place::New),
        (None, _) => places(None, old).max_by(|(_, a), (_, b)| older_first(a, b)).map(|(place, _)| place),
    }
}

fn older_first(a: &SetView, b: &SetView) -> Ordering {
    a.created.cmp(&b.created).then_with(|| a.name.cmp(&b.name))
}

/// No total is beyond what a number of replicas can be.
fn sum(numbers: impl Iterator<Item = i32>) -> i32 {
    numbers.fold(0, i32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, replicas: i32, available: i32, created: i64) -> SetView {
        SetView {
            name: name.into(),
            replicas,
            available,
            max_replicas: Some(13),
            desired_replicas: Some(10),
            created: Timestamp::from_secs(created),
        }
    }

    fn rollout(replicas: i32, surge: i32, unavailable: i32) -> Rollout {
        Rollout { replicas, status_replicas: replicas, bounds: Some(Fenceposts { surge, unavailable }) }
    }

    #[test]
    fn bounds_allow_progress() {
        let percent = IntOrString::parse("25%");
        let bounds = |replicas| Fenceposts::resolve(Some(&percent), Some(&percent), replicas).unwrap();
        assert_eq!(bounds(10), Fenceposts { surge: 3, unavailable: 2 });
        assert_eq!(bounds(0), Fenceposts { surge: 0, unavailable: 1 });
        assert_eq!(rollout(0, 0, 1).max_unavailable(), 0);
    }

    /// 10 replicas, 25 % and 25 %: the walk in the specification, 4.2.
    #[test]
    fn a_rollout_step_by_step() {
        let rollout = rollout(10, 3, 2);
        let old = set("old", 10, 10, 0);
        assert_eq!(rollout.size_of_new(&set("new", 0, 0, 1), std::slice::from_ref(&old)), 3);
        assert_eq!(rollout.sizes_of_old(&set("new", 3, 0, 1), &[old]), [8]);
        let old = set("old", 8, 8, 0);
        assert_eq!(rollout.size_of_new(&set("new", 3, 0, 1), std::slice::from_ref(&old)), 5);
        assert_eq!(rollout.sizes_of_old(&set("new", 5, 0, 1), std::slice::from_ref(&old)), [8]);
        assert_eq!(rollout.sizes_of_old(&set("new", 5, 5, 1), &[old]), [3]);
    }

    #[test]
    fn unhealthy_pods_go_first() {
        let old = [set("younger", 3, 3, 5), set("older", 4, 1, 0)];
        assert_eq!(rollout(10, 0, 3).sizes_of_old(&set("new", 3, 3, 9), &old), [3, 1]);
    }

    #[test]
    fn scaling_keeps_proportions() {
        let sizes = rollout(15, 3, 2).sizes_in_proportion(Some(&set("new", 5, 5, 9)), &[set("old", 8, 8, 0)]);
        assert_eq!(sizes, Sizes { new: Some(7), old: vec![11] });
        let sizes = rollout(0, 3, 2).sizes_in_proportion(Some(&set("new", 5, 5, 9)), &[set("old", 8, 8, 0)]);
        assert_eq!(sizes, Sizes { new: Some(0), old: vec![0] });
    }

    #[test]
    fn one_active_set_follows_the_deployment() {
        let sizes = rollout(4, 1, 0).sizes_in_proportion(Some(&set("new", 0, 0, 9)), &[set("old", 8, 8, 0)]);
        assert_eq!(sizes, Sizes { new: Some(0), old: vec![4] });
        let idle = [set("b", 0, 0, 5), set("a", 0, 0, 0)];
        assert_eq!(rollout(4, 1, 0).sizes_in_proportion(None, &idle).old, [4, 0]);
    }
}
