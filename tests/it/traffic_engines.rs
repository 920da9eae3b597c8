//! Both engines of traffic: they agree within a stated error, and neither loses a request.

use super::traffic::{intervals, program, run, scenario, total, web};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shakedown::kernel::Histogram;

const SPREAD: &str = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]";

/// One engine's view of a scenario.
#[derive(Debug)]
struct Figures {
    sent: u64,
    answered: u64,
    failed: u64,
    mean_s: f64,
}

/// `spec` holds `MODE` where the mode belongs.
fn figures(mode: &str, spec: &str, rest: &str) -> Figures {
    let records = run(&scenario(&spec.replace("MODE", mode), rest));
    let (sent, answered, failed) = total(&records);
    let mut latency = Histogram::default();
    for (_, sample) in intervals(&records) {
        latency.merge(&sample.latency);
    }
    Figures { sent, answered, failed, mean_s: latency.mean().map_or(0.0, |mean| mean.as_secs_f64()) }
}

/// How far the fluid engine may be off: counts, failures and mean latency, as parts of the exact engine's.
struct Stated {
    counts: f64,
    failures: f64,
    latency: f64,
}

fn agree(stated: &Stated, spec: &str, rest: &str) {
    let (exact, fluid) = (figures("exact", spec, rest), figures("fluid", spec, rest));
    let near = |what: &str, exact: f64, fluid: f64, error: f64| {
        // A few requests more or less are no disagreement.
        let off = (fluid - exact).abs();
        let small = if what == "latency" { 0.0 } else { 25.0 };
        assert!(off <= (exact * error).max(small), "{what}: exact {exact}, fluid {fluid}");
    };
    near("sent", exact.sent as f64, fluid.sent as f64, stated.counts);
    near("answered", exact.answered as f64, fluid.answered as f64, stated.counts);
    near("failed", exact.failed as f64, fluid.failed as f64, stated.failures);
    near("latency", exact.mean_s, fluid.mean_s, stated.latency);
}

#[test]
fn a_node_crash() {
    let spec = "
  duration: 400s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, path: /page, rate: {poisson: 120}, from: 20s, timeout: 2s}
  steps: [{at: 120s, fault: {nodeCrash: {node: worker-2}}}]
";
    let app = "  cpu: {perRequest: 5ms}\n  startup: {after: 1s}\n  http: {/page: {latency: {exponential: {mean: 20ms}}}}";
    let rest = program(app) + &web(3, SPREAD, "resources: {limits: {cpu: 500m, memory: 1Gi}}");
    agree(&Stated { counts: 0.03, failures: 0.15, latency: 0.10 }, spec, &rest);
}

#[test]
fn session_affinity_loads_one_endpoint_a_client() {
    let spec = "
  duration: 200s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, client: {node: worker-1}, rate: {poisson: 15}, from: 20s, timeout: 2s}
";
    // One endpoint gets all: 75 % busy, where three would be 25 % busy each.
    let rest = program("  cpu: {perRequest: 50ms}")
        + &web(3, SPREAD, "resources: {limits: {cpu: '1', memory: 1Gi}}");
    let rest = rest.replace("  ports: [{port: 80", "  sessionAffinity: ClientIP\n  ports: [{port: 80");
    agree(&Stated { counts: 0.03, failures: 0.15, latency: 0.25 }, spec, &rest);
    let mean = figures("fluid", spec, &rest).mean_s;
    assert!(mean > 0.10, "{mean}");
}

#[test]
fn a_load_balancer_and_a_zone_outage() {
    let spec = "
  duration: 500s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, rate: {poisson: 60}, from: 120s, timeout: 2s}
  steps: [{at: 200s, fault: {zoneOutage: {zone: b}}, for: 100s}]
";
    let rest = program("  cpu: {perRequest: 5ms}") + &web(3, SPREAD, "");
    let rest = rest.replace(
        "  ports: [{port: 80",
        "  type: LoadBalancer\n  externalTrafficPolicy: Local\n  ports: [{port: 80",
    );
    agree(&Stated { counts: 0.03, failures: 0.15, latency: 0.15 }, spec, &rest);
}

#[test]
fn places_and_a_queue() {
    let spec = "
  duration: 200s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, rate: {step: [{at: 10s, rate: 15}, {at: 60s, rate: 60}, {at: 120s, rate: 15}]}, timeout: 5s}
";
    // Four places, 100 ms each: 40 a second are answered, the others are turned away while the queue is full.
    let rest = program("  concurrency: 4\n  queue: 20\n  http: {/: {latency: 100ms}}") + &web(1, "", "");
    agree(&Stated { counts: 0.03, failures: 0.10, latency: 0.15 }, spec, &rest);
    // Without a bound, requests wait, and the queue is worked off later.
    let rest = program("  concurrency: 4\n  http: {/: {latency: 100ms}}") + &web(1, "", "");
    let spec = spec.replace("timeout: 5s", "timeout: 60s");
    agree(&Stated { counts: 0.03, failures: 0.10, latency: 0.15 }, &spec, &rest);
}

#[test]
fn users_who_think_and_calls_to_others() {
    let spec = "
  duration: 300s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, users: {count: 80, think: {exponential: {mean: 2s}}, rampUp: 60s}, from: 10s, timeout: 3s}
  steps: [{at: 150s, fault: {dependencyDown: {service: default/db}}, for: 60s}]
";
    let db = "
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec: {containers: [{name: db, image: example/db, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
";
    let app = "  cpu: {perRequest: 4ms}\n  http: {/: {calls: [{service: db, times: 2, timeout: 500ms}]}}";
    let app = program(app).replace("match: {image: '*'}", "match: {image: 'example/web'}");
    let rest = app + db + &web(2, SPREAD, "resources: {limits: {cpu: '1', memory: 1Gi}}");
    agree(&Stated { counts: 0.05, failures: 0.10, latency: 0.20 }, spec, &rest);
}

#[test]
fn retries_and_overload() {
    let spec = "
  duration: 240s
  traffic:
    mode: MODE
    sources:
    - {name: users, service: default/web, rate: {step: [{at: 10s, rate: 12}, {at: 60s, rate: 50}, {at: 120s, rate: 12}]}, timeout: 1s, retries: {attempts: 3, backoff: 50ms}}
";
    // A retry storm: the collapse outlasts the overload in both.
    let rest = program("  cpu: {perRequest: 40ms}\n  concurrency: 4")
        + &web(1, "", "resources: {limits: {cpu: '1', memory: 1Gi}}");
    let (exact, fluid) = (figures("exact", spec, &rest), figures("fluid", spec, &rest));
    for of_one in [&exact, &fluid] {
        assert!(of_one.answered * 3 < of_one.sent, "{of_one:?}");
    }
    agree(&Stated { counts: 0.15, failures: 0.15, latency: 0.50 }, spec, &rest);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(6),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Sent = answered + failed + in flight, over whole runs with faults, retries and restarts. The engines assert it for every
    /// flow whenever a request ends; here the records must tell the same.
    #[test]
    fn no_request_is_lost(
        fluid in any::<bool>(),
        load in prop_oneof![
            (1u32..80).prop_map(|rate| format!("rate: {{poisson: {rate}}}")),
            (1u32..80).prop_map(|rate| format!("rate: {{ramp: {{from: 0, to: {rate}, over: 60s}}}}")),
            (1u32..60).prop_map(|users| format!("users: {{count: {users}, think: 500ms, rampUp: 5s}}")),
        ],
        retries in 0u32..4,
        timeout_ms in 20u32..3_000,
        reuse in any::<bool>(),
        kind in prop_oneof![Just("ClusterIP"), Just("NodePort"), Just("LoadBalancer")],
        app in prop_oneof![
            Just("  cpu: {perRequest: 30ms}"),
            Just("  concurrency: 2\n  queue: 3\n  http: {/: {latency: 80ms}}"),
            Just("  memory: {base: 20Mi, perRequest: 8Mi}\n  http: {/: {latency: 900ms}}"),
            Just("  cpu: {perRequest: 2ms}\n  exits: [{after: 17s, code: 1}]"),
        ],
        fault in prop_oneof![
            Just("nodeCrash: {node: worker-2, recoverAfter: 20s}"),
            Just("partition: {between: [{node: worker-1}, {node: worker-2}]}"),
            Just("packetLoss: {between: [{node: worker-1}, {node: worker-2}], percent: 30}"),
            Just("zoneOutage: {zone: a}"),
        ],
    ) {
        let mode = if fluid { "fluid" } else { "exact" };
        let spec = format!("
  duration: 90s
  traffic:
    mode: {mode}
    sources:
    - {{name: users, service: default/web, {load}, from: 3s, timeout: {timeout_ms}ms, retries: {retries}, reuse: {reuse}}}
  steps: [{{at: 30s, fault: {{{fault}}}, for: 20s}}]
");
        let spec = if fault.starts_with("nodeCrash") { spec.replace(", for: 20s", "") } else { spec };
        let rest = program(app) + &web(2, SPREAD, "resources: {limits: {cpu: 500m, memory: 64Mi}}");
        let rest = rest.replace("  ports: [{port: 80", &format!("  type: {kind}\n  ports: [{{port: 80"));
        let records = run(&scenario(&spec, &rest));
        let (mut sent, mut ended, mut in_flight) = (0, 0, 0);
        for (_, sample) in intervals(&records) {
            sent += sample.sent;
            ended += sample.answered + sample.failures();
            in_flight = sample.in_flight;
            prop_assert_eq!(sent, ended + in_flight);
        }
        prop_assert!(sent > 0 && in_flight < 4_000, "{} {}", sent, in_flight);
    }
}
