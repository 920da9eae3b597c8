//! Real manifests load and run unchanged.

use std::path::{Path, PathBuf};

use shakedown::kernel::SimTime;
use shakedown::scenario::{any_line, from_text, load};
use shakedown::sim::{RunOptions, Simulation};

/// The folder of real manifests beside the checkout, if it is there.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/manifests").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn every_example_manifest_loads() {
    let Some(dir) = shared("examples") else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(files.len() > 50);
    for file in files {
        if let Err(problems) = load(std::slice::from_ref(&file), &any_line) {
            // One of them is all comments.
            let text = problems.render(false);
            assert!(text.contains("is empty"), "{text}");
        }
    }
}

#[test]
fn online_boutique_recovers_from_a_node_crash() {
    let Some(dir) = shared("online-boutique") else { return };
    let scenario_file = std::env::temp_dir().join(format!("shakedown-boutique-{}.yaml", std::process::id()));
    let text = "apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: boutique}
spec:
  duration: 30m
  cluster: {nodePools: [{name: worker, count: 4, allocatable: {cpu: '4', memory: 16Gi, pods: 110}}]}
  steps: [{at: 10m, fault: {nodeCrash: {node: worker-2, recoverAfter: 10m}}}]
";
    assert!(from_text("boutique.yaml", text).is_ok());
    std::fs::write(&scenario_file, text).unwrap();
    let scenario = load(&[dir, scenario_file.clone()], &any_line).unwrap();
    std::fs::remove_file(&scenario_file).unwrap();
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    simulation.run_until(SimTime::MAX, &mut |_| {}).unwrap();
    let deployments: Vec<_> = simulation
        .world
        .api
        .objects()
        .iter::<shakedown::api::workload::Deployment>()
        .map(|(_, deployment)| deployment.clone())
        .collect();
    assert_eq!(deployments.len(), 12);
    for deployment in deployments {
        let wanted = deployment.spec.replicas.unwrap();
        assert_eq!(deployment.status.ready_replicas, wanted, "{}", deployment.metadata.name);
    }
}
