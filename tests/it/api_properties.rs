//! Properties of the API server and of evictions, for random clients, outages and budgets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shakedown::api::admission::Admission;
use shakedown::api::pod::Pod;
use shakedown::api::policy::{LimitRange, Namespace};
use shakedown::api::{ApiServer, DeleteOptions, Kind, Object, ObjectMeta, Op, Request, Timestamp};
use shakedown::base::Name;
use shakedown::kernel::{SimTime, Streams};
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

/// What a client does with the object of one name in one of two namespaces.
#[derive(Clone, Debug)]
enum Deed {
    Create,
    /// Remembers the object as it is.
    Read,
    /// Writes the object that it remembers, with its counter one higher.
    Write,
    Delete,
}

fn deed() -> impl Strategy<Value = (usize, usize, usize, Deed)> {
    let deed = prop_oneof![
        2 => Just(Deed::Create),
        4 => Just(Deed::Read),
        5 => Just(Deed::Write),
        1 => Just(Deed::Delete)
    ];
    (0..3usize, 0..2usize, 0..2usize, deed)
}

fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta { namespace: namespace.into(), name: name.into(), ..ObjectMeta::default() }
}

fn counter(object: &Object) -> u32 {
    object.metadata().annotations.get("n").and_then(|text| text.parse().ok()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_update_is_lost_and_revisions_only_grow(deeds in prop::collection::vec(deed(), 1..150)) {
        let mut api = ApiServer::new(Streams::new(1), Timestamp::from_secs(0), Admission::default());
        for name in ["a", "b"] {
            let namespace = Namespace { metadata: metadata("", name), ..Namespace::default() };
            api.handle(SimTime::ZERO, Request::Create(namespace.into())).unwrap();
        }
        let mut held: BTreeMap<(usize, String), Object> = BTreeMap::new();
        let mut counted: BTreeMap<String, u32> = BTreeMap::new();
        for (step, (client, namespace, name, deed)) in deeds.into_iter().enumerate() {
            let now = SimTime::from_secs(step as u64);
            let (namespace, name) = (["a", "b"][namespace], ["x", "y"][name]);
            let key = format!("{namespace}/{name}");
            let stored = |api: &ApiServer| {
                api.objects().find(Kind::LimitRange, &namespace.into(), &name.into()).map(|(_, object)| object.clone())
            };
            match deed {
                Deed::Create => {
                    let range = LimitRange { metadata: metadata(namespace, name), ..LimitRange::default() };
                    let result = api.handle(now, Request::Create(range.into()));
                    // A name is taken in its own namespace only.
                    prop_assert_eq!(result.is_ok(), !counted.contains_key(&key));
                    counted.entry(key).or_insert(0);
                }
                Deed::Read => {
                    if let Some(object) = stored(&api) {
                        held.insert((client, key), object);
                    }
                }
                Deed::Write => {
                    let Some(mut object) = held.get(&(client, key.clone())).cloned() else { continue };
                    let fresh = stored(&api).is_some_and(|now| {
                        now.metadata().resource_version == object.metadata().resource_version
                    });
                    let next = counter(&object) + 1;
                    object.metadata_mut().annotations.insert("n", next.to_string());
                    let result = api.handle(now, Request::Update(object));
                    prop_assert_eq!(result.is_ok(), fresh);
                    if result.is_ok() {
                        *counted.get_mut(&key).unwrap() += 1;
                    }
                }
                Deed::Delete => {
                    let reference = stored(&api).map(|object| object.reference());
                    if let Some(target) = reference {
                        let options = DeleteOptions::default();
                        api.handle(now, Request::Delete { target, options }).unwrap();
                        counted.remove(&key);
                    }
                }
            }
        }
        let commits = api.take_commits();
        prop_assert!(commits.windows(2).all(|pair| pair[0].revision + 1 == pair[1].revision));
        prop_assert!(commits.iter().all(|commit| commit.new.metadata().resource_version == commit.revision));
        for (key, count) in counted {
            let (namespace, name) = key.split_once('/').unwrap();
            let (_, object) = api.objects().find(Kind::LimitRange, &namespace.into(), &name.into()).unwrap();
            prop_assert_eq!(counter(object), count);
        }
    }
}

fn outage() -> impl Strategy<Value = String> {
    let component = prop_oneof![Just("apiServer"), Just("etcd")];
    (component, 1u32..4, 30u64..200, 1u64..60).prop_map(|(component, replicas, at, length)| {
        format!(
            "  - {{at: {at}s, for: {length}s, fault: {{controlPlane: {{component: {component}, what: down, replicas: {replicas}}}}}}}\n"
        )
    })
}

fn deed_of_a_user() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (1u32..9).prop_map(|replicas| format!("scale deployment web --replicas={replicas}")),
        Just("rollout restart deployment web".to_owned()),
        Just("delete pods -l app=web --wait=false".to_owned()),
        Just("label pods -l app=web round=x --overwrite".to_owned()),
    ];
    (20u64..260, line).prop_map(|(at, line)| format!("  - {{at: {at}s, kubectl: '{line}'}}\n"))
}

const WEB: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 5, containers: [{name: c, image: 'example/web:1'}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 4, selector: {matchLabels: {app: web}}}
";

fn simulate(seconds: u64, settings: &str, steps: &str) -> (Simulation, Vec<Record>) {
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: properties}}\nspec:\n  duration: 1h\n  \
         settings: {settings}\n  cluster: {{nodePools: [{{name: n, count: 4}}]}}\n  steps:\n{steps}{WEB}"
    );
    let scenario = from_text("properties.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation.run_until(SimTime::from_secs(seconds), &mut |record| records.push(record.clone())).unwrap();
    (simulation, records)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        rng_seed: RngSeed::Fixed(5),
        max_shrink_iters: 30,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_breaks_in_between_the_controllers_see_what_is_stored(
        outages in prop::collection::vec(outage(), 1..4),
        deeds in prop::collection::vec(deed_of_a_user(), 1..6),
    ) {
        let steps = outages.concat() + &deeds.concat();
        let (simulation, _) = simulate(600, "{apiServers: 3, etcdMembers: 3, controllerManagers: 2}", &steps);
        let world = &simulation.world;
        let seen = world.controllers.as_ref().expect("a leader is there again").mirror().objects();
        // Nobody waits for Events: they come with the next delivery of anything else.
        for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Event) {
            let versions = |of: &shakedown::api::store::Collection| -> Vec<(u32, u64)> {
                of.iter().map(|(index, object)| (index, object.metadata().resource_version)).collect()
            };
            prop_assert_eq!(versions(seen.of(*kind)), versions(world.api.objects().of(*kind)), "{:?}", kind);
        }
        let wanted = world.api.objects().iter::<shakedown::api::workload::Deployment>().next().unwrap().1.clone();
        let ready = world.api.objects().iter::<Pod>().filter(|(_, pod)| pod.is_ready()).count();
        prop_assert_eq!(Some(ready as i32), wanted.spec.replicas);
    }

    #[test]
    fn evictions_never_violate_a_budget(
        drains in prop::collection::vec((20u64..200, 1u32..5), 1..5),
        scales in prop::collection::vec((20u64..200, 4u32..8), 0..3),
    ) {
        let mut steps = String::new();
        for (at, node) in drains {
            let _ = writeln!(steps, "  - {{at: {at}s, kubectl: 'drain n-{node}'}}");
        }
        for (at, replicas) in scales {
            let _ = writeln!(steps, "  - {{at: {at}s, kubectl: 'scale deployment web --replicas={replicas}'}}");
        }
        let (_, records) = simulate(400, "{}", &steps);
        let mut healthy: BTreeSet<Name> = BTreeSet::new();
        for record in &records {
            let Detail::Commit(commit) = &record.detail else { continue };
            let Object::Pod(pod) = &commit.new else { continue };
            let name = pod.metadata.name.clone();
            let fine = commit.op != Op::Deleted && pod.is_ready() && !pod.metadata.is_terminating();
            let was_fine = if fine { !healthy.insert(name) } else { healthy.remove(&name) };
            let evicted = record.component == "kubectl" && was_fine && pod.metadata.is_terminating();
            prop_assert!(!evicted || healthy.len() >= 4, "{} at {}: {:?}", pod.metadata.name, record.at, healthy);
        }
    }
}
