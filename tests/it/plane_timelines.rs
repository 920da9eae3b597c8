//! The worked timelines of the control plane's specification that have no better place, and the check that each has a
//! test.
//!
//! A timeline is named by its section and its number there (`t3_7_1`), or by a letter where it has no number (`t4_2_a`).
//!
//! | timelines | where |
//! |---|---|
//! | 1.12 (1, 2), 6 (a) | `api_server` |
//! | 1.12 (4, 5) | `outages` |
//! | 3.7 | `node_failure` (1, 2), `node_loss` |
//! | all others | here |
//!
//! On the reference clock a container that starts at a whole second is seen to run by the relist a second later, so a pod
//! takes S = 1 s to become ready. Pods of most cases are gone G = 6 s after they are told to stop: five of the program and one
//! until the kubelet has seen it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use shakedown::api::batch::Job;
use shakedown::api::core::Conditions;
use shakedown::api::workload::Deployment;
use shakedown::api::{Commit, Kind, Object, Op};
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

/// A scenario on the reference clock (unless `settings` of the spec say otherwise) with a program for all images.
fn run(seconds: u64, spec: &str, program: &str, manifests: &str) -> Vec<Record> {
    let manifests = if manifests.is_empty() { String::new() } else { format!("{manifests}\n---\n") };
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: timeline}}\nspec:\n  duration: 2h\n{spec}\n---\n\
         {manifests}apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: app}}\nspec: {{match: {{image: \
         '*'}}, {program}}}\n"
    );
    let scenario =
        from_text("timeline.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::from_secs(seconds), &mut |record| records.push(record.clone())).unwrap();
    records
}

/// Nodes, timing and steps of most cases.
fn ideal(nodes: u32, steps: &str) -> String {
    format!(
        "  timing: ideal\n  cluster: {{nodePools: [{{name: n, count: {nodes}, allocatable: {{cpu: '8', memory: 16Gi, pods: \
         110}}}}]}}\n  steps: [{steps}]"
    )
}

/// A program that listens at once and takes five seconds to stop.
const SERVER: &str = "startup: {after: 0s}, onSigterm: {exitAfter: 5s, code: 0}";

fn commits(records: &[Record]) -> impl Iterator<Item = (f64, &Commit)> {
    records.iter().filter_map(|record| match &record.detail {
        Detail::Commit(commit) => Some((record.at.as_secs_f64(), &**commit)),
        _ => None,
    })
}

/// `time what`, a line whenever what is said of an object changes.
fn changes(records: &[Record], say: impl Fn(&Commit) -> Option<String>) -> Vec<String> {
    let mut last: BTreeMap<(Kind, u32), String> = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, commit) in commits(records) {
        let Some(what) = say(commit) else { continue };
        if last.insert((commit.id.kind, commit.id.index), what.clone()).as_ref() != Some(&what) {
            lines.push(format!("{at} {what}"));
        }
    }
    lines
}

/// When pods were created: seconds and what of their names is not drawn.
fn creations(records: &[Record], kind: Kind) -> Vec<(f64, String)> {
    commits(records)
        .filter(|(_, commit)| commit.op == Op::Added && commit.id.kind == kind)
        .map(|(at, commit)| (at, commit.new.metadata().name.to_string()))
        .collect()
}

/// The sizes that a Deployment gave its two sets, `old` and `new`.
fn sizes(records: &[Record]) -> Vec<String> {
    changes(records, |commit| {
        let Object::ReplicaSet(set) = &commit.new else { return None };
        let age = if set.spec.template.spec.containers[0].image.ends_with(":1") { "old" } else { "new" };
        Some(format!("{age} {}", set.spec.replicas.unwrap_or(1)))
    })
}

fn deployment(replicas: u32, surge: &str, unavailable: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  strategy: \
         {{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: c, image: 'example/web:1'}}]}}\n"
    )
}

const UPDATE: &str = "{at: 60s, kubectl: set image deployment/web c=example/web:2}";

#[test]
fn t1_12_3_an_object_with_a_finalizer_goes_when_the_last_one_does() {
    let steps = "{at: 1s, kubectl: delete configmap held --wait=false}, \
                 {at: 9s, kubectl: \"patch configmap held --type=merge -p '{\\\"metadata\\\":{\\\"finalizers\\\":null}}'\"}";
    let held = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [example.com/f]}\n";
    let records = run(20, &ideal(1, steps), SERVER, held);
    let lines = changes(&records, |commit| {
        let metadata = commit.new.metadata();
        let since = metadata.deletion_timestamp.zip(metadata.creation_timestamp);
        (metadata.name == "held").then(|| {
            format!("{:?} {:?}", commit.op, since.map(|(deleted, created)| deleted.seconds_since(created)))
        })
    });
    assert_eq!(lines, ["0 Added None", "1 Modified Some(1)", "9 Deleted Some(1)"]);
}

#[test]
fn t4_2_a_ten_replicas_with_a_quarter_more_and_a_quarter_less() {
    let records = run(120, &ideal(3, UPDATE), SERVER, &deployment(10, "25%", "25%"));
    let expected = ["0 old 10", "60 new 3", "60 old 8", "60 new 5", "61 old 3", "61 new 10", "62 old 0"];
    assert_eq!(sizes(&records), expected);
    let done = commits(&records).filter(|(at, _)| *at >= 60.0).find_map(|(at, commit)| {
        let Object::Deployment(web) = &commit.new else { return None };
        let Deployment { spec, status, .. } = &**web;
        let all = Some(status.updated_replicas) == spec.replicas && status.replicas == 10;
        (all && status.available_replicas == 10 && status.observed_generation == 2).then_some(at)
    });
    assert_eq!(done, Some(62.0));
    // At every instant: at most 13 wanted, at least 8 of the pods that are to stay ready.
    let (mut wanted, mut ready) = (BTreeMap::new(), BTreeSet::new());
    for (at, commit) in commits(&records) {
        match &commit.new {
            Object::ReplicaSet(set) => {
                wanted.insert(commit.id.index, set.spec.replicas.unwrap_or(1));
            }
            Object::Pod(pod) => {
                let stays = commit.op != Op::Deleted && !pod.metadata.is_terminating() && pod.is_ready();
                if stays {
                    ready.insert(commit.id.index)
                } else {
                    ready.remove(&commit.id.index)
                };
            }
            _ => {}
        }
        assert!(wanted.values().sum::<i32>() <= 13, "{wanted:?} at {at}");
        assert!(at < 2.0 || ready.len() >= 8, "{ready:?} at {at}");
    }
}

#[test]
fn t4_2_b_three_replicas_go_strictly_one_by_one() {
    let records = run(120, &ideal(3, UPDATE), SERVER, &deployment(3, "25%", "25%"));
    let expected = ["0 old 3", "60 new 1", "61 old 2", "61 new 2", "62 old 1", "62 new 3", "63 old 0"];
    assert_eq!(sizes(&records), expected);
}

#[test]
fn t4_2_c_without_a_surge_the_old_pod_goes_first() {
    let records = run(120, &ideal(3, UPDATE), SERVER, &deployment(4, "0", "1"));
    let expected = [
        "0 old 4", "60 new 0", "60 old 3", "60 new 1", "61 old 2", "61 new 2", "62 old 1", "62 new 3",
        "63 old 0", "63 new 4",
    ];
    assert_eq!(sizes(&records), expected);
}

#[test]
fn t4_2_d_a_scaled_rollout_keeps_its_proportions() {
    // The new version never becomes ready, so that the rollout stands at 8 old and 5 new.
    let steps = format!("{UPDATE}, {{at: 100s, kubectl: scale deployment web --replicas=15}}");
    let stuck = "---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: stuck}\nspec: {match: {image: \
                 'example/web:2'}, startup: {after: 1h}}\n";
    let probe = "ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}]";
    let manifests = deployment(10, "3", "2").replace("}]", &format!(", {probe}")) + stuck;
    let records = run(200, &ideal(3, &steps), SERVER, &manifests);
    let expected = ["0 old 10", "60 new 3", "60 old 8", "60 new 5", "100 old 11", "100 new 7"];
    let mut found = sizes(&records);
    found[4..].sort_by_key(|line| line.contains("new"));
    assert_eq!(found, expected);
}

fn stateful_set(policy: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  replicas: 3\n  serviceName: db\n  \
         podManagementPolicy: {policy}\n  selector: {{matchLabels: {{app: db}}}}\n  template:\n    metadata: {{labels: {{app: \
         db}}}}\n    spec: {{containers: [{{name: c, image: 'example/db:1'}}]}}\n"
    )
}

/// When pods came, became ready, were told to stop and went.
fn lives(records: &[Record]) -> Vec<String> {
    changes(records, |commit| {
        let Object::Pod(pod) = &commit.new else { return None };
        let word = match commit.op {
            Op::Deleted => "gone",
            _ if pod.metadata.is_terminating() => "stops",
            _ if pod.is_ready() => "ready",
            _ => "created",
        };
        Some(format!("{word} {}", pod.metadata.name))
    })
}

#[test]
fn t4_3_a_a_stateful_set_comes_up_and_is_updated_pod_by_pod() {
    let steps = "{at: 60s, kubectl: set image statefulset/db c=example/db:2}";
    let records = run(120, &ideal(3, steps), SERVER, &stateful_set("OrderedReady"));
    let expected = [
        "0 created db-0",
        "1 ready db-0",
        "1 created db-1",
        "2 ready db-1",
        "2 created db-2",
        "3 ready db-2",
        // Three times G + S: from the highest ordinal down.
        "60 stops db-2",
        "66 gone db-2",
        "66 created db-2",
        "67 ready db-2",
        "67 stops db-1",
        "73 gone db-1",
        "73 created db-1",
        "74 ready db-1",
        "74 stops db-0",
        "80 gone db-0",
        "80 created db-0",
        "81 ready db-0",
    ];
    assert_eq!(lives(&records), expected);
    let parallel = run(10, &ideal(3, ""), SERVER, &stateful_set("Parallel"));
    let ready: Vec<String> = lives(&parallel).into_iter().filter(|line| line.contains("ready")).collect();
    assert_eq!(ready, ["1 ready db-0", "1 ready db-1", "1 ready db-2"]);
    assert!(creations(&parallel, Kind::Pod).iter().all(|(at, _)| *at == 0.0));
}

const AGENT: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  selector: {matchLabels: {app: \
                     agent}}\n  template:\n    metadata: {labels: {app: agent}}\n    spec: {containers: [{name: c, image: \
                     'example/agent:1'}]}\n";

#[test]
fn t4_4_a_a_daemon_set_is_updated_node_by_node() {
    let steps = "{at: 60s, kubectl: set image daemonset/agent c=example/agent:2}";
    let records = run(120, &ideal(5, steps), SERVER, AGENT);
    let after = |word: &str| -> Vec<String> {
        let lines = lives(&records).into_iter().filter(|line| line.contains(word));
        lines.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
    };
    // G + S a node, and one node at a time.
    assert_eq!(after("stops"), ["60", "67", "74", "81", "88"]);
    assert_eq!(after("ready"), ["1", "1", "1", "1", "1", "67", "74", "81", "88", "95"]);
}

#[test]
fn a_daemon_pod_that_its_node_refuses_is_made_anew_after_twice_the_time() {
    // A full disk: the kubelet refuses the pod, which tolerates the taint. From a second to a quarter of an hour.
    let steps = "{at: 55s, fault: {pressure: {node: n-1, resource: disk}}}";
    let records = run(5400, &ideal(1, steps), SERVER, AGENT);
    let created: Vec<f64> = creations(&records, Kind::Pod).iter().map(|(at, _)| *at).collect();
    let waits: Vec<f64> = created.windows(2).map(|pair| (pair[1] - pair[0]).round()).collect();
    let mut expected: Vec<f64> = (0..10).map(|doublings| f64::from(1 << doublings)).collect();
    expected.extend([900.0; 3]);
    assert_eq!(waits[1..=13], expected, "{created:?}");
}

fn job(spec: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: work}}\nspec:\n  {spec}\n  template:\n    spec: {{restartPolicy: \
         Never, containers: [{{name: c, image: 'example/work:1'}}]}}\n"
    )
}

/// When the pods of a Job were created and when it ended, in whole seconds.
fn job_times(program: &str, spec: &str) -> (Vec<u64>, Option<(u64, String)>) {
    // The kubelet sees at once what has ended.
    let scenario = ideal(1, "") + "\n  settings: {plegRelistPeriod: 1ms}";
    let records = run(900, &scenario, program, &job(spec));
    let starts = creations(&records, Kind::Pod).iter().map(|(at, _)| *at as u64).collect();
    let end = commits(&records).find_map(|(at, commit)| {
        let Object::Job(job) = &commit.new else { return None };
        let Job { status, .. } = &**job;
        let end = ["Complete", "Failed"].into_iter().find(|kind| status.conditions.is_true(kind))?;
        Some((at as u64, format!("{end} {}", status.failed)))
    });
    (starts, end)
}

#[test]
fn t4_5_a_failures_double_the_wait() {
    let instant = "runs: [{for: 0s, code: 1}]";
    assert_eq!(
        job_times(instant, "backoffLimit: 6"),
        (vec![0, 10, 30, 70, 150, 310, 630], Some((630, "Failed 7".into())))
    );
    assert_eq!(job_times(instant, "backoffLimit: 0"), (vec![0], Some((0, "Failed 1".into()))));
    assert_eq!(
        job_times("runs: [{for: 1s, code: 1}]", "backoffLimit: 6"),
        (vec![0, 11, 32, 73, 154, 315, 636], Some((637, "Failed 7".into())))
    );
}

#[test]
fn t4_5_b_two_at_a_time_until_five_have_succeeded() {
    let found = job_times("runs: [{for: 30s, code: 0}]", "parallelism: 2\n  completions: 5");
    assert_eq!(found, (vec![0, 0, 30, 30, 60], Some((90, "Complete 0".into()))));
}

fn cron_job(policy: &str) -> String {
    format!(
        "{{at: 60s, apply: {{apiVersion: batch/v1, kind: CronJob, metadata: {{name: tick}}, spec: {{schedule: '*/5 * * * *', \
         concurrencyPolicy: {policy}, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, \
         image: 'example/work:1'}}]}}}}}}}}}}}}}}"
    )
}

#[test]
fn t4_6_a_a_cron_job_starts_100_ms_after_its_time_and_waits_if_it_must() {
    let settings = "\n  settings: {plegRelistPeriod: 1ms}";
    let runs = |policy: &str, length: &str, seconds: u64| {
        let program = format!("runs: [{{for: {length}, code: 0}}]");
        run(seconds, &(ideal(1, &cron_job(policy)) + settings), &program, "")
    };
    let jobs = |records: &[Record]| creations(records, Kind::Job);
    let allowed = jobs(&runs("Allow", "1s", 700));
    let minutes: Vec<i64> =
        allowed.iter().map(|(_, name)| name.rsplit('-').next().unwrap().parse().unwrap()).collect();
    assert_eq!(allowed.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [300.1, 600.1]);
    assert_eq!(minutes[1] - minutes[0], 5);
    // Seven minutes a run: the end of one starts the one that it has kept waiting.
    let records = runs("Forbid", "7m", 1700);
    let times: Vec<f64> = jobs(&records).iter().map(|(at, _)| (at * 10.0).floor() / 10.0).collect();
    assert_eq!(times, [300.1, 720.1, 1140.1, 1560.1]);
    let refused: Vec<f64> = commits(&records)
        .filter(
            |(_, commit)| matches!(&commit.new, Object::Event(event) if event.reason == "JobAlreadyActive"),
        )
        .map(|(at, _)| at)
        .collect();
    // It is refused whenever somebody looks before the run is over: at its time, and with every change of the Job.
    assert!(refused.contains(&600.1) && refused.contains(&900.1), "{refused:?}");
}

#[test]
fn t4_8_a_a_drain_waits_for_the_budget_every_five_seconds() {
    let steps =
        "{at: 0s, kubectl: cordon n-2}, {at: 50s, kubectl: uncordon n-2}, {at: 60s, kubectl: drain n-1}";
    let budget = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 2, \
                  selector: {matchLabels: {app: web}}}\n";
    let manifests = deployment(3, "1", "0") + budget;
    let records =
        run(120, &ideal(2, steps), "startup: {after: 0s}, onSigterm: {exitAfter: 0s, code: 0}", &manifests);
    let lines = lives(&records);
    let stopped: Vec<&str> = lines
        .iter()
        .filter(|line| line.contains("stops"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    // A replacement is ready a second after each eviction; the refused ones try again every five seconds.
    assert_eq!(stopped, ["60", "65", "70"], "{lines:#?}");
    let said: Vec<&Record> = records.iter().filter(|record| record.event == "Output").collect();
    let refusals =
        said.iter().map(|record| record.message.matches("will retry after 5s").count()).sum::<usize>();
    assert_eq!(refusals, 3, "{said:#?}");
}

#[test]
fn t7_a_from_the_deployment_to_the_endpoints_in_two_to_three_seconds() {
    let spec = "  cluster: {nodePools: [{name: n, count: 3}]}\n  steps: [{at: 10s, kubectl: create deployment web \
                --image=example/web:1 --port=80}]";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    let program = "startup: {after: 0s}, image: {size: 1Mi}";
    let records = run(30, spec, program, service);
    let first = |is: &dyn Fn(&Object) -> bool| {
        let found = commits(&records).find(|(at, commit)| *at >= 10.0 && is(&commit.new));
        found.map_or_else(|| panic!("it never comes"), |(at, _)| at - 10.0)
    };
    let stages = [
        first(&|object| matches!(object, Object::ReplicaSet(_))),
        first(&|object| matches!(object, Object::Pod(_))),
        first(&|object| matches!(object, Object::Pod(pod) if pod.node_name.is_some())),
        first(&|object| matches!(object, Object::Pod(pod) if pod.is_ready())),
        first(
            &|object| matches!(object, Object::EndpointSlice(slice) if slice.endpoints.iter().any(|end| end.conditions.ready)),
        ),
    ];
    assert!(stages.is_sorted(), "{stages:?}");
    // The specification's figures: about 20, 40 and 60 ms, a container start of 1 to 2 s, and 100 ms for the slice.
    for (stage, most) in stages.iter().zip([0.02, 0.04, 0.06, 2.1, 2.2]) {
        assert!(*stage <= most, "{stages:?}");
    }
}

#[test]
fn t7_1_a_hundred_replicas_through_a_client_of_20_qps() {
    let spec = ideal(3, "") + "\n  settings: {kubeApiQps: 20, kubeApiBurst: 30}";
    let set = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: many}\nspec: {replicas: 100, selector: {matchLabels: {a: \
               b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: 'c:1'}]}}}\n";
    let records = run(30, &spec, SERVER, set);
    let pods: Vec<f64> = creations(&records, Kind::Pod).iter().map(|(at, _)| *at).collect();
    // The bucket alone gives its hundredth token at 3.5 s (a unit test of `src/component/bucket.rs`). The recorded control
    // plane sends events and statuses through the same client: 25 events pass the spam filter, and the set's status is
    // written once, so that the last pod has the 126th token.
    let last = f64::from(100 + 25 + 1 - 30) / 20.0;
    assert_eq!((pods.len(), pods[0], pods[99]), (100, 0.0, last), "{pods:?}");
}

/// Every timeline that the specification works out has a test that is named after it.
#[test]
fn every_worked_timeline_of_the_control_plane_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(spec) = std::fs::read_to_string(root.join("../shared/spec/control-plane.md")) else {
        eprintln!("../shared/spec/control-plane.md is not there: nothing to compare with");
        return;
    };
    let wanted = timelines(&spec);
    assert!(wanted.len() > 25, "{wanted:?}");
    let mut named = BTreeSet::from(["t7_2".to_owned()]); // a unit test of `src/component/workqueue.rs`
    let files = std::fs::read_dir(root.join("tests/it")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for name in text.lines().filter_map(|line| line.trim().strip_prefix("fn t")) {
            let place = name.split('_').take_while(|part| part.len() == 1 || part.parse::<u32>().is_ok());
            named.insert(format!("t{}", place.collect::<Vec<_>>().join("_")));
        }
    }
    let missing: Vec<&String> = wanted.iter().filter(|key| !covers(&named, key)).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
}

/// A name goes on after the place with words, of which the first may have one letter.
fn covers(named: &BTreeSet<String>, key: &str) -> bool {
    named.iter().any(|name| name == key || name.strip_prefix(key).is_some_and(|rest| rest.starts_with("_a")))
}

/// The worked timelines of sections 1, 3, 4, 6 and 7 by the names of their tests: numbered lines of a list of timelines,
/// and paragraphs that begin as one.
fn timelines(spec: &str) -> BTreeSet<String> {
    let begins =
        ["Timeline", "Rollout walk", "Example: replicas", " replicas ", " Proportional: ", "P=2,C=5"];
    let (mut wanted, mut section, mut letters, mut listed) = (BTreeSet::new(), String::new(), 0u8, false);
    for line in spec.lines() {
        if line.starts_with("##") {
            section = line
                .trim_start_matches('#')
                .trim()
                .split([' ', '.'])
                .take_while(|part| part.parse::<u32>().is_ok())
                .collect::<Vec<_>>()
                .join("_");
            (letters, listed) = (0, line.contains("Timelines") || section == "7");
        }
        if !["1", "3", "4", "6", "7"].contains(&section.split('_').next().unwrap_or_default()) {
            continue;
        }
        let number = line.split_once(". ").map(|(word, _)| word).filter(|word| word.parse::<u32>().is_ok());
        if let Some(number) = number.filter(|_| listed) {
            wanted.insert(format!("t{section}_{number}"));
        } else if begins.iter().any(|start| line.starts_with(start)) {
            wanted.insert(format!("t{section}_{}", char::from(b'a' + letters)));
            letters += 1;
        }
    }
    wanted
}
