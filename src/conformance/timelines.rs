//! Timelines recorded from a real control plane and real kubelets, replayed against ours.
//!
//! A directory holds a JSON file per scenario: the cluster, what was done to it and when, and every change that its
//! watches showed. Each is replayed under the profile of the recorded version (`replay`), both timelines are reduced to
//! milestones (`milestone`), objects are paired (`pairing`), and a milestone agrees when ours has the same value at
//! the same time after what caused it, within the tolerance of its class (`judge`).

mod align;
mod judge;
mod milestone;
mod names;
mod pairing;
mod recording;
mod reduce;
mod replay;
mod setting;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use judge::Judged;
use milestone::Scope;
use recording::{Millis, Recording, Row, to_seconds};

/// Milestones that must agree in all scenarios together, in percent.
const WANTED_PERCENT: u64 = 95;
/// Milestones that must agree in each scenario, in percent.
const WANTED_PERCENT_EACH: u64 = 85;

/// What came of all recordings of a directory.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The scenarios, by name of the file.
    pub scenarios: Vec<ScenarioReport>,
}

/// What came of one recording.
#[derive(Clone, Debug, Default)]
pub struct ScenarioReport {
    /// Name of the file, without its ending.
    pub name: String,
    /// Milestones of the recording.
    pub recorded: usize,
    /// Those of them that we have, at the right time.
    pub agreed: usize,
    /// Those of them that we do not have.
    pub missing: usize,
    /// Milestones that only we have.
    pub extra: usize,
    /// Largest and mean absolute error of the milestones that both have, in thousandths of a second.
    pub worst_ms: i64,
    /// Mean of the same.
    pub mean_ms: i64,
    /// Each disagreement, as a line.
    pub disagreements: Vec<String>,
}

impl ScenarioReport {
    fn percent_at_least(&self, percent: u64) -> bool {
        self.agreed as u64 * 100 >= percent * self.recorded as u64
    }
}

impl Report {
    /// How many milestones agree, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        let agreed = self.scenarios.iter().map(|scenario| scenario.agreed).sum();
        (agreed, self.scenarios.iter().map(|scenario| scenario.recorded).sum())
    }

    /// Whether enough milestones agree, in all scenarios together and in each, and there is a scenario.
    pub fn is_success(&self) -> bool {
        let (agreed, recorded) = self.counts();
        !self.scenarios.is_empty()
            && agreed as u64 * 100 >= WANTED_PERCENT * recorded as u64
            && self.scenarios.iter().all(|scenario| scenario.percent_at_least(WANTED_PERCENT_EACH))
    }
}

/// Replays every recording in `directory`; with `dump`, writes each simulated timeline there in the recordings' format.
///
/// # Errors
/// When the directory or a file cannot be read or written, or a file is not a recording.
pub fn run(directory: &Path, dump: Option<&Path>) -> io::Result<Report> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
    }
    names.sort();
    if let Some(dump) = dump {
        fs::create_dir_all(dump)?;
    }
    let mut report = Report::default();
    for name in names {
        let file = format!("{name}.json");
        let text = fs::read_to_string(directory.join(&file))?;
        let bad = |problem: String| io::Error::new(io::ErrorKind::InvalidData, format!("{file}: {problem}"));
        let recording: Recording = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let replayed = replay::replay(&recording).map_err(bad)?;
        if let Some(dump) = dump {
            fs::write(
                dump.join(&file),
                dumped(&text, &replayed.rows).map_err(|error| bad(error.to_string()))?,
            )?;
        }
        report.scenarios.push(compare(&name, &recording, &replayed));
    }
    Ok(report)
}

/// The file of a recording with our rows instead of the recorded ones.
fn dumped(text: &str, rows: &[Row]) -> serde_json::Result<String> {
    let mut file: Map<String, Value> = serde_json::from_str(text)?;
    let rows = rows.iter().map(|row| {
        let mut fields = Map::new();
        fields.insert("t".into(), to_seconds(row.at));
        fields.extend(row.fields.clone());
        Value::Object(fields)
    });
    file.insert("timeline".into(), rows.collect());
    serde_json::to_string(&file)
}

fn compare(name: &str, recording: &Recording, replayed: &replay::Replay) -> ScenarioReport {
    let namespace = recording.namespace();
    let scope = Scope {
        namespace: &namespace,
        kubelet_events: recording
            .timeline
            .iter()
            .any(|row| row.kind == "Event" && row.text("source") == "kubelet"),
        preemption_only: recording.scenario.starts_with("08"),
    };
    let recorded = milestone::lives(&recording.timeline, scope);
    let ours = milestone::lives(&replayed.rows, scope);
    let pairs = pairing::pair(&recorded, &ours);
    let verdict = judge::judge(&recorded, &ours, &pairs, recording.end);
    let common: Vec<&Judged> = verdict.judged.iter().filter(|judged| judged.ours.is_some()).collect();
    let sum: Millis = common.iter().map(|judged| judged.error).sum();
    let mut report = ScenarioReport {
        name: name.to_owned(),
        recorded: verdict.judged.len(),
        agreed: verdict.judged.iter().filter(|judged| judged.agrees()).count(),
        missing: verdict.judged.len() - common.len(),
        extra: verdict.extra.len(),
        worst_ms: common.iter().map(|judged| judged.error).max().unwrap_or(0),
        mean_ms: sum / (common.len() as i64).max(1),
        disagreements: replayed.notes.iter().map(|note| format!("note: {note}")).collect(),
    };
    let seconds = |at: Millis| at as f64 / 1000.0;
    report.disagreements.extend(verdict.judged.iter().filter(|judged| !judged.agrees()).map(|judged| {
        let Judged { subject, what, value, recorded, ours, error, tolerance } = judged;
        let (recorded, error, tolerance) = (seconds(*recorded), seconds(*error), seconds(*tolerance));
        match ours {
            None => format!("missing: {recorded:9.3} s           {subject} {what} {value}"),
            Some(ours) => {
                let ours = seconds(*ours);
                format!("late:    {recorded:9.3} s, here {ours:9.3} s  {subject} {what} {value} (off by {error:.1} s of {tolerance:.1} s)")
            }
        }
    }));
    report.disagreements.extend(verdict.extra.iter().map(|extra| {
        format!(
            "extra:              here {:9.3} s  {} {} {}",
            seconds(extra.at),
            extra.subject,
            extra.what,
            extra.value
        )
    }));
    report
}

impl fmt::Display for Report {
    /// A row a scenario, the disagreements, and the sums in the last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:width$}  recorded  agreed      %  missing  extra  worst error  mean error",
            "SCENARIO"
        )?;
        for scenario in &self.scenarios {
            let ScenarioReport { name, recorded, agreed, missing, extra, worst_ms, mean_ms, .. } = scenario;
            let percent = percent(*agreed, *recorded);
            writeln!(
                f,
                "{name:width$}  {recorded:>8}  {agreed:>6}  {percent:>5.1}  {missing:>7}  {extra:>5}  {:>9.1} s  {:>8.2} s",
                *worst_ms as f64 / 1000.0,
                *mean_ms as f64 / 1000.0,
            )?;
        }
        for scenario in self.scenarios.iter().filter(|scenario| !scenario.disagreements.is_empty()) {
            writeln!(f, "\n{}:", scenario.name)?;
            for line in &scenario.disagreements {
                writeln!(f, "  {line}")?;
            }
        }
        let (agreed, recorded) = self.counts();
        write!(
            f,
            "\ntimelines: {agreed} of {recorded} milestones agree ({:.1} %), {} scenarios",
            percent(agreed, recorded),
            self.scenarios.len()
        )
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the recordings are, seen from the package.
    const RECORDINGS: &str = "../shared/golden/timelines";

    #[test]
    #[expect(clippy::print_stderr, reason = "a test without its recordings must say so")]
    fn recorded_timelines_are_ours() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDINGS);
        if !directory.is_dir() {
            eprintln!("skipped: no recordings at {RECORDINGS}");
            return;
        }
        let report = run(&directory, None).unwrap();
        assert!(report.is_success(), "\n{report}");
    }
}
