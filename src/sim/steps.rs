//! What the scenario does, step by step.

use std::collections::BTreeMap;

use crate::api::{Object, ObjectRef};
use crate::component::Class;
use crate::fault::{Fault, NodeTarget};
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::scenario::step::ManifestChange;
use crate::scenario::{Action, Manifest, Patch, Scenario, Step, When};
use crate::trace::{Detail, Subject};

use super::event::Event;
use super::world::World;

/// The steps of a scenario and how often each has happened.
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: Vec<Step>,
    times: Vec<u64>,
    manifests: Vec<Manifest>,
    /// What was applied last, for objects that came from files.
    applied: BTreeMap<ObjectRef, Object>,
}

impl Script {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let own = |manifest: &Manifest| (manifest.object.reference(), manifest.object.clone());
        Self {
            times: vec![0; scenario.steps.len()],
            steps: scenario.steps.clone(),
            manifests: scenario.objects.clone(),
            applied: scenario.objects.iter().map(own).collect(),
        }
    }

    /// Adds steps; returns the number of the first.
    fn extend(&mut self, steps: &[Step]) -> u32 {
        let first = self.steps.len();
        self.steps.extend(steps.iter().cloned());
        self.times.resize(self.steps.len(), 0);
        first as u32
    }

    /// What the files of the scenario describe.
    pub(super) fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Notes what was applied; returns what was applied before.
    pub(super) fn note_applied(&mut self, object: &Object) -> Option<Object> {
        self.applied.insert(object.reference(), object.clone())
    }

    /// First times of the steps from `first` on that have one, with the class they belong to.
    pub(super) fn beginnings(&self, first: u32) -> Vec<(u32, SimTime, Class)> {
        let with_time = self
            .steps
            .iter()
            .enumerate()
            .skip(first as usize)
            .filter(|(_, step)| !matches!(step.when, When::Condition { .. } | When::Rate { .. }));
        with_time.map(|(index, step)| (index as u32, step.when.earliest(), class_of(step))).collect()
    }

    /// Steps that wait for a condition.
    pub(super) fn conditional(&self) -> Vec<u32> {
        let waiting =
            self.steps.iter().enumerate().filter(|(index, step)| {
                self.times[*index] == 0 && matches!(step.when, When::Condition { .. })
            });
        waiting.map(|(index, _)| index as u32).collect()
    }

    /// A step.
    pub fn step(&self, index: u32) -> &Step {
        &self.steps[index as usize]
    }

    fn rates(&self, first: u32) -> Vec<u32> {
        let later = self.steps.iter().enumerate().skip(first as usize);
        let rates = later.filter(|(_, step)| matches!(step.when, When::Rate { .. }));
        rates.map(|(index, _)| index as u32).collect()
    }
}

fn class_of(step: &Step) -> Class {
    match step.action {
        Action::Fault { .. } => Class::Hardware,
        Action::Kubectl(_) | Action::Apply(_) | Action::StaticPod { .. } => Class::User,
    }
}

impl World {
    /// Changes the course of the run from now on.
    pub fn graft(&mut self, patch: &Patch) {
        let first = self.script.extend(&patch.steps);
        self.apps.prefer(&patch.apps);
        self.schedule_script(first);
        self.schedule_random_steps(first);
        let first = self.watchlist.extend(&patch.expectations);
        self.schedule_expectations(first);
    }

    /// Draws the first times of random faults.
    pub(super) fn schedule_random_steps(&mut self, first: u32) {
        for index in self.script.rates(first) {
            let When::Rate { from, .. } = self.script.step(index).when else { continue };
            self.schedule_next_random(index, from);
        }
    }

    fn random_length(&self, index: u32, purpose: &'static str) -> Option<SimDuration> {
        let When::Rate { mtbf, mttr, .. } = &self.script.step(index).when else { return None };
        let distribution = if purpose == "mtbf" { Some(mtbf) } else { mttr.as_ref() };
        let text = &self.script.step(index).text;
        let stream = self.streams.stream(purpose, &format!("{index}/{text}"));
        let draw = stream.open_unit_at(self.script.times[index as usize]);
        distribution.map(|distribution| distribution.sample_duration(draw))
    }

    fn schedule_next_random(&mut self, index: u32, after: SimTime) {
        let When::Rate { until, .. } = self.script.step(index).when else { return };
        let Some(wait) = self.random_length(index, "mtbf") else { return };
        let at = after + wait;
        if until.is_some_and(|until| at > until) || at > self.end {
            return;
        }
        let key = EventKey { at, class: Class::Hardware as u8, target: 0, seq: index };
        self.push(key, 0, Event::Step(index));
    }

    /// A step begins.
    pub(super) fn begin_step(&mut self, index: u32) {
        let step = self.script.step(index).clone();
        let lasts = match &step.action {
            Action::Fault { lasts, .. } => self.random_length(index, "mttr").or(*lasts),
            _ => None,
        };
        self.script.times[index as usize] += 1;
        let now = self.now();
        match &step.action {
            Action::Kubectl(line) => {
                let text = format!("kubectl {line}");
                self.recorder.record(
                    now,
                    "scenario",
                    Subject::cluster(),
                    "Step",
                    "kubectl",
                    text,
                    Detail::Step,
                );
                self.kubectl_step(line);
            }
            Action::Apply(manifests) => {
                let text = step.action.to_string();
                self.recorder.record(
                    now,
                    "scenario",
                    Subject::cluster(),
                    "Step",
                    "apply",
                    text,
                    Detail::Step,
                );
                let objects = manifests.iter().map(|manifest| manifest.object.clone()).collect();
                self.apply_objects(objects);
            }
            Action::StaticPod { nodes, change } => {
                let (text, subject) = (step.action.to_string(), Subject::cluster());
                self.recorder.record(now, "scenario", subject, "Step", "staticPod", text, Detail::Step);
                self.change_manifest(nodes, change);
            }
            Action::Fault { fault, .. } => {
                let until = lasts.map(|lasts| now + lasts);
                let detail = Detail::Fault { ended: false, until };
                let label = fault_label(fault);
                let record = self.recorder.record(
                    now,
                    "scenario",
                    Subject::cluster(),
                    "Fault",
                    fault.key(),
                    label,
                    detail,
                );
                self.faults.begin(index, fault.clone(), record);
                self.traffic_disturbed(record);
                self.disturb_links(index, fault);
                self.strike(index, fault, lasts);
                if let Some(lasts) = lasts.filter(|_| !fault.is_instant()) {
                    let key =
                        EventKey { at: now + lasts, class: Class::Hardware as u8, target: 1, seq: index };
                    let cause = self.recorder.cause();
                    self.push(key, cause, Event::FaultEnds(index));
                } else if fault.is_instant() {
                    self.faults.end(index);
                }
            }
        }
        self.plan_next(index, &step, lasts);
    }

    /// Somebody changes the directory of static pods on machines.
    fn change_manifest(&mut self, nodes: &NodeTarget, change: &ManifestChange) {
        for node in self.target_nodes(nodes) {
            self.with_host(node, |host, ctx, env| match change {
                ManifestChange::Put(pod) => host.put_manifest(ctx, env, pod),
                ManifestChange::Remove { namespace, name } => {
                    host.remove_manifest(ctx, env, namespace, name);
                }
            });
        }
    }

    fn plan_next(&mut self, index: u32, step: &Step, lasts: Option<SimDuration>) {
        match &step.when {
            When::Every { period, until, .. } => {
                let at = self.now() + *period;
                if until.is_none_or(|until| at <= until) && at <= self.end {
                    let key = EventKey { at, class: class_of(step) as u8, target: 0, seq: index };
                    self.push(key, 0, Event::Step(index));
                }
            }
            When::Rate { .. } => {
                let after = self.now() + lasts.unwrap_or_default();
                self.schedule_next_random(index, after);
            }
            When::At(_) | When::Condition { .. } => {}
        }
    }

    /// A fault ends.
    pub(super) fn end_fault(&mut self, index: u32) {
        let Some(fault) = self.faults.end(index) else { return };
        self.network.links.heal(index);
        if matches!(fault, Fault::NetworkLatency { .. } | Fault::PacketLoss { .. }) {
            self.links_changed();
        }
        let now = self.now();
        let detail = Detail::Fault { ended: true, until: None };
        let label = fault_label(&fault);
        self.recorder.record(now, "scenario", Subject::cluster(), "FaultEnd", fault.key(), label, detail);
        self.relieve(index, &fault);
    }
}

/// What a fault is called on plots and in the trace.
fn fault_label(fault: &crate::fault::Fault) -> String {
    use crate::fault::Fault;
    let victim = match fault {
        Fault::Process { pods, .. } | Fault::SlowStart { pods, .. } | Fault::ProbeFailure { pods, .. } => {
            pods.to_string()
        }
        Fault::NodeCrash { nodes, .. }
        | Fault::NodeReboot { nodes, .. }
        | Fault::KubeletStop { nodes }
        | Fault::RuntimeStop { nodes }
        | Fault::NetworkPluginStop { nodes }
        | Fault::Pressure { nodes, .. } => nodes.to_string(),
        Fault::DependencyDown { namespace, service } => format!("service {namespace}/{service}"),
        Fault::ImagePullError { image, .. } | Fault::ImagePullSlow { image, .. } => format!("image {image}"),
        Fault::Partition { a, b } | Fault::NetworkLatency { a, b, .. } | Fault::PacketLoss { a, b, .. } => {
            format!("{a} | {b}")
        }
        Fault::ZoneOutage { zone } => format!("zone {zone}"),
        Fault::ControlPlane { component, .. } => format!("{component:?}"),
    };
    format!("{} {victim}", fault.key())
}
