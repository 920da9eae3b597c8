//! `taint`.

use crate::api::Kind;
use crate::api::core::{Taint as NodeTaint, TaintEffect};
use crate::api::names::{label_value, qualified_name};
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{ALL, SELECTOR, kind_of};
use super::node::Nodes;
use super::{Verb, split_changes};

/// `taint nodes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Which nodes.
    pub nodes: Nodes,
    /// Taints to set.
    pub add: Vec<NodeTaint>,
    /// Taints to remove: a key with one effect, or with all.
    pub remove: Vec<(Name, Option<TaintEffect>)>,
    /// `--overwrite`: whether a taint that is there may get another value.
    pub overwrite: bool,
}

const TAINT: &[Flag] = &[Flag::switch("overwrite")];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, TAINT, SELECTOR, ALL])?;
    let is_change = |arg: &str| arg.contains('=') || arg.contains(':') || arg.ends_with('-');
    let (objects, given) = split_changes(&flags.args, "taint", is_change)?;
    let [kind, names @ ..] = objects else {
        return Err(UsageError::new("one or more resources must be specified as <resource> <name>"));
    };
    if given.is_empty() {
        return Err(UsageError::new("at least one taint update is required"));
    }
    if kind.contains('/') {
        let message = format!("the server doesn't have a resource type {kind:?}");
        return Err(UsageError { prefix: "", ..UsageError::new(message) });
    }
    if kind_of(kind)? != Kind::Node {
        return Err(UsageError::new(format!("invalid resource type {kind}, only node types are supported")));
    }
    let nodes = nodes(&flags, names)?;
    let mut taint = Taint { nodes, add: vec![], remove: vec![], overwrite: flags.switch("overwrite")? };
    for text in given {
        taint.change(text)?;
    }
    taint.check()?;
    Ok((flags, Verb::Taint(taint)))
}

fn nodes(flags: &Parsed, names: &[String]) -> Result<Nodes, UsageError> {
    let (all, labels) = (flags.switch("all")?, flags.text("selector").filter(|text| !text.is_empty()));
    match (all, labels, names) {
        (true, Some(_), _) => {
            Err(UsageError::new("setting 'all' parameter with a non empty selector is prohibited"))
        }
        (true, None, _) => Ok(Nodes::All),
        (false, Some(labels), _) => Ok(Nodes::Labelled(labels)),
        (false, None, []) => Err(UsageError::new(
            "at least one resource name must be specified since 'all' parameter is not set",
        )),
        (false, None, names) => Ok(Nodes::Named(names.iter().map(|name| name.as_str().into()).collect())),
    }
}

impl Taint {
    /// `KEY=VALUE:EFFECT`, `KEY:EFFECT`, or with `-` at the end to remove, then also `KEY-`.
    fn change(&mut self, text: &str) -> Result<(), UsageError> {
        if let Some(text) = text.strip_suffix('-') {
            let (key, _, effect) = parts(text)?;
            self.remove.push((key, effect));
        } else {
            let (key, value, effect) = parts(text)?;
            let effect = effect.ok_or_else(|| invalid(text, None))?;
            self.add.push(NodeTaint { key, value, effect, time_added: None });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), UsageError> {
        for (at, taint) in self.add.iter().enumerate() {
            if self.add[..at].iter().any(|other| other.key == taint.key && other.effect == taint.effect) {
                return Err(UsageError::arguments(format!(
                    "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                    taint.key, taint.value, taint.effect
                )));
            }
            let removed = self.remove.iter().find(|(key, effect)| {
                *key == taint.key && effect.is_none_or(|effect| effect == taint.effect)
            });
            if let Some((key, effect)) = removed {
                let effect = effect.map(|effect| effect.to_string()).unwrap_or_default();
                return Err(UsageError::new(format!(
                    "can not both modify and remove the following taint(s) in the same command: {key}={effect}"
                )));
            }
        }
        Ok(())
    }
}

fn invalid(text: &str, why: Option<&str>) -> UsageError {
    let why = why.map(|why| format!(", {why}")).unwrap_or_default();
    UsageError::arguments(format!("invalid taint spec: {text}{why}"))
}

fn parts(text: &str) -> Result<(Name, Name, Option<TaintEffect>), UsageError> {
    let colon_parts: Vec<&str> = text.split(':').collect();
    let (pair, effect) = match colon_parts[..] {
        [key] => (key, None),
        [pair, effect] => (pair, Some(effect)),
        _ => return Err(invalid(text, None)),
    };
    let (key, value) = match pair.split('=').collect::<Vec<_>>()[..] {
        // Without an effect there can be no value: the whole text is the key.
        _ if effect.is_none() => (pair, ""),
        [key] => (key, ""),
        [key, value] => (key, value),
        _ => return Err(invalid(text, None)),
    };
    let problems = [qualified_name(key), label_value(value)].concat();
    if !problems.is_empty() {
        return Err(invalid(text, Some(&problems.join("; "))));
    }
    Ok((key.into(), value.into(), effect.map(parse_effect).transpose()?))
}

fn parse_effect(text: &str) -> Result<TaintEffect, UsageError> {
    const EFFECTS: [TaintEffect; 3] =
        [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute];
    EFFECTS.into_iter().find(|effect| effect.to_string() == text).ok_or_else(|| {
        let names = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        UsageError::arguments(format!("invalid taint effect: {text}, unsupported taint effect"))
            .suggesting(text, names, "")
    })
}
