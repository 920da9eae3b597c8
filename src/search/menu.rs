//! What can go wrong in a scenario.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::api::Labels;
use crate::api::object::Object;
use crate::api::pod::PodSpec;
use crate::scenario::{Action, Scenario};

/// A fault that can happen, as it is written in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// `{nodeCrash: {node: worker-1}}`.
    pub(super) fault: Value,
    /// Whether it lasts, so that a duration is drawn.
    pub(super) lasts: bool,
}

/// The faults that can happen, by kind.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    kinds: BTreeMap<&'static str, Vec<Item>>,
}

/// Kinds of faults that the search knows, and whether they last.
const KINDS: [(&str, bool); 15] = [
    ("controlPlane", true),
    ("dependencyDown", true),
    ("exit", false),
    ("hang", false),
    ("imagePullError", true),
    ("kubeletStop", true),
    ("nodeCrash", true),
    ("nodeReboot", false),
    ("oom", false),
    ("partition", true),
    ("pressure", true),
    ("probeFailure", true),
    ("runtimeStop", true),
    ("slowStart", true),
    ("zoneOutage", true),
];

impl Menu {
    /// Names of the kinds that a search can be restricted to.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// What can happen in a scenario; only these kinds if any are given.
    pub fn of(scenario: &Scenario, only: &[String]) -> Self {
        let mut menu = Self::default();
        menu.machines(scenario);
        for component in ["apiServer", "etcd", "scheduler", "controllerManager"] {
            menu.add("controlPlane", &json!({"component": component, "what": "down"}));
        }
        menu.programs(scenario);
        if !only.is_empty() {
            menu.kinds.retain(|kind, _| only.iter().any(|wanted| wanted == kind));
        }
        menu
    }

    /// Whether nothing can go wrong.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The kinds, each with what can happen.
    pub(super) fn items(&self) -> Vec<&[Item]> {
        self.kinds.values().map(Vec::as_slice).collect()
    }

    fn add(&mut self, kind: &'static str, fields: &Value) {
        let lasts = KINDS.iter().any(|(known, lasts)| *known == kind && *lasts);
        let item = Item { fault: json!({ kind: fields }), lasts };
        let items = self.kinds.entry(kind).or_default();
        if !items.contains(&item) {
            items.push(item);
        }
    }

    fn machines(&mut self, scenario: &Scenario) {
        let mut zones = BTreeSet::new();
        for node in &scenario.nodes {
            let name = json!({"node": node.name()});
            for kind in ["nodeCrash", "nodeReboot", "kubeletStop", "runtimeStop"] {
                self.add(kind, &name);
            }
            self.add("partition", &json!({"between": ["controlPlane", name]}));
            for resource in ["memory", "disk"] {
                self.add("pressure", &json!({"node": node.name(), "resource": resource}));
            }
            zones.extend(node.zone());
        }
        for zone in zones {
            self.add("zoneOutage", &json!({"zone": zone}));
        }
    }

    fn programs(&mut self, scenario: &Scenario) {
        let applied = scenario.steps.iter().flat_map(|step| match &step.action {
            Action::Apply(manifests) => manifests.as_slice(),
            _ => &[],
        });
        for manifest in scenario.objects.iter().chain(applied) {
            let metadata = manifest.object.metadata();
            let name = format!("{}/{}", metadata.namespace, metadata.name);
            let template = match &manifest.object {
                Object::Deployment(it) => &it.spec.template,
                Object::ReplicaSet(it) => &it.spec.template,
                Object::StatefulSet(it) => &it.spec.template,
                Object::DaemonSet(it) => &it.spec.template,
                Object::Pod(pod) => {
                    self.processes(&json!({ "pod": name }), &pod.spec);
                    continue;
                }
                Object::Service(_) => {
                    self.add("dependencyDown", &json!({ "service": name }));
                    continue;
                }
                _ => continue,
            };
            self.pods(&metadata.namespace, &template.metadata.labels, &template.spec);
        }
    }

    fn pods(&mut self, namespace: &str, labels: &Labels, spec: &PodSpec) {
        if labels.is_empty() {
            return;
        }
        // One pod of a workload is the usual case; all of them at once is what a bad release or a bad node pool does.
        for count in [Some(1), None] {
            let mut pods = json!({"labels": labels, "namespace": namespace});
            if let Some(count) = count {
                pods["count"] = json!(count);
            }
            self.processes(&json!({ "pods": pods }), spec);
        }
    }

    fn processes(&mut self, target: &Value, spec: &PodSpec) {
        let with = |field: &str, value: Value| {
            let mut fields = target.clone();
            fields[field] = value;
            fields
        };
        self.add("exit", &with("code", json!(1)));
        self.add("oom", target);
        self.add("hang", target);
        self.add("probeFailure", target);
        self.add("slowStart", &with("by", json!("1m")));
        for container in &spec.containers {
            if !container.image.is_empty() {
                self.add("imagePullError", &json!({"image": container.image}));
            }
        }
    }
}
