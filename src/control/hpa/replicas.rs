//! How many replicas one metric asks for: `ReplicaCalculator`.
//!
//! Ratios are `f64`, as upstream; nothing of them is kept.

use super::Rules;
use crate::api::Timestamp;
use crate::api::pod::PodPhase;

/// Parameters of the calculation: flags of kube-controller-manager.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calculator {
    /// Whose rules to follow.
    pub rules: Rules,
    /// How far above 1 the ratio may be without an effect; 0.1 by default.
    pub tolerance_up: f64,
    /// How far below 1 the ratio may be without an effect; 0.1 by default.
    pub tolerance_down: f64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`, seconds.
    pub cpu_initialization_seconds: i64,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`, seconds.
    pub initial_readiness_delay_seconds: i64,
}

impl Default for Calculator {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            tolerance_up: 0.1,
            tolerance_down: 0.1,
            cpu_initialization_seconds: 300,
            initial_readiness_delay_seconds: 30,
        }
    }
}

/// One pod that the autoscaler's target selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodView {
    /// Its phase.
    pub phase: PodPhase,
    /// Whether it has a deletion timestamp.
    pub terminating: bool,
    /// Whether its `Ready` condition is true, and since when it is what it is; `None` without the condition.
    pub ready: Option<(bool, Timestamp)>,
    /// `status.startTime`.
    pub started: Option<Timestamp>,
    /// What it requests of the resource, in thousandths; `None` when a container has no such request.
    pub request_milli: Option<i64>,
    /// The sample of its metric, if there is one.
    pub sample: Option<Sample>,
}

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The value in thousandths.
    pub milli: i64,
    /// When it was taken.
    pub taken: Timestamp,
    /// Over how many seconds it was measured.
    pub window_seconds: i64,
}

/// A proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// How many replicas the metric asks for.
    pub replicas: i32,
    /// What `status.currentMetrics` shows: percent of the request, or thousandths.
    pub usage: i64,
}

/// Why there is no proposal; worded as the condition `ScalingActive` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// The selector matches nothing.
    #[error("no pods returned by selector while calculating replica count")]
    NoPods,
    /// A container does not say how much it requests.
    #[error("missing request for the resource")]
    MissingRequest,
    /// No pod that counts has a sample.
    #[error("did not receive metrics for targeted pods (pods might be unready)")]
    NoMetrics,
    /// The pods with samples request nothing.
    #[error("no metrics returned matched known pods")]
    NothingRequested,
}

/// How a pod enters the calculation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Ready,
    /// Its sample, if any, is not to be trusted yet.
    Unready,
    /// It should have a sample.
    Missing,
    /// It does not count.
    Gone,
}

/// What samples are compared with.
#[derive(Clone, Copy)]
enum Target {
    /// Percent of the request.
    Percent(i64),
    /// Thousandths per pod.
    Milli(i64),
}

/// A pod's part in a ratio: value and request, in thousandths.
#[derive(Clone, Copy)]
struct Part {
    milli: i64,
    request_milli: i64,
}

impl Target {
    /// The ratio of usage to target, and the usage as shown. Both divisions are of whole numbers, as upstream.
    fn ratio(self, parts: &[Part]) -> Result<(f64, i64), MetricError> {
        let total: i64 = parts.iter().map(|part| part.milli).sum();
        let (usage, target) = match self {
            Self::Milli(target) => (total / parts.len() as i64, target),
            Self::Percent(target) => {
                let requested: i64 = parts.iter().map(|part| part.request_milli).sum();
                if requested == 0 {
                    return Err(MetricError::NothingRequested);
                }
                (i64::from((total * 100 / requested) as i32), target)
            }
        };
        Ok((usage as f64 / target as f64, usage))
    }

    /// What a pod without a sample is taken to use when the others would shrink the set.
    fn pessimistic(self, request_milli: i64, rules: Rules) -> i64 {
        match (self, rules) {
            (Self::Milli(target), _) => target,
            (Self::Percent(_), Rules::V1_20) => request_milli,
            (Self::Percent(target), Rules::V1_28 | Rules::V1_34) => request_milli * target.max(100) / 100,
        }
    }
}

impl Calculator {
    /// `GetResourceReplicas`: target is a percentage of the request. `is_cpu` makes the start of pods count.
    ///
    /// # Errors
    /// When there is no pod, no trustworthy sample, or a request is missing.
    pub fn for_utilization(
        &self,
        current: i32,
        target_percent: i32,
        is_cpu: bool,
        now: Timestamp,
        pods: &[PodView],
    ) -> Result<Proposal, MetricError> {
        if pods.iter().any(|pod| pod.request_milli.is_none()) {
            return Err(MetricError::MissingRequest);
        }
        self.propose(current, Target::Percent(i64::from(target_percent)), is_cpu, now, pods)
    }

    /// `GetRawResourceReplicas` and `GetMetricReplicas`: target is a value per pod, in thousandths.
    ///
    /// # Errors
    /// When there is no pod or no trustworthy sample.
    pub fn for_average_value(
        &self,
        current: i32,
        target_milli: i64,
        is_cpu: bool,
        now: Timestamp,
        pods: &[PodView],
    ) -> Result<Proposal, MetricError> {
        self.propose(current, Target::Milli(target_milli), is_cpu, now, pods)
    }

    /// `GetObjectMetricReplicas` and `GetExternalMetricReplicas`: target is a value for all replicas together.
    ///
    /// # Errors
    /// When there is no pod.
    pub fn for_total_value(
        &self,
        current: i32,
        target_milli: i64,
        value_milli: i64,
        pods: &[PodView],
    ) -> Result<Proposal, MetricError> {
        let ratio = value_milli as f64 / target_milli as f64;
        let replicas = if current == 0 {
            ceil(ratio)
        } else if self.is_tolerable(ratio) {
            current
        } else if pods.is_empty() {
            return Err(MetricError::NoPods);
        } else {
            let is_ready =
                |pod: &&PodView| pod.phase == PodPhase::Running && pod.ready.is_some_and(|(ready, _)| ready);
            ceil(ratio * pods.iter().filter(is_ready).count() as f64)
        };
        Ok(Proposal { replicas, usage: value_milli })
    }

    /// `GetObjectPerPodMetricReplicas` and `GetExternalPerPodMetricReplicas`: target is a value per replica.
    /// `status_replicas` is how many there are.
    pub fn for_value_per_pod(&self, status_replicas: i32, target_milli: i64, value_milli: i64) -> Proposal {
        let (value, target) = (value_milli as f64, target_milli as f64);
        let ratio = value / (target * f64::from(status_replicas));
        let replicas = if self.is_tolerable(ratio) { status_replicas } else { ceil(value / target) };
        let usage = if status_replicas == 0 { 0 } else { (value / f64::from(status_replicas)).ceil() as i64 };
        Proposal { replicas, usage }
    }

    /// Whether a ratio is so near to 1 that nothing should change.
    fn is_tolerable(&self, ratio: f64) -> bool {
        match self.rules {
            Rules::V1_20 | Rules::V1_28 => {
                let tolerance = if ratio > 1.0 { self.tolerance_up } else { self.tolerance_down };
                (1.0 - ratio).abs() <= tolerance
            }
            Rules::V1_34 => 1.0 - self.tolerance_down <= ratio && ratio <= 1.0 + self.tolerance_up,
        }
    }

    fn propose(
        &self,
        current: i32,
        target: Target,
        is_cpu: bool,
        now: Timestamp,
        pods: &[PodView],
    ) -> Result<Proposal, MetricError> {
        if pods.is_empty() {
            return Err(MetricError::NoPods);
        }
        let grouped: Vec<(Group, &PodView)> =
            pods.iter().map(|pod| (self.group(pod, is_cpu, now), pod)).collect();
        let count = |group| grouped.iter().filter(|(g, _)| *g == group).count();
        let (unready, missing) = (count(Group::Unready), count(Group::Missing));
        let measured = |(group, pod): &(Group, &PodView)| {
            let request_milli = pod.request_milli.unwrap_or(0);
            pod.sample
                .filter(|_| *group == Group::Ready)
                .map(|sample| Part { milli: sample.milli, request_milli })
        };
        let mut parts: Vec<Part> = grouped.iter().filter_map(measured).collect();
        if parts.is_empty() {
            return Err(MetricError::NoMetrics);
        }
        let (ratio, usage) = target.ratio(&parts)?;
        let unready_matter = unready > 0 && ratio > 1.0;
        if !unready_matter && missing == 0 {
            let replicas =
                if self.is_tolerable(ratio) { current } else { ceil(ratio * count(Group::Ready) as f64) };
            return Ok(Proposal { replicas, usage });
        }
        for (group, pod) in &grouped {
            let request_milli = pod.request_milli.unwrap_or(0);
            let milli = match group {
                Group::Missing if ratio < 1.0 => target.pessimistic(request_milli, self.rules),
                Group::Missing if ratio > 1.0 || self.fills_at_one(target) => 0,
                Group::Unready if unready_matter => 0,
                _ => continue,
            };
            parts.push(Part { milli, request_milli });
        }
        let (corrected, _) = target.ratio(&parts)?;
        let replicas = self.after_correction(current, ratio, corrected, parts.len());
        Ok(Proposal { replicas, usage })
    }

    /// At a ratio of exactly 1 the old rules filled in zeros for plain values: their `else` had no condition.
    fn fills_at_one(&self, target: Target) -> bool {
        self.rules == Rules::V1_20 && matches!(target, Target::Milli(_))
    }

    /// What follows from the corrected ratio, unless it contradicts the first one.
    fn after_correction(&self, current: i32, first: f64, corrected: f64, samples: usize) -> i32 {
        let turns = (first < 1.0 && corrected > 1.0) || (first > 1.0 && corrected < 1.0);
        if self.is_tolerable(corrected) || turns {
            return current;
        }
        let replicas = ceil(corrected * samples as f64);
        let contradicts = (corrected < 1.0 && replicas > current) || (corrected > 1.0 && replicas < current);
        if contradicts { current } else { replicas }
    }

    /// `groupPods`.
    fn group(&self, pod: &PodView, is_cpu: bool, now: Timestamp) -> Group {
        if pod.terminating || pod.phase == PodPhase::Failed {
            return Group::Gone;
        }
        if pod.phase == PodPhase::Pending {
            return Group::Unready;
        }
        let Some(sample) = pod.sample else { return Group::Missing };
        if !is_cpu {
            return Group::Ready;
        }
        let (Some((ready, since)), Some(started)) = (pod.ready, pod.started) else { return Group::Unready };
        // A pod that starts uses more CPU than it will later.
        let starting = started.plus_seconds(self.cpu_initialization_seconds) > now;
        let untrusted = if starting {
            !ready || sample.taken < since.plus_seconds(sample.window_seconds)
        } else {
            !ready && started.plus_seconds(self.initial_readiness_delay_seconds) > since
        };
        if untrusted { Group::Unready } else { Group::Ready }
    }
}

/// Rounded up; saturates.
fn ceil(replicas: f64) -> i32 {
    replicas.ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(100_000);

    /// A pod that has run for long and uses `percent` of its request.
    fn pod(percent: i64) -> PodView {
        PodView {
            phase: PodPhase::Running,
            terminating: false,
            ready: Some((true, Timestamp::from_secs(1000))),
            started: Some(Timestamp::from_secs(900)),
            request_milli: Some(1000),
            sample: Some(Sample { milli: percent * 10, taken: NOW, window_seconds: 60 }),
        }
    }

    fn pending() -> PodView {
        PodView { phase: PodPhase::Pending, ready: None, sample: None, ..pod(0) }
    }

    fn replicas(rules: Rules, current: i32, target: i32, pods: &[PodView]) -> i32 {
        let calculator = Calculator { rules, ..Calculator::default() };
        calculator.for_utilization(current, target, true, NOW, pods).unwrap().replicas
    }

    /// The timelines of the specification, 5.7.
    #[test]
    fn worked_examples() {
        for rules in [Rules::V1_20, Rules::V1_28, Rules::V1_34] {
            assert_eq!(replicas(rules, 3, 50, &[pod(90); 3]), 6);
            assert_eq!(replicas(rules, 3, 50, &[pod(53); 3]), 3);
            assert_eq!(replicas(rules, 3, 50, &[pod(45); 3]), 3);
            assert_eq!(replicas(rules, 4, 50, &[pod(100), pod(100), pending(), pending()]), 4);
            let silent = PodView { sample: None, ..pod(0) };
            assert_eq!(replicas(rules, 3, 50, &[pod(20), pod(20), silent]), 3);
        }
    }

    #[test]
    fn the_edge_of_the_tolerance_depends_on_the_version() {
        assert_eq!(replicas(Rules::V1_20, 3, 50, &[pod(55); 3]), 4);
        assert_eq!(replicas(Rules::V1_28, 3, 50, &[pod(55); 3]), 4);
        assert_eq!(replicas(Rules::V1_34, 3, 50, &[pod(55); 3]), 3);
    }

    /// Of a pod that nobody has measured the old rules thought at a ratio of exactly 1, too: it might use nothing.
    #[test]
    fn a_plain_value_at_its_target_counts_silent_pods_in_the_old_version_only() {
        let silent = PodView { sample: None, ..pod(0) };
        let size = |rules| {
            let calculator = Calculator { rules, ..Calculator::default() };
            calculator
                .for_average_value(4, 500, false, NOW, &[pod(50), silent, silent, silent])
                .unwrap()
                .replicas
        };
        assert_eq!((size(Rules::V1_20), size(Rules::V1_34)), (1, 4));
    }

    #[test]
    fn a_target_above_the_request_makes_missing_pods_dearer() {
        let silent = PodView { sample: None, ..pod(0) };
        let pods = [pod(20), silent, silent, silent];
        assert_eq!(replicas(Rules::V1_20, 4, 200, &pods), 2);
        assert_eq!(replicas(Rules::V1_34, 4, 200, &pods), 4);
    }

    #[test]
    fn each_direction_has_its_own_tolerance() {
        let calculator = Calculator { tolerance_up: 0.5, tolerance_down: 0.02, ..Calculator::default() };
        let replicas =
            |percent| calculator.for_utilization(10, 50, true, NOW, &[pod(percent); 10]).unwrap().replicas;
        assert_eq!([replicas(75), replicas(76)], [10, 16]);
        assert_eq!([replicas(49), replicas(48)], [10, 10]);
        assert_eq!(replicas(44), 9);
    }

    #[test]
    fn values_for_all_and_per_pod() {
        let calculator = Calculator::default();
        let pods = [pod(0), pod(0), pending()];
        assert_eq!(calculator.for_total_value(3, 100, 250, &pods).unwrap().replicas, 5);
        assert_eq!(calculator.for_total_value(0, 100, 250, &[]).unwrap().replicas, 3);
        assert_eq!(calculator.for_value_per_pod(3, 100, 250), Proposal { replicas: 3, usage: 84 });
        assert_eq!(calculator.for_value_per_pod(2, 100, 250), Proposal { replicas: 3, usage: 125 });
    }

    #[test]
    fn errors() {
        let calculator = Calculator::default();
        let ask = |pods: &[PodView]| calculator.for_utilization(1, 50, true, NOW, pods);
        assert_eq!(ask(&[]), Err(MetricError::NoPods));
        assert_eq!(ask(&[pending()]), Err(MetricError::NoMetrics));
        assert_eq!(ask(&[PodView { request_milli: None, ..pod(1) }]), Err(MetricError::MissingRequest));
    }
}
