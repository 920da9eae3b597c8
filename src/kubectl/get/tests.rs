//! Goal: `get` chooses, groups and forms as kubectl does. Method: one cluster, one line per expectation.

use serde_json::json;

use super::*;
use crate::kubectl::fixtures::{Cluster, object, pod, running};
use crate::kubectl::{Command, Verb};

fn cluster() -> Cluster {
    let mut other = pod("job-x", "Succeeded", &json!({}));
    other["metadata"]["namespace"] = "batch".into();
    other["metadata"]["labels"] = json!({"team": "b"});
    let mut second = pod("web-2", "Pending", &json!({}));
    second["spec"]["nodeName"] = "n2".into();
    second["metadata"]["labels"] = json!({"app": "web", "canary": ""});
    Cluster::new([
        second,
        pod("web-1", "Running", &running()),
        other,
        json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {}}}),
        json!({"kind": "Service", "metadata": {"name": "web"}, "spec": {"clusterIP": "10.96.0.7"}}),
        json!({"kind": "Node", "metadata": {"name": "n1"}}),
    ])
}

/// The names that `-o name` shows, blank-separated.
fn names(line: &str) -> String {
    cluster().out(&format!("{line} -o name")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn selection() {
    for (line, expected) in [
        ("get pods", "pod/web-1 pod/web-2"),
        ("get pods -A", "pod/job-x pod/web-1 pod/web-2"),
        ("get pods -n batch", "pod/job-x"),
        ("get pods web-2 web-1", "pod/web-2 pod/web-1"),
        ("get pods -l app=web,!canary", "pod/web-1"),
        ("get pods -l 'app in (web, db),canary'", "pod/web-2"),
        ("get pods -A -l app!=web", "pod/job-x"),
        ("get pods --field-selector status.phase=Pending", "pod/web-2"),
        ("get pods --field-selector=spec.nodeName=n1", "pod/web-1"),
        ("get pods --field-selector metadata.name!=web-1", "pod/web-2"),
        ("get deploy,svc", "deployment.apps/web service/web"),
        ("get pod/web-1 deploy/web", "pod/web-1 deployment.apps/web"),
        ("get nodes -n nowhere", "node/n1"),
    ] {
        assert_eq!(names(line), expected, "{line}");
    }
}

#[test]
fn groups_have_tables_of_their_own() {
    let expected = "\
NAME        READY   STATUS    RESTARTS   AGE
pod/web-1   1/1     Running   0          60m
pod/web-2   0/1     Pending   0          60m

NAME          TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
service/web   ClusterIP   10.96.0.7    <none>        <none>    60m

NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/web   0/2     0            0           60m
";
    assert_eq!(cluster().out("get all"), expected);
}

#[test]
fn further_columns() {
    let expected = "\
NAMESPACE   NAME    READY   STATUS      RESTARTS   AGE   APP   CANARY   LABELS
batch       job-x   0/1     Succeeded   0          60m                  team=b
default     web-1   1/1     Running     0          60m   web            app=web
default     web-2   0/1     Pending     0          60m   web            app=web,canary=
";
    let header = cluster().out("get pods -A -L app,example.com/tier --show-labels");
    assert!(
        header.starts_with("NAMESPACE   NAME    READY   STATUS      RESTARTS   AGE   APP   TIER   LABELS\n"),
        "{header}"
    );
    assert_eq!(cluster().out("get pods -A -L app,canary --show-labels"), expected);
    assert_eq!(
        cluster().out("get pods web-1 --show-kind --no-headers"),
        "pod/web-1   1/1   Running   0     60m\n"
    );
}

#[test]
fn trees() {
    let single = cluster().out("get svc web -o yaml");
    let expected = "\
apiVersion: v1
kind: Service
metadata:
  creationTimestamp: \"2025-01-01T09:00:00Z\"
  name: web
  namespace: default
spec:
  clusterIP: 10.96.0.7
status:
  loadBalancer: {}
";
    assert_eq!(single, expected);
    let list = cluster().out("get svc -o yaml");
    let items = single.replace('\n', "\n  ");
    let items = items.trim_end();
    let expected =
        format!("apiVersion: v1\nitems:\n- {items}\nkind: List\nmetadata:\n  resourceVersion: \"\"\n");
    assert_eq!(list, expected);
    assert_eq!(cluster().out("get pod web-1 -o jsonpath={.status.phase}"), "Running");
    assert_eq!(cluster().out("get pods -o 'jsonpath={.items[*].metadata.name}'"), "web-1 web-2");
    assert!(
        cluster()
            .out("get node n1 -o json")
            .starts_with("{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Node\"")
    );
    assert_eq!(cluster().out("get rs -o name"), "");
    assert!(cluster().out("get rs -o yaml").starts_with("apiVersion: v1\nitems: []\n"));
}

#[test]
fn sorting() {
    let sorted = |line: &str| names(line);
    assert_eq!(sorted("get pods --sort-by=.spec.nodeName"), "pod/web-1 pod/web-2");
    assert_eq!(sorted("get pods --sort-by={.status.phase}"), "pod/web-2 pod/web-1");
    let answer = cluster().answer("get pods --sort-by=.foo");
    assert!(answer.failed);
    assert_eq!(answer.notes, ["error: couldn't find any field with path \"{.foo}\" in the list of objects"]);
}

#[test]
fn nothing_found_is_said() {
    for (line, note) in [
        ("get rs", "No resources found in default namespace."),
        ("get rs -n x", "No resources found in x namespace."),
        ("get rs -A", "No resources found"),
        ("get pc", "No resources found"),
        ("get rs,jobs", "No resources found in default namespace."),
    ] {
        let answer = cluster().answer(line);
        assert_eq!(
            (answer.out.as_str(), &answer.notes[..], answer.failed),
            ("", &[note.to_owned()][..], false)
        );
    }
}

#[test]
fn missing_names_fail_after_the_others_are_shown() {
    let answer = cluster().answer("get pods web-1 nope -o name");
    assert_eq!(answer.out, "pod/web-1\n");
    assert_eq!(answer.notes, ["Error from server (NotFound): pods \"nope\" not found"]);
    assert!(answer.failed);
    let answer = cluster().answer("get deploy,pods web-1 -o name");
    assert_eq!(answer.notes, ["Error from server (NotFound): deployments.apps \"web-1\" not found"]);
}

#[test]
fn fields_must_be_supported() {
    let answer = cluster().answer("get deploy --field-selector spec.replicas=1");
    let why = "Unable to find \"apps/v1, Resource=deployments\" that match label selector \"\", field selector \
               \"spec.replicas=1\": field label not supported: spec.replicas";
    assert_eq!(answer.notes, [format!("Error from server (BadRequest): {why}")]);
}

#[test]
fn a_watch_shows_changes() {
    let command = Command::parse_line("get pods -w -l app=web --output-watch-events").unwrap();
    let Verb::Get(get) = &command.verb else { panic!("{command:?}") };
    let mut watch = Watch::new(get, &command.scope, "default").unwrap();
    let now = "2025-01-01T10:00:00Z".parse().unwrap();
    let mut line = |op, value| watch.change(op, &object(value), now);
    let expected = "\
EVENT   NAME    READY   STATUS    RESTARTS   AGE
ADDED   web-1   1/1     Running   0          60m
";
    assert_eq!(line(Op::Added, pod("web-1", "Running", &running())).unwrap(), expected);
    let gone = line(Op::Deleted, pod("web-1", "Failed", &json!({}))).unwrap();
    assert_eq!(gone, "DELETED   web-1   0/1     Failed    0          60m\n");
    let wider = line(Op::Added, pod("web-with-a-long-name", "Pending", &json!({}))).unwrap();
    assert_eq!(wider, "ADDED     web-with-a-long-name   0/1     Pending   0          60m\n");
    let mut other = pod("db", "Running", &json!({}));
    other["metadata"]["labels"] = json!({"app": "db"});
    assert_eq!(line(Op::Added, other), None);
    let mut elsewhere = pod("web-9", "Running", &json!({}));
    elsewhere["metadata"]["namespace"] = "batch".into();
    assert_eq!(line(Op::Added, elsewhere), None);
    assert_eq!(line(Op::Added, json!({"kind": "Node", "metadata": {"name": "n1"}})), None);
}

#[test]
fn a_watch_can_show_names_or_trees() {
    for (output, expected) in [
        ("name", "pod/web-1\n"),
        ("jsonpath={.status.phase}", "Running"),
        ("custom-columns=N:.metadata.name --no-headers", "web-1\n"),
    ] {
        let command = Command::parse_line(&format!("get pods -w -o {output}")).unwrap();
        let Verb::Get(get) = &command.verb else { panic!("{command:?}") };
        let mut watch = Watch::new(get, &command.scope, "default").unwrap();
        let now = "2025-01-01T10:00:00Z".parse().unwrap();
        let shown = watch.change(Op::Added, &object(pod("web-1", "Running", &running())), now).unwrap();
        assert_eq!(shown, expected, "{output}");
    }
}
