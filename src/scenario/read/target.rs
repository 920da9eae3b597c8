//! Readers of what a fault or an expectation is about: pods, nodes, parties of a connection.

use super::scalar::DEFAULT_NAMESPACE;
use super::{Fields, Mentioned, Read, Value};
use crate::base::Name;
use crate::fault::{NodeTarget, Party, Pick, PodTarget, Pods};
use crate::source::quoted;

/// Fields that name pods.
pub(super) const POD_FIELDS: &[&str] = &["pod", "pods"];
/// Fields that name nodes.
pub(super) const NODE_FIELDS: &[&str] = &["node", "nodes", "zone"];

/// `pod: default/web-0`, `pods: "-l app=web -n shop"` or `pods: {labels: {app: web}, namespace: shop, count: 1}`.
pub(super) fn pods(fields: &Fields<'_>) -> Read<PodTarget> {
    let given = fields.given(POD_FIELDS);
    match given[..] {
        ["pod"] => {
            let (namespace, name) = fields.need("pod", Value::namespaced_name)?;
            Ok(PodTarget { namespace, by: Pods::Name(name), pick: Pick::All })
        }
        ["pods"] => fields.need("pods", selected_pods),
        [] => fields
            .lacks("missing field `pod` or `pods`", "write `pod: namespace/name`, or `pods: \"-l app=web\"`"),
        _ => fields.conflict(&given),
    }
}

fn selected_pods(value: &Value<'_>) -> Read<PodTarget> {
    if !value.is_mapping() {
        return pod_flags(value);
    }
    let fields = value.fields(&["labels", "namespace", "count"])?;
    let selector = fields.optional("labels", Value::selector);
    let namespace = fields.optional("namespace", Value::label_name);
    let count = fields.optional("count", |value| value.whole(1..=u64::MAX));
    Ok(PodTarget {
        by: Pods::Selector(selector?.unwrap_or_default()),
        namespace: namespace?.unwrap_or(DEFAULT_NAMESPACE.into()),
        pick: count?.map_or(Pick::All, |count| Pick::First(usize::try_from(count).unwrap_or(usize::MAX))),
    })
}

/// Pods as kubectl's flags name them.
fn pod_flags(value: &Value<'_>) -> Read<PodTarget> {
    let text = value.some_text()?;
    let help = "write `pods: \"-l app=web -n namespace\"`, or `pod: namespace/name` for one pod";
    let Some((selector, namespace)) = flags(&text) else {
        return value.wrong_help("invalid-value", format!("{} does not name pods", quoted(&text)), help);
    };
    Ok(PodTarget {
        by: Pods::Selector(value.selector_text(selector.unwrap_or_default())?),
        namespace: namespace.unwrap_or(DEFAULT_NAMESPACE).into(),
        pick: Pick::All,
    })
}

/// The values of `-l` and `-n`. A selector may have blanks in it: it goes on to the next flag.
fn flags(text: &str) -> Option<(Option<&str>, Option<&str>)> {
    let (mut selector, mut namespace) = (None, None);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let take = |flags: [&str; 2]| {
            let after = flags.iter().find_map(|flag| rest.strip_prefix(flag))?;
            after.strip_prefix(['=', ' '])
        };
        let (slot, after) = match (take(["-l", "--selector"]), take(["-n", "--namespace"])) {
            (Some(after), _) => (&mut selector, after),
            (None, Some(after)) => (&mut namespace, after),
            (None, None) => return None,
        };
        let after = after.trim_start();
        let end = after.find(" -").unwrap_or(after.len());
        *slot = Some(after[..end].trim());
        rest = after[end..].trim_start();
    }
    Some((selector, namespace))
}

/// `node: worker-1`, `nodes: [worker-1, worker-2]`, `nodes: "-l disk=ssd"`, `nodes: {labels: ..}`, `nodes: all`,
/// `zone: a`.
pub(super) fn nodes(fields: &Fields<'_>) -> Read<NodeTarget> {
    let given = fields.given(NODE_FIELDS);
    match given[..] {
        ["node"] => fields.need("node", node_name).map(NodeTarget::Name),
        ["nodes"] => fields.need("nodes", some_nodes),
        ["zone"] => fields.need("zone", zone).map(NodeTarget::Zone),
        [] => fields.lacks(
            "missing field `node`, `nodes` or `zone`",
            "which machines? write for example `node: worker-1`",
        ),
        _ => fields.conflict(&given),
    }
}

/// The name of a node that must exist.
pub(super) fn node_name(value: &Value<'_>) -> Read<Name> {
    let name = value.object_name()?;
    value.mention(Mentioned::Node(name.clone()));
    Ok(name)
}

/// A zone that some node must be in.
pub(super) fn zone(value: &Value<'_>) -> Read<Name> {
    let name = value.label_value()?;
    value.mention(Mentioned::Zone(name.clone()));
    Ok(name)
}

fn some_nodes(value: &Value<'_>) -> Read<NodeTarget> {
    if value.is_list() {
        let names = value.items(node_name)?;
        if names.is_empty() {
            return value.wrong("invalid-value", "expected at least one node");
        }
        return Ok(NodeTarget::Names(names));
    }
    let selector = if value.is_mapping() {
        value.fields(&["labels"])?.need("labels", Value::selector)?
    } else {
        let text = value.some_text()?;
        if text == "all" {
            return Ok(NodeTarget::All);
        }
        let help = "write `nodes: [a, b]`, `nodes: \"-l disk=ssd\"` or `nodes: all`";
        let Some((Some(selector), None)) = flags(&text) else {
            let message = format!("{} does not name nodes", quoted(&text));
            return value.wrong_help("invalid-value", message, help);
        };
        value.selector_text(selector)?
    };
    value.mention(Mentioned::NodeSelector(selector.clone()));
    Ok(NodeTarget::Selector(selector))
}

/// The two sides of a connection: `between: [controlPlane, {node: worker-2}]`.
pub(super) fn between(value: &Value<'_>) -> Read<(Party, Party)> {
    let parties = value.items(party)?;
    let help = "write for example `between: [controlPlane, {node: worker-2}]`";
    match <[Party; 2]>::try_from(parties) {
        Ok([a, b]) if a == b => value.wrong_help("invalid-value", "both sides are the same", help),
        Ok([a, b]) => Ok((a, b)),
        Err(parties) => {
            value.wrong_help("invalid-value", format!("expected two sides, found {}", parties.len()), help)
        }
    }
}

fn party(value: &Value<'_>) -> Read<Party> {
    if value.is_mapping() {
        let fields = value.fields(NODE_FIELDS)?;
        return nodes(&fields).map(Party::Nodes);
    }
    value.word("side", &[("controlPlane", ())]).map(|()| Party::ControlPlane)
}
