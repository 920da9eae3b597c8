//! `top`.

use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{Flag, Parsed};
use super::super::parse::split_subcommand;
use super::super::resource::{ALL_NAMESPACES, FIELD_SELECTOR, SELECTOR};
use super::Verb;

/// `top`: use of CPU and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// Whether nodes were asked for; otherwise pods.
    pub nodes: bool,
    /// Only this one.
    pub name: Option<Name>,
    /// `-l`.
    pub labels: Option<String>,
    /// `--field-selector`, of pods.
    pub fields: Option<String>,
    /// `--containers`: a row for each container.
    pub containers: bool,
    /// `--sum`: a row with the sums.
    pub sum: bool,
    /// `--sort-by`: largest first; `None` = by name.
    pub sort_by: Option<TopSort>,
    /// `--no-headers`.
    pub no_headers: bool,
}

/// What `top` sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopSort {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
}

const TOP: &[Flag] = &[Flag::value("sort-by"), Flag::switch("no-headers")];
const PODS: &[Flag] = &[Flag::switch("containers"), Flag::switch("sum")];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let Some((word, rest)) = split_subcommand(words) else {
        return Err(UsageError::new("top needs one of node, pod"));
    };
    let nodes = match word.as_str() {
        "node" | "nodes" | "no" => true,
        "pod" | "pods" | "po" => false,
        other => {
            return Err(UsageError::arguments(format!("unknown command {other:?}")).suggesting(
                other,
                ["node", "pod"],
                "top ",
            ));
        }
    };
    let flags = if nodes {
        Parsed::parse(&rest, &[TOP, SELECTOR])?
    } else {
        Parsed::parse(&rest, &[TOP, PODS, SELECTOR, FIELD_SELECTOR, ALL_NAMESPACES])?
    };
    let labels = flags.text("selector").filter(|text| !text.is_empty());
    let name = match &flags.args[..] {
        [] => None,
        [name] if labels.is_none() => Some(name.as_str().into()),
        [_] => {
            let selector = if nodes { "--selector" } else { "selector" };
            return Err(UsageError::new(format!("only one of NAME or {selector} can be provided")));
        }
        _ => {
            let word = if nodes { "node" } else { "pod" };
            return Err(UsageError::arguments(format!("{word} [NAME | -l label]")));
        }
    };
    let top = Top {
        nodes,
        name,
        labels,
        fields: flags.text("field-selector"),
        containers: flags.switch("containers")?,
        sum: flags.switch("sum")?,
        sort_by: match flags.text("sort-by").as_deref() {
            None | Some("") => None,
            Some("cpu") => Some(TopSort::Cpu),
            Some("memory") => Some(TopSort::Memory),
            Some(_) => return Err(UsageError::new("--sort-by accepts only cpu or memory")),
        },
        no_headers: flags.switch("no-headers")?,
    };
    Ok((flags, Verb::Top(top)))
}
