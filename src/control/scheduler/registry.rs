//! The plugins that configurations can name.
//!
//! Those of kube-scheduler v1.34 are always there; further ones, such as bench policies, are added by name.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::framework::{Plugin, PluginId, PluginSet};
use super::plugins::default_preemption::{DefaultPreemption, DefaultPreemptionArgs};
use super::plugins::dynamic_resources::DynamicResources;
use super::plugins::image_locality::ImageLocality;
use super::plugins::inert::Inert;
use super::plugins::inter_pod_affinity::InterPodAffinity;
use super::plugins::node_affinity::NodeAffinity;
use super::plugins::node_name::NodeName;
use super::plugins::node_ports::NodePorts;
use super::plugins::node_resources_balanced_allocation::NodeResourcesBalancedAllocation;
use super::plugins::node_resources_fit::NodeResourcesFit;
use super::plugins::node_unschedulable::NodeUnschedulable;
use super::plugins::pod_topology_spread::PodTopologySpread;
use super::plugins::scheduling_gates::SchedulingGates;
use super::plugins::taint_toleration::TaintToleration;
use super::policies;

/// The plugins that are enabled by default, in order, with the weights of their scores.
pub const DEFAULT_PLUGINS: &[(&str, i64)] = &[
    ("SchedulingGates", 0),
    ("PrioritySort", 0),
    ("NodeUnschedulable", 0),
    ("NodeName", 0),
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodePorts", 0),
    ("NodeResourcesFit", 1),
    ("VolumeRestrictions", 0),
    ("NodeVolumeLimits", 0),
    ("VolumeBinding", 0),
    ("VolumeZone", 0),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("DynamicResources", 0),
    ("DefaultPreemption", 0),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
    ("DefaultBinder", 0),
];

/// Makes a plugin from its arguments; null stands for none.
type Factory = Arc<dyn Fn(&serde_json::Value) -> Result<Arc<dyn Plugin>, String> + Send + Sync>;

/// Plugins by name.
#[derive(Clone)]
pub struct Registry {
    entries: Vec<(&'static str, Factory)>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|(name, _)| name)).finish()
    }
}

impl Default for Registry {
    /// The plugins of kube-scheduler and the policies.
    fn default() -> Self {
        let mut registry = Self { entries: Vec::new() };
        for inert in Inert::ALL {
            registry.register(inert.name(), move |()| Ok(*inert));
        }
        registry.register("SchedulingGates", |()| Ok(SchedulingGates));
        registry.register("NodeUnschedulable", |()| Ok(NodeUnschedulable));
        registry.register("NodeName", |()| Ok(NodeName));
        registry.register("TaintToleration", |()| Ok(TaintToleration));
        registry.register("NodeAffinity", |args| NodeAffinity::new(&args));
        registry.register("NodePorts", |()| Ok(NodePorts));
        registry.register("NodeResourcesFit", |args| NodeResourcesFit::new(&args));
        registry.register("PodTopologySpread", |args| PodTopologySpread::new(&args));
        registry.register("InterPodAffinity", InterPodAffinity::new);
        registry.register("DynamicResources", |()| Ok(DynamicResources));
        registry.register("DefaultPreemption", |args: DefaultPreemptionArgs| {
            args.validate().map(DefaultPreemption)
        });
        registry
            .register("NodeResourcesBalancedAllocation", |args| NodeResourcesBalancedAllocation::new(&args));
        registry.register("ImageLocality", |()| Ok(ImageLocality));
        policies::register(&mut registry);
        registry
    }
}

impl Registry {
    /// Adds a plugin. `make` gets the plugin's arguments from the configuration, or their default when there are none.
    ///
    /// # Panics
    /// When there is a plugin of this name already, or there are too many.
    pub fn register<A, P>(
        &mut self,
        name: &'static str,
        make: impl Fn(A) -> Result<P, String> + Send + Sync + 'static,
    ) where
        A: DeserializeOwned + Default,
        P: Plugin + 'static,
    {
        assert!(self.find(name).is_none(), "plugin names are unique");
        assert!(
            self.entries.len() < PluginSet::CAPACITY,
            "there is room for {} plugins",
            PluginSet::CAPACITY
        );
        let factory = move |value: &serde_json::Value| -> Result<Arc<dyn Plugin>, String> {
            Ok(Arc::new(make(read(value)?)?))
        };
        self.entries.push((name, Arc::new(factory)));
    }

    /// The plugin of this name.
    pub fn find(&self, name: &str) -> Option<PluginId> {
        self.entries.iter().position(|(known, _)| *known == name).map(|at| PluginId(at as u8))
    }

    /// The name of a plugin.
    pub fn name(&self, plugin: PluginId) -> &'static str {
        self.entries[usize::from(plugin.0)].0
    }

    /// Makes a plugin with these arguments.
    ///
    /// # Errors
    /// When the plugin refuses them.
    pub fn make(&self, plugin: PluginId, args: &serde_json::Value) -> Result<Arc<dyn Plugin>, String> {
        self.entries[usize::from(plugin.0)].1(args)
    }

    /// The name that is most like `name`, if any is.
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        let likeness = |known: &&'static str| (strsim::jaro_winkler(known, name) * 1000.0) as u32;
        let best = self.entries.iter().map(|(known, _)| *known).max_by_key(likeness)?;
        (likeness(&best) > 800).then_some(best)
    }
}

/// Reads the arguments of a plugin.
fn read<A: DeserializeOwned + Default>(value: &serde_json::Value) -> Result<A, String> {
    // A plugin without arguments is not told of any.
    if value.is_null() || size_of::<A>() == 0 {
        return Ok(A::default());
    }
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|field, _| field != "apiVersion" && field != "kind");
    }
    serde_json::from_value(value).map_err(|error| error.to_string())
}
