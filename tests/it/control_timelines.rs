//! Worked timelines of the controllers, with every latency of the machinery set to zero.

use std::collections::BTreeMap;

use shakedown::api::{Kind, Op};
use shakedown::kernel::SimTime;
use shakedown::scenario::{Scenario, from_text};
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

const HEAD: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: test}
spec:
  timing: ideal
  duration: 1200s
  cluster:
    nodePools:
    - {name: worker, count: 3, allocatable: {cpu: '4', memory: 16Gi, pods: 110}}
---
";

fn run(manifests: &str) -> (Simulation, Vec<Record>) {
    let scenario: Scenario = from_text("test.yaml", &format!("{HEAD}{manifests}")).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::from_secs(1200), &mut |record| records.push(record.clone())).unwrap();
    (simulation, records)
}

/// When objects of a kind were created, in order.
fn creations(records: &[Record], kind: Kind) -> Vec<(String, f64)> {
    let commits = records.iter().filter_map(|record| match &record.detail {
        Detail::Commit(commit) if commit.op == Op::Added && commit.id.kind == kind => {
            Some((commit.new.metadata().name.to_string(), record.at.as_secs_f64()))
        }
        _ => None,
    });
    commits.collect()
}

/// The program of all containers: what `spec` says of it.
fn program(spec: &str) -> String {
    format!(
        "
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {{name: app}}
spec:
  match: {{image: '*'}}
{spec}
---
"
    )
}

fn stateful_set(policy: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 3
  serviceName: db
  podManagementPolicy: {policy}
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: c, image: 'example/db:1'}}]}}
"
    )
}

#[test]
fn an_ordered_stateful_set_makes_each_pod_once_the_one_before_is_ready() {
    let (_, records) = run(&(program("  startup: {after: 0s}") + &stateful_set("OrderedReady")));
    let pods = creations(&records, Kind::Pod);
    let names: Vec<&str> = pods.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["db-0", "db-1", "db-2"]);
    let steps: Vec<f64> = pods.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    // The kubelet sees that a container runs at its next look at the runtime, once a second.
    assert!(steps.iter().all(|step| (0.0..=1.5).contains(step)), "{pods:?}");
    assert!(pods[2].1 > 0.0, "{pods:?}");
}

#[test]
fn a_parallel_stateful_set_makes_all_pods_at_once() {
    let (_, records) = run(&(program("  startup: {after: 0s}") + &stateful_set("Parallel")));
    let pods = creations(&records, Kind::Pod);
    assert_eq!(pods.len(), 3);
    assert!(pods.iter().all(|(_, at)| *at == pods[0].1), "{pods:?}");
}

#[test]
fn a_job_that_always_fails_waits_twice_as_long_each_time() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: fail}
spec:
  backoffLimit: 6
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: 'example/fail:1'}]}
";
    let (simulation, records) = run(&(program("  runs: [{for: 1s, code: 1}]") + job));
    let pods = creations(&records, Kind::Pod);
    let starts: Vec<u64> = pods.iter().map(|(_, at)| *at as u64).collect();
    // One second of work each: the delays 10, 20, 40, 80, 160, 320 s count from the ends.
    assert_eq!(starts, [0, 11, 32, 73, 154, 315, 636]);
    let jobs = simulation.world.api.objects().iter::<shakedown::api::batch::Job>();
    let ends: BTreeMap<String, i32> = jobs
        .map(|(_, job)| {
            (job.status.conditions.iter().map(|c| c.kind.to_string()).collect(), job.status.failed)
        })
        .collect();
    assert_eq!(ends, BTreeMap::from([("FailureTargetFailed".to_owned(), 7)]));
}

#[test]
fn a_job_runs_as_many_pods_as_may_run_beside_each_other() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: five}
spec:
  completions: 5
  parallelism: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: 'example/ok:1'}]}
";
    let (simulation, records) = run(&(program("  runs: [{for: 30s, code: 0}]") + job));
    assert_eq!(creations(&records, Kind::Pod).len(), 5);
    let mut jobs = simulation.world.api.objects().iter::<shakedown::api::batch::Job>();
    let job = jobs.next().unwrap().1;
    assert_eq!((job.status.succeeded, job.status.active), (5, 0));
    let length = job.status.completion_time.unwrap().seconds_since(job.status.start_time.unwrap());
    assert!((90..=96).contains(&length), "{length}");
}

#[test]
fn a_cron_job_starts_100_ms_after_the_minute() {
    let cron = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: '*/5 * * * *'
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: c, image: 'example/ok:1'}]}
";
    let (_, records) = run(&(program("  runs: [{for: 5s, code: 0}]") + cron));
    let jobs = creations(&records, Kind::Job);
    assert!(jobs.len() >= 3, "{jobs:?}");
    let steps: Vec<f64> = jobs.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    assert!(steps.iter().all(|step| (step - 300.0).abs() < 1e-9), "{jobs:?}");
    assert!(jobs.iter().all(|(_, at)| (at.fract() - 0.1).abs() < 1e-9), "{jobs:?}");
}

#[test]
fn a_daemon_set_has_a_pod_on_every_node() {
    let set = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: c, image: 'example/agent:1'}]}
";
    let (simulation, _) = run(&(program("  startup: {after: 0s}") + set));
    let mut sets = simulation.world.api.objects().iter::<shakedown::api::workload::DaemonSet>();
    let status = &sets.next().unwrap().1.status;
    assert_eq!(
        (status.desired_number_scheduled, status.number_available, status.updated_number_scheduled),
        (3, 3, 3)
    );
}

#[test]
fn a_budget_counts_the_healthy_pods_of_its_deployment() {
    let objects = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'example/web:1'}]}
";
    let (simulation, _) = run(&(program("  startup: {after: 0s}") + objects));
    let mut budgets = simulation.world.api.objects().iter::<shakedown::api::policy::PodDisruptionBudget>();
    let status = &budgets.next().unwrap().1.status;
    assert_eq!((status.current_healthy, status.desired_healthy, status.disruptions_allowed), (3, 2, 1));
}

#[test]
fn versions_of_the_store_only_grow() {
    let (_, records) = run(&(program("  startup: {after: 1s}") + &stateful_set("OrderedReady")));
    let versions = records.iter().filter_map(|record| match &record.detail {
        Detail::Commit(commit) => Some(commit.new.metadata().resource_version),
        _ => None,
    });
    let versions: Vec<u64> = versions.collect();
    assert!(versions.len() > 10);
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
}
