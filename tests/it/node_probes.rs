//! Probes: the worked timelines P1 to P9.

use super::timeline::{Case, case};

/// A pod `p` with one container `c` that has these probes, and the program in it.
macro_rules! probed {
    ($probes:literal, $program:literal) => {
        concat!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: app:1, ",
            $probes,
            "}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: \
             {image: \"app:*\"}, ",
            $program,
            "}\n"
        )
    };
}

#[test]
fn p1_a_liveness_probe_that_always_fails_ends_in_a_crash_loop() {
    let body = probed!(
        "livenessProbe: {httpGet: {port: 80}}",
        "http: {\"/\": {status: 500}}, onSigterm: {code: 143}"
    );
    case(312, body).check(
        &["start", "exit"],
        "0 start c 0
         30 exit c 143 Error
         30 start c 1
         60 exit c 143 Error
         60 start c 2
         90 exit c 143 Error
         90 start c 3
         120 exit c 143 Error
         120 start c 4
         150 exit c 143 Error
         194.5 start c 5
         220 exit c 143 Error
         308.5 start c 6",
    );
}

#[test]
fn p2_a_program_that_ignores_sigterm_is_killed_after_the_grace() {
    let body =
        probed!("livenessProbe: {httpGet: {port: 80}}", "http: {\"/\": {status: 500}}, onSigterm: ignored");
    case(100, body).check(
        &["start", "exit", "SIG"],
        "0 start c 0
         30 SIGTERM c
         60 SIGKILL c
         60 exit c 137 Error
         60 start c 1
         90 SIGTERM c",
    );
}

#[test]
fn p2_the_probe_may_have_a_grace_of_its_own() {
    let body = probed!(
        "livenessProbe: {httpGet: {port: 80}, terminationGracePeriodSeconds: 5}",
        "http: {\"/\": {status: 500}}, onSigterm: ignored"
    );
    case(40, body).check(&["exit", "SIG"], "30 SIGTERM c\n35 SIGKILL c\n35 exit c 137 Error");
}

#[test]
fn p3_readiness_is_asked_as_soon_as_the_container_is_seen() {
    let body = probed!("readinessProbe: {httpGet: {port: 80}}", "startup: {after: 0s}");
    case(30, body).check(&["Ready"], "0 Ready False\n1 Ready True");
}

fn delayed() -> Case {
    case(30, probed!("readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 5}", "startup: {after: 0s}"))
}

#[test]
fn p4_the_second_trigger_moves_the_ticks() {
    delayed().check(&["Ready"], "0 Ready False\n12 Ready True");
}

#[test]
fn p4_older_kubelets_kept_the_ticks() {
    delayed().version("1.28").check(&["Ready"], "0 Ready False\n10 Ready True");
}

#[test]
fn p5_startup_holds_the_other_probes_back() {
    let body = probed!(
        "startupProbe: {tcpSocket: {port: 80}, periodSeconds: 5, failureThreshold: 30}, livenessProbe: {httpGet: \
         {port: 80}}, readinessProbe: {httpGet: {port: 80}}",
        "startup: {after: 42300ms}"
    );
    case(60, body).check(
        &["Ready", "event Unhealthy"],
        "0 Ready False
         5 event Unhealthy x1 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         10 event Unhealthy x2 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         15 event Unhealthy x3 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         20 event Unhealthy x4 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         25 event Unhealthy x5 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         30 event Unhealthy x6 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         35 event Unhealthy x7 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         40 event Unhealthy x8 Startup probe failed: dial tcp 10.244.0.2:80: connect: connection refused
         45 Ready True",
    );
}

#[test]
fn p6_a_startup_budget_is_threshold_times_period() {
    let body = probed!(
        "startupProbe: {tcpSocket: {port: 80}, periodSeconds: 5, failureThreshold: 3}",
        "startup: {after: 1h}, onSigterm: {code: 0}"
    );
    case(16, body).check(
        &["event Killing", "exit", "start"],
        "0 start c 0
         15 exit c 0 Completed
         15 start c 1
         15 event Killing x1 Container c failed startup probe, will be restarted",
    );
}

fn flapping(success: &'static str) -> Case {
    let steps = "[{at: 100s, fault: {probeFailure: {pod: default/p, for: 18s}}}]";
    case(140, success).steps(steps)
}

#[test]
fn p7_readiness_fails_after_three_and_recovers_after_one() {
    let body = probed!("readinessProbe: {httpGet: {port: 80}, periodSeconds: 5}", "startup: {after: 0s}");
    flapping(body).check(&["Ready"], "0 Ready False\n1 Ready True\n111 Ready False\n121 Ready True");
}

#[test]
fn p7_or_after_two() {
    // The sync at 2 asks once more, so the ticks are at 2, 7, ...
    let body = probed!(
        "readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, successThreshold: 2}",
        "startup: {after: 0s}"
    );
    flapping(body).check(&["Ready"], "0 Ready False\n2 Ready True\n112 Ready False\n127 Ready True");
}

#[test]
fn p8_the_start_is_truncated_to_whole_seconds() {
    let early = probed!(
        "livenessProbe: {httpGet: {port: 80}, initialDelaySeconds: 10, failureThreshold: 1}",
        "image: {pull: 900ms}, http: {\"/\": {status: 500}}"
    );
    case(15, early).check(&["start c 0", "exit"], "0.9 start c 0\n10 exit c 143 Error");
    let late = probed!(
        "livenessProbe: {httpGet: {port: 80}, initialDelaySeconds: 10, failureThreshold: 1}",
        "image: {pull: 1100ms}, http: {\"/\": {status: 500}}"
    );
    case(25, late).check(&["start c 0", "exit"], "1.1 start c 0\n20 exit c 143 Error");
}

#[test]
fn p9_a_slow_answer_is_a_failure_at_the_timeout() {
    let body = probed!("readinessProbe: {httpGet: {port: 80}}", "http: {\"/\": {latency: 2s}}");
    // Triggered at 1; the sync at 2, due to the initial result, triggers the next one.
    case(3, body).check(
        &["event Unhealthy"],
        "2 event Unhealthy x1 Readiness probe failed: Get \"http://10.244.0.2:80/\": context deadline exceeded \
         (Client.Timeout exceeded while awaiting headers)
         3 event Unhealthy x2 Readiness probe failed: Get \"http://10.244.0.2:80/\": context deadline exceeded \
         (Client.Timeout exceeded while awaiting headers)",
    );
}

#[test]
fn p9_attempts_of_a_hung_server_follow_each_other_at_once() {
    let body = probed!(
        "livenessProbe: {httpGet: {port: 80}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 100}",
        "http: {\"/\": {latency: 1h}}"
    );
    let lines = super::timeline::lines(&case(20, body).run());
    let failures = lines.iter().filter(|(_, what)| what.starts_with("event Unhealthy"));
    let found: Vec<&str> = failures.map(|(at, _)| at.as_str()).collect();
    assert_eq!(found, ["6", "11", "16"]);
}
