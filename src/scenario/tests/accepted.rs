//! What is read, and what becomes of it.

use super::{DESIGN, EVERYTHING, read, warnings, with_spec};
use crate::api::pod::PodPhase;
use crate::base::Quantity;
use crate::fault::{Fault, NodeTarget, Party, Pick, Pods};
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::scenario::expect::Ready;
use crate::scenario::{Action, Condition, Count, Moment, Scenario, When};
use crate::traffic::{Load, Rate};
use crate::workload::OnSignal;

fn minutes(minutes: u64) -> SimTime {
    SimTime::from_secs(minutes * 60)
}

/// The faults with how long they last, in the order of the steps.
fn faults(scenario: &Scenario) -> Vec<(&Fault, Option<SimDuration>)> {
    let fault = |action| match action {
        &Action::Fault { ref fault, lasts } => Some((fault, lasts)),
        _ => None,
    };
    scenario.steps.iter().filter_map(|step| fault(&step.action)).collect()
}

#[test]
fn the_example_of_the_design() {
    let scenario = read(DESIGN);
    let version = (&*scenario.version, scenario.minor);
    assert_eq!((&*scenario.name, scenario.seed, version), ("node-failure", 42, ("1.34", 34)));
    assert_eq!(scenario.duration, SimDuration::from_secs(900));
    assert_eq!(scenario.settings.node_monitor_grace_period, SimDuration::from_secs(40));
    let zoned = |node: &'_ crate::scenario::NodePlan| format!("{} {}", node.name(), node.zone().unwrap());
    let nodes: Vec<_> = scenario.nodes.iter().map(zoned).collect();
    assert_eq!(nodes, ["worker-1 a", "worker-2 b", "worker-3 c"]);
    let first = &scenario.steps[0];
    assert_eq!(first.when.earliest(), minutes(1));
    assert_eq!(first.action.to_string(), "kubectl scale deployment web --replicas=5");
    assert_eq!(first.place.to_string(), "test.yaml:13:5");
    let recover_after = Some(SimDuration::from_secs(480));
    let crash = Fault::NodeCrash { nodes: NodeTarget::Name("worker-2".into()), recover_after };
    assert_eq!(faults(&scenario), [(&crash, None)]);
    let Load::Open { rate: Rate::Ramp { .. }, random: false } = &scenario.traffic.sources[0].load else {
        panic!()
    };
    assert_eq!(scenario.expectations[0].text, r#"at: 12m, kubectl: "get pods -l app=web", ready: 5"#);
    let Condition::Kubectl(kubectl) = &scenario.expectations[0].condition else { panic!() };
    assert_eq!((&*kubectl.line, kubectl.ready), ("get pods -l app=web", Some(Count::exactly(5))));
    assert_eq!(scenario.expectations[1].moment, Moment::Always { from: minutes(2), until: None });
    let app = &scenario.apps[0];
    assert_eq!((&*app.name, app.image_size, app.memory.per_second), ("web", Some(180 << 20), 17_476));
    assert_eq!((app.http.len(), &*app.http[1].needs[0]), (2, "db"));
}

#[test]
fn settings_follow_version_and_timing() {
    let scenario = read(EVERYTHING);
    let settings = &scenario.settings;
    assert_eq!(settings.node_monitor_grace_period, SimDuration::from_secs(40), "of 1.31");
    assert_eq!(settings.watch_latency, SimDuration::ZERO, "ideal");
    assert_eq!(
        (settings.api_latency, settings.kube_api_qps),
        (SimDuration::from_millis(7), 10),
        "overridden"
    );
    assert_eq!(scenario.epoch.to_string(), "2030-02-03T04:05:06Z");
    assert_eq!(read(&with_spec("seed: 1")).epoch.to_string(), "2025-01-01T00:00:00Z");
    assert_eq!(scenario.description, "One of each.");
}

#[test]
fn machines_of_pools_and_of_their_own() {
    let scenario = read(EVERYTHING);
    let names: Vec<_> = scenario.nodes.iter().map(|node| node.name().as_str()).collect();
    assert_eq!(names, ["worker-1", "worker-2", "gpu-1", "edge"]);
    let gpu = &scenario.nodes[2];
    let (capacity, allocatable) = (&gpu.node.status.capacity, &gpu.node.status.allocatable);
    let amounts = |name: &str| (capacity[name], allocatable[name]);
    assert_eq!(amounts("cpu"), (Quantity::from_value(16), Quantity::from_milli(15_500)));
    assert_eq!(amounts("nvidia.com/gpu"), (Quantity::from_value(4), Quantity::from_value(4)));
    assert_eq!(amounts("memory"), (Quantity::from_bytes(16 << 30), Quantity::from_bytes(16 << 30)));
    let labels = gpu.node.metadata.labels.to_string();
    let zone = "topology.kubernetes.io/zone=b";
    let own = "kubernetes.io/arch=amd64,kubernetes.io/hostname=gpu-1,kubernetes.io/os=linux";
    assert_eq!(labels, format!("disk=ssd,{own},{zone}"));
    assert_eq!((&*gpu.node.spec.taints[0].key, gpu.images.len()), ("gpu", 1));
    assert_eq!(gpu.price.unwrap().milli_value(), 3060);
    assert_eq!(scenario.nodes[3].node.status.allocatable["memory"], Quantity::from_bytes(4 << 30));
}

#[test]
fn nodes_given_as_manifests_are_machines() {
    let node = "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 2}}}";
    let scenario = read(node);
    assert_eq!((scenario.nodes.len(), scenario.objects.len()), (1, 0));
    let status = &scenario.nodes[0].node.status;
    assert_eq!(
        (status.capacity["cpu"], status.allocatable["pods"]),
        (Quantity::from_value(2), Quantity::from_value(110))
    );
    let with_pool = format!("{node}\n---\n{}", with_spec("cluster: {nodePools: [{name: w, count: 2}]}"));
    assert_eq!(read(&with_pool).nodes.len(), 3);
    assert_eq!(read(&with_spec("cluster: {nodePools: []}")).nodes.len(), 0);
}

#[test]
fn steps_are_in_order_of_time_and_then_as_written() {
    let scenario = read(EVERYTHING);
    assert!(scenario.steps.is_sorted_by_key(|step| step.when.earliest()));
    assert_eq!(scenario.steps[0].action.to_string(), "apply pod/default/late, node/extra");
    let last: Vec<_> = scenario.steps.iter().rev().take(2).map(|step| step.action.to_string()).collect();
    assert_eq!(last, ["kubectl get nodes", "kubectl get pods"]);
}

#[test]
fn times_of_steps() {
    let scenario = read(EVERYTHING);
    let when = |part: &str| &scenario.steps.iter().find(|step| step.text.contains(part)).unwrap().when;
    let ten = SimDuration::from_secs(600);
    assert!(
        matches!(when("rollout"), When::Every { period, from, until: None } if *period == ten && *from == minutes(10))
    );
    assert!(
        matches!(when("exit"), When::Every { from, until: Some(until), .. } if (*from, *until) == (minutes(1), minutes(30)))
    );
    let When::Rate { mtbf, mttr, from, .. } = when("kubeletStop") else { panic!() };
    assert_eq!((mtbf, *from), (&Distribution::exponential(7200.0).unwrap(), minutes(1)));
    assert_eq!(mttr.as_ref(), Some(&Distribution::uniform(60.0, 300.0).unwrap()));
    let When::Condition { condition, .. } = when("delete pod") else { panic!() };
    assert!(
        matches!(&**condition, Condition::Pods(pods) if pods.restarts == Some(Count { min: 3, max: u64::MAX }))
    );
}

#[test]
fn victims_of_faults() {
    let scenario = read(EVERYTHING);
    let find = |key: &str| faults(&scenario).into_iter().find(|(fault, _)| fault.key() == key).unwrap();
    let Fault::Process { pods, .. } = find("exit").0 else { panic!() };
    assert_eq!(pods.to_string(), "the pods of shop with app=web");
    let Fault::Process { pods, container, .. } = find("oom").0 else { panic!() };
    assert_eq!((pods.pick, container.as_deref()), (Pick::First(1), Some("main")));
    let Fault::Process { pods, .. } = find("hang").0 else { panic!() };
    assert!(matches!(&pods.by, Pods::Selector(selector) if selector.to_string() == "app in (db,web)"));
    let (Fault::NodeCrash { nodes, recover_after }, None) = find("nodeCrash") else { panic!() };
    assert_eq!(nodes.to_string(), "nodes worker-1, worker-2");
    assert_eq!(*recover_after, Some(SimDuration::from_secs(180)), "`for` of a crash is `recoverAfter`");
    let (Fault::Partition { a, b }, lasts) = find("partition") else { panic!() };
    assert_eq!((a, b), (&Party::ControlPlane, &Party::Nodes(NodeTarget::Zone("b".into()))));
    assert_eq!(lasts, Some(SimDuration::from_secs(60)));
    assert!(matches!(find("packetLoss").0, Fault::PacketLoss { per_million: 5000, .. }));
    let keys: std::collections::BTreeSet<_> =
        faults(&scenario).iter().map(|(fault, _)| fault.key()).collect();
    assert_eq!(keys.len(), 21, "every kind is in the example");
}

#[test]
fn conditions() {
    let scenario = read(EVERYTHING);
    let find = |text: &str| &scenario.expectations.iter().find(|e| e.text.contains(text)).unwrap().condition;
    let Condition::Pods(pods) = find("phase: Running") else { panic!() };
    assert_eq!((pods.phase, pods.ready), (Some(PodPhase::Running), Some(Ready::All)));
    let Condition::Pods(pods) = find("OOMKilled") else { panic!() };
    assert_eq!((pods.exit_code, pods.ready), (Some(137), Some(Ready::Count(Count { min: 1, max: 2 }))));
    let Condition::Node(node) = find("Unknown") else { panic!() };
    let taints: Vec<_> =
        node.taints.iter().flatten().map(|taint| (&*taint.key, taint.effect.is_some())).collect();
    assert_eq!(taints, [("node.kubernetes.io/unreachable", true), ("a", false), ("c", false)]);
    let Condition::Event(event) = find("BackOff,") else { panic!() };
    assert_eq!(&*event.about.as_ref().unwrap().name, "web-*");
    assert_eq!(event.count.unwrap().to_string(), "at least 2");
}

#[test]
fn programs() {
    let scenario = read(EVERYTHING);
    let [web, stubborn] = &scenario.apps[..] else { panic!() };
    let needs: Vec<_> = web.http[2].needs.iter().map(crate::base::Name::as_str).collect();
    assert_eq!(needs, ["shop/db", "db", "shop/db", "db"]);
    let exits: Vec<_> = web.exits.iter().map(|exit| exit.code).collect();
    assert_eq!(exits, [1, 139]);
    let runs: Vec<_> = web.runs.iter().map(|run| (run.lasts.map(SimDuration::as_millis), run.code)).collect();
    assert_eq!(runs, [(Some(2300), 1), (Some(5000), 137), (None, 0)]);
    assert_eq!((web.memory.base, web.memory.per_second, web.cpu_base_milli), (120 << 20, 6554, 100));
    assert_eq!(web.exec[1].while_aged[0], (SimDuration::ZERO, SimDuration::from_secs(5)));
    assert!(web.localhost_only && matches!(stubborn.on_stop, OnSignal::Ignore));
    assert_eq!(stubborn.ports.as_deref(), Some(&[5432][..]));
}

#[test]
fn plain_manifests_run_in_a_default_cluster() {
    let scenario = read("{apiVersion: v1, kind: Pod, metadata: {name: web}}");
    assert_eq!((&*scenario.name, scenario.seed, scenario.duration.as_secs()), ("test", 42, 600));
    assert_eq!((scenario.nodes.len(), scenario.objects.len()), (3, 1));
    assert_eq!(&*scenario.objects[0].object.metadata().namespace, "default");
    assert_eq!(scenario.warnings.iter().len(), 0);
}

#[test]
fn selectors_of_old_versions_are_completed() {
    for (api_version, completed) in [("extensions/v1beta1", true), ("apps/v1beta1", true), ("apps/v1", false)]
    {
        let scenario = read(&format!(
            "{{apiVersion: {api_version}, kind: Deployment, metadata: {{name: web}}, \
             spec: {{template: {{metadata: {{labels: {{app: web}}}}}}}}}}"
        ));
        let crate::api::Object::Deployment(deployment) = &scenario.objects[0].object else { panic!() };
        assert_eq!(deployment.spec.selector.is_some(), completed, "{api_version}");
    }
}

#[test]
fn dumps_are_read_without_a_word() {
    let told = warnings(
        "
apiVersion: v1
kind: List
metadata: {resourceVersion: ''}
items:
- apiVersion: v1
  kind: Pod
  metadata:
    {name: web-0, namespace: default, uid: 1-2, managedFields: [{manager: kubectl}], selfLink: /x, generateName: web-}
  spec:
    containers: [{name: web, image: web, terminationMessagePath: /dev/termination-log, resources: {}}]
    nodeName: worker-1
    dnsPolicy: ClusterFirst
  status:
    phase: Running
    podIPs: [{ip: 10.0.0.1}]
    containerStatuses: [{name: web, imageID: x, allocatedResources: {}}]
",
    );
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn namespaces_that_a_dump_left_out_are_made() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}}";
    let scenario = read(&format!("{text}\n---\n{}", text.replace("name: a", "name: b")));
    let names: Vec<_> =
        scenario.objects.iter().map(|manifest| manifest.object.reference().to_string()).collect();
    assert_eq!(names, ["namespace/shop", "pod/shop/a", "pod/shop/b"]);
}
