//! A recording as a scenario: its cluster, its programs, and what happened to its machines.
//!
//! The recorded kubelets ran a fake runtime that got a script in the container's `args`; that script becomes an
//! application model. Calls to the API are not part of the scenario: the replay makes them at their times.

use std::collections::BTreeSet;

use serde_json::Value;

use super::recording::{Millis, Recording, Row};
use crate::api::Timestamp;
use crate::api::core::Taint;
use crate::api::node::Node;
use crate::api::selector::Selector;
use crate::base::{Name, Quantity};
use crate::component::profile;
use crate::fault::{Fault, NodeTarget, Party, Pick, PodTarget, Pods, ProbeKind};
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::scenario::model::Place;
use crate::scenario::scheduler::SchedulerPlan;
use crate::scenario::step::{Action, Step, When};
use crate::scenario::{NodePlan, Scenario};
use crate::source::{Diagnostics, SourceFile, Span};
use crate::traffic::TrafficPlan;
use crate::workload::AppModel;
use crate::workload::model::{ExecRule, LastWords, Matcher, OnSignal, ScriptedRun};

/// The simulated cluster is up for this long when a recording starts: its controllers have settled.
const LEAD: Millis = 60_000;
/// The run goes on for this long after the end of the recording, so that what is a little late still shows.
pub(super) const OVERRUN: Millis = 16_000;
/// Calendar time of the start where a recording does not tell it: 2026-01-01T00:00:00Z.
const UNKNOWN_START: i64 = 1_767_225_600_000;

/// The scenario of a recording, and the virtual time at which the recording starts.
pub(super) struct Setting {
    pub(super) scenario: Scenario,
    pub(super) start: SimTime,
    /// Calendar time of the start, in thousandths of a second since 1970.
    pub(super) epoch_ms: i64,
    /// Flags of the controller manager that have no setting here.
    pub(super) unknown_flags: Vec<String>,
}

impl Setting {
    /// Virtual time of a time of the recording.
    pub(super) fn time(&self, at: Millis) -> SimTime {
        self.start + SimDuration::from_millis(at.max(0) as u64)
    }

    /// The inverse of [`Self::time`].
    pub(super) fn millis(&self, at: SimTime) -> Millis {
        at.since_start().as_millis() as Millis - self.start.since_start().as_millis() as Millis
    }
}

/// Makes the scenario.
pub(super) fn of(recording: &Recording) -> Result<Setting, String> {
    let minor = profile::minor_of(&recording.kubernetes)
        .ok_or_else(|| format!("there is no profile for Kubernetes `{}`", recording.kubernetes))?;
    let mut settings = profile::settings_for(&recording.kubernetes).expect("it has a minor version");
    let mut unknown_flags = Vec::new();
    for flag in &recording.controller_manager_flags {
        let (name, value) = flag.trim_start_matches("--").split_once('=').unwrap_or((flag, "true"));
        if settings.set(&camel_case(name), value).is_err() {
            unknown_flags.push(flag.clone());
        }
    }
    // The recorded kubelets had no address for DNS, and a fake runtime that lives in the kubelet's process.
    settings.cluster_dns = false;
    settings.runtime_forgets_on_boot = true;
    let epoch_ms = recording.started().unwrap_or_else(|| {
        let second = recording.rest.get("startSecond").and_then(Value::as_i64).unwrap_or(0);
        UNKNOWN_START + second * 1000
    });
    let start = SimTime::ZERO + SimDuration::from_millis((LEAD + epoch_ms.rem_euclid(1000)) as u64);
    let duration = start.since_start() + SimDuration::from_millis((recording.end + OVERRUN) as u64);
    let file = SourceFile::new(recording.scenario.clone(), "");
    let place = Place { file: file.clone(), span: Span { start: 0, end: 0, line: 1, column: 1 } };
    let nodes = recording.cluster_nodes.iter().map(|(name, about)| node(name, about, recording));
    let mut setting = Setting {
        scenario: Scenario {
            name: Name::from(recording.scenario.as_str()),
            description: String::new(),
            seed: 1,
            duration,
            version: Name::from(recording.kubernetes.trim_start_matches('v')),
            minor,
            settings,
            epoch: Timestamp::from_secs((epoch_ms.div_euclid(1000)) - LEAD / 1000),
            nodes: nodes.collect(),
            scheduler: SchedulerPlan::default(),
            objects: Vec::new(),
            apps: programs(recording),
            steps: Vec::new(),
            expectations: Vec::new(),
            traffic: TrafficPlan::default(),
            warnings: Diagnostics::default(),
            sources: vec![file],
        },
        start,
        epoch_ms,
        unknown_flags,
    };
    setting.scenario.steps = machine_steps(recording, &setting, &place);
    Ok(setting)
}

/// `node-eviction-rate` as a setting is called: `nodeEvictionRate`.
fn camel_case(flag: &str) -> String {
    let mut parts = flag.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut name, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        name.push_str(&head.to_ascii_uppercase());
        name.push_str(tail);
        name
    })
}

fn node(name: &str, about: &Value, recording: &Recording) -> NodePlan {
    let mut node = Node::default();
    node.metadata.name = Name::from(name);
    for (key, value) in about["labels"].as_object().into_iter().flatten() {
        node.metadata.labels.insert(key.as_str(), value.as_str().unwrap_or_default());
    }
    let taints = about["taints"].as_str().unwrap_or_default();
    node.spec.taints.extend(taints.split(',').filter_map(taint));
    let number = |field: &str| about[field].as_i64().unwrap_or_default();
    let room = [
        ("cpu", Quantity::from_milli(number("cpu") * 1000)),
        ("memory", Quantity::from_bytes(number("memoryBytes"))),
        ("pods", Quantity::from_milli(number("pods") * 1000)),
    ];
    for (resource, amount) in room {
        node.status.allocatable.insert(resource.into(), amount);
    }
    let images = images(recording).into_iter().filter(|image| !is_pulled(image)).map(Name::from).collect();
    NodePlan { node, images, static_pods: Vec::new(), price: None, pool: None, autoscale: None, place: None }
}

/// `key=value:Effect`.
fn taint(text: &str) -> Option<Taint> {
    let (head, effect) = text.rsplit_once(':')?;
    let (key, value) = head.split_once('=').unwrap_or((head, ""));
    let effect = serde_json::from_value(Value::from(effect)).ok()?;
    Some(Taint { key: key.into(), value: value.into(), effect, time_added: None })
}

/// Calls `found` with every object in a JSON tree.
fn visit<'a>(value: &'a Value, found: &mut dyn FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            found(fields);
            fields.values().for_each(|value| visit(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}

/// Calls `found` with every object in the manifests and patches of a recording.
fn visit_all<'a>(recording: &'a Recording, found: &mut dyn FnMut(&'a serde_json::Map<String, Value>)) {
    recording.inputs.iter().for_each(|input| visit(&input.manifest, found));
    for row in recording.timeline.iter().filter(|row| row.kind == "Action") {
        visit(row.get("patch"), found);
        visit(row.get("strategicPatch"), found);
    }
}

fn images(recording: &Recording) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    visit_all(recording, &mut |fields| {
        images.extend(fields.get("image").and_then(Value::as_str).map(str::to_owned));
    });
    images
}

/// Whether the fake runtime does not have an image from the beginning.
fn is_pulled(image: &str) -> bool {
    image.contains("missing") || slow(image).is_some()
}

/// The seconds that `slowN` takes to pull.
fn slow(image: &str) -> Option<u64> {
    let (_, rest) = image.split_once("slow")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Every program that a recording can start: each image with each list of arguments.
fn programs(recording: &Recording) -> Vec<AppModel> {
    let mut arguments = BTreeSet::from([Vec::new()]);
    let mut commands = BTreeSet::new();
    visit_all(recording, &mut |fields| {
        arguments.extend(fields.get("args").map(words));
        commands.extend(fields.get("command").map(words));
    });
    let answers: Vec<ExecRule> = commands.iter().filter_map(|command| exec_rule(command)).collect();
    let pairs = images(recording).into_iter().flat_map(|image| {
        arguments.iter().map(move |args| (image.clone(), args.clone())).collect::<Vec<_>>()
    });
    pairs.map(|(image, args)| program(&image, &args, &answers)).collect()
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn program(image: &str, args: &[String], answers: &[ExecRule]) -> AppModel {
    let at_once = OnSignal::Exit {
        after: Distribution::exactly(SimDuration::ZERO),
        code: 0,
        words: LastWords::default(),
    };
    let mut app = AppModel {
        matcher: Matcher {
            image: Some(image.into()),
            args: Some(args.iter().map(|arg| Name::from(arg.as_str())).collect()),
            ..Matcher::default()
        },
        image_missing: image.contains("missing"),
        pull_time: Some(SimDuration::from_secs(slow(image).unwrap_or(0))),
        exec: answers.to_vec(),
        on_stop: at_once,
        ..AppModel::well_behaved(format!("{image} {}", args.join(" ")))
    };
    for arg in args {
        if let Some(script) = arg.strip_prefix("run=") {
            app.runs = script.split(',').map(scripted_run).collect();
        } else if let Some(stop) = arg.strip_prefix("stop=") {
            let (after, code) = stop.split_once(':').unwrap_or((stop, "0"));
            app.on_stop = match length(after) {
                Some(after) => {
                    let after = Distribution::exactly(after);
                    OnSignal::Exit {
                        after,
                        code: code.parse().unwrap_or_default(),
                        words: LastWords::default(),
                    }
                }
                None => OnSignal::Ignore,
            };
        }
    }
    app
}

fn scripted_run(text: &str) -> ScriptedRun {
    let (lasts, code) = text.split_once(':').unwrap_or((text, "0"));
    ScriptedRun { lasts: length(lasts), code: code.parse().unwrap_or_default(), ..ScriptedRun::default() }
}

/// Seconds; `None` for `inf`.
fn length(text: &str) -> Option<SimDuration> {
    text.parse().ok().and_then(SimDuration::from_secs_f64)
}

/// `probe ok=A-B,C-D` succeeds at these ages; `probe file=PATH` while the file exists, which is a fault when it is not.
fn exec_rule(command: &[String]) -> Option<ExecRule> {
    let argument = command.get(1)?;
    let ages = argument.strip_prefix("ok=").map(|spans| {
        let span = |text: &str| {
            let (from, to) = text.split_once('-')?;
            Some((length(from)?, length(to).unwrap_or(SimDuration::MAX)))
        };
        spans.split(',').filter_map(span).collect()
    });
    Some(ExecRule {
        contains: Name::from(command.join(" ")),
        code: 0,
        latency: Distribution::exactly(SimDuration::ZERO),
        while_aged: ages.unwrap_or_default(),
        cpu: SimDuration::ZERO,
    })
}

/// Faults of machines and of probes, from the driver's actions.
fn machine_steps(recording: &Recording, setting: &Setting, place: &Place) -> Vec<Step> {
    let actions: Vec<&Row> = recording.timeline.iter().filter(|row| row.kind == "Action").collect();
    let mut steps = Vec::new();
    for (index, row) in actions.iter().enumerate() {
        let later = || actions[index + 1..].iter();
        let what = row.text("what");
        let (begins, ends, fault): (_, _, Box<dyn Fn(Option<SimDuration>) -> Fault>) = if is_loss(what) {
            let nodes = objects_of(row);
            let back = later().find(|row| is_return(row.text("what")) && objects_of(row) == nodes);
            let target = NodeTarget::Names(nodes);
            let reboots = back.is_some_and(|row| row.text("what").contains("empty runtime"))
                || (back.is_none() && what.contains("kill"));
            let fault = move |lasts| loss(target.clone(), reboots, lasts);
            (row.at, back.map(|row| row.at), Box::new(fault))
        } else if what.contains("file") && what.contains("removed") {
            let back = later().find(|row| row.text("what").contains("file back"));
            let namespace = Name::from(recording.namespace());
            (row.at, back.map(|row| row.at), Box::new(move |_| unready(namespace.clone())))
        } else {
            continue;
        };
        let lasts = ends.map(|end| SimDuration::from_millis((end - begins).max(0) as u64));
        steps.push(Step {
            when: When::At(setting.time(begins)),
            action: Action::Fault { fault: fault(lasts), lasts },
            place: place.clone(),
            text: what.to_owned(),
        });
    }
    steps
}

/// Whether an action takes nodes away.
pub(super) fn is_loss(what: &str) -> bool {
    what.starts_with("node lost") || what.starts_with("nodes lost")
}

/// Whether an action brings nodes back.
pub(super) fn is_return(what: &str) -> bool {
    what.starts_with("node back") || what.starts_with("nodes back")
}

/// The nodes that an action is about.
pub(super) fn objects_of(row: &Row) -> Vec<Name> {
    let one = row.text("object").rsplit('/').next().filter(|name| !name.is_empty());
    let many = row.get("objects").as_array().into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many.map(|name| name.rsplit('/').next().unwrap_or(name))).map(Name::from).collect()
}

/// A kubelet that comes back with an empty runtime was a machine without power; every other loss leaves the containers
/// as they were, which to the cluster is a partition.
fn loss(nodes: NodeTarget, reboots: bool, lasts: Option<SimDuration>) -> Fault {
    if reboots {
        Fault::NodeCrash { nodes, recover_after: lasts }
    } else {
        Fault::Partition { a: Party::ControlPlane, b: Party::Nodes(nodes) }
    }
}

fn unready(namespace: Name) -> Fault {
    let pods = PodTarget { namespace, by: Pods::Selector(Selector::everything()), pick: Pick::All };
    Fault::ProbeFailure { pods, container: None, probe: Some(ProbeKind::Readiness) }
}
