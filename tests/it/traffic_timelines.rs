//! Worked examples of the specification's sections on autoscaling (5) and Services (6), with exact times and numbers, and the
//! check that every rule and every timeline of both has a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use shakedown::api::Object;
use shakedown::trace::{Detail, Record, TrafficSample};

use super::traffic::{intervals, program, run, scenario, web};

/// Sections of the specification, by how they begin, and the tests that show them.
const SECTIONS: &[(&str, &[&str])] = &[
    ("### 5.1", &["t571_the_first_sync_comes_after_15_s", "missing_requests_are_told"]),
    (
        "### 5.2",
        &["worked_examples", "values_for_all_and_per_pod", "t575_pods_that_are_not_ready_count_as_idle"],
    ),
    (
        "### 5.3",
        &[
            "t572_growth_is_bounded_per_period",
            "both_windows_apply_since_1_24",
            "each_direction_has_its_own_tolerance",
        ],
    ),
    ("### 5.4", &["top_shows_the_last_scrape"]),
    (
        "### 5.5",
        &[
            "a_pool_that_fails_is_left_alone",
            "expanders_choose_by_what_they_are_named_after",
            "too_many_unready_nodes_stop_the_autoscaler",
            "pods_that_must_stay_keep_their_node",
        ],
    ),
    ("### 5.6", &[]),
    ("- Port ranges", &["ports_and_addresses_come_from_their_bands"]),
    ("- Types:", &["a_load_balancer_takes_its_time"]),
    ("- In-range/taken", &["ports_and_addresses_come_from_their_bands"]),
    (
        "- EndpointSlice controller",
        &["t6_a_endpoints_of_250_pods_fill_three_slices", "k2_a_lone_endpoint_serves_until_it_exits"],
    ),
    ("- Endpoints (deprecated", &["t6_a_endpoints_of_250_pods_fill_three_slices"]),
    ("- Retry backoff", &["a_change_after_quiet_is_taken_at_once_and_the_next_one_waits_for_the_period"]),
    ("- kube-proxy:", &["a_change_after_quiet_is_taken_at_once_and_the_next_one_waits_for_the_period"]),
    (
        "- Affinity:",
        &["k5_session_affinity_ends_after_its_timeout", "traffic_stays_close_while_something_is_close"],
    ),
    (
        "- DNS:",
        &["headless_names_exist_once_a_pod_is_ready", "answers_of_dns_are_kept_for_their_time_to_live"],
    ),
    ("- `kubectl run", &["run_with_expose_makes_a_pod_and_its_service"]),
    ("Timeline: pod Ready", &["a_new_endpoint_is_used_a_second_after_it_is_ready"]),
];

/// The two sections of the specification; `None` where it is not there.
fn specification() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/spec/control-plane.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("../shared/spec/control-plane.md is not there: nothing to compare with");
        return None;
    };
    let from = text.find("## 5. Autoscaling").expect("section 5");
    let until = text.find("## 7. ").expect("section 7");
    Some(text[from..until].to_owned())
}

/// Names of all tests, in whatever file.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![root.join("tests/it"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let functions = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn "));
                names.extend(functions.filter_map(|(_, rest)| Some(rest.split_once('(')?.0.to_owned())));
            }
        }
    }
    names
}

#[test]
fn every_rule_and_every_timeline_has_a_test() {
    let Some(spec) = specification() else { return };
    let tests = tests();
    for (section, shown_by) in SECTIONS {
        assert!(spec.lines().any(|line| line.starts_with(section)), "the specification has no `{section}`");
        for name in *shown_by {
            assert!(tests.contains(*name), "{section}: there is no test {name}");
        }
    }
    let is_rule =
        |line: &&str| line.starts_with("### ") || line.starts_with("- ") || line.starts_with("Timeline:");
    let (five, six) = spec.split_once("## 6. ").unwrap();
    let rules = five.lines().filter(|line| line.starts_with("### ")).chain(six.lines().filter(is_rule));
    for rule in rules.filter(|rule| !rule.starts_with("### 5.7")) {
        let known = SECTIONS.iter().any(|(section, _)| rule.starts_with(section));
        assert!(known, "nothing is said about `{rule}`");
    }
    let (_, timelines) = five.split_once("### 5.7").unwrap();
    let numbers = timelines.lines().filter_map(|line| line.split_once(". ")?.0.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    assert!(numbers.len() >= 6, "{numbers:?}");
    for number in numbers {
        let prefix = format!("t57{number}_");
        assert!(tests.iter().any(|name| name.starts_with(&prefix)), "no test for timeline 5.7.{number}");
    }
}

/// What commands said that were refused.
fn refusals(records: &[Record]) -> Vec<&str> {
    let said = records.iter().filter(|record| record.component == "kubectl").map(|record| &*record.message);
    said.filter(|message| message.contains("Invalid value")).collect()
}

#[test]
fn ports_and_addresses_come_from_their_bands() {
    let spec = "
  duration: 10s
  steps:
  - {at: 1s, kubectl: create service nodeport first --tcp=80}
  - {at: 2s, kubectl: create service nodeport second --tcp=80}
  - {at: 3s, kubectl: create service nodeport mine --tcp=80 --node-port=30001}
  - {at: 4s, kubectl: create service nodeport taken --tcp=80 --node-port=30001}
  - {at: 5s, kubectl: create service nodeport outside --tcp=80 --node-port=29999}
  - at: 6s
    apply: {apiVersion: v1, kind: Service, metadata: {name: own, namespace: default}, spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}}
  - at: 7s
    apply: {apiVersion: v1, kind: Service, metadata: {name: twice, namespace: default}, spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}}
  expect:
  - {at: 9s, kubectl: 'get service kubernetes -o jsonpath={.spec.clusterIP}', contains: [10.96.0.1]}
  - {at: 9s, kubectl: 'get service first -o jsonpath={.spec.clusterIP}:{.spec.ports[0].nodePort}', contains: ['10.96.1.1:30086']}
  - {at: 9s, kubectl: 'get service second -o jsonpath={.spec.clusterIP}:{.spec.ports[0].nodePort}', contains: ['10.96.1.2:30087']}
  - {at: 9s, kubectl: 'get service mine -o jsonpath={.spec.ports[0].nodePort}', contains: ['30001']}
  - {at: 9s, kubectl: get services --no-headers, count: 5}
";
    let records = run(&scenario(spec, &program("")));
    let found = refusals(&records);
    let wanted = [
        "provided port is already allocated",
        "provided port is not in the valid range. The range of valid ports is 30000-32767",
        "failed to allocate IP 10.96.0.7: provided IP is already allocated",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.contains(wanted), "{found}\n{wanted}");
    }
}

/// A Service of another kind for the pods of [`web`].
fn kind_of_service(rest: &str, change: &str) -> String {
    let changed = rest.replace("  ports: [{port: 80", &format!("  {change}\n  ports: [{{port: 80"));
    assert_ne!(changed, rest);
    changed
}

/// The first time at which requests were answered, and the last at which one failed by `cause`: ends of intervals.
fn turn(records: &[Record], cause: &str) -> (Option<f64>, Option<f64>) {
    let all = intervals(records);
    let answered = all.iter().find(|(_, sample)| sample.answered > 0).map(|(at, _)| *at);
    let has = |sample: &TrafficSample| sample.failed.iter().any(|(name, _)| *name == cause);
    (answered, all.iter().rev().find(|(_, sample)| has(sample)).map(|(at, _)| *at))
}

/// The cloud takes 30 s by default. Until then there is no address to send to, and afterwards only nodes that have passed a check.
#[test]
fn a_load_balancer_takes_its_time() {
    let spec = "
  duration: 60s
  traffic: {interval: 1s, sources: [{service: default/web, rate: 10, from: 10s, timeout: 500ms}]}
  expect:
  - {at: 29s, kubectl: get service web --no-headers, contains: ['<pending>']}
  - {at: 31s, kubectl: get service web --no-headers, contains: [203.0.113.]}
";
    let rest = kind_of_service(&(program("") + &web(2, "", "")), "type: LoadBalancer");
    let (answered, failed) = turn(&run(&scenario(spec, &rest)), "time-out");
    // Made at 30 s and checked at once; the last request that was sent before gives up half a second later.
    assert_eq!((answered, failed), (Some(31.0), Some(31.0)));
}

#[test]
fn headless_names_exist_once_a_pod_is_ready() {
    let spec = "
  duration: 40s
  settings: {dnsTtl: 1s}
  traffic: {interval: 1s, sources: [{service: default/web, rate: 10, from: 5s, client: {node: worker-1}}]}
";
    let container =
        "readinessProbe: {httpGet: {path: /, port: 8080}, initialDelaySeconds: 20, periodSeconds: 1}";
    let rest = kind_of_service(&(program("") + &web(1, "", container)), "clusterIP: None");
    let (answered, failed) = turn(&run(&scenario(spec, &rest)), "no such host");
    let (answered, failed) = (answered.unwrap(), failed.unwrap());
    assert!((20.0..23.0).contains(&answered), "{answered}");
    assert!((answered - failed).abs() <= 1.0, "{answered} {failed}");
    // That there is nobody is remembered as long as any other answer: asked at 5 s, asked again at 35 s.
    let records = run(&scenario(&spec.replace("dnsTtl: 1s", "dnsTtl: 30s"), &rest));
    assert_eq!(turn(&records, "no such host"), (Some(35.0), Some(35.0)));
    // Unless it is to be found before it is ready.
    let early = kind_of_service(&rest, "publishNotReadyAddresses: true");
    let records = run(&scenario(spec, &early));
    assert_eq!(turn(&records, "no such host"), (Some(5.0), None));
}

/// A client of a headless Service goes on using an address that it was told, for as long as the answer may be kept.
#[test]
fn answers_of_dns_are_kept_for_their_time_to_live() {
    let last_failure = |ttl: u32| {
        let spec = format!(
            "
  duration: 60s
  settings: {{dnsTtl: {ttl}s}}
  traffic: {{interval: 1s, sources: [{{service: default/web, rate: 20, from: 15s, client: {{node: worker-1}}}}]}}
  steps: [{{at: 16s, kubectl: delete pod -l app=web --force --grace-period=0 --wait=false}}]
"
        );
        let rest = kind_of_service(&(program("") + &web(2, "", "")), "clusterIP: None");
        turn(&run(&scenario(&spec, &rest)), "connection refused").1
    };
    // Asked at 15 s: kept until 25 s, or 45 s.
    assert_eq!((last_failure(10), last_failure(30)), (Some(25.0), Some(45.0)));
}

#[test]
fn run_with_expose_makes_a_pod_and_its_service() {
    let spec = "
  duration: 30s
  steps: [{at: 1s, kubectl: run n --image=example/web --port=80 --expose}]
  traffic: [{service: default/n, rate: 10, from: 10s}]
  expect:
  - {at: 20s, kubectl: get pods -l run=n --no-headers, count: 1}
  - {at: 20s, kubectl: 'get service n -o jsonpath={.spec.type}/{.spec.selector.run}/{.spec.ports[0].port}', contains: [ClusterIP/n/80]}
  - {at: 30s, traffic: default/n, sent: 201, failed: 0}
";
    // A source may name a Service that a step makes.
    run(&scenario(spec, &program("")));
}

/// Ready at 10.0, in the slice 50 ms later, known to proxies 50 ms after that; a sync takes a second.
#[test]
fn a_new_endpoint_is_used_a_second_after_it_is_ready() {
    let spec = "
  duration: 20s
  settings: {watchLatency: 50ms, proxySyncTime: 1s}
  traffic: {interval: 100ms, sources: [{service: default/web, rate: 100, from: 5s}]}
";
    let container =
        "readinessProbe: {httpGet: {path: /, port: 8080}, initialDelaySeconds: 9, periodSeconds: 1}";
    let rest = program("") + &web(1, "", container);
    let records = run(&scenario(spec, &rest));
    let becomes_ready = |record: &&Record| match &record.detail {
        Detail::Commit(commit) => matches!(&commit.new, Object::Pod(pod) if pod.is_ready()),
        _ => false,
    };
    let at = records.iter().find(becomes_ready).map(|record| record.at.as_secs_f64());
    let (answered, failed) = turn(&records, "no endpoint");
    let (at, answered, failed) = (at.unwrap(), answered.unwrap(), failed.unwrap());
    // 100 ms of watches and a second of the sync, in intervals of 100 ms.
    assert!((answered - at - 1.2).abs() < 0.11, "{at} {answered}");
    assert!((answered - failed).abs() < 0.11, "{failed} {answered}");
}
