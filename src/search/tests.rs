//! A scenario with a weakness that shows only under one kind of fault.

use super::*;
use crate::scenario::from_text;
use crate::sim::RunOptions;

const WEAK: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: weak}
spec:
  duration: 5m
  timing: ideal
  cluster:
    nodePools:
    - {name: worker, count: 3, zones: [a, b, c], allocatable: {cpu: \"4\", memory: 8Gi, pods: 110}}
  expect:
  - {at: 1m, pods: \"-l app=web\", ready: 2}
  - {always: {service: default/web, endpoints: {min: 1}}, from: 1m}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {topology.kubernetes.io/zone: b}
      containers:
      - {name: web, image: example/web:1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

fn query(jobs: usize) -> Query {
    Query { seeds: 400, seed: 1, max_faults: 3, jobs, options: RunOptions::default() }
}

#[test]
fn the_least_schedule_is_found_and_its_file_shows_it() {
    let scenario = from_text("weak.yaml", WEAK).unwrap();
    let only = ["zoneOutage", "nodeReboot", "exit"].map(str::to_owned);
    let menu = Menu::of(&scenario, &only);
    let find = |jobs| search(&scenario, &menu, &query(jobs), &|| {}).unwrap().unwrap();
    let finding = find(1);
    assert_eq!(finding.least.0.len(), 1, "{:?}", finding.least);
    assert_eq!(finding.miss.expectation, Some(1));
    let other = find(3);
    assert_eq!((finding.number, &finding.file), (other.number, &other.file));

    let emitted = from_text("found.yaml", &finding.file).unwrap();
    let miss = trial::first_miss(&emitted, &RunOptions::default()).unwrap();
    assert_eq!((miss.at, &miss.why), (finding.miss.at, &finding.miss.why));
    assert_eq!((emitted.expectations.len(), emitted.steps.len()), (1, 1));
}

#[test]
fn what_cannot_be_searched_says_why() {
    let scenario = from_text("weak.yaml", WEAK).unwrap();
    let nothing = Menu::of(&scenario, &["imaginary".to_owned()]);
    assert!(matches!(search(&scenario, &nothing, &query(1), &|| {}), Err(SearchError::NoFaults)));
    let menu = Menu::of(&scenario, &[]);
    let broken = from_text("weak.yaml", &WEAK.replace("ready: 2", "ready: 3")).unwrap();
    let error = search(&broken, &menu, &query(1), &|| {}).unwrap_err();
    assert!(error.to_string().starts_with("without any fault: "), "{error}");
}

#[test]
fn every_drawn_schedule_can_be_written() {
    let scenario = from_text("weak.yaml", WEAK).unwrap();
    let menu = Menu::of(&scenario, &[]);
    for number in 0..500 {
        let schedule = draw::schedule(&menu, 7, number, 4, scenario.duration);
        assert_eq!(schedule, draw::schedule(&menu, 7, number, 4, scenario.duration));
        let file = crate::source::SourceFile::new("schedule", schedule.to_patch());
        let patch = crate::scenario::patch(
            &scenario,
            crate::kernel::SimTime::ZERO,
            &[file],
            &crate::scenario::any_line,
        );
        let patch = patch.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert_eq!(patch.steps.len(), schedule.0.len());
    }
}
