//! The verbs that change what is there.

use super::{check_refusals, refusal, verb};
use crate::api::core::TaintEffect;
use crate::kernel::SimDuration;
use crate::kubectl::verb::*;

#[test]
fn label_and_annotate() {
    let Verb::Label(label) = verb("label pods --all a=b empty= gone- --overwrite") else { panic!() };
    let changes: Vec<(&str, Option<&str>)> =
        label.changes.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(changes, [("a", Some("b")), ("empty", Some("")), ("gone", None)]);
    assert!(label.overwrite);
    let Verb::Annotate(annotate) = verb("annotate deploy/web note='x = y' --resource-version=7") else {
        panic!()
    };
    assert_eq!(annotate.changes, [("note".into(), Some("x = y".into()))]);
    assert_eq!(annotate.resource_version, Some(7));
    check_refusals(&[
        ("label", "one or more resources must be specified as <resource> <name> or <resource>/<name>"),
        ("label pods web", "at least one label update is required"),
        ("label pods a=b", "resource(s) were provided, but no name was specified"),
        ("label pod web a=b=c", "invalid label spec: a=b=c"),
        ("label pod web a=b a-", "can not both modify and remove a label in the same command"),
        ("label pod a=b web", "all resources must be specified before label changes: web"),
        ("label pods --all -l x=y a=b", "cannot set --all and --selector at the same time"),
        ("annotate pod web", "at least one annotation update is required"),
        (
            "annotate pod web a=1 a-",
            "can not both modify and remove the following annotation(s) in the same command: a",
        ),
    ]);
    assert!(
        refusal("label pod web 'a=b c'").starts_with("invalid label value: \"a=b c\": a valid label must be")
    );
}

#[test]
fn scale() {
    let Verb::Scale(scale) = verb("scale deployment web --replicas=5 --current-replicas=3 --timeout=1m")
    else {
        panic!()
    };
    assert_eq!((scale.replicas, scale.current_replicas), (5, Some(3)));
    assert_eq!(scale.timeout, Some(SimDuration::from_secs(60)));
    assert!(
        matches!(verb("scale --replicas 0 deploy/web rs/x"), Verb::Scale(scale) if scale.current_replicas.is_none())
    );
    check_refusals(&[
        ("scale deploy web", "required flag(s) \"replicas\" not set"),
        (
            "scale deploy web --replicas=-1",
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ),
        ("scale deploy --replicas=3", "resource(s) were provided, but no name was specified"),
        (
            "scale deploy web --replicas=3 --timeout=5",
            "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"",
        ),
    ]);
}

#[test]
fn autoscale() {
    let Verb::Autoscale(autoscale) =
        verb("autoscale deploy web --min=2 --max=5 --cpu-percent=80 --memory=500Mi")
    else {
        panic!()
    };
    assert_eq!((autoscale.min, autoscale.max), (Some(2), 5));
    assert_eq!(autoscale.cpu, Some(MetricGoal::Utilization(80)));
    assert_eq!(autoscale.memory, Some(MetricGoal::AverageValue("500Mi".parse().unwrap())));
    check_refusals(&[
        ("autoscale deploy web", "required flag(s) \"max\" not set"),
        ("autoscale deploy web --max=0", "--max=MAXPODS is required and must be at least 1, max: 0"),
        (
            "autoscale deploy web --min=5 --max=3",
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: 3, min: 5",
        ),
    ]);
}

#[test]
fn nodes() {
    assert_eq!(verb("cordon n1 node/n2"), Verb::Cordon(Nodes::Named(vec!["n1".into(), "n2".into()])));
    assert_eq!(verb("uncordon -l zone=a"), Verb::Uncordon(Nodes::Labelled("zone=a".to_owned())));
    let Verb::Drain(drain) = verb(
        "drain n1 --ignore-daemonsets --delete-emptydir-data --force --grace-period=5 --timeout=60s --disable-eviction \
         --pod-selector=app=web",
    ) else {
        panic!()
    };
    assert!(drain.ignore_daemonsets && drain.delete_emptydir_data && drain.force && drain.disable_eviction);
    assert_eq!((drain.grace_period_seconds, drain.timeout), (Some(5), Some(SimDuration::from_secs(60))));
    assert_eq!(drain.pod_selector.as_deref(), Some("app=web"));
    check_refusals(&[
        ("cordon", "USAGE: cordon NODE [flags]"),
        ("cordon n1 -l a=b", "cannot specify both a node name and a --selector option"),
        ("cordon pod/web", "expected resource of type node, got \"/v1, Resource=pods\""),
        ("drain", "USAGE: drain NODE [flags]"),
        ("drain n1 --pod-selector 'a in'", "--pod-selector=<pod_selector> must be a valid label selector"),
        ("drain n1 --delete-local-data", "unknown flag: --delete-local-data"),
    ]);
}

#[test]
fn taint() {
    let Verb::Taint(taint) =
        verb("taint nodes n1 a=b:NoSchedule c:NoExecute d- e:PreferNoSchedule- --overwrite")
    else {
        panic!()
    };
    let added: Vec<String> =
        taint.add.iter().map(|taint| format!("{}={}:{}", taint.key, taint.value, taint.effect)).collect();
    assert_eq!(added, ["a=b:NoSchedule", "c=:NoExecute"]);
    assert_eq!(taint.remove, [("d".into(), None), ("e".into(), Some(TaintEffect::PreferNoSchedule))]);
    assert!(matches!(verb("taint node --all a:NoExecute"), Verb::Taint(taint) if taint.nodes == Nodes::All));
    check_refusals(&[
        ("taint", "one or more resources must be specified as <resource> <name>"),
        ("taint nodes n1", "at least one taint update is required"),
        (
            "taint node n1 a=b:noschedule",
            "invalid taint effect: noschedule, unsupported taint effect; did you mean `NoSchedule`?",
        ),
        ("taint pod web a=b:NoSchedule", "invalid resource type pod, only node types are supported"),
        ("taint n1 a=b:NoSchedule", "the server doesn't have a resource type \"n1\""),
        (
            "taint node a=b:NoSchedule",
            "at least one resource name must be specified since 'all' parameter is not set",
        ),
        (
            "taint node n1 a=b:NoSchedule a=c:NoSchedule",
            "duplicated taints with the same key and effect: {a c NoSchedule <nil>}",
        ),
        (
            "taint node n1 a=b:NoSchedule a-",
            "can not both modify and remove the following taint(s) in the same command: a=",
        ),
        (
            "taint nodes --all -l a=b c:NoSchedule",
            "setting 'all' parameter with a non empty selector is prohibited",
        ),
        ("taint node n1 a=b:NoSchedule:x", "invalid taint spec: a=b:NoSchedule:x"),
    ]);
    assert!(refusal("taint node n1 a=b").starts_with("invalid taint spec: a=b, name part must consist of"));
}

#[test]
fn rollout() {
    let action = |line: &str| match verb(line) {
        Verb::Rollout(rollout) => rollout.action,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        action("rollout status deploy/web --watch=false --timeout=5m"),
        RolloutAction::Status { watch: false, revision: None, timeout: Some(SimDuration::from_secs(300)) }
    );
    assert_eq!(action("rollout history sts/db --revision=2"), RolloutAction::History { revision: Some(2) });
    assert_eq!(
        action("rollout undo deploy web --to-revision 3"),
        RolloutAction::Undo { to_revision: Some(3) }
    );
    assert_eq!(action("rollout undo deploy web"), RolloutAction::Undo { to_revision: None });
    assert_eq!(action("rollout restart deploy"), RolloutAction::Restart);
    assert_eq!(action("rollout pause deploy web"), RolloutAction::Pause);
    assert_eq!(action("rollout resume deploy web"), RolloutAction::Resume);
    check_refusals(&[
        ("rollout", "rollout needs one of history, pause, restart, resume, status, undo"),
        ("rollout statsu deploy web", "unknown command \"statsu\"; did you mean `rollout status`?"),
        ("rollout status", "required resource not specified"),
        ("rollout status pod web", "no status viewer has been implemented for Pod"),
        ("rollout history pod web", "no history viewer has been implemented for \"Pod\""),
        ("rollout undo pod web", "no rollbacker has been implemented for \"Pod\""),
        ("rollout restart pod web-1", "pods \"web-1\" restarting is not supported"),
        ("rollout pause pod web-1", "pods \"web-1\" pausing is not supported"),
        ("rollout history deploy web --revision=-1", "revision must be a positive integer: -1"),
    ]);
}

#[test]
fn set() {
    let Verb::SetImage(set) = verb("set image deploy/web app=nginx:2 '*=x'") else { panic!() };
    assert_eq!(set.images, [("app".into(), "nginx:2".into()), ("*".into(), "x".into())]);
    let Verb::SetResources(set) =
        verb("set resources deploy web -c=app --limits=cpu=200m,memory=512Mi --requests=cpu=0")
    else {
        panic!()
    };
    assert_eq!((set.containers.as_str(), set.limits.len(), set.requests.len()), ("app", 2, 1));
    check_refusals(&[
        ("set", "set needs one of image, resources"),
        ("set imag deploy/web a=b", "unknown command \"imag\"; did you mean `set image`?"),
        ("set env deploy/web a=b", "`kubectl set env` is not simulated"),
        ("set image deploy/web", "at least one image update is required"),
        (
            "set resources deploy web",
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ),
        ("set resources deploy web --limits=cpu", "Invalid argument syntax cpu, expected <resource>=<value>"),
    ]);
}

#[test]
fn patch() {
    let Verb::Patch(patch) = verb(r#"patch deploy web --type=merge -p '{"spec":{"replicas":3}}'"#) else {
        panic!()
    };
    assert_eq!((patch.kind, patch.patch.as_str()), (PatchType::Merge, r#"{"spec":{"replicas":3}}"#));
    check_refusals(&[
        ("patch deploy web", "must specify --patch or --patch-file containing the contents of the patch"),
        ("patch deploy web --type=foo -p {}", "--type must be one of [json merge strategic], not \"foo\""),
        ("patch pod -l a=b -p {}", "unknown shorthand flag: 'l' in -l"),
    ]);
}
