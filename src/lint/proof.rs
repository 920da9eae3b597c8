//! Proof by simulation: a small scenario made from the very settings that a rule is about, run without latencies, and
//! the records that show it.

use crate::kernel::{SimDuration, SimTime};
use crate::scenario::from_text;
use crate::sim::{Requests, RunOptions, Simulation};
use crate::trace::Record;

/// A run that shows what a rule claims.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What the run shows, in a sentence.
    pub claim: String,
    /// The records that show it, as `time  what`.
    pub lines: Vec<String>,
    /// The scenario, ready to be run again.
    pub scenario: String,
}

/// More records than this are not read.
const MOST_LINES: usize = 4;

/// A run of a scenario made for a proof.
pub(super) struct Experiment {
    text: String,
    records: Vec<Record>,
    requests: Requests,
}

impl Experiment {
    /// Runs a scenario; `None` if it cannot be read, which means that the settings are wrong in another way.
    pub(super) fn run(text: String) -> Option<Self> {
        Self::with(text, true)
    }

    /// As `run`, with the latencies of machinery that a real cluster has.
    pub(super) fn run_with_latencies(text: String) -> Option<Self> {
        Self::with(text, false)
    }

    fn with(text: String, ideal: bool) -> Option<Self> {
        let scenario = from_text("proof.yaml", &text).ok()?;
        let mut simulation = Simulation::new(&scenario, &RunOptions { ideal, ..RunOptions::default() });
        let mut records = Vec::new();
        let mut keep = |record: &Record| records.push(record.clone());
        simulation.run_until(SimTime::MAX, &mut keep).ok()?;
        simulation.finish(&mut keep);
        let requests = simulation.world.requests("default", "web");
        Some(Self { text, records, requests })
    }

    /// How the requests to a Service `web` have fared.
    pub(super) fn requests(&self) -> Requests {
        self.requests
    }

    /// The time from the first record of an event to the first later one whose message has a text.
    pub(super) fn time_between(&self, event: &str, text: &str) -> Option<SimDuration> {
        let begin = self.records.iter().position(|record| record.event == event)?;
        let end = self.records[begin..].iter().find(|record| record.message.contains(text))?;
        end.at.checked_since(self.records[begin].at)
    }

    /// How many records are of this event and, if one is given, contain this text.
    pub(super) fn count(&self, event: &str, text: &str) -> usize {
        self.matching(&[(event, text)]).count()
    }

    /// The proof with the records that match; the middle ones are left out when there are many.
    pub(super) fn proof(self, claim: String, wanted: &[(&str, &str)]) -> Proof {
        let mut lines: Vec<String> = self.matching(wanted).map(|record| line(record, wanted)).collect();
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES;
            lines.truncate(MOST_LINES);
            lines.push(format!("... and {more} more"));
        }
        Proof { claim, lines, scenario: self.text }
    }

    fn matching<'r>(&'r self, wanted: &'r [(&'r str, &'r str)]) -> impl Iterator<Item = &'r Record> {
        let meant = |record: &&Record| {
            wanted.iter().any(|(event, text)| {
                (record.event == *event || &*record.reason == *event) && record.message.contains(text)
            })
        };
        self.records.iter().filter(meant)
    }
}

/// When, and the line of the message that was looked for.
fn line(record: &Record, wanted: &[(&str, &str)]) -> String {
    let mut lines = record.message.lines();
    let meant = lines.find(|line| wanted.iter().any(|(_, text)| line.contains(text)));
    let at = SimTime::from_millis(record.at.as_millis()).to_string();
    format!("{at:>9}  {}", meant.unwrap_or_default())
}

/// The head of the AppModel of the program `app`, to be followed by what it does.
pub(super) const PROGRAM: &str = "apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: app}
spec:
  match: {image: \"app:*\"}";

/// The head of a scenario with one kind of node.
pub(super) fn head(name: &str, duration_s: u64, nodes: u32) -> String {
    format!(
        "apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {{name: {name}}}
spec:
  duration: {duration_s}s
  cluster:
    nodePools:
    - {{name: worker, count: {nodes}, allocatable: {{cpu: \"64\", memory: 256Gi, pods: 110}}}}
"
    )
}
