//! The HorizontalPodAutoscaler in the cluster: when it looks, what it sees, what it does.

use shakedown::api::Object;
use shakedown::trace::{Detail, Record};

use crate::traffic::{program, run, scenario, web};

const REQUESTS: &str = "resources: {requests: {cpu: 100m, memory: 64Mi}}";

/// An autoscaler that is made at a time, for a target in percent of the requested CPU.
fn autoscaler(at: u32, max: u32, percent: u32) -> String {
    autoscaler_with(at, max, percent, "{}")
}

fn autoscaler_with(at: u32, max: u32, percent: u32, behavior: &str) -> String {
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
        behavior: {behavior}
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
fn t571_the_first_sync_comes_after_15_s() {
    let sizes = sizes_with(90, 3, 50);
    assert_eq!(sizes[0], (415.0, 6), "{sizes:?}");
}

/// 5.7.3: within a tenth of the target nothing happens.
#[test]
fn t573_near_the_target_nothing_happens() {
    assert_eq!(sizes_with(53, 3, 50), []);
    assert_eq!(sizes_with(45, 3, 50), []);
}

/// 5.7.3: at exactly 1.1 times the target 1.32 acts, by an error of the last bit; since 1.33 it is within the tolerance.
#[test]
fn t573_the_edge_of_the_tolerance() {
    let sizes_in = |version: &str| {
        let steps = autoscaler(400, 20, 50);
        let spec = format!("  kubernetes: \"{version}\"\n  duration: 440s\n  steps:\n{steps}");
        sizes(&run(&scenario(&spec, &(program("  cpu: {base: 55m}") + &web(3, "", REQUESTS)))))
    };
    assert_eq!(sizes_in("1.32"), [(415.0, 4)]);
    assert_eq!([sizes_in("1.33"), sizes_in("1.34")], [[], []]);
}

/// 5.7.5: two pods at 100 % of their request and a target of 50 % would be four; with two more that find no node they stay four.
#[test]
fn t575_pods_that_are_not_ready_count_as_idle() {
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
                 kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}";
    let sizes_after = |steps: &str| {
        let spec = format!(
            "  duration: 440s\n  steps:\n  - {{at: 100s, kubectl: cordon worker-3}}\n{steps}{}",
            autoscaler(400, 20, 50)
        );
        sizes(&run(&scenario(&spec, &(program("  cpu: {base: 100m}") + &web(2, apart, REQUESTS)))))
    };
    assert_eq!(sizes_after("  - {at: 110s, kubectl: scale deployment web --replicas=4}\n"), [(110.0, 4)]);
    assert_eq!(sizes_after(""), [(415.0, 4)]);
}

/// 5.7.6: three pods at 20 % with a target of 50 % would be two; when one has no metric, because its kubelet is not reached, it
/// counts as 100 % and they stay three.
#[test]
fn t576_a_pod_without_a_metric_counts_as_busy_when_the_others_would_shrink() {
    let spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: \
                  DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]";
    let now = "{scaleDown: {stabilizationWindowSeconds: 0}}";
    let sizes_after = |steps: &str| {
        let spec = format!("  duration: 425s\n  steps:\n{steps}{}", autoscaler_with(400, 20, 50, now));
        sizes(&run(&scenario(&spec, &(program("  cpu: {base: 20m}") + &web(3, spread, REQUESTS)))))
    };
    let cut = "  - {at: 396s, fault: {partition: {between: [controlPlane, {node: worker-3}]}}}\n";
    assert_eq!(sizes_after(cut), []);
    assert_eq!(sizes_after(""), [(415.0, 2)]);
}

/// With the feature gate each direction has the tolerance that its behaviour names: 1.4 times the target is too little to
/// grow, 0.9 times enough to shrink.
#[test]
fn each_direction_may_have_a_tolerance_of_its_own() {
    let own = "{scaleUp: {tolerance: '0.5'}, scaleDown: {tolerance: '0', stabilizationWindowSeconds: 0}}";
    let sizes_with = |gate: bool, usage: u32| {
        let steps = autoscaler_with(400, 20, 50, own);
        let spec =
            format!("  duration: 420s\n  settings: {{hpaConfigurableTolerance: {gate}}}\n  steps:\n{steps}");
        sizes(&run(&scenario(
            &spec,
            &(program(&format!("  cpu: {{base: {usage}m}}")) + &web(10, "", REQUESTS)),
        )))
    };
    assert_eq!([sizes_with(true, 70), sizes_with(true, 45)], [vec![], vec![(415.0, 9)]]);
    assert_eq!([sizes_with(false, 70), sizes_with(false, 45)], [vec![(415.0, 14)], vec![]]);
}

/// 5.7.4: ten pods at 20 %: the recommendation of ten made at the first sync holds for 300 s and not a moment longer.
#[test]
fn t574_shrinking_waits_until_the_old_recommendation_is_300_s_old() {
    let spec = format!("  duration: 720s\n  steps:\n{}", autoscaler(385, 20, 50));
    let records = run(&scenario(&spec, &(program("  cpu: {base: 20m}") + &web(10, "", REQUESTS))));
    assert_eq!(sizes(&records), [(700.0, 4)]);
}

/// 5.7.2: one pod at ten times its target grows to 5 (four pods a period), and with the load spread to 10.
#[test]
fn t572_growth_is_bounded_per_period() {
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
