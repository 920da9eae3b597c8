//! `cordon`, `uncordon` and `taint`.

use crate::api::core::{Taint as NodeTaint, TaintEffect};
use crate::api::{Kind, Object, Patch};
use crate::base::Name;
use crate::kubectl::verb::{Nodes, Taint};
use crate::kubectl::{Selected, Target, Targets};

use super::shell::Shell;

impl Shell<'_> {
    pub(super) fn cordon(&mut self, nodes: &Nodes, unschedulable: bool) {
        for node in self.nodes(nodes) {
            self.cordon_node(&node, unschedulable);
        }
    }

    /// Returns whether the node is now as wanted.
    pub(super) fn cordon_node(&mut self, object: &Object, unschedulable: bool) -> bool {
        let Object::Node(node) = object else { return false };
        let word = if unschedulable { "cordoned" } else { "uncordoned" };
        if node.spec.unschedulable == unschedulable {
            self.done(object, &format!("already {word}"));
            return true;
        }
        let changed = self.send_patch(object.reference(), Patch::Unschedulable(unschedulable));
        if let Some(changed) = &changed {
            self.done(changed, word);
        }
        changed.is_some()
    }

    /// The nodes that a command is about.
    pub(super) fn nodes(&mut self, nodes: &Nodes) -> Vec<Object> {
        let all = Selected { kinds: vec![Kind::Node], ..Selected::default() };
        let targets = match nodes {
            Nodes::Named(names) => {
                let target = |name: &Name| Target { kind: Kind::Node, name: name.clone() };
                Targets::Named(names.iter().map(target).collect())
            }
            Nodes::Labelled(labels) => Targets::Selected(Selected { labels: Some(labels.clone()), ..all }),
            Nodes::All => Targets::Selected(all),
        };
        let found = self.objects(&targets);
        // The first that does not exist ends the command before anything is done.
        if self.answer.failed { Vec::new() } else { found }
    }

    pub(super) fn taint(&mut self, taint: &Taint) {
        for object in self.nodes(&taint.nodes) {
            let Object::Node(node) = &object else { continue };
            let refusals = refusals(&node.spec.taints, taint);
            if !refusals.is_empty() {
                for refusal in refusals {
                    let name = &object.metadata().name;
                    self.error(match refusal {
                        Refusal::Present(keys) => format!(
                            "node {name} already has {keys} taint(s) with same effect(s) and --overwrite is false"
                        ),
                        Refusal::Absent(what) => format!("taint {what:?} not found"),
                    });
                }
                continue;
            }
            let word = match (taint.add.is_empty(), taint.remove.is_empty()) {
                _ if taint.overwrite => "modified",
                (false, false) => "modified",
                (true, false) => "untainted",
                _ => "tainted",
            };
            let now = self.world.timestamp();
            let stamped = |taint: &NodeTaint| NodeTaint {
                time_added: (taint.effect == TaintEffect::NoExecute).then_some(now),
                ..taint.clone()
            };
            let patch =
                Patch::Taints { add: taint.add.iter().map(stamped).collect(), remove: taint.remove.clone() };
            if let Some(changed) = self.send_patch(object.reference(), patch) {
                self.done(&changed, word);
            }
        }
    }
}

enum Refusal {
    /// Keys that are there already.
    Present(String),
    /// What should be removed and is not there.
    Absent(String),
}

fn refusals(present: &[NodeTaint], taint: &Taint) -> Vec<Refusal> {
    let has = |key: &Name, effect: Option<TaintEffect>| {
        present.iter().any(|old| old.key == *key && effect.is_none_or(|effect| effect == old.effect))
    };
    let mut refusals = Vec::new();
    if !taint.overwrite {
        let there = taint.add.iter().filter(|new| has(&new.key, Some(new.effect)));
        let keys: Vec<&str> = there.map(|new| new.key.as_str()).collect();
        if !keys.is_empty() {
            refusals.push(Refusal::Present(keys.join(",")));
        }
    }
    for (key, effect) in taint.remove.iter().filter(|(key, effect)| !has(key, *effect)) {
        let effect = effect.map_or(String::new(), |effect| format!(":{effect}"));
        refusals.push(Refusal::Absent(format!("{key}{effect}")));
    }
    refusals
}
