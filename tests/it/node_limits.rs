//! What the kernel and the kubelet refuse: ports, processes, disk space, room on the node; and how programs and probes show it.

use super::timeline::{Case, case};

/// Pods and programs, each as name and the inside of its spec.
fn cluster(pods: &[(&str, &str)], apps: &[(&str, &str)]) -> String {
    let pods = pods.iter().map(|(name, spec)| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    });
    let apps = apps.iter().map(|(name, spec)| {
        format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: {name}}}\nspec: {{match: {{image: \
             \"{name}:1\"}}, {spec}}}\n"
        )
    });
    pods.chain(apps).collect::<Vec<_>>().join("---\n")
}

/// One pod `p` with one container `c`, which has these fields, and its program.
fn one(seconds: u64, container: &str, app: &str) -> Case {
    let spec = format!("containers: [{{name: c, image: \"app:1\", {container}}}]");
    case(seconds, cluster(&[("p", &spec)], &[("app", app)]))
}

/// The message of the newest end of container `c` that the API shows.
fn termination_message(case: &Case) -> Option<String> {
    use shakedown::api::Object;
    use shakedown::trace::Detail;
    let records = case.run();
    let mut messages = records.iter().filter_map(|record| {
        let Detail::Commit(commit) = &record.detail else { return None };
        let Object::Pod(pod) = &commit.new else { return None };
        let status = pod.status.container_statuses.first()?;
        status.state.terminated.as_ref().or(status.last_state.terminated.as_ref()).cloned()
    });
    messages.next_back().and_then(|ended| ended.message).map(|text| text.to_string())
}

#[test]
fn a_program_says_why_it_ended() {
    let runs =
        "runs: [{for: 2300ms, code: 1, message: no database, log: \"connecting\\npanic\"}, {for: forever}]";
    assert_eq!(termination_message(&one(5, "", runs)).as_deref(), Some("no database"));
    let silent = "runs: [{for: 2300ms, code: 1, log: \"connecting\\npanic\"}, {for: forever}]";
    assert_eq!(termination_message(&one(5, "", silent)), None);
    let fallback = "terminationMessagePolicy: FallbackToLogsOnError";
    assert_eq!(termination_message(&one(5, fallback, silent)).as_deref(), Some("connecting\npanic\n"));
    assert_eq!(termination_message(&one(5, fallback, runs)).as_deref(), Some("no database"));
}

#[test]
fn a_probe_follows_redirects_within_the_host_only() {
    let probe = "readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 100}";
    let shown = &["event Unhealthy", "event ProbeWarning", "Ready True"];
    let inside =
        "http: {/: {location: /home}, /home: {status: 301, location: /login}, /login: {status: 503}}";
    one(1, probe, inside)
        .check(shown, "1 event Unhealthy x1 Readiness probe failed: HTTP probe failed with statuscode: 503");
    one(1, probe, "http: {/: {location: \"https://example.com/\"}}").check(
        shown,
        "1 event ProbeWarning x1 Readiness probe warning: Probe terminated redirects, Response body:
         1 Ready True",
    );
    one(1, probe, "http: {/: {location: /a}, /a: {location: /}}").check(
        shown,
        "1 event Unhealthy x1 Readiness probe failed: Get \"http://10.244.0.2:80/\": stopped after 10 redirects",
    );
}

#[test]
fn a_grpc_probe_reads_the_health_of_a_service() {
    let probe = |service: &str| {
        format!("readinessProbe: {{grpc: {{port: 80, service: \"{service}\"}}, periodSeconds: 100}}")
    };
    let health = "grpcHealth: {\"\": {}, orders: {status: NOT_SERVING}, slow: {latency: 2s}, none: {status: UNIMPLEMENTED}}";
    let check = |service: &str, expected: &str| {
        // One attempt each: the kubelet asks again with the next sync.
        let seconds = if service == "slow" { 2 } else { 1 };
        one(seconds, &probe(service), health).check(&["event Unhealthy", "Ready True"], expected);
    };
    check("", "1 Ready True");
    check(
        "orders",
        "1 event Unhealthy x1 Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")",
    );
    check(
        "slow",
        "2 event Unhealthy x1 Readiness probe failed: timeout: health rpc did not complete within 1s",
    );
    check(
        "none",
        "1 event Unhealthy x1 Readiness probe failed: error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
    );
    check(
        "carts",
        "1 event Unhealthy x1 Readiness probe failed: error: health rpc failed: rpc error: code = NotFound desc = unknown service carts",
    );
}

#[test]
fn pods_on_the_network_of_the_machine_share_its_ports() {
    let pod = |name: &str| format!("hostNetwork: true, containers: [{{name: {name}, image: \"{name}:1\"}}]");
    let body = cluster(
        &[("p", &pod("a")), ("q", &pod("b"))],
        &[("a", "ports: 9100"), ("b", "ports: 9100, startup: {after: 100ms}")],
    );
    case(13, body).check(
        &["start", "exit"],
        "0 start a 0
         0 start b 0
         0.1 exit b 1 Error
         1 start b 1
         1.1 exit b 1 Error
         12.5 start b 2
         12.6 exit b 1 Error",
    );
    // Each in a network of its own they do not meet.
    let apart = |name: &str| format!("containers: [{{name: {name}, image: \"{name}:1\"}}]");
    let body = cluster(
        &[("p", &apart("a")), ("q", &apart("b"))],
        &[("a", "ports: 9100"), ("b", "ports: 9100, startup: {after: 100ms}")],
    );
    case(13, body).check(&["exit"], "");
}

#[test]
fn a_declared_port_of_the_machine_is_refused_at_admission() {
    let pod = |name: &str| {
        format!(
            "nodeName: n-1, hostNetwork: true, containers: [{{name: {name}, image: \"{name}:1\", ports: [{{containerPort: \
             9100}}]}}]"
        )
    };
    case(3, cluster(&[("p", &pod("a")), ("q", &pod("b"))], &[])).check(
        &["start", "phase", "event NodePorts"],
        "0 start a 0
         0 event NodePorts x1 Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports
         0 phase Failed NodePorts
         1 phase Running",
    );
}

#[test]
fn at_the_limit_of_processes_forks_fail_and_so_do_commands() {
    let probe = "livenessProbe: {exec: {command: [check]}, periodSeconds: 5, failureThreshold: 1}";
    let settings = "{podPidsLimit: 101}";
    // 1 + 10 processes a second: the limit is reached at 10.0, and the next fork fails at 10.1. The error of the prober does not count.
    one(21, probe, "pids: {growth: 10/s}").settings(settings).check(
        &["event Unhealthy", "exit"],
        "10 event Unhealthy x1 Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: error starting setns process: fork/exec /proc/self/exe: resource temporarily unavailable
         15 event Unhealthy x2 Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: error starting setns process: fork/exec /proc/self/exe: resource temporarily unavailable
         20 event Unhealthy x3 Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: error starting setns process: fork/exec /proc/self/exe: resource temporarily unavailable",
    );
    let gives_up = one(21, "", "pids: {growth: 10/s, exitWhenForkFails: 11}").settings(settings);
    let exits = super::timeline::lines(&gives_up.run());
    let first = exits.iter().find(|(_, what)| what.starts_with("exit")).unwrap();
    assert_eq!(first.1, "exit c 11 Error");
    assert!(first.0 == "10.1", "{}", first.0);
}

#[test]
fn a_program_that_cannot_write_ends_before_the_kubelet_looks() {
    // 10Gi in all, 100Mi of them the image's: 9 s at 1Gi a second, and then 900Mi.
    let app = "disk: {base: 0, growth: 1Gi/s, exitWhenFull: 28}";
    let lines = super::timeline::lines(
        &one(10, "", app).node("cpu: 4, memory: 16Gi, pods: 110, ephemeral-storage: 10Gi").run(),
    );
    let exit = lines.iter().find(|(_, what)| what.starts_with("exit")).unwrap();
    assert_eq!((exit.0.split('.').next(), exit.1.as_str()), (Some("9"), "exit c 28 Error"));
}

#[test]
fn inodes_run_short() {
    // 5 % of 100,000 are 5,000: less than that is free from 9.6 s on.
    one(40, "", "disk: {files: 0, fileGrowth: 10000/s}").settings("{nodeInodes: 100000}").check(
        &["event Evict", "node Disk", "phase Failed"],
        "10 event EvictionThresholdMet x1 Attempting to reclaim inodes
         10 event Evicted x1 The node was low on resource: inodes. Threshold quantity: 5k, available: 0.
         10 node DiskPressure True kubelet has disk pressure
         11 phase Failed Evicted",
    );
}

#[test]
fn a_met_threshold_stays_met_until_the_minimum_is_reclaimed() {
    // 50Mi are available. Without `spare` there are 110Mi: enough for the threshold, not for the 100Mi beyond it.
    let body = cluster(
        &[
            ("spare", "containers: [{name: spare, image: \"spare:1\"}]"),
            ("main", "containers: [{name: main, image: \"main:1\", resources: {requests: {memory: 16Gi}}}]"),
        ],
        &[("spare", "memory: {base: 60Mi}"), ("main", "memory: {base: 16374Mi}")],
    );
    case(60, body.clone()).check(&["SIGTERM"], "10 SIGTERM spare");
    case(60, body)
        .settings("{evictionMinimumReclaimMemory: 100Mi}")
        .check(&["SIGTERM"], "10 SIGTERM spare\n11 SIGTERM main");
}

#[test]
fn under_pressure_only_some_pods_are_taken() {
    let pod = |more: &str| format!("nodeName: n-1, containers: [{{name: c, image: \"c:1\"{more}}}]");
    let refused = "12 event Evicted x1 The node had condition: [MemoryPressure].\n12 phase Failed Evicted";
    let under = |resource: &str, spec: String| {
        let steps = format!(
            "[{{at: 1s, fault: {{pressure: {{node: n-1, resource: {resource}, for: 100s}}}}}}, {{at: 12s, apply: {{apiVersion: v1, \
             kind: Pod, metadata: {{name: late}}, spec: {{{spec}}}}}}}]"
        );
        case(14, cluster(&[], &[])).steps(Box::leak(steps.into_boxed_str()))
    };
    let shown = &["start", "phase", "event Evicted"];
    under("memory", pod("")).check(shown, refused);
    under("memory", pod(", resources: {requests: {memory: 1Mi}}"))
        .check(shown, "12 start c 0\n13 phase Running");
    under("disk", pod(", resources: {requests: {memory: 1Mi}}"))
        .check(shown, "12 event Evicted x1 The node had condition: [DiskPressure].\n12 phase Failed Evicted");
    let critical = format!("priorityClassName: system-node-critical, {}", pod(""));
    under("disk", critical).check(shown, "12 start c 0\n13 phase Running");
}

#[test]
fn a_taint_that_is_not_tolerated_is_refused_at_admission() {
    let steps = "[{at: 1s, kubectl: taint node n-1 team=a:NoExecute}, {at: 2s, apply: {apiVersion: v1, kind: Pod, metadata: {name: \
                 late}, spec: {nodeName: n-1, containers: [{name: c, image: \"c:1\"}]}}}]";
    case(4, "").steps(steps).check(
        &["start", "phase", "event TaintToleration"],
        "2 event TaintToleration x1 Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate
         2 phase Failed TaintToleration",
    );
}

#[test]
fn a_critical_pod_makes_room_by_ending_others() {
    let pod = |name: &str, more: &str| {
        format!("nodeName: n-1, containers: [{{name: {name}, image: \"{name}:1\"{more}}}]")
    };
    let cpu = |milli: u32| format!(", resources: {{requests: {{cpu: {milli}m}}}}");
    let steps = "[{at: 10s, apply: {apiVersion: v1, kind: Pod, metadata: {name: late}, spec: {nodeName: n-1, priorityClassName: \
                 system-node-critical, containers: [{name: late, image: \"late:1\", resources: {requests: {cpu: 2}}}]}}}]";
    let pods = [
        ("none", pod("none", "")),
        ("small", pod("small", &cpu(500))),
        ("large", pod("large", &cpu(1500))),
        ("other", pod("other", &cpu(1000))),
    ];
    let pods: Vec<(&str, &str)> = pods.iter().map(|(name, spec)| (*name, spec.as_str())).collect();
    // 3 of 4 cores are asked for: one more is needed, and `other` gives exactly that.
    case(20, cluster(&pods, &[("other", "onSigterm: {exitAfter: 2s}")])).steps(steps).check(
        &["SIG", "exit", "phase Failed", "event Preempting", "start late"],
        "10 SIGTERM other
         10 event Preempting x1 Preempted in order to admit critical pod
         12 exit other 0 Completed
         12 start late 0
         13 phase Failed Preempting",
    );
}

#[test]
fn resources_of_others_are_counted_too() {
    let pod = |name: &str| {
        format!(
            "nodeName: n-1, containers: [{{name: {name}, image: \"{name}:1\", resources: {{limits: {{example.com/gpu: 1}}}}}}]"
        )
    };
    case(3, cluster(&[("p", &pod("a")), ("q", &pod("b"))], &[]))
        .node("cpu: 4, memory: 16Gi, pods: 110, example.com/gpu: 1")
        .check(
            &["start", "phase Failed", "event OutOf"],
            "0 start a 0
             0 event OutOfexample.com/gpu x1 Node didn't have enough resource: example.com/gpu, requested: 1, used: 1, capacity: 1
             0 phase Failed OutOfexample.com/gpu",
        );
}

#[test]
fn a_container_may_choose_its_stop_signal_where_the_gate_is_on() {
    let lifecycle = "lifecycle: {stopSignal: SIGUSR1}";
    let deleted =
        |settings: &'static str| one(6, lifecycle, "onSigterm: {code: 0}").settings(settings).delete(3, 30);
    deleted("{}").check(&["SIG"], "3 SIGTERM c");
    deleted("{containerStopSignals: true}").check(&["SIG"], "3 SIGUSR1 c");
    // An image may have one as well.
    one(6, "", "image: {stopSignal: SIGQUIT}").delete(3, 30).check(&["SIG"], "3 SIGQUIT c");
}

#[test]
fn a_shutdown_stops_bands_of_priorities_one_after_another() {
    let pod = |name: &str, class: &str| format!("{class}containers: [{{name: {name}, image: \"{name}:1\"}}]");
    let pods = [
        ("low", pod("low", "")),
        ("mid", pod("mid", "priorityClassName: mid, ")),
        ("top", pod("top", "priorityClassName: system-node-critical, ")),
    ];
    let pods: Vec<(&str, &str)> = pods.iter().map(|(name, spec)| (*name, spec.as_str())).collect();
    let slow = "onSigterm: ignored";
    let body = format!(
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: mid}}\nvalue: 5000\n---\n{}",
        cluster(&pods, &[("low", slow), ("mid", slow), ("top", "onSigterm: {exitAfter: 1s}")])
    );
    // Nothing is in the band from 100000 on: it takes no time.
    case(60, body)
        .settings("{shutdownGracePeriodByPodPriority: \"0=10s,1000=5s,100000=20s,2000000000=8s\"}")
        .steps("[{at: 10s, fault: {nodeReboot: {node: n-1, downFor: 45s}}}]")
        .check(
            &["SIG", "exit"],
            "10 SIGTERM low
             20 SIGKILL low
             20 exit low 137 Error
             20 SIGTERM mid
             25 SIGKILL mid
             25 exit mid 137 Error
             25 SIGTERM top
             26 exit top 0 Completed",
        );
}

#[test]
fn unsafe_kernel_settings_are_refused_at_admission() {
    let with = |more: &str, sysctl: &str| {
        let spec = format!(
            "{more}securityContext: {{sysctls: [{{name: {sysctl}, value: '1'}}]}}, containers: [{{name: c, image: \"app:1\"}}]"
        );
        case(2, cluster(&[("p", &spec)], &[]))
    };
    let shown = &["start", "phase Failed", "event Sysctl"];
    with("", "kernel/msgmax").check(
        shown,
        "0 event SysctlForbidden x1 forbidden sysctl: \"kernel.msgmax\" not allowlisted
         0 phase Failed SysctlForbidden",
    );
    with("", "net.ipv4.tcp_syncookies").check(shown, "0 start c 0");
    with("hostNetwork: true, ", "net.ipv4.tcp_syncookies").check(
        shown,
        "0 event SysctlForbidden x1 forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled
         0 phase Failed SysctlForbidden",
    );
}

#[test]
fn pods_for_another_operating_system_are_refused_at_admission() {
    let with = |spec: &str| {
        let spec = format!("{spec}, containers: [{{name: c, image: \"app:1\"}}]");
        case(2, cluster(&[("p", &spec)], &[]))
    };
    let shown = &["start", "phase Failed", "event PodOS"];
    with("os: {name: windows}").check(
        shown,
        "0 event PodOSNotSupported x1 Failed to admit pod as the OS field doesn't match node OS
         0 phase Failed PodOSNotSupported",
    );
    with("os: {name: linux}").check(shown, "0 start c 0");
    with("nodeName: n-1, nodeSelector: {kubernetes.io/os: windows}").check(
        shown,
        "0 event PodOSSelectorNodeLabelDoesNotMatch x1 Failed to admit pod as the `kubernetes.io/os` label doesn't match node label
         0 phase Failed PodOSSelectorNodeLabelDoesNotMatch",
    );
}
