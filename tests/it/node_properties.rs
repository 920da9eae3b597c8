//! Properties that hold for random pods, programs and faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shakedown::api::core::{ConditionStatus, Conditions};
use shakedown::api::pod::Pod;
use shakedown::api::{Kind, Object, Op, Timestamp};
use shakedown::kernel::SimTime;
use shakedown::node::pod::{HostPod, Stage};
use shakedown::node::probe::ProbeKind;
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
        (1u64..400).prop_map(|ms| format!("http: {{\"/\": {{cpu: {ms}ms}}}}, ")),
        Just("http: {\"/\": {status: 500}}, ".to_owned()),
        Just("exec: [{whileAged: {from: 10s, until: 70s}}], ".to_owned()),
    ];
    let startup = (0u64..20_000, prop_oneof![Just(0u64), 1u64..8_000])
        .prop_map(|(ms, cpu)| format!("startup: {{after: {ms}ms, cpu: {cpu}ms}}, "));
    (ends, answers, startup, resources(), stops).prop_map(|(a, b, c, d, e)| format!("{a}{b}{c}{d}{e}"))
}

/// What the program takes of the machine, which has 4 cores, 16Gi and 100Gi of disk.
fn resources() -> impl Strategy<Value = String> {
    let memory = prop_oneof![
        3 => Just(String::new()),
        1 => (1u64..200).prop_map(|mi| format!("memory: {{growth: {mi}Mi/s}}, ")),
        1 => (10u64..16, 1u64..40).prop_map(|(gi, mi)| format!("memory: {{base: {gi}Gi, growth: {mi}Mi/s}}, ")),
    ];
    let disk = prop_oneof![
        3 => Just(String::new()),
        1 => (1u64..500).prop_map(|mi| format!("disk: {{growth: {mi}Mi/s}}, ")),
        1 => (1u64..50).prop_map(|mi| format!("disk: {{growth: {mi}Mi/s, volume: v}}, ")),
    ];
    let cpu = prop_oneof![
        2 => Just(String::new()),
        1 => (1u64..6_000, 1u64..6).prop_map(|(base, threads)| format!("cpu: {{base: {base}m, threads: {threads}}}, ")),
    ];
    let pids = prop_oneof![
        3 => Just(String::new()),
        1 => (1u64..40).prop_map(|forks| format!("pids: {{growth: {forks}/s}}, ")),
        1 => (1u64..40).prop_map(|forks| format!("pids: {{growth: {forks}/s, exitWhenForkFails: 11}}, ")),
    ];
    (memory, disk, cpu, pids).prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"))
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
    let limits = prop_oneof![
        2 => Just(String::new()),
        1 => (100u64..2_000).prop_map(|milli| format!(", resources: {{limits: {{cpu: {milli}m}}}}")),
        1 => (100u64..4_000).prop_map(|mi| format!(", resources: {{limits: {{memory: {mi}Mi}}}}")),
        1 => (1u64..20).prop_map(|gi| format!(", resources: {{limits: {{ephemeral-storage: {gi}Gi}}}}")),
    ];
    (optional("livenessProbe"), optional("readinessProbe"), optional("startupProbe"), limits)
        .prop_map(move |(a, b, c, d)| format!("{{name: {name}, image: {name}:1{a}{b}{c}{d}}}"))
}

fn fault() -> impl Strategy<Value = String> {
    let what = prop_oneof![
        Just("exit: {pod: default/p, code: 3}"),
        Just("signal: {pod: default/p, signal: SIGKILL}"),
        Just("hang: {pod: default/p}"),
        Just("probeFailure: {pod: default/p, for: 17s}"),
        Just("kubeletStop: {node: n-1, for: 12s}"),
        Just("runtimeStop: {node: n-1, for: 35s}"),
        Just("networkPluginStop: {node: n-1, for: 25s}"),
        Just("nodeReboot: {node: n-1, downFor: 20s}"),
        Just("sandboxKilled: {pod: default/p}"),
        Just("pressure: {node: n-1, resource: memory, for: 40s}"),
        Just("pressure: {node: n-1, resource: disk, for: 40s}"),
    ];
    (1u64..350_000, what).prop_map(|(ms, what)| format!("{{at: {ms}ms, fault: {{{what}}}}}"))
}

/// The containers that come before the others, and where the pod lives.
fn surroundings() -> impl Strategy<Value = String> {
    let first = prop_oneof![
        2 => Just(""),
        1 => Just("{name: i, image: i:1}"),
        1 => Just("{name: s, image: s:1, restartPolicy: Always}"),
        1 => Just("{name: i, image: i:1}, {name: s, image: s:1, restartPolicy: Always}"),
        1 => Just("{name: s, image: s:1, restartPolicy: Always}, {name: i, image: i:1}"),
    ];
    (first, prop_oneof![3 => Just(""), 1 => Just("hostNetwork: true, ")])
        .prop_map(|(first, network)| format!("{network}initContainers: [{first}], "))
}

/// A scenario with one pod, perhaps a static one, of up to two containers beside init containers and sidecars.
fn scenario() -> impl Strategy<Value = String> {
    let policy = prop_oneof![Just("Always"), Just("OnFailure"), Just("Never")];
    let parts = (
        container("a"),
        container("b"),
        any::<bool>(),
        surroundings(),
        prop_oneof![4 => Just(false), 1 => Just(true)],
    );
    let programs =
        (proptest::array::uniform3(program()), 0u64..9_000, prop_oneof![3 => Just(0), 1 => Just(1)]);
    let faults = proptest::collection::vec(fault(), 0..4);
    let timing = prop_oneof![Just("ideal"), Just("typical")];
    let settings = prop_oneof![
        3 => Just(""),
        1 => Just("evictionSoftMemory: 2Gi, evictionSoftGracePeriod: 15s"),
        1 => Just("shutdownGracePeriod: 20s, shutdownGracePeriodCriticalPods: 5s"),
        1 => Just("singleProcessOomKill: true, imageGCPeriod: 60s"),
        1 => Just("podPidsLimit: 120"),
    ];
    let deletion = proptest::option::of(1u64..390);
    let around = (faults, timing, settings, deletion);
    (policy, parts, programs, around).prop_map(|(policy, (a, b, two, first, from_file), programs, around)| {
        let (mut faults, timing, settings, deletion) = around;
        let name = if from_file { "p-n-1" } else { "p" };
        for fault in &mut faults {
            *fault = fault.replace("default/p", &format!("default/{name}"));
        }
        faults.extend(deletion.map(|at| format!("{{at: {at}s, kubectl: delete pod {name}}}")));
        let containers = if two { format!("{a}, {b}") } else { a };
        let pod = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{restartPolicy: {policy}, volumes: [{{name: v, \
             emptyDir: {{sizeLimit: 4Gi}}}}], {first}containers: [{containers}]}}}}"
        );
        let object = if from_file {
            faults.push(format!("{{at: 0s, staticPod: {{node: n-1, put: {pod}}}}}"));
            String::new()
        } else {
            format!("---\n{pod}\n")
        };
        let mut text = format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: random}}\nspec:\n  duration: \
             {SECONDS}s\n  timing: {timing}\n  settings: {{{settings}}}\n  cluster: {{nodePools: [{{name: n, count: 1}}]}}\n  \
             steps: [{}]\n{object}",
            faults.join(", ")
        );
        let (programs, lasts, code) = programs;
        let _ = write!(
            text,
            "---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: i}}\nspec: {{match: {{image: \"i:1\"}}, \
             exits: [{{after: {lasts}ms, code: {code}}}]}}\n"
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

/// When each probe worker of a pod has last asked, by pod, container and kind.
type Asked = BTreeMap<(u32, usize, ProbeKind), SimTime>;

/// Looks at every probe after every event: it never asks before its delay, never for a container that is over, and not at
/// all once its pod has been terminated.
fn check_probes(text: &str) -> Result<(), TestCaseError> {
    let scenario = shakedown::scenario::from_text("random.yaml", text)
        .unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let end = simulation.world.end;
    let mut asked = Asked::new();
    while !simulation.run_some(end, 1, &mut |_| ()).unwrap() {
        let now = simulation.world.now();
        for (id, pod) in simulation.world.hosts.iter().flat_map(|host| host.pods()) {
            for probe in &pod.worker.probes {
                let key = (*id, probe.container, probe.kind);
                let at = probe.last_asked();
                if asked.insert(key, at).unwrap_or(SimTime::ZERO) != at && at == now {
                    check_attempt(pod, key, now, simulation.world.epoch)?;
                }
            }
        }
    }
    Ok(())
}

fn check_attempt(
    pod: &HostPod,
    key: (u32, usize, ProbeKind),
    now: SimTime,
    epoch: Timestamp,
) -> Result<(), TestCaseError> {
    let (_, index, kind) = key;
    let container = pod.spec(index);
    let probe = match kind {
        ProbeKind::Startup => &container.startup_probe,
        ProbeKind::Readiness => &container.readiness_probe,
        ProbeKind::Liveness => &container.liveness_probe,
    };
    let delay = probe.as_ref().and_then(|probe| probe.initial_delay_seconds).unwrap_or(0) as u64;
    prop_assert!(pod.worker.stage < Stage::Terminated, "{key:?} at {now}: the pod is over");
    // Probes go by the status as last computed, whose times are whole seconds.
    let cached = &pod.worker.cached;
    let mut statuses = cached.init_container_statuses.iter().chain(&cached.container_statuses);
    let status = statuses.find(|status| status.name == container.name);
    let running = status.and_then(|status| status.state.running.as_ref());
    let running = running
        .ok_or_else(|| TestCaseError::fail(format!("{key:?} at {now}: the kubelet has not seen it run")))?;
    let started = running.started_at.unwrap().seconds_since(epoch) as u64;
    prop_assert!(now.as_secs() >= started + delay, "{key:?} at {now}, started at {started}s");
    Ok(())
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

/// What has been seen so far of one pod's containers.
#[derive(Default)]
struct Seen {
    alive: BTreeMap<String, bool>,
    /// The number of the newest process, and how many have ended (those that a machine took with it included).
    newest: BTreeMap<String, i32>,
    ended: BTreeMap<String, i32>,
    nodes: BTreeSet<String>,
}

/// What must hold after every record: never two processes of a container, numbered by how many ended before; all of a pod
/// on one node; a ready pod has only ready containers; `restartCount` is never ahead of the terminations.
fn check(records: &[Record]) -> Result<(), TestCaseError> {
    let mut seen = Seen::default();
    let mut gone = None;
    for record in records {
        if record.event == "ContainerLost" {
            // The machine is gone with all its processes.
            for (name, alive) in &mut seen.alive {
                *seen.ended.entry(name.clone()).or_default() += i32::from(std::mem::take(alive));
            }
        }
        match &record.detail {
            Detail::Container { container, node, fact: ContainerFact::Started { restart } } => {
                let name = container.to_string();
                let two = seen.alive.insert(name.clone(), true).unwrap_or(false);
                prop_assert!(!two, "two processes of {}", line(record));
                let ended = seen.ended.get(&name).copied().unwrap_or(0);
                prop_assert_eq!(*restart, ended, "restarts and terminations: {}", line(record));
                prop_assert!(gone.is_none(), "started although the pod is gone: {}", line(record));
                seen.newest.insert(name, *restart);
                seen.nodes.insert(node.to_string());
            }
            Detail::Container { container, fact: ContainerFact::Exited { .. }, .. } => {
                seen.alive.insert(container.to_string(), false);
                *seen.ended.entry(container.to_string()).or_default() += 1;
            }
            Detail::Commit(commit) if commit.new.kind() == Kind::Pod => {
                let Object::Pod(pod) = &commit.new else { continue };
                check_pod(pod, record, &seen)?;
                // What a static pod has in the API is only its image.
                let is_mirror = pod.metadata.annotations.contains_key("kubernetes.io/config.mirror");
                if commit.op == Op::Deleted && !is_mirror {
                    let alive = seen.alive.values().any(|alive| *alive);
                    prop_assert!(!alive, "a process outlives its pod: {}", line(record));
                    gone = Some(record.at);
                }
            }
            _ if record.event.starts_with("Probe") => {
                let after = record.message.split("container ").nth(1).unwrap_or_default();
                let container = after.split([' ', ':', ';']).next().unwrap_or_default();
                let alive = seen.alive.get(container).copied().unwrap_or(false);
                prop_assert!(alive || record.event == "ProbeFailed", "nobody could answer: {}", line(record));
                prop_assert!(gone.is_none(), "a probe of a pod that is gone: {}", line(record));
            }
            _ => {}
        }
        prop_assert!(seen.nodes.len() <= 1, "on two nodes: {}", line(record));
    }
    Ok(())
}

fn check_pod(pod: &Pod, record: &Record, seen: &Seen) -> Result<(), TestCaseError> {
    if record.component != "kubelet" {
        return Ok(());
    }
    let ready = pod.status.conditions.status_of("Ready") == Some(ConditionStatus::True);
    let all = pod.status.container_statuses.iter().all(|status| status.ready);
    prop_assert!(!ready || all, "ready with a container that is not: {}", line(record));
    for status in pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses) {
        let newest = seen.newest.get(status.name.as_str()).copied().unwrap_or(0);
        prop_assert!(status.restart_count <= newest, "restartCount of {}: {}", status.name, line(record));
    }
    if pod.status.phase.is_terminal() {
        let live = seen.alive.iter().find(|(_, alive)| **alive);
        prop_assert!(live.is_none(), "{} runs on in a finished pod: {}", live.unwrap().0, line(record));
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
    fn probes_keep_to_their_time(text in scenario()) {
        check_probes(&text)?;
    }

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
