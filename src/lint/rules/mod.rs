//! The rules, a file for each topic.

mod autoscaling;
mod availability;
mod backends;
mod images;
mod lifecycle;
mod probes;
mod resources;
mod rollout;
mod services;
mod startup;

use super::rule::Rule;
use crate::source::nearest;

/// Every rule, in the order of the topics.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let topics: [&[Rule]; 10] = [
        probes::RULES,
        backends::RULES,
        startup::RULES,
        lifecycle::RULES,
        resources::RULES,
        images::RULES,
        availability::RULES,
        services::RULES,
        autoscaling::RULES,
        rollout::RULES,
    ];
    topics.into_iter().flatten()
}

/// The rule with this id or alias.
///
/// # Errors
/// With the nearest id, if one is near.
pub fn find(word: &str) -> Result<&'static Rule, Option<&'static str>> {
    let found = all().find(|rule| rule.is_called(word));
    found.ok_or_else(|| nearest(word, all().map(|rule| rule.id)))
}
