//! What a placeholder asks of a run.
//!
//! ```text
//! {{time EVENT OBJECT [N]}}                    when the N-th record of this event came (first if no N; `last`)
//! {{message EVENT OBJECT [N]}}                 its sentence
//! {{count EVENT OBJECT}}                       how many records there are
//! {{after EVENT OBJECT [N] EVENT OBJECT [N]}}  the time from the first to the second
//! {{get KIND NAME JSONPATH at TIME}}           a field of an object
//! {{rows at TIME get pods ...}}                the rows of a table
//! ```
//!
//! EVENT is the event or the reason of a record, or `EVENT~Some_words` for those whose message has the words; OBJECT is `pod/web-*`, `node/worker-2` or `-` for any.

use crate::api::Kind;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::Record;
use crate::workload::glob;

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
    /// All records of some events.
    Records(Vec<Pick>),
}

/// A kubectl command at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// When.
    pub at: SimTime,
    /// The command as typed after `kubectl`.
    pub line: String,
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
            Some((&"get", &[kind, name, path, "at", at])) => {
                let line = format!("get {kind} {name} -o jsonpath='{path}'");
                (Self::Kubectl(Look { at: time(at)?, line }), &[][..])
            }
            Some((&"rows", &["at", at, ref line @ ..])) => {
                (Self::Rows(Look { at: time(at)?, line: line.join(" ") }), &[][..])
            }
            _ => return Err(format!("`{}` asks nothing that is known", text.trim())),
        };
        if rest.is_empty() { Ok(query) } else { Err(format!("`{}` says too much", rest.join(" "))) }
    }

    /// A kubectl command whose output is shown.
    pub(super) fn kubectl(line: &str, at: &str) -> Result<Self, String> {
        Ok(Self::Kubectl(Look { at: time(at)?, line: line.to_owned() }))
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
            Self::Kubectl(look) | Self::Rows(look) => Some(look),
            _ => None,
        }
    }
}
