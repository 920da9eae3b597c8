//! The worked timeline of a dead node (control plane 3.7): kubelet dies at 21 s, leases at 0, 10, 20 ...

use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::Record;

fn records(grace: &str) -> Vec<Record> {
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: dead-node}}
spec:
  duration: 10m
  kubernetes: '1.34'
  timing: ideal
  cluster: {{nodePools: [{{name: worker, count: 3}}]}}
  settings: {{nodeMonitorGracePeriod: {grace}}}
  steps: [{{at: 21s, fault: {{nodeCrash: {{node: worker-2}}}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: patient}}
spec:
  nodeName: worker-2
  containers: [{{name: c, image: a:1}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: hasty}}
spec:
  nodeName: worker-2
  tolerations: [{{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}}]
  containers: [{{name: c, image: a:1}}]
"
    );
    let scenario =
        from_text("dead-node.yaml", &text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::MAX, &mut |record| records.push(record.clone())).unwrap();
    records
}

/// When a record about `name` first says `text` after the crash, in seconds.
fn first(records: &[Record], name: &str, text: &str) -> f64 {
    let said = |record: &&Record| record.subject.name == name && record.message.contains(text);
    let found = records.iter().filter(|record| record.at > SimTime::from_secs(21)).find(said);
    found.unwrap_or_else(|| panic!("no record about {name} says {text}")).at.as_secs_f64()
}

fn check(grace: &str, unknown: f64, evicted: f64) {
    let records = records(grace);
    let exact = |name: &str, text: &str, wanted: f64| {
        let found = first(&records, name, text);
        assert!((found - wanted).abs() < 1e-9, "{name}: {text} at {found}, not at {wanted}");
    };
    exact("worker-2", "Ready Unknown", unknown);
    exact("worker-2", "unreachable:NoSchedule added", unknown);
    exact("worker-2", "unreachable:NoExecute added", unknown);
    exact("patient", "Ready False", unknown);
    exact("hasty", "deletion requested", unknown + 30.0);
    exact("patient", "deletion requested", evicted);
}

#[test]
fn t3_7_1_with_a_grace_period_of_50_s_unknown_at_75_and_evicted_at_375() {
    check("50s", 75.0, 375.0);
}

#[test]
fn t3_7_2_with_a_grace_period_of_40_s_unknown_at_65_and_evicted_at_365() {
    check("40s", 65.0, 365.0);
}
