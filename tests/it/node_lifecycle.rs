//! The life of containers and pods: the worked timelines C1 to C12, S1 to S5, N1 to N3 and V1 to V3.

use super::timeline::{Case, case};

/// Pod `p` whose spec is given as a YAML flow mapping, and programs named by their images.
macro_rules! pod {
    ($spec:literal $(, $image:literal: $program:literal)*) => {
        concat!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {", $spec, "}\n",
            $("---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: ", $image,
              "}\nspec: {match: {image: \"", $image, ":1\"}, ", $program, "}\n",)*
        )
    };
}

fn crashing(seconds: u64) -> Case {
    case(seconds, pod!("containers: [{name: c, image: crash:1}]", "crash": "runs: [{for: 2300ms, code: 1}]"))
}

#[test]
fn c1_crash_loop() {
    crashing(1280).check(
        &["start"],
        "0 start c 0\n3 start c 1\n16.5 start c 2\n40.5 start c 3\n86.5 start c 4\n176.5 start c 5
         343.5 start c 6\n653.5 start c 7\n963.5 start c 8\n1273.5 start c 9",
    );
}

#[test]
fn c1_what_the_api_shows() {
    crashing(44).check(
        &["state", "exit", "phase"],
        "0 state c ContainerCreating 0
         1 phase Running
         1 state c running 0
         2.3 exit c 1 Error
         3 state c terminated 1 Error 0
         4 state c running 1
         5.3 exit c 1 Error
         6 state c terminated 1 Error 1
         16.5 state c CrashLoopBackOff 1
         17 state c running 2
         18.8 exit c 1 Error
         19 state c terminated 1 Error 2
         29.5 state c CrashLoopBackOff 2
         41 state c running 3
         42.8 exit c 1 Error
         43 state c terminated 1 Error 3",
    );
}

#[test]
fn v1_events_of_a_crash_loop() {
    let text = |count: i32| format!("event BackOff x{count} ");
    let found: Vec<(String, String)> = super::timeline::lines(&crashing(87).run());
    let back_off: Vec<&str> = found
        .iter()
        .filter(|(_, what)| what.starts_with("event BackOff"))
        .enumerate()
        .inspect(|(at, (_, what))| assert!(what.starts_with(&text(*at as i32 + 1)), "{what}"))
        .map(|(_, (at, _))| at.as_str())
        .collect();
    assert_eq!(back_off, ["6", "19", "29.5", "43", "53.5", "64.5", "75.5"]);
    assert!(found.contains(&("86.5".to_owned(), "event Started x5 Started container c".to_owned())));
}

#[test]
fn c2_from_1_35_on_the_sync_comes_when_the_back_off_ends() {
    crashing(940).version("1.35").check(
        &["start"],
        "0 start c 0\n3 start c 1\n15.5 start c 2\n38.5 start c 3\n81.5 start c 4\n164.5 start c 5
         327.5 start c 6\n630.5 start c 7\n933.5 start c 8",
    );
}

#[test]
fn c4_ten_good_minutes_reset_the_back_off() {
    let body = pod!(
        "containers: [{name: c, image: crash:1}]",
        "crash": "runs: [{for: 2300ms, code: 1}, {for: 2300ms, code: 1}, {for: 2300ms, code: 1}, {for: 650s, code: 1}, \
                  {for: 2300ms, code: 1}]"
    );
    case(705, body).check(
        &["start"],
        "0 start c 0\n3 start c 1\n16.5 start c 2\n40.5 start c 3\n691 start c 4\n704.5 start c 5",
    );
}

#[test]
fn c5_less_than_ten_minutes_do_not() {
    let body = pod!(
        "containers: [{name: c, image: crash:1}]",
        "crash": "runs: [{for: 2300ms, code: 1}, {for: 2300ms, code: 1}, {for: 2300ms, code: 1}, {for: 599s, code: 1}]"
    );
    // Exit at 639.5, seen at 640, 40 s from the exit: syncs at 650.5, 661.5, 672.5, 683.5.
    case(690, body)
        .check(&["start"], "0 start c 0\n3 start c 1\n16.5 start c 2\n40.5 start c 3\n683.5 start c 4");
}

#[test]
fn c6_an_image_that_cannot_be_pulled() {
    let body = pod!("containers: [{name: c, image: none:1}]", "none": "image: {missing: true}");
    case(640, body).check(
        &["pull"],
        "0 pull c\n11.5 pull c\n33.5 pull c\n77.5 pull c\n165.5 pull c\n330.5 pull c\n638.5 pull c",
    );
    case(34, body).check(
        &["state", "phase", "event BackOff"],
        "0 state c ContainerCreating 0
         1 state c ErrImagePull 0
         1 event BackOff x1 Back-off pulling image \"none:1\"
         11.5 state c ImagePullBackOff 0
         22.5 state c ErrImagePull 0
         22.5 event BackOff x2 Back-off pulling image \"none:1\"
         33.5 state c ImagePullBackOff 0",
    );
}

#[test]
fn c7_init_containers_one_after_another() {
    let body = pod!(
        "initContainers: [{name: i1, image: one:1}, {name: i2, image: two:1}], containers: [{name: c, image: app:1}]",
        "one": "runs: [{for: 2300ms, code: 0}]", "two": "runs: [{for: 3200ms, code: 0}]"
    );
    case(10, body).check(
        &["start", "exit", "Initialized", "Ready", "phase"],
        "0 start i1 0
         0 Initialized False
         0 Ready False
         2.3 exit i1 0 Completed
         3 start i2 0
         6.2 exit i2 0 Completed
         7 start c 0
         7 Initialized True
         8 phase Running
         8 Ready True",
    );
}

#[test]
fn init_containers_run_again_in_a_new_sandbox() {
    let body = pod!(
        "initContainers: [{name: i1, image: one:1}, {name: i2, image: two:1}], containers: [{name: c, image: app:1}]",
        "one": "runs: [{for: 2300ms, code: 0}]", "two": "runs: [{for: 3200ms, code: 0}]"
    );
    case(40, body).steps("[{at: 20200ms, fault: {sandboxKilled: {pod: p}}}]").check(
        &["start"],
        "0 start i1 0
         3 start i2 0
         7 start c 0
         21 start i1 1
         24 start i2 1
         28 start c 1",
    );
}

#[test]
fn c8_a_sidecar_must_have_started() {
    let body = pod!(
        "initContainers: [{name: i, image: one:1}, {name: s, image: side:1, restartPolicy: Always, startupProbe: \
         {tcpSocket: {port: 80}, periodSeconds: 2}}], containers: [{name: c, image: app:1}]",
        "one": "runs: [{for: 1300ms, code: 0}]", "side": "startup: {after: 2200ms}"
    );
    case(8, body).check(&["start", "phase"], "0 start i 0\n2 start s 0\n6 start c 0\n7 phase Running");
    let plain = pod!(
        "initContainers: [{name: i, image: one:1}, {name: s, image: side:1, restartPolicy: Always}], containers: \
         [{name: c, image: app:1}]",
        "one": "runs: [{for: 1300ms, code: 0}]"
    );
    case(8, plain).check(&["start"], "0 start i 0\n2 start s 0\n3 start c 0");
}

#[test]
fn c9_sidecars_stop_after_the_app_in_reverse_order() {
    let body = pod!(
        "initContainers: [{name: a, image: side:1, restartPolicy: Always}, {name: b, image: side:1, restartPolicy: \
         Always}], containers: [{name: c, image: app:1}]",
        "app": "onSigterm: {exitAfter: 4s, code: 0}", "side": "onSigterm: {code: 0}"
    );
    case(120, body).delete(100, 30).check(
        &["SIG", "exit", "removed"],
        "100 SIGTERM c
         104 exit c 0 Completed
         104 SIGTERM b
         104 exit b 0 Completed
         104 SIGTERM a
         104 exit a 0 Completed
         105 removed",
    );
}

#[test]
fn c10_a_program_that_ignores_sigterm_is_killed() {
    let body = pod!("containers: [{name: c, image: app:1}]", "app": "onSigterm: ignored");
    case(140, body).delete(100, 30).check(
        &["SIG", "exit", "removed"],
        "100 SIGTERM c\n130 SIGKILL c\n130 exit c 137 Error\n131 removed",
    );
}

#[test]
fn c10_sidecars_get_two_seconds_when_the_grace_is_over() {
    let body = pod!(
        "initContainers: [{name: a, image: app:1, restartPolicy: Always}, {name: b, image: app:1, restartPolicy: \
         Always}], containers: [{name: c, image: app:1}]",
        "app": "onSigterm: ignored"
    );
    case(140, body).delete(100, 30).check(
        &["SIGTERM", "exit", "removed"],
        "100 SIGTERM c
         130 SIGTERM a
         130 SIGTERM b
         130 exit c 137 Error
         132 exit a 137 Error
         132 exit b 137 Error
         133 removed",
    );
}

#[test]
fn c11_the_pre_stop_hook_takes_from_the_grace() {
    let body = pod!(
        "containers: [{name: c, image: app:1, lifecycle: {preStop: {sleep: {seconds: 10}}}}]",
        "app": "onSigterm: {exitAfter: 3s, code: 0}"
    );
    case(120, body)
        .delete(100, 30)
        .check(&["SIG", "exit", "removed"], "110 SIGTERM c\n113 exit c 0 Completed\n114 removed");
    let long = pod!(
        "containers: [{name: c, image: app:1, lifecycle: {preStop: {exec: {command: [sleep, \"40\"]}}}}]",
        "app": "onSigterm: ignored"
    );
    case(140, long).delete(100, 30).check(
        &["SIG", "exit", "removed"],
        "130 SIGTERM c\n132 SIGKILL c\n132 exit c 137 Error\n133 removed",
    );
}

#[test]
fn c12_a_short_life_between_two_relists_is_seen() {
    let body =
        pod!("containers: [{name: c, image: app:1}]", "app": "runs: [{for: 300ms, code: 1}, {for: forever}]");
    case(5, body).check(
        &["state", "start"],
        "0 start c 0
         0 state c ContainerCreating 0
         1 start c 1
         1 state c terminated 1 Error 0
         2 state c running 1",
    );
}

#[test]
fn s1_a_finished_pod_is_published_two_relists_later() {
    let body = pod!("restartPolicy: Never, containers: [{name: c, image: app:1}]", "app": "runs: [{for: 5300ms, code: 0}]");
    case(12, body).check(
        &["phase", "state"],
        "0 state c ContainerCreating 0
         1 phase Running
         1 state c running 0
         6 state c terminated 0 Completed 0
         8 phase Succeeded",
    );
}

#[test]
fn s2_on_failure_keeps_the_phase() {
    let body = pod!(
        "restartPolicy: OnFailure, containers: [{name: c, image: app:1}]",
        "app": "runs: [{for: 5300ms, code: 1}, {for: forever}]"
    );
    case(12, body).check(&["phase", "start"], "0 start c 0\n1 phase Running\n6 start c 1");
}

#[test]
fn s3_a_pod_runs_until_its_last_container_has_ended() {
    let body = pod!(
        "restartPolicy: Never, containers: [{name: a, image: one:1}, {name: b, image: two:1}]",
        "one": "runs: [{for: 2s, code: 0}]", "two": "runs: [{for: 9500ms, code: 0}]"
    );
    case(14, body).check(&["phase"], "1 phase Running\n12 phase Succeeded");
}

#[test]
fn s4_a_failed_init_container() {
    let never = pod!(
        "restartPolicy: Never, initContainers: [{name: i, image: one:1}], containers: [{name: c, image: app:1}]",
        "one": "runs: [{for: 1500ms, code: 1}]"
    );
    case(8, never).check(&["phase", "start"], "0 start i 0\n4 phase Failed");
    let always = pod!(
        "initContainers: [{name: i, image: one:1}], containers: [{name: c, image: app:1}]",
        "one": "runs: [{for: 1500ms, code: 1}]"
    );
    case(15, always).check(&["phase", "start"], "0 start i 0\n2 start i 1\n14.5 start i 2");
}

#[test]
fn s5_deletion_while_the_image_is_pulled() {
    let body = pod!("containers: [{name: c, image: app:1}]", "app": "image: {pull: 60s}");
    let lines = super::timeline::lines(&case(20, body).delete(10, 30).run());
    assert!(lines.iter().any(|(at, what)| what == "removed" && (at == "11" || at == "12")), "{lines:?}");
    assert!(!lines.iter().any(|(_, what)| what.starts_with("start")));
}

#[test]
fn n2_the_second_bind_of_a_port_fails() {
    let body = pod!(
        "containers: [{name: a, image: one:1}, {name: b, image: two:1}]",
        "one": "ports: 8080", "two": "ports: 8080, startup: {after: 100ms}"
    );
    case(17, body).check(
        &["exit", "start b", "phase", "Ready"],
        "0 start b 0
         0 Ready False
         0.1 exit b 1 Error
         1 start b 1
         1 phase Running
         1.1 exit b 1 Error
         12.5 start b 2
         12.6 exit b 1 Error",
    );
}

#[test]
fn v2_the_spam_filter_lets_one_event_in_300_s_pass() {
    let body = pod!(
        "containers: [{name: c, image: app:1, livenessProbe: {exec: {command: [\"no\"]}, periodSeconds: 1, \
         failureThreshold: 100000}}]",
        "app": "exec: [{code: 1}]"
    );
    // The probe fails at 1, 2, ...: 25 events pass, then one whenever a token has refilled.
    let lines = super::timeline::lines(&case(605, body).run());
    let found: Vec<String> = lines
        .iter()
        .filter(|(_, what)| what.starts_with("event Unhealthy"))
        .map(|(at, what)| format!("{at} {}", what.split(' ').nth(2).unwrap_or_default()))
        .collect();
    assert_eq!(found[0], "1 x1");
    assert_eq!(found[24], "25 x25");
    assert_eq!(found[25..], ["301 x301".to_owned(), "601 x601".to_owned()]);
}

#[test]
fn hooks_a_failed_post_start_hook_kills_the_container() {
    let body = pod!(
        "containers: [{name: c, image: app:1, lifecycle: {postStart: {exec: {command: [\"no\"]}}}}]",
        "app": "exec: [{contains: \"no\", code: 1}]"
    );
    case(2, body).check(
        &["start", "exit", "event Killing", "event FailedPostStartHook", "state"],
        "0 start c 0
         0 exit c 143 Error
         0 state c ContainerCreating 0
         0 event FailedPostStartHook x1 PostStartHook failed
         0 event Killing x1 FailedPostStartHook
         1 start c 1
         1 exit c 143 Error
         1 state c PostStartHookError 0
         1 event FailedPostStartHook x2 PostStartHook failed
         1 event Killing x2 FailedPostStartHook
         2 state c PostStartHookError 1",
    );
}

#[test]
fn a_deadline_ends_the_pod() {
    let body = pod!("activeDeadlineSeconds: 10, containers: [{name: c, image: app:1}]", "app": "onSigterm: {code: 0}");
    case(15, body).check(
        &["exit", "phase", "event DeadlineExceeded"],
        "1 phase Running
         10.5 event DeadlineExceeded x1 Pod was active on the node longer than the specified deadline
         11 exit c 0 Completed
         12 phase Failed DeadlineExceeded",
    );
}

#[test]
fn admission_rejects_what_does_not_fit() {
    let body =
        pod!("nodeName: n-1, containers: [{name: c, image: app:1, resources: {requests: {cpu: \"5\"}}}]");
    case(3, body).check(
        &["start", "phase", "event OutOfcpu"],
        "0 event OutOfcpu x1 Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000
         0 phase Failed OutOfcpu",
    );
}

#[test]
fn another_image_restarts_the_container_whatever_the_policy() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {restartPolicy: Never, containers: [{name: c, image: \
                app:1}]}\n";
    case(30, body).steps("[{at: 10s, kubectl: set image pod/p c=app:2}]").check(
        &["start", "SIGTERM", "exit", "event Killing", "phase"],
        "0 start c 0
         1 phase Running
         10 SIGTERM c
         10 exit c 143 Error
         10 start c 1
         10 event Killing x1 Container c definition changed, will be restarted",
    );
}

#[test]
fn an_image_name_that_cannot_be_parsed() {
    let body =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"App:1\"}]}\n";
    // The second sync comes when the sandbox is seen.
    case(2, body).check(
        &["event InspectFailed", "event Failed", "state", "phase"],
        "0 state c ContainerCreating 0
         0 event InspectFailed x1 Failed to apply default image tag \"App:1\": couldn't parse image name \"App:1\": invalid reference format
         0 event Failed x1 Error: InvalidImageName
         1 state c InvalidImageName 0
         1 event InspectFailed x2 Failed to apply default image tag \"App:1\": couldn't parse image name \"App:1\": invalid reference format
         1 event Failed x2 Error: InvalidImageName",
    );
}

#[test]
fn event_texts_follow_the_version() {
    let body =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1}]}\n";
    let shown = &["event Created", "event Started"];
    case(5, body)
        .version("1.31")
        .check(shown, "0 event Created x1 Created container c\n0 event Started x1 Started container c");
    case(5, body)
        .check(shown, "0 event Created x1 Created container: c\n0 event Started x1 Started container c");
    case(5, body)
        .version("1.35")
        .check(shown, "0 event Created x1 Container created\n0 event Started x1 Container started");
}
