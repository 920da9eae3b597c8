//! The HorizontalPodAutoscaler in the cluster: when it looks, what it sees, what it does.

use shakedown::api::Object;
use shakedown::trace::{Detail, Record};

use crate::traffic::{program, run, scenario, web};

const REQUESTS: &str = "resources: {requests: {cpu: 100m, memory: 64Mi}}";

/// An autoscaler that is made at a time, for a target in percent of the requested CPU.
fn autoscaler(at: u32, max: u32, percent: u32) -> String {
    format!(
        "
  - at: {at}s
    apply:
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: {{name: web, namespace: default}}
      spec:
        scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
        maxReplicas: {max}
        metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {percent}}}}}}}]
"
    )
}

/// When the Deployment was scaled, and to how many.
fn sizes(records: &[Record]) -> Vec<(f64, i32)> {
    let changes = records.iter().filter_map(|record| {
        let Detail::Commit(commit) = &record.detail else { return None };
        let (Some(Object::Deployment(old)), Object::Deployment(new)) = (&commit.old, &commit.new) else {
            return None;
        };
        let (old, new) = (old.spec.replicas?, new.spec.replicas?);
        (old != new).then_some((record.at.as_secs_f64(), new))
    });
    changes.collect()
}

fn sizes_with(usage_milli: u32, replicas: u32, percent: u32) -> Vec<(f64, i32)> {
    let spec = format!("  duration: 720s\n  steps:\n{}", autoscaler(400, 20, percent));
    let app = program(&format!("  cpu: {{base: {usage_milli}m}}"));
    sizes(&run(&scenario(&spec, &(app + &web(replicas, "", REQUESTS)))))
}

/// 5.7.1: three pods at 90 % with a target of 50 %: six, at the first sync, 15 s after the autoscaler was made.
#[test]
fn the_first_sync_comes_after_15_s() {
    let sizes = sizes_with(90, 3, 50);
    assert_eq!(sizes[0], (415.0, 6), "{sizes:?}");
}

/// 5.7.3: within a tenth of the target nothing happens.
#[test]
fn near_the_target_nothing_happens() {
    assert_eq!(sizes_with(53, 3, 50), []);
    assert_eq!(sizes_with(45, 3, 50), []);
}

/// 5.7.4: ten pods at 20 %: the recommendation of ten made at the first sync holds for 300 s and not a moment longer.
#[test]
fn shrinking_waits_until_the_old_recommendation_is_300_s_old() {
    let spec = format!("  duration: 720s\n  steps:\n{}", autoscaler(385, 20, 50));
    let records = run(&scenario(&spec, &(program("  cpu: {base: 20m}") + &web(10, "", REQUESTS))));
    assert_eq!(sizes(&records), [(700.0, 4)]);
}

/// 5.7.2: one pod at ten times its target grows to 5 (four pods a period), and with the load spread to 10.
#[test]
fn growth_is_bounded_per_period() {
    let spec = format!(
        "
  duration: 435s
  settings: {{metricResolution: 1s, horizontalPodAutoscalerCpuInitializationPeriod: 0s}}
  traffic: [{{service: default/web, rate: 100, from: 5s}}]
  steps:
{}",
        autoscaler(400, 20, 50)
    );
    let app = program("  cpu: {perRequest: 5ms}");
    let sizes = sizes(&run(&scenario(&spec, &(app + &web(1, "", REQUESTS)))));
    assert_eq!(sizes, [(415.0, 5), (430.0, 10)]);
}

/// metrics-server: CPU is the rate between two scrapes, so load shows up to 15 s late; `kubectl top` prints what it has.
#[test]
fn top_shows_the_last_scrape() {
    let spec = "
  duration: 90s
  traffic: [{service: default/web, rate: 100, from: 31s}]
  expect:
  - {at: 44s, kubectl: top pods --no-headers, contains: [\" 0m \"]}
  # 14 of the 15 s before 45 had 100 requests a second of 2 ms.
  - {at: 45s, kubectl: top pods --no-headers, contains: [\" 186m \"]}
  - {at: 60s, kubectl: top pods --no-headers, contains: [\" 200m \"]}
";
    run(&scenario(spec, &(program("  cpu: {perRequest: 2ms}") + &web(1, "", REQUESTS))));
}

/// A target without requests cannot be compared with them: the condition says so, and nothing happens.
#[test]
fn missing_requests_are_told() {
    let spec = format!(
        "
  duration: 460s
  expect:
  - {{at: 460s, event: {{reason: FailedGetResourceMetric, about: HorizontalPodAutoscaler/web}}, count: {{min: 1}}}}
  - {{at: 460s, kubectl: describe hpa web, contains: [ScalingActive, FailedGetResourceMetric, missing request]}}
  steps:
{}",
        autoscaler(400, 20, 50)
    );
    let records = run(&scenario(&spec, &(program("  cpu: {base: 90m}") + &web(3, "", ""))));
    assert_eq!(sizes(&records), []);
}

/// Section 6: 250 ready pods are in slices of 100, 100 and 50.
#[test]
fn slices_hold_a_hundred_endpoints() {
    let spec = "
  duration: 60s
  expect:
  - {at: 60s, service: default/web, endpoints: 250}
  - {at: 60s, kubectl: get endpointslices -l kubernetes.io/service-name=web, count: 3}
";
    run(&scenario(spec, &(program("  startup: {after: 0s}") + &web(250, "", ""))));
}

/// Zone a is cheap and goes away before more machines are asked for there. After fifteen minutes the autoscaler gives the
/// machine up and leaves the pool alone; the dear pool in zone b helps 90 s later.
#[test]
fn a_pool_that_fails_is_left_alone() {
    let text = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: test}
spec:
  timing: ideal
  duration: 30m
  cluster:
    expander: price
    nodePools:
    - {name: cheap, count: 1, zones: [a], allocatable: {cpu: '4', memory: 16Gi, pods: '20'}, autoscale: {min: 1, max: 3}, price: '0.10'}
    - {name: dear, count: 1, zones: [b], allocatable: {cpu: '4', memory: 16Gi, pods: '20'}, autoscale: {min: 1, max: 3}, price: '0.30'}
  steps:
  - {at: 3m, fault: {zoneOutage: {zone: a}}, for: 25m}
  - {at: 5m, kubectl: scale deployment web --replicas=4}
  expect:
  - {at: 21m, deployment: default/web, ready: {max: 3}}
  - {at: 23m, deployment: default/web, ready: 4}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: web, image: example/web, resources: {requests: {cpu: '2'}}}]
";
    let records = run(text);
    let given_up: Vec<(f64, &str)> = records
        .iter()
        .filter(|record| record.reason == "ScaleUpTimedOut")
        .map(|record| (record.at.as_secs_f64(), &*record.message))
        .collect();
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert!(given_up[0].1.contains("cheap-2"), "{given_up:?}");
    let asked: Vec<&str> = records
        .iter()
        .filter(|record| record.reason == "TriggeredScaleUp")
        .map(|record| &*record.message)
        .collect();
    assert!(asked[0].contains("cheap") && asked[1].contains("dear"), "{asked:?}");
}
