//! Policies for comparison: each is one plugin that scores, chosen by name or in a configuration file.
//!
//! A policy takes the place of all default scores; the default filters stay, and with them `GpuShare`. Formulas are
//! those of the published comparison on Alibaba's GPU trace (USENIX ATC 2023) where it has them.

pub mod allocation;
pub mod best_fit;
pub mod dot_prod;
pub mod fgd;
pub mod first_fit;
pub mod fragments;
pub mod gpu_clustering;
pub mod gpu_packing;
pub mod gpu_share;
pub mod power;
pub mod pwr;
pub mod random;
pub mod room;
pub mod target_workload;
pub mod tetris;
pub mod worst_fit;

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use super::config::{PluginConfig, PluginList, PluginRef, ProfileSpec};
use super::registry::Registry;
use target_workload::TargetPod;

/// The weight of a policy's score.
const WEIGHT: i64 = 1000;

/// A way to rank nodes, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is described in the file of its plugin")]
pub enum Policy {
    Default,
    LeastAllocated,
    MostAllocated,
    RequestedToCapacityRatio,
    Random,
    FirstFit,
    BestFit,
    WorstFit,
    DotProd,
    Tetris,
    GpuPacking,
    GpuClustering,
    Fgd,
    Pwr,
}

impl Policy {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Self] = &[
        Self::Default,
        Self::LeastAllocated,
        Self::MostAllocated,
        Self::RequestedToCapacityRatio,
        Self::Random,
        Self::FirstFit,
        Self::BestFit,
        Self::WorstFit,
        Self::DotProd,
        Self::Tetris,
        Self::GpuPacking,
        Self::GpuClustering,
        Self::Fgd,
        Self::Pwr,
    ];

    /// Its name; of all but `default` also the name of its plugin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::LeastAllocated => "LeastAllocated",
            Self::MostAllocated => "MostAllocated",
            Self::RequestedToCapacityRatio => "RequestedToCapacityRatio",
            Self::Random => "Random",
            Self::FirstFit => "FirstFit",
            Self::BestFit => "BestFit",
            Self::WorstFit => "WorstFit",
            Self::DotProd => "DotProd",
            Self::Tetris => "Tetris",
            Self::GpuPacking => "GpuPacking",
            Self::GpuClustering => "GpuClustering",
            Self::Fgd => "FGD",
            Self::Pwr => "PWR",
        }
    }

    /// Whether the policy compares pods with those that are expected (`target` of [`Self::profile`]).
    pub fn needs_target(self) -> bool {
        self == Self::Fgd
    }

    /// The profile that ranks nodes by this policy, with `target` as the pods to expect.
    pub fn profile(self, target: &[TargetPod]) -> ProfileSpec {
        let enabled = |name: &str, weight| PluginRef { name: name.into(), weight };
        let mut spec = ProfileSpec::default();
        spec.plugins.filter.enabled = vec![enabled("GpuShare", 0)];
        if self == Self::Default {
            return spec;
        }
        spec.plugins.score =
            PluginList { disabled: vec![enabled("*", 0)], enabled: vec![enabled(self.name(), WEIGHT)] };
        // These have an opinion on devices, too.
        if matches!(self, Self::Random | Self::Fgd | Self::Pwr) {
            spec.plugins.reserve.enabled = vec![enabled(self.name(), 0)];
        }
        if self.needs_target() {
            let args = json!({"targetWorkload": target});
            spec.plugin_config = vec![PluginConfig { name: self.name().into(), args }];
        }
        spec
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Policy {
    type Err = String;

    /// Names as they are printed, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().copied().find(|policy| policy.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|policy| policy.name()).collect();
            let nearest = crate::base::suggest::nearest(text, names.iter().copied());
            let hint = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            format!("there is no policy `{text}`{hint} (policies: {})", names.join(", "))
        })
    }
}

/// Adds the plugins of all policies.
pub fn register(registry: &mut Registry) {
    registry.register("GpuShare", |()| Ok(gpu_share::GpuShare));
    registry.register("LeastAllocated", |()| Ok(allocation::Allocation::least()));
    registry.register("MostAllocated", |()| Ok(allocation::Allocation::most()));
    registry.register("RequestedToCapacityRatio", |args| allocation::Allocation::along(&args));
    registry.register("Random", |()| Ok(random::Random));
    registry.register("FirstFit", |()| Ok(first_fit::FirstFit));
    registry.register("BestFit", |()| Ok(best_fit::BestFit));
    registry.register("WorstFit", |()| Ok(worst_fit::WorstFit));
    registry.register("DotProd", |()| Ok(dot_prod::DotProd));
    registry.register("Tetris", |()| Ok(tetris::Tetris));
    registry.register("GpuPacking", |()| Ok(gpu_packing::GpuPacking));
    registry.register("GpuClustering", |()| Ok(gpu_clustering::GpuClustering));
    registry.register("FGD", |args| fgd::Fgd::new(&args));
    registry.register("PWR", |()| Ok(pwr::Pwr));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::scheduler::profile::Profile;

    #[test]
    fn every_policy_makes_a_profile() {
        let target = [TargetPod { cpu_milli: 1000, pods: 1, ..TargetPod::default() }];
        for policy in Policy::ALL {
            let profile = Profile::build(&policy.profile(&target), &Registry::default()).unwrap();
            if *policy != Policy::Default {
                let scorers: Vec<_> =
                    profile.score.iter().map(|(id, _)| profile.plugin(*id).name()).collect();
                assert_eq!(scorers, [policy.name()]);
            }
            assert_eq!(policy.name().to_lowercase().parse::<Policy>(), Ok(*policy));
        }
        assert!("FDG".parse::<Policy>().unwrap_err().contains("did you mean `FGD`"));
    }
}
