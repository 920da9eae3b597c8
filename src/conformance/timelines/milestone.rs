//! Milestones of a timeline: the changes that are compared, per object and per property.
//!
//! Recorded and simulated timelines have the same rows, so the same code reads both.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::recording::{Millis, Row};

/// A property of an object whose changes are milestones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A pod appears.
    Created,
    /// It gets a node.
    Scheduled,
    /// Its phase becomes Running for the first time.
    Running,
    /// One of its containers starts.
    Started,
    /// One of its containers ends.
    Exited,
    /// Its or a node's Ready condition flips.
    Ready,
    /// It is marked for deletion.
    Deleting,
    /// Its phase becomes Succeeded or Failed.
    Finished,
    /// The scheduler nominates a node for it.
    Nominated,
    /// Its object disappears.
    Gone,
    /// A node's taint of this key and effect comes or goes.
    Taint(String),
    /// A node is cordoned or uncordoned.
    Unschedulable,
    /// A count in the spec or status of a workload object, or the ready addresses behind a service.
    Count(&'static str),
    /// A condition of a workload object.
    Condition(String),
    /// The first event with this reason about this kind.
    Event(String),
}

/// A change to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Millis,
    pub(super) value: Reached,
}

/// What a property became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Word(String),
    /// From one number to another.
    Number(i64, i64),
}

impl std::fmt::Display for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(from, to) => write!(f, "{from} -> {to}"),
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taint(taint) => write!(f, "taint {taint}"),
            Self::Count(name) => f.write_str(name),
            Self::Condition(kind) => write!(f, "condition {kind}"),
            Self::Event(what) => write!(f, "event {what}"),
            other => write!(f, "{}", format!("{other:?}").to_lowercase()),
        }
    }
}

/// One object from its first row to its last.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// The first owner that it had, as `Kind/name`.
    pub(super) owner: Option<String>,
    /// The last node it was on.
    pub(super) node: Option<String>,
    /// Images of its containers, as first seen.
    pub(super) images: String,
    pub(super) created: Millis,
    pub(super) tracks: BTreeMap<What, Vec<Step>>,
    /// Container starts and ends that have been seen, by restart count and times.
    starts: Vec<Value>,
    ends: Vec<Value>,
    gone: bool,
}

impl Life {
    fn new(row: &Row, namespace: &str) -> Self {
        Self {
            kind: row.kind.clone(),
            namespace: namespace.to_owned(),
            name: row.text("name").to_owned(),
            owner: None,
            node: None,
            images: row.get("image").to_string(),
            created: row.at,
            tracks: BTreeMap::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            gone: false,
        }
    }

    fn step(&mut self, what: What, at: Millis, value: impl Into<String>) {
        let value = Reached::Word(value.into());
        self.tracks.entry(what).or_default().push(Step { at, value });
    }

    fn once(&mut self, what: What, at: Millis, value: impl Into<String>) {
        if !self.tracks.contains_key(&what) {
            self.step(what, at, value);
        }
    }

    /// A word that counts when it differs from the last one, which was `initially` before the first.
    fn word(&mut self, what: What, at: Millis, value: &str, initially: &str) {
        let last = self.tracks.get(&what).and_then(|steps| steps.last());
        let same = match last {
            Some(step) => step.value == Reached::Word(value.to_owned()),
            None => value == initially,
        };
        if !same {
            self.step(what, at, value);
        }
    }

    fn number(&mut self, what: &'static str, at: Millis, value: i64) {
        let steps = self.tracks.entry(What::Count(what)).or_default();
        let before = match steps.last() {
            Some(Step { value: Reached::Number(_, to), .. }) => *to,
            _ => 0,
        };
        if before != value {
            steps.push(Step { at, value: Reached::Number(before, value) });
        }
    }

    fn read(&mut self, row: &Row) {
        let at = row.at;
        let owner = row.get("owner").get(0).and_then(Value::as_str).map(str::to_owned);
        self.owner = self.owner.take().or(owner);
        if row.text("op") == "DELETED" {
            self.gone = true;
            if row.kind == "Pod" {
                self.step(What::Gone, at, "");
            }
            return;
        }
        match row.kind.as_str() {
            "Pod" => self.pod(row),
            "Node" => self.node(row),
            "Endpoints" => {
                let subsets = row.get("subsets").as_array().into_iter().flatten();
                let ready = subsets.map(|subset| subset["ready"].as_array().map_or(0, Vec::len));
                self.number("ready endpoints", at, ready.sum::<usize>() as i64);
            }
            "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "DaemonSet" | "Job" => {
                self.workload(row);
            }
            _ => {}
        }
    }

    fn pod(&mut self, row: &Row) {
        let at = row.at;
        if row.text("op") == "ADDED" {
            self.once(What::Created, at, "");
        }
        if let Some(node) = row.get("nodeName").as_str() {
            self.node = Some(node.to_owned());
            self.once(What::Scheduled, at, "");
        }
        if let Some(node) = row.get("nominatedNodeName").as_str() {
            self.word(What::Nominated, at, node, "");
        }
        match row.text("phase") {
            "Running" => self.once(What::Running, at, ""),
            phase @ ("Succeeded" | "Failed") => self.word(What::Finished, at, phase, ""),
            _ => {}
        }
        if row.fields.contains_key("deletionTimestamp") {
            self.once(What::Deleting, at, "");
        }
        for container in row.get("containerStatuses").as_array().into_iter().flatten() {
            self.container(container, at);
        }
        let ready = row.get("conditions")["Ready"]["status"].as_str().unwrap_or("False");
        self.word(What::Ready, at, ready, "False");
    }

    fn container(&mut self, container: &Value, at: Millis) {
        let name = container["name"].as_str().unwrap_or_default();
        let restarts = container["restartCount"].as_i64().unwrap_or(0);
        let lives = [(&container["lastState"], restarts - 1), (&container["state"], restarts)];
        for (state, ordinal) in lives {
            if let Some(ended) = state.get("terminated") {
                let key =
                    Value::from(vec![name.into(), ended["startedAt"].clone(), ended["finishedAt"].clone()]);
                if !self.ends.contains(&key) {
                    // A life so short that no row showed it running.
                    let start = Value::from(vec![name.into(), ordinal.into(), ended["startedAt"].clone()]);
                    if !ended["startedAt"].is_null() && !self.starts.contains(&start) {
                        self.starts.push(start);
                        self.step(What::Started, at, name);
                    }
                    self.ends.push(key);
                    self.step(What::Exited, at, format!("{name} with {}", ended["exitCode"]));
                }
            }
            if let Some(running) = state.get("running") {
                let key = Value::from(vec![name.into(), ordinal.into(), running["startedAt"].clone()]);
                if !self.starts.contains(&key) {
                    self.starts.push(key);
                    self.step(What::Started, at, name);
                }
            }
        }
    }

    fn node(&mut self, row: &Row) {
        let at = row.at;
        let ready = row.get("conditions")["Ready"]["status"].as_str().unwrap_or("Unknown");
        let key = |taint: &Value| {
            let text = |field: &str| taint[field].as_str().unwrap_or_default().to_owned();
            format!("{}:{}", text("key"), text("effect"))
        };
        let taints: Vec<String> = row.get("taints").as_array().into_iter().flatten().map(key).collect();
        let unschedulable = row.get("unschedulable").to_string();
        if row.text("op") == "INITIAL" {
            // The taints that it always had are no milestones.
            self.node = Some(taints.join(" "));
            return;
        }
        self.word(What::Ready, at, ready, "True");
        self.word(What::Unschedulable, at, &unschedulable, "false");
        for taint in &taints {
            let always = self.node.as_deref().is_some_and(|known| known.split(' ').any(|one| one == taint));
            if !always {
                self.word(What::Taint(taint.clone()), at, "added", "");
            }
        }
        let known: Vec<What> = self.tracks.keys().cloned().collect();
        for what in known {
            if matches!(&what, What::Taint(taint) if !taints.contains(taint)) {
                self.word(what, at, "removed", "removed");
            }
        }
    }

    fn workload(&mut self, row: &Row) {
        let at = row.at;
        let (spec, status) = (row.get("spec"), row.get("status"));
        let count = |from: &Value, field: &str| from[field].as_i64().unwrap_or(0);
        let counts: &[(&'static str, &Value, &str)] = match row.kind.as_str() {
            "DaemonSet" => &[
                ("wanted", status, "desiredNumberScheduled"),
                ("updated", status, "updatedNumberScheduled"),
                ("ready", status, "numberReady"),
                ("available", status, "numberAvailable"),
            ],
            "Job" => &[
                ("wanted", spec, "parallelism"),
                ("active", status, "active"),
                ("succeeded", status, "succeeded"),
                ("failed", status, "failed"),
            ],
            _ => &[
                ("wanted", spec, "replicas"),
                ("updated", status, "updatedReplicas"),
                ("ready", status, "readyReplicas"),
                ("available", status, "availableReplicas"),
            ],
        };
        for (what, from, field) in counts {
            self.number(what, at, count(from, field));
        }
        for (kind, about) in row.get("conditions").as_object().into_iter().flatten() {
            let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
            let value = format!("{} {}", text("status"), text("reason"));
            self.word(What::Condition(kind.clone()), at, &value, "");
        }
    }
}

/// Which rows count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The namespace of rows that name none.
    pub(super) namespace: &'a str,
    /// Whether events of kubelets were recorded.
    pub(super) kubelet_events: bool,
    /// Whether only victims and nominations are compared.
    pub(super) preemption_only: bool,
}

/// The objects of a timeline with their milestones, in order of appearance.
pub(super) fn lives(rows: &[Row], scope: Scope<'_>) -> Vec<Life> {
    let mut lives: Vec<Life> = Vec::new();
    let mut current: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut events = Life::new(&Row { at: 0, kind: "Event".into(), fields: Map::new() }, "");
    for row in rows {
        if row.kind == "Event" {
            first_occurrence(&mut events, row, scope);
            continue;
        }
        if row.kind == "Action" {
            continue;
        }
        let namespace = match row.text("namespace") {
            "" => scope.namespace,
            named => named,
        };
        let key = (row.kind.as_str(), namespace, row.text("name"));
        let index = match current.get(&key) {
            Some(index) if !lives[*index].gone => *index,
            _ => {
                lives.push(Life::new(row, namespace));
                current.insert(key, lives.len() - 1);
                lives.len() - 1
            }
        };
        lives[index].read(row);
    }
    lives.push(events);
    if scope.preemption_only {
        for life in &mut lives {
            life.tracks.retain(|what, _| matches!(what, What::Deleting | What::Nominated));
        }
    }
    lives
}

fn first_occurrence(events: &mut Life, row: &Row, scope: Scope<'_>) {
    if !scope.kubelet_events && row.text("source") == "kubelet" {
        return;
    }
    let involved = row.text("involved").split('/').next().unwrap_or_default();
    events.once(What::Event(format!("{} of {involved}", row.text("reason"))), row.at, "");
}
