//! `run --check-determinism`: two runs side by side, compared record by record with every changed field.

use std::fmt::Write as _;

use super::ExitStatus;
use super::printer::Printer;
use super::why::{line_of, sentence};
use crate::base::perturb_hashes;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::{Patch, Scenario};
use crate::sim::{RunOptions, Simulation};
use crate::trace::export::JsonlWriter;
use crate::trace::replay::Line;
use crate::trace::{Record, RecordId};

/// Hashes of the second run begin with this; any number but zero would do.
const OTHER_HASHES: usize = 0x5eed;
/// Into how many stretches of virtual time the runs are cut, so that not all records are held at once.
const STRETCHES: u64 = 200;

/// Runs twice in one process, the second time with other hash seeds, and compares as the runs go.
pub(super) fn check_determinism(
    scenario: &Scenario,
    options: &RunOptions,
    printer: &mut Printer,
) -> ExitStatus {
    match compare(scenario, options) {
        Ok(Outcome::Equal { records }) => {
            printer.result(&format!("two runs, {records} records each: all equal\n"));
            ExitStatus::Success
        }
        Ok(Outcome::Diverges(text)) => {
            printer.result(&text);
            ExitStatus::Failure
        }
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

enum Outcome {
    Equal { records: RecordId },
    Diverges(String),
}

fn compare(scenario: &Scenario, options: &RunOptions) -> Result<Outcome, String> {
    let mut first = Simulation::new(scenario, options);
    perturb_hashes(OTHER_HASHES);
    let mut second = Simulation::new(scenario, options);
    let end = first.world.end;
    let stretch = SimDuration::from_nanos((end.as_nanos() / STRETCHES).max(1));
    let mut at = SimTime::ZERO;
    while at < end {
        at = (at + stretch).min(end);
        perturb_hashes(0);
        let ours = records_until(&mut first, at)?;
        perturb_hashes(OTHER_HASHES);
        let theirs = records_until(&mut second, at)?;
        if let Some(text) = first_difference(scenario, options, &ours, &theirs) {
            return Ok(Outcome::Diverges(text));
        }
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    first.finish(&mut |record| ours.push(record.clone()));
    second.finish(&mut |record| theirs.push(record.clone()));
    Ok(match first_difference(scenario, options, &ours, &theirs) {
        Some(text) => Outcome::Diverges(text),
        None => Outcome::Equal { records: first.world.recorder.last() },
    })
}

fn records_until(simulation: &mut Simulation, at: SimTime) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    simulation
        .run_until(at, &mut |record| records.push(record.clone()))
        .map_err(|error| error.to_string())?;
    Ok(records)
}

/// What to say of the first record that is not the same in both, with what led to it.
fn first_difference(
    scenario: &Scenario,
    options: &RunOptions,
    ours: &[Record],
    theirs: &[Record],
) -> Option<String> {
    let differing = ours.iter().zip(theirs).position(|(a, b)| encoded(a) != encoded(b));
    let at = differing.or_else(|| (ours.len() != theirs.len()).then(|| ours.len().min(theirs.len())))?;
    let (a, b) = (ours.get(at), theirs.get(at));
    let number = a.or(b).map_or(0, |record| record.id);
    let mut text = format!("the runs diverge at record {number}:\n");
    for (name, record) in [("first run", a), ("second run", b)] {
        let shown = record.map_or("no record\n".to_owned(), encoded);
        let _ = write!(text, "{name}:  {shown}");
    }
    for (name, record) in [("first", a), ("second", b)] {
        let Some(record) = record else { continue };
        let _ = writeln!(text, "causes of the {name} run's, newest first:");
        for line in causes(scenario, options, &[], record.cause) {
            let _ = writeln!(text, "  {}", sentence(&line));
        }
    }
    Some(text)
}

/// A record as its line of `trace.jsonl`: with everything that it says.
fn encoded(record: &Record) -> String {
    let mut bytes = Vec::new();
    let mut writer = JsonlWriter::new(&mut bytes);
    writer.write(record).and_then(|()| writer.finish()).expect("memory can be written to");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// A record and what led to it, newest first, from another run up to it: keeping the whole history would cost more
/// memory than the run itself.
pub(super) fn causes(
    scenario: &Scenario,
    options: &RunOptions,
    forks: &[(SimTime, Patch)],
    record: RecordId,
) -> Vec<Line> {
    let mut simulation = Simulation::new(scenario, options);
    let mut lines = Vec::new();
    let mut keep = |earlier: &Record| {
        if earlier.id <= record {
            lines.push(line_of(earlier));
        }
    };
    for (at, patch) in forks {
        // A run that stops early still has recorded what comes before.
        let _ = simulation.run_until(*at, &mut keep);
        simulation.world.graft(patch);
    }
    while simulation.world.recorder.last() < record
        && matches!(simulation.run_some(SimTime::MAX, 1, &mut keep), Ok(false))
    {}
    let mut chain: Vec<Line> = Vec::new();
    let mut next = record;
    // Records are numbered from 1, and causes come before what they cause.
    while let Some(line) = next.checked_sub(1).and_then(|at| lines.get(at as usize)) {
        if chain.last().is_some_and(|effect| effect.seq <= line.seq) {
            break;
        }
        next = line.cause;
        chain.push(line.clone());
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: twice}
spec: {duration: 1m}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: c, image: a:1}]}
";

    #[test]
    fn the_first_record_that_differs_is_shown_with_its_causes() {
        let scenario = crate::scenario::from_text("twice.yaml", SCENARIO).unwrap();
        let options = RunOptions::default();
        let mut simulation = Simulation::new(&scenario, &options);
        let ours = records_until(&mut simulation, SimTime::from_secs(60)).unwrap();
        assert!(first_difference(&scenario, &options, &ours, &ours.clone()).is_none());

        let started = ours.iter().position(|record| record.event == "ContainerStarted").unwrap();
        let mut theirs = ours.clone();
        theirs[started].message = "otherwise".into();
        let text = first_difference(&scenario, &options, &ours, &theirs).unwrap();
        let id = ours[started].id;
        assert!(text.starts_with(&format!("the runs diverge at record {id}:\n")), "{text}");
        assert!(text.contains("otherwise") && text.contains("Pod default/web"), "{text}");

        let text = first_difference(&scenario, &options, &ours, &ours[..3]).unwrap();
        assert!(text.contains("record 4") && text.contains("second run:  no record"), "{text}");
    }
}
