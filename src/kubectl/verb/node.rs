//! `cordon`, `uncordon` and `drain`.

use crate::api::{Kind, Selector};
use crate::base::Name;
use crate::kernel::SimDuration;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{SELECTOR, kind_with_version, target};
use super::Verb;

/// Which nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// By name.
    Named(Vec<Name>),
    /// `-l`: by their labels.
    Labelled(String),
    /// `--all`, which only `taint` has.
    All,
}

/// `drain`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drain {
    /// Which nodes.
    pub nodes: Nodes,
    /// `--ignore-daemonsets`: leave the pods of DaemonSets alone instead of refusing.
    pub ignore_daemonsets: bool,
    /// `--delete-emptydir-data`: go on even if pods lose local data.
    pub delete_emptydir_data: bool,
    /// `--force`: go on even if pods have no controller that replaces them.
    pub force: bool,
    /// `--disable-eviction`: delete instead of evicting, past every disruption budget.
    pub disable_eviction: bool,
    /// `--grace-period` in seconds; `None` = what each pod says.
    pub grace_period_seconds: Option<i64>,
    /// `--timeout`; `None` = for ever.
    pub timeout: Option<SimDuration>,
    /// `--pod-selector`: only these pods.
    pub pod_selector: Option<String>,
    /// `--skip-wait-for-delete-timeout`: do not wait for pods whose deletion was asked for longer ago.
    pub skip_wait_for_delete: Option<SimDuration>,
}

pub(in crate::kubectl) fn parse_cordon(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, SELECTOR])?;
    let nodes = nodes(&flags, "cordon")?;
    Ok((flags, Verb::Cordon(nodes)))
}

pub(in crate::kubectl) fn parse_uncordon(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, SELECTOR])?;
    let nodes = nodes(&flags, "uncordon")?;
    Ok((flags, Verb::Uncordon(nodes)))
}

const DRAIN: &[Flag] = &[
    Flag::switch("ignore-daemonsets"),
    Flag::switch("delete-emptydir-data"),
    Flag::switch("force"),
    Flag::switch("disable-eviction"),
    Flag::value("grace-period"),
    Flag::value("timeout"),
    Flag::value("pod-selector"),
    Flag::value("skip-wait-for-delete-timeout"),
];

pub(in crate::kubectl) fn parse_drain(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, DRAIN, SELECTOR])?;
    let pod_selector = flags.text("pod-selector").filter(|text| !text.is_empty());
    if pod_selector.as_deref().is_some_and(|text| Selector::parse(text).is_err()) {
        return Err(UsageError::new("--pod-selector=<pod_selector> must be a valid label selector"));
    }
    let skip = flags.number::<i64>("skip-wait-for-delete-timeout")?.filter(|seconds| *seconds > 0);
    let drain = Drain {
        nodes: nodes(&flags, "drain")?,
        ignore_daemonsets: flags.switch("ignore-daemonsets")?,
        delete_emptydir_data: flags.switch("delete-emptydir-data")?,
        force: flags.switch("force")?,
        disable_eviction: flags.switch("disable-eviction")?,
        grace_period_seconds: flags.number::<i64>("grace-period")?.filter(|seconds| *seconds >= 0),
        timeout: flags.duration("timeout")?.filter(|timeout| *timeout > SimDuration::ZERO),
        pod_selector,
        skip_wait_for_delete: skip.map(|seconds| SimDuration::from_secs(seconds.unsigned_abs())),
    };
    Ok((flags, Verb::Drain(drain)))
}

fn nodes(flags: &Parsed, verb: &str) -> Result<Nodes, UsageError> {
    match (flags.text("selector"), &flags.args[..]) {
        (None, []) => Err(UsageError::arguments(format!("USAGE: {verb} NODE [flags]"))),
        (Some(_), [_, ..]) => {
            Err(UsageError::arguments("cannot specify both a node name and a --selector option"))
        }
        (Some(selector), []) => Ok(Nodes::Labelled(selector)),
        (None, names) => names.iter().map(|name| node_name(name)).collect::<Result<_, _>>().map(Nodes::Named),
    }
}

/// `worker-1` or `node/worker-1`.
fn node_name(text: &str) -> Result<Name, UsageError> {
    if !text.contains('/') {
        return Ok(text.into());
    }
    let target = target(text)?;
    if target.kind != Kind::Node {
        let found = kind_with_version(target.kind);
        return Err(UsageError::new(format!("expected resource of type node, got {found:?}")));
    }
    Ok(target.name)
}
