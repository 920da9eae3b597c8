//! A made-up but realistic run for the tests: three nodes, a Deployment of six, one node that crashes and comes back,
//! a pod that is killed and crashes again and again.
//!
//! The story is told in calls of [`Story`]; each call makes the facts and records that a run would make.

use std::sync::Arc;

use super::fact::{ChangeOp, ContainerFact, Fact, MarkKind};
use super::record::Record;
use super::recorded::{Expectation, Recorded, RunInfo};
use super::{Collector, Limits, Pools};
use crate::api::core::{Condition, ConditionStatus, set_condition};
use crate::api::node::Node;
use crate::api::pod::{ContainerStatus, Pod, PodPhase, Terminated, Waiting};
use crate::api::workload::Deployment;
use crate::api::{Object, Timestamp};
use crate::base::{LookupMap, Name};
use crate::kernel::SimTime;

/// A fact that owns what it tells.
#[derive(Clone, Debug)]
enum Told {
    Change(ChangeOp, Option<Object>, Object),
    Mark(Option<SimTime>, MarkKind, String),
    Container(Name, Happened),
    Power(Name, bool),
}

#[derive(Clone, Debug)]
enum Happened {
    Pulling,
    Pulled,
    Started(i32),
    Exited(i32, Option<i32>, &'static str),
}

/// A record that owns its texts.
#[derive(Clone, Debug)]
struct ToldRecord {
    at: SimTime,
    cause: Option<usize>,
    component: &'static str,
    kind: &'static str,
    name: String,
    event: &'static str,
    reason: &'static str,
    message: String,
}

/// A run in the making. Times are milliseconds.
#[derive(Default)]
pub(super) struct Story {
    told: Vec<(SimTime, Told)>,
    records: Vec<ToldRecord>,
    pods: LookupMap<Name, Pod>,
    nodes: LookupMap<Name, Node>,
    deployments: LookupMap<Name, Deployment>,
}

pub(super) const NAMESPACE: &str = "default";
const END: u64 = 15 * 60_000;

fn at(ms: u64) -> SimTime {
    SimTime::from_millis(ms)
}

impl Story {
    fn tell(&mut self, ms: u64, told: Told) {
        self.told.push((at(ms), told));
    }

    #[expect(clippy::too_many_arguments, reason = "these are the columns of a record")]
    fn record(
        &mut self,
        ms: u64,
        cause: Option<usize>,
        component: &'static str,
        kind: &'static str,
        name: &str,
        event: &'static str,
        reason: &'static str,
        message: &str,
    ) -> usize {
        let (name, message) = (name.to_owned(), message.to_owned());
        self.records.push(ToldRecord { at: at(ms), cause, component, kind, name, event, reason, message });
        self.records.len() - 1
    }

    fn node(&mut self, ms: u64, name: &str, change: impl FnOnce(&mut Node)) {
        let old = self.nodes.get(name).cloned();
        let mut node = old.clone().unwrap_or_else(|| {
            serde_json::from_str(
                r#"{"status":{"allocatable":{"cpu":"4","memory":"16Gi","pods":"110"},
                    "conditions":[{"type":"Ready","status":"True"}]}}"#,
            )
            .unwrap()
        });
        node.metadata.name = name.into();
        change(&mut node);
        self.nodes.insert(name.into(), node.clone());
        self.change(ms, old.map(Object::from), node.into());
    }

    fn change(&mut self, ms: u64, old: Option<Object>, new: Object) {
        let op = if old.is_some() { ChangeOp::Modified } else { ChangeOp::Added };
        self.tell(ms, Told::Change(op, old, new));
    }

    fn deployment(&mut self, ms: u64, name: &str, replicas: i32) {
        let old = self.deployments.get(name).cloned();
        let mut deployment = old.clone().unwrap_or_default();
        deployment.metadata.name = name.into();
        deployment.metadata.namespace = NAMESPACE.into();
        deployment.spec.replicas = Some(replicas);
        self.deployments.insert(name.into(), deployment.clone());
        self.change(ms, old.map(Object::from), deployment.into());
    }

    fn pod(&mut self, ms: u64, name: &str, change: impl FnOnce(&mut Pod)) {
        let old = self.pods.get(name).cloned().unwrap_or_else(|| panic!("{name} exists"));
        let mut pod = old.clone();
        change(&mut pod);
        self.pods.insert(name.into(), pod.clone());
        self.change(ms, Some(old.into()), pod.into());
    }

    fn container(&mut self, ms: u64, pod: &str, what: Happened) {
        self.tell(ms, Told::Container(pod.into(), what));
    }

    fn create(&mut self, ms: u64, name: &str, deployment: &str, requests: (&str, &str)) -> usize {
        let mut pod: Pod = serde_json::from_str(&format!(
            r#"{{"spec":{{"containers":[{{"name":"app","resources":{{"requests":{{"cpu":"{}","memory":"{}"}}}}}}]}}}}"#,
            requests.0, requests.1
        ))
        .unwrap();
        pod.metadata.name = name.into();
        pod.metadata.namespace = NAMESPACE.into();
        pod.metadata.labels = [("app", deployment)].into_iter().collect();
        if !deployment.is_empty() {
            pod.metadata.owner_references = vec![crate::api::OwnerReference {
                kind: "Deployment".into(),
                name: deployment.into(),
                controller: Some(true),
                ..Default::default()
            }];
        }
        self.pods.insert(name.into(), pod.clone());
        self.change(ms, None, pod.into());
        self.record(
            ms,
            None,
            "replicaset",
            "Pod",
            name,
            "created",
            "SuccessfulCreate",
            &format!("Created pod: {name}"),
        )
    }

    /// Scheduled, pulled, started, ready: each so many milliseconds after the one before.
    fn start(&mut self, ms: u64, name: &str, node: &str, pull: u64, ready: u64) {
        let last = self.last_record(name);
        self.pod(ms + 5, name, |pod| pod.node_name = Some(node.into()));
        let message = format!("Successfully assigned {NAMESPACE}/{name} to {node}");
        let bound = self.record(ms + 5, last, "scheduler", "Pod", name, "scheduled", "Scheduled", &message);
        self.container(ms + 20, name, Happened::Pulling);
        self.container(ms + 20 + pull, name, Happened::Pulled);
        let pulled = self.record(
            ms + 20 + pull,
            Some(bound),
            "kubelet",
            "Pod",
            name,
            "pulled",
            "Pulled",
            "Image pulled",
        );
        let started = ms + 400 + pull;
        self.container(started, name, Happened::Started(0));
        self.pod(started + 50, name, |pod| {
            let status = Arc::make_mut(&mut pod.status);
            status.phase = PodPhase::Running;
            status.container_statuses = vec![ContainerStatus { name: "app".into(), ..Default::default() }];
        });
        self.record(
            started,
            Some(pulled),
            "kubelet",
            "Pod",
            name,
            "started",
            "Started",
            "Started container app",
        );
        self.ready(started + ready, name, true);
    }

    fn last_record(&self, name: &str) -> Option<usize> {
        self.records.iter().rposition(|record| record.name == name)
    }

    fn ready(&mut self, ms: u64, name: &str, ready: bool) {
        self.pod(ms, name, |pod| {
            let condition = Condition {
                kind: "Ready".into(),
                status: ConditionStatus::from(ready),
                ..Default::default()
            };
            let status = Arc::make_mut(&mut pod.status);
            set_condition(&mut status.conditions, condition);
            status.container_statuses.iter_mut().for_each(|status| status.ready = ready);
        });
        let (event, message) = if ready {
            ("ready", "Readiness probe succeeded")
        } else {
            ("unready", "Pod is no longer ready")
        };
        let cause = self.last_record(name);
        self.record(ms, cause, "kubelet", "Pod", name, event, "", message);
    }

    /// The container ends; the kubelet waits `back_off` and starts it again; it is ready `ready` later.
    fn crash(&mut self, ms: u64, name: &str, code: i32, restart: i32, back_off: u64, ready: u64) {
        let (signal, reason) = match code {
            137 => (Some(9), "OOMKilled"),
            _ => (None, "Error"),
        };
        let cause = self.last_record(name);
        let message = format!("Container app exited with code {code}");
        let exited = self.record(ms, cause, "kubelet", "Pod", name, "exited", reason, &message);
        self.container(ms, name, Happened::Exited(code, signal, reason));
        self.ready(ms + 60, name, false);
        if back_off > 0 {
            self.pod(ms + 1_000, name, |pod| {
                let reason = Some("CrashLoopBackOff".into());
                Arc::make_mut(&mut pod.status).container_statuses[0].state.waiting =
                    Some(Waiting { reason, message: None });
            });
            let message = format!("back-off {}s restarting failed container app", back_off / 1000);
            self.record(ms + 1_000, Some(exited), "kubelet", "Pod", name, "backoff", "BackOff", &message);
        }
        if ms + back_off + 1_200 > END {
            return;
        }
        self.container(ms + back_off + 1_200, name, Happened::Started(restart));
        self.record(
            ms + back_off + 1_200,
            Some(exited),
            "kubelet",
            "Pod",
            name,
            "restarted",
            "Started",
            "Started container app",
        );
        self.pod(ms + back_off + 1_250, name, |pod| {
            let status = &mut Arc::make_mut(&mut pod.status).container_statuses[0];
            status.restart_count = restart;
            status.state.waiting = None;
            status.last_state.terminated = Some(Terminated { exit_code: code, ..Default::default() });
        });
        if ready > 0 {
            self.ready(ms + back_off + 1_200 + ready, name, true);
        }
    }

    fn terminate(&mut self, ms: u64, name: &str, evicted: bool) {
        let cause = self.last_record(name);
        self.record(
            ms,
            cause,
            "node-lifecycle",
            "Pod",
            name,
            "terminating",
            "TaintManagerEviction",
            "Marking for deletion",
        );
        self.pod(ms, name, |pod| {
            pod.metadata.deletion_timestamp = Some(Timestamp::from_secs(0));
            if evicted {
                let condition = Condition {
                    kind: "DisruptionTarget".into(),
                    status: ConditionStatus::True,
                    reason: Some("DeletionByTaintManager".into()),
                    ..Default::default()
                };
                set_condition(&mut Arc::make_mut(&mut pod.status).conditions, condition);
            }
        });
    }

    fn delete(&mut self, ms: u64, name: &str) {
        let pod = self.pods.remove(name).unwrap();
        self.tell(ms, Told::Change(ChangeOp::Deleted, None, pod.into()));
        let cause = self.last_record(name);
        self.record(ms, cause, "api-server", "Pod", name, "deleted", "", "Deleted");
    }

    fn mark(&mut self, ms: u64, until: Option<u64>, kind: MarkKind, label: &str) {
        self.tell(ms, Told::Mark(until.map(at), kind, label.to_owned()));
        let event = if kind == MarkKind::Fault { "fault" } else { "step" };
        self.record(ms, None, "scenario", "Scenario", "node-failure", event, "", label);
    }

    /// Everything told, collected.
    pub(super) fn recorded(&self) -> Recorded {
        let mut order: Vec<&(SimTime, Told)> = self.told.iter().collect();
        order.sort_by_key(|(at, _)| *at);
        let mut collector = Collector::new(Limits::default());
        for (at, told) in order {
            collector.observe(&fact(*at, told));
        }
        collector.finish(at(END))
    }

    /// Everything recorded, in the order of time and numbered from 1.
    pub(super) fn records(&self) -> Vec<Record<'_>> {
        let mut order: Vec<usize> = (0..self.records.len()).collect();
        order.sort_by_key(|index| (self.records[*index].at, *index));
        let mut numbers = vec![0; order.len()];
        for (number, index) in order.iter().enumerate() {
            numbers[*index] = number as u64 + 1;
        }
        let record = |index: usize| {
            let it = &self.records[index];
            let namespace = if it.kind == "Pod" { NAMESPACE } else { "" };
            Record {
                id: numbers[index],
                at: it.at,
                cause: it.cause.map(|cause| numbers[cause]),
                component: it.component,
                kind: it.kind,
                namespace,
                name: &it.name,
                event: it.event,
                reason: it.reason,
                message: &it.message,
            }
        };
        order.iter().map(|index| record(*index)).collect()
    }
}

fn fact(at: SimTime, told: &Told) -> Fact<'_> {
    match told {
        Told::Change(op, old, new) => Fact::Change { at, op: *op, old: old.as_ref(), new },
        Told::Mark(until, kind, label) => Fact::Mark { at, until: *until, kind: *kind, label },
        Told::Power(node, up) => Fact::Power { at, node, up: *up },
        Told::Container(pod, what) => {
            let what = match what {
                Happened::Pulling => ContainerFact::Pulling,
                Happened::Pulled => ContainerFact::Pulled,
                Happened::Started(restart) => ContainerFact::Started { restart: *restart },
                Happened::Exited(code, signal, reason) => {
                    ContainerFact::Exited { code: *code, signal: *signal, reason }
                }
            };
            Fact::Container { at, namespace: NAMESPACE, pod, container: "app", what, node: "" }
        }
    }
}

/// The story of the node failure.
pub(super) fn node_failure() -> Story {
    let mut story = Story::default();
    for node in ["worker-1", "worker-2", "worker-3"] {
        story.node(0, node, |_| {});
    }
    story.deployment(500, "web", 6);
    story.deployment(600, "checkout-api", 2);
    story.deployment(700, "importer", 1);
    let web = [
        "web-7c9f8d5b4-2kq9x",
        "web-7c9f8d5b4-5tzl2",
        "web-7c9f8d5b4-8wvhc",
        "web-7c9f8d5b4-b4n7p",
        "web-7c9f8d5b4-fx6jd",
        "web-7c9f8d5b4-q2rsm",
    ];
    for (index, name) in web.iter().enumerate() {
        let ms = 1_000 + 40 * index as u64;
        story.create(ms, name, "web", ("500m", "1Gi"));
        let node = ["worker-1", "worker-2", "worker-3"][index % 3];
        story.start(ms, name, node, 14_000 + 900 * index as u64, 4_000 + 700 * index as u64);
    }
    for (index, name) in ["checkout-api-5d8c-hh2lk", "checkout-api-5d8c-w9xqv"].iter().enumerate() {
        story.create(1_500, name, "checkout-api", ("750m", "3Gi"));
        story.start(1_500, name, ["worker-2", "worker-3"][index], 22_000, 9_000);
    }
    story.create(1_800, "importer-6f7b9-zk8tm", "importer", ("250m", "512Mi"));
    story.start(1_800, "importer-6f7b9-zk8tm", "worker-1", 6_000, 2_000);
    crash_loop(&mut story);
    story.mark(120_000, None, MarkKind::Step, "kubectl scale deployment checkout-api --replicas=3");
    story.deployment(120_010, "checkout-api", 3);
    story.create(120_020, "checkout-api-5d8c-c7pnd", "checkout-api", ("750m", "3Gi"));
    story.start(120_020, "checkout-api-5d8c-c7pnd", "worker-1", 21_000, 9_000);
    node_crash(&mut story, &web);
    story.crash(660_000, "checkout-api-5d8c-w9xqv", 137, 1, 0, 9_000);
    story.mark(660_000, None, MarkKind::Fault, "out of memory in checkout-api-5d8c-w9xqv");
    story.mark(720_000, None, MarkKind::Expectation, "pods of importer ready: wanted 1, found 0");
    story
}

fn crash_loop(story: &mut Story) {
    let name = "importer-6f7b9-zk8tm";
    let mut ms = 60_000;
    for (restart, (code, back_off)) in
        [(1, 0), (137, 10_000), (1, 20_000), (1, 40_000), (137, 80_000), (1, 160_000), (1, 300_000)]
            .into_iter()
            .enumerate()
    {
        let lives = if code == 137 { 12_000 } else { 4_000 };
        story.crash(ms, name, code, restart as i32 + 1, back_off, if code == 137 { 2_000 } else { 0 });
        ms += back_off + 1_200 + lives;
    }
}

fn node_crash(story: &mut Story, web: &[&str]) {
    story.mark(300_000, Some(780_000), MarkKind::Fault, "node worker-2 crashes");
    story.tell(300_000, Told::Power("worker-2".into(), false));
    let set_ready =
        |status: ConditionStatus| move |node: &mut Node| node.status.conditions[0].status = status;
    story.node(350_000, "worker-2", set_ready(ConditionStatus::Unknown));
    let lost = [web[1], web[4], "checkout-api-5d8c-hh2lk"];
    for name in lost {
        story.ready(350_010, name, false);
        story.terminate(650_000, name, true);
    }
    for (index, (name, owner)) in [
        ("web-7c9f8d5b4-tt5gw", "web"),
        ("web-7c9f8d5b4-xm3bz", "web"),
        ("checkout-api-5d8c-l4f8s", "checkout-api"),
    ]
    .into_iter()
    .enumerate()
    {
        let requests = if owner == "web" { ("500m", "1Gi") } else { ("750m", "3Gi") };
        story.create(650_050 + index as u64, name, owner, requests);
        let node = ["worker-1", "worker-3"][index % 2];
        story.start(650_050 + index as u64, name, node, 500, 5_000 + 1_000 * index as u64);
    }
    story.tell(780_000, Told::Power("worker-2".into(), true));
    story.node(790_000, "worker-2", set_ready(ConditionStatus::True));
    for name in lost {
        story.delete(791_000, name);
    }
}

/// What is known of the run besides its records.
pub(super) fn info() -> RunInfo {
    let expectation = |label: &str, found: &str| Expectation {
        label: label.into(),
        passed: found.is_empty(),
        found: found.into(),
    };
    RunInfo {
        pools: Pools::default(),
        description: "Three workloads and a broken machine.".to_owned(),
        scenario: "node-failure".into(),
        seed: 42,
        version: "0.1.0".into(),
        kubernetes: "1.34".into(),
        digest: "6f1c02a9d4b87e35c1f0aa4e7d92b6608e5b3a17c4d9f2e8a0b1c2d3e4f50617".into(),
        command: "shakedown run scenarios/node-failure --seed 42".into(),
        events: 48_211,
        records: 111,
        expectations: vec![
            expectation("at 12m: pods of web ready: 6", ""),
            expectation(
                "at 12m: pods of importer ready: 1",
                "found 0: importer-6f7b9-zk8tm is in CrashLoopBackOff",
            ),
        ],
        warnings: vec!["PersistentVolumeClaim is kept but not simulated (2 objects)".into()],
        partial: None,
    }
}
