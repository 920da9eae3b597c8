//! Which pods requests reach: policies, what is close, datagrams, a pod that calls itself, slow links to the control plane.

use std::collections::BTreeMap;

use shakedown::api::pod::Pod;
use shakedown::sim::{RunOptions, Simulation};

use super::traffic::{intervals, program, run, run_with, scenario, spread, total};

/// A pod on every node behind a Service that has something more in its `spec`.
fn service(change: &str) -> String {
    let changed = spread().replace(
        "{selector: {app: web}, ports: [{port: 80",
        &format!("{{{change}, selector: {{app: web}}, ports: [{{port: 80"),
    );
    assert_ne!(changed, spread());
    program("  startup: {after: 0s}") + &changed
}

/// Requests that the pod of each node has taken.
fn taken(simulation: &Simulation) -> BTreeMap<String, u64> {
    let world = &simulation.world;
    let traffic = world.traffic.as_ref().unwrap();
    let pods = world.api.objects().iter::<Pod>();
    let taken = pods.map(|(_, pod)| {
        let node = pod.node_name.as_ref().map(ToString::to_string).unwrap_or_default();
        (node, traffic.load_of(pod.metadata.uid, 0, world.now()).requests)
    });
    taken.filter(|(_, count)| *count > 0).collect()
}

fn only(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(node, count)| ((*node).to_owned(), *count)).collect()
}

/// 201 requests of clients in one place.
fn from(client: &str) -> String {
    format!(
        "
  duration: 25s
  traffic: [{{service: default/web, rate: 10, from: 5s, timeout: 1s, client: {client}}}]
"
    )
}

#[test]
fn internal_traffic_policy_local_stays_on_the_node_or_is_lost() {
    let rest = service("internalTrafficPolicy: Local");
    let (simulation, records) = run_with(&scenario(&from("{node: worker-2}"), &rest), &RunOptions::default());
    assert_eq!((total(&records).2, taken(&simulation)), (0, only(&[("worker-2", 201)])));
    // Where the node has no endpoint nothing is answered, not even with a refusal, although others have some.
    let elsewhere = rest.replace("template:\n    metadata: {labels: {app: web}}\n    spec: {", "template:\n    metadata: {labels: {app: web}}\n    spec: {nodeSelector: {kubernetes.io/hostname: worker-1}, ");
    assert_ne!(elsewhere, rest);
    let records = run(&scenario(&from("{node: worker-2}"), &elsewhere));
    let causes: Vec<&str> =
        intervals(&records).iter().flat_map(|(_, it)| &it.failed).map(|(cause, _)| *cause).collect();
    assert!(total(&records).1 == 0 && causes.iter().all(|cause| *cause == "time-out"), "{causes:?}");
}

#[test]
fn external_traffic_policy_local_answers_at_nodes_with_a_pod_only() {
    let rest = service("type: NodePort, externalTrafficPolicy: Local");
    let one_pod = rest.replace(
        "    spec: {containers",
        "    spec: {nodeSelector: {kubernetes.io/hostname: worker-1}, containers",
    );
    let (simulation, records) = run_with(&scenario(&from("outside"), &one_pod), &RunOptions::default());
    let (sent, answered, failed) = total(&records);
    // Clients try all three nodes alike; two of them throw the packets away.
    assert_eq!((sent, taken(&simulation)), (201, only(&[("worker-1", answered)])));
    assert!((40..=95).contains(&answered) && failed >= 100, "{answered} {failed}");
    // Any node will do with `Cluster`.
    let cluster = one_pod.replace("externalTrafficPolicy: Local", "externalTrafficPolicy: Cluster");
    assert_eq!(total(&run(&scenario(&from("outside"), &cluster))), (201, 201, 0));
}

/// Clients of zone a use the pod of zone a until it is gone, and then those of b and c.
#[test]
fn traffic_stays_close_while_something_is_close() {
    for wish in ["PreferClose", "PreferSameZone", "PreferSameNode"] {
        let rest = service(&format!("trafficDistribution: {wish}"));
        let far = scenario(&from("{node: worker-1}"), &rest);
        let (simulation, records) = run_with(&far, &RunOptions::default());
        assert_eq!((total(&records).2, taken(&simulation)), (0, only(&[("worker-1", 201)])), "{wish}");
        let gone = rest.replace(
            "    spec: {containers",
            "    spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: \
             [{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [worker-1]}]}]}}}, containers",
        );
        let (simulation, records) =
            run_with(&scenario(&from("{node: worker-1}"), &gone), &RunOptions::default());
        let taken = taken(&simulation);
        assert_eq!(
            (total(&records).2, taken.len(), taken.values().sum::<u64>()),
            (0, 2, 201),
            "{wish} {taken:?}"
        );
    }
}

/// A pod that calls its own Service may be answered by itself.
#[test]
fn a_pod_reaches_itself_through_its_service() {
    let front = "
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: app}
spec:
  match: {image: '*'}
  startup: {after: 0s}
  http: {/: {calls: [{service: web, path: /self, timeout: 500ms}]}, /self: {latency: 1ms}}
---
";
    let one = "  ports: [{port: 80, targetPort: 8080}]\n";
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {{app: web}}}}\nspec: {{containers: [{{name: web, image: a, ports: \
         [{{containerPort: 8080}}]}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  selector: {{app: web}}\n{one}"
    );
    let spec = "
  duration: 25s
  traffic: [{name: users, service: default/web, rate: 10, from: 5s, until: 24s, client: {node: worker-1}}]
  expect:
  - {at: 25s, traffic: default/web, client: users, answered: 190, failed: 0}
  - {at: 25s, traffic: default/web, client: app, answered: 190, failed: 0}
";
    run(&scenario(spec, &(front.to_owned() + &pod)));
}

/// Nobody tells a client of a UDP service that the program behind it has ended: its requests time out, where a connection is
/// reset. What gets lost is not sent again.
#[test]
fn datagrams_are_not_acknowledged() {
    let causes = |protocol: &str, steps: &str| {
        let spec = format!(
            "
  duration: 40s
  traffic: [{{service: default/web, rate: 50, from: 5s, until: 30s, timeout: 3s, client: {{node: worker-1}}}}]
  steps: [{steps}]
"
        );
        let rest = program("  startup: {after: 0s}\n  http: {/: {latency: 400ms}}")
            + &spread().replace("port: 80,", &format!("port: 80, protocol: {protocol},"));
        let mut sum: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, sample) in intervals(&run(&scenario(&spec, &rest))) {
            for (cause, count) in &sample.failed {
                *sum.entry(*cause).or_default() += count;
            }
        }
        sum
    };
    let exit = "{at: 10s, fault: {exit: {pods: '-l app=web', code: 1}}}";
    let (tcp, udp) = (causes("TCP", exit), causes("UDP", exit));
    // 400 ms of requests are there when all three end.
    assert_eq!((tcp.get("reset by termination"), tcp.get("time-out")), (Some(&20), None), "{tcp:?}");
    assert_eq!((udp.get("reset by termination"), udp.get("time-out")), (None, Some(&20)), "{udp:?}");
    let loss = "{at: 1s, fault: {packetLoss: {between: [{node: worker-1}, {node: worker-2}], percent: 20}}}";
    let (tcp, udp) = (causes("TCP", loss), causes("UDP", loss));
    // Of a third of 1250 requests 36 % lose the question or the answer.
    // A connection takes more than three seconds only after two losses in a row.
    assert!(tcp.values().sum::<u64>() < 40, "{tcp:?}");
    assert!((100..=200).contains(&udp["time-out"]), "{udp:?}");
}

/// The kube-proxy of a node with a slow link to the control plane goes on sending to a pod that is gone, for longer than others.
#[test]
fn a_slow_link_makes_a_proxy_late() {
    let last_failure = |node: u32| {
        let spec = format!(
            "
  duration: 40s
  settings: {{watchLatency: 50ms, proxySyncTime: 1s}}
  traffic: {{interval: 100ms, sources: [{{service: default/web, rate: 100, from: 5s, timeout: 1s, client: {{node: worker-{node}}}}}]}}
  steps:
  - {{at: 6s, fault: {{networkLatency: {{between: [controlPlane, {{node: worker-1}}], latency: 5s}}}}}}
  - {{at: 20s, kubectl: delete pod web-2 --force --grace-period=0 --wait=false}}
"
        );
        let pods: Vec<String> = (1..=3).map(|number| format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web-{number}, labels: {{app: web}}}}\nspec: {{nodeName: worker-{number}, containers: \
             [{{name: web, image: a, ports: [{{containerPort: 8080}}]}}]}}\n---\n"
        )).collect();
        let rest = program("  startup: {after: 0s}")
            + &pods.concat()
            + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n";
        let records = run(&scenario(&spec, &rest));
        let mut failed =
            intervals(&records).into_iter().filter(|(_, sample)| sample.failures() > 0).map(|(at, _)| at);
        failed.next_back().unwrap()
    };
    let (late, usual) = (last_failure(1), last_failure(3));
    assert!((late - usual - 5.0).abs() < 0.21, "{late} {usual}");
}

/// Namespaces divide names, not the network: a program of one reaches a Service of another by its full name, and by the
/// short name only where it is.
#[test]
fn pods_of_different_namespaces_reach_each_other() {
    let rest = |called: &str| {
        let calls = format!(
            "  startup: {{after: 0s}}\n  http: {{/: {{calls: [{{service: {called}, timeout: 500ms}}]}}}}"
        );
        program(&calls).replace("image: '*'", "image: example/web")
            + &spread()
            + "
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: db, image: example/db:1}]}
"
    };
    assert_eq!(total(&run(&scenario(&from("outside"), &rest("data/db")))), (201, 201, 0));
    assert_eq!(total(&run(&scenario(&from("outside"), &rest("db")))), (201, 0, 201));
}
