//! Every verb of kubectl on the command line: words on standard output and standard error, and the exit status. The words
//! are those that kubectl 1.33 printed for the same objects, with the namespace that 1.34 adds to `delete`.

use std::fs;

use crate::cli::{directory, run, stderr, stdout};

const CLUSTER: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: verbs}
spec: {timing: ideal, duration: 10m, kubernetes: '1.34', cluster: {nodePools: [{name: n, count: 1}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: 'example/web:1'}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: 'example/db:1'}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: c, image: 'example/agent:1'}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {env: prod, app: alone}}
spec: {containers: [{name: main, image: 'example/web:1'}, {name: side, image: 'example/web:1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {containers: [{name: c, image: 'example/web:1', resources: {requests: {cpu: '400'}}}]}
";

/// Runs every line at 5 min and compares: line, standard output, standard error, exit status.
fn check(name: &str, rows: &[(&str, &str, &str, i32)]) {
    let file = directory(name).join("verbs.yaml");
    fs::write(&file, CLUSTER).unwrap();
    let file = file.to_str().unwrap();
    for (line, out, err, status) in rows {
        let words = shakedown::kubectl::split_words(line).unwrap();
        let mut args = vec!["kubectl", "--at", "5m", "--scenario", file];
        args.extend(words.iter().map(String::as_str));
        let output = run(&args);
        let found = (stdout(&output).trim_end(), stderr(&output).trim_end(), output.status.code());
        assert_eq!(found, (*out, *err, Some(*status)), "{line}");
    }
}

#[test]
fn objects_are_shown_or_refused() {
    check(
        "verbs-get",
        &[
            ("get pods nosuch", "", "Error from server (NotFound): pods \"nosuch\" not found", 1),
            ("get pods nosuch --ignore-not-found", "", "", 0),
            ("get foo", "", "error: the server doesn't have a resource type \"foo\"", 1),
            ("get cm", "", "No resources found in default namespace.", 0),
            ("get pods -l '!app' -o name", "pod/big", "", 0),
            (
                "get pods -x",
                "",
                "error: unknown shorthand flag: 'x' in -x\nSee 'kubectl get --help' for usage.",
                1,
            ),
            ("get pods --foo", "", "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.", 1),
            (
                "get pods -l 'a b'",
                "",
                "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"a b\", \
                 field selector \"\": unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
                1,
            ),
            (
                "scael deploy web",
                "",
                "error: unknown command \"scael\" for \"kubectl\"\n\nDid you mean this?\n\tscale",
                1,
            ),
            (
                "describe",
                "",
                "error: You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete \
                 list of supported resources.",
                1,
            ),
        ],
    );
}

#[test]
fn objects_are_made_and_deleted() {
    check(
        "verbs-create",
        &[
            (
                "create ns default",
                "",
                "Error from server (AlreadyExists): namespaces \"default\" already exists",
                1,
            ),
            (
                "create ns",
                "",
                "error: exactly one NAME is required, got 0\nSee 'kubectl create namespace -h' for help and examples",
                1,
            ),
            ("create ns new --dry-run=client", "namespace/new created (dry run)", "", 0),
            ("create ns new -o name", "namespace/new", "", 0),
            ("run x --image=a --port=80 --expose", "service/x created\npod/x created", "", 0),
            ("run x --image=", "", "error: --image is required", 1),
            ("run x --image=a --labels=a", "", "error: unexpected label spec: a", 1),
            ("expose sts db --port=80", "", "error: cannot expose a StatefulSet.apps", 1),
            ("delete pod alone", "pod \"alone\" deleted from default namespace", "", 0),
            ("delete pod alone -o name", "pod/alone", "", 0),
            ("delete pod nosuch --ignore-not-found", "", "", 0),
            (
                "delete pod alone --dry-run=server",
                "pod \"alone\" deleted from default namespace (server dry run)",
                "",
                0,
            ),
            (
                "delete pod alone -o yaml",
                "",
                "error: unexpected -o output mode: yaml. We only support '-o name'",
                1,
            ),
            (
                "delete pod alone --force",
                "pod \"alone\" force deleted from default namespace",
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been \
                 terminated. The resource may continue to run on the cluster indefinitely.",
                0,
            ),
        ],
    );
}

#[test]
fn objects_are_changed() {
    check(
        "verbs-change",
        &[
            ("label pod alone env=prod", "pod/alone not labeled", "", 0),
            (
                "label pod alone env=dev",
                "",
                "error: 'env' already has a value (prod), and --overwrite is false",
                1,
            ),
            (
                "label pod alone env=dev app=x",
                "",
                "'env' already has a value (prod), and --overwrite is false\n'app' already has a value (alone), and \
                 --overwrite is false",
                1,
            ),
            ("label pod alone env-", "pod/alone unlabeled", "", 0),
            ("scale deploy web --replicas=5 --current-replicas=2", "deployment.apps/web scaled", "", 0),
            (
                "scale deploy web --replicas=5 --current-replicas=3",
                "",
                "error: Expected replicas to be 3, was 2",
                1,
            ),
            (
                "scale deploy nosuch --replicas=3",
                "",
                "error: no objects passed to scale deployments.apps \"nosuch\" not found",
                1,
            ),
            (
                "autoscale pod alone --max=5",
                "",
                "error: cannot autoscale a Pod: could not find scale subresource for /v1, Resource=pods in discovery \
                 information",
                1,
            ),
            ("set image deploy/web c=b:2", "deployment.apps/web image updated", "", 0),
            (
                "set image pod/alone main=b:2 foo=c:2",
                "pod/alone image updated",
                "error: unable to find container named \"foo\"",
                1,
            ),
        ],
    );
}

#[test]
fn nodes_are_cordoned_drained_and_tainted() {
    check(
        "verbs-node",
        &[
            ("uncordon n-1", "node/n-1 already uncordoned", "", 0),
            ("cordon node n-1", "", "Error from server (NotFound): nodes \"node\" not found", 1),
            (
                "drain",
                "",
                "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples",
                1,
            ),
            (
                "drain n-1 --ignore-daemonsets",
                "node/n-1 cordoned",
                "error: unable to drain node \"n-1\" due to error: cannot delete cannot delete Pods that declare no \
                 controller (use --force to override): default/alone, continuing command...\nThere are pending nodes to \
                 be drained:\n n-1\ncannot delete cannot delete Pods that declare no controller (use --force to \
                 override): default/alone",
                1,
            ),
            (
                "drain n-1 --pod-selector app=db",
                "node/n-1 cordoned\nevicting pod default/db-0\npod/db-0 evicted\nnode/n-1 drained",
                "",
                0,
            ),
            ("taint nodes n-1 a=b:NoSchedule", "node/n-1 tainted", "", 0),
            ("taint nodes n-1 a=b:NoSchedule --overwrite", "node/n-1 modified", "", 0),
            ("taint nodes n-1 a-", "", "error: taint \"a\" not found", 1),
        ],
    );
}

#[test]
fn rollouts_and_waits_end_as_they_should() {
    check(
        "verbs-rollout",
        &[
            ("rollout status deploy/web", "deployment \"web\" successfully rolled out", "", 0),
            (
                "rollout status sts db",
                "partitioned roll out complete: 1 new pods have been updated...",
                "",
                0,
            ),
            ("rollout status deploy -l app=none", "", "No resources found in default namespace.", 0),
            ("rollout undo deploy web", "", "error: no rollout history found for deployment \"web\"", 1),
            ("rollout pause ds agent", "", "error: daemonsets.apps \"agent\" pausing is not supported", 1),
            ("wait pod alone --for=condition=Ready", "pod/alone condition met", "", 0),
            (
                "wait pod big --for=condition=Ready --timeout=1s",
                "",
                "error: timed out waiting for the condition on pods/big",
                1,
            ),
            (
                "wait pod big --for=condition=Ready --timeout=0",
                "",
                "error: condition not met for pods/big",
                1,
            ),
            (
                "wait pod alone big nosuch --for=condition=Ready --timeout=1s",
                "pod/alone condition met",
                "Error from server (NotFound): pods \"nosuch\" not found\ntimed out waiting for the condition on pods/big",
                1,
            ),
        ],
    );
}
