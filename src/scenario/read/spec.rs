//! Reader of a whole `Scenario` document.

use super::{Read, Value};
use super::{cluster, expect, step, traffic};
use crate::api::timestamp::Timestamp;
use crate::base::Name;
use crate::component::profile;
use crate::component::settings::{SettingError, Settings};
use crate::kernel::SimDuration;
use crate::scenario::expect::Expectation;
use crate::scenario::model::{NodePlan, Place, Traffic};
use crate::scenario::step::Step;
use crate::source::{nearest, quoted};

/// How long a run is if nothing is said.
pub(in crate::scenario) const DEFAULT_DURATION: SimDuration = SimDuration::from_secs(600);
/// The seed if nothing is said.
pub(in crate::scenario) const DEFAULT_SEED: u64 = 42;
/// 2025-01-01T00:00:00Z.
pub(in crate::scenario) const DEFAULT_START: Timestamp = Timestamp(1_735_689_600);

const FIELDS: &[&str] = &[
    "description",
    "seed",
    "duration",
    "kubernetes",
    "timing",
    "startTime",
    "cluster",
    "settings",
    "steps",
    "traffic",
    "expect",
];

/// A `Scenario` document.
pub(in crate::scenario) struct Spec {
    pub(in crate::scenario) name: Name,
    pub(in crate::scenario) description: String,
    pub(in crate::scenario) seed: u64,
    pub(in crate::scenario) duration: SimDuration,
    pub(in crate::scenario) version: Name,
    pub(in crate::scenario) settings: Settings,
    pub(in crate::scenario) epoch: Timestamp,
    /// `None` = nothing is said about machines.
    pub(in crate::scenario) nodes: Option<Vec<NodePlan>>,
    pub(in crate::scenario) steps: Vec<Step>,
    pub(in crate::scenario) traffic: Vec<Traffic>,
    pub(in crate::scenario) expectations: Vec<Expectation>,
}

impl Default for Spec {
    /// What plain manifests are run with.
    fn default() -> Self {
        Self {
            name: "default".into(),
            description: String::new(),
            seed: DEFAULT_SEED,
            duration: DEFAULT_DURATION,
            version: profile::DEFAULT_VERSION.into(),
            settings: profile::settings_for(profile::DEFAULT_VERSION).unwrap_or_default(),
            epoch: DEFAULT_START,
            nodes: None,
            steps: Vec::new(),
            traffic: Vec::new(),
            expectations: Vec::new(),
        }
    }
}

/// Reads a whole document.
pub(in crate::scenario) fn spec(document: &Value<'_>) -> Read<(Spec, Place)> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec"])?;
    let name = fields.need("metadata", metadata_name);
    let spec = fields.optional("spec", body);
    Ok((Spec { name: name?, ..spec?.unwrap_or_default() }, document.place()))
}

/// `metadata` of our own kinds: a name, and what other tools like to add.
pub(super) fn metadata_name(value: &Value<'_>) -> Read<Name> {
    let fields = value.fields(&["name", "namespace", "labels", "annotations"])?;
    fields.need("name", Value::object_name)
}

fn body(value: &Value<'_>) -> Read<Spec> {
    let fields = value.fields(FIELDS)?;
    let description = fields.optional("description", Value::text);
    let seed = fields.optional("seed", |value| value.whole(0..=u64::MAX));
    let duration = fields.optional("duration", Value::positive_duration);
    let run = duration.unwrap_or_default().unwrap_or(DEFAULT_DURATION);
    value.context.duration.set(duration.is_ok().then_some(run));
    let version = fields.optional("kubernetes", version);
    let ideal =
        fields.optional("timing", |value| value.word("timing", &[("typical", false), ("ideal", true)]));
    let epoch = fields.optional("startTime", Value::decode);
    let nodes = fields.optional("cluster", cluster::cluster);
    let base = base_settings(&version, &ideal);
    let settings = fields.optional("settings", |value| overridden(value, base.clone()));
    let steps = fields.optional("steps", |value| value.items(step::step));
    let traffic = fields.optional("traffic", |value| value.items(traffic::traffic));
    let expectations = fields.optional("expect", |value| value.items(expect::expectation));
    duration?;
    ideal?;
    Ok(Spec {
        description: description?.unwrap_or_default().trim_end().to_owned(),
        seed: seed?.unwrap_or(DEFAULT_SEED),
        duration: run,
        version: version?.unwrap_or(profile::DEFAULT_VERSION.into()),
        settings: settings?.unwrap_or(base),
        epoch: epoch?.unwrap_or(DEFAULT_START),
        nodes: nodes?,
        steps: steps?.unwrap_or_default(),
        traffic: traffic?.unwrap_or_default(),
        expectations: expectations?.unwrap_or_default(),
        ..Spec::default()
    })
}

/// `1.34`, `v1.34` or `1.34.1`, as `1.34`.
fn version(value: &Value<'_>) -> Read<Name> {
    let text = value.text()?;
    match profile::minor_of(&text) {
        Some(minor) => Ok(format!("1.{minor}").into()),
        None => {
            let help = format!("known versions are {}", profile::VERSIONS.join(", "));
            value.wrong_help("unknown-value", format!("unknown Kubernetes version {}", quoted(&text)), help)
        }
    }
}

/// The settings of the version, before single ones are changed.
fn base_settings(version: &Read<Option<Name>>, ideal: &Read<Option<bool>>) -> Settings {
    let version = match version {
        Ok(Some(version)) => version,
        _ => profile::DEFAULT_VERSION,
    };
    let settings = profile::settings_for(version).unwrap_or_default();
    if matches!(ideal, Ok(Some(true))) { settings.idealised() } else { settings }
}

fn overridden(value: &Value<'_>, mut settings: Settings) -> Read<Settings> {
    value.entries(|name, value| {
        let Some(text) = value.as_str() else {
            return value
                .wrong("wrong-type", "expected a number, a duration such as `40s`, `true` or `false`");
        };
        settings.set(name, text).or_else(|error| match &error {
            SettingError::BadValue { expected, .. } => {
                let found = quoted(text);
                value.wrong("invalid-value", format!("expected {expected}, found {found}"))
            }
            SettingError::Unknown { name } => {
                let near = nearest(name, Settings::ALL.iter().map(|info| info.name));
                let help = near.map_or("`shakedown explain settings` lists all".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                });
                value.wrong_key("unknown-setting", error.to_string(), help)
            }
        })
    })?;
    Ok(settings)
}
