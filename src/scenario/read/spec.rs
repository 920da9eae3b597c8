//! Reader of a whole `Scenario` document.

use super::scheduler::SchedulerSpec;
use super::{Read, Value};
use super::{cluster, expect, scheduler, step, traffic};
use crate::api::timestamp::Timestamp;
use crate::base::Name;
use crate::component::profile;
use crate::component::settings::{SettingError, Settings};
use crate::kernel::SimDuration;
use crate::scenario::expect::Expectation;
use crate::scenario::model::{NodePlan, Place};
use crate::scenario::step::Step;
use crate::source::{nearest, quoted};
use crate::traffic::TrafficPlan;

/// How long a run is if nothing is said.
pub(in crate::scenario) const DEFAULT_DURATION: SimDuration = SimDuration::from_secs(600);
/// The seed if nothing is said.
pub(in crate::scenario) const DEFAULT_SEED: u64 = 42;
/// 2025-01-01T00:00:00Z.
pub(in crate::scenario) const DEFAULT_START: Timestamp = Timestamp::from_secs(1_735_689_600);

const FIELDS: &[&str] = &[
    "description",
    "seed",
    "duration",
    "kubernetes",
    "timing",
    "startTime",
    "cluster",
    "settings",
    "scheduler",
    "steps",
    "traffic",
    "expect",
];

/// What a scenario says about machines.
#[derive(Debug)]
pub(in crate::scenario) enum Machines {
    /// Nothing.
    Unsaid,
    /// Something that could not be read: nothing can be said about names of nodes.
    Unreadable,
    /// These.
    Given(Vec<NodePlan>),
}

/// A `Scenario` document.
pub(in crate::scenario) struct Spec {
    pub(in crate::scenario) name: Name,
    pub(in crate::scenario) description: String,
    pub(in crate::scenario) seed: u64,
    pub(in crate::scenario) duration: SimDuration,
    pub(in crate::scenario) version: Name,
    pub(in crate::scenario) settings: Settings,
    pub(in crate::scenario) epoch: Timestamp,
    pub(in crate::scenario) machines: Machines,
    pub(in crate::scenario) scheduler: Option<SchedulerSpec>,
    pub(in crate::scenario) steps: Vec<Step>,
    pub(in crate::scenario) traffic: TrafficPlan,
    pub(in crate::scenario) expectations: Vec<Expectation>,
    /// The fields that are given.
    pub(in crate::scenario) given: Vec<&'static str>,
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
            machines: Machines::Unsaid,
            scheduler: None,
            steps: Vec::new(),
            traffic: TrafficPlan::default(),
            expectations: Vec::new(),
            given: Vec::new(),
        }
    }
}

/// Reads a whole document. What cannot be read is as if it had not been written: its problems have been reported, and
/// the rest can still be checked.
pub(in crate::scenario) fn spec(document: &Value<'_>) -> Read<(Spec, Place)> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec"])?;
    let name = fields.need("metadata", metadata_name);
    let spec = match fields.get("spec") {
        Some(value) => body(&value).unwrap_or(Spec { machines: Machines::Unreadable, ..Spec::default() }),
        None => Spec::default(),
    };
    Ok((Spec { name: name.unwrap_or_default(), ..spec }, document.name_place()))
}

/// `metadata` of our own kinds: a name, and what other tools like to add.
pub(super) fn metadata_name(value: &Value<'_>) -> Read<Name> {
    let fields = value.fields(&["name", "namespace", "labels", "annotations"])?;
    fields.need("name", Value::object_name)
}

fn body(value: &Value<'_>) -> Read<Spec> {
    let fields = value.fields(FIELDS)?;
    let duration = fields.optional("duration", Value::positive_duration);
    // Before all that has times in it.
    let usual = value.context.duration.get().unwrap_or(DEFAULT_DURATION);
    value.context.duration.set(duration.ok().map(|duration| duration.unwrap_or(usual)));
    let version = or_default(fields.optional("kubernetes", version));
    let version = version.unwrap_or(profile::DEFAULT_VERSION.into());
    let ideal =
        fields.optional("timing", |value| value.word("timing", &[("typical", false), ("ideal", true)]));
    let mut settings = profile::settings_for(&version).unwrap_or_default();
    if or_default(ideal) == Some(true) {
        settings = settings.idealised();
    }
    or_default(fields.optional("settings", |value| override_settings(value, &mut settings)));
    let machines = match fields.optional("cluster", cluster::cluster) {
        Ok(None) => Machines::Unsaid,
        Ok(Some(nodes)) => Machines::Given(nodes),
        Err(_) => Machines::Unreadable,
    };
    let scheduler = or_default(fields.optional("scheduler", scheduler::scheduler));
    let description = or_default(fields.optional("description", Value::text)).unwrap_or_default();
    let steps = fields.optional("steps", |value| value.readable(step::step));
    let traffic = fields.optional("traffic", traffic::traffic);
    let expectations = fields.optional("expect", |value| value.readable(expect::expectation));
    Ok(Spec {
        description: description.trim_end().to_owned(),
        seed: or_default(fields.optional("seed", |value| value.whole(0..=u64::MAX))).unwrap_or(DEFAULT_SEED),
        duration: or_default(duration).unwrap_or(DEFAULT_DURATION),
        version,
        settings,
        epoch: or_default(fields.optional("startTime", Value::decode)).unwrap_or(DEFAULT_START),
        machines,
        scheduler,
        steps: or_default(steps).unwrap_or_default(),
        traffic: or_default(traffic).unwrap_or_default(),
        expectations: or_default(expectations).unwrap_or_default(),
        given: fields.given(FIELDS),
        ..Spec::default()
    })
}

/// The value if it could be read.
fn or_default<T>(read: Read<Option<T>>) -> Option<T> {
    read.ok().flatten()
}

/// `1.34`, `v1.34` or `1.34.1`, as `1.34`.
fn version(value: &Value<'_>) -> Read<Name> {
    let text = value.text()?;
    if let Some(minor) = profile::minor_of(&text) {
        return Ok(format!("1.{minor}").into());
    }
    let help = format!("known versions are {}", profile::VERSIONS.join(", "));
    value.wrong_help("unknown-value", format!("unknown Kubernetes version {}", quoted(&text)), help)
}

fn override_settings(value: &Value<'_>, settings: &mut Settings) -> Read<()> {
    value.entries(|name, value| {
        let Some(text) = value.as_str() else {
            return value.wrong_type("a number, a duration such as `40s`, `true` or `false`");
        };
        settings.set(name, text).or_else(|error| match &error {
            SettingError::BadValue { expected, .. } => {
                let found = quoted(text);
                value.wrong("invalid-value", format!("expected {expected}, found {found}"))
            }
            SettingError::Unknown { name } => {
                let near = nearest(name, Settings::ALL.iter().map(|info| info.name));
                let help = near
                    .map_or("settings are called as in Kubernetes, in camelCase".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                value.wrong_key("unknown-setting", error.to_string(), help)
            }
        })
    })?;
    Ok(())
}
