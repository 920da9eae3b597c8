//! Every scenario under `scenarios/`: all its expectations hold.

use std::path::{Path, PathBuf};

use shakedown::sim::{RunOptions, Simulation};

/// Folders that hold a `scenario.yaml`, in the order of their names.
fn folders(root: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    if paths.iter().any(|path| path.ends_with("scenario.yaml")) {
        found.push(root.to_owned());
    }
    for path in paths.iter().filter(|path| path.is_dir()) {
        folders(path, found);
    }
}

#[test]
fn every_expectation_of_every_scenario_holds() {
    let mut found = Vec::new();
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &mut found);
    assert!(!found.is_empty());
    let mut misses = Vec::new();
    for folder in found {
        let scenario =
            shakedown::scenario::load(std::slice::from_ref(&folder), &shakedown::scenario::any_line)
                .unwrap_or_else(|problems| panic!("{}: {problems:#?}", folder.display()));
        let mut simulation = Simulation::new(&scenario, &RunOptions::default());
        let end = simulation.world.end;
        simulation.run_until(end, &mut |_| {}).unwrap();
        let verdict = simulation.finish(&mut |_| {});
        for checked in verdict.expectations.iter().filter(|checked| !checked.held()) {
            misses.push(format!("{}: {checked:?}", folder.display()));
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
