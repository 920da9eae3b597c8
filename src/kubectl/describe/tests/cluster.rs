//! A cluster with one of everything.

use serde_json::{Value, json};

use super::super::super::fixtures::{Cluster, at};

/// The identity that the tests give to an object.
fn uid(name: &str) -> String {
    crate::api::Uid::from_text(name).to_string()
}

fn owner(kind: &str, name: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid(name), "controller": true}])
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "serviceAccountName": "default",
            "containers": [{
                "name": "app", "image": image, "args": ["-v"],
                "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "hostPort": 9091}],
                "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "250m", "memory": "128Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 5},
                "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5},
                "env": [
                    {"name": "MODE", "value": "fast"},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                ],
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "cfg", "mountPath": "/cfg", "readOnly": true},
                ],
            }],
            "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "cfg", "configMap": {"name": "c"}}],
            "nodeSelector": {"disk": "ssd"},
        },
    })
}

fn pod() -> Value {
    let mut spec = template("web:1")["spec"].clone();
    spec["nodeName"] = "n1".into();
    spec["priority"] = 1000.into();
    spec["initContainers"] = json!([{"name": "init", "image": "i", "resources": {"requests": {"cpu": "2"}}}]);
    spec["tolerations"] = json!([
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
         "tolerationSeconds": 300},
        {"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"},
    ]);
    spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}]);
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
    json!({
        "kind": "Pod",
        "metadata": {"name": "web-5d-1", "uid": uid("web-5d-1"), "labels": {"app": "web", "pod-template-hash": "5d"},
            "annotations": {"note": "two\nlines", "short": "hi"}, "ownerReferences": owner("ReplicaSet", "web-5d")},
        "spec": spec,
        "status": {
            "phase": "Running", "hostIP": "172.18.0.3", "podIP": "10.1.0.5", "startTime": at("09:00:01"),
            "qosClass": "Burstable",
            "conditions": [condition("Initialized", "True"), condition("Ready", "False")],
            "initContainerStatuses": [{"name": "init", "ready": true, "state": {"terminated": {"exitCode": 0,
                "reason": "Completed", "startedAt": at("09:00:02"), "finishedAt": at("09:00:04")}}}],
            "containerStatuses": [{"name": "app", "containerID": "containerd://abc", "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled",
                    "startedAt": at("09:50:00"), "finishedAt": at("09:55:00")}}}],
        },
    })
}

fn second_pod() -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"name": "web-5d-2", "labels": {"app": "web", "pod-template-hash": "5d"},
            "ownerReferences": owner("ReplicaSet", "web-5d"),
            "deletionTimestamp": at("09:59:50"), "deletionGracePeriodSeconds": 30},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:1",
            "resources": {"limits": {"cpu": "1500m", "memory": "1Gi", "example.com/gpu": "1"},
                "requests": {"example.com/gpu": "1", "cpu": "1"}}}]},
        "status": {"phase": "Pending"},
    })
}

fn replica_set(hash: &str, image: &str) -> Value {
    let mut template = template(image);
    template["metadata"]["labels"]["pod-template-hash"] = hash.into();
    let name = format!("web-{hash}");
    json!({
        "kind": "ReplicaSet",
        "metadata": {"name": name, "uid": uid(&name), "labels": {"app": "web"},
            "ownerReferences": owner("Deployment", "web")},
        "spec": {"replicas": 2, "template": template,
            "selector": {"matchLabels": {"app": "web", "pod-template-hash": hash}}},
        "status": {"replicas": 2, "conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]},
    })
}

fn node() -> Value {
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({"type": kind, "status": status, "reason": reason, "message": "kubelet says so",
            "lastHeartbeatTime": at("09:59:00"), "lastTransitionTime": at("09:00:10")})
    };
    json!({
        "kind": "Node",
        "metadata": {"name": "n1", "uid": uid("n1-uid"), "labels": {"node-role.kubernetes.io/worker": ""}},
        "spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "unschedulable": true, "taints": [
            {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
            {"key": "dedicated", "value": "gpu", "effect": "NoExecute"}]},
        "status": {
            "capacity": {"cpu": "4", "memory": "16Gi", "pods": "110", "example.com/gpu": "2"},
            "allocatable": {"cpu": "3800m", "memory": "15Gi", "pods": "110", "example.com/gpu": "2"},
            "addresses": [{"type": "InternalIP", "address": "172.18.0.3"}],
            "conditions": [condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("Ready", "True", "KubeletReady")],
            "nodeInfo": {"machineID": "m", "kernelVersion": "6.1", "osImage": "Debian", "operatingSystem": "linux",
                "architecture": "amd64", "containerRuntimeVersion": "containerd://2.1", "kubeletVersion": "v1.34.1"},
        },
    })
}

fn event(name: &str, about: &Value, count: i32, first: &str, last: &str, message: &str) -> Value {
    let kind = if count > 1 { "Warning" } else { "Normal" };
    json!({"kind": "Event", "metadata": {"name": name}, "involvedObject": about, "type": kind,
        "reason": if count > 1 { "BackOff" } else { "Pulled" }, "message": message, "count": count,
        "firstTimestamp": at(first), "lastTimestamp": at(last), "source": {"component": "kubelet"}})
}

fn policies() -> Vec<Value> {
    let status =
        json!({"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3});
    vec![
        json!({"kind": "PodDisruptionBudget", "metadata": {"name": "half"}, "spec": {"maxUnavailable": "50%"}}),
        json!({"kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "status": status,
            "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}),
        json!({"kind": "Namespace", "metadata": {"name": "default"}, "status": {"phase": "Active"}}),
        json!({"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"scopes": ["BestEffort"]},
            "status": {"hard": {"pods": "5", "requests.cpu": "2"}, "used": {"pods": "1"}}}),
        json!({"kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "max": {"cpu": "2"}, "defaultRequest": {"cpu": "200m"}}]}}),
        json!({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000, "description": "important"}),
        json!({"kind": "Lease", "metadata": {"name": "n1", "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": "n1", "leaseDurationSeconds": 40, "renewTime": "2025-01-01T09:59:55.500000Z"}}),
    ]
}

fn services() -> Vec<Value> {
    let endpoints: Vec<Value> = (5..10)
        .map(|at| json!({"addresses": [format!("10.1.0.{at}")], "conditions": {"ready": at != 6}, "nodeName": "n1"}))
        .collect();
    vec![
        json!({"kind": "Service", "metadata": {"name": "web"}, "spec": {
            "type": "NodePort", "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"], "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "selector": {"app": "web"}, "sessionAffinity": "None",
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080},
                {"name": "tls", "port": 443}], "internalTrafficPolicy": "Cluster"}}),
        json!({"kind": "EndpointSlice", "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": endpoints}),
        json!({"kind": "Endpoints", "metadata": {"name": "web"}, "subsets": [{"addresses": [{"ip": "10.1.0.5"}],
            "notReadyAddresses": [{"ip": "10.1.0.6"}], "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}]}),
    ]
}

fn controllers() -> Vec<Value> {
    let plain =
        json!({"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}});
    let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason});
    vec![
        json!({"kind": "Deployment", "metadata": {"name": "web", "uid": uid("web")},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template("web:1"),
                "strategy": {"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 1}}},
            "status": {"replicas": 4, "updatedReplicas": 2, "availableReplicas": 2, "unavailableReplicas": 2,
                "conditions": [condition("Available", "MinimumReplicasAvailable"),
                    condition("Progressing", "ReplicaSetUpdated")]}}),
        replica_set("5d", "web:1"),
        replica_set("4c", "web:0"),
        json!({"kind": "StatefulSet", "metadata": {"name": "db"}, "status": {"replicas": 2},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "db"}}, "template": plain,
                "updateStrategy": {"rollingUpdate": {"partition": 1}},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                    "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}]}}),
        json!({"kind": "DaemonSet", "metadata": {"name": "agent"},
            "spec": {"selector": {"matchLabels": {"app": "db"}}, "template": plain},
            "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 2, "updatedNumberScheduled": 1}}),
        json!({"kind": "Job", "metadata": {"name": "sum"},
            "spec": {"parallelism": 2, "completions": 5, "completionMode": "Indexed", "backoffLimit": 6,
                "template": plain},
            "status": {"startTime": at("09:10:00"), "completionTime": at("09:15:00"), "active": 1, "ready": 0,
                "succeeded": 3, "failed": 1,
                "completedIndexes": "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22"}}),
        json!({"kind": "CronJob", "metadata": {"name": "tick"}, "status": {"active": [{"name": "tick-1"}]},
            "spec": {"schedule": "*/5 * * * *", "suspend": false, "jobTemplate": {"spec": {"template": plain}}}}),
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"minReplicas": 2, "maxReplicas": 10, "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 50}}},
                    {"type": "Pods", "pods": {"metric": {"name": "rps"},
                        "target": {"type": "AverageValue", "averageValue": "10"}}},
                ],
                "behavior": {"scaleUp": {"stabilizationWindowSeconds": 0,
                    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}}},
            "status": {"currentReplicas": 3, "desiredReplicas": 4,
                "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu",
                    "current": {"averageUtilization": 80, "averageValue": "200m"}}}],
                "conditions": [{"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale",
                    "message": "recommended size matches"}]}}),
    ]
}

/// One of everything.
pub(super) fn cluster() -> Cluster {
    let about = |kind: &str, name: &str, id: &str| {
        let namespace = if kind == "Node" { "" } else { "default" };
        json!({"kind": kind, "name": name, "namespace": namespace, "uid": uid(id)})
    };
    let events = vec![
        event(
            "web.1",
            &about("Pod", "web-5d-1", "web-5d-1"),
            12,
            "09:50:00",
            "09:57:00",
            "Back-off restarting failed container app",
        ),
        event(
            "web.2",
            &about("Pod", "web-5d-1", "web-5d-1"),
            1,
            "09:40:00",
            "09:40:00",
            "Container image \"web:1\" already present on machine",
        ),
        event(
            "web.3",
            &about("Pod", "web-5d-1", "an older pod of that name"),
            1,
            "08:40:00",
            "08:40:00",
            "not about this one",
        ),
        event(
            "n1.1",
            &about("Node", "n1", "n1"),
            1,
            "09:00:10",
            "09:00:10",
            "Node n1 status is now: NodeReady",
        ),
    ];
    let objects = [vec![pod(), second_pod(), node()], events, policies(), services(), controllers()];
    Cluster::new(objects.into_iter().flatten())
}
