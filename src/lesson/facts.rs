//! The runs of a lesson, and the answers that they give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cut::Cut;
use super::library::Lesson;
use super::query::{Asked, Look, Query, Sight, Sort};
use super::render::INDENT;
use super::text::Text;
use crate::base::wrap;
use crate::kernel::SimTime;
use crate::kubectl::Command;
use crate::sim::{RunOptions, Simulation, Verdict};
use crate::source::{SourceFile, parse};
use crate::trace::Record;

/// What the runs of a lesson have shown: of its scenario, and of the variants that its text compares it with.
pub struct Facts {
    /// By name; the scenario itself has none.
    runs: BTreeMap<String, Shown>,
}

/// What one run has shown.
struct Shown {
    sources: Vec<Arc<SourceFile>>,
    records: Vec<Record>,
    outputs: BTreeMap<Look, String>,
    verdict: Verdict,
}

impl Facts {
    /// Runs a lesson's scenario once and its variants once each, and looks whenever the text wants it.
    ///
    /// # Errors
    /// When a file or a command cannot be read, or a run fails.
    pub fn of(lesson: &Lesson, text: &Text) -> Result<Self, String> {
        let main = (String::new(), String::new());
        let mut runs = BTreeMap::new();
        for (name, changes) in std::iter::once(&main).chain(&lesson.main_text().variants) {
            let varied = lesson.changed(changes)?;
            let asked = text.asked().filter(|asked| asked.run == *name).map(|asked| &asked.query);
            runs.insert(name.clone(), Shown::of(&varied, asked)?);
        }
        if let Some(asked) = text.asked().find(|asked| !runs.contains_key(&asked.run)) {
            return Err(format!("there is no variant `{}`", asked.run));
        }
        Ok(Self { runs })
    }

    /// How the expectations of the scenario itself ended.
    pub fn verdict(&self) -> &Verdict {
        &self.runs[""].verdict
    }

    /// The answer to a question, as it stands in a sentence.
    ///
    /// # Errors
    /// When the run has nothing that is asked for: an empty answer is a mistake in the lesson.
    pub fn answer(&self, asked: &Asked) -> Result<String, String> {
        self.runs[&asked.run].answer(&asked.query)
    }
}

impl Shown {
    fn of<'q>(lesson: &Lesson, queries: impl Iterator<Item = &'q Query>) -> Result<Self, String> {
        let scenario = lesson.scenario().map_err(|problems| problems.render(false))?;
        let looks: BTreeSet<&Look> = queries.filter_map(Query::look).collect();
        let mut simulation = Simulation::new(&scenario, &RunOptions::default());
        let mut records = Vec::new();
        let mut outputs = BTreeMap::new();
        for look in looks {
            let mut keep = |record: &Record| records.push(record.clone());
            simulation.run_until(look.at, &mut keep).map_err(|error| error.to_string())?;
            outputs.insert(look.clone(), seen(&mut simulation, &look.sight)?);
        }
        let mut keep = |record: &Record| records.push(record.clone());
        simulation.run_until(SimTime::MAX, &mut keep).map_err(|error| error.to_string())?;
        let verdict = simulation.finish(&mut keep);
        Ok(Self { sources: lesson.sources.clone(), records, outputs, verdict })
    }

    fn answer(&self, query: &Query) -> Result<String, String> {
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
            Query::Kubectl(look) | Query::Traffic(look) => {
                let text = self.outputs.get(look).cloned().unwrap_or_default();
                if text.is_empty() {
                    Err(format!("{:?} at {} shows nothing", look.sight, look.at))
                } else {
                    Ok(text)
                }
            }
            Query::Rows(look) => {
                let rows = self.outputs.get(look).map_or(0, |text| text.lines().count().saturating_sub(1));
                Ok(rows.to_string())
            }
            Query::Cell(look, row, column) => {
                let cut = Cut { columns: vec![column.clone()], words: Vec::new() };
                let table = cut.of(self.outputs.get(look).map_or("", String::as_str));
                let cell = table.lines().nth(*row).unwrap_or_default().trim().to_owned();
                if cell.is_empty() { Err(format!("there is no row {row} with `{column}`")) } else { Ok(cell) }
            }
            Query::Records(picks) => {
                let meant =
                    self.records.iter().filter(|record| picks.iter().any(|pick| pick.matches(record)));
                let lines: Vec<String> = meant
                    .map(|record| {
                        let head = format!("{:>9}  ", shown(record.at));
                        wrap::hanging(&head, &sentence(record), wrap::COLUMNS - INDENT)
                    })
                    .collect();
                if lines.is_empty() {
                    Err("the run has no such records".to_owned())
                } else {
                    Ok(lines.join("\n"))
                }
            }
            Query::Given(document, path) => given(&self.sources, document, path),
        }
    }
}

/// What a look at the cluster shows.
fn seen(simulation: &mut Simulation, sight: &Sight) -> Result<String, String> {
    match sight {
        Sight::Kubectl(line) => {
            let command = Command::parse_line(line).map_err(|error| format!("{line}: {error}"))?;
            let answer = simulation.world.show(command);
            let mut text = answer.out;
            for note in &answer.notes {
                text.push_str(note);
                text.push('\n');
            }
            Ok(text)
        }
        Sight::Requests { service, sort } => {
            let (namespace, service) = service.split_once('/').unwrap_or(("default", service));
            let requests = simulation.world.requests(namespace, service);
            let count = match sort {
                Sort::Sent => requests.sent,
                Sort::Answered => requests.answered,
                Sort::Failed => requests.failed,
            };
            Ok(count.to_string())
        }
    }
}

/// A value as it stands in the files.
fn given(sources: &[Arc<SourceFile>], document: &str, path: &str) -> Result<String, String> {
    let (kind, name) = document.split_once('/').unwrap_or((document, ""));
    for source in sources {
        for document in parse(source).map_err(|problem| problem.render(false))? {
            let is = |path: &str, word: &str| {
                let found = document.root.at_path(path).and_then(|node| node.as_str());
                word.is_empty() || found.is_some_and(|found| found.eq_ignore_ascii_case(word))
            };
            if is("kind", kind) && is("metadata.name", name) {
                let node = document.root.at_path(path).ok_or_else(|| format!("it has no `{path}`"))?;
                return node
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| format!("`{path}` is no single value"));
            }
        }
    }
    Err(format!("no file has {document}"))
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
