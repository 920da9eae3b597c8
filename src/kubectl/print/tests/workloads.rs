//! The tables of what makes pods and what stands in front of them.

use serde_json::{Value, json};

use crate::kubectl::fixtures::{Cluster, at};

fn manifest(kind: &str, name: &str, spec: Value, status: Value) -> Value {
    let fields =
        [("kind", kind.into()), ("metadata", json!({"name": name})), ("spec", spec), ("status", status)];
    fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

#[test]
fn workloads() {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {
        "nodeSelector": {"disk": "ssd"},
        "containers": [{"name": "app", "image": "web:1"}, {"name": "log", "image": "fluent"}]}});
    let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["b", "a"]}]});
    let workload = |kind: &str, status: Value| {
        json!({"kind": kind, "metadata": {"name": "web"}, "status": status,
            "spec": {"replicas": 3, "selector": selector, "template": template}})
    };
    let controller = json!({"kind": "ReplicationController", "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"app": "web"}, "template": template},
        "status": {"replicas": 2, "readyReplicas": 1}});
    let cluster = Cluster::new([
        controller,
        workload("Deployment", json!({"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1})),
        workload("ReplicaSet", json!({"replicas": 3, "readyReplicas": 2})),
        workload("StatefulSet", json!({"readyReplicas": 2})),
        workload(
            "DaemonSet",
            json!({"desiredNumberScheduled": 5, "currentNumberScheduled": 4, "numberReady": 3,
            "updatedNumberScheduled": 2, "numberAvailable": 1}),
        ),
    ]);
    for (line, expected) in [
        (
            "get deploy",
            "\
NAME   READY   UP-TO-DATE   AVAILABLE   AGE
web    2/3     3            1           60m
",
        ),
        (
            "get deploy -o wide",
            "\
NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES         SELECTOR
web    2/3     3            1           60m   app,log      web:1,fluent   app=web,tier in (a,b)
",
        ),
        (
            "get rs -o wide",
            "\
NAME   DESIRED   CURRENT   READY   AGE   CONTAINERS   IMAGES         SELECTOR
web    3         3         2       60m   app,log      web:1,fluent   app=web,tier in (a,b)
",
        ),
        (
            "get rc -o wide",
            "\
NAME   DESIRED   CURRENT   READY   AGE   CONTAINERS   IMAGES         SELECTOR
web    3         2         1       60m   app,log      web:1,fluent   app=web
",
        ),
        (
            "get sts -o wide",
            "\
NAME   READY   AGE   CONTAINERS   IMAGES
web    2/3     60m   app,log      web:1,fluent
",
        ),
        (
            "get ds",
            "\
NAME   DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
web    5         4         3       2            1           disk=ssd        60m
",
        ),
    ] {
        assert_eq!(cluster.out(line), expected, "{line}");
    }
}

#[test]
fn jobs() {
    let job = |name: &str, spec: Value, status: Value| manifest("Job", name, spec, status);
    let condition = |kind: &str| json!([{"type": kind, "status": "True"}]);
    let cluster = Cluster::new([
        job(
            "done",
            json!({"completions": 5}),
            json!({"succeeded": 5, "conditions": condition("Complete"),
            "startTime": at("09:00:00"), "completionTime": at("09:02:05")}),
        ),
        job(
            "failed",
            json!({"completions": 1}),
            json!({"conditions": condition("Failed"), "startTime": at("09:00:00")}),
        ),
        job("new", json!({"parallelism": 3}), json!({})),
        job("paused", json!({}), json!({"conditions": condition("Suspended")})),
    ]);
    let expected = "\
NAME     STATUS      COMPLETIONS   DURATION   AGE
done     Complete    5/5           2m5s       60m
failed   Failed      0/1           60m        60m
new      Running     0/1 of 3                 60m
paused   Suspended   0/1                      60m
";
    assert_eq!(cluster.out("get jobs"), expected);

    let cron = json!({"kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {"schedule": "*/5 * * * *", "suspend": false},
        "status": {"active": [{"name": "tick-1"}], "lastScheduleTime": at("09:55:00")}});
    let expected = "\
NAME   SCHEDULE      TIMEZONE   SUSPEND   ACTIVE   LAST SCHEDULE   AGE
tick   */5 * * * *   <none>     False     1        5m              60m
";
    assert_eq!(Cluster::new([cron]).out("get cj"), expected);
}

#[test]
fn services() {
    let service = |name: &str, spec: Value, status: Value| manifest("Service", name, spec, status);
    let ports = json!([{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]);
    let cluster = Cluster::new([
        service(
            "a",
            json!({"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "selector": {"app": "web"},
            "ports": [{"port": 80}]}),
            json!({}),
        ),
        service("b", json!({"type": "NodePort", "clusterIP": "10.96.0.8", "ports": ports}), json!({})),
        service(
            "c",
            json!({"type": "LoadBalancer", "clusterIP": "10.96.0.9", "ports": [{"port": 80}]}),
            json!({}),
        ),
        service(
            "d",
            json!({"type": "LoadBalancer", "clusterIP": "10.96.1.9", "ports": [{"port": 80}]}),
            json!({"loadBalancer": {"ingress": [{"hostname": "a-very-long-name.example.com"}]}}),
        ),
        service("e", json!({"type": "ExternalName", "externalName": "db.example.com"}), json!({})),
        service("f", json!({"clusterIP": "None"}), json!({})),
    ]);
    let expected = "\
NAME   TYPE           CLUSTER-IP   EXTERNAL-IP                    PORT(S)               AGE
a      ClusterIP      10.96.0.7    <none>                         80/TCP                60m
b      NodePort       10.96.0.8    <none>                         80:30080/TCP,53/UDP   60m
c      LoadBalancer   10.96.0.9    <pending>                      80/TCP                60m
d      LoadBalancer   10.96.1.9    a-very-long-name.example.com   80/TCP                60m
e      ExternalName   <none>       db.example.com                 <none>                60m
f      ClusterIP      None         <none>                         <none>                60m
";
    assert_eq!(cluster.out("get svc"), expected);

    let addresses = json!([{"ip": "10.1.0.1"}, {"ip": "10.1.0.2"}]);
    let cluster = Cluster::new([
        json!({"kind": "Endpoints", "metadata": {"name": "a"},
            "subsets": [{"addresses": addresses, "ports": [{"port": 80}, {"port": 443}]}]}),
        json!({"kind": "Endpoints", "metadata": {"name": "b"}}),
        json!({"kind": "EndpointSlice", "metadata": {"name": "a-x"}, "addressType": "IPv4",
            "ports": [{"name": "http", "port": 80}], "endpoints": [
            {"addresses": ["10.1.0.1"]}, {"addresses": ["10.1.0.2"]}, {"addresses": ["10.1.0.3"]},
            {"addresses": ["10.1.0.4"]}, {"addresses": ["10.1.0.5"]}]}),
        json!({"kind": "EndpointSlice", "metadata": {"name": "b-x"}, "addressType": "IPv4"}),
    ]);
    let expected = "\
NAME   ENDPOINTS                                          AGE
a      10.1.0.1:80,10.1.0.2:80,10.1.0.1:443 + 1 more...   60m
b      <none>                                             60m
";
    assert_eq!(cluster.out("get ep"), expected);
    let expected = "\
NAME   ADDRESSTYPE   PORTS     ENDPOINTS                                AGE
a-x    IPv4          80        10.1.0.1,10.1.0.2,10.1.0.3 + 2 more...   60m
b-x    IPv4          <unset>   <unset>                                  60m
";
    assert_eq!(cluster.out("get endpointslices"), expected);
}

#[test]
fn autoscalers() {
    let resource =
        |name: &str, target: Value| json!({"type": "Resource", "resource": {"name": name, "target": target}});
    let metrics = json!([
        resource("cpu", json!({"type": "Utilization", "averageUtilization": 50})),
        resource("memory", json!({"type": "AverageValue", "averageValue": "100Mi"})),
        {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
    ]);
    let current = json!([{"type": "Resource", "resource": {"name": "cpu",
        "current": {"averageUtilization": 80, "averageValue": "200m"}}}]);
    let autoscaler = |name: &str, spec: Value, status: Value| {
        let mut object = manifest("HorizontalPodAutoscaler", name, spec, status);
        object["spec"]["scaleTargetRef"] = json!({"kind": "Deployment", "name": "web"});
        object["spec"]["maxReplicas"] = 10.into();
        object
    };
    let cluster = Cluster::new([
        autoscaler(
            "a",
            json!({"minReplicas": 2, "metrics": metrics}),
            json!({"currentReplicas": 3, "currentMetrics": current}),
        ),
        autoscaler("b", json!({"metrics": [metrics[2]]}), json!({})),
        autoscaler("c", json!({}), json!({})),
    ]);
    let expected = "\
NAME   REFERENCE        TARGETS                                             MINPODS   MAXPODS   REPLICAS   AGE
a      Deployment/web   cpu: 80%/50%, memory: <unknown>/100Mi + 1 more...   2         10        3          60m
b      Deployment/web   <unknown>/10                                        <unset>   10        0          60m
c      Deployment/web   <none>                                              <unset>   10        0          60m
";
    assert_eq!(cluster.out("get hpa"), expected);
}
