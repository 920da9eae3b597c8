//! `KubeSchedulerConfiguration` (`kubescheduler.config.k8s.io/v1`) as its files are written.
//!
//! Fields and defaults are those of kube-scheduler v1.34. As there, an unknown field is an error. What concerns only
//! the process (client connections, leader election, health checks) is read and has no effect here.

use serde::Deserialize;

use crate::api::core::Opaque;
use crate::base::Name;

/// The name of the profile for pods that name no scheduler.
pub const DEFAULT_SCHEDULER_NAME: &str = "default-scheduler";

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "field meanings are those of kube-scheduler's KubeSchedulerConfiguration")]
pub struct KubeSchedulerConfiguration {
    pub api_version: Name,
    pub kind: Name,
    pub parallelism: i32,
    pub leader_election: Opaque,
    pub client_connection: Opaque,
    pub enable_profiling: Option<bool>,
    pub enable_contention_profiling: Option<bool>,
    pub percentage_of_nodes_to_score: Option<i32>,
    pub pod_initial_backoff_seconds: i64,
    pub pod_max_backoff_seconds: i64,
    pub profiles: Vec<ProfileSpec>,
    pub extenders: Vec<serde_json::Value>,
    pub delay_cache_until_active: bool,
}

/// `apiVersion` of the file.
const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
/// `kind` of the file.
const KIND: &str = "KubeSchedulerConfiguration";

impl Default for KubeSchedulerConfiguration {
    fn default() -> Self {
        Self {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            parallelism: 16,
            leader_election: None,
            client_connection: None,
            enable_profiling: None,
            enable_contention_profiling: None,
            percentage_of_nodes_to_score: None,
            pod_initial_backoff_seconds: 1,
            pod_max_backoff_seconds: 10,
            profiles: vec![ProfileSpec::default()],
            extenders: Vec::new(),
            delay_cache_until_active: false,
        }
    }
}

/// One of `profiles`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProfileSpec {
    /// `spec.schedulerName` of the pods that it is for.
    pub scheduler_name: Name,
    /// Overrides the value of the whole file.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// Changes to the default plugins.
    pub plugins: PluginSets,
    /// Arguments of plugins.
    pub plugin_config: Vec<PluginConfig>,
}

impl Default for ProfileSpec {
    fn default() -> Self {
        Self {
            scheduler_name: DEFAULT_SCHEDULER_NAME.into(),
            percentage_of_nodes_to_score: None,
            plugins: PluginSets::default(),
            plugin_config: Vec::new(),
        }
    }
}

/// `plugins`: what is enabled and disabled at each extension point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields are the extension points")]
pub struct PluginSets {
    pub multi_point: PluginList,
    pub pre_enqueue: PluginList,
    pub queue_sort: PluginList,
    pub pre_filter: PluginList,
    pub filter: PluginList,
    pub post_filter: PluginList,
    pub pre_score: PluginList,
    pub score: PluginList,
    pub reserve: PluginList,
    pub permit: PluginList,
    pub pre_bind: PluginList,
    pub bind: PluginList,
    pub post_bind: PluginList,
}

/// What is enabled and disabled at one extension point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginList {
    /// Enabled in addition, or with another weight.
    pub enabled: Vec<PluginRef>,
    /// Disabled; `*` disables all.
    pub disabled: Vec<PluginRef>,
}

impl PluginList {
    /// Whether `name` is disabled by its name or by `*`.
    pub fn disables(&self, name: &str) -> bool {
        self.disabled.iter().any(|disabled| disabled.name == name || disabled.name == "*")
    }
}

/// A plugin by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginRef {
    /// Its name.
    pub name: Name,
    /// The weight of its score; absent or 0 means 1.
    pub weight: i64,
}

/// One of `pluginConfig`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginConfig {
    /// The plugin.
    pub name: Name,
    /// Its arguments.
    pub args: serde_json::Value,
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is not what it should be.
    #[error("`{field}` is `{found}`, expected `{expected}`")]
    WrongKind {
        /// Which field.
        field: &'static str,
        /// What it says.
        found: Name,
        /// What it should say.
        expected: &'static str,
    },
    /// A number is out of range.
    #[error("{field}: {found} is not in the range {range}")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// What it says.
        found: i64,
        /// What it may say.
        range: &'static str,
    },
    /// Two profiles are for the same pods.
    #[error("profile `{0}` is there twice")]
    DuplicateProfile(Name),
    /// A profile names a plugin that does not exist.
    #[error("profile `{profile}`: plugin `{plugin}` does not exist{}", hint(.nearest.as_deref()))]
    UnknownPlugin {
        /// The profile.
        profile: Name,
        /// The name.
        plugin: Name,
        /// A name that looks like it.
        nearest: Option<String>,
    },
    /// A plugin is enabled where it does not take part.
    #[error("profile `{profile}`: plugin `{plugin}` does not take part in {point}")]
    WrongPoint {
        /// The profile.
        profile: Name,
        /// The plugin.
        plugin: Name,
        /// The extension point.
        point: &'static str,
    },
    /// A plugin is enabled twice at one extension point.
    #[error("profile `{profile}`: plugin `{plugin}` is enabled twice for {point}")]
    DuplicatePlugin {
        /// The profile.
        profile: Name,
        /// The plugin.
        plugin: Name,
        /// The extension point.
        point: &'static str,
    },
    /// A plugin refuses its arguments.
    #[error("profile `{profile}`: arguments of plugin `{plugin}`: {problem}")]
    BadArguments {
        /// The profile.
        profile: Name,
        /// The plugin.
        plugin: Name,
        /// Why.
        problem: String,
    },
    /// Something is asked for that is not simulated.
    #[error("{0} are not simulated")]
    Unsupported(&'static str),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

impl KubeSchedulerConfiguration {
    /// Checks what can be checked without knowing plugins.
    ///
    /// # Errors
    /// The first problem found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (field, found, expected) in
            [("apiVersion", &self.api_version, API_VERSION), ("kind", &self.kind, KIND)]
        {
            if *found != expected {
                return Err(ConfigError::WrongKind { field, found: found.clone(), expected });
            }
        }
        let percentages = self.profiles.iter().map(|profile| profile.percentage_of_nodes_to_score);
        for percentage in percentages.chain([self.percentage_of_nodes_to_score]).flatten() {
            let (field, found) = ("percentageOfNodesToScore", percentage.into());
            check(field, found, (0..=100).contains(&percentage), "[0, 100]")?;
        }
        let (initial, max) = (self.pod_initial_backoff_seconds, self.pod_max_backoff_seconds);
        check("podInitialBackoffSeconds", initial, initial > 0, "[1, inf)")?;
        // 0 switches back-off off.
        check("podMaxBackoffSeconds", max, max == 0 || max >= initial, "[podInitialBackoffSeconds, inf)")?;
        if !self.extenders.is_empty() {
            return Err(ConfigError::Unsupported("scheduler extenders"));
        }
        for (at, profile) in self.profiles.iter().enumerate() {
            if self.profiles[..at].iter().any(|other| other.scheduler_name == profile.scheduler_name) {
                return Err(ConfigError::DuplicateProfile(profile.scheduler_name.clone()));
            }
        }
        Ok(())
    }
}

fn check(field: &'static str, found: i64, valid: bool, range: &'static str) -> Result<(), ConfigError> {
    if valid { Ok(()) } else { Err(ConfigError::OutOfRange { field, found, range }) }
}
