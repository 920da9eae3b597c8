//! The replay of one case.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use super::recorded::{Candidate, Detail, Filtered, Preemption, Recording, Step, Ties};
use super::{CaseReport, DIFFERENCES_SHOWN, Difference, input};
use crate::api::pod::{Pod, PodPhase, PodSpec};
use crate::api::policy::PriorityClass;
use crate::api::{Object, Timestamp};
use crate::base::Name;
use crate::control::scheduler::config::{KubeSchedulerConfiguration, PluginConfig};
use crate::control::scheduler::explain::{Explanation, Refusal};
use crate::control::scheduler::nominator::Nomination;
use crate::control::scheduler::{
    Decision, Failure, NodeId, ObjectChange, Options, PodId, Scheduler, TieBreak,
};
use crate::kernel::SimTime;

/// When the first pod of a case is bound, less a second.
const FIRST_BIND: &str = "2025-01-01T01:00:00Z";

/// Replays a case and notes in what it differs.
pub(super) fn replay(
    objects: &str,
    config: Option<&str>,
    expected: &str,
    report: &mut CaseReport,
) -> Result<(), String> {
    let mut recording: Recording = serde_json::from_str(expected).map_err(|error| error.to_string())?;
    for step in &mut recording.pods {
        step.ties.resolve(&recording.nodes)?;
        step.filtered.sort();
        if let Some(preemption) = &mut step.preemption {
            preemption.ties.resolve(&recording.nodes)?;
            preemption.candidates.sort();
        }
    }
    let objects = input::read(objects)?;
    let mut replay = Replay::new(config, recording.detail)?;
    replay.load(&objects);
    let steps = replay.run(&objects);
    report.steps = recording.pods.len();
    for at in 0..steps.len().max(recording.pods.len()) {
        let (expected, got) = (recording.pods.get(at), steps.get(at));
        let none = Step::default();
        let before = report.differences.len();
        let mut differences = differences(at, expected.unwrap_or(&none), got.unwrap_or(&none));
        report.agreeing += usize::from(differences.is_empty());
        differences.truncate(DIFFERENCES_SHOWN - before.min(DIFFERENCES_SHOWN));
        report.differences.append(&mut differences);
    }
    Ok(())
}

/// Everything in which two steps differ.
fn differences(step: usize, expected: &Step, got: &Step) -> Vec<Difference> {
    let mut differences = Vec::new();
    macro_rules! compare {
        ($($field:ident)*) => { $(
            if expected.$field != got.$field {
                differences.push(difference(step, expected, stringify!($field), &expected.$field, &got.$field));
            }
        )* };
    }
    compare!(pod outcome node feasible ties top_score totals_digest score_plugins scores totals filtered pre_filter);
    compare!(message post_filter_error preemption via_nominated_node);
    differences
}

fn difference(
    step: usize,
    of: &Step,
    field: &'static str,
    expected: &dyn Debug,
    got: &dyn Debug,
) -> Difference {
    let pod = of.pod.clone();
    Difference { step, pod, field, expected: format!("{expected:?}"), got: format!("{got:?}") }
}

struct Replay {
    scheduler: Scheduler,
    detail: Detail,
    classes: Vec<Arc<PriorityClass>>,
    /// Specs seen so far: equal ones are shared, as those of pods of one template are.
    specs: Vec<Arc<PodSpec>>,
    pods: u32,
    binds: i64,
}

/// The configuration of a case: all nodes are looked at, and all candidates for preemption.
fn configuration(text: Option<&str>) -> Result<KubeSchedulerConfiguration, String> {
    let mut config = match text {
        None => KubeSchedulerConfiguration::default(),
        Some(text) => serde_json::from_str(text).map_err(|error| error.to_string())?,
    };
    config.percentage_of_nodes_to_score = Some(100);
    for profile in &mut config.profiles {
        if !profile.plugin_config.iter().any(|plugin| plugin.name == "DefaultPreemption") {
            let args = serde_json::json!({"minCandidateNodesPercentage": 100});
            profile.plugin_config.push(PluginConfig { name: "DefaultPreemption".into(), args });
        }
    }
    Ok(config)
}

impl Replay {
    fn new(config: Option<&str>, detail: Detail) -> Result<Self, String> {
        let config = configuration(config)?;
        let options = Options { config, tie_break: TieBreak::Name, ..Options::default() };
        let scheduler = Scheduler::new(&options).map_err(|error| error.to_string())?;
        Ok(Self { scheduler, detail, classes: Vec::new(), specs: Vec::new(), pods: 0, binds: 0 })
    }

    /// Takes in everything that is there before the first step.
    fn load(&mut self, objects: &[Object]) {
        let mut nodes = 0;
        for object in objects {
            match object {
                Object::Node(node) => {
                    self.scheduler.on_node_added(NodeId(nodes), node, SimTime::ZERO);
                    nodes += 1;
                }
                Object::PriorityClass(class) => self.classes.push(class.clone()),
                Object::Pod(_) => {}
                other => self.scheduler.on_other(&ObjectChange::Set(other)),
            }
        }
    }

    /// Takes the steps; the leading pods with a node are none.
    fn run(&mut self, objects: &[Object]) -> Vec<Step> {
        let mut steps = Vec::new();
        let pods = objects.iter().filter_map(|object| match object {
            Object::Pod(pod) => Some(pod),
            _ => None,
        });
        let mut leading = true;
        for pod in pods {
            let mut pod = input::admit(pod, &self.classes);
            let id = PodId(self.pods);
            self.pods += 1;
            let name = format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
            self.share_spec(&mut pod);
            leading &= pod.node_name.is_some();
            let prebound = pod.node_name.clone();
            self.scheduler.on_pod_added(id, &Arc::new(pod), SimTime::ZERO);
            match prebound {
                Some(_) if leading => {}
                Some(node) => steps.push(Step {
                    pod: name,
                    outcome: "prebound".to_owned(),
                    node: node.to_string(),
                    ..Step::default()
                }),
                None => self.attempt(id, &name, &mut steps),
            }
        }
        steps
    }

    fn share_spec(&mut self, pod: &mut Pod) {
        match self.specs.iter().find(|known| **known == pod.spec) {
            Some(known) => pod.spec = known.clone(),
            None => self.specs.push(pod.spec.clone()),
        }
    }

    /// Schedules a pod, a second time after it has preempted others.
    fn attempt(&mut self, id: PodId, name: &str, steps: &mut Vec<Step>) {
        if let Some(status) = self.scheduler.gated(id) {
            let step = Step { outcome: "gated".to_owned(), message: status.message(), ..Step::default() };
            steps.push(Step { pod: name.to_owned(), ..step });
            return self.scheduler.on_pod_deleted(id, SimTime::ZERO);
        }
        let decision = self.scheduler.schedule(id, 0);
        let explanation = self.scheduler.explain();
        let step = Step { pod: name.to_owned(), ..self.describe(&explanation, &decision) };
        match decision {
            Decision::Bind { node } => {
                let node_name =
                    self.scheduler.cache().node(node).expect("it was just chosen").name().to_string();
                steps.push(Step { outcome: "scheduled".to_owned(), node: node_name, ..step });
                self.bind(id, node);
            }
            Decision::Unschedulable(failure) if failure.victims.is_empty() => {
                steps.push(Step { outcome: "unschedulable".to_owned(), ..step });
                self.scheduler.on_pod_deleted(id, SimTime::ZERO);
            }
            Decision::Unschedulable(failure) => {
                steps.push(Step { outcome: "preempting".to_owned(), ..step });
                self.evict(id, &failure);
                self.attempt(id, name, steps);
            }
            Decision::Error { message } => {
                steps.push(Step { outcome: "error".to_owned(), message, ..step });
                self.scheduler.on_pod_deleted(id, SimTime::ZERO);
            }
        }
    }

    fn bind(&mut self, id: PodId, node: NodeId) {
        self.scheduler.assume(id, node);
        self.scheduler.finish_binding(id);
        self.binds += 1;
        let name = self.scheduler.cache().node(node).expect("it was just chosen").name().clone();
        let first: Timestamp = FIRST_BIND.parse().expect("the text is a time");
        let started = first.plus_seconds(self.binds);
        self.change(id, |pod| {
            pod.node_name = Some(name);
            let status = Arc::make_mut(&mut pod.status);
            status.phase = PodPhase::Running;
            status.start_time = Some(started);
        });
    }

    fn evict(&mut self, id: PodId, failure: &Failure) {
        for victim in &failure.victims {
            self.scheduler.on_pod_deleted(*victim, SimTime::ZERO);
        }
        if let Nomination::Set(node) = &failure.nomination {
            self.change(id, |pod| Arc::make_mut(&mut pod.status).nominated_node_name.clone_from(node));
        }
    }

    fn change(&mut self, id: PodId, change: impl FnOnce(&mut Pod)) {
        let mut pod = (*self.scheduler.cache().pod(id).expect("changed pods are known").pod).clone();
        change(&mut pod);
        self.scheduler.on_pod_updated(id, &Arc::new(pod), SimTime::ZERO);
    }

    /// The step as it would have been recorded.
    fn describe(&self, explanation: &Explanation, decision: &Decision) -> Step {
        let full = self.detail == Detail::Full;
        let scored: BTreeMap<&Name, i64> =
            explanation.feasible.iter().filter_map(|node| Some((&node.node, node.total?))).collect();
        let mut step = Step {
            feasible: explanation.pre_filter.is_none().then_some(explanation.feasible.len()),
            ties: sorted(&explanation.ties),
            top_score: scored.values().copied().max(),
            totals_digest: (!scored.is_empty()).then(|| digest(&scored)),
            via_nominated_node: explanation.via_nominated_node,
            pre_filter: explanation.pre_filter.as_ref().map(filtered),
            ..Step::default()
        };
        if let Decision::Unschedulable(failure) = decision {
            step.feasible = Some(0);
            step.message.clone_from(&failure.message);
            step.post_filter_error = failure.message.ends_with("not found");
            step.preemption = preemption(explanation, &failure.nomination, full);
        }
        if full {
            step.filtered = self.groups(explanation);
            step.totals = scored.iter().map(|(node, total)| (node.to_string(), *total)).collect();
            step.score_plugins = explanation.scorers.iter().map(|(name, _)| (*name).to_owned()).collect();
            let of_node = |node: &crate::control::scheduler::explain::Scored| {
                (node.node.to_string(), node.scores.clone())
            };
            if !scored.is_empty() {
                step.scores = explanation.feasible.iter().map(of_node).collect();
            }
        }
        step
    }

    /// Refused nodes, those alike together.
    fn groups(&self, explanation: &Explanation) -> Vec<Filtered> {
        let mut groups: BTreeMap<Filtered, Vec<String>> = BTreeMap::new();
        for node in &explanation.refused {
            groups.entry(filtered(&node.refusal)).or_default().push(node.node.to_string());
        }
        if let Some(refusal) = &explanation.not_looked_at {
            let mut others = self.all_nodes();
            others.retain(|name| {
                !explanation.refused.iter().any(|node| node.node == name.as_str())
                    && !explanation.feasible.iter().any(|node| node.node == name.as_str())
            });
            if !others.is_empty() {
                groups.insert(filtered(refusal), others);
            }
        }
        let mut list: Vec<Filtered> = groups
            .into_iter()
            .map(|(group, mut nodes)| {
                nodes.sort();
                Filtered { nodes: Some(nodes), ..group }
            })
            .collect();
        list.sort();
        list
    }

    fn all_nodes(&self) -> Vec<String> {
        let cache = self.scheduler.cache();
        let nodes = (0..).map(NodeId).map_while(|id| cache.node(id));
        nodes.map(|node| node.name().to_string()).collect()
    }
}

fn filtered(refusal: &Refusal) -> Filtered {
    Filtered {
        plugin: refusal.plugin.unwrap_or_default().to_owned(),
        code: refusal.code.to_string(),
        reasons: refusal.reasons.clone(),
        nodes: None,
    }
}

fn sorted(names: &[Name]) -> Ties {
    let mut names: Vec<String> = names.iter().map(Name::to_string).collect();
    names.sort();
    Ties::Names(names)
}

fn preemption(explanation: &Explanation, nomination: &Nomination, full: bool) -> Option<Preemption> {
    let Nomination::Set(Some(node)) = nomination else { return None };
    let candidate = |eviction: &crate::control::scheduler::explain::Eviction| Candidate {
        node: eviction.node.to_string(),
        victims: eviction.victims.clone(),
        pdb_violations: eviction.violations,
    };
    let mut candidates: Vec<Candidate> = explanation.candidates.iter().map(candidate).collect();
    candidates.sort();
    let chosen = candidates.iter().find(|candidate| *node == candidate.node.as_str())?;
    Some(Preemption {
        nominated_node: node.to_string(),
        victims: chosen.victims.clone(),
        ties: sorted(&explanation.candidate_ties),
        candidates: if full { candidates } else { Vec::new() },
    })
}

/// FNV-1a over `name=total` lines, by name.
fn digest(totals: &BTreeMap<&Name, i64>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (name, total) in totals {
        for byte in format!("{name}={total}\n").bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
