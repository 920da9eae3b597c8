//! When a pod that has no node is tried again. Each test drives the scheduler through its public face.

use std::sync::Arc;

use serde_json::{Value, json};

use super::queue::Place;
use super::{Decision, NodeId, Options, PodId, Scheduler, TieBreak};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::kernel::{SimDuration, SimTime};

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn scheduler() -> Scheduler {
    Scheduler::new(&Options { tie_break: TieBreak::Name, ..Options::default() }).unwrap()
}

/// A node of one core called `n`, with `changes` merged in.
fn node(changes: &Value) -> Arc<Node> {
    let mut node = json!({
        "metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "n", "zone": "a"}},
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"}},
    });
    merge(&mut node, changes);
    Arc::new(serde_json::from_value(node).unwrap())
}

/// A pod that asks for one core, with `changes` merged in.
fn pod(changes: &Value) -> Arc<Pod> {
    let mut pod = json!({
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
    });
    merge(&mut pod, changes);
    Arc::new(serde_json::from_value(pod).unwrap())
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(into.entry(key).or_insert(Value::Null), change);
            }
        }
        (_, Value::Null) => {}
        (into, changes) => *into = changes.clone(),
    }
}

const WAITING: PodId = PodId(0);
const OTHER: PodId = PodId(1);

/// A scheduler with one full node and a pod that has just failed for the first time, at `now`.
fn one_failed(now: SimTime) -> Scheduler {
    let mut scheduler = scheduler();
    scheduler.on_node_added(NodeId(0), &node(&Value::Null), SimTime::ZERO);
    scheduler.on_pod_added(OTHER, &pod(&json!({"spec": {"nodeName": "n"}})), SimTime::ZERO);
    scheduler.on_pod_added(WAITING, &pod(&Value::Null), SimTime::ZERO);
    fail(&mut scheduler, now);
    scheduler
}

/// Takes the next pod, which cannot be placed, and puts it back.
fn fail(scheduler: &mut Scheduler, now: SimTime) {
    let popped = scheduler.pop(now).expect("a pod is ready");
    let Decision::Unschedulable(failure) = scheduler.schedule(popped.id, 0) else {
        panic!("there is no room")
    };
    scheduler.reject(popped.id, &failure, now);
}

/// Something that may help: another pod on the node goes, and a like one comes at once.
fn wake(scheduler: &mut Scheduler, now: SimTime) {
    scheduler.on_pod_deleted(OTHER, now);
    scheduler.on_pod_added(OTHER, &pod(&json!({"spec": {"nodeName": "n"}})), now);
}

fn place(scheduler: &Scheduler, pod: PodId) -> Place {
    scheduler.queue().get(pod).expect("the pod is queued").1
}

#[test]
fn back_off_grows_while_events_keep_coming() {
    let mut scheduler = one_failed(at(0));
    let mut attempts = vec![0];
    while attempts.len() < 7 {
        let now = SimTime::from_secs(*attempts.last().unwrap());
        wake(&mut scheduler, now);
        assert_eq!(place(&scheduler, WAITING), Place::Backoff);
        let due = scheduler.next_due().unwrap();
        scheduler.flush(due);
        assert_eq!(place(&scheduler, WAITING), Place::Active);
        attempts.push(due.as_secs());
        fail(&mut scheduler, due);
    }
    assert_eq!(attempts, [0, 2, 5, 10, 19, 30, 41]);
}

#[test]
fn an_idle_scheduler_does_not_wait_for_the_back_off() {
    let mut scheduler = one_failed(at(0));
    wake(&mut scheduler, at(10));
    assert_eq!(place(&scheduler, WAITING), Place::Backoff);
    assert_eq!(scheduler.pop(at(10)).unwrap().id, WAITING);
}

#[test]
fn without_events_it_is_tried_again_after_five_minutes() {
    let mut scheduler = one_failed(at(1000));
    assert_eq!(place(&scheduler, WAITING), Place::Unschedulable);
    assert_eq!(scheduler.next_due(), Some(SimTime::from_secs(330)));
    scheduler.flush(SimTime::from_secs(329));
    assert_eq!(place(&scheduler, WAITING), Place::Unschedulable);
    scheduler.flush(SimTime::from_secs(330));
    assert_eq!(place(&scheduler, WAITING), Place::Active);
    assert_eq!(scheduler.next_due(), None);
}

#[test]
fn what_happens_during_an_attempt_counts_at_its_end() {
    let mut scheduler = one_failed(at(0));
    wake(&mut scheduler, at(3000));
    let popped = scheduler.pop(at(3000)).unwrap();
    let Decision::Unschedulable(failure) = scheduler.schedule(popped.id, 0) else {
        panic!("there is no room")
    };
    wake(&mut scheduler, at(3001));
    scheduler.reject(popped.id, &failure, at(3002));
    assert_eq!(place(&scheduler, WAITING), Place::Backoff);
}

#[test]
fn a_failed_binding_backs_off_even_when_idle() {
    let mut scheduler = scheduler();
    scheduler.on_node_added(NodeId(0), &node(&Value::Null), at(0));
    scheduler.on_pod_added(WAITING, &pod(&Value::Null), at(0));
    let popped = scheduler.pop(at(500)).unwrap();
    let Decision::Bind { node } = scheduler.schedule(popped.id, 0) else { panic!("the node is free") };
    scheduler.assume(popped.id, node);
    assert_eq!(scheduler.cache().node(node).unwrap().requested.milli_cpu, 1000);
    scheduler.forget(popped.id, at(700));
    assert_eq!(scheduler.cache().node(node).unwrap().requested.milli_cpu, 0);
    assert_eq!(place(&scheduler, WAITING), Place::Backoff);
    assert_eq!(scheduler.pop(at(1900)), None);
    assert_eq!(scheduler.next_due(), Some(at(2000)));
    assert_eq!(scheduler.pop(at(2000)).unwrap().attempts, 2);
}

#[test]
fn the_queue_is_ordered_by_priority_then_time() {
    let mut scheduler = scheduler();
    for (id, priority, since) in [(0, 0, 5), (1, 10, 7), (2, 0, 3), (3, 10, 8)] {
        scheduler.on_pod_added(PodId(id), &pod(&json!({"spec": {"priority": priority}})), at(since));
    }
    let order: Vec<_> = std::iter::from_fn(|| scheduler.pop(at(10))).map(|pod| pod.id.0).collect();
    assert_eq!(order, [1, 3, 2, 0]);
}

#[test]
fn gates_keep_a_pod_out_until_they_are_gone() {
    let mut scheduler = scheduler();
    scheduler.on_node_added(NodeId(0), &node(&Value::Null), at(0));
    let gated = |gates: Value, version: &str| {
        pod(&json!({"metadata": {"resourceVersion": version}, "spec": {"schedulingGates": gates}}))
    };
    scheduler.on_pod_added(WAITING, &gated(json!([{"name": "a"}, {"name": "b"}]), "1"), at(0));
    assert_eq!(scheduler.gated(WAITING).unwrap().message(), "waiting for scheduling gates: [a b]");
    assert_eq!((scheduler.pop(at(0)), scheduler.next_due()), (None, None));
    scheduler.on_pod_updated(WAITING, &gated(json!([{"name": "b"}]), "2"), at(1));
    assert_eq!(scheduler.pop(at(1)), None);
    scheduler.on_pod_updated(WAITING, &gated(json!([]), "3"), at(2));
    assert_eq!(scheduler.pop(at(2)).unwrap().attempts, 1);
}

#[test]
fn a_preemptor_is_tried_again_when_its_victims_are_gone() {
    let mut scheduler = scheduler();
    scheduler.on_node_added(NodeId(0), &node(&Value::Null), at(0));
    scheduler.on_pod_added(OTHER, &pod(&json!({"spec": {"nodeName": "n"}})), at(0));
    let important = |nominated: Value| {
        pod(&json!({"spec": {"priority": 10}, "status": {"nominatedNodeName": nominated}}))
    };
    scheduler.on_pod_added(WAITING, &important(Value::Null), at(0));
    let popped = scheduler.pop(at(0)).unwrap();
    let Decision::Unschedulable(failure) = scheduler.schedule(popped.id, 0) else {
        panic!("there is no room")
    };
    assert_eq!(
        (failure.victims.as_slice(), failure.message.as_str()),
        ([OTHER].as_slice(), "0/1 nodes are available: 1 Insufficient cpu.")
    );
    scheduler.set_preempting(WAITING, true);
    scheduler.reject(WAITING, &failure, at(0));
    assert_eq!(scheduler.queue().nominator().node_of(WAITING).unwrap(), "n");
    // A pod of lower priority finds the node taken by the promise.
    let small =
        pod(&json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1m"}}}]}}));
    scheduler.on_pod_added(PodId(2), &small, at(1));
    scheduler.on_pod_updated(WAITING, &important("n".into()), at(2));
    scheduler.set_preempting(WAITING, false);
    scheduler.on_pod_deleted(OTHER, at(3));
    assert_eq!(scheduler.pop(at(3)).unwrap().id, PodId(2));
    let Decision::Unschedulable(_) = scheduler.schedule(PodId(2), 0) else { panic!("the node is promised") };
    assert_eq!(scheduler.pop(at(3)).unwrap().id, WAITING);
    let Decision::Bind { node } = scheduler.schedule(WAITING, 0) else { panic!("the victim is gone") };
    scheduler.assume(WAITING, node);
    assert!(scheduler.report().via_nominated_node && scheduler.queue().nominator().is_empty());
}

#[test]
fn victims_under_eviction_keep_the_preemptor_out() {
    let mut scheduler = one_failed(at(0));
    scheduler.set_preempting(WAITING, true);
    wake(&mut scheduler, at(20_000));
    assert_eq!(place(&scheduler, WAITING), Place::Unschedulable);
    scheduler.set_preempting(WAITING, false);
    wake(&mut scheduler, at(20_001));
    assert_eq!(place(&scheduler, WAITING), Place::Active);
}

/// What makes a pod fail, what happens then, and whether that is worth another attempt.
struct Case {
    name: &'static str,
    node: Value,
    pod: Value,
    event: fn(&mut Scheduler, SimTime),
    queued: bool,
}

/// A change of the node.
fn change_node(scheduler: &mut Scheduler, changes: &Value, now: SimTime) {
    let mut value = serde_json::to_value(&*scheduler.cache().node(NodeId(0)).unwrap().node).unwrap();
    merge(&mut value, changes);
    scheduler.on_node_updated(NodeId(0), &Arc::new(serde_json::from_value(value).unwrap()), now);
}

/// A change of the waiting pod.
fn change_pod(scheduler: &mut Scheduler, changes: &Value, now: SimTime) {
    let mut value = serde_json::to_value(&*scheduler.cache().pod(WAITING).unwrap().pod).unwrap();
    merge(&mut value, changes);
    scheduler.on_pod_updated(WAITING, &Arc::new(serde_json::from_value(value).unwrap()), now);
}

fn case(
    name: &'static str,
    node: Value,
    pod: Value,
    event: fn(&mut Scheduler, SimTime),
    queued: bool,
) -> Case {
    Case { name, node, pod, event, queued }
}

/// Pods that a taint or a cordon keeps off.
fn taint_cases() -> Vec<Case> {
    let tainted = || json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}});
    let cordoned = || json!({"spec": {"unschedulable": true}});
    vec![
        case(
            "taint removed",
            tainted(),
            json!({}),
            |s, t| change_node(s, &json!({"spec": {"taints": []}}), t),
            true,
        ),
        case(
            "taint changed to another",
            tainted(),
            json!({}),
            |s, t| change_node(s, &json!({"spec": {"taints": [{"key": "x", "effect": "NoExecute"}]}}), t),
            false,
        ),
        case(
            "label of a tainted node",
            tainted(),
            json!({}),
            |s, t| change_node(s, &json!({"metadata": {"labels": {"x": "y"}}}), t),
            false,
        ),
        case(
            "toleration added",
            tainted(),
            json!({}),
            |s, t| change_pod(s, &json!({"spec": {"tolerations": [{"operator": "Exists"}]}}), t),
            true,
        ),
        case(
            "uncordoned",
            cordoned(),
            json!({}),
            |s, t| change_node(s, &json!({"spec": {"unschedulable": false}}), t),
            true,
        ),
    ]
}

/// Pods that lack resources, a label, or company.
fn other_cases() -> Vec<Case> {
    let selective = || json!({"spec": {"nodeSelector": {"disk": "ssd"}}});
    let spread = || {
        json!({"metadata": {"labels": {"app": "w"}}, "spec": {"topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "w"}}}]}})
    };
    let near = || {
        json!({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}]}}}})
    };
    let big = || json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}});
    vec![
        case(
            "label that is wanted",
            json!({}),
            selective(),
            |s, t| change_node(s, &json!({"metadata": {"labels": {"disk": "ssd"}}}), t),
            true,
        ),
        case(
            "label that is not",
            json!({}),
            selective(),
            |s, t| change_node(s, &json!({"metadata": {"labels": {"disk": "hdd"}}}), t),
            false,
        ),
        case(
            "node grows enough",
            json!({}),
            big(),
            |s, t| change_node(s, &json!({"status": {"allocatable": {"cpu": "2"}}}), t),
            true,
        ),
        case(
            "node grows too little",
            json!({}),
            big(),
            |s, t| change_node(s, &json!({"status": {"allocatable": {"cpu": "1900m"}}}), t),
            false,
        ),
        case(
            "node with a rack",
            json!({}),
            spread(),
            |s, t| change_node(s, &json!({"metadata": {"labels": {"rack": "1"}}}), t),
            true,
        ),
        case(
            "pod that is wanted nearby",
            json!({}),
            near(),
            |s, t| s.on_pod_added(OTHER, &placed("db"), t),
            true,
        ),
        case("pod that is not", json!({}), near(), |s, t| s.on_pod_added(OTHER, &placed("web"), t), false),
    ]
}

/// A pod with a label on the node.
fn placed(app: &str) -> Arc<Pod> {
    let spec = json!({"nodeName": "n", "containers": []});
    pod(&json!({"metadata": {"name": app, "labels": {"app": app}}, "spec": spec}))
}

#[test]
fn only_events_that_may_help_are_worth_an_attempt() {
    for case in taint_cases().into_iter().chain(other_cases()) {
        let mut scheduler = scheduler();
        scheduler.on_node_added(NodeId(0), &node(&case.node), at(0));
        scheduler.on_pod_added(WAITING, &pod(&case.pod), at(0));
        fail(&mut scheduler, at(0));
        assert_eq!(place(&scheduler, WAITING), Place::Unschedulable, "{}", case.name);
        (case.event)(&mut scheduler, at(20_000));
        let expected = if case.queued { Place::Active } else { Place::Unschedulable };
        assert_eq!(place(&scheduler, WAITING), expected, "{}", case.name);
    }
}

/// On a node that is full another pod waits for a core, scratch space and a GPU; memory it does not ask for.
#[test]
fn a_node_that_grows_is_worth_an_attempt_where_the_pod_asks_for_what_grows() {
    let grows = |resource: &str, amount: &str| {
        let mut scheduler = scheduler();
        let offers =
            json!({"cpu": "1", "memory": "1Gi", "ephemeral-storage": "10Gi", "example.com/gpu": "4"});
        scheduler.on_node_added(NodeId(0), &node(&json!({"status": {"allocatable": offers}})), at(0));
        scheduler.on_pod_added(OTHER, &pod(&json!({"spec": {"nodeName": "n"}})), at(0));
        let asks = json!({"cpu": "1", "ephemeral-storage": "1Gi", "example.com/gpu": "1"});
        let waiting = json!({"spec": {"containers": [{"name": "c", "resources": {"requests": asks}}]}});
        scheduler.on_pod_added(WAITING, &pod(&waiting), at(0));
        fail(&mut scheduler, at(0));
        assert_eq!(place(&scheduler, WAITING), Place::Unschedulable);
        let change = json!({"status": {"allocatable": {resource: amount}}});
        change_node(&mut scheduler, &change, at(20_000));
        place(&scheduler, WAITING) == Place::Active
    };
    assert!(grows("cpu", "2"));
    assert!(grows("ephemeral-storage", "20Gi"));
    assert!(grows("example.com/gpu", "8"));
    assert!(grows("pods", "11"));
    assert!(!grows("memory", "2Gi"));
    assert!(!grows("cpu", "900m"));
}

#[test]
fn without_queueing_hints_any_registered_event_will_do() {
    let mut options = Options::default();
    options.queue.hints = false;
    let mut scheduler = Scheduler::new(&options).unwrap();
    scheduler.on_node_added(
        NodeId(0),
        &node(&json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}})),
        at(0),
    );
    scheduler.on_pod_added(WAITING, &pod(&Value::Null), at(0));
    fail(&mut scheduler, at(0));
    change_node(
        &mut scheduler,
        &json!({"spec": {"taints": [{"key": "x", "effect": "NoSchedule"}]}}),
        at(20_000),
    );
    assert_eq!(place(&scheduler, WAITING), Place::Active);
}

#[test]
fn a_pod_deleted_in_flight_leaves_nothing_behind() {
    let mut scheduler = one_failed(at(0));
    wake(&mut scheduler, at(3000));
    let popped = scheduler.pop(at(3000)).unwrap();
    let Decision::Unschedulable(failure) = scheduler.schedule(popped.id, 0) else {
        panic!("there is no room")
    };
    scheduler.on_pod_deleted(popped.id, at(3001));
    assert!(scheduler.skips(popped.id));
    scheduler.reject(popped.id, &failure, at(3002));
    assert_eq!((scheduler.queue().get(popped.id), scheduler.queue().lengths()), (None, (0, 0, 0)));
}

#[test]
fn no_node_at_all_counts_as_an_error() {
    let mut scheduler = scheduler();
    scheduler.on_pod_added(WAITING, &pod(&Value::Null), at(0));
    let popped = scheduler.pop(at(0)).unwrap();
    let Decision::Unschedulable(failure) = scheduler.schedule(popped.id, 0) else {
        panic!("there is no node")
    };
    assert_eq!(failure.message, "no nodes available to schedule pods");
    scheduler.reject(popped.id, &failure, at(0));
    assert_eq!(place(&scheduler, WAITING), Place::Backoff);
    assert_eq!(scheduler.next_due(), Some(SimTime::ZERO + SimDuration::from_secs(2)));
}
