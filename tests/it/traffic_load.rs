//! What requests do to the programs and machines they meet: slow probes, full memory, CPU that others lack.

use super::traffic::{intervals, program, run, run_with, scenario, web};
use shakedown::sim::RunOptions;
use shakedown::trace::Record;

const PROBES: &str =
    "livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 10, timeoutSeconds: 1}";
const WORK: &str = "  cpu: {perRequest: 40ms}\n  http: {/healthz: {latency: 1ms}, /: {}}";

/// Ends of processes: when, and the message that tells the exit code.
fn exits(records: &[Record]) -> Vec<(f64, String)> {
    let exits = records.iter().filter(|record| record.event == "ContainerExited");
    exits.map(|record| (record.at.as_secs_f64(), record.message.to_string())).collect()
}

/// 25 requests a second fit. Clients give up after a second, but the program works on: at 50 a second so many share the CPU
/// that the answer to a probe takes longer than its second, and the third such probe ends the container.
#[test]
fn overload_makes_liveness_probes_time_out() {
    let with = |rate: u32, expect: &str| {
        let spec = format!(
            "
  duration: 120s
  traffic: [{{service: default/web, rate: {rate}, from: 5s, timeout: 1s}}]
  expect: [{{at: 120s, pods: '-l app=web', {expect}}}]
"
        );
        let container = format!("resources: {{limits: {{cpu: '1'}}}}, {PROBES}");
        run(&scenario(&spec, &(program(WORK) + &web(1, "", &container))));
    };
    with(20, "restarts: 0");
    with(50, "restarts: {min: 1}");
}

/// With places for four requests and a queue of ten, the probe waits its turn, and is turned away when the queue is full.
#[test]
fn a_probe_waits_for_a_place_like_any_request() {
    let with = |rate: u32, queue: &str, expect: &str| {
        let spec = format!(
            "
  duration: 120s
  traffic: [{{service: default/web, rate: {rate}, from: 5s, timeout: 10s}}]
  expect: [{{at: 120s, pods: '-l app=web', {expect}}}]
"
        );
        let container = format!("resources: {{limits: {{cpu: '1'}}}}, {PROBES}");
        let app = program(&format!("{WORK}\n  concurrency: 4\n{queue}"));
        run(&scenario(&spec, &(app + &web(1, "", &container))));
    };
    // Often full, but what waits is done in less than a second.
    with(24, "  queue: 10", "restarts: 0");
    with(200, "  queue: 10", "restarts: {min: 1}");
    with(50, "", "restarts: {min: 1}");
}

/// Every request holds 10 MiB for the two seconds that it takes; 100 MiB of 128 MiB are free. With 4 a second 8 are there
/// at once; with 8 a second the eleventh request fills the memory, 10 · 125 ms after the first one.
#[test]
fn requests_fill_the_memory_of_a_container() {
    let app = program("  memory: {base: 28Mi, perRequest: 10Mi}\n  http: {/: {latency: 2s}}");
    let with = |rate: u32| {
        let spec = format!(
            "
  duration: 20s
  traffic: [{{service: default/web, rate: {rate}, from: 10s, until: 16s, timeout: 5s}}]
"
        );
        run(&scenario(&spec, &(app.clone() + &web(1, "", "resources: {limits: {memory: 128Mi}}"))))
    };
    assert_eq!(exits(&with(4)), []);
    let records = with(8);
    let (at, message) = &exits(&records)[0];
    // Half a millisecond each way and the handshake: the eleventh request has been on its way for 1.5 ms.
    assert!((at - 11.125).abs() < 0.01, "{at}");
    assert!(message.contains("137") && message.contains("OOMKilled"), "{message}");
    let failed = intervals(&records).into_iter().flat_map(|(_, sample)| sample.failed.clone());
    let resets: u64 =
        failed.filter(|(cause, _)| *cause == "reset by termination").map(|(_, count)| count).sum();
    assert!(resets >= 10, "{resets}");
}

/// Two programs on one core, without limits: each gets its part of the machine, by requests (300m and 100m). Alone, the second would have
/// answered all of its 8 requests a second, which need 0.8 cores.
#[test]
fn programs_on_one_machine_take_each_other_s_cpu() {
    let text = |other: u32| {
        format!(
            "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: test}}
spec:
  timing: ideal
  duration: 200s
  cluster:
    nodePools:
    - {{name: worker, count: 1, allocatable: {{cpu: '1', memory: 4Gi, pods: '20'}}}}
  traffic:
  - {{name: noise, service: default/loud, rate: {other}, from: 5s, timeout: 2s}}
  - {{name: users, service: default/quiet, rate: 8, from: 5s, timeout: 2s}}
---
{}{}{}",
            program("  cpu: {perRequest: 100ms}"),
            web(1, "", "resources: {requests: {cpu: 300m}}").replace("web", "loud"),
            web(1, "", "resources: {requests: {cpu: 100m}}").replace("web", "quiet"),
        )
    };
    let answered = |other: u32| {
        let records = run(&text(other));
        let of_users = intervals(&records).into_iter().filter(|(_, sample)| &*sample.client == "users");
        let (mut answered, mut sent) = (0, 0);
        for (_, sample) in of_users {
            answered += sample.answered;
            sent += sample.sent;
        }
        answered as f64 / sent as f64
    };
    assert!(answered(1) > 0.99, "{}", answered(1));
    assert!(answered(30) < 0.5, "{}", answered(30));
}

/// A kubelet hears of its pod three seconds late, and what it says of it takes three more.
#[test]
fn latency_to_the_control_plane_delays_what_a_node_hears_and_says() {
    let deployment = |name: &str, node: &str| {
        let text = web(0, &format!("nodeSelector: {{kubernetes.io/hostname: {node}}}"), "");
        text.replace("name: web", &format!("name: {name}")).replace("app: web", &format!("app: {name}"))
    };
    let spec = "
  duration: 60s
  steps:
  - {at: 5s, fault: {networkLatency: {between: [controlPlane, {node: worker-1}], latency: 3s}}, for: 25s}
  - {at: 10s, kubectl: scale deployment near --replicas=1}
  - {at: 10s, kubectl: scale deployment far --replicas=1}
  - {at: 40s, kubectl: scale deployment far --replicas=2}
  expect:
  - {at: 12s, deployment: default/near, ready: 1}
  - {at: 15900ms, deployment: default/far, ready: 0}
  - {at: 18s, deployment: default/far, ready: 1}
  - {at: 42s, deployment: default/far, ready: 2}
";
    run(&scenario(spec, &(program("") + &deployment("near", "worker-2") + &deployment("far", "worker-1"))));
}

/// Whatever is left out because it changes nothing, with load on probes and memory.
#[test]
fn eager_runs_are_the_same_under_load() {
    let spec = "
  duration: 90s
  traffic: [{service: default/web, rate: {poisson: 45}, from: 5s, until: 60s, timeout: 1s}]
";
    let container = format!("resources: {{limits: {{cpu: '1', memory: 256Mi}}}}, {PROBES}");
    let app = program(&format!("{WORK}\n  memory: {{base: 64Mi, perRequest: 1Mi}}"));
    let text = scenario(spec, &(app + &web(2, "", &container)));
    let messages = |eager: bool| {
        let records = run_with(&text, &RunOptions { eager, ..RunOptions::default() }).1;
        records.into_iter().map(|record| (record.at, record.event, record.message)).collect::<Vec<_>>()
    };
    assert_eq!(messages(false), messages(true));
}
