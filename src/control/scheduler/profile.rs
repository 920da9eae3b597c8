//! A profile: which plugins take part where, for the pods of one scheduler name.
//!
//! Follows `mergePlugins` (`apis/config/v1/default_plugins.go`) and `expandMultiPointPlugins`
//! (`framework/runtime/framework.go`) of kube-scheduler v1.34.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{ConfigError, PluginList, PluginRef, PluginSets, ProfileSpec};
use super::framework::{Plugin, PluginId, PluginSet, Points};
use super::registry::{DEFAULT_PLUGINS, Registry};
use crate::base::Name;

/// Plugins by extension point, in order.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `spec.schedulerName` of its pods.
    pub name: Name,
    /// How many of the nodes to look for, if it says so itself.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// Plugins that may keep pods out of the queue.
    pub pre_enqueue: Vec<PluginId>,
    /// Plugins that prepare filtering or filter.
    pub pre_filter: Vec<PluginId>,
    /// Plugins that filter.
    pub filter: Vec<PluginId>,
    /// Plugins that act when no node is left.
    pub post_filter: Vec<PluginId>,
    /// Plugins that score, with their weights.
    pub score: Vec<(PluginId, i64)>,
    /// Plugins that set GPU devices aside.
    pub reserve: Vec<PluginId>,
    plugins: Vec<Option<Arc<dyn Plugin>>>,
}

impl Profile {
    /// Builds the profile that `spec` describes from the plugins of `registry`.
    ///
    /// # Errors
    /// When a plugin does not exist, is enabled twice or where it does not take part, or refuses its arguments.
    pub fn build(spec: &ProfileSpec, registry: &Registry) -> Result<Self, ConfigError> {
        let mut builder = Builder { spec, registry, plugins: vec![None; PluginSet::CAPACITY] };
        let multi_point = merge(&default_plugins(), &spec.plugins.multi_point);
        builder.check_names(&multi_point)?;
        let mut at = BTreeMap::new();
        for (name, point, list) in points(&spec.plugins) {
            at.insert(name, builder.expand(&multi_point, list, point, name)?);
        }
        let mut take = |name| at.remove(name).expect("all extension points are listed");
        let (filter, mut pre_filter) = (take("filter"), take("preFilter"));
        // A filter that works something out beforehand cannot do without.
        pre_filter.extend(filter.iter().filter(|id| !pre_filter.contains(id)).copied().collect::<Vec<_>>());
        let score = take("score").into_iter().map(|id| (id, builder.weight(id, &multi_point))).collect();
        Ok(Self {
            name: spec.scheduler_name.clone(),
            percentage_of_nodes_to_score: spec.percentage_of_nodes_to_score,
            pre_enqueue: take("preEnqueue"),
            pre_filter,
            filter,
            post_filter: take("postFilter"),
            reserve: take("reserve"),
            score,
            plugins: builder.plugins,
        })
    }

    /// A plugin of this profile.
    pub fn plugin(&self, id: PluginId) -> &dyn Plugin {
        self.plugins[usize::from(id.0)].as_deref().expect("plugins in use are made")
    }

    /// All plugins of this profile.
    pub fn plugins(&self) -> impl Iterator<Item = (PluginId, &dyn Plugin)> {
        let numbered = self.plugins.iter().enumerate();
        numbered.filter_map(|(at, plugin)| Some((PluginId(at as u8), plugin.as_deref()?)))
    }
}

fn default_plugins() -> PluginList {
    let by_name = |(name, weight): &(&str, i64)| PluginRef { name: (*name).into(), weight: *weight };
    PluginList { enabled: DEFAULT_PLUGINS.iter().map(by_name).collect(), disabled: Vec::new() }
}

fn points(sets: &PluginSets) -> [(&'static str, Points, &PluginList); 12] {
    [
        ("preEnqueue", Points::PRE_ENQUEUE, &sets.pre_enqueue),
        ("queueSort", Points::QUEUE_SORT, &sets.queue_sort),
        ("preFilter", Points::PRE_FILTER, &sets.pre_filter),
        ("filter", Points::FILTER, &sets.filter),
        ("postFilter", Points::POST_FILTER, &sets.post_filter),
        ("preScore", Points::PRE_SCORE, &sets.pre_score),
        ("score", Points::SCORE, &sets.score),
        ("reserve", Points::RESERVE, &sets.reserve),
        ("permit", Points::PERMIT, &sets.permit),
        ("preBind", Points::PRE_BIND, &sets.pre_bind),
        ("bind", Points::BIND, &sets.bind),
        ("postBind", Points::POST_BIND, &sets.post_bind),
    ]
}

/// Defaults that are not disabled, in their order but as reconfigured; then what is enabled in addition.
fn merge(defaults: &PluginList, custom: &PluginList) -> Vec<PluginRef> {
    let mut replacing = Vec::new();
    let mut merged = Vec::new();
    for default in defaults.enabled.iter().filter(|default| !custom.disables(&default.name)) {
        // The last of several wins, as in a map.
        match custom.enabled.iter().rposition(|enabled| enabled.name == default.name) {
            Some(at) => {
                replacing.push(at);
                merged.push(custom.enabled[at].clone());
            }
            None => merged.push(default.clone()),
        }
    }
    let additional = custom.enabled.iter().enumerate().filter(|(at, _)| !replacing.contains(at));
    merged.extend(additional.map(|(_, enabled)| enabled.clone()));
    merged
}

struct Builder<'a> {
    spec: &'a ProfileSpec,
    registry: &'a Registry,
    plugins: Vec<Option<Arc<dyn Plugin>>>,
}

impl Builder<'_> {
    fn plugin(&self, id: PluginId) -> &dyn Plugin {
        self.plugins[usize::from(id.0)].as_deref().expect("plugins in use are made")
    }

    /// All names must be known, and each plugin be there once.
    fn check_names(&self, multi_point: &[PluginRef]) -> Result<(), ConfigError> {
        for config in &self.spec.plugin_config {
            self.find(&config.name)?;
        }
        for (at, plugin) in multi_point.iter().enumerate() {
            self.find(&plugin.name)?;
            if multi_point[..at].iter().any(|other| other.name == plugin.name) {
                return Err(self.duplicate(plugin, "multiPoint"));
            }
        }
        Ok(())
    }

    fn find(&self, name: &Name) -> Result<PluginId, ConfigError> {
        self.registry.find(name).ok_or_else(|| ConfigError::UnknownPlugin {
            profile: self.spec.scheduler_name.clone(),
            plugin: name.clone(),
            nearest: self.registry.nearest(name).map(str::to_owned),
        })
    }

    fn duplicate(&self, plugin: &PluginRef, point: &'static str) -> ConfigError {
        let profile = self.spec.scheduler_name.clone();
        ConfigError::DuplicatePlugin { profile, plugin: plugin.name.clone(), point }
    }

    fn make(&mut self, id: PluginId) -> Result<&dyn Plugin, ConfigError> {
        let place = usize::from(id.0);
        if self.plugins[place].is_none() {
            let name = self.registry.name(id);
            let config = self.spec.plugin_config.iter().find(|config| config.name == name);
            let args = config.map_or(&serde_json::Value::Null, |config| &config.args);
            let plugin = self.registry.make(id, args).map_err(|problem| ConfigError::BadArguments {
                profile: self.spec.scheduler_name.clone(),
                plugin: name.into(),
                problem,
            })?;
            self.plugins[place] = Some(plugin);
        }
        Ok(self.plugin(id))
    }

    /// The plugins at one extension point: first those of `list` that override `multi_point`, then the others of
    /// `multi_point` that take part here, then the others of `list`.
    fn expand(
        &mut self,
        multi_point: &[PluginRef],
        list: &PluginList,
        point: Points,
        name: &'static str,
    ) -> Result<Vec<PluginId>, ConfigError> {
        let mut own = Vec::new();
        for plugin in &list.enabled {
            let id = self.find(&plugin.name)?;
            if own.contains(&id) {
                return Err(self.duplicate(plugin, name));
            }
            if !self.make(id)?.points().contains(point) {
                let profile = self.spec.scheduler_name.clone();
                return Err(ConfigError::WrongPoint { profile, plugin: plugin.name.clone(), point: name });
            }
            own.push(id);
        }
        let (mut overriding, mut inherited) = (Vec::new(), Vec::new());
        for plugin in multi_point {
            let id = self.find(&plugin.name)?;
            if list.disables(&plugin.name) || !self.make(id)?.points().contains(point) {
                continue;
            }
            if own.contains(&id) { overriding.push(id) } else { inherited.push(id) }
        }
        if list.disabled.iter().any(|disabled| disabled.name == "*") {
            return Ok(own);
        }
        let (first, last): (Vec<_>, Vec<_>) = own.into_iter().partition(|id| overriding.contains(id));
        Ok(first.into_iter().chain(inherited).chain(last).collect())
    }

    /// The weight given at the extension point itself goes before that of `multiPoint`; 0 stands for 1.
    fn weight(&self, id: PluginId, multi_point: &[PluginRef]) -> i64 {
        let name = self.registry.name(id);
        let own = self.spec.plugins.score.enabled.iter().find(|plugin| plugin.name == name);
        let given = own.or_else(|| multi_point.iter().find(|plugin| plugin.name == name));
        given.map(|plugin| plugin.weight).filter(|weight| *weight != 0).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<Profile, ConfigError> {
        Profile::build(&serde_json::from_str(json).unwrap(), &Registry::default())
    }

    fn scores(profile: &Profile) -> String {
        let entry = |(id, weight): &(PluginId, i64)| format!("{}={weight}", profile.plugin(*id).name());
        profile.score.iter().map(entry).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn defaults_keep_their_order_and_weights() {
        assert_eq!(
            scores(&build("{}").unwrap()),
            "TaintToleration=3 NodeAffinity=2 NodeResourcesFit=1 VolumeBinding=1 PodTopologySpread=2 \
             InterPodAffinity=2 NodeResourcesBalancedAllocation=1 ImageLocality=1"
        );
    }

    #[test]
    fn an_override_at_a_point_comes_first() {
        let profile = build(
            r#"{"plugins": {"score": {
                "disabled": [{"name": "ImageLocality"}, {"name": "NodeAffinity"}],
                "enabled": [{"name": "NodeResourcesFit", "weight": 7}]}}}"#,
        );
        assert_eq!(
            scores(&profile.unwrap()),
            "NodeResourcesFit=7 TaintToleration=3 VolumeBinding=1 PodTopologySpread=2 InterPodAffinity=2 \
             NodeResourcesBalancedAllocation=1"
        );
    }

    #[test]
    fn a_star_leaves_only_what_is_enabled_at_the_point() {
        let profile = build(
            r#"{"plugins": {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "ImageLocality"}]}}}"#,
        );
        assert_eq!(scores(&profile.unwrap()), "ImageLocality=1");
    }

    #[test]
    fn mistakes_are_named() {
        for (json, expected) in [
            (
                r#"{"plugins": {"multiPoint": {"enabled": [{"name": "ImageLocalty"}]}}}"#,
                "plugin `ImageLocalty` does not exist; did you mean `ImageLocality`?",
            ),
            (
                r#"{"plugins": {"filter": {"enabled": [{"name": "ImageLocality"}]}}}"#,
                "plugin `ImageLocality` does not take part in filter",
            ),
            (
                r#"{"pluginConfig": [{"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 101}}]}"#,
                "arguments of plugin `InterPodAffinity`: hardPodAffinityWeight: 101 is not in the range [0, 100]",
            ),
        ] {
            let error = build(json).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
