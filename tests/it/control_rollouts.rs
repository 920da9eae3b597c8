//! Rollouts of random Deployments: never more pods than allowed, never fewer available ones, and they end.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shakedown::api::workload::{Deployment, ReplicaSet};
use shakedown::kernel::SimTime;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};

#[derive(Clone, Debug)]
struct Case {
    replicas: i32,
    surge: i32,
    unavailable: i32,
    startup: u64,
    /// A second image while the first is still rolled out.
    again_after: u64,
    kills: Vec<u64>,
}

fn case() -> impl Strategy<Value = Case> {
    let kills = proptest::collection::vec(90..200u64, 0..3);
    (1..9i32, 0..4i32, 0..4i32, 0..6u64, 1..40u64, kills).prop_map(
        |(replicas, surge, unavailable, startup, again_after, kills)| Case {
            replicas,
            surge,
            // Not both zero.
            unavailable: if surge == 0 { unavailable.max(1) } else { unavailable },
            startup,
            again_after,
            kills,
        },
    )
}

fn scenario(case: &Case) -> String {
    let Case { replicas, surge, unavailable, startup, again_after, kills } = case;
    let kills: Vec<String> = kills
        .iter()
        .map(|at| {
            format!("  - {{at: {at}s, fault: {{exit: {{pods: {{labels: app=web, namespace: default, count: 1}}, code: 1}}}}}}\n")
        })
        .collect();
    let kills = kills.concat();
    format!(
        "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: rollout}}
spec:
  duration: 400s
  cluster:
    nodePools:
    - {{name: worker, count: 3, allocatable: {{cpu: '4', memory: 16Gi, pods: 110}}}}
  steps:
  - {{at: 60s, kubectl: 'set image deployment/web c=example/web:2'}}
  - {{at: {}s, kubectl: 'set image deployment/web c=example/web:3'}}
{kills}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {{name: web}}
spec:
  match: {{image: '*'}}
  startup: {{after: {startup}s}}
  http: {{/ready: {{}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  strategy: {{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - {{name: c, image: 'example/web:1', readinessProbe: {{tcpSocket: {{port: 80}}, periodSeconds: 1}}}}
",
        60 + again_after
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rollouts_keep_their_bounds_and_end(case in case()) {
        let scenario = from_text("test.yaml", &scenario(&case)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut simulation = Simulation::new(&scenario, &RunOptions::default());
        for tick in 0..800u64 {
            simulation.run_until(SimTime::from_millis(tick * 500), &mut |_| {}).unwrap();
            let objects = simulation.world.api.objects();
            let total: i32 = objects.iter::<ReplicaSet>().map(|(_, set)| set.spec.replicas.unwrap_or(1)).sum();
            prop_assert!(total <= case.replicas + case.surge, "{total} at {tick}");
            let available: i32 = objects.iter::<ReplicaSet>().map(|(_, set)| set.status.available_replicas).sum();
            if tick > 110 && case.kills.is_empty() {
                prop_assert!(available >= case.replicas - case.unavailable, "{available} at {tick}");
            }
        }
        let (_, deployment) = simulation.world.api.objects().iter::<Deployment>().next().unwrap();
        prop_assert_eq!(deployment.status.updated_replicas, case.replicas);
        prop_assert_eq!(deployment.status.replicas, case.replicas);
    }
}
