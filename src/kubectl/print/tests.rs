//! Goal: every table reads as kubectl's. Method: objects as manifests, the table as expected text.

mod workloads;

use serde_json::{Value, json};

use crate::kubectl::fixtures::{Cluster, at, pod, running};

fn waiting(reason: &str) -> Value {
    json!({"state": {"waiting": {"reason": reason}}})
}

fn ended(exit_code: i32, reason: Option<&str>) -> Value {
    json!({"exitCode": exit_code, "reason": reason, "startedAt": at("09:00:05"), "finishedAt": at("09:59:48")})
}

/// The STATUS word of one pod.
fn status(pod: Value) -> String {
    let cluster = Cluster::new([pod]);
    crate::kubectl::print::cells(&cluster.objects()[0], cluster_now()).swap_remove(2)
}

fn cluster_now() -> crate::api::Timestamp {
    at("10:00:00").parse().unwrap()
}

fn with(mut pod: Value, path: &str, value: Value) -> Value {
    let (parent, key) = path.rsplit_once('/').unwrap();
    pod.pointer_mut(parent).unwrap()[key] = value;
    pod
}

#[test]
fn pods() {
    let crashing = json!({
        "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": ended(1, Some("Error"))},
    });
    let cluster = Cluster::new([
        pod("web-1", "Running", &running()),
        pod("web-2", "Running", &crashing),
        with(pod("web-3-pending", "Pending", &json!({})), "/spec/nodeName", Value::Null),
    ]);
    let expected = "\
NAME            READY   STATUS             RESTARTS      AGE
web-1           1/1     Running            0             60m
web-2           0/1     CrashLoopBackOff   3 (12s ago)   60m
web-3-pending   0/1     Pending            0             60m
";
    assert_eq!(cluster.out("get pods"), expected);
    let wide = cluster.out("get pods web-1 web-3-pending -o wide");
    let expected = "\
NAME            READY   STATUS    RESTARTS   AGE   IP         NODE     NOMINATED NODE   READINESS GATES
web-1           1/1     Running   0          60m   10.1.0.5   n1       <none>           <none>
web-3-pending   0/1     Pending   0          60m   10.1.0.5   <none>   <none>           <none>
";
    assert_eq!(wide, expected);
}

#[test]
fn status_of_plain_pods() {
    let running_pod = pod("p", "Running", &running());
    let deleted = with(running_pod.clone(), "/metadata/deletionTimestamp", at("10:00:20").into());
    let failed = pod("p", "Failed", &json!({"state": {"terminated": ended(1, Some("Error"))}}));
    let gated = json!([{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]);
    for (pod, expected) in [
        (running_pod.clone(), "Running"),
        (pod("p", "Pending", &waiting("ContainerCreating")), "ContainerCreating"),
        (pod("p", "Pending", &waiting("ImagePullBackOff")), "ImagePullBackOff"),
        (pod("p", "Running", &json!({"state": {"terminated": ended(137, Some("OOMKilled"))}})), "OOMKilled"),
        (pod("p", "Succeeded", &json!({"state": {"terminated": ended(0, Some("Completed"))}})), "Completed"),
        (pod("p", "Running", &json!({"state": {"terminated": ended(3, None)}})), "ExitCode:3"),
        (pod("p", "Running", &json!({"state": {"terminated": {"exitCode": 137, "signal": 9}}})), "Signal:9"),
        (deleted.clone(), "Terminating"),
        (with(deleted, "/status/reason", "NodeLost".into()), "Unknown"),
        (with(failed.clone(), "/metadata/deletionTimestamp", at("10:00:20").into()), "Error"),
        (with(pod("p", "Failed", &json!({})), "/status/reason", "Evicted".into()), "Evicted"),
        (with(pod("p", "Pending", &json!({})), "/status/conditions", gated), "SchedulingGated"),
    ] {
        assert_eq!(status(pod.clone()), expected, "{pod}");
    }
}

/// A pod with two containers: the first has completed, the second runs.
fn half_done(ready: &str) -> Value {
    let states = json!([
        {"name": "a", "ready": false, "state": {"terminated": ended(0, Some("Completed"))}},
        {"name": "b", "ready": true, "state": {"running": {}}},
    ]);
    let pod = with(pod("p", "Running", &json!({})), "/status/containerStatuses", states);
    with(pod, "/status/conditions", json!([{"type": "Ready", "status": ready}]))
}

#[test]
fn status_of_pods_with_several_containers() {
    assert_eq!(status(half_done("True")), "Running");
    assert_eq!(status(half_done("False")), "NotReady");
}

/// A pod with two ordinary init containers of which the first has this state.
fn initializing(first: &Value) -> Value {
    let mut first_status = json!({"name": "init-a", "ready": false, "restartCount": 2});
    first_status.as_object_mut().unwrap().extend(first.as_object().unwrap().clone());
    let inits = json!([{"name": "init-a", "image": "i"}, {"name": "init-b", "image": "i"}]);
    let states =
        json!([first_status, {"name": "init-b", "state": {"waiting": {"reason": "PodInitializing"}}}]);
    let pod = with(pod("p", "Pending", &waiting("PodInitializing")), "/spec/initContainers", inits);
    with(pod, "/status/initContainerStatuses", states)
}

#[test]
fn status_while_initializing() {
    for (first, expected) in [
        (json!({"state": {"running": {}}}), "Init:0/2"),
        (json!({"state": {"terminated": ended(0, Some("Completed"))}}), "Init:1/2"),
        (json!({"state": {"terminated": ended(1, Some("Error"))}}), "Init:Error"),
        (json!({"state": {"terminated": ended(7, None)}}), "Init:ExitCode:7"),
        (waiting("CrashLoopBackOff"), "Init:CrashLoopBackOff"),
    ] {
        assert_eq!(status(initializing(&first)), expected, "{first}");
    }
    let done = json!({"name": "x", "ready": true, "state": {"terminated": ended(0, Some("Completed"))}});
    let both = with(initializing(&json!({})), "/status/initContainerStatuses", json!([done, done]));
    assert_eq!(status(both), "PodInitializing");
}

#[test]
fn sidecars_count_as_containers() {
    let mut pod = pod("p", "Running", &running());
    pod["spec"]["initContainers"] = json!([
        {"name": "once", "image": "i"},
        {"name": "side", "image": "s", "restartPolicy": "Always"},
    ]);
    pod["status"]["conditions"] = json!([{"type": "Initialized", "status": "True"}]);
    pod["status"]["initContainerStatuses"] = json!([
        {"name": "once", "ready": true, "restartCount": 4, "state": {"terminated": ended(0, Some("Completed"))}},
        {"name": "side", "ready": true, "started": true, "restartCount": 1, "state": {"running": {}},
         "lastState": {"terminated": ended(1, Some("Error"))}},
    ]);
    let expected = "\
NAME   READY   STATUS    RESTARTS      AGE
p      2/2     Running   1 (12s ago)   60m
";
    assert_eq!(Cluster::new([pod.clone()]).out("get pods"), expected);
    pod["status"]["initContainerStatuses"][1]["started"] = false.into();
    pod["status"]["initContainerStatuses"][1]["ready"] = false.into();
    pod["status"]["conditions"] = json!([]);
    let expected = "\
NAME   READY   STATUS     RESTARTS      AGE
p      0/2     Init:1/2   5 (12s ago)   60m
";
    assert_eq!(Cluster::new([pod]).out("get pods"), expected);
}

#[test]
fn nodes() {
    let node = |name: &str, ready: &str, labels: Value| {
        json!({
            "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}],
                "nodeInfo": {"kubeletVersion": "v1.34.1", "osImage": "Debian GNU/Linux 12 (bookworm)",
                    "kernelVersion": "6.1.0", "containerRuntimeVersion": "containerd://2.1.4"},
            },
        })
    };
    let mut cordoned = node("worker-1", "True", json!({}));
    cordoned["spec"] = json!({"unschedulable": true});
    let master = json!({"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "etcd"});
    let new = json!({"kind": "Node", "metadata": {"name": "worker-3"}});
    let cluster =
        Cluster::new([node("master", "True", master), cordoned, node("worker-2", "Unknown", json!({})), new]);
    let expected = "\
NAME       STATUS                     ROLES                AGE   VERSION
master     Ready                      control-plane,etcd   60m   v1.34.1
worker-1   Ready,SchedulingDisabled   <none>               60m   v1.34.1
worker-2   NotReady                   <none>               60m   v1.34.1
worker-3   Unknown                    <none>               60m   
";
    assert_eq!(cluster.out("get nodes"), expected);
    let wide = cluster.out("get no worker-2 -o wide --no-headers");
    let expected = "worker-2   NotReady   <none>   60m   v1.34.1   172.18.0.2   <none>   \
        Debian GNU/Linux 12 (bookworm)   6.1.0   containerd://2.1.4\n";
    assert_eq!(wide, expected);
}

#[test]
fn policies() {
    let cluster = Cluster::new([
        json!({"kind": "Namespace", "metadata": {"name": "default"}, "status": {"phase": "Active"}}),
        json!({"kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": {"minAvailable": 2},
            "status": {"disruptionsAllowed": 1}}),
        json!({"kind": "PodDisruptionBudget", "metadata": {"name": "half"}, "spec": {"maxUnavailable": "50%"}}),
        json!({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"}),
        json!({"kind": "ResourceQuota", "metadata": {"name": "q"}, "status": {
            "hard": {"pods": "5", "requests.cpu": "2", "limits.memory": "1Gi"},
            "used": {"pods": "1", "requests.cpu": "500m"}}}),
        json!({"kind": "LimitRange", "metadata": {"name": "l"}}),
        json!({"kind": "Lease", "metadata": {"name": "n1"}, "spec": {"holderIdentity": "n1"}}),
    ]);
    for (line, expected) in [
        (
            "get ns",
            "\
NAME      STATUS   AGE
default   Active   60m
",
        ),
        (
            "get pdb",
            "\
NAME   MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE
half   N/A             50%               0                     60m
web    2               N/A               1                     60m
",
        ),
        (
            "get pc",
            "\
NAME   VALUE   GLOBAL-DEFAULT   AGE   PREEMPTIONPOLICY
high   1000    false            60m   Never
",
        ),
        (
            "get quota",
            "\
NAME   REQUEST                           LIMIT                  AGE
q      pods: 1/5, requests.cpu: 500m/2   limits.memory: 0/1Gi   60m
",
        ),
        (
            "get limits",
            "\
NAME   CREATED AT
l      2025-01-01T09:00:00Z
",
        ),
        (
            "get leases",
            "\
NAME   HOLDER   AGE
n1     n1       60m
",
        ),
    ] {
        assert_eq!(cluster.out(line), expected, "{line}");
    }
}

#[test]
fn events() {
    let event = |name: &str, more: Value| {
        let mut event = json!({
            "kind": "Event", "metadata": {"name": name}, "type": "Normal", "reason": "Started",
            "message": "Started container app\n",
            "involvedObject": {"kind": "Pod", "name": "web-1", "namespace": "default"},
            "source": {"component": "kubelet", "host": "n1"}, "count": 1,
            "firstTimestamp": at("09:50:00"), "lastTimestamp": at("09:50:00"),
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let cluster = Cluster::new([
        event("web-1.a", json!({})),
        event(
            "web-1.b",
            json!({"type": "Warning", "reason": "BackOff", "message": "Back-off", "count": 12,
            "lastTimestamp": at("09:57:00")}),
        ),
        event(
            "web-1.c",
            json!({"count": 0, "firstTimestamp": null, "lastTimestamp": null,
            "eventTime": "2025-01-01T09:59:00.000000Z", "source": {}, "reportingComponent": "default-scheduler"}),
        ),
    ]);
    let expected = "\
LAST SEEN   TYPE      REASON    OBJECT      MESSAGE
10m         Normal    Started   pod/web-1   Started container app
3m          Warning   BackOff   pod/web-1   Back-off
60s         Normal    Started   pod/web-1   Started container app
";
    assert_eq!(cluster.out("get events"), expected);
    let expected = "\
LAST SEEN   TYPE      REASON    OBJECT      SUBOBJECT   SOURCE              MESSAGE                 FIRST SEEN   COUNT   NAME
3m          Warning   BackOff   pod/web-1               kubelet, n1         Back-off                10m          12      web-1.b
60s         Normal    Started   pod/web-1               default-scheduler   Started container app   60s          1       web-1.c
";
    assert_eq!(cluster.out("get ev web-1.b web-1.c -o wide"), expected);
    let sorted =
        cluster.out("get events --sort-by=.lastTimestamp --no-headers -o custom-columns=N:.metadata.name");
    assert_eq!(sorted, "web-1.c\nweb-1.a\nweb-1.b\n");
}

#[test]
fn kinds_that_are_not_simulated() {
    let of = |manifest| super::cells(&Cluster::new([manifest]).objects()[0], cluster_now());
    let backup = json!({"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": "b"}});
    assert_eq!(of(backup), ["b", "60m"]);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}});
    assert_eq!(of(map), ["c", "1", "60m"]);
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"},
        "spec": {"ingressClassName": "nginx", "tls": [{}], "rules": [{"host": "a.b"}, {"http": {}}]}});
    assert_eq!(of(ingress), ["i", "nginx", "a.b", "", "80, 443", "60m"]);
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "csi",
        "metadata": {"name": "s", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}});
    assert_eq!(of(class), ["s (default)", "csi", "Delete", "Immediate", "false", "60m"]);
}
