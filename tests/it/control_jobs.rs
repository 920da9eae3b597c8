//! Jobs as users run them: policies, limits per index, suspension, and what becomes of their pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use shakedown::api::batch::Job;
use shakedown::api::pod::Pod;
use shakedown::api::{Kind, Op};
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

/// Runs a Job: `steps` of the scenario, what the program does, and the Job's own `spec`.
fn run(steps: &str, runs: &str, spec: &str) -> (Simulation, Vec<Record>) {
    let text = format!(
        "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: test}}
spec:
  timing: ideal
  duration: 1200s
  cluster:
    nodePools:
    - {{name: worker, count: 3, allocatable: {{cpu: '4', memory: 16Gi, pods: 110}}}}
{steps}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {{name: app}}
spec:
  match: {{image: '*'}}
  runs: {runs}
---
apiVersion: batch/v1
kind: Job
metadata: {{name: work}}
spec:
{spec}
  template:
    spec: {{restartPolicy: Never, containers: [{{name: c, image: 'example/work:1'}}]}}
"
    );
    let scenario = from_text("test.yaml", &text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::from_secs(1200), &mut |record| records.push(record.clone())).unwrap();
    (simulation, records)
}

fn job(simulation: &Simulation) -> Arc<Job> {
    simulation.world.api.objects().iter::<Job>().next().expect("the Job is there").1.clone()
}

/// The conditions that hold, with their reasons, and the messages.
fn verdict(job: &Job) -> BTreeMap<String, String> {
    let text =
        |name: &Option<shakedown::base::Name>| name.as_ref().map_or(String::new(), ToString::to_string);
    job.status.conditions.iter().map(|c| (c.kind.to_string(), text(&c.reason))).collect()
}

/// Seconds at which pods were created.
fn starts(records: &[Record]) -> Vec<u64> {
    let created = records.iter().filter_map(|record| match &record.detail {
        Detail::Commit(commit) if commit.op == Op::Added && commit.id.kind == Kind::Pod => {
            Some(record.at.as_secs())
        }
        _ => None,
    });
    created.collect()
}

fn no_pod_is_tracked(simulation: &Simulation) {
    for (_, pod) in simulation.world.api.objects().iter::<Pod>() {
        assert!(pod.metadata.finalizers.is_empty(), "{}", pod.metadata.name);
    }
}

#[test]
fn a_job_counts_its_pods_once_their_finalizer_is_gone() {
    let (simulation, records) = run("", "[{for: 30s, code: 0}]", "  completions: 3\n  parallelism: 3");
    let job = job(&simulation);
    assert_eq!((job.status.succeeded, job.status.failed), (3, 0));
    assert_eq!(verdict(&job)["Complete"], "CompletionsReached");
    no_pod_is_tracked(&simulation);
    // No version of the Job counts a pod that is still tracked, or counts one twice.
    let mut most = 0;
    for record in &records {
        let Detail::Commit(commit) = &record.detail else { continue };
        let shakedown::api::Object::Job(job) = &commit.new else { continue };
        let books = job.status.uncounted_terminated_pods.as_ref().map_or(0, |books| books.succeeded.len());
        most = most.max(job.status.succeeded as usize + books);
        assert!(most <= 3);
    }
}

#[test]
fn a_pod_failure_policy_ends_the_job_at_the_first_fatal_exit_code() {
    let spec = "  backoffLimit: 6
  podFailurePolicy:
    rules:
    - {action: FailJob, onExitCodes: {containerName: c, operator: In, values: [42]}}";
    let (simulation, records) = run("", "[{for: 1s, code: 42}]", spec);
    let job = job(&simulation);
    assert_eq!(starts(&records), [0]);
    assert_eq!(verdict(&job)["Failed"], "PodFailurePolicy");
    assert_eq!(job.status.failed, 1);
    no_pod_is_tracked(&simulation);
}

#[test]
fn ignored_failures_do_not_count_but_still_wait() {
    let spec = "  backoffLimit: 0
  podFailurePolicy:
    rules:
    - {action: Ignore, onExitCodes: {operator: In, values: [7]}}";
    let (simulation, records) = run("", "[{for: 1s, code: 7}]", spec);
    let job = job(&simulation);
    assert_eq!(job.status.failed, 0);
    assert!(verdict(&job).is_empty(), "{:?}", verdict(&job));
    assert_eq!(starts(&records)[..4], [0, 11, 32, 73]);
}

#[test]
fn each_index_has_its_own_limit() {
    let spec = "  completions: 2
  parallelism: 2
  completionMode: Indexed
  backoffLimitPerIndex: 1";
    let (simulation, records) = run("", "[{for: 1s, code: 1}]", spec);
    let job = job(&simulation);
    // Two pods an index: the second of each comes ten seconds after the first has failed.
    assert_eq!(starts(&records), [0, 0, 11, 11]);
    assert_eq!(job.status.failed_indexes.as_deref(), Some("0,1"));
    assert_eq!(verdict(&job)["Failed"], "FailedIndexes");
}

#[test]
fn a_success_policy_ends_the_job_before_all_indexes_are_done() {
    let spec = "  completions: 5
  parallelism: 2
  completionMode: Indexed
  successPolicy: {rules: [{succeededIndexes: 0-1}]}";
    let (simulation, _) = run("", "[{for: 30s, code: 0}]", spec);
    let job = job(&simulation);
    assert_eq!(verdict(&job)["SuccessCriteriaMet"], "SuccessPolicy");
    assert_eq!(verdict(&job)["Complete"], "SuccessPolicy");
    assert!(job.status.completed_indexes.as_deref().is_some_and(|done| done.starts_with("0,1")));
    no_pod_is_tracked(&simulation);
}

#[test]
fn a_suspended_job_stops_its_pods_and_starts_its_clock_anew() {
    let steps = "
  steps:
  - {at: 60s, kubectl: 'patch job work -p ''{\"spec\":{\"suspend\":true}}'''}
  - {at: 200s, kubectl: 'patch job work -p ''{\"spec\":{\"suspend\":false}}'''}";
    let (simulation, records) = run(steps, "[{for: 300s, code: 0}]", "  activeDeadlineSeconds: 400");
    let job = job(&simulation);
    assert_eq!(starts(&records), [0, 200]);
    assert_eq!(verdict(&job)["Suspended"], "JobResumed");
    assert_eq!(verdict(&job)["Complete"], "CompletionsReached");
}

#[test]
fn a_finished_job_goes_with_its_pods_when_its_time_is_over() {
    let (simulation, records) = run("", "[{for: 30s, code: 0}]", "  ttlSecondsAfterFinished: 100");
    assert_eq!(simulation.world.api.objects().iter::<Job>().count(), 0);
    assert_eq!(simulation.world.api.objects().iter::<Pod>().count(), 0);
    let gone = records.iter().find_map(|record| match &record.detail {
        Detail::Commit(commit) if commit.op == Op::Deleted && commit.id.kind == Kind::Job => {
            Some(record.at.as_secs())
        }
        _ => None,
    });
    assert!(gone.is_some_and(|at| (130..=134).contains(&at)), "{gone:?}");
}

#[test]
fn a_job_that_somebody_else_manages_is_left_alone() {
    let (simulation, records) = run("", "[{for: 1s, code: 0}]", "  managedBy: example.com/queue");
    assert!(starts(&records).is_empty());
    assert_eq!(job(&simulation).status.start_time, None);
}
