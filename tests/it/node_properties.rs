//! Properties that hold for random pods, programs and faults.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shakedown::api::Object;
use shakedown::api::core::{ConditionStatus, Conditions};
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{ContainerFact, Detail, Record};

const SECONDS: u64 = 400;

/// The program of one container, as text.
fn program() -> impl Strategy<Value = String> {
    let ends = prop_oneof![
        Just(String::new()),
        (1u64..90_000, prop_oneof![Just(0), Just(1), Just(139)])
            .prop_map(|(ms, code)| format!("exits: [{{after: {ms}ms, code: {code}}}], ")),
    ];
    let stops = prop_oneof![
        Just("onSigterm: ignored".to_owned()),
        (0u64..5_000).prop_map(|ms| format!("onSigterm: {{exitAfter: {ms}ms, code: 0}}")),
    ];
    let answers = prop_oneof![
        Just(String::new()),
        (0u64..2_500).prop_map(|ms| format!("http: {{\"/\": {{latency: {ms}ms}}}}, ")),
        Just("http: {\"/\": {status: 500}}, ".to_owned()),
        Just("exec: [{whileAged: {from: 10s, until: 70s}}], ".to_owned()),
    ];
    let startup = (0u64..20_000).prop_map(|ms| format!("startup: {{after: {ms}ms}}, "));
    (ends, answers, startup, stops).prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"))
}

fn probe() -> impl Strategy<Value = String> {
    let handler = prop_oneof![
        Just("httpGet: {port: 80}"),
        Just("tcpSocket: {port: 80}"),
        Just("exec: {command: [check]}"),
    ];
    (handler, 1u32..12, 0u32..8, 1u32..4, 1u32..4).prop_map(|(handler, period, delay, timeout, threshold)| {
        format!(
            "{{{handler}, periodSeconds: {period}, initialDelaySeconds: {delay}, timeoutSeconds: {timeout}, \
             failureThreshold: {threshold}}}"
        )
    })
}

fn container(name: &'static str) -> impl Strategy<Value = String> {
    let optional = |word: &'static str| {
        proptest::option::of(probe())
            .prop_map(move |probe| probe.map_or(String::new(), |probe| format!(", {word}: {probe}")))
    };
    (optional("livenessProbe"), optional("readinessProbe"), optional("startupProbe"))
        .prop_map(move |(a, b, c)| format!("{{name: {name}, image: {name}:1{a}{b}{c}}}"))
}

fn fault() -> impl Strategy<Value = String> {
    let what = prop_oneof![
        Just("exit: {pod: default/p, code: 3}"),
        Just("signal: {pod: default/p, signal: SIGKILL}"),
        Just("hang: {pod: default/p}"),
        Just("probeFailure: {pod: default/p, for: 17s}"),
        Just("kubeletStop: {node: n-1, for: 12s}"),
        Just("runtimeStop: {node: n-1, for: 35s}"),
        Just("nodeReboot: {node: n-1, downFor: 20s}"),
    ];
    (1u64..350_000, what).prop_map(|(ms, what)| format!("{{at: {ms}ms, fault: {{{what}}}}}"))
}

/// A scenario with one pod of up to two containers and perhaps a sidecar.
fn scenario() -> impl Strategy<Value = String> {
    let policy = prop_oneof![Just("Always"), Just("OnFailure"), Just("Never")];
    let parts = (container("a"), container("b"), any::<bool>(), any::<bool>());
    let programs = proptest::array::uniform3(program());
    let faults = proptest::collection::vec(fault(), 0..4);
    let timing = prop_oneof![Just("ideal"), Just("typical")];
    (policy, parts, programs, faults, timing).prop_map(|(policy, (a, b, two, sidecar), programs, faults, timing)| {
        let containers = if two { format!("{a}, {b}") } else { a };
        let init = if sidecar { "initContainers: [{name: s, image: s:1, restartPolicy: Always}], " } else { "" };
        let mut text = format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: random}}\nspec:\n  duration: \
             {SECONDS}s\n  timing: {timing}\n  cluster: {{nodePools: [{{name: n, count: 1}}]}}\n  steps: [{}]\n---\n\
             apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{restartPolicy: {policy}, {init}containers: \
             [{containers}]}}\n",
            faults.join(", ")
        );
        for (name, program) in ["a", "b", "s"].into_iter().zip(programs) {
            let _ = write!(
                text,
                "---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: {name}}}\nspec: {{match: \
                 {{image: \"{name}:1\"}}, {program}}}\n"
            );
        }
        text
    })
}

fn run(text: &str, eager: bool) -> (Simulation, Vec<Record>) {
    let scenario = shakedown::scenario::from_text("random.yaml", text)
        .unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions { eager, ..RunOptions::default() });
    let mut records = Vec::new();
    let end = simulation.world.end;
    simulation.run_until(end, &mut |record| records.push(record.clone())).unwrap();
    simulation.finish(&mut |record| records.push(record.clone()));
    (simulation, records)
}

fn line(record: &Record) -> String {
    format!(
        "{} {} <- {} {} {}/{} {} {}: {}",
        record.at,
        record.id,
        record.cause,
        record.component,
        record.subject.kind,
        record.subject.name,
        record.event,
        record.reason,
        record.message
    )
}

/// Counts processes alive, and checks what must hold after every record.
fn check(records: &[Record]) -> Result<(), TestCaseError> {
    let mut alive: BTreeMap<String, bool> = BTreeMap::new();
    let mut ended: BTreeMap<String, i32> = BTreeMap::new();
    for record in records {
        if record.event == "ContainerLost" {
            // The machine is gone with all its processes.
            alive.values_mut().for_each(|alive| *alive = false);
        }
        match &record.detail {
            Detail::Container { container, fact: ContainerFact::Started { restart }, .. } => {
                let name = container.to_string();
                prop_assert!(
                    !alive.insert(name.clone(), true).unwrap_or(false),
                    "two of {name} at {}",
                    record.at
                );
                prop_assert!(*restart >= ended.get(&name).copied().unwrap_or(0), "{}", line(record));
            }
            Detail::Container { container, fact: ContainerFact::Exited { .. }, .. } => {
                alive.insert(container.to_string(), false);
                *ended.entry(container.to_string()).or_default() += 1;
            }
            Detail::Commit(commit) => {
                let Object::Pod(pod) = &commit.new else { continue };
                let ready = pod.status.conditions.status_of("Ready") == Some(ConditionStatus::True);
                let all = pod.status.container_statuses.iter().all(|status| status.ready);
                prop_assert!(!ready || all || record.component != "kubelet", "{}", line(record));
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    // The same cases every time: a run of the tests says something about the change, not about luck.
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(34),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn leaving_out_ticks_changes_nothing(text in scenario()) {
        let (_, lazy) = run(&text, false);
        let (_, eager) = run(&text, true);
        check(&lazy)?;
        let first = lazy.iter().zip(&eager).position(|(a, b)| line(a) != line(b));
        let at = first.unwrap_or(lazy.len().min(eager.len()));
        let show = |records: &[Record]| {
            records.iter().skip(at.saturating_sub(4)).take(8).map(line).collect::<Vec<_>>().join("\n")
        };
        prop_assert!(
            first.is_none() && lazy.len() == eager.len(),
            "lazy:\n{}\neager:\n{}\n{text}", show(&lazy), show(&eager)
        );
    }
}
