//! A run of a lesson's scenario, and the answers that it gives.

use std::collections::{BTreeMap, BTreeSet};

use super::query::{Look, Query};
use crate::kernel::SimTime;
use crate::kubectl::Command;
use crate::scenario::Scenario;
use crate::sim::{RunOptions, Simulation, Verdict};
use crate::trace::Record;

/// What a run has shown.
pub struct Facts {
    records: Vec<Record>,
    outputs: BTreeMap<Look, String>,
    /// How its expectations ended.
    pub verdict: Verdict,
}

impl Facts {
    /// Runs a scenario once, and looks whenever a query wants it.
    ///
    /// # Errors
    /// When a command cannot be read, or the run fails.
    pub fn of<'q>(scenario: &Scenario, queries: impl Iterator<Item = &'q Query>) -> Result<Self, String> {
        let looks: BTreeSet<&Look> = queries.filter_map(Query::look).collect();
        let mut simulation = Simulation::new(scenario, &RunOptions::default());
        let mut records = Vec::new();
        let mut outputs = BTreeMap::new();
        for look in looks {
            let mut keep = |record: &Record| records.push(record.clone());
            simulation.run_until(look.at, &mut keep).map_err(|error| error.to_string())?;
            let command =
                Command::parse_line(&look.line).map_err(|error| format!("{}: {error}", look.line))?;
            let answer = simulation.world.show(command);
            let mut text = answer.out;
            for note in &answer.notes {
                text.push_str(note);
                text.push('\n');
            }
            outputs.insert(look.clone(), text);
        }
        let mut keep = |record: &Record| records.push(record.clone());
        simulation.run_until(SimTime::MAX, &mut keep).map_err(|error| error.to_string())?;
        let verdict = simulation.finish(&mut keep);
        Ok(Self { records, outputs, verdict })
    }

    /// The answer to a query, as it stands in a sentence.
    ///
    /// # Errors
    /// When the run has nothing that the query asks for: an empty answer is a mistake in the lesson.
    pub fn answer(&self, query: &Query) -> Result<String, String> {
        match query {
            Query::Time(pick) => Ok(shown(pick.of(&self.records)?.at)),
            Query::Message(pick) => Ok(pick.of(&self.records)?.message.to_string()),
            Query::Count(pick) => {
                Ok(self.records.iter().filter(|record| pick.matches(record)).count().to_string())
            }
            Query::After(first, second) => {
                let (first, second) = (first.of(&self.records)?.at, second.of(&self.records)?.at);
                let length = second.checked_since(first).ok_or("the second comes before the first")?;
                Ok(shown(SimTime::ZERO + length))
            }
            Query::Kubectl(look) => {
                let text = self.outputs.get(look).cloned().unwrap_or_default();
                if text.is_empty() {
                    Err(format!("`{}` at {} prints nothing", look.line, look.at))
                } else {
                    Ok(text)
                }
            }
            Query::Rows(look) => {
                let rows = self.outputs.get(look).map_or(0, |text| text.lines().count().saturating_sub(1));
                Ok(rows.to_string())
            }
            Query::Records(picks) => {
                let meant =
                    self.records.iter().filter(|record| picks.iter().any(|pick| pick.matches(record)));
                let lines: Vec<String> =
                    meant.map(|record| format!("{:>9}  {}", shown(record.at), sentence(record))).collect();
                if lines.is_empty() {
                    Err("the run has no such records".to_owned())
                } else {
                    Ok(lines.join("\n"))
                }
            }
        }
    }
}

/// What a record says, or at least what it is about.
fn sentence(record: &Record) -> String {
    let name = &record.subject.name;
    match &*record.message {
        "" => format!("{} {name} {}", record.subject.kind, record.event),
        // Events say themselves what they are about.
        message if message.contains(&**name) || name.is_empty() || record.subject.kind == "Event" => {
            message.to_owned()
        }
        message => format!("{name}: {message}"),
    }
}

/// A time to the millisecond: more says nothing to a reader.
fn shown(at: SimTime) -> String {
    SimTime::from_millis(at.as_millis()).to_string()
}
