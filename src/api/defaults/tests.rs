//! Tests of the module above.

use serde_json::{Value, json};

use super::*;
use crate::api::object::Kind;
use crate::api::pod::ImagePullPolicy;

/// The object of a kind after defaulting, as JSON. Checks that a second pass changes nothing, not even the allocation.
fn defaulted(kind: Kind, manifest: Value) -> Value {
    let mut object = Object::deserialize_as(kind, manifest).unwrap();
    apply_defaults(&mut object);
    let again = object.clone();
    apply_defaults(&mut object);
    assert!(object.same_allocation(&again), "defaulting is not idempotent: {object:?}");
    serde_json::to_value(&object).unwrap()
}

/// Whether `whole` has everything that `part` has.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|whole| contains(whole, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}

#[track_caller]
fn check(kind: Kind, manifest: Value, expected: &Value) {
    let got = defaulted(kind, manifest);
    assert!(contains(&got, expected), "{got:#}\ndoes not contain\n{expected:#}");
}

#[test]
fn pods() {
    check(
        Kind::Pod,
        json!({ "spec": {
            "hostNetwork": true,
            "volumes": [{ "name": "scratch" }, { "name": "host", "hostPath": { "path": "/" } }],
            "containers": [{
                "name": "app",
                "image": "app",
                "ports": [{ "containerPort": 80 }],
                "resources": { "limits": { "cpu": "1", "memory": "0.0001" }, "requests": { "cpu": "500m" } },
                "livenessProbe": { "httpGet": { "port": 80 }, "periodSeconds": 0, "failureThreshold": 5 },
            }],
        }}),
        &json!({ "spec": {
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "terminationGracePeriodSeconds": 30,
            "enableServiceLinks": true,
            "securityContext": {},
            "volumes": [{ "name": "scratch", "emptyDir": {} }, { "name": "host" }],
            "containers": [{
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "ports": [{ "containerPort": 80, "hostPort": 80, "protocol": "TCP" }],
                "resources": { "limits": { "memory": "1m" }, "requests": { "cpu": "500m", "memory": "1m" } },
                "livenessProbe": {
                    "httpGet": { "path": "/", "scheme": "HTTP" },
                    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 5,
                },
            }],
        }}),
    );
}

#[test]
fn pod_level_requests_follow_containers_then_limits() {
    check(
        Kind::Pod,
        json!({ "spec": {
            "resources": { "limits": { "cpu": "4", "memory": "4Gi" } },
            "containers": [{ "name": "a", "image": "a", "resources": { "requests": { "cpu": "1" } } }],
        }}),
        &json!({ "spec": { "resources": { "requests": { "cpu": "1", "memory": "4Gi" } } } }),
    );
}

#[test]
fn templates_keep_limits_apart_from_requests() {
    let container = json!({ "name": "a", "image": "a:1", "resources": { "limits": { "cpu": "1" } } });
    let template = json!({ "spec": { "containers": [container] } });
    let got = defaulted(Kind::ReplicaSet, json!({ "spec": { "template": template } }));
    let container = &got["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert!(container["resources"]["requests"].get("cpu").is_none());
}

#[test]
fn workloads() {
    check(
        Kind::Deployment,
        json!({ "spec": { "strategy": { "rollingUpdate": { "maxSurge": 0 } } } }),
        &json!({ "spec": {
            "replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "25%" } },
        }}),
    );
    check(
        Kind::StatefulSet,
        json!({}),
        &json!({ "spec": {
            "replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
        }}),
    );
    check(
        Kind::DaemonSet,
        json!({}),
        &json!({ "spec": { "updateStrategy": { "rollingUpdate": { "maxUnavailable": 1, "maxSurge": 0 } } } }),
    );
    let labels = json!({ "app": "a" });
    check(
        Kind::ReplicationController,
        json!({ "spec": { "template": { "metadata": { "labels": labels } } } }),
        &json!({ "metadata": { "labels": labels }, "spec": { "replicas": 1, "selector": labels } }),
    );
}

#[test]
fn jobs() {
    let job = |spec: Value| defaulted(Kind::Job, json!({ "spec": spec }))["spec"].clone();
    let plain = job(json!({}));
    assert!(contains(
        &plain,
        &json!({ "completions": 1, "parallelism": 1, "backoffLimit": 6, "suspend": false })
    ));
    assert!(contains(
        &plain,
        &json!({ "completionMode": "NonIndexed", "podReplacementPolicy": "TerminatingOrFailed" })
    ));
    assert!(job(json!({ "parallelism": 3 })).get("completions").is_none_or(Value::is_null));
    assert_eq!(job(json!({ "completions": 5 }))["parallelism"], 1);
    assert_eq!(job(json!({ "backoffLimitPerIndex": 1 }))["backoffLimit"], i32::MAX);
    assert_eq!(job(json!({ "podFailurePolicy": { "rules": [] } }))["podReplacementPolicy"], "Failed");
    check(
        Kind::CronJob,
        json!({ "spec": { "schedule": "@daily" } }),
        &json!({ "spec": {
            "concurrencyPolicy": "Allow", "suspend": false,
            "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
        }}),
    );
}

#[test]
fn services() {
    check(
        Kind::Service,
        json!({ "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }], "sessionAffinity": "ClientIP" } }),
        &json!({ "spec": {
            "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 80 }],
            "sessionAffinityConfig": { "clientIP": { "timeoutSeconds": 10800 } },
            "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster",
            "allocateLoadBalancerNodePorts": true,
        }}),
    );
    let inner = defaulted(Kind::Service, json!({}));
    assert!(contains(&inner, &json!({ "spec": { "type": "ClusterIP", "sessionAffinity": "None" } })));
    assert!(inner["spec"].get("externalTrafficPolicy").is_none_or(Value::is_null));
}

#[test]
fn autoscalers_keep_an_absent_behavior() {
    let old = json!({ "spec": { "targetCPUUtilizationPercentage": 50 } });
    let got = defaulted(Kind::HorizontalPodAutoscaler, old);
    assert_eq!(got["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 50);
    assert!(got["spec"].get("behavior").is_none_or(Value::is_null));
    check(
        Kind::HorizontalPodAutoscaler,
        json!({ "spec": { "behavior": { "scaleDown": { "selectPolicy": "Disabled" } } } }),
        &json!({ "spec": { "minReplicas": 1, "behavior": {
            "scaleUp": { "stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
                { "type": "Pods", "value": 4, "periodSeconds": 15 },
                { "type": "Percent", "value": 100, "periodSeconds": 15 },
            ]},
            "scaleDown": { "selectPolicy": "Disabled", "policies": [
                { "type": "Percent", "value": 100, "periodSeconds": 15 },
            ]},
        }}}),
    );
}

#[test]
fn limit_ranges_complete_themselves() {
    check(
        Kind::LimitRange,
        json!({ "spec": { "limits": [
            { "type": "Container", "max": { "cpu": "2" }, "min": { "memory": "1Mi" } },
            { "type": "Pod", "max": { "cpu": "2" } },
        ]}}),
        &json!({ "spec": { "limits": [
            { "default": { "cpu": "2" }, "defaultRequest": { "cpu": "2", "memory": "1Mi" } },
            { "type": "Pod" },
        ]}}),
    );
}

#[test]
fn the_tag_decides_how_images_are_pulled() {
    for (image, policy) in [
        ("nginx", ImagePullPolicy::Always),
        ("nginx:latest", ImagePullPolicy::Always),
        ("registry:5000/nginx", ImagePullPolicy::Always),
        ("registry:5000/nginx:1.27", ImagePullPolicy::IfNotPresent),
        ("nginx@sha256:00", ImagePullPolicy::IfNotPresent),
        ("nginx:latest@sha256:00", ImagePullPolicy::Always),
        ("", ImagePullPolicy::IfNotPresent),
    ] {
        assert_eq!(pull_policy(image), policy, "{image}");
    }
}

#[test]
fn a_complete_spec_stays_shared() {
    let manifest = json!({ "spec": { "containers": [{ "name": "a", "image": "a" }] } });
    let mut object = Object::deserialize_as(Kind::Pod, manifest).unwrap();
    apply_defaults(&mut object);
    let Object::Pod(first) = object else { unreachable!() };
    let mut twin = Object::from((*first).clone());
    apply_defaults(&mut twin);
    let Object::Pod(second) = twin else { unreachable!() };
    assert!(Arc::ptr_eq(&first.spec, &second.spec));
}
