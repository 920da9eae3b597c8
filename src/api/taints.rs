//! Which taints a pod tolerates.
//!
//! Follows `Toleration.ToleratesTaint` of `k8s.io/api` and `FindMatchingUntoleratedTaint` of
//! `k8s.io/component-helpers/scheduling/corev1`, v0.34.

use super::core::{Taint, TaintEffect, Toleration, TolerationOperator};

impl Toleration {
    /// Whether this toleration covers `taint`. An absent key or effect covers every key or effect; an absent operator
    /// compares values, and an absent value is the empty one.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if self.effect.is_some_and(|effect| effect != taint.effect) {
            return false;
        }
        if self.key.as_ref().is_some_and(|key| !key.is_empty() && *key != taint.key) {
            return false;
        }
        match self.operator {
            None | Some(TolerationOperator::Equal) => {
                self.value.as_ref().map_or(taint.value.is_empty(), |value| *value == taint.value)
            }
            Some(TolerationOperator::Exists) => true,
        }
    }
}

/// Whether any of `tolerations` covers `taint`.
pub fn is_tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// The first taint with an effect among `effects` that nothing in `tolerations` covers.
///
/// Scheduling asks with [`HARD_EFFECTS`], eviction with [`EVICTING_EFFECTS`].
pub fn first_untolerated<'a>(
    taints: &'a [Taint],
    tolerations: &[Toleration],
    effects: &[TaintEffect],
) -> Option<&'a Taint> {
    taints.iter().find(|taint| effects.contains(&taint.effect) && !is_tolerated(taint, tolerations))
}

/// Effects that keep a pod off a node.
pub const HARD_EFFECTS: &[TaintEffect] = &[TaintEffect::NoSchedule, TaintEffect::NoExecute];
/// Effects that remove a running pod from a node.
pub const EVICTING_EFFECTS: &[TaintEffect] = &[TaintEffect::NoExecute];

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.into(), value: value.into(), effect, time_added: None }
    }

    fn exists(key: &str) -> Toleration {
        Toleration {
            key: Some(key.into()),
            operator: Some(TolerationOperator::Exists),
            ..Toleration::default()
        }
    }

    #[test]
    fn keys_and_effects_narrow() {
        let gpu = taint("gpu", "a100", TaintEffect::NoSchedule);
        assert!(exists("gpu").tolerates(&gpu) && !exists("tpu").tolerates(&gpu));
        assert!(exists("").tolerates(&gpu));
        let executing = Toleration { effect: Some(TaintEffect::NoExecute), ..exists("gpu") };
        assert!(!executing.tolerates(&gpu));
    }

    #[test]
    fn values_are_compared_by_default() {
        let equal = Toleration { key: Some("gpu".into()), ..Toleration::default() };
        assert!(equal.tolerates(&taint("gpu", "", TaintEffect::NoSchedule)));
        assert!(!equal.tolerates(&taint("gpu", "a100", TaintEffect::NoSchedule)));
    }

    #[test]
    fn the_first_hard_taint_is_named() {
        let taints = [
            taint("soft", "", TaintEffect::PreferNoSchedule),
            taint("a", "", TaintEffect::NoSchedule),
            taint("b", "", TaintEffect::NoExecute),
        ];
        assert_eq!(first_untolerated(&taints, &[], HARD_EFFECTS), Some(&taints[1]));
        assert_eq!(first_untolerated(&taints, &[exists("a")], HARD_EFFECTS), Some(&taints[2]));
        assert_eq!(first_untolerated(&taints, &[], EVICTING_EFFECTS), Some(&taints[2]));
        assert_eq!(first_untolerated(&taints, &[exists("")], HARD_EFFECTS), None);
    }
}
