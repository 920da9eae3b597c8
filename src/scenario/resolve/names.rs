//! Names that faults and expectations use: nodes and zones must exist, other objects should.

use std::collections::BTreeSet;

use super::with_applied;
use crate::api::object::{Kind, Object};
use crate::base::Name;
use crate::scenario::model::{Manifest, NodePlan, ZONE_LABEL};
use crate::scenario::read::{Mention, Mentioned};
use crate::scenario::step::{Action, Step};
use crate::source::{Diagnostic, nearest};

/// A list of names longer than this helps nobody.
const MOST_LISTED: usize = 8;

/// What there will be, as far as it can be known before the run.
pub(in crate::scenario) struct World<'a> {
    /// Whether the nodes are all that there will be.
    nodes_known: bool,
    nodes: Vec<&'a crate::api::node::Node>,
    objects: BTreeSet<(Kind, &'a Name, &'a Name)>,
    /// Lines that may make any object.
    lines: Vec<&'a str>,
}

impl<'a> World<'a> {
    /// `plans` is `None` when the description of the machines could not be read.
    pub(in crate::scenario) fn new(
        plans: Option<&'a Vec<NodePlan>>,
        objects: &'a [Manifest],
        steps: &'a [Step],
    ) -> Self {
        let all: Vec<&Manifest> = with_applied(objects, steps).collect();
        let applied_nodes = all.iter().filter_map(|manifest| match &manifest.object {
            Object::Node(node) => Some(&**node),
            _ => None,
        });
        let lines = steps.iter().filter_map(|step| match &step.action {
            Action::Kubectl(line) => Some(line.as_str()),
            _ => None,
        });
        Self {
            nodes_known: plans.is_some(),
            nodes: plans.into_iter().flatten().map(|plan| &plan.node).chain(applied_nodes).collect(),
            lines: lines.collect(),
            objects: all
                .iter()
                .map(|manifest| {
                    let metadata = manifest.object.metadata();
                    (manifest.object.kind(), &metadata.namespace, &metadata.name)
                })
                .collect(),
        }
    }

    /// A problem for every name that means nothing. After errors there is none about objects: the one that is missing
    /// may be the one that could not be read.
    pub(in crate::scenario) fn check(&self, mentions: &[Mention], after_errors: bool) -> Vec<Diagnostic> {
        let worth_a_look = |mention: &&Mention| match mention.what {
            Mentioned::Object { .. } => !after_errors,
            _ => self.nodes_known,
        };
        mentions.iter().filter(worth_a_look).filter_map(|mention| self.problem(mention)).collect()
    }

    fn problem(&self, mention: &Mention) -> Option<Diagnostic> {
        let problem = match &mention.what {
            Mentioned::Node(name) => {
                let names: Vec<&str> = self.nodes.iter().map(|node| &*node.metadata.name).collect();
                missing("node", name, &names)?
            }
            Mentioned::Zone(zone) => {
                let labels = self.nodes.iter().filter_map(|node| node.metadata.labels.get(ZONE_LABEL));
                let zones: BTreeSet<&str> = labels.map(Name::as_str).collect();
                missing("zone", zone, &zones.into_iter().collect::<Vec<_>>())?
            }
            Mentioned::NodeSelector(selector) => {
                if self.nodes.iter().any(|node| selector.matches(&node.metadata.labels)) {
                    return None;
                }
                Diagnostic::warning("unknown-node", format!("no node has the labels `{selector}`"))
            }
            Mentioned::Object { kind, namespace, name } => self.missing_object(*kind, namespace, name)?,
        };
        Some(mention.place.label(problem, ""))
    }

    fn missing_object(&self, kind: Kind, namespace: &Name, name: &Name) -> Option<Diagnostic> {
        let made_by_controllers = matches!(kind, Kind::Pod | Kind::ReplicaSet | Kind::Job);
        let built_in = kind == Kind::Service && (&**namespace, &**name) == ("default", "kubernetes");
        if made_by_controllers || built_in || self.objects.contains(&(kind, namespace, name)) {
            return None;
        }
        // `create deployment web` and its like; what exactly they do is for others to know.
        if self.lines.iter().any(|line| line.split([' ', '/', '=']).any(|word| word == &**name)) {
            return None;
        }
        let word = kind.names().singular;
        let message = format!("{word} `{namespace}/{name}` is in no manifest and in no step");
        let problem = Diagnostic::warning("unknown-object", message);
        let same_kind = self.objects.iter().filter(|(other, ..)| *other == kind);
        let paths: Vec<String> =
            same_kind.map(|(_, namespace, name)| format!("{namespace}/{name}")).collect();
        let near = nearest(&format!("{namespace}/{name}"), paths.iter().map(String::as_str));
        Some(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        })
    }
}

/// The error about a name that is not among `names`.
fn missing(what: &'static str, name: &str, names: &[&str]) -> Option<Diagnostic> {
    if names.contains(&name) {
        return None;
    }
    let code = if what == "node" { "unknown-node" } else { "unknown-zone" };
    let problem = Diagnostic::error(code, format!("there is no {what} `{name}`"));
    let listed = || names.iter().copied().take(MOST_LISTED).collect::<Vec<_>>().join("`, `");
    Some(if names.is_empty() {
        problem
    } else if names.len() <= MOST_LISTED {
        problem.help(format!("the {what}s are `{}`", listed()))
    } else if let Some(near) = nearest(name, names.iter().copied()) {
        problem.help(format!("did you mean `{near}`? there are {} {what}s", names.len()))
    } else {
        problem.help(format!("the {what}s are `{}`, ...", listed()))
    })
}
