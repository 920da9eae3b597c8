//! Requests: what users of the cluster feel. Times are exact; machinery takes no time unless a test says so.

use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record, TrafficSample};

/// The beginning of a scenario; `spec` goes on with it.
pub(crate) fn scenario(spec: &str, rest: &str) -> String {
    format!(
        "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: test}}
spec:
  timing: ideal
  cluster:
    nodePools:
    - {{name: worker, count: 3, zones: [a, b, c]}}
{spec}
---
{rest}"
    )
}

/// A Deployment of pods that answer on port 8080, and its Service.
pub(crate) fn web(replicas: u32, pod: &str, container: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {pod}
      containers:
      - {{name: web, image: example/web, ports: [{{containerPort: 8080}}], {container}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
---
"
    )
}

/// The program of all containers.
pub(crate) fn program(spec: &str) -> String {
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

pub(crate) fn run_with(text: &str, options: &RunOptions) -> (Simulation, Vec<Record>) {
    let scenario =
        from_text("test.yaml", text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut simulation = Simulation::new(&scenario, options);
    let mut records = Vec::new();
    let end = simulation.world.end;
    simulation.run_until(end, &mut |record| records.push(record.clone())).unwrap();
    let verdict = simulation.finish(&mut |record| records.push(record.clone()));
    let missed: Vec<_> = verdict.expectations.iter().filter(|checked| !checked.held()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    (simulation, records)
}

pub(crate) fn run(text: &str) -> Vec<Record> {
    run_with(text, &RunOptions::default()).1
}

/// The reported intervals of all sources: end and sample.
pub(crate) fn intervals(records: &[Record]) -> Vec<(f64, &TrafficSample)> {
    let samples = records.iter().filter_map(|record| match &record.detail {
        Detail::Traffic(sample) if sample.is_source => Some((record.at.as_secs_f64(), &**sample)),
        _ => None,
    });
    samples.collect()
}

/// When requests failed: ends of the intervals, and how many by which cause.
fn failures(records: &[Record]) -> Vec<(f64, Vec<(&'static str, u64)>)> {
    let with_failures = intervals(records).into_iter().filter(|(_, sample)| sample.failures() > 0);
    with_failures.map(|(at, sample)| (at, sample.failed.clone())).collect()
}

pub(crate) fn total(records: &[Record]) -> (u64, u64, u64) {
    intervals(records).into_iter().fold((0, 0, 0), |(sent, answered, failed), (_, sample)| {
        (sent + sample.sent, answered + sample.answered, failed + sample.failures())
    })
}

/// Controllers hear of a change 50 ms later, and proxies 50 ms after that; a sync takes a second.
const SLOW: &str = "  settings: {watchLatency: 50ms, proxySyncTime: 1s}";

/// K1: the pod is deleted at 10.0, the rules are updated at 11.1 everywhere; in between half of the connections are
/// refused.
#[test]
fn k1_connections_to_a_deleted_pod_are_refused_until_the_proxies_know() {
    let spec = format!(
        "
  duration: 20s
{SLOW}
  traffic: {{interval: 100ms, sources: [{{service: default/web, rate: 200, from: 5s}}]}}
  steps:
  - {{at: 10s, kubectl: delete pod web-0 --wait=false}}
"
    );
    let records = run(&scenario(&spec, &(program("  startup: {after: 0s}") + &pair(""))));
    let failed = failures(&records);
    let (first, last) = (failed.first().unwrap().0, failed.last().unwrap().0);
    // Intervals of 100 ms by their ends: the kubelet hears at 10.05, the rules are new at 11.1.
    assert!((first - 10.1).abs() < 1e-9 && (last - 11.1).abs() < 1e-9, "{failed:?}");
    let refused: u64 = failed.iter().flat_map(|(_, causes)| causes).map(|(_, count)| count).sum();
    assert!(failed.iter().all(|(_, causes)| causes.iter().all(|(cause, _)| *cause == "connection refused")));
    // 210 connections from 10.05 to 11.1, half of them to the dead pod.
    assert!((85..=125).contains(&refused), "{refused}");
}

/// Two pods of their own behind one Service, with fixed names.
fn pair(pod: &str) -> String {
    let one = |number: u32| {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web-{number}, labels: {{app: web}}}}
spec:
  containers:
  - {{name: web, image: example/web, ports: [{{containerPort: 8080}}], {pod}}}
---
"
        )
    };
    one(0)
        + &one(1)
        + "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"
}

/// K1, the cure: a preStop hook that sleeps longer than the proxies take.
#[test]
fn k1_with_a_pre_stop_sleep_nothing_fails() {
    let spec = format!(
        "
  duration: 20s
{SLOW}
  traffic: [{{service: default/web, rate: 200, from: 5s}}]
  steps: [{{at: 10s, kubectl: delete pod web-0 --wait=false}}]
  expect: [{{at: 20s, traffic: default/web, failed: 0, sent: 3001}}]
"
    );
    run(&scenario(
        &spec,
        &(program("  startup: {after: 0s}") + &pair("lifecycle: {preStop: {sleep: {seconds: 5}}}")),
    ));
}

/// K2: the only endpoint is being terminated and still serves: it gets new connections until it exits at 30.0.
#[test]
fn k2_a_lone_endpoint_serves_until_it_exits() {
    let spec = format!(
        "
  duration: 40s
{SLOW}
  traffic: {{interval: 1s, sources: [{{service: default/web, rate: 10, from: 5s}}]}}
  steps: [{{at: 10s, kubectl: delete pod web-0 --wait=false}}, {{at: 1s, kubectl: delete pod web-1 --force --grace-period=0}}]
"
    );
    let text = scenario(&spec, &(program("  onSigterm: {exitAfter: 20s}") + &pair("")));
    let records = run(&text);
    let failed = failures(&records);
    // Told to stop at 10.05, it exits at 30.05.
    let record = records.iter().find(|record| record.event == "ErrorsBegin").unwrap();
    assert_eq!(record.at, SimTime::from_millis(30_100), "{failed:?}");
    assert_eq!(failed[0].0, 31.0, "{failed:?}");
    // Until the pod is known to be gone connections are refused by the machine, and then by the proxies.
    assert_eq!(failed.last().unwrap().1, [("no endpoint", 10)]);
}

/// K3: readiness fails; new connections stop a second after the slice has changed, open ones go on.
#[test]
fn k3_open_connections_outlive_readiness() {
    let container =
        "readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, failureThreshold: 1}";
    let spec = format!(
        "
  duration: 40s
{SLOW}
  traffic:
    interval: 100ms
    sources:
    - {{name: new, service: default/web, rate: 100, from: 5s}}
    - {{name: open, service: default/web, rate: 1, from: 5s, reuse: true}}
  steps: [{{at: 10s, fault: {{probeFailure: {{pods: '-l app=web'}}}}}}]
"
    );
    let records = run(&scenario(&spec, &(program("  startup: {after: 0s}") + &web(2, "", container))));
    let begins: Vec<_> = records.iter().filter(|record| record.event == "ErrorsBegin").collect();
    assert_eq!(begins.len(), 1, "{begins:#?}");
    assert!(begins[0].message.contains("requests of new begin to fail: no endpoint"), "{begins:#?}");
    // The probe fails at 10.0; slice at 10.05, known to proxies at 10.1, in force a second later.
    assert_eq!(begins[0].at, SimTime::from_millis(11_100));
}

/// K5: a client stays with its endpoint for 10800 s after its last connection.
#[test]
fn k5_session_affinity_ends_after_its_timeout() {
    let service = "  sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}\n";
    let spec = "
  duration: 400s
  traffic:
    interval: 1s
    sources:
    - {name: often, service: default/web, rate: 0.1, from: 5s, client: {node: worker-1}}
    - {name: seldom, service: default/web, rate: 0.09, from: 5s, client: {node: worker-1}}
";
    let rest = program("  startup: {after: 0s}") + &pair("") + service;
    let (simulation, _) = run_with(&scenario(spec, &rest), &RunOptions::default());
    // Where the requests went is told by how many each pod has taken.
    let taken = taken(&simulation);
    // 40 requests of `often` went to one pod; those of `seldom` (36), each a new choice, to both.
    assert_eq!(taken.iter().sum::<u64>(), 40 + 36, "{taken:?}");
    assert!(taken.iter().any(|count| *count > 40) && taken.iter().all(|count| *count > 5), "{taken:?}");
}

/// Requests that each pod of the Service has taken.
fn taken(simulation: &Simulation) -> Vec<u64> {
    let world = &simulation.world;
    let pods = world.api.objects().iter::<shakedown::api::pod::Pod>();
    let traffic = world.traffic.as_ref().unwrap();
    pods.map(|(_, pod)| traffic.load_of(pod.metadata.uid, 0, world.now()).requests).collect()
}

#[test]
fn latency_follows_from_load_and_the_limit_throttles() {
    // A quarter of a core is 25 ms in each tenth of a second.
    let limit = "resources: {limits: {cpu: 250m, memory: 1Gi}}";
    let mean_ms = |per_request: u32, rate: u32| {
        let spec = format!(
            "
  duration: 60s
  traffic: [{{service: default/web, rate: {rate}, from: 5s, until: 59s, timeout: 5s}}]
  expect: [{{at: 60s, traffic: default/web, failed: 0}}]
"
        );
        let app = program(&format!("  cpu: {{perRequest: {per_request}ms}}"));
        let mut latency = shakedown::kernel::Histogram::default();
        for (_, sample) in intervals(&run(&scenario(&spec, &(app + &web(1, "", limit))))) {
            latency.merge(&sample.latency);
        }
        latency.mean().unwrap().as_nanos() / 1_000_000
    };
    // Two of 10 ms in a period do not come to the limit. One of 60 ms gets 25 ms, 25 ms and 10 ms, from three periods.
    assert_eq!((mean_ms(10, 20), mean_ms(60, 2)), (10, 210));
    // Twice as many as fit: the queue grows until requests time out.
    let spec = "
  duration: 60s
  traffic: [{service: default/web, rate: 50, from: 5s, timeout: 1s}]
  expect:
  - {at: 60s, traffic: default/web, availability: {max: 20%}}
";
    run(&scenario(spec, &(program("  cpu: {perRequest: 10ms}") + &web(1, "", limit))));
}

#[test]
fn a_full_queue_turns_requests_away() {
    let spec = "
  duration: 30s
  traffic: [{service: default/web, rate: 30, from: 5s, timeout: 5s}]
  expect:
  # One at a time, 100 ms each: ten a second are answered, each after its own turn and at most five others.
  - {at: 30s, traffic: default/web, answered: {min: 245, max: 251}, causes: {turned away: {min: 480}}, latency: {max: 610ms}}
";
    let app =
        program("  concurrency: 1\n  queue: 5\n  http: {'*': {latency: 100ms}}".replace("'*'", "/").as_str());
    run(&scenario(spec, &(app + &web(1, "", ""))));
}

#[test]
fn a_call_graph_adds_up_and_fails_with_what_it_needs() {
    let backend = "
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
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: db}
spec: {match: {image: example/db}, http: {/query: {latency: 7ms}}}
---
";
    let front = "
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: front}
spec:
  match: {image: example/web}
  http: {/: {latency: 3ms, calls: [{service: db, path: /query, times: 2, timeout: 500ms}]}}
---
";
    let spec = "
  duration: 60s
  traffic: [{name: users, service: default/web, rate: 10, from: 5s}]
  steps:
  - {at: 30s, fault: {dependencyDown: {service: default/db}}, for: 10s}
  expect:
  - {at: 29s, traffic: default/web, failed: 0, latency: {max: 17.3ms}}
  - {at: 29s, traffic: default/db, client: front, failed: 0, sent: {min: 470}}
  # For ten seconds every request waits half a second for the first call and is answered with an error.
  - {at: 60s, traffic: default/web, failed: {min: 99, max: 101}, causes: {error status: {min: 99}}}
  - {at: 60s, traffic: default/db, client: front, causes: {time-out: {min: 99, max: 101}}}
";
    run(&scenario(spec, &(backend.to_owned() + front + &web(2, "", ""))));
}

#[test]
fn users_wait_for_answers_before_they_go_on() {
    let spec = "
  duration: 100s
  traffic: [{service: default/web, users: {count: 10, think: 900ms}, from: 10s}]
  expect:
  # Ten users, a second for a round of 900 ms and 100 ms: ten a second.
  - {at: 100s, traffic: default/web, sent: {min: 890, max: 910}, failed: 0}
";
    run(&scenario(spec, &(program("  http: {/: {latency: 100ms}}") + &web(2, "", ""))));
}

#[test]
fn retries_hide_refused_connections_and_respect_their_budget() {
    let source = |retries: &str| {
        format!(
            "
  duration: 20s
{SLOW}
  traffic: [{{service: default/web, rate: 200, from: 5s, retries: {retries}}}]
  steps: [{{at: 10s, kubectl: delete pod web-0 --wait=false}}]
"
        )
    };
    let rest = program("  startup: {after: 0s}") + &pair("");
    let plain = total(&run(&scenario(&source("0"), &rest)));
    let retried = total(&run(&scenario(&source("8"), &rest)));
    assert!(plain.2 > 80 && retried.2 <= 2, "{plain:?} {retried:?}");
    let budgeted = run(&scenario(&source("{attempts: 8, budget: 1%}"), &rest));
    let retries: u64 = intervals(&budgeted).iter().map(|(_, sample)| sample.retries).sum();
    let sent = total(&budgeted).0;
    assert!(retries <= sent / 100 + 10, "{retries} of {sent}");
}

#[test]
fn a_dead_machine_times_out_and_a_partition_does_too() {
    let spec = "
  duration: 40s
  traffic: {interval: 1s, sources: [{name: a, service: default/web, rate: 30, from: 5s, timeout: 2s, client: {node: worker-1}}]}
  steps:
  - {at: 10s, fault: {partition: {between: [{node: worker-1}, {node: worker-2}]}}, for: 5s}
";
    let text = scenario(spec, &(program("  startup: {after: 0s}") + &spread()));
    let records = run(&text);
    let failed = failures(&records);
    assert!(
        failed.iter().all(|(_, causes)| causes.iter().all(|(cause, _)| *cause == "time-out")),
        "{failed:?}"
    );
    // Requests from 10 s to 15 s to one of three pods, each after its two seconds.
    assert!((failed[0].0 - 13.0).abs() < 1.1 && (failed.last().unwrap().0 - 17.0).abs() < 1.1, "{failed:?}");
    let count: u64 = failed.iter().flat_map(|(_, causes)| causes).map(|(_, count)| count).sum();
    assert!((30..=70).contains(&count), "{count}");
}

/// A pod on every node.
pub(crate) fn spread() -> String {
    "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example/web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"
    .to_owned()
}

#[test]
fn eager_runs_and_forks_have_the_same_requests() {
    let spec = "
  duration: 60s
  traffic: [{service: default/web, rate: {poisson: 40}, from: 5s, retries: 1, reuse: true}]
  steps: [{at: 20s, kubectl: rollout restart deployment web}, {at: 40s, fault: {nodeCrash: {node: worker-2}}}]
";
    let container = "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}";
    let app = program(
        "  http: {/: {latency: {exponential: {mean: 20ms}}}}\n  cpu: {perRequest: 3ms}\n  startup: {after: 2s}",
    );
    let text = scenario(spec, &(app + &web(3, "", container)));
    let lines = |records: &[Record]| -> Vec<String> {
        records.iter().map(|record| format!("{} {} {}", record.at, record.event, record.message)).collect()
    };
    let plain = lines(&run(&text));
    let (_, eager) = run_with(&text, &RunOptions { eager: true, ..RunOptions::default() });
    assert_eq!(plain, lines(&eager));

    let parsed = from_text("test.yaml", &text).unwrap();
    let mut first = Simulation::new(&parsed, &RunOptions::default());
    let mut before = Vec::new();
    first.run_until(SimTime::from_secs(41), &mut |record| before.push(record.clone())).unwrap();
    let mut fork = first.clone();
    drop(first);
    fork.run_until(SimTime::from_secs(60), &mut |record| before.push(record.clone())).unwrap();
    fork.finish(&mut |record| before.push(record.clone()));
    assert_eq!(plain, lines(&before));
}

/// The first minutes of the shop, with manifests that are not part of the project.
#[test]
fn the_online_boutique_answers() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifests = root.join("../shared/data/manifests/online-boutique/kubernetes-manifests.yaml");
    if !manifests.exists() {
        eprintln!("skipped: {} is absent", manifests.display());
        return;
    }
    let paths = [root.join("scenarios/online-boutique/zone-outage.yaml"), manifests];
    let scenario = shakedown::scenario::load(&paths, &shakedown::scenario::any_line)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    let end = SimTime::from_secs(240);
    simulation.run_until(end, &mut |record| records.push(record.clone())).unwrap();
    let (sent, answered, failed) = total(&records);
    assert!(sent > 1_000 && failed == 0 && answered + 20 > sent, "{sent} {answered} {failed}");
}
