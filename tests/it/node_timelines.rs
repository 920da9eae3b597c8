//! The worked timelines of the specification that have no better place, and the check that each has a test.
//!
//! | timelines | where |
//! |---|---|
//! | P1 to P9 | `node_probes` |
//! | C1 to C12 without C3, S1 to S5, N2, V1, V2 | `node_lifecycle` |
//! | E1 to E5 | `node_exits` |
//! | R1, R2 | `node_cpu` |
//! | R4, R5, R7 | `node_resources` |
//! | D1 to D3, D5, N1 | `node_machines` |
//! | D4 | `node_shutdown` |
//! | K1 to K3, K5 | `traffic`; K4 is a unit test of `src/network/choice.rs` |
//! | C3, R3, R6, N3, V3 | here |

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use shakedown::api::pod::{Container, PodSpec, Resources};
use shakedown::api::qos::oom_score_adj;
use shakedown::base::Quantity;

use super::timeline::{case, lines};

#[test]
fn c3_without_quantisation_the_back_off_alone_counts() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"crash:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: crash}\nspec: {match: {image: \"crash:1\"}, \
                runs: [{for: 0s, code: 1}]}\n";
    let settings =
        "{plegRelistPeriod: 1ms, syncTickPeriod: 1ms, syncTickPhase: 0s, syncByBackoffExpiry: true}";
    let found: Vec<f64> = lines(&case(911, body).settings(settings).run())
        .iter()
        .filter(|(_, what)| what.starts_with("start"))
        .map(|(at, _)| at.parse().unwrap())
        .collect();
    let expected = [0.0, 0.0, 10.0, 30.0, 70.0, 150.0, 310.0, 610.0, 910.0];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        // A relist and a tick of a millisecond each, for every start so far.
        assert!((found - expected).abs() < 0.03, "{found} {expected}");
    }
}

#[test]
fn r3_scores_of_the_oom_killer() {
    let gi = |amount: f64| Quantity::from_bytes((amount * f64::from(1 << 30)) as i64);
    let score = |request: Quantity| {
        let resources = Resources {
            requests: [("memory".into(), request)].into_iter().collect(),
            ..Resources::default()
        };
        let container = Container { resources, ..Container::default() };
        let spec = PodSpec { containers: vec![container.clone()], ..PodSpec::default() };
        oom_score_adj(&spec, &container, 16 << 30)
    };
    assert_eq!([score(gi(4.0)), score(gi(8.0)), score(gi(15.99))], [750, 500, 3]);
    assert_eq!(score(Quantity::from_bytes(1 << 20)), 999);
}

#[test]
fn r6_over_request_first_then_priority_then_amount() {
    let mut body = String::from(
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n",
    );
    let pods = [
        ("a", "100Mi", "300Mi", ""),
        ("b", "850Mi", "900Mi", ""),
        ("c", "100Mi", "2Gi", "priorityClassName: high, "),
        ("d", "5Gi", "4Gi", ""),
    ];
    for (name, request, usage, class) in pods {
        let _ = write!(
            body,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{class}containers: [{{name: {name}, image: \
             \"{name}:1\", resources: {{requests: {{memory: {request}}}}}}}]}}\n---\n\
             apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: {name}}}\nspec: {{match: {{image: \
             \"{name}:1\"}}, memory: {{base: {usage}}}}}\n"
        );
    }
    // Whatever a pod gives back is gone at once: the next round is as short of memory as the one before.
    let steps = "[{every: 500ms, from: 5s, until: 50s, fault: {pressure: {node: n-1, resource: memory}}}]";
    case(60, body).steps(steps).check(
        &["SIGTERM"],
        "10 SIGTERM a
         11 SIGTERM b
         12 SIGTERM c
         13 SIGTERM d",
    );
}

#[test]
fn n3_a_node_has_253_addresses_and_room_for_110_pods() {
    let body = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: many}\nspec: {replicas: 254, selector: {matchLabels: {a: \
                b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: \"c:1\"}]}}}\n";
    let count = |records: &[(String, String)], word: &str| {
        records.iter().filter(|(_, what)| what.starts_with(word)).count()
    };
    let wide = lines(&case(5, body).node("cpu: 4, memory: 16Gi, pods: 300").run());
    assert_eq!((count(&wide, "start"), count(&wide, "phase Running")), (253, 253));
    let failed = wide.iter().filter(|(_, what)| what.starts_with("event FailedCreatePodSandBox"));
    let failed: Vec<&str> = failed.map(|(_, what)| what.as_str()).collect();
    let text = "event FailedCreatePodSandBox x1 Failed to create pod sandbox: no IP addresses available in range set";
    assert_eq!(failed, [text]);
    let usual = lines(&case(5, body).run());
    assert_eq!(count(&usual, "start"), 110);
    let waits = usual.iter().find(|(_, what)| what.starts_with("event FailedScheduling")).unwrap();
    assert!(waits.1.contains("1 Too many pods"), "{}", waits.1);
}

#[test]
fn v3_the_tenth_message_of_a_kind_stands_for_all_others() {
    let container = |n: u32| {
        format!(
            "{{name: c{n}, image: \"app:1\", readinessProbe: {{tcpSocket: {{port: {}}}, periodSeconds: 300}}}}",
            81 + n
        )
    };
    let containers: Vec<String> = (0..11).map(container).collect();
    let body = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{}]}}\n---\napiVersion: \
         shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: app}}\nspec: {{match: {{image: \"app:1\"}}, startup: \
         {{after: 1h}}}}\n",
        containers.join(", ")
    );
    let found: Vec<String> = lines(&case(2, body).run())
        .into_iter()
        .filter(|(at, what)| at == "1" && what.starts_with("event Unhealthy"))
        .map(|(_, what)| what)
        .collect();
    let text = |port: u32| {
        format!("Readiness probe failed: dial tcp 10.244.0.2:{port}: connect: connection refused")
    };
    let mut expected: Vec<String> =
        (81..90).map(|port| format!("event Unhealthy x1 {}", text(port))).collect();
    expected.push(format!("event Unhealthy x1 (combined from similar events): {}", text(90)));
    expected.push(format!("event Unhealthy x1 (combined from similar events): {}", text(91)));
    assert_eq!(found, expected);
}

/// Every timeline that the specification works out (`P1.` at the beginning of a line) has a test that is named after it.
#[test]
fn every_worked_timeline_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(spec) = std::fs::read_to_string(root.join("../shared/spec/node.md")) else {
        eprintln!("../shared/spec/node.md is not there: nothing to compare with");
        return;
    };
    let is_timeline = |word: &&str| {
        let (letter, number) = word.split_at(1);
        "PCESRNDVK".contains(letter) && number.parse::<u32>().is_ok()
    };
    let wanted: BTreeSet<String> = spec
        .lines()
        .filter_map(|line| line.split_once(". ").map(|(word, _)| word))
        .filter(|word| word.is_ascii() && word.len() > 1)
        .filter(is_timeline)
        .map(str::to_lowercase)
        .collect();
    assert!(wanted.len() > 50, "the timelines are written as `P1. ...`: {wanted:?}");
    let mut named = BTreeSet::new();
    let files = std::fs::read_dir(root.join("tests/it")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for name in text.lines().filter_map(|line| line.trim().strip_prefix("fn ")) {
            // `e1_e2_...` is about both.
            named.extend(name.split('_').take_while(|word| wanted.contains(*word)).map(str::to_owned));
        }
    }
    named.insert("k4".to_owned());
    let missing: Vec<&String> = wanted.difference(&named).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
}
