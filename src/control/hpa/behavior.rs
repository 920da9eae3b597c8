//! How far one sync goes towards a proposal: stabilisation windows, rates of change, and the bounds.
//!
//! Follows `normalizeDesiredReplicas` and `normalizeDesiredReplicasWithBehaviors`. Without `spec.behavior` the old
//! algorithm applies: the manager's downscale window, and no more than double (or 4) at a time. The lists of past
//! recommendations and scale events belong to the caller.

use super::Rules;
use crate::api::autoscaling::{ScalingPolicy, ScalingRules};
use crate::kernel::{SimDuration, SimTime};

/// A recommendation of an earlier sync, before stabilisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// How many replicas.
    pub replicas: i32,
    /// When.
    pub at: SimTime,
}

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleEvent {
    /// By how many replicas, always positive.
    pub change: i32,
    /// When.
    pub at: SimTime,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Select {
    /// The one that allows the largest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: the direction is switched off.
    Disabled,
}

/// `spec.behavior.scaleUp` or `scaleDown`, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direction {
    /// How long recommendations are remembered.
    pub window: SimDuration,
    /// Which policy counts.
    pub select: Select,
    /// At most so much in so much time.
    pub policies: Vec<Policy>,
}

/// One policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Pods, or percent of those at the start of the period.
    pub amount: Amount,
    /// The period.
    pub period: SimDuration,
}

/// How much a policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Amount {
    Pods(i32),
    Percent(i32),
}

/// Both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Behavior {
    pub up: Direction,
    pub down: Direction,
}

/// One proposal and what is known when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Whose rules to follow.
    pub rules: Rules,
    /// The present.
    pub now: SimTime,
    /// Replicas now.
    pub current: i32,
    /// Replicas that the metrics ask for.
    pub proposed: i32,
    /// `spec.minReplicas`.
    pub min: i32,
    /// `spec.maxReplicas`.
    pub max: i32,
    /// Recommendations of earlier syncs.
    pub recommendations: &'a [Recommendation],
    /// Increases made.
    pub ups: &'a [ScaleEvent],
    /// Decreases made.
    pub downs: &'a [ScaleEvent],
}

/// Reasons of the conditions `AbleToScale` and `ScalingLimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Reason {
    ReadyForNewScale,
    ScaleUpStabilized,
    ScaleDownStabilized,
    DesiredWithinRange,
    ScaleUpLimit,
    ScaleDownLimit,
    TooManyReplicas,
    TooFewReplicas,
}

impl Reason {
    /// The word in the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadyForNewScale => "ReadyForNewScale",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::TooFewReplicas => "TooFewReplicas",
        }
    }

    /// The message in the condition.
    pub fn message(self) -> &'static str {
        match self {
            Self::ReadyForNewScale => "recommended size matches current size",
            Self::ScaleUpStabilized => {
                "recent recommendations were lower than current one, applying the lowest recent recommendation"
            }
            Self::ScaleDownStabilized => {
                "recent recommendations were higher than current one, applying the highest recent recommendation"
            }
            Self::DesiredWithinRange => "the desired count is within the acceptable range",
            Self::ScaleUpLimit => {
                "the desired replica count is increasing faster than the maximum scale rate"
            }
            Self::ScaleDownLimit => {
                "the desired replica count is decreasing faster than the maximum scale rate"
            }
            Self::TooManyReplicas => "the desired replica count is more than the maximum replica count",
            Self::TooFewReplicas => "the desired replica count is less than the minimum replica count",
        }
    }
}

/// What comes of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The size to set.
    pub replicas: i32,
    /// Reason of `AbleToScale`, which is true.
    pub able_to_scale: Reason,
    /// Whether `ScalingLimited` is true.
    pub limited: bool,
    /// Reason of `ScalingLimited`.
    pub scaling_limited: Reason,
}

impl Direction {
    /// The rules for growing that `spec` gives, completed with the defaults of `autoscaling/v2`: no window, and per 15 s
    /// the larger of 4 pods and 100 %.
    pub fn up(spec: Option<&ScalingRules>) -> Self {
        let defaults = [Amount::Pods(4), Amount::Percent(100)];
        Self::new(spec, SimDuration::ZERO, &defaults)
    }

    /// The rules for shrinking, likewise: `window` (a flag of the manager, 300 s), and 100 % per 15 s.
    pub fn down(spec: Option<&ScalingRules>, window: SimDuration) -> Self {
        Self::new(spec, window, &[Amount::Percent(100)])
    }

    fn new(spec: Option<&ScalingRules>, window: SimDuration, defaults: &[Amount]) -> Self {
        let seconds = |seconds: i32| SimDuration::from_secs(u64::from(seconds.max(0).unsigned_abs()));
        let policy = |policy: &ScalingPolicy| Policy {
            amount: if policy.kind == "Pods" {
                Amount::Pods(policy.value)
            } else {
                Amount::Percent(policy.value)
            },
            period: seconds(policy.period_seconds),
        };
        let mut policies: Vec<Policy> = spec.iter().flat_map(|spec| &spec.policies).map(policy).collect();
        if policies.is_empty() {
            let period = SimDuration::from_secs(15);
            policies = defaults.iter().map(|amount| Policy { amount: *amount, period }).collect();
        }
        let select = match spec.and_then(|spec| spec.select_policy.as_deref()) {
            Some("Min") => Select::Min,
            Some("Disabled") => Select::Disabled,
            _ => Select::Max,
        };
        let window = spec.and_then(|spec| spec.stabilization_window_seconds).map_or(window, seconds);
        Self { window, select, policies }
    }
}

impl Situation<'_> {
    /// What comes of the proposal under `behavior`.
    pub fn decide(&self, behavior: &Behavior) -> Decision {
        let stabilized = match self.rules {
            Rules::V1_20 => self.stabilized_one_sided(behavior),
            Rules::V1_28 | Rules::V1_34 => self.stabilized(behavior),
        };
        let able_to_scale = if stabilized == self.proposed {
            Reason::ReadyForNewScale
        } else if self.proposed >= self.current {
            Reason::ScaleUpStabilized
        } else {
            Reason::ScaleDownStabilized
        };
        let (replicas, scaling_limited) = self.limited(stabilized, behavior);
        Decision { replicas, able_to_scale, limited: replicas != stabilized, scaling_limited }
    }

    /// What comes of the proposal when there is no `spec.behavior`; `window` is
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub fn decide_without_behavior(&self, window: SimDuration) -> Decision {
        let recent = self.recommendations.iter().filter(|past| self.now <= past.at.saturating_add(window));
        let stabilized = recent.map(|past| past.replicas).fold(self.proposed, i32::max);
        let able_to_scale =
            if stabilized == self.proposed { Reason::ReadyForNewScale } else { Reason::ScaleDownStabilized };
        let most_by_rate = self.current.saturating_mul(2).max(4);
        let (most, limit) = if self.max > most_by_rate {
            (most_by_rate, Reason::ScaleUpLimit)
        } else {
            (self.max, Reason::TooManyReplicas)
        };
        let (replicas, scaling_limited) = if stabilized < self.min {
            (self.min, Reason::TooFewReplicas)
        } else if stabilized > most {
            (most, limit)
        } else {
            (stabilized, Reason::DesiredWithinRange)
        };
        Decision { replicas, able_to_scale, limited: replicas != stabilized, scaling_limited }
    }

    /// Recommendations of less than `window` ago.
    fn recent(&self, window: SimDuration) -> impl Iterator<Item = i32> {
        let now = self.now;
        let recent = self.recommendations.iter().filter(move |past| now < past.at.saturating_add(window));
        recent.map(|past| past.replicas)
    }

    /// The lowest of growing recommendations, or the highest of shrinking ones.
    fn stabilized_one_sided(&self, behavior: &Behavior) -> i32 {
        if self.proposed >= self.current {
            self.recent(behavior.up.window).fold(self.proposed, i32::min)
        } else {
            self.recent(behavior.down.window).fold(self.proposed, i32::max)
        }
    }

    /// The size nearest to the present one between the lowest recommendation of the one window and the highest of the
    /// other.
    fn stabilized(&self, behavior: &Behavior) -> i32 {
        let lowest = self.recent(behavior.up.window).fold(self.proposed, i32::min);
        let highest = self.recent(behavior.down.window).fold(self.proposed, i32::max);
        self.current.max(lowest).min(highest)
    }

    /// `convertDesiredReplicasWithBehaviorRate`.
    fn limited(&self, desired: i32, behavior: &Behavior) -> (i32, Reason) {
        if desired > self.current {
            let by_rate = self.rate_limit(&behavior.up, true).max(self.current);
            let (most, limit) = if self.max > by_rate {
                (by_rate, Reason::ScaleUpLimit)
            } else {
                (self.max, Reason::TooManyReplicas)
            };
            if desired > most {
                return (most, limit);
            }
        } else if desired < self.current {
            let by_rate = self.rate_limit(&behavior.down, false).min(self.current);
            let (least, limit) = if self.min < by_rate {
                (by_rate, Reason::ScaleDownLimit)
            } else {
                (self.min, Reason::TooFewReplicas)
            };
            if desired < least {
                return (least, limit);
            }
        }
        (desired, Reason::DesiredWithinRange)
    }

    /// How far the policies of a direction allow to go.
    fn rate_limit(&self, direction: &Direction, up: bool) -> i32 {
        let limits = direction.policies.iter().map(|policy| self.policy_limit(policy, up));
        let farthest = match direction.select {
            Select::Disabled => return self.current,
            Select::Max => up,
            Select::Min => !up,
        };
        let limit = if farthest { limits.max() } else { limits.min() };
        limit.unwrap_or(self.current)
    }

    fn policy_limit(&self, policy: &Policy, up: bool) -> i32 {
        let within = |events: &[ScaleEvent]| -> i32 {
            let recent = events.iter().filter(|event| self.now < event.at.saturating_add(policy.period));
            recent.map(|event| event.change).sum()
        };
        let counts = |counted_up: bool| self.rules != Rules::V1_20 || counted_up == up;
        let added = if counts(true) { within(self.ups) } else { 0 };
        let removed = if counts(false) { within(self.downs) } else { 0 };
        let start = self.current - added + removed;
        match (policy.amount, up) {
            (Amount::Pods(pods), true) => start + pods,
            (Amount::Pods(pods), false) => start - pods,
            // Rounded up, or a small set would never grow.
            (Amount::Percent(percent), true) => {
                (f64::from(start) * (1.0 + f64::from(percent) / 100.0)).ceil() as i32
            }
            (Amount::Percent(percent), false) => {
                (f64::from(start) * (1.0 - f64::from(percent) / 100.0)) as i32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(current: i32, proposed: i32) -> Situation<'static> {
        Situation {
            rules: Rules::V1_34,
            now: SimTime::from_secs(1000),
            current,
            proposed,
            min: 1,
            max: 20,
            recommendations: &[],
            ups: &[],
            downs: &[],
        }
    }

    fn defaults() -> Behavior {
        Behavior { up: Direction::up(None), down: Direction::down(None, SimDuration::from_secs(300)) }
    }

    /// The timeline 5.7.2 of the specification.
    #[test]
    fn growth_is_bounded_per_period() {
        let first = situation(1, 10).decide(&defaults());
        assert_eq!((first.replicas, first.scaling_limited, first.limited), (5, Reason::ScaleUpLimit, true));
        let ups = [ScaleEvent { change: 4, at: SimTime::from_secs(985) }];
        let second = Situation { ups: &ups, ..situation(5, 10) }.decide(&defaults());
        assert_eq!(second.replicas, 10);
    }

    /// The timeline 5.7.4 of the specification.
    #[test]
    fn shrinking_waits_for_the_window() {
        let at = |seconds| [Recommendation { replicas: 10, at: SimTime::from_secs(seconds) }];
        let (inside, outside) = (at(701), at(700));
        let wait = Situation { recommendations: &inside, ..situation(10, 4) }.decide(&defaults());
        assert_eq!((wait.replicas, wait.able_to_scale), (10, Reason::ScaleDownStabilized));
        let go = Situation { recommendations: &outside, ..situation(10, 4) }.decide(&defaults());
        assert_eq!((go.replicas, go.able_to_scale), (4, Reason::ReadyForNewScale));
    }

    #[test]
    fn both_windows_apply_since_1_24() {
        let past = [Recommendation { replicas: 12, at: SimTime::from_secs(900) }];
        let now = Situation { recommendations: &past, ..situation(10, 11) };
        assert_eq!(now.decide(&defaults()).replicas, 11);
        let then = Situation { rules: Rules::V1_20, ..now };
        assert_eq!(then.decide(&defaults()).replicas, 11);
        let slow =
            Behavior { up: Direction { window: SimDuration::from_secs(300), ..defaults().up }, ..defaults() };
        let past = [Recommendation { replicas: 3, at: SimTime::from_secs(900) }];
        let now = Situation { recommendations: &past, ..situation(10, 11) };
        assert_eq!(now.decide(&slow).replicas, 10);
        assert_eq!(Situation { rules: Rules::V1_20, ..now }.decide(&slow).replicas, 3);
    }

    #[test]
    fn without_behavior_at_most_double() {
        let window = SimDuration::from_secs(300);
        assert_eq!(situation(1, 10).decide_without_behavior(window).replicas, 4);
        assert_eq!(situation(3, 10).decide_without_behavior(window).replicas, 6);
        let decision = situation(15, 40).decide_without_behavior(window);
        assert_eq!((decision.replicas, decision.scaling_limited), (20, Reason::TooManyReplicas));
    }

    #[test]
    fn a_direction_can_be_disabled() {
        let up = Direction { select: Select::Disabled, ..Direction::up(None) };
        let decision = situation(5, 10).decide(&Behavior { up, ..defaults() });
        assert_eq!((decision.replicas, decision.scaling_limited), (5, Reason::ScaleUpLimit));
    }
}
