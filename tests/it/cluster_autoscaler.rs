//! The cluster autoscaler: which pool it asks, when it does nothing, which nodes it leaves alone.

use shakedown::trace::Record;

use super::traffic::run;

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

/// A cluster of autoscaled pools and a Deployment whose pods want so much CPU.
fn pools(spec: &str, replicas: u32, cpu: &str) -> String {
    format!(
        "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: test}}
spec:
  timing: ideal
{spec}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: example/web, resources: {{requests: {{cpu: '{cpu}'}}}}}}]
"
    )
}

/// Messages of the autoscaler with a reason.
fn said<'a>(records: &'a [Record], reason: &str) -> Vec<(f64, &'a str)> {
    let found =
        records.iter().filter(|record| record.component == "cluster-autoscaler" && *record.reason == *reason);
    found.map(|record| (record.at.as_secs_f64(), &*record.message)).collect()
}

/// Six pods of 1.5 cores: three small machines of four cores waste a quarter, one large of sixteen nearly half. Of the small ones
/// only two may be added, for four pods.
#[test]
fn expanders_choose_by_what_they_are_named_after() {
    let first_choice = |expander: &str, small: u32, price: &str| {
        let spec = format!(
            "
  duration: 60s
  cluster:
    expander: {expander}
    nodePools:
    - {{name: base, count: 1, allocatable: {{cpu: '1', memory: 4Gi, pods: '20'}}}}
    - {{name: small, count: 1, allocatable: {{cpu: '4', memory: 16Gi, pods: '20'}}, autoscale: {{min: 0, max: {small}}}, price: '0.20', taints: [{{key: a, value: b, effect: NoSchedule}}]}}
    - {{name: large, count: 1, allocatable: {{cpu: '16', memory: 64Gi, pods: '20'}}, autoscale: {{min: 0, max: 9}}, price: '{price}', taints: [{{key: a, value: b, effect: NoSchedule}}]}}
"
        );
        // The machines that are there are full; those that are added take the pods.
        let text = pools(&spec, 6, "1500m").replace(
            "    spec:\n      containers",
            "    spec:\n      tolerations: [{key: a, operator: Exists}]\n      containers",
        );
        let filler = |pool: &str, cpu: u32| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: fill-{pool}}}\nspec: {{nodeName: {pool}-1, containers: [{{name: c, image: a, resources: {{requests: {{cpu: '{cpu}'}}}}}}]}}\n"
            )
        };
        let text = text + &filler("small", 4) + &filler("large", 16);
        let records = run(&text);
        let asked = said(&records, "TriggeredScaleUp");
        asked[0].1.split("pool ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!(first_choice("least-waste", 9, "0.50"), "small");
    assert_eq!(first_choice("most-pods", 3, "0.50"), "large");
    // 10 cents a pod on small machines, 8.3 or 16.7 on the large one.
    assert_eq!(first_choice("price", 9, "0.50"), "large");
    assert_eq!(first_choice("price", 9, "1.00"), "small");
}

/// Four nodes of eight that are not ready are more than three and more than 45 %: the autoscaler waits until they are back.
#[test]
fn too_many_unready_nodes_stop_the_autoscaler() {
    let asked = |stopped: u32| {
        let step =
            |node| format!("  - {{at: 300s, fault: {{kubeletStop: {{node: worker-{node}}}}}, for: 240s}}\n");
        let steps = (1..=stopped).map(step).collect::<Vec<_>>().concat();
        let spec = format!(
            "
  duration: 640s
  cluster:
    nodePools: [{{name: worker, count: 8, allocatable: {{cpu: '4', memory: 16Gi, pods: '20'}}, autoscale: {{min: 8, max: 12}}}}]
  steps:
{steps}  - {{at: 388s, kubectl: scale deployment web --replicas=10}}
"
        );
        let records = run(&pools(&spec, 1, "3"));
        let paused = said(&records, "ClusterUnhealthy").first().map(|(at, _)| *at);
        (paused, said(&records, "TriggeredScaleUp")[0].0)
    };
    assert_eq!(asked(3), (None, 390.0));
    // Unknown 50 s after they fell silent; ready again at 540 s.
    let (paused, at) = asked(4);
    assert!(paused.is_some_and(|at| (350.0..=370.0).contains(&at)), "{paused:?}");
    assert_eq!(at, 540.0);
}

/// A node that is hardly used is given back after ten minutes, unless one of its pods must stay.
#[test]
fn pods_that_must_stay_keep_their_node() {
    let left = |pod: &str| {
        let spec = "
  duration: 15m
  cluster:
    nodePools: [{name: worker, count: 2, allocatable: {cpu: '4', memory: 16Gi, pods: '20'}, autoscale: {min: 1, max: 2}}]
";
        let text = pools(spec, 1, "3") + pod;
        let records = run(&text);
        2 - said(&records, "ScaleDownEmpty").len()
    };
    let deployment = |annotations: &str, more: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: other}}\nspec:\n  replicas: 1\n  selector: \
             {{matchLabels: {{app: other}}}}\n  template:\n    metadata: {{labels: {{app: other}}, annotations: {{{annotations}}}}}\n    \
             spec: {{containers: [{{name: c, image: a, resources: {{requests: {{cpu: 500m}}}}}}]{more}}}\n"
        )
    };
    let safe = |word: &str| format!("cluster-autoscaler.kubernetes.io/safe-to-evict: '{word}'");
    let volume = ", volumes: [{name: v, emptyDir: {}}]";
    assert_eq!(left(""), 1);
    assert_eq!(left(&deployment("", "")), 1);
    assert_eq!(left(&deployment(&safe("false"), "")), 2);
    assert_eq!(left(&deployment("", volume)), 2);
    assert_eq!(left(&deployment(&safe("true"), volume)), 1);
    let bare =
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: bare}\nspec: {containers: [{name: c, image: a}]}\n";
    assert_eq!(left(bare), 2);
    let guarded = deployment("", "")
        + "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: other}\nspec: {minAvailable: 1, selector: \
           {matchLabels: {app: other}}}\n";
    assert_eq!(left(&guarded), 2);
}
