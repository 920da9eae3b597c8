//! What is fuzzed: every way in which text from outside gets into the program. None may panic, whatever the bytes.
//!
//! `cargo fuzz` runs these with coverage (see `results/trust.md`); the tests run them over the corpus and a fixed number
//! of mutations of it.
#![allow(dead_code, reason = "each fuzz target uses one of these")]

use shakedown::api::cron::{Dialect, Schedule};
use shakedown::api::selector::Selector;
use shakedown::api::selector::field::FieldSelector;
use shakedown::base::Quantity;
use shakedown::cli::checkpoint::Checkpoint;
use shakedown::control::scheduler::config::KubeSchedulerConfiguration;
use shakedown::control::scheduler::{Options, Scheduler};
use shakedown::kernel::{SimDuration, SimTime};
use shakedown::kubectl::Command;
use shakedown::kubectl::output::JsonPath;
use shakedown::scenario::{LineProblem, Scenario, from_files};
use shakedown::sim::{Limits, RunError, RunOptions, Simulation};
use shakedown::source::{SourceFile, from_node, parse_lenient};
use shakedown::trace::replay::{Line, Replay};

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("manifest", manifest),
    ("run", run),
    ("quantity", quantity),
    ("selector", selector),
    ("kubectl", kubectl),
    ("words", words),
    ("scheduler_config", scheduler_config),
    ("trace", trace),
    ("checkpoint", checkpoint),
];

fn check_line(line: &str) -> Result<(), LineProblem> {
    match Command::parse_line(line) {
        Ok(_) => Ok(()),
        Err(error) => Err(LineProblem { message: error.message, suggestion: error.meant }),
    }
}

fn scenario(bytes: &[u8]) -> Option<Scenario> {
    let file = match SourceFile::from_bytes("fuzz.yaml", bytes.to_vec()) {
        Ok(file) => file,
        Err(problem) => {
            assert!(!problem.render(false).is_empty());
            return None;
        }
    };
    match from_files(&[file], &check_line) {
        Ok(scenario) => Some(scenario),
        Err(problems) => {
            assert!(problems.has_errors() && !problems.render(false).is_empty());
            None
        }
    }
}

/// Manifests and scenario files are read, or refused at a place.
pub fn manifest(bytes: &[u8]) {
    scenario(bytes);
}

/// What can be read can be run, and breaks no promise of the simulator.
pub fn run(bytes: &[u8]) {
    let Some(scenario) = scenario(bytes) else { return };
    // Larger clusters are only slower.
    if scenario.nodes.len() > 50 || scenario.objects.len() > 200 {
        return;
    }
    let limits = Limits { events: 20_000, objects: 2_000, events_at_one_instant: 20_000 };
    let mut simulation = Simulation::new(&scenario, &RunOptions { limits, ..RunOptions::default() });
    let end = SimTime::from_secs(600);
    match simulation.run_until(end, &mut |_| {}) {
        Ok(()) => assert!(simulation.world.now() <= end),
        Err(error @ RunError::Violation(_)) => panic!("{error}"),
        Err(RunError::TooLarge { .. } | RunError::Livelock { .. }) => {}
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A quantity that is read is written in a form that is read as the same.
pub fn quantity(bytes: &[u8]) {
    let Some(Ok(quantity)) = text(bytes).map(str::parse::<Quantity>) else { return };
    // Upstream has no suffix for more than exa and prints a number as large as that without its zeros.
    let too_large = Quantity::new(1, 21, quantity.format());
    if quantity >= too_large || -quantity >= too_large {
        let _ = quantity.to_string();
        return;
    }
    let again: Quantity = quantity.to_string().parse().expect("what is written can be read");
    assert_eq!(again, quantity);
}

/// Label and field selectors.
pub fn selector(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(selector) = Selector::parse(text) {
        let shown = selector.to_string();
        let again = Selector::parse(&shown).expect("what is written can be read");
        assert_eq!(again.to_string(), shown);
    }
    let _ = FieldSelector::parse(text);
}

/// Lines as typed after `kubectl`.
pub fn kubectl(bytes: &[u8]) {
    if let Some(text) = text(bytes) {
        let _ = Command::parse_line(text);
    }
}

/// Small languages: durations, cron schedules, JSONPath.
pub fn words(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(duration) = text.parse::<SimDuration>() {
        assert_eq!(duration.to_string().parse::<SimDuration>(), Ok(duration));
    }
    let _ = Schedule::parse(text, Dialect::V3);
    if let Ok(path) = JsonPath::parse(text) {
        let _ = path.render(&serde_json::json!({"items": [{"metadata": {"name": "a"}}, 3, null, "b"]}));
    }
}

/// Configuration of kube-scheduler.
pub fn scheduler_config(bytes: &[u8]) {
    let Ok(file) = SourceFile::from_bytes("config.yaml", bytes.to_vec()) else { return };
    let Ok(documents) = parse_lenient(&file) else { return };
    for document in &documents {
        if let Ok((config, _)) = from_node::<KubeSchedulerConfiguration>(&document.root) {
            let _ = Scheduler::new(&Options { config, ..Options::default() });
        }
    }
}

/// `trace.jsonl` of a run, read back.
pub fn trace(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mut replay = Replay::default();
    for line in text.lines() {
        if let Ok(line) = Line::parse(line) {
            let _ = line.time();
            replay.apply(&line);
        }
    }
    let _ = (replay.objects().count(), replay.epoch());
}

/// A checkpoint is taken whole or not at all.
pub fn checkpoint(bytes: &[u8]) {
    if let Some(text) = text(bytes)
        && let Ok(checkpoint) = Checkpoint::from_text(text)
    {
        assert_eq!(checkpoint.to_text(), text);
    }
}
