//! Each invariant is broken once, by hand, and is seen to be.

use std::sync::Arc;

use super::*;
use crate::api::meta::OwnerReference;
use crate::api::pod::Pod;
use crate::api::{Kind, Request};
use crate::scenario::from_text;
use crate::sim::event::Watcher;
use crate::sim::{Limits, RunError, RunOptions, Simulation};

const SCENARIO: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: invariants}
spec:
  duration: 10m
  cluster: {nodePools: [{name: worker, count: 1, allocatable: {cpu: \"1\", memory: 1Gi, pods: 10}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: small}
spec: {containers: [{name: c, image: a:1, resources: {requests: {cpu: 600m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: large}
spec: {containers: [{name: c, image: a:1, resources: {requests: {cpu: 600m}}}]}
";

fn started() -> (Simulation, Vec<Record>) {
    let scenario = from_text("invariants.yaml", SCENARIO).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::from_secs(30), &mut |record| records.push(record.clone())).unwrap();
    (simulation, records)
}

/// What the run says when it goes on.
fn broken(mut simulation: Simulation) -> Violation {
    match simulation.run_until(SimTime::MAX, &mut |_| {}) {
        Err(RunError::Violation(violation)) => violation,
        other => panic!("no violation: {other:?}"),
    }
}

fn pending(simulation: &Simulation) -> Pod {
    let pods = simulation.world.api.objects().iter::<Pod>();
    let mut pods = pods.map(|(_, pod)| pod).filter(|pod| pod.node_name.is_none());
    pods.next().unwrap().as_ref().clone()
}

fn bind(simulation: &mut Simulation, node: &str) {
    let Pod { metadata, .. } = pending(simulation);
    let (namespace, name, uid) = (metadata.namespace, metadata.name, metadata.uid);
    let bound = simulation
        .world
        .serve("default-scheduler", Request::Bind { namespace, name, uid, node: node.into() });
    bound.unwrap();
}

#[test]
fn a_node_that_is_over_committed() {
    let (mut simulation, _) = started();
    bind(&mut simulation, "worker-1");
    let violation = broken(simulation);
    assert_eq!(violation.invariant, "the scheduler never over-commits a node");
    assert!(
        violation.found.contains("1200 of cpu in thousandths on worker-1, which offers 1000"),
        "{violation}"
    );
    assert!(violation.to_string().starts_with("invariant violated at 30s, record "), "{violation}");
}

#[test]
fn a_binding_to_a_node_that_never_was() {
    let (mut simulation, _) = started();
    bind(&mut simulation, "worker-7");
    assert_eq!(broken(simulation).invariant, "pods are bound to nodes that exist");
}

#[test]
fn a_pod_that_no_kubelet_was_told_of() {
    let (mut simulation, _) = started();
    simulation.world.watches.disconnect(Watcher::Node(0));
    let mut pod = pending(&simulation);
    (pod.metadata.name, pod.node_name) = ("unseen".into(), Some("worker-1".into()));
    simulation.world.submit_as_user(Request::Create(pod.into()));
    // Nothing happens in this cluster any more, so it shows when somebody looks.
    simulation.run_until(SimTime::from_secs(60), &mut |_| {}).unwrap();
    let violation = broken(simulation);
    assert_eq!(violation.invariant, "no pod is lost");
    assert!(
        violation.found.contains("pod default/unseen is pending, but worker-1 does not know it"),
        "{violation}"
    );
}

/// What is said of these records, of which the last is wrong.
fn last_of(records: &[Record]) -> &'static str {
    let (simulation, _) = started();
    let mut invariants = Invariants::default();
    let (last, before) = records.split_last().unwrap();
    for record in before {
        invariants.check_record(record, &simulation.world).unwrap();
    }
    invariants.check_record(last, &simulation.world).unwrap_err().invariant
}

#[test]
fn records_that_contradict_each_other() {
    let (_, records) = started();
    let with = |change: &dyn Fn(&mut Record)| {
        let mut all = records.clone();
        let next = all.len() as u64 + 1;
        let mut record = all[0].clone();
        (record.id, record.at, record.detail) = (next, SimTime::from_secs(40), Detail::None);
        change(&mut record);
        all.push(record);
        last_of(&all)
    };
    assert_eq!(with(&|record| record.id += 1), "records are numbered without a gap");
    assert_eq!(with(&|record| record.at = SimTime::ZERO), "time never goes backwards");
    assert_eq!(with(&|record| record.cause = record.id), "causes come before what they cause");
    let find =
        |wanted: &dyn Fn(&Record) -> bool| records.iter().rfind(|record| wanted(record)).unwrap().clone();
    let started = find(&|record| record.event == "ContainerStarted");
    assert_eq!(
        with(&|record| {
            (record.subject, record.detail) = (started.subject.clone(), started.detail.clone());
        }),
        "a container has at most one process"
    );

    let commit = find(&|record| {
        matches!(&record.detail, Detail::Commit(commit)
        if commit.op == Op::Modified && matches!(&commit.new, Object::Pod(pod) if pod.node_name.is_some()))
    });
    let with_commit = |change: &dyn Fn(&mut Commit)| {
        with(&|record| {
            let Detail::Commit(commit) = &commit.detail else { unreachable!("a commit was found") };
            let mut commit = Commit::clone(commit);
            commit.revision += 1_000;
            commit.old = Some(commit.new.clone());
            change(&mut commit);
            record.detail = Detail::Commit(commit.into());
        })
    };
    let changed = |commit: &mut Commit, change: &dyn Fn(&mut Pod)| {
        let Object::Pod(pod) = &commit.new else { unreachable!("a pod was found") };
        let mut pod = pod.as_ref().clone();
        change(&mut pod);
        commit.new = pod.into();
    };
    assert_eq!(with_commit(&|commit| commit.revision = 1), "revisions of the store only grow");
    assert_eq!(with_commit(&|commit| commit.old = None), "an object is added once and then changed");
    let other = crate::api::meta::Uid::from_hash([7; 32]);
    assert_eq!(
        with_commit(&|commit| changed(commit, &|pod| pod.metadata.uid = other)),
        "an object keeps its uid"
    );
    assert_eq!(
        with_commit(&|commit| changed(commit, &|pod| pod.node_name = Some("worker-2".into()))),
        "a bound pod stays where it is"
    );
    assert_eq!(
        with_commit(&|commit| {
            changed(commit, &|pod| Arc::make_mut(&mut pod.status).phase = PodPhase::Succeeded);
            commit.old = Some(commit.new.clone());
            changed(commit, &|pod| Arc::make_mut(&mut pod.status).phase = PodPhase::Running);
        }),
        "a pod that is over stays over"
    );
    assert_eq!(commit.subject.kind, Kind::Pod.as_str());
}

#[test]
fn an_owner_that_never_was() {
    let (_, records) = started();
    let pod = records.iter().find(|record| record.event == "ADDED" && record.subject.kind == "Pod").unwrap();
    let mut record = pod.clone();
    let Detail::Commit(commit) = &record.detail else { unreachable!("ADDED is a commit") };
    let mut commit = Commit::clone(commit);
    let Object::Pod(pod) = &commit.new else { unreachable!("a pod was found") };
    let mut pod = pod.as_ref().clone();
    let uid = crate::api::meta::Uid::from_hash([7; 32]);
    pod.metadata.owner_references =
        vec![OwnerReference { uid, controller: Some(true), ..OwnerReference::default() }];
    commit.new = pod.into();
    record.detail = Detail::Commit(commit.into());
    let said = |component: &'static str| {
        let (simulation, _) = started();
        let record = Record { id: 1, cause: 0, component, ..record.clone() };
        Invariants::default()
            .check_record(&record, &simulation.world)
            .map_err(|violation| violation.invariant)
    };
    assert_eq!(said("replicaset-controller"), Err("owners that a controller names exist"));
    assert_eq!(said("kubectl"), Ok(()), "users may name what they like");
}

#[test]
fn a_request_that_vanishes() {
    let text = format!(
        "{}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80}}]}}\n",
        SCENARIO.replace("duration: 10m", "duration: 10m\n  traffic: [{service: default/web, rate: 10}]")
    );
    let scenario = from_text("requests.yaml", &text).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut samples = Vec::new();
    simulation
        .run_until(SimTime::from_secs(60), &mut |record| {
            if matches!(record.detail, Detail::Traffic(_)) {
                samples.push(record.clone());
            }
        })
        .unwrap();
    let said = |change: &dyn Fn(&mut crate::trace::TrafficSample)| {
        let mut in_flight = InFlight::default();
        samples.iter().try_for_each(|record| {
            let Detail::Traffic(sample) = &record.detail else { unreachable!("only those were taken") };
            let mut sample = sample.clone();
            change(&mut sample);
            in_flight.check(record, &sample)
        })
    };
    assert!(samples.len() > 1);
    assert_eq!(said(&|_| ()), Ok(()));
    let (invariant, found) = said(&|sample| sample.sent += 1).unwrap_err();
    assert_eq!(invariant, "every request is answered, fails or is in flight");
    assert!(found.contains("were in flight or sent"), "{found}");
}

#[test]
fn an_event_that_comes_too_late() {
    let key = |seconds| EventKey { at: SimTime::from_secs(seconds), class: 0, target: 0, seq: 0 };
    let mut invariants = Invariants::default();
    assert_eq!(invariants.check_event(key(2), 1), Ok(()));
    assert_eq!(invariants.check_event(key(2), 1), Ok(()));
    let violation = invariants.check_event(key(1), 5).unwrap_err();
    assert_eq!(
        violation.to_string(),
        "invariant violated at 2s, record 5: events happen in the order of their times: the event at 1s class 0 \
         target 0 seq 0 comes after one at 2s"
    );
}

#[test]
fn time_that_stands_still_is_noticed_and_its_events_are_shown() {
    let scenario = from_text("livelock.yaml", SCENARIO).unwrap();
    let limits = Limits { events_at_one_instant: 5, ..Limits::default() };
    let mut simulation = Simulation::new(&scenario, &RunOptions { limits, ..RunOptions::default() });
    let error = simulation.run_until(SimTime::MAX, &mut |_| {}).unwrap_err();
    let RunError::Livelock { events, last, .. } = &error else { panic!("{error}") };
    assert_eq!((*events, last.len()), (6, 6));
    assert!(error.to_string().contains("and no end; the last were:\n  "), "{error}");
}
