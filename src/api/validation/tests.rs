//! Tests of the module above.

use serde_json::{Value, json};

use super::*;
use crate::api::defaults::apply_defaults;
use crate::api::object::Kind;

fn object(kind: Kind, manifest: Value) -> Object {
    let mut object = Object::deserialize_as(kind, manifest).unwrap();
    apply_defaults(&mut object);
    object
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What is said of a new object.
#[track_caller]
fn check(kind: Kind, manifest: Value, expected: &[&str]) {
    assert_eq!(texts(&validate_create(&object(kind, manifest))), expected);
}

/// A pod whose spec is `spec` over that of a valid pod.
fn pod(spec: &Value) -> Value {
    let mut whole = json!({ "containers": [{ "name": "app", "image": "app" }] });
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    json!({ "metadata": { "name": "p", "namespace": "default" }, "spec": whole })
}

/// A pod whose only container is `container` over a valid one.
fn pod_with(container: &Value) -> Value {
    let mut whole = json!({ "name": "app", "image": "app" });
    for (key, value) in container.as_object().unwrap() {
        whole[key] = value.clone();
    }
    pod(&json!({ "containers": [whole] }))
}

#[test]
fn valid_objects_pass() {
    check(Kind::Pod, pod(&json!({})), &[]);
    check(Kind::Deployment, workload(&json!({})), &[]);
    check(Kind::StatefulSet, workload(&json!({ "serviceName": "s" })), &[]);
    check(Kind::DaemonSet, workload(&json!({})), &[]);
    check(Kind::Service, service(&json!({ "ports": [{ "port": 80 }] })), &[]);
}

#[test]
fn metadata() {
    let manifest = json!({
        "metadata": {
            "name": "Not_Valid",
            "labels": { "a b": "x" },
            "annotations": { "ok": "x".repeat(300_000) },
        },
        "spec": pod(&json!({}))["spec"],
    });
    let errors = texts(&validate_create(&object(Kind::Pod, manifest)));
    assert!(
        errors[0].starts_with("metadata.name: Invalid value: \"Not_Valid\": a lowercase RFC 1123 subdomain")
    );
    assert!(errors[1].starts_with("metadata.labels: Invalid value: \"a b\": name part must consist"));
    assert_eq!(errors[2..], ["metadata.annotations: Too long: may not be more than 262144 bytes"]);
    let unnamed = json!({ "spec": pod(&json!({}))["spec"] });
    check(Kind::Pod, unnamed, &["metadata.name: Required value: name or generateName is required"]);
}

#[test]
fn names_depend_on_the_kind() {
    let errors = |kind, name: &str| {
        let mut problems = Problems::default();
        let metadata = crate::api::ObjectMeta { name: name.into(), ..Default::default() };
        metadata::check(&mut problems, kind, &metadata);
        problems.into_errors().len()
    };
    assert_eq!((errors(Kind::Pod, "a.b"), errors(Kind::Namespace, "a.b")), (0, 1));
    assert_eq!((errors(Kind::Pod, "1a"), errors(Kind::Service, "1a")), (0, 1));
    assert_eq!((errors(Kind::Job, &"a".repeat(53)), errors(Kind::CronJob, &"a".repeat(53))), (0, 1));
}

#[test]
fn containers() {
    check(Kind::Pod, pod(&json!({ "containers": [] })), &["spec.containers: Required value"]);
    check(
        Kind::Pod,
        pod(&json!({ "containers": [{ "image": " a" }, { "name": "x" }, { "name": "x", "image": "a" }] })),
        &[
            "spec.containers[0].name: Required value",
            "spec.containers[0].image: Invalid value: \" a\": must not have leading or trailing whitespace",
            "spec.containers[1].image: Required value",
            "spec.containers[2].name: Duplicate value: \"x\"",
        ],
    );
    check(
        Kind::Pod,
        pod_with(&json!({
            "ports": [{ "containerPort": 70000, "hostPort": 80 }, { "containerPort": 1, "hostPort": 80, "name": "-" }],
            "volumeMounts": [{ "name": "gone", "mountPath": "/x" }],
        })),
        &[
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[1].name: Invalid value: \"-\": must contain at least one letter (a-z)",
            "spec.containers[0].ports[1].name: Invalid value: \"-\": must not begin or end with a hyphen",
            "spec.containers[0].volumeMounts[0].name: Not found: \"gone\"",
            "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"",
        ],
    );
}

#[test]
fn resources() {
    check(
        Kind::Pod,
        pod_with(&json!({ "resources": {
            "requests": { "cpu": "2", "memory": "-1", "nvidia.com/gpu": "1500m", "gpu": "1" },
            "limits": { "cpu": "1", "nvidia.com/gpu": "2" },
        }})),
        &[
            "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource for \
             containers",
            "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests[nvidia.com/gpu]: Invalid value: \"1500m\": must be an integer",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
            "spec.containers[0].resources.requests: Invalid value: \"1500m\": must be equal to nvidia.com/gpu limit of 2",
        ],
    );
}

#[test]
fn probes() {
    check(
        Kind::Pod,
        pod_with(&json!({
            "livenessProbe": { "tcpSocket": { "port": 0 }, "successThreshold": 2, "periodSeconds": -1 },
            "readinessProbe": { "exec": { "command": [] }, "grpc": { "port": 1 }, "terminationGracePeriodSeconds": 0 },
            "startupProbe": { "failureThreshold": 30 },
            "lifecycle": { "preStop": { "sleep": { "seconds": 31 } } },
        })),
        &[
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than \
             terminationGracePeriodSeconds (30)",
            "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].startupProbe: Required value: must specify a handler type",
            "spec.containers[0].readinessProbe.exec.command: Required value",
            "spec.containers[0].readinessProbe.grpc: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must not be set for \
             readinessProbes",
        ],
    );
    let probe = json!({ "exec": { "command": ["ok"] } });
    let init = |extra: Value| {
        let mut container = json!({ "name": "init", "image": "a", "livenessProbe": probe });
        container["restartPolicy"] = extra;
        pod(&json!({ "initContainers": [container] }))
    };
    check(Kind::Pod, init("Always".into()), &[]);
    check(
        Kind::Pod,
        init(Value::Null),
        &["spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without \
           restartPolicy=Always"],
    );
}

#[test]
fn scheduling() {
    check(
        Kind::Pod,
        pod(&json!({
            "tolerations": [{ "value": "x" }, { "key": "a", "operator": "Exists", "tolerationSeconds": 5 }],
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [] },
                    "preferredDuringSchedulingIgnoredDuringExecution": [{ "weight": 0, "preference": {} }],
                },
                "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{}] },
            },
            "topologySpreadConstraints": [{ "maxSkew": 0, "topologyKey": "zone", "minDomains": 2,
                "whenUnsatisfiable": "ScheduleAnyway" }],
        })),
        &[
            "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \
             \"match all values and all keys\"",
            "spec.tolerations[1].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: \
             must have at least one node selector term",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must \
             be in the range 1-100",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: \
             can not be empty",
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if \
             whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        ],
    );
}

/// A workload of `app: a` whose spec is `spec` over a valid one.
fn workload(spec: &Value) -> Value {
    let labels = json!({ "app": "a" });
    let mut whole = json!({
        "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": pod(&json!({}))["spec"] },
    });
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    json!({ "metadata": { "name": "w", "namespace": "default" }, "spec": whole })
}

#[test]
fn selectors_match_templates() {
    let mismatch = "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template \
                    `labels`";
    let other = json!({ "selector": { "matchLabels": { "app": "b" } } });
    for kind in [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet] {
        check(kind, workload(&other), &[mismatch]);
        check(kind, workload(&json!({ "selector": null })), &["spec.selector: Required value"]);
    }
    let errors = texts(&validate_create(&object(Kind::Deployment, workload(&json!({ "selector": {} })))));
    assert!(errors[0].ends_with("empty selector is invalid for deployment"));
    check(Kind::ReplicationController, workload(&json!({ "selector": { "app": "b" } })), &[mismatch]);
}

#[test]
fn rolling_updates_need_room() {
    let update = |surge: Value, unavailable: Value| json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": surge, "maxUnavailable": unavailable } });
    let deployment = |surge, unavailable| workload(&json!({ "strategy": update(surge, unavailable) }));
    check(
        Kind::Deployment,
        deployment(json!("0%"), json!(0)),
        &["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
    );
    check(
        Kind::Deployment,
        deployment(json!(-1), json!("101%")),
        &[
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
        ],
    );
    let daemons = |surge, unavailable| workload(&json!({ "updateStrategy": update(surge, unavailable) }));
    check(
        Kind::DaemonSet,
        daemons(json!(1), json!(1)),
        &[
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
        ],
    );
    check(
        Kind::DaemonSet,
        daemons(json!(0), json!("0%")),
        &["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    );
}

#[test]
fn jobs_end() {
    let template = |policy: &str| json!({ "spec": pod(&json!({ "restartPolicy": policy }))["spec"] });
    let job = |spec: Value| json!({ "metadata": { "name": "j", "namespace": "default" }, "spec": spec });
    check(Kind::Job, job(json!({ "template": template("Never") })), &[]);
    check(
        Kind::Job,
        job(json!({ "template": template("Always"), "completionMode": "Indexed", "parallelism": 2 })),
        &[
            "spec.completions: Required value: when completion mode is Indexed",
            "spec.template.spec.restartPolicy: Unsupported value: \"Always\": supported values: \"OnFailure\", \"Never\"",
        ],
    );
    let cron = |schedule: &str| {
        job(json!({ "schedule": schedule, "jobTemplate": { "spec": { "template": template("OnFailure") } } }))
    };
    check(Kind::CronJob, cron("*/5 * * * *"), &[]);
    check(
        Kind::CronJob,
        cron("* * *"),
        &["spec.schedule: Invalid value: \"* * *\": Expected exactly 5 fields, found 3: * * *"],
    );
}

fn service(spec: &Value) -> Value {
    json!({ "metadata": { "name": "s", "namespace": "default" }, "spec": spec })
}

#[test]
fn services() {
    check(Kind::Service, service(&json!({})), &["spec.ports: Required value"]);
    check(Kind::Service, service(&json!({ "clusterIP": "None" })), &[]);
    check(
        Kind::Service,
        service(&json!({ "type": "ClusterIP", "ports": [
            { "name": "a", "port": 80, "nodePort": 30000 }, { "port": 80 }, { "name": "a", "port": 0, "targetPort": "A" },
        ]})),
        &[
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
            "spec.ports[1].name: Required value",
            "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}",
            "spec.ports[2].name: Duplicate value: \"a\"",
            "spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[2].targetPort: Invalid value: \"A\": must contain only alpha-numeric characters (a-z, 0-9), and \
             hyphens (-)",
            "spec.ports[2].targetPort: Invalid value: \"A\": must contain at least one letter (a-z)",
        ],
    );
}

#[test]
fn autoscalers_and_budgets() {
    check(
        Kind::HorizontalPodAutoscaler,
        service(&json!({
            "scaleTargetRef": { "kind": "Deployment" }, "minReplicas": 3, "maxReplicas": 2,
            "metrics": [{ "type": "Resource" }, { "type": "Pods", "pods": { "metric": { "name": "m" } } }],
            "behavior": { "scaleUp": { "policies": [{ "type": "Pods", "value": 0, "periodSeconds": 2000 }] } },
        })),
        &[
            "spec.scaleTargetRef.name: Required value",
            "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
            "spec.metrics[0].resource: Required value: must populate information for the given metric source",
            "spec.metrics[1].pods.target.type: Required value",
            "spec.metrics[1].pods.target.averageValue: Required value: must specify a positive target averageValue",
            "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800",
        ],
    );
    let budget =
        object(Kind::PodDisruptionBudget, service(&json!({ "minAvailable": 1, "maxUnavailable": "150%" })));
    let errors = texts(&validate_create(&budget));
    assert!(errors[0].ends_with("minAvailable and maxUnavailable cannot be both set"));
    assert_eq!(errors[1..], ["spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%"]);
}

#[test]
fn errors_become_one_answer() {
    let error =
        check_create(&object(Kind::Deployment, workload(&json!({ "selector": null, "replicas": -1 }))))
            .unwrap_err();
    assert_eq!(
        error.message,
        "Deployment.apps \"w\" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, \
         spec.selector: Required value]"
    );
}

mod updates {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, old: Value, new: Value, expected: &[&str]) {
        let (old, new) = (object(kind, old), object(kind, new));
        let errors = texts(&validate_update(&old, &new));
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn pods() {
        let toleration = |seconds: i64| json!({ "key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds });
        check(
            Kind::Pod,
            pod(&json!({ "activeDeadlineSeconds": 9, "tolerations": [toleration(1)] })),
            pod(&json!({
                "activeDeadlineSeconds": 8,
                "tolerations": [toleration(2), { "operator": "Exists" }],
                "containers": [{ "name": "app", "image": "new", "imagePullPolicy": "Always" }],
            })),
            &[],
        );
        check(
            Kind::Pod,
            pod(&json!({ "activeDeadlineSeconds": 9, "tolerations": [toleration(1)] })),
            pod(&json!({ "activeDeadlineSeconds": 10, "hostname": "h" })),
            &[
                "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value",
                "spec.tolerations: Forbidden: existing toleration can not be modified",
                "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,",
            ],
        );
    }

    #[test]
    fn gated_pods_may_be_narrowed() {
        let gates = json!([{ "name": "a" }]);
        let old = json!({ "schedulingGates": gates, "nodeSelector": { "x": "1" } });
        let new = json!({ "nodeSelector": { "x": "1", "y": "2" }, "affinity": { "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
                { "matchExpressions": [{ "key": "z", "operator": "Exists" }] },
            ]},
        }}});
        check(Kind::Pod, pod(&old), pod(&new), &[]);
        let ungated = json!({ "nodeSelector": { "x": "1" } });
        check(Kind::Pod, pod(&ungated), pod(&new), &["spec: Forbidden: pod updates"]);
        check(
            Kind::Pod,
            pod(&ungated),
            pod(&old),
            &["spec.schedulingGates[0]: Forbidden: only deletion is allowed, but found new scheduling gate"],
        );
    }

    #[test]
    fn selectors_and_templates() {
        let labels = json!({ "app": "a", "tier": "b" });
        let template = json!({ "metadata": { "labels": labels }, "spec": pod(&json!({}))["spec"] });
        let old = workload(&json!({ "template": template }));
        let new = workload(&json!({ "template": template, "selector": { "matchLabels": labels } }));
        for kind in [Kind::Deployment, Kind::ReplicaSet, Kind::DaemonSet] {
            check(kind, old.clone(), new.clone(), &["spec.selector: Invalid value: {"]);
        }
        check(
            Kind::StatefulSet,
            old.clone(),
            new,
            &["spec: Forbidden: updates to statefulset spec for fields other than"],
        );
        check(Kind::StatefulSet, old.clone(), workload(&json!({ "template": template, "replicas": 5 })), &[]);
    }

    #[test]
    fn jobs() {
        let template = json!({ "spec": pod(&json!({ "restartPolicy": "Never" }))["spec"] });
        let job = |completions: i32, mode: &str| {
            service(&json!({ "completions": completions, "parallelism": completions, "completionMode": mode,
                "template": template }))
        };
        check(Kind::Job, job(1, "Indexed"), job(2, "Indexed"), &[]);
        check(
            Kind::Job,
            job(1, "NonIndexed"),
            job(2, "NonIndexed"),
            &["spec.completions: Invalid value: 2: field is"],
        );
    }
}
