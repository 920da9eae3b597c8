//! Readers of `spec.scheduler` and of `KubeSchedulerConfiguration`.

use super::{Read, Value};
use crate::control::scheduler::TieBreak;
use crate::control::scheduler::config::KubeSchedulerConfiguration;
use crate::control::scheduler::policies::Policy;
use crate::scenario::model::Place;
use crate::scenario::scheduler::SchedulerPlan;

/// `spec.scheduler`, and where its configuration is if it has one of its own.
pub(in crate::scenario) struct SchedulerSpec {
    pub(in crate::scenario) plan: SchedulerPlan,
    pub(in crate::scenario) configuration: Option<Place>,
    pub(in crate::scenario) place: Place,
}

/// `spec.scheduler`.
pub(super) fn scheduler(value: &Value<'_>) -> Read<SchedulerSpec> {
    let fields = value.fields(&["policy", "profiles", "tieBreak", "configuration"])?;
    let words = [("seeded", TieBreak::Seeded), ("name", TieBreak::Name)];
    let tie_break = fields.optional("tieBreak", |value| value.word("tie break", &words));
    let own = fields.optional("policy", policy);
    let profiles = fields.optional("profiles", |value| {
        value.entries(|name, value| Ok((crate::base::Name::from(name), policy(value)?)))
    });
    let configuration = fields.optional("configuration", |value| Ok((configuration(value)?, value.place())));
    let mut plan = SchedulerPlan { tie_break: tie_break?.unwrap_or_default(), ..SchedulerPlan::default() };
    plan.policies.extend(profiles?.unwrap_or_default());
    if let Some(policy) = own? {
        plan.set_policy(policy);
    }
    let configuration = configuration?.map(|(read, place)| {
        plan.configuration = read;
        place
    });
    Ok(SchedulerSpec { plan, configuration, place: value.place() })
}

fn policy(value: &Value<'_>) -> Read<Policy> {
    let text = value.text()?;
    text.parse().or_else(|problem: String| value.wrong("unknown-value", problem))
}

/// A whole `KubeSchedulerConfiguration`.
pub(in crate::scenario) fn configuration(value: &Value<'_>) -> Read<KubeSchedulerConfiguration> {
    value.decode()
}
