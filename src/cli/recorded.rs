//! A finished run, read from its `trace.jsonl` alone: the objects as they were at a time.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::api::{Kind, Object, Timestamp};
use crate::kernel::SimTime;
use crate::kubectl::ObjectSource;
use crate::trace::replay::{Line, Replay};

/// The objects of a recorded run at one time.
pub(super) struct Recorded {
    replay: Replay,
    now: Timestamp,
}

impl Recorded {
    /// The objects of a replay at a time.
    pub(super) fn of(replay: Replay, at: SimTime) -> Self {
        let now = replay.epoch().unwrap_or_default().plus_seconds(at.as_secs() as i64);
        Self { replay, now }
    }

    /// Reads the file up to and including `at`; to its end without it.
    pub(super) fn read(file: &Path, at: Option<SimTime>) -> Result<Self, String> {
        let mut replay = Replay::default();
        let mut last = SimTime::ZERO;
        for line in lines(file)? {
            let line = line?;
            if at.is_some_and(|at| line.time() > at) {
                break;
            }
            last = line.time();
            replay.apply(&line);
        }
        Ok(Self::of(replay, at.unwrap_or(last)))
    }
}

/// The lines of a `trace.jsonl`.
pub(super) fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line, String>>, String> {
    let name = file.display().to_string();
    let open = File::open(file).map_err(|error| format!("{name}: {error}"))?;
    let lines = BufReader::new(open).lines().enumerate();
    Ok(lines.map(move |(at, text)| {
        let text = text.map_err(|error| format!("{name}:{}: {error}", at + 1))?;
        Line::parse(&text).map_err(|error| format!("{name}:{}: {error}", at + 1))
    }))
}

impl ObjectSource for Recorded {
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
        let namespace = namespace.filter(|_| kind.names().namespaced);
        let of_kind: Box<dyn Iterator<Item = Object>> = match kind {
            // Kinds that are kept but not simulated go by many names.
            Kind::Unsimulated => Box::new(self.replay.objects().filter(|object| object.kind() == kind)),
            _ => Box::new(self.replay.of_kind(kind)),
        };
        of_kind
            .filter(|object| namespace.is_none_or(|namespace| object.metadata().namespace == namespace))
            .collect()
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Object> {
        let namespace = if kind.names().namespaced { namespace } else { "" };
        self.list(kind, Some(namespace)).into_iter().find(|object| object.metadata().name == name)
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}
