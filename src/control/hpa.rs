//! The two computations of the HorizontalPodAutoscaler: how many replicas a metric asks for ([`replicas`]), and how far
//! a sync may go towards that ([`behavior`]).
//!
//! Follows `pkg/controller/podautoscaler/{replica_calculator,horizontal}.go`; where 1.20 and 1.34 differ, [`Rules`]
//! decides.

pub mod behavior;
pub mod replicas;

/// Whose rules to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rules {
    /// Kubernetes 1.20 to 1.23.
    V1_20,
    /// Kubernetes 1.24 to 1.32: as 1.34, with the old comparison of the tolerance. (What changed in 1.26 counts from here on.)
    V1_28,
    /// Kubernetes 1.33 and later. Differences from 1.20:
    ///
    /// - a pod without a sample counts as `max(100 %, target)` of its request when that would shrink the set, where it
    ///   was 100 % (1.26);
    /// - a plain metric whose ratio is exactly 1 takes no notice of pods without a sample;
    /// - the tolerance is compared as `1 - t <= ratio <= 1 + t`, where it was `|1 - ratio| <= t` (1.33): at a ratio of
    ///   exactly 1.1 the old rule acts, by an error of the last bit, and the new one does not;
    /// - stabilisation keeps the present size where that lies between both windows' limits, and both windows always
    ///   apply, where only that of the direction of the change did (1.24);
    /// - the rate of change counts from the size at the start of the period, with changes in both directions (1.24).
    #[default]
    V1_34,
}

impl Rules {
    /// Those of Kubernetes 1.`minor`.
    pub fn of_minor(minor: u64) -> Self {
        match minor {
            0..24 => Self::V1_20,
            24..33 => Self::V1_28,
            _ => Self::V1_34,
        }
    }
}
