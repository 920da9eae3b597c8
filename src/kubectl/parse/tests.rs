//! Goal: each verb becomes what was meant, and what kubectl refuses is refused in its words (recorded from kubectl
//! 1.33).

mod changes;

use super::*;
use crate::api::pod::RestartPolicy;
use crate::api::{Kind, Propagation};
use crate::kernel::SimDuration;
use crate::kubectl::resource::Targets;
use crate::kubectl::verb::*;

fn verb(line: &str) -> Verb {
    Command::parse_line(line).unwrap_or_else(|error| panic!("{line}: {error}")).verb
}

fn refusal(line: &str) -> String {
    match Command::parse_line(line) {
        Err(error) => error.to_string(),
        Ok(command) => panic!("{line} is taken for {command:?}"),
    }
}

/// Every line is refused with its text.
fn check_refusals(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(refusal(line), *expected, "{line}");
    }
}

fn names(targets: &Targets) -> Vec<String> {
    match targets {
        Targets::Named(targets) => targets.iter().map(|target| target.name.to_string()).collect(),
        other => panic!("{other:?} names nothing"),
    }
}

#[test]
fn global_flags_may_stand_anywhere() {
    for line in
        ["kubectl -n kube-system get pods", "get -n=kube-system pods", "get pods --namespace kube-system"]
    {
        let command = Command::parse_line(line).unwrap();
        assert_eq!(command.scope, Scope::Namespace("kube-system".into()), "{line}");
        assert!(matches!(command.verb, Verb::Get(_)));
    }
    let command = Command::parse_line("get pods -A -n x --context=prod").unwrap();
    assert_eq!((command.scope, command.ignored), (Scope::All, vec!["--context".to_owned()]));
    assert_eq!(Scope::Default.namespace_or("default"), Some("default"));
    assert_eq!(Scope::All.namespace_or("default"), None);
}

#[test]
fn unknown_verbs() {
    check_refusals(&[
        ("gett pods", "unknown command \"gett\" for \"kubectl\"; did you mean `get`?"),
        ("juggle pods", "unknown command \"juggle\" for \"kubectl\""),
        ("", "no command given: expected a verb such as get, scale or delete"),
        ("-n x", "no command given: expected a verb such as get, scale or delete"),
        ("get 'pods", "the quote ' is not closed: get 'pods"),
    ]);
    assert!(
        refusal("edit deploy web")
            .starts_with("`kubectl edit` is not simulated; there are: annotate, apply, ")
    );
}

#[test]
fn get() {
    let Verb::Get(get) =
        verb("get po -wo wide -L app,tier --show-labels --no-headers --sort-by=metadata.name")
    else {
        panic!()
    };
    assert!(get.watch && get.show_labels && get.no_headers && get.output.is_table());
    assert_eq!(get.label_columns, ["app", "tier"]);
    assert_eq!(get.sort_by.unwrap().source(), "{.metadata.name}");
    check_refusals(&[
        (
            "get pods -l 'a in'",
            "Unable to find \"/v1, Resource=pods\" that match label selector \"a in\", field selector \"\": unable to parse \
             requirement: found '' expected: '('",
        ),
        ("get pods --show-labels -o json", "--show-labels option cannot be used with json printer"),
        ("get pods,svc -w", "you may only specify a single resource type"),
        (
            "get pods --output-watch-events",
            "--output-watch-events option can only be used with --watch or --watch-only",
        ),
        ("get pods --watc", "unknown flag: --watc; did you mean `--watch`?"),
    ]);
}

#[test]
fn describe() {
    let Verb::Describe(describe) = verb("describe pod web-1 --show-events=false") else { panic!() };
    assert!(!describe.show_events);
    check_refusals(&[
        (
            "describe",
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported \
             resources.",
        ),
        ("describe foo", "the server doesn't have a resource type \"foo\""),
    ]);
}

#[test]
fn create() {
    assert_eq!(verb("create ns team-a"), Verb::Create(Create::Namespace("team-a".into())));
    let Verb::Create(Create::Deployment(deployment)) =
        verb("create deployment web --image=nginx --image=log:2 -r 3 --port 80")
    else {
        panic!()
    };
    assert_eq!((deployment.images.len(), deployment.replicas, deployment.port), (2, 3, Some(80)));
    let Verb::Create(Create::Deployment(deployment)) =
        verb("create deploy web --image=busybox -- sleep 3600")
    else {
        panic!()
    };
    assert_eq!(deployment.command, ["sleep", "3600"]);
    let Verb::Create(Create::Service(service)) =
        verb("create svc nodeport web --tcp=80:8080,443 --node-port=30080")
    else {
        panic!()
    };
    assert_eq!(service.kind, ServiceKind::NodePort { node_port: Some(30_080) });
    let ports: Vec<String> =
        service.ports.iter().map(|port| format!("{}:{}", port.port, port.target)).collect();
    assert_eq!(ports, ["80:8080", "443:443"]);
    assert!(
        matches!(verb("create -f a.yaml -f b"), Verb::Create(Create::Files(files)) if files.paths == ["a.yaml", "b"])
    );
    check_refusals(&[
        ("create", "must specify one of -f and -k"),
        ("create foo", "Unexpected args: [foo]"),
        ("create deploymnt web", "Unexpected args: [deploymnt web]; did you mean `create deployment`?"),
        (
            "create job x --image=y",
            "`kubectl create job` is not simulated; write a manifest and use `create -f`",
        ),
        ("create namespace", "exactly one NAME is required, got 0"),
        ("create namespace a b", "exactly one NAME is required, got 2"),
        ("create ns ''", "name must be specified"),
        ("create deployment x", "required flag(s) \"image\" not set"),
        ("create deployment x --image=a,b -- sleep", "cannot specify multiple --image options and command"),
        ("create service clusterip", "exactly one NAME is required, got 0"),
        ("create service clusterip x", "at least one tcp port specifier must be provided"),
        ("create service clusterip x --tcp=a", "strconv.ParseUint: parsing \"a\": invalid syntax"),
        ("create service clusterip x --tcp=80:99999", "must be between 1 and 65535, inclusive"),
        ("create service externalname x", "required flag(s) \"external-name\" not set"),
        (
            "create service nodport x --tcp=80",
            "unknown command \"nodport\"; did you mean `create service nodeport`?",
        ),
    ]);
    assert!(matches!(verb("create svc clusterip x --clusterip=None"), Verb::Create(_)));
}

#[test]
fn run() {
    let Verb::Run(run) = verb(
        "run web --image=nginx --port=80 --expose --env A=1 --env=B=2 -l a=b,c=d --restart=Never --command -- sleep 3",
    ) else {
        panic!()
    };
    assert_eq!(
        (run.port, run.expose, run.command, run.restart),
        (Some(80), true, true, RestartPolicy::Never)
    );
    assert_eq!((run.env.len(), run.labels.len(), run.words.len()), (2, 2, 2));
    check_refusals(&[
        ("run web", "required flag(s) \"image\" not set"),
        ("run --image=a", "NAME is required for run"),
        ("run x --image=a --expose", "--port must be set when exposing a service"),
        ("run x --image=a --env A", "invalid env: A"),
        ("run x --image=a --restart=never", "invalid restart policy: never; did you mean `--restart=Never`?"),
        (
            "run x --image=a --dry-run=x",
            "Invalid dry-run value (x). Must be \"none\", \"server\", or \"client\".",
        ),
    ]);
}

#[test]
fn expose() {
    let Verb::Expose(expose) =
        verb("expose deploy web --port=80,443 --target-port=http --name=s --type=NodePort --selector=a=b")
    else {
        panic!()
    };
    assert_eq!((expose.ports, expose.selector), (vec![80, 443], vec![("a".into(), "b".into())]));
    assert_eq!(expose.target_port.unwrap().to_string(), "http");
    check_refusals(&[
        ("expose deploy", "resource(s) were provided, but no name was specified"),
        ("expose node n1", "cannot expose a Node"),
        ("expose deploy web --port=x", "strconv.Atoi: parsing \"x\": invalid syntax"),
    ]);
}

#[test]
fn apply() {
    let Verb::Apply(apply) = verb("apply -Rf dir,a.yaml") else { panic!() };
    assert_eq!((apply.files.paths.len(), apply.files.recursive), (2, true));
    check_refusals(&[
        ("apply", "must specify one of -f and -k"),
        ("apply x", "Unexpected args: [x]"),
        ("apply -f", "flag needs an argument: 'f' in -f"),
        ("apply -k dir", "unknown shorthand flag: 'k' in -k"),
    ]);
}

#[test]
fn delete() {
    let delete = |line: &str| match verb(line) {
        Verb::Delete(delete) => delete,
        other => panic!("{other:?}"),
    };
    let plain = delete("delete pod web-1 web-2");
    assert_eq!(names(&plain.targets), ["web-1", "web-2"]);
    assert_eq!((plain.grace_period_seconds, plain.force, plain.wait), (None, false, true));
    for (flags, grace) in [
        ("--grace-period=5", Some(5)),
        ("--grace-period=0", Some(1)),
        ("--grace-period=-1", None),
        ("--now", Some(1)),
        ("--force", Some(0)),
        ("--force --grace-period=0", Some(0)),
    ] {
        assert_eq!(delete(&format!("delete pod x {flags}")).grace_period_seconds, grace, "{flags}");
    }
    for (flag, cascade) in [
        ("", Propagation::Background),
        ("--cascade", Propagation::Background),
        ("--cascade=foreground", Propagation::Foreground),
        ("--cascade=orphan", Propagation::Orphan),
    ] {
        assert_eq!(delete(&format!("delete rs x {flag}")).cascade, cascade, "{flag}");
    }
    assert!(!delete("delete pods --all --wait=false").wait);
    check_refusals(&[
        ("delete pods", "resource(s) were provided, but no name was specified"),
        ("delete pods web -l a=b", "name cannot be provided when a selector is specified"),
        ("delete pods --all -l a=b", "setting 'all' parameter but found a non empty selector. "),
        (
            "delete pod x --force --grace-period=3",
            "--force and --grace-period greater than 0 cannot be specified together",
        ),
        ("delete pod x --now --grace-period=3", "--now and --grace-period cannot be specified together"),
        (
            "delete pod x --now --force",
            "--force and --grace-period greater than 0 cannot be specified together",
        ),
        (
            "delete pod x --cascade=foregrund",
            "invalid cascade value (foregrund). Must be \"background\", \"foreground\", or \"orphan\"; did you mean \
             `--cascade=foreground`?",
        ),
        (
            "delete pod x --grace-period=soon",
            "invalid argument \"soon\" for \"--grace-period\" flag: strconv.ParseInt: parsing \"soon\": invalid syntax",
        ),
    ]);
}

#[test]
fn top() {
    let Verb::Top(top) = verb("top pods -A --containers --sort-by=memory --sum") else { panic!() };
    assert!(top.containers && top.sum && !top.nodes);
    assert_eq!(top.sort_by, Some(TopSort::Memory));
    assert!(matches!(verb("top node n1"), Verb::Top(top) if top.nodes && top.name.as_deref() == Some("n1")));
    check_refusals(&[
        ("top", "top needs one of node, pod"),
        ("top foo", "unknown command \"foo\""),
        ("top pods a b", "pod [NAME | -l label]"),
        ("top pods web-1 -l a=b", "only one of NAME or selector can be provided"),
        ("top node n1 -l a=b", "only one of NAME or --selector can be provided"),
        ("top pod --sort-by=foo", "--sort-by accepts only cpu or memory"),
    ]);
}

#[test]
fn logs() {
    let Verb::Logs(logs) = verb("logs deploy/web -c app -fp --tail=3 --since=5m --timestamps") else {
        panic!()
    };
    assert!(logs.follow && logs.previous && logs.timestamps);
    assert_eq!((logs.tail, logs.since), (Some(3), Some(SimDuration::from_secs(300))));
    assert!(matches!(&logs.of, LogsOf::One(target) if target.kind == Kind::Deployment));
    assert!(matches!(verb("logs web-1 app"), Verb::Logs(logs) if logs.container.as_deref() == Some("app")));
    assert!(matches!(verb("logs -l app=web --tail=-1"), Verb::Logs(logs) if logs.tail.is_none()));
    check_refusals(&[
        ("logs -l a=b web-1", "only a selector (-l) or a POD name is allowed"),
        ("logs web-1 app -c app", "only one of -c or an inline [CONTAINER] arg is allowed"),
        (
            "logs web-1 --all-containers -c app",
            "--all-containers=true should not be specified with container name app",
        ),
        ("logs web-1 --tail=-3", "--tail must be greater than or equal to -1"),
        ("logs web-1 --since=-5m", "--since must be greater than 0"),
        ("logs web-1 --limit-bytes=-1", "--limit-bytes must be greater than 0"),
        (
            "logs web-1 --since=5m --since-time=2025-01-01T00:00:00Z",
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
    ]);
    assert!(refusal("logs").starts_with("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'."));
}

#[test]
fn wait() {
    let wait = |line: &str| match verb(line) {
        Verb::Wait(wait) => wait,
        other => panic!("{other:?}"),
    };
    assert_eq!(wait("wait --for=Delete pod/web").what, WaitFor::Delete);
    let condition = wait("wait pods --all --for=condition=Ready=False --timeout=-1s");
    assert_eq!(condition.what, WaitFor::Condition { name: "Ready".into(), status: "False".into() });
    assert_eq!(condition.timeout, SimDuration::from_secs(604_800));
    let path = |line: &str| match wait(line).what {
        WaitFor::JsonPath { path, value } => (path.source().to_owned(), value),
        other => panic!("{other:?}"),
    };
    let phase = || ("{.status.phase}".to_owned(), Some("Running".to_owned()));
    assert_eq!(path("wait pod x --for=jsonpath='{.status.phase}'=Running"), phase());
    assert_eq!(path("wait pod x --for=jsonpath=.status.phase=Running"), phase());
    assert_eq!(path("wait pod x --for=jsonpath='{.a[?(@.b==\"c\")].d}'").1, None);
    check_refusals(&[
        ("wait pod x", "unrecognized condition: \"\""),
        ("wait pod x --for=ready", "unrecognized condition: \"ready\""),
        ("wait --for=delete pods", "resource(s) were provided, but no name was specified"),
        ("wait pod x --for=jsonpath=", "jsonpath expression cannot be empty"),
        (
            "wait pod x --for=jsonpath='{.a}'=",
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
        ),
    ]);
}

#[test]
fn exec() {
    let Verb::Exec(exec) = verb("exec -it web-1 -c app -- kill -TERM 1") else { panic!() };
    assert_eq!(exec.command, ["kill", "-TERM", "1"]);
    assert_eq!(exec.container.as_deref(), Some("app"));
    check_refusals(&[
        ("exec", "pod, type/name or --filename must be specified"),
        ("exec -- ls", "pod, type/name or --filename must be specified"),
        ("exec web-1", "you must specify at least one command for the container"),
        (
            "exec web-1 ls",
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        ),
    ]);
}

#[test]
fn nothing_makes_the_parser_panic() {
    let words = [
        "get",
        "delete",
        "taint",
        "label",
        "wait",
        "create",
        "rollout",
        "logs",
        "pods",
        "deploy/web",
        "-",
        "--",
        "=",
        ":",
        "a=",
        "a-",
        "-l",
        "-n",
        "-A",
        "--for=jsonpath=",
        "{.a",
        "'",
        "\"",
        "é=é:é-",
        "--replicas=9999999999999999999",
        "-o",
        "//",
        ",",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut line = String::new();
        for _ in 0..6 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            line.push_str(words[(state >> 33) as usize % words.len()]);
            line.push(' ');
        }
        let _ = Command::parse_line(&line);
    }
}
