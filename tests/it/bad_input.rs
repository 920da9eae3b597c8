//! Input that nobody should give: it is refused at its place, in little time and few words, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use super::cli::{directory, run, shakedown, stderr, stdout};

/// A directory that all these tests share; every file in it has its own name.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| directory("bad-input"));

const HEAD: &str = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: bad}\nspec:\n";

fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = ROOT.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Exit status 2, the words expected, the name of the file, and no more than a screenful of text.
fn refused(output: &Output, name: &str, expected: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{name}: {text}");
    assert!(text.contains(expected), "{name}: expected {expected:?} in\n{text}");
    assert!(text.contains(name), "{name} is not named in\n{text}");
    assert!(text.len() < 20_000, "{name}: {} bytes of complaint", text.len());
}

fn refuses(name: &str, bytes: impl AsRef<[u8]>, expected: &str) {
    refused(&run(&["validate", &file(name, bytes)]), name, expected);
}

fn refuses_spec(name: &str, spec: &str, expected: &str) {
    refuses(name, format!("{HEAD}  {spec}\n"), expected);
}

#[test]
fn files_that_would_take_all_memory() {
    let bomb =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/manifest/aliases.yaml")).unwrap();
    refuses("aliases.yaml", bomb, "aliases copy too much");
    refuses("deep.json", "{\"a\":".repeat(100_000), "nested deeper than 200 levels");
    refuses("line.yaml", format!("a: \"{}\"\n", "x".repeat(10_000_000)), "missing field `kind`");
    refuses("keys.yaml", "? ".repeat(50_000), "keys.yaml:1:");
    refuses("latin1.yaml", b"kind: P\xf6d\n", "not UTF-8 text: bad byte at offset 7");
    refuses_spec(
        "nodes.yaml",
        "cluster: {nodePools: [{name: w, count: 4000000000}]}",
        "a whole number from 0 to 100000",
    );
}

#[test]
fn numbers_that_make_no_sense() {
    refuses_spec("seed.yaml", "seed: 99999999999999999999", "`99999999999999999999` does not fit");
    refuses_spec("negative.yaml", "seed: -1", "`-1` does not fit");
    refuses_spec("duration.yaml", "duration: 99999999999999999999h", "a duration is at most 584 years");
    refuses_spec("every.yaml", "steps: [{every: 0s, kubectl: get pods}]", "must be longer than zero");
    refuses_spec("early.yaml", "steps: [{at: -5s, kubectl: get pods}]", "is negative");
    refuses_spec("rate.yaml", "traffic: [{service: default/web, rate: .nan}]", "found `NaN`");
    refuses_spec(
        "mean.yaml",
        "steps: [{mtbf: {exponential: {mean: 0s}}, fault: {nodeReboot: {node: worker-1}}}]",
        "mean is 0, but must be above zero",
    );
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a, resources: {requests: {memory: NaN}}}]}\n";
    refuses("memory.yaml", pod, "`NaN` is not a quantity");
    for period in
        ["nodeMonitorPeriod", "nodeLeaseRenewInterval", "plegRelistPeriod", "syncTickPeriod", "podGcPeriod"]
    {
        let name = format!("{period}.yaml");
        refuses_spec(&name, &format!("settings: {{{period}: 0s}}"), "expected a duration above zero");
    }
}

#[test]
fn owners_that_form_a_circle() {
    let object = |name: &str, owner: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  ownerReferences:\n  - {{apiVersion: v1, kind: Pod, name: {owner}, \
             uid: 00000000-0000-0000-0000-00000000000{owner}}}\nspec: {{containers: [{{name: c, image: a}}]}}\n---\n"
        )
    };
    let circle =
        ["1", "2", "3"].map(|name| object(name, &(name.parse::<u32>().unwrap() % 3 + 1).to_string()));
    refuses("circle.yaml", circle.concat(), "the owners of this object form a circle");
    refuses("self.yaml", object("1", "1"), "the owners of this object form a circle");
}

/// Values at the edge of what is allowed: the run goes its way, however absurd.
#[test]
fn values_at_the_edge_are_no_reason_to_fall() {
    let pod = |name: &str, spec: &str, container: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n  containers: [{{name: c, image: a, {container}}}]\n---\n"
        )
    };
    let long = "9223372036854775807";
    let pods = [
        pod("grace", &format!("terminationGracePeriodSeconds: {long}"), ""),
        pod("deadline", "activeDeadlineSeconds: 2147483647", ""),
        pod("negative", "terminationGracePeriodSeconds: -1", ""),
        pod(
            "probe",
            "restartPolicy: Always",
            "livenessProbe: {tcpSocket: {port: 1}, periodSeconds: 2147483647, timeoutSeconds: 2147483647, failureThreshold: 2147483647}",
        ),
        pod(
            "tolerates",
            &format!("tolerations: [{{operator: Exists, effect: NoExecute, tolerationSeconds: {long}}}]"),
            "",
        ),
        pod(
            "huge",
            "restartPolicy: Always",
            "resources: {requests: {cpu: 1e400, memory: 99999999999999999999Ei}}",
        ),
    ];
    let spec = format!(
        "{HEAD}  duration: 3m\n  settings: {{kubeApiBurst: 18446744073709551615, kubeletBurst: 18446744073709551615, \
         maxImagePullBackoff: 5000000h, imagePullLatency: 5000000h, nodeMonitorPeriod: 5000000h}}\n  steps:\n  \
         - {{at: 1m, kubectl: delete pod grace}}\n  - {{at: 1m, fault: {{nodeCrash: {{node: worker-1, recoverAfter: 5000000h}}}}}}\n  \
         - {{at: 1m, kubectl: \"delete pod deadline --grace-period={long}\"}}\n---\n"
    );
    let output = run(&["run", &file("edge.yaml", spec + &pods.concat())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let deployment = |replicas: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{replicas: {replicas}, selector: {{matchLabels: {{a: b}}}}, \
             template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: a}}]}}}}}}\n"
        )
    };
    // With the surge it is more than an int32 holds; the real controller makes nothing of it either.
    let output = run(&["run", &file("most.yaml", deployment("2147483647"))]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run(&["run", &file("many.yaml", deployment("1000000000")), "--max-objects", "500"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("more than 500 objects, the limit for one run"), "{}", stderr(&output));
}

#[test]
fn paths_that_lead_elsewhere() {
    // Commands of a scenario see only what was read with it.
    let spec = format!("{HEAD}  steps: [{{at: 1m, kubectl: apply -f ../../../../etc/passwd}}]\n");
    let out = ROOT.join("elsewhere");
    let output = run(&["run", &file("path.yaml", spec), "--out", out.to_str().unwrap(), "--plots", "none"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let trace = fs::read_to_string(out.join("trace.csv")).unwrap();
    assert!(trace.contains("etc/passwd") && !trace.contains("root:"), "{trace}");
    // What a scenario calls itself decides no file name.
    let spec = HEAD.replace("name: bad", "name: ../../escaped");
    refuses("named.yaml", spec, "../../escaped");
}

#[test]
fn files_that_are_not_there() {
    let missing = ROOT.join("missing.yaml");
    refused(&run(&["run", missing.to_str().unwrap()]), "missing.yaml", "no such file or directory");
    let folder = directory("bad-input-folder");
    std::os::unix::fs::symlink("/nonexistent/x.yaml", folder.join("dangling.yaml")).unwrap();
    refused(&run(&["validate", folder.to_str().unwrap()]), "dangling.yaml", "no such file or directory");
    std::os::unix::fs::symlink(&folder, folder.join("loop")).unwrap();
    refused(&run(&["validate", folder.to_str().unwrap()]), "loop", "is a link to a directory it is in");
}

#[test]
fn outputs_that_cannot_be_written() {
    let scenario = "scenarios/oom-killed";
    let occupied = file("occupied", "a file");
    refused(&run(&["run", scenario, "--out", &occupied]), "occupied", "cannot write");
    let below = format!("{occupied}/below");
    refused(&run(&["run", scenario, "--out", &below]), "below", "cannot write");
    for name in ["trace.csv", "trace.jsonl", "metrics.csv", "summary.json"] {
        let out = directory(&format!("full-{name}"));
        std::os::unix::fs::symlink("/dev/full", out.join(format!("{name}.part"))).unwrap();
        let output = run(&["run", scenario, "--out", out.to_str().unwrap(), "--plots", "none"]);
        refused(&output, name, "No space left on device");
        assert!(!out.join("summary.json").exists(), "{name}: nothing may look like a whole run");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = shakedown(&["schema"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: cannot write to standard output: No space left on device (os error 28)\n"
    );
}

#[test]
fn searching_says_what_it_cannot_do() {
    let output = run(&["search", "scenarios/hidden-weakness", "--faults", "nodeCrahs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `nodeCrash`?"), "{}", stderr(&output));
    let nothing = file("nothing.yaml", format!("{HEAD}  duration: 1m\n"));
    let output = run(&["search", &nothing]);
    assert!(stderr(&output).contains("expects nothing that could break"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_hidden_weakness_is_found_with_any_number_of_threads() {
    let found = |jobs: &str| {
        let only = "nodeReboot,exit,dependencyDown,slowStart";
        let args =
            ["search", "scenarios/hidden-weakness", "--seeds", "200", "--faults", only, "--jobs", jobs];
        let output = run(&args);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        (stdout(&output).to_owned(), stderr(&output).to_owned())
    };
    let (text, said) = found("1");
    assert_eq!((text.clone(), said.clone()), found("3"));
    assert!(
        said.contains("service: default/web, endpoints: {min: 1}") && said.contains("the least of it"),
        "{said}"
    );
    let output = run(&["run", &file("found.yaml", &text)]);
    assert_eq!(output.status.code(), Some(1), "{}\n{text}", stderr(&output));
    assert_eq!(text.matches("fault:").count(), 1, "{text}");
    let calm = ["search", "scenarios/hidden-weakness", "--seeds", "20", "--faults", "slowStart"];
    let output = run(&calm);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "20 schedules of faults, and every expectation held\n");
}
