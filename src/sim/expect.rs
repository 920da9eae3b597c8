//! Expectations: conditions on the cluster, when they are looked at, and what is said when they do not hold.

use crate::api::Object;
use crate::api::core::{ConditionStatus, Conditions};
use crate::api::node::Node;
use crate::api::pod::{ContainerStatus, Pod, Terminated};
use crate::api::policy::EventObject;
use crate::base::Name;
use crate::fault::Pods;
use crate::kernel::SimTime;
use crate::scenario::expect::{
    About, EventCondition, JobCondition, KubectlCondition, NodeCondition, PodCondition, Ready,
    WorkloadCondition,
};
use crate::scenario::{Condition, Count, Expectation, Moment, Scenario};
use crate::trace::{Detail, RecordId, Subject};
use crate::workload::model::glob;

use super::world::World;

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not decided yet.
    Open,
    /// It held.
    Held,
    /// It did not hold at this instant, for this reason.
    Missed(SimTime, String),
}

/// An expectation and what became of it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// As written.
    pub text: String,
    /// Where.
    pub place: String,
    /// What became of it.
    pub fate: Fate,
}

impl Checked {
    /// Whether it held.
    pub fn held(&self) -> bool {
        self.fate == Fate::Held
    }
}

/// The expectations of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Watchlist {
    expectations: Vec<Expectation>,
    fates: Vec<Fate>,
    changed: bool,
    /// The newest record of an expectation, and its cause.
    newest: (RecordId, RecordId),
}

impl Watchlist {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let fates = vec![Fate::Open; scenario.expectations.len()];
        Self { expectations: scenario.expectations.clone(), fates, changed: true, newest: (0, 0) }
    }

    /// Adds expectations; returns the number of the first.
    pub(super) fn extend(&mut self, expectations: &[Expectation]) -> u32 {
        let first = self.expectations.len();
        self.expectations.extend(expectations.iter().cloned());
        self.fates.resize(self.expectations.len(), Fate::Open);
        self.changed = true;
        first as u32
    }

    /// Notes that the cluster has changed.
    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// Instants at which the expectations from `first` on are looked at in any case.
    pub(super) fn checks(&self, first: u32) -> Vec<(u32, SimTime)> {
        let moments =
            self.expectations.iter().enumerate().skip(first as usize).map(|(index, expectation)| {
                let at = match expectation.moment {
                    Moment::At(at) | Moment::By(at) => at,
                    Moment::Always { from, .. } => from,
                };
                (index as u32, at)
            });
        moments.collect()
    }

    /// What became of each expectation so far, in the order of the scenario.
    pub fn results(&self) -> Vec<Checked> {
        let pairs = self.expectations.iter().zip(&self.fates);
        pairs
            .map(|(expectation, fate)| Checked {
                text: expectation.text.clone(),
                place: expectation.place.to_string(),
                fate: fate.clone(),
            })
            .collect()
    }
}

/// A number that is not what it should be.
pub(super) fn check(what: &str, wanted: Option<Count>, found: i64) -> Result<(), String> {
    let Some(wanted) = wanted else { return Ok(()) };
    if u64::try_from(found).is_ok_and(|found| wanted.allows(found)) {
        return Ok(());
    }
    Err(format!("{what}: expected {wanted}, found {found}"))
}

impl World {
    /// An expectation with a time is due.
    pub(super) fn check_expectation(&mut self, index: u32) {
        let at = index as usize;
        if self.watchlist.fates[at] != Fate::Open {
            return;
        }
        let moment = self.watchlist.expectations[at].moment;
        let condition = self.watchlist.expectations[at].condition.clone();
        match (self.evaluate(&condition), moment) {
            (Ok(()), Moment::At(_) | Moment::By(_)) => self.decide(at, Fate::Held),
            (Ok(()), Moment::Always { .. }) => {}
            (Err(why), _) => {
                let now = self.now();
                self.decide(at, Fate::Missed(now, why));
            }
        }
    }

    /// All that happens at this instant has happened: look at what must always hold, and at what may come true.
    pub(super) fn observe(&mut self) {
        if !std::mem::take(&mut self.watchlist.changed) {
            return;
        }
        let now = self.now();
        for at in 0..self.watchlist.expectations.len() {
            if self.watchlist.fates[at] != Fate::Open {
                continue;
            }
            let moment = self.watchlist.expectations[at].moment;
            let due = match moment {
                Moment::At(_) => false,
                Moment::By(by) => now <= by,
                Moment::Always { from, until } => now >= from && until.is_none_or(|until| now <= until),
            };
            if !due {
                continue;
            }
            let condition = self.watchlist.expectations[at].condition.clone();
            match (self.evaluate(&condition), moment) {
                (Ok(()), Moment::By(_)) => self.decide(at, Fate::Held),
                (Err(why), Moment::Always { .. }) => self.decide(at, Fate::Missed(now, why)),
                _ => {}
            }
        }
        for index in self.script.conditional() {
            let crate::scenario::When::Condition { condition, from, until } = &self.script.step(index).when
            else {
                continue;
            };
            let in_time = now >= *from && until.is_none_or(|until| now <= until);
            let condition = condition.clone();
            if in_time && self.evaluate(&condition).is_ok() {
                self.begin_step(index);
            }
        }
    }

    /// The run is over: what always held has held, the rest has not come true.
    pub(super) fn conclude(&mut self) {
        let now = self.now();
        for at in 0..self.watchlist.expectations.len() {
            if self.watchlist.fates[at] != Fate::Open {
                continue;
            }
            let fate = match self.watchlist.expectations[at].moment {
                Moment::Always { .. } => Fate::Held,
                Moment::At(_) | Moment::By(_) => Fate::Missed(now, "the run ended before".to_owned()),
            };
            self.decide(at, fate);
        }
    }

    fn decide(&mut self, at: usize, fate: Fate) {
        let held = fate == Fate::Held;
        let text = &self.watchlist.expectations[at].text;
        let (reason, message) = match &fate {
            Fate::Missed(_, why) => ("Missed", format!("{text}: {why}")),
            _ => ("Held", text.clone()),
        };
        let now = self.now();
        // What was recorded last decided it; events that record nothing have no say, nor have other expectations.
        let (expectation, its_cause) = self.watchlist.newest;
        let last = self.recorder.last();
        let cause = if last == expectation { its_cause } else { last };
        self.recorder.set_cause(cause);
        let detail = Detail::Expectation { held };
        let record = self.recorder.record_aside(
            now,
            "scenario",
            Subject::cluster(),
            "Expectation",
            reason,
            message,
            detail,
        );
        self.watchlist.newest = (record, cause);
        self.watchlist.fates[at] = fate;
    }

    /// Whether a condition holds now; if not, why.
    pub(super) fn evaluate(&mut self, condition: &Condition) -> Result<(), String> {
        match condition {
            Condition::Kubectl(condition) => self.evaluate_kubectl(condition),
            Condition::Pods(condition) => self.evaluate_pods(condition),
            Condition::Node(condition) => self.evaluate_node(condition),
            Condition::Workload(condition) => self.evaluate_workload(condition),
            Condition::Job(condition) => self.evaluate_job(condition),
            Condition::Service { namespace, name, endpoints } => {
                let found = self.network.services.ready_endpoints(namespace, name) as i64;
                check(&format!("ready endpoints of service {namespace}/{name}"), Some(*endpoints), found)
            }
            Condition::Traffic(condition) => self.evaluate_traffic(condition),
            Condition::Event(condition) => self.evaluate_event(condition),
            Condition::Object { kind, namespace, name, exists } => {
                let found = self.api.objects().find(*kind, namespace, name).is_some();
                if found == *exists {
                    return Ok(());
                }
                Err(format!("{kind} {name} {}", if found { "is there" } else { "is not there" }))
            }
        }
    }

    fn evaluate_kubectl(&mut self, condition: &KubectlCondition) -> Result<(), String> {
        let output = self.kubectl(&condition.line);
        let wanted = condition.exit_status.unwrap_or(0);
        if output.status != wanted {
            return Err(format!(
                "exit status: expected {wanted}, found {}: {}",
                output.status,
                output.text.trim()
            ));
        }
        check("rows", condition.count, output.rows as i64)?;
        check("ready rows", condition.ready, output.ready as i64)?;
        match condition.contains.iter().find(|text| !output.text.contains(text.as_str())) {
            Some(text) => Err(format!("the output does not contain `{text}`:\n{}", output.text.trim_end())),
            None => Ok(()),
        }
    }

    fn evaluate_pods(&self, condition: &PodCondition) -> Result<(), String> {
        let matches = |pod: &Pod| {
            pod.metadata.namespace == condition.namespace
                && match &condition.by {
                    Pods::Name(name) => pod.metadata.name == *name,
                    Pods::Selector(selector) => selector.matches(&pod.metadata.labels),
                }
        };
        let pods: Vec<_> =
            self.api.objects().iter::<Pod>().map(|(_, pod)| pod).filter(|pod| matches(pod)).collect();
        match condition.count {
            Some(_) => check("pods", condition.count, pods.len() as i64)?,
            None if pods.is_empty() => return Err("there is no such pod".to_owned()),
            None => {}
        }
        let ready = pods.iter().filter(|pod| pod.is_ready()).count();
        match condition.ready {
            Some(Ready::All) => check("ready pods", Some(Count::exactly(pods.len() as u64)), ready as i64)?,
            Some(Ready::None) => check("ready pods", Some(Count::exactly(0)), ready as i64)?,
            Some(Ready::Count(count)) => check("ready pods", Some(count), ready as i64)?,
            None => {}
        }
        pods.iter().try_for_each(|pod| {
            evaluate_pod(condition, pod).map_err(|why| format!("pod {}: {why}", pod.metadata.name))
        })
    }

    fn evaluate_node(&self, condition: &NodeCondition) -> Result<(), String> {
        let name = &condition.name;
        let Some(node) = self.api.objects().get::<Node>(&Name::default(), name) else {
            return Err(format!("there is no node {name}"));
        };
        if let Some(wanted) = condition.ready {
            let found = node.status.conditions.status_of("Ready").unwrap_or(ConditionStatus::Unknown);
            same("Ready", &wanted, &found)?;
        }
        if let Some(wanted) = condition.unschedulable {
            same("unschedulable", &wanted, &node.spec.unschedulable)?;
        }
        let Some(taints) = &condition.taints else { return Ok(()) };
        let shown: Vec<String> =
            node.spec.taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect();
        if taints.is_empty() && !shown.is_empty() {
            return Err(format!("taints: expected none, found {}", shown.join(", ")));
        }
        for wanted in taints {
            let there = node.spec.taints.iter().any(|taint| {
                taint.key == wanted.key
                    && wanted.value.as_ref().is_none_or(|value| *value == taint.value)
                    && wanted.effect.is_none_or(|effect| effect == taint.effect)
            });
            if !there {
                return Err(format!("no taint {}; found [{}]", wanted.key, shown.join(", ")));
            }
        }
        Ok(())
    }

    fn evaluate_workload(&self, condition: &WorkloadCondition) -> Result<(), String> {
        let (kind, name) = (condition.kind, &condition.name);
        let Some((_, object)) = self.api.objects().find(kind, &condition.namespace, name) else {
            return Err(format!("there is no {kind} {name}"));
        };
        let (replicas, updated, ready, available) = match object {
            Object::Deployment(d) => {
                let status = &d.status;
                (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
            }
            Object::ReplicaSet(set) => {
                let status = &set.status;
                (status.replicas, status.replicas, status.ready_replicas, status.available_replicas)
            }
            Object::ReplicationController(set) => {
                let status = &set.status;
                (status.replicas, status.replicas, status.ready_replicas, status.available_replicas)
            }
            Object::StatefulSet(set) => {
                let status = &set.status;
                (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
            }
            Object::DaemonSet(set) => {
                let status = &set.status;
                let wanted = status.desired_number_scheduled;
                (wanted, status.updated_number_scheduled, status.number_ready, status.number_available)
            }
            _ => return Err(format!("{kind} has no replicas")),
        };
        check("replicas", condition.replicas, replicas.into())?;
        check("updated", condition.updated, updated.into())?;
        check("ready", condition.ready, ready.into())?;
        check("available", condition.available, available.into())
    }

    fn evaluate_job(&self, condition: &JobCondition) -> Result<(), String> {
        let name = &condition.name;
        let Some(job) = self.api.objects().get::<crate::api::batch::Job>(&condition.namespace, name) else {
            return Err(format!("there is no Job {name}"));
        };
        check("active", condition.active, job.status.active.into())?;
        check("succeeded", condition.succeeded, job.status.succeeded.into())?;
        check("failed", condition.failed, job.status.failed.into())?;
        match condition.complete {
            Some(wanted) => same("complete", &wanted, &job.status.conditions.is_true("Complete")),
            None => Ok(()),
        }
    }

    fn evaluate_event(&self, condition: &EventCondition) -> Result<(), String> {
        let about = |event: &EventObject, about: &About| {
            let object = &event.involved_object;
            object.kind == about.kind.as_str()
                && glob(&about.name, &object.name)
                && about.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace)
        };
        let matches = |event: &EventObject| {
            condition.reason.as_ref().is_none_or(|reason| *reason == event.reason)
                && condition.about.as_ref().is_none_or(|wanted| about(event, wanted))
                && condition.message.as_ref().is_none_or(|text| event.message.contains(text.as_str()))
        };
        let events = self.api.objects().iter::<EventObject>().map(|(_, event)| event);
        let found: i64 = events.filter(|event| matches(event)).map(|event| i64::from(event.count)).sum();
        let wanted = condition.count.unwrap_or(Count { min: 1, max: u64::MAX });
        check("events", Some(wanted), found)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, found: &T) -> Result<(), String> {
    if wanted == found { Ok(()) } else { Err(format!("{what}: expected {wanted:?}, found {found:?}")) }
}

fn evaluate_pod(condition: &PodCondition, pod: &Pod) -> Result<(), String> {
    let status = &pod.status;
    let containers: Vec<&ContainerStatus> =
        status.init_container_statuses.iter().chain(&status.container_statuses).collect();
    if let Some(phase) = condition.phase {
        same("phase", &phase, &status.phase)?;
    }
    let restarts: i32 = containers.iter().map(|container| container.restart_count).sum();
    check("restarts", condition.restarts, restarts.into())?;
    if let Some(node) = &condition.node {
        same("node", &Some(node), &pod.node_name.as_ref())?;
    }
    let newest = newest_termination(&containers);
    if let Some(code) = condition.exit_code {
        same("exit code", &Some(code), &newest.map(|ended| ended.exit_code))?;
    }
    if let Some(reason) = &condition.reason {
        same("reason", &Some(reason), &newest.and_then(|ended| ended.reason.as_ref()))?;
    }
    if let Some(reason) = &condition.waiting {
        let waits = containers.iter().any(|container| {
            container.state.waiting.as_ref().is_some_and(|waiting| waiting.reason.as_ref() == Some(reason))
        });
        if !waits {
            return Err(format!("no container waits because of {reason}"));
        }
    }
    match &condition.status {
        Some(wanted) => same("status", &wanted.as_str(), &super::kubectl::pod_status(pod).as_str()),
        None => Ok(()),
    }
}

/// The container process that ended last.
fn newest_termination<'a>(containers: &[&'a ContainerStatus]) -> Option<&'a Terminated> {
    let ended = containers.iter().flat_map(|container| [&container.state, &container.last_state]);
    ended.filter_map(|state| state.terminated.as_ref()).max_by_key(|ended| ended.finished_at)
}
