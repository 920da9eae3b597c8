//! The API server and etcd, as clients see them.

use std::fmt::Write as _;
use std::sync::Arc;

use shakedown::api::pod::Pod;
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};

/// The world at the end of a scenario of three nodes without latencies.
fn world_at(seconds: u64, manifests: &str) -> Simulation {
    let head = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: test}
spec:
  timing: ideal
  duration: 1h
  cluster: {nodePools: [{name: n, count: 3, allocatable: {cpu: '4', memory: 16Gi, pods: 110}}]}
---
";
    let scenario = from_text("test.yaml", &format!("{head}{manifests}")).unwrap_or_else(|e| panic!("{e:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    simulation.run_until(SimTime::from_secs(seconds), &mut |_| {}).unwrap();
    simulation
}

#[test]
fn pods_of_one_template_share_one_admitted_spec() {
    let simulation = world_at(
        10,
        "
apiVersion: v1
kind: LimitRange
metadata: {name: bounds, namespace: default}
spec: {limits: [{type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 100m}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: 'example/web:1'}]
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}}
",
    );
    let pods: Vec<Arc<Pod>> =
        simulation.world.api.objects().iter::<Pod>().map(|(_, pod)| pod.clone()).collect();
    assert_eq!(pods.len(), 5);
    assert!(pods.iter().all(|pod| Arc::ptr_eq(&pod.spec, &pods[0].spec)));
    // What was admitted is shared, not the bare template.
    assert_eq!(pods[0].spec.tolerations.len(), 2);
    assert_eq!(pods[0].spec.containers[0].resources.limits["cpu"].milli_value(), 500);
}

#[test]
fn match_label_keys_of_pod_affinity_become_requirements() {
    let simulation = world_at(
        10,
        "
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: web, version: v2}}
spec:
  containers: [{name: c, image: 'example/web:1'}]
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {app: web}}
        matchLabelKeys: [version, absent]
",
    );
    let objects = simulation.world.api.objects();
    let pod = objects.get::<Pod>(&"default".into(), &"p".into()).unwrap();
    let terms = &pod.spec.affinity.as_ref().unwrap().pod_anti_affinity.as_ref().unwrap().required;
    let added = &terms[0].label_selector.as_ref().unwrap().match_expressions;
    assert_eq!(added.len(), 1);
    assert_eq!((added[0].key.as_str(), added[0].values.as_slice()), ("version", &["v2".into()][..]));
}

const QUOTA: &str = "
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: default}
spec: {hard: {pods: 2, requests.cpu: '1', count/configmaps: 1, services.nodeports: 1, count/deployments.apps: 1}}
";

/// What kubectl printed, command by command.
fn outputs(manifests: &str, steps: &[&str]) -> Vec<String> {
    let mut lines = String::new();
    for (n, step) in steps.iter().enumerate() {
        let _ = writeln!(lines, "  - {{at: {}s, kubectl: {step:?}}}", n + 1);
    }
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n  timing: ideal\n  \
         duration: 1h\n  cluster: {{nodePools: [{{name: n, count: 3}}]}}\n  steps:\n{lines}---{manifests}"
    );
    let scenario = from_text("test.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut found = Vec::new();
    let mut sink = |record: &shakedown::trace::Record| {
        if record.event == "Output" {
            found.push(record.message.to_string());
        }
    };
    simulation.run_until(SimTime::from_secs(300), &mut sink).unwrap();
    found
}

#[test]
fn a_quota_counts_pods_requests_and_objects() {
    let found = outputs(
        QUOTA,
        &[
            "run a --image=example/a:1",
            "create deployment d --image=example/d:1 --replicas=0",
            "create deployment e --image=example/e:1 --replicas=0",
            "expose deployment d --port=80 --type=NodePort",
            "expose deployment d --name=d2 --port=80 --type=NodePort",
            "get quota q -o jsonpath={.status.used}",
        ],
    );
    let refused = |kind: &str, name: &str, cause: &str| {
        format!("Error from server (Forbidden): {kind} \"{name}\" is forbidden: {cause}")
    };
    assert_eq!(found[0], refused("pods", "a", "failed quota: q: must specify requests.cpu for: a"));
    assert_eq!(found[1], "deployment.apps/d created");
    let cause = "exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: \
                 count/deployments.apps=1";
    assert!(
        found[2]
            .ends_with(&refused("deployments.apps", "e", cause)["Error from server (Forbidden): ".len()..]),
        "{found:#?}"
    );
    assert_eq!(found[3], "service/d exposed");
    assert!(found[4].contains("exceeded quota: q, requested: services.nodeports=1"), "{found:#?}");
    assert!(
        found[5].contains("\"services.nodeports\":\"1\"") && found[5].contains("\"pods\":\"0\""),
        "{found:#?}"
    );
}

#[test]
fn a_limit_range_bounds_containers_and_pods() {
    let range = "
apiVersion: v1
kind: LimitRange
metadata: {name: r, namespace: default}
spec:
  limits:
  - {type: Container, min: {cpu: 100m}, max: {cpu: '1'}, maxLimitRequestRatio: {cpu: '2'}}
  - {type: Pod, max: {cpu: '1'}}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: a, image: 'example/a:1', resources: {requests: {cpu: 50m}, limits: {cpu: 600m}}}
  - {name: b, image: 'example/b:1', resources: {requests: {cpu: 600m}, limits: {cpu: 600m}}}
";
    let scenario = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: test}
spec: {timing: ideal, duration: 1m, cluster: {nodePools: [{name: n, count: 1}]}}
---";
    let scenario = from_text("test.yaml", &format!("{scenario}{range}")).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut refusals = Vec::new();
    let mut sink = |record: &shakedown::trace::Record| {
        if record.event == "Refused" {
            refusals.push(record.message.to_string());
        }
    };
    simulation.run_until(SimTime::from_secs(10), &mut sink).unwrap();
    assert_eq!(
        refusals,
        [
            "Error from server (Forbidden): pods \"p\" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, cpu max limit to \
          request ratio per Container is 2, but provided ratio is 12.000000, maximum cpu usage per Pod is 1, but limit \
          is 1200m]"
        ]
    );
}

#[test]
fn a_selecting_watch_sees_objects_enter_and_leave() {
    // The worked timeline of section 1.12: a relabelled object is deleted for one selector and added for another.
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n  timing: ideal\n  duration: \
         1h\n  cluster: {{nodePools: [{{name: n, count: 1}}]}}\n  steps:\n  - {{at: 10s, kubectl: label pod p app=b \
         --overwrite}}\n  - {{at: 20s, kubectl: label pod p app=a --overwrite}}\n---\n{}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: a}}\nspec: {containers: [{name: c, image: 'x:1'}]}\n"
    );
    let scenario = from_text("test.yaml", &text).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let command =
        shakedown::kubectl::Command::parse_line("get pods -l app=a -w --output-watch-events").unwrap();
    let shakedown::kubectl::Verb::Get(get) = &command.verb else { unreachable!() };
    let mut watch = shakedown::kubectl::Watch::new(get, &command.scope, "default").unwrap();
    let mut lines = Vec::new();
    let mut sink = |record: &shakedown::trace::Record| {
        if let shakedown::trace::Detail::Commit(commit) = &record.detail
            && record.at >= SimTime::from_secs(10)
            && let Some(line) = watch.commit(commit, shakedown::api::Timestamp::from_secs(0))
        {
            lines.push((
                record.at.as_secs_f64(),
                line.lines().last().unwrap_or_default()[..8].trim().to_owned(),
            ));
        }
    };
    simulation.run_until(SimTime::from_secs(30), &mut sink).unwrap();
    assert_eq!(lines, [(10.0, "DELETED".to_owned()), (20.0, "ADDED".to_owned())]);
}

#[test]
fn every_write_takes_one_revision_and_a_write_of_the_same_takes_none() {
    // The first worked timeline of section 1.12.
    use shakedown::api::admission::Admission;
    use shakedown::api::policy::Namespace;
    use shakedown::api::{
        ApiServer, DeleteOptions, Kind, ObjectMeta, ObjectRef, Op, Patch, Request, Timestamp,
    };
    let mut api =
        ApiServer::new(shakedown::kernel::Streams::new(1), Timestamp::from_secs(0), Admission::default());
    let metadata = |name: &str, namespace: &str| ObjectMeta {
        name: name.into(),
        namespace: namespace.into(),
        ..ObjectMeta::default()
    };
    let namespace = Namespace { metadata: metadata("default", ""), ..Namespace::default() };
    api.handle(SimTime::ZERO, Request::Create(namespace.into())).unwrap();
    let mut pod = Pod { metadata: metadata("a", "default"), node_name: Some("n".into()), ..Pod::default() };
    let container =
        shakedown::api::pod::Container { name: "c".into(), image: "x:1".into(), ..Default::default() };
    Arc::make_mut(&mut pod.spec).containers = vec![container];
    let version = |object: &shakedown::api::Object| object.metadata().resource_version;
    let created = api.handle(SimTime::from_secs(1), Request::Create(pod.into())).unwrap();
    let first = version(&created);
    let target = ObjectRef { kind: Kind::Pod, namespace: "default".into(), name: "a".into() };
    let label = || Request::Patch {
        target: target.clone(),
        uid: None,
        patch: Patch::Labels(vec![("k".into(), Some("v".into()))]),
    };
    assert_eq!(version(&api.handle(SimTime::from_secs(2), label()).unwrap()), first + 1);
    assert_eq!(version(&api.handle(SimTime::from_secs(3), label()).unwrap()), first + 1);
    let stale = api.handle(SimTime::from_secs(4), Request::Update(created)).unwrap_err();
    assert_eq!((stale.code, stale.reason), (409, "Conflict"));
    assert!(stale.message.ends_with("please apply your changes to the latest version and try again"));
    let delete = |grace| Request::Delete {
        target: target.clone(),
        options: DeleteOptions { grace_period_seconds: Some(grace), ..DeleteOptions::default() },
    };
    let marked = api.handle(SimTime::from_secs(5), delete(30)).unwrap();
    assert_eq!(
        (version(&marked), marked.metadata().deletion_timestamp),
        (first + 2, Some(Timestamp::from_secs(35)))
    );
    api.handle(SimTime::from_secs(6), delete(0)).unwrap();
    let last = api.take_commits().pop().unwrap();
    assert_eq!((last.revision, last.op), (first + 3, Op::Deleted));
}

#[test]
fn endpoints_of_250_pods_fill_three_slices() {
    // The worked timeline of section 6.
    let simulation = world_at(
        60,
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 250
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'example/web:1'}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
",
    );
    let slices = simulation.world.api.objects().iter::<shakedown::api::service::EndpointSlice>();
    let ours = slices.filter(|(_, slice)| slice.metadata.name.starts_with("web-"));
    let mut sizes: Vec<usize> = ours.map(|(_, slice)| slice.endpoints.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}
