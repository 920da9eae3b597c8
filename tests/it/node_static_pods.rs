//! Static pods, their images in the API, and names of pods (`spec` node 6.4, 6.5).

use super::timeline::{Case, case};

const PUT: &str = "{at: 1s, staticPod: {node: n-1, put: {apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: \
                   [{name: c, image: \"web:1\"}]}}}}";
const SHOWN: &[&str] = &["start", "exit", "phase", "state", "removed", "Ready"];

fn with(steps: &str) -> Case {
    let app = "apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: web}\nspec: {match: {image: \"web:*\"}, \
               onSigterm: {exitAfter: 2s}}\n";
    case(40, app).steps(Box::leak(format!("[{PUT}{steps}]").into_boxed_str()))
}

/// The pods that the API has in the end, and what they are of.
fn pods_at_the_end(case: &Case) -> Vec<(String, String)> {
    use shakedown::api::{Object, Op};
    use shakedown::trace::Detail;
    let mut pods = std::collections::BTreeMap::new();
    for record in case.run() {
        let Detail::Commit(commit) = &record.detail else { continue };
        let Object::Pod(pod) = &commit.new else { continue };
        match commit.op {
            Op::Deleted => pods.remove(&commit.id.index),
            _ => pods.insert(commit.id.index, pod.clone()),
        };
    }
    let owner = |pod: &shakedown::api::pod::Pod| {
        pod.metadata.owner_references.first().map(|owner| format!("{}/{}", owner.kind, owner.name))
    };
    pods.values().map(|pod| (pod.metadata.name.to_string(), owner(pod).unwrap_or_default())).collect()
}

#[test]
fn a_static_pod_is_run_by_its_kubelet_and_shown_in_the_api() {
    let case = with("");
    case.check(
        SHOWN,
        "1 start c 0
         2 phase Running
         2 Ready True
         2 state c running 0",
    );
    assert_eq!(pods_at_the_end(&case), [("web-n-1".to_owned(), "Node/n-1".to_owned())]);
}

#[test]
fn deleting_its_image_does_not_end_it() {
    let case = with(", {at: 10s, kubectl: delete pod web-n-1}");
    case.check(
        SHOWN,
        "1 start c 0
         2 phase Running
         2 Ready True
         2 state c running 0
         10 removed
         20 phase Running
         20 Ready True
         20 state c running 0",
    );
    assert_eq!(pods_at_the_end(&case).len(), 1);
}

#[test]
fn without_its_manifest_it_ends() {
    let case = with(", {at: 10s, staticPod: {node: n-1, remove: web}}");
    case.check(
        &["start", "exit", "SIG", "removed"],
        "1 start c 0
         10 SIGTERM c
         12 exit c 0 Completed
         13 removed",
    );
    assert!(pods_at_the_end(&case).is_empty());
}

#[test]
fn a_changed_manifest_is_another_pod_that_begins_when_the_old_one_has_ended() {
    let change = PUT.replace("web:1", "web:2").replace("at: 1s", "at: 10s");
    let case = with(&format!(", {change}"));
    case.check(
        &["start", "exit", "SIG", "removed"],
        "1 start c 0
         10 SIGTERM c
         12 exit c 0 Completed
         13 start c 0
         13 removed",
    );
    assert_eq!(pods_at_the_end(&case).len(), 1);
}

#[test]
fn it_runs_on_and_restarts_without_the_api_server() {
    let steps = ", {at: 5s, fault: {partition: {between: [controlPlane, {node: n-1}], for: 10s}}}, {at: 8s, fault: {exit: {pod: \
                 default/web-n-1, code: 3}}}";
    with(steps).check(
        &["start", "exit"],
        "1 start c 0
         8 exit c 3 Error
         8 start c 1",
    );
}

#[test]
fn it_comes_back_after_a_reboot_and_is_never_drained() {
    with(", {at: 10s, fault: {nodeReboot: {node: n-1, downFor: 5s}}}").check(
        &["start", "removed"],
        "1 start c 0
         15 start c 1",
    );
    with(", {at: 10s, kubectl: drain n-1}").check(&["start", "SIG", "removed"], "1 start c 0");
}

#[test]
fn it_makes_room_for_itself() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec: {containers: [{name: big, image: \"big:1\", resources: {requests: \
               {cpu: 4}}}]}\n";
    let steps = "[{at: 5s, staticPod: {node: n-1, put: {apiVersion: v1, kind: Pod, metadata: {name: s}, spec: {containers: [{name: s, \
                 image: \"s:1\", resources: {requests: {cpu: 1}}}]}}}}]";
    case(10, pod).steps(steps).check(
        &["start", "SIG", "phase Failed", "event Preempting"],
        "0 start big 0
         5 SIGTERM big
         5 start s 0
         5 event Preempting x1 Preempted in order to admit critical pod
         6 phase Failed Preempting",
    );
}

#[test]
fn a_kubelet_that_boots_without_the_api_server_runs_its_static_pods() {
    let steps = ", {at: 10s, fault: {partition: {between: [controlPlane, {node: n-1}], for: 20s}}}, {at: 12s, fault: {nodeReboot: \
                 {node: n-1, downFor: 5s}}}, {at: 25s, fault: {exit: {pod: default/web-n-1, code: 3}}}";
    // The list comes at 30.0 and makes the kubelet forget nothing of its static pods: the back-off goes on.
    let mut case = with(steps).lasts(41);
    case.check(
        &["start", "exit", "state"],
        "1 start c 0
         2 state c running 0
         17 start c 1
         25 exit c 3 Error
         30 state c CrashLoopBackOff 1
         40.5 start c 2
         41 state c running 2",
    );
    // A pod of the API has to wait until the kubelet hears of it.
    case = super::timeline::case(
        40,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"web:1\"}]}\n",
    );
    let reboot = "[{at: 10s, fault: {partition: {between: [controlPlane, {node: n-1}], for: 20s}}}, {at: 12s, fault: {nodeReboot: \
                  {node: n-1, downFor: 5s}}}]";
    case.steps(reboot).check(&["start"], "0 start c 0\n30 start c 1");
}

#[test]
fn its_events_are_shown_with_its_image() {
    let text = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  duration: 20s\n  cluster: \
                {nodePools: [{name: n, count: 1}]}\n  steps: [PUT]\n  expect: [{at: 10s, kubectl: describe pod web-n-1, contains: \
                Started container c}]\n";
    let scenario = shakedown::scenario::from_text("s.yaml", &text.replace("PUT", PUT)).unwrap();
    let mut simulation = shakedown::sim::Simulation::new(&scenario, &shakedown::sim::RunOptions::default());
    let end = simulation.world.end;
    simulation.run_until(end, &mut |_| {}).unwrap();
    let verdict = simulation.finish(&mut |_| {});
    assert!(verdict.expectations.iter().all(|checked| checked.held()));
}
