//! CPU limits and contention stretch work (`spec` node 5.1, R1, R2).

use super::timeline::case;

/// A pod `p` with one container `c` that has these resources, and a program.
macro_rules! program {
    ($container:literal, $app:literal) => {
        concat!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"app:1\", ",
            $container,
            "}]}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: ",
            "{image: \"app:1\"}, ",
            $app,
            "}\n"
        )
    };
}

#[test]
fn r1_a_limit_stretches_the_startup() {
    // 5 s of CPU at 50 ms in each 100 ms: 99 whole periods and half a one.
    let body = program!(
        "resources: {limits: {cpu: 500m}}, readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}",
        "startup: {cpu: 5s}"
    );
    case(20, body).check(
        &["Ready True", "event Unhealthy"],
        "
        1 event Unhealthy x1 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        2 event Unhealthy x2 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        3 event Unhealthy x3 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        4 event Unhealthy x4 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        5 event Unhealthy x5 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        6 event Unhealthy x6 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        7 event Unhealthy x7 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        8 event Unhealthy x8 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        9 event Unhealthy x9 Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused
        10 Ready True",
    );
}

#[test]
fn a_throttled_handler_makes_a_liveness_probe_time_out() {
    // 200 ms of CPU at 10 ms in each 100 ms take 1.91 s; without the limit 0.2 s.
    let tight = program!(
        "resources: {limits: {cpu: 100m}}, livenessProbe: {httpGet: {port: 80}, failureThreshold: 2}",
        "http: {\"/\": {cpu: 200ms}}"
    );
    let text = "Liveness probe failed: Get \"http://10.244.0.2:80/\": context deadline exceeded (Client.Timeout \
                exceeded while awaiting headers)";
    let expected =
        format!("11 event Unhealthy x1 {text}\n21 SIGTERM c\n21 start c 1\n21 event Unhealthy x2 {text}");
    case(29, tight).check(&["event Unhealthy", "SIGTERM", "start c 1"], &expected);
    let roomy = program!("livenessProbe: {httpGet: {port: 80}}", "http: {\"/\": {cpu: 200ms}}");
    case(60, roomy).check(&["event Unhealthy", "SIGTERM"], "");
    // A command that costs CPU is stretched as well.
    let command = program!(
        "resources: {limits: {cpu: 100m}}, readinessProbe: {exec: {command: [check]}, timeoutSeconds: 2}",
        "exec: [{cpu: 200ms}]"
    );
    case(30, command).check(&["Ready True"], "2.91 Ready True");
    // With shorter periods the last part of the work waits less.
    case(30, command).settings("{cpuCFSQuotaPeriod: 20ms}").check(&["Ready True"], "2.982 Ready True");
}

#[test]
fn r2_two_busy_pods_share_one_cpu_by_their_requests() {
    // 102 : 307 of one CPU. `a` has a quarter of it (249 thousandths) until `b` is done with its 30 s of work at 40 s
    // (750 thousandths); then it has all.
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: \"app:1\", resources: \
                {requests: {cpu: 100m}}, readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}]}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: b, image: \"app:2\", resources: \
                {requests: {cpu: 300m}}, readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: a}\nspec: {match: {image: \"app:1\"}, \
                startup: {cpu: 20s}}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: b}\nspec: {match: {image: \"app:2\"}, \
                startup: {cpu: 30s}}\n";
    case(90, body)
        .node("cpu: 1, memory: 16Gi, pods: 110")
        .check(&["Ready True"], "40 Ready True\n51 Ready True");
}

#[test]
fn a_limit_binds_also_when_the_machine_is_idle_and_a_guaranteed_pod_is_not_slowed_by_others() {
    // The Guaranteed pod has 2 of 4 cores by its shares, whatever the BestEffort pod wants.
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: g}\nspec: {containers: [{name: g, image: \"app:1\", resources: \
                {limits: {cpu: 2, memory: 1Gi}}, readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}]}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: b, image: \"app:2\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: g}\nspec: {match: {image: \"app:1\"}, \
                startup: {cpu: 20s}, cpu: {threads: 2}}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: b}\nspec: {match: {image: \"app:2\"}, \
                cpu: {base: 16}}\n";
    case(30, body).check(&["Ready True"], "1 Ready True\n10 Ready True");
}
