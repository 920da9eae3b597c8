//! The API server and etcd, as clients see them.

use std::sync::Arc;

use shakedown::api::pod::Pod;
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};

/// The world at the end of a scenario of three nodes without latencies.
fn world_at(seconds: u64, manifests: &str) -> Simulation {
    let head = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: test}
spec:
  timing: ideal
  duration: 1h
  cluster: {nodePools: [{name: n, count: 3, allocatable: {cpu: '4', memory: 16Gi, pods: 110}}]}
---
";
    let scenario = from_text("test.yaml", &format!("{head}{manifests}")).unwrap_or_else(|e| panic!("{e:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    simulation.run_until(SimTime::from_secs(seconds), &mut |_| {}).unwrap();
    simulation
}

#[test]
fn pods_of_one_template_share_one_admitted_spec() {
    let simulation = world_at(
        10,
        "
apiVersion: v1
kind: LimitRange
metadata: {name: bounds, namespace: default}
spec: {limits: [{type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 100m}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: 'example/web:1'}]
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}}
",
    );
    let pods: Vec<Arc<Pod>> =
        simulation.world.api.objects().iter::<Pod>().map(|(_, pod)| pod.clone()).collect();
    assert_eq!(pods.len(), 5);
    assert!(pods.iter().all(|pod| Arc::ptr_eq(&pod.spec, &pods[0].spec)));
    // What was admitted is shared, not the bare template.
    assert_eq!(pods[0].spec.tolerations.len(), 2);
    assert_eq!(pods[0].spec.containers[0].resources.limits["cpu"].milli_value(), 500);
}

#[test]
fn match_label_keys_of_pod_affinity_become_requirements() {
    let simulation = world_at(
        10,
        "
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: web, version: v2}}
spec:
  containers: [{name: c, image: 'example/web:1'}]
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {app: web}}
        matchLabelKeys: [version, absent]
",
    );
    let objects = simulation.world.api.objects();
    let pod = objects.get::<Pod>(&"default".into(), &"p".into()).unwrap();
    let terms = &pod.spec.affinity.as_ref().unwrap().pod_anti_affinity.as_ref().unwrap().required;
    let added = &terms[0].label_selector.as_ref().unwrap().match_expressions;
    assert_eq!(added.len(), 1);
    assert_eq!((added[0].key.as_str(), added[0].values.as_slice()), ("version", &["v2".into()][..]));
}
