//! `kubectl` steps that wait in virtual time, and `get -w` on the command line.

use crate::steps::{Output, outputs_of};

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: 'example/web:1', readinessProbe: {httpGet: {port: 80, path: /}, periodSeconds: 5}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: report}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'example/job:1'}]}}}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: web}
spec: {match: {image: 'example/web:*'}, startup: {after: 2s}, http: {/: {latency: 1ms}}}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: job}
spec: {match: {image: 'example/job:*'}, runs: [{for: 20s, code: 0}]}
";

fn outputs(steps: &str) -> Vec<Output> {
    outputs_of(steps, WEB)
}

#[test]
fn rollout_status_prints_every_change_and_ends_with_the_rollout() {
    let found = outputs(
        "
  - {at: 60s, kubectl: set image deployment/web c=example/web:2}
  - {at: 60s, kubectl: rollout status deployment/web}",
    );
    assert_eq!(found[0].2, "deployment.apps/web image updated");
    let (first, last) = (&found[1], &found[found.len() - 1]);
    assert_eq!((first.0, first.1.as_str()), (60.0, "Running"));
    assert_eq!(first.2, "Waiting for deployment spec update to be observed...");
    let waiting =
        "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...";
    assert!(found.iter().any(|output| output.2.contains(waiting)), "{found:#?}");
    assert_eq!(
        (last.1.as_str(), last.2.as_str()),
        ("ExitStatus0", "deployment \"web\" successfully rolled out")
    );
    assert!(last.0 > 70.0, "{found:#?}");
}

#[test]
fn a_stuck_rollout_times_out_or_exceeds_its_deadline_with_status_1() {
    let found = outputs(
        "
  - {at: 60s, kubectl: set image deployment/web c=example/broken@sha256:0}
  - {at: 60s, fault: {probeFailure: {pods: '-l app=web'}}}
  - {at: 61s, kubectl: rollout status deployment/web --timeout=30s}
  - {at: 100s, kubectl: rollout status deployment/web}",
    );
    let ends: Vec<_> = found.iter().filter(|output| output.1 == "ExitStatus1").collect();
    assert_eq!(
        (ends[0].0, ends[0].2.as_str()),
        (91.0, "error: timed out waiting for the condition"),
        "{found:#?}"
    );
    assert_eq!(ends[1].2, "error: deployment \"web\" exceeded its progress deadline");
    assert!(ends[1].0 >= 660.0, "{found:#?}");
}

#[test]
fn wait_blocks_until_the_condition_holds_or_the_time_is_up() {
    let found = outputs(
        "
  - {at: 1s, kubectl: wait --for=condition=complete job/report --timeout=5m}
  - {at: 1s, kubectl: wait --for=condition=complete job/report --timeout=5s}
  - {at: 30s, kubectl: wait --for=create pod/late --timeout=1m}
  - {at: 40s, kubectl: run late --image=example/web:1}
  - {at: 50s, kubectl: wait --for=delete pod/late --timeout=5m}
  - {at: 60s, kubectl: delete pod late --grace-period=5 --wait=false}
  - {at: 70s, kubectl: wait --for=condition=Ready pod/nobody}",
    );
    let at = |text: &str| {
        found.iter().find(|output| output.2.contains(text)).map(|output| (output.0, output.1.clone()))
    };
    let failed = at("error: timed out waiting for the condition on jobs/report");
    assert_eq!(failed, Some((6.0, "ExitStatus1".into())), "{found:#?}");
    let complete = at("job.batch/report condition met").unwrap();
    assert!(complete.0 > 20.0 && complete.1 == "ExitStatus0", "{found:#?}");
    let met: Vec<f64> =
        found.iter().filter(|output| output.2 == "pod/late condition met").map(|output| output.0).collect();
    assert!(met.len() == 2 && (40.0..41.0).contains(&met[0]) && (60.0..70.0).contains(&met[1]), "{found:#?}");
    assert_eq!(at("pods \"nobody\" not found"), Some((70.0, "ExitStatus1".into())));
}

#[test]
fn delete_with_a_timeout_fails_when_finalizers_hold_the_object() {
    let found = outputs(
        "
  - {at: 10s, kubectl: 'patch deployment web --type=merge -p ''{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}'''}
  - {at: 20s, kubectl: delete deployment web --timeout=10s}
  - {at: 40s, kubectl: 'patch deployment web --type=merge -p ''{\"metadata\":{\"finalizers\":null}}'''}
  - {at: 41s, kubectl: get deployments}",
    );
    assert!(found.iter().any(|output| output.2.starts_with("deployment.apps \"web\" deleted")), "{found:#?}");
    let end = found.iter().find(|output| output.1 == "ExitStatus1").unwrap();
    assert_eq!(
        (end.0, end.2.as_str()),
        (30.0, "error: timed out waiting for the condition on deployments/web")
    );
    assert_eq!(found.last().unwrap().2, "No resources found in default namespace.");
}
