//! `shakedown schedule` and the bench as their users see them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shakedown::bench::replay::{Metric, replay};
use shakedown::conformance::fgd::{load_nodes, load_workload};
use shakedown::control::scheduler::policies::Policy;

fn schedule(name: &str, yaml: &str, more: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schedule-{name}.yaml"));
    std::fs::write(&path, yaml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.arg("schedule").arg(path).args(more).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Two nodes of two cores; three pods of one core and a half.
const TIGHT: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: tight}
spec:
  cluster:
    nodePools:
    - {name: worker, count: 2, allocatable: {cpu: \"2\", memory: 8Gi, pods: 110}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: web:1, resources: {requests: {cpu: 1500m, memory: 1Gi}}}
";

#[test]
fn a_pod_too_many_is_named_with_the_reason_and_the_missing_node() {
    let output = schedule("tight", TIGHT, &["--until-fits", "worker"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("2 of 3 pods have a node; 2 of 2 nodes are used."), "{text}");
    assert!(text.contains("0/2 nodes are available: 2 Insufficient cpu."), "{text}");
    assert!(text.contains("pool worker: with 1 node more every pod has a node"), "{text}");
}

#[test]
fn room_for_more_replicas_is_counted() {
    let roomy = TIGHT.replace("replicas: 3", "replicas: 1").replace("cpu: 1500m", "cpu: 500m");
    let output = schedule("roomy", &roomy, &[]);
    assert_eq!(output.status.code(), Some(0));
    let row = stdout(&output).lines().find(|line| line.contains("deployment/web")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["default", "deployment/web", "1", "7"]);
}

#[test]
fn a_policy_and_a_rule_for_ties_change_where_pods_go() {
    let three = TIGHT.replace("replicas: 3", "replicas: 2").replace("cpu: 1500m", "cpu: 500m");
    let used = |more: &[&str]| {
        let output = schedule(&format!("policy-{}", more.len()), &three, more);
        stdout(&output).lines().next().unwrap().to_owned()
    };
    assert!(used(&["--tie-break", "name"]).ends_with("2 of 2 nodes are used."));
    assert!(used(&["--policy", "MostAllocated", "--tie-break", "name"]).ends_with("1 of 2 nodes are used."));
    let output = schedule("slip", &three, &["--policy", "MostAlocated"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `MostAllocated`?"));
}

#[test]
fn a_decision_is_explained_by_nodes_and_plugins() {
    let output = schedule("explained", TIGHT, &["--explain", "--tie-break", "name"]);
    let text = stdout(&output);
    for expected in ["NodeResourcesFit", "TaintTolerationx3", "TOTAL", "NodeResourcesFit: Insufficient cpu"] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
}

#[test]
fn a_scheduler_configuration_is_read_beside_manifests_and_refused_at_its_place() {
    let config = "
---
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins: {score: {disabled: [{name: '*'}], enabled: [{name: MostAllocated}]}}
";
    let two = TIGHT.replace("replicas: 3", "replicas: 2").replace("cpu: 1500m", "cpu: 500m");
    let output = schedule("configured", &format!("{two}{config}"), &["--tie-break", "name"]);
    assert!(stdout(&output).contains("1 of 2 nodes are used"), "{}", stdout(&output));
    let wrong = format!("{two}{}", config.replace("MostAllocated", "MostAlocated"));
    let output = schedule("misconfigured", &wrong, &[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("plugin `MostAlocated` does not exist; did you mean `MostAllocated`?"), "{error}");
}

#[test]
fn a_scheduler_configuration_in_a_file_of_its_own_has_profiles() {
    let config = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scheduler-config.yaml");
    let text = "
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  plugins: {score: {disabled: [{name: '*'}], enabled: [{name: MostAllocated}]}}
";
    std::fs::write(&config, text).unwrap();
    let two = TIGHT.replace("replicas: 3", "replicas: 2").replace("cpu: 1500m", "cpu: 500m");
    let packed = two
        .replace("    spec:\n      containers", "    spec:\n      schedulerName: packer\n      containers");
    assert_ne!(two, packed);
    let flags = ["--config", config.to_str().unwrap(), "--tie-break", "name"];
    for (name, yaml, used) in [("spread", &two, "2 of 2 nodes"), ("packed", &packed, "1 of 2 nodes")] {
        let output = schedule(name, yaml, &flags);
        assert!(stdout(&output).contains(used), "{}", stdout(&output));
    }
    let strange =
        two.replace("    spec:\n      containers", "    spec:\n      schedulerName: other\n      containers");
    let output = schedule("strange", &strange, &flags);
    assert!(stdout(&output).contains("no scheduler has looked at it"), "{}", stdout(&output));
}

/// Two profiles, a gate that is lifted, and a pod that is promised a node on which another one takes its time to end.
const GATES: &str = r#"apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: gates-and-preemption}
spec:
  duration: 5m
  timing: ideal
  scheduler: {tieBreak: name, profiles: {packer: MostAllocated}}
  cluster:
    nodePools:
    - {name: worker, count: 2, allocatable: {cpu: "2", memory: 8Gi, pods: 110}}
  steps:
  - at: 1m
    apply:
    - apiVersion: v1
      kind: Pod
      metadata: {name: gated}
      spec:
        containers: [{name: c, image: quick, resources: {requests: {cpu: 100m}}}]
  - at: 2m
    apply:
    - apiVersion: v1
      kind: Pod
      metadata: {name: urgent}
      spec:
        priorityClassName: urgent
        containers: [{name: c, image: quick, resources: {requests: {cpu: 1500m}}}]
  expect:
  - {at: 59s, kubectl: "get pod gated", contains: [SchedulingGated]}
  - {at: 90s, pod: gated, ready: true}
  - {at: 125s, kubectl: "get pod urgent -o jsonpath={.status.nominatedNodeName}", contains: [worker-2]}
  - {at: 125s, pod: urgent, phase: Pending}
  - {at: 3m, pod: urgent, ready: true}
  - {at: 3m, event: {reason: Preempted}, count: 1}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
---
apiVersion: v1
kind: Pod
metadata: {name: low-1}
spec:
  schedulerName: packer
  terminationGracePeriodSeconds: 20
  containers: [{name: c, image: slow, resources: {requests: {cpu: "1"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: low-2}
spec:
  schedulerName: packer
  terminationGracePeriodSeconds: 20
  containers: [{name: c, image: slow, resources: {requests: {cpu: 800m}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: low-3}
spec:
  terminationGracePeriodSeconds: 20
  containers: [{name: c, image: slow, resources: {requests: {cpu: "1"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec:
  schedulingGates: [{name: example.com/wait}]
  containers: [{name: c, image: quick, resources: {requests: {cpu: 100m}}}]
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: slow}
spec: {match: {image: slow}, onSigterm: ignored}
"#;

#[test]
fn gates_and_promises_of_a_scenario_are_explained() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gates.yaml");
    std::fs::write(&path, GATES).unwrap();
    let shakedown = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        command.args(args).arg(&path).output().unwrap()
    };
    let output = shakedown(&["run"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for (args, expected) in [
        (
            &["--at", "125s"][..],
            &[
                "pod/urgent: promised room on worker-2",
                "* worker-2: could have the pod without default/low-3",
                "worker-1: could have the pod without default/low-1, default/low-2",
            ][..],
        ),
        (&["--event", "scheduled"], &["which had been promised to the pod", "SIGKILL sent to container c"]),
    ] {
        let output = shakedown(&[&["why", "pod/urgent"], args].concat());
        for text in expected {
            assert!(stdout(&output).contains(text), "no {text} in\n{}", stdout(&output));
        }
    }
    let output = shakedown(&["why", "pod/gated", "--at", "30s"]);
    assert!(stdout(&output).contains("cannot be scheduled (SchedulingGated)"), "{}", stdout(&output));
}

/// The tables and pictures of a comparison of policies.
#[test]
fn a_comparison_of_policies_leaves_tables_and_pictures() {
    let Some(data) = openb() else { return };
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openb-out");
    let _ = std::fs::remove_dir_all(&out);
    let workload = data.join("openb_pod_list_multigpu50.csv");
    let args =
        ["schedule", "--trace", "openb", workload.to_str().unwrap(), "--policy", "FirstFit", "--seeds", "1"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    let output = command.args(args).args(["--out", out.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let names: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .chain(std::fs::read_dir(out.join("plots")).unwrap())
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    for ending in [".csv", ".txt", ".svg", ".png"] {
        assert!(names.iter().any(|name| name.ends_with(ending)), "no {ending} in {names:?}");
    }
}

fn openb() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/openb");
    if !data.is_dir() {
        eprintln!("{} is absent: not compared", data.display());
        return None;
    }
    Some(data)
}

/// One run of FGD; `shakedown conformance fgd` compares ten seeds of everything.
#[test]
fn fgd_on_the_openb_trace_comes_near_the_published_mean() {
    let Some(data) = openb() else { return };
    let expected = data.join("../../golden/fgd/expected.csv");
    let Ok(expected) = std::fs::read_to_string(expected) else { return };
    let outcome =
        replay(&load_nodes(&data).unwrap(), &load_workload(&data, "default").unwrap(), Policy::Fgd, 42);
    let outcome = outcome.unwrap();
    for row in expected.lines().filter(|line| line.starts_with("gpu_allocation_ratio,default,FGD,")) {
        let fields: Vec<f64> = row.split(',').skip(3).map(|field| field.parse().unwrap()).collect();
        let ours = outcome.series[Metric::GpuAllocationRatio as usize][fields[0] as usize].unwrap();
        assert!((ours - fields[1]).abs() < 5.0 * fields[2] + 0.2, "{row}: here {ours}");
    }
}
