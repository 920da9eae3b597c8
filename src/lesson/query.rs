//! What a placeholder asks of a run.
//!
//! ```text
//! {{time EVENT OBJECT [N]}}                    when the N-th record of this event came (first if no N; `last`)
//! {{message EVENT OBJECT [N]}}                 its sentence
//! {{count EVENT OBJECT}}                       how many records there are
//! {{after EVENT OBJECT [N] EVENT OBJECT [N]}}  the time from the first to the second
//! {{get KIND NAME JSONPATH at TIME}}           a field of an object (or of `KIND -l SELECTOR`)
//! {{rows at TIME get pods ...}}                the rows of a table
//! {{cell ROW COLUMN at TIME top pods ...}}     a cell of a table: the row by number, the column by its heading
//! {{traffic SERVICE sent|answered|failed at TIME}}   requests so far
//! {{given KIND/NAME PATH}}                     what the scenario's files say, as they say it
//! {{in NAME ...}}                              any of these, of the run of a variant
//! ```
//!
//! EVENT is the event or the reason of a record, or `EVENT~Some_words` for those whose message has the words; OBJECT is
//! `pod/web-*`, `node/worker-2` or `-` for any.

use crate::api::Kind;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::Record;
use crate::workload::glob;

/// A question, and to which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The variant of the scenario; empty = the scenario itself.
    pub run: String,
    /// The question.
    pub query: Query,
}

impl Asked {
    /// Reads what stands between the braces.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (run, text) = match text.trim().strip_prefix("in ") {
            Some(rest) => rest.trim_start().split_once(' ').ok_or("`in` whom, and what?")?,
            None => ("", text),
        };
        Ok(Self { run: run.to_owned(), query: Query::parse(text)? })
    }
}

/// A question to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// When a record came.
    Time(Pick),
    /// What a record says.
    Message(Pick),
    /// How many records of an event there are.
    Count(Pick),
    /// From one record to another.
    After(Pick, Pick),
    /// What a kubectl command prints.
    Kubectl(Look),
    /// How many rows its table has.
    Rows(Look),
    /// A cell of its table: the row from 1, and the heading of the column.
    Cell(Look, usize, String),
    /// How many requests a Service has had.
    Traffic(Look),
    /// All records of some events.
    Records(Vec<Pick>),
    /// A value in the files: kind and name of a document, and the path in it.
    Given(String, String),
}

/// A look at the cluster at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// When.
    pub at: SimTime,
    /// At what.
    pub sight: Sight,
}

/// What one can look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// What a command prints, as typed after `kubectl`.
    Kubectl(String),
    /// How many requests to a Service there were of some sort.
    Requests {
        /// The Service; without a namespace: default.
        service: String,
        /// Which of them.
        sort: Sort,
    },
}

/// Requests that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// All that began.
    Sent,
    /// Those that were answered.
    Answered,
    /// Those that failed.
    Failed,
}

/// One of the records of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    event: String,
    /// What the message must contain.
    words: String,
    kind: Option<&'static str>,
    name: String,
    /// From 1; `None` = the last.
    number: Option<usize>,
}

impl Pick {
    fn new(event: &str, object: &str) -> Result<Self, String> {
        let (kind, name) = if object == "-" {
            (None, "*")
        } else {
            let (word, name) = object
                .split_once('/')
                .ok_or_else(|| format!("`{object}`: an object is KIND/NAME, or `-` for any"))?;
            let kind = Kind::from_word(word).ok_or_else(|| format!("there is no kind `{word}`"))?;
            (Some(kind.as_str()), name)
        };
        let (event, words) = event.split_once('~').unwrap_or((event, ""));
        Ok(Self {
            event: event.to_owned(),
            words: words.replace('_', " "),
            kind,
            name: name.to_owned(),
            number: Some(1),
        })
    }

    /// Takes `EVENT OBJECT [N]` off the front of words.
    fn take<'w>(words: &'w [&'w str]) -> Result<(Self, &'w [&'w str]), String> {
        let [event, object, rest @ ..] = words else {
            return Err("expected EVENT OBJECT".to_owned());
        };
        let mut pick = Self::new(event, object)?;
        match rest.first() {
            Some(&"last") => pick.number = None,
            Some(word) => match word.parse() {
                Ok(number) if number > 0 => pick.number = Some(number),
                _ => return Ok((pick, rest)),
            },
            None => return Ok((pick, rest)),
        }
        Ok((pick, &rest[1..]))
    }

    /// Whether a record is one of the event.
    pub(super) fn matches(&self, record: &Record) -> bool {
        (record.event == self.event || *record.reason == *self.event)
            && record.message.contains(&self.words)
            && self.kind.is_none_or(|kind| record.subject.kind == kind)
            && glob(&self.name, &record.subject.name)
    }

    /// The record that is meant.
    pub(super) fn of<'r>(&self, records: &'r [Record]) -> Result<&'r Record, String> {
        let mut found = records.iter().filter(|record| self.matches(record));
        let record = match self.number {
            Some(number) => found.nth(number - 1),
            None => found.next_back(),
        };
        record.ok_or_else(|| format!("the run has no such record: {} of {}", self.event, self.name))
    }
}

fn time(text: &str) -> Result<SimTime, String> {
    let length: SimDuration = text.parse().map_err(|error| format!("`{text}` is no time: {error}"))?;
    Ok(SimTime::ZERO + length)
}

impl Query {
    /// Reads what stands between the braces.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (query, rest) = match words.split_first() {
            Some((&"time", words)) => Pick::take(words).map(|(pick, rest)| (Self::Time(pick), rest))?,
            Some((&"message", words)) => Pick::take(words).map(|(pick, rest)| (Self::Message(pick), rest))?,
            Some((&"count", words)) => Pick::take(words).map(|(pick, rest)| (Self::Count(pick), rest))?,
            Some((&"after", words)) => {
                let (first, words) = Pick::take(words)?;
                let (second, rest) = Pick::take(words)?;
                (Self::After(first, second), rest)
            }
            Some((&"get", &[ref what @ .., path, "at", at])) => {
                let line = format!("get {} -o jsonpath='{path}'", what.join(" "));
                (Self::kubectl(&line, at)?, &[][..])
            }
            Some((&"rows", &["at", at, ref line @ ..])) => {
                let sight = Sight::Kubectl(line.join(" "));
                (Self::Rows(Look { at: time(at)?, sight }), &[][..])
            }
            Some((&"cell", &[row, column, "at", at, ref line @ ..])) => {
                let sight = Sight::Kubectl(line.join(" "));
                let row = row.parse().map_err(|_| format!("`{row}` is no number of a row"))?;
                (Self::Cell(Look { at: time(at)?, sight }, row, column.replace('_', " ")), &[][..])
            }
            Some((&"traffic", &[service, sort, "at", at])) => {
                let sort = match sort {
                    "sent" => Sort::Sent,
                    "answered" => Sort::Answered,
                    "failed" => Sort::Failed,
                    _ => return Err(format!("`{sort}`: requests are sent, answered or failed")),
                };
                let sight = Sight::Requests { service: service.to_owned(), sort };
                (Self::Traffic(Look { at: time(at)?, sight }), &[][..])
            }
            Some((&"given", &[document, path])) => {
                (Self::Given(document.to_owned(), path.to_owned()), &[][..])
            }
            _ => return Err(format!("`{}` asks nothing that is known", text.trim())),
        };
        if rest.is_empty() { Ok(query) } else { Err(format!("`{}` says too much", rest.join(" "))) }
    }

    /// A kubectl command whose output is shown.
    pub(super) fn kubectl(line: &str, at: &str) -> Result<Self, String> {
        Ok(Self::Kubectl(Look { at: time(at)?, sight: Sight::Kubectl(line.to_owned()) }))
    }

    /// `OBJECT EVENT EVENT ...`
    pub(super) fn records(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some((object, events)) = words.split_first().filter(|(_, events)| !events.is_empty()) else {
            return Err("expected OBJECT EVENT ...".to_owned());
        };
        let picks = events.iter().map(|event| Pick::new(event, object)).collect::<Result<_, _>>()?;
        Ok(Self::Records(picks))
    }

    /// The command to be run at a time, if it is one.
    pub(super) fn look(&self) -> Option<&Look> {
        match self {
            Self::Kubectl(look) | Self::Rows(look) | Self::Cell(look, ..) | Self::Traffic(look) => Some(look),
            _ => None,
        }
    }
}
